"""Fisher information, quantum and classical, of matrices and of probabilities.

Everything here takes arrays and knows nothing of probes, noise or circuits. Derivatives are taken with respect to
one parameter; with respect to θ = φt the quantum Fisher information is the metrological gain G = Q/t².
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsense.numerics.arrays import CPU, Arrays

FloatArray = NDArray[np.float64]
ComplexArray = NDArray[np.complex128]

# Eigenvalues whose sum is below this fraction of the trace are taken as the kernel of ρ, where ρ' of a smooth family
# vanishes: rounding puts eigenvalues of ~1e-16 there, and 1e-16²/1e-16 must not count.
KERNEL = 1e-14
_TINY = 1e-300  # beside λ_m + λ_n, so that 0/0 is 0
_ROWS = 512  # of a large matrix that are taken together: enough for a fast product
_FEW, _NUMBERS = 16, 2**14  # rows of small ones; numbers that are held without asking the system for memory


def qfi(rho: ComplexArray, derivative: ComplexArray) -> FloatArray:
    """Returns the quantum Fisher information of ρ about the parameter of its derivative.

    Q = 2 Σ_mn |<m|ρ'|n>|² / (λ_m + λ_n), over pairs with λ_m + λ_n > 0.

    Args:
        rho: density matrices, shape (..., d, d).
        derivative: ∂ρ, Hermitian, same shape.

    Returns:
        Q, shape (...), in the inverse square of the parameter's unit.

    Source: Braunstein & Caves, Phys. Rev. Lett. 72, 3439 (1994); arXiv:2512.21661v1, Eq. 8.

    >>> plus = np.full((2, 2), 0.5 + 0j)
    >>> z = np.diag([1.0, -1.0])
    >>> float(np.round(qfi(plus, -0.5j * (z @ plus - plus @ z)), 12))
    1.0
    """
    values, vectors = np.linalg.eigh(rho)
    moved = np.swapaxes(vectors.conj(), -1, -2) @ derivative @ vectors
    sums = values[..., :, None] + values[..., None, :]
    trace = np.maximum(values.sum(-1), 0)[..., None, None]
    inside = sums > KERNEL * trace
    terms = np.where(inside, np.abs(moved) ** 2 / np.where(inside, sums, 1), 0)
    return np.asarray(2 * terms.sum((-1, -2)), dtype=np.float64)


def symmetric_logarithmic_derivative(rho: ComplexArray, derivative: ComplexArray) -> ComplexArray:
    """Returns the SLD X, the Hermitian solution of ∂ρ = (ρX + Xρ)/2.

    Args:
        rho: positive density matrices, shape (..., d, d). On their kernel X is set to 0.
        derivative: ∂ρ, Hermitian, same shape.

    Returns:
        X, shape (..., d, d); Q = Tr ρX² = Tr ∂ρ X.

    Source: Paris, Int. J. Quantum Inf. 7, 125 (2009), Eq. 12.

    >>> rho = np.diag([0.75, 0.25]).astype(complex)
    >>> x = np.array([[0, 1], [1, 0]], dtype=complex)
    >>> bool(np.allclose(symmetric_logarithmic_derivative(rho, x), 2 * x))
    True
    """
    values, vectors = np.linalg.eigh(rho)
    adjoint = np.swapaxes(vectors.conj(), -1, -2)
    moved = adjoint @ derivative @ vectors
    sums = values[..., :, None] + values[..., None, :]
    inside = sums > KERNEL * np.maximum(values.sum(-1), 0)[..., None, None]
    solved = np.where(inside, 2 * moved / np.where(inside, sums, 1), 0)
    return np.asarray(vectors @ solved @ adjoint, dtype=np.complex128)


def cfi(probabilities: FloatArray, derivatives: FloatArray) -> FloatArray:
    """Returns the classical Fisher information of a distribution, F = Σ_o p'_o² / p_o.

    Args:
        probabilities: shape (..., outcomes), non-negative.
        derivatives: p', same shape. An outcome with p = 0 and p' = 0 adds nothing.

    Returns:
        F, shape (...). Where p = 0 but p' is not, F is infinite.

    Source: Fisher (1925); Braunstein & Caves (1994), Eq. 4.

    >>> float(cfi(np.array([0.5, 0.5]), np.array([0.5, -0.5])))
    1.0
    """
    safe = np.where(probabilities > 0, probabilities, 1)
    with np.errstate(divide="ignore"):
        terms = np.where(probabilities > 0, derivatives**2 / safe, np.where(derivatives == 0, 0.0, np.inf))
    return np.asarray(terms.sum(-1), dtype=np.float64)


def qfi_of_rotation(rho: Any, generator: FloatArray, arrays: Arrays = CPU) -> FloatArray:
    """Returns the quantum Fisher information about the angle of a rotation that leaves the noise alone.

    For ∂ρ = −i[J, ρ] with J diagonal, Q = 2 Σ_mn (λ_m − λ_n)² / (λ_m + λ_n) |<m|J|n>|². No term exceeds its
    larger eigenvalue times |J|², so the kernel of ρ needs no threshold.

    Args:
        rho: density matrices, shape (..., d, d).
        generator: the diagonal of J, shape (d,).
        arrays: where `rho` is.

    Returns:
        Q, shape (...), per rad².

    Source: arXiv:2512.21661v1, Eq. 9.

    >>> float(np.round(qfi_of_rotation(np.full((2, 2), 0.5 + 0j), np.array([0.5, -0.5])), 12))
    1.0
    """
    xp, shape, size = arrays.xp, rho.shape[:-2], len(generator)
    values, vectors = arrays.eigh(xp.reshape(rho, (-1, size, size)))
    values, diagonal = xp.maximum(values, xp.zeros_like(values)), xp.asarray(generator)
    count, step = values.shape[0], max(1, arrays.together // size**2)
    found = [np.zeros(0)]
    for first in range(0, count, step):
        last = min(first + step, count)
        part = rotation_form(values[first:last, :], vectors[first:last, :, :], diagonal, arrays)
        found.append(arrays.host(part))
    return np.reshape(np.concatenate(found), shape)


def rotation_form(values: Any, vectors: Any, generator: Any, arrays: Arrays = CPU) -> Any:
    """Returns what `qfi_of_rotation` does, from eigenvalues that are not negative and their vectors.

    2 Σ (λ_m − λ_n)² / (λ_m + λ_n) |J_mn|², rows m in parts, and of n those that are not before them.

    Args:
        values: shape (b, d).
        vectors: shape (b, d, d).
        generator: the diagonal of J, shape (d,).
        arrays: where all these are.

    Returns:
        shape (b,).
    """
    xp, size = arrays.xp, values.shape[-1]
    moved, total = generator[:, None] * vectors, xp.zeros(values.shape[0])
    rows = max(_ROWS, arrays.together // size)
    if size**2 <= arrays.together:
        rows = max(_FEW, _NUMBERS // (len(values) * size)) if arrays is CPU else size
    for first in range(0, size, rows):
        last = min(first + rows, size)
        adjoint = xp.matrix_transpose(vectors[:, :, first:last])
        if xp.isdtype(vectors.dtype, "complex floating"):
            elements = xp.matmul(xp.conj(adjoint), moved[:, :, first:])
            square, imaginary = xp.real(elements) ** 2, xp.imag(elements)
            square += imaginary * imaginary
        else:
            square = xp.matmul(adjoint, moved[:, :, first:])
            square *= square
        one, other = values[:, first:last, None], values[:, None, first:]
        weights = one - other
        weights *= weights
        weights /= one + (other + _TINY)
        weights *= square
        total += 4 * _sum(weights, xp) - 2 * _sum(weights[:, :, : last - first], xp)
    return total


def _sum(numbers: Any, xp: Any) -> Any:
    """Of each matrix; by rows first, as a GPU adds up each sum in one place."""
    return xp.sum(xp.sum(numbers, axis=2), axis=1)


def sub_qfi(derivative: ComplexArray) -> FloatArray:
    """Returns a lower bound on the quantum Fisher information that needs no eigenvalues, 2 Tr (∂ρ)².

    It holds for a family of constant purity (a rotation), equals Q for pure states, and falls too fast for mixed ones:
    a product state's integral is (1 − 2^{−N})/(2γ) instead of N/(4γ).

    Args:
        derivative: ∂ρ, Hermitian, shape (..., d, d).

    Source: super-fidelity instead of fidelity, Cerezo et al., Quantum Sci. Technol. 6, 035008 (2021), in the limit
    derived in tests/theory/test_bounds.py.

    >>> plus = np.full((2, 2), 0.5)
    >>> z = np.diag([0.5, -0.5])
    >>> float(sub_qfi(-1j * (z @ plus - plus @ z)))
    1.0
    """
    return np.asarray(2 * (np.abs(derivative) ** 2).sum((-1, -2)))
