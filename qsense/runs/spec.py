"""The run spec: what a user writes in TOML, checked and resolved.

A resolved spec is self-contained: noise files become rates and circuit files become text, so that the copy in a record
means the same on another machine. Its id is the hash of what decides the counts and the estimates.
"""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from qsense.errors import at_key
from qsense.extensions import allowing
from qsense.files import toml_file
from qsense.noise import Noise, ReadoutError, World
from qsense.probes import Probe
from qsense.runs.estimator_spec import EstimatorSpec
from qsense.runs.gyromagnetic import ratios_of
from qsense.runs.own_probes import Form, state_files
from qsense.runs.pairs import Pair, checked_pairs, probes_of_pairs
from qsense.runs.placement import CalibrationNoise, DeviceOptions
from qsense.runs.planned import PlanEntry
from qsense.runs.probe_entries import all_probes, named_sizes, probe_entries
from qsense.runs.sensing import check_senses, check_worlds
from qsense.runs.spec_file import SCHEMA, SpecFile
from qsense.runs.spec_parts import check_once, device_of, noise_of, signal_of
from qsense.runs.times_of_probes import TimesOfProbes, checked_times, times_for
from qsense.signals import FREE, UNIFORM, Pulses, Signal
from qsense.signals.magnetic import KEY


@dataclass(frozen=True)
class RunSpec:
    """A run, resolved: every probe of every size × noise × estimator.

    Made by `load` or `from_dict`; `to_dict` gives back a spec that resolves to the same.
    """

    name: str
    probes: tuple[Probe, ...]
    noises: tuple[Noise | CalibrationNoise, ...]
    estimators: tuple[EstimatorSpec, ...]
    field: float
    times: tuple[float, ...] | None
    backend: str
    seed: int
    readout_error: ReadoutError | None
    allocation: str = "equal"
    source: str = "<spec>"
    device: DeviceOptions | None = None
    signal: Signal = UNIFORM
    idle: str = "free"
    compare: tuple[Pair, ...] | None = None
    strategy: str = "one_step"
    ratios: tuple[tuple[str, float], ...] = ()
    plan: PlanEntry | None = None
    times_of: TimesOfProbes = ()

    def __repr__(self) -> str:
        counts = (("probe", self.probes), ("noise", self.noises), ("estimator", self.estimators))
        words = ", ".join(f"{len(every)} {name}{'s' * (len(every) != 1)}" for name, every in counts)
        return f"<RunSpec {self.name}: {words} on {self.backend}>"

    @classmethod
    def load(cls, path: str | Path, allow_code: bool = False) -> RunSpec:
        """Returns the spec of a TOML file.

        Args:
            path: of the file.
            allow_code: whether extensions that it names and that are not registered may be imported.

        Raises:
            SpecError: the file cannot be read or a key is wrong; the message names the file, the key and the fix.

        >>> RunSpec.load("nowhere.toml")
        Traceback (most recent call last):
        qsense.errors.SpecError: nowhere.toml: no such file; give the path of a TOML file.
        """
        path = Path(path)
        with allowing(allow_code):
            return resolve(toml_file.read(path, SpecFile), str(path), path.parent)

    @classmethod
    def from_dict(cls, data: dict[str, Any], source: str = "<spec>", allow_code: bool = False) -> RunSpec:
        """Returns the spec of a dictionary with the keys of the TOML file; `allow_code` as in `load`.

        >>> spec = RunSpec.from_dict({
        ...     "schema": 1, "name": "small", "probes": "ghz", "num_qubits": 2, "noise": "dephasing",
        ...     "estimators": "tomography", "field_rad_per_s": 0.2, "shots": 100, "seed": 1})
        >>> spec.probes[0].num_qubits
        2
        """
        with allowing(allow_code):
            return resolve(toml_file.parse(data, SpecFile, source), source, Path())

    def to_dict(self, states: Form = "inline") -> dict[str, Any]:
        """Returns a self-contained dictionary with the keys of the TOML file, sorted where order does not matter.

        Args:
            states: how it holds the numbers of states: within itself, as the names of files, or by their hashes alone.
        """
        data: dict[str, Any] = {
            "schema": SCHEMA,
            "name": self.name,
            "probes": probe_entries(self.probes, self.signal, states),
            "num_qubits": named_sizes(self.probes),
            "noise": [n.to_dict() | ({} if states == "hash" else self._ratio_key(n)) for n in self.noises],
            "estimators": [e.to_dict() for e in self.estimators],
            "field_rad_per_s": self.field,
            "shots": self.estimators[0].shots,
            "backend": self.backend,
            "seed": self.seed,
        }
        steered = (("allocation", self.allocation, "equal"), ("strategy", self.strategy, "one_step"))
        data |= {key: value for key, value, default in steered if value != default}
        if self.times is not None:
            data["times_s"] = list(self.times)
        if self.times_of:
            data["times_s"] = {name: list(times) for name, times in self.times_of}
        if self.readout_error is not None:
            data["readout_error"] = {
                "up_given_down": self.readout_error.up_given_down,
                "down_given_up": self.readout_error.down_given_up,
            }
        if self.device is not None:
            data["device"] = self.device.to_dict()
        if not self.signal.is_default:
            data["signal"] = self.signal.to_dict()
        if self.idle != "free" and not self.senses_outside_pulses:
            data["idle"] = self.idle
        if self.compare is not None:
            data["compare"] = [list(pair) for pair in self.compare]
        if self.plan is not None and states != "hash":  # it decides no counts
            data["plan"] = self.plan.model_dump(exclude_none=True)
        return data

    def ratio_of(self, noise: Noise | CalibrationNoise) -> float | None:
        """Returns the gyromagnetic ratio of the spins under a noise, in Hz/T; None where it is not known.

        It says what φ is in tesla, and decides no counts: it is no part of the spec's id.
        """
        return dict(self.ratios).get(noise.name)

    def _ratio_key(self, noise: Noise | CalibrationNoise) -> dict[str, float]:
        ratio = self.ratio_of(noise)
        return {} if ratio is None else {KEY: ratio}

    def to_files(self) -> dict[str, bytes]:
        """Returns the files that hold the spec in a folder, by their names there; spec.toml is the last."""
        import tomli_w

        return {**state_files(self.probes), "spec.toml": tomli_w.dumps(self.to_dict("file")).encode()}

    def times_for(self, probe: Probe) -> tuple[float, ...] | None:
        """Returns the times in s at which a probe is measured; None where they are designed."""
        return times_for(probe, self.times, self.times_of, self.signal)

    @property
    def pairs(self) -> list[tuple[Probe, Probe]] | None:
        """The probes that are to be compared with each other; None where the spec leaves it open."""
        return None if self.compare is None else probes_of_pairs(self.compare, self.probes, self.signal)

    @property
    def senses_outside_pulses(self) -> bool:
        """Whether it is a run of earlier versions, which put the signal of a constant field before the pulses.

        It can be read and estimated, but not be run.
        """
        return self.device is not None and self.idle != "free" and self.signal.is_default

    @property
    def pulses(self) -> Pulses:
        """The pulses between which the spins sense."""
        return FREE if self.senses_outside_pulses else Pulses.named(self.idle)

    def check_sensing(self) -> None:
        """Refuses a spec whose pulses refocus its constant field, or with a probe that cannot sense the signal.

        A run of earlier versions may have them.

        Raises:
            SpecError: the message says what such pulses sense, or which probe it is.
        """
        check_senses(self.source, self.probes, self.signal)
        if self.idle != "free" and self.signal.is_constant:
            last = max(times[-1] for times in (self.times or (0.0,), *(times for _, times in self.times_of)))
            with at_key(self.source, "idle"):
                self.signal.check_window(np.array([last]), Pulses.named(self.idle))

    def world_for(self, probe: Probe, noise: Noise | CalibrationNoise) -> World:
        """Returns the noise that a probe is under, with the signal and the pulses beside it.

        Raises:
            ArgumentError: as `noise_for`.
        """
        return World(self.noise_for(probe, noise), self.signal, self.pulses)

    def noise_for(self, probe: Probe, noise: Noise | CalibrationNoise) -> Noise:
        """Returns the noise that a probe is under: "calibration" is that of its own qubits.

        Raises:
            ArgumentError: the device's noise is not known.
        """
        return (self.device or DeviceOptions()).noise_of(probe) if isinstance(noise, CalibrationNoise) else noise

    def with_shots(self, shots: int) -> RunSpec:
        """Returns the same spec with this number of shots for every circuit of every estimator."""
        return replace(self, estimators=tuple(replace(e, shots=shots) for e in self.estimators))

    @property
    def requested(self) -> RunSpec:
        """The same spec before a device chose its qubits: what runs of one TOML file have in common."""
        return replace(self, device=(self.device or DeviceOptions(self.idle)).requested)

    @property
    def id(self) -> str:
        """Twelve hexadecimal digits of the hash of the resolved spec."""
        text = json.dumps(self.to_dict("hash"), sort_keys=True, ensure_ascii=True)
        return hashlib.sha256(text.encode()).hexdigest()[:12]


