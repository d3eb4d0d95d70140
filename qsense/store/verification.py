"""Verifies every byte of a store, and rebuilds its index from the shards."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from qsense.errors import NewerStoreError, StoreError
from qsense.store.index import FILE, Index
from qsense.store.locks import exclusive_lock, shared_lock
from qsense.store.shard import deserialize
from qsense.store.store import read_file, require_store
from qsense.store.studies import StudyEntry

Progress = Callable[[int, int, str], None]


@dataclass(frozen=True)
class Health:
    """The state of a store.

    Attributes:
        shards, trials, bytes: how many are valid.
        wrong: a line for each fault, which names the file.
        repaired: a line for each repair.
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
        repair: rebuilds the index from the valid shards, and moves damaged files to `damaged/`; the next sweep that
            needs their trials runs them again.
        progress: called with (shards read, all, "verifying").

    Raises:
        StoreError: there is no store, it is being tidied, or, to repair, another process has it open or it cannot be
            written.
        NewerStoreError: it was written by a newer qsense, which is not damage.
    """
    folder = Path(path)
    require_store(folder)
    with exclusive_lock(folder) if repair else _shared(folder):
        # Before the shards are read, so that a shard added meanwhile is not taken for a missing one.
        known = _indexed_shards(folder)
        found, faults, size = _read_all(folder, progress)
        wrong = list(faults.values())
        wrong += _index_faults(folder, found, known)
        number = len({key for keys in found.values() for key in keys})
        if not (repair and wrong):
            return Health(len(found), number, size, tuple(wrong))
        try:
            done = [_move_aside(folder, file) for file in faults]
            _rebuild_index(folder, found)
        except OSError as error:
            raise StoreError(f"{folder}: cannot be written: {error.strerror}; fix this and repair again.") from error
        done.append(f"{folder / FILE}: rebuilt from {len(found)} shards with {number} trials")
        return Health(len(found), number, size, tuple(wrong), tuple(done))


def _read_all(folder: Path, progress: Progress | None) -> tuple[dict[str, list[str]], dict[Path, str], int]:
    """Returns digest → trials of the valid shards, what is wrong with other files, and the bytes of the valid ones."""
    found: dict[str, list[str]] = {}
    wrong: dict[Path, str] = {}
    size = 0
    paths = sorted((folder / "shards").glob("*/*.zip"))
    for number, path in enumerate(paths):
        try:
            content = read_file(path)
            _, results = deserialize(content, str(path))
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
            StudyEntry.from_bytes(read_file(path), str(path))
        except NewerStoreError:
            raise
        except StoreError as error:
            wrong[path] = str(error)
    return found, wrong, size


def _indexed_shards(folder: Path) -> set[str]:
    """Returns the digests that the index names; none if it is damaged, which `_index_faults` reports."""
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


def _index_faults(folder: Path, found: dict[str, list[str]], known: set[str]) -> list[str]:
    """Returns what is wrong with the index; `known` are the shards that it named before they were read.

    A shard that it does not name is not a fault: its writer is about to add it, or was killed and the next writer will.
    """
    path = folder / FILE
    if not path.exists():
        return [f"{path}: missing"] if found else []
    try:
        index = Index(folder, read_only=True)
    except StoreError as error:
        return [str(error)]
    try:
        if index.is_new and found:  # a writer makes its tables before the first shard
            return [f"{path}: empty"]
        if problem := index.problem():
            return [f"{path}: damaged ({problem})"]
        wrong = [f"{path}: names the shard {name[:12]}, which is not valid" for name in sorted(known - found.keys())]
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


def _move_aside(folder: Path, path: Path) -> str:
    target = folder / "damaged" / path.name
    target.parent.mkdir(exist_ok=True)
    os.replace(path, target)
    return f"{path}: moved to {target}; the next sweep runs its trials again"


def _rebuild_index(folder: Path, found: dict[str, list[str]]) -> None:
    for name in (FILE, f"{FILE}-wal", f"{FILE}-shm"):
        (folder / name).unlink(missing_ok=True)
    with closing(Index(folder)) as index:
        for name in sorted(found):
            index.add(name, found[name])


@contextmanager
def _shared(folder: Path) -> Iterator[None]:
    """Keeps a store from being tidied meanwhile."""
    lock = shared_lock(folder, read_only=True)
    try:
        yield
    finally:
        if lock is not None:
            lock.release()
