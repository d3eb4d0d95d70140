"""A probe from a Qiskit circuit prepares what the circuit's gates do, whatever they are called, or is refused."""

import numpy as np
import pytest
from qiskit import QuantumCircuit, transpile
from qiskit.circuit import AnnotatedOperation, ControlModifier, Gate, InverseModifier, Parameter
from qiskit.circuit import library as q
from qiskit.quantum_info import Clifford, SparsePauliOp, Statevector, random_unitary
from qiskit.transpiler import CouplingMap

import qsense
from qsense.circuits.preparing import prepare
from qsense.errors import ContentError
from qsense.noise import LocalNoise
from qsense.probes import Probe


def circuit(size, *steps):
    made = QuantumCircuit(size)
    for operation, qubits in steps:
        made.append(operation, qubits)
    return made


def plus(size, *steps):
    return circuit(size, *((q.HGate(), [qubit]) for qubit in range(size)), *steps)


def prepares(made, vector, within=1e-12):
    probe = Probe.from_circuit(made, "made")
    again = Probe.from_text(probe.qasm, "made")  # as a record rebuilds it
    for state in (probe.statevector(), again.statevector()):
        phase = np.vdot(state, vector)
        assert np.max(np.abs(state * phase / abs(phase) - vector)) < within
    assert again == probe
    return probe


BELL = [0.6, 0, 0, 0.8j]
HAMILTONIAN = np.array([[1, 0.3], [0.3, -1]])


def by_hand():
    initialized = QuantumCircuit(2)
    initialized.initialize([0.6, 0, 0, 0.8])
    values, vectors = np.linalg.eigh(HAMILTONIAN)
    evolved = vectors @ np.diag(np.exp(-0.7j * values)) @ vectors.T
    theta = np.array([1, -1, -1, 1, 1, -1, -1, 1]) + np.array([1, 1, -1, -1, -1, -1, 1, 1])
    return {
        "initialize": (initialized, [0.6, 0, 0, 0.8]),
        "StatePreparation": (circuit(2, (q.StatePreparation(BELL), [0, 1])), BELL),
        "Diagonal": (plus(2, (q.DiagonalGate([1, 1j, -1, 1]), [0, 1])), np.array([1, 1j, -1, 1]) / 2),
        "Isometry": (circuit(2, (q.Isometry(np.array(BELL)[:, None], 0, 0), [0, 1])), BELL),
        "Pauli": (circuit(2, (q.HGate(), [0]), (q.PauliGate("XY"), [0, 1])), np.array([0, 0, -1j, 1j]) / np.sqrt(2)),
        "Hamiltonian": (circuit(1, (q.HamiltonianGate(HAMILTONIAN, 0.7), [0])), evolved[:, 0]),
        "Permutation": (circuit(3, (q.XGate(), [0]), (q.PermutationGate([2, 0, 1]), [0, 1, 2])), np.eye(8)[2]),
        "PauliEvolution": (
            plus(3, (q.PauliEvolutionGate(SparsePauliOp(["IZZ", "ZZI"]), 0.3), [0, 1, 2])),
            np.exp(-0.3j * theta) / 8**0.5,
        ),
        "UnitaryGate": (circuit(2, (q.UnitaryGate(np.eye(4)[[3, 0, 1, 2]]), [0, 1])), np.eye(4)[1]),
    }  # fmt: skip


@pytest.mark.parametrize("name", by_hand())
def test_gates_that_openqasm_has_no_words_for_are_written_out(name):
    made, vector = by_hand()[name]
    prepares(made, np.asarray(vector, dtype=complex))


def test_the_gain_of_a_prepared_state_is_that_by_hand():
    probe = Probe.from_circuit(circuit(2, (q.StatePreparation(BELL), [0, 1])))
    assert qsense.gain(probe, LocalNoise(dephasing=0.1), 0.0) == pytest.approx(4 * 4 * 0.36 * 0.64, rel=1e-12)


@pytest.mark.parametrize("size", [1, 2, 3, 4])
def test_any_unitary_is_kept_to_twelve_digits(size):
    unitary = random_unitary(2**size, seed=size).data
    start = np.full(2**size, 2 ** (-size / 2))
    qubits = list(range(size))[::-1]
    moved = unitary.reshape((2,) * (2 * size)).transpose([*range(size - 1, -1, -1), *range(2 * size - 1, size - 1, -1)])
    prepares(plus(size, (q.UnitaryGate(unitary), qubits)), moved.reshape(2**size, 2**size) @ start)


def test_a_unitary_near_a_simple_one_is_not_rounded_to_it():
    """Qiskit's synthesis of two qubits may take 1e-5 for 0, as its fidelity is then 1 − 1e-10."""
    small = 1e-5
    turn = np.array([[np.cos(small), -np.sin(small)], [np.sin(small), np.cos(small)]])
    given = np.kron(turn, np.eye(2)) @ np.diag([1, 1, 1, np.exp(1j * small)])
    prepares(plus(2, (q.UnitaryGate(given), [0, 1])), given @ np.full(4, 0.5))


