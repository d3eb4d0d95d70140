"""How far a linear function of estimates is from 0, in units of the error that it would have if it were 0.

The estimates are moved to where the function is 0, by as little as their errors allow, and each has the variance that
belongs to its new value (`Estimate.variance`): a score test. The variance at the estimates themselves goes with them,
which loses up to a tenth of the coverage where shots are few.

Source: score intervals; coverage is measured in benchmarks/verdicts.py.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from qsense.estimators.result import Estimate
from qsense.numerics.fisher import FloatArray

_MOVES = 3  # after which the variances no longer change
_LEAST = 1e-24  # of the largest variance: none is 0


class Independent(NamedTuple):
    """Independent estimates as arrays.

    Attributes:
        values, errors: shape (n,).
        spreads: the variance of each as a function of its true value, shape (n, 3).
        limits: of each, shape (2, n).
        widenings: by how much the error of each is larger, shape (n,).
    """

    values: FloatArray
    errors: FloatArray
    spreads: FloatArray
    limits: FloatArray
    widenings: FloatArray

    @classmethod
    def of(cls, estimates: Sequence[Estimate], widenings: FloatArray | None = None) -> Independent:
        """Returns estimates as arrays.

        Args:
            estimates: n of them.
            widenings: shape (n,); 1 by default.
        """
        return cls(
            np.array([e.value for e in estimates]),
            np.array([e.stderr for e in estimates]),
            np.array([e.spread or (e.stderr**2, 0.0, 0.0) for e in estimates]),
            np.array([e.limits for e in estimates]).T,
            np.ones(len(estimates)) if widenings is None else widenings,
        )

    def z(self, matrix: FloatArray, known: FloatArray | float = 0.0) -> FloatArray:
        """Returns linear functions of the estimates over their errors if they are 0, shape (functions,).

        Args:
            matrix: the functions, shape (functions, n).
            known: variances beside those of the estimates, shape (functions,).

        >>> one = Independent.of([Estimate(0.5, 0.1), Estimate(0.2, 0.0), Estimate(0.0, 0.0)])
        >>> one.z(np.array([[1.0, -1.0, 0.0]])).round(6)
        array([3.])
        """
        difference = matrix @ self.values
        wide = self.widenings**2
        variances = np.broadcast_to(self.errors**2, matrix.shape)
        for move in range(_MOVES + 1):
            variance = (matrix**2 * variances * wide).sum(1) + known
            variance = np.maximum(variance, _LEAST * max(float(variance.max()), 1e-300))
            if move == _MOVES:
                break
            moved = self.values - variances * wide * matrix * (difference / variance)[:, None]
            at = np.clip(moved, *self.limits)
            variances = np.maximum(self.spreads[:, 0] + self.spreads[:, 1] * at + self.spreads[:, 2] * at**2, 0.0)
        return np.asarray(difference / np.sqrt(variance))
