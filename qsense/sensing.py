"""Sensing circuits: prepare the probe, sense for a time, measure every spin along a direction.

One circuit serves every backend and every setting of one (probe, time): angles are parameters, the time is a number.

    prepare | rz(phase_j) · delay(t) on every spin | [undo the fan-out] | rz(−azimuth_j) ry(−polar_j) | measure

A direction (polar, azimuth) = (π/2, 0) measures X, (π/2, π/2) measures Y, (0, 0) measures Z.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from qiskit import QuantumCircuit
from qiskit.circuit import ParameterVector

from qsense.errors import ArgumentError
from qsense.fisher import FloatArray
from qsense.probes import Probe, parse_qasm

Ending = Literal["directions", "loss_flag"]
X, Y, Z = (np.pi / 2, 0.0), (np.pi / 2, np.pi / 2), (0.0, 0.0)  # (polar, azimuth) in rad


@dataclass(frozen=True)
class Settings:
    """Angles of a circuit's runs: one row a run, one column a spin, all in rad.

    Attributes:
        phases: the signal's angle θ on each spin, shape (rows, spins).
        polars: the polar angle of each spin's measured direction, shape (rows, spins).
        azimuths: its azimuth, shape (rows, spins).
    """

    phases: FloatArray
    polars: FloatArray
    azimuths: FloatArray

    def __len__(self) -> int:
        return len(self.phases)

    def values(self) -> FloatArray:
        """Returns the circuit's parameter values, shape (rows, 3·spins): phases, polars, azimuths."""
        return np.concatenate([self.phases, self.polars, self.azimuths], axis=1)

    def at(self, phase: float) -> Settings:
        """Returns the same settings with a signal angle added on every spin, in rad."""
        return Settings(self.phases + phase, self.polars, self.azimuths)


def prepare(probe: Probe) -> QuantumCircuit:
    """Returns the circuit that prepares the probe from |0…0>.

    GHZ: a Hadamard and a fan-out in ⌈log₂ N⌉ layers of CNOTs.

    >>> prepare(Probe.ghz(8)).depth()
    4
    """
    n = probe.num_qubits
    circuit = QuantumCircuit(n)
    if probe.kind == "circuit":
        return parse_qasm(probe.qasm or "", probe.name)
    if probe.kind == "ghz":
        circuit.h(0)
        _fan_out(circuit)
    elif probe.tilt == 0:
        circuit.h(range(n))
    else:
        circuit.ry(2 * np.arcsin(np.sqrt((1 + probe.tilt) / 2)), range(n))
    return circuit


def sensing_circuit(probe: Probe, time: float, ending: Ending = "directions") -> QuantumCircuit:
    """Returns the circuit of one (probe, time), with 3N parameters `phase`, `polar`, `azimuth`.

    Args:
        probe: the state to prepare.
        time: sensing time in s.
        ending: "directions" measures every spin as it is. "loss_flag" (GHZ only) undoes the fan-out first: spin 0
            then holds the fringe, and any other spin found up says that an excitation was lost.

    Raises:
        ArgumentError: the time is negative, or the loss flag is asked of another probe.

    >>> sensing_circuit(Probe.ghz(3), 1.0).num_parameters
    9
    """
    if not (np.isfinite(time) and time >= 0):
        raise ArgumentError(f"Argument `time` must be finite and not negative, but is {time} s.")
    n = probe.num_qubits
    phase, polar, azimuth = (ParameterVector(name, n) for name in ("phase", "polar", "azimuth"))
    circuit = QuantumCircuit(n, n)
    circuit.compose(prepare(probe), inplace=True)
    for spin in range(n):
        circuit.rz(phase[spin], spin)
        circuit.delay(time, spin, unit="s")
    if ending == "loss_flag":
        if probe.kind != "ghz":
            raise ArgumentError(f'The loss flag goes with a GHZ probe, but the probe is "{probe.name}".')
        fan_out = QuantumCircuit(n)
        _fan_out(fan_out)
        circuit.compose(fan_out.inverse(), inplace=True)
    for spin in range(n):
        circuit.rz(-azimuth[spin], spin)
        circuit.ry(-polar[spin], spin)
    circuit.measure(range(n), range(n))
    return circuit


def parameter_order(circuit: QuantumCircuit) -> list[str]:
    """Returns the names of a sensing circuit's parameters in the order of `Settings.values`."""
    spins = range(circuit.num_qubits)
    return [f"{name}[{spin}]" for name in ("phase", "polar", "azimuth") for spin in spins]


def readable_circuit(probe: Probe, time: float, basis: str) -> QuantumCircuit:
    """Returns a circuit to read and to carry elsewhere: one input `theta`, the usual gates, one Pauli basis.

    Args:
        probe: the state to prepare.
        time: sensing time in s.
        basis: "X", "Y" or "Z" on every spin.

    >>> readable_circuit(Probe.ghz(2), 1.0, "X").parameters
    ParameterView([Parameter(theta)])
    """
    from qiskit.circuit import Parameter

    n = probe.num_qubits
    theta = Parameter("theta")
    circuit = QuantumCircuit(n, n)
    circuit.compose(prepare(probe), inplace=True)
    circuit.barrier()
    for spin in range(n):
        circuit.rz(theta, spin)
        circuit.delay(time, spin, unit="s")
    circuit.barrier()
    if basis == "Y":
        circuit.sdg(range(n))
    if basis in ("X", "Y"):
        circuit.h(range(n))
    circuit.measure(range(n), range(n))
    return circuit


def _fan_out(circuit: QuantumCircuit) -> None:
    """Copies spin 0 to all others: the number of spins reached doubles with every layer."""
    reached = 1
    while reached < circuit.num_qubits:
        for spin in range(min(reached, circuit.num_qubits - reached)):
            circuit.cx(spin, reached + spin)
        reached *= 2
