"""Parts of a computation in threads.

NumPy lets other threads run inside of its loops and of LAPACK.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from concurrent.futures import ThreadPoolExecutor

    from threadpoolctl import ThreadpoolController

T = TypeVar("T")
_NAME = "qsense"


def num_processors() -> int:
    """Returns how many processors this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def num_threads() -> int:
    """Returns how many threads a computation may take: one a processor, or fewer where OMP_NUM_THREADS says so."""
    limit = os.environ.get("OMP_NUM_THREADS", "")
    return min(num_processors(), max(int(limit), 1)) if limit.isdecimal() else num_processors()


def in_threads(function: Callable[..., T], *arguments: Sequence[Any]) -> list[T]:
    """Returns what a function returns for each tuple of its arguments, in their order.

    Args:
        function: must not change what it shares with others.
        arguments: lists of one length.

    >>> in_threads(lambda one, two: one + two, [1, 2, 3], [10, 20, 30])
    [11, 22, 33]
    """
    is_inside = threading.current_thread().name.startswith(_NAME)
    if len(arguments[0]) == 1 or num_threads() == 1 or is_inside:
        return [function(*each) for each in zip(*arguments, strict=True)]
    with single_threaded_libraries():
        return list(_pool(os.getpid(), num_threads()).map(function, *arguments))


@contextmanager
def single_threaded_libraries() -> Iterator[None]:
    """While it lasts products and eigenvectors take one thread: of small matrices several would wait for each other."""
    with _libraries().limit(limits=1, user_api="blas"):
        yield


@cache
def _libraries() -> ThreadpoolController:
    """The linear algebra that NumPy and SciPy brought with them."""
    import scipy.linalg  # noqa: F401  (so that its library is there)
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


@cache
def _pool(process: int, threads: int) -> ThreadPoolExecutor:
    """The threads of this process: those of the one that it was forked from are not there."""
    from concurrent.futures import ThreadPoolExecutor

    return ThreadPoolExecutor(threads, thread_name_prefix=_NAME)
