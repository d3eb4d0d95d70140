"""Runs the trials that a store lacks: sends them to workers in batches, and stores what comes back.

No result depends on when or where its trial runs. This process alone writes to the store, a shard at a time, so that a
study that is interrupted continues after its last shard.
"""

from __future__ import annotations

import logging
import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, wait
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any

from qsense.errors import ArgumentError
from qsense.extensions import current_consent
from qsense.store import Result, Store
from qsense.study.cost import Cost
from qsense.study.expansion import keys_of
from qsense.study.extensions import check_workers
from qsense.study.trial import Trial
from qsense.study.worker_pool import SCHEDULER_GONE, Answer, WorkerPool, run_batch
from qsense.study.worker_versions import WorkerVersionError, versions

BATCH_S = 0.4
"""A batch takes about this long; sending one takes a few milliseconds."""
FLUSH_S, FLUSH_BYTES = 2.0, 2**22
_MOST_IN_A_BATCH = 500
_DEATHS = 3  # of workers, without a result in between, before a trial that ran with no other beside it has failed
_FALSE_STARTS = 10  # of all workers, without a result in between

Progress = Callable[[float, float, str], None]
MakePool = Callable[[], AbstractContextManager[WorkerPool]]
Running = dict[Future[list[Answer]], list[int]]

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Failure:
    """A trial that gave no result, and why."""

    trial: Trial
    reason: str


@dataclass(frozen=True)
class TrialsRun:
    """How running the trials of a study went.

    Attributes:
        present: number of trials whose results were in the store before.
        new: number of trials run now.
        failures: trials that could not be run.
        busy_s: time that workers spent on trials.
        wall_s: time from the first batch to the last result.
        workers: number of workers at the end.
        stopped: whether the user stopped it.
    """

    present: int
    new: int
    failures: tuple[Failure, ...] = ()
    busy_s: float = 0.0
    wall_s: float = 0.0
    workers: int = 0
    stopped: bool = False


def run_trials(
    trials: Sequence[Trial],
    store: Store,
    make_pool: MakePool,
    provenance: dict[str, Any],
    progress: Progress | None = None,
) -> TrialsRun:
    """Runs the trials that a store lacks and returns how it went. Ctrl-C stops it; finished results are kept.

    Args:
        trials: of a study; one that occurs several times is run once.
        store: where results are read and written.
        make_pool: makes the workers; not called if there is nothing to run.
        provenance: stored with the results.
        progress: called with (estimated seconds of work done, in all, label).

    Raises:
        ArgumentError: the workers lack an extension that a trial needs; nothing has been run.
        StoreError: the store cannot be written; what was stored stays.
    """
    unique = {key: place for place, key in enumerate(keys_of(trials))}
    held = store.stored_keys(list(unique))
    present, missing = len(held), [place for key, place in unique.items() if key not in held]
    del unique, held
    if not missing:
        return TrialsRun(present, 0)
    work = _Work(store, provenance, progress, trials, missing)
    start = time.monotonic()
    try:
        with make_pool() as pool:
            work.run(pool)
    except KeyboardInterrupt:
        work.stopped = True
    finally:
        work.flush()
    wall = time.monotonic() - start
    return TrialsRun(present, work.stored, tuple(work.failures), work.busy, wall, work.workers, work.stopped)


