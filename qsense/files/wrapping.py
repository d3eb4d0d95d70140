"""Lines that fit a terminal: no number stands on two of them."""

from __future__ import annotations

import re

_UNIT = r"(?:[mµn]?s|min|h|d|years|%|dB|rad/s|1/s|[kMG]?Hz|Hz/√Hz|[mµnpf]?T(?:/√Hz)?|[kMG]?Hz/T)"
# What stays together: N = 4, G at 2.03 µs, 1.32 ± 0.04 µs, 33.7 … 37.2 µs.
_TOGETHER = re.compile(rf"(?:\S+ = |G at )?\S+(?: [±…] \S+)*(?: {_UNIT}(?![^\s,.;:)])\S*)?")


def wrapped(text: str, width: int) -> list[str]:
    """Returns a text in lines that break at spaces only, and neither within a number with its error nor before a unit.

    A word that is longer than a line, such as a path, stays whole.

    >>> wrapped("GHZ leads until t = 33.7 … 37.2 µs, by ghz", 30)
    ['GHZ leads until', 't = 33.7 … 37.2 µs, by ghz']
    """
    if _width(text) <= width:
        return [text]
    indent = text[: len(text) - len(text.lstrip(" "))]
    lines, line = [], indent
    for part in unbroken(text):
        if line.strip() and _width(line) + 1 + _width(part) > width:
            lines.append(line)
            line = indent
        line += part if line == indent else f" {part}"
    return [*lines, line]


def unbroken(text: str) -> list[str]:
    """Returns the parts of a text that stay on one line each.

    >>> unbroken("G at 2.03 µs is 3.1 ± 0.2")
    ['G at 2.03 µs', 'is', '3.1 ± 0.2']
    """
    return list(_TOGETHER.findall(text))


def _width(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)
