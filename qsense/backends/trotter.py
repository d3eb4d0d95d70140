"""Windows in which noise, coupling and field do not commute, on Aer: Trotter steps of second order.

One step of length τ = t/n, with R the field and the noise that commutes with it, S transverse noise, P the pairs:

    R(τ/2) S(τ/2) P_1(τ/2) … P_m(τ/2) P_m(τ/2) … P_1(τ/2) S(τ/2) R(τ/2)

where each factor is exact: rz and Kraus channels of single spins, the gate exp(−iτ/2 [½χ ZZ + D/4 (2ZZ − XX − YY)]) of
a pair. Halving the step divides the error by four, so that the states of n and 2n steps tell it, and the number of
steps is chosen for an error of at most 1e-3 in G.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.quantum_info import Kraus

from qsense.backends.aer_noise import channel_operators
from qsense.backends.aer_window import MOST_KRAUS, schur_operators
from qsense.circuits.sensing import Experiment, Settings
from qsense.emulator.effects import PAULIS
from qsense.emulator.window import shared_root
from qsense.errors import ArgumentError
from qsense.noise import LocalNoise, NoiseModel
from qsense.numerics.fisher import ComplexArray, FloatArray

LARGEST_ERROR = 1e-3  # of G
NUM_QUBITS = 6
_FIRST, _MOST = 4, 20_000
_ROWS = 3  # of the settings on which the steps are chosen


def trotter_circuit(experiment: Experiment, model: NoiseModel, steps: int) -> QuantumCircuit:
    """Returns the experiment's circuit with its noise, in this number of steps.

    Args:
        experiment: a constant field, no pulses; at most 6 spins, 4 where they share noise of the phase.
        model: exponential decay and white noise, any coupling.
        steps: at least 1.

    Raises:
        ArgumentError: too many spins, or noise that remembers.
    """
    check(experiment, model)
    size, step = experiment.probe.num_qubits, experiment.time / steps

    def sense(circuit: QuantumCircuit, phase: Any) -> None:
        # Two halves of R, of steps that follow each other, are one whole.
        half, whole = (_field(experiment, model, part * step) for part in (0.5, 1.0))
        inner = _inner(model, size, step)
        circuit.delay(experiment.time, range(size), unit="s")
        for number in range(steps):
            _append(circuit, half if number == 0 else whole, phase, (0.5 if number == 0 else 1.0) / steps)
            _append(circuit, inner, None, 0.0)
        _append(circuit, half, phase, 0.5 / steps)

    return experiment.circuit(sense)


def check(experiment: Experiment, model: NoiseModel) -> None:
    """Refuses what Trotter steps are not made for.

    Raises:
        ArgumentError: too many spins, or noise that remembers.
    """
    model.check_markovian()
    size, most = experiment.probe.num_qubits, MOST_KRAUS if model.is_correlated else NUM_QUBITS
    if size > most:
        beside = " beside noise that spins share" if model.is_correlated else ""
        raise ArgumentError(
            f"Aer runs transverse noise and couplings that do not commute{beside} for at most {most} spins, but "
            f'"{experiment.probe.name}" has {size}; use fewer, or backend = "emulator" (at most 6).'
        )


def trotter_error(experiment: Experiment, model: NoiseModel, phases: FloatArray, steps: int) -> float:
    """Returns an estimate of the error of G by 2·`steps` steps: 2N² ‖ρ_n − ρ_2n‖₁ / 3.

    N² is the largest G. Checked against the emulator's exact states in tests/backends/test_aer_world.py.

    Args:
        experiment, model: as in `trotter_circuit`.
        phases: θ_j of the field, shape (N,), in rad.
        steps: n.
    """
    coarse, fine = (_state(experiment, model, phases, number) for number in (steps, 2 * steps))
    distance = float(np.abs(np.linalg.eigvalsh(coarse - fine)).sum())
    return 2 * experiment.probe.num_qubits**2 * distance / 3


def choose_steps(experiment: Experiment, model: NoiseModel, settings: Settings) -> int:
    """Returns the number of steps whose estimated error of G is at most 1e-3, for the phases that differ most.

    Raises:
        ArgumentError: as `check`, or more than 20 000 steps are needed.
    """
    check(experiment, model)
    if experiment.time == 0:
        return 1
    spreads = np.abs(settings.phases).sum(1)
    rows = sorted({int(np.argmax(spreads)), int(np.argmin(spreads)), int(np.argmax(np.ptp(settings.phases, axis=1)))})
    steps = _FIRST
    while True:
        error = max(trotter_error(experiment, model, settings.phases[row], steps) for row in rows[:_ROWS])
        if error <= LARGEST_ERROR:
            return 2 * steps
        steps = max(2 * steps, int(np.ceil(1.1 * steps * min(np.sqrt(error / LARGEST_ERROR), 8.0))))
        if 2 * steps > _MOST:
            raise ArgumentError(
                f"Aer would need more than {_MOST} Trotter steps for a window of {experiment.time:g} s; use shorter "
                'times, or backend = "emulator".'
            )


def _state(experiment: Experiment, model: NoiseModel, phases: FloatArray, steps: int) -> ComplexArray:
    """ρ at the end of the window, by Aer."""
    from qiskit_aer import AerSimulator

    plain = Experiment(experiment.probe, experiment.time)
    circuit = trotter_circuit(plain, model, steps).remove_final_measurements(inplace=False)
    size = experiment.probe.num_qubits
    values = {f"phase[{spin}]": float(phases[spin]) for spin in range(size)}
    bound = circuit.assign_parameters({p: values.get(p.name, 0.0) for p in circuit.parameters})
    bound.save_density_matrix()
    result = AerSimulator(method="density_matrix", fusion_enable=False).run(bound, shots=1).result()
    return np.asarray(result.data()["density_matrix"])


_Op = tuple[Any, list[int]]


def _append(circuit: QuantumCircuit, operations: list[_Op], phase: Any, share: float) -> None:
    if phase is not None:
        for spin in range(circuit.num_qubits):
            circuit.rz(share * phase[spin], spin)
    for operation, spins in operations:
        circuit.append(operation, spins)


def _field(experiment: Experiment, model: NoiseModel, time: float) -> list[_Op]:
    """What commutes with the field, for a time: channels of each spin, and the noise that spins share."""
    size, local = experiment.probe.num_qubits, model.local_noise()
    own = NoiseModel(LocalNoise(local.dephasing, local.emission, local.absorption), phase_noise=model.phase_noise)
    channel = own.spin_channel(np.array([time]), size)
    found: list[_Op] = []
    for spin in range(size):
        operators = channel_operators(*(float(factor[0, spin]) for factor in channel))
        if len(operators) > 1:
            found.append((Kraus(operators).to_instruction(), [spin]))
    if model.is_correlated and time > 0:
        found.append((Kraus(schur_operators(shared_root(model, time, size))).to_instruction(), list(range(size))))
    return found


def _inner(model: NoiseModel, size: int, step: float) -> list[_Op]:
    """Transverse noise and pairs, forwards and backwards, half a step each."""
    from qiskit.circuit.library import UnitaryGate

    found: list[_Op] = []
    flips = np.broadcast_to(np.array(model.local_noise().transverse), (size,))
    for spin in np.flatnonzero(flips):
        chance = -0.5 * np.expm1(-flips[spin] * step)
        operators = [np.sqrt(1 - chance) * PAULIS[0], np.sqrt(chance) * PAULIS[1]]
        found.append((Kraus(operators).to_instruction(), [int(spin)]))
    zz, dipolar = model.pairs(size), model.pairs(size, dipolar=True)
    for i, j in zip(*np.nonzero(np.abs(zz) + np.abs(dipolar)), strict=True):
        found.append((UnitaryGate(pair_gate(zz[i, j], dipolar[i, j], step / 2)), [int(i), int(j)]))
    return found + found[::-1]


def pair_gate(zz: float, dipolar: float, time: float) -> ComplexArray:
    """Returns exp(−it [½χ ZZ + D/4 (2ZZ − XX − YY)]), shape (4, 4).

    Args:
        zz: χ in rad/s.
        dipolar: D in rad/s.
        time: t in s.

    >>> pair_gate(0.0, np.pi, 1.0).round(12)[1, 2].real  # |01> and |10> are exchanged after t = π/D
    np.float64(-1.0)
    """
    energy = (zz + dipolar) / 2 * time
    both = reduce(np.add, [np.kron(PAULIS[k], PAULIS[k]) for k in (1, 2)]) / 2  # exchanges |01> and |10>
    kept = np.diag([np.exp(-1j * energy), 0, 0, np.exp(-1j * energy)])
    inside = np.diag([0, 1, 1, 0]) * np.cos(dipolar * time / 2) + 1j * np.sin(dipolar * time / 2) * both
    return np.asarray(kept + np.exp(1j * energy) * inside)
