"""Circuits prepare what they say, measure along the directions they are given, and are rendered as they are."""

from pathlib import Path

import numpy as np
import pytest
from qiskit import qasm3
from qiskit.quantum_info import Statevector

from qsense import Probe
from qsense.circuits.preparing import prepare
from qsense.circuits.rendering import sensing_files, write_preparation
from qsense.circuits.sensing import Experiment, X, Y, Z, parameter_order
from qsense.errors import ArgumentError, ContentError

ROOT = Path(__file__).resolve().parents[2]


@pytest.mark.parametrize("size", range(1, 10))
def test_ghz_is_prepared_in_log_depth(size):
    circuit = prepare(Probe.ghz(size))
    assert np.allclose(Statevector(circuit).data, Probe.ghz(size).statevector())
    assert circuit.depth() == 1 + int(np.ceil(np.log2(size)))
    assert circuit.count_ops().get("cx", 0) == size - 1


@pytest.mark.parametrize("tilt", [0.0, 0.3, -0.8])
def test_product_probes_are_prepared_with_their_tilt(tilt):
    probe = Probe.product(3, tilt)
    assert np.allclose(Statevector(prepare(probe)).data, probe.statevector())
    ups = np.array([k.bit_count() for k in range(8)])
    # The mean number of spins up is N (1 + δ)/2.
    assert ups @ np.abs(probe.statevector()) ** 2 == pytest.approx(1.5 * (1 + tilt))


def test_shipped_circuits_prepare_the_states_they_are_named_for():
    weights = np.abs(Probe.from_qasm("w4").statevector()) ** 2
    assert np.allclose(weights, [0.25 * (k.bit_count() == 1) for k in range(16)])
    for name, size, ups in (("dicke4_2", 4, 2), ("dicke6_3", 6, 3)):
        amplitudes = Probe.from_qasm(name).statevector()
        inside = np.array([k.bit_count() == ups for k in range(2**size)])
        assert np.allclose(amplitudes[inside], amplitudes[inside][0])
        assert np.allclose(amplitudes[~inside], 0)


@pytest.mark.parametrize("direction", [X, Y, Z, (0.7, 1.9)])
def test_a_direction_measures_the_spin_along_it(direction):
    polar, azimuth = direction
    rng = np.random.default_rng(3)
    amplitudes = rng.normal(size=2) + 1j * rng.normal(size=2)
    amplitudes /= np.linalg.norm(amplitudes)
    bloch = [np.vdot(amplitudes, m @ amplitudes).real for m in pauli()]
    along = np.dot(bloch, [np.sin(polar) * np.cos(azimuth), np.sin(polar) * np.sin(azimuth), np.cos(polar)])
    circuit = Experiment(Probe.product(1), 0.0).circuit().remove_final_measurements(inplace=False)
    values = dict(zip(parameter_order(circuit), [0.0, polar, azimuth], strict=True))
    bound = circuit.assign_parameters({p: values[p.name] for p in circuit.parameters})
    turned = Statevector(amplitudes).evolve(without_preparation(bound))
    assert turned.probabilities()[0] == pytest.approx((1 + along) / 2)


def pauli():
    return np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])


def without_preparation(circuit):
    kept = circuit.copy_empty_like()
    for instruction in circuit.data[1:]:  # the Hadamard of |+>
        kept.append(instruction)
    return kept


def test_the_phase_turns_the_azimuth_forward():
    # rz(θ) on |+> measured at azimuth θ gives 0 with certainty.
    circuit = Experiment(Probe.product(1), 0.0).circuit().remove_final_measurements(inplace=False)
    values = dict(zip(parameter_order(circuit), [0.8, np.pi / 2, 0.8], strict=True))
    bound = circuit.assign_parameters({p: values[p.name] for p in circuit.parameters})
    assert Statevector(bound).probabilities()[0] == pytest.approx(1.0)


def test_the_loss_flag_undoes_the_fan_out():
    circuit = Experiment(Probe.ghz(5), 0.0, "loss_flag").circuit().remove_final_measurements(inplace=False)
    bound = circuit.assign_parameters(np.zeros(circuit.num_parameters))
    # Nothing lost: all spins but the first are down again, the first is |+>.
    assert np.allclose(Statevector(bound).probabilities([1, 2, 3, 4]), np.eye(16)[0])
    assert np.allclose(Statevector(bound).probabilities([0]), [0.5, 0.5])


def test_the_loss_flag_is_refused_for_other_probes():
    with pytest.raises(ArgumentError, match="goes with a GHZ probe"):
        Experiment(Probe.product(2), 1.0, "loss_flag")


