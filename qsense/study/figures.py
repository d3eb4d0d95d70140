"""Figures of a study: 𝓘 against what was swept, and until when GHZ leads."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from qsense.estimators.result import NORMAL_95
from qsense.files.figures import COLOURS, OTHERS, blank_figure, drawing, literal, place_legend, render_figure
from qsense.files.units import time_unit
from qsense.study.cells import SIGNED, Cell, families
from qsense.study.leads import Lead, leads
from qsense.study.panels import (
    LABELS,
    MOST_PANELS,
    RATES,
    following,
    levels_of,
    panels_of,
    short_name,
    value_text,
    varying,
    words_of,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_UNITS = {**dict.fromkeys(RATES, " 1/s"), "field_rad_per_s": " rad/s"}
_ASIDE = 3.0  # points of print between probes at one place
_MARKERS = ("o", "s", "^", "D", "v", "P", "X")


def figures(found: Sequence[Cell]) -> dict[str, bytes]:
    """Returns the figures of a study by file name.

    integrated_gain.png and .svg; also lead.png and .svg if GHZ and product can be compared, and are not all withheld.
    """
    made, pairs = {}, leads(found)
    with drawing():
        drawn = {"integrated_gain": integrated_gain_figure(found)} | (
            {"lead": lead_figure(pairs)} if any(not pair.refused for pair in pairs) else {}
        )
        for name, figure in drawn.items():
            for kind in ("png", "svg"):
                made[f"{name}.{kind}"] = render_figure(figure, kind)
    return made


def integrated_gain_figure(found: Sequence[Cell]) -> Figure:
    """Returns 𝓘 with 95 % error bars over the exact values, against the key with most values; the others get panels."""
    across, series, panels = panels_of(found)
    shown = list(panels.items())[:MOST_PANELS]
    figure = blank_figure(max(4.4 * min(len(shown), 3), 5.6), 3.9 * ((len(shown) + 2) // 3))
    axes = figure.subplots((len(shown) + 2) // 3, min(len(shown), 3), squeeze=False)
    handles: dict[str, Any] = {}
    chosen, levels = levels_of(found, series)
    for place, (title, group) in zip(axes.flat, shown, strict=False):
        _draw_panel(place, group, across, series, chosen, handles)
        place.set_title(literal(title), fontsize=9)
    for place in axes.flat[len(shown) :]:
        place.axis("off")
    said = [f"the first {len(shown)} of {len(panels)} panels"] if len(panels) > len(shown) else []
    if len(chosen) < levels:
        said.append(f"{len(chosen)} of {levels} values of {LABELS.get(str(series), str(series))}")
    if said:
        figure.suptitle(literal(f"{' and '.join(said)}; all are in trials.csv"), fontsize=9)
    place_legend(
        figure,
        list(handles.values()),
        [literal(name) for name in handles],
        "lower center",
        max(1, len(handles) // 2),
        title="bars: 95 %; lines: exact",
        title_fontsize=7.5,
        fontsize=7.5,
    )
    return figure


def _draw_panel(
    panel: Axes, group: list[Cell], across: str, series: str | None, chosen: list[Any], handles: dict[str, Any]
) -> None:
    seconds, unit = time_unit(max(cell.integrated_gain_exact for cell in group))
    family = families(group)
    probes = list(dict.fromkeys(family.values()))
    others = [probe for probe in probes if probe not in COLOURS and probe != SIGNED]
    for probe in probes:
        colour = COLOURS.get("ghz" if probe == SIGNED else probe) or OTHERS[others.index(probe) % len(OTHERS)]
        for number, level in enumerate(chosen):
            own = [c for c in group if family[c.names["probe"]] == probe]
            own = [c for c in own if series is None or c.names[series] == level]
            own = sorted(own, key=lambda cell: cell.names[across])
            x = [cell.names[across] for cell in own]
            label = {"ghz": "GHZ", SIGNED: "GHZ with signs"}.get(probe, probe) + (
                "" if series is None else f", {short_name(series)} = {value_text(level)}{_UNITS.get(series, '')}"
            )
            exact = [c.integrated_gain_exact / seconds for c in own]
            panel.plot(x, exact, color=colour, lw=1.2, ls="-" if probe in ("ghz", SIGNED) else "--")
            for text, alpha in (("", 1.0), (" (assumption refused)", 0.4)):
                shown = [cell for cell in own if bool(cell.refused) == bool(text)]
                if shown:
                    handles[label + text] = panel.errorbar(
                        [cell.names[across] for cell in shown],
                        [c.integrated_gain.value / seconds for c in shown],
                        yerr=[NORMAL_95 * c.integrated_gain.stderr / seconds for c in shown],
                        transform=_beside(panel, probes.index(probe), len(probes)),
                        fmt=_MARKERS[number % len(_MARKERS)], color=colour, alpha=alpha, markersize=4,
                        markerfacecolor="white" if number % 2 else None, elinewidth=1, capsize=2,
                    )  # fmt: skip
    ends = [
        (c.integrated_gain.value + s * NORMAL_95 * c.integrated_gain.stderr) / seconds for c in group for s in (-1, 1)
    ]
    at = [cell.names[across] for cell in group for _ in range(2)]
    panel.update_datalim(np.column_stack([at, ends]))  # Matplotlib does not look at what is drawn aside
    panel.autoscale_view()
    _scale(panel, [cell.names[across] for cell in group], across)
    values = [cell.integrated_gain.value for cell in group]
    if min(values) > 0 and max(values) > 30 * min(values):
        panel.set_yscale("log")
    else:
        panel.set_ylim(bottom=min(0.0, panel.get_ylim()[0]))
    panel.set_ylabel(f"ℐ = ∫G dt ({unit})")


def _beside(panel: Axes, place: int, of: int) -> Any:
    """Where a probe's values are drawn: aside of others, so that these are seen."""
    from matplotlib.transforms import ScaledTranslation

    shift = _ASIDE * (place - (of - 1) / 2) / 72
    return panel.transData + ScaledTranslation(shift, 0, panel.get_figure().dpi_scale_trans)  # type: ignore[union-attr]


