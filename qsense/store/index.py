"""The index of a store: which shard holds which trial (SQLite, write-ahead log). The shards suffice to rebuild it."""

from __future__ import annotations

import os
import re
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from functools import lru_cache
from pathlib import Path

from qsense.errors import NewerStoreError, StoreError
from qsense.files.safe import check_place

SCHEMA = 1
FILE = "index.sqlite"
OWN_FILES = (FILE, f"{FILE}-wal", f"{FILE}-shm", f"{FILE}-journal")
"""The index, and what SQLite keeps beside it."""
_DIGEST = re.compile("[0-9a-f]{64}")
_PATIENCE_S = 60.0  # another writer's transaction takes milliseconds
_TABLES = """
    CREATE TABLE IF NOT EXISTS shard (number INTEGER PRIMARY KEY, digest TEXT NOT NULL UNIQUE);
    CREATE TABLE IF NOT EXISTS trial (key BLOB PRIMARY KEY, shard INTEGER NOT NULL REFERENCES shard) WITHOUT ROWID;
"""


class Index:
    """Trials and the shards that hold them. Every change is one transaction, on the disk when the method returns.

    Attributes:
        path: its file.
        is_new: whether it has no tables, because its first writer has not made them yet.
    """

    def __init__(self, folder: Path, read_only: bool = False):
        """Opens the index of a store; makes it if it does not exist.

        Raises:
            StoreError: it cannot be opened or is damaged.
            NewerStoreError: it was written by a newer qsense.
        """
        self.path = folder / FILE
        self.is_new = False
        _check_files(folder, read_only)
        with self._explained():
            self._connection = _connected(self.path, read_only)
            try:
                self._open(read_only)
            except BaseException:
                self._connection.close()
                raise

    def _open(self, read_only: bool) -> None:
        """Checks the schema of the file, and makes its tables if it may be written."""
        self._connection.execute("PRAGMA trusted_schema = OFF")
        (version,) = self._connection.execute("PRAGMA user_version").fetchone()
        if version > SCHEMA:
            raise NewerStoreError(f"{self.path}: written by a newer qsense (schema {version}); update qsense.")
        made = _schema(self._connection)
        if version < 0 or not (made == _expected() or (version == 0 and not made)):
            raise StoreError(f"{self.path}: not the index of a store; run `qsense store verify --repair`.")
        if not read_only:
            self._keep_a_log()
            self._connection.execute("PRAGMA synchronous = FULL")
            if version < SCHEMA:
                self._connection.executescript(f"BEGIN IMMEDIATE; {_TABLES} PRAGMA user_version = {SCHEMA}; COMMIT;")
        elif version == 0:
            self.is_new = True
            self._connection.close()
            self._connection = sqlite3.connect(":memory:")
            self._connection.executescript(_TABLES)

    def _keep_a_log(self) -> None:
        """Sets the write-ahead log. SQLite does not wait here for others that do the same to a new file."""
        end = time.monotonic() + _PATIENCE_S
        while True:
            try:
                self._connection.execute("PRAGMA journal_mode = WAL")
                return
            except sqlite3.OperationalError as error:
                if "locked" not in str(error) or time.monotonic() > end:
                    raise
                time.sleep(0.01)

    def close(self) -> None:
        self._connection.close()

    def shards_of(self, keys: Sequence[str]) -> dict[str, str]:
        """Returns trial → digest of the shard that holds it, without the trials that no shard holds."""
        question = "SELECT key, digest FROM trial JOIN shard ON shard = number"
        found: dict[str, str] = {}
        names: dict[str, str] = {}  # of shards, each text once
        with self._explained():
            for start in range(0, len(keys), 500):
                part = [bytes.fromhex(key) for key in keys[start : start + 500]]
                marks = ",".join("?" * len(part))
                rows = self._connection.execute(f"{question} WHERE key IN ({marks})", part)
                for row in rows:
                    key, digest = self._checked(*row)
                    found[key] = names.setdefault(digest, digest)
        return found

    def all(self) -> Iterator[tuple[str, str]]:
        """Yields (key of a trial, digest of its shard) of all trials."""
        with self._explained():
            for key, digest in self._connection.execute("SELECT key, digest FROM trial JOIN shard ON shard = number"):
                yield self._checked(key, digest)

    def digests(self) -> set[str]:
        """Returns the digests of all shards that it knows."""
        with self._explained():
            rows = self._connection.execute("SELECT digest FROM shard")
            return {self._checked(b"\0" * 32, digest)[1] for (digest,) in rows}

    def add(self, digest: str, keys: Iterable[str]) -> None:
        """Records that a shard holds some trials. A trial that another shard holds already keeps that shard."""
        with self._explained(), self._connection:
            self._add(digest, keys, "IGNORE")

    def replace(self, added: dict[str, list[str]], removed: Iterable[str], keys: Iterable[str] = ()) -> None:
        """Changes shards and trials in one step.

        Args:
            added: digest of a new shard → its trials.
            removed: digests of shards to remove, with the trials that are still theirs.
            keys: trials to remove.
        """
        with self._explained(), self._connection:
            for digest, held in added.items():
                self._add(digest, held, "REPLACE")
            self._connection.executemany("DELETE FROM trial WHERE key = ?", ((bytes.fromhex(key),) for key in keys))
            for digest in removed:
                self._connection.execute(
                    "DELETE FROM trial WHERE shard = (SELECT number FROM shard WHERE digest = ?)", (digest,)
                )
                self._connection.execute("DELETE FROM shard WHERE digest = ?", (digest,))

    def problem(self) -> str | None:
        """Returns what SQLite finds wrong with the file; None if it is sound."""
        try:
            (answer,) = self._connection.execute("PRAGMA quick_check(1)").fetchone()
        except (sqlite3.Error, UnicodeDecodeError) as error:
            return _one_line(error)
        return None if answer == "ok" else _one_line(answer)

    def _checked(self, key: object, digest: object) -> tuple[str, str]:
        """Returns a row of the file if it is valid; a digest becomes a file's name, so nothing else may pass."""
        if isinstance(key, bytes) and len(key) == 32 and isinstance(digest, str) and _DIGEST.fullmatch(digest):
            return key.hex(), digest
        raise StoreError(f"{self.path}: damaged (an invalid row); run `qsense store verify --repair`.")

    def _add(self, digest: str, keys: Iterable[str], otherwise: str) -> None:
        self._connection.execute("INSERT OR IGNORE INTO shard (digest) VALUES (?)", (digest,))
        (number,) = self._connection.execute("SELECT number FROM shard WHERE digest = ?", (digest,)).fetchone()
        rows = ((bytes.fromhex(key), number) for key in keys)
        self._connection.executemany(f"INSERT OR {otherwise} INTO trial VALUES (?, ?)", rows)

    @contextmanager
    def _explained(self) -> Iterator[None]:
        try:
            yield
        except sqlite3.OperationalError as error:
            raise StoreError(f"{self.path}: {_one_line(error)}; {_advice(str(error))}.") from error
        except (sqlite3.Error, UnicodeDecodeError) as error:
            raise StoreError(
                f"{self.path}: damaged ({_one_line(error)}); run `qsense store verify --repair`."
            ) from error


