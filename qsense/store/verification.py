"""Verifies every byte of a store, and rebuilds its index from the shards."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from qsense.errors import NewerStoreError, StoreError
from qsense.files.atomic import replace
from qsense.files.safe import check_place, make_folder
from qsense.store.folder import (
    UnreadableError,
    read_file,
    require_store,
    shard_folders,
    shard_path,
    shards_in,
    study_files,
)
from qsense.store.index import FILE, OWN_FILES, Index
from qsense.store.locks import exclusive_lock, shared_lock
from qsense.store.shard import Result, deserialize
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


def verify(
    path: str | Path,
    repair: bool = False,
    progress: Progress | None = None,
    check: Callable[[Result], None] | None = None,
) -> Health:
    """Reads every shard and study of a store against its checksum, the key of every trial against its content, and the
    index against the shards.

    Args:
        path: the store's folder.
        repair: rebuilds the index from the valid shards, and moves damaged files to `damaged/`; the next sweep that
            needs their trials runs them again. A file that cannot be read now stays where it is.
        progress: called with (shards read, all, "verifying").
        check: raises StoreError for a result that no trial gives; a store does not know what a trial is.

    Raises:
        StoreError: there is no store, it is being tidied, or, to repair, another process has it open or it cannot be
            written.
        NewerStoreError: it was written by a newer qsense, which is not damage.
    """
    folder = Path(path)
    require_store(folder)
    with exclusive_lock(folder) if repair else _shared(folder):
        # Before the shards are read, so that a shard added meanwhile is not taken for a missing one.
        known, held = _indexed(folder)
        read = _read_all(folder, progress, check)
        wrong = [*read.damaged.values(), *read.unreadable.values()]
        wrong += _index_faults(folder, read, known)
        number = len({key for keys in read.found.values() for key in keys})
        if not (repair and wrong):
            return Health(len(read.found), number, read.size, tuple(wrong))
        try:
            done = [_move_aside(folder, file) for file in read.damaged]
            done += [f"{file}: left where it is, and in the index: it may be whole" for file in read.unreadable]
            kept = [(name, key) for name, key in held if shard_path(folder, name) in read.unreadable]
            _rebuild_index(folder, read.found, kept)
        except OSError as error:
            raise StoreError(f"{folder}: cannot be written: {error.strerror}; fix this and repair again.") from error
        done.append(f"{folder / FILE}: rebuilt from {len(read.found)} shards with {number} trials")
        return Health(len(read.found), number, read.size, tuple(wrong), tuple(done))


@dataclass
class _Read:
    """What was read: digest → trials of the valid shards and their bytes; path → what is wrong.

    Only what has been read, and is wrong again when it is read once more, is damaged. What cannot be read is not: its
    disk or its network may be away, or it is a link, which is not followed.
    """

    found: dict[str, list[str]] = field(default_factory=dict)
    damaged: dict[Path, str] = field(default_factory=dict)
    unreadable: dict[Path, str] = field(default_factory=dict)
    size: int = 0

    def take(self, path: Path, act: Callable[[], None]) -> None:
        for attempt in (1, 2):
            try:
                act()
            except NewerStoreError:
                raise
            except UnreadableError as error:
                self.unreadable[path] = str(error)
            except StoreError as error:
                if attempt == 1:
                    continue
                self.damaged[path] = str(error)
            return


def _read_all(folder: Path, progress: Progress | None, check: Callable[[Result], None] | None) -> _Read:
    read = _Read()
    paths: list[Path] = []
    for prefix in shard_folders(folder):
        read.take(prefix, partial(_extend, paths, shards_in, prefix, folder))
    for number, path in enumerate(paths):
        read.take(path, partial(_read_shard, folder, path, read, check))
        if progress is not None:
            progress(number + 1, len(paths), "verifying")
    studies: list[Path] = []
    read.take(folder / "studies", partial(_extend, studies, study_files, folder))
    for path in studies:
        read.take(path, partial(_read_study, folder, path))
    return read


def _extend(paths: list[Path], listing: Callable[..., list[Path]], *places: Path) -> None:
    paths += listing(*places)


def _read_shard(folder: Path, path: Path, read: _Read, check: Callable[[Result], None] | None) -> None:
    content = read_file(path, folder)
    _, results = deserialize(content, str(path))
    if path.parent.name != path.stem[:2]:
        raise StoreError(f"{path}: not in the folder of its name; run `qsense store verify --repair`.")
    for result in results:
        try:
            if check is not None:
                check(result)
        except StoreError as error:
            raise StoreError(f"{path}: {error}; run `qsense store verify --repair`.") from error
    read.found[path.stem] = [result.key for result in results]
    read.size += len(content)


def _read_study(folder: Path, path: Path) -> None:
    StudyEntry.from_bytes(read_file(path, folder), str(path))


def _indexed(folder: Path) -> tuple[set[str], list[tuple[str, str]]]:
    """Returns what the index names: digests, and (digest, trial). Nothing if it is damaged: `_index_faults` says so."""
    nothing: tuple[set[str], list[tuple[str, str]]] = set(), []
    if not os.path.lexists(folder / FILE):
        return nothing
    try:
        index = Index(folder, read_only=True)
    except NewerStoreError:
        raise
    except StoreError:
        return nothing
    try:
        return index.digests(), [(name, key) for key, name in index.all()]
    except StoreError:
        return nothing
    finally:
        index.close()


def _index_faults(folder: Path, read: _Read, known: set[str]) -> list[str]:
    """Returns what is wrong with the index; `known` are the shards that it named before they were read.

    A shard that it does not name is not a fault: its writer is about to add it, or was killed and the next writer will.
    """
    path, found = folder / FILE, read.found
    if not os.path.lexists(path):
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
        away = {place.stem for place in read.unreadable} | {
            name for name in known if shard_path(folder, name).parent in read.unreadable
        }
        lost = sorted(known - found.keys() - away)
        wrong = [f"{path}: names the shard {name[:12]}, which is not valid" for name in lost]
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
    make_folder(target.parent, folder)
    check_place(path.parent, folder)
    replace(path, target)
    return f"{path}: moved to {target}; the next sweep runs its trials again"


def _rebuild_index(folder: Path, found: dict[str, list[str]], kept: Sequence[tuple[str, str]]) -> None:
    """Makes the index anew; what is there goes to `damaged/`, as it may be something else of that name."""
    for name in OWN_FILES:
        if os.path.lexists(folder / name):
            _move_aside(folder, folder / name)
    with closing(Index(folder)) as index:
        for name in sorted(found):
            index.add(name, found[name])
        for name, key in kept:
            index.add(name, [key])


@contextmanager
def _shared(folder: Path) -> Iterator[None]:
    """Keeps a store from being tidied meanwhile."""
    lock = shared_lock(folder, read_only=True)
    try:
        yield
    finally:
        if lock is not None:
            lock.release()
