"""Who runs a study, in which order and on how many workers changes no bit of its tables."""

import importlib.util
import json
import os
import signal
import subprocess
import sys
import time
import types
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import studies

from qsense import RunSpec, run
from qsense.circuits.counts import Counts
from qsense.errors import ArgumentError, QsenseError
from qsense.runs.plan import plan
from qsense.store import Store
from qsense.study import worker_pool
from qsense.study.expansion import Study
from qsense.study.trial_runs import run_trials

pytestmark = pytest.mark.long

STUDY = studies.data(
    {"estimators": ["auto", {"estimator": "tomography"}], "shots": 60, "times_s": [0.2, 0.6]},
    sweep={"num_qubits": [1, 2, 3], "seed": {"from": 1, "to": 8}},
)
ONE = Study.from_dict(STUDY)
cluster = pytest.mark.skipif(importlib.util.find_spec("distributed") is None, reason="needs dask.distributed")


@contextmanager
def threads(number=3):
    with ThreadPoolExecutor(number) as pool:
        yield worker_pool.WorkerPool(pool, lambda: number)


@contextmanager
def local_cluster(**options):
    from distributed import LocalCluster

    wanted = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "host": "127.0.0.1"}
    with LocalCluster(**{**wanted, **options}) as made:
        yield made


@pytest.fixture(scope="module", autouse=True)
def quiet_dask():
    """dask's own warnings and sockets are not the subject."""
    import logging
    import warnings

    logging.getLogger("distributed").setLevel(logging.CRITICAL)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        yield


@pytest.fixture(scope="module")
def sequential(tmp_path_factory):
    path = tmp_path_factory.mktemp("sequential") / "store"
    return studies.tables(path, studies.filled(path, ONE))


@pytest.mark.parametrize("workers", [1, 2])
def test_processes_give_the_same_tables(tmp_path, sequential, workers):
    entry = studies.filled(tmp_path / "s", ONE, partial(worker_pool.process_pool, workers))
    assert studies.tables(tmp_path / "s", entry) == sequential


def test_any_executor_gives_the_same_tables(tmp_path, sequential):
    entry = studies.filled(tmp_path / "s", ONE, threads)
    assert studies.tables(tmp_path / "s", entry) == sequential


def test_any_order_gives_the_same_results(tmp_path, sequential):
    order = np.random.default_rng(1).permutation(len(ONE.trials))
    mixed = replace(ONE, trials=tuple(ONE.trials[k] for k in order), picks=tuple(ONE.picks[k] for k in order))
    entry = studies.filled(tmp_path / "s", mixed, threads)
    trials = studies.tables(tmp_path / "s", entry)[0].splitlines()
    expected = sequential[0].splitlines()
    assert trials[0] == expected[0]
    assert trials[1:] == [expected[1:][k] for k in order]
    assert trials != expected


def test_a_trial_that_the_store_has_is_not_run_again_in_whatever_study(tmp_path):
    studies.filled(tmp_path, ONE, threads)
    other = Study.from_dict({**STUDY, "name": "other", "sweep": {"seed": [7, 8, 9], "num_qubits": [2, 5]}})
    ran = []

    def counted(contents):
        ran.extend(contents)
        return worker_pool.run_batch(contents)

    from qsense.study import trial_runs as module

    with pytest.MonkeyPatch.context() as patch, Store(tmp_path) as store:
        patch.setattr(module, "run_batch", counted)
        done = run_trials(other.trials, store, threads, studies.PROVENANCE)
    assert (done.present, done.new) == (8, 16)
    assert {(content["seed"], content["num_qubits"][0]) for content in ran} == {(7, 5), (8, 5), (9, 5), (9, 2)}


def test_a_trial_is_the_same_point_as_that_of_a_run(tmp_path):
    """Counts and 𝓘 of every point, the same bits."""
    spec = RunSpec.from_dict({"schema": 1, "name": "run", **STUDY["run"], "num_qubits": [1, 2, 3], "seed": 5})
    record = run(spec, tmp_path / "records")
    rows = record.read_json("summary.json")["rows"]
    studies.filled(tmp_path / "store", ONE)
    with Store(tmp_path / "store") as store:
        found = {
            (p.probes[0].kind, p.probes[0].num_qubits, p.estimators[0].name): result
            for result in store.results(sorted({trial.key for trial in ONE.trials if trial.spec.seed == 5}))
            for p in [RunSpec.from_dict(result.trial)]
        }
    assert len(found) == len(rows) == 12
    for point, row in zip(plan(spec), rows, strict=True):
        result = found[point.probe.kind, point.probe.num_qubits, point.estimator.name]
        one = Counts.from_bytes(result.counts, "store")
        two = Counts.joined(record.counts(point))
        assert np.array_equal(one.table(), two.table())
        for key in ("img_s", "img_stderr_s", "img_low_s", "img_high_s", "img_exact_s", "z", "tail_s"):
            assert result.outcome["summary"][key] == row[key]


def test_a_result_that_cannot_be_stored_fails_alone(monkeypatch):
    from qsense.study.trial import Outcome

    monkeypatch.setattr(worker_pool, "run_trial", lambda content: Outcome({"img_s": content["nan"]}, b""))
    good, bad = worker_pool.run_batch([{"nan": 1.0}, {"nan": float("nan")}])
    assert good.outcome is not None
    assert bad.outcome is None
    assert "ValueError" in bad.failure


@cluster
def test_a_dask_cluster_gives_the_same_tables(tmp_path, sequential):
    with local_cluster() as made:
        entry = studies.filled(tmp_path / "s", ONE, partial(worker_pool.dask_pool, made.scheduler_address))
    assert studies.tables(tmp_path / "s", entry) == sequential


