"""Records whose counts were measured elsewhere: their circuits have the shots that they have, not those planned."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from qsense.circuits.counts import Counts
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


def known_file(num_qubits: int) -> str:
    """Returns the name of the file with the counts of known strings of so many spins.

    >>> known_file(3)
    'counts/known-3.npz'
    """
    return f"counts/known-{num_qubits}.npz"


def known_strings(record: RecordFolder) -> dict[int, tuple[tuple[int, ...], Counts]]:
    """Returns the known strings that were brought in, bit j being spin j, with their counts, by number of spins.

    Raises:
        RecordError: what the record says of them, or a file of counts, is damaged.
    """
    if not record.has(IMPORT):
        return {}
    found = {}
    try:
        for size, strings in record.read_json(IMPORT).get("known", {}).items():
            known = tuple(map(_string, strings))
            found[int(size)] = (known, Counts.load(record.path / known_file(int(size)), record.path))
        if any(counts.num_rows != len(known) or counts.num_bits != size for size, (known, counts) in found.items()):
            raise _damaged(record)
    except (AttributeError, TypeError, ValueError) as error:
        raise _damaged(record) from error
    return found


def _string(number: object) -> int:
    if type(number) is not int or number < 0:
        raise ValueError
    return number


def _shots(number: object) -> int:
    if type(number) is not int or number < 1:
        raise ValueError
    return number


def _damaged(record: RecordFolder) -> RecordError:
    return RecordError(f"{record.path / IMPORT}: damaged, or of another spec; import the counts again.")
