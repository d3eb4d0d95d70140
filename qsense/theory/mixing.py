"""What relaxation does to the coherences of spins in Dicke states: how the diagonal factors mix, k flips damped by ηᵏ.

Of M spins, k = q + 2i factors of |r><c| are off-diagonal; they are damped by η each, and the other n = M − k mix by a
symmetric power of the stochastic matrix of one spin, built up by a recursion. Every weight is positive. From v = b + i
spins up, b of them among the n, to v' = b' + i it is

    ηᵏ M!/(n! i! (k − i)!) g_n(b, b') / √(C(M, v'+q) C(M, v')),

g_n(b, b') the coefficient of x^b y^b' in (s00 + s10 y + s01 x + s11 x y)^n. For each order q the sum over i is one
matrix over v, the same for all states: a search, which asks of one channel again and again, keeps these.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from math import comb
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qsense.numerics.fisher import FloatArray

if TYPE_CHECKING:
    from qsense.theory.symmetric import UniformChannel

Array = NDArray[Any]  # float64 for real amplitudes, complex128 else
IntArray = NDArray[np.int64]
_KEPT_BYTES = 2**28  # of the matrices of one channel
_TOGETHER = 64  # rows of Pascal's triangle, which sizes share


@dataclass(frozen=True)
class DickeTables:
    """Where the operators of M spins in Dicke states are, and what they weigh; arrays over (q, v) are square.

    Attributes:
        inside: (q, v) with v + q ≤ M, two arrays of shape (inside,).
        ways: for every number k of flips M!/((M − k)! i! (k − i)!) of i = 0 … k//2.
        roots: √(C(M, v+q) C(M, v)), and 1 outside.
    """

    inside: tuple[IntArray, IntArray]
    ways: tuple[FloatArray, ...]
    roots: FloatArray


def binomials(size: int) -> FloatArray:
    """Returns C(n, r), each rounded once, over n and r = 0 … N or more.

    >>> binomials(2)[:3, :3].tolist()
    [[1.0, 0.0, 0.0], [1.0, 1.0, 0.0], [1.0, 2.0, 1.0]]
    """
    return _binomials(-(-size // _TOGETHER) * _TOGETHER)


@lru_cache(maxsize=8)
def _binomials(size: int) -> FloatArray:
    found = np.zeros((size + 1, size + 1))
    for spins, row in enumerate(triangle(size)):
        found[spins, : spins + 1] = row
    return found


def triangle(size: int) -> Iterator[list[int]]:
    """Yields the rows 0 … N of Pascal's triangle, in whole numbers.

    >>> list(triangle(2))
    [[1], [1, 1], [1, 2, 1]]
    """
    row = [1]
    for _ in range(size + 1):
        yield row
        row = [1, *(one + other for one, other in pairwise(row)), 1]


def roots_of_binomials(size: int) -> FloatArray:
    """Returns √C(N, u) of u = 0 … N."""
    return np.asarray(np.sqrt(binomials(size)[size, : size + 1]))


def copies(num_qubits: int, below: int) -> float:
    """Returns d_j, how often spin j = N/2 − below occurs."""
    return float(comb(num_qubits, below) - (comb(num_qubits, below - 1) if below else 0))


@lru_cache(maxsize=256)
def dicke_tables(size: int) -> DickeTables:
    """Returns the tables of so many spins, kept for the next call."""
    q, v = np.divmod(np.arange((size + 1) ** 2), size + 1)
    inside = q[v + q <= size], v[v + q <= size]
    choose = binomials(size)
    ways = [choose[size, flips] * choose[flips, : flips // 2 + 1] for flips in range(size + 1)]
    weights = np.sqrt(choose[size, : size + 1])
    roots = np.ones((size + 1, size + 1))
    roots[inside] = weights[inside[1] + inside[0]] * weights[inside[1]]
    return DickeTables(inside, tuple(ways), roots)


@lru_cache(maxsize=128)
def damping(size: int) -> FloatArray:
    """Returns what k = q + 2i flips of M spins weigh under dephasing alone, over i and `inside`.

    >>> damping(1).tolist()
    [[1.0, 1.0, 1.0]]
    """
    tables = dicke_tables(size)
    q, v = tables.inside
    choose, found = binomials(size), np.zeros((size // 2 + 1, len(q)))
    for low in range(size // 2 + 1):
        there = (v >= low) & (v + q + low <= size)
        flips, both = q[there] + 2 * low, v[there] - low
        found[low, there] = choose[size, flips] * choose[flips, low] * choose[size - flips, both]
    return np.asarray(found / tables.roots[q, v])


@dataclass(frozen=True)
class Mixing:
    """What a channel that relaxes does to up to N spins.

    Attributes:
        channel: the channel.
        powers: g_M of M = 0 … N diagonal factors.
        kept: M → the matrices of every order q, [time, q, v after, v before]; empty where they are not kept.
    """

    channel: UniformChannel
    powers: list[FloatArray]
    kept: dict[int, FloatArray]

    @classmethod
    def of(cls, channel: UniformChannel, num_qubits: int, keep: bool = False) -> Mixing:
        """Returns it for N spins.

        Args:
            channel: at several times.
            num_qubits: N.
            keep: whether the matrices of N, N − 2, … spins are made and kept, if memory allows: it pays for some ten
                states or more.
        """
        found = cls(channel, symmetric_powers(channel, num_qubits), {})
        sizes = range(num_qubits, 0, -2)
        if keep and sum(8 * len(channel) * (size + 1) ** 3 for size in sizes) <= _KEPT_BYTES:
            found.kept.update({size: found._matrices(size) for size in sizes})
        return found

    def forward(self, f: Array) -> Array:
        """Returns the Dicke part of what coherences f_q(v) become, shape (times, M+1, M+1) as f."""
        size = f.shape[1] - 1
        if size in self.kept:
            return _applied(self.kept[size], f)
        return np.asarray(self._flips(f, False) / dicke_tables(size).roots)

    def back(self, g: Array) -> Array:
        """Returns the transpose of `forward`, of an observable's numbers."""
        size = g.shape[1] - 1
        if size in self.kept:
            return _applied(np.swapaxes(self.kept[size], -1, -2), g)
        return self._flips(g / dicke_tables(size).roots, True)

    def _flips(self, f: Array, transposed: bool) -> Array:
        """The sum over the numbers of flips, without the roots of `forward`."""
        if np.iscomplexobj(f):
            return np.asarray(self._flips(f.real, transposed) + 1j * self._flips(f.imag, transposed))
        size, out = f.shape[1] - 1, np.zeros(f.shape)
        f = np.ascontiguousarray(f[:, ::-1])  # so that no stride below is negative, which products want
        for flips, ways in enumerate(dicke_tables(size).ways):
            powers = self.powers[size - flips]
            mixed = _along(f, size, flips) @ (powers.swapaxes(1, 2) if transposed else powers)
            mixed *= np.multiply.outer(self.channel.coherence**flips, ways)[:, :, None]
            there = _along(out, size, flips, -1)
            there += mixed
        return out

    def _matrices(self, size: int) -> FloatArray:
        eta, tables = self.channel.coherence, dicke_tables(size)
        found = np.zeros((len(eta), size + 1, size + 1, size + 1))
        time, order, after, before = found.strides
        for flips, ways in enumerate(tables.ways):
            rows = size - flips + 1
            # For i = 0, 1, …: order k − 2i, from v = i on.
            place: FloatArray = np.ndarray(
                (len(eta), len(ways), rows, rows),
                buffer=found,
                offset=flips * order,
                strides=(time, after + before - 2 * order, after, before),
            )
            weights = np.multiply.outer(eta**flips, ways)[:, :, None, None]
            place += weights * np.swapaxes(self.powers[size - flips], 1, 2)[:, None]
        found /= tables.roots[:, :, None]
        return found


