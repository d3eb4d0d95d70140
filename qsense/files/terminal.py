"""Texts on a terminal: names from files are shown as they are, neither as markup nor as control characters."""

from __future__ import annotations

import codecs
import sys
import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

LACKING = "qsense"
"""How encoders treat characters that their encoding lacks: as words in ASCII, or escape sequences."""
_REPLACED = {
    "𝓘": "I", "∫": "int ", "–": "-", "−": "-", "…": "...", "•": "*", "±": "+/-", "²": "^2", "µ": "u", "μ": "u",
    "≤": "<=", "≥": ">=", "→": "->", "×": "x", "∞": "inf", "β": "beta", "γ": "gamma", "Γ": "Gamma", "δ": "delta",
    "φ": "phi", "χ": "chi", "σ": "sigma", "Σ": "sum", "√": "sqrt", "π": "pi", "θ": "theta", "τ": "tau", "ω": "omega",
    "α": "alpha", "η": "eta", "λ": "lambda", "Λ": "Lambda", "ρ": "rho", "ħ": "hbar", "·": "*", "°": " deg", "†": "[a]",
    "‡": "[b]", "½": "1/2", "≈": "~",
}  # fmt: skip
_CONTROL = ("Cc", "Cf", "Cs", "Zl", "Zp")  # Unicode's categories of characters that are not drawn


def _ascii(error: UnicodeError) -> tuple[str, int]:
    """What stands for characters that a stream's encoding lacks: words in ASCII, or escape sequences."""
    if not isinstance(error, UnicodeEncodeError):
        raise error
    lacking = error.object[error.start : error.end]
    shown = [_REPLACED.get(c) or c.encode("ascii", "backslashreplace").decode() for c in lacking]
    return "".join(shown), error.end


codecs.register_error(LACKING, _ascii)


def printable(text: str) -> str:
    r"""Returns a text on one line, with its control characters as escape sequences.

    >>> printable("a\nb\x1b[31m – 𝓘")
    'a\\nb\\x1b[31m – 𝓘'
    """
    if text.isprintable():  # nothing of these categories, and many times as fast
        return text
    return "".join(
        c.encode("unicode_escape").decode("ascii") if unicodedata.category(c) in _CONTROL else c for c in text
    )


def print_line(text: object) -> None:
    """Prints a text that may hold names from files on one line, which wraps at spaces on a terminal."""
    for line in _lines(printable(str(text)), _width()):
        print(line)


def print_verdict(text: str) -> None:
    """Prints a text as `print_line` does, in bold on a terminal."""
    from rich.text import Text

    console = plain_console(highlight=False)
    for line in _lines(printable(text), _width()):
        console.print(Text(line, style="bold"), soft_wrap=True)


def plain_console(highlight: bool = True, stderr: bool = False, piped_width: int | None = 80) -> Console:
    """Returns where tables are printed: it shows strings as they are, without markup, emoji or control codes.

    Args:
        highlight: whether numbers are coloured.
        stderr: prints on stderr instead of stdout.
        piped_width: columns of a file or a pipe, which have no width of their own; None for Rich's choice.
    """
    from rich.console import Console

    class Plain(Console):
        def render_str(self, text: str, **options: Any) -> Text:
            shown = printable(text).encode(self.encoding, LACKING).decode(self.encoding)  # before widths are counted
            return super().render_str(shown, **options | {"markup": False, "emoji": False})

    stream: Any = sys.stderr if stderr else sys.stdout
    width = None if stream.isatty() else piped_width
    # The stream itself: without one Rich takes every encoding for UTF-8, and draws lines that others lack.
    file = getattr(stream, "styled", stream)
    return Plain(highlight=highlight, file=file, width=width, markup=False, emoji=False)


def print_parts(console: Console, parts: Sequence[Table | Text | str]) -> None:
    """Prints tables, and lines whose texts are no markup and which wrap at spaces."""
    from rich.table import Table
    from rich.text import Text

    for part in parts:
        if isinstance(part, Table):
            console.print(part, markup=False, emoji=False)
            continue
        style = part.style if isinstance(part, Text) else ""
        for line in _lines(printable(str(part)), console.width):
            console.print(Text(line, style=style), soft_wrap=True)


def _width() -> float:
    """Columns in which lines stand: those of a terminal; a line of a file or a pipe is as long as it is."""
    import math
    import shutil

    return shutil.get_terminal_size().columns if sys.stdout.isatty() else math.inf


def _lines(text: str, width: float) -> list[str]:
    """A text in lines, which are looked for only where it is long: that takes Rich."""
    if len(text) <= width / 2 or width == float("inf"):
        return [text]
    from qsense.files.wrapping import wrapped

    return wrapped(text, int(width))
