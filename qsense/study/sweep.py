"""A study from its file to its tables: checked against the memory, conducted, and reported."""

from __future__ import annotations

import math
import os
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Any

from qsense import backends
from qsense import services as remote
from qsense.errors import ArgumentError, SpecError, StoreError
from qsense.runs.preparation import prepare_run
from qsense.runs.provenance import provenance
from qsense.store import DEFAULT, Store
from qsense.store.studies import StudyEntry, remember
from qsense.study import crew
from qsense.study.conduct import Conducted, Progress, conduct
from qsense.study.cost import Cost
from qsense.study.expansion import Study
from qsense.tables import Columns, Results

_UNITS = {"": 1, "K": 2**10, "M": 2**20, "G": 2**30, "T": 2**40}


@dataclass(frozen=True)
class Estimate:
    """What a study will cost.

    Attributes:
        trials: in all.
        present: whose results are in the store.
        seconds: of work on one core that is left.
        bytes: of the largest trial that is left, the program included.
        workers: that will run, as many as were asked for or fit into the memory.
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


def estimated(study: Study, store: Store, workers: int, memory: float | None, source: str) -> Estimate:
    """Returns what a study will cost; a trial that cannot fit is refused.

    Args:
        study: which.
        store: where results may be already.
        workers: how many are wanted.
        memory: bytes that all workers together may take; None for what the machine has.
        source: what an error calls the study's file.

    Raises:
        SpecError: a trial needs more memory than there is.
    """
    unique = {trial.key: trial for trial in study.trials}
    held = store.held(list(unique))
    costs = {key: Cost.of(trial.spec) for key, trial in unique.items() if key not in held}
    if not costs:
        return Estimate(len(unique), len(held), 0.0, 0.0, workers)
    largest = max(costs, key=lambda key: costs[key].bytes)
    need = costs[largest].bytes
    limit = machine_memory() if memory is None else memory
    if need > limit:
        raise SpecError(
            f"{source}: the trial {unique[largest].label} needs about {shown_bytes(need)}, more than the "
            f"{shown_bytes(limit)} allowed; leave it out with `skip`, lower its shots, or raise --memory."
        )
    fitting = int(min(workers, limit / need))
    return Estimate(len(unique), len(held), sum(cost.seconds for cost in costs.values()), need, fitting)


def mounted(study: Study, source: str, note: Callable[[str], None] = lambda line: None) -> Study:
    """Returns a study whose trials on devices have their qubits and reported noise, which then are part of their keys.

    Args:
        study: which.
        source: what an error calls the study's file.
        note: called once with each line about what is assumed of a device.

    Raises:
        SpecError: a trial does not fit its device, or the backend takes jobs for later.
    """
    names = {trial.spec.backend for trial in study.trials}
    for name in names:
        if remote.is_remote(name):
            raise SpecError(
                f'{source}: key `run.backend`: a study does not wait for jobs of "{name}"; `qsense submit` single runs.'
            )
    if not any(backends.is_device(name) for name in names):
        return study
    said: dict[str, None] = {}
    trials = []
    for trial in study.trials:
        if backends.is_device(trial.spec.backend):
            trial = replace(trial, spec=prepare_run(trial.spec, None, note=lambda line: said.setdefault(line)).spec)
        trials.append(trial)
    for line in said:
        note(line)
    return replace(study, trials=tuple(trials))


def swept(
    study: Study,
    store: Store,
    workers: int,
    dask: str | None = None,
    progress: Progress | None = None,
    note: Callable[[str], None] = lambda line: None,
) -> tuple[StudyEntry, Conducted]:
    """Runs what a store lacks of a study; returns the study as the store remembers it, and how it went.

    Args:
        study: which.
        store: where results are and go.
        workers: processes of this machine.
        dask: the address of a cluster's scheduler, instead of processes.
        progress, note: see `conduct`.
    """
    entry = study.entry()
    remember(store, entry)
    hands: Callable[[], AbstractContextManager[crew.Crew]] = (
        partial(crew.dask, dask) if dask is not None else partial(crew.processes, workers)
    )
    return entry, conduct(study.trials, store, hands, provenance(), progress, note)


def sweep(
    study: Study | str | Path,
    store: str | Path = DEFAULT,
    workers: int = 1,
    dask: str | None = None,
    memory: str | None = None,
    progress: Progress | None = None,
    note: Callable[[str], None] = lambda line: None,
) -> Results:
    """Runs what a store lacks of a study; returns the results of all its trials.

    Args:
        study: a Study or the path of its TOML file.
        store: the folder of the store, made if it is not there.
        workers: processes of this machine.
        dask: the address of a cluster's scheduler, instead of processes.
        memory: what all workers together may take, such as "4GB".
        progress, note: see `conduct`.

    Raises:
        SpecError: the file is wrong, or a trial needs more memory than there is; nothing has been run.
        StoreError: the store cannot be written, or trials could not be run; what was stored stays.
    """
    from qsense.study.results import of_study

    source = "<study>" if isinstance(study, Study) else str(study)
    study = mounted(study if isinstance(study, Study) else Study.load(study), source, note)
    with Store(store) as opened:
        cost = estimated(study, opened, workers, None if memory is None else memory_of(memory), source)
        entry, done = swept(study, opened, cost.workers, dask, progress, note)
        if done.stopped:
            raise KeyboardInterrupt
        if done.failures:
            first = done.failures[0]
            raise StoreError(
                f"{len(done.failures)} trials could not be run; the first, {first.trial.label}: {first.reason}"
            )
        return of_study(opened, entry)


def failures(done: Conducted) -> Columns:
    """Returns a row for every trial that could not be run: what it is, and why."""
    return Columns.of_rows([{"trial": one.trial.label, "reason": one.reason} for one in done.failures])


def memory_of(text: str) -> float:
    """Returns a number of bytes from words such as "4GB", "500M" or "2 GiB" (all in powers of 1024).

    Raises:
        ArgumentError: they are none.

    >>> memory_of("4GB") == 4 * 2**30
    True
    """
    words = text.strip().upper().removesuffix("B").removesuffix("I")
    number, unit = (words[:-1], words[-1:]) if words[-1:] in _UNITS else (words, "")
    try:
        found = float(number) * _UNITS[unit]
    except (ValueError, KeyError):
        found = math.nan
    if not 0 < found < math.inf:
        raise ArgumentError(f'Option --memory must be a size such as 4GB or 500MB, but is "{text}".')
    return found


def machine_memory() -> float:
    """Returns nine tenths of this machine's memory in bytes; infinity where it does not say."""
    try:
        return 0.9 * os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    except (AttributeError, ValueError, OSError):  # not on Windows
        return math.inf


def shown_bytes(number: float) -> str:
    """Returns a size as people read it.

    >>> shown_bytes(3 * 2**20), shown_bytes(1.5 * 2**30)
    ('3.0 MB', '1.5 GB')
    """
    for unit in ("B", "kB", "MB", "GB"):
        if number < 1024:
            return f"{number:.1f} {unit}"
        number /= 1024
    return f"{number:.1f} TB"


def is_reported(folder: Path, entry: StudyEntry) -> dict[str, Any] | None:
    """Returns the summary of a study if its folder has one of all its trials."""
    import json

    try:
        summary = json.loads((folder / "summary.json").read_text(encoding="utf-8"))
        whole = summary["study_id"] == entry.id and summary["not_run"] == 0
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return summary if whole else None
