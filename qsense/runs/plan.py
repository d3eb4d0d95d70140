"""The plan: a run spec as an exact list of points, each with its times, circuits, settings and seeds.

Nothing here is random or depends on the machine: the same spec gives the same plan, and a point gives the same counts
whatever else is in the spec.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import replace

import numpy as np

from qsense import emulator
from qsense.circuits.sensing import Experiment
from qsense.errors import ArgumentError, SpecError, at_key, is_own
from qsense.estimators.estimator import Estimator
from qsense.estimators.integral.allocation import allocate
from qsense.estimators.row_shots import shots_behind
from qsense.noise import Noise
from qsense.numerics.fisher import FloatArray
from qsense.numerics.quadrature import Rule, rule_for_times
from qsense.probes import Probe
from qsense.runs.commuting import check_commuting
from qsense.runs.own_probes import has_own_numbers
from qsense.runs.pilots import ADAPTIVE, begun, with_antipodes
from qsense.runs.placement import CALIBRATION, CalibrationNoise
from qsense.runs.point import Point as Point  # where other packages look for it
from qsense.runs.point import acting
from qsense.runs.spec import RunSpec
from qsense.runs.times import bracket_crossings, earlier_rules, possible
from qsense.theory.times import decay_rate, designed_rule

PILOT_SHOTS = 2000
LEAST_SHARE = 10  # no time gets less than a tenth of the average: the pilot knows its deviations only so well


RowShots = Mapping[str, tuple[int, ...]]


def plan(spec: RunSpec, measured: RowShots | None = None) -> list[Point]:
    """Returns the points of a spec, in the order of its lists.

    Points that have been measured or sent keep their own settings and shots, whatever is asked for now.

    Args:
        spec: the run.
        measured: the shots of every row of what has been, by the key of its point or the name of its counts file.

    Raises:
        SpecError: a probe is too large for its estimator, a readout does not go with its probe, there are too few
            shots, or the gain never decays; the message names the file, the key and the fix.
    """
    for index, estimator in enumerate(spec.estimators):
        if not any(estimator.goes_with(probe) for probe in spec.probes):
            raise SpecError(
                f'{spec.source}: key `estimators[{index}]`: the estimator "{estimator.kind}" goes with a '
                f"{estimator.probe_kinds} probe, and `probes` has none; add one or remove it."
            )
    if spec.strategy == ADAPTIVE and spec.allocation != "equal":
        raise SpecError(
            f'{spec.source}: key `allocation`: `strategy = "{ADAPTIVE}"` shares the shots out itself, by its pilot; '
            "remove `allocation`."
        )
    if not measured:
        _check_estimators(spec)
    points, asked, measured = [], _listed(spec), measured or {}
    taken = {p.key for _, p in asked if p.key in measured or p.file_name in measured} if measured else set()
    for index, point in asked:
        with at_key(spec.source, f"estimators[{index}]"):
            if spec.strategy == ADAPTIVE:
                points.append(begun(point))
                continue
            found = point if taken and point.key in taken else _as_measured(spec, point, measured, taken)
            if found is None:
                least = _check(point)
                found = _allocated(point, least) if spec.allocation == "optimal" else point
            elif measured:
                taken.add(found.key)
            points.append(found)
    return points


def _check_estimators(spec: RunSpec) -> None:
    """Refuses an estimator that a given state is too large for, before the times of large states are designed."""
    for index, estimator in enumerate(spec.estimators):
        for probe in spec.probes:
            if has_own_numbers(probe) and estimator.goes_with(probe):
                with at_key(spec.source, f"estimators[{index}]"):
                    estimator.for_signal(probe, spec.signal)


def listed(spec: RunSpec) -> list[Point]:
    """Returns the points of a spec with their names and times; whether they can be measured is not checked."""
    return [point for _, point in _listed(spec)]


def _listed(spec: RunSpec) -> list[tuple[int, Point]]:
    """The points, the shots shared out evenly, each with the index of its estimator."""
    rules = bracket_crossings(spec, {(p.key, n): _rule(spec, p, n) for p in spec.probes for n in spec.noises})
    found = []
    for noise in spec.noises:
        for probe in spec.probes:
            for index, estimator in enumerate(spec.estimators):
                if estimator.goes_with(probe):
                    if spec.strategy == ADAPTIVE:
                        estimator = with_antipodes(estimator, probe, spec.readout_error)
                    rule, own = rules[probe.key, noise], spec.noise_for(probe, noise)
                    shots = (estimator.shots,) * len(rule.times)
                    point = Point(probe, own, estimator, spec.field, rule, spec.seed, shots)
                    found.append(
                        (index, replace(point, signal=spec.signal, pulses=spec.pulses, ratio=spec.ratio_of(noise)))
                    )
    return found


def _as_measured(spec: RunSpec, point: Point, measured: RowShots, taken: set[str]) -> Point | None:
    """The point with the times, settings and shots that it was measured or sent with; None if it was not."""
    if not measured:
        return None
    with point.calling_estimator():
        methods = (None, *point.method.earlier())
    rows, rules = (
        point.circuits_per_time,
        [point.rule, *earlier_rules(spec, point.probe, acting(point.world), point.rule)],
    )
    for rule, method in itertools.product(rules, methods):
        for shots in dict.fromkeys(measured.values()):
            if len(shots) == rows * len(rule.times):
                own = _shots_behind(method or point.method, shots, rows)
                if own is None:
                    continue
                found = replace(point, rule=rule, shots=own, measured_by=method)
                is_others = found.key in taken and found.shots != point.shots  # which is measured alike
                if not is_others and (found.key in measured or found.file_name in measured):
                    return found
    return None


def _shots_behind(method: Estimator, shots: tuple[int, ...], rows: int) -> tuple[int, ...] | None:
    """The shots for every circuit of each time that gave each row its own; None if none did."""
    own = [shots_behind(method.row_shots, shots[at : at + rows]) for at in range(0, len(shots), rows)]
    found = tuple(one for one in own if one is not None)
    return found if len(found) == len(own) else None


def _rule(spec: RunSpec, probe: Probe, named: Noise | CalibrationNoise) -> Rule:
    times = spec.times_for(probe)
    with at_key(spec.source, "noise"):
        world = spec.world_for(probe, named)
        if isinstance(named, CalibrationNoise) and not world.decay_rates(probe.num_qubits).any():
            raise ArgumentError(
                f'the backend reports neither T1 nor T2 of the qubits of "{probe.name}", so "{CALIBRATION}" says '
                "nothing; give `t1_s` and `t2_s`, or a noise model that `qsense calibrate` has measured"
            )
    with at_key(spec.source, "signal" if world.pulses.is_free else "idle"):
        if world.signal.is_constant or times is not None:
            world.signal.check_window(np.array(times or (0.0,))[-1:], world.pulses)
    with at_key(spec.source, "noise"):
        rule = (
            designed_rule(probe, acting(world))
            if times is None
            else rule_for_times(np.array(times), decay_rate(probe, acting(world)))
        )
    return possible(spec, probe, rule)


def _check(point: Point) -> int:
    """Refuses a point that cannot be measured; returns how many shots every circuit needs."""
    point.signal.check_window(point.rule.times, point.pulses)
    if not is_own(point.method):
        with point.calling_estimator():
            _ = point.circuits_per_time, point.key
    else:
        _ = point.circuits_per_time  # refuses too many spins
    check_commuting(point)
    with point.calling_estimator():
        minimum = point.method.needed_shots_of(lambda: _probabilities(point))
    if point.estimator.shots < minimum:
        raise ArgumentError(
            f"{point.estimator.name} needs at least {minimum} shots a circuit, but `shots` is {point.estimator.shots} "
            f"({point.probe.name}, N = {point.probe.num_qubits})."
        )
    return minimum


def _probabilities(point: Point) -> FloatArray:
    ending, settings = point.method.design(0.0)
    first = Experiment(point.probe, float(point.rule.times[0]), ending, point.signal, point.pulses)
    return np.concatenate(list(emulator.probabilities(first, settings, point.noise)))


def _allocated(point: Point, needed: int) -> Point:
    """The point with its shots shared out over the times for the smallest error of 𝓘, by a pilot on the emulator."""
    shots = max(PILOT_SHOTS, needed)
    pilot = replace(point, shots=(shots,) * len(point.rule.times))
    counts = [
        emulator.sample(one.experiment, one.settings, one.shots, point.noise, one.seed) for one in pilot.acquisitions()
    ]
    deviations = np.array([e.stderr for e in pilot.estimate(pilot.by_time(counts))]) * np.sqrt(shots)
    total = point.estimator.shots * len(point.rule.times)
    least = max(needed, point.estimator.shots // LEAST_SHARE)
    return replace(point, shots=allocate(total, point.rule.weights, deviations, least).shots)
