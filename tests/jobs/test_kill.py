"""Submit and collect killed (SIGKILL) between any two steps: no job lost, none sent twice, the same counts."""

import os
import signal

import numpy as np
import pytest
import tomli_w

pytest.importorskip("qiskit_ibm_runtime", reason="needs qiskit-ibm-runtime")
if not hasattr(os, "fork"):
    pytest.skip("needs fork", allow_module_level=True)

from remote_runs import SPEC
from runtime_service import RuntimeService

from qsense.circuits.counts import Counts

pytestmark = pytest.mark.long

# Two numbers of shots, that of the calibration bitstrings first: two jobs.
ONE_SPIN = {
    **SPEC, "name": "killed", "probes": ["product"], "num_qubits": 1, "device": {"readout_shots": 60},
    "estimators": [{"estimator": "parameter_shift", "shots": 40}],
}  # fmt: skip


@pytest.fixture
def spec(tmp_path):
    path = tmp_path / "killed.toml"
    path.write_text(tomli_w.dumps(ONE_SPIN))
    return path


def record_in(out):
    (record,) = out.iterdir()
    return record


def counts_in(record):
    return {path.name: Counts.load(path).table() for path in sorted((record / "counts").glob("*.npz"))}


def same(one, two):
    return one.keys() == two.keys() and all(np.array_equal(one[name], two[name]) for name in one)


@pytest.fixture(scope="module")
def undisturbed(commands, tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    spec = folder / "killed.toml"
    spec.write_text(tomli_w.dumps(ONE_SPIN))
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


def test_the_steps_between_which_it_is_killed_are_the_ones_that_matter(undisturbed):
    submitting, collecting, _ = undisturbed
    assert submitting.count("before request POST /jobs") == 2
    assert submitting.count("after move jobs.json") >= 5  # planned, session, and each job before and after it is sent
    assert next(step for step in submitting if step.startswith("before request")) == "before request GET /jobs"
    assert collecting.count("after move jobs.json") == 2
    assert any("results" in step for step in collecting)
    assert any("readout" in step for step in collecting)  # the bitstrings become a calibration


def test_a_submit_killed_at_any_step_goes_on_without_a_second_job(commands, undisturbed, spec, tmp_path):
    submitting, _, counts = undisturbed
    for at in range(1, len(submitting) + 1):
        out = tmp_path / f"out{at}"
        with RuntimeService(tmp_path / f"service{at}") as service:
            code, _, _, steps = commands(service, "submit", spec, "--out", out, kill_at=at)
            where = f"killed at step {at}: {steps[-1]}"
            assert code == -signal.SIGKILL, where
            assert len(steps) == at
            commands.done(service, "run", spec, "--out", out)  # submits the rest, and collects
            assert len(service.accepted()) == len(set(service.accepted())) == 2, where
        assert same(counts_in(record_in(out)), counts), where
        assert not list(record_in(out).rglob("*.zip"))[2:], where  # no job of a plan that was given up


def test_a_collect_killed_at_any_step_goes_on_with_the_same_counts(commands, undisturbed, spec, tmp_path):
    import shutil

    _, collecting, counts = undisturbed
    with RuntimeService(tmp_path / "service") as service:
        commands.done(service, "submit", spec, "--out", tmp_path / "out")
        for at in range(1, len(collecting) + 1):
            # Another folder each time: another machine, as far as the record can tell.
            record = tmp_path / f"machine{at}" / record_in(tmp_path / "out").name
            shutil.copytree(record_in(tmp_path / "out"), record)
            code, _, _, steps = commands(service, "collect", record, kill_at=at)
            where = f"killed at step {at}: {steps[-1]}"
            assert code == -signal.SIGKILL, where
            commands.done(service, "collect", record)
            assert same(counts_in(record), counts), where
            assert {path.name for path in record.iterdir()} >= {"summary.json", "estimates.csv"}, where
            left = list(record.rglob("*.part"))
            assert len(left) <= 1, where  # a file that was being written when the process died
        assert len(service.accepted()) == 2


def test_a_service_that_dies_with_the_process_in_the_middle_of_a_request_sends_nothing_twice(
    commands, undisturbed, spec, tmp_path
):
    """The request arrived and a job was made, but neither side lived to say so; the service comes back from disk."""
    submitting, _, counts = undisturbed
    at = submitting.index("after request POST /jobs") + 1
    out = tmp_path / "out"
    with RuntimeService(tmp_path / "service") as service:
        code, _, _, _ = commands(service, "submit", spec, "--out", out, kill_at=at)
        assert code == -signal.SIGKILL
        assert len(service.accepted()) == 1
        port = service.port
    with RuntimeService(tmp_path / "service", port=port) as service:
        _, _, err, _ = commands(service, "submit", spec, "--out", out)
        assert "found by its tag" in err
        assert len(service.accepted()) == len(set(service.accepted())) == 2
        commands.done(service, "collect", record_in(out))
    assert same(counts_in(record_in(out)), counts)


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
