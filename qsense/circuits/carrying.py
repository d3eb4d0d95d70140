"""Circuits to carry to another instrument: one OpenQASM text for each row of an experiment's settings.

    prepare | barrier | [rz(phase_j)] · delay(t) | barrier | [ending] | rz(−azimuth_j) ry(−polar_j) | measure

In OpenQASM 3 the angles are inputs, whose values a comment gives for each row: the circuit of one time is one text.
(Constants would be an alternative, but Qiskit's reader does not know them.) In OpenQASM 2, which knows neither inputs
nor delays, angles are numbers, and a wait is the opaque gate `wait(seconds)`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Literal

from qsense.circuits.sensing import Experiment, Settings
from qsense.circuits.window import append_window, pieces
from qsense.numerics.fisher import FloatArray

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

Version = Literal[2, 3]
_QELIB1 = ("h", "x", "y", "z", "s", "sdg", "rx", "ry", "rz", "cx", "u3")
_OTHERS = ("delay", "barrier", "measure")
_NAME = re.compile(r"\b_(phase|polar|azimuth)_(\d+)_")


def carried_texts(
    experiment: Experiment, settings: Settings, version: Version = 3, injected: bool = True
) -> Iterator[str]:
    """Yields the circuit of each row of the settings as OpenQASM; inputs are called `azimuth_rad_0` and so on.

    Args:
        experiment: what is prepared, for how long it senses, how it ends.
        settings: the angles of every row.
        version: of OpenQASM.
        injected: whether the signal is put on by rz gates; False leaves it to nature: delays and pulses alone.

    Raises:
        ArgumentError: the probe has no known circuit, or the window collects nothing of the signal.

    >>> from qsense.estimators.ghz import design
    >>> from qsense.probes import Probe
    >>> text = next(carried_texts(Experiment(Probe.ghz(2), 0.5), design(2, 0.1)[1]))
    >>> text.splitlines()[0]
    '// azimuth_rad_0 = 0.2'
    """
    circuit = experiment.circuit(lambda made, phase: _sense(made, phase, experiment, injected))
    if version == 2:
        circuit = _in_qelib1(circuit)
        for row in range(len(settings)):
            yield _qasm2(_bound(circuit, settings, row))
        return
    from qiskit import qasm3

    body = _NAME.sub(r"\1_rad_\2", str(qasm3.dumps(circuit)).rstrip() + "\n")
    names = sorted((one.vector.name, one.index) for one in circuit.parameters)
    for row in range(len(settings)):
        values = _values(settings, row)
        head = "".join(f"// {name}_rad_{spin} = {float(values[name][spin])!r}\n" for name, spin in names)
        yield head + body


def known_string_text(num_qubits: int, ups: list[int], version: Version = 3) -> str:
    """Returns the circuit that prepares some spins up, the others down, and measures all, as OpenQASM.

    >>> known_string_text(2, [1]).splitlines()[4]
    'x q[1];'
    """
    from qiskit import QuantumCircuit, qasm3

    circuit = QuantumCircuit(num_qubits, num_qubits)
    for spin in ups:
        circuit.x(spin)
    circuit.measure(range(num_qubits), range(num_qubits))
    return _qasm2(circuit) if version == 2 else str(qasm3.dumps(circuit)).rstrip() + "\n"


def _sense(circuit: QuantumCircuit, phase: Any, experiment: Experiment, injected: bool) -> None:
    circuit.barrier()
    for spin in range(experiment.probe.num_qubits):
        if injected:
            append_window(circuit, spin, phase[spin], experiment.time, experiment.signal, experiment.pulses)
            continue
        for piece in pieces(experiment.time, experiment.signal, experiment.pulses):
            circuit.delay(piece.length, spin, unit="s")
            if piece.pulse:
                getattr(circuit, piece.pulse)(spin)
    circuit.barrier()


def _in_qelib1(circuit: QuantumCircuit) -> QuantumCircuit:
    """The circuit in gates of the first qelib1.inc; Qiskit's own has more."""
    from qiskit import transpile

    if all(one.operation.name in (*_QELIB1, *_OTHERS) for one in circuit.data):
        return circuit
    return transpile(circuit, basis_gates=list(_QELIB1), optimization_level=0)


def _bound(circuit: QuantumCircuit, settings: Settings, row: int) -> QuantumCircuit:
    values = _values(settings, row)
    return circuit.assign_parameters({one: float(values[one.vector.name][one.index]) for one in circuit.parameters})


def _values(settings: Settings, row: int) -> dict[str, FloatArray]:
    table = {"phase": settings.phases, "polar": settings.polars, "azimuth": settings.azimuths}
    return {name: angles[row] for name, angles in table.items()}


def _qasm2(circuit: QuantumCircuit) -> str:
    """The text, by a writer of its own: Qiskit's gives each length of an opaque wait another name."""
    lines = ["OPENQASM 2.0;", 'include "qelib1.inc";', "opaque wait(seconds) a;"]
    lines += [f"{kind} {name}[{circuit.num_qubits}];" for kind, name in (("qreg", "q"), ("creg", "c"))]
    for one in circuit.data:
        qubits = [f"q[{circuit.find_bit(qubit).index}]" for qubit in one.qubits]
        name, angles = one.operation.name, [float(angle) for angle in one.operation.params]
        if name == "measure":
            lines.append(f"measure {qubits[0]} -> c[{circuit.find_bit(one.clbits[0]).index}];")
            continue
        if name == "delay":
            name, angles = "wait", [float(one.operation.duration)]
        given = f"({','.join(map(repr, angles))})" if angles else ""
        lines.append(f"{name}{given} {','.join(qubits)};")
    return "\n".join(lines) + "\n"
