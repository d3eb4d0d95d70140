"""The sensing window on Aer under any noise: channels, pulses, noise that spins share, couplings.

- Each spin's own noise: its Kraus channel after the delay, as in `aer_noise`. Between pulses stands the relaxation of
  every piece, and at the end what else the spin loses of its coherence, of the whole window: noise that remembers has
  no channel of a piece.
- Noise of the phase that spins share: diagonal Kraus operators of its Schur factor for at most four spins (Aer makes a
  matrix of 16^N numbers of them: 2 to 6 s at N = 5, 50 s and 0.9 GB at N = 6). Above, and where Aer follows
  trajectories, parameters `kick` that turn every spin: a vector of phases is drawn for every shot.
- Couplings that commute: exact two-spin gates at the end. Others, and transverse noise: `trotter`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector
from qiskit.quantum_info import Kraus

from qsense.backends.aer_noise import channel_operators
from qsense.circuits.sensing import Experiment
from qsense.circuits.window import pieces, times
from qsense.emulator.window import schur_factor, shared_root
from qsense.errors import ArgumentError
from qsense.noise import LocalNoise, NoiseModel, SpinChannel, World
from qsense.numerics.fisher import ComplexArray, FloatArray

MOST_KRAUS = 4  # spins on which Aer affords Kraus operators at once
_ROUNDING = 1e-15


@dataclass(frozen=True, eq=False)
class NoisyCircuit:
    """An experiment's circuit with its noise.

    Attributes:
        circuit: with the parameters of `Experiment.circuit`, and `kick` of every spin where phases are drawn.
        root: R of phases to draw for every shot, of covariance R Rᵀ, in rad, shape (N, rank); None where none are.
    """

    circuit: QuantumCircuit
    root: FloatArray | None = None


def noisy_circuit(experiment: Experiment, model: NoiseModel, draws: bool) -> NoisyCircuit:
    """Returns the circuit under noise that commutes with the field.

    Args:
        experiment: its window has signal and pulses.
        model: the noise.
        draws: whether noise that spins share is left to phases drawn for every shot, for any number of spins.

    Raises:
        ArgumentError: noise and pulses do not go together.
    """
    size = experiment.probe.num_qubits
    world = World(model, experiment.signal, experiment.pulses)
    world.check(size)
    shared = shared_root(model, experiment.time, size, world.pulses) if model.is_correlated else None
    by_kraus = shared is not None and not draws and size <= MOST_KRAUS
    kick = ParameterVector("kick", size)

    def sense(circuit: QuantumCircuit, phase: Any) -> None:
        for spin in range(size):
            _append_spin(circuit, spin, phase[spin], experiment, model)
        for pair, angle in zip(*_zz_angles(model, size, experiment.time), strict=True):
            circuit.rzz(angle, *pair)
        if by_kraus and shared is not None:
            circuit.append(Kraus(schur_operators(shared)).to_instruction(), range(size))
        elif shared is not None:
            for spin in range(size):
                circuit.rz(kick[spin], spin)

    return NoisyCircuit(experiment.circuit(sense), None if by_kraus else shared)


def schur_operators(root: FloatArray) -> list[ComplexArray]:
    """Returns diagonal Kraus operators of the Schur factor exp(−½ dᵀXd), each 2^N × 2^N.

    >>> len(schur_operators(np.ones((3, 1))))
    4
    """
    values, vectors = np.linalg.eigh(schur_factor(root))
    kept = values > _ROUNDING * values[-1]
    rows = vectors[:, kept] * np.sqrt(values[kept])
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)  # what was dropped, so that Σ K†K = 1
    return [np.diag(column).astype(np.complex128) for column in rows.T]


def _append_spin(circuit: QuantumCircuit, spin: int, phase: Any, experiment: Experiment, model: NoiseModel) -> None:
    """One spin's window, with the noise that acts on it alone."""
    size, time, pulses = experiment.probe.num_qubits, experiment.time, experiment.pulses
    whole = model.spin_channel(np.array([time]), size, pulses)
    local = model.local
    relaxing = None
    if not pulses.is_free and isinstance(local, LocalNoise) and local.relaxation_rates(size)[spin]:
        relaxing = LocalNoise(emission=local.emission, absorption=local.absorption)
    coherence = float(whole.coherence[0, spin])
    for share, length, pulse in pieces(time, experiment.signal, pulses):
        circuit.rz(times(share, phase), spin)
        circuit.delay(length, spin, unit="s")
        if relaxing is not None:
            piece = relaxing.channel(np.array([length]), size)
            coherence /= float(piece.coherence[0, spin])
            _append_channel(circuit, spin, piece)
        if pulse:
            getattr(circuit, pulse)(spin)
    if pulses.is_free:
        _append_channel(circuit, spin, whole)
    elif coherence < 1:
        kept, one = np.full((1, size), coherence), np.ones((1, size))
        _append_channel(circuit, spin, SpinChannel(kept, one, one))


def _append_channel(circuit: QuantumCircuit, spin: int, channel: SpinChannel) -> None:
    operators = channel_operators(*(float(factor[0, spin]) for factor in channel))
    if len(operators) > 1:
        circuit.append(Kraus(operators).to_instruction(), [spin])


def _zz_angles(model: NoiseModel, size: int, time: float) -> tuple[list[tuple[int, int]], list[float]]:
    pairs = model.pairs(size)
    found = [(int(i), int(j)) for i, j in zip(*np.nonzero(pairs), strict=True)]
    return found, [float(time * pairs[pair]) for pair in found]


def refuse(experiment: Experiment, model: NoiseModel, name: str) -> None:
    """Refuses what a backend of single-spin channels cannot do, by name.

    Raises:
        ArgumentError: noise that spins share, a coupling, or transverse noise.
    """
    size = experiment.probe.num_qubits
    parts = {
        "noise that spins share": model.is_correlated,
        "couplings between spins": model.is_coupled,
        "transverse noise": not model.commutes(size) and not model.is_coupled,
    }
    listed = [what for what, is_there in parts.items() if is_there]
    if listed:
        raise ArgumentError(f'The backend "{name}" does not know {listed[0]}; use backend = "emulator" or "aer".')
