"""Jobs that run elsewhere and later, against a loopback service that the vendor's unmodified client talks to."""

import json
import shutil
from dataclasses import replace

import numpy as np
import pytest
import tomli_w

pytest.importorskip("qiskit_ibm_runtime", reason="needs qiskit-ibm-runtime")

from qiskit.primitives import BitArray, DataBin, PrimitiveResult, SamplerPubResult
from runtime_service import BACKEND, CRN, KEY, Fault, RuntimeService
from sampling import distributions
from typer.testing import CliRunner

from qsense import cli, ledger, remote, report, submission, workflow
from qsense.collection import collect
from qsense.errors import ArgumentError, QsenseError, RecordError
from qsense.jobs import Task
from qsense.plan import plan
from qsense.record import RunRecord
from qsense.remote import ServiceError, ibm_client
from qsense.remote.local import LocalService
from qsense.spec import RunSpec

pytestmark = pytest.mark.long

# Neighbouring tasks with the same shots go together: three jobs.
SPEC = {
    "schema": 1,
    "name": "remote",
    "probes": ["product", "ghz"],
    "num_qubits": 2,
    "noise": [{"name": "device", "t1_s": 1e-4, "t2_s": 8e-5}],
    "estimators": [
        {"estimator": "parameter_shift", "shots": 40},
        {"estimator": "parameter_shift", "readout": "local_x", "shots": 50},
    ],
    "field_rad_per_s": 1000.0,
    "times_s": [0.0, 2e-5],
    "shots": 40,
    "seed": 3,
    "backend": f"ibm:{BACKEND}",
}
PARCELS = 4


@pytest.fixture(autouse=True)
def hurried(monkeypatch):
    monkeypatch.setattr(ibm_client, "PAUSES_S", (0.0, 0.0))
    monkeypatch.setattr(submission, "SETTLE_S", 0.0)
    monkeypatch.setattr("urllib3.util.retry.Retry.get_backoff_time", lambda retry: 0.0)
    monkeypatch.setattr(report, "figures", lambda comparison: {})


@pytest.fixture
def service(tmp_path, monkeypatch):
    with RuntimeService(tmp_path / "service") as service:
        for name, value in service.environment().items():
            monkeypatch.setenv(name, value)
        store = tmp_path / "home" / "qiskit-ibm.json"
        monkeypatch.setattr("qiskit_ibm_runtime.accounts.management._DEFAULT_ACCOUNT_CONFIG_JSON_FILE", str(store))
        yield service


class Run:
    """A run's spec, its output folder, and every line that was said."""

    def __init__(self, folder):
        self.spec, self.out, self.said = RunSpec.from_dict(SPEC), folder / "out", []

    @property
    def record(self):
        return RunRecord.load(self.out / f"{self.spec.name}-{self.spec.id}")

    def submit(self, resend=False, **options):
        device = remote.service(self.spec.backend)
        ready = submission.prepare(self.spec, self.out, device, **options)
        return submission.submit(self.spec, self.out, device, ready, self.said.append, resend)

    def collect(self):
        return collect(self.record, remote.service(self.spec.backend), self.said.append)


@pytest.fixture
def run(tmp_path):
    return Run(tmp_path)


def counts(record):
    return [np.stack([part.table() for part in record.counts(point)]) for point in plan(record.spec)]


def states(collected):
    return {state: number for state, number in collected.states.items() if number}


def test_what_comes_back_is_what_the_device_would_measure(service, run):
    run.submit()
    assert states(run.collect()) == {"done": PARCELS}
    for point, table in zip(plan(run.spec), counts(run.record), strict=True):
        assert table.shape == (2, point.circuits_per_time, 4)
        assert (table.sum(-1) == point.estimator.shots).all()