def resolve(entry: SpecFile, source: str, folder: Path) -> RunSpec:
    """Returns the spec that a file means: names looked up, noise files read, circuits as text.

    Args:
        entry: the file's keys.
        source: what an error calls the file.
        folder: beside which files are looked for.

    Raises:
        SpecError: a name is unknown or a value wrong; the message names the file, the key and the fix.
    """
    with at_key(source, "signal"):
        signal = signal_of(entry)
    probes, written = all_probes(entry, signal, folder, source)
    noises: list[Noise | CalibrationNoise] = []
    for index, one in enumerate(entry.noise):
        with at_key(source, f"noise[{index}]"):
            noises.append(noise_of(one, folder))
    check_once(source, "noise", [n.name for n in noises])
    estimators = [
        EstimatorSpec.from_entry(one, entry.shots, source, f"estimators[{index}]")
        for index, one in enumerate(entry.estimators)
    ]
    check_once(source, "estimators", [e.name for e in estimators])
    with at_key(source, "readout_error"):
        readout = ReadoutError(**entry.readout_error.model_dump()) if entry.readout_error else None
    with at_key(source, "device"):
        device, idle = device_of(entry)
    with at_key(source, "compare"):
        pairs = None if entry.compare is None else checked_pairs(entry.compare, probes, signal, written)
    with at_key(source, "times_s"):
        times = entry.times_s
        times_of = checked_times(times, probes, signal, written) if isinstance(times, dict) else ()
    spec = RunSpec(
        entry.name,
        tuple(probes),
        tuple(noises),
        tuple(estimators),
        entry.field_rad_per_s,
        tuple(times) if isinstance(times, list) else None,
        entry.backend,
        entry.seed,
        readout,
        entry.allocation,
        source,
        device,
        signal,
        idle,
        pairs,
        entry.strategy,
        ratios_of(entry, noises, source, folder),
        entry.plan,
        times_of,
    )
    check_worlds(source, spec.probes, spec.noises, signal, spec.pulses)
    return spec
