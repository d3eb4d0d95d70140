"""OpenQASM 2 and 3: what is read prepares the state that its definitions say, whatever its gates are called."""

from itertools import product
from pathlib import Path

import numpy as np
import pytest
import qiskit
from qiskit import qasm2
from qiskit.quantum_info import Operator, Statevector

from qsense.circuits.preparing import prepare
from qsense.circuits.rendering import sensing_qasm
from qsense.errors import ContentError
from qsense.probes import Probe
from qsense.probes.openqasm import read, written
from qsense.probes.openqasm.circuit import circuit_of

TWO = 'OPENQASM 2.0;\ninclude "qelib1.inc";\n'
THREE = 'OPENQASM 3.0;\ninclude "stdgates.inc";\n'
BELL = np.array([1, 0, 0, 1]) / np.sqrt(2)
X, Z = np.array([[0, 1], [1, 0]]), np.diag([1, -1])
H = (X + Z) / np.sqrt(2)


def ry(angle):
    return np.array([[np.cos(angle / 2), -np.sin(angle / 2)], [np.sin(angle / 2), np.cos(angle / 2)]])


def rx(angle):
    return np.cos(angle / 2) * np.eye(2) - 1j * np.sin(angle / 2) * X


def same(text, vector):
    state = Probe.from_text(text, "probe").statevector()
    assert abs(np.vdot(state, vector)) == pytest.approx(1, abs=1e-13)


@pytest.mark.parametrize(
    "text",
    [
        TWO + "qreg q[2]; h q[0]; cx q[0],q[1]; swap q[0],q[1];",
        TWO + "qreg q[2]; rz(pi/2) q[0]; sx q[0]; rz(pi/2) q[0]; cx q[0],q[1];",
        TWO.replace("M 2", "M  2") + "qreg q[2]; h q[0]; cx q[0],q[1];",
        "\ufeff" + THREE + "qubit[2] q; h q[0]; cx q[0], q[1];",
        "// was OPENQASM 2.0\n/* OPENQASM 2.0; */" + THREE + "qubit[2] q; h q[0]; cx q[0], q[1];",
        THREE.replace("3.0", "3") + "qubit[2] q; box { h q[0]; box { cx q[0], q[1]; } nop q[0]; }",
        TWO + "qreg q[2]; creg c[2]; creg meas[46]; creg phase[1000000000]; h q[0]; cx q[0],q[1];",
        THREE + "qubit[2] q; bit[9] polar; bit c; h q[0]; barrier; cx q[0], q[1]; barrier q;",
        THREE + "h $7; cx $7, $5; barrier $1;",
        THREE + "const int n = 2; const float half = pi / n; qubit[n] q; ry(half) q[0]; cx q[0], q[n - 1];",
        THREE + "qubit[2] q; let b = q[1:-1:0]; h b[0]; cx b[0], b[-1];",
        THREE + "qubit a; qubit b; let both = a ++ b; h both[0]; cx both[0], both[1];",
    ],
)  # fmt: skip
def test_what_qiskit_and_people_write_is_read(text):
    same(text, BELL)


# By hand: what the file says, not the gate of that name that a simulator has.
OWN = [
    ("gate rzz(t) a, b { cx a, b; rz(pi*t) b; cx a, b; } h q; rzz(0.5) q[0], q[1]; h q[0];",
     np.kron(np.eye(2), H) @ (np.exp(-0.25j * np.pi * np.array([1, -1, -1, 1])) / 2)),
    ("gate unitary a { ry(pi/2) a; } unitary q[0]; cx q[0], q[1];", BELL),
    ("gate r(t) a { ry(t) a; } r(pi/2) q[0]; cx q[0], q[1];", BELL),
    ("gate iswap a, b { rx(pi/2) a; ry(pi/3) b; cx a, b; } iswap q[0], q[1];",
     np.eye(4)[[0, 3, 2, 1]] @ np.kron(ry(np.pi / 3), rx(np.pi / 2))[:, 0]),
]  # fmt: skip
NATIVE = ["diagonal", "kraus", "pauli", "initialize", "ecr", "mcx", "delay_", "measure_", "u", "sxdg", "save_state"]


@pytest.mark.parametrize(("text", "vector"), OWN)
def test_a_gate_of_the_file_is_the_files(text, vector):
    same(THREE + "qubit[2] q; " + text, vector)


@pytest.mark.parametrize("name", NATIVE)
def test_nobody_sees_the_names_of_the_files_gates(name):
    probe = Probe.from_text(THREE + f"gate {name} a, b {{ h a; cx a, b; }} qubit[2] q; {name} q[0], q[1];", "own")
    assert [step.operation.name for step in prepare(probe).data] == ["h", "cx"]
    assert f" {name} " not in sensing_qasm(probe, 1.0, "X")
    same(probe.qasm, BELL)


