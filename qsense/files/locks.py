"""Locks between processes, each on a file that is never followed, changed or emptied.

The first of these that the system has is taken; the first two end with the process:

1. `flock` (Linux, macOS);
2. locked bytes of the file (Windows, `msvcrt`): all of them, or one of them for a shared lock;
3. files beside it that can be made only once. A killed process leaves them behind; they say whose they are. This is for
   file systems without locks, as some network file systems are, which answer ENOLCK or EOPNOTSUPP.
"""

from __future__ import annotations

import errno
import importlib
import json
import logging
import os
import secrets
import socket
import stat
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

logger = logging.getLogger(__name__)

_NO_LOCKS = {errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP, errno.ENOSYS}
_SLOTS = 1024  # the locked bytes on Windows: so many processes can share a lock
_told: set[Path] = set()


class LockHeldError(Exception):
    """Another process holds the lock; the message says what is known of it, and is "" if nothing is."""


@dataclass
class Lock:
    """A lock that this process holds until `release`.

    Attributes:
        handle: the descriptor of the lock's file.
        mark: the file that stands for the lock where the system has none.
        content: of that file.
    """

    handle: int
    mark: Path | None = None
    content: bytes = field(default=b"", repr=False)

    def release(self) -> None:
        """Ends the lock; without effect on a lock that has ended."""
        if self.mark is not None:
            with suppress(OSError):
                if _read(self.mark) == self.content:
                    self.mark.unlink()
            self.mark = None
        if self.handle >= 0:
            os.close(self.handle)
            self.handle = -1


def take_lock(path: Path, shared: bool = False) -> Lock:
    """Returns a lock on a file, which is made if it is not there; does not wait.

    Args:
        path: the lock's file.
        shared: whether others may hold shared locks at the same time; without it nobody else may hold any.

    Raises:
        LockHeldError: another process holds it.
        OSError: the file cannot be made, or is a link or no plain file.
    """
    while True:
        lock = Lock(_open(path))
        try:
            has_locks = _lock_file(lock.handle, shared)
            if os.name == "posix" and not _is_same_file(lock.handle, path):  # it was deleted and made anew meanwhile
                lock.release()
                continue
            if not has_locks:
                _tell(path)
                lock.content = _own_words()
                lock.mark = _make_mark(path, lock.content, shared)
            _check_marks(path, lock.mark, shared)
        except BaseException:
            lock.release()
            raise
        return lock


def _open(path: Path) -> int:
    if not hasattr(os, "O_NOFOLLOW") and path.is_symlink():
        raise OSError(errno.ELOOP, "it is a symbolic link; delete it")
    flags = os.O_RDWR | os.O_CREAT | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0)
    try:
        handle = os.open(path, flags, 0o644)
    except OSError as error:
        if error.errno == errno.ELOOP:
            raise OSError(errno.ELOOP, "it is a symbolic link; delete it") from error
        raise
    if not stat.S_ISREG(os.fstat(handle).st_mode):
        os.close(handle)
        raise OSError(errno.EINVAL, "it is no plain file; delete it")
    return handle


def _is_same_file(handle: int, path: Path) -> bool:
    try:
        return os.path.samestat(os.fstat(handle), os.lstat(path))
    except FileNotFoundError:
        return False


def _lock_file(handle: int, shared: bool) -> bool:
    """Locks an open file; returns whether the system has locks for it."""
    try:
        import fcntl
    except ImportError:
        return _lock_bytes(handle, shared)
    try:
        fcntl.flock(handle, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except OSError as error:
        if error.errno in _NO_LOCKS:
            return False
        if error.errno in (errno.EWOULDBLOCK, errno.EAGAIN, errno.EACCES):
            raise LockHeldError from error
        raise
    return True


def _lock_bytes(handle: int, shared: bool) -> bool:
    """Locks bytes of an open file, as Windows can; returns whether the system can."""
    try:
        windows = importlib.import_module("msvcrt")
    except ImportError:
        return False
    for first in range(_SLOTS) if shared else (0,):
        os.lseek(handle, first, os.SEEK_SET)
        try:
            windows.locking(handle, windows.LK_NBLCK, 1 if shared else _SLOTS)
        except OSError as error:
            if error.errno not in (errno.EACCES, errno.EDEADLK):
                return False
        else:
            return True
    raise LockHeldError


def _make_mark(path: Path, content: bytes, shared: bool) -> Path:
    """Makes the file that stands for a lock."""
    mark = path.with_name(f"{path.name}.shared-{secrets.token_hex(6)}" if shared else f"{path.name}.held")
    try:
        handle = os.open(mark, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o644)
    except FileExistsError as error:
        raise LockHeldError(_holder(mark)) from error
    with os.fdopen(handle, "wb") as file:
        file.write(content)
    return mark


def _check_marks(path: Path, own: Path | None, shared: bool) -> None:
    """Refuses a lock that the files of others exclude; called when the own file is there for others to see."""
    others = [path.with_name(f"{path.name}.held"), *([] if shared else path.parent.glob(f"{path.name}.shared-*"))]
    for mark in others:
        if mark != own and os.path.lexists(mark):
            raise LockHeldError(_holder(mark))


def _own_words() -> bytes:
    now = datetime.now(UTC).isoformat(timespec="seconds")
    words = {"host": socket.gethostname(), "pid": os.getpid(), "since": now, "token": secrets.token_hex(6)}
    return json.dumps(words).encode()


def _holder(mark: Path) -> str:
    """Returns who holds a lock by a file, and how to remove the file if they no longer do."""
    try:
        words = json.loads(_read(mark))
        host, pid, since = str(words["host"])[:80], int(words["pid"]), str(words["since"])[:40]
    except (OSError, ValueError, TypeError, KeyError):
        return f"an unknown process holds the lock; if no qsense works there, delete {mark}"
    if host == socket.gethostname() and os.name == "posix" and not _is_alive(pid):
        return f"process {pid}, which held the lock since {since}, has ended; delete {mark}"
    return f"process {pid} on {host} holds the lock since {since}; if it has ended, delete {mark}"


def _read(mark: Path) -> bytes:
    """Returns the words in a mark; follows no link and waits for no pipe."""
    handle = os.open(mark, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
    with os.fdopen(handle, "rb") as file:
        return file.read(4096) or b""


def _is_alive(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    except (OSError, OverflowError):
        return True
    return True


def _tell(path: Path) -> None:
    if path not in _told:
        _told.add(path)
        logger.warning(
            f"{path.parent}: this system has no locks for files there; {path.name}.held stands for one while qsense "
            "works, and stays behind if it is killed"
        )
