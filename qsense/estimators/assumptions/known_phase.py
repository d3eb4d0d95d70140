"""Is the phase where it is expected? A mean that is zero there, at all times together."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qsense.estimators.chance import as_chi_square, p_value
from qsense.numerics.fisher import FloatArray


def phase_p_value(means: Sequence[float] | FloatArray, variances: Sequence[float] | FloatArray,
                  shots: Sequence[float] | FloatArray) -> float:  # fmt: skip
    """Returns how likely means so far from zero are, if all are zero.

    Args:
        means: one for each time, over that time's shots.
        variances: of one shot, unbiased and above 0.
        shots: that each mean is over, at least 2.

    Source: Student's t at each time, each turned into the χ² of the same chance; they add up.

    >>> round(phase_p_value([0.3, 0.0], [1.0, 1.0], [100, 100]), 4)
    0.0138
    """
    n = np.asarray(shots, dtype=np.float64)
    t = np.asarray(means) / np.sqrt(np.asarray(variances) / n)
    squares = [as_chi_square(float(one), float(size - 1)) for one, size in zip(t, n, strict=True)]
    return p_value(float(np.sum(squares)), len(n))