def distances(run, record, roll=0):
    """The mean total variation of the counts at t = 0 from their exact distributions, of every local readout.

    50 shots of four outcomes scatter by 0.1; Manila's gates and readout add less than 0.1.
    """
    for point, table in zip(plan(run.spec), counts(record), strict=True):
        if point.estimator.readout == "local_x":
            exact = distributions(point.probe, point.noise, 0.0, point.jobs()[0].settings)
            measured = table[0] / table[0].sum(1)[:, None]
            yield point.probe.kind, np.abs(measured - np.roll(exact, roll, axis=0)).sum(1).mean() / 2


def test_the_counts_are_those_of_the_settings_in_their_order(service, run):
    run.submit()
    run.collect()
    assert max(distance for _, distance in distances(run, run.record)) < 0.2
    assert dict(distances(run, run.record, roll=1))["ghz"] > 0.2  # the control: rows exchanged


def test_jobs_in_the_queue_are_named_and_collected_later(service, run):
    service.hold = True
    run.submit()
    first = run.collect()
    assert states(first) == {"queued": PARCELS}
    assert len(first.missing) == 4
    service.hold = False
    again = run.collect()
    assert states(again) == {"done": PARCELS}
    assert len(again.complete) == 4
    before = {path: path.read_bytes() for path in run.record.path.rglob("*") if path.is_file()}
    assert states(run.collect()) == {"done": PARCELS}
    assert {path: path.read_bytes() for path in run.record.path.rglob("*") if path.is_file()} == before


def test_a_failed_job_says_why_and_the_rest_is_kept(service, run):
    service.fail = {1: "Error 9999: the cryostat is warm"}
    run.submit()
    collected = run.collect()
    assert states(collected) == {"done": PARCELS - 1, "failed": 1}
    assert "the cryostat is warm" in run.said[-1]
    assert len(collected.complete) == 3
    run.submit()
    assert len(service.jobs) == PARCELS  # a failed job is not sent again unasked
    run.submit(resend=True)
    assert len(service.jobs) == PARCELS + 1
    assert states(run.collect()) == {"done": PARCELS}
    assert ledger.load(run.record).entries[1].past[0].startswith("job001: failed: ")


def test_a_cancelled_job_says_so_and_the_rest_is_kept(service, run):
    service.hold = True
    run.submit()
    service.cancel("job002", "cancelled by an operator")
    service.hold = False
    assert states(run.collect()) == {"done": PARCELS - 1, "cancelled": 1}
    assert "job002 cancelled: cancelled by an operator" in run.said[-1]


def with_bits(result, change):
    """The first result of a job with other bits."""
    bits = result[0].data.c
    changed = change(bits)
    first = SamplerPubResult(DataBin(c=changed, shape=changed.shape), result[0].metadata)
    return PrimitiveResult([first, *[result[index] for index in range(1, len(result))]])


@pytest.mark.parametrize(
    ("falsify", "why"),
    [
        (lambda r: PrimitiveResult([r[0]]), "it has 1 results, but 2 circuits were sent"),
        (lambda r: PrimitiveResult([r[1], r[0]]), "is of another circuit: its hash is"),
        (lambda r: with_bits(r, lambda b: BitArray(b.array[:, 1:], b.num_bits)), "rows, shots and bytes"),
        (lambda r: with_bits(r, lambda b: BitArray(b.array[1:], b.num_bits)), "rows, shots and bytes"),
        (lambda r: with_bits(r, lambda b: BitArray(b.array | 16, 5)), "rows, shots and bytes"),
    ],
    ids=["a result too few", "results exchanged", "a shot too few", "a row too few", "a bit too many"],
)
def test_results_that_are_not_what_was_asked_for_are_refused_and_the_rest_kept(service, run, falsify, why):
    service.falsify = lambda result, number: falsify(result) if number == 0 else result
    run.submit()
    collected = run.collect()
    assert states(collected) == {"refused": 1, "done": PARCELS - 1}
    assert why in run.said[-1]
    assert len(collected.missing) == 1
    service.falsify = None  # it was the service's passing mistake
    assert states(run.collect()) == {"done": PARCELS}


