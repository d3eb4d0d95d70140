"""Several records in one figure: G(t) of each with its error bars, over the exact curves, and where probes cross."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from qsense.errors import RecordError, nearest
from qsense.files.figures import (
    COLOURS,
    OTHERS,
    blank_figure,
    choose_evenly,
    drawing,
    literal,
    place_legend,
)
from qsense.files.units import time_unit
from qsense.reports.curves import Curve, Labels, curves_of, labels_of
from qsense.reports.frames import noise_words
from qsense.runs.columns import REFUSED_COLUMN
from qsense.runs.placement import CalibrationNoise
from qsense.runs.record import RunRecord
from qsense.runs.record_view import read_estimates

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_STYLES = (("-", "o"), ("--", "s"), ((0, (1, 1)), "^"), ("-.", "D"), ((0, (5, 1, 1, 1, 1, 1)), "v"))
_TITLES = {"ghz": "GHZ"}
_PALETTE = (*COLOURS.values(), *OTHERS, "#000000")
MOST_RECORDS = len(_PALETTE)  # a colour for each; more are left out
_APART = 30.0  # of the longest windows, from which times are on a logarithmic axis


@dataclass(frozen=True)
class Drawn:
    """What is drawn of one record."""

    label: str
    curves: tuple[Curve, ...]
    estimators: tuple[str, ...]
    noises: Mapping[str, str] = field(default_factory=dict)
    """What acts on the spins, by the noise's name, in lines for a title; a device's is not in it."""


def drawn_of(record: RunRecord, estimator: str | None = None) -> Drawn:
    """Returns what is drawn of a record: a curve for each probe, N and noise.

    Of several estimators of one point the most precise is drawn, an estimate of G before a bound or a readout's gain.

    Args:
        record: that has been estimated.
        estimator: its name, to draw only this one's.

    Raises:
        RecordError: it has not been estimated, is damaged, or has no such estimator.
    """
    rows, summary = read_estimates(record), record.summary()
    names = list(dict.fromkeys(str(row["estimator"]) for row in rows))
    if estimator is not None and estimator not in names:
        raise RecordError(f'{record.path}: has no estimator "{estimator}". {nearest(estimator, names)}')
    quantities = {labels_of(row): str(row.get("quantity", "")) for row in summary["rows"]}
    groups: dict[Labels, list[Mapping[str, Any]]] = {}
    for row in rows:
        if estimator in (None, row["estimator"]):
            groups.setdefault(labels_of(row), []).append(row)
    chosen: dict[Labels, Labels] = {}
    for labels, own in groups.items():
        place = labels[:-1]
        if place not in chosen or _rank(own, quantities) < _rank(groups[chosen[place]], quantities):
            chosen[place] = labels
    curves = curves_of(record, only=set(chosen.values()))
    used = tuple(dict.fromkeys(curve.estimator for curve in curves))
    by = f", by {' and '.join(used)}" if len(names) > 1 else ""
    label = f"{record.spec.name} {record.id[:6]}, {record.spec.backend}{by}"
    known = {one.name: noise_words(one) for one in record.spec.noises if not isinstance(one, CalibrationNoise)}
    return Drawn(label, curves, used, known)


def _told(one: Drawn) -> str:
    """The name and the numbers of a record's only noise."""
    noise = one.curves[0].noise
    words = " ".join(one.noises.get(noise, "").split())
    return f"{noise}: {words}" if words else noise


def _words(records: Sequence[Drawn], noise: str, size: int) -> str:
    """What a panel's title says of its noise: its numbers where all its records have the same; "" where they differ."""
    own = {
        one.noises.get(c.noise, "")
        for one in records
        for c in one.curves
        if noise in ("", c.noise) and c.num_qubits == size
    }
    return own.pop() if len(own) == 1 else ""


