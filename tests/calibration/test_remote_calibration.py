"""`qsense calibrate` of a device that takes jobs: its own numbers come back, and no job is lost or sent twice."""

import json
import re
import tomllib
from types import SimpleNamespace

import numpy as np
import pytest

pytest.importorskip("qiskit_ibm_runtime", reason="needs qiskit-ibm-runtime")

from remote_runs import BACKEND, flipped, qsense
from runtime_device import fake
from runtime_http import Fault
from runtime_service import KEY

from qsense.calibration import protocol
from qsense.devices.device import read
from qsense.errors import ArgumentError, RecordError
from qsense.jobs import fetching, job
from qsense.noise import LocalNoise
from qsense.services import ServiceError

pytestmark = pytest.mark.long

DEVICE = f"ibm:{BACKEND}"
JOBS = 3
"""One qubit at five times, at most 10 rows of 400 shots in each: bitstrings and T1 first, then T2* and T2."""


@pytest.fixture
def few_times(monkeypatch):
    monkeypatch.setattr(protocol, "NUM_TIMES", 5)


@pytest.fixture
def in_parts(few_times, monkeypatch):
    monkeypatch.setattr(job, "MAX_EXECUTIONS", 10 * 400)


@pytest.fixture
def meanwhile(monkeypatch):
    """What happens while the command waits, in place of the waiting; each thing once."""
    events = []
    monkeypatch.setattr(fetching, "time", SimpleNamespace(sleep=lambda seconds: events.pop(0)()))
    return events


def calibrate(folder, *options, qubits="1", shots=400):
    where = ("--records", folder / "records", "--out", folder / "model.toml")
    return qsense("calibrate", DEVICE, "--qubits", qubits, "--shots", shots, *where, *options)


def folders(tmp_path):
    return sorted((tmp_path / "records").iterdir())


def distances(path, qubits):
    """How far every number is from the device's own, in its standard errors."""
    device, entry = read(fake()), tomllib.loads(path.read_text())
    for key, true in (
        ("t1", device.t1 * 1e6), ("t2_star", device.t2 * 1e6), ("t2_echo", device.t2 * 1e6),
        ("up_given_down", device.up_given_down), ("down_given_up", device.down_given_up),
    ):  # fmt: skip
        yield key, np.abs(np.array(entry[key]["value"]) - true[list(qubits)]) / np.array(entry[key]["stderr"])


def test_it_measures_what_the_device_has(service, tmp_path):
    """Fifteen numbers within 4.5 standard errors of the device's own: a right measurement fails once in 10 000."""
    done = calibrate(tmp_path, qubits="0,1,3", shots=2000)
    assert done.exit_code == 0, done.exception
    path = tmp_path / "model.toml"
    for key, away in distances(path, (0, 1, 3)):
        assert np.all(away < 4.5), key
    # The control: beside the numbers of other qubits.
    assert max(away.max() for _, away in distances(path, (1, 3, 0))) > 4.5
    assert LocalNoise.load(str(path)).num_spins == 3
    assert len(service.jobs) == 1
    (folder,) = folders(tmp_path)
    assert (folder / "noise_model.toml").read_bytes() == path.read_bytes()
    assert "1 jobs, 56 circuits, 112000 shots, about" in done.stdout  # 6 strings, 10 times, twice 10 times 2 axes


def test_calibration_bitstrings_go_first_and_each_circuit_once(service, tmp_path, in_parts):
    calibrate(tmp_path)
    jobs = json.loads((folders(tmp_path)[0] / "jobs.json").read_text())["jobs"]
    tasks = [task for job in jobs for task in job["tasks"]]
    assert [task["bitstring"] for task in tasks] == [0, 1] + [None] * 15
    assert [task["point"] for task in tasks] == ["readout"] * 2 + ["t1"] * 5 + ["t2_star"] * 5 + ["t2_echo"] * 5
    assert len(service.jobs) == len(set(service.accepted())) == JOBS


