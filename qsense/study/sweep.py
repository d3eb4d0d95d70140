"""Runs a study: prepares its trials, estimates their cost, runs what the store lacks and returns the results."""

from __future__ import annotations

import logging
import math
import os
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from qsense import backends
from qsense import services as remote
from qsense.errors import ArgumentError, SpecError, StoreError
from qsense.extensions import allowing
from qsense.files.nesting import parse_json
from qsense.files.safe import read_bytes
from qsense.runs.preparation import prepare_run
from qsense.runs.provenance import provenance
from qsense.store import DEFAULT, Store
from qsense.store.studies import StudyEntry, add_study
from qsense.study.cost import Cost
from qsense.study.expansion import Study, keys_of
from qsense.study.main_script import check_main_script
from qsense.study.results import study_results
from qsense.study.summary import SCHEMA
from qsense.study.trial_runs import MakePool, Progress, TrialsRun, run_trials
from qsense.study.worker_pool import dask_pool, process_pool, this_process
from qsense.tables import Columns, Results

logger = logging.getLogger(__name__)
_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


@dataclass(frozen=True)
class StudyCost:
    """The estimated cost of what a store lacks of a study.

    Attributes:
        trials: number of trials of the study.
        present: number of those whose results are in the store.
        seconds: of work on one core.
        bytes: memory of a process that runs the largest trial.
        workers: number of workers: those requested, or as many as fit into the memory.
    """

    trials: int
    present: int
    seconds: float
    bytes: float
    workers: int

    @property
    def wall_s(self) -> float:
        """Estimated time on the workers."""
        return self.seconds / max(1, self.workers)


def estimate_cost(study: Study, store: Store, workers: int, memory: float | None, source: str) -> StudyCost:
    """Returns the estimated cost of what a store lacks of a study.

    Args:
        study: the study.
        store: may have results of it.
        workers: number of workers requested.
        memory: bytes that all workers together may take; None for nine tenths of this machine's memory.
        source: what an error calls the study's file.

    Raises:
        SpecError: one trial alone needs more memory than allowed.
    """
    unique = {key: place for place, key in enumerate(keys_of(study.trials))}
    present = store.stored_keys(list(unique))
    seconds, need, largest = 0.0, 0.0, None
    for key, place in unique.items():
        if key not in present:
            trial = study.trials[place]
            cost = Cost.of(trial.spec)
            seconds += cost.seconds
            need, largest = (cost.bytes, trial) if largest is None or cost.bytes > need else (need, largest)
    if largest is None:
        return StudyCost(len(unique), len(present), 0.0, 0.0, workers)
    limit = machine_memory() if memory is None else memory
    if need > limit:
        raise SpecError(
            f"{source}: the trial {largest.label} needs about {format_bytes(need)}, more than the "
            f"{format_bytes(limit)} allowed; exclude it with `skip`, lower its shots, or raise the argument `memory`."
        )
    fitting = int(min(workers, limit / need))
    return StudyCost(len(unique), len(present), seconds, need, fitting)


def prepare_study(study: Study, source: str) -> Study:
    """Returns a study whose trials on devices have qubits and calibrated noise, which are then part of their keys.

    Args:
        study: the study.
        source: what an error calls the study's file.

    Raises:
        SpecError: a trial does not fit its device, or the backend is a service that runs jobs later.
    """
    names = {trial.spec.backend for trial in study.trials}
    for name in names:
        if remote.is_remote(name):
            raise SpecError(
                f'{source}: key `run.backend`: a study does not wait for jobs of "{name}"; send single runs with '
                "`qsense submit`."
            )
    if not any(backends.is_device(name) for name in names):
        return study
    logged: set[str] = set()
    trials = []
    for trial in study.trials:
        if backends.is_device(trial.spec.backend):
            prepared = prepare_run(trial.spec, None)
            prepared.log_remarks(logged)
            trial = replace(trial, spec=prepared.spec)
        trials.append(trial)
    return replace(study, trials=tuple(trials))