def test_a_files_own_sx_is_the_files_and_the_librarys_otherwise():
    same(TWO + "gate sx a { ry(pi/2) a; } qreg q[2]; sx q[0]; cx q[0],q[1];", BELL)
    same(TWO + "qreg q[1]; sx q[0];", rx(np.pi / 2)[:, 0])
    # A gate of the library that is made of others keeps them, whatever the file calls them.
    same(TWO + "gate p(t) a { x a; } qreg q[2]; h q; cu(0.1,0.2,0.3,0.4) q[0],q[1];", cu_on_plus(0.1, 0.2, 0.3, 0.4))


def cu_on_plus(theta, phi, lam, gamma):
    cos, sin = np.cos(theta / 2), np.sin(theta / 2)
    u = np.exp(1j * gamma) * np.array(
        [[cos, -np.exp(1j * lam) * sin], [np.exp(1j * phi) * sin, np.exp(1j * (phi + lam)) * cos]]
    )
    block = np.eye(4, dtype=complex)
    block[np.ix_([1, 3], [1, 3])] = u
    return block @ np.full(4, 0.5)


EXTENDED = {
    "sx": (0, 1), "sxdg": (0, 1), "p": (1, 1), "u": (3, 1), "u0": (1, 1), "cp": (1, 2), "swap": (0, 2), "csx": (0, 2),
    "crx": (1, 2), "cry": (1, 2), "cu": (4, 2), "rxx": (1, 2), "rzz": (1, 2), "cswap": (0, 3), "rccx": (0, 3),
    "rc3x": (0, 4), "c3x": (0, 4), "c3sqrtx": (0, 4), "c4x": (0, 5),
}  # fmt: skip


def test_every_gate_of_qiskits_qelib1_is_what_qiskits_file_says():
    """The oracle is Qiskit's own file, parsed by Qiskit, with nothing known but its text."""
    text = (Path(qiskit.__file__).parent / "qasm" / "libs" / "qelib1.inc").read_text()
    for name, (angles, qubits) in EXTENDED.items():
        numbers = [0.3, 0.7, 1.1, -0.4][:angles]
        call = name + (f"({','.join(map(str, numbers))})" if angles else "") + " "
        call += ",".join(f"q[{place}]" for place in range(qubits)) + ";"
        spread = "".join(f"U({0.4 + place},0.2,{place}) q[{place}];" for place in range(qubits))
        rest = f"qreg q[{qubits}]; {spread} {call}"
        expected = Statevector(qasm2.loads("OPENQASM 2.0;" + text + rest)).data
        same(TWO + rest, expected)


def root_of_a_swap():
    even, odd = 0.5 + 0.5j, 0.5 - 0.5j
    return np.array([[1, 0, 0, 0], [0, even, odd, 0], [0, odd, even, 0], [0, 0, 0, 1]])


@pytest.mark.parametrize(
    ("gate", "matrix"),
    [
        ("ctrl @ x", np.eye(4)[[0, 3, 2, 1]]),
        ("negctrl @ x", np.eye(4)[[2, 1, 0, 3]]),
        ("ctrl @ gphase(0.3)", None),
        ("inv @ ctrl @ s", np.diag([1, 1, 1, -1j])),
        ("ctrl @ pow(0.5) @ z", np.diag([1, 1, 1, 1j])),
        ("pow(0.5) @ ctrl @ z", np.diag([1, 1, 1, 1j])),
        ("ctrl @ pow(-3) @ s", np.diag([1, 1, 1, 1j])),
        ("ctrl @ pow(0.5) @ x", root_of_a_swap()[np.ix_([0, 1, 3, 2], [0, 1, 3, 2])]),
        ("pow(2) @ swap", np.eye(4)),
        ("pow(0.5) @ swap", root_of_a_swap()),
        ("ctrl @ g", np.diag([1, np.exp(0.2j), 1, np.exp(1.2j)])),
        ("inv @ ctrl @ g", np.diag([1, np.exp(-0.2j), 1, np.exp(-1.2j)])),
        ("ctrl @ U(0, 0.1, 0.2)", np.diag([1, 1, 1, np.exp(0.3j)])),
    ],
)  # fmt: skip
def test_modifiers_are_those_of_the_specification(gate, matrix):
    head = THREE + "gate g a { gphase(0.2); p(1) a; } qubit[2] q; "
    if matrix is None:
        head, matrix, operands = head, np.diag([1, np.exp(0.3j), 1, np.exp(0.3j)]), "q[0]"
    else:
        operands = "q[0], q[1]"
    done = Operator(circuit_of(read(f"{head}{gate} {operands};", "gate"))).data
    assert np.allclose(done, matrix, rtol=0, atol=1e-14)


def test_powers_take_minus_one_as_e_to_the_i_pi_whatever_rounding_says():
    turns = ["x", "y", "z", "h", "rx(2*pi)", "cx", "ch"]
    for turn, exponent in product(turns, (0.5, -0.5, 1 / 3, 2.5)):
        operands = "q[0], q[1]" if turn in ("cx", "ch") else "q[0]"
        text = f"{THREE}qubit[2] q; {{}} {operands};"
        once = Operator(circuit_of(read(text.format(turn), "once"))).data
        done = Operator(circuit_of(read(text.format(f"pow({exponent!r}) @ {turn}"), "power"))).data
        values, vectors = np.linalg.eigh((once + once.conj().T) / 2)  # these are Hermitian: ±1
        assert np.allclose(vectors @ np.diag(values) @ vectors.conj().T, once)
        phases = np.where(values > 0, 1, np.exp(1j * np.pi * exponent))
        assert np.allclose(done, vectors @ np.diag(phases) @ vectors.conj().T, rtol=0, atol=1e-13), turn


