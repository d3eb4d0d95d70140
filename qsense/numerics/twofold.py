"""Arrays in twice the double precision: sums of two doubles, about 31 digits.

They hold what a difference of doubles loses: the small eigenvalues of a state that is almost pure.
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qsense.numerics.fisher import ComplexArray, FloatArray

EPSILON = 2.0**-104
_SPLIT = 2.0**27 + 1
_SLICES = 5


class Twofold(NamedTuple):
    """hi + lo, complex arrays of one shape, where |lo| is at most the rounding of hi."""

    hi: ComplexArray
    lo: ComplexArray

    def at(self, index: Any) -> Twofold:
        """Returns a part of the array."""
        return Twofold(self.hi[index], self.lo[index])


def exact(array: NDArray[Any]) -> Twofold:
    """Returns doubles as they are."""
    hi = np.asarray(array, dtype=np.complex128)
    return Twofold(hi, np.zeros_like(hi))


def add(one: Twofold, other: Twofold) -> Twofold:
    """Returns one + other; its error is that of its larger part.

    >>> add(exact(np.ones(1)), exact(np.array([1e-20]))).lo
    array([1.e-20+0.j])
    """
    total = one.hi + other.hi
    part = total - one.hi
    rest = (one.hi - (total - part)) + (other.hi - part) + (one.lo + other.lo)
    return _normal(total, rest)


def multiply(one: Twofold, other: Twofold) -> Twofold:
    """Returns one · other, element by element, with the broadcasting of NumPy.

    Source: Dekker, Numer. Math. 18, 224 (1971).
    """
    (ar, ai), (br, bi) = ((_part(x, 0), _part(x, 1)) for x in (one, other))
    parts = [_real_product(ar, br), _real_product(ai, bi), _real_product(ar, bi), _real_product(ai, br)]
    rr, ii, ri, ir = (Twofold(high.astype(np.complex128), low.astype(np.complex128)) for high, low in parts)
    real, imaginary = add(rr, Twofold(-ii.hi, -ii.lo)), add(ri, ir)
    return Twofold(real.hi + 1j * imaginary.hi, real.lo + 1j * imaginary.lo)


def matrix_product(one: Twofold, other: Twofold) -> Twofold:
    """Returns one @ other of shapes (..., m, k) and (..., k, n).

    Each factor is cut into slices of so few bits that the product of two slices is exact in double precision.

    Source: Ozaki et al., Numer. Algorithms 59, 95 (2012).

    >>> third = exact(np.array([[1 / 3]]))
    >>> float(matrix_product(third, exact(np.array([[3.0]]))).lo.real[0, 0] * 2**54)  # 3 · (1/3 in binary) = 1 − 2^−54
    -1.0
    """
    bits = int((53 - np.ceil(np.log2(max(one.hi.shape[-1], 2)))) // 2)
    left = [_slices(_part(one, k), -1, bits) for k in (0, 1)]
    right = [_slices(_part(other, k), -2, bits) for k in (0, 1)]
    shape = (*np.broadcast_shapes(one.hi.shape[:-2], other.hi.shape[:-2]), one.hi.shape[-2], other.hi.shape[-1])
    total = exact(np.zeros(shape))
    for depth in range(_SLICES - 1, -1, -1):  # the smallest first
        for i in range(depth + 1):
            (ar, ai), (br, bi) = ((side[0][k], side[1][k]) for side, k in ((left, i), (right, depth - i)))
            for real, imaginary in ((ar @ br, ar @ bi), (-(ai @ bi), ai @ br)):
                total = add(total, exact(real + 1j * imaginary))
    return total


def adjoint(matrix: Twofold) -> Twofold:
    """Returns the Hermitian conjugate of the last two axes."""
    return Twofold(*(np.swapaxes(part.conj(), -1, -2) for part in matrix))


def _normal(high: ComplexArray, low: ComplexArray) -> Twofold:
    total = high + low
    return Twofold(total, low - (total - high))


def _part(number: Twofold, which: int) -> tuple[FloatArray, FloatArray]:
    """The real (0) or imaginary (1) part."""
    return (number.hi.imag, number.lo.imag) if which else (number.hi.real, number.lo.real)


def _real_product(
    one: tuple[FloatArray, FloatArray], other: tuple[FloatArray, FloatArray]
) -> tuple[FloatArray, FloatArray]:
    (a, a_low), (b, b_low) = one, other
    product = a * b
    (a_top, a_rest), (b_top, b_rest) = _halves(a), _halves(b)
    error = ((a_top * b_top - product) + a_top * b_rest + a_rest * b_top) + a_rest * b_rest
    return product, error + (a * b_low + a_low * b)


def _halves(a: FloatArray) -> tuple[FloatArray, FloatArray]:
    scaled = _SPLIT * a
    top = scaled - (scaled - a)
    return top, a - top


def _slices(number: tuple[FloatArray, FloatArray], axis: int, bits: int) -> list[FloatArray]:
    """Parts of so many bits each, below the largest element of each row or column."""
    rest, low = number
    exponent = np.frexp(np.max(np.abs(rest), axis=axis, keepdims=True))[1]
    parts = []
    for place in range(1, _SLICES + 1):
        unit = np.ldexp(1.0, exponent - bits * place)
        part = np.rint(rest / unit) * unit
        rest = rest - part
        if place == 2:
            rest = rest + low
        parts.append(part)
    return parts
