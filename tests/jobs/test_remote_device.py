"""A run by the service goes the way of every device: placed by calibration, compared with it, refused early."""

import json

import pytest
import tomli_w

pytest.importorskip("qiskit_ibm_runtime", reason="needs qiskit-ibm-runtime")

from remote_runs import SPEC, qsense
from runtime_device import fake

from qsense import workflow
from qsense.backends.device_sampler import device_sampler
from qsense.circuits.transpilation import window_delays
from qsense.devices.device import read
from qsense.errors import ArgumentError, SpecError
from qsense.jobs.ledger import load, load_tasks
from qsense.runs.plan import plan
from qsense.runs.preparation import prepare_run
from qsense.runs.record import RunRecord
from qsense.runs.spec import RunSpec

pytestmark = pytest.mark.long

MEASURED = {
    **SPEC, "probes": ["ghz", "product"], "num_qubits": [2, 3], "noise": "calibration", "estimators": ["auto"],
    "field_rad_per_s": 2000.0, "shots": 2000, "device": {"readout_shots": 1000},
}  # fmt: skip
MEASURED.pop("times_s")


@pytest.fixture
def spec_file(tmp_path):
    path = tmp_path / "measured.toml"
    path.write_text(tomli_w.dumps(MEASURED))
    return path


def test_a_run_by_the_service_is_that_of_its_calibration(service, spec_file, tmp_path):
    """Four curves of five times: |z| < 4 as read and undone fails for a right device once in 400."""
    sent = json.loads(qsense("submit", spec_file, "--out", tmp_path / "out", "--json").stdout)
    done = json.loads(qsense("collect", sent["record"], "--json").stdout)
    assert len(done["complete"]) == 4
    points = json.loads(qsense("compare", sent["record"], "--json").stdout)["points"]
    assert len(points) == 4
    for point in points:
        assert max(abs(row["scaled_z"]) for row in point["times"]) < 4
        assert max(abs(row["scaled_z"]) for row in point["mitigated"]) < 4
        assert 0.5 < point["amplitude"] < 1
        # Undone, the readout error of some 3 % a spin no longer is in the amplitude.
        assert point["mitigated_amplitude"] > point["amplitude"] + 3 * point["amplitude_stderr"]
        assert not point["readout"]["is_correlated"]
    said = qsense("compare", sent["record"]).output
    for word in ("predicted G", "ratio", "readout mitigated", "preparation keeps"):
        assert word in said


def test_a_calibration_that_is_wrong_is_seen_by_the_same_comparison(service, tmp_path):
    """The control: the service says twice the T2 that its device has."""

    def boast(said):
        for qubit in said["qubits"]:
            for entry in qubit:
                if entry["name"] in ("T1", "T2"):
                    entry["value"] *= 2
        return said

    service.change["props"] = boast
    spec = RunSpec.from_dict({**MEASURED, "probes": ["product"], "num_qubits": [3]})
    (point,) = workflow.run(spec, tmp_path / "out").read_json("calibration.json")["points"]
    assert max(abs(row["scaled_z"]) for row in point["times"]) > 4


def test_the_circuits_that_are_sent_are_those_of_the_devices_sampler(service, spec_file, tmp_path):
    record = RunRecord.load(json.loads(qsense("submit", spec_file, "--out", tmp_path, "--json").stdout)["record"])
    sampler = device_sampler("fake:manila", fake())
    points = {point.key: point for point in plan(record.spec)}
    seen = 0
    for job in load(record).jobs:
        for task in load_tasks(record, job):
            if task.bitstring is None:
                point = points[task.point].acquisitions()[task.time_index]
                expected = sampler.prepared(point.experiment)
                assert point.experiment.time == expected.time  # on the device's clock
                assert as_text(task.circuit) == as_text(expected.circuit)
                seen += 1
    assert seen == sum(len(point.rule.times) for point in points.values()) == 20


def as_text(circuit):
    def places(step):
        return [circuit.find_bit(bit).index for bit in (*step.qubits, *step.clbits)]

    return [(s.operation.name, [str(p) for p in s.operation.params], places(s)) for s in circuit.data]


def test_what_the_spins_do_while_they_idle_is_the_specs_choice(service, tmp_path):
    spec = RunSpec.from_dict({**MEASURED, "device": {"qubits": [3, 4]}, "idle": "xy4",
                              "signal": {"frequency_hz": "matched"}, "num_qubits": [2], "shots": 100})  # fmt: skip
    record = workflow.run(spec, tmp_path)
    assert record.read_json("device.json")["idle"] == "xy4"
    assert {place.qubits for place in record.spec.device.placements} == {(3, 4)}
    tasks = [task for job in load(record).jobs for task in load_tasks(record, job)]
    last = next(task for task in tasks if task.bitstring is None and task.time_index == 4)
    assert last.circuit.count_ops()["delay"] >= 2 * len(window_delays(1e-5, read(fake()), 3, "xy4"))


