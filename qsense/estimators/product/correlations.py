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

from qsense.circuits.counts import Counts, IntArray
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
        shots: of the row; where spins are lost, of each spin and, off the diagonal, of each pair, shape (spins, spins).
    """

    means: FloatArray
    covariances: FloatArray
    shots: float | FloatArray

    @property
    def variances(self) -> FloatArray:
        """Of each sign, unbiased, shape (spins,)."""
        return np.asarray(np.diag(self.covariances))

    @property
    def own_shots(self) -> float | FloatArray:
        """Of each spin by itself, shape (spins,), or of all alike."""
        return self.shots if isinstance(self.shots, float) else np.diag(self.shots)

    @property
    def total(self) -> float:
        """The sum of the covariances of all pairs."""
        return float(np.triu(self.covariances, 1).sum())

    @property
    def scatter(self) -> float:
        """The variance of `total` if spins are independent: Σ v_j v_k/(n − 1) over pairs."""
        return _over_pairs(self.variances, self.shots - 1)

    @property
    def coincidences(self) -> float:
        """How often two spins are expected to show their rarer outcomes together, by chance."""
        rare = (1 - np.abs(self.means)) / 2
        if isinstance(self.shots, float):
            return float(self.shots * (rare.sum() ** 2 - (rare**2).sum()) / 2)
        return _over_pairs(rare, 1 / np.maximum(self.shots, 1))


def _over_pairs(each: FloatArray, shots: float | FloatArray) -> float:
    """Σ x_j x_k/n_jk over pairs."""
    if isinstance(shots, float):
        return float((each.sum() ** 2 - (each**2).sum()) / 2 / shots)
    return float(np.triu(np.outer(each, each) / shots, 1).sum())


def shared_shots(counts: Counts) -> IntArray:
    """Returns the fewest shots of each row in which two spins are known together, shape (rows,)."""
    if counts.lost is None:
        return counts.row_shots()
    known, row_of = tally.known_bits(counts)[1].astype(np.int64), tally.rows_of(counts)
    both = [(known[row_of == row].T * counts.numbers[row_of == row]) @ known[row_of == row]
            for row in range(counts.num_rows)]  # fmt: skip
    return np.array([int(one.min()) for one in both])


def pairs(counts: Counts, rows: Sequence[int]) -> list[Pairs]:
    """Returns what some rows say of pairs of spins.

    Args:
        counts: of one time.
        rows: of settings along the equator.

    Raises:
        ArgumentError: a row has fewer than 30 shots.
    """
    if counts.lost is not None:
        return [_pairs_of_known(counts, row) for row in rows]
    found = []
    for row in rows:
        one = counts.part(row, row + 1)
        ups, numbers = tally.bits(one).astype(np.float64), one.numbers.astype(np.float64)
        shots = float(numbers.sum())
        tally.check_shots(np.array([int(shots)]), MIN_SHOTS)
        each = numbers @ ups
        # Sums of whole numbers are exact in doubles, so that this difference loses nothing but its last rounding.
        together = (ups if (numbers == 1).all() else ups * numbers[:, None]).T @ ups
        found.append(Pairs(1 - 2 * each / shots, 4 * (together - np.outer(each, each) / shots) / (shots - 1), shots))
    return found


def _pairs_of_known(counts: Counts, row: int) -> Pairs:
    """What a row says where spins are lost: of each pair the shots in which both are known."""
    counts = counts.part(row, row + 1)
    ups, known = (one.astype(np.float64) for one in tally.known_bits(counts))
    numbers = counts.numbers.astype(np.float64)[:, None]
    signs = known - 2 * ups  # 0 where lost
    shots = (known * numbers).T @ known
    tally.check_shots(shots.astype(np.int64).ravel(), MIN_SHOTS)
    # Means of each pair over its own shots, so that the covariances stay unbiased.
    one, both = (signs * numbers).T @ known / shots, (signs * numbers).T @ signs / shots
    return Pairs(np.diag(one), (both - one * one.T) * shots / (shots - 1), shots)


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
    means = (one.own_shots * one.means - other.own_shots * other.means) / (one.own_shots + other.own_shots)
    return Pairs(means, covariances, shots)


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
    square = [float(np.mean(one.means**2 - one.variances / one.own_shots)) for one in rows]
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
        shots = one.shots if isinstance(one.shots, float) else one.shots[above]
        variance += weight**2 * np.outer(one.variances, one.variances)[above] / (shots - 1)
    seen = variance > 0
    return p_value(float(np.sum(total[seen] ** 2 / variance[seen])), int(seen.sum())) if seen.any() else 1.0


def _of_every_row(rows: Sequence[tuple[Pairs, float]]) -> float:
    squares = [one.total**2 / one.scatter for one, _ in rows if one.coincidences >= _COINCIDENCES]
    return p_value(float(np.sum(squares)), len(squares)) if squares else 1.0
