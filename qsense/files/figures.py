"""The style that all figures share, and figures as files. Matplotlib is imported when a figure is made."""

from __future__ import annotations

import io
import logging
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qsense.errors import ArgumentError, ContentError
from qsense.files.terminal import printable

if TYPE_CHECKING:
    from matplotlib.figure import Figure

logger = logging.getLogger(__name__)
# Okabe and Ito's palette, told apart with any colour vision; line style and marker say the same again.
COLOURS = {"ghz": "#D55E00", "product": "#0072B2"}
OTHERS = ("#009E73", "#CC79A7", "#E69F00", "#56B4E9")
STYLE: Any = {
    "font.size": 9,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "svg.hashsalt": "qsense",  # the same figure gives the same file
    "legend.frameon": False,
}
_FORMATS = ("png", "svg", "pdf")


def literal(text: str) -> str:
    r"""Returns a text that Matplotlib draws as it is, for names from files: a `$` does not begin mathematics.

    >>> literal("$x$")
    '\\$x\\$'
    """
    return printable(text).replace("$", r"\$")


def save_figure(figure: Figure, path: Path) -> Path:
    """Writes a figure as PNG, SVG or PDF, by the ending of the file's name, and returns the path.

    Raises:
        ArgumentError: another ending.
        ContentError: the file cannot be written.
    """
    kind = path.suffix.removeprefix(".").lower()
    if kind not in _FORMATS:
        raise ArgumentError(f"{path}: a figure must end in {', '.join(f'.{f}' for f in _FORMATS)}.")
    try:
        path.write_bytes(render_figure(figure, kind))
    except OSError as error:
        raise ContentError(f"{path}: cannot be written: {error.strerror}; choose another file.") from error
    return path


def draw_or_warn(draw: Callable[[], dict[str, bytes]], folder: Path) -> dict[str, bytes]:
    """Returns figures by file name; none, and a warning, where drawing fails: the tables are kept."""
    try:
        return draw()
    except Exception as error:  # of Matplotlib, on any content
        why = " ".join(f"{type(error).__name__}: {error}".split())
        logger.warning(f"{folder}: the tables are written, but the figures could not be drawn ({why})")
        return {}


def render_figure(figure: Figure, kind: str) -> bytes:
    """Returns a figure as the bytes of a file of one kind: "png", "svg" or "pdf"; the same each time."""
    import matplotlib

    undated: dict[str, Any] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    options = {"metadata": undated[kind]} if kind in undated else {"dpi": 150}
    buffer = io.BytesIO()
    with matplotlib.rc_context(STYLE):
        figure.savefig(buffer, format=kind, **options)
    return buffer.getvalue()
