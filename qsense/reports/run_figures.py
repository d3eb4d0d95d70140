"""Figures of a run: G(t), and 𝓘 against N, measured and exact."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from qsense.comparison.points import MeasuredPoint
from qsense.comparison.rows import Comparison
from qsense.comparison.verdicts import shown
from qsense.estimators.result import NORMAL_95
from qsense.files.figures import (
    COLOURS,
    OTHERS,
    TITLE_HEIGHT,
    blank_figure,
    choose_evenly,
    drawing,
    literal,
    place_legend,
    render_figure,
    say_what_is_left_out,
)
from qsense.files.units import time_unit
from qsense.reports.frames import ABOVE, MANY, noise_words, scale_gains, shade_above
from qsense.reports.phase_report import phase_gain_figure
from qsense.runs.placement import CALIBRATION
from qsense.theory.bounds import gain_bound, has_bound

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MARKERS = ("o", "s", "^", "D", "v")
_OF = {"integrated_gain": "", "classical_integrated_gain": " (readout)", "integrated_gain_bound": " (bound)"}
_MATCHED = "ghz, signs of the signal"
_TITLES = {"ghz": "GHZ", _MATCHED: "GHZ of the signal's signs"}
_THEORIES = ("exact", "predicted")
_APART, _MOST_QUBITS = 30.0, 8


def figures(comparison: Comparison, calibrated: Sequence[Mapping[str, Any]] = ()) -> dict[str, bytes]:
    """Returns the figures by file name: gain and integrated_gain as PNG and SVG, and phase_gain if any.

    Args:
        comparison: of a run.
        calibrated: the points of `calibration.json`, which have what is left of G with readout mitigated.
    """
    files = {}
    with drawing():
        for name, figure in (
            ("gain", gain_figure(comparison, calibrated)),
            ("integrated_gain", integrated_gain_figure(comparison)),
            ("phase_gain", phase_gain_figure(comparison)),
        ):
            if figure is None:
                continue
            for kind in ("png", "svg"):
                files[f"{name}.{kind}"] = render_figure(figure, kind)
    return files


def gain_figure(comparison: Comparison, calibrated: Sequence[Mapping[str, Any]] = ()) -> Figure:
    """Returns G(t), one panel per noise and N: estimates with 95 % error bars over the exact curves.

    Crossings are marked, measured and exact; what no probe reaches is shaded. Of many spins, and where G spans decades,
    its axis is logarithmic.

    Args:
        comparison: of a run.
        calibrated: the points of `calibration.json`, of which G with readout mitigated is drawn too.
    """
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
            own = [one for one in calibrated if (one["noise"], one["num_qubits"]) == (noise, size)]
            _draw_gain(panel, here, own, comparison, handles)
            panel.set_title(_panel_title(here[0], own), fontsize=8, y=TITLE_HEIGHT)
            if column == 0:
                panel.set_ylabel("gain G = Q/t²")
    say_what_is_left_out(figure, len(noises) * len(sizes), len(every[0]) * len(every[1]), "estimates.csv")
    _legend(figure, handles)
    return figure


def _panel_title(item: MeasuredPoint, calibrated: Sequence[Mapping[str, Any]]) -> str:
    """The noise by its name and its numbers, N, and the qubits where there are any."""
    noise, places = item.point.noise, {tuple(one.get("qubits", ())) for one in calibrated}
    lines = [literal(f"{noise.name}, N = {item.point.probe.num_qubits}")]
    lines += [] if noise.name == CALIBRATION else [noise_words(item.point.world)]
    lines += [f"qubits {', '.join(map(str, place))}" for place in sorted(places) if 0 < len(place) <= _MOST_QUBITS]
    return "\n".join(line for line in lines if line)


def _draw_gain(
    panel: Axes,
    here: list[MeasuredPoint],
    calibrated: Sequence[Mapping[str, Any]],
    comparison: Comparison,
    handles: dict[str, Any],
) -> None:
    last = max(m.point.rule.times[-1] for m in here)
    seconds, unit = time_unit(last)
    times = np.linspace(0, 1.05 * last, 300)
    drawn, curves, ends = set(), [np.zeros(1)], [0.0]
    for item in here:
        name = f"{_title(item)}, {_theory(item)}" + _OF[item.quantity]
        if name not in drawn:
            drawn.add(name)
            curve = item.curve_exact(times)
            (handles[name],) = panel.plot(times / seconds, curve, _line(item), color=_colour(item, comparison), lw=1.3)
            if item.quantity == "integrated_gain":
                curves += [item.gain_exact, curve[:1]]
            ends.append(float(np.max(curve)))
        ends += [e.value + side * NORMAL_95 * e.stderr for e in item.estimates for side in (-1, 1)]
        handles[_label(item)] = panel.errorbar(
            item.point.rule.times / seconds,
            [e.value for e in item.estimates],
            yerr=[NORMAL_95 * e.stderr for e in item.estimates],
            **_marks(item, comparison),
        )
        ends += _draw_mitigated(panel, item, calibrated, comparison, seconds, handles)
    panel.set_xlim(0, times[-1] / seconds)
    size, world = here[0].point.probe.num_qubits, here[0].point.world
    top = scale_gains(panel, size, np.concatenate(curves), min(ends), max(ends))
    if any(item.quantity == "integrated_gain" for item in here) and has_bound(size, world):
        handles[ABOVE] = shade_above(panel, times / seconds, gain_bound(size, world, times), top)
    _mark_crossings(panel, here, comparison, seconds, handles)
    panel.set_xlabel(f"time t ({unit})")


def _draw_mitigated(
    panel: Axes,
    item: MeasuredPoint,
    calibrated: Sequence[Mapping[str, Any]],
    comparison: Comparison,
    seconds: float,
    handles: dict[str, Any],
) -> list[float]:
    """Draws G with readout mitigated where it is known; returns the ends of its error bars."""
    labels = item.point.probe.name, item.point.estimator.name
    own = next((one for one in calibrated if (one["probe"], one["estimator"]) == labels), {}).get("mitigated") or ()
    if len(own) != len(item.estimates):
        return []
    marks = _marks(item, comparison) | {"fmt": "D", "markersize": 4, "markerfacecolor": "white", "markeredgewidth": 0.8}
    bars = [NORMAL_95 * at["stderr"] for at in own]
    values = [float(at["gain"]) for at in own]
    handles[f"{_title(item)}, readout mitigated"] = panel.errorbar(
        item.point.rule.times / seconds, values, yerr=bars, **marks
    )
    return [value + side * bar for value, bar in zip(values, bars, strict=True) for side in (-1, 1)]


def _mark_crossings(
    panel: Axes, here: list[MeasuredPoint], comparison: Comparison, seconds: float, handles: dict[str, Any]
) -> None:
    """Shades the interval of every crossing of which a verdict tells, and marks where the exact curves cross."""
    place = here[0].point.noise.name, here[0].point.probe.num_qubits
    for item in shown(comparison.crossovers):
        if (item.noise, item.num_qubits) != place:
            continue
        one = next(m for m in here if m.point.probe.name == (item.probe if item.probe != "product" else item.other))
        colour, found = _colour(one, comparison), item.until
        if item.exact is not None and 0 < item.exact <= panel.get_xlim()[1] * seconds:
            drawn = panel.axvline(item.exact / seconds, color=colour, lw=0.8, ls=(0, (2, 2)), zorder=0)
            handles[f"crossing, {_theory(one)}"] = drawn
        if found is None or found.kind in ("any", "never"):
            continue
        high = panel.get_xlim()[1] if found.high is None else found.high / seconds
        alone = (item.probe.partition(":")[0], item.other) == ("ghz", "product")
        label = "crossing, 95 %" if alone else f"{item.probe}/{item.other}, crossing"
        handles[label] = panel.axvspan(found.low / seconds, high, color=colour, alpha=0.15, lw=0, zorder=0)


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
        words = "" if noise == CALIBRATION else noise_words(here[0].point.world)
        panel.set_title(literal(noise) + (f"\n{words}" if words else ""), fontsize=9, y=TITLE_HEIGHT)
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
    panel.set_ylabel(f"ℐ = ∫G dt ({unit})")
    ratio.set_ylabel("ℐ estimated / exact")
    ratio.set_xlabel("number of spins N")
    sizes = sorted({m.point.probe.num_qubits for m in here})
    if sizes[-1] >= max(MANY, 4 * sizes[0]):
        panel.set_xscale("log")  # and that of the ratio, which shares it
        ratio.xaxis.set_minor_formatter("")
    ratio.set_xticks(sizes, [str(size) for size in sizes])
    values = [m.integral.total.value for m in here]
    if min(values) > 0 and max(values) > _APART * min(values):
        panel.set_yscale("log")
    else:
        panel.set_ylim(bottom=min(0.0, panel.get_ylim()[0]))


def _legend(figure: Figure, handles: dict[str, Any]) -> None:
    order = sorted(
        handles, key=lambda name: ("crossing" in name, not name.partition(", ")[2].startswith(_THEORIES), name)
    )
    drawn, names = [handles[name] for name in order], [literal(name) for name in order]
    place_legend(figure, drawn, names, "upper center", 3, fontsize=8)


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
