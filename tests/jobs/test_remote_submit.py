"""Submitting: no job is lost and none is sent twice, whatever the network and the service do."""

import shutil

import numpy as np
import pytest

pytest.importorskip("qiskit_ibm_runtime", reason="needs qiskit-ibm-runtime")

from remote_runs import JOBS, Run, states
from runtime_http import Fault

from qsense import services as remote
from qsense.errors import ArgumentError, RecordError
from qsense.jobs import ledger
from qsense.runs.plan import plan
from qsense.runs.record import RunRecord
from qsense.services import ServiceError
from qsense.services.tasks import Task

pytestmark = pytest.mark.long


@pytest.mark.parametrize("action", ["drop_before", "drop_after"])
def test_a_connection_lost_while_sending_leaves_no_second_job(service, away, action):
    service.faults = [Fault("POST", "/jobs$", action, skip=1)]
    with pytest.raises(ServiceError, match=f"1 of {JOBS} jobs are sent and stored"):
        away.submit()
    assert [job.status for job in ledger.load(away.record).jobs] == ["sent", "sending", *["planned"] * 3]
    away.submit()
    assert len(service.accepted()) == len(set(service.accepted())) == JOBS
    assert ("found by its tag" in "".join(away.said)) == (action == "drop_after")
    assert states(away.collect()) == {"done": JOBS}


def test_a_busy_service_is_answered_by_sending_the_rest_later(service, away):
    service.at_most, service.hold = 2, True
    with pytest.raises(ServiceError, match=rf"limit of pending jobs.* 2 of {JOBS} jobs are sent"):
        away.submit()
    assert [job.status for job in ledger.load(away.record).jobs][2:] == ["planned"] * 3
    service.at_most = None
    away.submit()
    assert len(set(service.accepted())) == len(service.accepted()) == JOBS


def test_a_job_doubled_by_the_clients_own_retry_is_cancelled_and_counts_once(service, away, monkeypatch):
    """Behind a proxy the client repeats a request whose answer was lost, even one that made a job."""
    for name, value in service.environment("proxy").items():
        monkeypatch.setenv(name, value)
    service.hold = True
    service.faults = [Fault("POST", "/jobs$", "drop_after", skip=1)]
    away.submit()
    assert len(service.accepted()) == JOBS + 1
    assert len(set(service.accepted())) == JOBS
    assert "job job002 beside job001, made by a repeated request; it was cancelled" in "".join(away.said)
    assert [job["status"] for job in service.jobs] == ["Queued", "Queued", "Cancelled", *["Queued"] * 3]
    service.hold = False
    assert states(away.collect()) == {"done": JOBS}


@pytest.mark.parametrize("mode", ["job", "batch", "session"])
def test_jobs_go_into_one_batch_or_session_which_is_closed_behind_them(service, away, mode):
    away.submit(mode=mode)
    sessions = service.state["sessions"]
    expected = {"job": [], "batch": ["batch"], "session": ["dedicated"]}[mode]
    assert [session["mode"] for session in sessions] == expected
    assert all(not session["accepting_jobs"] for session in sessions)
    assert {job["session_id"] for job in service.jobs} == ({"session0"} if sessions else {None})


def test_the_limit_on_device_time_is_kept_by_the_service_too(service, away):
    with pytest.raises(ArgumentError, match=r"more than the 5 s allowed; .* Nothing was sent"):
        away.submit(max_seconds=5.0)
    assert not away.out.exists()
    assert service.jobs == []
    away.submit(max_seconds=60.0)
    costs, jobs = [job["cost"] for job in service.jobs], ledger.load(away.record).jobs
    assert sum(costs) <= 60
    assert all(cost >= job.seconds for cost, job in zip(costs, jobs, strict=True))


def test_the_estimate_follows_the_published_formula(service, away):
    ready = away.prepare()
    shots = ready.ledger.shots
    known = 200 * 4 * len({place.qubits for place in ready.spec.device.placements})  # four strings of two spins
    assert shots == known + sum(2 * p.circuits_per_time * p.estimator.shots for p in plan(ready.spec))
    # 2 s a job and 250 µs an execution, beside circuits of 5 to 60 µs.
    least = 2 * JOBS + 250e-6 * shots
    assert least + 5e-6 * shots < ready.ledger.seconds < least + 60e-6 * shots


def test_two_records_of_one_spec_do_not_share_jobs(service, away, tmp_path):
    away.submit()
    Run(tmp_path / "other").submit()
    assert len(set(service.accepted())) == 2 * JOBS


def test_only_one_qsense_at_a_time_works_on_a_record(service, away):
    away.submit()
    with ledger.exclusive_lock(away.record), pytest.raises(RecordError, match="another qsense"):
        away.collect()


def test_a_circuit_whose_delays_would_lose_their_unit_is_not_sent(service, away):
    device = remote.service(away.spec.backend)
    job = plan(away.prepare().spec)[0].acquisitions()[1]
    task = Task("point", 1, job.experiment.circuit(), ("phase[0]",), np.zeros((1, 1)), 40)
    with pytest.raises(ArgumentError, match="delays that are not in dt; schedule it first"):
        device.send([task], ["tag"], "", None)
    assert service.jobs == []


