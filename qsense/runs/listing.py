"""Records at a glance: what a folder of them holds, thousands of them at once.

What is listed of a record is read from its spec.toml, provenance.json and summary.json. The file `.records.json` keeps
it for the next time, and holds only while these three have the size and the time of change that it was made from. It is
a cache: it may be deleted, and a folder that cannot be written does without.
"""

from __future__ import annotations

import math
import os
import re
import stat
import tomllib
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any

from qsense import files
from qsense.errors import RecordError
from qsense.files import safe
from qsense.files.nesting import parse_json
from qsense.files.units import with_error
from qsense.runs.folder import RecordFolder, as_json, open_record

INDEX = ".records.json"
ESTIMATED, OPEN, DAMAGED = "estimated", "open", "damaged"
_SOURCES = ("spec.toml", "summary.json", "provenance.json")
_SIGNS = ("counts", "provenance.json", "summary.json", "jobs.json")  # of a record whose spec.toml is lost
_INDEX_SCHEMA = 2
_FOLDER_NAME = re.compile(r"(.+)-([0-9a-f]{12})")

Marks = list[list[int] | None]


@dataclass(frozen=True)
class ListedRecord:
    """One record of a folder.

    Attributes:
        folder: the name of its folder.
        name, id, backend: of its run.
        created: ISO 8601, UTC; "" where it is not known.
        num_qubits, noises, probes, estimators: of its points.
        headline: its first verdict; 𝓘 of its first point where it has none.
        largest_z: the largest |z| of its points; None where none has a z.
        state: "estimated"; "open": not estimated yet; "damaged".
        reason: why it is damaged.
    """

    folder: str
    name: str
    id: str
    created: str = ""
    backend: str = ""
    num_qubits: tuple[int, ...] = ()
    noises: tuple[str, ...] = ()
    probes: tuple[str, ...] = ()
    estimators: tuple[str, ...] = ()
    headline: str = ""
    largest_z: float | None = None
    state: str = ESTIMATED
    reason: str = ""


def list_records(folder: Path) -> list[ListedRecord]:
    """Returns the records of a folder, the newest first, damaged ones without a date last.

    Links are not followed: where one stands in the place of a record it is listed as damaged. What is no record is left
    out.

    Args:
        folder: that holds record folders; it may be a link itself.

    Raises:
        RecordError: there is no such folder, it cannot be read, or it is itself a record.
    """
    if safe.is_file(folder / "spec.toml", folder):
        raise RecordError(f"{folder}: is itself a record; show it with: qsense show {folder}")
    try:
        with os.scandir(folder) as entries:
            names = sorted((entry.name, entry.is_symlink()) for entry in entries if _may_be_record(entry))
    except OSError as error:
        raise RecordError(
            f"{folder}: cannot be listed: {error.strerror}; give a folder in which `qsense run` made records."
        ) from error
    kept, found, now = _read_index(folder), [], {}
    for name, is_link in names:
        if is_link:
            found.append(_damaged(folder / name, "a link, which is not followed here; put the record in its place"))
            continue
        marks = _marks(folder / name)
        one = kept[name][1] if name in kept and kept[name][0] == marks else _read(folder / name)
        if one is not None:
            found.append(one)
            if one.state != DAMAGED:
                now[name] = (marks, one)
    if now != kept:
        _write_index(folder, now)
    return sorted(found, key=lambda one: one.created, reverse=True)


def _may_be_record(entry: os.DirEntry[str]) -> bool:
    if entry.name.startswith("."):
        return False
    # A link to a file, or to nothing, is in no record's place.
    return entry.is_dir() if entry.is_symlink() else entry.is_dir(follow_symlinks=False)


def _marks(record: Path) -> Marks:
    """The time of change and the size of each file that is listed from; None where there is no regular file."""
    marks: Marks = []
    for name in _SOURCES:
        try:
            state = os.lstat(record / name)
        except OSError:
            marks.append(None)
            continue
        marks.append([state.st_mtime_ns, state.st_size] if stat.S_ISREG(state.st_mode) else None)
    return marks