@dataclass
class _Work:
    """The trials to run, those that run, and those that are done, each by its place among the trials."""

    store: Store
    provenance: dict[str, Any]
    progress: Progress | None
    trials: Sequence[Trial]
    missing: Sequence[int]
    failures: list[Failure] = field(default_factory=list)
    stored: int = 0
    busy: float = 0.0
    workers: int = 0
    stopped: bool = False

    def __post_init__(self) -> None:
        costs = [self._cost(place) for place in self.missing]
        # The longest first, so that the last batches are short; the order changes no number.
        self.queue = deque(place for _, place in sorted(zip(costs, self.missing, strict=True), key=lambda one: -one[0]))
        self.all_cost = sum(costs)
        self.done_cost = 0.0
        self.finished: list[Result] = []
        self.pace = 1.0  # measured seconds for each estimated second
        self.deaths = self.false_starts = 0
        self.one_by_one: deque[int] = deque()  # trials whose worker died: each runs with no other beside it
        self.consent = current_consent()
        self.flushed = time.monotonic()
        self.began = time.monotonic()

    def _cost(self, place: int) -> float:
        return Cost.of(self.trials[place].spec).seconds

    def run(self, pool: WorkerPool) -> None:
        check_workers(pool.executor, (self.trials[place].spec for place in self.missing))
        self.check = pool.check
        running: Running = {}
        while self.queue or self.one_by_one or running:
            self.workers = pool.width()
            broken = False
            try:
                self._submit(pool, running)
                for future in wait(running, timeout=FLUSH_S, return_when=FIRST_COMPLETED).done:
                    if not isinstance(_error(future), BrokenExecutor):
                        self._collect(running.pop(future), future)
                    else:
                        broken = True
            except BrokenExecutor:
                broken = True
            if broken:
                self._collect_finished(running)
                pool = self._restart(pool, [place for batch in running.values() for place in batch])
                running = {}
            if sum(len(one.counts) for one in self.finished) > FLUSH_BYTES or time.monotonic() > self.flushed + FLUSH_S:
                self.flush()

    def flush(self) -> None:
        """Stores the finished results."""
        if self.finished:
            self.store.put(self.finished, self.provenance)
            self.stored += len(self.finished)
            self.finished = []
        self.flushed = time.monotonic()

    def _submit(self, pool: WorkerPool, running: Running) -> None:
        if running and self.one_by_one:
            return
        source, most = (self.one_by_one, 1) if self.one_by_one else (self.queue, 2 * self.workers)
        while source and len(running) < most:
            batch = [source.popleft()] if source is self.one_by_one else self._next_batch()
            contents = [self.trials[place].content for place in batch]
            try:
                running[pool.executor.submit(run_batch, contents, self.consent, versions())] = batch
            except BrokenExecutor:
                source.extendleft(reversed(batch))
                raise

    def _next_batch(self) -> list[int]:
        """As many trials as fill the time of a batch; fewer near the end, so that all workers have something to do."""
        left = (self.all_cost - self.done_cost) * self.pace
        length = min(BATCH_S, left / (4 * self.workers))
        batch: list[int] = []
        filled = 0.0
        while self.queue and len(batch) < _MOST_IN_A_BATCH and (not batch or filled < length):
            batch.append(self.queue.popleft())
            filled += self._cost(batch[-1]) * self.pace
        return batch

    def _collect(self, batch: list[int], future: Future[list[Answer]]) -> None:
        if (error := _error(future)) is not None:
            self._collect_failed(batch, error)
            return
        self.deaths = self.false_starts = 0
        for place, answer in zip(batch, future.result(), strict=True):
            self.busy += answer.seconds
            self.done_cost += self._cost(place)
            trial = self.trials[place]
            if answer.outcome is None:
                self.failures.append(Failure(trial, answer.failure))
                continue
            estimates, counts = answer.outcome
            self.finished.append(Result(trial.key, trial.content, estimates, counts, answer.seconds))
        self.pace = max(1e-3, self.busy / self.done_cost)
        if self.progress is not None:
            done = self.stored + len(self.finished)
            rate = done / max(time.monotonic() - self.began, 1e-9)
            label = f"{done} of {len(self.missing)} trials, {rate:.1f} a second"
            self.progress(self.done_cost * self.pace, self.all_cost * self.pace, label)

    def _collect_failed(self, batch: list[int], error: BaseException) -> None:
        """A cluster gave a batch up: its trials run again one by one; a trial that ran alone has failed."""
        if isinstance(error, CancelledError):
            raise ArgumentError(SCHEDULER_GONE)
        if isinstance(error, WorkerVersionError):
            raise error
        self.check()  # a worker that has joined may not know what it was sent
        if len(batch) > 1:
            self.one_by_one.extend(batch)
            return
        reason = f"the cluster gave it up ({type(error).__name__}: {error})"
        self.failures.append(Failure(self.trials[batch[0]], reason))
        self.done_cost += self._cost(batch[0])

    def _collect_finished(self, running: Running) -> None:
        """Collects the batches that were done when a worker died."""
        for future in [one for one in running if one.done() and _error(one) is None]:
            self._collect(running.pop(future), future)

    def _restart(self, pool: WorkerPool, lost: list[int]) -> WorkerPool:
        """Returns new workers after one died; the trials that were running then run again, one by one."""
        if pool.replace is None:
            raise RuntimeError("an executor broke that restarts its workers itself")
        if not pool.has_begun():
            self.false_starts += 1
            if self.false_starts >= _FALSE_STARTS:
                raise ArgumentError(
                    f"The workers died {self.false_starts} times before their first trial; there may be too little "
                    "memory, or this system may not let them start; try fewer workers."
                )
            self.queue.extendleft(reversed(lost))
            return pool.replace()
        self.deaths += 1
        if len(lost) == 1 and self.deaths >= _DEATHS:
            reason = f"its worker died {self.deaths} times while it ran; it may need more memory than there is"
            self.failures.append(Failure(self.trials[lost[0]], reason))
            self.done_cost += self._cost(lost[0])
            self.deaths = 0
        else:
            logger.warning("a worker died; %d running trial%s will be run again", len(lost), "s" * (len(lost) != 1))
            self.one_by_one.extendleft(reversed(lost))
        return pool.replace()


def _error(future: Future[list[Answer]]) -> BaseException | None:
    try:
        return future.exception()
    except CancelledError as error:
        return error
