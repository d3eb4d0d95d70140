"""Runs in two steps on a service: a first job is the pilot, and what it says decides the second."""

import json
from types import SimpleNamespace

import pytest
from remote_runs import Run, logged
from vendors import Vendor

from qsense import estimate
from qsense.cli import jobs as cli_jobs
from qsense.errors import ArgumentError, RecordError
from qsense.jobs import dispatch, ledger, submission
from qsense.jobs.collection import collect
from qsense.services.local import LocalService
from qsense.workflow import runs

TWO = {"strategy": "adaptive", "estimators": "auto", "shots": 100, "times_s": [1e-5, 4e-5]}


@pytest.fixture(autouse=True)
def _without_figures(monkeypatch):
    monkeypatch.setattr("qsense.reports.figures", lambda *_: {})


@pytest.fixture
def two(tmp_path):
    return Run(tmp_path, **TWO)


@pytest.fixture
def short(tmp_path):
    return Run(tmp_path, **TWO, probes=["ghz"])


def device():
    return LocalService("local:vendor", Vendor())


def submit(run, service, **options):
    ready = submission.prepare(run.spec, run.out, service, **options)
    return submission.submit(ready, run.out, service)


def sent(record):
    return [job.key for job in ledger.load(record).jobs]


def test_the_pilot_is_a_first_job_and_the_same_command_sends_the_rest(two):
    service = device()
    ready = submission.prepare(two.spec, two.out, service)
    assert ready.waits_for_pilots
    record = submission.submit(ready, two.out, service)
    first = sent(record)
    assert ready.ledger.shots < 0.35 * 5 * 100 * 2 + 3 * 200  # bitstrings and pilots
    with pytest.raises(RecordError, match="missing"):
        estimate(record)
    found = collect(record, service)
    assert (found.rest_is_due, found.complete) == (True, ())
    assert {point.step for point in found.missing} == {"rest"}
    assert not (record.path / "steps.json").exists()  # asking sends nothing and decides nothing
    again = submission.prepare(two.spec, two.out, service)
    assert not again.waits_for_pilots
    assert sent(record) == first
    submission.submit(again, two.out, service)
    both = sent(record)
    assert both[: len(first)] == first
    assert len(both) > len(first)
    submit(two, service)  # nothing is left to be sent
    assert sent(record) == both
    found = collect(record, service)
    assert not found.missing
    assert not found.rest_is_due
    estimate(record)
    rows = record.summary()["rows"]
    assert {row["shots"] for row in rows} == {2 * 2 * 100, 2 * 3 * 100}  # both steps together are those of one
    assert len(list((record.path / "counts").glob("*.npz"))) == 2 * 2


def test_pilots_that_are_still_queued_wait(short, monkeypatch):
    service = device()
    record = submit(short, service)
    with monkeypatch.context() as patch:
        patch.setattr(LocalService, "status", lambda *_: SimpleNamespace(state="queued", tags=(), reason=""))
        found = collect(record, service)
    assert not found.rest_is_due
    assert {point.step for point in found.missing} == {"pilot"}
    before = sent(record)
    submit(short, service)
    assert sent(record) == before
    assert collect(record, service).rest_is_due


@pytest.mark.parametrize("step", ["store", "send"])
def test_a_submit_that_was_killed_between_the_steps_goes_on_and_sends_nothing_twice(short, monkeypatch, step):
    service = device()
    record = submit(short, service)
    collect(record, service)
    before = len(sent(record))

    def dying(*_, **__):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        if step == "send":
            patch.setattr(LocalService, "send", dying)
        else:
            patch.setattr(dispatch, "store", dying)
        with pytest.raises(KeyboardInterrupt):
            submit(short, service)
    submit(short, service)
    assert not collect(record, service).missing
    jobs = ledger.load(record).jobs
    keys = [task.key for job in jobs for task in job.tasks]
    assert len(set(keys)) == len(keys)
    assert len({job.job_id for job in jobs}) == len(jobs) > before
    assert {path.name for path in (record.path / "jobs").glob("*.zip")} == {job.file.split("/")[1] for job in jobs}


def test_a_lost_ledger_is_made_again_with_both_steps(short):
    service = device()
    record = submit(short, service)
    collect(record, service)
    submit(short, service)
    kept = sent(record)
    (record.path / "jobs.json").unlink()
    submit(short, service)
    assert sorted(sent(record)) == sorted(kept)
    assert not collect(record, service).missing


def test_a_limit_is_of_both_steps_and_holds_before_the_first(two, monkeypatch):
    monkeypatch.setattr(LocalService, "seconds", lambda *_: 0.01)  # 16 s or more in all
    with pytest.raises(ArgumentError, match="more than the 11 s allowed"):
        submission.prepare(two.spec, two.out, device(), max_seconds=11)
    assert not two.out.exists()
    assert submission.prepare(two.spec, two.out, device(), max_seconds=100).ledger.seconds < 16


def test_a_run_does_both_steps_by_itself(two, monkeypatch):
    service = device()
    monkeypatch.setattr(runs.remote, "service", lambda name: service)
    with logged(two.said):
        record = runs.run_remotely(two.spec, two.out, None, None)
    assert any("the rest of its shots is sent" in line for line in two.said)
    assert json.loads((record.path / "steps.json").read_text())["schema"] == 1
    assert len(record.summary()["rows"]) == 2
    assert cli_jobs._collected(record, collect(record, service))["rest_is_due"] is False
