"""Are the spins of a product probe independent? Covariances of pairs of spins, pooled over all times of a run.

Independent spins have no covariance of their signs along any direction. A phase that spins share, ξ_j of covariance
X_jk, gives across their mean direction b_j b_k sinh X_jk and along it b_j b_k (cosh X_jk − 1): the setting across the
expected phase shows it first. Together they are b_j b_k (e^{X_jk} − 1), whatever the phase of the field.

Three tests, as noise may be shared in ways of its own; the smallest p-value counts, times three:

- the sum over all pairs and times, each row weighted with t and with the signal that it would carry: noise of one sign;
- χ² of every pair's own weighted sum over the times: noise of mixed signs, or a few coupled spins;
- χ² of the sum over pairs, of each time and row by itself: whatever depends on time otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from qsense.circuits.counts import Counts
from qsense.errors import ArgumentError
from qsense.estimators import tally
from qsense.estimators.chance import p_value
from qsense.numerics.fisher import FloatArray

MIN_SHOTS = 30  # a row; with fewer the chances of the tests are not those that they say
_COINCIDENCES = 10  # that a row must be expected to have, for its sum over pairs to be near normal
_LEAST_SIGNAL = 0.005  # of b²: where noise that is shared has left none, all rows count alike


class Pairs(NamedTuple):
    """What one equatorial row says of its spins' signs.

    Attributes:
        means: b_j along it, shape (spins,).
        covariances: unbiased, shape (spins, spins).
        shots: of the row.
    """

    means: FloatArray
    covariances: FloatArray
    shots: float

    @property
    def variances(self) -> FloatArray:
        """Of each sign, unbiased, shape (spins,)."""
        return np.asarray(np.diag(self.covariances))

    @property
    def total(self) -> float:
        """The sum of the covariances of all pairs."""
        return float(np.triu(self.covariances, 1).sum())

    @property
    def scatter(self) -> float:
        """The variance of `total` if spins are independent: Σ v_j v_k/(n − 1) over pairs."""
        own = self.variances
        return float((own.sum() ** 2 - (own**2).sum()) / 2 / (self.shots - 1))

    @property
    def coincidences(self) -> float:
        """How often two spins are expected to show their rarer outcomes together, by chance."""
        rare = (1 - np.abs(self.means)) / 2
        return float(self.shots * (rare.sum() ** 2 - (rare**2).sum()) / 2)


def pairs(counts: Counts, rows: Sequence[int]) -> list[Pairs]:
    """Returns what some rows say of pairs of spins.

    Args:
        counts: of one time.
        rows: of settings along the equator.

    Raises:
        ArgumentError: a row has fewer than 30 shots.
    """
    signs, row_of = 1.0 - 2.0 * tally.bits(counts), tally.rows_of(counts)
    found = []
    for row in rows:
        own, numbers = signs[row_of == row], counts.numbers[row_of == row].astype(np.float64)
        shots = float(numbers.sum())
        tally.check_shots(np.array([int(shots)]), MIN_SHOTS)
        means = numbers @ own / shots
        centred = own - means
        found.append(Pairs(means, (centred * numbers[:, None]).T @ centred / (shots - 1), shots))
    return found


def pairs_by_axis(counts: Counts, axes: Sequence[str]) -> list[Pairs]:
    """Returns what the equatorial directions say of pairs of spins; a direction and its antipode count as one.

    Args:
        counts: of one time.
        axes: of each row, as in `product.design`.

    Raises:
        ArgumentError: as `pairs`.
    """
    found = []
    for axis in ("along", "across"):
        plain = [row for row, name in enumerate(axes) if name == axis]
        opposite = [row for row, name in enumerate(axes) if name == f"-{axis}"]
        one, other = pairs(counts, plain), pairs(counts, opposite)
        # Signs that are all turned have the same covariances.
        found += [_joined(*both) for both in zip(one, other, strict=True)] if opposite else one
    return found


def _joined(one: Pairs, other: Pairs) -> Pairs:
    shots = one.shots + other.shots
    covariances = (one.shots * one.covariances + other.shots * other.covariances) / shots
    return Pairs((one.shots * one.means - other.shots * other.means) / shots, covariances, shots)


def independence_p_value(times: Sequence[float] | FloatArray, measured: Sequence[Sequence[Pairs]]) -> float:
    """Returns how likely correlations as large are, at any time, if the spins are independent.

    Args:
        times: in s, or anything that grows with them, shape (times,).
        measured: of each time, the rows along and across the expected phase.

    Raises:
        ArgumentError: the numbers of times differ.

    Source: moments of sample covariances; false alarms and power measured in benchmarks/independence.py.
    """
    if len(times) != len(measured):
        raise ArgumentError(f"Argument `measured` must be one for each of {len(times)} times, but are {len(measured)}.")
    num_spins = len(measured[0][0].means) if measured else 1
    if num_spins < 2:
        return 1.0
    scale = max(float(np.max(times)), 1e-300)
    rows = [one for time, both in zip(times, measured, strict=True) for one in _weighted(float(time) / scale, both)]
    chances = [_of_the_sum(rows), _of_the_pairs(rows), _of_every_row(rows)]
    return min(1.0, len(chances) * min(chances))


def _weighted(time: float, rows: Sequence[Pairs]) -> list[tuple[Pairs, float]]:
    """Each row with t times the mean b² of the directions across it."""
    square = [float(np.mean(one.means**2 - one.variances / one.shots)) for one in rows]
    floor = _LEAST_SIGNAL if len(rows) > 1 else 1.0
    return [(one, time * max(sum(square) - own, floor)) for one, own in zip(rows, square, strict=True)]


def _of_the_sum(rows: Sequence[tuple[Pairs, float]]) -> float:
    variance = sum(weight**2 * one.scatter for one, weight in rows)
    total = sum(weight * one.total for one, weight in rows)
    return p_value(total**2 / variance, 1) if variance > 0 else 1.0


def _of_the_pairs(rows: Sequence[tuple[Pairs, float]]) -> float:
    above = np.triu_indices(len(rows[0][0].means), 1)
    total, variance = np.zeros(len(above[0])), np.zeros(len(above[0]))
    for one, weight in rows:
        total += weight * one.covariances[above]
        variance += weight**2 * np.outer(one.variances, one.variances)[above] / (one.shots - 1)
    seen = variance > 0
    return p_value(float(np.sum(total[seen] ** 2 / variance[seen])), int(seen.sum())) if seen.any() else 1.0


def _of_every_row(rows: Sequence[tuple[Pairs, float]]) -> float:
    squares = [one.total**2 / one.scatter for one, _ in rows if one.coincidences >= _COINCIDENCES]
    return p_value(float(np.sum(squares)), len(squares)) if squares else 1.0