def test_a_job_of_another_run_is_refused(service, run, tmp_path):
    run.submit()
    other = Run(tmp_path / "other")
    other.submit()
    book = ledger.load(run.record)
    foreign = ledger.load(other.record).entries[0].job
    ledger.store(run.record, book.with_entry(0, replace(book.entries[0], job=foreign)))
    assert states(run.collect()) == {"refused": 1, "done": PARCELS - 1}
    assert "does not carry this run's tags" in run.said[-1]


def test_where_results_do_not_name_their_circuits_the_jobs_own_circuits_are_compared(service, run):
    service.metadata = False
    run.submit()
    params = service.folder / "job000.params"
    (service.folder / "job000.params").write_text((service.folder / "job001.params").read_text())
    assert states(run.collect()) == {"refused": 1, "done": PARCELS - 1}
    assert "other circuits than those in the record" in run.said[-1]
    assert params.exists()


def test_changed_files_of_a_record_are_refused_by_their_hash(service, run):
    run.submit()
    entry = ledger.load(run.record).entries[0]
    run.collect()
    for path in (run.record.path / "counts").iterdir():
        path.unlink()
    damaged = run.record.path / entry.parcel.counts_file
    damaged.write_bytes(damaged.read_bytes().replace(b"PK", b"PQ", 1))
    with pytest.raises(RecordError, match="its hash is not the ledger's"):
        run.collect()
    parcel = run.record.path / entry.parcel.file
    parcel.write_bytes(parcel.read_bytes()[:-1])
    with pytest.raises(RecordError, match="its hash is not the ledger's"):
        ledger.parcel_tasks(run.record, entry.parcel)


@pytest.mark.parametrize("action", ["drop_before", "drop_after"])
def test_a_connection_lost_while_sending_leaves_no_second_job(service, run, action):
    service.faults = [Fault("POST", "/jobs$", action, skip=1)]
    with pytest.raises(ServiceError, match=f"1 of {PARCELS} jobs are sent and stored"):
        run.submit()
    assert [entry.status for entry in ledger.load(run.record).entries] == ["sent", "sending", "planned", "planned"]
    run.submit()
    assert len(service.accepted()) == len(set(service.accepted())) == PARCELS
    assert ("found by its tag" in "".join(run.said)) == (action == "drop_after")
    assert states(run.collect()) == {"done": PARCELS}


@pytest.mark.parametrize("action", ["drop_before", "drop_after", "cut", "503", "429"])
@pytest.mark.parametrize("path", ["/jobs/job001$", "/jobs/job001/results"])
def test_questions_are_asked_again_when_the_network_or_the_service_falters(service, run, action, path):
    run.submit()
    service.faults = [Fault("GET", path, action)]
    assert states(run.collect()) == {"done": PARCELS}


def test_a_network_that_stays_lost_keeps_what_was_fetched(service, run):
    run.submit()
    service.faults = [Fault("GET", "/jobs/job002", "drop_before", times=50)]
    with pytest.raises(ServiceError, match="did not answer as it should"):
        run.collect()
    assert [entry.status for entry in ledger.load(run.record).entries] == ["done", "done", "sent", "sent"]
    service.faults = []
    assert states(run.collect()) == {"done": PARCELS}


def test_a_busy_service_is_answered_by_sending_the_rest_later(service, run):
    service.at_most, service.hold = 2, True
    with pytest.raises(ServiceError, match=rf"limit of pending jobs.* 2 of {PARCELS} jobs are sent"):
        run.submit()
    assert [entry.status for entry in ledger.load(run.record).entries][2:] == ["planned", "planned"]
    service.at_most = None
    run.submit()
    assert len(set(service.accepted())) == len(service.accepted()) == PARCELS


def test_a_job_doubled_by_the_clients_own_retry_is_cancelled_and_counts_once(service, run, monkeypatch):
    """Behind a proxy the client repeats a request whose answer was lost, even one that made a job."""
    for name, value in service.environment("proxy").items():
        monkeypatch.setenv(name, value)
    service.hold = True
    service.faults = [Fault("POST", "/jobs$", "drop_after", skip=1)]
    run.submit()
    assert len(service.accepted()) == PARCELS + 1
    assert len(set(service.accepted())) == PARCELS
    assert "job job001 beside job002, made by a repeated request; it was cancelled" in "".join(run.said)
    assert [job["status"] for job in service.jobs] == ["Queued", "Cancelled", "Queued", "Queued", "Queued"]
    service.hold = False
    assert states(run.collect()) == {"done": PARCELS}


