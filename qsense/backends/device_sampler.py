"""A device or its fake as a sampler: chooses qubits, transpiles circuits, and tests the backend before use."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from qsense.backends.runners import Runner, is_sampler
from qsense.backends.self_test import Trust, bitstring_circuits, first_trusted, translated
from qsense.backends.vendor import runners_of, server_of
from qsense.circuits.counts import Counts
from qsense.circuits.sensing import Experiment, Settings
from qsense.circuits.transpilation import DeviceCircuit, Idle, on_device, window_delays
from qsense.devices import layout as layouts
from qsense.devices.device import Device, read
from qsense.errors import ArgumentError
from qsense.estimators.readout import patterns
from qsense.noise import AnyNoise, LocalNoise
from qsense.noise.reported import relaxation_times
from qsense.numerics.fisher import FloatArray
from qsense.probes import Probe
from qsense.signals import Pulses

_BEST = "best"


@dataclass(frozen=True, eq=False)
class DeviceSampler:
    """Runs experiments on a backend's own qubits, with its own noise.

    Attributes:
        name: as in the spec, such as "fake:boston".
        backend: a Qiskit BackendV2 with a target.
        runs_on: what the circuits are sent to: the backend, its simulator, or a SamplerV2 in front of it.
        idle: the pulses of experiments that name none ("hahn", "cpmg:4"); an experiment's own come first.
        qubits: the qubits to use; by default those that the calibration recommends for a GHZ probe, whatever the probe.
        max_spins: the most spins, if the device is simulated with the noise of every gate; else None.
        pinned: (name, size) of a probe → its qubits, as the record that is continued has them.
        on_their_best: whether each probe is on the qubits that are best for it, if none are named.
    """

    name: str
    backend: Any
    runs_on: Any
    idle: Idle = "free"
    qubits: tuple[int, ...] | None = None
    max_spins: int | None = None
    pinned: Mapping[tuple[str, int], tuple[int, ...]] = field(default_factory=dict)
    on_their_best: bool = False
    _kept: dict[Any, Any] = field(default_factory=dict, repr=False)

    @cached_property
    def device(self) -> Device:
        """The backend's calibration, under the name in the spec."""
        return read(self.backend, self.name)

    def layout(self, probe: Probe) -> layouts.Layout:
        """Returns the qubits of a probe, and its fan-out if it is a GHZ state.

        Raises:
            ArgumentError: the device has too few qubits, or the named qubits do not fit the probe.
        """
        key = ("layout", probe.key)
        if key not in self._kept:
            self._kept[key] = layouts.choose(self.device, probe, self._named(probe), on_its_best=self.on_their_best)
        found: layouts.Layout = self._kept[key]
        return found

    def prepared(self, experiment: Experiment) -> DeviceCircuit:
        """Returns the experiment's circuit in the device's gates, with its qubits and its rounded time.

        Raises:
            ArgumentError: the experiment does not fit the device.
        """
        done = self._with_pulses(experiment)
        key = (done.probe.key, done.time, done.ending, done.signal, done.pulses)
        if key not in self._kept:
            self._kept[key] = on_device(done, self.layout(done.probe), self.device, self.backend.target)
        found: DeviceCircuit = self._kept[key]
        return found

    def sensing_qubits(self, probe: Probe) -> tuple[int, ...]:
        """Returns the qubits where spins 0, 1, … of a probe sense.

        Raises:
            ArgumentError: as `layout`.
        """
        if probe.kind in ("ghz", "product"):
            return self.layout(probe).qubits
        return self.prepared(Experiment(probe, 0.0)).qubits  # a circuit may move its spins

    def first_qubits(self, probe: Probe) -> tuple[int, ...]:
        """Returns the qubits where the preparation of spins 0, 1, … of a probe begins.

        Raises:
            ArgumentError: as `layout`.
        """
        return self.layout(probe).qubits

    def reported_noise(self, probe: Probe) -> tuple[LocalNoise, list[str]]:
        """Returns the noise that the calibration reports for a probe's qubits, and a sentence for each assumption.

        See `LocalNoise.from_backend`, which logs the assumptions.
        """
        t1, t2, assumed = relaxation_times(self.device, self.sensing_qubits(probe))
        return LocalNoise.from_t1_t2(t1, t2, name="calibration"), assumed

    def rounded(self, time: float) -> float:
        """Returns the nearest sensing time that the device can do, in s."""
        return self.device.rounded(time)

    def check(self, experiment: Experiment) -> None:
        size = experiment.probe.num_qubits
        if self.max_spins is not None and size > self.max_spins:
            raise ArgumentError(
                f'The backend "{self.name}" is simulated with the noise of every gate and runs at most '
                f'{self.max_spins} spins, but "{experiment.probe.name}" has {size}; use fewer.'
            )
        done = self._with_pulses(experiment)
        done.check_signal()
        time = self.device.rounded(experiment.time)
        for qubit in self.sensing_qubits(experiment.probe):
            window_delays(time, self.device, qubit, done.pulses)

    def trust(self, probe: Probe) -> Trust:
        """Returns the way of running that reads calibration bitstrings correctly on a probe's qubits; tests it once.

        Raises:
            ArgumentError: none does.
        """
        return self._trusted(self.layout(probe).qubits)

    def _trusted(self, qubits: tuple[int, ...]) -> Trust:
        if qubits not in self._kept:
            circuits = translated(bitstring_circuits(qubits, self.device.num_qubits), self.backend.target)
            self._kept[qubits] = first_trusted(self.name, self._runners, circuits)
        found: Trust = self._kept[qubits]
        return found

    def sample(self, experiment: Experiment, settings: Settings, shots: int, noise: AnyNoise, seed: int) -> Counts:
        """Returns the counts of every row of the settings; `noise` is not used, the device has its own."""
        runner = self._runners[self.trust(experiment.probe).path]
        return runner(self.prepared(experiment).circuit, settings.values(), shots, seed)

    def readout_counts(self, qubits: Sequence[int], shots: int, seed: int) -> Counts:
        """Returns the counts of the calibration bitstrings on these qubits, a row for each of `readout.patterns`.

        Raises:
            ArgumentError: no way of running passes the self-test on them.
        """
        return self.run_circuits(self.calibration_circuits(qubits), qubits, shots, seed)

    def calibration_circuits(self, qubits: Sequence[int]) -> list[Any]:
        """Returns the circuits of the calibration bitstrings of `readout.patterns`, in the device's gates."""
        circuits = bitstring_circuits(qubits, self.device.num_qubits, patterns(len(qubits)))
        return translated(circuits, self.backend.target)

    def run_circuits(
        self, circuits: Sequence[Any], qubits: Sequence[int], shots: int, seed: int, values: FloatArray | None = None
    ) -> Counts:
        """Returns the counts of circuits in the device's gates, one after another.

        Args:
            circuits: measuring spin j into classical bit j.
            qubits: of the spins; the way of running is tested on them.
            shots: for every row.
            seed: of a simulator; each circuit gets its own seed, derived from it.
            values: of the parameters of each circuit, shape (rows, 3·spins); None for one row of circuits without any.
        """
        runner = self._runners[self._trusted(tuple(qubits)).path]
        seeds = np.random.SeedSequence(seed).generate_state(len(circuits))
        rows = np.zeros((1, 3 * len(qubits))) if values is None else values
        return Counts.joined([runner(c, rows, shots, int(s) >> 1) for c, s in zip(circuits, seeds, strict=True)])

    def described(self, probes: Sequence[Probe], path: str | None = None) -> dict[str, Any]:
        """Returns what a record stores of the device: couplings, each probe's qubits, how spins idle, how it runs.

        Args:
            probes: of the run.
            path: the way of running, if circuits are run elsewhere; by default the one that passes the self-test.
        """
        trusted = {probe: self.trust(probe) if path is None else Trust(path, {}) for probe in probes}
        return {
            "backend": self.name,
            "device": str(getattr(self.backend, "name", self.name)),
            "calibrated": self.device.calibrated,
            "idle": self.idle,
            "couplings": sorted(list(pair) for pair in self.device.edges),
            "probes": [
                {
                    "probe": probe.name,
                    "num_qubits": probe.num_qubits,
                    "qubits": list(self.sensing_qubits(probe)),
                    "path": trust.path,
                    "failed_paths": trust.failures,
                }
                for probe, trust in trusted.items()
            ],
        }

    def _with_pulses(self, experiment: Experiment) -> Experiment:
        """The experiment with the pulses that it gets here: its own, or else the sampler's."""
        if not experiment.pulses.is_free:
            return experiment
        return replace(experiment, pulses=Pulses.named(self.idle))

    @cached_property
    def _runners(self) -> Mapping[str, Runner]:
        return runners_of(self.runs_on)

    def _named(self, probe: Probe) -> tuple[int, ...] | None:
        """Returns the named qubits; a smaller probe uses the first of them."""
        if (probe.name, probe.num_qubits) in self.pinned:
            return self.pinned[probe.name, probe.num_qubits]
        if self.qubits is None:
            return None
        if len(self.qubits) < probe.num_qubits:
            raise ArgumentError(
                f'"{probe.name}" has {probe.num_qubits} spins, but {len(self.qubits)} qubits are named; name more.'
            )
        return self.qubits[: probe.num_qubits]


