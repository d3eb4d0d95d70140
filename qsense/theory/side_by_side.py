"""Coherences of all blocks of a symmetric probe side by side, in any array namespace: one product mixes them all.

The weights are those of `symmetric` and `mixing`, positive without exception. What differs is where f_q(v) of N − 2l
spins is kept: with q = e + 2(h − l), e being 0 or 1, in

    row h(h+1)/2 + l and column h + v.

So a pair that is found in a singlet takes rows of h to those of h + 1, and columns by one to either side at most. And
n diagonal factors, with N = e + 2k + n, are in every block the columns k … k + n of the rows of h ≤ k: one product of
matrices for each n mixes all blocks, and the symmetric powers are needed one after the other.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from qsense.numerics.arrays import Arrays
from qsense.numerics.fisher import FloatArray
from qsense.theory.mixing import Array, IntArray, binomials, copies
from qsense.theory.symmetric import UniformChannel, relaxes, singlets


@dataclass(frozen=True)
class Half:
    """Where coherences of even or of odd orders q are, of all blocks of N spins.

    Attributes:
        num_qubits: N.
        odd: e, 0 or 1.
    """

    num_qubits: int
    odd: int

    @property
    def highest(self) -> int:
        """The largest h."""
        return (self.num_qubits - self.odd) // 2

    @property
    def shape(self) -> tuple[int, int]:
        """How many rows and columns there are."""
        return rows_before(self.highest + 1), self.num_qubits - self.odd + 1

    def placed(self, f: Array) -> FloatArray:
        """Returns f_q(v) of N spins, shape (times, N+1, N+1) over (q, v), over (h, column)."""
        found = np.zeros((len(f), self.highest + 1, self.shape[1]))
        for high in range(self.highest + 1):
            width = self.shape[1] - 2 * high
            found[:, high, high : high + width] = f[:, self.odd + 2 * high, :width]
        return found

    def ways(self, factors: int) -> tuple[FloatArray, IntArray]:
        """Returns M!/(n! i! (k − i)!) and the number k = M − n of flips, of the rows that n diagonal factors are in."""
        last = (self.num_qubits - self.odd - factors) // 2
        high = np.repeat(np.arange(last + 1), np.arange(1, last + 2))
        spins = self.num_qubits - 2 * (np.arange(len(high)) - rows_before(high))
        choose, flips = binomials(self.num_qubits), spins - factors
        return choose[spins, factors] * choose[flips, last - high], flips


def halves_of(num_qubits: int) -> tuple[Half, Half]:
    """Returns where even and odd orders are."""
    return Half(num_qubits, 0), Half(num_qubits, 1)


def rows_before(high: Any) -> Any:
    """Returns how many rows stand before those of h.

    >>> [rows_before(high) for high in range(4)]
    [0, 1, 3, 6]
    """
    return high * (high + 1) // 2


@dataclass(frozen=True)
class SideBySide:
    """The Dicke parts of all blocks at several times, without the roots of `Mixing.forward` and the number of copies.

    Attributes:
        num_qubits: N.
        numbers: of even orders, of odd ones, and a 0: shape (times, numbers), for the real part and, if there is one,
            the imaginary part.
        arrays: where they are.
    """

    num_qubits: int
    numbers: tuple[Any, ...]
    arrays: Arrays

    @classmethod
    def of(cls, f: Array, channel: UniformChannel, arrays: Arrays) -> SideBySide:
        """Returns what the noise makes of f_q(v), an array of NumPy of shape (times or 1, N+1, N+1) over (q, v)."""
        xp, found = arrays.xp, []
        for part in (f.real, f.imag) if np.iscomplexobj(f) else (f,):
            after = [xp.reshape(one, (len(channel), -1)) for one in _after_noise(part, channel, arrays)]
            found.append(xp.concat([*after, xp.zeros((len(channel), 1))], axis=1))
        return cls(f.shape[1] - 1, tuple(found), arrays)

    def weights(self) -> FloatArray:
        """Returns the trace of every block of more than one row, shape (times, blocks), as an array of NumPy."""
        xp, found = self.arrays.xp, []
        columns = halves_of(self.num_qubits)[0].shape[1]
        for below in range((self.num_qubits + 1) // 2):
            spins = self.num_qubits - 2 * below
            first = (rows_before(below) + below) * columns + below
            share = copies(self.num_qubits, below) / binomials(self.num_qubits)[spins, : spins + 1]
            found.append(xp.sum(self.numbers[0][:, first : first + spins + 1] * xp.asarray(share), axis=1))
        return np.asarray(self.arrays.host(xp.stack(found, axis=1)), dtype=np.float64)

    def block(self, below: int, outside: int, times: IntArray, orders: FloatArray | None) -> Any:
        """Returns the block of j = N/2 − below at some of the times, shape (times, rows, rows), filled up with 0.

        Args:
            below: l.
            outside: rows and columns of 0 before the first and after the last.
            times: which ones.
            orders: what shared noise leaves of coherence of each order, shape (all times, rows) or None.
        """
        xp, spins = self.arrays.xp, self.num_qubits - 2 * below
        place = np.arange(spins + 1 + 2 * outside) - outside
        roots = np.zeros(len(place))
        roots[outside : outside + spins + 1] = 1 / np.sqrt(binomials(self.num_qubits)[spins, : spins + 1])
        scale = xp.asarray(copies(self.num_qubits, below) * np.outer(roots, roots).ravel())
        one, other = xp.asarray(place)[:, None], xp.asarray(place)[None, :]
        difference, low = xp.reshape(one - other, (-1,)), xp.reshape(xp.minimum(one, other), (-1,))
        order = xp.abs(difference)
        if orders is not None:
            scale = xp.take(xp.asarray(orders[times]), order, axis=1) * scale
        nothing = xp.full(order.shape, self.numbers[0].shape[1] - 1, dtype=order.dtype)
        is_inside = (low >= 0) & (low + order <= spins)
        cells = xp.where(is_inside, xp.take(xp.asarray(self._firsts(below, len(place))), order) + low, nothing)
        found = [xp.take(one, cells, axis=1) for one in self.numbers]
        if len(times) < self.numbers[0].shape[0]:
            found = [xp.take(one, xp.asarray(times), axis=0) for one in found]
        found = [scale * one for one in found]
        if len(found) == 2:  # conjugate above the diagonal
            found[0] = found[0] + xp.asarray(1j) * (xp.astype(xp.sign(difference), xp.float64) * found[1])
        return xp.reshape(found[0], (len(times), len(place), len(place)))

    def _firsts(self, below: int, count: int) -> IntArray:
        """Where among the numbers those of a block and of the orders 0, 1, … begin."""
        even, odd = halves_of(self.num_qubits)
        order = np.arange(count)
        high, is_odd = below + order // 2, order % 2 == 1
        columns = np.where(is_odd, odd.shape[1], even.shape[1])
        first = np.where(is_odd, even.shape[0] * even.shape[1], 0)
        return np.asarray(first + (rows_before(high) + below) * columns + high, dtype=np.int64)


def _after_noise(f: FloatArray, channel: UniformChannel, arrays: Arrays) -> list[Any]:
    """What the noise makes of real coherences, of even and of odd orders, shape (times, rows, columns)."""
    xp, size, changes = arrays.xp, f.shape[1] - 1, relaxes(channel)
    halves = halves_of(size)
    given = [_with_singlets(half, f, channel, arrays) for half in halves]
    found = [xp.zeros(one.shape) for one in given]
    damped = xp.asarray(channel.coherence[:, None] ** np.arange(size + 1))
    power = xp.ones((len(channel), 1, 1))
    for factors in range(size + 1):
        odd = (size - factors) % 2
        ways, flips = halves[odd].ways(factors)
        first = (size - odd - factors) // 2
        before, after = (half[:, : len(ways), first : first + factors + 1] for half in (given[odd], found[odd]))
        if changes:
            power = _next_power(power, channel, xp) if factors else power
            mixed = xp.matmul(before, power)
        else:
            mixed = xp.asarray(binomials(size)[factors, : factors + 1]) * before
        mixed *= (xp.take(damped, xp.asarray(flips), axis=1) * xp.asarray(ways))[:, :, None]
        after += mixed  # a view
    return found


def _with_singlets(half: Half, f: FloatArray, channel: UniformChannel, arrays: Arrays) -> Any:
    """Coherences of N − 2l spins before their noise, the other spins being in l singlets after theirs."""
    xp = arrays.xp
    start, singlet = xp.asarray(half.placed(f)), [xp.asarray(one[:, None, None]) for one in singlets(channel)]
    found = xp.zeros((len(channel), *half.shape))
    for high in range(half.highest + 1):
        first, last = rows_before(high), rows_before(high + 1)
        found[:, first, :] = start[:, high, :]
        if high:
            older = found[:, rows_before(high - 1) : first, :]
            width = half.shape[1] - 2 * high
            moved = [singlet[p] * older[:, :, high - 1 + p : high - 1 + p + width] for p in range(3)]
            found[:, first + 1 : last, high : high + width] = moved[0] + moved[1] + moved[2]
    return found


def _next_power(power: Any, channel: UniformChannel, xp: Any) -> Any:
    """The symmetric power of one factor more, as in `mixing.symmetric_powers`."""
    up, down = channel.stay_up, channel.stay_down
    stays_up, stays_down, falls, rises = (xp.asarray(one[:, None, None]) for one in (up, down, 1 - up, 1 - down))
    times, rows, _ = power.shape
    larger = xp.zeros((times, rows + 1, rows + 1))
    larger[:, 1:, 1:] = stays_up * power
    larger[:, :-1, :-1] += stays_down * power
    larger[:, 1:, :-1] += falls * power
    larger[:, :-1, 1:] += rises * power
    return larger
