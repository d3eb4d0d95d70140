"""Studies: cores, overhead, the store, resuming, dask beside processes, memory, and the costs that are foretold.

    python benchmarks/study.py [costs] [workers] [overhead] [store] [trials] [tables] [bookkeeping] [dask] [memory]

`store` runs 10 000 trials, `trials` and `tables` as many as QSENSE_TRIALS says.
Everything is seeded; times are of this machine, ratios of one run.
"""

import json
import multiprocessing
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import tomli_w

from qsense.extensions import Consent
from qsense.runs.provenance import provenance
from qsense.runs.spec import RunSpec
from qsense.store import Result, Store
from qsense.study import worker_pool
from qsense.study.cost import Cost
from qsense.study.expansion import Study
from qsense.study.trial import run_trial
from qsense.study.trial_runs import run_trials

BASE = {
    "probes": ["ghz", "product"], "noise": {"dephasing_rate": 1.0}, "estimators": "auto", "field_rad_per_s": 0.2,
    "shots": 1000, "seed": 1,
}  # fmt: skip
SMALL = {"num_qubits": [2, 4, 8, 16, 32], "noise.dephasing_rate": {"from": 0.1, "to": 10, "points": 20, "scale": "log"}}


def study(sweep, **changes):
    return Study.from_dict({"schema": 1, "name": "benchmark", "run": BASE | changes, "sweep": sweep})


def timed(trials, make_pool):
    with tempfile.TemporaryDirectory() as folder, Store(folder) as store:
        start = time.perf_counter()
        done = run_trials(trials, store, make_pool, {})
        return done, time.perf_counter() - start


def costs():
    """Seed 2, after seed 1 has filled the caches; the peak is that of a process of its own."""
    print("| trial | s | foretold | MB | at most |")
    print("|---|---|---|---|---|")
    for probe, size, estimator, shots, backend in (
        ("ghz", 4, "auto", 1000, "emulator"), ("ghz", 100, "auto", 1000, "emulator"),
        ("ghz", 100, "auto", 100000, "emulator"), ("product", 4, "auto", 1000, "emulator"),
        ("product", 100, "auto", 1000, "emulator"), ("product", 100, "auto", 100000, "emulator"),
        ("ghz", 4, "tomography", 1000, "emulator"), ("dicke_x:2", 5, "auto", 1000, "emulator"),
        ("ghz", 6, "tomography", 1000, "emulator"), ("dicke_x:20", 40, "parameter_shift", 1000, "emulator"),
        ("ghz", 8, "auto", 1000, "aer"), ("product", 10, "auto", 1000, "aer"), ("ghz", 4, "tomography", 1000, "aer"),
    ):  # fmt: skip
        content = BASE | {
            "schema": 1, "name": "trial", "probes": [probe], "num_qubits": [size], "noise": [{"emission_rate": 0.5}],
            "estimators": [estimator], "shots": shots, "backend": backend,
        }  # fmt: skip
        done = subprocess.run(
            [sys.executable, __file__, "one", json.dumps(content)], capture_output=True, text=True, check=True,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
        )  # fmt: skip
        seconds, peak = json.loads(done.stdout)
        told = Cost.of(RunSpec.from_dict(content))
        print(
            f"| {probe}, N = {size}, {estimator}, {shots} shots, {backend} | {seconds:.3g} | {told.seconds:.2g} "
            f"| {peak:.0f} | {told.bytes / 2**20:.0f} |",
            flush=True,
        )


