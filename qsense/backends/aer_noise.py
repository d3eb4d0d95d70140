"""Puts noise of each spin by itself into a circuit for Aer: the spin's exact channel after its delay.

On a device a spin decays during the delay; on Aer a Kraus channel follows it. Nothing else of the circuit changes, so
gates are ideal unless the backend says otherwise. All other noise: `aer_window`, `trotter`.
"""

from __future__ import annotations

import numpy as np
from qiskit import QuantumCircuit
from qiskit.quantum_info import Kraus

from qsense.errors import ArgumentError
from qsense.noise import SpinNoise
from qsense.noise.checked import checked
from qsense.numerics.fisher import ComplexArray

_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9, "ps": 1e-12}


def kraus_operators(noise: SpinNoise, time: float, spin: int, num_qubits: int) -> list[ComplexArray]:
    """Returns the Kraus operators of one spin's channel, each 2×2 in the basis |0> = down, |1> = up.

    Without a jump the spin is multiplied by diag(d_i, u_i) with Σ d_i² and Σ u_i² the probabilities to stay and
    Σ d_i u_i = η; then √(1 − p_uu) |down><up| for emission, √(1 − p_dd) |up><down| for absorption.

    Args:
        noise: acts on each spin by itself.
        time: in s, not negative.
        spin: 0…N−1.
        num_qubits: N.

    Source: Nielsen & Chuang, section 8.3, composed; checked against the Lindblad equation in
        tests/backends/test_aer_noise.py.

    >>> from qsense.noise import LocalNoise
    >>> len(kraus_operators(LocalNoise(dephasing=0.1), 1.0, 0, 1))
    2
    """
    return channel_operators(*(float(f[0, spin]) for f in checked(noise).channel(np.array([time]), num_qubits)))


def channel_operators(coherence: float, up: float, down: float) -> list[ComplexArray]:
    """Returns the Kraus operators of one spin's channel, as `kraus_operators`.

    Args:
        coherence: η, the factor on the spin's coherence.
        up, down: the probabilities that a spin that was up is up, and down is down.
    """
    # [[down, η], [η, up]] is positive; its eigenvectors are the diagonals of the jump-free operators.
    values, vectors = np.linalg.eigh(np.array([[down, coherence], [coherence, up]]))
    operators = [
        np.diag(np.sqrt(value) * vector).astype(np.complex128)
        for value, vector in zip(values, vectors.T, strict=True)
        if value > 0
    ]
    for probability, row, column in ((1 - up, 0, 1), (1 - down, 1, 0)):
        if probability > 0:
            jump = np.zeros((2, 2), dtype=np.complex128)
            jump[row, column] = np.sqrt(probability)
            operators.append(jump)
    return operators


def with_noise(circuit: QuantumCircuit, noise: SpinNoise, keep_delays: bool = True) -> QuantumCircuit:
    """Returns the circuit with each delay followed by its spin's channel for that delay's time.

    Args:
        circuit: has delays in units of time (not dt).
        noise: acts on each spin by itself.
        keep_delays: False replaces the delays by the channels, for a simulator that has no delays.

    Raises:
        ArgumentError: a delay is in dt, or the noise is for another number of spins.
    """
    noise.check(circuit.num_qubits)
    noisy = circuit.copy_empty_like()
    for instruction in circuit.data:
        is_delay = instruction.operation.name == "delay"
        if keep_delays or not is_delay:
            noisy.append(instruction)
        if is_delay:
            operation = instruction.operation
            if operation.unit not in _SECONDS:
                raise ArgumentError(f"A delay must be in a unit of time, but is in {operation.unit}.")
            time = float(operation.duration) * _SECONDS[operation.unit]
            spin = circuit.find_bit(instruction.qubits[0]).index
            channel = Kraus(kraus_operators(noise, time, spin, circuit.num_qubits))
            if time > 0:
                noisy.append(channel.to_instruction(), [spin])
    return noisy
