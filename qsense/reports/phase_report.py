"""What a run says of the signal itself: a table of φ, and a figure of Eq. 60 from data."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from qsense.comparison.rows import Comparison
from qsense.estimators.result import NORMAL_95
from qsense.files.figures import (
    COLOURS,
    OTHERS,
    TITLE_HEIGHT,
    blank_figure,
    choose_evenly,
    literal,
    place_legend,
    say_what_is_left_out,
)
from qsense.files.units import time_unit
from qsense.probes.signs import without_signs
from qsense.reports.blocks import blocks
from qsense.signals.magnetic import KEY, field_unit, readable_field, readable_ratio

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rich.table import Table
    from rich.text import Text

_MOST, _ACROSS = 6, 3  # panels, and of a row
_FAMILIES = {"ghz": "GHZ"}
READ_SO = (
    "φ > 0 turns a spin as rz(φt) with the qubit's Z; it was looked for within ±range of the spec's field, where "
    "the fringe of the shortest time repeats: π/(N t) of a GHZ probe, π/t of a product probe. A field further off "
    "is read as one within, and entangled probes reach it first"
)


def is_told(row: Mapping[str, Any]) -> bool:
    """Whether the interval of φ in a row of a summary is narrower than the range in which it was looked for."""
    low, high, reach = (float(row[f"field_{name}_rad_per_s"]) for name in ("low", "high", "ambiguity"))
    return high - low < 1.99 * reach


def phase_parts(rows: Sequence[Mapping[str, Any]]) -> list[Table | str | Text]:
    """Returns a table of φ for the rows of a summary that have it, and a line that says how to read it."""
    shown = [row for row in rows if row.get("field_estimate_rad_per_s") is not None]
    if not shown:
        return []
    told, lines = [], []
    for row in shown:
        low, high, reach = (row[f"field_{name}_rad_per_s"] for name in ("low", "high", "ambiguity"))
        told_at_all = is_told(row)
        exact = row["integrated_gain_quantum_exact_s"]
        cells = [
            row["probe"],
            str(row["num_qubits"]),
            f"{row['field_estimate_rad_per_s']:.4g}" if told_at_all else "–",
            f"{low:.4g} … {high:.4g}" if told_at_all else "not told",
            f"{reach:.3g}",
            _share(row["phase_integrated_gain_s"] / exact) if exact else "–",
        ]
        told.append((row, cells))
        lines += _tesla_line(row) if told_at_all else []
    tables = blocks(
        "φ in rad/s from the same counts, and Eq. 60 from data: ∫dt/(t²V)/𝓘",
        ("probe", "N"),
        ("φ", "95 % interval", "±range", "Eq. 60"),
        told,
    )
    note = f"{READ_SO}. Eq. 60: 1 would be a phase read at the quantum limit by every circuit"
    return [*tables, *lines, note]


def _tesla_line(row: Mapping[str, Any]) -> list[str]:
    """The field in tesla, with its interval and its range, where the summary has it."""
    if row.get("field_estimate_t") is None:
        return []
    low, high, reach = (row[f"field_{name}_t"] for name in ("low", "high", "ambiguity"))
    unit, symbol = field_unit(max(abs(low), abs(high)))
    where = f"{row['probe']}, N = {row['num_qubits']}, {row['noise']}, {row['estimator']}"
    value = f"{row['field_estimate_t'] / unit:.4g} {symbol} ({low / unit:.4g} … {high / unit:.4g})"
    return [f"B of {where}: {value}, told within ±{readable_field(reach)}; {readable_ratio(row[KEY])}"]


def _share(value: float) -> str:
    """Returns a share in two decimals; one that times far into the tail have blown up, in three digits.

    >>> _share(0.345), _share(-6999276499.5)
    ('0.34', '-7e+09')
    """
    return f"{value:.2f}" if abs(value) < 100 else f"{value:.3g}"


def phase_gain_figure(comparison: Comparison) -> Figure | None:
    """Returns 1/(t² V) of one circuit beside the exact G, a panel for each noise and N; None where there is none."""
    measured = [one for one in comparison.measured if one.phases is not None]
    every = list(dict.fromkeys((one.point.noise.name, one.point.probe.num_qubits) for one in measured))
    if not every:
        return None
    places = choose_evenly(every)[:_MOST]
    across = min(len(places), _ACROSS)
    down = -(-len(places) // across)
    figure = blank_figure(max(2.8 * across, 4.8), 2.7 * down + 0.6)
    panels = figure.subplots(down, across, squeeze=False)
    others = [
        name for name in dict.fromkeys(one.point.probe.name for one in measured) if without_signs(name) not in COLOURS
    ]
    handles: dict[str, Any] = {}
    for panel in panels.flat[len(places) :]:
        panel.axis("off")
    for panel, place in zip(panels.flat, places, strict=False):
        here = [one for one in measured if (one.point.noise.name, one.point.probe.num_qubits) == place]
        seconds, unit = time_unit(max(one.point.rule.times[-1] for one in here))
        for one in here:
            found, name = one.phases, one.point.probe.name
            assert found is not None
            colour = COLOURS.get(without_signs(name)) or OTHERS[others.index(name) % len(OTHERS)]
            estimators = list(dict.fromkeys(item.point.estimator.name for item in here))
            label = f"{_FAMILIES.get(without_signs(name), name)}, {one.point.estimator.name}"
            times, gains = one.point.rule.times / seconds, found.gains
            handles[label] = panel.errorbar(
                times,
                [gain.value for gain in gains],
                yerr=[NORMAL_95 * gain.stderr for gain in gains],
                fmt="os^Dv"[estimators.index(one.point.estimator.name) % 5],
                color=colour,
                markersize=3.5,
                capsize=2,
            )
            smooth = np.linspace(0, float(times[-1]), 200)
            panel.plot(smooth, one.curve_exact(smooth * seconds), "-", color=colour, lw=1)
        panel.set_title(literal(f"{place[0]}, N = {place[1]}"), fontsize=9, y=TITLE_HEIGHT)
        panel.set_xlabel(f"time t ({unit})")
        panel.set_ylim(bottom=0)
    for panel in panels[:, 0]:
        panel.set_ylabel("1/(t²V), line: G")
    place_legend(figure, list(handles.values()), [literal(name) for name in handles], "upper center", 2)
    say_what_is_left_out(figure, len(places), len(every), "estimates.csv")
    return figure
