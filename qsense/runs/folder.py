"""A folder with JSON files that are written whole, and a record seen without its spec.

Whoever only shows a record needs no more than its files: no name in its spec is looked up, and no code is run.
"""

from __future__ import annotations

import json
import os
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qsense import files
from qsense.errors import RecordError
from qsense.files import safe
from qsense.files.nesting import parse_json
from qsense.files.old_names import with_current_names
from qsense.runs.qubits import QubitsUsed, with_qubits_said

SCHEMA = 1
_DERIVED = ("summary.json", "calibration.json")  # made from the counts


@dataclass(frozen=True)
class Folder:
    """A folder whose files are written whole: what jobs and their counts need of a record, whatever was measured."""

    path: Path

    def write_json(self, name: str, data: Any) -> None:
        self.write_bytes(name, as_json(data))

    def write_bytes(self, name: str, data: bytes) -> None:
        """Writes a file of the folder in one step.

        Raises:
            RecordError: it cannot be written; the message names it.
        """
        target = self.path / name
        try:
            files.write(target, data, self.path)
        except OSError as error:
            raise RecordError(f"{target}: cannot be written: {error.strerror}.") from error

    def read_bytes(self, name: str) -> bytes:
        """Returns the content of a file of the folder.

        Raises:
            OSError: it cannot be read, is no regular file, or is a link or behind one.
        """
        return safe.read_bytes(self.path / name, self.path)

    def has(self, name: str) -> bool:
        """Returns whether the folder has something of this name, be it a link; reading it then says what is wrong."""
        return os.path.lexists(self.path / name)

    def subfolder(self, name: str) -> Path:
        """Returns a folder in this one, which is made if it is not there.

        Raises:
            RecordError: it cannot be made, or there is a link in its place.
        """
        try:
            safe.make_folder(self.path / name, self.path)
        except OSError as error:
            raise RecordError(f"{self.path / name}: cannot be written: {error.strerror}.") from error
        return self.path / name

    def read_json(self, name: str) -> Any:
        """Returns a JSON file of the folder.

        Raises:
            RecordError: it is missing or damaged.
        """
        path = self.path / name
        try:
            data = parse_json(self.read_bytes(name).decode())
        except FileNotFoundError as error:
            remedy = _remedy(path, "the record is not complete, run its spec again")
            raise RecordError(f"{path}: missing; {remedy}.") from error
        except OSError as error:
            raise RecordError(f"{path}: cannot be read: {error.strerror}; {_remedy(path)}.") from error
        except ValueError as error:
            raise RecordError(f"{path}: damaged ({type(error).__name__}); {_remedy(path)}.") from error
        if not isinstance(data, dict):
            raise RecordError(f"{path}: damaged (not an object); {_remedy(path)}.")
        return data


@dataclass(frozen=True)
class RecordFolder(Folder):
    """A record's files; made by `open_record`."""

    @property
    def provenance(self) -> dict[str, Any]:
        """Versions, platform and dates; no part of the record's identity."""
        found: dict[str, Any] = self.read_json("provenance.json")
        return found

    @property
    def is_of_device(self) -> bool:
        """Whether it was measured on a device."""
        return self.has("device.json")

    def summary(self) -> dict[str, Any]:
        """Returns summary.json as it was last estimated, with the current names of its keys whichever version wrote it.

        Of a run on a device, verdicts say where the probes were not on the same qubits.

        Its `rows` have the integrated gain of each point in s, its interval, exact value and z; `crossovers` and
        `verdicts` compare probes with each other.

        Raises:
            RecordError: the run has not been estimated, or the file is damaged.
        """
        found: dict[str, Any] = self.read_json("summary.json")
        rows = found.get("rows")
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise self.damaged("summary.json", "no rows")
        return {**found, "rows": [with_current_names(row) for row in rows], **self._said_of_qubits(found)}

    def _said_of_qubits(self, summary: dict[str, Any]) -> dict[str, Any]:
        """The verdicts of an earlier version, which did not say it; {} where there is nothing to be added."""
        verdicts, rows = (summary.get(key) for key in ("verdicts", "crossovers"))
        if not (isinstance(verdicts, list) and isinstance(rows, list) and self.is_of_device):
            return {}
        used = None if any("same_qubits" in row for row in rows if isinstance(row, dict)) else self.qubits_used
        return {} if used is None else {"verdicts": with_qubits_said(verdicts, used)}

    @property
    def qubits_used(self) -> QubitsUsed | None:
        """Where its probes were on a device; None where its spec places none, or is damaged."""
        return QubitsUsed.of(self._tables())

    def _tables(self) -> dict[str, Any]:
        """The tables of its spec; {} where it is damaged."""
        try:
            return tomllib.loads(self.read_bytes("spec.toml").decode())
        except (OSError, ValueError, RecursionError):
            return {}

    @property
    def outside_pulses(self) -> str | None:
        """The pulses after which a record of an earlier version was read, its signal before them; None for others."""
        spec = self._tables()
        device = spec.get("device")
        idle = device.get("idle", "free") if isinstance(device, dict) else "free"
        return None if idle == "free" or "signal" in spec else str(idle)

    def damaged(self, name: str, why: str) -> RecordError:
        """Returns the error of a file that `qsense estimate` makes again."""
        return RecordError(f"{self.path / name}: missing or damaged ({why}); {_remedy(self.path / _DERIVED[0])}.")


def open_record(path: str | Path) -> RecordFolder:
    """Returns the files of the record in a folder.

    Raises:
        RecordError: there is none, or it was written by a newer qsense.
    """
    record = RecordFolder(Path(path))
    if not safe.is_file(record.path / "spec.toml", record.path):
        raise RecordError(f"{path}: not a record, it has no spec.toml; give a folder that `qsense run` made.")
    schema = record.provenance.get("schema")
    if not isinstance(schema, int) or schema < 1:
        raise RecordError(
            f"{record.path / 'provenance.json'}: key `schema` is missing or wrong; the record is damaged."
        )
    if schema > SCHEMA:
        raise RecordError(
            f"{path}: the record has schema {schema}, newer than this qsense reads ({SCHEMA}); update qsense."
        )
    return record


def as_json(data: Any) -> bytes:
    """Returns data as the text of a JSON file, keys sorted."""
    return f"{json.dumps(data, indent=2, sort_keys=True, ensure_ascii=False, allow_nan=False)}\n".encode()


def _remedy(path: Path, otherwise: str = "delete it and run the spec again") -> str:
    return f"run `qsense estimate {path.parent}` to make it again" if path.name in _DERIVED else otherwise
