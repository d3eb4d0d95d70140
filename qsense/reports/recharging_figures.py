"""Figures of `qsense recharge`, one a command; each takes the command's answer, as JSON has it."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from qsense.files.figures import COLOURS, OTHERS, blank_figure, drawing
from qsense.files.units import time_unit
from qsense.noise import LocalNoise
from qsense.probes import Probe
from qsense.recharging import (
    cancelled_gain,
    code_rate,
    corrected_gain,
    periodic_rate,
    plain_gain,
    pumped,
    random_rate,
    unseen_information,
)
from qsense.reports.frames import noise_words
from qsense.theory import gain, integrated_gain

if TYPE_CHECKING:
    from matplotlib.figure import Figure

_OF_NOISE = 110  # letters in a line
_KEYS = ("dephasing", "emission", "absorption", "transverse")
_TITLES = {"ghz": "GHZ", "product": "product"}


def pumping_figure(answer: dict[str, Any]) -> Figure:
    """Returns G(t) of the probe at every pumping rate, and 𝓘 of GHZ, product and the probe against the rate.

    Args:
        answer: as `qsense recharge pumping --json` prints it.
    """
    noise, probe = _noise(answer), Probe.named(answer["probe"], answer["num_qubits"])
    rates, branching = [row["pump_per_s"] for row in answer["rows"]], answer["branching"]
    times = np.linspace(0, 4 * answer["reversed"]["time_s"], 161)
    seconds, unit = time_unit(float(times[-1]))
    with drawing():
        figure = blank_figure(8.2, 3.4)
        figure.supxlabel(noise_words(noise, _OF_NOISE), fontsize=8, color="0.3")
        left, right = figure.subplots(1, 2)
        for place, rate in enumerate(rates):
            look = {"color": str(0.75 * place / max(1, len(rates) - 1)), "lw": 1.3}
            left.plot(
                times / seconds, gain(probe, pumped(noise, rate, branching), times), **look, label=f"{rate:g} 1/s"
            )
        left.set(xlabel=f"time t ({unit})", ylabel="gain G = Q/t²", title=f"{_title(probe)}, N = {probe.num_qubits}")
        left.set(xlim=(0, times[-1] / seconds), ylim=(0, None))
        left.legend(title="pumping rate γ↑")
        grid = np.linspace(0, max(*rates, 1e-300), 25)
        kinds = {one.name: one for one in (Probe.ghz(probe.num_qubits), Probe.product(probe.num_qubits), probe)}
        for name, one in kinds.items():
            found = np.array([integrated_gain(one, pumped(noise, rate, branching)).value for rate in grid])
            style = {"ghz": "-", "product": "--"}.get(one.kind, "-.")
            right.plot(
                grid, found / found[0], style, color=COLOURS.get(one.kind, OTHERS[0]), label=_TITLES.get(name, name)
            )
        right.axhline(1, color="0.6", lw=0.8, ls=":")
        right.set(xlabel="pumping rate γ↑ (1/s)", ylabel="ℐ / ℐ without pumping")
        right.set(xlim=(0, grid[-1]), ylim=(0, 1.06))
        right.legend()
    return figure


def reset_figure(answer: dict[str, Any]) -> Figure:
    """Returns information per time against the period of resets, the mean period of random ones, and of unseen ones.

    Args:
        answer: as `qsense recharge reset --json` prints it.
    """
    noise, probe = _noise(answer), Probe.named(answer["probe"], answer["num_qubits"])
    best, dead = answer["rows"][0], answer["dead_time_s"]
    periods = best["period_s"] * np.geomspace(0.05, 20, 81)
    seconds, unit = time_unit(float(periods[-1]))
    x = periods / seconds
    with drawing():
        figure = blank_figure(5.6, 4.0)
        figure.supxlabel(noise_words(noise, _OF_NOISE), fontsize=8, color="0.3")
        panel = figure.subplots()
        panel.semilogx(x, periodic_rate(probe, noise, periods, dead), color="k", lw=1.5, label="every τ")
        values = [random_rate(probe, noise, 1 / float(one), dead) for one in periods]
        panel.semilogx(x, values, "--", color=OTHERS[0], lw=1.4, label="at random, τ on average")
        if any(row["way"].startswith("unseen") for row in answer["rows"]):
            window = np.array([best["period_s"]])
            unseen = [
                float(unseen_information(probe, noise, 1 / float(one), window)[0]) / (window[0] + dead)
                for one in periods
            ]
            panel.semilogx(x, unseen, "-.", color=OTHERS[1], lw=1.4, label="unseen, read out at the best τ")
        panel.plot(best["period_s"] / seconds, best["rate_s"], "o", color="k", ms=5)
        panel.axhline(best["rate_s"], color="0.6", lw=0.8, ls=":")
        title = f"{_title(probe)}, N = {probe.num_qubits}, dead time {dead:g} s"
        panel.set(xlabel=f"τ ({unit})", ylabel="information per time Q/(τ + dead time) (s)", title=title)
        panel.set(ylim=(0, 1.4 * best["rate_s"]), xlim=(x[0], x[-1]))
        panel.legend(fontsize=8)
    return figure


def cancel_figure(answer: dict[str, Any]) -> Figure:
    """Returns the slope with and without cancellation, and the gain per executed shot against time, with what was run.

    Args:
        answer: as `qsense recharge cancel --json` prints it.
    """
    noise, probe, time = _noise(answer), Probe.named(answer["probe"], answer["num_qubits"]), answer["time_s"]
    times = np.linspace(0, 2 * time, 101)
    seconds, unit = time_unit(float(time))
    x = times / seconds
    plain, cancelled = answer["rows"]
    n = probe.num_qubits
    coherence = noise.channel(times, n).coherence
    shrunk = coherence.prod(1) if probe.kind == "ghz" else coherence.mean(1)
    looks = ({"color": COLOURS["product"], "fmt": "s"}, {"color": COLOURS["ghz"], "fmt": "o"})
    with drawing():
        figure = blank_figure(8.2, 3.5)
        figure.supxlabel(noise_words(noise, _OF_NOISE), fontsize=8, color="0.3")
        left, right = figure.subplots(1, 2)
        left.plot(x, shrunk, "--", color=COLOURS["product"], lw=1.2)
        left.axhline(1, color=COLOURS["ghz"], lw=1.2)
        right.plot(x, gain(probe, noise, times), color="0.6", lw=3, label="G(t): no readout exceeds it")
        right.plot(x, [plain_gain(probe, noise, t) for t in times], "--", color=COLOURS["product"], lw=1.4)
        right.plot(x, [cancelled_gain(probe, noise, t) for t in times], "-", color=COLOURS["ghz"], lw=1.2)
        for row, look in zip((plain, cancelled), looks, strict=True):
            error, gain_error = row["slope_error"] / n, row["gain_error"]
            left.errorbar(time / seconds, -row["slope"] / n, error, **look, ms=5, capsize=3, label=row["way"])
            right.errorbar(time / seconds, row["gain"], gain_error, **look, ms=5, capsize=3, label=row["way"])
        left.set(xlabel=f"sensing time t ({unit})", ylabel="slope / slope without noise", ylim=(0, 1.15))
        left.set(title=f"{_title(probe)}, N = {n}, on {answer['backend']}")
        right.set(xlabel=f"sensing time t ({unit})", ylabel="gain per executed shot", ylim=(0, 1.05 * n**2))
        if probe.kind == "product":
            right.set_ylim(0, 1.05 * n)
        for panel in (left, right):
            panel.set_xlim(0, x[-1])
            panel.legend(fontsize=8)
    return figure


def code_figure(answer: dict[str, Any]) -> Figure:
    """Returns G(t) of product and GHZ left alone and of the code at every interval, and its rate against the interval.

    Args:
        answer: as `qsense recharge code --json` prints it.
    """
    noise, n, phi = _noise(answer), answer["num_qubits"], answer["field_rad_per_s"]
    product, alone, *codes = answer["rows"]
    last = 1.5 * max(row["rate_time_s"] for row in answer["rows"])
    times, (seconds, unit) = np.linspace(0, last, 81), time_unit(last)
    with drawing():
        figure = blank_figure(8.2, 3.5)
        figure.supxlabel(noise_words(noise, _OF_NOISE), fontsize=8, color="0.3")
        left, right = figure.subplots(1, 2)
        for probe, style in ((Probe.product(n), "--"), (Probe.ghz(n), "-")):
            values = corrected_gain(n, noise, times, math.inf, phi, probe)
            left.plot(times / seconds, values, style, color=COLOURS[probe.kind], label=f"{_title(probe)}, left alone")
        for place, row in enumerate(codes):
            values = corrected_gain(n, noise, times, row["interval_s"], phi)
            label = f"checks every {row['interval_s']:g} s"
            left.plot(
                times / seconds, values, color=OTHERS[place % len(OTHERS)], ls=("-.", ":")[place % 2], label=label
            )
        left.set(xlabel=f"time t ({unit})", ylabel="gain G = Q/t²", title=f"N = {n}", ylim=(0, None))
        left.set_xlim(0, last / seconds)
        left.legend(fontsize=8)
        window = max(product["rate_time_s"], alone["rate_time_s"])
        intervals = window * np.geomspace(0.01, 1.2, 10)
        dead, check = answer["dead_time_s"], answer["check_time_s"]
        rates = [code_rate(n, noise, float(one), dead, phi, check).value for one in intervals]
        right.semilogx(intervals / seconds, rates, "o-", ms=3, color=OTHERS[0], label="GHZ corrected")
        right.axhline(alone["rate_s"], color=COLOURS["ghz"], label="GHZ, left alone")
        right.axhline(product["rate_s"], color=COLOURS["product"], ls="--", label="product, left alone")
        if answer["longest_interval_s"] is not None:
            right.axvline(answer["longest_interval_s"] / seconds, color="0.6", ls=":", label="longest that pays")
        right.set(xlabel=f"between checks ({unit})", ylabel="max Q/t (s)", ylim=(0, None))
        right.legend(fontsize=8)
    return figure


def _noise(answer: dict[str, Any]) -> LocalNoise:
    entry = answer["noise"]
    rates = {kind: entry.get(f"{kind}_rate", 0.0) for kind in _KEYS}
    return LocalNoise(**rates, exponent=entry.get("dephasing_exponent", 1.0))


def _title(probe: Probe) -> str:
    return _TITLES.get(probe.name, probe.name)
