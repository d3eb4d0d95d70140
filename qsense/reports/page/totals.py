"""𝓘 against N beside its exact value, and how much more one probe gains than another, as pictures."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qsense.comparison.advantage import Crossover, is_seen
from qsense.comparison.verdicts import gained, is_known, probe_name
from qsense.files.figures import choose_evenly
from qsense.files.units import time_unit
from qsense.reports.page.charts import LEFT, RIGHT, Chart, Layer, Mark, coordinates, slots, x_axis, y_axis
from qsense.reports.page.gain_panels import Look

_WIDEST = 0.7  # of the room of one N, which its marks take


def integral_charts(rows: Sequence[Mapping[str, Any]], look: Look) -> list[Chart]:
    """Returns a picture of 𝓘 against N for each noise: estimates with 95 % intervals, and exact values."""
    noises = choose_evenly(list(dict.fromkeys(str(row["noise"]) for row in rows)))
    return [_integrals(noise, [row for row in rows if row["noise"] == noise], look) for noise in noises]


def _integrals(noise: str, rows: Sequence[Mapping[str, Any]], look: Look) -> Chart:
    sizes = sorted({int(row["num_qubits"]) for row in rows})
    keys = [f"integrated_gain_{name}s" for name in ("low_", "high_", "", "exact_")]
    values = np.array([[float(row[key]) for key in keys] for row in rows])
    seconds, unit = time_unit(float(np.abs(values[:, 3]).max()) or 1.0)
    low, high = min(0.0, float(values.min())) / seconds, float(values.max()) / seconds
    y, step = y_axis(low, high + 0.05 * (high - low) or 1.0), (RIGHT - LEFT) / len(sizes)
    centre = {size: LEFT + (place + 0.5) * step for place, size in enumerate(sizes)}
    groups = list(dict.fromkeys((str(row["probe"]), str(row["estimator"])) for row in rows))
    layers, drawn = [], set()
    for place, (probe, estimator) in enumerate(groups):
        own = [row for row in rows if (row["probe"], row["estimator"]) == (probe, estimator)]
        own = sorted(own, key=lambda row: int(row["num_qubits"]))
        exact = [float(row["integrated_gain_exact_s"]) / seconds for row in own]
        at = [centre[int(row["num_qubits"])] for row in own]
        line = coordinates(at, [y.place(one) for one in exact])
        if (probe, line) not in drawn:
            drawn.add((probe, line))
            layers.append(_line(probe, line, at, exact, look))
        aside = _aside(place, len(groups), step)
        marks = []
        for row, x in zip(own, at, strict=True):
            value, *ends = (float(row[f"integrated_gain_{name}s"]) / seconds for name in ("", "low_", "high_"))
            text = (
                f"{probe_name(probe)}, {estimator}, N = {row['num_qubits']}: 𝓘 = {value:.4g} {unit} (95 %: "
                f"{ends[0]:.4g} … {ends[1]:.4g}); exact {float(row['integrated_gain_exact_s']) / seconds:.4g}"
            )
            marks.append(Mark(x + aside, y.place(value), y.place(ends[0]), y.place(ends[1]), text, not y.holds(value)))
        marker, pale = look.estimators.get(estimator, 0), any(refused(row) for row in own)
        name = f"{probe_name(probe)}, {estimator}"
        layers.append(
            Layer("estimate", look.probes.get(probe, 0), marker, marker, is_pale=pale, marks=tuple(marks), text=name)
        )
    said = "; ".join(mark.text for layer in layers for mark in layer.marks)
    return Chart(
        noise, f"The integrated gain against N under {noise}. {said}.", "number of spins N", f"𝓘 = ∫G dt ({unit})",
        x_axis(0.0, 1.0), y, tuple(layers), _every_few([(centre[size], str(size)) for size in sizes]),
    )  # fmt: skip


def _line(probe: str, line: str, at: Sequence[float], exact: Sequence[float], look: Look) -> Layer:
    """The exact values of one probe: a line, or a dash where there is one N alone."""
    points = (
        line if len(at) > 1 else f"{at[0] - 30:.1f},{line.partition(',')[2]} {at[0] + 30:.1f},{line.partition(',')[2]}"
    )
    name = f"{probe_name(probe)}, exact: {', '.join(f'{one:.4g}' for one in exact)}"
    return Layer("exact", look.probes.get(probe, 0), points=points, is_dashed=probe in look.dashed, text=name)


def refused(row: Mapping[str, Any]) -> list[str]:
    """Returns the names of the assumptions that the counts of a row of a summary refuse."""
    return [str(one["name"]) for one in row.get("assumptions", ()) if one["held"] is False]


def advantage_charts(crossovers: Sequence[Crossover]) -> tuple[list[Chart], Look]:
    """Returns how much more 𝓘 one probe has than another, in per cent, for each noise; a colour stands for a pair.

    Args:
        crossovers: those of which verdicts tell.
    """
    seen = [c for c in crossovers if is_seen(c) and c.num_qubits > 1 and c.ratio is not None]
    look = Look(slots(_pair(c) for c in seen), {})
    noises = choose_evenly(list(dict.fromkeys(c.noise for c in seen)))
    return [_advantage(noise, [c for c in seen if c.noise == noise], look) for noise in noises], look


def _pair(item: Crossover) -> str:
    """Both probes; GHZ probes of several N whose signs are those of a signal are one."""
    first = "GHZ with signs" if item.probe.startswith("ghz:") else probe_name(item.probe)
    return f"{first} against {probe_name(item.other)}"


def _advantage(noise: str, items: Sequence[Crossover], look: Look) -> Chart:
    percent = [_percent(item) for item in items]
    finite = [one for ends in percent for one in ends if one is not None and math.isfinite(one)]
    low, high = min([0.0, *finite]), max([0.0, *finite])
    room, sizes = 0.08 * (high - low) or 1.0, sorted({item.num_qubits for item in items})
    y, step = y_axis(low - room, high + room), (RIGHT - LEFT) / len(sizes)
    pairs = list(dict.fromkeys(map(_pair, items)))
    layers = []
    for item, (value, below, above, exact) in zip(items, percent, strict=True):
        aside = _aside(pairs.index(_pair(item)), len(pairs), step)
        x = LEFT + (sizes.index(item.num_qubits) + 0.5) * step + aside
        interval = "or more (95 %)" if above is None else f"(95 %: {below:+.1f} … {above:+.1f})"
        text = f"{_pair(item)}, N = {item.num_qubits}: "
        text += f"{value:+.1f} % {interval}" if is_known(item) else "not known"
        text += "" if exact is None else f"; exact {exact:+.1f} %"
        colour, name = look.probes[_pair(item)], f"{_pair(item)}, N = {item.num_qubits}"
        if exact is not None and y.holds(exact):
            points = coordinates([x - 9, x + 9], [y.place(exact)] * 2)
            layers.append(Layer("exact", colour, points=points, text=f"{name}, exact: {exact:+.1f} %"))
        mark = Mark(x, y.place(value), y.place(below), y.place(y.high if above is None else above), text, False)
        layers.append(Layer("estimate", colour, marks=(mark,), text=name))
    said = "; ".join(mark.text for layer in layers for mark in layer.marks)
    return Chart(
        noise, f"How much more one probe gains than the other, {noise}; the line at zero is no difference. {said}.",
        "number of spins N", "more 𝓘 (%)", x_axis(0.0, 1.0), y, tuple(layers),
        _every_few([(LEFT + (place + 0.5) * step, str(size)) for place, size in enumerate(sizes)]), zero=y.place(0.0),
    )  # fmt: skip


def _aside(place: int, of: int, step: float) -> float:
    """How far aside of its N a group's mark is."""
    return min(_WIDEST * step, 9.0 * of) * ((place + 0.5) / of - 0.5)


def _percent(item: Crossover) -> tuple[float, float, float | None, float | None]:
    assert item.ratio is not None
    low, high = item.ratio_interval or (item.ratio.value, item.ratio.value)
    exact = None if item.ratio_exact is None else 100 * (item.ratio_exact - 1)
    return gained(item), 100 * (low - 1), None if high is None else 100 * (high - 1), exact


def _every_few(texts: list[tuple[float, str]], most: int = 12) -> tuple[tuple[float, str], ...]:
    return tuple(texts[:: (len(texts) + most - 1) // most])
