"""Quantum Fisher information and logarithmic derivatives of density matrices of low rank: what counts is a few columns.

Noise leaves most eigenvalues below rounding. A Cholesky decomposition with pivots, ρ = L L†, stops once what is left of
the diagonal is rounding; L has as many columns as ρ has eigenvalues that count. Its singular values, or the
eigenvalues of the small matrix L† L, give them with the vectors. No eigenvector of the whole matrix is computed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from qsense.numerics.fisher import FloatArray, qfi_of_rotation

_LEFT = 8 * np.finfo(np.float64).eps  # of the largest diagonal element, which the decomposition leaves
_SMALL = 24  # rows, of which eigenvectors take less time than the steps here
_MOST = 0.6  # of the rows: with more columns than this the eigenvectors are faster
_TINY = 1e-300  # beside λ_m + λ_n, so that 0/0 is 0
_KERNEL = 1e-15  # of the largest eigenvalue: those below are rounding of L† L


def qfi_of_one(rho: Any, generator: FloatArray) -> float:
    """Returns `qfi_of_rotation` of one density matrix, in O(d²K) for K eigenvalues above rounding.

    Args:
        rho: shape (d, d), real or complex.
        generator: the diagonal of J, shape (d,).

    >>> qfi_of_one(np.full((30, 30), 1 / 30), np.arange(30.0)).__round__(9)  # pure: four variances
    299.666666667
    """
    if len(rho) <= _SMALL:
        return float(qfi_of_rotation(rho, generator))
    columns = factor(rho)
    if columns.shape[1] > _MOST * len(rho):
        return float(qfi_of_rotation(rho, generator))
    vectors, roots, _ = np.linalg.svd(columns, full_matrices=False)
    values, moved = roots**2, generator[:, None] * vectors
    between = vectors.conj().T @ moved
    outside = moved - vectors @ between  # J|m> on the kernel, where the other eigenvalue is 0
    sums, differences = values[:, None] + values, values[:, None] - values
    inside = 2 * np.sum(differences**2 / (sums + _TINY) * np.abs(between) ** 2)
    return float(inside + 4 * np.sum(values * np.sum(np.abs(outside) ** 2, axis=0)))


def factor(rho: Any, least: float = 0.0) -> Any:
    """Returns L with ρ = L L† to rounding, shape (d, K), K as small as rounding lets it be.

    Args:
        rho: positive, shape (d, d); a Hermitian matrix of which the lower half is read.
        least: of what is left of the diagonal, the largest element that may be left out.

    >>> factor(np.full((3, 3), 0.5)).shape
    (3, 1)
    """
    from scipy.linalg.lapack import dpstrf, zpstrf

    decompose = zpstrf if np.iscomplexobj(rho) else dpstrf
    left = max(_LEFT * float(rho.diagonal().real.max()), least)
    lower, pivots, rank, _ = decompose(rho, tol=left, lower=1)
    columns = np.zeros((len(rho), rank), dtype=rho.dtype)
    columns[pivots - 1] = np.tril(lower[:, :rank])
    return columns


def filled(arrays: Sequence[Any]) -> Any:
    """Returns matrices of several shapes as one array of the largest, filled up with 0, shape (count, rows, columns).

    >>> filled([np.ones((1, 2)), np.ones((2, 1))])[:, 0].tolist()
    [[1.0, 1.0], [1.0, 0.0]]
    """
    rows, columns = (max(one.shape[axis] for one in arrays) for axis in (0, 1))
    found = np.zeros((len(arrays), rows, columns), dtype=arrays[0].dtype)
    for place, one in zip(found, arrays, strict=True):
        place[: one.shape[0], : one.shape[1]] = one
    return found


def support(columns: Any) -> tuple[FloatArray, Any]:
    """Returns eigenvalues (…, r) and vectors (…, d, r) of matrices ρ = L L†, those that count at least.

    Vectors of eigenvalues below rounding may be 0, and those little above it are not quite orthogonal. An SLD of them
    gives what any other X does, a lower bound on G that is wrong by the square of that times the eigenvalue.

    Args:
        columns: L, shape (count, d, K).

    >>> support(np.ones((1, 3, 1)))[0].tolist()
    [[3.0]]
    """
    if columns.shape[-1] > _MOST * columns.shape[-2]:
        return support_of(columns @ np.swapaxes(columns.conj(), -1, -2))
    values, vectors = np.linalg.eigh(np.swapaxes(columns.conj(), -1, -2) @ columns)
    counts = values > _KERNEL * values[..., -1:]
    values = np.where(counts, values, 0)
    scale = np.divide(1, np.sqrt(values), out=np.zeros_like(values), where=counts)
    return values, columns @ (vectors * scale[..., None, :])


def support_of(rho: Any) -> tuple[FloatArray, Any]:
    """Returns the same of matrices that are known as a whole, shape (count, d, d)."""
    if rho.shape[-1] > _SMALL:
        few = [factor(one) for one in rho]
        if max(one.shape[1] for one in few) <= _MOST * rho.shape[-1]:
            return support(filled(few))
    values, vectors = np.linalg.eigh(rho)
    return np.maximum(values, 0), vectors


def logarithmic_derivative(left: tuple[FloatArray, Any], right: tuple[FloatArray, Any], m: FloatArray) -> Any:
    """Returns Z = 2 Σ_mn (λ_m − λ_n)/(λ_m + λ_n) |m><m|J|n><n| of matrices that J joins, shape (…, d, d).

    With both matrices the same iZ is the SLD X of a rotation by J. A vector outside of a support has the eigenvalue 0.

    Args:
        left: the eigenvalues and vectors of |m>, as `support` returns them.
        right: those of |n>.
        m: the diagonal of J, shape (…, d).

    >>> plus = support(np.full((1, 2, 1), 0.5**0.5))
    >>> logarithmic_derivative(plus, plus, np.array([-0.5, 0.5])).round(9).tolist()
    [[[0.0, 1.0], [-1.0, 0.0]]]
    """
    (first, one), (second, other), m = left, right, m[..., None]
    bras = np.swapaxes(other.conj(), -1, -2)
    between = np.swapaxes(one.conj(), -1, -2) @ (m * other)
    outside = m * other - one @ between
    back = np.swapaxes((m * one).conj(), -1, -2) - between @ bras  # the same of <m|
    ratios = first[..., :, None] - second[..., None, :]
    ratios /= first[..., :, None] + second[..., None, :] + _TINY
    return 2 * (one @ ((between * ratios) @ bras + back) - outside @ bras)