def run_study(
    study: Study,
    store: Store,
    workers: int,
    dask: str | None = None,
    progress: Progress | None = None,
    here: bool = False,
) -> tuple[StudyEntry, TrialsRun]:
    """Runs the trials of a study that a store lacks; returns the study's entry in the store, and how it went.

    Args:
        study: the study, prepared.
        store: where results are read and written.
        workers: number of processes on this machine.
        dask: the address of a cluster's scheduler, to run there instead.
        progress: see `run_trials`.
        here: run them in this process instead.
    """
    entry = study.entry()
    add_study(store, entry)
    make_pool: MakePool = this_process if here else partial(process_pool, workers)
    if dask is not None:
        make_pool = partial(dask_pool, dask)
    return entry, run_trials(study.trials, store, make_pool, provenance(), progress)


def sweep(
    study: Study | str | Path,
    store: str | Path = DEFAULT,
    workers: int = 1,
    dask: str | None = None,
    memory: str | None = None,
    progress: Progress | None = None,
    allow_code: bool = False,
) -> Results:
    """Runs the trials of a study that a store lacks, and returns the results of all its trials.

    Args:
        study: a Study or the path of its TOML file.
        store: the folder of the store, made if it does not exist.
        workers: number of processes on this machine; the only one is this process. More import the main script, which
            needs `if __name__ == "__main__":` around the call.
        dask: the address of a cluster's scheduler, to run there instead.
        memory: what all workers together may take, such as "4GB".
        progress: called with (estimated seconds of work done, in all, label).
        allow_code: whether code that the study names may be imported and run, here and by the workers.

    Raises:
        ArgumentError: the worker processes cannot import the main script.
        SpecError: the file is wrong, names code that is not allowed, or a trial needs more memory than allowed;
            nothing has been run.
        StoreError: the store cannot be written, or trials could not be run; what was stored stays.
    """
    with allowing(allow_code):
        return _sweep(study, store, workers, dask, memory, progress)


def _sweep(
    study: Study | str | Path,
    store: str | Path,
    workers: int,
    dask: str | None,
    memory: str | None,
    progress: Progress | None,
) -> Results:
    here = workers == 1 and dask is None
    if not here and dask is None:
        check_main_script()  # before a worker that imports the script opens the store
    source = "<study>" if isinstance(study, Study) else str(study)
    study = prepare_study(study if isinstance(study, Study) else Study.load(study), source)
    with Store(store) as opened:
        cost = estimate_cost(study, opened, workers, None if memory is None else parse_memory(memory), source)
        entry, done = run_study(study, opened, cost.workers, dask, progress, here)
        if done.stopped:
            raise KeyboardInterrupt
        if done.failures:
            first = done.failures[0]
            raise StoreError(
                f"{len(done.failures)} trials could not be run; the first, {first.trial.label}: {first.reason}"
            )
        return study_results(opened, entry)


def failure_table(done: TrialsRun) -> Columns:
    """Returns a row for every trial that could not be run: its label, and the reason."""
    return Columns.of_rows([{"trial": one.trial.label, "reason": one.reason} for one in done.failures])


def parse_memory(text: str) -> float:
    """Returns the bytes of a size such as "4GB", "500M" or "2 GiB" (all in powers of 1024).

    Raises:
        ArgumentError: the text is not a size.

    >>> parse_memory("4GB") == 4 * 2**30
    True
    """
    words = text.strip().upper().removesuffix("B").removesuffix("I")
    number, unit = (words[:-1], words[-1:]) if words[-1:] in _UNITS else (words, "")
    try:
        found = float(number) * _UNITS[unit]
    except (ValueError, KeyError):
        found = math.nan
    if not 0 < found < math.inf:
        raise ArgumentError(f'Argument `memory` must be a size such as 4GB or 500MB, but is "{text}".')
    return found


def machine_memory() -> float:
    """Returns nine tenths of this machine's memory in bytes; infinity where the system does not tell."""
    try:
        return 0.9 * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not on Windows
        return math.inf


def format_bytes(number: float) -> str:
    """Returns a number of bytes as text.

    >>> format_bytes(3 * 2**20), format_bytes(1.5 * 2**30)
    ('3.0 MB', '1.5 GB')
    """
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1024:
            return f"{number:.1f} {unit}"
        number /= 1024
    return f"{number:.1f} TB"


def read_summary(folder: Path, entry: StudyEntry) -> dict[str, Any] | None:
    """Returns the summary of a study that its folder holds; None if there is none of all its trials."""
    try:
        summary = parse_json(read_bytes(folder / "summary.json", folder).decode())
        whole = summary["study_id"] == entry.id and summary["not_run"] == 0 and summary["schema"] == SCHEMA
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return summary if whole else None
