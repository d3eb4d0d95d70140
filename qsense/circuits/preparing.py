"""Circuits that prepare probes from |0…0>."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from qsense.errors import ArgumentError
from qsense.probes import Probe, pair_amplitudes, parse_qasm

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

NUM_QUBITS_OF_A_GENERAL_STATE = 10


def prepare(probe: Probe) -> QuantumCircuit:
    """Returns the circuit that prepares the probe from |0…0>.

    GHZ: a Hadamard and a fan-out in ⌈log₂ N⌉ layers of CNOTs. States given by amplitudes: Qiskit's general preparation,
    about 2^N CNOTs. Pair codes: that of one spin of each pair, about 2^{N/2}, and a CNOT to the other.

    Raises:
        ArgumentError: a general state of more than 10 spins, a pair code of more than 20, or a density matrix.

    >>> prepare(Probe.ghz(8)).depth()
    4
    """
    from qiskit import QuantumCircuit

    n = probe.num_qubits
    circuit = QuantumCircuit(n)
    if probe.kind == "circuit":
        return parse_qasm(probe.qasm or "", probe.name)
    if probe.kind == "ghz":
        if probe.tilt == 0:
            circuit.h(0)
        else:
            circuit.ry(2 * np.arcsin(np.sqrt((1 + probe.tilt) / 2)), 0)
        fan_out(circuit, probe)
    elif probe.kind == "pair_code":
        _append_pairs(circuit, probe)
    elif probe.kind in ("symmetric", "state"):
        from qiskit.circuit.library import StatePreparation

        check_pure(probe)
        if n > NUM_QUBITS_OF_A_GENERAL_STATE:
            raise ArgumentError(
                f'The probe "{probe.name}" of {n} spins has no known circuit; general states are prepared for at most '
                f"{NUM_QUBITS_OF_A_GENERAL_STATE} spins. Give an OpenQASM file that prepares it."
            )
        circuit.append(StatePreparation(probe.statevector()), range(n))
        circuit = circuit.decompose(reps=6)
    elif probe.tilt == 0:
        circuit.h(range(n))
    else:
        circuit.ry(2 * np.arcsin(np.sqrt((1 + probe.tilt) / 2)), range(n))
    return circuit


def _append_pairs(circuit: QuantumCircuit, probe: Probe) -> None:
    amplitudes = pair_amplitudes(probe)
    assert amplitudes is not None
    if len(amplitudes) - 1 > NUM_QUBITS_OF_A_GENERAL_STATE:
        raise ArgumentError(
            f'The probe "{probe.name}" of {probe.num_qubits} spins has no known circuit; pair codes are prepared for '
            f"at most {2 * NUM_QUBITS_OF_A_GENERAL_STATE} spins. Give an OpenQASM file that prepares it."
        )
    circuit.compose(prepare(Probe.symmetric(amplitudes)), range(0, probe.num_qubits, 2), inplace=True)
    for first in range(0, probe.num_qubits, 2):
        circuit.cx(first, first + 1)


def check_pure(probe: Probe) -> None:
    """Refuses a density matrix, for which there is no circuit.

    Raises:
        ArgumentError: the message says what runs it.
    """
    if probe.is_mixed:
        raise ArgumentError(
            f'The probe "{probe.name}" is a density matrix, which no circuit prepares from |0…0>; use backend = '
            '"emulator", or give a pure state or a circuit.'
        )


def fan_out_pairs(num_qubits: int) -> list[tuple[int, int]]:
    """Returns (control, target) of the CNOTs that copy spin 0 to all others: each layer doubles the spins reached.

    >>> fan_out_pairs(4)
    [(0, 1), (0, 2), (1, 3)]
    """
    found, reached = [], 1
    while reached < num_qubits:
        found += [(spin, reached + spin) for spin in range(min(reached, num_qubits - reached))]
        reached *= 2
    return found


def fan_out(circuit: QuantumCircuit, probe: Probe) -> None:
    """Copies spin 0 to all others, then flips spins of sign −."""
    for control, target in fan_out_pairs(circuit.num_qubits):
        circuit.cx(control, target)
    for spin, sign in enumerate(probe.signs):
        if sign == "-":
            circuit.x(spin)