@pytest.mark.usefixtures("few_times")
def test_a_dry_run_says_the_cost_and_leaves_no_trace(service, tmp_path):
    done = calibrate(tmp_path, "--dry-run")
    assert "1 jobs, 27 circuits, 10800 shots, about" in done.stdout
    assert "dry run: nothing was sent or written" in done.stdout
    answer = json.loads(calibrate(tmp_path, "--dry-run", "--json").stdout)
    seconds = answer["qpu_seconds_estimated"]
    # 2 s a job and 250 µs an execution, beside circuits of 5 to 400 µs.
    assert 2 + 255e-6 * 10800 < seconds < 2 + 650e-6 * 10800
    assert (answer["file"], len(answer["jobs"])) == (None, 1)
    refused = calibrate(tmp_path, "--max-qpu-seconds", 4)
    assert isinstance(refused.exception, ArgumentError)
    assert "more than the 4 s allowed" in str(refused.exception)
    assert service.jobs == []
    assert not list(tmp_path.glob("records/*"))
    assert not (tmp_path / "model.toml").exists()
    assert calibrate(tmp_path, "--max-qpu-seconds", 60).exit_code == 0
    assert service.jobs[0]["cost"] == 60


def test_jobs_in_the_queue_are_waited_for_and_said(service, tmp_path, in_parts, meanwhile):
    service.slow = {0, 1}
    meanwhile += [lambda: None, lambda: service.slow.remove(0), lambda: service.slow.remove(1)]
    done = calibrate(tmp_path)
    assert done.exit_code == 0
    lines = [line for line in done.stderr.splitlines() if "jobs: " in line]
    assert lines == [f"qsense: jobs: {state}" for state in ("1 done, 2 queued", "2 done, 1 queued", "3 done")]


def interrupt():
    raise KeyboardInterrupt


@pytest.mark.usefixtures("few_times")
def test_a_stopped_calibration_goes_on_with_its_jobs_and_a_finished_one_begins_anew(service, tmp_path, meanwhile):
    service.hold = True
    meanwhile += [interrupt]
    assert calibrate(tmp_path).exit_code != 0
    assert not (tmp_path / "model.toml").exists()
    assert len(service.jobs) == 1
    service.hold = False
    again = calibrate(tmp_path)
    assert "continues the calibration of" in again.stderr
    assert again.exit_code == 0
    assert len(service.jobs) == len(folders(tmp_path)) == 1
    anew = calibrate(tmp_path)
    assert "continues" not in anew.stderr
    assert len(service.jobs) == 2
    assert [folder.name[-2:] for folder in folders(tmp_path)] == ["-1", "-2"]


@pytest.mark.usefixtures("few_times")
def test_another_request_is_another_calibration(service, tmp_path, meanwhile):
    service.hold = True
    for options, kind in (((), {}), ((), {"shots": 500}), ((), {"qubits": "2"}), (("--longest", 1e-4), {})):
        meanwhile += [interrupt]
        assert calibrate(tmp_path, *options, **kind).exit_code != 0
    assert len(service.jobs) == len(folders(tmp_path)) == 4


@pytest.mark.usefixtures("few_times")
def test_times_stay_those_of_its_beginning_when_the_device_is_calibrated_anew(service, tmp_path, meanwhile):
    """The idle times come from the reported T1 and T2; read with other times the same counts would give other T1."""
    service.hold = True
    meanwhile += [interrupt]
    calibrate(tmp_path)

    def thrice(said):
        for entry in [one for qubit in said["qubits"] for one in qubit if one["name"] in ("T1", "T2")]:
            entry["value"] *= 3
        return said

    service.hold, service.change["props"] = False, thrice
    assert calibrate(tmp_path).exit_code == 0
    assert max(away.max() for _, away in distances(tmp_path / "model.toml", (1,))) < 4.5


