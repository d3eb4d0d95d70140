"""Studies that are killed or told to stop: what is done is kept, the rest is run again, and no number changes."""

import csv
import json
import os
import random
import signal
import sys
import time
from functools import partial

import processes
import pytest
import studies
from waiting import pace, wait_until

from qsense.store import Store
from qsense.store.verification import verify
from qsense.study import worker_pool
from qsense.study.trial_runs import run_trials

pytestmark = pytest.mark.long

if sys.platform != "linux":
    pytest.skip("looks at processes in /proc", allow_module_level=True)

# 24 trials of about 100 ms: killed every 0.1 to 1.6 s a study gets on, and is not done at once.
STUDY = studies.data(
    {"probes": ["ghz", "product"], "estimators": "auto", "shots": 2000},
    name="killed",
    sweep={"num_qubits": [4, 8], "noise.dephasing_rate": [0.1, 2.0], "seed": {"from": 1, "to": 3}},
)
KILLS = 2  # of workers, and as many of the coordinator


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The tables of the study, run in this process and in the order of its file."""
    path = tmp_path_factory.mktemp("undisturbed") / "store"
    one = studies.Study.from_dict(STUDY)
    return studies.tables(path, studies.filled(path, one, together=True)), len(one.trials)


def killed(tmp_path, seed, whom, most):
    """Starts the study again and again and kills somebody at random moments until that was done often enough.

    A store of its own whenever the study is done before. Returns the stores, the last one finished in peace.
    """
    random_moments, slowness = random.Random(seed), pace()
    spec = studies.written(tmp_path / "killed.toml", STUDY)
    kills, number, stores = 0, 0, []
    while kills < most:
        store = tmp_path / f"store{number}"
        number += 1
        stores.append(store)
        done = False
        while not done:
            process = studies.started("sweep", spec, "--store", store, "--out", tmp_path / "out", "--workers", 2)
            known = set()
            while kills < most and process.poll() is None:
                time.sleep(random_moments.uniform(0.1, 1.6) * slowness)
                hands = studies.workers_of(process.pid)
                known |= set(processes.children_of(process.pid))
                if process.poll() is None and (whom == "coordinator" or hands):
                    os.kill(process.pid if whom == "coordinator" else random_moments.choice(hands), signal.SIGKILL)
                    kills += 1
                    if whom == "coordinator":
                        process.wait()
            _, err = processes.finish(process)
            if whom == "worker":  # a worker that is just being started says that its parent is gone
                assert "Traceback" not in err, err
            done = process.returncode == 0
            if process.returncode == 2:  # killed too often before there was a result: given up, and run again now
                assert "its worker died 3 times" in err or "before their first trial" in err, err
            else:
                assert done or (whom == "coordinator" and process.returncode == -signal.SIGKILL), err
            studies.wait_until_ended(known)
    return stores


@pytest.mark.study  # at chosen moments: tests/store/test_store.py, and below of a worker
@pytest.mark.parametrize("kills", [KILLS, 8])
@pytest.mark.parametrize("whom", ["worker", "coordinator"])
def test_a_study_killed_at_random_moments_gives_the_tables_of_an_undisturbed_one(tmp_path, undisturbed, whom, kills):
    expected, number = undisturbed
    stores = killed(tmp_path, {"worker": 11, "coordinator": 12}[whom], whom, kills)
    for store in stores:
        health = verify(store)
        assert health.wrong == ()
        assert health.trials == number
        export = store.with_suffix(".export")
        assert studies.command("store", "export", "killed", "--store", store, "--out", export).returncode == 0
        assert (export / "trials.csv").read_bytes() == expected[0]
        assert (export / "curves.csv").read_bytes() == expected[1]


@pytest.mark.long
def test_the_comparison_of_tables_would_see_another_count(tmp_path, undisturbed):
    changed = studies.Study.from_dict({**STUDY, "run": {**STUDY["run"], "shots": 1999}, "name": "killed"})
    one = studies.Study(changed.name, "", {}, changed.trials[:3], ((),) * 3, 0)
    got = studies.tables(tmp_path / "store", studies.filled(tmp_path / "store", one))
    assert got[1].splitlines()[1] != undisturbed[0][1].splitlines()[1]


def deadly(contents, *rest):
    """A batch that kills its worker, after a while, where there is a trial of seed 3."""
    if any(content["seed"] == 3 for content in contents):
        time.sleep(0.3)
        os._exit(9)
    return worker_pool.run_batch(contents, *rest)


@pytest.mark.parametrize("order", ["first", pytest.param("last", marks=pytest.mark.study)])
def test_a_trial_whose_worker_always_dies_is_given_up_and_named_and_the_others_finish(
    tmp_path, monkeypatch, caplog, order
):
    from qsense.study import trial_runs as module

    monkeypatch.setattr(module, "run_batch", deadly)
    monkeypatch.setattr(module, "FLUSH_S", 0.05)  # so that the queue is looked at while it runs
    monkeypatch.setattr(module, "BATCH_S", 0.02)
    seeds = [3, *range(10, 30)] if order == "first" else [*range(10, 60), 3]
    one = studies.study({"probes": "ghz"}, sweep={"seed": seeds})
    with Store(tmp_path / "store") as store:
        done = run_trials(one.trials, store, partial(worker_pool.process_pool, 2), studies.PROVENANCE)
        (failure,) = done.failures
        assert "its worker died 3 times while it ran" in failure.reason
        assert failure.trial.spec.seed == 3
        assert done.new == len(seeds) - 1
        assert len(store.stored_keys([trial.key for trial in one.trials])) == done.new
    notes = caplog.messages
    assert 2 <= len(notes) <= 3
    # Once it is suspected it runs with no other beside it, which would die with it.
    assert set(notes[1:]) == {"a worker died; 1 running trial will be run again"}


@pytest.mark.parametrize(
    ("sent", "to_group", "moment"),
    [
        *((*who, "early") for who in (("SIGINT", True), ("SIGTERM", False))),
        pytest.param("SIGINT", False, "early", marks=pytest.mark.study),
        *(
            pytest.param(*who, "later", marks=pytest.mark.study)
            for who in (("SIGINT", True), ("SIGTERM", False), ("SIGINT", False))
        ),
    ],
)
def test_ctrl_c_and_sigterm_keep_what_is_done_and_say_how_to_go_on(tmp_path, sent, to_group, moment):
    seeds = 1000 if moment == "later" else 20
    spec = studies.written(tmp_path / "killed.toml", {**STUDY, "sweep": {"seed": {"from": 1, "to": seeds}}})
    store = tmp_path / "store"
    process = studies.started("sweep", spec, "--store", store, "--out", tmp_path / "out", "--workers", 2)
    if moment == "early":

        def two_are_importing():
            return sum("numpy" in processes.libraries_of(pid) for pid in studies.workers_of(process.pid)) == 2

        wait_until(two_are_importing, "both workers import what they need", process=process, pause_s=0.005)
    else:
        wait_until(lambda: list(store.glob("shards/*/*.zip")), "the first shard is stored", process=process)
    hands = processes.children_of(process.pid)
    assert hands
    if to_group:
        os.killpg(process.pid, getattr(signal, sent))
    else:
        process.send_signal(getattr(signal, sent))
    _, err = processes.finish(process)
    assert process.returncode == 130, err
    assert "Traceback" not in err, err
    lines = [line for line in err.splitlines() if line.startswith("qsense: stopped; ")]
    assert len(lines) == 1, err
    studies.wait_until_ended(hands)
    kept = verify(store)
    assert kept.wrong == ()
    assert f"stopped; {kept.trials} of {2 * seeds} trials are in {store}" in lines[0]
    assert (kept.trials > 0) == (moment == "later")


def test_a_study_without_any_result_says_so_and_lists_what_failed(tmp_path):
    bad = studies.data({"shots": 1}, sweep={"seed": [1, 2]})
    spec = studies.written(tmp_path / "bad.toml", bad)
    arguments = ("sweep", spec, "--store", tmp_path / "store", "--out", tmp_path / "out", "--workers", 1)
    done = studies.command(*arguments)
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert "4 trials could not be run; the first, " in line
    assert "needs at least 5 shots a circuit" in line
    (folder,) = (tmp_path / "out").iterdir()
    rows = list(csv.DictReader((folder / "failures.csv").read_text().splitlines()))
    assert len({row["trial"] for row in rows}) == 4
    assert sorted(path.name for path in folder.iterdir()) == ["failures.csv"]
    again = studies.command(*arguments, "--json")
    assert again.returncode == 2
    assert json.loads(again.stdout)["failed"] == 4
