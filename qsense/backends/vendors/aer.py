"""Qiskit Aer with the noise of the spec: "aer" and "aer:<method>"; and the way to run any AerSimulator."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np

from qsense.backends.runners import Runner, aer_runner
from qsense.backends.vendor import Simulator, Vendor
from qsense.circuits.counts import Counts
from qsense.circuits.sensing import Experiment, Settings, parameter_order
from qsense.emulator import Readout
from qsense.errors import ArgumentError
from qsense.noise import AnyNoise, ReadoutError, World, world_of
from qsense.numerics.fisher import FloatArray

METHODS = {"density_matrix": 10, "statevector": 20, "matrix_product_state": 100}  # with the most spins
DEFAULT = "density_matrix"
_STREAM = 2  # of random numbers: other than the emulator draws of the same seed and probabilities
_SHOTS_AT_ONCE = 1024  # of those that are a circuit each


@dataclass(frozen=True)
class AerSampler:
    """Qiskit Aer with the spec's noise in the sensing window.

    Attributes:
        method: an Aer method; the others run one trajectory per shot, but "density_matrix" is exact: of it Aer gives
            the probabilities of all outcomes, and the counts of a row are drawn at once, which is faster than shot by
            shot.
        readout_error: applied by Aer to every measured spin, which then draws the shots; one for all or one for each.
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

    def sample(self, experiment: Experiment, settings: Settings, shots: int, noise: AnyNoise, seed: int) -> Counts:
        """Returns the counts of every row of the settings.

        Noise that spins share is exact for at most four spins on "density_matrix"; else a vector of phases is drawn for
        every shot, which is one circuit. Couplings that do not commute run in Trotter steps (`backends.trotter`).

        Raises:
            ArgumentError: the noise and the experiment do not go together, or there are too many spins for this noise.
        """
        from qsense.backends.aer_window import noisy_circuit
        from qsense.backends.trotter import choose_steps, trotter_circuit

        experiment.check_signal()
        model, size, values = world_of(noise).noise, experiment.probe.num_qubits, settings.values()
        World(model, experiment.signal, experiment.pulses).check(size)
        if not model.commutes(size):
            circuit = trotter_circuit(experiment, model, choose_steps(experiment, model, settings))
            return self._run(circuit, values, shots, seed, self.method)
        made = noisy_circuit(experiment, model, self.method != DEFAULT)
        if made.root is None:
            return self._run(made.circuit, values, shots, seed, self.method)
        # A shot with phases of its own is a circuit of its own, which a state vector runs as well as a density matrix.
        method = "statevector" if self.method == DEFAULT else self.method
        return self._shot_by_shot(made.circuit, made.root, values, shots, seed, method)

    def _shot_by_shot(
        self, circuit: Any, root: FloatArray, values: FloatArray, shots: int, seed: int, method: str
    ) -> Counts:
        """Every shot of every row with phases of its own, drawn with the covariance R Rᵀ."""
        streams = np.random.SeedSequence(seed).spawn(len(values))
        rows = []
        for row, stream in zip(values, streams, strict=True):
            rng = np.random.default_rng(stream)
            parts = []
            for first in range(0, shots, _SHOTS_AT_ONCE):
                number = min(_SHOTS_AT_ONCE, shots - first)
                kicks = rng.standard_normal((number, root.shape[1])) @ root.T
                table = np.concatenate([np.broadcast_to(row, (number, len(row))), kicks], axis=1)
                once = self._run(circuit, table, 1, int(rng.integers(2**31)), method)
                parts.append(once.pooled())
            rows.append(Counts.merged(parts))
        return Counts.joined(rows)

    def _run(self, circuit: Any, values: FloatArray, shots: int, seed: int, method: str) -> Counts:
        """Counts of a circuit for every row of its parameters: those of every sensing circuit, then `kick`."""
        from qiskit import transpile
        from qiskit_aer import AerSimulator

        # 0 lets Aer run as many of the rows at once as there are cores; the counts do not depend on it.
        simulator = AerSimulator(
            method=method,
            n_qubits=circuit.num_qubits,  # the default lets `transpile` refuse more than 63
            max_parallel_experiments=0,
            noise_model=self._noise_model(),
        )
        is_exact = method == DEFAULT and self.readout_error is None
        target = _target(method, circuit.num_qubits, self.readout_error is not None)
        noisy = transpile(circuit, target=target, optimization_level=0)
        if is_exact:
            noisy = _with_probabilities(noisy)
        by_name = {parameter.name: parameter for parameter in noisy.parameters}
        names = [*parameter_order(circuit), *(f"kick[{spin}]" for spin in range(circuit.num_qubits))]
        binds = {by_name[key]: values[:, column].tolist() for column, key in enumerate(names) if key in by_name}
        drawn = 1 if is_exact else shots
        result = simulator.run([noisy], parameter_binds=[binds], shots=drawn, seed_simulator=seed).result()
        if not result.success:
            raise ArgumentError(f"Aer could not run the circuit: {result.status}.")
        if is_exact:
            chances = np.maximum([row.data.probabilities for row in result.results], 0)  # but for rounding
            chances /= chances.sum(-1, keepdims=True)
            rng = np.random.default_rng((seed, _STREAM))
            return Counts.from_table(circuit.num_qubits, rng.multinomial(shots, chances))
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


def _with_probabilities(circuit: Any) -> Any:
    """The circuit with the probabilities of all outcomes of all qubits in place of their measurement."""
    import qiskit_aer  # noqa: F401  # gives circuits what Aer saves

    exact = circuit.remove_final_measurements(inplace=False)
    exact.save_probabilities()
    return exact


@lru_cache(maxsize=64)
def _target(method: str, num_qubits: int, is_read_wrongly: bool) -> Any:
    """What a simulator can run. A simulator makes it anew for every question, which takes longer than to transpile."""
    from qiskit_aer import AerSimulator

    model = AerSampler(method, ReadoutError(0.1, 0.1) if is_read_wrongly else None)._noise_model()
    return AerSimulator(method=method, n_qubits=num_qubits, noise_model=model).target


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
