"""Large symmetric probes when populations stay: G at one time after the other, in O(N²) memory.

Without flips a block of total spin j = N/2 − l is ρ_rc = b_r b_c t_rc, in the numbers r, c = 0 … M = 2j of spins up:

    t_rc = the coefficient of x^r y^c in ((1 + η(x + y) + xy)/2)^M,
    b_r = |a_{r+l}| √(2^M d_j (1 − η²)^l / (C(N, r+l) C(M, r))).

The phases of the amplitudes turn the rows alone, and change no G. t follows from that of M − 1 by a sum of positive
terms, as in Pascal's triangle, and is the same when read backwards: half of its rows are kept. Nothing cancels. At any
time most of a block's eigenvalues are below rounding, and most blocks have no weight (`numerics.low_rank`).
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

from qsense.numerics.fisher import FloatArray
from qsense.numerics.low_rank import qfi_of_one
from qsense.theory.mixing import triangle
from qsense.theory.symmetric import NO_WEIGHT, UniformChannel, of_orders, spin_projections


def dephased_gain(amplitudes: FloatArray, channel: UniformChannel) -> FloatArray:
    """Returns G after each of several channels that leave populations alone, shape (times,).

    Args:
        amplitudes: their sizes over Dicke states, shape (N+1,); normalised.
        channel: noise that is the same for every spin.

    >>> from qsense.noise import LocalNoise
    >>> noise, ghz = LocalNoise(dephasing=0.25), np.sqrt(np.array([0.5, 0, 0, 0.5]))
    >>> dephased_gain(ghz, UniformChannel.of(noise.channel(np.array([1.0]), 1))).round(6)
    array([0.448084])
    """
    size = len(amplitudes) - 1
    orders = of_orders(channel, size) if np.any(channel.collective) else [None] * len(channel)
    each = zip(channel.coherence.tolist(), orders, strict=True)
    return np.array([_gain(amplitudes, eta, shared) for eta, shared in each])


def _gain(amplitudes: FloatArray, eta: float, orders: FloatArray | None) -> float:
    size, total, lost = len(amplitudes) - 1, 0.0, np.sqrt((1 - abs(eta)) * (1 + abs(eta)))
    for spins, half in tables(abs(eta), size):  # a sign of η is one of rows and columns
        below = (size - spins) // 2
        if (size - spins) % 2 or not spins:
            continue
        scale = amplitudes[below : size - below + 1] * weights(size)[below]
        scale = scale * lost**below
        diagonal = half[:, : len(half)].diagonal()
        diagonal = np.append(diagonal, diagonal[: spins + 1 - len(half)][::-1])
        if scale**2 @ diagonal <= NO_WEIGHT:
            continue
        block = np.empty((spins + 1, spins + 1))
        block[: len(half)] = half
        block[len(half) :] = half[: spins + 1 - len(half)][::-1, ::-1]
        block *= scale[:, None]
        block *= scale
        if orders is not None:
            ups = np.arange(spins + 1)
            block *= orders[np.abs(ups[:, None] - ups)]
        total += qfi_of_one(block, spin_projections(spins + 1))
    return total


def tables(eta: float, largest: int) -> Iterator[tuple[int, FloatArray]]:
    """Yields M = 0, 1, …, largest and rows 0 … ⌊M/2⌋ of t_rc; what was yielded changes with the next.

    >>> [half.tolist() for _, half in tables(0.5, 2)]
    [[[1.0]], [[0.5, 0.25]], [[0.25, 0.25, 0.0625], [0.25, 0.625, 0.25]]]
    """
    rows = largest // 2 + 1
    kept, new, cross = (np.zeros((rows, largest + 1)) for _ in range(3))
    kept[0, 0] = 1.0
    yield 0, kept[:1, :1]
    for spins in range(1, largest + 1):
        half = spins // 2 + 1
        if spins % 2 == 0:  # the middle row is one of the lower half of the table before
            kept[half - 1, :spins] = kept[half - 2, :spins][::-1]
        old, now, off = kept[:half, :spins], new[:half, : spins + 1], cross[:half, : spins + 1]
        off[:, 0] = 0.0
        off[:, 1:] = old
        off[1:, :spins] += old[:-1]
        off *= eta
        now[:, :spins] = old
        now[:, spins] = 0.0
        now[1:, 1:] += old[:-1]
        now += off
        now *= 0.5
        kept, new = new, kept
        yield spins, kept[:half, : spins + 1]


@lru_cache(maxsize=8)
def weights(size: int) -> tuple[FloatArray, ...]:
    """Returns √(2^M d_j / (C(N, r+l) C(M, r))) over r = 0 … M, for every l = 0, 1, …; from whole numbers.

    >>> [one.round(6).tolist() for one in weights(2)]
    [[2.0, 1.0, 2.0], [0.707107]]
    """
    rows = list(triangle(size))
    every, found = rows[size], []
    for below in range(size // 2 + 1):
        spins = size - 2 * below
        ways = (every[below] - (every[below - 1] if below else 0)) << spins
        of_block = zip(every[below : size - below + 1], rows[spins], strict=True)
        found.append(np.sqrt([ways / (one * other) for one, other in of_block]))
    return tuple(found)
