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
from qsense.errors import StoreError
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
        self._lock: Any = None
        if read_only:
            if not self.shards.is_dir():
                raise StoreError(f"{self.path}: not a store, it has no shards; give the folder that a sweep wrote to.")
        else:
            try:
                self.shards.mkdir(parents=True, exist_ok=True)
                self.studies.mkdir(exist_ok=True)
                self._lock = _shared(self.path / ".lock")
            except OSError as error:
                raise StoreError(f"{self.path}: cannot be written: {error.strerror}; choose another --store.") from None
        if not (self.path / FILE).exists() and next(self.shards.glob("*/*.zip"), None) is not None:
            raise StoreError(f"{self.path}: its index is missing; run `qsense store verify --repair`.")
        self.index = Index(self.path, read_only)

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
        if self._lock is not None:
            os.close(self._lock)
            self._lock = None

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
            provenance, results = opened(self.read(path), str(path))
            present = [result for result in results if result.key in own]
            if {result.key for result in present} != own:
                raise StoreError(
                    f"{path}: lacks trials that the index says it has; run `qsense store verify --repair`."
                )
            yield provenance, present

    def shard_path(self, name: str) -> Path:
        return self.shards / name[:2] / f"{name}.zip"

    def read(self, path: Path) -> bytes:
        try:
            return path.read_bytes()
        except OSError as error:
            raise StoreError(f"{path}: cannot be read: {error.strerror}; run `qsense store verify --repair`.") from None

    def write(self, path: Path, content: bytes) -> None:
        """Writes a file of the store in one step."""
        try:
            path.parent.mkdir(exist_ok=True)
            files.write(path, content)
        except OSError as error:
            raise StoreError(
                f"{path}: cannot be written: {error.strerror}; what is stored stays, run the same command again then."
            ) from None


def _shared(path: Path) -> int:
    """Takes part in the lock that keeps tidying from writers; it ends with the process."""
    handle = os.open(path, os.O_RDWR | os.O_CREAT, 0o644)
    with suppress(ImportError):  # not on Windows
        import fcntl

        try:
            fcntl.flock(handle, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except OSError:
            os.close(handle)
            raise StoreError(
                f"{path.parent}: `qsense store gc` or `verify --repair` is at work; wait for it to end."
            ) from None
    return handle


__all__ = ["DEFAULT", "Result", "Store"]