def _read(path: Path) -> ListedRecord | None:
    """What is listed of a folder, from its files; None if it is no record."""
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
        return _listed(record, spec)
    except RecordError as error:
        return _damaged(path, str(error).removeprefix(f"{path}").lstrip(os.sep).removeprefix(": "))
    except OSError as error:
        return _damaged(path, f"spec.toml: cannot be read: {error.strerror}")
    except (ValueError, RecursionError, LookupError, TypeError, AttributeError, ArithmeticError) as error:
        return _damaged(path, f"damaged ({type(error).__name__}: {error})")


def _listed(record: RecordFolder, spec: Mapping[str, Any]) -> ListedRecord:
    """The record as its files say; raises what a wrong type or a missing key raises."""
    provenance, rows = record.provenance, []
    verdicts: list[Any] = []
    is_estimated = record.has("summary.json")
    if is_estimated:
        summary = record.summary()
        rows, verdicts = summary["rows"], list(summary.get("verdicts", ()))
    sizes = {int(size) for size in _several(spec.get("num_qubits", ())) if isinstance(size, int)}
    every = {
        key: tuple(dict.fromkeys(str(row[key]) for row in rows)) or _names(spec.get(entry, ()), key)
        for key, entry in (("noise", "noise"), ("probe", "probes"), ("estimator", "estimators"))
    }
    z = [abs(float(row["z"])) for row in rows if row.get("z") is not None]
    if not all(map(math.isfinite, z)):
        raise ValueError("a z that is no finite number")
    return ListedRecord(
        record.path.name,
        str(spec["name"]),
        str(provenance.get("spec_id") or _of_folder(record.path.name)[1]),
        str(provenance.get("created", "")),
        str(spec.get("backend", provenance.get("backend", ""))),
        tuple(sorted(sizes | {int(row["num_qubits"]) for row in rows})),
        every["noise"],
        every["probe"],
        every["estimator"],
        str(verdicts[0]) if verdicts else _first_integral(rows),
        max(z, default=None),
        ESTIMATED if is_estimated else OPEN,
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


def _of_folder(name: str) -> tuple[str, str]:
    """The name and the id in the name of a record's folder; all of it and "" where it has none."""
    found = _FOLDER_NAME.fullmatch(name)
    return (found[1], found[2]) if found else (name, "")


def _damaged(path: Path, reason: str) -> ListedRecord:
    name, own_id = _of_folder(path.name)
    return ListedRecord(path.name, name, own_id, state=DAMAGED, reason=reason)


def _read_index(folder: Path) -> dict[str, tuple[Marks, ListedRecord]]:
    """What the index keeps; nothing where it is missing, damaged or of another version."""
    try:
        data = parse_json(safe.read_bytes(folder / INDEX, folder).decode())
        if data["schema"] != _INDEX_SCHEMA:
            return {}
        return {name: (kept["marks"], _kept(name, kept["record"])) for name, kept in data["records"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return {}


def _kept(name: str, entry: dict[str, Any]) -> ListedRecord:
    """An entry of the index; raises TypeError where it is none."""
    lists: dict[str, Any] = {k: tuple(value) if isinstance(value, list) else value for k, value in entry.items()}
    one = ListedRecord(**lists)
    for field in fields(one):
        value = getattr(one, field.name)
        if field.name == "num_qubits":
            is_right = isinstance(value, tuple) and all(type(size) is int for size in value)
        elif field.name in ("noises", "probes", "estimators"):
            is_right = isinstance(value, tuple) and all(isinstance(text, str) for text in value)
        elif field.name == "largest_z":
            is_right = value is None or isinstance(value, float)
        else:
            is_right = isinstance(value, str)
        if not is_right:
            raise TypeError(field.name)
    if one.folder != name or one.state not in (ESTIMATED, OPEN):
        raise TypeError("folder")
    return one


def _write_index(folder: Path, kept: Mapping[str, tuple[Marks, ListedRecord]]) -> None:
    records = {name: {"marks": marks, "record": asdict(one)} for name, (marks, one) in kept.items()}
    # A folder that cannot be written does without, and so do texts that UTF-8 lacks.
    with suppress(OSError, ValueError):
        files.write(folder / INDEX, as_json({"schema": _INDEX_SCHEMA, "records": records}), folder)
