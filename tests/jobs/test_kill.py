"""Commands of jobs killed (SIGKILL) between any two steps: no job lost, none sent twice, the same counts.

What is on disk and at the service changes when a file is moved, deleted or locked and when a request is no question.
Between two such changes it makes no difference when the process dies, so that it is killed once behind each, or behind
some of them where that takes long. `QSENSE_ALL_STEPS=1` kills before and after every step.
"""

import json
import os
import shutil
import signal

import numpy as np
import pytest
import tomli_w

pytest.importorskip("qiskit_ibm_runtime", reason="needs qiskit-ibm-runtime")
if not hasattr(os, "fork"):
    pytest.skip("needs fork", allow_module_level=True)

from remote_runs import SPEC
from runtime_http import Fault
from runtime_service import RuntimeService

from qsense.circuits.counts import Counts

pytestmark = pytest.mark.long

# Two numbers of shots, that of the calibration bitstrings first: two jobs.
ONE_SPIN = {
    **SPEC, "name": "killed", "probes": ["product"], "num_qubits": 1, "device": {"readout_shots": 60},
    "estimators": [{"estimator": "parameter_shift", "shots": 40}],
}  # fmt: skip
EVERY = bool(os.environ.get("QSENSE_ALL_STEPS"))


@pytest.fixture(scope="module")
def spec(tmp_path_factory):
    path = tmp_path_factory.mktemp("spec") / "killed.toml"
    path.write_text(tomli_w.dumps(ONE_SPIN))
    return path


def record_in(out):
    (record,) = out.iterdir()
    return record


def counts_in(record):
    return {path.name: Counts.load(path).table() for path in sorted((record / "counts").glob("*.npz"))}


def same(one, two):
    return one.keys() == two.keys() and all(np.array_equal(one[name], two[name]) for name in one)


def chosen(steps, sample=1):
    """The numbers of the steps at which a command is killed: all; or behind changes, every `sample`th of them.

    The steps around requests that make a job are always among them.
    """
    if EVERY:
        print(f"killed at {len(steps)} steps")
        return range(1, len(steps) + 1)
    changes = [at for at, step in enumerate(steps, 1) if step.startswith("after") and " request GET " not in step]
    near = {
        at + more for at, step in enumerate(steps, 1) if step.startswith("after request POST /jobs") for more in (-1, 0)
    }
    return sorted(near | set(changes[::sample]))


def kill(commands, service, *words, at):
    """What a command had done when it was killed, as text."""
    code, _, _, steps = commands(service, *words, kill_at=at)
    where = f"{words[0]} killed at step {at}: {steps[-1]}"
    assert code == -signal.SIGKILL, where
    assert len(steps) == at, where
    return where


class Beginning:
    """A service and the records of a run at some moment, from which many copies of both go on."""

    def __init__(self, folder):
        self.folder = folder

    @property
    def out(self):
        return self.folder / "out"

    def service(self, **options):
        return RuntimeService(self.folder / "service", **options)

    def copy(self, name):
        folder = self.folder.parent / name
        shutil.copytree(self.folder, folder)
        return Beginning(folder)


