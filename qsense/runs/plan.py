"""The plan: a run spec as an exact list of points, each with its times, circuits, settings and seeds.

Nothing here is random or depends on the machine: the same spec gives the same plan, and a point gives the same counts
whatever else is in the spec.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import re
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import cached_property
from typing import NamedTuple

import numpy as np

from qsense import emulator
from qsense.circuits.counts import Counts
from qsense.circuits.sensing import Ending, Experiment, Settings
from qsense.errors import ArgumentError, SpecError, at_key, extension_code, is_own
from qsense.estimators.estimator import Estimator
from qsense.estimators.integral.allocation import allocate
from qsense.estimators.result import Estimate
from qsense.files.safe import is_reserved
from qsense.noise import SpinNoise
from qsense.numerics.fisher import FloatArray
from qsense.numerics.quadrature import Rule, rule_for_times
from qsense.probes import Probe
from qsense.runs.estimator_spec import EstimatorSpec
from qsense.runs.placement import CALIBRATION, CalibrationNoise
from qsense.runs.spec import RunSpec
from qsense.runs.times import bracket_crossings, earlier_rules, possible
from qsense.theory.times import decay_rate, designed_rule

_LONGEST_NAME = 240  # of a file, without its hash and its ending; file systems take 255 letters

PILOT_SHOTS = 2000
LEAST_SHARE = 10  # no time gets less than a tenth of the average: the pilot knows its deviations only so well


RowShots = Mapping[str, tuple[int, ...]]


class Acquisition(NamedTuple):
    """One experiment at one time, with the settings and the seed that it runs with."""

    experiment: Experiment
    settings: Settings
    shots: int
    seed: int


@dataclass(frozen=True)
class Point:
    """One probe of one size, under one noise, by one estimator: a curve G(t) and an integral.

    Attributes:
        probe, noise, estimator: what is measured and how.
        field: φ in rad/s.
        rule: the times and their weights.
        seed: the run's seed.
        shots: for every circuit of each time.
        measured_by: the estimator with the settings that an earlier version measured with, where they have changed.
    """

    probe: Probe
    noise: SpinNoise
    estimator: EstimatorSpec
    field: float
    rule: Rule
    seed: int
    shots: tuple[int, ...]
    measured_by: Estimator | None = None

    @cached_property
    def method(self) -> Estimator:
        """What the estimator's name means for this probe."""
        return self.measured_by or self.estimator.for_probe(self.probe)

    @cached_property
    def key(self) -> str:
        """The hash of everything that decides the counts of this point except the backend, hexadecimal."""
        with self.calling_estimator():
            identity = self.method.identity()
            json.dumps(identity)
        parts = {
            "probe": self.probe.key,
            "noise": {k: v for k, v in self.noise.to_dict().items() if k != "name"},
            "estimator": identity,
            "shots": self.shots,
            "field": self.field,
            "times": self.rule.times.tolist(),
            "seed": self.seed,
        }
        return hashlib.sha256(json.dumps(parts, sort_keys=True).encode()).hexdigest()

    @property
    def label(self) -> str:
        """A name to read: probe, size, noise, estimator."""
        return f"{self.probe.name} N={self.probe.num_qubits}, {self.noise.name}, {self.estimator.name}"

    @property
    def file_name(self) -> str:
        """The name of its counts file."""
        words = f"{self.probe.name}-{self.probe.num_qubits}-{self.noise.name}-{self.estimator.name}"
        name = re.sub(r"[^A-Za-z0-9.-]+", "_", words).strip("_.")[:_LONGEST_NAME]
        return f"{'_' * is_reserved(name)}{name}-{self.key[:8]}.npz"

    @cached_property
    def circuits_per_time(self) -> int:
        return len(self._design(0.0)[1])

    @property
    def needed_shots(self) -> int:
        """How many shots every circuit needs at least to be estimated."""
        with self.calling_estimator():
            return self.method.needed_shots()

    def experiment_at(self, time: float) -> Experiment:
        """Returns the experiment of one time in s, ending as the estimator wants it."""
        return Experiment(self.probe, time, self._design(0.0)[0])

    def acquisitions(self) -> list[Acquisition]:
        """Returns one acquisition per time."""
        seeds = np.random.SeedSequence(self._entropy(0)).generate_state(len(self.rule.times))
        acquisitions = []
        for time, shots, seed in zip(self.rule.times, self.shots, seeds, strict=True):
            ending, settings = self._design(self.field * float(time))
            # Aer adds multiples of 2113 for the rows of an acquisition: 31 bits leave room in its 64.
            experiment = Experiment(self.probe, float(time), ending)
            acquisitions.append(Acquisition(experiment, settings, shots, int(seed) >> 1))
        return acquisitions

    def estimate(self, counts: Sequence[Counts]) -> list[Estimate]:
        """Returns G at every time from the counts of every time."""
        streams = np.random.SeedSequence(self._entropy(1)).spawn(len(counts))
        found = []
        for part, stream, time in zip(counts, streams, self.rule.times, strict=True):
            with self.calling_estimator(time):
                one = self.method.estimate(part, np.random.default_rng(stream))
            self._check_estimate(one, float(time))
            found.append(one)
        return found

    def calling_estimator(self, time: float | None = None) -> AbstractContextManager[None]:
        """Names the estimator and the point where the code of an extension fails inside."""
        probe = f"{self.probe.name} N={self.probe.num_qubits}, {self.noise.name}"
        at = "" if time is None else f", at t = {time:.4g} s"
        return extension_code(self.method, f'the estimator "{self.estimator.name}" for {probe}{at}')

    def _design(self, phase: float) -> tuple[Ending, Settings]:
        with self.calling_estimator():
            ending, settings = self.method.design(phase)
            if not isinstance(settings, Settings):
                raise TypeError(f"`design` must return an ending and Settings, but gives {type(settings).__name__}")
        return ending, settings

    def _check_estimate(self, one: object, time: float) -> None:
        """Refuses what is no estimate; no result may hold a number that is none."""
        what = f'the estimator "{self.estimator.name}" gives for {self.label}, at t = {time:.4g} s'
        if not isinstance(one, Estimate):
            raise ArgumentError(f"{what}, {type(one).__name__}; `estimate` must return an Estimate.")
        if one.stderr == 0:
            raise ArgumentError(f"{what}, an error of 0, which no number of shots has: take more shots, or correct it.")
        for name, reading in {"estimate": one, **one.others}.items():
            if not (np.isfinite(reading.value) and np.isfinite(reading.stderr) and reading.stderr >= 0):
                raise ArgumentError(
                    f"{what}, the {name} {reading.value} ± {reading.stderr}; both must be finite, the error not "
                    "negative: take more shots, or correct the estimator."
                )

    def _entropy(self, purpose: int) -> list[int]:
        """The run's seed, the point's hash, and what the numbers are for: 0 sampling, 1 folds, 2 a pilot."""
        return [self.seed, int(self.key[:16], 16), purpose]


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
    points, asked, measured = [], _listed(spec), measured or {}
    taken = {p.key for _, p in asked if p.key in measured or p.file_name in measured} if measured else set()
    for index, point in asked:
        with at_key(spec.source, f"estimators[{index}]"):
            found = point if taken and point.key in taken else _as_measured(spec, point, measured, taken)
            if found is None:
                least = _check(point)
                found = _allocated(point, least) if spec.allocation == "optimal" else point
            elif measured:
                taken.add(found.key)
            points.append(found)
    return points


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
                    rule, own = rules[probe.key, noise], spec.noise_for(probe, noise)
                    shots = (estimator.shots,) * len(rule.times)
                    found.append((index, Point(probe, own, estimator, spec.field, rule, spec.seed, shots)))
    return found