def test_the_limit_on_device_time_goes_with_run_too(service, spec_file, tmp_path):
    done = qsense("run", spec_file, "--out", tmp_path / "out", "--max-qpu-seconds", 5)
    assert "more than the 5 s allowed" in str(done.exception)
    assert not (tmp_path / "out").exists()
    assert qsense("run", spec_file, "--out", tmp_path / "out", "--max-qpu-seconds", 100).exit_code == 0
    assert sum(job["cost"] for job in service.jobs) <= 100


def test_a_limit_on_device_time_is_refused_where_no_jobs_are_sent(tmp_path):
    spec = RunSpec.from_dict({**SPEC, "backend": "emulator"})
    with pytest.raises(ArgumentError, match=r'but it is "emulator"; leave it out \(`max_seconds`\)\.'):
        workflow.run(spec, tmp_path, max_seconds=9.0)


@pytest.mark.filterwarnings("ignore:qubit")
def test_another_backend_on_the_command_line_gets_qubits_of_its_own(service, spec_file, tmp_path):
    """A record's spec names qubits of its device; they are not taken to another."""
    placed = prepare_run(RunSpec.from_dict({**MEASURED, "backend": "fake:boston"}), tmp_path).spec
    assert max(qubit for place in placed.device.placements for qubit in place.qubits) > 4
    spec_file.write_text(tomli_w.dumps(placed.to_dict()))
    done = qsense("submit", spec_file, "--backend", SPEC["backend"], "--out", tmp_path / "out", "--dry-run")
    assert done.exit_code == 0, done.exception


@pytest.mark.parametrize("field", [5e4, 1e3])
def test_a_fringe_that_goes_round_is_said_before_anything_is_sent(service, spec_file, tmp_path, field):
    spec_file.write_text(tomli_w.dumps({**MEASURED, "field_rad_per_s": field}))
    done = qsense("submit", spec_file, "--out", tmp_path / "out", "--dry-run")
    assert ("N·φ·t passes π at t = " in done.output) == (field == 5e4)
    assert service.jobs == []


@pytest.mark.parametrize(("missing", "assumed"), [
    (("T2",), "T2 is not reported; it is taken as 2 T1 = "), (("T1",), "T1 is not reported; it is taken as infinite"),
])  # fmt: skip
def test_what_the_service_does_not_report_is_said_with_what_is_assumed(service, spec_file, tmp_path, missing, assumed):
    service.change["props"] = without(missing)
    done = qsense("submit", spec_file, "--out", tmp_path / "out", "--dry-run")
    assert done.exit_code == 0, done.exception
    assert assumed in done.output


# Refused before anything is sent, each in one line that names the file and the key.


def without(names):
    """A change of the calibration: these numbers of the qubits are not reported."""
    return lambda said: {**said, "qubits": [[e for e in qubit if e["name"] not in names] for qubit in said["qubits"]]}


@pytest.mark.parametrize(("change", "message"), [
    ({"num_qubits": [6]}, 'has 5 qubits, but "ghz" needs 6; use fewer spins or a larger backend'),
    ({"device": {"qubits": [0, 1, 4]}}, "must be connected by two-qubit gates, but fall into the parts 0, 1 | 4"),
    ({"device": {"qubits": [0, 9, 4]}}, "has the qubits 0 to 4, but not 9"),
    ({"times_s": [1e-10, 1e-6]}, "shorter than the device can idle; use at least"),
    ({"times_s": [1e-8, 1e-6], "idle": "xy4", "signal": {"frequency_hz": "matched"}}, "too short for the pulses"),
    ({"readout_error": {"up_given_down": 0.1}}, "has a readout error of its own"),
], ids=["spins", "couplings", "qubits", "clock", "pulses", "readout"])  # fmt: skip
@pytest.mark.parametrize("command", [("run",), ("submit",), ("submit", "--dry-run")], ids=" ".join)
def test_what_does_not_fit_the_device_is_refused_before_anything_is_sent(
    service, spec_file, tmp_path, command, change, message
):
    spec_file.write_text(tomli_w.dumps({**MEASURED, "probes": ["ghz"], "num_qubits": [3], **change}))
    done = qsense(*command, spec_file, "--out", tmp_path / "out")
    said = str(done.exception)
    assert isinstance(done.exception, SpecError)
    assert said.startswith(f"{spec_file}: key `")
    assert message in said
    assert "\n" not in said
    assert not (tmp_path / "out").exists()
    assert service.jobs == []
    assert service.requests("POST", "/sessions") == 0


def test_a_device_that_reports_no_relaxation_at_all_is_refused(service, spec_file, tmp_path):
    service.change["props"] = without(("T1", "T2"))
    done = qsense("submit", spec_file, "--out", tmp_path / "out")
    assert isinstance(done.exception, SpecError)
    assert f"{spec_file}: key `noise`: " in str(done.exception)
    assert "neither T1 nor T2 is reported; it is taken to have no relaxation" in done.output
    assert service.jobs == []


def test_an_unknown_device_is_answered_with_the_nearest(service, spec_file, tmp_path):
    done = qsense("submit", spec_file, "--backend", "ibm:ibm_lopback", "--out", tmp_path / "out")
    assert 'no device "ibm_lopback". Did you mean "ibm_loopback"' in str(done.exception)
