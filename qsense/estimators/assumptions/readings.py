"""Means of a number that each shot gives, row by row: what the tests of drift and of the phase compare."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from qsense.circuits.counts import Counts
from qsense.estimators import tally
from qsense.numerics.fisher import FloatArray


class Readings(NamedTuple):
    """A number that each shot gives.

    Attributes:
        means: of each row, shape (rows,).
        variances: of one shot, unbiased, shape (rows,); never 0, see `read`.
        shots: of each row, shape (rows,).
    """

    means: FloatArray
    variances: FloatArray
    shots: FloatArray


def read(counts: Counts, values: ArrayLike, step: float = 1.0) -> Readings:
    """Returns the rows' means of a number that each shot gives.

    Args:
        counts: at least two shots a row.
        values: of every entry, shape (entries,).
        step: the least difference of two values. Where all shots agree, half a shot in S + 1 is taken to differ by it.

    >>> read(Counts.from_histograms(1, [{0: 3, 1: 1}]), [1.0, -1.0], 2.0).means.tolist()
    [0.5]
    """
    rows, value = tally.rows_of(counts), np.asarray(values, dtype=np.float64)
    shots = counts.row_shots().astype(np.float64)
    means = np.bincount(rows, counts.numbers * value, counts.num_rows) / shots
    squares = np.bincount(rows, counts.numbers * (value - means[rows]) ** 2, counts.num_rows)
    rare = step**2 * 0.5 / (shots + 1)
    return Readings(means, np.maximum(squares / (shots - 1), rare), shots)
