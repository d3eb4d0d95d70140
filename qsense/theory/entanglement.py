"""Entanglement of two spins: concurrence and entanglement of formation by Wootters' formula."""

from __future__ import annotations

import numpy as np

from qsense.errors import ArgumentError
from qsense.numerics.fisher import ComplexArray, FloatArray

_FLIP = np.fliplr(np.diag([-1.0, 1.0, 1.0, -1.0]))  # σ_y ⊗ σ_y


def concurrence(rho: ComplexArray) -> FloatArray:
    """Returns Wootters' concurrence of two-spin states, C = max(0, λ_1 − λ_2 − λ_3 − λ_4), shape (...).

    The λ are the singular values of √ρᵀ (σ_y ⊗ σ_y) √ρ, falling.

    Args:
        rho: density matrices, shape (..., 4, 4).

    Raises:
        ArgumentError: the shape is another.

    Source: Wootters, Phys. Rev. Lett. 80, 2245 (1998).

    >>> bell = np.zeros((4, 4)); bell[::3, ::3] = 0.5
    >>> float(concurrence(bell).round(12))
    1.0
    """
    matrices = np.asarray(rho)
    if matrices.shape[-2:] != (4, 4):
        raise ArgumentError(f"Concurrence is of two spins, matrices of shape (..., 4, 4), but has {matrices.shape}.")
    values, vectors = np.linalg.eigh(matrices)
    root = vectors * np.sqrt(np.maximum(values, 0))[..., None, :]
    singular = np.linalg.svd(np.swapaxes(root, -1, -2) @ _FLIP @ root, compute_uv=False)
    return np.asarray(np.maximum(2 * singular[..., 0] - singular.sum(-1), 0))


def entanglement_of_formation(rho: ComplexArray) -> FloatArray:
    """Returns the entanglement of formation of two-spin states in bits, between 0 and 1, shape (...).

    E = h((1 + √(1 − C²))/2), h the binary entropy, C the concurrence.

    Args:
        rho: density matrices, shape (..., 4, 4).

    Raises:
        ArgumentError: the shape is another.

    Source: Wootters, Phys. Rev. Lett. 80, 2245 (1998); arXiv:2512.21661v1 below Eq. 14.

    >>> float(entanglement_of_formation(np.eye(4) / 4))
    0.0
    """
    squared = concurrence(rho) ** 2
    larger = (1 + np.sqrt(np.maximum(1 - squared, 0))) / 2
    smaller = squared / (4 * larger)  # 1 − larger, without cancellation
    return np.asarray(0.0 - _x_log_x(larger) - _x_log_x(smaller))


def _x_log_x(x: FloatArray) -> FloatArray:
    return np.asarray(x * np.log2(np.where(x > 0, x, 1)))
