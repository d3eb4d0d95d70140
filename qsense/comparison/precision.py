"""How well a run knows what it is after: half of the 95 % interval, and what of it no further shots take away.

A goal is 𝓘 of each point (`img`), G at each of its times (`gain`), the crossing of each pair (`crossover`) or φ of each
point (`field`). An error is half the length of the 95 % interval, 1.96 standard errors, as a share of the value or in
its own unit.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from qsense.comparison.advantage import curve_of, exact_crossing, matched, why_withheld
from qsense.comparison.crossing import Curve, until
from qsense.comparison.decay_law import with_what_is_missed
from qsense.comparison.points import MeasuredPoint
from qsense.comparison.ratio import ratio_of
from qsense.errors import ArgumentError, nearest
from qsense.estimators.result import NORMAL_95, Estimate, integrate_estimates
from qsense.files.units import quantity
from qsense.probes import Probe
from qsense.signals.magnetic import KEY, phase_rate

GOALS = ("img", "gain", "crossover", "field")
UNITS = {"img": "s", "gain": "", "crossover": "s", "field": "rad/s"}
_REFUSED = "the counts refuse what the estimator assumes"
_UNTIL_SURE = 2.0  # times more shots, where errors are small enough but the law of decay is in doubt, which may pass
_DOUBT_ENDS = 0.25  # of the shots that were enough: a doubt that has not passed then stays
_SURE = 1e-6  # of the exact gain: errors of a run with no end


class Target(NamedTuple):
    """How well something is to be known.

    Attributes:
        goal: one of GOALS.
        error: half of the 95 % interval, as a share of the value or in the value's unit.
        is_share: which of the two.
    """

    goal: str
    error: float
    is_share: bool = True

    @classmethod
    def of(cls, goal: str, text: str | float, ratio: float | None = None) -> Target:
        """Returns the target of a goal's name and a text such as "5%", 0.05, "20us" (𝓘, crossover), "3krad/s" or "2nT".

        A number without a unit or a percent sign is a share.

        Args:
            goal: one of GOALS.
            text: the error.
            ratio: the gyromagnetic ratio of the spins in Hz/T, for a field in T.

        Raises:
            ArgumentError: the goal is unknown, or the error is no such number above 0.

        >>> Target.of("img", "5%"), Target.of("crossover", "20us")
        (Target(goal='img', error=0.05, is_share=True), Target(goal='crossover', error=2e-05, is_share=False))
        """
        if goal not in GOALS:
            raise ArgumentError(f'unknown goal "{goal}". {nearest(goal, list(GOALS))}')
        text = str(text).strip()
        error, is_share = _number(text.removesuffix("%")), True
        if error is None:
            kinds = {"s": "time", "rad/s": "angular frequency"}
            if UNITS[goal] not in kinds:
                raise ArgumentError(f'the error of G must be a share such as "5%" of its largest value, not "{text}"')
            if goal == "field" and text.endswith(("T", "G")):
                if ratio is None:
                    raise ArgumentError(f'"{text}" needs the gyromagnetic ratio of the spins; give `{KEY}` in the spec')
                error, is_share = abs(phase_rate(quantity(text, "magnetic field"), ratio)), False
            else:
                error, is_share = quantity(text, kinds[UNITS[goal]]), False  # type: ignore[arg-type]
        elif text.endswith("%"):
            error /= 100
        elif 1 < error < math.inf:
            others = f", or its unit: {text}{UNITS[goal]}" if UNITS[goal] else ""
            raise ArgumentError(
                f'an error of {text} without a unit is {error:.0%} of the value; write "{text}%"{others}'
            )
        if not (math.isfinite(error) and error > 0):
            raise ArgumentError(f'an error must be above 0 and finite, such as "5%", but is "{text}"')
        return cls(goal, error, is_share)

    @property
    def text(self) -> str:
        """Returns it as it is read."""
        size = f"{self.error * 100:g} %" if self.is_share else f"{self.error:g} {self.unit}"
        return f"{self.goal} to {size}"

    @property
    def unit(self) -> str:
        return UNITS[self.goal]


@dataclass(frozen=True)
class Precision:
    """How well one number of a run is known.

    Attributes:
        label: which number.
        value: the number as measured.
        half: half of its 95 % interval; infinite where the counts do not tell.
        falling: the part of `half` that falls with more shots, as 1/√shots; the parts add in squares.
        floor: the part that no number of shots takes away, as what few times miss of a curve. `half` is longer than
            both together where the counts make the law of decay doubtful.
        points: the places, in the run, of the points that decide it.
        why: what is in the way, where the number is not told and more shots may not help; "".
        whole: of what a share is taken; None for the value as measured.
    """

    label: str
    value: float
    half: float
    falling: float
    points: tuple[int, ...]
    floor: float = 0.0
    why: str = ""
    whole: float | None = None

    def wanted(self, target: Target) -> float:
        """Returns the half interval that the target asks for, in the value's unit."""
        whole = self.value if self.whole is None else self.whole
        return target.error * abs(whole) if target.is_share else target.error

    def is_reached(self, target: Target) -> bool:
        return not self.why and self.half <= self.wanted(target)

    def factor(self, target: Target) -> float:
        """Returns how many times more shots reach the target; infinite if none do, 4 where nothing is told yet."""
        if self.why:
            return math.inf
        if not math.isfinite(self.half):
            return 4.0
        wanted, floor = self.wanted(target), self.floor
        found = self.falling**2 / (wanted**2 - floor**2) if wanted > floor else math.inf
        if found > 1 or self.half <= wanted:
            return found
        return _UNTIL_SURE if found > _DOUBT_ENDS else math.inf


