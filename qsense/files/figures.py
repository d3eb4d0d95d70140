"""The style that all figures share, and figures as files. Matplotlib is imported when a figure is made."""

from __future__ import annotations

import importlib
import io
import logging
import os
import sys
import tempfile
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar, cast

from qsense.errors import ArgumentError, ContentError, QsenseError, type_and_text
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
Item = TypeVar("Item")
MOST_IN_A_ROW = 6
TITLE_HEIGHT = 1.0
"""Of a panel with nothing above its axis. Not told, Matplotlib looks at each drawing: an eighth of a figure's time."""
_FORMATS = ("png", "svg", "pdf")


def literal(text: str) -> str:
    r"""Returns a text that Matplotlib draws as it is, for names from files: a `$` does not begin mathematics.

    >>> literal("$x$")
    '\\$x\\$'
    """
    return printable(text).replace("$", r"\$")


@contextmanager
def drawing() -> Iterator[None]:
    """Draws in qsense's style, whatever MPLBACKEND and matplotlibrc say, and leaves Matplotlib's settings as they are.

    Figures are files: they need no window, no LaTeX and nobody's fonts.
    """
    matplotlib = _matplotlib()
    # The backend shows figures on a screen, and setting it would end the user's own.
    ours = {key: value for key, value in matplotlib.rcParamsDefault.items() if not key.startswith("backend")}
    with matplotlib.rc_context(), warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("always")
        matplotlib.rcParams.update(ours | STYLE)
        yield
    if any("missing from" in str(one.message) for one in said):
        logger.warning("the font of figures lacks characters of a name; they are drawn as boxes")


def blank_figure(width: float, height: float) -> Figure:
    """Returns an empty figure of a size in inches, whose panels make room for their labels."""
    _matplotlib()
    from matplotlib.figure import Figure

    return Figure(figsize=(width, height), layout="constrained")


def _matplotlib() -> Any:
    """Imports Matplotlib also where it refuses to start with a backend or settings that programs before have set."""
    if "matplotlib" in sys.modules:
        return sys.modules["matplotlib"]
    backend = os.environ.pop("MPLBACKEND", None)  # that of a notebook, which its own process alone can import
    try:
        matplotlib = _imported()
    finally:
        if backend is not None:
            os.environ["MPLBACKEND"] = backend
    if backend:
        with suppress(ValueError):
            matplotlib.rcParams["backend"] = backend  # as its import would have: a user of the library may need it
    return matplotlib


def _imported() -> Any:
    try:
        return importlib.import_module("matplotlib")
    except UnicodeDecodeError:  # in a matplotlibrc, which Matplotlib does not survive
        for name in [name for name in sys.modules if name.partition(".")[0] == "matplotlib"]:
            del sys.modules[name]
        settings = os.environ.get("MATPLOTLIBRC")
        with tempfile.TemporaryDirectory() as folder:
            Path(folder, "matplotlibrc").touch()
            os.environ["MATPLOTLIBRC"] = folder
            try:
                return importlib.import_module("matplotlib")
            finally:
                del os.environ["MATPLOTLIBRC"]
                os.environ.update({} if settings is None else {"MATPLOTLIBRC": settings})


def format_of(path: Path) -> str:
    """Returns the kind of figure that the ending of a file's name means: "png", "svg" or "pdf".

    Raises:
        ArgumentError: another ending.
    """
    kind = path.suffix.removeprefix(".").lower()
    if kind not in _FORMATS:
        raise ArgumentError(f"{path}: a figure must end in {', '.join(f'.{f}' for f in _FORMATS)}.")
    return kind


def save_figure(figure: Figure, path: Path) -> Path:
    """Writes a figure as PNG, SVG or PDF, by the ending of the file's name, and returns the path.

    Raises:
        ArgumentError: another ending.
        ContentError: the file cannot be written.
    """
    kind = format_of(path)
    try:
        path.write_bytes(render_figure(figure, kind))
    except OSError as error:
        raise ContentError(f"{path}: cannot be written: {error.strerror}; choose another file.") from error
    return path


def save_or_error(draw: Callable[[], Figure], path: Path) -> QsenseError | None:
    """Writes a figure that was asked for; returns what was wrong, so that a caller can show its tables first."""
    try:
        save_figure(draw(), path)
    except QsenseError as error:
        return error
    except Exception as error:  # of Matplotlib, on any content
        failed = ContentError(f"{path}: the figure could not be drawn ({type_and_text(error)}).")
        failed.__cause__ = error
        return failed
    return None


def draw_or_warn(draw: Callable[[], dict[str, bytes]], folder: Path) -> dict[str, bytes]:
    """Returns figures by file name; none, and a warning, where drawing fails: the tables are kept."""
    try:
        return draw()
    except Exception as error:  # of Matplotlib, on any content
        logger.warning(f"{folder}: the tables are written, but the figures could not be drawn ({type_and_text(error)})")
        return {}


def render_figure(figure: Figure, kind: str) -> bytes:
    """Returns a figure as the bytes of a file of one kind: "png", "svg" or "pdf"; the same each time.

    Its panels are laid out once, for all kinds, and without drawing them: that takes as long as a file does.
    """
    undated: dict[str, Any] = {"svg": {"Date": None}, "pdf": {"CreationDate": None}}
    options = {"metadata": undated[kind]} if kind in undated else {"dpi": 150, "pil_kwargs": {"compress_level": 3}}
    buffer = io.BytesIO()
    with drawing():
        if (engine := figure.get_layout_engine()) is not None:
            engine.execute(figure)
            figure.set_layout_engine(None)
        figure.savefig(buffer, format=kind, **options)
    return buffer.getvalue()


def place_legend(
    figure: Figure, handles: Sequence[Any], names: Sequence[str], place: str, columns: int, **options: Any
) -> Any:
    """Writes the legend of a whole figure outside its panels, in so many columns, or as many as its width has room for.

    Args:
        figure: with its final width.
        handles, names: of the entries.
        place: "upper center", "lower center" or "upper left".
        columns: at most.
        options: of Matplotlib's `Figure.legend`.

    Returns:
        The legend.
    """
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    renderer: Any = FigureCanvasAgg(figure).get_renderer()  # type: ignore[no-untyped-call]
    for count in range(max(min(columns, len(names)), 1), 0, -1):
        legend: Any = figure.legend(handles, names, loc=cast(Any, f"outside {place}"), ncols=count, **options)
        if count == 1 or legend.get_window_extent(renderer).width <= figure.bbox.width:
            return legend
        legend.remove()
    raise AssertionError("one column is always placed")


def choose_evenly(items: Sequence[Item], most: int = MOST_IN_A_ROW) -> list[Item]:
    """Returns at most so many items, the first, the last and others evenly between; a figure of all would be too large.

    >>> choose_evenly([1, 2, 3, 4, 5, 6, 7], 3)
    [1, 4, 7]
    """
    if len(items) <= most:
        return list(items)
    return [items[round(place * (len(items) - 1) / (most - 1))] for place in range(most)]


def say_what_is_left_out(figure: Figure, drawn: int, of: int, table: str) -> None:
    """Writes above a figure how many of its panels there are, if not all, and which table has all."""
    if drawn < of:
        figure.suptitle(f"{drawn} of {of} panels; all are in {table}", fontsize=9)