@pytest.mark.parametrize("probe", [Probe.ghz(5), Probe.product(3, 0.4), Probe.from_qasm("w4")], ids=lambda p: p.name)
def test_unpreparing_an_unchanged_probe_brings_every_spin_down(probe):
    circuit = Experiment(probe, 0.0, "unprepare").circuit().remove_final_measurements(inplace=False)
    still = circuit.assign_parameters(np.zeros(circuit.num_parameters))
    assert Statevector(still).probabilities()[0] == pytest.approx(1)
    angle = 0.3
    phases = [angle if name.startswith("phase") else 0.0 for name in parameter_order(circuit)]
    values = dict(zip(parameter_order(circuit), phases, strict=True))
    turned = circuit.assign_parameters({p: values[p.name] for p in circuit.parameters})
    # The return probability is |<psi|exp(-i angle J_z)|psi>|^2.
    ups = np.array([k.bit_count() for k in range(2**probe.num_qubits)])
    overlap = np.abs(probe.statevector()) ** 2 @ np.exp(1j * angle * ups)
    assert Statevector(turned).probabilities()[0] == pytest.approx(abs(overlap) ** 2)


def test_an_unknown_ending_is_refused():
    with pytest.raises(ArgumentError, match='Did you mean "unprepare"'):
        Experiment(Probe.ghz(2), 1.0, "unprepared")


@pytest.mark.parametrize("time", [-1.0, float("nan"), float("inf")])
def test_an_impossible_time_is_refused(time):
    with pytest.raises(ArgumentError, match="`time` must be finite"):
        Experiment(Probe.ghz(2), time)


@pytest.mark.checkout
def test_rendered_circuits_are_what_the_code_makes():
    texts = sensing_files([2, 4], 1.0)
    folder = ROOT / "circuits" / "sensing"
    assert sorted(texts) == sorted(path.name for path in folder.glob("*.qasm"))
    for name, text in texts.items():
        assert (folder / name).read_text() == text, f"{name} has drifted; run `qsense render`"


@pytest.mark.parametrize("name", ["ghz_4.qasm", "product_2.qasm"])
def test_rendered_circuits_load_again_and_sense(name):
    circuit = qasm3.loads(sensing_files([2, 4], 1.0)[name])
    size, theta = circuit.num_qubits, 0.4
    bound = circuit.assign_parameters([theta]).remove_final_measurements(inplace=False)
    probabilities = Statevector(bound).probabilities()
    parity = sum(p * (-1) ** k.bit_count() for k, p in enumerate(probabilities))
    expected = np.cos(size * theta) if name.startswith("ghz") else np.cos(theta) ** size
    assert parity == pytest.approx(expected)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("OPENQASM 3.0; qubit[2", "not valid OpenQASM"),
        ('OPENQASM 3.0; include "stdgates.inc"; qubit q; bit c; c = measure q;', "must be unitary, but has `measure`"),
        ('OPENQASM 3.0; include "stdgates.inc"; qubit q; reset q;', "must be unitary, but has `reset`"),
        ('OPENQASM 3.0; include "stdgates.inc"; input float a; qubit q; rz(a) q;', "no free parameters"),
        ("OPENQASM 3.0;", "no qubits"),
        ("\x00\x01", "not valid OpenQASM"),
        ("", "not valid OpenQASM|no qubits"),
    ],
)
def test_broken_circuits_are_refused_in_one_line(tmp_path, text, message):
    path = tmp_path / "probe.qasm"
    path.write_text(text)
    with pytest.raises(ContentError, match=message) as caught:
        Probe.from_qasm(path)
    assert "probe.qasm" in str(caught.value)
    assert "\n" not in str(caught.value)


def test_openqasm_2_is_read_as_well(tmp_path):
    path = tmp_path / "bell.qasm"
    path.write_text('OPENQASM 2.0; include "qelib1.inc"; qreg q[2]; h q[0]; cx q[0], q[1];')
    assert np.allclose(Probe.from_qasm(path).statevector(), Probe.ghz(2).statevector())


@pytest.mark.parametrize(("size", "tilt"), [(0, 0.0), (-1, 0.0), (True, 0.0), (2.0, 0.0), (2, 1.0), (2, float("nan"))])
def test_impossible_probes_are_refused(size, tilt):
    with pytest.raises(ArgumentError, match="must be"):
        Probe.product(size, tilt)


def test_a_written_preparation_has_all_digits_of_its_angles(tmp_path):
    amplitudes = np.array([np.cos(np.pi / 8 + 2e-10), 0, np.sin(np.pi / 8 + 2e-10)])
    probe = Probe.symmetric(amplitudes)
    again = Probe.from_qasm(write_preparation(probe, tmp_path / "near.qasm"))
    assert np.max(np.abs(np.abs(again.statevector()) - np.abs(probe.statevector()))) < 1e-14
