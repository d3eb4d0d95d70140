"""Figures of a run: G(t), and 𝓘 against N, measured and exact."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from qsense.comparison.points import MeasuredPoint
from qsense.comparison.rows import Comparison
from qsense.comparison.verdicts import shown
from qsense.estimators.result import NORMAL_95
from qsense.files.figures import (
    COLOURS,
    OTHERS,
    blank_figure,
    choose_evenly,
    drawing,
    literal,
    render_figure,
    say_what_is_left_out,
)
from qsense.files.units import time_unit
from qsense.reports.phase_report import phase_gain_figure
from qsense.runs.placement import CALIBRATION

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MARKERS = ("o", "s", "^", "D", "v")
_OF = {"integrated_gain": "", "classical_integrated_gain": " (readout)", "integrated_gain_bound": " (bound)"}
_MATCHED = "ghz, signs of the signal"
_TITLES = {"ghz": "GHZ", _MATCHED: "GHZ of the signal's signs"}
_WIDE = 34  # letters of a legend's entry, from which two columns fill a figure
_THEORIES = ("exact", "predicted")


def figures(comparison: Comparison) -> dict[str, bytes]:
    """Returns the figures by file name: gain and integrated_gain as PNG and SVG, and phase_gain if any."""
    files = {}
    with drawing():
        for name, figure in (
            ("gain", gain_figure(comparison)),
            ("integrated_gain", integrated_gain_figure(comparison)),
            ("phase_gain", phase_gain_figure(comparison)),
        ):
            if figure is None:
                continue
            for kind in ("png", "svg"):
                files[f"{name}.{kind}"] = render_figure(figure, kind)
    return files


def gain_figure(comparison: Comparison) -> Figure:
    """Returns G(t), one panel per noise and N: estimates with 95 % error bars over the exact curves."""
    every = _noises(comparison), sorted({m.point.probe.num_qubits for m in comparison.measured})
    noises, sizes = choose_evenly(every[0]), choose_evenly(every[1])
    figure = blank_figure(max(2.5 * len(sizes), 4.8), 2.3 * len(noises) + 0.9)
    axes = figure.subplots(len(noises), len(sizes), squeeze=False)
    handles: dict[str, Any] = {}
    for row, noise in enumerate(noises):
        for column, size in enumerate(sizes):
            panel = axes[row, column]
            here = [m for m in comparison.measured if (m.point.noise.name, m.point.probe.num_qubits) == (noise, size)]
            if not here:
                panel.axis("off")
                continue
            _draw_gain(panel, here, comparison, handles)
            panel.set_title(literal(f"{noise}, N = {size}"), fontsize=9)
            if column == 0:
                panel.set_ylabel("gain G = Q/t²")
    say_what_is_left_out(figure, len(noises) * len(sizes), len(every[0]) * len(every[1]), "estimates.csv")
    _legend(figure, handles)
    return figure


def _draw_gain(panel: Axes, here: list[MeasuredPoint], comparison: Comparison, handles: dict[str, Any]) -> None:
    last = max(m.point.rule.times[-1] for m in here)
    seconds, unit = time_unit(last)
    times = np.linspace(0, 1.05 * last, 300)
    drawn = set()
    for item in here:
        name = f"{_title(item)}, {_theory(item)}" + _OF[item.quantity]
        if name not in drawn:
            drawn.add(name)
            (handles[name],) = panel.plot(
                times / seconds, item.curve_exact(times), _line(item), color=_colour(item, comparison), lw=1.3
            )
        handles[_label(item)] = panel.errorbar(
            item.point.rule.times / seconds,
            [e.value for e in item.estimates],
            yerr=[NORMAL_95 * e.stderr for e in item.estimates],
            **_marks(item, comparison),
        )
    _mark_crossings(panel, here, comparison, seconds, handles)
    panel.set_xlabel(f"time t ({unit})")
    panel.set_ylim(bottom=min(0.0, panel.get_ylim()[0]))


def _mark_crossings(
    panel: Axes, here: list[MeasuredPoint], comparison: Comparison, seconds: float, handles: dict[str, Any]
) -> None:
    """Shades the interval of every crossing of which a verdict tells, and marks where the exact curves cross."""
    place = here[0].point.noise.name, here[0].point.probe.num_qubits
    for item in shown(comparison.crossovers):
        if (item.noise, item.num_qubits) != place or item.until is None or item.until.kind in ("any", "never"):
            continue
        one = next(m for m in here if m.point.probe.name == (item.probe if item.probe != "product" else item.other))
        colour, found = _colour(one, comparison), item.until
        high = panel.get_xlim()[1] if found.high is None else found.high / seconds
        alone = (item.probe, item.other) == ("ghz", "product")
        label = "crossing, 95 %" if alone else f"{item.probe}/{item.other}, crossing"
        handles[label] = panel.axvspan(found.low / seconds, high, color=colour, alpha=0.15, lw=0, zorder=0)
        if item.exact is not None and item.exact <= panel.get_xlim()[1] * seconds:
            panel.axvline(item.exact / seconds, color=colour, lw=0.8, ls=(0, (2, 2)), zorder=0)


def integrated_gain_figure(comparison: Comparison) -> Figure:
    """Returns 𝓘 against N, one column per noise: estimates over the exact values, and their ratio below."""
    every = _noises(comparison)
    noises = choose_evenly(every)
    figure = blank_figure(max(3.6 * len(noises), 4.8), 5.0)
    axes = figure.subplots(2, len(noises), squeeze=False, sharex="col", height_ratios=[3, 2])
    handles: dict[str, Any] = {}
    for (panel, ratio), noise in zip(axes.T, noises, strict=True):
        here = [m for m in comparison.measured if m.point.noise.name == noise]
        _draw_totals(panel, ratio, here, comparison, handles)
        panel.set_title(literal(noise), fontsize=9)
    say_what_is_left_out(figure, len(noises), len(every), "estimates.csv")
    _legend(figure, handles)
    return figure


def _draw_totals(
    panel: Axes, ratio: Axes, here: list[MeasuredPoint], comparison: Comparison, handles: dict[str, Any]
) -> None:
    seconds, unit = time_unit(max(m.integrated_gain_exact.value for m in here))
    groups = list(dict.fromkeys((_family(m), m.point.estimator.name) for m in here))
    for item in here:
        marks, total, exact = _marks(item, comparison), item.integral.total, item.integrated_gain_exact.value
        size, error = item.point.probe.num_qubits, NORMAL_95 * total.stderr
        handles[_label(item)] = panel.errorbar(size, total.value / seconds, yerr=error / seconds, **marks)
        # In the ratio beside each other, so that error bars can be told apart.
        place = groups.index((_family(item), item.point.estimator.name)) - (len(groups) - 1) / 2
        if exact > 0:
            ratio.errorbar(size + 0.12 * place, total.value / exact, yerr=error / exact, **marks)
    for name in dict.fromkeys(map(_family, here)):
        own = [m for m in here if _family(m) == name and m.quantity == "integrated_gain"]
        points = sorted({(m.point.probe.num_qubits, m.integrated_gain_exact.value / seconds) for m in own})
        if points:
            (line,) = panel.plot(
                *zip(*points, strict=True), _line(own[0]), color=_colour(own[0], comparison), lw=1.3, zorder=0
            )
            handles[f"{_title(own[0])}, {_theory(own[0])}"] = line
    ratio.axhline(1, color="0.4", lw=1, zorder=0)
    panel.set_ylabel(rf"$\mathcal{{I}}=\int G\,dt$ ({unit})")
    ratio.set_ylabel(r"$\mathcal{I}$ estimated / exact")
    ratio.set_xlabel("number of spins N")
    ratio.set_xticks(sorted({m.point.probe.num_qubits for m in here}))
    panel.set_ylim(bottom=min(0.0, panel.get_ylim()[0]))


def _legend(figure: Figure, handles: dict[str, Any]) -> None:
    order = sorted(
        handles, key=lambda name: ("crossing" in name, not name.partition(", ")[2].startswith(_THEORIES), name)
    )
    drawn, names = [handles[name] for name in order], [literal(name) for name in order]
    columns = min(len(order), 2 if max(map(len, order)) > _WIDE else 3)
    figure.legend(drawn, names, loc="outside upper center", ncols=columns, fontsize=8)


def _theory(item: MeasuredPoint) -> str:
    """A calibration's noise gives a prediction, not an exact value."""
    return _THEORIES[item.point.noise.name == CALIBRATION]


