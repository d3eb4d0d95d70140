"""Verifies every byte of a store, and makes its index again from the shards."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from qsense.errors import NewerStoreError, StoreError
from qsense.store import read, shared, there
from qsense.store.index import FILE, Index
from qsense.store.shard import opened
from qsense.store.studies import StudyEntry

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Health:
    """What verifying found; `wrong` has a line for each fault, naming the file.

    Attributes:
        shards, trials, bytes: that are whole.
        wrong: what is not.
        repaired: what was mended, and what was lost with damaged files.
    """

    shards: int
    trials: int
    bytes: int
    wrong: tuple[str, ...]
    repaired: tuple[str, ...] = ()


def verify(path: str | Path, repair: bool = False, progress: Progress | None = None) -> Health:
    """Reads every shard and study of a store against its checksum, and the index against the shards.

    Args:
        path: the store's folder.
        repair: makes the index again from the whole shards, and moves damaged files to `damaged/`; the trials in them
            are run again by the next sweep that wants them.
        progress: called with (shards read, all, "verifying").

    Raises:
        StoreError: there is no store, it is being tidied, or, to repair, another process has it open or it cannot be
            written; NewerStoreError: it was written by a newer qsense, which is no damage.
    """
    folder = Path(path)
    there(folder)
    with alone(folder) if repair else _with_others(folder):
        # Before the shards are read: what a writer adds meanwhile is not missed.
        known = _known(folder)
        found, faults, size = _whole(folder, progress)
        wrong = list(faults.values())
        wrong += _faults_of_the_index(folder, found, known)
        number = len({key for keys in found.values() for key in keys})
        if not (repair and wrong):
            return Health(len(found), number, size, tuple(wrong))
        try:
            done = [_aside(folder, file) for file in faults]
            _index_again(folder, found)
        except OSError as error:
            raise StoreError(f"{folder}: cannot be written: {error.strerror}; mend this and repair again.") from error
        done.append(f"{folder / FILE}: made again from {len(found)} shards with {number} trials")
        return Health(len(found), number, size, tuple(wrong), tuple(done))


def _whole(folder: Path, progress: Progress | None) -> tuple[dict[str, list[str]], dict[Path, str], int]:
    """Digest → trials of the shards that are whole, what is wrong with each file that is not, the former's bytes."""
    found: dict[str, list[str]] = {}
    wrong: dict[Path, str] = {}
    size = 0
    paths = sorted((folder / "shards").glob("*/*.zip"))
    for number, path in enumerate(paths):
        try:
            content = read(path)
            _, results = opened(content, str(path))
            if path.parent.name != path.stem[:2]:
                raise StoreError(f"{path}: not in the folder of its name; run `qsense store verify --repair`.")
            found[path.stem] = [result.key for result in results]
            size += len(content)
        except NewerStoreError:
            raise
        except StoreError as error:
            wrong[path] = str(error)
        if progress is not None:
            progress(number + 1, len(paths), "verifying")
    for path in sorted((folder / "studies").glob("*.zip")):
        try:
            StudyEntry.from_bytes(read(path), str(path))
        except NewerStoreError:
            raise
        except StoreError as error:
            wrong[path] = str(error)
    return found, wrong, size


def _known(folder: Path) -> set[str]:
    """The shards that the index names; none if it is damaged, which is found later."""
    if not (folder / FILE).exists():
        return set()
    try:
        index = Index(folder, read_only=True)
    except NewerStoreError:
        raise
    except StoreError:
        return set()
    try:
        return index.digests()
    except StoreError:
        return set()
    finally:
        index.close()


def _faults_of_the_index(folder: Path, found: dict[str, list[str]], known: set[str]) -> list[str]:
    """What is wrong with the index; `known` are the shards that it named before they were read.

    A shard that it does not name is no fault: a writer is about to add it, or was killed, and the next one will.
    """
    path = folder / FILE
    if not path.exists():
        return [f"{path}: missing"] if found else []
    try:
        index = Index(folder, read_only=True)
    except StoreError as error:
        return [str(error)]
    try:
        if index.is_new and found:  # it is made before the first shard is
            return [f"{path}: empty"]
        if problem := index.problem():
            return [f"{path}: damaged ({problem})"]
        wrong = [f"{path}: names the shard {name[:12]}, which is not whole" for name in sorted(known - found.keys())]
        content = {name: set(keys) for name, keys in found.items()}
        held = dict(index.all())
        astray = sum(key not in content[name] for key, name in held.items() if name in content)
        if astray:
            wrong.append(f"{path}: {astray} trials are not in the shards that it names")
        missing = {key for name in known & found.keys() for key in found[name]} - held.keys()
        if missing:
            wrong.append(f"{path}: lacks {len(missing)} trials of the shards that it names")
        return wrong
    except StoreError as error:
        return [str(error)]
    finally:
        index.close()


def _aside(folder: Path, path: Path) -> str:
    target = folder / "damaged" / path.name
    target.parent.mkdir(exist_ok=True)
    os.replace(path, target)
    return f"{path}: moved to {target}; the sweep runs its trials again"


def _index_again(folder: Path, found: dict[str, list[str]]) -> None:
    for name in (FILE, f"{FILE}-wal", f"{FILE}-shm"):
        (folder / name).unlink(missing_ok=True)
    with closing(Index(folder)) as index:
        for name in sorted(found):
            index.add(name, found[name])


@contextmanager
def _with_others(folder: Path) -> Iterator[None]:
    """Keeps tidying from a store."""
    handle = shared(folder, read_only=True)
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)


@contextmanager
def alone(folder: Path) -> Iterator[None]:
    """Keeps all other processes from a store.

    Raises:
        StoreError: another has it open, or it cannot be written.
    """
    try:
        opened_lock = (folder / ".lock").open("a")
    except OSError as error:
        raise StoreError(f"{folder}: cannot be written: {error.strerror}.") from error
    with opened_lock as file:
        with suppress(ImportError):  # not on Windows
            import fcntl

            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise StoreError(f"{folder}: another qsense has it open; wait for it to end.") from error
        yield