def calibrated_anew(said):
    """A day later the qubits 0, 1 and 2 keep their phase a fifth as long."""
    for qubit in said["qubits"][:3]:
        for entry in qubit:
            if entry["name"] == "T2":
                entry["value"] /= 5
    return {**said, "last_update_date": "2030-01-02T00:00:00+00:00"}


ON_QUBITS = {"noise": "calibration", "device": {"readout_shots": 60}, "estimators": ["auto"]}


def test_a_run_goes_on_with_its_own_qubits_after_the_device_was_calibrated_anew(service, tmp_path):
    run = Run(tmp_path, **ON_QUBITS)
    first = run.submit()
    jobs = len(service.jobs)
    before = [path.read_bytes() for path in (first.path / "spec.toml", first.path / "device.json")]
    assert not [line for line in run.said if "was begun with" in line]
    service.change["props"] = calibrated_anew
    assert run.submit().path == first.path
    assert len(service.jobs) == jobs
    assert "is continued with its qubits, T1 and T2; to start afresh with that of 2030-01-02" in run.said[-2]
    assert "were sent before; nothing was sent now" in run.said[-1]
    assert [path.read_bytes() for path in (first.path / "spec.toml", first.path / "device.json")] == before
    # The control: another folder is another run, on other qubits.
    other = Run(tmp_path / "other", **ON_QUBITS).submit()
    assert len(service.jobs) == 2 * jobs
    assert other.path.name != first.path.name
    qubits = [[place.qubits for place in record.spec.device.placements] for record in (first, other)]
    assert qubits[0] != qubits[1]
    assert other.provenance["calibrated"].startswith("2030-01-02")
    assert other.provenance["calibration_sha256"] != first.provenance["calibration_sha256"]
    assert first.provenance["calibrated"] == first.read_json("device.json")["calibrated"] != "2030-01-02"


@pytest.mark.parametrize(
    ("damage", "what"), [("lost", "is missing"), ("other", "is not the one"), ("link", "is missing")]
)
@pytest.mark.parametrize("left", ["jobs.json", "jobs"])
def test_jobs_whose_spec_is_lost_are_not_sent_again_after_the_device_was_calibrated_anew(
    service, tmp_path, damage, what, left
):
    run = Run(tmp_path, **ON_QUBITS)
    record = run.submit().path
    jobs, spec = len(service.jobs), record / "spec.toml"
    text = spec.read_text()
    spec.unlink()
    if damage == "other":
        spec.write_text(text.replace("seed = 3", "seed = 4"))
    elif damage == "link":
        (tmp_path / "elsewhere.toml").write_text(text)
        spec.symlink_to(tmp_path / "elsewhere.toml")
    for name in {"jobs.json", "jobs"} - {left}:
        shutil.rmtree(record / name) if name == "jobs" else (record / name).unlink()
    service.change["props"] = calibrated_anew
    for resend in (False, True):
        with pytest.raises(RecordError, match=rf"holds jobs, but its spec.toml {what}.* Nothing was sent"):
            run.submit(resend=resend)
    assert len(service.jobs) == jobs
    assert list(run.out.iterdir()) == [record]


def test_a_run_that_stopped_before_its_ledger_goes_on_with_its_own_qubits(service, tmp_path):
    run = Run(tmp_path, **ON_QUBITS)
    ready = run.prepare()
    RunRecord.create(ready.spec, run.out, ready.calibration)  # and no further
    service.change["props"] = calibrated_anew
    record = run.submit()
    assert record.spec.id == ready.spec.id
    assert record.read_json("device.json")["calibrated"] == ready.calibration.date
    assert record.provenance["calibration_sha256"] == ready.calibration.sha256
    assert states(run.collect()) == {"done": 2}


def test_other_specs_of_the_same_name_are_other_runs(service, tmp_path):
    paths = {
        Run(tmp_path, **{**ON_QUBITS, **change}).submit().path for change in ({}, {"seed": 4}, {"field_rad_per_s": 9.0})
    }
    assert len(paths) == 3


def test_the_calibration_bitstrings_on_the_qubits_of_every_probe_are_sent_first(service, tmp_path):
    record = Run(tmp_path, **ON_QUBITS).submit()
    first, *rest = ledger.load(record).jobs
    assert not any(job.has_calibration for job in rest)
    strings = {}
    for task in first.tasks:
        strings.setdefault(task.point, []).append(task.bitstring)
    assert strings == {place.file_name: [0, 3, 2, 1] for place in record.spec.device.placements}
    assert first.shots == 60
    for task in ledger.load_tasks(record, first):
        flipped = {
            task.circuit.find_bit(step.qubits[0]).index for step in task.circuit.data if step.operation.name == "x"
        }
        measured = [step for step in task.circuit.data if step.operation.name == "measure"]
        place = {task.circuit.find_bit(s.clbits[0]).index: task.circuit.find_bit(s.qubits[0]).index for s in measured}
        assert flipped == {place[bit] for bit in place if task.bitstring >> bit & 1}
