"""Records whose counts were measured elsewhere: their circuits have the shots that they have, not those planned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from qsense.errors import RecordError
from qsense.runs.folder import RecordFolder
from qsense.runs.point import Point

IMPORT = "import.json"
BACKEND = "import"


def is_import(backend: str) -> bool:
    """Returns whether a spec's backend stands for counts that were measured elsewhere.

    >>> is_import("import"), is_import("import-day2"), is_import("emulator")
    (True, True, False)
    """
    return backend == BACKEND or backend.startswith(f"{BACKEND}-")


def with_measured_rows(points: Sequence[Point], record: RecordFolder) -> list[Point]:
    """Returns the points of a record with the shots of each circuit that were brought in; as they are in any other.

    Raises:
        RecordError: what the record says of them is damaged, or of another spec.
    """
    if not record.has(IMPORT):
        return list(points)
    stated = record.read_json(IMPORT).get("rows")
    found = []
    for point in points:
        try:
            rows = tuple(tuple(map(_shots, one)) for one in stated[point.file_name])
        except (KeyError, TypeError, ValueError) as error:
            raise _damaged(record) from error
        if len(rows) != len(point.rule.times) or any(len(one) != point.circuits_per_time for one in rows):
            raise _damaged(record)
        found.append(replace(point, rows=rows))
    return found


def _shots(number: object) -> int:
    if type(number) is not int or number < 1:
        raise ValueError
    return number


def _damaged(record: RecordFolder) -> RecordError:
    return RecordError(f"{record.path / IMPORT}: damaged, or of another spec; import the counts again.")
