"""What is left over of means beside a fit that is linear in them, and how likely so much is by chance, at any hits.

A row near ±1 has a hit now and then. Weighted by its variance, one hit is a large part of χ², whose law such rows do
not have; summed over spins and times, perfect data would be refused. Here rows are weighted by their shots alone. With
the matrix Q that takes every fit to 0,

    T = mᵀQm − Σ Q_kk s_k²/S_k

has the mean 0 exactly, whatever the means and the hits, as the variance of each mean s_k²/S_k is unbiased. Its
variance is 2 tr (QV)² + Σ 2 Q_kk² V_k²/(S_k − 1) with the variances V of the means, exactly; its third cumulant is
taken as that of normal means, 8 tr (QV)³. T is as likely as the χ² of the same three moments. False alarms:
docs/benchmarks/accuracy.md.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from qsense.estimators.chance import p_value
from qsense.numerics.fisher import FloatArray

_HITS = 2.0  # that all rows together must be expected to have, and to lack: one hit leaves nothing to compare


class LeftOver(NamedTuple):
    """What is left over, or a sum of it.

    Attributes:
        excess: T, of mean 0.
        variance, third: its cumulants; 0 where nothing is tested.
    """

    excess: float
    variance: float
    third: float

    @property
    def degrees(self) -> float:
        """Of freedom, of the χ² of the same shape; 0 where nothing is tested."""
        return 8 * self.variance**3 / self.third**2 if self.third > 0 else 0.0

    @property
    def chi_square(self) -> float:
        """The χ² that is as far from its mean, the degrees, in its standard deviations; not below 0."""
        if not self.degrees:
            return 0.0
        return float(max(self.degrees + self.excess * np.sqrt(2 * self.degrees / self.variance), 0.0))

    @property
    def p_value(self) -> float | None:
        """How likely it is that so much is left over by chance; None where nothing is tested."""
        return p_value(self.chi_square, self.degrees) if self.degrees else None


NOTHING = LeftOver(0.0, 0.0, 0.0)


def left_over(
    matrix: FloatArray, means: FloatArray, own: FloatArray, fitted: FloatArray, shots: FloatArray, step: float
) -> LeftOver:
    """Returns what is left over of independent means beside the best linear combination of columns.

    Args:
        matrix: the columns, shape (rows, columns).
        means: shape (rows,).
        own: the variance of one shot of each row by its own shots, unbiased, shape (rows,).
        fitted: the same by all rows together, shape (rows,).
        shots: of each row, at least 2, shape (rows,).
        step: the least difference of two shots.

    >>> angles = np.array([0.0, 1.5, 3.0, 4.5, 5.5])
    >>> matrix = np.stack([np.cos(angles), np.sin(angles), np.ones(5)], axis=1)
    >>> ones = np.ones(5)
    >>> found = left_over(matrix, np.array([0.0, 0.0, 0.3, 0.0, 0.0]), ones, ones, 100 * ones, 2.0)
    >>> round(found.degrees, 1), round(found.p_value, 3)
    (2.0, 0.262)
    """
    if float(shots @ np.maximum(fitted, 0)) < _HITS * step**2:
        return NOTHING
    weighted = matrix.T * shots
    form = np.diag(shots) - weighted.T @ np.linalg.solve(weighted @ matrix, weighted)
    diagonal, variances = np.diag(form), np.maximum(fitted, 0) / shots
    excess = float(means @ form @ means - diagonal @ (own / shots))
    product = form * variances
    square = product @ product
    variance = 2 * float(np.trace(square) + (diagonal**2 * variances**2 / (shots - 1)).sum())
    return LeftOver(excess, variance, 8 * float((square * product.T).sum()))


def together(parts: Sequence[LeftOver]) -> LeftOver:
    """Returns what is left over of independent fits together."""
    return LeftOver(*(float(sum(each)) for each in zip(*parts, strict=True))) if parts else NOTHING