@pytest.mark.parametrize("trouble", ["failed", "cancelled"])
def test_a_lost_job_is_one_line_and_is_sent_again_when_asked(service, tmp_path, in_parts, meanwhile, trouble):
    if trouble == "failed":
        service.fail = {1: "the cryostat is warm"}
    else:
        service.slow = {1}
        meanwhile += [lambda: service.cancel("job001", "the cryostat is warm")]
    for _ in range(2):  # not sent again unasked
        done = calibrate(tmp_path)
        assert isinstance(done.exception, ServiceError)
        said = str(done.exception)
        assert re.search(rf"1 of 3 jobs are lost \(job job001 {trouble}: .*the cryostat is warm", said)
        assert "--resend" in said
        assert "\n" not in said
        assert len(service.jobs) == JOBS
    assert not (tmp_path / "model.toml").exists()
    assert calibrate(tmp_path, "--resend").exit_code == 0
    assert len(service.jobs) == JOBS + 1
    assert (tmp_path / "model.toml").exists()


def not_found():
    return Fault("GET", "/jobs/job", "404", times=10**6)


@pytest.mark.usefixtures("few_times")
def test_a_job_that_is_unknown_for_a_while_is_waited_for_and_not_sent_again(service, tmp_path, meanwhile):
    service.faults = [not_found()]
    meanwhile += [lambda: None] * 4
    done = calibrate(tmp_path)
    assert isinstance(done.exception, ServiceError)
    assert "1 of 1 jobs are lost (job job000 unknown: the service does not know it now" in str(done.exception)
    assert not meanwhile
    meanwhile += [lambda: None] * 3 + [service.faults.clear]
    done = calibrate(tmp_path, "--resend")  # the list has it
    assert done.exit_code == 0, done.exception
    assert len(service.jobs) == len(folders(tmp_path)) == 1


@pytest.mark.usefixtures("few_times")
def test_a_lost_ledger_is_made_again_and_nothing_is_sent_twice(service, tmp_path, meanwhile):
    service.hold = True
    meanwhile += [interrupt]
    calibrate(tmp_path)
    (folder,) = folders(tmp_path)
    for damage in ("", '{"schema"'):
        (folder / "jobs.json").write_text(damage)
        done = calibrate(tmp_path, "--resend")
        assert isinstance(done.exception, RecordError)
        assert f"{folder / 'jobs.json'}: damaged " in str(done.exception)
    (folder / "jobs.json").unlink()
    service.hold = False
    done = calibrate(tmp_path)
    assert done.exit_code == 0, done.exception
    assert "jobs.json is lost; its jobs are looked for by their tags" in done.stderr
    assert len(service.jobs) == len(folders(tmp_path)) == 1


def test_nothing_is_trusted_when_the_calibration_bitstrings_come_back_wrong(service, tmp_path, in_parts):
    service.falsify = lambda result, number: flipped(result, bits=1) if number == 0 else result
    done = calibrate(tmp_path)
    assert isinstance(done.exception, ServiceError)
    assert f"{JOBS} of {JOBS} jobs are lost (job job000 refused: the backend failed its self-test" in str(
        done.exception
    )
    assert not (tmp_path / "model.toml").exists()
    assert calibrate(tmp_path, "--resend").exit_code == 0
    assert len(service.jobs) == 2 * JOBS


@pytest.mark.usefixtures("few_times")
def test_credentials_that_expire_while_it_waits_are_said_and_nothing_is_lost(service, tmp_path, meanwhile):
    service.hold = True
    meanwhile += [lambda: (service.expire_tokens(), setattr(service, "key_is_valid", False))]
    done = calibrate(tmp_path)
    assert isinstance(done.exception, ServiceError)
    said = str(done.exception)
    assert "The service refused the credentials" in said
    assert said.endswith(f"The jobs are kept in {folders(tmp_path)[0]}; the same command continues with them.")
    assert "\n" not in said
    kept = [path.read_bytes() for path in folders(tmp_path)[0].rglob("*") if path.is_file()]
    assert KEY not in done.output + said
    assert kept
    assert not any(KEY.encode() in data for data in kept)
    service.hold, service.key_is_valid = False, True
    assert calibrate(tmp_path).exit_code == 0
    assert len(service.jobs) == 1


