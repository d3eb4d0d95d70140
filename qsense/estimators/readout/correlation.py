"""Is readout correlated? Spins read wrong together, or one spin's readout depending on another's state.

Tensored weights (`estimators.readout`) assume that each spin is read through a matrix of its own. Two tests of the same
calibration bitstrings question that. Together: how often two spins were both wrong in a shot, beside what
their own error rates give, for every pair (exact hypergeometric tails). Apart: whether a spin's error rate for one and
the same prepared state differs between strings, for every spin (χ² of homogeneity). Each p-value is multiplied by the
number of tests (Bonferroni), so that a device without correlations is accused at most at the stated rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qsense.circuits.counts import Counts
from qsense.errors import ArgumentError
from qsense.estimators import tally
from qsense.estimators.chance import p_value
from qsense.estimators.readout.calibration import patterns

Bits = NDArray[np.uint8]


class Crosstalk(NamedTuple):
    """What the calibration bitstrings say about correlations.

    Attributes:
        p_together: of the pair of spins that is most surprisingly often (or rarely) wrong together, for all pairs.
        pair: those spins.
        p_apart: of the spin whose errors differ most between strings, for all spins.
        spin: that spin.
        is_correlated: whether either is below half of the false-alarm rate.
    """

    p_together: float
    pair: tuple[int, int] | None
    p_apart: float
    spin: int | None
    is_correlated: bool


def crosstalk(counts: Counts, prepared: Sequence[int] | None = None, false_alarm: float = 0.001) -> Crosstalk:
    """Returns whether readout errors are correlated.

    Args:
        counts: one row for every bitstring.
        prepared: the strings; those of `estimators.readout.patterns` by default.
        false_alarm: how often a device without correlations is called correlated, at most.

    Raises:
        ArgumentError: the rows do not fit the strings.
    """
    strings = patterns(counts.num_bits) if prepared is None else list(prepared)
    tally.check_rows(counts.num_rows, len(strings), "readout calibration")
    if not 0 < false_alarm < 1:
        raise ArgumentError(f"Argument `false_alarm` must be in (0, 1), but is {false_alarm}.")
    up = np.array([[s >> spin & 1 for spin in range(counts.num_bits)] for s in strings], dtype=np.uint8)
    wrong = tally.bits(counts) ^ up[tally.rows_of(counts)]
    together, pair = _together(counts, wrong)
    apart, spin = _apart(counts, wrong, up)
    return Crosstalk(together, pair, apart, spin, min(together, apart) < false_alarm / 2)


def _together(counts: Counts, wrong: Bits) -> tuple[float, tuple[int, int] | None]:
    from scipy.special import gammainc, gammaincc

    size, rows = counts.num_bits, tally.rows_of(counts)
    if size < 2:
        return 1.0, None
    both, expected = np.zeros((size, size)), np.zeros((size, size))
    for row in range(counts.num_rows):
        own, number = wrong[rows == row].astype(np.float64), counts.numbers[rows == row]
        alone = number @ own
        both += own.T @ (own * number[:, None])
        expected += np.outer(alone, alone) / number.sum()
    # Given each spin's own number of errors the shared ones are hypergeometric, which is narrower than Poisson: the
    # Poisson tails accuse too rarely, never too often.
    often = np.where(both > 0, gammainc(np.maximum(both, 1), expected), 1.0)  # P(at least so many)
    rarely = gammaincc(both + 1, expected)  # P(at most so many)
    tails = np.minimum(1.0, 2 * np.minimum(often, rarely))
    pairs = np.triu_indices(size, 1)
    worst = int(np.argmin(tails[pairs]))
    chance = min(1.0, float(tails[pairs][worst]) * len(pairs[0]))
    return chance, (int(pairs[0][worst]), int(pairs[1][worst]))


def _apart(
    counts: Counts,
    wrong: Bits,
    up: Bits,
) -> tuple[float, int | None]:
    errors = np.zeros((counts.num_rows, counts.num_bits))
    np.add.at(errors, tally.rows_of(counts), wrong * counts.numbers[:, None])
    shots = np.bincount(tally.rows_of(counts), counts.numbers, counts.num_rows)
    chances = []
    for spin in range(counts.num_bits):
        statistic, degrees = 0.0, 0
        for state in (0, 1):
            rows = up[:, spin] == state
            k, n = errors[rows, spin], shots[rows]
            share = k.sum() / max(n.sum(), 1)
            # χ² is right where some five errors are expected in every string.
            if rows.sum() > 1 and np.all(n * share >= 5) and np.all(n * (1 - share) >= 5):
                statistic += float(((k - n * share) ** 2 / (n * share * (1 - share))).sum())
                degrees += int(rows.sum()) - 1
        chances.append(p_value(statistic, degrees) if degrees else 1.0)
    worst = int(np.argmin(chances))
    return min(1.0, chances[worst] * len(chances)), worst if chances[worst] < 1 else None
