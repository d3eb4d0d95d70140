"""Can spins be told apart? Which spins are up, given how many are, in a state that is the same under every exchange.

Where spins are exchangeable, every choice of m spins is equally likely, given that m are up; so the tests need nothing
of the state, entangled or not. Two parts: how often each spin is up, and how often each pair is up together beyond what
its two spins say. The smaller p-value counts, twice.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qsense.circuits.counts import Counts
from qsense.estimators import tally
from qsense.estimators.assumptions.declared import SYMMETRIC, Assumption
from qsense.estimators.chance import p_value

_INFORMATION = 5.0  # of each spin, or pair: variance below which χ² is not near its law
NOT_SYMMETRIC = (
    "the spins differ, so that G is that of the symmetric part of their state, a lower bound: no z and no verdict; use "
    "tomography"
)


def symmetry_p_value(counts: Sequence[Counts]) -> float | None:
    """Returns how likely spins, and pairs, that differ as much are if all are alike; None where too few shots tell.

    Args:
        counts: of each time, all rows of settings that are the same for all spins.

    Source: moments of a random choice of m of N spins; the two parts are the irreducible ones of S_N on pairs.
    """
    size, chances = counts[0].num_bits, []
    spins = [part for one in counts for part in _spins(one)] if size > 1 else []
    pairs = [part for one in counts for part in _pairs(one)] if size > 3 else []
    for parts, degrees in ((spins, size - 1), (pairs, size * (size - 3) // 2)):
        if parts:
            chances.append(p_value(float(np.sum(parts)), len(parts) * degrees))
    return min(1.0, len(chances) * min(chances)) if chances else None


def symmetry(counts: Sequence[Counts]) -> Assumption:
    """Returns whether the counts bear out that all spins are alike."""
    chance = symmetry_p_value(counts)
    if chance is None:
        return Assumption.not_tested(SYMMETRIC, "too few shots tell spins apart", NOT_SYMMETRIC, True)
    return Assumption.tested(SYMMETRIC, chance, NOT_SYMMETRIC, withholds=True)


def _spins(counts: Counts) -> list[float]:
    """χ² of how often each spin is up, of each row."""
    size, bits = counts.num_bits, tally.bits(counts).astype(np.float64)
    ups, rows = bits.sum(1), tally.rows_of(counts)
    found = []
    for row in range(counts.num_rows):
        own, numbers, up = bits[rows == row], counts.numbers[rows == row].astype(np.float64), ups[rows == row] / size
        information = float(numbers @ (up * (1 - up)))  # the variance of one spin's number
        if information >= _INFORMATION:
            each = numbers @ own
            found.append(float(((each - each.mean()) ** 2).sum()) * (size - 1) / size / information)
    return found


def _pairs(counts: Counts) -> list[float]:
    """χ² of how often each pair is up together, beyond what its spins say, of each row."""
    size, bits = counts.num_bits, tally.bits(counts).astype(np.float64)
    ups, rows = bits.sum(1), tally.rows_of(counts)
    below = [size, size * (size - 1), size * (size - 1) * (size - 2), size * (size - 1) * (size - 2) * (size - 3)]
    q2 = ups * (ups - 1) / below[1]
    q3 = q2 * (ups - 2) * below[1] / below[2]
    q4 = q3 * (ups - 3) * below[2] / below[3]
    own_variance = q2 - 2 * q3 + q4
    above, found = np.triu_indices(size, 1), []
    for row in range(counts.num_rows):
        own, numbers = bits[rows == row], counts.numbers[rows == row].astype(np.float64)
        information = float(numbers @ own_variance[rows == row])
        if information >= _INFORMATION:
            together = own.T @ (own * numbers[:, None])
            np.fill_diagonal(together, 0.0)
            each, mean = together.sum(1), together.sum() / (size * (size - 1))
            part = (each - (size - 1) * mean) / (size - 2)
            left = together - mean - part[:, None] - part[None, :]
            found.append(float((left[above] ** 2).sum()) / information)
    return found
