"""Quantum Fisher information of one large density matrix of low rank: what counts of it is a few columns.

Noise leaves most eigenvalues below rounding. A Cholesky decomposition with pivots, ρ = L L†, stops once what is left of
the diagonal is rounding; L has as many columns as ρ has eigenvalues that count, and its singular value decomposition
gives them with the vectors. No eigenvector of the whole matrix is computed.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from qsense.numerics.fisher import FloatArray, qfi_of_rotation

_LEFT = 8 * np.finfo(np.float64).eps  # of the largest diagonal element, which the decomposition leaves
_SMALL = 24  # rows, of which eigenvectors take less time than the steps here
_MOST = 0.6  # of the rows: with more columns than this the eigenvectors are faster
_TINY = 1e-300  # beside λ_m + λ_n, so that 0/0 is 0


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


def factor(rho: Any) -> Any:
    """Returns L with ρ = L L† to rounding, shape (d, K), K as small as rounding lets it be.

    Args:
        rho: positive, shape (d, d); a Hermitian matrix of which the lower half is read.

    >>> factor(np.full((3, 3), 0.5)).shape
    (3, 1)
    """
    from scipy.linalg.lapack import dpstrf, zpstrf

    decompose = zpstrf if np.iscomplexobj(rho) else dpstrf
    left = _LEFT * float(rho.diagonal().real.max())
    lower, pivots, rank, _ = decompose(rho, tol=left, lower=1)
    columns = np.zeros((len(rho), rank), dtype=rho.dtype)
    columns[pivots - 1] = np.tril(lower[:, :rank])
    return columns