def test_qiskits_gates_are_what_qiskit_says():
    made = plus(
        5,
        (q.CXGate(ctrl_state=0), [0, 1]), (q.CUGate(0.1, 0.2, 0.3, 0.4), [0, 1]), (q.U2Gate(0.1, 0.2), [1]),
        (q.RGate(0.3, 0.2), [0]),
        (q.CUGate(0.1, 0.2, 0.3, 0.4, ctrl_state=0), [1, 0]), (q.RZXGate(0.3), [0, 1]),
        (q.XXMinusYYGate(0.3, 0.2), [0, 1]),
        (q.iSwapGate(), [1, 2]), (q.ECRGate(), [2, 3]), (q.DCXGate(), [3, 4]), (q.XGate().control(4), [0, 1, 2, 3, 4]),
        (q.QFTGate(3), [0, 2, 4]), (AnnotatedOperation(q.SGate(), [InverseModifier(), ControlModifier(2)]), [0, 1, 2]),
        (q.LinearFunction([[1, 1], [0, 1]]), [0, 1]), (q.UnitaryGate(random_unitary(4, seed=3)).control(1), [4, 0, 1]),
        (Clifford(circuit(2, (q.HGate(), [0]), (q.CXGate(), [0, 1]))), [0, 1]),
    )  # fmt: skip
    prepares(made, Statevector(made).data)


@pytest.mark.parametrize(
    "name", ["h", "rzz", "unitary", "measure", "reset", "delay", "initialize", "kraus", "x", "barrier"]
)
def test_a_gate_of_ones_own_is_its_definition_whatever_it_is_called(name):
    own = QuantumCircuit(1, name=name)
    own.ry(0.3, 0)
    made = circuit(2, (q.HGate(), [0]), (own.to_gate(), [1]), (own.to_gate().control(1, ctrl_state=0), [0, 1]))
    zero, turned, twice = ([np.cos(angle / 2), np.sin(angle / 2)] for angle in (0, 0.3, 0.6))
    assert zero == [1, 0]
    probe = prepares(made, (np.kron(twice, [1, 0]) + np.kron(turned, [0, 1])) / np.sqrt(2))
    assert {step.operation.name for step in prepare(probe).data} <= {"h", "ry", "x", "u", "cu", "cx", "p", "cry", "rz"}


def test_classical_bits_that_nothing_uses_are_left_out():
    made = QuantumCircuit(2, 46)
    made.h(0)
    made.cx(0, 1)
    assert prepare(Probe.from_circuit(made)).num_clbits == 0


def test_a_circuit_that_was_transpiled_for_a_device_has_the_spins_that_gates_touch(caplog):
    line, gates = CouplingMap.from_line(30), ["rz", "sx", "cx"]
    bell = circuit(2, (q.HGate(), [0]), (q.CXGate(), [0, 1]))
    made = transpile(bell, coupling_map=line, basis_gates=gates, initial_layout=[21, 20], seed_transpiler=1)
    assert made.num_qubits == 30
    probe = prepares(made, np.array([1, 0, 0, 1]) / np.sqrt(2))
    assert "spins 0, 1, … are the hardware qubits $20, $21" in caplog.text
    # A spin that stays down is a spin, where no device has more qubits than the circuit.
    idle = transpile(circuit(3, (q.HGate(), [0])), basis_gates=gates)
    assert (probe.num_qubits, Probe.from_circuit(idle).num_qubits) == (2, 3)


def test_a_box_is_its_body():
    made = QuantumCircuit(2)
    with made.box():
        made.h(0)
        made.cx(0, 1)
    prepares(made, np.array([1, 0, 0, 1]) / np.sqrt(2))


def refused():
    measured, reset, late, waiting, timed, branching, looping, open_angle = (QuantumCircuit(2, 2) for _ in range(8))
    measured.measure(0, 0)
    reset.reset(0)
    late.h(0)
    late.initialize([1, 0], 0)
    waiting.delay(100, 0)
    with timed.box(duration=100):
        timed.h(0)
    with branching.if_test((branching.clbits[0], 1)):
        branching.x(0)
    with looping.for_loop(range(3)):
        looping.x(0)
    open_angle.rx(Parameter("my_angle"), 0)
    evolution = q.PauliEvolutionGate(SparsePauliOp(["IZZ", "XXI"]), 0.3)
    return [
        (measured, "must be unitary, but has `measure`"),
        (reset, "must be unitary, but has `reset`"),
        (late, "`initialize` resets qubits that gates have touched"),
        (waiting, "must be unitary, but has `delay`"),
        (timed, "a `box` with a duration"),
        (branching, "no classical conditions, but has `if`"),
        (looping, "no loops, but has `for`"),
        (open_angle, "no free parameters, but has my_angle"),
        (circuit(1, (Gate("mine", 1, []), [0])), "the gate `mine` has no definition"),
        (plus(3, (evolution, [0, 1, 2])), "the definition of the gate `PauliEvolution` is not its matrix"),
        (plus(7, (q.UnitaryGate(np.eye(128)), range(7))), "the gate `unitary` is synthesised with tolerances"),
        (QuantumCircuit(0), "has 0 qubits"),
        ("h q[0];", "must be a QuantumCircuit, but is str"),
    ]


@pytest.mark.parametrize("case", range(13))
def test_what_cannot_be_kept_is_refused_by_name(case):
    made, message = refused()[case]
    with pytest.raises(ContentError, match=message) as caught:
        Probe.from_circuit(made, "probe")
    assert str(caught.value).startswith("probe: ")
    assert "\n" not in str(caught.value)
