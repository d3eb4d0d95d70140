"""Where two measured curves cross: a point with its error, and the times at which neither is seen to lead.

The interval is inverted: it holds the times t at which D(t) = G_one − G_other, drawn through the estimates, is
compatible with 0, |D(t)| ≤ 1.96 σ(t). σ(t) is the error that D would have if the curves met at t (`score`). It holds
what interpolation of the exact curves misses at t, and is as much wider as the law of decay is doubted (`decay_law`).

Source: inversion of a test; coverage is measured in benchmarks/verdicts.py.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from qsense.comparison.score import Independent
from qsense.estimators.result import NORMAL_95, Estimate
from qsense.numerics.fisher import FloatArray
from qsense.numerics.integration import first_root
from qsense.numerics.quadrature import Rule

_GRID = 4001
_POINTS = 200  # of each of two grids, in equal steps of t and of ln t
_EARLIEST = 1e-3  # of the first time
_WITHIN = 4  # times between two of a rule at which the exact curve is looked at
_PARTS = 32  # of a step of the grid that holds an end of an interval


class Curve(NamedTuple):
    """G of one probe at the times of its rule.

    Attributes:
        rule: the times, and how they are interpolated.
        estimates: G at each.
        exact: exact G at each; NaN where it is not known.
        exact_at: exact G at other times; None where it is not known.
        widening: by how much errors of what is drawn through the estimates are larger than their own.
    """

    rule: Rule
    estimates: Sequence[Estimate]
    exact: Sequence[float] | FloatArray
    exact_at: Callable[[FloatArray], FloatArray] | None = None
    widening: float = 1.0


@dataclass(frozen=True)
class Until:
    """Until when one of two probes leads, as far as the counts tell.

    Attributes:
        low: the earliest time in s at which the lead may end; 0 if it may never lead.
        high: the latest, 0 if it trails from the start; None where the end of what was measured does not tell.
        end: the end of what was measured of both, in s.
        lead_p_value: how likely counts that speak as much for a lead are if it leads at no time.
        trail_p_value: the same for the other's lead.
    """

    low: float
    high: float | None
    end: float
    lead_p_value: float
    trail_p_value: float

    @property
    def kind(self) -> str:
        """ "interval", "at least", "at most", "any" (nothing is told), "beyond" (leads to the end), or "never".

        >>> Until(1.0, None, 2.0, 0.0, 1.0).kind, Until(2.0, None, 2.0, 0.0, 1.0).kind
        ('at least', 'beyond')
        """
        if self.high is None:
            return "beyond" if self.low >= self.end else "at least" if self.low > 0 else "any"
        return "never" if self.high == 0 else "interval" if self.low > 0 else "at most"


def until(one: Curve, other: Curve) -> Until:
    """Returns until when the first of two probes leads: the 95 % interval of the first time at which its lead ends.

    Args:
        one, other: the curves; one of them leads first, and `one` is expected to.

    >>> from qsense.numerics.quadrature import rule_for_times
    >>> rule = rule_for_times(np.array([0.0, 1.0, 2.0]), 1.0)
    >>> steep = Curve(rule, [Estimate(g, 0.01) for g in (4.0, 1.0, 0.25)], (np.nan,) * 3)
    >>> flat = Curve(rule, [Estimate(g, 0.01) for g in (2.0, 1.0, 0.5)], (np.nan,) * 3)
    >>> found = until(steep, flat)
    >>> found.kind, round(found.low, 2), round(found.high, 2)
    ('interval', 0.94, 1.03)
    """
    both = _Difference.of(one, other)
    nodes = np.union1d(one.rule.times, other.rule.times)
    nodes = nodes[nodes <= both.end]
    grid = nodes
    if both.end > 0:
        early = np.geomspace(_EARLIEST * float(nodes[nodes > 0][0]), both.end, _POINTS)
        grid = np.unique(np.concatenate([nodes, np.linspace(0, both.end, _POINTS), early]))
    low, high = _ends(both, grid, both.z(grid))
    z = both.z(nodes)
    return Until(low, high, both.end, _chance(z), _chance(-z))


def _ends(both: _Difference, grid: FloatArray, z: FloatArray) -> tuple[float, float | None]:
    behind, ahead = np.flatnonzero(z < -NORMAL_95), np.flatnonzero(z > NORMAL_95)
    last = int(behind[0]) if behind.size else None
    leads = ahead if last is None else ahead[ahead < last]
    low, start = 0.0, 0
    if leads.size:
        ends = np.flatnonzero(z[leads[0] :] <= NORMAL_95)
        if not ends.size:
            return both.end, None
        start = int(leads[0] + ends[0])
        low = _root(lambda t: both.z(t) - NORMAL_95, grid[start - 1 : start + 1])
    if last is None:
        return low, None
    if last == 0:
        return 0.0, 0.0
    return low, _root(lambda t: both.z(t) + NORMAL_95, np.array([max(grid[last - 1], low), grid[last]]))


def _root(function: Callable[[FloatArray], FloatArray], bracket: FloatArray) -> float:
    """Where a function falls through 0 within two neighbours of the grid, to a millionth of their distance."""
    low, high = (float(end) for end in bracket)
    before, after = 0.0, 0.0
    for _ in range(2):
        inner = np.linspace(low, high, _PARTS + 1)
        values = function(inner)
        place = max(int(np.argmax(values <= 0)), 1) if (values <= 0).any() else _PARTS
        low, high, before, after = inner[place - 1], inner[place], values[place - 1], values[place]
    share = before / (before - after) if before > 0 >= after else 1.0
    return float(low + share * (high - low))


def _chance(z: FloatArray) -> float:
    """How likely the largest of some z is: at most their number times the chance of one."""
    from scipy.special import ndtr  # kept out of the command line's cold start

    return float(min(1.0, len(z) * ndtr(-z.max())))


class _Difference(NamedTuple):
    """D of two curves, linear in the estimates of both, and what its interpolation misses of the exact curves."""

    curves: tuple[Curve, Curve]
    estimates: Independent
    missed: tuple[FloatArray, FloatArray]
    end: float

    @classmethod
    def of(cls, one: Curve, other: Curve) -> _Difference:
        widenings = np.repeat([one.widening, other.widening], [len(one.estimates), len(other.estimates)])
        end = float(min(one.rule.times[-1], other.rule.times[-1]))
        every = Independent.of([*one.estimates, *other.estimates], widenings)
        return cls((one, other), every, _missed((one, other), end), end)

    def z(self, times: FloatArray) -> FloatArray:
        """Returns D over its error if it is 0, shape (times,)."""
        one, other = (curve.rule.interpolation(times) for curve in self.curves)
        return self.estimates.z(np.hstack([one, -other]), np.interp(times, *self.missed) ** 2)


def _missed(curves: tuple[Curve, Curve], end: float) -> tuple[FloatArray, FloatArray]:
    """What curves through the exact values miss of the exact difference: at times in s, from 0 to the end."""
    nodes = np.unique(np.concatenate([[0.0], *(curve.rule.times for curve in curves)]))
    nodes = nodes[nodes <= end]
    shares = np.arange(_WITHIN + 1) / (_WITHIN + 1)
    times = np.append((nodes[:-1, None] + np.diff(nodes)[:, None] * shares).ravel(), end)
    square = np.zeros(len(times))
    for curve in curves:
        exact = np.asarray(curve.exact, dtype=np.float64)
        if curve.exact_at is not None and np.isfinite(exact).all():
            off = curve.rule.interpolation(times) @ exact - curve.exact_at(times)
            square += np.where(np.isfinite(off), off, 0.0) ** 2
    return times, np.sqrt(square)


def measured_crossing(one: Curve, other: Curve, exact: float | None) -> Estimate | None:
    """Returns where the curves through two probes' estimates cross, in s; None where not within the times of both.

    Where curves through the exact values at the same times miss the exact crossing, as they do before a first time that
    is late for some spins, that distance is part of the error.

    Args:
        one, other: the curves.
        exact: the exact crossing in s; None if there is none, or it is not known.
    """
    found = crossing(one.rule, one.estimates, other.rule, other.estimates)
    if found is None or exact is None or not np.isfinite([*one.exact, *other.exact]).all():
        return found
    curves = [[Estimate(float(value), 0.0) for value in curve.exact] for curve in (one, other)]
    drawn = crossing(one.rule, curves[0], other.rule, curves[1])
    if drawn is None:
        return found
    return replace(found, stderr=float(np.hypot(found.stderr, drawn.value - exact)))


def crossing(
    rule: Rule, estimates: Sequence[Estimate], other_rule: Rule, other_estimates: Sequence[Estimate]
) -> Estimate | None:
    """Returns where one interpolated curve first crosses another, in s; None where not within the times of both.

    Its error is the difference's over the slope.

    Args:
        rule, estimates: of one curve.
        other_rule, other_estimates: of the other.
    """

    def curves(times: FloatArray) -> tuple[FloatArray, FloatArray]:
        difference, variance = np.zeros(len(times)), np.zeros(len(times))
        for sign, one, values in ((1.0, rule, estimates), (-1.0, other_rule, other_estimates)):
            matrix = one.interpolation(times)
            difference += sign * matrix @ np.array([e.value for e in values])
            variance += matrix**2 @ np.array([e.stderr**2 for e in values])
        return difference, variance

    end = float(min(rule.times[-1], other_rule.times[-1]))
    root = first_root(lambda times: curves(times)[0], np.linspace(0, end, _GRID))
    if root is None:
        return None
    step = 1e-4 * root  # a crossing may come long before the last time
    difference, variance = curves(np.array([root - step, root, root + step]))
    slope = (difference[2] - difference[0]) / (2 * step)
    return Estimate(root, float(np.sqrt(variance[1]) / abs(slope)))
