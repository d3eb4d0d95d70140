"""Two commands at once on one record: whatever their steps' order, every job is sent once.

`QSENSE_ROUNDS=50` runs every test that often.
"""

import os
import threading
import time

import pytest
import tomli_w

pytest.importorskip("qiskit_ibm_runtime", reason="needs qiskit-ibm-runtime")
if not hasattr(os, "fork"):
    pytest.skip("needs fork", allow_module_level=True)

from commands import Commands
from remote_runs import SPEC
from runtime_service import RuntimeService

pytestmark = pytest.mark.long

ROUNDS = int(os.environ.get("QSENSE_ROUNDS", "2"))
ONE_SPIN = {
    **SPEC, "name": "killed", "probes": ["product"], "num_qubits": 1, "device": {"readout_shots": 60},
    "estimators": [{"estimator": "parameter_shift", "shots": 40}],
}  # fmt: skip


@pytest.fixture(scope="module")
def other_commands(tmp_path_factory):
    made = Commands(tmp_path_factory.mktemp("others"))
    yield made
    made.end()


@pytest.fixture
def spec(tmp_path):
    path = tmp_path / "killed.toml"
    path.write_text(tomli_w.dumps(ONE_SPIN))
    return path


def at_once(*calls):
    """The results of calls that begin at the same time."""
    found = [None] * len(calls)

    def run(index):
        found[index] = calls[index]()

    threads = [threading.Thread(target=run, args=(index,)) for index in range(len(calls))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return found


@pytest.mark.parametrize("without_locks", [False, True], ids=["locks", "no locks"])
def test_two_submits_at_once_send_every_job_once(commands, other_commands, spec, tmp_path, without_locks):
    refused = 0
    for number in range(ROUNDS):
        out = tmp_path / f"out{number}"
        with RuntimeService(tmp_path / f"service{number}") as service:
            words = ("submit", spec, "--out", out)

            def first(service=service, words=words):
                return commands(service, *words, without_locks=without_locks)

            def second(service=service, words=words, pause=0.02 * (number % 10)):
                time.sleep(pause)
                return other_commands(service, *words, without_locks=without_locks)

            ends = at_once(first, second)
            for code, _, err, _ in ends:
                assert code in (0, 2), err
                assert code == 0 or "another qsense process submits or collects" in err, err
            refused += sum(code == 2 for code, *_ in ends)
            assert any(code == 0 for code, *_ in ends)
            assert len(service.accepted()) == len(set(service.accepted())) == 2
            (record,) = out.iterdir()
            assert not list(record.glob(".jobs.lock.*"))
            commands.done(service, "collect", record)
    print(f"{ROUNDS} rounds, {refused} submits were refused")


def test_two_submits_at_once_of_copies_of_a_record_keep_the_same_jobs(commands, other_commands, spec, tmp_path):
    """No lock keeps two machines apart; of what both have sent, both keep the older."""
    import shutil

    for number in range(ROUNDS):
        here, there = tmp_path / f"here{number}", tmp_path / f"there{number}"
        with RuntimeService(tmp_path / f"service{number}", at_most=0, hold=True) as service:
            commands(service, "submit", spec, "--out", here)
            shutil.copytree(here, there)
            service.at_most = None
            ends = at_once(
                lambda service=service, here=here: commands(service, "submit", spec, "--out", here),
                lambda service=service, there=there: other_commands(service, "submit", spec, "--out", there),
            )
            assert [code for code, *_ in ends] == [0, 0], ends
            alive = [job["tags"][-1] for job in service.jobs if job["status"] == "Queued"]
            assert len(alive) == len(set(alive)) == 2
            service.hold = False
            for out in (here, there):
                (record,) = out.iterdir()
                text, _ = commands.done(service, "collect", record)
                assert "jobs: 2 done" in text
