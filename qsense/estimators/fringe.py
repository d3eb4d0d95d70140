"""A fringe read at a few known angles: its squared visibility without noise bias, and how that estimate scatters.

A readout at fringe angle β gives the signs ±1 with mean s(β) = x cos β + y sin β. The squared visibility A = x² + y² is
a quadratic form sᵀMs of the measured means; each mean's own variance is subtracted from its square, which leaves no
bias. All functions take any number of leading axes, so that repetitions and bootstrap replicates go through at once.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from qsense.errors import ArgumentError
from qsense.estimators.result import Estimate
from qsense.numerics.fisher import FloatArray


class Squared(NamedTuple):
    """An unbiased estimate of a number A, and its variance as a function of the true A.

    Attributes:
        value: shape (...).
        spread: (v0, v1, v2), shape (..., 3): variance v0 + v1 A + v2 A².
        plug_in: the same with the noise left in, shape (...).
    """

    value: FloatArray
    spread: FloatArray
    plug_in: FloatArray


def inverse(angles: FloatArray) -> FloatArray:
    """Returns the matrix that maps the means at the angles to (x, y), shape (1 or 2, angles).

    If all readouts are at the top of the fringe (0 or π) the phase is trusted, and x alone is returned.

    Args:
        angles: β of each readout, shape (angles,), in rad.

    Raises:
        ArgumentError: the readouts see one direction only, and it is not the top of the fringe.

    >>> bool(np.allclose(inverse(np.array([0.0, np.pi / 2])), np.eye(2)))
    True
    """
    return _inverse(tuple(map(float, angles)))


@lru_cache(maxsize=1024)
def _inverse(angles: tuple[float, ...]) -> FloatArray:
    system = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    if np.abs(system[:, 1]).max(initial=0) < 1e-9 and len(angles):
        return np.asarray(np.linalg.pinv(system[:, :1]))
    if np.linalg.matrix_rank(system, tol=1e-3) < 2:
        raise ArgumentError(
            "Argument `angles` must hold two directions of the fringe, such as (0, π/2), or its top alone, (0,)."
        )
    return np.asarray(np.linalg.pinv(system))


def squared_visibility(
    means: FloatArray, shots: FloatArray, angles: FloatArray, solve: FloatArray | None = None
) -> Squared:
    """Returns A = x² + y², exactly unbiased, with the exact variance at a given A and the measured direction.

    Args:
        means: of the signs ±1 at each angle, shape (..., angles).
        shots: that each mean is over, same shape; at least 2 for an exact result.
        angles: β, shape (angles,), in rad.
        solve: maps the means to (x, y), shape (2, angles); that of `inverse` by default.

    Source: moments of binomial means; derived in tests/estimators/test_ghz.py.

    >>> exact = squared_visibility(np.array([0.6, 0.8]), np.array([1e9, 1e9]), np.array([0.0, np.pi / 2]))
    >>> round(float(exact.value), 6)
    1.0
    """
    solve = inverse(angles) if solve is None else solve
    form = solve.T @ solve
    own = np.diag(form)
    quadrature = means @ solve.T
    plug_in = (quadrature**2).sum(-1)
    value = plug_in - (own * (1 - means**2) / np.maximum(shots - 1, 1)).sum(-1)

    # s at A = 1 in the measured direction; the variance of each mean at A is then (1 − A d²)/shots.
    length = np.sqrt(plug_in)[..., None]
    unit = np.where(length > 0, quadrature / np.where(length > 0, length, 1), np.eye(len(solve))[0])
    system = np.stack([np.cos(angles), np.sin(angles)], axis=1)[:, : len(solve)]
    d = unit @ system.T
    linear = 4 * (d @ form) ** 2 / shots
    pairs = 2 * form**2 / (shots[..., :, None] * shots[..., None, :])
    pairs = pairs * np.where(np.eye(len(angles), dtype=bool), (shots / np.maximum(shots - 1, 1))[..., None], 1)
    square = d**2
    spread = np.stack(
        [
            pairs.sum((-1, -2)),
            linear.sum(-1) - 2 * (pairs * square[..., :, None]).sum((-1, -2)),
            -(linear * square).sum(-1) + (pairs * square[..., :, None] * square[..., None, :]).sum((-1, -2)),
        ],
        axis=-1,
    )
    return Squared(np.asarray(value), spread, np.asarray(plug_in))


def scaled(
    squared: Squared, factor: FloatArray, near: FloatArray, scatter: tuple[FloatArray | float, FloatArray | float]
) -> Squared:
    """Returns the product G = f·A with an independent factor f.

    If the true G is not the estimate, A and f each are off in proportion to their variances: a G above what A ≤ 1
    allows with this f speaks for a larger f, not for an A above 1.

    Args:
        squared: A.
        factor: an unbiased estimate of f, shape (...).
        near: f > 0 as the variance is computed with, shape (...).
        scatter: (a, b) of the variance a f + b f² of the factor, each of shape (...).
    """
    v0, v1, v2 = np.moveaxis(squared.spread, -1, 0)
    a, b = scatter
    size = np.clip(squared.value, 0, 1)
    own = np.maximum(v0 + v1 * size + v2 * size**2, 0)
    relative = np.maximum(a / near + b, 0)
    both = own + relative * size**2
    both = np.where(both > 0, both, 1)
    share = np.where(own + relative > 0, own / both, 1.0)
    # A = fixed + share · G/f, in v0 + v1 A + v2 A²; and f = share · near + slope · G, in a f + b f².
    fixed, slope, start = (1 - share) * size, relative * size / both, share * near
    spread = np.stack(
        [
            near**2 * (v0 + v1 * fixed + v2 * fixed**2) + size**2 * (a * start + b * start**2),
            near * share * (v1 + 2 * v2 * fixed) + size**2 * slope * (a + 2 * b * start),
            share**2 * v2 + size**2 * slope**2 * b,
        ],
        axis=-1,
    )
    return Squared(factor * squared.value, spread, factor * squared.plug_in)


def summed(each: Squared, axes: tuple[int, ...]) -> Squared:
    """Returns the sum of independent squares over some axes; its spread takes their shares as measured."""
    total = each.plug_in.sum(axes, keepdims=True)
    share = each.plug_in / np.where(total > 0, total, 1)
    v0, v1, v2 = np.moveaxis(each.spread, -1, 0)
    law = np.stack([term.sum(axes) for term in (v0, v1 * share, v2 * share**2)], axis=-1)
    return Squared(each.value.sum(axes), law, each.plug_in.sum(axes))


def stderr(squared: Squared, limits: tuple[float, float]) -> FloatArray:
    """Returns the standard error: the spread at the estimate, or at the limit next to it, shape (...)."""
    at = np.clip(squared.value, *limits)
    v0, v1, v2 = np.moveaxis(squared.spread, -1, 0)
    return np.asarray(np.sqrt(np.maximum(v0 + v1 * at + v2 * at**2, 0)))


def as_estimates(squared: Squared, limits: tuple[float, float]) -> tuple[Estimate, ...]:
    """Returns one estimate, with its plug-in value beside it, for each entry of the arrays.

    Args:
        squared: of shape () or (n,).
        limits: the physical range of the true value.

    >>> only = Squared(np.array(0.5), np.array([0.01, 0.0, 0.0]), np.array(0.6))
    >>> as_estimates(only, (0.0, 1.0))[0].stderr
    0.1
    """
    found = []
    values, plug_ins = np.atleast_1d(squared.value), np.atleast_1d(squared.plug_in)
    for value, plug_in, law in zip(values, plug_ins, np.atleast_2d(squared.spread), strict=True):
        one = Estimate.from_spread(float(value), (float(law[0]), float(law[1]), float(law[2])), limits)
        found.append(replace(one, others={"plug_in": Estimate(float(plug_in), one.stderr, limits=limits)}))
    return tuple(found)
