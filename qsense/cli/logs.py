"""What the library logs, as lines on stderr."""

from __future__ import annotations

import logging
import sys


class _Lines(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        print(f"qsense: {record.getMessage()}", file=sys.stderr)  # stderr as it is now: tests and pipes replace it


_LINES = _Lines()


def show_log(quiet: bool = False) -> None:
    """Shows what qsense logs on stderr, a line each.

    Args:
        quiet: warnings only, as beside JSON for scripts.
    """
    logger = logging.getLogger("qsense")
    logger.setLevel(logging.WARNING if quiet else logging.INFO)
    logger.propagate = True
    if _LINES not in logger.handlers:
        logger.addHandler(_LINES)
