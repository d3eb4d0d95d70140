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
    """Prints a text that may hold names from files on one line, whatever they hold."""
    print(printable(str(text)))


def print_verdict(text: str) -> None:
    """Prints a text on one line, in bold on a terminal."""
    from rich.text import Text

    plain_console(highlight=False).print(Text(printable(text), style="bold"), soft_wrap=True)


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
    """Prints tables and lines whose texts are no markup."""
    for part in parts:
        console.print(part, markup=False, emoji=False, highlight=False if isinstance(part, str) else None)
