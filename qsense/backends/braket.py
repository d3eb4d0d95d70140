"""Amazon Braket's local density-matrix simulator: the circuits of Aer, run by another vendor's code.

It has no delay but takes Kraus channels, so each delay is replaced by its spin's exact channel; gates are ideal. It
takes no seed: its counts are not the same twice.

Circuits are given in a few plain gates: the simulator (1.41.2) applies a controlled rotation wrongly, and says nothing,
where its control is two or three qubits above its target.
"""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

from qsense.backends.providers import open_backend
from qsense.backends.runners import bind_and_run
from qsense.backends.self_test import bitstring_circuits, first_trusted
from qsense.circuits.counts import Counts
from qsense.circuits.sensing import Experiment, Settings
from qsense.emulator import Readout
from qsense.errors import ArgumentError
from qsense.noise import LocalNoise
from qsense.numerics.fisher import FloatArray

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

BRAKET_LOCAL = "braket:local"
PLAIN_GATES = ("rx", "ry", "rz", "h", "x", "cx")
MOST_SPINS = 10  # 0.25 s for every circuit; the vendor's own limit is 13


@dataclass(frozen=True, eq=False)
class BraketSampler:
    """Braket's local simulator with the spec's noise in the place of the delays; exact before sampling, not seeded."""

    _tested: set[int] = field(default_factory=set, repr=False)

    @property
    def name(self) -> str:
        return BRAKET_LOCAL

    @cached_property
    def backend(self) -> Any:
        """The vendor's simulator, a BackendV2."""
        return open_backend(BRAKET_LOCAL)

    def check(self, experiment: Experiment) -> None:
        size = experiment.probe.num_qubits
        if size > MOST_SPINS:
            raise ArgumentError(
                f'The backend "{self.name}" runs at most {MOST_SPINS} spins, but "{experiment.probe.name}" has {size}; '
                'use backend = "emulator".'
            )

    def sample(self, experiment: Experiment, settings: Settings, shots: int, noise: LocalNoise, seed: int) -> Counts:
        """Returns the counts of every row of the settings; the seed is not used, as the simulator takes none.

        Raises:
            ArgumentError: the simulator reads known bit strings wrong.
        """
        from qiskit import transpile

        from qsense.backends.aer_noise import with_noise

        self._test(experiment.probe.num_qubits)
        plain = transpile(experiment.circuit(), basis_gates=list(PLAIN_GATES), optimization_level=0)
        return self._run(with_noise(plain, noise, keep_delays=False), settings.values(), shots, seed)

    def _test(self, size: int) -> None:
        if size not in self._tested:
            first_trusted(self.name, {"run": self._run}, bitstring_circuits(range(size), size))
            self._tested.add(size)

    def _run(self, circuit: QuantumCircuit, values: FloatArray, shots: int, seed: int) -> Counts:
        with warnings.catch_warnings():
            # Circuits of time 0 have no noise; it would have them run on its other simulator.
            warnings.filterwarnings("ignore", message="You are running a noise-free circuit")
            return bind_and_run(self.backend)(circuit, values, shots, seed)


def braket_sampler(readout_error: Readout = None) -> BraketSampler:
    """Returns the sampler of Braket's local simulator.

    Raises:
        ArgumentError: the package is not installed, or a readout error is to be emulated.
    """
    if readout_error is not None:
        raise ArgumentError(f'The backend "{BRAKET_LOCAL}" emulates no readout error; use "aer" or "emulator" for one.')
    sampler = BraketSampler()
    _ = sampler.backend  # what is not installed is said before anything runs
    return sampler
