"""Did anything drift between the rows? Rows that read the same probability, and the two sides of a fringe.

The rows of a time are measured one after the other. Where several of them read the same, they must agree:

- `alike_p_value`: how often something was read in rows that read it equally often. Given how often it was read in all
  rows together, the rows are hypergeometric, which needs no model. One test of any scatter, and one of a trend from the
  first row to the last, which is what drift looks like; the smaller p-value counts, twice.
- `spins_p_value`: the same for each spin's own settings: a spin's reading does not depend on how others are read.
- `sides_p_value`: both sides of each quadrature of a fringe add up to the same, whatever the fringe, and whatever
  readout adds to each side.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from qsense.circuits.counts import Counts, IntArray
from qsense.circuits.sensing import Settings
from qsense.estimators import tally
from qsense.estimators.assumptions.declared import NO_DRIFT, Assumption
from qsense.estimators.assumptions.readings import Readings
from qsense.estimators.chance import as_chi_square, p_value
from qsense.numerics.fisher import FloatArray

DRIFTS = (
    "rows that should agree do not: something drifts while they are measured, and G mixes its values: no z and no "
    "verdict; measure them in turns, or faster"
)
TWO_ROWS = (
    "two rows fix the fringe and nothing is left over; a fringe that turns by δ between them changes G by up to sin δ; "
    "use `antipodal = true`"
)
_HITS = 1.0  # that each row must be expected to have, and to lack, for χ² to be near its law
_TREND_HITS = 10.0  # that all rows together must have, and lack, for a trend to be near normal


def no_drift(chance: float | None, why: str) -> Assumption:
    """Returns the assumption that nothing drifts between rows.

    Args:
        chance: the p-value; None where nothing tests it.
        why: nothing does, and what follows from drift.
    """
    if chance is None:
        return Assumption.not_tested(NO_DRIFT, why, DRIFTS, withholds=True)
    return Assumption.tested(NO_DRIFT, chance, DRIFTS, withholds=True)


class Alike(NamedTuple):
    """Rows that read something equally often.

    Attributes:
        hits: how often each row read it, in the order in which they were measured, shape (rows,).
        shots: of each row, shape (rows,).
    """

    hits: IntArray | FloatArray
    shots: IntArray | FloatArray


def alike_p_value(groups: Sequence[Alike]) -> float | None:
    """Returns how likely rows that differ as much are, if those of each group are alike; None where none can tell.

    Args:
        groups: independent of each other.

    Source: moments of the hypergeometric distribution; false alarms measured in benchmarks/assumptions.py.

    >>> round(alike_p_value([Alike(np.array([20, 40]), np.array([100, 100]))]), 4)
    0.0021
    """
    found = [_scatter(one) for one in groups], [_trend(one) for one in groups]
    chances = []
    for parts in found:
        degrees = sum(dof for _, dof in parts)
        if degrees:
            chances.append(p_value(sum(square for square, _ in parts), degrees))
    if not chances:
        return None
    same = all(len(one.hits) == 2 for one in groups)  # of two rows the scatter is the trend
    return min(chances) if same or len(chances) == 1 else min(1.0, 2 * min(chances))


def _scatter(one: Alike) -> tuple[float, int]:
    hits, shots = np.asarray(one.hits, dtype=np.float64), np.asarray(one.shots, dtype=np.float64)
    total, of = hits.sum(), shots.sum()
    expected = shots * total / of
    if len(hits) < 2 or min(expected.min(), (shots - expected).min()) < _HITS:
        return 0.0, 0
    scale = total * (of - total) / (of * (of - 1))
    return float(((hits - expected) ** 2 / shots).sum() / scale), len(hits) - 1


def _trend(one: Alike) -> tuple[float, int]:
    hits, shots = np.asarray(one.hits, dtype=np.float64), np.asarray(one.shots, dtype=np.float64)
    total, of, place = hits.sum(), shots.sum(), np.arange(len(hits), dtype=np.float64)
    if len(hits) < 2 or min(total, of - total) < _TREND_HITS:
        return 0.0, 0
    place = place - shots @ place / of
    variance = total * (of - total) / (of * (of - 1)) * float(shots @ place**2)
    far = max(abs(float(place @ hits)) - 0.5, 0.0)  # as hits are whole numbers, half a step belongs to what is as far
    return far**2 / variance, 1


def spins_p_value(counts: Sequence[Counts], settings: Sequence[Settings]) -> float | None:
    """Returns how likely it is that spins differ as much between rows that read them alike; None without such rows.

    A spin's own reading depends on its own phase and direction alone: noise and couplings commute with the phases.

    Args:
        counts: of each time.
        settings: of each time, with rows as those of the counts; each spin is read along its own direction.
    """
    size, chances = counts[0].num_bits, []
    alike = {id(at): _alike_rows(at) for at in settings}
    each = [(tally.per_spin(one), alike[id(at)]) for one, at in zip(counts, settings, strict=True)]
    for spin in range(size):
        groups = [
            Alike(shares[rows, spin, 1], shares[rows, spin].sum(-1)) for shares, found in each for rows in found[spin]
        ]
        chance = alike_p_value(groups)
        if chance is not None:
            chances.append(chance)
    return min(1.0, len(chances) * min(chances)) if chances else None


def _alike_rows(settings: Settings) -> list[list[IntArray]]:
    """For each spin, the rows of two and more that read it alike."""
    turned = np.exp(1j * (settings.phases - settings.azimuths)) * np.sin(settings.polars)
    found = []
    for spin in range(settings.phases.shape[1]):
        keys = np.round(np.stack([turned[:, spin].real, turned[:, spin].imag, np.cos(settings.polars[:, spin])]), 6)
        order = np.lexsort(keys + 0.0)
        is_new = np.any(np.diff(keys[:, order], axis=1) != 0, axis=0)
        found.append([rows for rows in np.split(order, np.flatnonzero(is_new) + 1) if len(rows) > 1])
    return found


def sides_p_value(signs: Sequence[float], measured: Sequence[Readings]) -> float:
    """Returns how likely it is that the two sides of a fringe add up so differently in its two quadratures.

    Args:
        signs: +1 for rows along the fringe, on either side, −1 for those across, 0 for others.
        measured: of each time.

    Source: the sum over both sides of a fringe is twice its middle; Welch's t of each time, turned into the χ² of the
        same chance.

    >>> side = Readings(np.array([0.9, 0.1, 0.1, -0.9]), np.ones(4), np.full(4, 100.0))
    >>> round(sides_p_value([1, -1, -1, 1], [side]), 3)
    0.318
    """
    squares = []
    for one in measured:
        contrast = float(np.dot(signs, one.means))
        own = np.square(signs) * one.variances / one.shots
        degrees = float(own.sum() ** 2 / (own**2 / (one.shots - 1)).sum())
        squares.append(as_chi_square(contrast / float(np.sqrt(own.sum())), degrees))
    return p_value(float(np.sum(squares)), len(squares))


def means_p_value(measured: Sequence[Readings]) -> float | None:
    """Returns how likely rows of the same setting have means so different; None where each was measured once.

    Args:
        measured: of each time, the rows of one setting.

    Source: analysis of variance at each time, each F turned into the χ² of the same chance; they add up.
    """
    from scipy.special import chdtri, fdtrc

    total, degrees = 0.0, 0
    for one in measured:
        rows, shots = len(one.means), one.shots
        if rows < 2:
            continue
        inside = float((shots - 1) @ one.variances) / float(shots.sum() - rows)
        middle = float(shots @ one.means / shots.sum())
        ratio = float(shots @ (one.means - middle) ** 2) / (rows - 1) / inside
        chance = max(float(fdtrc(rows - 1, shots.sum() - rows, ratio)), 1e-300)
        total, degrees = total + float(chdtri(rows - 1, chance)), degrees + rows - 1
    return p_value(total, degrees) if degrees else None
