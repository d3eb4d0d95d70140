"""Probes of one's own in specs: read as `theory` reads them, held by hash, prepared by a circuit, refused if blind."""

import json
import shutil
import tomllib

import numpy as np
import pytest
import tomli_w
from in_process import qsense as command
from qiskit import QuantumCircuit
from qiskit.quantum_info import Statevector

import qsense
from qsense import Probe, RunSpec
from qsense.circuits.preparing import prepare
from qsense.circuits.sensing import Experiment, Settings
from qsense.emulator import probabilities
from qsense.errors import QsenseError
from qsense.laboratory.design import designed
from qsense.noise import LocalNoise, World
from qsense.runs.plan import plan
from qsense.runs.record import RunRecord
from qsense.signals import Signal
from qsense.workflow import reproduction

BASE = {
    "schema": 1, "name": "own", "noise": [{"dephasing_rate": 0.1}], "estimators": "tomography", "shots": 200,
    "field_rad_per_s": 0.3, "times_s": [0.0, 1.0], "seed": 3,
}  # fmt: skip
CIRCUIT = 'OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; h q[0]; ry(0.7) q[1]; cx q[0], q[1];'


def drawn(size, seed=1):
    rng = np.random.default_rng(seed)
    state = rng.normal(size=2**size) + 1j * rng.normal(size=2**size)
    return state / np.linalg.norm(state)


def mixture(size, seed=2):
    rng = np.random.default_rng(seed)
    root = rng.normal(size=(2**size, 2**size)) + 1j * rng.normal(size=(2**size, 2**size))
    return root @ root.conj().T / np.trace(root @ root.conj().T)


def spec_of(*probes, **changes):
    data = {**BASE, "probes": list(probes), **changes}
    return RunSpec.from_dict({key: value for key, value in data.items() if value is not None})


@pytest.fixture
def folder(tmp_path):
    """A spec whose files lie beside it."""
    np.save(tmp_path / "vector.npy", drawn(2))
    np.save(tmp_path / "rho.npy", mixture(2))
    (tmp_path / "made.qasm").write_text(CIRCUIT)
    probes = [
        "product",
        "vector.npy",
        {"name": "mixed", "state": "rho.npy"},
        {"probe": "uneven", "amplitudes": [0.6, 0, [0, 0.8]]},
        {"probe": "entangled", "circuit": "made.qasm"},
    ]
    data = {**BASE, "probes": probes, "num_qubits": 2, "compare": [["vector.npy", "product"], ["mixed", "entangled"]]}
    (tmp_path / "spec.toml").write_text(tomli_w.dumps(data))
    return tmp_path


def test_every_way_to_give_a_probe_means_that_state(folder):
    found = {probe.name: probe for probe in RunSpec.load(folder / "spec.toml").probes}
    assert np.array_equal(found["vector"].statevector(), np.load(folder / "vector.npy"))
    assert np.array_equal(found["mixed"].density_matrix(), np.load(folder / "rho.npy"))
    assert found["uneven"].statevector() == pytest.approx([0.6, 0, 0, 0.8j])
    c, s = np.cos(0.35) / np.sqrt(2), np.sin(0.35) / np.sqrt(2)
    assert found["entangled"].statevector() == pytest.approx([c, s, s, c])  # bit 0 is the control, bit 1 the target


def test_python_gives_arrays_circuits_and_probes_themselves():
    circuit = QuantumCircuit(2)
    circuit.h(0)
    circuit.cx(0, 1)
    one, other = Probe.from_state(mixture(2), "matrix"), Probe.symmetric([0.6, 0, 0.8], "uneven")
    spec = spec_of({"probe": "vector", "state": drawn(2)}, {"probe": "bell", "circuit": circuit}, one, other)
    assert spec.probes[1].statevector() == pytest.approx(np.sqrt([0.5, 0, 0, 0.5]))
    assert spec.probes[2:] == (one, other)
    again = RunSpec.from_dict(json.loads(json.dumps(spec.to_dict())))
    assert again.probes == spec.probes
    assert again.id == spec.id


def test_numbers_survive_any_number_of_resolutions_to_the_last_bit():
    for seed in range(20):
        spec = spec_of({"probe": "vector", "state": drawn(3, seed)}, {"probe": "a", "amplitudes": drawn(2, seed)})
        again = RunSpec.from_dict(tomllib.loads(tomli_w.dumps(spec.to_dict())))
        assert [probe.key for probe in again.probes] == [probe.key for probe in spec.probes]