@pytest.mark.parametrize(
    ("head", "angle", "value"),
    [
        (TWO, "-2^2/10", -0.4), (TWO, "2^3^2/100", 5.12), (TWO, "2^-1", 0.5), (TWO, "1/2", 0.5), (TWO, "ln(1)", 0),
        (TWO, "sin(pi/6)", 0.5), (TWO, "8/2/2/10", 0.2), (THREE, "-2**2/10.0", -0.4), (THREE, "4/2/10.0", 0.2),
        (THREE, "π/4", np.pi / 4), (THREE, "1_0.5e-1", 1.05), (THREE, "0x1F/100.0", 0.31),
        (THREE, "τ - pow(2, 2)", 2 * np.pi - 4),
        (THREE, "arcsin(0.5)", np.pi / 6), (THREE, "+1 - -1", 2.0), (THREE, "(1 + 2)*.1", 0.3),
    ],
)  # fmt: skip
def test_angles_are_what_their_arithmetic_says(head, angle, value):
    declared = "qreg q[1];" if head == TWO else "qubit[1] q;"
    same(f"{head}{declared} ry({angle}) q[0];", ry(value)[:, 0])


def test_registers_are_broadcast_and_numbered_in_the_order_of_their_declaration():
    text = THREE + "qubit a; qubit[2] b; x a; ry(0.3) b; cx a, b; "
    bits = np.kron(np.kron(ry(0.3), ry(0.3)), X)[:, 0].reshape(2, 2, 2)[::-1, ::-1].reshape(-1)
    same(text, bits)


def test_hardware_qubits_are_those_that_gates_touch_in_ascending_order():
    probe = Probe.from_text(THREE + "x $41; h $60; cx $60, $53; barrier $2;", "transpiled")
    assert probe.num_qubits == 3
    assert np.allclose(probe.statevector(), np.kron(BELL, [0, 1]))
    assert read(probe.qasm, "transpiled").hardware == (41, 53, 60)


def test_the_order_of_hardware_qubits_is_said(tmp_path, caplog):
    (tmp_path / "made.qasm").write_text(THREE + "h $5; cx $5, $7;")
    assert Probe.from_qasm(tmp_path / "made.qasm").num_qubits == 2
    assert "spins 0, 1, … are the hardware qubits $5, $7; those that no gate touches are left out" in caplog.text


def test_a_gate_of_many_controls_needs_no_matrix_of_all_its_qubits():
    text = THREE + "qubit[13] q; h q; ctrl(12) @ z " + ", ".join(f"q[{place}]" for place in range(13)) + ";"
    expected = np.full(2**13, 2**-6.5)
    expected[-1] *= -1
    same(text, expected)


@pytest.mark.parametrize("name", ["w4", "dicke4_2", "dicke6_3", "twin_fock4"])
def test_what_is_written_is_read_as_the_same_unitary(name):
    given = read(Probe.from_qasm(name).qasm, name)
    again = read(written(given), name)
    assert again.steps == given.steps
    assert np.allclose(Operator(circuit_of(again)).data, Operator(circuit_of(given)).data, rtol=0, atol=1e-13)


def test_a_file_in_utf_8_with_a_mark_and_the_lines_of_windows(tmp_path):
    path = tmp_path / "bell.qasm"
    path.write_bytes(
        b"\xef\xbb\xbf" + (THREE + "qubit[2] q;\nh q[0];\ncx q[0], q[1];\n").replace("\n", "\r\n").encode()
    )
    probe = Probe.from_qasm(path)
    assert probe.key == Probe.from_text(THREE + "qubit[2] q;\nh q[0];\ncx q[0], q[1];\n", "bell").key


def test_a_file_that_windows_saved_as_utf_16_is_refused_with_the_fix(tmp_path):
    (tmp_path / "bell.qasm").write_text(THREE + "qubit q;", encoding="utf-16")
    with pytest.raises(ContentError, match="it is not in UTF-8; save it as UTF-8 text"):
        Probe.from_qasm(tmp_path / "bell.qasm")


def test_lines_end_in_any_way():
    for end in ("\n", "\r\n", "\r"):
        same(end.join([*THREE.splitlines(), "// a Bell pair", "qubit[2] q; h q[0];", "cx q[0], q[1];"]), BELL)
        with pytest.raises(ContentError, match="line 4: "):
            Probe.from_text(end.join([*THREE.splitlines(), "qubit q;", "measure q;"]), "q")


def test_a_folder_or_a_pipe_is_no_circuit(tmp_path):
    (tmp_path / "a.qasm").mkdir()
    with pytest.raises(ContentError, match="no such file"):
        Probe.from_qasm(tmp_path / "a.qasm")
