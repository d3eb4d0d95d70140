"""Locks between processes, also where the system has none; and what stands in a lock's place is left alone."""

import errno
import json
import os
import socket
import sys
from types import ModuleType

import processes
import pytest

from qsense.files import locks
from qsense.files.locks import LockHeldError, take_lock


class Windows(ModuleType):
    """`msvcrt` on one file: its locked bytes, as Windows keeps them for each open file."""

    LK_NBLCK = 2

    def __init__(self):
        super().__init__("msvcrt")
        self.held = {}

    def locking(self, handle, mode, number):
        assert mode == self.LK_NBLCK
        first = os.lseek(handle, 0, os.SEEK_CUR)
        wanted = set(range(first, first + number))
        for other, held in list(self.held.items()):
            if other == handle or not is_open(other):  # its number is used anew
                del self.held[other]
            elif held & wanted:
                raise OSError(errno.EACCES, "Permission denied")
        self.held[handle] = wanted


def is_open(handle):
    try:
        os.fstat(handle)
    except OSError:
        return False
    return True


def without_fcntl(monkeypatch):
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setitem(sys.modules, "msvcrt", None)


def on_windows(monkeypatch):
    monkeypatch.setitem(sys.modules, "fcntl", None)
    monkeypatch.setitem(sys.modules, "msvcrt", Windows())


def answering(code):
    def change(monkeypatch):
        import fcntl

        def flock(handle, how):
            raise OSError(code, os.strerror(code))

        monkeypatch.setattr(fcntl, "flock", flock)

    return change


def as_it_is(monkeypatch):
    pass


SYSTEMS = {
    "flock": as_it_is, "windows": on_windows, "nothing": without_fcntl, "ENOLCK": answering(errno.ENOLCK),
    "EOPNOTSUPP": answering(errno.EOPNOTSUPP),
}  # fmt: skip


@pytest.fixture(params=SYSTEMS)
def system(request, monkeypatch):
    monkeypatch.setattr(locks, "_told", set())
    SYSTEMS[request.param](monkeypatch)
    return request.param


def test_one_holds_it_or_many_share_it_on_every_system(system, tmp_path):
    path = tmp_path / "lock"
    first = take_lock(path)
    for shared in (False, True):
        with pytest.raises(LockHeldError):
            take_lock(path, shared)
    first.release()
    first.release()
    many = [take_lock(path, shared=True) for _ in range(3)]
    with pytest.raises(LockHeldError):
        take_lock(path)
    for lock in many:
        lock.release()
    take_lock(path).release()
    assert [one.name for one in tmp_path.iterdir()] == ["lock"]
    assert path.read_bytes() == b""


@pytest.mark.parametrize("name", ["ENOLCK", "nothing"])
def test_a_lock_that_is_a_file_says_so_once_and_whose_it_is(name, monkeypatch, tmp_path, caplog):
    monkeypatch.setattr(locks, "_told", set())
    SYSTEMS[name](monkeypatch)
    path = tmp_path / ".jobs.lock"
    lock = take_lock(path)
    with pytest.raises(LockHeldError, match=rf"process {os.getpid()} on .* holds the lock since 2.*, delete .*\.held$"):
        take_lock(path)
    lock.release()
    take_lock(path).release()
    said = [record.getMessage() for record in caplog.records]
    assert len(said) == 1
    assert f"{tmp_path}: this system has no locks for files there" in said[0]


def test_a_lock_by_file_of_a_dead_process_is_named_with_the_way_to_remove_it(monkeypatch, tmp_path):
    without_fcntl(monkeypatch)
    dead = processes.run_python("import os; print(os.getpid())").stdout.strip()
    mark = tmp_path / "lock.held"
    mark.write_text(json.dumps({"host": socket.gethostname(), "pid": int(dead), "since": "2026-01-01T00:00:00"}))
    with pytest.raises(LockHeldError, match=rf"process {dead}, .*2026-01-01T00:00:00, has ended; delete {mark}"):
        take_lock(tmp_path / "lock")
    mark.write_text("")  # its process was killed before it wrote its words
    with pytest.raises(LockHeldError, match=f"unknown process .* delete {mark}"):
        take_lock(tmp_path / "lock")
    mark.unlink()
    take_lock(tmp_path / "lock").release()


def test_a_system_with_locks_heeds_the_lock_of_one_without(monkeypatch, tmp_path):
    """Two machines share a folder, and only one of them can lock its files."""
    with monkeypatch.context() as patched:
        without_fcntl(patched)
        lock = take_lock(tmp_path / "lock")
    with pytest.raises(LockHeldError):
        take_lock(tmp_path / "lock")
    lock.release()
    take_lock(tmp_path / "lock").release()


def test_a_link_or_a_pipe_in_place_of_a_lock_is_refused_and_its_target_kept(system, tmp_path):
    target = tmp_path / "thesis.tex"
    target.write_text("all of it")
    (tmp_path / "lock").symlink_to(target)
    with pytest.raises(OSError, match="symbolic link; delete it"):
        take_lock(tmp_path / "lock")
    (tmp_path / "dangling").symlink_to(tmp_path / "made")
    with pytest.raises(OSError, match="symbolic link"):
        take_lock(tmp_path / "dangling")
    assert not (tmp_path / "made").exists()
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(OSError, match="no plain file"):
        take_lock(tmp_path / "pipe")
    mark = tmp_path / "other.held"
    mark.symlink_to(target)
    with pytest.raises(LockHeldError):
        take_lock(tmp_path / "other")
    os.mkfifo(tmp_path / "third.held")
    with pytest.raises(LockHeldError, match="unknown process"):
        take_lock(tmp_path / "third")
    assert target.read_text() == "all of it"


def test_where_there_is_no_nofollow_a_link_is_refused_too(monkeypatch, tmp_path):
    monkeypatch.delattr(os, "O_NOFOLLOW")
    (tmp_path / "lock").symlink_to(tmp_path / "target")
    with pytest.raises(OSError, match="symbolic link"):
        take_lock(tmp_path / "lock")
    assert not (tmp_path / "target").exists()


def test_a_lock_whose_file_is_deleted_meanwhile_is_taken_on_the_new_file(monkeypatch, tmp_path):
    path, real, once = tmp_path / "lock", locks._lock_file, []

    def slow(handle, shared):
        if not once:
            once.append(path.unlink())
        return real(handle, shared)

    monkeypatch.setattr(locks, "_lock_file", slow)
    lock = take_lock(path)
    with pytest.raises(LockHeldError):
        take_lock(path)
    lock.release()


CONTEST = """
import sys
from qsense.files.locks import LockHeldError, take_lock
if sys.argv[3] == "files":
    sys.modules["fcntl"] = None
path, inside = __import__("pathlib").Path(sys.argv[1]), __import__("pathlib").Path(sys.argv[2])
import os
won = 0
while won < 100:
    try:
        lock = take_lock(path)
    except LockHeldError:
        continue
    os.close(os.open(inside, os.O_CREAT | os.O_EXCL))  # fails if another is inside
    inside.unlink()
    won += 1
    lock.release()
"""


@pytest.mark.parametrize("way", ["flock", "files"])
def test_two_processes_never_hold_it_at_once(way, tmp_path):
    words = (tmp_path / "lock", tmp_path / "inside", way)
    both = [processes.start_python(CONTEST, *words) for _ in range(2)]
    for process in both:
        processes.finish(process, 20.0)
        assert process.returncode == 0