def test_another_number_in_a_state_is_another_point_and_another_spec():
    state = drawn(2)
    moved = state * np.exp(1e-9j * np.arange(4))
    one, other = (spec_of({"probe": "mine", "state": numbers}) for numbers in (state, moved))
    assert one.id != other.id
    assert plan(one)[0].key != plan(other)[0].key
    assert one.id == spec_of({"probe": "mine", "state": state[:, None]}).id


@pytest.mark.usefixtures("without_figures")
def test_a_record_needs_no_file_of_the_users(folder, tmp_path):
    record = qsense.run(folder / "spec.toml", folder / "records")
    rows = record.summary()["rows"]
    assert {row["probe"] for row in rows} == {"product", "vector", "mixed", "uneven", "entangled"}
    elsewhere = tmp_path / "elsewhere" / record.path.name
    shutil.copytree(record.path, elsewhere)
    for name in ("vector.npy", "rho.npy", "made.qasm"):
        (folder / name).unlink()
    assert qsense.estimate(elsewhere).summary() == record.summary()
    assert reproduction.rerun(elsewhere, tmp_path / "again").identical
    resumed = RunSpec.load(elsewhere / "spec.toml")
    assert resumed.id == record.spec.id
    next(iter(sorted((elsewhere / "counts").glob("*.npz")))).unlink()
    assert qsense.run(resumed, elsewhere.parent).summary() == record.summary()


@pytest.mark.usefixtures("without_figures")
def test_estimates_agree_with_the_exact_gain_and_not_with_another_states(tmp_path):
    probes = [
        {"probe": "vector", "state": drawn(2)},
        {"probe": "mixed", "state": mixture(2, 5) * 0.3 + 0.7 * np.full((4, 4), 0.25)},
        {"probe": "uneven", "amplitudes": [0.6, 0, [0, 0.8]]},
    ]
    record = qsense.run(spec_of("product", *probes, num_qubits=2, shots=3000, times_s=None), tmp_path)
    rows = {row["probe"]: row for row in record.summary()["rows"]}
    assert all(abs(row["z"]) < 4.5 for row in rows.values())
    assert (
        abs(rows["mixed"]["integrated_gain_s"] - rows["product"]["integrated_gain_exact_s"])
        > 5 * (rows["mixed"]["integrated_gain_stderr_s"])
    )
    assert {one["probe"] for one in record.summary()["crossovers"]} == {"vector", "mixed", "uneven"}


def test_a_record_whose_state_was_changed_lost_or_moved_out_is_refused(folder):
    record = RunRecord.create(RunSpec.load(folder / "spec.toml"), folder / "records")
    text, (path, *_) = (record.path / "spec.toml").read_text(), sorted((record.path / "states").iterdir())
    kept = path.read_bytes()
    np.save(path, drawn(2, 77))
    for message in ("they have been changed", "cannot be read: No such file"):
        with pytest.raises(QsenseError, match=message) as error:
            RunRecord.load(record.path)
        assert "\n" not in str(error.value)
        path.unlink(missing_ok=True)
    path.symlink_to(folder / "vector.npy")
    with pytest.raises(QsenseError, match="a link, which is not followed"):
        RunRecord.load(record.path)
    path.unlink()
    path.write_bytes(kept)
    (record.path / "spec.toml").write_text(text.replace(f"states/{path.name}", "../../vector.npy"))
    with pytest.raises(QsenseError, match="is no file of a record"):
        RunRecord.load(record.path)


