"""The commands of jobs that run elsewhere and later, and what they let out: no credentials."""

import json
import shutil
from pathlib import Path

import pytest
import tomli_w
from cases import further

pytest.importorskip("qiskit_ibm_runtime", reason="needs qiskit-ibm-runtime")

from remote_runs import JOBS, SPEC, qsense
from runtime_http import Fault
from runtime_service import CRN, KEY

from qsense import workflow
from qsense.runs.record import RunRecord
from qsense.runs.spec import RunSpec
from qsense.services import ServiceError

pytestmark = pytest.mark.long


@pytest.fixture
def spec_file(tmp_path):
    path = tmp_path / "remote.toml"
    path.write_text(tomli_w.dumps(SPEC))
    return path


def test_a_dry_run_says_the_cost_and_leaves_no_trace(service, spec_file, tmp_path):
    done = qsense("submit", spec_file, "--out", tmp_path / "out", "--dry-run", "--json")
    answer = json.loads(done.stdout)
    assert answer["record"] is None
    assert len(answer["jobs"]) == JOBS
    assert answer["qpu_seconds_estimated"] > 2 * JOBS
    assert not (tmp_path / "out").exists()
    assert service.jobs == []
    assert service.requests("POST", "/sessions") == 0


def test_submit_here_collect_there(service, spec_file, tmp_path):
    """A record made on one machine is collected on another: only the folder travels."""
    answer = json.loads(qsense("submit", spec_file, "--out", tmp_path / "here", "--json").stdout)
    there = tmp_path / "there" / "record"
    shutil.copytree(answer["record"], there)
    shutil.rmtree(tmp_path / "here")
    spec_file.unlink()
    done = json.loads(qsense("collect", there, "--json").stdout)
    assert done["jobs"]["done"] == JOBS
    assert len(done["complete"]) == 4
    assert len(json.loads((there / "summary.json").read_text())["rows"]) == 4


def test_a_renamed_record_is_given_its_name_back_before_the_rest_is_sent(service, spec_file, tmp_path):
    """Under another name it would not be found, and everything would be sent a second time."""
    service.fail = {1: "the cryostat is warm"}
    here = Path(json.loads(qsense("submit", spec_file, "--out", tmp_path / "out", "--json").stdout)["record"])
    there = here.rename(tmp_path / "out" / "renamed")
    said = qsense("collect", there).output
    assert f"rename the folder to {here.name} before" in said
    there.rename(here)
    command = next(line for line in said.splitlines() if "qsense submit" in line).split("qsense submit ")[1]
    assert qsense("submit", *command.split()).exit_code == 0
    assert len(service.jobs) == JOBS + 1


def test_run_submits_waits_and_collects(service, tmp_path):
    record = workflow.run(RunSpec.from_dict(SPEC), tmp_path / "out")
    assert len(record.read_json("summary.json")["rows"]) == 4
    assert len(service.jobs) == JOBS


def test_run_says_which_jobs_were_lost_and_keeps_the_rest(service, tmp_path):
    service.fail = {1: "the cryostat is warm"}
    with pytest.raises(ServiceError, match=r"1 of 4 points have no counts .*cryostat"):
        workflow.run(RunSpec.from_dict(SPEC), tmp_path / "out")
    record = RunRecord.load(next((tmp_path / "out").iterdir()))
    assert len(record.read_json("summary.json")["rows"]) == 3


def test_partial_results_are_compared_and_the_rest_named(service, spec_file, tmp_path):
    service.fail = {1: "the cryostat is warm"}
    record = json.loads(qsense("submit", spec_file, "--out", tmp_path / "out", "--json").stdout)["record"]
    said = qsense("collect", record).output
    assert "jobs: 4 done, 1 failed" in said
    assert "job001 failed: " in said
    assert "the cryostat is warm" in said
    assert "points with counts: 3 of 4" in said
    assert "--resend" in said


def leaks(folder):
    return [path for path in folder.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]


ECHO = json.dumps({"error": {"code": 1217, "message": f"of {KEY} (Authorization: Bearer eyJhbGciOi.eyJ9.c2ln)"}})


@pytest.mark.parametrize(
    "trouble",
    [
        "none",
        "refused key",
        "401 that echoes the key",
        "failed job",
        *map(further, ("expired token", "500 that echoes the key")),
    ],
)
def test_credentials_reach_no_record_no_output_and_no_log(service, spec_file, tmp_path, trouble, capfd, caplog):
    out = tmp_path / "out"
    caplog.set_level("DEBUG")
    caplog.set_level("DEBUG", logger="qiskit_ibm_runtime")
    if trouble == "refused key":
        service.key_is_valid = False
    elif trouble.startswith(("401", "500")):
        service.faults = [Fault("POST", "/jobs$", trouble[:3], times=9, skip=1, body=ECHO)]
    elif trouble == "expired token":
        service.faults = [Fault("GET", "/jobs$", "401", body=ECHO)]
    elif trouble == "failed job":
        service.fail = {0: f"could not run for {KEY}"}
    texts = []
    for arguments in (
        ("submit", spec_file, "--out", out),
        ("collect", next(iter(out.iterdir()), out) if out.exists() else out),
    ):
        done = qsense(*arguments)
        texts += [done.output, str(done.exception or "")]
    texts += [*capfd.readouterr(), caplog.text]
    assert KEY not in "".join(texts)
    assert not (out.exists() and leaks(out))
    said = "".join(texts)
    if trouble in ("refused key", "expired token") or trouble.startswith("401"):
        assert "The service refused the credentials" in said
    if "echoes" in trouble:
        assert "[hidden]" in said
    assert "eyJhbGciOi" not in said


def test_the_test_for_credentials_sees_them(service, tmp_path):
    """The control of the test above."""
    (tmp_path / "leak").mkdir()
    (tmp_path / "leak" / "jobs.json").write_text(f"token: {KEY}")
    assert leaks(tmp_path / "leak")


def test_the_vendors_own_store_of_accounts_is_used(service, spec_file, tmp_path, monkeypatch):
    from qiskit_ibm_runtime import QiskitRuntimeService

    for name in service.environment():
        monkeypatch.delenv(name)
    assert "No IBM Quantum account is saved" in str(qsense("submit", spec_file, "--dry-run").exception)
    there = service.environment("proxy")
    proxies = {"urls": {"http": there["HTTP_PROXY"]}}
    QiskitRuntimeService.save_account(token=KEY, instance=CRN, url=there["QISKIT_IBM_URL"], proxies=proxies)
    monkeypatch.setenv("IAM_URL", there["IAM_URL"])
    service.fail = {0: f"could not run for {KEY}"}
    assert qsense("submit", spec_file, "--out", tmp_path / "out").exit_code == 0
    assert len(service.jobs) == JOBS
    assert KEY not in qsense("collect", next((tmp_path / "out").iterdir())).output  # known from the store alone
    assert not leaks(tmp_path / "out")
    assert service.requests("POST", "/v3/resources/search") == 2  # by the usual hosts, the search for instances too
