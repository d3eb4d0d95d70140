"""What a list says of a record: the sentence with which its report begins, read with as little as it takes."""

from __future__ import annotations

from pathlib import Path

from qsense.comparison.asked import said_first, sentences
from qsense.errors import QsenseError
from qsense.runs.folder import RecordFolder
from qsense.runs.record import RunRecord
from qsense.runs.rounds import ROUNDS

_DAMAGE = (KeyError, TypeError, ValueError, AttributeError, ArithmeticError, LookupError, OSError)
_PLAN = b"\n[plan"


def said_of(path: Path) -> str:
    """Returns what `said_first` says of a record; "" where that cannot be said, as of one of an early version.

    Args:
        path: of a record that has been estimated.
    """
    record = RecordFolder(path)
    try:
        if record.has(ROUNDS) or _PLAN in record.read_bytes("spec.toml"):
            return said_first(RunRecord.load(path))
        return sentences(record, record.summary())
    except (QsenseError, *_DAMAGE):
        return ""