@pytest.mark.parametrize(
    ("entry", "message"),
    [
        ({"probe": "a", "state": drawn(3)}, r"probes\[0\]`: \"a\" has 3 spins, but `num_qubits` is 2; add 3"),
        ({"probe": "a", "amplitudes": [0.5, 0.5, 0.5, 0.5]}, "give amplitudes of all basis states as `state`"),
        ({"probe": "a", "amplitudes": [1.0, 1.0, 0.0]}, "must have length 1"),
        ({"probe": "a", "amplitudes": [[1, 2, 3], 0.0]}, r"each real or \[re, im\], but has"),
        ({"probe": "a", "amplitudes": 3}, "should be a list of numbers"),
        ({"probe": "a", "state": np.eye(4)}, "must have trace 1"),
        ({"probe": "a", "state": "nowhere.npy"}, "nowhere.npy: no such file"),
        ({"probe": "a", "circuit": "nowhere.qasm"}, "nowhere.qasm: no such file"),
        ({"probe": "a", "circuit": 7}, "must be a QuantumCircuit, but is int"),
        ({"probe": "a", "state": "base64:!!"}, "are damaged"),
        ({"probe": "a", "state": drawn(2), "circuit": "w4"}, "`state` and `circuit` both give the state"),
        ({"probe": "a", "state": drawn(2), "tilt": 0.1}, "`tilt` goes with"),
        ({"probe": "ghz", "state": drawn(2)}, '"ghz" is a probe that qsense knows'),
        ({"probe": "dicke:1", "amplitudes": [0.6, 0, 0.8]}, '"dicke:1" is a probe that qsense knows'),
        ({"state": drawn(2)}, r"probes\[0\]\.probe` is missing"),
        (Probe.ghz(2), 'write "ghz"'),
    ],
)  # fmt: skip
def test_a_mistake_is_one_line_with_its_key(entry, message):
    with pytest.raises(QsenseError, match=message) as error:
        spec_of(entry, num_qubits=2)
    assert "\n" not in str(error.value)


def test_a_file_of_objects_is_refused(tmp_path):
    np.save(tmp_path / "bad.npy", np.array([{}, 1], dtype=object), allow_pickle=True)
    (tmp_path / "spec.toml").write_text(tomli_w.dumps({**BASE, "probes": ["bad.npy"]}))
    with pytest.raises(QsenseError, match=r"spec\.toml: key `probes\[0\]`: .*not a NumPy array of numbers"):
        RunSpec.load(tmp_path / "spec.toml")


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6])
def test_a_circuit_is_made_for_a_state_to_ten_digits(size):
    state = drawn(size, size)
    made = Statevector(prepare(Probe.from_state(state))).data
    assert abs(np.vdot(state, made)) ** 2 == pytest.approx(1, abs=1e-10)


@pytest.mark.usefixtures("without_figures")
def test_a_state_runs_on_aer_as_on_the_emulator_and_a_mixture_is_refused(tmp_path):
    spec = spec_of({"probe": "vector", "state": drawn(2)}, backend="aer", shots=1000, times_s=None)
    (row,) = qsense.run(spec, tmp_path).summary()["rows"]
    assert abs(row["z"]) < 4.5
    with pytest.raises(QsenseError, match='"mixed" is a density matrix, which no circuit prepares'):
        qsense.run(spec_of({"probe": "mixed", "state": mixture(2)}, backend="aer"), tmp_path)
    assert len(list(tmp_path.iterdir())) == 1


BLIND = [
    ({"probe": "shared", "state": np.sqrt([0, 0.5, 0.5, 0])}, {}),
    ({"probe": "shared", "amplitudes": [0, 1, 0]}, {}),
    ({"probe": "shared", "state": np.diag([0.25, 0.25, 0.25, 0.25])}, {}),
    ({"probe": "shared", "state": np.diag([0.2, 0.3, 0.5, 0.0]) + 0.1 * np.eye(4)[[0, 2, 1, 3]] * [0, 1, 1, 0]}, {}),
    ("dicke:1", {"num_qubits": 2}),
    ({"probe": "computed", "state": np.sqrt([0, 0.5, 0.5, 0]) + 3e-14}, {}),
    ({"probe": "dim", "state": 0.25 * np.eye(4) + 1e-9 * np.fliplr(np.eye(4))}, {}),
    ({"probe": "opposite", "state": np.sqrt([0.5, 0, 0, 0.5])}, {"signal": {"weights": [1.0, -1.0]}}),
]


@pytest.mark.parametrize(("entry", "changes"), BLIND)
def test_a_probe_that_cannot_sense_is_refused_before_anything_is_made(tmp_path, entry, changes):
    spec = spec_of(entry, **changes)
    with pytest.raises(QsenseError, match="G = 0: this state commutes with the field") as error:
        qsense.run(spec, tmp_path / "records")
    assert "\n" not in str(error.value)
    assert not (tmp_path / "records").exists()
    with pytest.raises(QsenseError, match="G = 0"):
        qsense.write_design(spec, tmp_path / "design")


def test_the_signals_weights_decide_whether_a_state_senses():
    spec = spec_of(BLIND[0][0], signal={"weights": [1.0, -1.0]})  # |01> + |10> is what a gradient turns
    spec.check_sensing()
    (point,) = plan(spec)
    assert qsense.gain(point.probe, World(LocalNoise(), Signal((1.0, -1.0))), [0.0]) == pytest.approx([4.0])
    spec_of("w4").check_sensing()  # a control, which is said


