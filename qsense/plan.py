"""The plan: a run spec as an exact list of points, each with its times, circuits, settings and seeds.

Nothing here is random or depends on the machine: the same spec gives the same plan, and a point gives the same counts
whatever else is in the spec.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np

from qsense.counts import IntArray
from qsense.errors import ArgumentError, SpecError
from qsense.estimate import parameter_shift, tomography
from qsense.estimate.result import Estimate
from qsense.noise import LocalNoise
from qsense.probes import Probe
from qsense.quadrature import Rule, rule_for_times
from qsense.sensing import Ending, Experiment, Settings
from qsense.spec import EstimatorSpec, RunSpec
from qsense.theory.times import decay_rate, designed_rule


class Job(NamedTuple):
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
    """

    probe: Probe
    noise: LocalNoise
    estimator: EstimatorSpec
    field: float
    rule: Rule
    seed: int

    @cached_property
    def key(self) -> str:
        """The hash of everything that decides the counts of this point except the backend, hexadecimal."""
        parts = {
            "probe": self.probe.key,
            "noise": {k: v for k, v in self.noise.as_dict().items() if k != "name"},
            "estimator": [
                self.estimator.kind,
                self.estimator.shots,
                self.estimator.derivative,
                self.estimator.readout,
            ],
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
        return f"{re.sub(r'[^A-Za-z0-9.-]+', '_', words).strip('_.')}-{self.key[:8]}.npz"

    @property
    def circuits_per_time(self) -> int:
        return len(self._settings(0.0))

    def experiment_at(self, time: float) -> Experiment:
        """Returns the experiment of one time in s, ending as the estimator wants it."""
        ending: Ending = "directions"
        if self.estimator.kind == "parameter_shift":
            ending = parameter_shift.ending(self.estimator.readout_for(self.probe))
        return Experiment(self.probe, time, ending)

    def jobs(self) -> list[Job]:
        """Returns one job per time."""
        seeds = np.random.SeedSequence(self._entropy(0)).generate_state(len(self.rule.times))
        # Aer adds multiples of 2113 for the rows of a job: 31 bits leave room in its 64.
        return [
            Job(
                self.experiment_at(float(time)),
                self._settings(float(time)),
                self.estimator.shots,
                int(seed) >> 1,
            )
            for time, seed in zip(self.rule.times, seeds, strict=True)
        ]

    def estimate(self, tables: list[IntArray]) -> list[Estimate]:
        """Returns G at every time from the counts of every time."""
        if self.estimator.kind == "parameter_shift":
            readout = self.estimator.readout_for(self.probe)
            return [parameter_shift.estimate(table, readout) for table in tables]
        streams = np.random.SeedSequence(self._entropy(1)).spawn(len(tables))
        return [
            tomography.estimate(table, self.estimator.derivative, np.random.default_rng(stream))
            for table, stream in zip(tables, streams, strict=True)
        ]

    def _settings(self, time: float) -> Settings:
        phase = self.field * time
        if self.estimator.kind == "parameter_shift":
            return parameter_shift.design(self.estimator.readout_for(self.probe), self.probe.num_qubits, phase)
        return tomography.design(self.probe.num_qubits, self.estimator.derivative).at(phase)

    def _entropy(self, purpose: int) -> list[int]:
        """The run's seed, the point's hash, and 0 for sampling or 1 for dealing shots into folds."""
        return [self.seed, int(self.key[:16], 16), purpose]


def plan(spec: RunSpec) -> list[Point]:
    """Returns the points of a spec, in the order of its lists.

    Raises:
        SpecError: a probe is too large for its estimator, a readout does not go with its probe, there are too few
            shots, or the gain never decays; the message names the file, the key and the fix.
    """
    rules = {(p.key, n): _rule(spec, p, n) for p in spec.probes for n in spec.noises}
    points = []
    for noise in spec.noises:
        for probe in spec.probes:
            for index, estimator in enumerate(spec.estimators):
                point = Point(probe, noise, estimator, spec.field, rules[probe.key, noise], spec.seed)
                try:
                    _check(point)
                except ArgumentError as error:
                    raise SpecError(f"{spec.source}: key `estimators[{index}]`: {error}") from None
                points.append(point)
    return points


def _rule(spec: RunSpec, probe: Probe, noise: LocalNoise) -> Rule:
    try:
        if spec.times is None:
            return designed_rule(probe, noise)
        return rule_for_times(np.array(spec.times), decay_rate(probe, noise))
    except ArgumentError as error:
        raise SpecError(f"{spec.source}: key `noise`: {error}") from None


def _check(point: Point) -> None:
    minimum = tomography.MIN_SHOTS if point.estimator.kind == "tomography" else 2
    if point.estimator.shots < minimum:
        raise ArgumentError(
            f"{point.estimator.kind} needs at least {minimum} shots a circuit, but `shots` is {point.estimator.shots}."
        )
    if point.estimator.kind == "parameter_shift":
        readout = point.estimator.readout_for(point.probe)
        if readout != "local_x" and point.probe.kind != "ghz":
            raise ArgumentError(
                f'the readout "{readout}" goes with a GHZ probe only, but "{point.probe.name}" is in `probes`; '
                'use readout = "local_x" or "auto".'
            )
    _ = point.circuits_per_time
