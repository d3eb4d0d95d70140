"""The store: a folder with the results of trials, each kept once, whichever studies use it. It needs no server.

    index.sqlite            which shard holds which trial
    shards/ab/<sha256>.zip  results; a shard never changes once written
    studies/<id>.zip        the trials of each study

A shard is on the disk before the index names it, and describes its own content: a crash at any instruction leaves a
valid store, and a lost index can be rebuilt. Many processes of one machine may write at once.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from qsense.errors import NewerStoreError, StoreError
from qsense.files.locks import Lock
from qsense.files.safe import make_folder
from qsense.store.folder import read_file, require_store, shard_files, shard_path, write_file
from qsense.store.index import FILE, Index
from qsense.store.locks import shared_lock
from qsense.store.shard import Result, deserialize, digest, serialize

DEFAULT = Path("runs/store")


class Store:
    """An open store; a context manager.

    Attributes:
        path: its folder.
        index: its index.
    """

    def __init__(self, path: str | Path = DEFAULT, read_only: bool = False):
        """Opens a store; makes it if it does not exist.

        Args:
            path: its folder.
            read_only: changes nothing, and also opens a store without write permission.

        Raises:
            StoreError: there is no store to read, it cannot be written, is damaged, or is being tidied.
        """
        self.path = Path(path)
        if read_only:
            require_store(self.path)
        else:
            try:
                self.path.mkdir(parents=True, exist_ok=True)
                for own in (self.shards, self.studies):
                    make_folder(own, self.path)
            except OSError as error:
                raise StoreError(f"{self.path}: cannot be written: {error.strerror}; choose another folder.") from error
        self._lock: Lock | None = shared_lock(self.path, read_only)
        try:
            if not (self.path / FILE).exists() and next(shard_files(self.path), None) is not None:
                raise StoreError(f"{self.path}: its index is missing; run `qsense store verify --repair`.")
            self.index = Index(self.path, read_only)
            try:
                if not read_only:
                    self._index_new_shards()
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

    def stored_keys(self, keys: Sequence[str]) -> set[str]:
        """Returns those of some trials' keys whose results the store has."""
        return set(self.index.shards_of(keys))

    def put(self, results: Sequence[Result], provenance: dict[str, Any]) -> None:
        """Stores results as one shard, which is on the disk when this returns.

        Raises:
            StoreError: it cannot be written; what was stored before stays.
        """
        content = serialize(results, provenance)
        name = digest(content)
        self.write(self.shard_path(name), content)
        self.index.add(name, [result.key for result in results])

    def results(self, keys: Sequence[str]) -> Iterator[Result]:
        """Yields the results of trials, shard by shard.

        Raises:
            StoreError: a trial has no result, or a shard is damaged; the message names it.
        """
        for _, results in self.results_by_shard(keys):
            yield from results

    def results_by_shard(self, keys: Sequence[str]) -> Iterator[tuple[dict[str, Any], list[Result]]]:
        """Yields, for every shard that holds some of the trials, its provenance and their results.

        Raises:
            StoreError: as `results`.
        """
        places = self.index.shards_of(keys)
        missing = [key for key in keys if key not in places]
        if missing:
            raise StoreError(
                f"{self.path}: {len(missing)} of {len(keys)} trials are not in the store, such as {missing[0][:12]}; "
                "run the sweep again; what cannot be run is left out of an export with --partial."
            )
        wanted: dict[str, set[str]] = {}
        for key, name in places.items():
            wanted.setdefault(name, set()).add(key)
        del places
        for name in list(wanted):
            own = wanted.pop(name)
            path = self.shard_path(name)
            provenance, results = deserialize(read_file(path, self.path), str(path))
            present = [result for result in results if result.key in own]
            if {result.key for result in present} != own:
                raise StoreError(
                    f"{path}: lacks trials that the index says it has; run `qsense store verify --repair`."
                )
            yield provenance, present

    def shard_path(self, name: str) -> Path:
        return shard_path(self.path, name)

    def write(self, path: Path, content: bytes) -> None:
        """Writes a file of the store in one step."""
        write_file(path, content, self.path)

    def _index_new_shards(self) -> None:
        """Adds to the index the shards of writers that were killed before they could do so."""
        known = self.index.digests()
        for path in shard_files(self.path):
            if path.stem not in known and path == self.shard_path(path.stem):
                try:
                    _, results = deserialize(read_file(path, self.path), str(path))
                except NewerStoreError:
                    raise
                except StoreError:  # damaged or not readable now: `verify` reports it
                    continue
                self.index.add(path.stem, [result.key for result in results])

    def _unlock(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None
