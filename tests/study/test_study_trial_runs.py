"""Who runs a study, in which order and on how many workers changes no bit of its tables."""

import csv
import importlib.util
import io
import json
import os
import signal
import subprocess
import sys
import time
import types
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import replace
from functools import partial

import numpy as np
import processes
import pytest
import studies
from waiting import limit, wait_until

from qsense import RunSpec, run
from qsense.circuits.counts import Counts
from qsense.errors import ArgumentError, QsenseError
from qsense.extensions import Consent
from qsense.runs.plan import plan
from qsense.store import Store
from qsense.study import worker_pool
from qsense.study.expansion import Study
from qsense.study.trial_runs import run_trials

pytestmark = pytest.mark.long

STUDY = studies.data(
    {"estimators": ["auto", {"estimator": "tomography"}], "shots": 60, "times_s": [0.2, 0.6]},
    sweep={"num_qubits": [1, 2, 3], "seed": {"from": 1, "to": 2}},
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

    wanted = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": ":0", "host": "127.0.0.1"}
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
    return studies.tables(path, studies.filled(path, ONE, together=True))


@pytest.mark.parametrize("workers", [pytest.param(1, marks=pytest.mark.study), 2])
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
    # The columns stand as the first trial has them.
    found, expected = (list(csv.DictReader(io.StringIO(text.decode()))) for text in (
        studies.tables(tmp_path / "s", entry)[0], sequential[0],
    ))  # fmt: skip
    assert found == [expected[k] for k in order]
    assert found != expected


def test_a_trial_that_the_store_has_is_not_run_again_in_whatever_study(tmp_path):
    studies.filled(tmp_path, ONE, threads)
    other = Study.from_dict({**STUDY, "name": "other", "sweep": {"seed": [2, 3], "num_qubits": [2, 4]}})
    ran = []

    def counted(contents, *rest):
        ran.extend(contents)
        return worker_pool.run_batch(contents, *rest)

    from qsense.study import trial_runs as module

    with pytest.MonkeyPatch.context() as patch, Store(tmp_path) as store:
        patch.setattr(module, "run_batch", counted)
        done = run_trials(other.trials, store, threads, studies.PROVENANCE)
    assert (done.present, done.new) == (4, 12)
    assert {(content["seed"], content["num_qubits"][0]) for content in ran} == {(2, 4), (3, 4), (3, 2)}


def test_a_trial_is_the_same_point_as_that_of_a_run(tmp_path):
    """Counts and 𝓘 of every point, the same bits."""
    spec = RunSpec.from_dict({"schema": 1, "name": "run", **STUDY["run"], "num_qubits": [1, 2, 3], "seed": 2})
    record = run(spec, tmp_path / "records")
    rows = record.read_json("summary.json")["rows"]
    studies.filled(tmp_path / "store", ONE, together=True)
    with Store(tmp_path / "store") as store:
        found = {
            (p.probes[0].kind, p.probes[0].num_qubits, p.estimators[0].name): result
            for result in store.results(sorted({trial.key for trial in ONE.trials if trial.spec.seed == 2}))
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


@pytest.mark.parametrize(("name", "message"), [("qsense", "has qsense 0"), ("results", "has results of version 0"),
                                               ("numpy", "has numpy 0")])  # fmt: skip
def test_a_worker_that_joins_late_with_other_versions_runs_no_trial(tmp_path, monkeypatch, name, message):
    """The first batch is run by a worker like this process, every other by one that has come meanwhile."""
    from qsense.study import trial_runs as module

    batches, ran = [], []
    run_trial = worker_pool.run_trial
    monkeypatch.setattr(worker_pool, "run_trial", lambda content: (ran.append(content), run_trial(content))[1])

    def late(contents, consent, wanted):
        batches.append(contents)
        there = wanted if len(batches) == 1 else {**wanted, name: "0"}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(worker_pool, "versions", lambda: there)
            return worker_pool.run_batch(contents, consent, wanted)

    monkeypatch.setattr(module, "run_batch", late)
    monkeypatch.setattr(module, "BATCH_S", 1e-6)
    refused = pytest.raises(ArgumentError, match=f"^The worker .* {message}, but this is .*install the same version")
    with Store(tmp_path) as store, refused:
        run_trials(ONE.trials[:4], store, partial(threads, 1), studies.PROVENANCE)
    assert len(batches) >= 2
    assert len(ran) == 1


def test_a_result_that_cannot_be_stored_fails_alone(monkeypatch):
    from qsense.study.trial import Outcome

    monkeypatch.setattr(worker_pool, "run_trial", lambda content: Outcome({"img_s": content["nan"]}, b""))
    good, bad = worker_pool.run_batch([{"nan": 1.0}, {"nan": float("nan")}], Consent(), {})
    assert good.outcome is not None
    assert bad.outcome is None
    assert "ValueError" in bad.failure


@cluster
@pytest.mark.study  # the next test kills a worker beside that
def test_a_dask_cluster_gives_the_same_tables(tmp_path, sequential):
    with local_cluster() as made:
        entry = studies.filled(tmp_path / "s", ONE, partial(worker_pool.dask_pool, made.scheduler_address))
    assert studies.tables(tmp_path / "s", entry) == sequential


@cluster
@pytest.mark.study
def test_a_dask_worker_lost_in_mid_task_costs_nothing(tmp_path, sequential):
    slow = studies.study({"shots": 2000}, sweep={"num_qubits": [12], "seed": {"from": 1, "to": 12}})
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


@pytest.mark.study
@cluster
def test_a_lost_scheduler_is_one_line_and_what_is_done_is_kept(tmp_path):
    dask = [sys.executable, "-m", "dask"]
    words = [*dask, "scheduler", "--host", "127.0.0.1", "--port", "0", "--no-dashboard", "--scheduler-file",
             str(tmp_path / "scheduler.json")]  # fmt: skip
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    scheduler = processes.start(words, **quiet)

    def address_in_the_file():  # which is not written in one step
        with suppress(OSError, ValueError):
            return json.loads((tmp_path / "scheduler.json").read_text())["address"]

    address = wait_until(address_in_the_file, "the scheduler has written its address", process=scheduler)
    processes.start([*dask, "worker", address, "--nthreads", 1, "--no-nanny", "--no-dashboard"], cwd=tmp_path, **quiet)
    long = studies.data({"shots": 9000}, sweep={"seed": {"from": 1, "to": 1500}})
    spec = studies.written(tmp_path / "long.toml", long)
    store = tmp_path / "store"
    process = studies.started("sweep", spec, "--store", store, "--out", tmp_path / "out", "--dask", address)
    wait_until(lambda: list(store.glob("shards/*/*.zip")), "the first shard is stored", 20.0, process)
    processes.kill(scheduler)
    _, err = processes.finish(process)
    assert process.returncode == 2, err
    assert "The cluster's scheduler is gone; finished results are stored, run the same command again." in err
    assert "Traceback" not in err, err
    assert len([line for line in err.splitlines() if line.startswith("qsense: ")]) == 1
    with Store(store, read_only=True) as opened:
        assert len(opened.stored_keys([trial.key for trial in Study.load(spec).trials])) > 0


@cluster
def test_ctrl_c_does_not_wait_for_a_cluster(tmp_path):
    slow = studies.study({"shots": 300000, "estimators": "auto"}, sweep={"num_qubits": [60], "seed": [1, 2, 3, 4]})
    started, gave_up, let_go = tmp_path / "started", tmp_path / "gave up", tmp_path / "let go"
    patience = limit(20)
    with local_cluster() as made:

        @contextmanager
        def stopped():
            with worker_pool.dask_pool(made.scheduler_address) as hands:
                hands.executor.submit(_work_until, str(let_go), str(started), str(gave_up), patience)
                wait_until(started.exists, "the cluster works on the task")
                yield worker_pool.WorkerPool(hands.executor, lambda: (_ for _ in ()).throw(KeyboardInterrupt))

        with Store(tmp_path / "s") as store:
            done = run_trials(slow.trials, store, stopped, studies.PROVENANCE)
        assert done.stopped
        assert not gave_up.exists(), "the study ended only when the cluster's task had"
        let_go.touch()


def _work_until(let_go, started, gave_up, patience):
    """A task that runs until a file is there; other files say that it has started and that it had to give up."""
    open(started, "w").close()
    end = time.monotonic() + patience
    while not os.path.exists(let_go):
        if time.monotonic() > end:
            open(gave_up, "w").close()
            return
        time.sleep(0.05)


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
        ("def _versions(): return {'qsense': '0.0.1'}", "has qsense 0.0.1, but this is .*; install the same"),
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
        exec("def _versions(): return 'here'", vars(there))
        monkeypatch.setitem(sys.modules, "other_qsense", there)
        monkeypatch.setattr(worker_pool, "_versions", there._versions)
        there._versions.__module__ = "other_qsense"
        with pytest.raises(QsenseError, match=message) as caught, worker_pool.dask_pool(made.scheduler_address):
            pass
    assert "\n" not in str(caught.value)