def test_a_service_that_restarts_has_the_jobs_still(service, run):
    service.hold = True
    run.submit()
    service.stop()
    with pytest.raises(ServiceError):
        run.collect()
    service.hold = False
    service.start()
    assert states(run.collect()) == {"done": PARCELS}


def test_a_job_that_the_service_has_forgotten_can_be_sent_again(service, run):
    run.submit()
    service.forget_jobs()
    assert states(run.collect()) == {"failed": PARCELS}
    assert "does not know this job" in run.said[-1]


@pytest.mark.parametrize("mode", ["job", "batch", "session"])
def test_jobs_go_into_one_batch_or_session_which_is_closed_behind_them(service, run, mode):
    run.submit(mode=mode)
    sessions = service.state["sessions"]
    expected = {"job": [], "batch": ["batch"], "session": ["dedicated"]}[mode]
    assert [session["mode"] for session in sessions] == expected
    assert all(not session["accepting_jobs"] for session in sessions)
    assert {job["session_id"] for job in service.jobs} == ({"session0"} if sessions else {None})


def test_the_limit_on_device_time_is_kept_by_the_service_too(service, run):
    with pytest.raises(ArgumentError, match=r"more than the 5 s allowed; .* Nothing was sent"):
        run.submit(max_seconds=5.0)
    assert not run.out.exists()
    assert service.jobs == []
    run.submit(max_seconds=60.0)
    costs = [job["cost"] for job in service.jobs]
    assert sum(costs) <= 60
    assert all(cost >= entry.parcel.seconds for cost, entry in zip(costs, ledger.load(run.record).entries, strict=True))


def test_the_estimate_follows_the_published_formula(service, run):
    ready = submission.prepare(run.spec, run.out, remote.service(run.spec.backend))
    shots = ready.ledger.shots
    assert shots == sum(2 * p.circuits_per_time * p.estimator.shots for p in plan(run.spec))
    # 2 s a job and 250 µs an execution, beside circuits of 5 to 60 µs.
    least = 2 * PARCELS + 250e-6 * shots
    assert least + 5e-6 * shots < ready.ledger.seconds < least + 60e-6 * shots


def test_two_records_of_one_spec_do_not_share_jobs(service, run, tmp_path):
    run.submit()
    Run(tmp_path / "other").submit()
    assert len(set(service.accepted())) == 2 * PARCELS


def test_only_one_qsense_at_a_time_works_on_a_record(service, run):
    run.submit()
    with ledger.alone(run.record), pytest.raises(RecordError, match="another qsense"):
        run.collect()


def test_a_circuit_whose_delays_would_lose_their_unit_is_not_sent(service, run):
    device = remote.service(run.spec.backend)
    job = plan(run.spec)[0].jobs()[1]
    task = Task("point", 1, job.experiment.circuit(), ("phase[0]",), np.zeros((1, 1)), 40)
    with pytest.raises(ArgumentError, match="delays that are not in dt; schedule it first"):
        device.send([task], ["tag"], "", None)
    assert service.jobs == []


# The command line, and what it lets out.


def qsense(*arguments):
    done = CliRunner().invoke(cli.app, [str(a) for a in arguments])
    if done.exception is not None and not isinstance(done.exception, (SystemExit, QsenseError)):
        raise done.exception
    return done


@pytest.fixture
def spec_file(tmp_path):
    path = tmp_path / "remote.toml"
    path.write_text(tomli_w.dumps(SPEC))
    return path


