"""Workers that run a study's trials: processes of this machine, or a dask cluster.

Any `concurrent.futures.Executor` will do; `WorkerPool` adds what a study needs to know about one.
"""

from __future__ import annotations

import importlib
import json
import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any, NamedTuple

from qsense.errors import ArgumentError, QsenseError
from qsense.extensions import Consent, allowing
from qsense.installation import install_hint
from qsense.study.main_script import explain_end
from qsense.study.trial import Outcome, run_trial
from qsense.study.worker_versions import check_versions, versions

SCHEDULER_GONE = "The cluster's scheduler is gone; finished results are stored, run the same command again."
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")
# Python starts a worker with `-c`, and would import `pickle.py` and the like from the current folder, whosever it is.
_FOR_WORKERS = {**dict.fromkeys(_ONE_THREAD, "1"), "PYTHONSAFEPATH": "1"}


@dataclass(frozen=True)
class WorkerPool:
    """An executor and the number of its workers.

    Attributes:
        executor: runs batches.
        width: returns the number of workers, which may change.
        replace: returns a pool with new workers after some died; None where the executor restarts them itself.
            It raises ArgumentError where they end by themselves before their first trial.
        has_begun: returns whether any worker is ready for a trial: one that dies before did not die of its trial.
        check: asks all workers for their versions; raises ArgumentError if one has others than this process.
    """

    executor: Executor
    width: Callable[[], int]
    replace: Callable[[], WorkerPool] | None = None
    has_begun: Callable[[], bool] = lambda: True
    check: Callable[[], None] = lambda: None


class Answer(NamedTuple):
    """The outcome of one trial of a batch, or why there is none."""

    outcome: Outcome | None
    failure: str
    seconds: float


def run_batch(contents: Sequence[dict[str, Any]], consent: Consent, wanted: Mapping[str, str]) -> list[Answer]:
    """Runs trials one after the other, in a worker; returns an answer for each. A failure does not stop the rest.

    Args:
        contents: of the trials.
        consent: to import code that they name.
        wanted: the versions that this worker must have; it may have joined after the others were asked.

    Raises:
        WorkerVersionError: it has others; nothing has been run.
    """
    check_versions(versions(), wanted)
    with allowing(consent):
        return _answers(contents)


def _answers(contents: Sequence[dict[str, Any]]) -> list[Answer]:
    answers = []
    for content in contents:
        start = time.perf_counter()
        try:
            outcome, failure = run_trial(content), ""
            json.dumps(outcome.estimates, allow_nan=False)  # an outcome that cannot be stored is a failure
        except QsenseError as error:
            outcome, failure = None, str(error)
        except Exception as error:  # a defect, or too little memory: reported with the trial
            outcome, failure = None, f"{type(error).__name__}: {error}"
        answers.append(Answer(outcome, failure, time.perf_counter() - start))
    return answers


@contextmanager
def process_pool(workers: int) -> Iterator[WorkerPool]:
    """Yields a pool of processes on this machine, each with one thread for linear algebra.

    They are spawned, not forked: they share nothing with this process, and they end with it, however it ends. They
    import from where this process does, and from the current folder only if it does.

    Args:
        workers: number of processes, at least 1.

    Raises:
        ArgumentError: `workers` is less than 1.
    """
    if workers < 1:
        raise ArgumentError(f"Argument `workers` must be at least 1, but is {workers}.")
    made: list[_Processes] = []

    def make() -> WorkerPool:
        for old in made[-1:]:
            old.shutdown(wait=False, cancel_futures=True)
            if not old.has_begun():
                explain_end(list(old.started.values()))
        made.append(_Processes(workers))
        return WorkerPool(made[-1], lambda: workers, make, made[-1].has_begun)

    before = {name: os.environ.get(name) for name in _FOR_WORKERS}
    os.environ.update(_FOR_WORKERS)  # inherited by the workers
    try:
        yield make()
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        _stop(made[-1])


