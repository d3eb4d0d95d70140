"""The picture of a plan: how small a field each probe tells per √time, against the number of spins."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from qsense.files.figures import COLOURS, OTHERS, blank_figure, drawing, literal
from qsense.planning.plan import SensingPlan
from qsense.planning.row import Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LOOKS = {
    "product": ("product", COLOURS["product"], "--", "o"),
    "ghz": ("GHZ", COLOURS["ghz"], "-", "s"),
    "squeezed": ("squeezed", OTHERS[0], "-.", "D"),
    "optimal": ("best symmetric", OTHERS[1], ":", "^"),
}
_PARETO = r"$\delta\varphi\,\sqrt{T}$ (rad/s/$\sqrt{\mathrm{Hz}}$)"


def plan_figure(plan: SensingPlan) -> Figure:
    """Returns two panels against N: the error of φ per √time of each probe, or 𝓘; and its advantage over product.

    Bars are 95 % intervals from what T1 and T2 leave open; what lies beyond the bound on any probe is shaded.

    Args:
        plan: with one N or more.
    """
    with drawing():
        figure = blank_figure(8.6, 3.6)
        left, right = figure.subplots(1, 2)
        for kind, (label, colour, line, marker) in _LOOKS.items():
            best = {row.num_qubits: row for row in reversed(plan.rows) if row.kind == kind}  # of the best pulses
            rows = [best[size] for size in sorted(best)]
            if not rows:
                continue
            look = {"color": colour, "ls": line, "marker": marker, "ms": 3.5, "lw": 1.2, "elinewidth": 0.8}
            sizes = [row.num_qubits for row in rows]
            values, low, high = zip(*(_of_left(row, plan) for row in rows), strict=True)
            left.errorbar(sizes, values, [np.subtract(values, low), np.subtract(high, values)], label=label, **look)
            if kind != "product":
                gains = [row.advantage_db for row in rows]
                ends = [[g.value - g.low for g in gains], [g.high - g.value for g in gains]]
                right.errorbar(sizes, [g.value for g in gains], ends, **look)
        _draw_bound(left, right, plan)
        right.axhline(0, color=COLOURS["product"], ls="--", lw=1.2)
        is_img = plan.question.goal == "img"
        left.set(ylabel=r"$\mathcal{I}$ (s)" if is_img else _PARETO, yscale="log")
        right.set(ylabel="advantage over product (dB)")
        for axis in (left.yaxis.set_major_formatter, left.yaxis.set_minor_formatter):
            axis(lambda value, _: f"{value:.3g}")
        for panel in (left, right):
            panel.set(xlabel="number of spins N")
            panel.locator_params(axis="x", integer=True)
        figure.suptitle(literal(plan.source), fontsize=9)
        left.legend(fontsize=8)
    return figure


def _of_left(row: Row, plan: SensingPlan) -> tuple[float, float, float]:
    name = "integrated_gain_s" if plan.question.goal == "img" else "rate_s"
    value, low, high = row.intervals[name]
    if plan.question.goal == "img":
        return value, low, high
    return 1 / math.sqrt(value), 1 / math.sqrt(high), 1 / math.sqrt(low)


def _draw_bound(left: Axes, right: Axes, plan: SensingPlan) -> None:
    """Shades what no probe reaches, where a bound is known for every N."""
    bounds = sorted(plan.bounds, key=lambda bound: bound.num_qubits)
    if not all(math.isfinite(bound.value_s) and bound.value_s > 0 for bound in bounds):
        return
    sizes = np.array([bound.num_qubits for bound in bounds], dtype=float)
    values = np.array([bound.value_s for bound in bounds])
    gains = np.array([bound.advantage_db for bound in bounds])
    if len(sizes) == 1:
        sizes, values, gains = sizes + np.array([-0.4, 0.4]), np.repeat(values, 2), np.repeat(gains, 2)
    is_img = plan.question.goal == "img"
    edge = values if is_img else 1 / np.sqrt(values)
    bottom, top = left.get_ylim()
    end = max(top, 1.1 * edge.max()) if is_img else min(bottom, 0.85 * edge.min())
    left.fill_between(sizes, edge, end, color="0.88", lw=0, label="beyond the bound on any probe")
    left.set_ylim(*((bottom, end) if is_img else (end, top)))
    low, high = right.get_ylim()
    high = max(high, 1.1 * float(gains.max()))
    right.fill_between(sizes, gains, high, color="0.88", lw=0)
    right.set_ylim(low, high)
