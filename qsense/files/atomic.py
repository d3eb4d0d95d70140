"""Files that are never half there: written beside their place, flushed, and moved in one step."""

from __future__ import annotations

import lzma
import os
import struct
import tempfile
import tokenize
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path

DAMAGED: tuple[type[Exception], ...] = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, LookupError, ValueError, TypeError,
    AttributeError, ArithmeticError, RuntimeError, SyntaxError, MemoryError,
    tokenize.TokenError,
)  # fmt: skip
"""Whatever reading a ZIP, NPZ or JSON file may raise that is damaged, or made to do harm."""


def is_plain_name(name: object) -> bool:
    """Returns whether a file of this name stays in the folder in which it is written, on every system.

    >>> is_plain_name("trials.csv"), is_plain_name("../trials.csv"), is_plain_name("/trials.csv"), is_plain_name("..")
    (True, False, False, False)
    """
    return isinstance(name, str) and name.strip(". ") != "" and not any(c in '/\\:*?"<>|' or c < " " for c in name)


def write(target: Path, data: bytes) -> None:
    """Writes a file: after a crash there is the old one, the new one or none, never half of one.

    Args:
        target: where; its folder must be there.
        data: all of it.

    Raises:
        OSError: it cannot be written; what was there is as it was.
    """
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        os.replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _flush_folder(target.parent)


def _flush_folder(folder: Path) -> None:
    """Makes the new name outlive a loss of power; where folders cannot be opened (Windows) the system sees to it."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
