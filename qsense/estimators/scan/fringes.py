"""A fringe at any angles and with any shots at each: the fit that describes it best, and a test of that fit.

The signs ±1 read at angle α have the mean o + x cos α + y sin α. The offset o (readout that is unlike for up and down)
is fitted with the rest, so that it does not move the contrast, wherever the angles lie.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qsense.errors import ArgumentError
from qsense.estimators.scan.contrast import solver, system
from qsense.estimators.scan.fit_test import NOTHING, LeftOver, left_over, together
from qsense.numerics.fisher import FloatArray

LEAST_ANGLES = 4
_LEAST_SPREAD = 0.05  # of the system's smallest singular value, beside that of even angles
_ROUNDS = 3  # of weights that follow the fit


@dataclass(frozen=True)
class FringeFit:
    """The fringe o + x cos α + y sin α that describes means at several angles best.

    Attributes:
        contrast, contrast_stderr: √(x² + y²), not freed of its noise, and its standard error.
        phase, phase_stderr: of its top, atan2(y, x), in rad.
        offset: o.
        left: what is left over; nothing where too few rows have hits.
    """

    contrast: float
    contrast_stderr: float
    phase: float
    phase_stderr: float
    offset: float
    left: LeftOver

    @property
    def p_value(self) -> float | None:
        """How likely means are to lie as far from a fringe by chance; None where nothing is left over."""
        return self.left.p_value


def check_angles(angles: Sequence[float]) -> tuple[float, ...]:
    """Returns the angles of a fringe, in rad.

    Raises:
        ArgumentError: they do not fix its two quadratures and its offset.

    >>> check_angles([0.0, 1.0, 2.0])
    Traceback (most recent call last):
    qsense.errors.ArgumentError: A scan must have at least 4 angles, but has 3.
    """
    found = tuple(map(float, angles))
    if len(found) < LEAST_ANGLES:
        raise ArgumentError(f"A scan must have at least {LEAST_ANGLES} angles, but has {len(found)}.")
    smallest = np.linalg.svd(system(np.array(found)), compute_uv=False)[-1] / np.sqrt(len(found) / 2)
    if smallest < _LEAST_SPREAD:
        raise ArgumentError(
            "The angles of a scan must fix both quadratures of its fringe and its offset, but lie too close to each "
            "other, a whole fringe apart, or on one line: spread them over a fringe."
        )
    return found


def fit_fringe(means: FloatArray, shots: FloatArray, angles: Sequence[float]) -> FringeFit:
    """Returns the fringe that describes the means at several angles.

    Args:
        means: of the signs ±1 at each angle, shape (angles,).
        shots: that each mean is over, shape (angles,); each at least 2.
        angles: α, in rad.

    >>> angles = [0.0, 1.5, 3.0, 4.5]
    >>> fit_fringe(0.1 + 0.5 * np.cos(np.array(angles) - 0.3), np.full(4, 1e6), angles).phase.__round__(6)
    0.3
    """
    matrix = system(np.asarray(angles, dtype=np.float64))
    weights = shots.astype(np.float64)
    for _ in range(_ROUNDS):
        solve = solver(matrix, weights)
        found = solve @ means
        fitted = np.clip(matrix @ found, -1, 1)
        rare = 0.5 / (shots + 1)
        variances = np.maximum(1 - fitted**2, 4 * rare * (1 - rare)) / shots
        weights = 1 / variances
    x, y, offset = (float(one) for one in found)
    covariance = (solve * variances) @ solve.T
    contrast = float(np.hypot(x, y))
    along = np.array([x, y, 0.0]) / contrast if contrast else np.array([1.0, 0.0, 0.0])
    across = np.array([-along[1], along[0], 0.0])
    return FringeFit(
        contrast,
        float(np.sqrt(along @ covariance @ along)),
        float(np.arctan2(y, x)),
        float(min(np.sqrt(across @ covariance @ across) / contrast, np.pi)) if contrast else float(np.pi),
        offset,
        _left(matrix, means, np.asarray(shots, dtype=np.float64)),
    )


def _left(matrix: FloatArray, means: FloatArray, shots: FloatArray) -> LeftOver:
    """What is left over beside the fit whose weights are the shots."""
    if len(means) <= matrix.shape[1]:
        return NOTHING
    fit = matrix @ solver(matrix, shots)
    own = (1 - means**2) * shots / (shots - 1)
    fitted = 1 - (fit @ means) ** 2 + fit**2 @ (own / shots)  # a fitted mean has noise, which its square is freed of
    return left_over(matrix, means, own, np.clip(fitted, 0, 1), shots, 2.0)


def fits_p_value(fits: Sequence[FringeFit]) -> float | None:
    """Returns how likely independent fringes are to lie as far from their fits; None where nothing tests it."""
    return together([one.left for one in fits]).p_value
