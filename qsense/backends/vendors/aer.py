"""Qiskit Aer with the noise of the spec: "aer" and "aer:<method>"; and the way to run any AerSimulator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from qsense.backends.runners import Runner, aer_runner
from qsense.backends.vendor import Simulator, Vendor
from qsense.circuits.counts import Counts
from qsense.circuits.sensing import Experiment, Settings, parameter_order
from qsense.emulator import Readout
from qsense.errors import ArgumentError
from qsense.noise import ReadoutError, SpinNoise

METHODS = {"density_matrix": 10, "statevector": 20, "matrix_product_state": 100}  # with the most spins
DEFAULT = "density_matrix"


@dataclass(frozen=True)
class AerSampler:
    """Qiskit Aer with the spec's noise on the delays.

    Attributes:
        method: an Aer method; "density_matrix" is exact before sampling, the others run one trajectory per shot.
        readout_error: applied by Aer to every measured spin; one for all or one for each.
    """

    method: str = "density_matrix"
    readout_error: Readout = None

    @property
    def name(self) -> str:
        return "aer" if self.method == "density_matrix" else f"aer:{self.method}"

    def check(self, experiment: Experiment) -> None:
        most, size = METHODS[self.method], experiment.probe.num_qubits
        if size > most:
            raise ArgumentError(
                f'The backend "{self.name}" runs at most {most} spins, but "{experiment.probe.name}" has {size}; '
                'use backend = "emulator".'
            )

    def sample(self, experiment: Experiment, settings: Settings, shots: int, noise: SpinNoise, seed: int) -> Counts:
        from qiskit import transpile
        from qiskit_aer import AerSimulator

        from qsense.backends.aer_noise import with_noise

        circuit, values = experiment.circuit(), settings.values()
        # 0 lets Aer run as many of the rows at once as there are cores; the counts do not depend on it.
        simulator = AerSimulator(
            method=self.method,
            n_qubits=circuit.num_qubits,  # the default lets `transpile` refuse more than 63
            max_parallel_experiments=0,
            noise_model=self._noise_model(),
        )
        noisy = transpile(with_noise(circuit, noise), simulator, optimization_level=0)
        by_name = {parameter.name: parameter for parameter in noisy.parameters}
        binds = {by_name[key]: values[:, column].tolist() for column, key in enumerate(parameter_order(circuit))}
        result = simulator.run([noisy], parameter_binds=[binds], shots=shots, seed_simulator=seed).result()
        if not result.success:
            raise ArgumentError(f"Aer could not run the circuit: {result.status}.")
        histograms = [
            {int(outcome, 16): int(number) for outcome, number in row.data.counts.items()} for row in result.results
        ]
        return Counts.from_histograms(circuit.num_qubits, histograms)

    def _noise_model(self) -> Any:
        from qiskit_aer.noise import NoiseModel
        from qiskit_aer.noise import ReadoutError as AerReadoutError

        if self.readout_error is None:
            return None
        model = NoiseModel()
        # Aer wants P(measured | prepared) with the prepared value first.
        if isinstance(self.readout_error, ReadoutError):
            model.add_all_qubit_readout_error(AerReadoutError(self.readout_error.matrix.T.tolist()))
        else:
            for spin, error in enumerate(self.readout_error):
                model.add_readout_error(AerReadoutError(error.matrix.T.tolist()), [spin])
        return model


def _serves(backend: Any) -> bool:
    return type(backend).__module__.startswith("qiskit_aer.")


def _runners(backend: Any) -> Mapping[str, Runner]:
    return {"aer": aer_runner(backend)}


VENDOR = Vendor(
    "aer",
    simulators=tuple(
        Simulator(f"aer:{method}", spins, partial(AerSampler, method), ("aer",) if method == DEFAULT else ())
        for method, spins in METHODS.items()
    ),
    serves=_serves,
    runners=_runners,
)
