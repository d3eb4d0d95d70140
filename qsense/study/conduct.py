"""Conducts a study: sends the trials that the store lacks to workers in batches, and stores what comes back.

Nothing depends on when or where a trial runs. The store is written by this process alone, a shard at a time, so that a
study which ends in any way goes on from its last shard.
"""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import FIRST_COMPLETED, BrokenExecutor, CancelledError, Future, wait
from dataclasses import dataclass, field
from typing import Any

from qsense.errors import ArgumentError
from qsense.store import Result, Store
from qsense.study.cost import Cost
from qsense.study.crew import SCHEDULER_GONE, Answer, Crew, run_batch
from qsense.study.trial import Trial

BATCH_S = 0.4
"""A batch is about this long: sending it costs a few milliseconds."""
FLUSH_S, FLUSH_BYTES = 2.0, 2**22
_MOST_IN_A_BATCH = 500
_DEATHS = 3  # of workers, without a result in between, before the trial that ran alone is given up

Progress = Callable[[float, float, str], None]
Running = dict[Future[list[Answer]], list[Trial]]


@dataclass(frozen=True)
class Failure:
    """A trial that gave no result, and why."""

    trial: Trial
    reason: str


@dataclass(frozen=True)
class Conducted:
    """How a study went.

    Attributes:
        present: trials whose results were in the store before.
        new: trials that were run now.
        failures: trials that could not be run.
        busy_s: time that workers spent on trials.
        wall_s: time from the first batch to the last result.
        workers: how many there were at the end.
        stopped: whether the user stopped it.
    """

    present: int
    new: int
    failures: tuple[Failure, ...] = ()
    busy_s: float = 0.0
    wall_s: float = 0.0
    workers: int = 0
    stopped: bool = False


def conduct(
    trials: Sequence[Trial],
    store: Store,
    crew: Callable[[], Any],
    provenance: dict[str, Any],
    progress: Progress | None = None,
    note: Callable[[str], None] = lambda line: None,
) -> Conducted:
    """Runs the trials that a store lacks; returns how it went. Ctrl-C ends it, and what is done is kept.

    Args:
        trials: of a study; each is run once, however often it stands there.
        store: where results are and go.
        crew: makes the workers, as a context manager of a Crew; not called if nothing is to do.
        provenance: stored with the results.
        progress: called with (estimated seconds of work done, of all work, label).
        note: called with one line when something is worth saying.

    Raises:
        StoreError: the store cannot be written; what was stored stays.
    """
    unique = {trial.key: trial for trial in trials}
    held = store.held(list(unique))
    missing = [trial for key, trial in unique.items() if key not in held]
    if not missing:
        return Conducted(len(held), 0)
    work = _Work(store, provenance, progress, note, missing)
    start = time.monotonic()
    try:
        with crew() as first:
            work.conduct(first)
    except KeyboardInterrupt:
        work.stopped = True
    finally:
        work.flush()
    wall = time.monotonic() - start
    return Conducted(len(held), work.stored, tuple(work.failures), work.busy, wall, work.workers, work.stopped)


