"""What relaxation does to the coherences of spins in Dicke states: how the diagonal factors mix, k flips damped by ηᵏ.

Of M spins, k = q + 2i factors of |r><c| are off-diagonal; they are damped by η each, and the other M − k mix by a
symmetric power of the stochastic matrix of one spin, built up by a recursion. Every weight is positive. For each order
q the sum over i is one matrix over v, the same for all states: a search, which asks of one channel again and again,
keeps these.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from math import lgamma
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.lib.stride_tricks import as_strided
from numpy.typing import NDArray

from qsense.numerics.fisher import FloatArray

if TYPE_CHECKING:
    from qsense.theory.symmetric import UniformChannel

Array = NDArray[Any]  # float64 for real amplitudes, complex128 else
IntArray = NDArray[np.int64]
_KEPT_BYTES = 2**28  # of the matrices of one channel


@dataclass(frozen=True)
class DickeTables:
    """Where the operators of M spins in Dicke states are, and what they weigh; arrays over (q, v) are square.

    Attributes:
        gathers: for every number k of flips, (q, v) of each operator: two arrays of shape (k//2 + 1, M − k + 1).
        orders: the square root of their number of orders, same shapes.
        overlaps: their part in |D_{v+q}><D_v|, same shapes.
        inside: (q, v) with v + q ≤ M, two arrays of shape (inside,).
        damping: for dephasing alone, what k = q + 2i flips weigh there, shape (M//2 + 1, inside).
    """

    gathers: tuple[tuple[IntArray, IntArray], ...]
    orders: tuple[FloatArray, ...]
    overlaps: tuple[FloatArray, ...]
    inside: tuple[IntArray, IntArray]
    damping: FloatArray


@lru_cache(maxsize=256)
def dicke_tables(size: int) -> DickeTables:
    """Returns the tables of so many spins, kept for the next call."""
    log = np.array([lgamma(m + 1.0) for m in range(size + 1)])
    gathers, orders, overlaps = [], [], []
    q, v = np.divmod(np.arange((size + 1) ** 2), size + 1)
    inside = q[v + q <= size], v[v + q <= size]
    damping = np.zeros((size // 2 + 1, len(inside[0])))
    place = np.cumsum(np.arange(size + 1, -1, -1)) - np.arange(size + 1, -1, -1)  # where each q begins
    for flips in range(size + 1):
        low, both = np.arange(flips // 2 + 1)[:, None], np.arange(size - flips + 1)
        q, v = flips - 2 * low, both + low
        ways = log[size] - log[low] - log[flips - low] - log[both] - log[size - flips - both]
        states = 2 * log[size] - log[v + q] - log[size - v - q] - log[v] - log[size - v]
        q = np.broadcast_to(q, v.shape)
        gathers.append((q, v))
        orders.append(np.exp(ways / 2))
        overlaps.append(np.exp((ways - states) / 2))
        damping[low, place[q] + v] = np.exp(ways - states / 2)
    return DickeTables(tuple(gathers), tuple(orders), tuple(overlaps), inside, damping)


@dataclass(frozen=True)
class Mixing:
    """What a channel that relaxes does to up to N spins.

    Attributes:
        channel: the channel.
        powers: how M = 0 … N diagonal factors mix.
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
        tables, out = dicke_tables(size), np.zeros_like(f)
        for flips in range(size + 1):
            q, v = tables.gathers[flips]
            damped = self.channel.coherence[:, None, None] ** flips * tables.overlaps[flips]
            out[:, q, v] += damped * ((f[:, q, v] * tables.orders[flips]) @ self.powers[size - flips])
        return out

    def back(self, g: Array) -> Array:
        """Returns the transpose of `forward`, of an observable's numbers."""
        size = g.shape[1] - 1
        if size in self.kept:
            return _applied(np.swapaxes(self.kept[size], -1, -2), g)
        tables, out = dicke_tables(size), np.zeros_like(g)
        for flips in range(size + 1):
            q, v = tables.gathers[flips]
            damped = self.channel.coherence[:, None, None] ** flips * tables.overlaps[flips]
            mixed = (damped * g[:, q, v]) @ np.swapaxes(self.powers[size - flips], 1, 2)
            out[:, q, v] += mixed * tables.orders[flips]
        return out

    def _matrices(self, size: int) -> FloatArray:
        tables, eta = dicke_tables(size), self.channel.coherence[:, None, None, None]
        found = np.zeros((len(self.channel), size + 1, size + 1, size + 1))
        time, order, after, before = found.strides
        for flips in range(size + 1):
            count, rows = tables.orders[flips].shape
            # For i = 0, 1, …: order k − 2i, from v = i on.
            place = as_strided(
                found[:, flips:], (len(found), count, rows, rows), (time, after + before - 2 * order, after, before)
            )
            weights = tables.overlaps[flips][:, :, None] * tables.orders[flips][:, None, :]
            place += eta**flips * weights * np.swapaxes(self.powers[size - flips], 1, 2)[:, None]
        return found


def _applied(matrices: FloatArray, f: Array) -> Array:
    if np.iscomplexobj(f):
        return np.asarray(_applied(matrices, f.real) + 1j * _applied(matrices, f.imag))
    return np.asarray((matrices @ f[..., None])[..., 0])


def symmetric_powers(channel: UniformChannel, largest: int) -> list[FloatArray]:
    """Returns how M = 0, 1, …, largest diagonal factors mix, [time, ups before, ups after], in an orthonormal basis."""
    up, down = channel.stay_up[:, None, None], channel.stay_down[:, None, None]
    powers = [np.ones((len(up), 1, 1))]
    for size in range(1, largest + 1):
        # Split one factor off: √(n/M) up beside n−1, √((M−n)/M) down beside n, before and after.
        is_up = np.sqrt(np.arange(1, size + 1) / size)
        is_down = is_up[::-1]
        larger = np.zeros((len(up), size + 1, size + 1))
        larger[:, 1:, 1:] += up * np.outer(is_up, is_up) * powers[-1]
        larger[:, :-1, 1:] += (1 - down) * np.outer(is_down, is_up) * powers[-1]
        larger[:, 1:, :-1] += (1 - up) * np.outer(is_up, is_down) * powers[-1]
        larger[:, :-1, :-1] += down * np.outer(is_down, is_down) * powers[-1]
        powers.append(larger)
    return powers