@pytest.mark.parametrize("action", ["drop_before", "drop_after"])
def test_a_connection_lost_while_sending_leaves_no_second_job(service, tmp_path, in_parts, action):
    service.faults = [Fault("POST", "/jobs$", action, skip=1)]
    done = calibrate(tmp_path)
    assert f"1 of {JOBS} jobs are sent and stored in " in str(done.exception)
    assert "run the same command again to send the rest" in str(done.exception)
    again = calibrate(tmp_path)
    assert again.exit_code == 0
    assert len(service.accepted()) == len(set(service.accepted())) == JOBS
    assert ("found by its tag" in again.stderr) == (action == "drop_after")


@pytest.mark.parametrize(("longest", "message"), [
    ("2e-6", "no decay is seen within the measured times"),
    ("1e-6", "The shortest idle time, 0.04 of `longest`: A sensing time of "),
    ("1e-12", "is shorter than the backend"),
    ("-1", "must be a positive time in s"),
])  # fmt: skip
@pytest.mark.usefixtures("few_times")
def test_what_cannot_be_measured_is_one_line(service, tmp_path, longest, message):
    done = calibrate(tmp_path, "--longest", longest)
    assert isinstance(done.exception, ArgumentError)
    assert message in str(done.exception)
    assert "\n" not in str(done.exception)
    if "decay" in message:
        assert f"The counts are in {folders(tmp_path)[0]}; delete it" in str(done.exception)
    else:
        assert service.jobs == []


@pytest.mark.parametrize(("change", "message"), [
    ({"schema": 3}, "schema 3 is not known"),
    ({"protocol": {"qubits": [1]}}, "damaged"),
    ({"created": None}, "damaged"),
    ({"requested": {}}, "holds another request"),
])  # fmt: skip
@pytest.mark.usefixtures("few_times")
def test_a_damaged_beginning_is_refused_in_one_line(service, tmp_path, meanwhile, change, message):
    service.hold = True
    meanwhile += [interrupt]
    calibrate(tmp_path)
    path = folders(tmp_path)[0] / "calibration.json"
    path.write_text(json.dumps({**json.loads(path.read_text()), **change}))
    done = calibrate(tmp_path)
    assert isinstance(done.exception, RecordError)
    assert str(done.exception).startswith(f"{path}: ")
    assert message in str(done.exception)
    assert len(service.jobs) == 1


@pytest.mark.usefixtures("few_times")
def test_a_calibration_of_schema_1_is_continued(service, tmp_path, meanwhile):
    service.hold = True
    meanwhile += [interrupt]
    calibrate(tmp_path)
    path = folders(tmp_path)[0] / "calibration.json"
    words = json.loads(path.read_text())
    path.write_text(json.dumps({**words, "schema": 1, "asked": words.pop("requested")}))
    service.hold = False
    assert calibrate(tmp_path).exit_code == 0
    assert len(service.jobs) == len(folders(tmp_path)) == 1


@pytest.mark.usefixtures("few_times")
def test_a_folder_that_cannot_be_made_is_said_before_anything_is_sent(service, tmp_path):
    (tmp_path / "records").write_text("a file")
    done = calibrate(tmp_path)
    assert isinstance(done.exception, RecordError)
    assert "cannot be made" in str(done.exception)
    assert "choose another folder as `parent` (--records)" in str(done.exception)
    assert service.jobs == []


@pytest.mark.parametrize("option", [["--dry-run"], ["--resend"], ["--max-qpu-seconds", "9"]])
def test_options_of_jobs_are_refused_where_there_are_none(tmp_path, option):
    done = qsense("calibrate", "fake:manila", "--qubits", "0", "--out", tmp_path / "m.toml", *option)
    assert isinstance(done.exception, ArgumentError)
    assert "go with a backend that takes jobs" in str(done.exception)
    assert not list(tmp_path.iterdir())
