"""How many shots a run needs to know what it is after: before it is run, from its own circuits on the emulator.

The designed times and settings of the spec are measured once on the emulator, which is exact, with readout error where
the spec has one. What an estimate's variance would be at the exact value (`Estimate.spread`) then says how the error
falls; what it does not fall below is the part of 𝓘 that few given times miss. A second simulation at the number found
corrects it for estimators whose error falls otherwise than 1/√shots. Of a device its decay is known, and what its
preparation and readout take only where a plan wrote the spec; else it needs more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from qsense import backends
from qsense.backends import Sampler
from qsense.circuits.counts import Counts
from qsense.comparison import measure_point
from qsense.comparison.points import MeasuredPoint
from qsense.comparison.precision import Precision, Target, expected, precisions
from qsense.errors import ArgumentError
from qsense.estimators.result import NORMAL_95, Estimate
from qsense.extensions import allowing
from qsense.runs.plan import plan
from qsense.runs.point import Point
from qsense.runs.preparation import prepare_run
from qsense.runs.spec import RunSpec
from qsense.signals.magnetic import sensing_time
from qsense.workflow.as_planned import as_planned, planned_row
from qsense.workflow.until import target_of, unreachable

_PILOT = 2000  # shots of every circuit
_MOST_WORK = 2e7  # spins times shots of a second simulation
_CLOSE, _TURNS = 0.02, 40
_REPEATS = 6
_LARGEST = 1e12  # times the pilot's shots: more is never


@dataclass(frozen=True)
class Needed:
    """How many shots one number of a run needs.

    Attributes:
        label: which number.
        value: its exact value, in the goal's unit.
        half: half of the 95 % interval that is asked for, in that unit; its standard error is half/1.96.
        shots: of every circuit, to write as `shots` into the spec; None where no number will do.
        total: of all circuits of the points that decide the number.
        seconds: what they take, with the dead time of each shot.
        floor: the half interval that no number of shots takes away.
        why: why none will do; "".
    """

    label: str
    value: float
    half: float
    shots: int | None
    total: int | None
    seconds: float | None
    floor: float
    why: str = ""

    @property
    def stderr(self) -> float:
        """The standard error that goes with `half`."""
        return self.half / NORMAL_95


def shots_for(
    spec: RunSpec | str | Path,
    error: str | float,
    goal: str = "img",
    dead_time: float = 0.0,
    allow_code: bool = False,
) -> list[Needed]:
    """Returns the shots that each number of a spec needs for an error; nothing is written or sent.

    Args:
        spec: a RunSpec or the path of a TOML file. Where it is measured in two steps, this is what one step needs.
        error: half of the 95 % interval, such as "5%" of the value, 0.05, or "20us" (see `Target.of`).
        goal: "img" (𝓘 of each point), "gain" (G at the worst of its times, beside its largest), "crossover" or "field".
        dead_time: of preparation and readout of one shot, in s; by default that of the plan that wrote the spec, or 0.
        allow_code: as of `run`.

    Raises:
        SpecError: as of `run`.
        ArgumentError: the goal or the error is none, or the run has no such number.

    >>> spec = RunSpec.from_dict({
    ...     "schema": 1, "name": "small", "probes": "ghz", "num_qubits": 2, "noise": "dephasing",
    ...     "estimators": "auto", "field_rad_per_s": 0.2, "shots": 100, "seed": 1})
    >>> two, five = (shots_for(spec, error)[0].shots for error in ("2%", "5%"))
    >>> 5.9 < two / five < 6.6
    True
    """
    with allowing(allow_code):
        spec = spec if isinstance(spec, RunSpec) else RunSpec.load(spec)
        target = target_of(spec, goal, error)
        resolved = replace(prepare_run(spec, None).spec, strategy="one_step")
        points = _planned(resolved, _PILOT)
        sampler = backends.sampler("emulator", spec.readout_error)
        measured = [as_planned(_simulated(point, sampler, resolved), resolved) for point in points]
        first = precisions([expected(one) for one in measured], goal, resolved.pairs)
        return [_needed(one, measured, target, resolved, sampler, dead_time) for one in first]


def _planned(spec: RunSpec, shots: int) -> list[Point]:
    """The points with so many shots of every circuit, or as many as they need at the least."""
    least = max(point.needed_shots for point in plan(spec.with_shots(10**6)))
    return plan(spec.with_shots(max(shots, least)))


def _simulated(point: Point, sampler: Sampler, spec: RunSpec) -> MeasuredPoint:
    """A point measured on the emulator; variances that are known at the estimate alone are the mean of several."""
    counts = _counts(point, sampler)
    found = measure_point(point, counts, spec.readout_error)
    if all(one.spread is not None for one in found.estimates):
        return found
    every: list[Sequence[Estimate]] = [found.estimates]
    every += [again.estimate(_counts(again, sampler)) for again in (_reseeded(point, k) for k in range(1, _REPEATS))]
    errors = np.sqrt(np.mean([[one.stderr**2 for one in each] for each in every], axis=0))
    pairs = zip(found.estimates, errors.tolist(), strict=True)
    return replace(found, estimates=tuple(replace(one, stderr=error) for one, error in pairs))


def _reseeded(point: Point, number: int) -> Point:
    return replace(point, seed=(point.seed + number) % 2**63)


def _counts(point: Point, sampler: Sampler) -> list[Counts]:
    parts = [
        sampler.sample(one.experiment, one.settings, one.shots, point.noise, one.seed) for one in point.acquisitions()
    ]
    return point.by_time(parts)


def _needed(
    first: Precision, measured: Sequence[MeasuredPoint], target: Target, spec: RunSpec, sampler: Sampler, dead: float
) -> Needed:
    """Solves for the shots, simulates at that number, and solves again."""
    own = [measured[place] for place in first.points]
    scale, found = _solved(own, target, spec)
    pilot = own[0].point.estimator.shots
    if 0 < scale < _LARGEST and not 0.5 < scale < 2:
        spins = sum(sum(one.point.total_shots) * one.point.probe.num_qubits for one in own)
        shots = max(round(pilot * min(scale, _MOST_WORK / spins)), 1)
        every = _planned(spec, shots)
        again = [as_planned(_simulated(every[place], sampler, spec), spec) for place in first.points]
        after, found = _solved(again, target, spec)
        own, scale, pilot = again, after, again[0].point.estimator.shots
    half = found.wanted(target)
    if not scale < _LARGEST:
        why = unreachable(found, target, bool(spec.times or spec.times_of))
        return Needed(first.label, found.value, half, None, None, None, found.floor, why)
    least = max(one.point.needed_shots for one in own)
    shots = max(math.ceil(pilot * scale), least)
    by_time = [[n * shots / pilot for n in one.point.total_shots] for one in own]
    seconds = sum(
        sensing_time(each, one.point.rule.times.tolist(), dead or _planned_dead(spec, one.point))
        for each, one in zip(by_time, own, strict=True)
    )
    return Needed(first.label, found.value, half, shots, math.ceil(sum(map(sum, by_time))), seconds, found.floor)


def _planned_dead(spec: RunSpec, point: Point) -> float:
    row = planned_row(spec, point)
    return 0.0 if row is None else row.dead_time_s


def _solved(own: Sequence[MeasuredPoint], target: Target, spec: RunSpec) -> tuple[float, Precision]:
    """How many times the shots of simulated points reach the target, and the precision there; infinite if none do."""
    scale = 1.0
    found = _at(own, 1.0, target, spec)
    for _ in range(_TURNS):
        factor = found.factor(target)
        if not scale * factor < _LARGEST:
            return math.inf, found
        scale *= factor
        if target.goal == "field" or abs(factor - 1) < _CLOSE:
            break
        found = _at(own, scale, target, spec)
    return scale, found


def _at(own: Sequence[MeasuredPoint], scale: float, target: Target, spec: RunSpec) -> Precision:
    (found,) = precisions([expected(one, scale) for one in own], target.goal, spec.pairs)
    if target.goal == "field" and not found.why:
        found = replace(found, value=own[0].point.field)
        if target.is_share and found.value == 0:
            raise ArgumentError(
                'the field of the spec is 0, of which there is no share; give an error such as "3rad/s"'
            )
    return found
