"""What was listed of a folder's records, kept for the next time.

The file `.records.json` holds, of each record, what is listed and the marks of its files at that time; it is taken for
true only while these are the same. It has two lines, the second of which is known by its hash in the first. It is a
cache: it may be deleted or damaged, and a folder that cannot be written does without. A record that changed within the
last two seconds is not kept, as it could change again without a sign: clocks of file systems tick that slowly.
"""

from __future__ import annotations

import hashlib
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from qsense import files
from qsense.files import safe
from qsense.runs.quick_reading import Marks

INDEX = ".records.json"
ESTIMATED, OPEN, DAMAGED = "estimated", "open", "damaged"
_SCHEMA = 4
_SETTLED_NS = 2 * 10**9


@dataclass(frozen=True)
class ListedRecord:
    """One record of a folder.

    Attributes:
        folder: the name of its folder.
        name, id, backend: of its run.
        created: ISO 8601, UTC; "" where it is not known.
        num_qubits, noises, probes, estimators: of its points.
        headline: what its report says first, where the list was made with it (`qsense records`); else its first
            verdict, or 𝓘 of its first point where it has none.
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


Kept = dict[str, tuple[Marks, ListedRecord, bool]]
"""Of each record the marks of its files, what is listed, and whether its headline is what its report says first."""


def read_index(folder: Path) -> Kept:
    """Returns what the index keeps; nothing where it is missing, damaged or of another version."""
    try:
        header, _, body = safe.read_bytes(folder / INDEX, folder).partition(b"\n")
        said = json.loads(header)
        if said != {"schema": _SCHEMA, "sha256": hashlib.sha256(body).hexdigest()}:
            return {}
        found: Kept = _adapter().validate_json(body, strict=True)
    except (OSError, ValueError, RecursionError):
        return {}
    is_right = all(one.folder == name and one.state in (ESTIMATED, OPEN) for name, (_, one, _) in found.items())
    return found if is_right else {}


def write_index(folder: Path, kept: Mapping[str, tuple[Marks, ListedRecord, bool]]) -> None:
    """Writes the index, if the folder can be written to."""
    # Neither can texts be kept that UTF-8 lacks.
    with suppress(OSError, ValueError):
        body = _adapter().dump_json(kept)
        header = {"schema": _SCHEMA, "sha256": hashlib.sha256(body).hexdigest()}
        files.write(folder / INDEX, json.dumps(header).encode() + b"\n" + body, folder)


def is_settled(marks: Marks) -> bool:
    """Returns whether the files have not changed for two seconds: then their marks tell of any change to come."""
    latest = time.time_ns() - _SETTLED_NS
    return all(mark is None or max(mark[:2]) < latest for mark in marks)


@cache
def _adapter() -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(Kept)