def one(content):
    from qsense.study.trial import run_trial

    run_trial(json.loads(content))
    start = time.perf_counter()
    run_trial({**json.loads(content), "seed": 2})
    print(json.dumps([time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))


def workers():
    trials = study({**SMALL, "seed": {"from": 1, "to": 10}}).trials
    print(f"the same {len(trials)} trials on one worker and on two, in turn; s from the first batch to the last result")
    for _ in range(3):
        walls = [timed(trials, lambda n=n: worker_pool.process_pool(n))[1] for n in (1, 2)]
        print(f"  1: {walls[0]:6.2f} s   2: {walls[1]:6.2f} s   ratio {walls[0] / walls[1]:.2f}")


def overhead():
    trials = study({**SMALL, "seed": {"from": 1, "to": 10}}).trials
    done, _ = timed(trials, lambda: worker_pool.process_pool(1))
    start = time.process_time()
    answers = [answer for at in range(0, len(trials), 50) for answer in _batch(trials[at : at + 50])]
    alone = time.process_time() - start
    lost = done.wall_s - done.busy_s
    print(
        f"{len(trials)} trials of {1e3 * done.busy_s / len(trials):.1f} ms on one worker: {done.wall_s:.2f} s, of which"
    )
    print(
        f"  outside of trials {lost:.2f} s, {100 * lost / done.wall_s:.1f} %: {1e3 * lost / len(trials):.2f} ms a trial"
    )
    print(f"  (starting the worker included; without a pool the trials take {alone:.2f} s of processor time)")
    assert all(answer.outcome for answer in answers)


def _batch(trials):
    return worker_pool.run_batch([trial.content for trial in trials], Consent(), {})


def store():
    found = study({"num_qubits": [4, 8], "noise.dephasing_rate": SMALL["noise.dephasing_rate"],
                   "seed": {"from": 1, "to": 125}})  # fmt: skip
    file = (
        'schema = 1\nname = "benchmark"\n[run]\nprobes = ["ghz", "product"]\nnoise = { dephasing_rate = 1.0 }\n'
        'estimators = "auto"\nfield_rad_per_s = 0.2\nshots = 1000\nseed = 1\n[sweep]\nnum_qubits = [4, 8]\n'
        '"noise.dephasing_rate" = { from = 0.1, to = 10, points = 20, scale = "log" }\nseed = { from = 1, to = 125 }\n'
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "study.toml"
        path.write_text(file)
        command = [str(Path(sys.executable).parent / "qsense"), "sweep", str(path), "--store", f"{folder}/store",
                   "--out", f"{folder}/studies", "--json"]  # fmt: skip
        for what in ("run", "again"):
            start = time.perf_counter()
            done = json.loads(subprocess.run(command, capture_output=True, text=True, check=True).stdout)
            print(f"{len(found.trials)} trials, {what}: {time.perf_counter() - start:.2f} s, {done['new']} new")
        size = sum(one.stat().st_size for one in Path(folder, "store").rglob("*") if one.is_file())
        shards = list(Path(folder, "store", "shards").rglob("*.zip"))
        index = Path(folder, "store", "index.sqlite").stat().st_size
        print(
            f"the store: {size / 2**20:.1f} MB in {len(shards)} shards, {size / len(found.trials):.0f} bytes a trial; ",
            end="",
        )
        print(f"the index {index / 2**20:.2f} MB")
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
        print(f"largest process: {peak:.0f} MB")
        with Store(f"{folder}/store") as opened:
            keys = [trial.key for trial in found.trials]
            start = time.perf_counter()
            opened.stored_keys(keys)
            print(f"asking the index for all of them: {1e3 * (time.perf_counter() - start):.0f} ms")
            start = time.perf_counter()
            results = list(opened.results(keys))
            print(f"reading all of them: {time.perf_counter() - start:.2f} s")
        with tempfile.TemporaryDirectory() as other, Store(other) as empty:
            start = time.perf_counter()
            for at in range(0, len(results), 500):
                empty.put(results[at : at + 500], {})
            print(f"storing all of them, 500 a shard: {time.perf_counter() - start:.2f} s")
        start = time.perf_counter()
        Study.load(path).entry()
        print(f"expanding the file: {time.perf_counter() - start:.2f} s")


def many_trials():
    """Small trials (GHZ, N = 2, 100 shots) on two workers."""
    print("| trials | run s | a trial ms | again s | store MB | largest process MB |")
    print("|---|---|---|---|---|---|")
    for number in map(int, os.environ.get("QSENSE_TRIALS", "1000 10000").split()):
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / "study.toml"
            path.write_text(
                'schema = 1\nname = "grow"\n[run]\nprobes = "ghz"\nnum_qubits = 2\nnoise = { dephasing_rate = 1.0 }\n'
                'estimators = "auto"\nfield_rad_per_s = 0.2\nshots = 100\nseed = 1\n'
                f"[sweep]\nseed = {{ from = 1, to = {number} }}\n"
            )
            command = [str(Path(sys.executable).parent / "qsense"), "sweep", str(path), "--store", f"{folder}/store",
                       "--out", f"{folder}/studies", "--json"]  # fmt: skip
            walls = []
            for _ in range(2):
                start = time.perf_counter()
                subprocess.run(command, capture_output=True, check=True)
                walls.append(time.perf_counter() - start)
            size = sum(one.stat().st_size for one in Path(folder, "store").rglob("*") if one.is_file()) / 2**20
            peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
            each = 1e3 * walls[0] / number
            print(f"| {number} | {walls[0]:.1f} | {each:.2g} | {walls[1]:.1f} | {size:.1f} | {peak:.0f} |", flush=True)


def tables():
    """GHZ and product, N = 2, 100 shots, in one process: results of a hundred real trials each, under other seeds."""
    print("| trials | s | a trial ms | tables MB | largest process MB |")
    print("|---|---|---|---|---|")
    base = {**BASE, "num_qubits": 2, "shots": 100}
    for number in map(int, os.environ.get("QSENSE_TRIALS", "10000 100000").split()):
        with tempfile.TemporaryDirectory() as folder:
            path, store = Path(folder) / "study.toml", Path(folder) / "store"
            words = {"schema": 1, "name": "tables", "run": base, "sweep": {"seed": {"from": 1, "to": number // 2}}}
            path.write_text(tomli_w.dumps(words))
            filling = multiprocessing.get_context("spawn").Process(target=_repeat, args=(words, store))
            filling.start()  # by itself: a process begins with the peak of the one that starts it
            filling.join()
            assert filling.exitcode == 0
            command = [sys.executable, "-m", "qsense", "sweep", str(path), "--store", str(store), "--out",
                       f"{folder}/studies", "--json"]  # fmt: skip
            child = subprocess.Popen(command, stdout=subprocess.DEVNULL)
            _, status, used = os.wait4(child.pid, 0)
            assert status == 0
            size = sum(one.stat().st_size for one in Path(folder, "studies").rglob("*.csv")) / 2**20
            seconds = used.ru_utime + used.ru_stime
            each = 1e3 * seconds / number
            print(f"| {number} | {seconds:.1f} | {each:.2g} | {size:.1f} | {used.ru_maxrss / 1024:.0f} |", flush=True)


def _repeat(words, path):
    one = Study.from_dict(words)
    real = [run_trial(trial.content) for trial in one.trials[:200]]
    with Store(path) as store:
        for start in range(0, len(one.trials), 2000):
            part = one.trials[start : start + 2000]
            outcomes = (real[(start + k) % len(real)] for k in range(len(part)))
            store.put(
                [Result(trial.key, trial.content, *own, 0.06) for trial, own in zip(part, outcomes, strict=True)],
                provenance(),
            )


def bookkeeping():
    """Trials that are not run: every worker answers with the result of the first."""
    print("what a trial costs beside its run, in this process")
    answer = run_trial(study({"seed": [1]}, num_qubits=2, probes="ghz", shots=100).trials[0].content)
    worker_pool.run_trial = lambda content: answer
    for number in (2000, 20_000):
        start = time.process_time()
        trials = study({"seed": {"from": 1, "to": number}}, num_qubits=2, probes="ghz", shots=100).trials
        made = time.process_time()
        timed(trials, worker_pool.this_process)
        ended = time.process_time()
        peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        own, rest = 1e3 * (made - start) / number, 1e3 * (ended - made) / number
        print(
            f"{number:8} trials: expanded {own:.3f} ms, sent, collected, stored {rest:.3f} ms each; peak {peak:.0f} MB"
        )


def dask():
    from distributed import LocalCluster

    trials = study({**SMALL, "seed": {"from": 1, "to": 10}}).trials
    print(f"the same {len(trials)} trials on two processes and on a dask LocalCluster of two, in turn")
    with LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None) as cluster:
        timed(trials[:20], lambda: worker_pool.dask_pool(cluster.scheduler_address))  # imports
        for _ in range(3):
            here = timed(trials, lambda: worker_pool.process_pool(2))[1]
            there = timed(trials, lambda: worker_pool.dask_pool(cluster.scheduler_address))[1]
            print(f"  processes: {here:6.2f} s   dask: {there:6.2f} s   ratio {there / here:.2f}")


def memory():
    print("peak of a worker after many different trials (its caches are bounded), in MB")
    code = (
        "import resource, sys\nsys.path.insert(0, 'benchmarks')\nimport study\n"
        "trials = study.study({'num_qubits': {'from': 1, 'to': 40}, 'noise.dephasing_rate': "
        "{'from': 0.1, 'to': 10, 'points': 50, 'scale': 'log'}}).trials\n"
        "for at in range(0, len(trials), 500):\n    study._batch(trials[at:at + 500])\n"
        "    print(at + 500, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024, end='; ', flush=True)\nprint()"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=Path(__file__).resolve().parent.parent)


if __name__ == "__main__":
    if sys.argv[1:2] == ["one"]:
        one(sys.argv[2])
    else:
        known = {
            "costs": costs,
            "workers": workers,
            "overhead": overhead,
            "store": store,
            "trials": many_trials,
            "tables": tables,
            "bookkeeping": bookkeeping,
            "dask": dask,
            "memory": memory,
        }
        names = sys.argv[1:] or list(known)
        for name in names:
            if len(names) > 1:
                print(f"\n{name}:\n")
            known[name]()
