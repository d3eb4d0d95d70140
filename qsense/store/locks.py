"""Locks of a store. Many processes may read and write at once; tidying and repairing exclude all others."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from qsense.errors import StoreError
from qsense.files.locks import Lock, LockHeldError, take_lock


def shared_lock(folder: Path, read_only: bool) -> Lock | None:
    """Takes a shared lock on a store, to be released.

    Args:
        folder: of the store.
        read_only: whether a store that cannot be locked may be used without a lock.

    Returns:
        The lock; None without one.

    Raises:
        StoreError: the store is being tidied or repaired, or the lock cannot be made.
    """
    try:
        return take_lock(folder / ".lock", shared=True)
    except LockHeldError as error:
        raise StoreError(
            f"{folder}: `qsense store gc` or `verify --repair` is at work; wait for it to end{_more(error)}."
        ) from error
    except OSError as error:
        if read_only:
            return None
        raise StoreError(f"{folder}: cannot be written: .lock: {error.strerror}; choose another folder.") from error


@contextmanager
def exclusive_lock(folder: Path) -> Iterator[None]:
    """Keeps all other processes from a store.

    Raises:
        StoreError: another process has it open, or it cannot be written.
    """
    try:
        lock = take_lock(folder / ".lock")
    except LockHeldError as error:
        raise StoreError(f"{folder}: another qsense has it open; wait for it to end{_more(error)}.") from error
    except OSError as error:
        raise StoreError(f"{folder}: cannot be written: .lock: {error.strerror}.") from error
    try:
        yield
    finally:
        lock.release()


def _more(error: LockHeldError) -> str:
    return f" ({error})" if str(error) else ""
