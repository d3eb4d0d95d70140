"""A point of a run: one probe of one size under one noise, read by one estimator, with its circuits and its seeds."""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from dataclasses import field as declared
from functools import cached_property
from typing import NamedTuple

import numpy as np

from qsense.circuits.counts import Counts
from qsense.circuits.sensing import Ending, Experiment, Settings
from qsense.errors import ArgumentError, extension_code
from qsense.estimators.estimator import Estimator
from qsense.estimators.result import Estimate
from qsense.files.safe import is_reserved
from qsense.noise import AnyNoise, Noise, World
from qsense.numerics.fisher import FloatArray
from qsense.numerics.quadrature import Rule
from qsense.probes import Probe
from qsense.runs.estimator_spec import EstimatorSpec
from qsense.signals import FREE, UNIFORM, Pulses, Signal

_LONGEST_NAME = 240  # of a file, without its hash and its ending; file systems take 255 letters


class Acquisition(NamedTuple):
    """One experiment at one time, with the settings and the seed that it runs with: rows that get the same shots."""

    experiment: Experiment
    settings: Settings
    shots: int
    seed: int


class Pilot(NamedTuple):
    """What a pilot at the same times says of G: by its counts, or by estimates of its own.

    Attributes:
        shots: at each time, over all circuits.
        counts: at each time, of the same rows, to which the rest adds; () where its directions or times are others.
        estimates: at each time, where its directions alone are others.
        shares: with which the estimates count, fixed before anything is measured, so that no estimate is biased.
    """

    shots: tuple[int, ...]
    counts: tuple[Counts, ...] = ()
    estimates: tuple[Estimate, ...] = ()
    shares: tuple[float, ...] = ()

    @property
    def is_counted(self) -> bool:
        """Whether it is part of what is estimated."""
        return bool(self.counts or self.estimates)


def acting(world: World) -> AnyNoise:
    """Returns the noise alone where there is nothing beside it, the local one alone where it has no other parts."""
    if not world.is_plain:
        return world
    has_more = world.noise.phase_noise or world.noise.is_coupled
    return world.noise if has_more else world.noise.local


