"""Figures of the theory: G(t), its ratio to the product probe's, and 𝓘 against N, with the bound on all probes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from qsense.errors import ArgumentError
from qsense.files.figures import COLOURS, OTHERS, blank_figure, drawing, literal, place_legend
from qsense.files.units import time_unit
from qsense.noise import AnyNoise, world_of
from qsense.numerics.fisher import FloatArray
from qsense.probes import FAMILIES, KINDS, Probe
from qsense.reports.frames import MANY, noise_words, shade_above
from qsense.theory import crossover, gain, integrated_gain
from qsense.theory.bounds import gain_bound, integrated_gain_bound
from qsense.theory.leads import shown_until

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_DASHES = ("-", "--", "-.", ":")
_LINES = {"ghz": "-", "product": "--"}


Readout = tuple[str, str | float]
"""A readout's name, and where it measures: "mid", "best" or an angle in rad."""


def theory_figure(probe: Probe, noise: AnyNoise, field: float = 0.0, readout: Readout | None = None) -> Figure:
    """Returns three panels: G(t), its ratio to the product probe's, and 𝓘 against N; above the bound is shaded.

    Args:
        probe: drawn beside GHZ and product.
        noise: at least one rate must be positive.
        field: φ in rad/s; it matters only under transverse noise.
        readout: of which the classical gain of the probe is drawn too.

    Raises:
        ArgumentError: all rates are zero, so that there is no time scale.
    """
    n = probe.num_qubits
    world = world_of(noise)
    rates = world.decay_rates(n)
    if not rates.any():
        raise ArgumentError(f'The noise "{noise.name}" has no rates, so there is no time scale to draw; give a rate.')
    if world.signal.is_constant and not world.pulses.is_free:
        world.signal.check_window(np.array([1 / float(rates.max())]), world.pulses)  # refuses what is refocused
    matching = Probe.ghz(n, signs=world.signal.matching_signs(n))
    probes = list({p.key: p for p in (matching, Probe.product(n), probe)}.values())
    times = np.linspace(0, 2 / float(rates[rates > 0].min()), 161)
    with drawing():
        figure = blank_figure(9.6, 3.3)
        curve, ratio, total = figure.subplots(1, 3)
        _draw_curves(curve, ratio, probes, noise, times, field)
        if readout is not None:
            _draw_readout(curve, probe, noise, times, field, readout)
        _draw_totals(total, probe, noise, field)
        handles, labels = curve.get_legend_handles_labels()
        place_legend(figure, handles, labels, "upper center", 4)
        figure.supxlabel(noise_words(noise, 120), fontsize=8, color="0.3")
    return figure


def gains_figure(
    probes: Sequence[Probe],
    noises: Sequence[tuple[str, AnyNoise]],
    field: float = 0.0,
    readout: Readout | None = None,
) -> Figure:
    """Returns G(t) of several probes of one N under several noises, in one panel; crossovers are marked.

    Args:
        probes: a colour each.
        noises: (words for the legend, noise); a kind of line each. Of one alone, what lies above its bound is shaded.
        field: φ in rad/s; it matters only under transverse noise.
        readout: of which the classical gains are drawn too.

    Raises:
        ArgumentError: all rates of a noise are zero, so that there is no time scale.
    """
    with drawing():
        figure = blank_figure(6.4, 4.2)
        draw_gains(figure.subplots(), probes, noises, field, readout)
    return figure


