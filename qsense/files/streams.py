"""Standard output and standard error of a command, so that what a text holds and where it goes never ends a command.

Characters that a stream lacks are replaced, control characters are escaped, and what cannot be written is an error of
its own: nothing takes it for damage of a file that was read.
"""

from __future__ import annotations

import errno
import io
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

from qsense.files.terminal import LACKING, printable

_PIPE_CLOSED = 128 + 13
"""The exit status of a program that SIGPIPE ends, as shells count."""


class OutputError(Exception):
    """Standard output cannot be written; the cause is an OSError."""


class Stream(io.TextIOBase):
    """A text stream that escapes control characters, but for line breaks, and replaces what the encoding lacks.

    Attributes:
        styled: the same stream for a console that escapes texts by itself and sends control sequences for colours.
    """

    def __init__(self, inner: Any, is_needed: bool, is_styled: bool = False) -> None:
        """Args:
        inner: where the text goes.
        is_needed: a failure to write raises OutputError; else the text is lost.
        is_styled: control sequences pass.
        """
        self._inner, self._is_needed, self._is_styled = inner, is_needed, is_styled
        self.styled = self if is_styled else Stream(inner, is_needed, True)
        with suppress(AttributeError, OSError, ValueError):
            inner.reconfigure(errors=LACKING)

    @property
    def encoding(self) -> str:  # type: ignore[override]
        return getattr(self._inner, "encoding", None) or "utf-8"

    @property
    def errors(self) -> str:  # type: ignore[override]
        return LACKING

    def write(self, text: str) -> int:
        shown = text if self._is_styled else "\n".join(map(_escaped, text.split("\n")))
        self._guarded(lambda: self._inner.write(shown))
        return len(text)

    def flush(self) -> None:
        self._guarded(self._inner.flush)

    def isatty(self) -> bool:
        return bool(self._inner.isatty())

    def fileno(self) -> int:
        return int(self._inner.fileno())

    def writable(self) -> bool:
        return True

    def close(self) -> None:
        """Leaves the stream open: it belongs to the process."""

    def _guarded(self, act: Any) -> None:
        try:
            act()
        except (OSError, ValueError) as error:  # a ValueError is that of a closed file
            if self._is_needed:
                raise OutputError(str(error)) from error


def _escaped(line: str) -> str:
    # DEL is the only one that JSON leaves as it is, and this is how JSON would escape it.
    return line if line.isprintable() else printable(line.replace("\x7f", "\\u007f"))


@contextmanager
def guarded_streams() -> Iterator[None]:
    """Lets a command print through `Stream`s; afterwards the standard streams are those from before."""
    before = sys.stdout, sys.stderr
    _occupy_standard_descriptors()
    # `>&-` leaves Python without a stream, and print() to None would say nothing, or go to the other one.
    sys.stdout = Stream(before[0] or _opened(1), is_needed=True)
    sys.stderr = Stream(before[1] or _opened(2), is_needed=False)
    try:
        yield
    finally:
        sys.stdout, sys.stderr = before


def abandon_output(error: OutputError) -> int:
    """Drops what standard output still holds, says why on stderr, and returns the exit status.

    A pipe whose reader has left (`qsense … | head -1`) is no failure that anybody needs to read about.
    """
    cause = error.__cause__
    number = cause.errno if isinstance(cause, OSError) else None
    with suppress(OSError, ValueError):
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())  # Python flushes once more at its end
    if number == errno.EPIPE or (os.name == "nt" and number == errno.EINVAL):
        return _PIPE_CLOSED
    why = cause.strerror if isinstance(cause, OSError) else "it is closed"
    print(f"qsense: standard output cannot be written: {why}; send it elsewhere.", file=sys.stderr)
    return 2


def _opened(number: int) -> io.TextIOWrapper:
    return io.TextIOWrapper(io.FileIO(number, "w", closefd=False), encoding="utf-8", write_through=True)


def _occupy_standard_descriptors() -> None:
    """Opens what the caller has closed, or the next file would get its number and everything printed into it."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDONLY if number == 1 else os.O_RDWR)  # writing to 1 fails, as it should
