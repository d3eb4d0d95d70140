"""A self-test of backends: calibration bitstrings are prepared and must be read with every bit in its place.

The bitstrings reveal a reversed order of bits, constant answers and lost shots. Readout errors are tolerated: a bit
counts as wrong only if it is read wrong more often than not.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from qsense.backends.runners import Runner
from qsense.circuits.counts import Counts
from qsense.errors import ArgumentError
from qsense.files.secrecy import causes

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

SHOTS = 200


@dataclass(frozen=True)
class Trust:
    """Which way of running passed the self-test, and why the ways tried before it did not.

    Attributes:
        path: "sampler", "run" or "aer".
        failures: path → the reason why it failed.
    """

    path: str
    failures: dict[str, str]


def strings(num_bits: int) -> list[int]:
    """Returns the bitstrings that the test prepares: none up, all up, only spin 0, only the last, every second.

    >>> [f"{s:03b}" for s in strings(3)]
    ['000', '111', '001', '100', '101']
    """
    every_second = sum(1 << bit for bit in range(0, num_bits, 2))
    return list(dict.fromkeys([0, 2**num_bits - 1, 1, 1 << (num_bits - 1), every_second]))


def bitstring_circuits(
    qubits: Sequence[int], num_qubits: int, outcomes: Sequence[int] | None = None
) -> list[QuantumCircuit]:
    """Returns a circuit for each bitstring, with spin j on qubits[j] and measured into classical bit j.

    Args:
        qubits: the spins' qubits.
        num_qubits: of the device.
        outcomes: the bitstrings; those of the self-test by default.
    """
    from qiskit import QuantumCircuit

    circuits = []
    for outcome in strings(len(qubits)) if outcomes is None else outcomes:
        circuit = QuantumCircuit(num_qubits, len(qubits))
        for spin, qubit in enumerate(qubits):
            if outcome >> spin & 1:
                circuit.x(qubit)
        circuit.measure(list(qubits), range(len(qubits)))
        circuits.append(circuit)
    return circuits


def complaint(counts: Counts, prepared: int, shots: int) -> str | None:
    """Returns what is wrong with the counts of one bitstring, or None.

    >>> complaint(Counts.from_histograms(2, [{0: 200}]), 0b01, 200)
    'bits 0 are read wrong more often than not in the bitstring 01'
    """
    if counts.shots != shots:
        return f"{shots} shots were requested, but {counts.shots} were returned"
    bits = np.unpackbits(counts.outcomes, axis=1, count=counts.num_bits, bitorder="little")
    ups = counts.numbers @ bits / shots
    expected = np.array([prepared >> bit & 1 for bit in range(counts.num_bits)])
    wrong = np.flatnonzero(np.abs(ups - expected) > 0.5)
    if not len(wrong):
        return None
    where = ", ".join(map(str, wrong))
    return f"bits {where} are read wrong more often than not in the bitstring {prepared:0{counts.num_bits}b}"


def first_trusted(name: str, ways: Mapping[str, Runner], circuits: Sequence[QuantumCircuit], seed: int = 0) -> Trust:
    """Returns the first way of running that reads every bitstring correctly.

    Args:
        name: of the backend, for messages.
        ways: name → runner, in the order in which they are tried.
        circuits: of `bitstring_circuits`, in the gates of the backend.
        seed: of the simulators among them.

    Raises:
        ArgumentError: none does; the message says what was read.
    """
    failures: dict[str, str] = {}
    for path, runner in ways.items():
        reason = _failure(runner, circuits, seed)
        if reason is None:
            return Trust(path, failures)
        failures[path] = reason
    listed = "; ".join(f"{path}: {reason}" for path, reason in failures.items())
    raise ArgumentError(f'The backend "{name}" failed its self-test of calibration bitstrings ({listed}).')


def _failure(runner: Runner, circuits: Sequence[QuantumCircuit], seed: int) -> str | None:
    for place, (circuit, prepared) in enumerate(zip(circuits, strings(circuits[0].num_clbits), strict=True)):
        try:
            counts = runner(circuit, np.zeros((1, 3 * circuit.num_clbits)), SHOTS, seed + place)
        except Exception as error:  # a vendor's code may raise anything
            return str(error) if isinstance(error, ArgumentError) else causes(error)
        found = complaint(counts, prepared, SHOTS)
        if found is not None:
            return found
    return None


def translated(circuits: Sequence[QuantumCircuit], target: Any) -> list[QuantumCircuit]:
    """Returns the circuits in the gates of a target, on the same qubits."""
    from qiskit import transpile

    return [
        transpile(c, target=target, optimization_level=0, initial_layout=list(range(c.num_qubits))) for c in circuits
    ]
