"""What the pilot of a measurement in two steps is, and what its counts decide of the rest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from qsense.circuits.counts import Counts
from qsense.errors import ArgumentError
from qsense.estimators.estimator import Estimator
from qsense.estimators.integral import allocate, law_of_curve
from qsense.estimators.registry import AUTO, automatic, estimator_named
from qsense.estimators.result import Estimate
from qsense.estimators.two_steps import Expected, Offset, TwoSteps, find_offset
from qsense.noise import ReadoutError
from qsense.numerics.fisher import FloatArray
from qsense.probes import Probe
from qsense.runs.estimator_spec import EstimatorSpec
from qsense.runs.point import Point, acting
from qsense.runs.spec import RunSpec
from qsense.runs.times import possible
from qsense.theory.gains import gain

ADAPTIVE, WHOLE = "adaptive", "whole"
PILOT_SHARE = 0.1
_LEAST_SHARE = 20  # no time gets less than a twentieth of the average: the pilot knows only so much
_ROUNDS = 4  # of sharing shots out over rows, then times
_WORTH_MOVING, _SIGMAS = 1.3, 3.0  # the factor by which rates differ before the times follow, and its certainty
_CONTRADICTS = 3.0  # standard errors by which a pilot's field is off before directions follow it
_UNSURE = 0.5  # of the pilot's error: by how much a field that it does not contradict may yet be off
_RATES = np.geomspace(0.1, 10, 301)  # of decay that are tried, in units of the noise's
_EDGE = 1e-3  # of squared visibilities, which a pilot never knows to be 0 or 1


Rows = tuple[tuple[int, ...], ...]


class Decision(NamedTuple):
    """What a pilot decides of the rest.

    Attributes:
        aim_rad_per_s: what is added to the field for the directions that are measured.
        rate: by which the times are shorter; 1 for the same times.
        rows: the shots of each row of each time.
        shares: with which the pilot counts at each time; of the spec alone, not of its counts.
    """

    aim_rad_per_s: float
    rate: float
    rows: Rows
    shares: tuple[float, ...]


class _Law(NamedTuple):
    """G about φ at the times as a fit sees it, shape (times,), and how fast it falls for each unit of the noise's."""

    gains: FloatArray
    rate: float
    rate_error: float