@dataclass
class _Work:
    """What is to do, in hand, and done."""

    store: Store
    provenance: dict[str, Any]
    progress: Progress | None
    note: Callable[[str], None]
    missing: Sequence[Trial]
    failures: list[Failure] = field(default_factory=list)
    stored: int = 0
    busy: float = 0.0
    workers: int = 0
    stopped: bool = False

    def __post_init__(self) -> None:
        costs = {trial.key: Cost.of(trial.spec).seconds for trial in self.missing}
        # The longest first, so that the last batches are short ones; the order changes no number.
        self.queue = deque(sorted(self.missing, key=lambda trial: -costs[trial.key]))
        self.costs = costs
        self.all_cost = sum(costs.values())
        self.done_cost = 0.0
        self.finished: list[Result] = []
        self.pace = 1.0  # measured seconds of an estimated second
        self.deaths = 0
        self.alone: deque[Trial] = deque()  # trials whose worker died, to be run one at a time
        self.flushed = time.monotonic()
        self.began = time.monotonic()

    def conduct(self, crew: Crew) -> None:
        running: Running = {}
        while self.queue or self.alone or running:
            self.workers = crew.width()
            try:
                self._fill(crew, running)
                for future in wait(running, timeout=FLUSH_S, return_when=FIRST_COMPLETED).done:
                    if not isinstance(_error(future), BrokenExecutor):
                        self._take(running.pop(future), future)
                    else:
                        future.result()
            except BrokenExecutor:
                self._take_finished(running)
                crew = self._mend(crew, [trial for batch in running.values() for trial in batch])
                running = {}
            if sum(len(one.counts) for one in self.finished) > FLUSH_BYTES or time.monotonic() > self.flushed + FLUSH_S:
                self.flush()

    def flush(self) -> None:
        """Puts what is finished into the store."""
        if self.finished:
            self.store.put(self.finished, self.provenance)
            self.stored += len(self.finished)
            self.finished = []
        self.flushed = time.monotonic()

    def _fill(self, crew: Crew, running: Running) -> None:
        if running and self.alone:
            return  # a trial whose worker died runs with no other beside it
        source, most = (self.alone, 1) if self.alone else (self.queue, 2 * self.workers)
        while source and len(running) < most:
            batch = [source.popleft()] if source is self.alone else self._batch()
            try:
                running[crew.executor.submit(run_batch, [trial.content for trial in batch])] = batch
            except BrokenExecutor:
                source.extendleft(reversed(batch))
                raise

    def _batch(self) -> list[Trial]:
        """The next trials: as many as fill a batch's time, fewer where less is left than all workers could take."""
        left = (self.all_cost - self.done_cost) * self.pace
        length = min(BATCH_S, left / (4 * self.workers))
        batch: list[Trial] = []
        filled = 0.0
        while self.queue and len(batch) < _MOST_IN_A_BATCH and (not batch or filled < length):
            batch.append(self.queue.popleft())
            filled += self.costs[batch[-1].key] * self.pace
        return batch

    def _take(self, batch: list[Trial], future: Future[list[Answer]]) -> None:
        if (error := _error(future)) is not None:
            self._take_apart(batch, error)
            return
        self.deaths = 0
        for trial, answer in zip(batch, future.result(), strict=True):
            self.busy += answer.seconds
            self.done_cost += self.costs[trial.key]
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

    def _take_apart(self, batch: list[Trial], error: BaseException) -> None:
        """A cluster gave a batch up: its trials are tried one at a time, and a trial that was alone has failed."""
        if isinstance(error, CancelledError):
            raise ArgumentError(SCHEDULER_GONE)
        if len(batch) > 1:
            self.alone.extend(batch)
            return
        self.failures.append(Failure(batch[0], f"the cluster gave it up ({type(error).__name__}: {error})"))
        self.done_cost += self.costs[batch[0].key]

    def _take_finished(self, running: Running) -> None:
        """Takes the batches that were done when a worker died."""
        for future in [one for one in running if one.done() and _error(one) is None]:
            self._take(running.pop(future), future)

    def _mend(self, crew: Crew, lost: list[Trial]) -> Crew:
        """New workers after one died; what was in its hands is run again, one trial at a time."""
        if crew.replace is None:
            raise RuntimeError("an executor broke that says it mends itself")
        self.deaths += 1
        if len(lost) == 1 and self.deaths >= _DEATHS:
            reason = f"its worker died {self.deaths} times while it ran; it may need more memory than there is"
            self.failures.append(Failure(lost[0], reason))
            self.done_cost += self.costs[lost[0].key]
            self.deaths = 0
        else:
            self.note(f"a worker died; {len(lost)} trial{'' if len(lost) == 1 else 's'} in hand will be run again")
            self.alone.extendleft(reversed(lost))
        return crew.replace()


def _error(future: Future[list[Answer]]) -> BaseException | None:
    try:
        return future.exception()
    except CancelledError as error:
        return error
