"""Values against a number, such as N or a rate, as pictures: of a plan, or of a study."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from qsense.reports.page.axes import Axis, covering, number
from qsense.reports.page.charts import BOTTOM, LEFT, RIGHT, TOP, Chart, Layer, Mark, coordinates, x_axis, y_axis
from qsense.reports.page.gain_panels import Panel

_APART, _WIDEST = 4.0, 12.0  # units of the picture between series at one x, and from the first to the last
_ROOM = 20.0  # of a tick's text


class Value(NamedTuple):
    """One value with its interval; `exact` is None where there is nothing beside it."""

    x: float
    value: float
    low: float
    high: float
    exact: float | None = None


@dataclass(frozen=True)
class Series:
    """Values of one kind.

    Attributes:
        name: of it.
        colour, marker: numbers of the style sheet's.
        values: along x.
        is_pale: whether counts refuse an assumption of them.
        is_dashed: whether the line of exact values is.
        is_line: whether it is that line alone, such as a bound.
    """

    name: str
    colour: int
    marker: int
    values: tuple[Value, ...]
    is_pale: bool = False
    is_dashed: bool = False
    is_line: bool = False


def series_panel(
    title: str,
    x_label: str,
    y_label: str,
    every: Sequence[Series],
    *,
    from_zero: bool = True,
    zero: float | None = None,
) -> Panel:
    """Returns a picture of series, and one with logarithmic axes where all numbers are above 0.

    Args:
        title, x_label, y_label: of the picture.
        every: the series; one value at least.
        from_zero: whether the axis of values holds 0.
        zero: the value that means "no difference"; None for none.
    """
    values = [value for one in every for value in one.values]
    heights = [h for v in values for h in (v.value, v.low, v.high, v.exact) if h is not None and math.isfinite(h)]
    x = covering(np.array([v.x for v in values]), LEFT, RIGHT, from_zero=False)
    y = covering(np.array([*heights, *([] if zero is None else [zero])]), BOTTOM, TOP, from_zero=from_zero)
    made = _chart(title, x_label, y_label, every, (x, y), zero)
    if min(v.x for v in values) <= 0 or not any(v.value > 0 for v in values) or zero is not None:
        return Panel(made, None)
    above = [height for height in heights if height > 0]
    low, high = max(0.7 * min(above), 1e-5 * max(above)), 1.3 * max(above)
    ends = 0.9 * min(v.x for v in values), 1.1 * max(v.x for v in values)
    return Panel(made, _chart(title, x_label, y_label, every, (x_axis(*ends, True), y_axis(low, high, True)), zero))


def _chart(
    title: str, x_label: str, y_label: str, every: Sequence[Series], axes: tuple[Axis, Axis], zero: float | None
) -> Chart:
    x, y = axes
    layers, marked = [], [one for one in every if not one.is_line]
    for one in every:
        own = sorted(one.values, key=lambda value: value.x)
        exact = [(v.x, v.exact) for v in own if v.exact is not None and (v.exact > 0 or not y.is_log)]
        if exact:
            line = coordinates([x.place(at) for at, _ in exact], [y.place(value) for _, value in exact])
            layers.append(Layer("exact", one.colour, points=line, is_dashed=one.is_dashed, text=f"{one.name}, exact"))
        if one.is_line:
            continue
        aside = _aside(marked.index(one), len(marked))
        marks = tuple(
            Mark(
                x.place(v.x) + aside, y.place(v.value), y.place(v.low), y.place(v.high),
                f"{one.name}: {v.value:.4g} (95 %: {v.low:.4g} … {v.high:.4g}) at {v.x:.4g}"
                + ("" if v.exact is None else f"; exact {v.exact:.4g}"),
                not y.holds(v.value),
            )
            for v in own
        )  # fmt: skip
        layers.append(
            Layer("estimate", one.colour, one.marker, one.marker, is_pale=one.is_pale, marks=marks, text=one.name)
        )
    names = ", ".join(dict.fromkeys(one.name for one in every))
    text = f"{y_label} against {x_label}, {title}: {names}. The table has every value."
    beyond = any(mark.at_edge for layer in layers for mark in layer.marks)
    note = "What is beyond an end of an axis, on a logarithmic one also 0 and below, is at that end." if beyond else ""
    place = None if zero is None else y.place(zero)
    texts = _whole(sorted({value.x for one in every for value in one.values}), x)
    return Chart(title, text, x_label, y_label, x, y, tuple(layers), texts, zero=place, is_log=x.is_log, note=note)


def _aside(place: int, of: int) -> float:
    """How far aside of its x a series is, so that its bars do not hide others'."""
    return min(_APART, _WIDEST / max(1, of - 1)) * (place - (of - 1) / 2)


def _whole(values: Sequence[float], x: Axis) -> tuple[tuple[float, str], ...]:
    """The ticks of whole numbers far enough apart, such as N; none, so that the axis has its own, of others."""
    places = [x.place(value) for value in values]
    if any(value != round(value) for value in values) or min(np.diff([0.0, *places])) < _ROOM:
        return ()
    return tuple((place, number(value)) for place, value in zip(places, values, strict=True))
