"""The files of a store: only those with names of qsense, in folders that are no links, are read, moved or removed."""

from __future__ import annotations

import errno
import re
from collections.abc import Iterator
from pathlib import Path

from qsense import files
from qsense.errors import StoreError
from qsense.files import safe

_PREFIX = re.compile("[0-9a-f]{2}")
_SHARD = re.compile(r"[0-9a-f]{64}\.zip")
_STUDY = re.compile(r"[0-9a-f]{12}\.zip")
_LASTING = {errno.ELOOP, errno.EINVAL, errno.EFBIG, errno.EISDIR, errno.ENOTDIR}  # of what is no regular file
_UNFINISHED = re.compile(r"\.[^/\\]*\.part")


class UnreadableError(StoreError):
    """A file of a store cannot be read now: its disk or its network may be away, and what it holds may be whole."""


def require_store(folder: Path) -> None:
    """Checks that a folder is a store.

    Raises:
        StoreError: it is not.
    """
    if not (folder / "shards").is_dir():
        raise StoreError(f"{folder}: not a store, it has no shards; give the folder that a sweep wrote to.")


def shard_path(folder: Path, name: str) -> Path:
    """Returns the path of a shard in a store, given its digest."""
    return folder / "shards" / name[:2] / f"{name}.zip"


def shard_folders(folder: Path) -> list[Path]:
    """Returns the folders of a store that hold shards; a link among them is refused when it is read.

    Raises:
        StoreError: they cannot be listed.
    """
    return [path for path in _listed(folder / "shards", folder) if _PREFIX.fullmatch(path.name)]


def shard_files(folder: Path) -> Iterator[Path]:
    """Yields the paths of a store's shards.

    Raises:
        StoreError: they cannot be listed, or are behind a link.
    """
    for prefix in shard_folders(folder):
        yield from shards_in(prefix, folder)


def shards_in(prefix: Path, folder: Path) -> list[Path]:
    """Returns the paths of the shards in one folder of a store.

    Raises:
        StoreError: they cannot be listed, or are behind a link.
    """
    return [path for path in _listed(prefix, folder) if _SHARD.fullmatch(path.name)]


def study_files(folder: Path) -> list[Path]:
    """Returns the paths of a store's studies.

    Raises:
        StoreError: they cannot be listed, or are behind a link.
    """
    return [path for path in _listed(folder / "studies", folder) if _STUDY.fullmatch(path.name)]


def unfinished_files(folder: Path) -> list[Path]:
    """Returns the paths of the files that killed processes were writing.

    Raises:
        StoreError: they cannot be listed, or are behind a link.
    """
    places = [folder, folder / "studies", *shard_folders(folder)]
    return [path for place in places for path in _listed(place, folder) if _UNFINISHED.fullmatch(path.name)]


def read_file(path: Path, folder: Path) -> bytes:
    """Returns the content of a file of a store.

    Raises:
        StoreError: it cannot be read, or is a link or behind one.
    """
    try:
        return safe.read_bytes(path, folder)
    except OSError as error:
        kind = StoreError if error.errno in _LASTING else UnreadableError
        raise kind(f"{path}: cannot be read: {error.strerror}; run `qsense store verify --repair`.") from error


def write_file(path: Path, content: bytes, folder: Path) -> None:
    """Writes a file of a store in one step, and makes its folder.

    Raises:
        StoreError: it cannot be written.
    """
    try:
        safe.make_folder(path.parent, folder)
        files.write(path, content, folder)
    except OSError as error:
        raise StoreError(
            f"{path}: cannot be written: {error.strerror}; what is stored stays; fix this and run the command again."
        ) from error


def remove_file(path: Path, folder: Path) -> None:
    """Removes a file of a store if it is there.

    Raises:
        StoreError: it cannot be removed, or is behind a link.
    """
    try:
        safe.remove(path, folder)
    except OSError as error:
        raise StoreError(f"{path}: cannot be removed: {error.strerror}; remove it yourself.") from error


def _listed(place: Path, folder: Path) -> list[Path]:
    try:
        return list(safe.listed(place, folder))
    except OSError as error:
        kind = StoreError if error.errno in _LASTING else UnreadableError
        raise kind(f"{place}: cannot be read: {error.strerror}.") from error
