"""A fake device on Aer, restricted to the qubits that a circuit uses.

`AerSimulator.from_backend` is correct where a fake's own `run` is not: `run` drops the relaxation of every qubit if one
qubit has no T1. But Aer prepares the noise of all 156 qubits for every call, which takes ten seconds. So the fake's
target is first restricted to the circuit's qubits, which leaves their noise unchanged.
"""

from __future__ import annotations

from typing import Any

from qiskit import QuantumCircuit
from qiskit.providers import BackendV2, Options
from qiskit.transpiler import InstructionProperties, Target
from qiskit_aer import AerSimulator

from qsense.backends.runners import Runner, aer_runner
from qsense.circuits.counts import Counts
from qsense.numerics.fisher import FloatArray


class PartOfDevice(BackendV2):  # type: ignore[misc]  # Qiskit has no types
    """Some qubits of a backend, renumbered in the given order; only for Aer, it cannot run circuits."""

    def __init__(self, backend: Any, qubits: list[int]) -> None:
        super().__init__(name=f"{backend.name} {qubits}")
        self._target = _restricted(backend.target, qubits)

    @property
    def target(self) -> Target:
        return self._target

    @property
    def max_circuits(self) -> None:
        return None

    @classmethod
    def _default_options(cls) -> Options:
        return Options()

    def run(self, run_input: Any, **options: Any) -> Any:
        raise NotImplementedError


def fake_runner(fake: Any) -> Runner:
    """Returns the way to run circuits with the noise of a fake device."""
    simulators: dict[tuple[int, ...], Runner] = {}

    def run(circuit: QuantumCircuit, values: FloatArray, shots: int, seed: int) -> Counts:
        small, qubits = compact(circuit)
        if qubits not in simulators:
            simulators[qubits] = aer_runner(AerSimulator.from_backend(PartOfDevice(fake, list(qubits))))
        return simulators[qubits](small, values, shots, seed)

    return run


def compact(circuit: QuantumCircuit) -> tuple[QuantumCircuit, tuple[int, ...]]:
    """Returns the circuit on only the qubits that it uses, and which those are.

    >>> wide = QuantumCircuit(5, 1)
    >>> _ = wide.x(3), wide.measure(3, 0)
    >>> small, qubits = compact(wide)
    >>> small.num_qubits, qubits
    (1, (3,))
    """
    used = sorted({circuit.find_bit(qubit).index for step in circuit.data for qubit in step.qubits})
    place = {qubit: number for number, qubit in enumerate(used)}
    small = QuantumCircuit(len(used), circuit.num_clbits, global_phase=circuit.global_phase)
    for step in circuit.data:
        small.append(
            step.operation,
            [place[circuit.find_bit(qubit).index] for qubit in step.qubits],
            [circuit.find_bit(bit).index for bit in step.clbits],
        )
    return small, tuple(used)


def _restricted(target: Target, qubits: list[int]) -> Target:
    """Returns the target of some qubits: their properties and the operations among them."""
    place = {qubit: number for number, qubit in enumerate(qubits)}
    properties = target.qubit_properties
    part = Target(
        num_qubits=len(qubits), dt=target.dt, granularity=target.granularity, min_length=target.min_length,
        pulse_alignment=target.pulse_alignment, acquire_alignment=target.acquire_alignment,
        qubit_properties=None if properties is None else [properties[qubit] for qubit in qubits],
    )  # fmt: skip
    for name in target.operation_names:
        operation, table = target.operation_from_name(name), target[name]
        if isinstance(operation, type) or table is None or None in table:
            part.add_instruction(operation, None, name=name)
            continue
        kept: dict[tuple[int, ...], InstructionProperties | None] = {
            tuple(place[q] for q in pair): value for pair, value in table.items() if set(pair) <= set(qubits)
        }
        if kept:
            part.add_instruction(operation, kept, name=name)
    return part
