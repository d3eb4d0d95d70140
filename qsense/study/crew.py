"""Who runs a study's trials: any `concurrent.futures.Executor`. Here: processes of this machine, or a dask cluster."""

from __future__ import annotations

import importlib
import json
import logging
import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import Any, NamedTuple

from qsense.errors import ArgumentError, QsenseError
from qsense.installation import install_hint
from qsense.study.trial import Outcome, conducted

SCHEDULER_GONE = "The cluster's scheduler is gone; what is done is stored, run the same command again."
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


@dataclass(frozen=True)
class Crew:
    """An executor and how many batches it works on at once.

    Attributes:
        executor: where batches are sent.
        width: called for the number of workers, which may change.
        replace: makes the executor anew after its workers died; None where it does that by itself.
    """

    executor: Executor
    width: Callable[[], int]
    replace: Callable[[], Crew] | None = None


class Answer(NamedTuple):
    """What became of one trial of a batch: an outcome, or why there is none."""

    outcome: Outcome | None
    failure: str
    seconds: float


def run_batch(contents: Sequence[dict[str, Any]]) -> list[Answer]:
    """Runs trials one after the other, in a worker. A trial that fails does not stop the others."""
    answers = []
    for content in contents:
        start = time.perf_counter()
        try:
            outcome, failure = conducted(content), ""
            json.dumps(outcome.estimates, allow_nan=False)  # what cannot be stored has failed
        except QsenseError as error:
            outcome, failure = None, str(error)
        except Exception as error:  # a defect, or no memory: told with the trial, the others go on
            outcome, failure = None, f"{type(error).__name__}: {error}"
        answers.append(Answer(outcome, failure, time.perf_counter() - start))
    return answers


@contextmanager
def processes(workers: int) -> Iterator[Crew]:
    """Workers on this machine, each with one thread for linear algebra.

    They are started anew ("spawn"), so they share nothing with this process, and end with it, however it ends.

    Args:
        workers: how many, at least 1.

    Raises:
        ArgumentError: less than one.
    """
    if workers < 1:
        raise ArgumentError(f"Argument `workers` must be at least 1, but is {workers}.")
    made: list[ProcessPoolExecutor] = []

    def make() -> Crew:
        for old in made:
            old.shutdown(wait=False, cancel_futures=True)
        made.append(_Processes(workers, multiprocessing.get_context("spawn"), _begin_work))
        return Crew(made[-1], lambda: workers, make)

    before = {name: os.environ.get(name) for name in _ONE_THREAD}
    os.environ.update(dict.fromkeys(_ONE_THREAD, "1"))  # workers take it over when they start
    try:
        yield make()
    finally:
        for name, value in before.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
        _end(made[-1])


class _Processes(ProcessPoolExecutor):
    """A pool that starts its workers, which it does on submitting, so that Ctrl-C never reaches them."""

    def submit(self, *arguments: Any, **options: Any) -> Future[Any]:
        if not hasattr(signal, "pthread_sigmask"):  # Windows
            return super().submit(*arguments, **options)
        before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})  # which a new process takes over
        try:
            return super().submit(*arguments, **options)
        finally:
            signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def dask(address: str) -> Iterator[Crew]:
    """The workers of a dask cluster; they may come, go and die while a study runs.

    Args:
        address: of its scheduler, such as tcp://host:8786.

    Raises:
        ArgumentError: dask is not installed, nothing answers there, or a worker has another version of qsense.
    """
    try:
        from distributed import Client
        from distributed.comm import get_address_host_port
    except ImportError as error:
        raise ArgumentError(f"A dask cluster needs dask.distributed; run: {install_hint('cluster')}.") from error
    # What goes wrong is said in one line by whoever waits for a result; dask's own words are tracebacks.
    for name in ("distributed", "distributed.client", "tornado.application"):
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
    try:
        get_address_host_port(address)  # a client of no address never ends
        client = Client(address, timeout=10, set_as_default=False)
    except (OSError, ValueError, TypeError) as error:
        reason = str(error).split(";")[0] or type(error).__name__
        raise ArgumentError(
            f'No dask scheduler answers at "{address}" ({reason}); start one with `dask scheduler`.'
        ) from error
    try:
        _check_versions(client)
        yield Crew(client.get_executor(pure=False), lambda: max(1, sum(client.nthreads().values())))
    except (
        OSError
    ):  # of a connection, from whoever asked the scheduler first; those of files come as errors of the store
        raise ArgumentError(SCHEDULER_GONE) from None
    finally:
        # Tasks that still run end with the client that asked for them; waiting for them would hold up Ctrl-C.
        with suppress(Exception):  # the scheduler may be gone
            client.close(timeout=5)


def _check_versions(client: Any) -> None:
    from qsense.version import __version__

    try:
        versions = client.run(_version)
    except Exception as error:  # whatever a worker without qsense raises
        raise ArgumentError(
            f"A dask worker cannot import qsense ({type(error).__name__}); install it there."
        ) from error
    for worker, version in versions.items():
        if version != __version__:
            raise ArgumentError(
                f"The dask worker {worker} has qsense {version}, here is {__version__}; install the same."
            )


def _version() -> str:
    from qsense.version import __version__

    return __version__


def _begin_work() -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # the study stops its workers itself
    parent = multiprocessing.parent_process()
    if parent is not None:
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    importlib.import_module(
        "qsense.comparison.compare"
    )  # so that the first trial is not the one that waits for imports


def _end_with(parent: Any) -> None:
    """Ends this process when its parent has ended: a killed study leaves no workers behind."""
    parent.join()
    os._exit(1)


def _end(pool: ProcessPoolExecutor) -> None:
    """Ends a pool at once: whatever its workers still do has not been asked for any more."""
    workers = list((pool._processes or {}).values())
    pool.shutdown(wait=False, cancel_futures=True)
    for worker in workers:
        worker.terminate()
    for worker in workers:
        worker.join(5)
