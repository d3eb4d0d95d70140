"""What a notebook shows of a record: its points as an HTML table, and G(t) as a figure, from the record's files."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qsense.files import markup
from qsense.files.figures import COLOURS, OTHERS, blank_figure, choose_evenly, drawing, literal, say_what_is_left_out
from qsense.files.units import time_unit
from qsense.runs.columns import CURVE_COLUMNS, POINT_COLUMNS
from qsense.runs.plan import listed
from qsense.runs.point import acting
from qsense.runs.times import numbers_of_times

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from qsense.runs.record import RunRecord

_MARKERS = ("o", "s", "^", "D", "v")


def html_table(title: str, summary: Mapping[str, Any]) -> str:
    """Returns a summary as HTML: 𝓘 of each point in s, and the verdicts. All that comes from files is escaped.

    >>> print(html_table("<b>", {"rows": [], "verdicts": ["a & b"]}))
    <p>&lt;b&gt;</p><ul><li>a &amp; b</li></ul>
    """
    names = ("probe", "num_qubits", "noise", "estimator")
    numbers = {
        "𝓘 exact (s)": "integrated_gain_exact_s",
        "estimated (s)": "integrated_gain_s",
        "± (s)": "integrated_gain_stderr_s",
        "z": "z",
    }
    keys = (*names, *numbers.values())
    shown = [[row.get(key) for key in keys] for row in summary["rows"]]
    table = markup.table(shown, ("probe", "N", "noise", "estimator", *numbers)) if shown else ""
    return markup.paragraph(title) + table + markup.bullets(summary["verdicts"])


def read_estimates(record: RunRecord) -> list[dict[str, Any]]:
    """Returns the rows of estimates.csv: a row for each time of each point that has been estimated, all finite numbers.

    Raises:
        RecordError: the table is missing or damaged, lacks rows, or has other points than the record's spec.
    """
    name = "estimates.csv"
    rows = record.read_csv(name)
    if not rows:
        raise record.damaged(name, "no rows")
    for line, row in enumerate(rows, start=2):
        for column in ("num_qubits", *CURVE_COLUMNS):
            value = row.get(column)
            if not isinstance(value, (int, float)) or not math.isfinite(value):
                raise record.damaged(name, f"line {line}: `{column}` must be a finite number, but is {value!r:.40}")
    times = {
        (p.probe.name, p.probe.num_qubits, p.noise.name, p.estimator.name): numbers_of_times(
            record.spec, p.probe, acting(p.world), p.rule
        )
        for p in listed(record.spec)
    }
    for point, count in Counter(tuple(row.get(column) for column in POINT_COLUMNS) for row in rows).items():
        if point not in times:
            raise record.damaged(name, f"{' '.join(map(str, point))} is no point of the record's spec")
        if count not in times[point]:
            raise record.damaged(name, f"{count} of {times[point][0]} times of {' '.join(map(str, point))}")
    return rows


def gain_figure(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Returns G(t), a panel for each noise and N: estimates with 95 % intervals, over the exact values at these times.

    Args:
        rows: of estimates.csv.
    """
    every = [list(dict.fromkeys(row[name] for row in rows)) for name in ("noise", "num_qubits")]
    noises, sizes = map(choose_evenly, every)
    with drawing():
        figure = blank_figure(max(2.5 * len(sizes), 4.8), 2.3 * len(noises) + 0.9)
        axes = figure.subplots(len(noises), len(sizes), squeeze=False)
        handles: dict[str, Any] = {}
        for panel, (noise, number) in zip(axes.flat, ((n, s) for n in noises for s in sizes), strict=True):
            own = [row for row in rows if (row["noise"], row["num_qubits"]) == (noise, number)]
            if own:
                panel.set_title(literal(f"{noise}, N = {number}"), fontsize=9)
                _draw(panel, own, rows, handles)
            else:
                panel.axis("off")
        for panel in axes[:, 0]:
            panel.set_ylabel("gain G = Q/t²")
        say_what_is_left_out(figure, len(noises) * len(sizes), len(every[0]) * len(every[1]), "estimates.csv")
        figure.legend(
            list(handles.values()),
            [literal(str(name)) for name in handles],
            loc="outside upper center",
            ncols=3,
            fontsize=8,
        )
    return figure


def _draw(panel: Axes, own: Sequence[Mapping[str, Any]], rows: Sequence[Mapping[str, Any]], handles: Any) -> None:
    others = [probe for probe in dict.fromkeys(row["probe"] for row in rows) if probe not in COLOURS]
    estimators = list(dict.fromkeys(row["estimator"] for row in rows))
    seconds, unit = time_unit(max(row["time_s"] for row in own))
    for probe, estimator in dict.fromkeys((row["probe"], row["estimator"]) for row in own):
        curve = [row for row in own if (row["probe"], row["estimator"]) == (probe, estimator)]
        times = [row["time_s"] / seconds for row in curve]
        colour = COLOURS.get(probe) or OTHERS[others.index(probe) % len(OTHERS)]
        (handles[f"{probe}, exact"],) = panel.plot(
            times, [row["gain_exact"] for row in curve], "--", color=colour, lw=1
        )
        values = [row["gain"] for row in curve]
        errors = [
            [max(0.0, value - row["low"]) for value, row in zip(values, curve, strict=True)],
            [max(0.0, row["high"] - value) for value, row in zip(values, curve, strict=True)],
        ]
        marker = _MARKERS[estimators.index(estimator) % len(_MARKERS)]
        handles[f"{probe}, {estimator}"] = panel.errorbar(
            times, values, yerr=errors, fmt=marker, color=colour, markersize=4, elinewidth=1, capsize=2
        )
    panel.set_xlabel(f"time t ({unit})")
