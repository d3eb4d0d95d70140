"""Runs in rounds on a service: each round's jobs are further entries of the ledger, and none is sent twice."""

import json

import pytest
from remote_runs import Run, qsense
from vendors import Vendor

from qsense import estimate
from qsense.errors import ArgumentError, RecordError
from qsense.jobs import ledger, submission
from qsense.jobs.collection import collect
from qsense.runs.record import RunRecord
from qsense.runs.rounds import planned
from qsense.services import ServiceError
from qsense.services.local import LocalService
from qsense.workflow import runs, until
from qsense.workflow.until import run_until_error

STILL = {"name": "still", "t1_s": 10.0, "t2_s": 10.0}  # the vendor simulates none
ONE = {"estimators": "auto", "shots": 40, "times_s": [1e-5, 4e-5], "probes": ["ghz"], "noise": [STILL]}


@pytest.fixture(autouse=True)
def _without_figures(monkeypatch):
    monkeypatch.setattr("qsense.reports.figures", lambda *_: {})


@pytest.fixture
def service(monkeypatch):
    made = LocalService("local:vendor", Vendor())
    monkeypatch.setattr(runs.remote, "service", lambda name: made)
    return made


@pytest.fixture
def sent(monkeypatch):
    """Counts the shots of every task that is really sent, by its key."""
    found, real = {}, LocalService.send

    def send(self, tasks, *more):
        for task in tasks:
            found.setdefault(task.key, []).append(len(task.values) * task.shots)
        return real(self, tasks, *more)

    monkeypatch.setattr(LocalService, "send", send)
    return found


def row_of(record):
    return json.loads((record.path / "summary.json").read_text())["rows"][0]


def goes_on(run, **options):
    return run_until_error(run.spec, "10%", "gain", out=run.out, **options)


def check_paid_once(found, sent):
    """Every shot of the record was sent once, and every shot that was sent is in the record; 800 are of bitstrings."""
    assert all(len(each) == 1 for each in sent.values())
    total = sum(each[0] for each in sent.values())
    assert found.shots == row_of(found.record)["shots"] == total - 4 * 200
    assert total == ledger.load(found.record).shots


@pytest.mark.parametrize("keys", [{}, {"strategy": "adaptive", "shots": 100}])
def test_rounds_are_jobs_of_one_ledger_until_the_error_is_reached(tmp_path, service, sent, keys):
    run = Run(tmp_path, **{**ONE, **keys})
    found = goes_on(run)
    assert found.is_reached
    assert found.rounds > 1
    check_paid_once(found, sent)
    assert not collect(found.record, service).missing
    estimate(found.record)
    assert row_of(found.record)["shots"] == found.shots
    kept = dict(sent)
    assert goes_on(run).shots == found.shots
    assert sent == kept


@pytest.mark.parametrize("at", ["plan", "send", "collect"])
def test_a_run_that_was_killed_in_a_round_goes_on_and_pays_nothing_twice(tmp_path, service, sent, monkeypatch, at):
    run, begun = Run(tmp_path, **ONE), []
    real = {"plan": until.write_rounds, "send": LocalService.send, "collect": LocalService.results}[at]

    def dying(*arguments):
        begun.append(0)
        held = RunRecord.matching_request(run.spec, run.out)
        if held.has("rounds.json") or at == "plan":
            if at == "plan":
                real(*arguments)
            raise KeyboardInterrupt
        return real(*arguments)

    with monkeypatch.context() as patch:
        place = {"plan": (until, "write_rounds"), "send": (LocalService, "send"), "collect": (LocalService, "results")}
        patch.setattr(*place[at], dying)
        with pytest.raises(KeyboardInterrupt):
            goes_on(run)
    assert begun
    found = goes_on(run)
    assert found.is_reached
    check_paid_once(found, sent)


def test_submit_and_collect_go_on_with_a_planned_round(tmp_path, service, sent, monkeypatch):
    run = Run(tmp_path, **ONE)
    with monkeypatch.context() as patch:
        patch.setattr(until, "write_rounds", lambda *a: (until.planned(a[0]), _write_and_die(*a)))
        with pytest.raises(KeyboardInterrupt):
            goes_on(run)
    record = run.record
    due = collect(record, service)
    assert due.rest_is_due
    assert [point.step for point in due.missing] == ["round 2"]
    submission.submit(submission.prepare(run.spec, run.out, service), run.out, service)
    assert not collect(record, service).missing
    check_paid_once(goes_on(run), sent)


def _write_and_die(*arguments):
    from qsense.runs.rounds import write_rounds

    write_rounds(*arguments)
    raise KeyboardInterrupt


def test_a_round_beyond_the_limit_of_time_is_not_sent(tmp_path, service, sent, monkeypatch):
    monkeypatch.setattr(LocalService, "seconds", lambda *_: 0.01)
    run = Run(tmp_path, **ONE)
    most = 0.01 * (4 * 200 + 4 * 40) + 1  # the first round, and not another
    found = goes_on(run, max_seconds=most)
    assert not found.is_reached
    assert "--max-qpu-seconds" in found.why
    assert (found.rounds, planned(found.record)) == (1, [])
    check_paid_once(found, sent)
    with pytest.raises(ArgumentError, match="first round has"):
        goes_on(run, max_shots=10)
    assert goes_on(run, max_seconds=1e6).is_reached


def test_a_lost_job_of_a_round_is_said_and_not_paid_again_by_itself(tmp_path, service, sent, monkeypatch):
    run, real = Run(tmp_path, **ONE), LocalService.status

    def status(self, job_id):
        from dataclasses import replace

        found = real(self, job_id)
        return replace(found, state="failed", reason="fridge") if run.record.has("rounds.json") else found

    with monkeypatch.context() as patch:
        patch.setattr(LocalService, "status", status)
        with pytest.raises(ServiceError, match="fridge"):
            goes_on(run)
    kept = dict(sent)
    with pytest.raises(ServiceError, match="--resend"):
        goes_on(run)
    assert sent == kept


def test_a_lost_ledger_is_made_again_with_its_rounds(tmp_path, service, sent):
    run = Run(tmp_path, **ONE)
    found = goes_on(run)
    (found.record.path / "jobs.json").unlink()
    again = goes_on(run)
    assert again.shots == found.shots
    check_paid_once(again, sent)


def test_the_command_says_what_it_cannot_limit(tmp_path):
    path = tmp_path / "s.toml"
    path.write_text(
        'schema = 1\nname = "s"\nprobes = ["ghz"]\nnum_qubits = 2\nnoise = "dephasing"\nestimators = "auto"\n'
        "field_rad_per_s = 0.2\nshots = 100\nseed = 1\n"
    )
    shown = qsense("run", path, "--until-error", "10%", "--max-qpu-seconds", "60", "--out", tmp_path / "out")
    assert "takes jobs" in str(shown.exception)
    assert not (tmp_path / "out").exists()
    with pytest.raises((ArgumentError, RecordError)):
        run_until_error(path, "10%", max_seconds=60, out=tmp_path / "out")
