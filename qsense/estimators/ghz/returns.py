"""G of the method `multiple_quantum`: a ratio of what the probabilities of return are linear in."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qsense.estimators.fringe import Squared
from qsense.numerics.fisher import FloatArray


def return_system(beta: FloatArray) -> FloatArray:
    """Returns the probability of return (P + x cos β + y sin β)/2 as a matrix for (P, x, y), shape (angles, 3)."""
    return 0.5 * np.stack([np.ones_like(beta), np.cos(beta), np.sin(beta)], axis=-1)


def gain_of_returns(returned: FloatArray, shots: FloatArray, beta: FloatArray, square: float) -> Squared:
    """Returns G = N² (x² + y²)/P, all three linear in the probabilities of return, less half its curvature's noise.

    Args:
        returned: shares that returned, shape (..., angles).
        shots: that they are over, same shape.
        beta: fringe angles in rad, shape (angles,).
        square: N².
    """
    system = return_system(beta)
    solve: FloatArray = np.linalg.pinv(system).astype(np.float64)
    population, *quadrature = np.moveaxis(returned @ solve.T, -1, 0)
    population = np.where(population > 0, population, 2 / shots.sum(-1))  # nothing returned: at most one shot would
    visibility = np.stack(quadrature, axis=-1)
    length = np.sqrt((visibility**2).sum(-1))
    plug_in = square * length**2 / population
    noise = _covariance(solve, returned, shots - 1)
    value = plug_in - square * _half_curvature(visibility, population, noise)

    unit = np.where(length[..., None] > 0, visibility / np.where(length > 0, length, 1)[..., None], [1.0, 0.0])
    top = np.minimum(population, 1)
    variances = []
    for share in (0.0, 0.5, 1.0):  # of the largest squared visibility, P²
        along = np.sqrt(share) * top[..., None] * unit
        assumed = np.clip(np.concatenate([top[..., None], along], axis=-1) @ system.T, 0, 1)
        variances.append(square**2 * _ratio_variance(along, top, _covariance(solve, assumed, shots)))
    spread = _parabola(variances, square * top)
    # By chance V > P, beyond the end of the parabola, where it falls below 0: a line takes its place.
    line = np.stack([variances[0], np.maximum(variances[2] - variances[0], 0) / (square * top), 0 * top], axis=-1)
    spread = np.where((value > square * top)[..., None], line, spread)
    return Squared(np.asarray(value), spread, np.asarray(plug_in))


def _covariance(solve: FloatArray, returned: FloatArray, shots: FloatArray) -> FloatArray:
    """Of (P, x, y), shape (..., 3, 3)."""
    return np.asarray(np.einsum("ak,...k,bk->...ab", solve, returned * (1 - returned) / shots, solve))


def _hessian(visibility: FloatArray, population: FloatArray) -> FloatArray:
    """Second derivatives of (x² + y²)/P in (P, x, y), shape (..., 3, 3)."""
    out = np.zeros((*population.shape, 3, 3))
    out[..., 0, 0] = 2 * (visibility**2).sum(-1) / population**3
    out[..., 0, 1:] = out[..., 1:, 0] = -2 * visibility / population[..., None] ** 2
    out[..., 1, 1] = out[..., 2, 2] = 2 / population
    return out


def _half_curvature(visibility: FloatArray, population: FloatArray, noise: FloatArray) -> FloatArray:
    return np.asarray(0.5 * np.einsum("...ab,...ba->...", _hessian(visibility, population), noise))


def _ratio_variance(visibility: FloatArray, population: FloatArray, noise: FloatArray) -> FloatArray:
    """Linear part and the part that remains where there is no signal."""
    slope = np.concatenate(
        [-((visibility**2).sum(-1) / population**2)[..., None], 2 * visibility / population[..., None]], axis=-1
    )
    curved = _hessian(visibility, population) @ noise
    linear = np.einsum("...a,...ab,...b->...", slope, noise, slope)
    return np.asarray(linear + 0.5 * np.einsum("...ab,...ba->...", curved, curved))


def _parabola(values: Sequence[FloatArray], width: FloatArray) -> FloatArray:
    """Coefficients of the parabola through values at 0, width/2 and width, shape (..., 3)."""
    start, middle, end = values
    curvature = 2 * (start - 2 * middle + end) / width**2
    return np.stack([start, (end - start) / width - curvature * width, curvature], axis=-1)
