"""The symmetric engine: probes over Dicke states under noise that treats all spins alike, exact at all times together.

A permutation-symmetric ρ is block-diagonal in the total spin j = N/2 − l, and its block can be read off one copy of
spin j: l pairs of spins in singlets and the other N − 2l in Dicke states. The probe's coherence of order q = u − v is

    Σ_v f_q(v) × (all |r><c| with v+q spins up in r and v in c),   f_q(v) = a_{v+q} a_v* / √(C(N,v+q) C(N,v)).

Noise acts on each factor of |r><c| by itself, so (derived in tests/theory/test_symmetric.py, by an independent engine)

- a pair is found in a singlet with weights P = (s10 s00, s11 s00 + s10 s01 − η², s11 s01) on 0, 1, 2 spins up before:
  f_q(v) becomes Σ_p P_p f_q(v+p) for every pair, s[after, before] being the spin's probabilities, η its coherence;
- among the other spins i + (q+i) factors are off-diagonal and damped by η each, and the remaining diagonal ones mix
  by a symmetric power of the stochastic matrix s, built up by a recursion.

Every weight is positive, so that nothing cancels and small blocks keep their relative accuracy. Collective dephasing
multiplies a coherence order by its factor. Nothing is integrated step by step: the result is exact at every time.
O(N³) numbers are held for each time, up to a hundred spins; `large` goes beyond, one time after the other.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from qsense.errors import ArgumentError
from qsense.noise import SpinChannel
from qsense.numerics.fisher import FloatArray, qfi_of_rotation
from qsense.numerics.memory import keep_freed_memory
from qsense.numerics.threads import in_threads
from qsense.theory.halves import gain_of_halves, is_flipped
from qsense.theory.loss import loses_alone, loss_factor
from qsense.theory.mixing import Array, Mixing, copies, damping, dicke_tables, roots_of_binomials

NUM_QUBITS = 100  # at all times together
_CHUNK_BYTES = 2**26
# A block of weight p_j adds at most p_j N² to G: below this it is rounding.
NO_WEIGHT = 1e-17
_LARGEST_EXPONENT = 600.0
_ALIKE = 4e-15  # by which the amplitudes of a state and of its flip differ through rounding
_PARTS, _SHARED = 2, 40  # of the times, from so many spins on; the same for any number of processors


@dataclass(frozen=True)
class UniformChannel:
    """The noise at each of several times, the same for every spin.

    Attributes:
        coherence: η, shape (times,).
        stay_up, stay_down: s11 and s00, shape (times,).
        collective: coherence of order q is also multiplied by exp(−q² collective), shape (times,); half the variance
            of the phase that all spins share, at any law of time.
    """

    coherence: FloatArray
    stay_up: FloatArray
    stay_down: FloatArray
    collective: FloatArray

    @classmethod
    def of(cls, spin: SpinChannel, collective: FloatArray | float = 0.0) -> UniformChannel:
        """Returns the channel of one spin, each factor of shape (times, 1)."""
        coherence, stay_up, stay_down = (factor[:, 0] for factor in spin)
        return cls(coherence, stay_up, stay_down, np.broadcast_to(np.float64(collective), coherence.shape))

    def __len__(self) -> int:
        return len(self.coherence)

    def parts(self, num_qubits: int) -> Iterator[UniformChannel]:
        """Yields the channel at a few times after the other: their blocks fit into memory, and threads share them.

        Raises:
            ArgumentError: N > 100.
        """
        if num_qubits > NUM_QUBITS:
            raise ArgumentError(
                f"The symmetric engine holds at most {NUM_QUBITS} spins, but the probe has {num_qubits}; "
                "GHZ and product probes under local noise have closed forms for any number."
            )
        most = -(-len(self) // _PARTS) if num_qubits >= _SHARED else len(self)
        step = max(1, min(_CHUNK_BYTES // (8 * (num_qubits + 1) ** 3), most))
        for start in range(0, len(self), step):
            chosen = slice(start, start + step)
            yield self.at(chosen)

    def at(self, chosen: slice) -> UniformChannel:
        """Returns the channel at some of the times."""
        return UniformChannel(
            self.coherence[chosen], self.stay_up[chosen], self.stay_down[chosen], self.collective[chosen]
        )


def coherences(amplitudes: Array) -> Array:
    """Returns f_q(v) of the module's docstring, shape (N+1, N+1) over (q, v); 0 where v + q > N."""
    size = len(amplitudes) - 1
    q, v = dicke_tables(size).inside
    scaled = amplitudes / roots_of_binomials(size)
    result = np.zeros((size + 1, size + 1), dtype=amplitudes.dtype)
    result[q, v] = scaled[v + q] * scaled[v].conj()
    return result