def draw_gains(
    panel: Axes,
    probes: Sequence[Probe],
    noises: Sequence[tuple[str, AnyNoise]],
    field: float = 0.0,
    readout: Readout | None = None,
) -> None:
    """Draws what `gains_figure` shows into a panel; arguments and errors are as there."""
    n = probes[0].num_qubits
    crossings = [crossover(n, noise, field) for _, noise in noises]
    ends = [_end(probes, noise, field, one) for (_, noise), one in zip(noises, crossings, strict=True)]
    times = np.linspace(0, max(ends), 161)
    seconds, unit = time_unit(float(times[-1]))
    drawn = []
    for place, ((words, noise), crossing) in enumerate(zip(noises, crossings, strict=True)):
        dashes = _DASHES[place % 4]
        for probe, colour in zip(probes, _colours(probes), strict=True):
            gains = gain(probe, noise, times, field)
            label = _title(probe) if len(noises) == 1 else f"{_title(probe)}, {words}"
            label += "" if gains.max() > 0 else " (G = 0)"
            panel.plot(times / seconds, gains, label=literal(label), color=colour, ls=dashes, lw=1.4)
            drawn.append(gains)
            if readout is not None:
                _draw_readout(panel, probe, noise, times, field, readout, colour)
        _mark_crossover(panel, crossing, seconds, dashes, words if len(noises) > 1 else "")
    top = 1.05 * max(float(gains.max()) for gains in drawn)
    if len(noises) == 1:
        shade_above(panel, times / seconds, gain_bound(n, noises[0][1], times), 2 * top)
    _set_scale(panel, np.concatenate(drawn), top, n)
    title = f"N = {n}" if len(noises) > 1 else f"N = {n}: {noises[0][0]}"
    panel.set(xlabel=f"time t ({unit})", ylabel="gain G = Q/t²", title=literal(title))
    panel.set_xlim(0, times[-1] / seconds)
    panel.legend(fontsize=8, frameon=True, edgecolor="none")


def _draw_readout(
    panel: Axes, probe: Probe, noise: AnyNoise, times: FloatArray, field: float, readout: Readout, colour: str = ""
) -> None:
    """Draws what a readout reaches of the gain of a probe, thin and with points."""
    from qsense.theory.measurement import classical_gain

    name, phase = readout
    seconds, _ = time_unit(float(times[-1]))
    values = classical_gain(probe, noise, times, name, phase, field)
    look: dict[str, Any] = {"color": colour or _colour(probe), "lw": 0.8, "ls": "-", "marker": ".", "markevery": 10}
    panel.plot(times / seconds, values, label=literal(f"{_title(probe)} by {name}"), **look)


def _colours(probes: Sequence[Probe]) -> list[str]:
    others = iter(OTHERS * len(probes))
    return [COLOURS.get(probe.kind) or next(others) for probe in probes]


def _end(probes: Sequence[Probe], noise: AnyNoise, field: float, crossing: float | None) -> float:
    """A time in s by which the gains have decayed, and GHZ and product have crossed."""
    rates = world_of(noise).decay_rates(probes[0].num_qubits)
    if not rates.any():
        raise ArgumentError(f'The noise "{noise.name}" has no rates, so there is no time scale to draw; give a rate.')
    decays = []
    for probe in probes:
        start, total = float(gain(probe, noise, np.zeros(1), field)[0]), integrated_gain(probe, noise, None, field)
        decays += [total.value / start] if start > 0 else []
    return shown_until(decays, crossing, float(rates[rates > 0].min()))


def _mark_crossover(panel: Axes, crossing: float | None, seconds: float, dashes: str = "-", words: str = "") -> None:
    """Marks until when GHZ leads the product probe; `words` name the noise where there are several."""
    if crossing is not None and crossing > 0:
        panel.axvline(
            crossing / seconds,
            color="0.55",
            lw=0.8,
            ls=dashes if dashes != "-" else ":",
            label=literal(f"crossover, {words}" if words else "crossover"),
        )


def _set_scale(panel: Axes, gains: FloatArray, top: float, n: int) -> None:
    """Draws G on a logarithmic axis where it spans decades from the start on, as of many spins."""
    if n < MANY:
        panel.set_ylim(0, top)
        return
    panel.set_yscale("log")
    panel.set_ylim(max(float(gains[gains > 0].min(initial=top)), 1e-4 * top), 2 * top)