def records_figure(records: Sequence[Drawn]) -> Figure:
    """Returns G(t) of several records, a panel for each noise and N; a colour and an entry of the legend for each.

    Of more records than there are colours the first are drawn, and the figure says so. Where every record has one noise
    alone, the panels are those of N, whatever the noises are called: one run under two
    noises, or on two devices, is then in one panel.
    """
    of, records = len(records), records[:MOST_RECORDS]
    one_noise = all(len({curve.noise for curve in one.curves}) == 1 for one in records)
    keys = list(dict.fromkeys(("" if one_noise else c.noise, c.num_qubits) for one in records for c in one.curves))
    every = list(dict.fromkeys(noise for noise, _ in keys)), sorted({size for _, size in keys})
    noises, sizes = choose_evenly(every[0]), choose_evenly(every[1])
    colours = list(_PALETTE[: len(records)])
    probes = list(dict.fromkeys(curve.probe for one in records for curve in one.curves))
    styles = {probe: _STYLES[place % len(_STYLES)] for place, probe in enumerate(probes)}
    with drawing():
        figure = blank_figure(max(3.2 * len(sizes), 5.6), 2.6 * len(noises) + 0.7 + 0.17 * len(records))
        axes = figure.subplots(len(noises), len(sizes), squeeze=False)
        for panel, (noise, size) in zip(axes.flat, ((n, s) for n in noises for s in sizes), strict=True):
            here = [
                (place, [c for c in one.curves if c.num_qubits == size and (one_noise or c.noise == noise)])
                for place, one in enumerate(records)
            ]
            if not any(curves for _, curves in here):
                panel.axis("off")
                continue
            name, words = literal(f"{noise}, N = {size}" if noise else f"N = {size}"), _words(records, noise, size)
            panel.set_title(f"{name}\n{words}" if words else name, fontsize=9)
            _draw(panel, here, colours, styles)
        for panel in axes[:, 0]:
            panel.set_ylabel("gain G = Q/t²")
        shown, panels = len(noises) * len(sizes), len(every[0]) * len(every[1])
        said = [f"{shown} of {panels} panels; all are in estimates.csv"] if shown < panels else []
        if of > len(records):
            said.append(f"the first {len(records)} of {of} records; qsense report has all")
        _legend(figure, records, colours, styles, one_noise, "; ".join(said))
    return figure


def _draw(panel: Axes, here: list[tuple[int, list[Curve]]], colours: list[Any], styles: dict[str, Any]) -> None:
    lasts = [max(float(row["time_s"]) for row in c.rows) for _, curves in here for c in curves]
    seconds, unit = time_unit(max(lasts))
    if max(lasts) > _APART * min(lasts):
        panel.set_xscale("symlog", linthresh=min(lasts) / seconds)
    drawn = [(place, curves) for place, curves in here if curves]
    for number, (place, curves) in enumerate(drawn):
        beside = _beside(panel, number, len(drawn))
        for curve in curves:
            line, marker = styles[curve.probe]
            is_first = curve.probe == next(iter(styles))
            panel.plot(curve.times / seconds, curve.exact, ls=line, color=colours[place], lw=1.1, transform=beside)
            # Matplotlib does not look at what is drawn aside when it chooses the limits of axes.
            panel.update_datalim(np.column_stack([curve.times / seconds, curve.exact]))
            ends = [(row["time_s"] / seconds, row[key]) for row in curve.rows for key in ("gain", "low", "high")]
            panel.update_datalim(np.array(ends))
            values = [row["gain"] for row in curve.rows]
            errors = [
                [max(0.0, value - row["low"]) for value, row in zip(values, curve.rows, strict=True)],
                [max(0.0, row["high"] - value) for value, row in zip(values, curve.rows, strict=True)],
            ]
            panel.errorbar(
                [row["time_s"] / seconds for row in curve.rows],
                values,
                yerr=errors,
                fmt=marker,
                color=colours[place],
                markerfacecolor=None if is_first else "white",
                markersize=4,
                elinewidth=1,
                capsize=2,
                transform=beside,
                alpha=0.35 if any(row.get(REFUSED_COLUMN) for row in curve.rows) else 1.0,
            )
    panel.autoscale_view()
    panel.set_ylim(bottom=min(0.0, panel.get_ylim()[0]))
    _mark_crossings(panel, here, colours, seconds)
    panel.set_xlabel(f"time t ({unit})")