def _family(item: MeasuredPoint) -> str:
    """The probe's name, the same for all sizes: GHZ probes whose signs are those of the signal are one family."""
    probe = item.point.probe
    matches = probe.kind == "ghz" and probe.signs and not probe.tilt
    if matches and probe.signs == item.point.signal.matching_signs(probe.num_qubits):
        return _MATCHED
    return probe.name


def _title(item: MeasuredPoint) -> str:
    return _TITLES.get(_family(item), _family(item))


def _label(item: MeasuredPoint) -> str:
    """Which says where the counts refuse what the estimates assume."""
    return f"{_title(item)}, {item.point.estimator.name}" + (" (assumption refused)" if item.refused else "")


def _line(item: MeasuredPoint) -> str:
    if item.quantity != "integrated_gain":
        return ":"
    return "-" if item.point.probe.kind == "ghz" else "--"


def _marks(item: MeasuredPoint, comparison: Comparison) -> dict[str, Any]:
    """The first estimator has large open markers, the others small filled ones: both are visible where they agree."""
    estimators = list(dict.fromkeys(m.point.estimator.name for m in comparison.measured))
    index = estimators.index(item.point.estimator.name)
    return {
        "fmt": _MARKERS[index % len(_MARKERS)],
        "color": _colour(item, comparison),
        "markerfacecolor": "white" if index == 0 else None,
        "markersize": 6.5 if index == 0 else 3,
        "elinewidth": 1,
        "capsize": 2,
        "alpha": 0.4 if item.is_withheld else 1.0,
    }


def _noises(comparison: Comparison) -> list[str]:
    return list(dict.fromkeys(m.point.noise.name for m in comparison.measured))


def _colour(item: MeasuredPoint, comparison: Comparison) -> str:
    name = "ghz" if _family(item) == _MATCHED else _family(item)
    others = [p for p in dict.fromkeys(map(_family, comparison.measured)) if p not in (*COLOURS, _MATCHED)]
    return COLOURS.get(name) or OTHERS[others.index(name) % len(OTHERS)]
