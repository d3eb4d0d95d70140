"""The studies of a store: the trials of each, in order, and their swept values."""

from __future__ import annotations

import hashlib
import io
import json
import zipfile
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsense.errors import NewerStoreError, StoreError
from qsense.files import DAMAGED
from qsense.files.archives import Archive, read_arrays
from qsense.files.nesting import parse_json
from qsense.files.safe import is_file
from qsense.store.folder import read_file, study_files
from qsense.store.store import Store

SCHEMA = 1


@dataclass(frozen=True)
class StudyEntry:
    """The entry of a study in a store.

    Attributes:
        name: from the study's file.
        axes: swept key → its values, in order.
        digests: the trials' keys as bytes, shape (trials, 32).
        picks: for each trial, the position of its value on each axis, shape (trials, axes).
    """

    name: str
    axes: dict[str, list[Any]]
    digests: NDArray[np.uint8]
    picks: NDArray[np.int32]

    @cached_property
    def id(self) -> str:
        """Twelve hexadecimal digits of the hash of name, axes, trials and values."""
        hashed = hashlib.sha256(json.dumps([self.name, self.axes], sort_keys=True).encode())
        hashed.update(np.ascontiguousarray(self.digests).tobytes())
        hashed.update(np.ascontiguousarray(self.picks, dtype="<i4").tobytes())
        return hashed.hexdigest()[:12]

    @cached_property
    def keys(self) -> list[str]:
        """The trials' keys, hexadecimal, in order; a trial may occur more than once."""
        return [row.tobytes().hex() for row in self.digests]

    def swept(self, position: int) -> dict[str, Any]:
        """Returns the swept values of one trial."""
        return {key: values[pick] for (key, values), pick in zip(self.axes.items(), self.picks[position], strict=True)}

    def to_bytes(self) -> bytes:
        """Returns the content of its file."""
        arrays, buffer = io.BytesIO(), io.BytesIO()
        np.savez(arrays, digests=self.digests, picks=self.picks.astype("<i4"))
        words = json.dumps({"schema": SCHEMA, "name": self.name, "axes": self.axes}, sort_keys=False)
        with zipfile.ZipFile(buffer, "w") as archive:
            for name, content in (("study.json", words.encode()), ("trials.npz", arrays.getvalue())):
                archive.writestr(zipfile.ZipInfo(name), content, zipfile.ZIP_DEFLATED)
        return buffer.getvalue()

    @classmethod
    def from_bytes(cls, content: bytes, source: str) -> StudyEntry:
        """Returns the study that a file's content holds.

        Raises:
            StoreError: it is damaged; the message names the source.
            NewerStoreError: it was written by a newer qsense.
        """
        try:
            with Archive(content) as archive:
                words = parse_json(archive.read("study.json"))
                if words["schema"] > SCHEMA:
                    raise NewerStoreError(
                        f"{source}: written by a newer qsense (schema {words['schema']}); update qsense."
                    )
                arrays = read_arrays(archive.read("trials.npz"))
            entry = cls(str(words["name"]), dict(words["axes"]), arrays["digests"], arrays["picks"])
            if not entry._fits():
                raise ValueError("arrays")
        except StoreError:
            raise
        except DAMAGED as error:
            raise StoreError(
                f"{source}: damaged ({type(error).__name__}); run `qsense store verify --repair`, then the sweep."
            ) from error
        return entry

    def _fits(self) -> bool:
        """Whether its arrays have the right types and shapes, and every pick is the position of a value."""
        trials, axes = len(self.digests), len(self.axes)
        if self.digests.dtype != np.uint8 or self.digests.shape != (trials, 32):
            return False
        if self.picks.dtype.kind not in "iu" or self.picks.shape != (trials, axes):
            return False
        ends = [len(values) if isinstance(values, list) else 0 for values in self.axes.values()]
        return not trials or bool(np.all(self.picks >= 0) and np.all(self.picks.max(axis=0) < np.array(ends)))


def add_study(store: Store, entry: StudyEntry) -> None:
    """Adds a study to a store, unless the store has it."""
    path = store.studies / f"{entry.id}.zip"
    if not is_file(path, store.path):
        store.write(path, entry.to_bytes())


def list_studies(folder: Path) -> Iterator[StudyEntry]:
    """Yields the studies of the store in a folder, by name.

    Raises:
        StoreError: one is damaged.
    """
    found = [StudyEntry.from_bytes(read_file(path, folder), str(path)) for path in study_files(folder)]
    yield from sorted(found, key=lambda entry: (entry.name, entry.id))


def find_study(store: Store, name: str) -> StudyEntry:
    """Returns the study with a name or an id.

    Raises:
        StoreError: there is none, or several have the name; the message lists their ids.
    """
    known = list(list_studies(store.path))
    fitting = [entry for entry in known if name in (entry.name, entry.id)]
    if len(fitting) == 1:
        return fitting[0]
    listed = ", ".join(f"{entry.name} ({entry.id})" for entry in (fitting or known)) or "none"
    what = "several studies" if fitting else "no study"
    raise StoreError(f'{store.path}: it has {what} "{name}"; give an id of: {listed}.')
