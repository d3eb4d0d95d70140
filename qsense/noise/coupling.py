"""Strengths of couplings between spins: one number for all pairs, or a symmetric matrix."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qsense.errors import ArgumentError
from qsense.numerics.fisher import FloatArray

Coupling = float | Sequence[Sequence[float]] | FloatArray
StoredCoupling = tuple[tuple[float, ...], ...] | float


def any_pair(coupling: StoredCoupling) -> bool:
    """Returns whether any pair of spins is coupled."""
    return coupling != 0 if isinstance(coupling, float) else bool(np.any(np.triu(coupling, 1)))


def stored(name: str, coupling: Coupling) -> StoredCoupling:
    """Returns a coupling as a number or as tuples.

    Args:
        name: what an error calls it.
        coupling: in rad/s.

    Raises:
        ArgumentError: it is not finite, or a matrix that is not symmetric.
    """
    matrix = np.asarray(coupling, dtype=np.float64)
    square = matrix.ndim == 2 and matrix.shape[0] == matrix.shape[1]
    if not np.all(np.isfinite(matrix)) or not (matrix.ndim == 0 or (square and np.array_equal(matrix, matrix.T))):
        raise ArgumentError(f"Argument `{name}` must be a finite number or a symmetric matrix of them (rad/s).")
    return float(matrix) if matrix.ndim == 0 else tuple(map(tuple, matrix.tolist()))


def energies(pairs: FloatArray) -> FloatArray:
    """Returns the energies ½ Σ_{i<j} J_ij z_i z_j of the 2^N basis states, shape (2^N,).

    Args:
        pairs: J_ij for i < j, 0 elsewhere, shape (N, N).
    """
    size = len(pairs)
    signs = 1.0 - 2 * (np.arange(2**size)[:, None] >> np.arange(size) & 1)
    return np.asarray(0.5 * np.einsum("ki,ij,kj->k", signs, pairs, signs, optimize=True))
