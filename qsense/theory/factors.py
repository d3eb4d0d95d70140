"""Blocks of a symmetric probe as ρ = L L† with L linear in the amplitudes: what a search asks of a noise many times.

An operator that takes k spins from up to down makes of amplitudes a one column of the factor of a block,

    L[v, c] = a[v + k_c] B[v, c],

v the spins up afterwards. B is real and known from the noise alone; what is below rounding of it is left out. With X
the SLD of ψ and O = i[2J, X] − X², G ≥ Tr(O ρ) for every other probe, with equality at ψ (`pull_back`): so the gradient
of G is that of Tr(O L L†) at fixed O, 2 O L times B, added up where a is the same.

Where populations stay, k = 0 in every column and B B† is the block of all amplitudes 1, decomposed once; of probes that
a flip leaves alone this holds for both halves. Under emission alone B has a closed form (`loss`). Where both happen B
has several times as many columns as rows, and `pull_back` is faster.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from qsense.numerics.fisher import FloatArray
from qsense.numerics.low_rank import factor, filled, logarithmic_derivative, support
from qsense.numerics.threads import in_threads
from qsense.theory.halves import halves
from qsense.theory.loss import loses_alone, loss_factor
from qsense.theory.mixing import Array, IntArray
from qsense.theory.symmetric import UniformChannel, blocks, relaxes

_NO_WEIGHT = 1e-16  # the largest element of B B† or B² that is left out
_PARTS = 2  # of the blocks, which threads share; the same for any number of processors
_ROWS, _COLUMNS = 8, 8  # blocks whose factors differ in size by less are taken together


class _Factor(NamedTuple):
    """B of one block at one time, shape (d, K); of halves, which have as many rows, that of each.

    `first` is v of the first row, and `shifts` are k_c, shape (K,), or (1,) where they are alike.
    """

    time: int
    first: int
    shifts: IntArray
    parts: tuple[FloatArray, ...]

    def size(self) -> tuple[int, int]:
        most = max(part.shape[1] for part in self.parts)
        return -(-len(self.parts[0]) // _ROWS), -(-most // _COLUMNS)


class _Group(NamedTuple):
    """Several factors of like size, filled up with 0: times (b,), v and k_c as shape (b, d) and (b, K), B (b, d, K)."""

    times: IntArray
    ups: IntArray
    shifts: IntArray
    parts: tuple[FloatArray, ...]

    @classmethod
    def of(cls, factors: list[_Factor]) -> _Group:
        parts = tuple(filled(part) for part in zip(*(one.parts for one in factors), strict=True))
        first = np.array([one.first for one in factors])
        shifts = filled([one.shifts[None] for one in factors])[:, 0]
        return cls(
            np.array([one.time for one in factors]), first[:, None] + np.arange(parts[0].shape[1]), shifts, parts
        )

    def slopes(self, taken: Array, m: FloatArray) -> Array:
        """O L times B, of amplitudes that are taken to the places of L, or of its rows; half the gradient of G."""
        columns = [taken * part for part in self.parts]
        supports = [support(one) for one in columns]
        z, m = logarithmic_derivative(supports[0], supports[-1], m), m[..., None]
        if len(columns) == 1:
            moved = z @ columns[0]
            images = [z @ moved - 2 * (m * moved - z @ (m * columns[0]))]
        else:  # X is i times Z from odd to even and −Z† back
            (even, odd), back = columns, np.swapaxes(z.conj(), -1, -2)
            to_odd, to_even = back @ even, z @ odd
            images = [
                2 * (m * to_odd + z @ (m * even)) - z @ to_odd,
                -2 * (m * to_even + back @ (m * odd)) - back @ to_even,
            ]
        found = [image * part for image, part in zip(images, self.parts, strict=True)]
        if taken.shape[-1] == 1:
            found = [one.sum(-1, keepdims=True) for one in found]
        return np.asarray(np.sum(found, axis=0))


@dataclass(frozen=True)
class Factors:
    """B of all blocks of N spins at several times.

    Attributes:
        num_qubits: N.
        times: how many.
        is_halved: whether they are halves, for amplitudes that are alike when read backwards.
    """

    num_qubits: int
    times: int
    is_halved: bool
    _groups: tuple[_Group, ...]

    @classmethod
    def of(cls, channel: UniformChannel, num_qubits: int, is_flipped: bool) -> Factors:
        """Returns them for a channel that has them (`factorises`).

        Args:
            channel: at each of the times.
            num_qubits: N.
            is_flipped: whether all amplitudes that follow are alike, up to a sign, when read backwards.
        """
        is_halved = is_flipped and not relaxes(channel)
        found = _of_loss if relaxes(channel) else _of_dephasing
        alike: dict[tuple[int, int], list[_Factor]] = {}
        for one in found(channel, num_qubits, is_halved):
            alike.setdefault(one.size(), []).append(one)
        return cls(num_qubits, len(channel), is_halved, tuple(_Group.of(factors) for factors in alike.values()))

    def gains_and_gradient(
        self, amplitudes: Array, weigh: Callable[[FloatArray], FloatArray]
    ) -> tuple[FloatArray, Array]:
        """Returns G at every time, shape (times,), and the gradient of Σ_k w_k G(t_k), shape (N+1,).

        Args:
            amplitudes: over Dicke states, shape (N+1,); normalised.
            weigh: w_k of the gains, both of shape (times,).

        >>> from qsense.noise import LocalNoise
        >>> channel = UniformChannel.of(LocalNoise(emission=1.0).channel(np.ones(1), 1))
        >>> ghz = np.sqrt(np.array([0.5, 0, 0, 0.5]))
        >>> gains, _ = Factors.of(channel, 3, False).gains_and_gradient(ghz, np.ones_like)
        >>> gains.round(6)
        array([0.688106])
        """
        size = self.num_qubits
        around = np.pad(amplitudes, size)  # so that no place is outside
        places = [size + one.ups[:, :, None] + one.shifts[:, None, :] for one in self._groups]

        def slopes_of(first: int) -> list[Array]:
            every = zip(self._groups[first::_PARTS], places[first::_PARTS], strict=True)
            return [one.slopes(around[at], (one.ups - size / 2).astype(np.float64)) for one, at in every]

        parts = in_threads(slopes_of, range(_PARTS))
        slopes = [parts[place % _PARTS][place // _PARTS] for place in range(len(self._groups))]
        gains = np.zeros(self.times)
        for one, at, slope in zip(self._groups, places, slopes, strict=True):
            np.add.at(gains, one.times, np.sum(around[at].conj() * slope, axis=(1, 2)).real)
        weights, gradient = weigh(gains), np.zeros(len(around), dtype=amplitudes.dtype)
        for one, at, slope in zip(self._groups, places, slopes, strict=True):
            gradient += _added(weights[one.times, None, None] * slope, at, len(around))
        return gains, self._whole(2 * gradient[size : 2 * size + 1], amplitudes)

    def _whole(self, gradient: Array, amplitudes: Array) -> Array:
        """The gradient by all amplitudes, from that by those of the upper half that the others follow."""
        if self.is_halved:
            low, size = (self.num_qubits + 1) // 2, self.num_qubits
            gradient[size + 1 - low :] /= 2
            signs = np.where(amplitudes[:low] == amplitudes[: size - low : -1], 1, -1)
            gradient[:low] = signs * gradient[: size - low : -1]
        return gradient


def factorises(channel: UniformChannel) -> bool:
    """Whether B has no more columns than rows: populations stay, or spins emit and nothing else happens to them."""
    return not relaxes(channel) or loses_alone(channel)


def _added(values: Array, places: IntArray, length: int) -> Array:
    """The sums of the values of each place, shape (length,)."""
    found: Array = np.bincount(places.ravel(), values.real.ravel(), length)
    if np.iscomplexobj(values):
        found = found + 1j * np.bincount(places.ravel(), values.imag.ravel(), length)
    return found


def _of_dephasing(channel: UniformChannel, num_qubits: int, is_halved: bool) -> Iterator[_Factor]:
    for below, block in enumerate(blocks(np.ones(num_qubits + 1), channel)):
        first = below
        parts: tuple[Array, ...] = (block,)
        if is_halved:
            even, odd = halves(block)
            first, more = below + block.shape[-1] // 2, even.shape[-1] - odd.shape[-1]
            parts = even, np.pad(odd, ((0, 0), (more, 0), (more, 0)))
        for time in range(len(channel)) if block.shape[-1] > 1 else ():
            found = tuple(factor(part[time], _NO_WEIGHT) for part in parts)
            if any(one.size for one in found):
                yield _Factor(time, first, np.zeros(1, dtype=np.int64), found)


def _of_loss(channel: UniformChannel, num_qubits: int, is_halved: bool) -> Iterator[_Factor]:
    for below in range((num_qubits + 1) // 2):
        for time, whole in enumerate(loss_factor(channel, num_qubits, below)):
            seen = whole**2 > _NO_WEIGHT
            rows, lost = (np.flatnonzero(seen.any(axis)) for axis in (1, 0))
            if len(rows):
                part = whole[rows[0] : rows[-1] + 1, lost[0] : lost[-1] + 1]
                yield _Factor(time, below + int(rows[0]), below + np.arange(lost[0], lost[-1] + 1), (part,))
