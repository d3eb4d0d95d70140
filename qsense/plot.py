"""Figures as Matplotlib axes, for notebooks: G(t), 𝓘 against N, and the theory beside any of them.

Each function draws into `ax`, or into axes of its own, in the style of qsense's figures, and returns the axes: titles,
limits and further curves are then Matplotlib's own. GHZ is vermilion and solid, product blue and dashed, as everywhere.

    from qsense import plot
    plot.theory(probe, noise).figure
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from qsense.errors import ArgumentError
from qsense.estimators.result import NORMAL_95
from qsense.files.figures import COLOURS, OTHERS, blank_figure, drawing, literal
from qsense.files.units import time_unit
from qsense.noise import AnyNoise
from qsense.numerics.fisher import FloatArray
from qsense.probes import Probe
from qsense.probes.signs import without_signs
from qsense.reports.curves import curves_of, labels_of
from qsense.reports.frames import scale_gains, shade_above
from qsense.reports.theory_figures import draw_gains
from qsense.runs.plan import plan
from qsense.runs.record import RunRecord
from qsense.theory.bounds import gain_bound, has_bound

if TYPE_CHECKING:
    from matplotlib.axes import Axes

_OF_BOUND = 120  # times of the bound
_LINES = {"ghz": "-", "product": "--"}


def theory(probes: Probe | Sequence[Probe], noise: AnyNoise, field: float = 0.0, ax: Axes | None = None) -> Axes:
    """Draws the exact G(t) of probes of one N, the bound on any probe, and the crossover of GHZ and product.

    Args:
        probes: one or more.
        noise: at least one rate must be positive.
        field: φ in rad/s; it matters only under transverse noise.
        ax: where to draw; by default axes of a new figure.

    Raises:
        ArgumentError: all rates are zero, so that there is no time scale.

    >>> import qsense
    >>> ax = theory([qsense.Probe.ghz(3), qsense.Probe.product(3)], qsense.LocalNoise(dephasing=0.1))
    >>> ax.get_xlabel(), [line.get_label() for line in ax.lines]
    ('time t (s)', ['GHZ', 'product', 'crossover'])
    """
    several = [probes] if isinstance(probes, Probe) else list(probes)
    with drawing():
        ax = ax if ax is not None else blank_figure(6.4, 4.2).subplots()
        draw_gains(ax, several, [(noise.name, noise)], field)
    return ax


def gain(
    record: RunRecord,
    noise: str | None = None,
    num_qubits: int | None = None,
    ax: Axes | None = None,
    *,
    bound: bool = True,
    mitigated: bool = True,
    log: bool | None = None,
) -> Axes:
    """Draws G(t) of a record: estimates with 95 % error bars over the exact curves, and crossings.

    Args:
        record: that has been estimated.
        noise: the name of one of its noises; by default its first.
        num_qubits: N; by default its largest.
        ax: where to draw; by default axes of a new figure.
        bound: whether what no probe reaches is shaded, where a bound is known.
        mitigated: whether G with readout mitigated is drawn too, where it is known.
        log: whether the axis of G is logarithmic; by default of 16 spins and more, and where G spans decades.

    Raises:
        RecordError: it has not been estimated, or is damaged.
        ArgumentError: it has no such noise or N.
    """
    every = curves_of(record)
    noise = every[0].noise if noise is None else noise
    size = max((c.num_qubits for c in every if c.noise == noise), default=0) if num_qubits is None else num_qubits
    here = [curve for curve in every if (curve.noise, curve.num_qubits) == (noise, size)]
    if not here:
        raise ArgumentError(f'The record has no noise "{noise}" with N = {size}; its summary says what it has.')
    seconds, unit = time_unit(max(float(row["time_s"]) for curve in here for row in curve.rows))
    undone = _mitigated(record) if mitigated else {}
    with drawing():
        ax = ax if ax is not None else blank_figure(6.4, 4.2).subplots()
        ends = [0.0]
        for place, curve in enumerate(here):
            look: dict[str, Any] = {"color": _colour(curve.probe, place)}
            ax.plot(curve.times / seconds, curve.exact, _LINES.get(without_signs(curve.probe), "-."), lw=1.3, **look)
            values = np.array([[row["gain"], row["low"], row["high"]] for row in curve.rows], dtype=float).T
            bars = np.maximum(np.stack([values[0] - values[1], values[2] - values[0]]), 0.0)
            at = [row["time_s"] / seconds for row in curve.rows]
            label = literal(f"{curve.probe}, {curve.estimator}")
            ax.errorbar(at, values[0], bars, fmt="os^Dv"[place % 5], ms=4, capsize=2, label=label, **look)
            ends += [*values[1], *values[2], float(curve.exact.max())]
            own = undone.get(curve.labels, ())
            if len(own) == len(at):
                gains, reach = (np.array([float(one[key]) for one in own]) for key in ("gain", "stderr"))
                reach = NORMAL_95 * reach
                label = literal(f"{curve.probe}, readout mitigated")
                ax.errorbar(at, gains, reach, fmt="D", ms=4, mfc="white", capsize=2, label=label, **look)
                ends += [*(gains - reach), *(gains + reach)]
            for crossing in curve.crossings:
                low, high = crossing.get("crossover_low_s"), crossing.get("crossover_high_s")
                if low is not None and high is not None:
                    ax.axvspan(low / seconds, high / seconds, alpha=0.15, lw=0, zorder=0, **look)
        _set_gains(ax, size, np.concatenate([curve.exact for curve in here]), (min(ends), max(ends)), log)
        ax.set_xlim(left=0.0)
        if bound:
            _shade(ax, record, noise, size, seconds)
        ax.set(xlabel=f"time t ({unit})", ylabel="gain G = Q/t²", title=literal(f"{noise}, N = {size}"))
        ax.legend(fontsize=8, frameon=True, edgecolor="none")
    return ax


def _mitigated(record: RunRecord) -> dict[Any, Sequence[Mapping[str, Any]]]:
    """G with readout mitigated, by the labels of its curve."""
    points = record.read_json("calibration.json")["points"] if record.has("calibration.json") else ()
    return {labels_of(one): one.get("mitigated") or () for one in points}


def _set_gains(ax: Axes, size: int, gains: FloatArray, ends: tuple[float, float], log: bool | None) -> None:
    """Sets the axis of G as figures of runs have it, or as it was asked for."""
    if log is None:
        scale_gains(ax, size, gains, *ends)
    elif log:
        ax.set_yscale("log")
        ax.set_ylim(max(float(gains[gains > 0].min(initial=ends[1])), 1e-4 * ends[1]), 2 * ends[1])
    else:
        ax.set_ylim(min(0.0, 1.05 * ends[0]), 1.08 * ends[1])


def _shade(ax: Axes, record: RunRecord, noise: str, size: int, seconds: float) -> None:
    """Shades what no probe reaches, inside the axes."""
    points = plan(record.spec, record.row_shots())
    worlds = [p.world for p in points if (p.noise.name, p.probe.num_qubits) == (noise, size)]
    if worlds and has_bound(size, worlds[0]):
        times = np.linspace(0, max(0.0, ax.get_xlim()[1]) * seconds, _OF_BOUND)
        shade_above(ax, times / seconds, gain_bound(size, worlds[0], times), ax.get_ylim()[1])


def integrated_gain(record: RunRecord, noise: str | None = None, ax: Axes | None = None) -> Axes:
    """Draws 𝓘 against N of a record: estimates with their 95 % intervals over the exact values.

    Args:
        record: that has been estimated.
        noise: the name of one of its noises; by default its first.
        ax: where to draw; by default axes of a new figure.

    Raises:
        RecordError: it has not been estimated, or is damaged.
        ArgumentError: it has no such noise.
    """
    rows = record.summary()["rows"]
    noise = rows[0]["noise"] if noise is None else noise
    here = [row for row in rows if row["noise"] == noise]
    if not here:
        raise ArgumentError(f'The record has no noise "{noise}"; its summary says what it has.')
    seconds, unit = time_unit(max(row["integrated_gain_exact_s"] for row in here))
    groups = list(dict.fromkeys((without_signs(row["probe"]), row["estimator"]) for row in here))
    with drawing():
        ax = ax if ax is not None else blank_figure(5.6, 4.2).subplots()
        for place, (probe, estimator) in enumerate(groups):
            own = [row for row in here if (without_signs(row["probe"]), row["estimator"]) == (probe, estimator)]
            keys = ("integrated_gain_s", "integrated_gain_low_s", "integrated_gain_high_s", "integrated_gain_exact_s")
            values, low, high, exact = (np.array([row[key] for row in own], dtype=float) / seconds for key in keys)
            sizes = [row["num_qubits"] for row in own]
            look: dict[str, Any] = {"color": _colour(probe, place)}
            ax.plot(sizes, exact, _LINES.get(probe, "-."), lw=1.2, **look)
            bars = np.maximum(np.stack([values - low, high - values]), 0.0)
            label = literal(f"{probe}, {estimator}")
            ax.errorbar(sizes, values, bars, fmt="os^Dv"[place % 5], ms=4, capsize=2, label=label, **look)
        ax.set_xticks(sorted({row["num_qubits"] for row in here}))
        ax.set(xlabel="number of spins N", ylabel=f"ℐ = ∫G dt ({unit})", title=literal(noise))
        ax.legend(fontsize=8)
    return ax


def _colour(probe: str, place: int) -> str:
    return COLOURS.get(without_signs(probe)) or OTHERS[place % len(OTHERS)]
