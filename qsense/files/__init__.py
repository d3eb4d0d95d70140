"""Files and text."""

from qsense.files.atomic import (
    DAMAGED,
    write,
)

__all__ = [
    "DAMAGED",
    "write",
]
