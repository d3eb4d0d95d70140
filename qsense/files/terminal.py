"""Texts on a terminal: names from files are shown as they are, neither as markup nor as control characters."""

from __future__ import annotations

import sys
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

_CONTROL = ("Cc", "Cf", "Cs", "Zl", "Zp")  # Unicode's categories of characters that are not drawn


def printable(text: str) -> str:
    r"""Returns a text on one line, with its control characters as escape sequences.

    >>> printable("a\nb\x1b[31m – 𝓘")
    'a\\nb\\x1b[31m – 𝓘'
    """
    return "".join(
        c.encode("unicode_escape").decode("ascii") if unicodedata.category(c) in _CONTROL else c for c in text
    )


def plain_console(highlight: bool = True, stderr: bool = False, piped_width: int | None = 100) -> Console:
    """Returns where tables are printed: it shows strings as they are, without markup, emoji or control codes.

    Args:
        highlight: whether numbers are coloured.
        stderr: prints on stderr instead of stdout.
        piped_width: columns of a file or a pipe, which have no width of their own; None for Rich's choice.
    """
    from rich.console import Console

    class Plain(Console):
        def render_str(self, text: str, **options: Any) -> Text:
            return super().render_str(printable(text), **options | {"markup": False, "emoji": False})

    width = None if (sys.stderr if stderr else sys.stdout).isatty() else piped_width
    return Plain(highlight=highlight, stderr=stderr, width=width, markup=False, emoji=False)


def print_parts(console: Console, parts: Sequence[Table | Text | str]) -> None:
    """Prints tables and lines whose texts are no markup."""
    for part in parts:
        console.print(part, markup=False, emoji=False, highlight=False if isinstance(part, str) else None)
