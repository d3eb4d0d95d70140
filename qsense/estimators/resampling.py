"""Error bars by resampling shots, for numbers whose variance has no formula: ratios, crossovers, fitted laws.

All replicates are drawn and evaluated at once. A statistic must be a function of arrays with any leading axes, as
`ghz.gains` and `product.gains` are.

What a bootstrap gets wrong: close to G = 0 the noise of the data and of the replicates add up, so that error bars are
up to √3 too wide, and intervals read off the replicates cover 81 to 87 %. The intervals are therefore those of tests
(`tilting`), which cover there too, as `Estimate.interval` of the analytic estimators does.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from qsense.circuits.counts import Counts, IntArray
from qsense.errors import ArgumentError
from qsense.estimators import tally
from qsense.estimators.tilting import interval
from qsense.numerics.fisher import FloatArray

REPLICATES = 1000


@dataclass(frozen=True)
class Bootstrap:
    """One or several numbers from the same counts, with their joint error.

    Attributes:
        value: the statistic of the counts, shape (numbers,).
        stderr: shape (numbers,).
        covariance: of the numbers, shape (numbers, numbers): also between times, where they share shots.
        intervals: 95 %, shape (numbers, 2); cut at the limits, and the limit itself where nothing is left between them.
        replicates: the statistic of every resample, shape (replicates, numbers).
    """

    value: FloatArray
    stderr: FloatArray
    covariance: FloatArray
    intervals: FloatArray
    replicates: FloatArray


def resample(shares: IntArray, replicates: int, rng: np.random.Generator) -> IntArray:
    """Returns resampled tallies, shape (replicates, ..., classes): each row's shots drawn again from its frequencies.

    Args:
        shares: tallies, shape (..., classes).
        replicates: how many.
        rng: the source of the draws.

    >>> resample(np.array([[3, 1], [0, 4]]), 5, np.random.default_rng(0)).sum(-1).tolist()[0]
    [4, 4]
    """
    total = shares.sum(-1)
    return rng.multinomial(total, shares / np.maximum(total, 1)[..., None], size=(replicates, *total.shape))


def entry_weights(counts: Counts, replicates: int, rng: np.random.Generator) -> IntArray:
    """Returns how often each entry is drawn in each resample, shape (replicates, entries).

    Whole shots are resampled, so that correlations between spins are kept: `weights @ tally.bits(counts)` sums them by
    spin.

    Args:
        counts: the shots.
        replicates: how many.
        rng: the source of the draws.
    """
    weights = np.empty((replicates, len(counts.numbers)), dtype=np.int64)
    rows = tally.rows_of(counts)
    for row in range(counts.num_rows):
        mine = rows == row
        numbers = counts.numbers[mine]
        weights[:, mine] = rng.multinomial(int(numbers.sum()), numbers / max(int(numbers.sum()), 1), size=replicates)
    return weights


def bootstrap(
    statistic: Callable[[IntArray], FloatArray],
    shares: IntArray,
    rng: np.random.Generator,
    limits: tuple[float, float] = (-np.inf, np.inf),
    replicates: int = REPLICATES,
) -> Bootstrap:
    """Returns a statistic of the counts with its error by resampling.

    The interval is that of tests along the statistic's least favourable family (`tilting.interval`).

    Args:
        statistic: of tallies with any leading axes and any number of shots, (..., rows, classes) → (...) or
            (..., numbers).
        shares: tallies, shape (rows, classes) or with more axes that the statistic knows.
        rng: the source of the draws.
        limits: the physical range of the numbers.
        replicates: how many; 1000 fix a quantile of 2.5 % to 0.5 %.

    Raises:
        ArgumentError: fewer than 100 replicates, a statistic that is not vectorised or not finite, or one that is the
            same in all resamples, as where all shots of a row agree.

    >>> found = bootstrap(lambda s: s[..., 0, 0] / s.sum(-1)[..., 0], np.array([[50, 50]]), np.random.default_rng(1))
    >>> bool(0.04 < found.stderr[0] < 0.06)
    True
    """
    if replicates < 100:
        raise ArgumentError(f"Argument `replicates` must be at least 100, but is {replicates}.")
    value = np.atleast_1d(statistic(shares)).astype(np.float64)
    several = np.asarray(statistic(resample(shares, replicates, rng)), dtype=np.float64)
    if several.shape not in ((replicates,), (replicates, len(value))):
        raise ArgumentError(
            f"Argument `statistic` must map {replicates} tallies to {replicates} results, but gives {several.shape}."
        )
    several = several.reshape(replicates, -1)
    if not np.all(np.isfinite(several)):
        raise ArgumentError(
            "Argument `statistic` is not finite on every resample; use more shots or another statistic."
        )
    if np.any(np.ptp(several, axis=0) == 0):
        raise ArgumentError(
            "Argument `statistic` is the same in all resamples, which says nothing of its error; take more shots, "
            "or an estimator with an error of its own."
        )

    def numbers(tallies: IntArray) -> FloatArray:
        return np.asarray(statistic(tallies)).reshape(*tallies.shape[: tallies.ndim - shares.ndim], -1)

    found = [interval(numbers, shares, number, limits, replicates, rng) for number in range(len(value))]
    intervals = np.array(found)
    covariance = np.atleast_2d(np.cov(several, rowvar=False))
    return Bootstrap(value, np.sqrt(np.diag(covariance)), covariance, intervals, several)