def device_sampler(
    name: str, vendor_object: Any, idle: Idle = "free", qubits: Sequence[int] | str | None = None
) -> Any:
    """Returns the sampler of a vendor's object.

    Args:
        name: as in the spec.
        vendor_object: a BackendV2, or a SamplerV2 with a `backend`.
        idle: what the spins do while sensing.
        qubits: the qubits to use; "same" (the default), those that are best for a GHZ probe of each size, for all
            probes of it; or "best", for each probe its own.

    Raises:
        ArgumentError: a SamplerV2 has no backend for which circuits could be transpiled, or `qubits` is another word.
    """
    if isinstance(qubits, str) and qubits not in ("same", _BEST):
        raise ArgumentError(f'Argument `qubits` must be "same", "best" or a list of qubits, but is "{qubits}".')
    named, on_their_best = None if qubits is None or isinstance(qubits, str) else tuple(qubits), qubits == _BEST
    if is_sampler(vendor_object):
        backend = _backend_of(vendor_object)
        if backend is None:
            raise ArgumentError(
                f'The SamplerV2 of "{name}" does not tell its backend; let the factory return the BackendV2 itself, '
                "or give the sampler an attribute `backend`."
            )
        return DeviceSampler(name, backend, vendor_object, idle, named, on_their_best=on_their_best)
    server = server_of(vendor_object)
    most = None if server is None else server.max_spins
    return DeviceSampler(name, vendor_object, vendor_object, idle, named, most, on_their_best=on_their_best)


def _backend_of(sampler: Any) -> Any:
    for attribute in ("backend", "_backend"):
        found = getattr(sampler, attribute, None)
        found = found() if callable(found) and not hasattr(found, "target") else found
        if hasattr(found, "target"):
            return found
    return None