def blocks(amplitudes: Array, channel: UniformChannel, mixing: Mixing | None = None) -> Iterator[Array]:
    """Yields the blocks of the state, j = N/2 first, each of shape (times, 2j+1, 2j+1) and of trace p_j.

    It is the sum over the copies of spin j; rows and columns go from fewest spins up to most.

    Args:
        amplitudes: over Dicke states, shape (N+1,).
        channel: the noise at each time.
        mixing: of this channel, if it is kept.
    """
    size = len(amplitudes) - 1
    if loses_alone(channel):
        yield from lossy_blocks(amplitudes, channel)
        return
    yield from blocks_of(np.broadcast_to(coherences(amplitudes), (len(channel), size + 1, size + 1)), channel, mixing)


def lossy_blocks(amplitudes: Array, channel: UniformChannel) -> Iterator[Array]:
    """Yields the same under emission alone (`loss`)."""
    size = len(amplitudes) - 1
    for below in range(size // 2 + 1):
        after = np.arange(size - 2 * below + 1)
        before = np.minimum(np.add.outer(after, after) + 2 * below, size)
        columns = amplitudes[before] * loss_factor(channel, size, below)
        yield columns @ np.swapaxes(columns.conj(), -1, -2)


def blocks_of(f: Array, channel: UniformChannel, mixing: Mixing | None = None) -> Iterator[Array]:
    """Yields the same of the coherences f_q(v) at each time, shape (times, N+1, N+1) over (q, v)."""
    if mixing is None and relaxes(channel):
        mixing = Mixing.of(channel, f.shape[1] - 1)
    size = f.shape[1] - 1
    singlet = singlets(channel)
    for below in range(size // 2 + 1):
        if below:
            f = np.asarray(sum(singlet[p][:, None, None] * f[:, :-2, p : f.shape[2] - 2 + p] for p in range(3)))
        block = f.shape[1] - 1
        out = dephased(f, channel) if mixing is None else mixing.forward(f)
        yield hermitian(out * (copies(size, below) * of_orders(channel, block))[:, :, None])


def of_orders(channel: UniformChannel, block: int) -> FloatArray:
    """Returns what shared noise leaves of coherence of the orders 0 … 2j, shape (times, 2j+1).

    It is above 1 where spins are anticorrelated: each spin's own factor η makes up for it.
    """
    exponent = -np.outer(channel.collective, np.arange(block + 1.0) ** 2)
    return np.asarray(np.exp(np.minimum(exponent, _LARGEST_EXPONENT)))


def hermitian(lower: Array) -> Array:
    """Returns the Hermitian matrices whose element (v + q, v) is `lower` at (q, v), shape (times, N+1, N+1)."""
    q, v = dicke_tables(lower.shape[1] - 1).inside
    matrix = np.zeros_like(lower)
    matrix[:, v, v + q] = lower[:, q, v].conj()
    matrix[:, v + q, v] = lower[:, q, v]
    return matrix


def relaxes(channel: UniformChannel) -> bool:
    """Whether populations change."""
    return bool(np.any(channel.stay_up != 1) or np.any(channel.stay_down != 1))


def treats_alike(channel: UniformChannel) -> bool:
    """Whether the noise does the same to spins up and down."""
    return np.array_equal(channel.stay_up, channel.stay_down)


def stays_flipped(amplitudes: Array, channel: UniformChannel) -> bool:
    """Whether a flip of all spins changes nothing, before and after the noise."""
    return treats_alike(channel) and is_flipped(amplitudes)


def singlets(channel: UniformChannel) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Returns P, the weights of 0, 1 and 2 spins up in a pair that is found in a singlet, each (times,)."""
    up, down, eta = channel.stay_up, channel.stay_down, channel.coherence
    with np.errstate(divide="ignore"):  # η underflows at late times
        middle = (
            (up * down - eta**2) + (1 - up) * (1 - down) if relaxes(channel) else -np.expm1(2 * np.log(np.abs(eta)))
        )
    return (1 - down) * down, middle, up * (1 - up)


def dephased(f: Array, channel: UniformChannel) -> Array:
    """Returns the Dicke part when populations stay: each (q, v) is multiplied by a polynomial in η."""
    size = f.shape[1] - 1
    eta, (q, v) = channel.coherence[:, None], dicke_tables(size).inside
    out = np.zeros_like(f)
    powers = eta ** np.arange(size + 1)
    out[:, q, v] = f[:, q, v] * (powers[:, q] * (powers[:, ::2] @ damping(size)))
    return out


def spin_projections(dimension: int) -> FloatArray:
    """Returns m = −j … j of a block, shape (2j+1,)."""
    return np.asarray(np.arange(dimension) - (dimension - 1) / 2, dtype=np.float64)


def symmetric_gain(amplitudes: Array, channel: UniformChannel) -> FloatArray:
    """Returns G of a symmetric probe after each of several channels, shape (times,).

    Args:
        amplitudes: over Dicke states, from no spin up to all, shape (N+1,); normalised.
        channel: noise that is the same for every spin.

    Raises:
        ArgumentError: N > 100.

    Source: derived in the module's docstring; blocks of total spin as in Chase & Geremia, Phys. Rev. A 78, 052101.

    >>> from qsense.noise import LocalNoise
    >>> ghz = np.sqrt(np.array([0.5, 0, 0, 0.5]))
    >>> symmetric_gain(ghz, UniformChannel.of(LocalNoise(dephasing=0.25).channel(np.array([0.0, 1.0]), 1))).round(6)
    array([9.      , 0.448084])
    """
    amplitudes = simplest(amplitudes, channel)
    keep_freed_memory()
    parts = list(channel.parts(len(amplitudes) - 1))
    return np.concatenate(in_threads(lambda part: _gain(amplitudes, part), parts))


def simplest(amplitudes: Array, channel: UniformChannel) -> Array:
    """Returns amplitudes of the same G, real ones where there are such."""
    if not relaxes(channel):
        return without_phases(amplitudes)
    return amplitudes if np.any(np.imag(amplitudes)) else np.real(amplitudes)


def without_phases(amplitudes: Array) -> FloatArray:
    """Returns the sizes of amplitudes: where populations stay, phases turn rows and columns of blocks and change no G.

    Those of a state that a flip of all spins leaves alone, up to rounding, are made alike when read backwards.

    >>> without_phases(np.array([0.6, 0.5j, -0.6 * (1 + 4e-16)])).round(3).tolist()
    [0.6, 0.5, 0.6]
    """
    sizes = np.abs(amplitudes)
    if np.all(np.abs(sizes - sizes[::-1]) <= _ALIKE):
        sizes = (sizes + sizes[::-1]) / 2
    return np.asarray(sizes, dtype=np.float64)


def _gain(amplitudes: Array, channel: UniformChannel) -> FloatArray:
    return gain_of_blocks(blocks(amplitudes, channel), len(channel), stays_flipped(amplitudes, channel))


def gain_of_blocks(found: Iterator[Array], times: int, flipped: bool) -> FloatArray:
    """Returns the sum of the gains of blocks, shape (times,); `flipped` if they are alike when read backwards."""
    total = np.zeros(times)
    for block in found:
        seen = np.trace(block, axis1=1, axis2=2).real > NO_WEIGHT
        if block.shape[-1] > 1 and seen.any():
            chosen = block if seen.all() else block[seen]
            if flipped:
                total[seen] += gain_of_halves(chosen)
            else:
                total[seen] += qfi_of_rotation(chosen, spin_projections(block.shape[-1]))
    return total