@dataclass(frozen=True)
class Point:
    """One probe of one size, under one noise, by one estimator: a curve G(t) and an integral.

    Attributes:
        probe, noise, estimator: what is measured and how.
        field: φ in rad/s.
        rule: the times and their weights.
        seed: the run's seed.
        shots: for every circuit of each time, on average.
        measured_by: the estimator with the settings that an earlier version measured with, where they have changed.
        signal: its weights and waveform.
        pulses: between which the spins sense.
        rows: the shots of each circuit of each time, where they are not what the estimator says; ().
        aim: in rad/s, what a pilot found beside the field: directions are measured where the field plus this puts them.
        step: of a measurement in two: "whole" before it, "pilot", "rest"; "".
        pilot: of the rest.
        ratio: the gyromagnetic ratio of a spin in Hz/T, where it is known.
    """

    probe: Probe
    noise: Noise
    estimator: EstimatorSpec
    field: float
    rule: Rule
    seed: int
    shots: tuple[int, ...]
    measured_by: Estimator | None = None
    signal: Signal = UNIFORM
    pulses: Pulses = FREE
    rows: tuple[tuple[int, ...], ...] = ()
    aim: float = 0.0
    step: str = ""
    pilot: Pilot | None = declared(default=None, compare=False, repr=False)
    ratio: float | None = None

    @cached_property
    def method(self) -> Estimator:
        """What the estimator's name means for this probe and the signal's weights."""
        return self.measured_by or self.estimator.for_signal(self.probe, self.signal)

    @cached_property
    def world(self) -> World:
        """Noise, signal and pulses together, as the theory takes them."""
        return World(self.noise, self.signal, self.pulses)

    @cached_property
    def collected(self) -> FloatArray:
        """W at each time: the part of φt that the window collects, shape (times,)."""
        return self.signal.weight(self.rule.times, self.pulses)

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
        if not self.signal.is_default:
            parts["signal"] = self.signal.to_dict()
        if not self.pulses.is_free:
            parts["idle"] = self.pulses.name
        if self.step:
            parts |= {"step": self.step, "rows": self.rows, "aim": self.aim}
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

    @cached_property
    def row_shots(self) -> tuple[tuple[int, ...], ...]:
        """The shots of each circuit of each time."""
        rows = self.circuits_per_time
        if self.rows:
            return self.rows
        with self.calling_estimator():
            found = tuple(self.method.row_shots(shots) or (shots,) * rows for shots in self.shots)
            if any(len(one) != rows for one in found):
                raise ValueError(f"`row_shots` must give a number for each of {rows} rows, but gives {found[0]}")
        return found

    @property
    def total_shots(self) -> tuple[int, ...]:
        """The shots of all circuits of each time, those of a pilot at the same times included."""
        own = tuple(map(sum, self.row_shots))
        if self.pilot is None or not self.pilot.is_counted:
            return own
        return tuple(sum(both) for both in zip(own, self.pilot.shots, strict=True))

    @property
    def needed_shots(self) -> int:
        """How many shots every circuit needs at least to be estimated."""
        with self.calling_estimator():
            return self.method.needed_shots()

    def experiment_at(self, time: float) -> Experiment:
        """Returns the experiment of one time in s, ending as the estimator wants it."""
        return Experiment(self.probe, time, self._design(0.0)[0], self.signal, self.pulses)

    def acquisitions(self) -> list[Acquisition]:
        """Returns one acquisition per time, or more where its rows get unlike shots; `by_time` puts counts together."""
        seeds = np.random.SeedSequence(self._entropy(0)).generate_state(len(self.rule.times))
        acquisitions = []
        for time, share, rows, seed in zip(self.rule.times, self.collected, self.row_shots, seeds, strict=True):
            turned = float(time) * float(share)
            ending, settings = self._design(self.field * turned)
            if self.aim:
                aimed = self._design((self.field + self.aim) * turned)[1]
                settings = Settings(settings.phases, aimed.polars, aimed.azimuths)
            experiment = Experiment(self.probe, float(time), ending, self.signal, self.pulses)
            starts = [row for row in range(len(rows)) if not row or rows[row] != rows[row - 1]]
            own = [seed] if len(starts) == 1 else np.random.SeedSequence(int(seed)).generate_state(len(starts))
            for start, end, one in zip(starts, [*starts[1:], len(rows)], own, strict=True):
                # Aer adds multiples of 2113 for the rows of an acquisition: 31 bits leave room in its 64.
                acquisitions.append(Acquisition(experiment, settings[start:end], rows[start], int(one) >> 1))
        return acquisitions

    def by_time(self, parts: Sequence[Counts]) -> list[Counts]:
        """Returns the counts of every time from those of every acquisition."""
        rows = self.circuits_per_time
        if len(parts) == len(self.rule.times):
            return list(parts)
        whole = Counts.joined(parts)
        return [whole.part(k * rows, (k + 1) * rows) for k in range(len(self.rule.times))]

    def with_pilot(self, counts: Sequence[Counts]) -> list[Counts]:
        """Returns the counts of every time together with those of a pilot of the same rows, if it has one."""
        if self.pilot is None or not self.pilot.counts:
            return list(counts)
        return [Counts.merged([one, own]) for one, own in zip(self.pilot.counts, counts, strict=True)]

    def estimate(self, counts: Sequence[Counts]) -> list[Estimate]:
        """Returns G about φ at every time from the counts of every time: W² times that about the collected angle.

        Args:
            counts: of every time, as `with_pilot` gives them.
        """
        streams = np.random.SeedSequence(self._entropy(1)).spawn(len(counts))
        each = self.method.estimates(counts, [np.random.default_rng(stream) for stream in streams])
        found = []
        for time in self.rule.times:
            with self.calling_estimator(time):
                one = next(each)
            self._check_estimate(one, float(time))
            found.append(one)
        found = self.about_the_field(found)
        if self.pilot is None or not self.pilot.estimates:
            return found
        both = zip(found, self.pilot.estimates, self.pilot.shares, strict=True)
        return [one.mixed(other, share) for one, other, share in both]

    def about_the_field(self, estimates: Sequence[Estimate]) -> list[Estimate]:
        """Returns G about φ at every time from that about the collected angle: W² times as much."""
        pairs = zip(estimates, self.collected, strict=True)
        return [one if share == 1 else one.scaled(float(share) ** 2) for one, share in pairs]

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
