"""What goes to stderr: the library's log, a line each, and the traceback of an error where --debug shows it."""

from __future__ import annotations

import logging
import sys

from qsense.files.terminal import printable


class _Lines(logging.Handler):
    def emit(self, record: logging.LogRecord) -> None:
        # stderr as it is now: tests and pipes replace it
        print(f"qsense: {without_credentials(printable(record.getMessage()))}", file=sys.stderr)


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


def one_line(error: BaseException) -> str:
    """Returns the text of an error on one line."""
    return printable(without_credentials(str(error)))


def show_traceback(error: BaseException) -> None:
    """Shows where an error was raised and what caused it, on stderr, without credentials."""
    import traceback

    for part in traceback.format_exception(error):
        for line in part.splitlines():
            indent = line[: len(line) - len(line.lstrip())]
            print(indent + printable(without_credentials(line)), file=sys.stderr)


def without_credentials(text: str) -> str:
    """Returns the text on one line, without the credentials that the environment or a saved account holds."""
    from qsense.files.secrecy import scrubbed

    return scrubbed(text)
