"""Locks of a store. Many processes may read and write at once; tidying and repairing exclude all others."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from qsense.errors import StoreError


def shared_lock(folder: Path, read_only: bool) -> int | None:
    """Takes a shared lock on a store, which ends with the process at the latest.

    Args:
        folder: of the store.
        read_only: whether a store that cannot be locked may be used without a lock.

    Returns:
        The descriptor that holds the lock, to be closed; None without a lock.

    Raises:
        StoreError: the store is being tidied or repaired, or the lock cannot be made.
    """
    try:
        handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        if read_only:
            return None
        raise StoreError(f"{folder}: cannot be written: {error.strerror}; choose another folder.") from error
    with suppress(ImportError):  # not on Windows
        import fcntl

        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError as error:
            os.close(handle)
            raise StoreError(
                f"{folder}: `qsense store gc` or `verify --repair` is at work; wait for it to end."
            ) from error
    return handle


@contextmanager
def exclusive_lock(folder: Path) -> Iterator[None]:
    """Keeps all other processes from a store.

    Raises:
        StoreError: another process has it open, or it cannot be written.
    """
    try:
        lock = (folder / ".lock").open("a")
    except OSError as error:
        raise StoreError(f"{folder}: cannot be written: {error.strerror}.") from error
    with lock as file:
        with suppress(ImportError):  # not on Windows
            import fcntl

            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise StoreError(f"{folder}: another qsense has it open; wait for it to end.") from error
        yield
