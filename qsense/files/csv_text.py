"""Texts in CSV files: none of them is a formula for the spreadsheet that opens the file.

A text that begins with one of `= + - @`, a tab or a carriage return has a `'` before it, and so has one that begins
with `'` itself, so that reading gives back what was written. Numbers stay as they are. Source: OWASP, CSV injection.
"""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator
from typing import Any

_LINES = 5000  # of a part of a file
_FORMULAS = ("=", "+", "-", "@", "\t", "\r", "'")


def as_cell(value: Any) -> Any:
    """Returns what a CSV file has for a value: texts that a spreadsheet would execute are quoted.

    >>> as_cell("=1+1"), as_cell("ghz"), as_cell(-0.5), as_cell("-0.5")
    ("'=1+1", 'ghz', -0.5, "'-0.5")
    """
    return f"'{value}" if isinstance(value, str) and value.startswith(_FORMULAS) else value


def from_cell(text: str) -> str:
    """Returns the text that a cell stands for.

    >>> from_cell("'=1+1"), from_cell("ghz"), from_cell(as_cell("'"))
    ('=1+1', 'ghz', "'")
    """
    return text[1:] if text.startswith("'") and text[1:].startswith(_FORMULAS) else text


def csv_bytes(names: Iterable[str], rows: Iterable[Iterable[Any]]) -> bytes:
    r"""Returns the content of a CSV file: a line of names, then the rows; None is empty, texts are no formulas.

    >>> csv_bytes(["noise", "z"], [["=a", -0.5], ["a\rb", None]])
    b'noise,z\n\'=a,-0.5\n"a\rb",\n'
    """
    return b"".join(csv_chunks(names, rows))


def csv_chunks(names: Iterable[str], rows: Iterable[Iterable[Any]]) -> Iterator[bytes]:
    """Yields the content of a CSV file in parts of some thousand lines."""
    lines = _Lines()
    # With "\n" as its end of a line, csv would leave a "\r" in a text unquoted, and readers would end the line there.
    writer = csv.writer(lines, lineterminator="\r\n")
    writer.writerow(list(map(as_cell, names)))
    for row in rows:
        writer.writerow(list(map(as_cell, row)))
        if len(lines) >= _LINES:
            yield "".join(lines).encode()
            lines.clear()
    yield "".join(lines).encode()


class _Lines(list[str]):
    def write(self, line: str) -> None:
        self.append(line.removesuffix("\r\n") + "\n")