def test_theory_says_that_a_state_commutes(tmp_path, monkeypatch, capsys):
    np.save(tmp_path / "w.npy", np.sqrt([0, 0.5, 0.5, 0]))
    for name, words in ((str(tmp_path / "w.npy"), True), ("product", False)):
        code, out, _ = command(monkeypatch, capsys, "theory", "--probe", name, "--num-qubits", 2, "--dephasing", 0.1)
        assert code == 0
        assert ("G = 0: this state commutes with the field" in out) is words


def test_auto_takes_what_serves_a_state_and_says_why():
    line = [np.kron([1.0], [np.cos(a), np.sin(a)]) for a in (0.6, 0.7, 0.8, 0.9)]
    alike = line[0]
    for one in (*line[1:], *line[:3]):
        alike = np.kron(alike, one)
    specs = {"small": drawn(2), "alike": alike, "scattered": drawn(7)}
    spec = spec_of(*({"probe": name, "state": state} for name, state in specs.items()), estimators="auto")
    (auto,) = spec.estimators
    small, seven, scattered = spec.probes
    assert auto.reason(small) == "tomography: nothing is assumed of the state"
    assert "a lower bound" in auto.reason(seven)
    one = spec_of(scattered, estimators="auto")
    with pytest.raises(QsenseError, match=r"estimators\[0\]`: Tomography of 7 spins .* parameter_shift"):
        plan(one)
    named = {"estimator": "tomography", "derivative": "commutator"}
    assert plan(spec_of(scattered, estimators=[named]))[0].circuits_per_time == 3**7
    assert plan(spec_of(seven, estimators="auto", shots=3000))[0].method.name == "moments"


def test_the_emulator_has_the_probabilities_of_a_density_matrix():
    rho, rates, theta, time = mixture(2), np.array([0.1, 0.3]), np.array([0.4, -0.9]), 1.5
    bits = np.arange(4)[:, None] >> np.arange(2) & 1
    phases = np.exp(1j * bits @ theta)  # rz, up to a global phase
    differ = bits[:, None] != bits[None]
    kept = np.exp(-2 * time * differ @ rates)
    turned = np.array([[1, 1], [1, -1]]) / np.sqrt(2)  # +X is read as 0
    both = np.kron(turned, turned)
    expected = np.diag(both @ (np.outer(phases, phases.conj()) * kept * rho) @ both).real
    settings = Settings(theta[None], np.full((1, 2), np.pi / 2), np.zeros((1, 2)))
    experiment = Experiment(Probe.from_state(rho), time)
    (found,) = probabilities(experiment, settings, LocalNoise(dephasing=rates.tolist()))
    assert found[0] == pytest.approx(expected, abs=1e-14)


@pytest.mark.usefixtures("without_figures")
def test_a_design_carries_the_state_and_its_counts_come_back(tmp_path):
    state = drawn(2)
    np.save(tmp_path / "mine.npy", state)
    method = {"estimator": "parameter_shift", "readout": "local_x"}
    data = {**BASE, "probes": ["mine.npy"], "estimators": [method], "shots": 4000, "times_s": None}
    data = {key: value for key, value in data.items() if value is not None}
    (tmp_path / "spec.toml").write_text(tomli_w.dumps(data))
    folder = qsense.write_design(tmp_path / "spec.toml", tmp_path / "design")
    (tmp_path / "mine.npy").unlink()
    design, rng, answers = designed(RunSpec.load(folder / "spec.toml")), np.random.default_rng(3), {}
    for one in design.measuring:
        (chances,) = probabilities(one.experiment, one.settings, one.point.noise)
        drawn_counts = rng.multinomial(one.shots, chances[0]).tolist()
        answers[one.id] = {format(k, "02b"): number for k, number in enumerate(drawn_counts) if number}
    record = qsense.import_counts(folder, answers, tmp_path / "records")
    (probe,) = RunRecord.load(record.path).spec.probes
    assert np.array_equal(probe.statevector(), state)
    (row,) = record.summary()["rows"]
    assert abs(row["z"]) < 4.5
    with pytest.raises(QsenseError, match=r"key `probes`: The probe \"mixed\" is a density matrix"):
        designed(spec_of({"probe": "mixed", "state": mixture(2)}, estimators=[method], shots=4000))
