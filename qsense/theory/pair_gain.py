"""G of pair codes, exact up to fifty pairs: the symmetric engine on pairs of spins that are both up or both down.

Noise that is the same for all spins takes a pair from |00> or |11> to these two, as a map of one logical spin that
loses weight, or to |01> and |10>, where K is 0 and no coherence is: the pair is flagged. With f of M pairs flagged, the
others are M − f logical spins whose coherences F_q(v) are those of all pairs with f of them traced out, each with the
weight to be flagged; C(M, f) sets of pairs are alike. What is left is a filter √n_0, √n_1 of the unflagged (n the
probability to be so, n ≥ ½) before a channel of logical spins that keeps all weight. K is twice the logical J:
G is four times.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import comb

import numpy as np

from qsense.errors import ArgumentError
from qsense.numerics.arrays import CPU, Arrays, choose
from qsense.numerics.fisher import FloatArray
from qsense.theory.batched import gain_of_coherences, least_bytes
from qsense.theory.halves import is_flipped
from qsense.theory.mixing import Array, roots_of_binomials
from qsense.theory.pull_back import gains_and_observables, pulled_back
from qsense.theory.symmetric import (
    UniformChannel,
    blocks_of,
    coherences,
    gain_of_blocks,
    hermitian,
    relaxes,
    treats_alike,
)

MOST_PAIRS = 50
_SECONDS, _SECONDS_RELAXED = (0.005, 3.2), (0.12, 4.2)  # of a processor for one time of fifty pairs, and how they grow


@dataclass(frozen=True)
class PairChannel:
    """What the noise of a spin is for a pair.

    Attributes:
        logical: the channel of an unflagged pair, after the filter.
        kept: n_0 and n_1, the probabilities that |00> and |11> are not flagged, each (times,).
        flagged: 1 − n_0 and 1 − n_1, each (times,).
    """

    logical: UniformChannel
    kept: tuple[FloatArray, FloatArray]
    flagged: tuple[FloatArray, FloatArray]

    @classmethod
    def of(cls, channel: UniformChannel) -> PairChannel:
        """Returns the channel of a pair, from that of a spin."""
        up, down = channel.stay_up, channel.stay_down
        down_kept, up_kept = down**2 + (1 - down) ** 2, up**2 + (1 - up) ** 2
        logical = UniformChannel(
            channel.coherence**2 / np.sqrt(down_kept * up_kept),
            up**2 / up_kept,
            down**2 / down_kept,
            4 * channel.collective,
        )
        return cls(logical, (down_kept, up_kept), (2 * down * (1 - down), 2 * up * (1 - up)))

    def filtered(self, f: Array) -> Array:
        """Returns F_q(v) of M pairs times what the filter leaves of it; it is its own transpose."""
        size = f.shape[1] - 1
        ups = (
            np.add.outer(np.arange(size + 1), 2 * np.arange(size + 1)) / 2
        )  # over (q, v), of row and column on average
        down, up = (one[:, None, None] for one in self.kept)
        return np.asarray(f * up**ups * down ** np.maximum(size - ups, 0))


def pair_gain(amplitudes: Array, channel: UniformChannel, engine: str | None = None) -> FloatArray:
    """Returns G of a pair code after each of several channels of its spins, shape (times,).

    Args:
        amplitudes: over the symmetric states of M ≤ 50 pairs, from none excited to all, shape (M+1,); normalised.
        channel: noise that is the same for every spin.
        engine: "auto", "cpu" or "gpu", as in `gain`.

    Raises:
        ArgumentError: there are more pairs.
        EngineError: a GPU is asked for, and there is none or too little memory on it.

    >>> from qsense.noise import LocalNoise
    >>> ends = UniformChannel.of(LocalNoise(emission=1.0).channel(np.array([0.0, 1.0]), 1))
    >>> pair_gain(np.sqrt([0.25, 0.5, 0.25]), ends).round(6)  # two pairs, each |00> + |11>
    array([8.      , 1.410742])
    """
    if len(amplitudes) - 1 > MOST_PAIRS:
        raise ArgumentError(
            f"The symmetric engine of pairs holds at most {2 * MOST_PAIRS} spins, as it takes seconds for each time "
            f"there, but the probe has {2 * (len(amplitudes) - 1)}."
        )
    amplitudes, size = amplitudes if np.any(np.imag(amplitudes)) else np.real(amplitudes), len(amplitudes) - 1
    constant, power = _SECONDS_RELAXED if relaxes(channel) else _SECONDS
    seconds = constant * len(channel) * (size / MOST_PAIRS) ** power
    arrays = choose(engine, seconds, least_bytes(size, True))
    return np.concatenate([_gain(amplitudes, part, arrays) for part in channel.parts(size)])


def _flagging(amplitudes: Array, pair: PairChannel) -> Iterator[Array]:
    """Yields F_q(v) of the pairs that are not flagged, for f = 0, 1, … flagged ones, without C(M, f)."""
    size, times = len(amplitudes) - 1, len(pair.logical)
    f: Array = np.broadcast_to(coherences(amplitudes), (times, size + 1, size + 1))
    for _ in range(size):
        yield f
        first, second = (one[:, None, None] for one in pair.flagged)
        f = first * f[:, :-1, :-1] + second * f[:, :-1, 1:]


def _gain(amplitudes: Array, channel: UniformChannel, arrays: Arrays) -> FloatArray:
    pair, size, total = PairChannel.of(channel), len(amplitudes) - 1, np.zeros(len(channel))
    flipped = treats_alike(channel) and is_flipped(amplitudes)
    for flags, f in enumerate(_flagging(amplitudes, pair)):
        if not np.any(f):
            break
        f = comb(size, flags) * pair.filtered(f)
        if arrays is CPU:
            total += 4 * gain_of_blocks(blocks_of(f, pair.logical), len(channel), flipped)
        else:
            total += 4 * gain_of_coherences(f, pair.logical, arrays, flipped)
    return total


def pair_gain_and_matrix(amplitudes: Array, channel: UniformChannel) -> tuple[FloatArray, Array]:
    """Returns G at every time, and M with <ψ|M|ψ> = G on the symmetric states of pairs, as in `pull_back`."""
    pair, size, times = PairChannel.of(channel), len(amplitudes) - 1, len(channel)
    flipped = treats_alike(channel) and is_flipped(amplitudes)
    total, kept = np.zeros(times), []
    for flags, f in enumerate(_flagging(amplitudes, pair)):
        found = blocks_of(comb(size, flags) * pair.filtered(f), pair.logical)
        gains, observables = gains_and_observables(found, times, flipped)
        total += 4 * gains
        kept.append(4 * comb(size, flags) * pair.filtered(pulled_back(observables, pair.logical)))
    back = kept.pop()
    while kept:
        more, back = back, kept.pop()
        for p, one in enumerate(pair.flagged):
            back[:, :-1, p : back.shape[2] - 1 + p] += one[:, None, None] * more
    roots = roots_of_binomials(size)
    return total, np.asarray(hermitian(back.conj()) / np.outer(roots, roots))
