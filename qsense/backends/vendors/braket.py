"""Amazon Braket: its local simulator with the noise of the spec, and its devices through AWS.

The local density-matrix simulator has no delay but takes Kraus channels, so each delay is replaced by its spin's exact
channel, pulses included; noise that spins share and couplings are refused; gates are ideal. It takes no seed: its
counts differ from run to run. Circuits are given in a few basic gates: the simulator (1.41.2) applies a controlled
rotation wrongly, without an error, where the control is two or three qubits above the target.
"""

from __future__ import annotations

import importlib
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from qsense.backends.runners import bind_and_run
from qsense.backends.self_test import bitstring_circuits, first_trusted
from qsense.backends.vendor import Simulator, Vendor
from qsense.circuits.counts import Counts
from qsense.circuits.sensing import Experiment, Settings
from qsense.emulator import Readout
from qsense.errors import ArgumentError, nearest
from qsense.noise import AnyNoise, world_of
from qsense.numerics.fisher import FloatArray

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

LOCAL = "braket:local"
BASIC_GATES = ("rx", "ry", "rz", "h", "x", "cx")
MAX_SPINS = 10  # 0.25 s for every circuit; the vendor's own limit is 13


@dataclass(frozen=True, eq=False)
class BraketSampler:
    """Braket's local simulator with the spec's noise in place of the delays; exact before sampling, not seeded.

    Attributes:
        backend: the vendor's simulator, a BackendV2.
    """

    backend: Any
    _tested: set[int] = field(default_factory=set, repr=False)

    @property
    def name(self) -> str:
        return LOCAL

    def check(self, experiment: Experiment) -> None:
        size = experiment.probe.num_qubits
        if size > MAX_SPINS:
            raise ArgumentError(
                f'The backend "{self.name}" runs at most {MAX_SPINS} spins, but "{experiment.probe.name}" has {size}; '
                'use backend = "emulator".'
            )

    def sample(self, experiment: Experiment, settings: Settings, shots: int, noise: AnyNoise, seed: int) -> Counts:
        """Returns the counts of every row of the settings; the seed is not used, as the simulator takes none.

        Raises:
            ArgumentError: the simulator reads calibration bitstrings wrong, or the noise is more than channels of
                single spins.
        """
        from qsense.backends.aer_window import noisy_circuit, refuse

        model = world_of(noise).noise
        refuse(experiment, model, self.name)
        self._test(experiment.probe.num_qubits)
        noisy = _in_basic_gates(noisy_circuit(experiment, model, draws=False).circuit)
        return self._run(noisy, settings.values(), shots, seed)

    def _test(self, size: int) -> None:
        if size not in self._tested:
            first_trusted(self.name, {"run": self._run}, bitstring_circuits(range(size), size))
            self._tested.add(size)

    def _run(self, circuit: QuantumCircuit, values: FloatArray, shots: int, seed: int) -> Counts:
        with warnings.catch_warnings():
            # Circuits of time 0 have no noise; it would have them run on its other simulator.
            warnings.filterwarnings("ignore", message="You are running a noise-free circuit")
            return bind_and_run(self.backend)(circuit, values, shots, seed)


def _in_basic_gates(circuit: QuantumCircuit) -> QuantumCircuit:
    """The circuit in the gates that the simulator applies rightly, with its channels and without its delays.

    The transpiler takes no channels: while it works, a delay of k seconds stands for the k-th of them.
    """
    from qiskit import transpile

    channels: list[Any] = []
    marked = circuit.copy_empty_like()
    for step in circuit.data:
        if step.operation.name == "kraus":
            marked.delay(len(channels), step.qubits[0], unit="s")
            channels.append(step.operation)
        elif step.operation.name != "delay":
            marked.append(step)
    plain = transpile(marked, basis_gates=list(BASIC_GATES), optimization_level=0)
    made = plain.copy_empty_like()
    for step in plain.data:
        is_mark = step.operation.name == "delay"
        made.append(channels[round(step.operation.duration)] if is_mark else step.operation, step.qubits, step.clbits)
    return made


def open_local() -> Any:
    """Returns Braket's local simulator that takes Kraus channels; the state-vector simulator takes none."""
    return importlib.import_module("qiskit_braket_provider").BraketLocalBackend(name="braket_dm")


def _local(readout_error: Readout) -> BraketSampler:
    if readout_error is not None:
        raise ArgumentError(f'The backend "{LOCAL}" emulates no readout error; use "aer" or "emulator" for one.')
    return BraketSampler(open_local())


def _open(name: str) -> Any:
    device = name.partition(":")[2]
    provider = importlib.import_module("qiskit_braket_provider")
    try:
        known = {backend.name: backend for backend in provider.BraketProvider().backends()}
    except Exception as error:  # its text may hold credentials
        raise ArgumentError(
            f'The backend "{name}" cannot be reached ({type(error).__name__}); set up AWS credentials and a region, or '
            f'use "{LOCAL}".'
        ) from None
    for full, backend in known.items():
        if device in (full, full.lower().replace(" ", "-")):
            return backend
    raise ArgumentError(f'Unknown backend "{name}". {nearest(device, [*known, "local"])}')


VENDOR = Vendor(
    "braket",
    _open,
    package="qiskit_braket_provider",
    extra="braket",
    simulators=(Simulator(LOCAL, MAX_SPINS, _local),),
    unlisted="give the device's name; it needs AWS",
)
