"""`qsense calibrate` killed (SIGKILL) between any two changes: no job lost, none sent twice, the same noise model.

What is on disk and at the service changes when a file is moved into its place or a request is no question. Between two
such changes it makes no difference when the process dies, so that it is killed behind every third of them, and around
every request that makes a job. `QSENSE_ALL_STEPS=1` kills before and after every step.
"""

import os
import re
import signal

import pytest

pytest.importorskip("qiskit_ibm_runtime", reason="needs qiskit-ibm-runtime")
if not hasattr(os, "fork"):
    pytest.skip("needs fork", allow_module_level=True)

from remote_runs import BACKEND
from runtime_service import RuntimeService

pytestmark = pytest.mark.long

# One qubit at four times: the calibration bitstrings and T1 are 6 rows, T2* and T2 8 each; two jobs.
CHANGES = {"qsense.calibration.protocol.NUM_TIMES": 4, "qsense.jobs.job.MAX_EXECUTIONS": 14 * 500}


def command(out):
    where = ("--records", out / "records", "--out", out / "model.toml")
    return "calibrate", f"ibm:{BACKEND}", "--qubits", "1", "--shots", "500", *where


def numbers(out):
    """The noise model but for its date: the tests may run at midnight."""
    return re.sub(r"date = .*", "", (out / "model.toml").read_text())


@pytest.fixture(scope="module")
def undisturbed(commands, tmp_path_factory):
    folder = tmp_path_factory.mktemp("undisturbed")
    with RuntimeService(folder / "before") as service:  # what libraries write once, at first use, is no step
        commands.done(service, *command(folder), "--dry-run", changes=CHANGES)
    with RuntimeService(folder / "service") as service:
        _, steps = commands.done(service, *command(folder), changes=CHANGES)
        assert len(service.accepted()) == len(set(service.accepted())) == 2
    return steps, numbers(folder)


def test_the_steps_between_which_it_is_killed_are_the_ones_that_matter(undisturbed):
    steps, _ = undisturbed
    assert steps.count("before request POST /jobs") == 2
    assert steps.index("after move calibration.json") < steps.index("before move jobs.json")
    assert steps.index("after move jobs.json") < steps.index("before request GET /jobs")
    assert sum("results" in step for step in steps) == 4
    assert steps[-1] == "after move noise_model.toml"


def test_killed_after_any_change_it_goes_on_without_a_second_job(commands, undisturbed, tmp_path):
    steps, model = undisturbed
    changes = [at for at, step in enumerate(steps, 1) if step.startswith("after") and " request GET " not in step]
    assert len(changes) > 15
    sent = [at for at, step in enumerate(steps, 1) if step.startswith("after request POST /jobs")]
    sample = sorted({*changes[:-1:3], *sent, *(at - 1 for at in sent)})
    for at in range(1, len(steps)) if os.environ.get("QSENSE_ALL_STEPS") else sample:  # after the last it is finished
        out = tmp_path / f"at{at}"
        out.mkdir()
        with RuntimeService(out / "service") as service:
            code, _, _, done = commands(service, *command(out), kill_at=at, changes=CHANGES)
            where = f"killed at step {at}: {done[-1]}"
            assert code == -signal.SIGKILL, where
            assert len(done) == at, where
            commands.done(service, *command(out), changes=CHANGES)
            assert len(service.accepted()) == len(set(service.accepted())) == 2, where
        assert numbers(out) == model, where
        assert len(list((out / "records").iterdir())) == 1, where


@pytest.mark.study
def test_without_the_look_up_by_tag_a_job_would_be_sent_twice(commands, undisturbed, tmp_path):
    """The control: with tags that cannot be found, the same kill leaves a second job of the same tasks."""
    at = undisturbed[0].index("after request POST /jobs") + 1
    with RuntimeService(tmp_path / "service") as service:
        commands(service, *command(tmp_path), kill_at=at, changes=CHANGES)
        first = service.accepted()
        with service._lock:
            service.state["jobs"][0]["tags"] = ["lost"]
        commands.done(service, *command(tmp_path), changes=CHANGES)
        assert first[0] in service.accepted()[1:]
