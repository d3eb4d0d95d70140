"""The quantum Fisher information of states whose small eigenvalues matter, such as states that are almost pure."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qsense.numerics.fisher import KERNEL, ComplexArray, FloatArray
from qsense.numerics.twofold import EPSILON, Twofold, add, adjoint, exact, matrix_product

_ROUNDING = 2.2e-16
_CUT = 1e-3  # eigenvalues below this part of the largest are computed anew by themselves
_HIDDEN = 1e-12
_LOST = 1e2  # times its rounding: an eigenvalue below this is hidden


class Information(NamedTuple):
    """Q and an estimate of its error from rounding, each of shape (states,)."""

    value: FloatArray
    error: FloatArray


def qfi_and_error(
    rho: ComplexArray, derivative: ComplexArray, angles: FloatArray, lifted: NDArray[np.bool_], units: float = 4.0
) -> Information:
    """Returns the quantum Fisher information in double precision, as `qfi`, and an estimate of its error.

    An eigenvalue that vanishes at θ = 0 is cθ² nearby and adds 4c = 2 ∂λ/θ. Where rounding hides it, that is what is
    taken, unless other noise may have lifted it.

    Args:
        rho: density matrices, shape (states, d, d).
        derivative: ∂_θρ, Hermitian, same shape.
        angles: θ of each state, shape (states,).
        lifted: whether an eigenvalue that rounding hides may have another origin than θ, shape (states,).
        units: how many units in the last place of 1 the states are off.
    """
    values, vectors = np.linalg.eigh(rho)
    moved = np.swapaxes(vectors.conj(), -1, -2) @ derivative @ vectors
    sums = values[..., :, None] + values[..., None, :]
    whole = np.maximum(values.sum(-1), 0)
    off = units * _ROUNDING * whole
    size = np.abs(moved)
    off_moved = units * _ROUNDING * size.max((-1, -2))
    theta = np.abs(np.where(angles == 0, np.inf, angles))

    # Pair by pair, as far as rounding lets.
    inside = sums > (KERNEL * whole)[:, None, None]
    safe = np.where(inside, sums, 1)
    terms = np.where(inside, size**2 / safe, 0)
    wrong, wrong_moved = off[:, None, None], off_moved[:, None, None]
    left_out = np.where(size > wrong, size**2 / wrong, 0)  # not what is rounding itself
    errors = np.where(inside, (terms * wrong + size * wrong_moved) / safe, left_out)
    slopes = np.diagonal(moved, axis1=-2, axis2=-1).real
    unseen = 2 * values <= (KERNEL * whole)[:, None]
    bound = 2 * np.where(unseen, np.abs(slopes) + off_moved[:, None], 0).sum(-1) / theta
    value, error = 2 * terms.sum((-1, -2)), 4 * errors.sum((-1, -2)) + bound

    # The small eigenvalues together, as cθ².
    small = values < (_HIDDEN * whole)[:, None]
    pairs = small[:, :, None] & small[:, None, :]
    hidden = 2 * np.where(small, slopes, 0).sum(-1) * np.sign(angles) / theta
    differs = np.abs(np.where(small, values, 0).sum(-1) - angles * np.where(small, slopes, 0).sum(-1) / 2)
    other = 2 * np.where(pairs, 0, terms).sum((-1, -2)) + hidden
    other_error = 4 * np.where(pairs, 0, errors).sum((-1, -2)) + np.abs(hidden) * np.minimum(np.abs(angles), 1)
    other_error += 2 * off_moved * small.sum(-1) / theta + np.abs(hidden) * np.minimum(_ROUNDING / theta, 1)
    other_error[lifted | (differs > 10 * off) | (angles == 0)] = np.inf
    better = other_error < error
    return Information(np.where(better, other, value), np.where(better, other_error, error))


def fine_qfi(rho: Twofold, derivative: Twofold, angles: FloatArray, offset: float) -> Information:
    """Returns the quantum Fisher information from matrices in twice the double precision.

    The eigenvectors of the large eigenvalues are found in double precision; the block of the small ones is freed of the
    large ones in twice the precision, and treated in the same way by itself, so that small eigenvalues keep their
    relative accuracy. What remains hidden is taken as cθ², which is right where other noise does not lift it.

    Args:
        rho: shape (states, d, d).
        derivative: ∂_θρ, same shape.
        angles: θ of each state, shape (states,).
        offset: how far the angle at which a hidden eigenvalue vanishes may be from 0: the rounding of the state.

    Source: a hidden eigenvalue cθ² adds 2 ∂²λ = 4c, Šafránek, Phys. Rev. A 95, 052320 (2017).
    """
    states, size = len(angles), rho.hi.shape[-1]
    value, error = np.zeros(states), np.zeros(states)
    off, off_slope = (EPSILON * size * np.abs(m.hi).max((-1, -2)) for m in (rho, derivative))
    pending = [(np.arange(states), rho, derivative)]
    while pending:
        index, matrix, slope = pending.pop()
        values, vectors = np.linalg.eigh(matrix.hi)
        hidden, hidden_error = _hidden(matrix, slope, angles[index], off_slope[index], offset)
        weight = np.maximum(np.abs(_trace(matrix)), 1e-300)
        differs = np.abs(_trace(matrix) - angles[index] * _trace(slope) / 2)
        meets = (differs <= 1e2 * off[index] + 1e-13 * weight) & (values[:, -1] < 1e-6)
        taken = values[:, -1] <= _LOST * off[index]
        taken |= meets & (hidden_error < np.abs(hidden) * off[index] / weight)
        value[index[taken]] += hidden[taken]
        error[index[taken]] += hidden_error[taken]
        count = np.sum(values < _CUT * values[:, -1:], axis=1)
        for low in np.unique(count[~taken]):
            chosen = ~taken & (count == low)
            here = index[chosen]
            own, own_error, rest = _large(
                matrix.at(chosen), slope.at(chosen), vectors[chosen], int(low), off[here], off_slope[here]
            )
            value[here] += own
            error[here] += own_error
            if low:
                pending.append((here, *rest))
    return Information(value, error)


def _large(
    matrix: Twofold, slope: Twofold, vectors: ComplexArray, low: int, off: FloatArray, off_slope: FloatArray
) -> tuple[FloatArray, FloatArray, tuple[Twofold, Twofold]]:
    """What pairs with a large eigenvalue add, its error, and the block of the `low` small ones, freed of the others."""
    basis = exact(vectors)
    overlap = add(matrix_product(adjoint(basis), basis), exact(-np.eye(vectors.shape[-1]))).hi
    rho, moved = (_turned(given, basis, overlap) for given in (matrix, slope))
    values = np.diagonal(rho.hi, axis1=-2, axis2=-1).real
    # S + K z and K − S z† are freed of each other; z is of the order of rounding.
    r, p = rho.hi, moved.hi
    gaps = np.maximum(values[:, None, low:] - values[:, :low, None], 1e-8 * values[:, None, low:])
    z = r[:, :low, low:] / gaps
    back = np.swapaxes(z.conj(), -1, -2)
    freed = []
    for array, given in ((r, rho), (p, moved)):
        mixed = z @ array[:, low:, :low]
        change = z @ array[:, low:, low:] @ back - mixed - np.swapaxes(mixed.conj(), -1, -2)
        freed.append(add(given.at((slice(None), slice(0, low), slice(0, low))), exact(change)))
    cross = p[:, low:, :low] - p[:, low:, low:] @ back + back @ p[:, :low, :low]
    pairs = np.concatenate([cross * np.sqrt(2), p[:, low:, low:]], axis=2)  # pairs with a small one come twice
    sums = values[:, low:, None] + values[:, None, :]
    terms = np.abs(pairs) ** 2 / sums
    wrong = (_ROUNDING * values[:, -1] + off)[:, None, None]
    wrong_slope = (_ROUNDING * np.abs(pairs).max((-1, -2)) + off_slope)[:, None, None]
    error = (terms * wrong + np.abs(pairs) * wrong_slope) / sums
    return 2 * terms.sum((-1, -2)), 4 * error.sum((-1, -2)), (freed[0], freed[1])


def _turned(matrix: Twofold, basis: Twofold, overlap: ComplexArray) -> Twofold:
    """The matrix in a basis that is orthonormal up to 1 + `overlap`, made orthonormal to second order."""
    turned = matrix_product(matrix_product(adjoint(basis), matrix), basis)
    one, square = overlap @ turned.hi, overlap @ overlap @ turned.hi
    change = 0.375 * square - 0.5 * one
    change = change + np.swapaxes(change.conj(), -1, -2) + 0.25 * one @ overlap
    return add(turned, exact(change))


def _hidden(
    matrix: Twofold, slope: Twofold, angles: FloatArray, off_slope: FloatArray, offset: float
) -> tuple[FloatArray, FloatArray]:
    """What a block adds whose eigenvalues are cθ² up to θ³, 4 Tr c = 2 Tr ∂ρ/θ, and its error."""
    size = np.abs(np.where(angles == 0, 1, angles))
    value = np.where(angles == 0, 0, 2 * np.abs(_trace(slope)) / size)
    error = 2 * off_slope * matrix.hi.shape[-1] / size + value * np.minimum(size + offset / size, 1)
    return value, np.where(angles == 0, 0, error)


def _trace(matrix: Twofold) -> FloatArray:
    return np.asarray(np.trace(matrix.hi, axis1=-2, axis2=-1).real + np.trace(matrix.lo, axis1=-2, axis2=-1).real)
