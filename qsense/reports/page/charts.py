"""Pictures of the report as plain geometry; the templates turn it into SVG. Texts in it may come from files."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from qsense.numerics.fisher import FloatArray
from qsense.reports.page.axes import Axis

WIDTH, HEIGHT = 360.0, 240.0
LEFT, RIGHT, TOP, BOTTOM = 50.0, 350.0, 10.0, 200.0
COLOURS = 8
"""Number of colours of the style sheet, `c0` to `c7`: one for each probe, or record, in turn."""
MARKERS = 4


@dataclass(frozen=True)
class Mark:
    """One value with its interval.

    Attributes:
        x, y: where it is.
        low, high: the ends of its bar.
        text: what is said of it, for whoever points at it or cannot see it.
        at_edge: whether the value itself is beyond the picture, which then has it at its edge.
    """

    x: float
    y: float
    low: float
    high: float
    text: str
    at_edge: bool = False


@dataclass(frozen=True)
class Layer:
    """What belongs together in a picture, and is shown or hidden together.

    Attributes:
        role: "exact", "band", "estimate", "mitigated", "crossing" or "forecast".
        colour, marker: numbers of the style sheet's.
        estimator: number of its estimator, by which it is hidden; None where it belongs to all.
        is_dashed: whether its line is dashed.
        is_pale: whether the counts refuse an assumption of it.
        points: of a line or of an area, as SVG has them; "" for none.
        marks: its values.
        spans: (from, to) along x, from the top to the bottom.
        text: of the line, area or span.
    """

    role: str
    colour: int
    marker: int = 0
    estimator: int | None = None
    is_dashed: bool = False
    is_pale: bool = False
    points: str = ""
    marks: tuple[Mark, ...] = ()
    spans: tuple[tuple[float, float], ...] = ()
    text: str = ""


@dataclass(frozen=True)
class Chart:
    """A picture with two axes.

    Attributes:
        title: above it.
        description: in words, for whoever cannot see it.
        x_label, y_label: of the axes.
        x, y: the axes.
        layers: from the back to the front.
        x_texts: instead of the ticks of x: where, and what.
        zero: where a line marks a value that means "no difference"; None for none.
        is_log: whether it is the logarithmic one of two.
        note: what is said under it.
    """

    title: str
    description: str
    x_label: str
    y_label: str
    x: Axis
    y: Axis
    layers: tuple[Layer, ...]
    x_texts: tuple[tuple[float, str], ...] = ()
    zero: float | None = None
    is_log: bool = False
    note: str = ""

    @property
    def x_ticks(self) -> list[tuple[float, str]]:
        return list(self.x_texts) or self.x.ticks()


def x_axis(low: float, high: float, is_log: bool = False) -> Axis:
    """Returns an axis from left to right."""
    return Axis(low, high, LEFT, RIGHT, is_log)


def y_axis(low: float, high: float, is_log: bool = False) -> Axis:
    """Returns an axis from the bottom up."""
    return Axis(low, high, BOTTOM, TOP, is_log)


def coordinates(x: FloatArray | Sequence[float], y: FloatArray | Sequence[float]) -> str:
    """Returns points as SVG has them, a tenth of a unit exact; those that are where the one before is are left out.

    >>> coordinates([0.0, 1.0, 1.01], [10.0, 20.25, 20.249])
    '0,10 1,20.2'
    """
    found: list[str] = []
    for one, other in zip(x, y, strict=True):
        text = f"{short(one)},{short(other)}"
        if not found or found[-1] != text:
            found.append(text)
    return " ".join(found)


def around(x: FloatArray, low: FloatArray, high: FloatArray) -> str:
    """Returns the points of the area between two curves."""
    return coordinates([*x, *x[::-1]], [*high, *low[::-1]])


def short(value: float) -> str:
    """Returns a coordinate, a tenth of a unit exact.

    >>> short(12.04), short(-0.01)
    ('12', '0')
    """
    text = f"{value:.1f}".removesuffix(".0")
    return "0" if text == "-0" else text


def slots(names: Iterable[str], number: int = COLOURS) -> dict[str, int]:
    """Returns a number of the style sheet for each name, in their order.

    >>> slots(["ghz", "product", "ghz"])
    {'ghz': 0, 'product': 1}
    """
    return {name: place % number for place, name in enumerate(dict.fromkeys(names))}
