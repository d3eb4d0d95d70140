"""Records at a glance: what a folder of them holds, thousands of them at once.

What is listed of a record is read from its spec.toml, provenance.json and summary.json, unless `list_index` keeps it. A
record that is as it should be is read quickly (`quick_reading`); any other slowly, to say what is wrong.
"""

from __future__ import annotations

import math
import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from qsense.errors import RecordError
from qsense.files import safe
from qsense.files.units import with_error
from qsense.runs.folder import SCHEMA, RecordFolder, open_record
from qsense.runs.list_index import (
    DAMAGED,
    ESTIMATED,
    INDEX,
    OPEN,
    Kept,
    ListedRecord,
    is_settled,
    read_index,
    write_index,
)
from qsense.runs.provenance import name_and_id, recorded_id
from qsense.runs.quick_reading import Marks, marks_of, read_whole

__all__ = ["DAMAGED", "ESTIMATED", "INDEX", "OPEN", "ListedRecord", "list_records"]

_SIGNS = ("counts", "provenance.json", "summary.json", "jobs.json")  # of a record whose spec.toml is lost
_UNREADABLE = (ValueError, RecursionError, LookupError, TypeError, AttributeError, ArithmeticError)


def list_records(folder: Path, say: Callable[[Path], str] | None = None) -> list[ListedRecord]:
    """Returns the records of a folder, the newest first, damaged ones without a date last.

    Links are not followed: where one stands in the place of a record it is listed as damaged. What is no record is left
    out.

    Args:
        folder: that holds record folders; it may be a link itself.
        say: returns what the report of an estimated record says first, which is then its headline, or "". It is asked
            once of each record, and what it says is kept.

    Raises:
        RecordError: there is no such folder, it cannot be read, or it is itself a record.
    """
    if safe.is_file(folder / "spec.toml", folder):
        raise RecordError(f"{folder}: is itself a record; show it with: qsense show {folder}")
    try:
        with os.scandir(folder) as entries:
            names = sorted((entry.name, entry.is_symlink()) for entry in entries if _may_be_record(entry))
    except FileNotFoundError as error:
        raise RecordError(
            f"{folder}: there is no such folder; run a spec, or give the folder that `qsense run` made records in."
        ) from error
    except OSError as error:
        raise RecordError(
            f"{folder}: cannot be listed: {error.strerror}; give a folder in which `qsense run` made records."
        ) from error
    kept, found = read_index(folder), []
    now: Kept = {}
    for name, is_link in names:
        if is_link:
            found.append(_damaged(folder / name, "a link, which is not followed here; put the record in its place"))
            continue
        before = kept.get(name)
        if before is not None and before[0] == marks_of(f"{folder}{os.sep}{name}"):
            marks, one, is_said = before
        else:
            marks, read = _read(folder, name)
            if read is None:
                continue
            one, is_said = read, False
        if say is not None and not is_said and one.state == ESTIMATED:
            one, is_said = replace(one, headline=say(folder / name) or one.headline), True
        found.append(one)
        if one.state != DAMAGED and is_settled(marks):
            now[name] = (marks, one, is_said)
    if now != kept:
        write_index(folder, now)
    return sorted(found, key=lambda one: one.created, reverse=True)


def _may_be_record(entry: os.DirEntry[str]) -> bool:
    if entry.name.startswith("."):
        return False
    # A link to a file, or to nothing, is in no record's place.
    return entry.is_dir() if entry.is_symlink() else entry.is_dir(follow_symlinks=False)


def _read(folder: Path, name: str) -> tuple[Marks, ListedRecord | None]:
    """What is listed of a folder, and the marks of its files from before they were read; None if it is no record."""
    path = f"{folder}{os.sep}{name}"
    whole = read_whole(path)
    if whole is not None and 1 <= whole[2]["schema"] <= SCHEMA:
        marks, spec, provenance, summary = whole
        try:
            return marks, _listed(name, spec, provenance, summary)
        except _UNREADABLE:
            pass  # what is wrong is said below
    marks = marks_of(path)
    return marks, _read_slowly(folder / name)


def _read_slowly(path: Path) -> ListedRecord | None:
    """The same of any folder: what an earlier version wrote, or is damaged."""
    record = RecordFolder(path)
    if not record.has("spec.toml") and not any(map(record.has, _SIGNS)):
        return None
    try:
        open_record(path)
        text = record.read_bytes("spec.toml")
        try:
            spec = tomllib.loads(text.decode())
        except (ValueError, RecursionError) as error:
            return _damaged(path, f"spec.toml: damaged ({type(error).__name__})")
        summary = record.summary() if record.has("summary.json") else None
        return _listed(path.name, spec, record.provenance, summary)
    except RecordError as error:
        return _damaged(path, str(error).removeprefix(f"{path}").lstrip(os.sep).removeprefix(": "))
    except OSError as error:
        return _damaged(path, f"spec.toml: cannot be read: {error.strerror}")
    except _UNREADABLE as error:
        return _damaged(path, f"damaged ({type(error).__name__}: {error})")


def _listed(
    folder: str, spec: Mapping[str, Any], provenance: Mapping[str, Any], summary: Mapping[str, Any] | None
) -> ListedRecord:
    """The record as its files say; raises what a wrong type or a missing key raises."""
    rows: list[Any] = [] if summary is None else summary["rows"]
    verdicts = [] if summary is None else list(summary.get("verdicts", ()))
    sizes = {int(size) for size in _several(spec.get("num_qubits", ())) if isinstance(size, int)}
    every = {
        key: tuple(dict.fromkeys(str(row[key]) for row in rows)) or _names(spec.get(entry, ()), key)
        for key, entry in (("noise", "noise"), ("probe", "probes"), ("estimator", "estimators"))
    }
    z = [abs(float(row["z"])) for row in rows if row.get("z") is not None]
    if not all(map(math.isfinite, z)):
        raise ValueError("a z that is no finite number")
    return ListedRecord(
        folder,
        str(spec["name"]),
        recorded_id(provenance, folder),
        str(provenance.get("created", "")),
        str(spec.get("backend", provenance.get("backend", ""))),
        tuple(sorted(sizes | {int(row["num_qubits"]) for row in rows})),
        every["noise"],
        every["probe"],
        every["estimator"],
        str(verdicts[0]) if verdicts else _first_integral(rows),
        max(z, default=None),
        OPEN if summary is None else ESTIMATED,
    )


def _several(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _names(entries: Any, kind: str) -> tuple[str, ...]:
    """The names of a spec's noises, probes or estimators: texts, or tables with a name or the key of their kind."""
    found = [one.get("name", one.get(kind, "")) if isinstance(one, dict) else one for one in _several(entries)]
    return tuple(dict.fromkeys(map(str, found)))


def _first_integral(rows: list[dict[str, Any]]) -> str:
    if not rows:
        return ""
    one = rows[0]
    value = with_error(float(one["integrated_gain_s"]), float(one["integrated_gain_stderr_s"]))
    return f"{one['probe']} N = {one['num_qubits']}, {one['noise']}: 𝓘 = {value} s"


def _damaged(path: Path, reason: str) -> ListedRecord:
    name, own_id = name_and_id(path.name)
    return ListedRecord(path.name, name, own_id, state=DAMAGED, reason=reason)
