"""The squared contrast of a fringe read at any angles with any shots, free of noise bias, and how that scatters.

The signs ±1 read at angle α have the mean o + x cos α + y sin α; x, y and the offset o (readout that is unlike for up
and down) are linear in the means, whatever the angles, so that A = x² + y² less the noise of each mean is unbiased.

The variance of A needs the direction of (x, y) and o as they are, of which only noisy values are known. Beside a weak
fringe read at uneven angles the direction scatters towards the noisiest one, which would make the law too large: half
of the noise is taken out of the matrix of the direction, which leaves it true to a few percent
(docs/benchmarks/accuracy.md).
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qsense.estimators.fringe import Squared
from qsense.numerics.fisher import FloatArray

_KEPT = 0.5  # of the noise is taken out of the direction, where the fringe is seen at all
_SEEN = 4.0  # A in units of its noise
_TINY = 1e-300


def system(angles: FloatArray) -> FloatArray:
    """Returns the matrix that maps (x, y, o) to the means, shape (angles, 3)."""
    return np.stack([np.cos(angles), np.sin(angles), np.ones(len(angles))], axis=1)


def solver(matrix: FloatArray, weights: FloatArray) -> FloatArray:
    """Returns the matrices that map means to the parameters of the least weighted squares.

    Args:
        matrix: of `system`, shape (angles, parameters).
        weights: of each mean, shape (..., angles).

    Returns:
        Shape (..., parameters, angles).
    """
    root = np.sqrt(weights / weights.mean(-1, keepdims=True))
    return np.asarray(np.linalg.pinv(matrix * root[..., None]) * root[..., None, :])


def squared_contrast(means: FloatArray, shots: FloatArray, angles: Sequence[float]) -> Squared:
    """Returns x² + y², exactly unbiased, at any angles and shots.

    Args:
        means: of the signs ±1 at each angle, shape (..., angles).
        shots: that each mean is over, shape (angles,) or as the means; each at least 2.
        angles: α, in rad.

    Source: moments of binomial means, as `squared_visibility`, with the offset; rows are weighted by their shots.

    >>> angles = [0.0, 1.5, 3.0, 4.5]
    >>> found = squared_contrast(0.1 + 0.5 * np.cos(np.array(angles) - 0.3), np.full(4, 1e6), angles)
    >>> round(float(found.value), 4)
    0.25
    """
    matrix, number = system(np.asarray(angles, dtype=np.float64)), np.asarray(shots, dtype=np.float64)
    every = solver(matrix, number)
    solve, offsets = every[..., :2, :], every[..., 2, :]
    form = np.swapaxes(solve, -1, -2) @ solve
    own = np.diagonal(form, axis1=-2, axis2=-1)
    noise = (1 - means**2) / np.maximum(number - 1, 1)
    quadratures = np.einsum("...ik,...k->...i", solve, means)
    offset = (offsets * means).sum(-1)
    plug_in = (quadratures**2).sum(-1)
    value = plug_in - (own * noise).sum(-1)

    # The mean at A is o + √A d, so its variance (level − bend A)/shots; √A is taken as A/√A of the measured A.
    covariance = np.einsum("...ik,...k,...jk->...ij", solve, noise, solve)
    direction, scatter = _direction(quadratures, covariance)
    level = 1 - np.clip(offset**2 - (offsets**2 * noise).sum(-1), 0, 1)[..., None]
    fitted = quadratures @ matrix[:, :2].T
    crossed = 2 * offset[..., None] * fitted / np.maximum(plug_in + scatter, _TINY)[..., None]
    squares = np.maximum(np.einsum("ki,...ij,kj->...k", matrix[:, :2], direction, matrix[:, :2]), 0)
    bend = np.minimum(squares + crossed, level / np.clip(plug_in, 1e-12, 1)[..., None])
    turned = form @ matrix[:, :2]
    linear = 4 * np.maximum(np.einsum("...ki,...ij,...kj->...k", turned, direction, turned), 0) / number
    pairs = 2 * form**2 / (number[..., :, None] * number[..., None, :])
    same = np.eye(len(matrix), dtype=bool)
    pairs = pairs * np.where(same, (number / np.maximum(number - 1, 1))[..., None], 1)
    both = np.einsum("...kl,...l->...k", pairs, bend)
    spread = [
        level[..., 0] ** 2 * pairs.sum((-1, -2)),
        level[..., 0] * (linear.sum(-1) - 2 * both.sum(-1)),
        -(linear * bend).sum(-1) + (bend * both).sum(-1),
    ]
    return Squared(np.asarray(value), np.stack(spread, axis=-1), np.asarray(plug_in))


def _direction(quadratures: FloatArray, covariance: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The matrix of (x, y)/√A with itself, with half of its noise taken out; and the noise of A, shape (...)."""
    scatter = np.trace(covariance, axis1=-2, axis2=-1)
    plug_in = (quadratures**2).sum(-1)
    share = _KEPT * np.minimum(1, plug_in / np.maximum(_SEEN * scatter, _TINY))
    outer = quadratures[..., :, None] * quadratures[..., None, :] - share[..., None, None] * covariance
    size = np.trace(outer, axis1=-2, axis2=-1)[..., None, None]
    plain = np.broadcast_to(np.eye(2) / 2, outer.shape)  # without any fringe no direction is known
    return np.where(size > 0, outer / np.where(size > 0, size, 1), plain), scatter
