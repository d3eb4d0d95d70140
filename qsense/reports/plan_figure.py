"""The picture of a plan: how small a field each probe tells per √time, against the number of spins."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np

from qsense.files.figures import COLOURS, OTHERS, blank_figure, drawing, literal, place_legend
from qsense.files.units import time_unit
from qsense.files.wrapping import wrapped
from qsense.planning.plan import SensingPlan
from qsense.planning.ranking import Ranking
from qsense.planning.row import Interval, Row

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_LOOKS = {
    "product": ("product", COLOURS["product"], "--", "o"),
    "ghz": ("GHZ", COLOURS["ghz"], "-", "s"),
    "squeezed": ("squeezed", OTHERS[0], "-.", "D"),
    "optimal": ("best symmetric", OTHERS[1], ":", "^"),
}
_STEP = 0.05  # by which probes stand beside each other
_PARETO = r"$\delta\varphi\,\sqrt{T}$ (rad/s/$\sqrt{\mathrm{Hz}}$)"


def plan_figure(plan: SensingPlan) -> Figure:
    """Returns two panels against N: the error of φ per √time of each probe, or 𝓘; and its advantage over product, or
    until when its G is above that of product where this was asked for.

    Bars are 95 % intervals from what T1 and T2 leave open; what lies beyond the bound on any probe is shaded.

    Args:
        plan: with one N or more.
    """
    is_crossover = plan.question.goal == "crossover"
    seconds, unit = time_unit(max([_until(row).value for row in plan.rows if _until(row).value < math.inf] or [1.0]))
    with drawing():
        figure = blank_figure(8.6, 3.8)
        left, right = figure.subplots(1, 2)
        for place, (kind, (label, colour, line, marker)) in enumerate(_LOOKS.items()):
            best = {row.num_qubits: row for row in reversed(plan.rows) if row.kind == kind}  # of the best pulses
            rows = [best[size] for size in sorted(best)]
            if not rows:
                continue
            look = {"color": colour, "ls": line, "marker": marker, "ms": 3.5, "lw": 1.2, "elinewidth": 0.8}
            sizes = [row.num_qubits + _STEP * (place - 1) for row in rows]  # side by side, so that no bar hides another
            values, low, high = zip(*(_of_left(row, plan) for row in rows), strict=True)
            left.errorbar(sizes, values, [np.subtract(values, low), np.subtract(high, values)], label=label, **look)
            if kind != "product" and is_crossover:
                told = [
                    (size, _until(row)) for size, row in zip(sizes, rows, strict=True) if _until(row).value < math.inf
                ]
                until = np.array([[one.value, one.low, one.high] for _, one in told]).reshape(-1, 3).T / seconds
                ends = [until[0] - until[1], np.where(np.isfinite(until[2]), until[2], until[0]) - until[0]]
                right.errorbar([size for size, _ in told], until[0], ends, **look)
            elif kind != "product":
                gains = [row.advantage_db for row in rows]
                ends = [[g.value - g.low for g in gains], [g.high - g.value for g in gains]]
                right.errorbar(sizes, [g.value for g in gains], ends, **look)
        right.set_ylim(bottom=min(right.get_ylim()[0], 0.0))
        _draw_bound(left, None if is_crossover else right, plan)
        if not is_crossover:
            right.axhline(0, color=COLOURS["product"], ls="--", lw=1.2)
        is_img = plan.question.goal == "img"
        left.set(ylabel="ℐ (s)" if is_img else _PARETO, yscale="log")
        right.set(ylabel=f"G is above product's until t ({unit})" if is_crossover else "advantage over product (dB)")
        for axis in (left.yaxis.set_major_formatter, left.yaxis.set_minor_formatter):
            axis(lambda value, _: f"{value:.3g}")
        for panel in (left, right):
            panel.set(xlabel="number of spins N")
            panel.locator_params(axis="x", integer=True)
        named = plan.words if plan.source in (plan.words, "custom") else f"{plan.source}: {plan.words}"
        figure.suptitle("\n".join(map(literal, wrapped(named, 110)[:2])), fontsize=9)
        handles, labels = left.get_legend_handles_labels()
        place_legend(figure, handles, labels, "lower center", 5, fontsize=8)
    return figure


def _until(row: Row) -> Interval:
    """Until when it leads in s, with its interval; infinite where that is not known or it always leads."""
    value = math.inf if row.leads_until_s is None else row.leads_until_s
    return row.intervals.get("leads_until_s", Interval(value, value, value))


def ranking_figure(ranking: Ranking) -> Figure:
    """Returns the error of φ per √time, or 𝓘, against N: every device faintly, and the best for each probe and N.

    What is beyond the bound on any probe of the best device is shaded; the device that is best at the last N is named.
    Devices that tell a hundredth of the worst of these best ones, or less, are beyond the frame.

    Args:
        ranking: of one device or more.
    """
    plans = ranking.plans
    with drawing():
        figure = blank_figure(6.4, 4.0)
        panel = figure.subplots()
        is_img, shown = plans[0].question.goal == "img", list[float]()
        for kind, (label, colour, line, marker) in _LOOKS.items():
            best: dict[int, tuple[float, str]] = {}
            for plan in plans:
                found = {
                    row.num_qubits: _of_left(row, plan)[0]
                    for row in reversed(plan.rows)
                    if row.kind == kind and row.rate_s > 0
                }
                sizes = sorted(found)
                panel.plot(sizes, [found[size] for size in sizes], color=colour, lw=0.5, alpha=0.2)
                for size, value in found.items():
                    known = best.get(size)
                    if known is None or (value > known[0] if is_img else value < known[0]):
                        best[size] = (value, plan.source)
            if not best:
                continue
            sizes = sorted(best)
            values = [best[size][0] for size in sizes]
            name = literal(best[sizes[-1]][1])
            panel.plot(sizes, values, color=colour, ls=line, marker=marker, ms=4, lw=1.6, label=f"{label}: {name}")
            shown += values
        ends = (min(shown) / 100, max(shown) * 1.5) if is_img else (min(shown) / 1.5, max(shown) * 10)
        panel.set_ylim(*ends)
        _draw_least(panel, plans, is_img)
        panel.set(ylabel="ℐ (s)" if is_img else _PARETO, yscale="log", xlabel="number of spins N")
        panel.locator_params(axis="x", integer=True)
        panel.yaxis.set_major_formatter(lambda value, _: f"{value:g}")
        panel.yaxis.set_minor_formatter(lambda value, _: f"{value:g}" if f"{value:e}"[0] in "25" else "")
        figure.suptitle(f"{len(plans)} devices, each of them faintly; the best at the last N is named", fontsize=9)
        handles, labels = panel.get_legend_handles_labels()
        place_legend(figure, handles, labels, "lower center", 2, fontsize=8)
    return figure


def _draw_least(panel: Axes, plans: Sequence[SensingPlan], is_img: bool) -> None:
    """Shades what no probe reaches on any of the devices."""
    bounds: dict[int, float] = {}
    for bound in (bound for plan in plans for bound in plan.bounds):
        bounds[bound.num_qubits] = max(bound.value_s, bounds.get(bound.num_qubits, 0.0))
    if not all(math.isfinite(value) and value > 0 for value in bounds.values()):
        return
    sizes = sorted(bounds)
    edge = np.array([bounds[size] if is_img else 1 / math.sqrt(bounds[size]) for size in sizes])
    low, high = panel.get_ylim()
    low, high = min(low, 0.8 * float(edge.min())), max(high, 1.2 * float(edge.max())) if is_img else high
    panel.set_ylim(low, high)
    panel.fill_between(sizes, edge, high if is_img else low, color="0.88", lw=0, label="beyond the bound on any probe")


def _of_left(row: Row, plan: SensingPlan) -> tuple[float, float, float]:
    name = "integrated_gain_s" if plan.question.goal == "img" else "rate_s"
    value, low, high = row.intervals[name]
    if plan.question.goal == "img":
        return value, low, high
    return 1 / math.sqrt(value), 1 / math.sqrt(high), 1 / math.sqrt(low)


def _draw_bound(left: Axes, right: Axes | None, plan: SensingPlan) -> None:
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
    if right is None:
        return
    low, high = right.get_ylim()
    high = max(high, 1.1 * float(gains.max()))
    right.fill_between(sizes, gains, high, color="0.88", lw=0)
    right.set_ylim(low, high)