def lead_figure(pairs: Sequence[Lead]) -> Figure:
    """Returns until when GHZ leads and its 𝓘 over product's: a map over N and a rate, or curves over either."""
    names = [pair.names for pair in pairs]
    rates = [name for name in RATES if name in varying(names)]
    rate = next((name for name in rates if all(one[name] is not None for one in names)), None)
    others = [n for n in varying(names) if n not in ("num_qubits", rate, *following(names, "num_qubits", rate))]
    first = [pair for pair in pairs if words_of(pair.names, others) == words_of(pairs[0].names, others)]
    left_out = len(pairs) - len(first)
    sizes = {pair.names["num_qubits"] for pair in first}
    if rate is not None and len(sizes) > 1 and len({pair.names[rate] for pair in first}) > 1:
        figure = _lead_map(first, rate)
    else:
        figure = _lead_curves(first, "num_qubits" if len(sizes) > 1 or rate is None else rate)
    if left_out:
        figure.suptitle(literal(f"at {words_of(pairs[0].names, others)}; the others are in summary.json"), fontsize=9)
    return figure


def _lead_curves(pairs: Sequence[Lead], across: str) -> Figure:
    figure = blank_figure(8.4, 3.6)
    until, ratio = figure.subplots(1, 2)
    pairs = sorted(pairs, key=lambda pair: pair.names[across])
    seen = [pair for pair in pairs if pair.measured is not None]
    exact = [pair for pair in pairs if pair.exact is not None]
    seconds, unit = time_unit(
        max([p.exact or 0.0 for p in exact] + [p.measured.value for p in seen if p.measured] + [0])
    )
    until.plot([p.names[across] for p in exact], [(p.exact or 0) / seconds for p in exact], color="0.3", label="exact")
    until.errorbar(
        [p.names[across] for p in seen],
        [p.measured.value / seconds for p in seen if p.measured],
        yerr=[NORMAL_95 * p.measured.stderr / seconds for p in seen if p.measured],
        fmt="o", color=COLOURS["ghz"], capsize=2, markersize=4, label="measured, 95 %",
    )  # fmt: skip
    until.set_ylabel(f"GHZ leads until t ({unit})")
    ratio.plot([p.names[across] for p in pairs], [p.ratio_exact for p in pairs], color="0.3", label="exact")
    ratio.errorbar(
        [p.names[across] for p in pairs if p.known_ratio],
        [p.known_ratio.value for p in pairs if p.known_ratio],
        yerr=[NORMAL_95 * p.known_ratio.stderr for p in pairs if p.known_ratio],
        fmt="o", color=COLOURS["ghz"], capsize=2, markersize=4, label="measured, 95 %",
    )  # fmt: skip
    ratio.axhline(1, color="0.6", lw=0.8, zorder=0)
    ratio.set_ylabel("ℐ of GHZ / ℐ of product")
    for panel in (until, ratio):
        _scale(panel, [pair.names[across] for pair in pairs], across)
        panel.set_ylim(bottom=0)
    until.legend(fontsize=8)
    return figure


