"""The quantum Fisher information of real states that are nearly diagonal, without eigenvalues.

With ∂ρ = −i[J, ρ] = −iB, J diagonal, the logarithmic derivative is −iY where (ρY + Yρ)/2 = B, and Q = Σ B_kl Y_kl. The
equation is solved by conjugate gradients with the diagonal of ρ in the place of ρ as its preconditioner: one product of
matrices a step. Where ρ lies between a and b times its diagonal, the error of Q after k steps is at most
4 ((√κ − 1)/(√κ + 1))^2k of Q, with κ = b/a.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from qsense.numerics.arrays import CPU, Arrays
from qsense.numerics.fisher import FloatArray

_WITHIN = 1e-13  # of Q
_TINY = 1e-300


def steps_needed(condition: FloatArray) -> FloatArray:
    """Returns how many steps bring Q within 1e-13 of itself, at least 1.

    Args:
        condition: κ ≥ 1, any shape; infinite where nothing is known.

    >>> steps_needed(np.array([1.0, 1.5, 4.0, np.inf]))
    array([ 1.,  7., 15., inf])
    """
    with np.errstate(divide="ignore", invalid="ignore"):
        root = np.sqrt(condition)
        ratio = np.where(np.isinf(root), 1.0, (root - 1) / (root + 1))
        return np.asarray(np.maximum(1.0, np.ceil(np.log(4 / _WITHIN) / (2 * np.abs(np.log(ratio))))))


def qfi_nearly_diagonal(
    rho: Any,
    populations: FloatArray,
    generator: FloatArray,
    steps: int,
    arrays: Arrays = CPU,
    least: FloatArray | float = 0.0,
) -> FloatArray:
    """Returns the quantum Fisher information about the angle of a rotation that leaves the noise alone.

    Args:
        rho: real density matrices, shape (b, d, d).
        populations: their diagonal, the same for all, shape (d,).
        generator: the diagonal of J, shape (d,).
        steps: of conjugate gradients, from `steps_needed`.
        arrays: where `rho` is.
        least: a, at most the smallest eigenvalue of ρ scaled to a diagonal of 1, shape (b,): fewer steps are made where
            it shows that they are enough; 0 where it is not known.

    Returns:
        Q, shape (b,), per rad².

    Source: Hestenes & Stiefel (1952) and its bound by Chebyshev polynomials, as in Saad, Iterative Methods, 6.11.

    >>> rho = np.array([[[0.5, 0.05], [0.05, 0.5]]])
    >>> qfi_nearly_diagonal(rho, np.array([0.5, 0.5]), np.array([0.5, -0.5]), 4).round(12)  # 4 |ρ_01|² / (ρ_00 + ρ_11)
    array([0.01])
    """
    xp = arrays.xp
    diagonal, weights = xp.asarray(generator), xp.asarray(populations)
    inverse = 1 / (weights[:, None] + weights[None, :] + _TINY)
    residual = 2 * (diagonal[:, None] - diagonal[None, :]) * rho
    direction = inverse * residual
    left, total = _dot(residual, direction, xp), xp.zeros(rho.shape[0])
    within = xp.asarray(2 * _WITHIN * np.broadcast_to(least, rho.shape[:1]))
    for step in range(steps):
        product = xp.matmul(rho, direction)  # direction ρ is −1 times its transpose, as direction is antisymmetric
        length = left / (2 * _dot(direction, product, xp) + _TINY)
        total += 0.5 * length * left
        if step + 1 == steps:
            break
        product *= length[:, None, None]
        residual -= product
        residual += xp.matrix_transpose(product)
        product[...] = residual  # in place: memory that is asked for anew costs as much as the arithmetic
        product *= inverse
        before, left = left, _dot(residual, product, xp)
        if xp.all(left <= within * total):  # what is missing of Q is at most left/(2a)
            break
        direction *= (left / (before + _TINY))[:, None, None]
        direction += product
    return np.asarray(arrays.host(total))


def _dot(one: Any, other: Any, xp: Any) -> Any:
    """Σ_kl of the products of two stacks of matrices, shape (b,)."""
    if not hasattr(xp, "vecdot"):  # CuPy 14
        return xp.sum(xp.sum(one * other, axis=2), axis=1)  # by rows first: a GPU adds up each sum in one place
    size = (one.shape[0], one.shape[1] * one.shape[2])
    return xp.vecdot(xp.reshape(one, size), xp.reshape(other, size))
