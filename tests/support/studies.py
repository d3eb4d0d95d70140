"""Small studies, and stores and commands for the tests about them."""

import subprocess
import sys

import forked
import processes
import tomli_w
from waiting import wait_until

from qsense.store import Result, Store
from qsense.store.shard import content_key
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
_found = {}
PROVENANCE = {"python": "3", "versions": {}}


def data(run=None, **keys):
    """The dictionary of a study; `run` changes its run spec."""
    return {"schema": 1, "name": "small", "run": {**RUN, **(run or {})}, **keys}


def study(run=None, **keys):
    return Study.from_dict(data(run, **keys))


def result(number):
    """A result that no trial gave; it is known by its number."""
    content = {"seed": number}
    return Result(content_key(content, 1), content, {"img": number / 3}, bytes([number % 256]) * 50, 0.5)


def measured(seed):
    """The result of the first trial of a small study with another seed."""
    trial = study(sweep={"seed": [seed]}).trials[0]
    return Result(trial.key, trial.content, *run_trial(trial.content), 0.0)


def filled(path, one, make_pool=None, together=False):
    """A store that has all trials of a study, and its entry; made in this process unless workers are given.

    Trials that are stored `together` share a shard, which is written to the disk once; else each has its own.
    """
    with Store(path) as store:
        entry = one.entry()
        store.write(store.studies / f"{entry.id}.zip", entry.to_bytes())
        if make_pool is None:
            unique = {trial.key: trial for trial in one.trials}.values()
            results = [_result_of(trial) for trial in unique]
            for part in [results] if together else [[result] for result in results]:
                store.put(part, PROVENANCE)
        else:
            done = run_trials(one.trials, store, make_pool, PROVENANCE)
            assert not done.failures, done.failures[0]
    return entry


def _result_of(trial):
    """What `run_trial` gives, kept: many tests begin with the same trials. (Who runs them is the subject elsewhere.)"""
    if trial.key not in _found:
        _found[trial.key] = Result(trial.key, trial.content, *run_trial(trial.content), 0.0)
    return _found[trial.key]


def tables(path, entry):
    """trials.csv and curves.csv of a study."""
    with Store(path, read_only=True) as store:
        results = study_results(store, entry)
    return results.trials.to_csv(), results.curve_rows().to_csv()


def written(path, content):
    path.write_text(tomli_w.dumps(content))
    return path


def command(*arguments, **options):
    """A finished `qsense` command."""
    done = forked.run(*arguments, **options)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def started(*arguments, **options):
    """A running `qsense` command."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return processes.start([sys.executable, "-m", "qsense.cli", *arguments], **{**pipes, **options})


IMPATIENT = """
import sys
from pictures import drawn_where_asked
from qsense.cli import main
from qsense.reports.page.files import reports_written
from qsense.study import trial_runs
trial_runs.FLUSH_S = 0.2
with drawn_where_asked(), reports_written(False):
    main()
"""


def started_impatient(*arguments):
    """A running `qsense` command that stores what is done five times a second, and draws nothing."""
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE}
    return processes.start_python(IMPATIENT, *arguments, **pipes)


def workers_of(pid):
    """The children that run trials; another one looks after the semaphores of all."""
    return [child for child in processes.children_of(pid) if "spawn_main" in processes.command_line(child)]


def wait_until_ended(pids):
    """Waits until processes that are told to end are gone."""
    wait_until(lambda: not any(map(processes.is_running, pids)), "the study's workers have ended", 2.0)
