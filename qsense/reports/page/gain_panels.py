"""G(t) as pictures: a panel for each noise and N, once with even and once with logarithmic axes."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import numpy as np

from qsense.comparison.advantage import Crossover
from qsense.comparison.verdicts import probe_name
from qsense.files.figures import choose_evenly
from qsense.files.units import readable_time, time_unit
from qsense.reports.curves import Curve, Labels
from qsense.reports.page.axes import Axis
from qsense.reports.page.charts import MARKERS, Chart, Layer, Mark, around, coordinates, slots, x_axis, y_axis
from qsense.runs.columns import REFUSED_COLUMN

_DECADES = 4.0  # below the largest value, which a logarithmic axis has at most
_APART = 3.0  # units of the picture between estimators at one time
_UNSAID = ("any", "never")


class Mitigated(NamedTuple):
    """G at the times of a point with readout undone: values and standard errors."""

    values: tuple[float, ...]
    errors: tuple[float, ...]


@dataclass(frozen=True)
class Look:
    """Which colour and marker stands for what, the same in all pictures of a section.

    Attributes:
        probes: name → colour.
        estimators: name → marker.
        dashed: the probes whose lines are dashed.
        markers: name → marker, of those that have one of their own.
        aside: name of a probe → how far aside of their times its estimates are, in units of the picture.
    """

    probes: Mapping[str, int]
    estimators: Mapping[str, int]
    dashed: frozenset[str] = frozenset()
    markers: Mapping[str, int] = field(default_factory=dict)
    aside: Mapping[str, float] = field(default_factory=dict)

    @classmethod
    def of(cls, curves: Sequence[Curve]) -> Look:
        """Returns the look of curves, in their order."""
        dashed = frozenset(c.probe for c in curves if not c.probe.startswith("ghz"))
        return cls(slots(c.probe for c in curves), slots((c.estimator for c in curves), MARKERS), dashed)


@dataclass(frozen=True)
class Panel:
    """One question in two pictures: with even axes, and with logarithmic ones; None where nothing is above 0."""

    even: Chart
    log: Chart | None


def gain_panels(
    curves: Sequence[Curve], crossovers: Sequence[Crossover], mitigated: Mapping[Labels, Mitigated], look: Look
) -> tuple[list[Panel], int]:
    """Returns the panels of some noises and sizes, evenly chosen where there are many, and how many there are in all.

    Args:
        curves: of the points of a record.
        crossovers: those of which verdicts tell.
        mitigated: of the points whose readout was undone.
        look: of the section.
    """
    found = []
    every = list(dict.fromkeys((c.noise, c.num_qubits) for c in curves))
    noises = choose_evenly(list(dict.fromkeys(noise for noise, _ in every)))
    sizes = choose_evenly(sorted({size for _, size in every}))
    for noise, size in ((noise, size) for noise in noises for size in sizes):
        here = [c for c in curves if (c.noise, c.num_qubits) == (noise, size)]
        if here:
            crossed = [c for c in crossovers if (c.noise, c.num_qubits) == (noise, size)]
            title = f"{noise}, N = {size}" if noise else f"N = {size}"
            even = _chart(title, here, crossed, mitigated, look, is_log=False)
            has_log = any(c.exact.max() > 0 for c in here) and any(c.times.max() > 0 for c in here)
            log = _chart(title, here, crossed, mitigated, look, is_log=True) if has_log else None
            found.append(Panel(even, log))
    return found, len(every)


def _chart(
    title: str,
    here: Sequence[Curve],
    crossed: Sequence[Crossover],
    mitigated: Mapping[Labels, Mitigated],
    look: Look,
    is_log: bool,
) -> Chart:
    last = max(float(c.times.max()) for c in here)
    seconds, unit = time_unit(last)
    x, y = _axes(here, mitigated, last, is_log)
    layers = [one for item in crossed for one in _crossing(item, look, x)]
    layers += [_band(curve, look, x, y) for curve in here if curve.band is not None]
    layers += _exact(here, look, x, y)
    layers += [_estimates(curve, look, x, y) for curve in here]
    layers += [_mitigated(c, mitigated[c.labels], look, x, y) for c in here if c.labels in mitigated]
    beyond = any(mark.at_edge for layer in layers for mark in layer.marks)
    shown = replace(x, low=x.low / seconds, high=x.high / seconds)
    return Chart(
        title,
        _description(title, here),
        f"time t ({unit})",
        "gain G = Q/t²",
        shown,
        y,
        tuple(layers),
        is_log=is_log,
        note="What is beyond an end of an axis, on a logarithmic one also 0 and below, is at that end."
        if beyond
        else "",
    )


def _axes(here: Sequence[Curve], mitigated: Mapping[Labels, Mitigated], last: float, is_log: bool) -> tuple[Axis, Axis]:
    rows = [row for curve in here for row in curve.rows]
    own = [value for curve in here if curve.labels in mitigated for value in mitigated[curve.labels].values]
    values = np.array([*(float(row[key]) for row in rows for key in ("gain", "low", "high")), *own])
    exact = np.concatenate([curve.exact for curve in here])
    top = max(float(values.max()), float(exact.max())) or 1.0
    if not is_log:
        bottom = min(0.0, float(values.min()), float(exact.min()))
        return x_axis(0.0, 1.02 * last or 1.0), y_axis(bottom, top + 0.05 * (top - bottom))
    times = [float(row["time_s"]) for row in rows if row["time_s"] > 0] or [last]
    seen = [float(row["gain"]) for row in rows if row["gain"] > 0]
    lowest = min([*seen, *(float(c.exact[c.exact > 0].min()) for c in here if (c.exact > 0).any())])
    bottom = max(0.6 * lowest, top * 10**-_DECADES)
    return x_axis(min(0.6 * min(times), 0.5 * last), 1.05 * last, True), y_axis(min(bottom, 0.5 * top), 1.3 * top, True)


def _exact(here: Sequence[Curve], look: Look, x: Axis, y: Axis) -> list[Layer]:
    """A line for each exact curve; of estimators of one quantity there is one."""
    drawn, layers = set(), []
    for curve in here:
        keep = curve.times > 0 if x.is_log else curve.times >= 0
        points = coordinates(x.places(curve.times[keep]), y.places(curve.exact[keep]))
        if (curve.probe, points) in drawn or not points:
            continue
        drawn.add((curve.probe, points))
        text = f"{probe_name(curve.probe)}, exact"
        layers.append(
            Layer("exact", look.probes[curve.probe], points=points, is_dashed=curve.probe in look.dashed, text=text)
        )
    return layers


def _band(curve: Curve, look: Look, x: Axis, y: Axis) -> Layer:
    band = curve.band
    assert band is not None
    keep = band.times > 0 if x.is_log else band.times >= 0
    points = around(x.places(band.times[keep]), y.places(band.low[keep]), y.places(band.high[keep]))
    text = f"{_name(curve)}: the curve through the estimates, 95 %"
    estimator = look.estimators[curve.estimator]
    return Layer("band", look.probes[curve.probe], estimator=estimator, points=points, text=text)


def _estimates(curve: Curve, look: Look, x: Axis, y: Axis) -> Layer:
    marker, name = look.estimators[curve.estimator], _name(curve)
    aside = look.aside.get(curve.probe, _APART * (marker - (min(len(look.estimators), MARKERS) - 1) / 2))
    marks = []
    for row in curve.rows:
        time, value, low, high = (float(row[key]) for key in ("time_s", "gain", "low", "high"))
        text = (
            f"{name}: G = {value:.4g} (95 %: {low:.4g} … {high:.4g}) at t = {readable_time(time)}; "
            f"exact {float(row['gain_exact']):.4g}"
        )
        marks.append(_mark(x, y, time, (value, low, high), aside, text))
    refused = sorted({str(row[REFUSED_COLUMN]) for row in curve.rows if row.get(REFUSED_COLUMN)})
    return Layer(
        "estimate",
        look.probes[curve.probe],
        marker,
        marker,
        is_pale=bool(refused),
        marks=tuple(marks),
        text=name + (f" (the counts refuse: {'; '.join(refused)})" if refused else ""),
    )


def _mitigated(curve: Curve, own: Mitigated, look: Look, x: Axis, y: Axis) -> Layer:
    marker, name = look.estimators[curve.estimator], f"{probe_name(curve.probe)}, readout mitigated"
    marks = []
    for row, value, error in zip(curve.rows, own.values, own.errors, strict=True):
        time, reach = float(row["time_s"]), 1.96 * error
        text = f"{name}: G = {value:.4g} ± {error:.2g} (one standard error) at t = {readable_time(time)}"
        marks.append(_mark(x, y, time, (value, value - reach, value + reach), 2 * _APART, text))
    return Layer("mitigated", look.probes[curve.probe], marker, marker, marks=tuple(marks), text=name)


def _name(curve: Curve) -> str:
    """The probe and the estimator; the probe alone where a marker stands for it."""
    name = probe_name(curve.probe)
    return name if name.endswith(f", {curve.estimator}") else f"{name}, {curve.estimator}"


def _mark(x: Axis, y: Axis, time: float, ends: tuple[float, float, float], aside: float, text: str) -> Mark:
    value, low, high = ends
    beyond = not (y.holds(value) and x.holds(time))
    return Mark(x.place(time) + aside, y.place(value), y.place(low), y.place(high), text, beyond)


def _crossing(item: Crossover, look: Look, x: Axis) -> list[Layer]:
    """The interval of a crossing, and where the exact curves cross."""
    found, layers = item.until, []
    colour = look.probes.get(item.probe if item.probe != "product" else item.other, 0)
    name = f"{probe_name(item.probe)} and {probe_name(item.other)} cross"
    if found is not None and found.kind not in _UNSAID:
        high = x.high if found.high is None else found.high
        text = f"{name}, measured, 95 %: {readable_time(found.low)} … "
        text += "beyond what was measured" if found.high is None else readable_time(found.high)
        layers.append(Layer("crossing", colour, spans=((x.place(found.low), x.place(high)),), text=text))
    if item.exact is not None and math.isfinite(item.exact) and x.holds(item.exact):
        text, place = f"{name}, exact: {readable_time(item.exact)}", x.place(item.exact)
        layers.append(Layer("forecast", colour, spans=((place, place),), text=text))
    return layers


def _description(title: str, here: Sequence[Curve]) -> str:
    parts = []
    for curve in here:
        ends = [
            f"{float(r['gain']):.3g} at {readable_time(float(r['time_s']))}" for r in (curve.rows[0], curve.rows[-1])
        ]
        parts.append(f"{_name(curve)}: G = {ends[0]} and {ends[1]}")
    return f"G against time for {title}: {'; '.join(parts)}. The table below has every value."


def table_rows(curves: Sequence[Curve]) -> list[dict[str, Any]]:
    """Returns the values of the pictures as rows of a table."""
    return [
        {
            "probe": probe_name(c.probe), "N": c.num_qubits, "noise": c.noise, "estimator": c.estimator,
            "t": readable_time(float(row["time_s"])), "G": f"{float(row['gain']):.4g}",
            "95 %": f"{float(row['low']):.4g} … {float(row['high']):.4g}", "exact": f"{float(row['gain_exact']):.4g}",
            "shots": row.get("shots"),
        }
        for c in curves
        for row in c.rows
    ]  # fmt: skip