def _as_measured(spec: RunSpec, point: Point, measured: RowShots, taken: set[str]) -> Point | None:
    """The point with the times, settings and shots that it was measured or sent with; None if it was not."""
    if not measured:
        return None
    with point.calling_estimator():
        methods = (None, *point.method.earlier())
    rows, rules = point.circuits_per_time, [point.rule, *earlier_rules(spec, point.probe, point.noise, point.rule)]
    for rule, method in itertools.product(rules, methods):
        for shots in dict.fromkeys(measured.values()):
            if len(shots) == rows * len(rule.times):
                found = replace(point, rule=rule, shots=shots[::rows], measured_by=method)
                is_others = found.key in taken and found.shots != point.shots  # which is measured alike
                if not is_others and (found.key in measured or found.file_name in measured):
                    return found
    return None


def _rule(spec: RunSpec, probe: Probe, named: SpinNoise | CalibrationNoise) -> Rule:
    with at_key(spec.source, "noise"):
        noise = spec.noise_for(probe, named)
        if isinstance(named, CalibrationNoise) and not noise.decay_rates(probe.num_qubits).any():
            raise ArgumentError(
                f'the backend reports neither T1 nor T2 of the qubits of "{probe.name}", so "{CALIBRATION}" says '
                "nothing; give `t1_s` and `t2_s`, or a noise model that `qsense calibrate` has measured"
            )
        rule = (
            designed_rule(probe, noise)
            if spec.times is None
            else rule_for_times(np.array(spec.times), decay_rate(probe, noise))
        )
    return possible(spec, probe, rule)


def _check(point: Point) -> int:
    """Refuses a point that cannot be measured; returns how many shots every circuit needs."""
    if not is_own(point.method):
        with point.calling_estimator():
            _ = point.circuits_per_time, point.key
    else:
        _ = point.circuits_per_time  # refuses too many spins
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
    first = Experiment(point.probe, float(point.rule.times[0]), ending)
    return np.concatenate(list(emulator.probabilities(first, settings, point.noise)))


def _allocated(point: Point, needed: int) -> Point:
    """The point with its shots shared out over the times for the smallest error of 𝓘, by a pilot on the emulator."""
    shots = max(PILOT_SHOTS, needed)
    pilot = replace(point, shots=(shots,) * len(point.rule.times))
    counts = [
        emulator.sample(one.experiment, one.settings, shots, point.noise, one.seed) for one in pilot.acquisitions()
    ]
    deviations = np.array([e.stderr for e in pilot.estimate(counts)]) * np.sqrt(shots)
    total = point.estimator.shots * len(point.rule.times)
    least = max(needed, point.estimator.shots // LEAST_SHARE)
    return replace(point, shots=allocate(total, point.rule.weights, deviations, least).shots)