def begun(point: Point) -> Point:
    """Returns a point as one that is measured in two steps, checked.

    Raises:
        ArgumentError: its estimator does not know two steps, or there are too few shots for both.
    """
    method = steerable(point)
    whole = replace(point, step=WHOLE)
    least = least_rows(method)
    for shots in map(sum, whole.row_shots):
        if shots < 2 * least:
            needed = -(-2 * least * point.estimator.shots // shots)
            raise ArgumentError(
                f'{point.estimator.name} in two steps (`strategy = "{ADAPTIVE}"`) needs at least {needed} shots a '
                f"circuit, but `shots` is {point.estimator.shots}."
            )
    return whole


def with_antipodes(estimator: EstimatorSpec, probe: Probe, error: ReadoutError | None) -> EstimatorSpec:
    """Returns the estimator that measures both sides of each direction where readout is known to be asymmetric."""
    if error is None or error.up_given_down == error.down_given_up or "antipodal" in dict(estimator.options):
        return estimator
    kind = automatic(probe)[0] if estimator.kind == AUTO else estimator_named(estimator.kind)
    if not issubclass(kind, TwoSteps) or "antipodal" not in kind.options:
        return estimator
    return replace(estimator, options=(*estimator.options, ("antipodal", True)))


def pilot_of(point: Point) -> Point:
    """Returns the first step of a whole point."""
    method = steerable(point)
    rows = tuple(
        method.pilot_rows(max(least_rows(method), round(PILOT_SHARE * sum(shots)))) for shots in point.row_shots
    )
    return with_rows(replace(point, step="pilot"), rows)


def decide(spec: RunSpec, point: Point, counts: Sequence[Counts]) -> Decision:
    """Returns what the counts of a whole point's pilot say of the rest.

    Args:
        spec: its run.
        point: as `begun` gives it.
        counts: of its pilot, at each time.
    """
    method, pilot = steerable(point), pilot_of(point)
    turns = point.rule.times * point.collected
    law = _law(point, pilot.estimate(counts))
    measured = [method.lines(one) for one in counts]
    populations = np.array([one.population for one in measured])
    squares = _squares(point, law.gains, populations)
    lengths = [
        np.full(len(one.values), one.population * np.sqrt(square))
        for one, square in zip(measured, squares, strict=True)
    ]
    found = find_offset(turns, measured, lengths) if np.any(turns) else Offset(0.0, np.inf, 0.0)
    rate = _new_rate(spec, point, law)
    moved = at_rate(point, rate)
    if rate != 1:
        possible(spec, point.probe, moved.rule)
        populations = np.interp(moved.rule.times, point.rule.times, populations)
        turns = moved.rule.times * moved.collected
    # A field that the pilot does not contradict is taken as it is: it is known better than a tenth of the shots tell.
    is_off = abs(found.value) > _CONTRADICTS * found.stderr
    unsure = found.stderr * (1.0 if is_off else _UNSURE)
    fastest = max(float(np.abs(one.frequencies).max()) for one in measured)
    # At t = 0 nothing has turned, however little the pilot knows of the field.
    turned = np.multiply(fastest * turns, unsure, out=np.zeros_like(turns), where=turns != 0)
    across = np.clip(turned**2, found.scatter, 0.5)
    expected = [Expected(*one) for one in zip(squares.tolist(), populations.tolist(), across.tolist(), strict=True)]
    before = pilot.row_shots if rate == 1 and not is_off else ()  # what the rest adds to
    rest = sum(map(sum, point.row_shots)) - sum(map(sum, pilot.row_shots))
    shares = _pilot_shares(pilot, rest) if rate == 1 and is_off else (0.0,) * len(point.rule.times)
    # As many digits as matter, so that another processor decides the same.
    digits = 2 - int(np.floor(np.log10(found.stderr))) if np.isfinite(found.stderr) else 0
    aim = round(found.value, digits) if is_off else 0.0
    return Decision(aim, rate, _shared_out(moved, expected, rest, before), shares)


def steerable(point: Point) -> TwoSteps:
    """The estimator of a point, which must know two steps.

    Raises:
        ArgumentError: it does not.
    """
    method: Estimator = point.method
    if not isinstance(method, TwoSteps):
        raise ArgumentError(
            f'the estimator "{point.estimator.name}" of {point.probe.name} is not measured in two steps; use ghz or '
            "product with their probes, or remove `strategy`."
        )
    method.variance(Expected(0.5), method.pilot_rows(least_rows(method)))  # refuses readouts that cannot be steered
    return method


@lru_cache(maxsize=256)
def least_rows(method: TwoSteps) -> int:
    """The fewest shots of one time with which every row has enough."""
    assert isinstance(method, Estimator)
    rows, least = len(method.design(0.0)[1]), method.min_shots
    total = rows * least
    while min(method.pilot_rows(total)) < least or min(method.best_rows(Expected(0.5), total)) < least:
        total += 1
    return total


def with_rows(point: Point, rows: Rows) -> Point:
    return replace(point, rows=rows, shots=tuple(sum(one) // len(one) for one in rows))


def _law(point: Point, estimates: Sequence[Estimate]) -> _Law:
    """What the pilot says of the decay: the noise's curve with its own height and rate, averaged over what fits."""
    rule, world = point.rule, acting(point.world)

    def curve(times: FloatArray) -> FloatArray:
        return gain(point.probe, world, times)

    values = np.array([one.value for one in estimates])
    try:
        shape = law_of_curve(curve, 1 / rule.decay_rate, exponent=False)
    except ArgumentError:  # no decay
        exact = curve(rule.times)
        return _Law(exact * max(float(values @ exact / (exact @ exact)), _EDGE), 1.0, np.inf)
    precise = np.array([one.stderr for one in estimates]) ** -2.0
    curves = shape.shape(rule.decay_rate * _RATES[:, None] * rule.times, 1.0)
    heights = np.maximum(curves @ (precise * values) / np.maximum(curves**2 @ precise, 1e-300), _EDGE)
    misfits = (values - heights[:, None] * curves) ** 2 @ precise
    chance = np.exp((misfits.min() - misfits) / 2)
    chance /= chance.sum()
    middle = float(chance @ np.log(_RATES))
    error = float(np.sqrt(chance @ (np.log(_RATES) - middle) ** 2 + np.log(_RATES[1] / _RATES[0]) ** 2))
    return _Law(chance @ (heights[:, None] * curves), float(np.exp(middle)), float(np.exp(middle)) * error)


def _squares(point: Point, gains: FloatArray, populations: FloatArray) -> FloatArray:
    top = steerable(point).top * np.maximum(point.collected**2, 1e-300)
    return np.asarray(np.clip(gains / (top * populations), _EDGE, 1 - _EDGE))


def _new_rate(spec: RunSpec, point: Point, law: _Law) -> float:
    """How much faster the counts surely fall than the noise says, to two digits; 1 where the times stay."""
    given = spec.times_for(point.probe) is not None
    if given or spec.device is not None or point.rule.law is not None or not point.signal.is_constant:
        return 1.0
    off = abs(np.log(law.rate)) if law.rate > 0 else 0.0
    is_sure = off > max(float(np.log(_WORTH_MOVING)), _SIGMAS * law.rate_error / max(law.rate, 1e-300))
    return float(f"{law.rate:.2g}") if is_sure else 1.0


def at_rate(point: Point, rate: float) -> Point:
    """The point with the times of a decay that is faster by this factor."""
    rule = point.rule
    if rate == 1:
        return point
    moved = replace(
        rule,
        times=rule.times / rate,
        weights=rule.weights / rate,
        tail_weights=rule.tail_weights / rate,
        decay_rate=rule.decay_rate * rate,
        node_rate=rule.node_rate * rate,
    )
    return replace(point, rule=moved)


def _shared_out(point: Point, expected: Sequence[Expected], total: int, before: Rows = ()) -> Rows:
    """The shots of each row of each time that give 𝓘 its smallest error, together with those before."""
    method, times = steerable(point), len(point.rule.times)
    first = [sum(rows) for rows in before] or [0]
    total += sum(first)
    least = max(least_rows(method), total // (times * _LEAST_SHARE), max(first) + point.circuits_per_time)
    shots = allocate(total, np.ones(times), np.ones(times), least).shots
    for _ in range(_ROUNDS):
        rows = [method.best_rows(one, n) for one, n in zip(expected, shots, strict=True)]
        each = np.array([method.variance(one, own) * sum(own) for one, own in zip(expected, rows, strict=True)])
        shots = allocate(total, point.rule.weights * point.collected**2, np.sqrt(each), least).shots
    rows = [method.best_rows(one, n) for one, n in zip(expected, shots, strict=True)]
    return tuple(map(_added, rows, before)) if before else tuple(rows)


def _added(wanted: Sequence[int], before: Sequence[int]) -> tuple[int, ...]:
    """The shots that are still wanted of each row, at least one; what that is too many is taken off the largest.

    >>> _added((90, 10, 5), (10, 11, 5))
    (77, 1, 1)
    """
    found = [max(one - done, 1) for one, done in zip(wanted, before, strict=True)]
    for _ in range(sum(found) - (sum(wanted) - sum(before))):
        found[found.index(max(found))] -= 1
    return tuple(found)


def _pilot_shares(pilot: Point, rest: int) -> tuple[float, ...]:
    """With which weight the pilot's G counts at each time: by the variances that the spec's own noise predicts.

    They do not depend on any counts.
    """
    method = steerable(pilot)
    exact = gain(pilot.probe, acting(pilot.world), pilot.rule.times)
    expected = [Expected(one) for one in _squares(pilot, exact, np.ones(len(exact))).tolist()]
    later = _shared_out(pilot, expected, rest)
    variances = [
        (method.variance(one, own), method.variance(one, then))
        for one, own, then in zip(expected, pilot.row_shots, later, strict=True)
    ]
    return tuple(then / (own + then) for own, then in variances)
