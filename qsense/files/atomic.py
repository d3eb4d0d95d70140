"""Files that are never half there: written beside their place, flushed, and moved in one step."""

from __future__ import annotations

import lzma
import os
import struct
import tempfile
import time
import tokenize
import zipfile
import zlib
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

from qsense.files.safe import check_place

_ON_WINDOWS = os.name == "nt"
_PAUSES_S = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)  # a virus scanner or an indexer reads a new file for that long
DAMAGED: tuple[type[Exception], ...] = (
    zipfile.BadZipFile, zlib.error, lzma.LZMAError, struct.error, EOFError, OSError, LookupError, ValueError, TypeError,
    AttributeError, ArithmeticError, RuntimeError, SyntaxError, MemoryError,
    tokenize.TokenError,
)  # fmt: skip
"""Whatever reading a ZIP, NPZ or JSON file may raise that is damaged, or made to do harm."""


def write(target: Path, data: bytes | Iterable[bytes], within: Path | None = None) -> None:
    """Writes a file: after a crash there is the old one, the new one or none, never half of one.

    A link in its place is replaced; what it leads to stays as it is.

    Args:
        target: where; its folder must be there.
        data: all of it, or its parts one after the other.
        within: the folder that holds it, in which no folder may be a link.

    Raises:
        OSError: it cannot be written; what was there is as it was.
    """
    if within is not None:
        check_place(target.parent, within)
    handle, temporary = tempfile.mkstemp(dir=target.parent, prefix=".", suffix=".part")
    try:
        with os.fdopen(handle, "wb") as file:
            file.writelines([data] if isinstance(data, bytes) else data)
            file.flush()
            os.fsync(file.fileno())
        os.chmod(temporary, 0o644)
        replace(temporary, target)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    _flush_folder(target.parent)


def replace(source: str | Path, target: Path) -> None:
    """Moves a file into the place of another. Where that is open, as Windows does not allow, it is tried again.

    Raises:
        OSError: it cannot be moved, or the other stays open.
    """
    for pause in (*_PAUSES_S, None):
        try:
            os.replace(source, target)
            return
        except PermissionError:
            if pause is None or not _ON_WINDOWS:
                raise
            time.sleep(pause)


def _flush_folder(folder: Path) -> None:
    """Makes the new name outlive a loss of power; where folders cannot be opened (Windows) the system sees to it."""
    with suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