def precisions(
    measured: Sequence[MeasuredPoint], goal: str, pairs: Sequence[tuple[Probe, Probe]] | None = None
) -> list[Precision]:
    """Returns how well a run knows each number that a goal is about.

    Args:
        measured: its points.
        goal: one of GOALS.
        pairs: the probes that the spec compares, for the crossover.

    Raises:
        ArgumentError: the run has no such number.
    """
    if goal == "crossover":
        found = _crossings(measured, pairs)
    else:
        each = {"img": _integral, "gain": _gain, "field": _field}[goal]
        found = [each(place, one) for place, one in enumerate(measured)]
    if not found:
        raise ArgumentError(
            "no two probes of the run are compared, so it has no crossover; give a GHZ and a product probe"
        )
    return found


def _integral(place: int, one: MeasuredPoint) -> Precision:
    """𝓘: its error holds what the rule misses, and where the decay is doubted more than that."""
    rule, exact = one.point.rule, one.integrated_gain_exact.value
    plain, total = integrate_estimates(rule, one.estimates), one.integral.total
    known = with_what_is_missed(rule, plain, one.curve_exact, exact).integral.total.stderr
    half, falling = NORMAL_95 * max(total.stderr, known), NORMAL_95 * plain.total.stderr
    floor = math.sqrt(max((NORMAL_95 * known) ** 2 - falling**2, 0.0))
    return Precision(one.point.label, total.value, half, falling, (place,), floor, _refused(one))


def _gain(place: int, one: MeasuredPoint) -> Precision:
    """G: the largest error of its times, beside the largest G of them."""
    half = NORMAL_95 * max(estimate.stderr for estimate in one.estimates)
    largest = max(estimate.value for estimate in one.estimates)
    return Precision(one.point.label, largest, half, half, (place,), why=_refused(one))


def _refused(one: MeasuredPoint) -> str:
    """Why more shots do not help a point's estimates; what is known to be wrong, as readout in a spec, is no reason."""
    return _REFUSED if any(a.withholds and not a.is_known for a in one.refused) else ""


def _field(place: int, one: MeasuredPoint) -> Precision:
    """φ: a share is of the field that the spec gives. A run that stopped where the measured field makes the share long
    enough would favour large ones: by 2 σ²/φ, a fifth of an error where 20 % are asked for."""
    found = None if one.phases is None else one.phases.field
    if found is None:
        return Precision(one.point.label, math.nan, math.inf, math.inf, (place,), why="its counts show no fringe of φ")
    low, high = found.interval
    half = (high - low) / 2
    told = half < 0.995 * found.ambiguity
    errors = (half, half) if told else (math.inf, math.inf)
    return Precision(one.point.label, found.value, *errors, (place,), whole=one.point.field)


def _crossings(measured: Sequence[MeasuredPoint], pairs: Sequence[tuple[Probe, Probe]] | None) -> list[Precision]:
    found = []
    for one, other in matched(measured, pairs):
        if one.point.probe.num_qubits == 1:
            continue
        first, then, root = exact_crossing(one, other)
        label = f"{first.point.probe.name} over {then.point.label}"
        places = tuple(place for place, item in enumerate(measured) if item is one or item is other)
        reason = why_withheld(one, other, ratio_of(one.integral.total, other.integral.total)) or ""
        if root is None:
            reason = reason or "no crossing is predicted"
        seen = until(curve_of(first), curve_of(then))
        if reason or seen.kind != "interval" or seen.high is None:
            found.append(Precision(label, root or math.nan, math.inf, math.inf, places, why=reason))
            continue
        half = (seen.high - seen.low) / 2
        sure = until(_sure_curve(first), _sure_curve(then))
        floor = (sure.high - sure.low) / 2 if sure.kind == "interval" and sure.high is not None else 0.0
        falling = math.sqrt(max(half**2 - floor**2, 0.0))
        found.append(Precision(label, (seen.high + seen.low) / 2, half, falling, places, floor))
    return found


def _sure_curve(one: MeasuredPoint) -> Curve:
    """The exact curve of a point with hardly any error, as a run with no end has it."""
    size = _SURE * float(np.max(one.gain_exact))
    exact = [Estimate(float(value), size) for value in one.gain_exact]
    return Curve(one.point.rule, exact, one.gain_exact, one.curve_exact)


def expected(one: MeasuredPoint, scale: float = 1.0) -> MeasuredPoint:
    """Returns a simulated point with its exact gains in the place of the estimates, and the errors these have there.

    Args:
        one: measured on counts of the emulator.
        scale: how many times more shots the errors are of.
    """
    estimates = []
    for value, estimate in zip(one.gain_exact, one.estimates, strict=True):
        variance = float(estimate.variance(np.array([value]))[0])
        error = math.sqrt(variance if variance > 0 else estimate.stderr**2)
        spread = None if estimate.spread is None else tuple(part / scale for part in estimate.spread)
        one_there = Estimate(float(value), error / math.sqrt(scale), limits=estimate.limits, spread=spread)  # type: ignore[arg-type]
        estimates.append(one_there)
    integral = integrate_estimates(one.point.rule, estimates)
    return replace(one, estimates=tuple(estimates), integral=integral, assumptions=(), widening=1.0, stand_in=None)


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None