def test_a_dry_run_says_the_cost_and_leaves_no_trace(service, spec_file, tmp_path):
    done = qsense("submit", spec_file, "--out", tmp_path / "out", "--dry-run", "--json")
    answer = json.loads(done.stdout)
    assert answer["record"] is None
    assert len(answer["jobs"]) == PARCELS
    assert answer["qpu_seconds_estimated"] > 2 * PARCELS
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
    assert done["jobs"]["done"] == PARCELS
    assert len(done["complete"]) == 4
    assert len(json.loads((there / "summary.json").read_text())["rows"]) == 4


def test_run_submits_waits_and_collects(service, tmp_path):
    record = workflow.run(RunSpec.from_dict(SPEC), tmp_path / "out")
    assert len(record.read_json("summary.json")["rows"]) == 4
    assert len(service.jobs) == PARCELS


def test_run_says_which_jobs_were_lost_and_keeps_the_rest(service, tmp_path):
    service.fail = {0: "the cryostat is warm"}
    with pytest.raises(ServiceError, match=r"1 of 4 points have no counts .*cryostat"):
        workflow.run(RunSpec.from_dict(SPEC), tmp_path / "out")
    record = RunRecord.load(next((tmp_path / "out").iterdir()))
    assert len(record.read_json("summary.json")["rows"]) == 3


def test_partial_results_are_compared_and_the_rest_named(service, spec_file, tmp_path):
    service.fail = {0: "the cryostat is warm"}
    record = json.loads(qsense("submit", spec_file, "--out", tmp_path / "out", "--json").stdout)["record"]
    said = qsense("collect", record).output
    assert "jobs: 3 done, 1 failed" in said
    assert "job000 failed: " in said
    assert "the cryostat is warm" in said
    assert "points with counts: 3 of 4" in said
    assert "--resend" in said


def leaks(folder):
    return [path for path in folder.rglob("*") if path.is_file() and KEY.encode() in path.read_bytes()]


ECHO = json.dumps({"error": {"code": 1217, "message": f"of {KEY} (Authorization: Bearer eyJhbGciOi.eyJ9.c2ln)"}})


@pytest.mark.parametrize(
    "trouble",
    ["none", "refused key", "expired token", "401 that echoes the key", "500 that echoes the key", "failed job"],
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
    assert len(service.jobs) == PARCELS
    assert KEY not in qsense("collect", next((tmp_path / "out").iterdir())).output  # known from the store alone
    assert not leaks(tmp_path / "out")
    assert service.requests("POST", "/v3/resources/search") == 2  # by the usual hosts, the search for instances too


def test_an_unknown_device_is_answered_with_the_nearest(service):
    with pytest.raises(ArgumentError, match=r'no device "ibm_lopback". Did you mean "ibm_loopback"'):
        remote.service("ibm:ibm_lopback")


# Any BackendV2 goes the same way.


def test_a_local_backend_goes_the_same_way(tmp_path):
    from qiskit_aer import AerSimulator

    local = Run(tmp_path)
    device = LocalService("local:aer", AerSimulator(seed_simulator=5))
    ready = submission.prepare(local.spec, local.out, device)
    submission.submit(local.spec, local.out, device, ready, local.said.append)
    assert states(collect(local.record, device, local.said.append)) == {"done": PARCELS}
    assert max(distance for _, distance in distances(local, local.record)) < 0.15  # no device errors here
    assert dict(distances(local, local.record, roll=1))["ghz"] > 0.2


def test_jobs_of_a_local_backend_end_with_their_process(tmp_path):
    from qiskit_aer import AerSimulator

    local = Run(tmp_path)
    for _ in range(2):  # the second knows nothing of the first's jobs
        device = LocalService("local:aer", AerSimulator(seed_simulator=5))
        ready = submission.prepare(local.spec, local.out, device)
        submission.submit(local.spec, local.out, device, ready, local.said.append, resend=True)
    assert states(collect(local.record, device, local.said.append)) == {"failed": PARCELS}
    submission.submit(local.spec, local.out, device, ready, local.said.append, resend=True)
    assert states(collect(local.record, device, local.said.append)) == {"done": PARCELS}