def _connected(path: Path, read_only: bool) -> sqlite3.Connection:
    if read_only and not path.exists():
        return sqlite3.connect(":memory:")
    if not read_only:
        return sqlite3.connect(path, timeout=_PATIENCE_S)
    # A log belongs to a writer at work, or to one that was killed. Without a log the file alone is the index; it can be
    # read where nobody can write. Elsewhere a writer may start at any time.
    log = path.with_name(f"{FILE}-wal")
    still = not (log.exists() and log.stat().st_size) and not os.access(path.parent, os.W_OK)
    address = f"{path.resolve().as_uri()}?mode=ro{'&immutable=1' if still else ''}"
    return sqlite3.connect(address, uri=True, timeout=_PATIENCE_S)


def _check_files(folder: Path, read_only: bool) -> None:
    """Refuses links: SQLite would follow them, and write into whatever database they lead to.

    Raises:
        StoreError: names the file.
    """
    try:
        for name in OWN_FILES:
            check_place(folder / name, folder)
        names = 1 if read_only else os.lstat(folder / FILE).st_nlink
    except FileNotFoundError:  # it is made now
        return
    except OSError as error:
        raise StoreError(
            f"{folder / FILE}: cannot be opened: {error.strerror}; run `qsense store verify --repair`."
        ) from error
    if names > 1:
        raise StoreError(
            f"{folder / FILE}: has {names} names (hard links), and writing would change what the others stand for; "
            "replace it by a copy, or run `qsense store verify --repair`."
        )


def _schema(connection: sqlite3.Connection) -> frozenset[tuple[str, str, str]]:
    """What a database defines, (type, name, text); views and triggers among it would run when it is read."""
    rows = connection.execute("SELECT type, name, sql FROM sqlite_master WHERE name NOT LIKE 'sqlite\\_%' ESCAPE '\\'")
    return frozenset((kind, name, " ".join(str(text).split())) for kind, name, text in rows)


@lru_cache(maxsize=1)
def _expected() -> frozenset[tuple[str, str, str]]:
    with closing(sqlite3.connect(":memory:")) as connection:
        connection.executescript(_TABLES)
        return _schema(connection)


def _one_line(words: object) -> str:
    return " ".join(str(words).split())


def _advice(error: str) -> str:
    if "full" in error:
        return "free some space and run the same command again; what is stored stays"
    if "readonly" in error or "unable to open" in error:
        return "check that the folder can be written, or choose another folder"
    if "locked" in error:
        return "another process holds it; wait for it to end"
    return "check the disk, then run `qsense store verify --repair`"