@cluster
def test_a_dask_worker_lost_in_mid_task_costs_nothing(tmp_path, sequential):
    slow = studies.study({"shots": 2000}, sweep={"num_qubits": [12], "seed": {"from": 1, "to": 60}})
    expected = studies.tables(
        tmp_path / "a", studies.filled(tmp_path / "a", slow, partial(worker_pool.process_pool, 2))
    )
    killed = []
    with local_cluster() as made:

        def kill(done, total, label):
            if not killed and done > 0:
                killed.append(made.workers[0].pid)
                os.kill(killed[0], signal.SIGKILL)

        with Store(tmp_path / "b") as store:
            ended = run_trials(
                slow.trials, store, partial(worker_pool.dask_pool, made.scheduler_address), studies.PROVENANCE, kill
            )
            store.write(store.studies / f"{slow.entry().id}.zip", slow.entry().to_bytes())
    assert killed
    assert ended.failures == ()
    assert studies.tables(tmp_path / "b", slow.entry()) == expected


@cluster
def test_a_scheduler_lost_between_two_questions_is_the_same_line():
    from distributed.comm import CommClosedError

    with local_cluster() as made:
        for error in (CommClosedError("in <TCP>: Stream is closed"), ConnectionResetError(104, "reset")):
            with pytest.raises(ArgumentError, match="scheduler is gone"), worker_pool.dask_pool(made.scheduler_address):
                raise error


@cluster
def test_a_lost_scheduler_is_one_line_and_what_is_done_is_kept(tmp_path):
    dask = [sys.executable, "-m", "dask"]
    words = [*dask, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file",
             str(tmp_path / "scheduler.json")]  # fmt: skip
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL, "env": studies.environment()}
    scheduler = subprocess.Popen(words, **quiet)
    worker = process = None
    try:
        end = time.monotonic() + 30
        while not (tmp_path / "scheduler.json").exists() and time.monotonic() < end:
            time.sleep(0.05)
        time.sleep(0.2)  # the file is not written in one step
        address = json.loads((tmp_path / "scheduler.json").read_text())["address"]
        words = [*dask, "worker", address, "--nthreads", "1", "--no-nanny", "--no-dashboard"]
        worker = subprocess.Popen(words, cwd=tmp_path, **quiet)
        long = studies.data({"shots": 9000}, sweep={"seed": {"from": 1, "to": 9999}})
        spec = studies.written(tmp_path / "long.toml", long)
        store = tmp_path / "store"
        process = studies.started("sweep", spec, "--store", store, "--out", tmp_path / "out", "--dask", address)
        while not list(store.glob("shards/*/*.zip")) and time.monotonic() < end and process.poll() is None:
            time.sleep(0.05)
        scheduler.kill()
        _, err = process.communicate(timeout=60)
        assert process.returncode == 2, err
        assert "The cluster's scheduler is gone; finished results are stored, run the same command again." in err
        assert "Traceback" not in err, err
        assert len([line for line in err.splitlines() if line.startswith("qsense: ")]) == 1
        with Store(store, read_only=True) as opened:
            assert len(opened.held([trial.key for trial in Study.load(spec).trials])) > 0
    finally:
        for one in (scheduler, worker, process):
            if one is not None:
                one.kill()
                one.wait()
                for pipe in (one.stdout, one.stderr):
                    if pipe:
                        pipe.close()


@cluster
def test_ctrl_c_does_not_wait_for_a_cluster(tmp_path):
    slow = studies.study({"shots": 300000, "estimators": "auto"}, sweep={"num_qubits": [60], "seed": [1, 2, 3, 4]})
    with local_cluster() as made:
        begun = time.monotonic()

        @contextmanager
        def stopped():
            with worker_pool.dask_pool(made.scheduler_address) as hands:
                hands.executor.submit(time.sleep, 30)
                yield worker_pool.WorkerPool(hands.executor, lambda: (_ for _ in ()).throw(KeyboardInterrupt))

        with Store(tmp_path / "s") as store:
            done = run_trials(slow.trials, store, stopped, studies.PROVENANCE)
        assert done.stopped
        assert time.monotonic() - begun < 15


@cluster
def test_a_scheduler_that_does_not_answer_is_one_line(tmp_path):
    for address in ("tcp://127.0.0.1:9", "nowhere", "tcp://"):
        with (
            pytest.raises(ArgumentError, match=f'No dask scheduler answers at "{address}"') as caught,
            worker_pool.dask_pool(address),
        ):
            pass
        assert "\n" not in str(caught.value)


@cluster
@pytest.mark.parametrize(
    ("answer", "message"),
    [
        ("def _version(): return '0.0.1'", "has qsense 0.0.1, but this is .*; install the same"),
        ("", "cannot import qsense .*; install it"),
    ],
)
def test_a_dask_worker_with_another_qsense_or_none_is_one_line(tmp_path, monkeypatch, answer, message):
    """The workers find another module under the name of the one that is asked."""
    if answer:
        (tmp_path / "other_qsense.py").write_text(answer)
    monkeypatch.syspath_prepend(tmp_path)
    with local_cluster(n_workers=1) as made:
        there = types.ModuleType("other_qsense")
        exec("def _version(): return 'here'", vars(there))
        monkeypatch.setitem(sys.modules, "other_qsense", there)
        monkeypatch.setattr(worker_pool, "_version", there._version)
        there._version.__module__ = "other_qsense"
        with pytest.raises(QsenseError, match=message) as caught, worker_pool.dask_pool(made.scheduler_address):
            pass
    assert "\n" not in str(caught.value)
