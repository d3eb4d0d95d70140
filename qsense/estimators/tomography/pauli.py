"""The linear inverse of Pauli tomography and its transpose, from the few numbers that one spin has.

Both are products of one small real matrix a spin: from the frequencies of its six outcomes to its four Pauli
coefficients, and from those to the elements of ρ. Spins are taken together by halves, so that each is two products of
matrices; 6^N × 4^N numbers are never held.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from qsense.estimators.tomography.hermitian import hermitian, real_form
from qsense.numerics.arrays import CPU, Arrays
from qsense.numerics.fisher import FloatArray

# Of one spin, for 1, X, Y, Z: what outcome b of setting a adds to the coefficient, as it stands for (1/3 ± σ_a)/2 …
_COEFFICIENTS = np.zeros((3, 2, 4))
_COEFFICIENTS[:, :, 0] = 1 / 6
_COEFFICIENTS[[0, 1, 2], :, [1, 2, 3]] = 0.5, -0.5
# … and the matrix, without the i of Y.
_MATRICES = np.array([[[1, 0], [0, 1]], [[0, 1], [1, 0]], [[0, -1], [1, 0]], [[1, 0], [0, -1]]], dtype=float)


class _Group(NamedTuple):
    """n spins beside each other: outcomes to coefficients, shape (6^n, 4^n), and those to elements, (4^n, 4^n)."""

    settings: int  # 3^n
    outcomes: int  # 2^n
    coefficients: FloatArray
    elements: FloatArray
    num_y: NDArray[np.int64]  # how many Y the Pauli product of each coefficient has, shape (4^n,)


def linear_inverse(frequencies: Any, arrays: Arrays = CPU) -> Any:
    """Returns ρ from the frequencies of all Pauli settings: unbiased, Hermitian, of trace 1, perhaps not positive.

    Args:
        frequencies: shape (..., 3^N, 2^N); exact probabilities give the exact ρ.
        arrays: where they are.

    Returns:
        shape (..., 2^N, 2^N).

    Source: least squares over an equal number of shots in every setting; the inverse is a tensor product. Derived in
    tests/estimators/test_tomography.py.

    >>> linear_inverse(np.array([[0.5, 0.5], [0.5, 0.5], [1.0, 0.0]])).real
    array([[1., 0.],
           [0., 0.]])
    """
    high, low, signs = _groups(frequencies.shape[-1].bit_length() - 1)
    xp, side = arrays.xp, frequencies.shape[-1]
    shares = _interleaved(frequencies, (high.settings, low.settings), (high.outcomes, low.outcomes), xp)
    paulis = xp.asarray(high.coefficients).T @ (shares @ xp.asarray(low.coefficients)) * xp.asarray(signs)
    elements = xp.asarray(high.elements).T @ (paulis @ xp.asarray(low.elements))
    matrices = _interleaved(elements, (high.outcomes, high.outcomes), (low.outcomes, low.outcomes), xp)
    return hermitian(xp.reshape(matrices, (*frequencies.shape[:-2], side, side)), arrays)


def pull_back(observable: Any, arrays: Arrays = CPU) -> Any:
    """Returns what each outcome of each setting adds to Tr(ρA) through `linear_inverse`, shape (..., 3^N, 2^N).

    Args:
        observable: A, Hermitian, shape (..., 2^N, 2^N).
        arrays: where it is.
    """
    high, low, signs = _groups(observable.shape[-1].bit_length() - 1)
    xp, sides = arrays.xp, (high.outcomes, low.outcomes)
    elements = _interleaved(real_form(observable, arrays), sides, sides, xp)
    paulis = xp.asarray(high.elements) @ (elements @ xp.asarray(low.elements).T) * xp.asarray(signs)
    shares = xp.asarray(high.coefficients) @ (paulis @ xp.asarray(low.coefficients).T)
    table = _interleaved(shares, (high.settings, high.outcomes), (low.settings, low.outcomes), xp)
    return xp.reshape(table, (*observable.shape[:-2], high.settings * low.settings, -1))


def _interleaved(array: Any, rows: tuple[int, int], columns: tuple[int, int], xp: Any) -> Any:
    """Axes (row of one group, of the other; column of one group, of the other) as (row, column) of each group.

    Shape (..., rows[0] columns[0], rows[1] columns[1]).
    """
    split = xp.permute_dims(xp.reshape(array, (-1, *rows, *columns)), (0, 1, 3, 2, 4))
    return xp.reshape(split, (*array.shape[:-2], rows[0] * columns[0], rows[1] * columns[1]))


@lru_cache(maxsize=8)
def _groups(num_qubits: int) -> tuple[_Group, _Group, FloatArray]:
    """The upper and the lower half of the spins; spin 0 is the last digit of settings, outcomes and rows.

    With them Re + Im of i^n for products with n Y, shape (4^n of one group, of the other).
    """
    high, low = _group(num_qubits // 2), _group(num_qubits - num_qubits // 2)
    return high, low, np.where((high.num_y[:, None] + low.num_y) % 4 < 2, 1.0, -1.0)


def _group(size: int) -> _Group:
    coefficients: NDArray[Any] = np.ones((1, 1, 1))
    matrices: NDArray[Any] = np.ones((1, 1, 1))
    num_y = np.zeros(1, dtype=np.int64)
    for _ in range(size):
        coefficients, matrices = np.kron(coefficients, _COEFFICIENTS), np.kron(matrices, _MATRICES)
        num_y = np.add.outer(num_y, np.array([0, 0, 1, 0])).ravel()
    return _Group(3**size, 2**size, coefficients.reshape(6**size, 4**size), matrices.reshape(4**size, 4**size), num_y)
