"""Small studies, and stores and commands for the tests about them."""

import os
import subprocess
import sys
import time

import tomli_w

from qsense.store import Result, Store
from qsense.study.expansion import Study
from qsense.study.results import study_results
from qsense.study.trial import run_trial
from qsense.study.trial_runs import run_trials

RUN = {
    "probes": ["ghz", "product"],
    "num_qubits": [2],
    "noise": {"dephasing_rate": 0.5},
    "estimators": "auto",
    "field_rad_per_s": 0.2,
    "shots": 100,
    "seed": 1,
}
PROVENANCE = {"python": "3", "versions": {}}


def data(run=None, **keys):
    """The dictionary of a study; `run` changes its run spec."""
    return {"schema": 1, "name": "small", "run": {**RUN, **(run or {})}, **keys}


def study(run=None, **keys):
    return Study.from_dict(data(run, **keys))


def result(number):
    """A result that no trial gave; it is known by its number."""
    return Result(f"{number:064x}", {"seed": number}, {"img": number / 3}, bytes([number % 256]) * 50, 0.5)


def filled(path, one, make_pool=None):
    """A store that has all trials of a study, and its entry; made in this process unless workers are given."""
    with Store(path) as store:
        entry = one.entry()
        store.write(store.studies / f"{entry.id}.zip", entry.to_bytes())
        if make_pool is None:
            for trial in {trial.key: trial for trial in one.trials}.values():
                estimates, counts = run_trial(trial.content)
                store.put([Result(trial.key, trial.content, estimates, counts, 0.0)], PROVENANCE)
        else:
            done = run_trials(one.trials, store, make_pool, PROVENANCE)
            assert not done.failures, done.failures[0]
    return entry


def tables(path, entry):
    """trials.csv and curves.csv of a study."""
    with Store(path, read_only=True) as store:
        results = study_results(store, entry)
    return results.trials.to_csv(), results.curve_rows().to_csv()


def written(path, content):
    path.write_text(tomli_w.dumps(content))
    return path


def environment(**more):
    here = os.environ.get("PYTHONPATH", "")
    paths = os.pathsep.join([p for p in (os.path.dirname(__file__), here) if p])
    return {**os.environ, "PYTHONPATH": paths, "OMP_NUM_THREADS": "1", **more}


def command(*arguments, **options):
    """A finished `qsense` command."""
    words = [sys.executable, "-m", "qsense.cli", *map(str, arguments)]
    done = subprocess.run(words, capture_output=True, text=True, timeout=120, env=environment(), **options)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def started(*arguments, **options):
    """A running `qsense` command."""
    words = [sys.executable, "-m", "qsense.cli", *map(str, arguments)]
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return subprocess.Popen(words, text=True, env=environment(), **{**pipes, **options})


def children_of(pid):
    """The processes that a process has started and that are still there (Linux)."""
    found = []
    for entry in os.scandir("/proc"):
        if entry.name.isdigit():
            try:
                with open(f"/proc/{entry.name}/stat") as file:
                    parent = int(file.read().rpartition(")")[2].split()[1])
            except (OSError, IndexError):
                continue
            if parent == pid:
                found.append(int(entry.name))
    return found


def workers_of(pid):
    """The children that run trials; another one looks after the semaphores of all."""
    found = []
    for child in children_of(pid):
        try:
            with open(f"/proc/{child}/cmdline") as file:
                words = file.read()
        except OSError:
            continue
        if "spawn_main" in words:
            found.append(child)
    return found


def left_of(pids):
    """Those of some processes that are still there after some seconds, in which they may end."""
    end = time.monotonic() + 10
    while (left := [pid for pid in pids if is_running(pid)]) and time.monotonic() < end:
        time.sleep(0.02)
    return left


def is_running(pid):
    try:
        with open(f"/proc/{pid}/stat") as file:
            return file.read().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False