def _lead_map(pairs: Sequence[Lead], rate: str) -> Figure:
    """Maps over N and a rate γ: the crossing in units of 1/γ, and the ratio of 𝓘; what is not known is grey."""
    sizes = sorted({pair.names["num_qubits"] for pair in pairs})
    rates = sorted({pair.names[rate] for pair in pairs})
    until, ratio = np.full((len(rates), len(sizes)), np.nan), np.full((len(rates), len(sizes)), np.nan)
    for pair in pairs:
        place = rates.index(pair.names[rate]), sizes.index(pair.names["num_qubits"])
        until[place] = pair.measured.value * pair.names[rate] if pair.measured else np.nan
        ratio[place] = pair.known_ratio.value if pair.known_ratio else np.nan
    figure = blank_figure(9.6, 3.8)
    panels = figure.subplots(1, 2)
    known = [pair.known_ratio for pair in pairs if pair.known_ratio]
    spread = max([0.05, *(abs(one.value - 1) for one in known)])
    error = float(np.median([one.stderr for one in known] or [0.0]))
    for panel, data, title, options in (
        (panels[0], until, "GHZ leads until γt (measured)", {"cmap": "viridis"}),
        (panels[1], ratio, f"ℐ of GHZ / ℐ of product (measured, ± {error:.1g})",
         {"cmap": "PuOr_r", "vmin": 1 - spread, "vmax": 1 + spread}),
    ):  # fmt: skip
        panel.set_facecolor("0.8")
        mesh = panel.pcolormesh(np.arange(len(sizes) + 1), np.arange(len(rates) + 1), data, **options)
        figure.colorbar(mesh, ax=panel, label=title)
        for axis, labels in ((panel.xaxis, sizes), (panel.yaxis, rates)):
            step = (len(labels) + 7) // 8
            axis.set_ticks(
                np.arange(0, len(labels), step) + 0.5, [literal(value_text(value)) for value in labels[::step]]
            )
        for row, column in zip(*np.nonzero(np.isfinite(data)), strict=True) if data.size <= 60 else ():
            red, green, blue, _ = mesh.cmap(mesh.norm(data[row, column]))
            ink = "white" if 0.3 * red + 0.6 * green + 0.1 * blue < 0.5 else "black"
            text = f"{data[row, column]:.3g}"
            panel.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=7, color=ink)
        panel.set_xlabel(LABELS["num_qubits"])
        panel.set_ylabel(LABELS[rate])
    return figure


def _scale(panel: Axes, values: Sequence[Any], across: str) -> None:
    numbers = sorted({value for value in values if isinstance(value, (int, float))})
    if len(numbers) > 2 and numbers[0] > 0 and numbers[-1] > 20 * numbers[0]:
        panel.set_xscale("log")
    elif across == "num_qubits" and len(numbers) <= 12:
        panel.set_xticks(numbers)
    panel.set_xlabel(LABELS.get(across, literal(across)))
