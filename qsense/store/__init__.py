"""The store: results of trials, kept once, whatever study asked for them. A folder; no server.

    index.sqlite            which shard has which trial
    shards/ab/<sha256>.zip  results, never changed once written
    studies/<id>.zip        which trials a study consists of

A shard is on the disk before the index names it, and says by itself what it holds: a crash at any instruction leaves a
store that is whole, and an index that is lost is made again. Many processes of one machine may write at once.
"""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from qsense import files
from qsense.errors import NewerStoreError, StoreError
from qsense.store.index import FILE, Index
from qsense.store.shard import Result, digest, opened, packed

DEFAULT = Path("runs/store")


class Store:
    """An open store; a context manager.

    Attributes:
        path: its folder.
        index: its index.
    """

    def __init__(self, path: str | Path = DEFAULT, read_only: bool = False):
        """Opens a store, making it if it is not there.

        Args:
            path: its folder.
            read_only: changes nothing, and also opens a store that cannot be written.

        Raises:
            StoreError: there is none to read, it cannot be written, is damaged, or is being tidied.
        """
        self.path = Path(path)
        if read_only:
            there(self.path)
        else:
            try:
                self.shards.mkdir(parents=True, exist_ok=True)
                self.studies.mkdir(exist_ok=True)
            except OSError as error:
                raise StoreError(
                    f"{self.path}: cannot be written: {error.strerror}; choose another --store."
                ) from error
        self._lock: int | None = shared(self.path, read_only)
        try:
            if not (self.path / FILE).exists() and next(self.shards.glob("*/*.zip"), None) is not None:
                raise StoreError(f"{self.path}: its index is missing; run `qsense store verify --repair`.")
            self.index = Index(self.path, read_only)
            try:
                if not read_only:
                    self._take_in()
            except BaseException:
                self.index.close()
                raise
        except BaseException:
            self._unlock()
            raise

    @property
    def shards(self) -> Path:
        return self.path / "shards"

    @property
    def studies(self) -> Path:
        return self.path / "studies"

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.index.close()
        self._unlock()

    def held(self, keys: Sequence[str]) -> set[str]:
        """Returns those of the trials that the store has."""
        return set(self.index.places(keys))

    def put(self, results: Sequence[Result], provenance: dict[str, Any]) -> None:
        """Stores results as one shard; when this returns they are on the disk.

        Raises:
            StoreError: they cannot be written; what was there before stays.
        """
        content = packed(results, provenance)
        name = digest(content)
        self.write(self.shard_path(name), content)
        self.index.add(name, [result.key for result in results])

    def results(self, keys: Sequence[str]) -> Iterator[Result]:
        """Yields the results of trials, shard by shard.

        Raises:
            StoreError: a trial is not there, or a shard is damaged; the message names it.
        """
        for _, results in self.held_in(keys):
            yield from results

    def held_in(self, keys: Sequence[str]) -> Iterator[tuple[dict[str, Any], list[Result]]]:
        """Yields the provenance of every shard that holds some of the trials, and their results.

        Raises:
            StoreError: as `results`.
        """
        places = self.index.places(keys)
        missing = [key for key in keys if key not in places]
        if missing:
            raise StoreError(
                f"{self.path}: {len(missing)} of {len(keys)} trials are not there, such as {missing[0][:12]}; "
                "run the sweep again."
            )
        wanted: dict[str, set[str]] = {}
        for key, name in places.items():
            wanted.setdefault(name, set()).add(key)
        for name, own in wanted.items():
            path = self.shard_path(name)
            provenance, results = opened(read(path), str(path))
            present = [result for result in results if result.key in own]
            if {result.key for result in present} != own:
                raise StoreError(
                    f"{path}: lacks trials that the index says it has; run `qsense store verify --repair`."
                )
            yield provenance, present

    def shard_path(self, name: str) -> Path:
        return self.shards / name[:2] / f"{name}.zip"

    def write(self, path: Path, content: bytes) -> None:
        """Writes a file of the store in one step."""
        write(path, content)

    def _take_in(self) -> None:
        """Adds to the index what was on the disk when its writer was killed before it could."""
        known = self.index.digests()
        for path in self.shards.glob("*/*.zip"):
            if path.stem not in known and path == self.shard_path(path.stem):
                try:
                    _, results = opened(read(path), str(path))
                except NewerStoreError:
                    raise
                except StoreError:  # damaged: verifying says so
                    continue
                self.index.add(path.stem, [result.key for result in results])

    def _unlock(self) -> None:
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None


def there(folder: Path) -> None:
    """Refuses a folder that is no store.

    Raises:
        StoreError: it is none.
    """
    if not (folder / "shards").is_dir():
        raise StoreError(f"{folder}: not a store, it has no shards; give the folder that a sweep wrote to.")


def read(path: Path) -> bytes:
    """Returns the content of a file of a store.

    Raises:
        StoreError: it cannot be read.
    """
    try:
        return path.read_bytes()
    except OSError as error:
        raise StoreError(f"{path}: cannot be read: {error.strerror}; run `qsense store verify --repair`.") from error


def write(path: Path, content: bytes) -> None:
    """Writes a file of a store, and its folder, in one step.

    Raises:
        StoreError: it cannot be written.
    """
    try:
        path.parent.mkdir(exist_ok=True)
        files.write(path, content)
    except OSError as error:
        raise StoreError(
            f"{path}: cannot be written: {error.strerror}; what is stored stays; mend this and run the command again."
        ) from error


def shared(folder: Path, read_only: bool) -> int | None:
    """Takes part in the lock that keeps tidying from all others; it ends with the process.

    Returns:
        What to close; None if it is only to be read and cannot be locked.

    Raises:
        StoreError: it is being tidied, or the lock cannot be made.
    """
    try:
        handle = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        if read_only:
            return None
        raise StoreError(f"{folder}: cannot be written: {error.strerror}; choose another --store.") from error
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


__all__ = ["DEFAULT", "Result", "Store"]