def _along(f: FloatArray, size: int, flips: int, step: int = 1) -> FloatArray:
    """Of k flips f_q(v) of q = k − 2i and v = b + i, over i and b, as a view; `step` 1 if q is reversed."""
    time, order, ups = f.strides
    first = flips if step < 0 else size - flips
    shape = len(f), flips // 2 + 1, size - flips + 1
    return np.ndarray(shape, f.dtype, f, first * order, (time, 2 * step * order + ups, ups))


def _applied(matrices: FloatArray, f: Array) -> Array:
    if np.iscomplexobj(f):
        return np.asarray(_applied(matrices, f.real) + 1j * _applied(matrices, f.imag))
    return np.asarray((matrices @ f[..., None])[..., 0])


def symmetric_powers(channel: UniformChannel, largest: int) -> list[FloatArray]:
    """Returns g_M of M = 0, 1, …, largest diagonal factors, [time, ups before, ups after]."""
    up, down = channel.stay_up[:, None, None], channel.stay_down[:, None, None]
    rises = bool(np.any(down != 1))
    powers = [np.ones((len(up), 1, 1))]
    for size in range(1, largest + 1):
        larger = np.zeros((len(up), size + 1, size + 1))
        np.multiply(up, powers[-1], out=larger[:, 1:, 1:])
        larger[:, :-1, :-1] += down * powers[-1] if rises else powers[-1]
        larger[:, 1:, :-1] += (1 - up) * powers[-1]
        if rises:
            larger[:, :-1, 1:] += (1 - down) * powers[-1]
        powers.append(larger)
    return powers