@contextmanager
def this_process() -> Iterator[WorkerPool]:
    """Yields a pool whose only worker is this process, which any script and any prompt can be."""
    yield WorkerPool(_Here(), lambda: 1)


class _Here(Executor):
    def submit(self, function: Any, /, *arguments: Any, **options: Any) -> Future[Any]:
        future: Future[Any] = Future()
        try:
            future.set_result(function(*arguments, **options))
        except Exception as error:
            future.set_exception(error)
        return future


class _Processes(ProcessPoolExecutor):
    """Starts its workers, which it does in `submit`, with Ctrl-C blocked, and remembers them."""

    def __init__(self, workers: int) -> None:
        context = multiprocessing.get_context("spawn")
        ready, tell = context.Pipe(duplex=False)  # an Event's semaphores would outlive a command that ends at once
        super().__init__(workers, context, _start_worker, (tell,))
        self.has_begun, self.started = ready.poll, dict[int, Any]()

    def submit(self, *arguments: Any, **options: Any) -> Future[Any]:
        try:
            return self._submit(*arguments, **options)
        finally:
            self.started.update(self._processes or {})

    def _submit(self, *arguments: Any, **options: Any) -> Future[Any]:
        if not hasattr(signal, "pthread_sigmask"):  # Windows
            return super().submit(*arguments, **options)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # inherited by a new process
        try:
            return super().submit(*arguments, **options)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def dask_pool(address: str) -> Iterator[WorkerPool]:
    """Yields the workers of a dask cluster; they may join, leave and die while a study runs.

    Args:
        address: of its scheduler, such as tcp://host:8786.

    Raises:
        ArgumentError: dask is not installed, no scheduler answers, or a worker has another version of qsense.
    """
    try:
        from distributed import Client
        from distributed.comm import get_address_host_port
    except ImportError as error:
        raise ArgumentError(f"A dask cluster needs dask.distributed; run: {install_hint('cluster')}.") from error
    # dask logs tracebacks; what waits for a result reports a failure in one line instead.
    for name in ("distributed", "distributed.client", "tornado.application"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        get_address_host_port(address)  # Client() would try an invalid address for ever
        client = Client(address, timeout=10, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        reason = str(error).split(";")[0] or type(error).__name__
        raise ArgumentError(
            f'No dask scheduler answers at "{address}" ({reason}); start one with `dask scheduler`.'
        ) from error
    try:
        check = partial(_check_workers, client)
        check()
        executor = client.get_executor(pure=False)
        yield WorkerPool(executor, lambda: max(1, sum(client.nthreads().values())), check=check)
    except OSError:  # of the connection: a failure to write a file is a StoreError
        raise ArgumentError(SCHEDULER_GONE) from None
    finally:
        # The scheduler cancels a client's tasks when it leaves; waiting for them would delay Ctrl-C.
        with suppress(Exception):  # the scheduler may be gone
            client.close(timeout=5)


def _check_workers(client: Any) -> None:
    try:
        found = client.run(_versions)
    except Exception as error:  # it depends on what a worker without qsense finds
        raise ArgumentError(
            f"A dask worker cannot import qsense {versions()['qsense']} ({type(error).__name__}); install it there."
        ) from error
    for worker, there in found.items():
        check_versions(there, versions(), worker)


def _versions() -> dict[str, str]:
    return versions()


def _start_worker(tell: Any) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the study's own process stops its workers
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_exit_after, args=(parent,), daemon=True).start()
    importlib.import_module("qsense.comparison")  # so that the first trial is not slowed by imports
    tell.send_bytes(b"ready")


def _exit_after(parent: Any) -> None:
    """Ends this process when its parent has ended, so that a killed study leaves no workers behind."""
    parent.join()
    os._exit(1)


def _stop(pool: ProcessPoolExecutor) -> None:
    """Stops a pool at once; nobody needs what its workers still do."""
    workers = list((pool._processes or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for worker in workers:
        worker.terminate()
    for worker in workers:
        worker.join(5)
