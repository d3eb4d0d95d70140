"""The report as a file: beside what it is of, unless nobody wants it, or of several things where the user says."""

from __future__ import annotations

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from urllib.parse import quote

from qsense.errors import type_and_text

logger = logging.getLogger(__name__)
REPORT = "report.html"
_wanted: ContextVar[bool] = ContextVar("whether reports are written beside figures", default=True)


@contextmanager
def reports_written(wanted: bool) -> Iterator[None]:
    """Has runs and studies write a report beside their figures, or none, until the end of the block."""
    token = _wanted.set(wanted)
    try:
        yield
    finally:
        _wanted.reset(token)


def link_to(folder: Path, page: Path) -> str:
    """Returns a folder as seen from a page's, as the beginning of a link; "" where the page is in it."""
    at, to = page.parent.resolve(), folder.resolve()
    try:
        way = Path(os.path.relpath(to, at)).as_posix()
    except ValueError:  # on another drive
        return f"{to.as_uri()}/"
    return "" if way == "." else f"{quote(way, errors='surrogateescape')}/"


def report_files(make: Callable[[], bytes], folder: Path) -> dict[str, bytes]:
    """Returns the report by its file name; none where it is not wanted, and a warning where it cannot be made.

    Args:
        make: returns the page.
        folder: which has the tables, for the warning.
    """
    if not _wanted.get():
        return {}
    try:
        return {REPORT: make()}
    except Exception as error:  # of whatever a record holds: its tables and figures are kept
        logger.warning(f"{folder}: all else is written, but the report could not be made ({type_and_text(error)})")
        return {}