def _beside(panel: Axes, place: int, number: int) -> Any:
    """Where a record's points and curves are: up to three points of print aside, so that those of others are seen."""
    from matplotlib.transforms import ScaledTranslation

    step = min(1.5, 6.0 / max(1, number - 1))
    shift = step * (place - (number - 1) / 2) / 72
    return panel.transData + ScaledTranslation(shift, 0, panel.get_figure().dpi_scale_trans)  # type: ignore[union-attr]


def _mark_crossings(panel: Axes, here: list[tuple[int, list[Curve]]], colours: list[Any], seconds: float) -> None:
    """Marks above the curves where they were measured to cross, with 95 %, a line of the figure for each record."""
    right, top = panel.get_xlim()[1], panel.get_ylim()[1]
    found = [(place, row) for place, curves in here for c in curves for row in c.crossings]
    if not found:
        return
    lines = {place: number for number, place in enumerate(dict.fromkeys(place for place, _ in found))}
    panel.set_ylim(top=top * (1 + 0.07 * (len(lines) + 0.5)))
    for place, row in found:
        low, high, colour = row["crossover_low_s"] / seconds, row["crossover_high_s"], colours[place]
        high = right if high is None else min(high / seconds, right)
        height = top * (1 + 0.07 * (len(lines) - lines[place] - 0.25))
        panel.plot([low, high], [height, height], "-", color=colour, lw=2.5, solid_capstyle="butt")
        if row.get("crossover_s") is not None:
            panel.plot(row["crossover_s"] / seconds, height, marker="v", color=colour, markersize=5)
        exact = row.get("crossover_exact_s")
        if exact is not None and exact / seconds <= right:
            panel.axvline(exact / seconds, color=colour, lw=0.8, ls=(0, (2, 2)), zorder=0)
    panel.set_xlim(right=right)


def _legend(
    figure: Figure, records: Sequence[Drawn], colours: list[Any], styles: Any, one_noise: bool, said: str
) -> None:
    from matplotlib.lines import Line2D

    noises = {curve.noise for one in records for curve in one.curves}
    shown = one_noise and len(noises) > 1
    handles = [Line2D([], [], color=colour, lw=4) for colour in colours]
    names = [one.label + (f", {_told(one)}" if shown else "") for one in records]
    place_legend(
        figure,
        handles,
        list(map(literal, names)),
        "upper left",
        1,
        fontsize=8,
        title=said or None,
        title_fontsize=8,
        alignment="left",
    )
    handles, names = [], []
    for number, (probe, (line, marker)) in enumerate(styles.items()):
        face = "white" if number else "0.3"
        handles.append(Line2D([], [], color="0.3", ls=line, marker=marker, markersize=4, lw=1.1, markerfacecolor=face))
        names.append(f"{_TITLES.get(probe, probe)} (line: exact)")
    every = [curve for one in records for curve in one.curves]
    if any(curve.crossings for curve in every):
        handles.append(Line2D([], [], color="0.3", marker="v", markersize=5, lw=2.5))
        names.append("crossing, 95 % (dotted: exact)")
    if any(row.get(REFUSED_COLUMN) for curve in every for row in curve.rows):
        handles.append(Line2D([], [], color="0.3", marker="o", markersize=4, ls="", alpha=0.35))
        names.append("pale: counts refuse an assumption")
    place_legend(figure, handles, list(map(literal, names)), "lower center", 3, fontsize=8)


def _rank(own: Sequence[Mapping[str, Any]], quantities: Mapping[Labels, str]) -> tuple[bool, float]:
    return quantities.get(labels_of(own[0]), "") != "integrated_gain", float(np.median([row["stderr"] for row in own]))