@pytest.fixture(scope="module")
def undisturbed(commands, spec, tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    with RuntimeService(folder / "before") as service:  # what libraries write once, at first use, is no step
        commands.done(service, "submit", spec, "--out", folder / "first")
    with RuntimeService(folder / "service") as service:
        _, submitting = commands.done(service, "submit", spec, "--out", folder / "out")
        record = record_in(folder / "out")
        _, collecting = commands.done(service, "collect", record)
        assert len(service.accepted()) == len(set(service.accepted())) == 2
    counts = counts_in(record)
    assert [name[:7] for name in counts] == ["product", "readout"]
    return submitting, collecting, counts


@pytest.fixture
def submitted(commands, spec, tmp_path):
    begun = Beginning(tmp_path / "begun")
    with begun.service() as service:
        commands.done(service, "submit", spec, "--out", begun.out)
    return begun


def test_the_steps_between_which_it_is_killed_are_the_ones_that_matter(undisturbed):
    submitting, collecting, _ = undisturbed
    print(f"submit has {len(submitting)} steps, collect {len(collecting)}")
    assert submitting.count("before request POST /jobs") == 2
    assert submitting.count("after move jobs.json") >= 5  # planned, session, and each job before and after it is sent
    assert next(step for step in submitting if step.startswith("before request")) == "before request GET /jobs"
    # The record, its tag, the ledger, that it may have been sent.
    moves = [step for step in submitting if step.startswith("after move") and "jobs.json" not in step]
    assert moves[0] == "after move provenance.json"
    assert moves.count("after move provenance.json") == 3
    first_ledger = submitting.index("after move jobs.json")
    begun = [at for at, step in enumerate(submitting) if step == "after move provenance.json"][2]
    assert first_ledger < begun < submitting.index("before request GET /jobs")
    assert submitting.count("before lock .jobs.lock") == 1
    assert collecting.count("after move jobs.json") == 2
    assert any("results" in step for step in collecting)
    assert any("readout" in step for step in collecting)  # the bitstrings become a calibration


def test_a_submit_killed_at_any_step_goes_on_without_a_second_job(commands, undisturbed, spec, tmp_path):
    submitting, _, counts = undisturbed
    for at in chosen(submitting, 4):
        out = tmp_path / f"out{at}"
        with RuntimeService(tmp_path / f"service{at}") as service:
            where = kill(commands, service, "submit", spec, "--out", out, at=at)
            commands.done(service, "run", spec, "--out", out)  # submits the rest, and collects
            assert len(service.accepted()) == len(set(service.accepted())) == 2, where
        assert same(counts_in(record_in(out)), counts), where
        assert not list(record_in(out).rglob("*.zip"))[2:], where  # no job of a plan that was given up
        tag = json.loads((record_in(out) / "provenance.json").read_text())["jobs"]
        assert tag["begun"], where
        assert tag["run"] == json.loads((record_in(out) / "jobs.json").read_text())["run"], where


def test_a_collect_killed_at_any_step_goes_on_with_the_same_counts(commands, undisturbed, submitted):
    _, collecting, counts = undisturbed
    with submitted.service() as service:
        for at in chosen(collecting, 6):
            # Another folder each time: another machine, as far as the record can tell.
            record = record_in(submitted.copy(f"machine{at}").out)
            where = kill(commands, service, "collect", record, at=at)
            commands.done(service, "collect", record)
            assert same(counts_in(record), counts), where
            assert {path.name for path in record.iterdir()} >= {"summary.json", "estimates.csv"}, where
            assert len(list(record.rglob("*.part"))) <= 1, where  # a file that was being written when the process died
        assert len(service.accepted()) == 2


def unknown():
    """The service knows no job by its id for a while."""
    return [Fault("GET", "/jobs/job", "404", times=10**6)]


def test_a_collect_during_a_passing_404_killed_at_any_step_leads_to_no_second_job(
    commands, undisturbed, submitted, spec
):
    *_, counts = undisturbed
    with submitted.service() as service:
        service.faults = unknown()
        text, steps = commands.done(service, "collect", record_in(submitted.copy("whole").out))
        assert "2 unknown" in text
        for at in chosen(steps, 2):
            out = submitted.copy(f"at{at}").out
            service.faults = unknown()
            where = kill(commands, service, "collect", record_in(out), at=at)
            service.faults = []
            commands.done(service, "submit", spec, "--out", out, "--resend")
            assert len(service.accepted()) == 2, where
            commands.done(service, "collect", record_in(out))
            assert same(counts_in(record_in(out)), counts), where


@pytest.fixture
def lost(commands, submitted):
    """One job is unknown by a passing 404, and the other has failed."""
    with submitted.service(fail={1: "the cryostat is warm"}) as service:
        service.faults = [Fault("GET", "/jobs/job000", "404", times=10**6)]
        text, _ = commands.done(service, "collect", record_in(submitted.out))
        assert "jobs: 1 failed, 1 unknown" in text
    return submitted


def test_a_resend_killed_at_any_step_sends_only_what_is_lost_and_only_once(commands, undisturbed, lost, spec):
    *_, counts = undisturbed
    whole = lost.copy("whole")
    with whole.service() as service:
        _, steps = commands.done(service, "submit", spec, "--out", whole.out, "--resend")
        assert len(service.accepted()) == 3
    for at in chosen(steps, 4):
        copy = lost.copy(f"at{at}")
        with copy.service() as service:
            where = kill(commands, service, "submit", spec, "--out", copy.out, "--resend", at=at)
            commands.done(service, "submit", spec, "--out", copy.out, "--resend")
            assert len(service.accepted()) == len(set(service.accepted())) == 3, where
            commands.done(service, "collect", record_in(copy.out))
            assert same(counts_in(record_in(copy.out)), counts), where


def test_a_submit_that_has_lost_its_ledger_killed_at_any_step_sends_nothing(commands, undisturbed, submitted, spec):
    *_, counts = undisturbed
    (record_in(submitted.out) / "jobs.json").unlink()
    with submitted.service() as service:
        _, steps = commands.done(service, "submit", spec, "--out", submitted.copy("whole").out)
        for at in chosen(steps, 4):
            out = submitted.copy(f"at{at}").out
            where = kill(commands, service, "submit", spec, "--out", out, at=at)
            commands.done(service, "run", spec, "--out", out)
            assert len(service.accepted()) == 2, where
            assert same(counts_in(record_in(out)), counts), where


def test_a_service_that_dies_with_the_process_in_the_middle_of_a_request_sends_nothing_twice(
    commands, undisturbed, spec, tmp_path
):
    """The request arrived and a job was made, but neither side lived to say so; the service comes back from disk."""
    submitting, _, counts = undisturbed
    at = submitting.index("after request POST /jobs") + 1
    out = tmp_path / "out"
    with RuntimeService(tmp_path / "service") as service:
        kill(commands, service, "submit", spec, "--out", out, at=at)
        assert len(service.accepted()) == 1
        port = service.port
    with RuntimeService(tmp_path / "service", port=port) as service:
        _, _, err, _ = commands(service, "submit", spec, "--out", out)
        assert "found by its tag" in err
        assert len(service.accepted()) == len(set(service.accepted())) == 2
        commands.done(service, "collect", record_in(out))
    assert same(counts_in(record_in(out)), counts)


@pytest.mark.study
def test_without_the_look_up_by_tag_a_job_would_be_sent_twice(commands, undisturbed, spec, tmp_path):
    """The control: with tags that cannot be found, the same kill leaves a second job of the same tasks."""
    submitting, _, _ = undisturbed
    at = submitting.index("after request POST /jobs") + 1
    with RuntimeService(tmp_path / "service") as service:
        commands(service, "submit", spec, "--out", tmp_path / "out", kill_at=at)
        first = service.accepted()
        with service._lock:
            service.state["jobs"][0]["tags"] = ["lost"]
        commands.done(service, "submit", spec, "--out", tmp_path / "out")
        assert first[0] in service.accepted()[1:]
