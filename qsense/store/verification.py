"""Verifies every byte of a store, and makes its index again from the shards."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from qsense.errors import StoreError
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
        StoreError: there is no store, or, to repair, another process has it open.
    """
    folder = Path(path)
    if not (folder / "shards").is_dir():
        raise StoreError(f"{folder}: not a store, it has no shards; give the folder that a sweep wrote to.")
    with alone(folder, repair):
        found, wrong, size = _whole(folder, progress)
        damaged = [line.partition(": ")[0] for line in wrong]
        wrong += _faults_of_the_index(folder, found)
        number = len({key for keys in found.values() for key in keys})
        if not (repair and wrong):
            return Health(len(found), number, size, tuple(wrong))
        done = [_aside(folder, Path(name)) for name in damaged]
        _index_again(folder, found)
        done.append(f"{folder / FILE}: made again from {len(found)} shards with {number} trials")
        return Health(len(found), number, size, tuple(wrong), tuple(done))


def _whole(folder: Path, progress: Progress | None) -> tuple[dict[str, list[str]], list[str], int]:
    """Digest → trials of the shards that are whole, a line for each file that is not, and the bytes of the former."""
    found: dict[str, list[str]] = {}
    wrong: list[str] = []
    size = 0
    paths = sorted((folder / "shards").glob("*/*.zip"))
    for number, path in enumerate(paths):
        try:
            content = path.read_bytes()
            _, results = opened(content, str(path))
            found[path.stem] = [result.key for result in results]
            size += len(content)
        except (OSError, StoreError) as error:
            wrong.append(str(error) if isinstance(error, StoreError) else f"{path}: {error.strerror}")
        if progress is not None:
            progress(number + 1, len(paths), "verifying")
    for path in sorted((folder / "studies").glob("*.zip")):
        try:
            StudyEntry.from_bytes(path.read_bytes(), str(path))
        except (OSError, StoreError) as error:
            wrong.append(str(error) if isinstance(error, StoreError) else f"{path}: {error.strerror}")
    return found, wrong, size


def _faults_of_the_index(folder: Path, found: dict[str, list[str]]) -> list[str]:
    path = folder / FILE
    if not path.exists():
        return [f"{path}: missing"] if found else []
    try:
        index = Index(folder, read_only=True)
    except StoreError as error:
        return [str(error)]
    try:
        if problem := index.problem():
            return [f"{path}: damaged ({problem})"]
        wrong = [f"{path}: does not know the shard {name[:12]}" for name in sorted(found.keys() - index.digests())]
        wrong += [f"{path}: names the shard {name[:12]}, which is not there" for name in index.digests() - found.keys()]
        content = {name: set(keys) for name, keys in found.items()}
        astray = sum(key not in content.get(name, ()) for key, name in index.all() if name in content)
        return [*wrong, f"{path}: {astray} trials are not in the shards that it names"] if astray else wrong
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
    index = Index(folder)
    for name in sorted(found):
        index.add(name, found[name])
    index.close()


@contextmanager
def alone(folder: Path, wanted: bool) -> Iterator[None]:
    """Keeps all other processes from a store, if wanted."""
    if not wanted:
        yield
        return
    with (folder / ".lock").open("a") as file:
        with suppress(ImportError):  # not on Windows
            import fcntl

            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                raise StoreError(f"{folder}: another qsense has it open; wait for it to end.") from None
        yield