def _draw_curves(
    curve: Axes, ratio: Axes, probes: list[Probe], noise: AnyNoise, times: FloatArray, field: float
) -> None:
    n, world = probes[0].num_qubits, world_of(noise)
    most = float(np.abs(world.weights(n)).sum() ** 2 * np.max(world.collected(times) ** 2))
    seconds, unit = time_unit(float(times[-1]))
    bound, product = gain_bound(n, noise, times), gain(Probe.product(n), noise, times, field)
    shade_above(curve, times / seconds, bound, most * 2.1)
    gains = [gain(probe, noise, times, field) for probe in probes]
    ratios = [np.divide(g, product, out=np.full_like(g, np.nan), where=product > 1e-12) for g in gains]
    highest = 1.15 * max(float(np.nanmax(r)) for r in ratios)
    shade_above(ratio, times / seconds, bound / np.where(product > 1e-12, product, np.nan), highest)
    for probe, g, r in zip(probes, gains, ratios, strict=True):
        look: dict[str, Any] = {"color": _colour(probe), "ls": _LINES.get(probe.kind, "-."), "lw": 1.4}
        curve.plot(times / seconds, g, label=literal(_title(probe)), **look)
        ratio.plot(times / seconds, r, **look)
    crossing = crossover(n, noise, field)
    for panel in (curve, ratio):
        _mark_crossover(panel, crossing, seconds)
    curve.set(xlabel=f"time t ({unit})", ylabel="gain G = Q/t²", title=f"N = {n}")
    _set_scale(curve, np.concatenate(gains), most * 1.05, n)
    ratio.set(xlabel=f"time t ({unit})", ylabel="G / G of product", ylim=(0, highest), title=f"N = {n}")
    for panel in (curve, ratio):
        panel.set_xlim(0, times[-1] / seconds)


def _draw_totals(panel: Axes, probe: Probe, noise: AnyNoise, field: float) -> None:
    n = probe.num_qubits
    try:
        world_of(noise).check(n + 1)
        per_spin = False
    except ArgumentError:  # rates or couplings of n spins
        per_spin = True
    largest = n if per_spin else max(n, 6)
    every = np.unique(np.rint(np.geomspace(1, largest, 10)).astype(int)) if largest > 10 else np.arange(1, largest + 1)
    sizes = [n] if per_spin else sorted({*(int(size) for size in every), n})
    bounds = np.array([integrated_gain_bound(size, noise).value for size in sizes])
    signal = world_of(noise).signal
    series = {}
    for name in KINDS:
        signs = {size: signal.matching_signs(size) if name == "ghz" else "" for size in sizes}
        named = [(size, Probe(name, size, signs=signs[size])) for size in sizes]  # type: ignore[arg-type]
        series[name] = [(size, integrated_gain(one, noise, None, field).value) for size, one in named]
    if probe.kind not in series:
        series[probe.name] = [
            (size, integrated_gain(one, noise, None, field).value) for size in sizes if (one := _of_size(probe, size))
        ]
    highest = max((v for points in series.values() for _, v in points if np.isfinite(v)), default=1.0)
    top = 1.08 * (float(bounds[np.isfinite(bounds)].max()) if np.isfinite(bounds).any() else highest)
    seconds, unit = time_unit(highest)
    if np.isfinite(bounds).all():
        shade_above(panel, np.array(sizes, dtype=float), bounds / seconds, top / seconds)
    for name, points in series.items():
        one = Probe.named(name, 1) if name in COLOURS else probe
        finite = [(size, value / seconds) for size, value in points if np.isfinite(value)]
        if finite:
            panel.plot(
                *zip(*finite, strict=True), marker="o", ms=3, lw=1.2, color=_colour(one), ls=_LINES.get(one.kind, "-.")
            )
    panel.locator_params(axis="x", integer=True)
    panel.set(xlabel="number of spins N", ylabel=f"ℐ = ∫G dt ({unit})", ylim=(0, top / seconds))


def _of_size(probe: Probe, size: int) -> Probe | None:
    """Returns the probe of the same family at another size; None if the family has none."""
    if size == probe.num_qubits:
        return probe
    if probe.name.partition(":")[0] not in FAMILIES:
        return None
    try:
        return Probe.named(probe.name, size)
    except ArgumentError:
        return None


def _colour(probe: Probe) -> str:
    return COLOURS.get(probe.kind, OTHERS[0])


def _title(probe: Probe) -> str:
    return "GHZ" if probe.kind == "ghz" else probe.name
