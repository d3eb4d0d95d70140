"""Records in use: a process that writes to a record keeps others from removing it."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from qsense.errors import RecordError
from qsense.files.locks import Lock, LockHeldError, take_lock

_USE = ".use.lock"
_JOBS = ".jobs.lock"  # of those who send and fetch jobs


@contextmanager
def in_use(record: Path) -> Iterator[None]:
    """Says that this process works on a record, as others may at the same time; removing it is refused meanwhile.

    Raises:
        RecordError: the record is being removed.
    """
    lock: Lock | None = None
    try:
        lock = take_lock(record / _USE, shared=True)
    except LockHeldError as error:
        raise RecordError(f"{record}: is being removed by another process.") from error
    except OSError:
        pass  # a folder that cannot be written to cannot be removed either, or says so itself
    try:
        yield
    finally:
        if lock is not None:
            lock.release()


@contextmanager
def not_in_use(record: Path) -> Iterator[None]:
    """Keeps others from beginning to work on a record while it is removed.

    Raises:
        RecordError: another process works on it.
        OSError: it cannot be locked.
    """
    with ExitStack() as locks:
        for name in (_USE, _JOBS):
            if name == _JOBS and not os.path.lexists(record / _JOBS):
                continue
            try:
                lock = take_lock(record / name)
            except LockHeldError as error:
                more = f" ({error})" if str(error) else ""
                raise RecordError(
                    f"{record}: another qsense process works on it; wait for it to end{more}. It was not removed."
                ) from error
            locks.callback(lock.release)
        if os.name == "nt":
            locks.close()  # an open file could not be removed there
        yield
