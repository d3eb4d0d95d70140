"""What a person sees: the terminal tables, and the figures of G(t) and of 𝓘 against N."""

from __future__ import annotations

import io
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from qsense.compare import Comparison, Measured

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from rich.console import Console

# Okabe and Ito's palette, told apart with any colour vision; line style and marker say the same again.
_COLOURS = {"ghz": "#D55E00", "product": "#0072B2"}
_OTHERS = ("#009E73", "#CC79A7", "#E69F00", "#56B4E9")
_MARKERS = ("o", "s", "^", "D", "v")


def print_tables(console: Console, summary: dict[str, Any]) -> None:
    """Prints the comparison, the crossovers and the verdicts of a summary; fits 100 columns."""
    from rich.table import Table

    table = Table(title="𝓘 = ∫G dt in s: exact and estimated, with 95 % intervals", title_justify="left")
    for name in ("probe", "N", "noise", "estimator"):
        table.add_column(name, no_wrap=name != "estimator", overflow="fold")
    for name in ("exact", "estimated", "95 % interval", "z"):
        table.add_column(name, justify="right", no_wrap=True)
    for row in summary["rows"]:
        mark = "*" if row["quantity"] == "classical_img" else ""
        table.add_row(
            row["probe"],
            str(row["num_qubits"]),
            row["noise"],
            row["estimator"],
            f"{row['img_exact_s']:.4g}{mark}",
            f"{row['img_s']:.4g}",
            f"{row['img_low_s']:.4g} … {row['img_high_s']:.4g}",
            f"{row['z']:+.1f}",
        )
    console.print(table)
    if any(row["quantity"] == "classical_img" for row in summary["rows"]):
        console.print("* the exact value of this readout, which is below the quantum value", highlight=False)
    if summary["crossovers"]:
        table = Table(title="Until when GHZ leads, in s, and 𝓘 GHZ / 𝓘 product", title_justify="left")
        for name in ("noise", "N", "estimator"):
            table.add_column(name)
        for name in ("exact", "measured", "ratio exact", "ratio measured"):
            table.add_column(name, justify="right", no_wrap=True)
        for row in summary["crossovers"]:
            if row["num_qubits"] > 1:
                table.add_row(
                    row["noise"],
                    str(row["num_qubits"]),
                    row["estimator"],
                    _number(row["crossover_exact_s"]),
                    _number(row["crossover_s"], row["crossover_stderr_s"]),
                    _number(row["ratio_exact"]),
                    _number(row["ratio"], row["ratio_stderr"]),
                )
        if table.rows:
            console.print(table)
    for verdict in summary["verdicts"]:
        console.print(f"• {verdict}", highlight=False)


def figures(comparison: Comparison) -> dict[str, bytes]:
    """Returns the figures by file name: gain.png, gain.svg, img.png, img.svg."""
    import matplotlib

    matplotlib.use("Agg")
    style = {
        "font.size": 9,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "svg.hashsalt": "qsense",  # the same figure gives the same file
        "legend.frameon": False,
    }
    files = {}
    with matplotlib.rc_context(style):
        for name, figure in (("gain", gain_figure(comparison)), ("img", img_figure(comparison))):
            for kind, options in (("png", {"dpi": 150}), ("svg", {"metadata": {"Date": None}})):
                buffer = io.BytesIO()
                figure.savefig(buffer, format=kind, **options)  # type: ignore[arg-type]
                files[f"{name}.{kind}"] = buffer.getvalue()
    return files


def gain_figure(comparison: Comparison) -> Figure:
    """Returns G(t), one panel per noise and N: estimates with 95 % error bars over the exact curves."""
    from matplotlib.figure import Figure

    noises, sizes = _noises(comparison), sorted({m.point.probe.num_qubits for m in comparison.measured})
    estimators = _estimators(comparison)
    height = 2.3 * len(noises) + 0.9
    figure = Figure(figsize=(max(2.5 * len(sizes), 4.6), height), layout="constrained")
    axes = figure.subplots(len(noises), len(sizes), squeeze=False)
    handles: dict[str, Any] = {}
    for row, noise in enumerate(noises):
        for column, size in enumerate(sizes):
            panel = axes[row, column]
            here = [
                m for m in comparison.measured if (m.point.noise.name, m.point.probe.num_qubits) == (noise, size)
            ]
            if not here:
                panel.axis("off")
                continue
            seconds, unit = _unit(max(m.point.rule.times[-1] for m in here))
            drawn: set[tuple[str, str]] = set()
            for item in here:
                probe, colour = item.point.probe.name, _colour(item, comparison)
                style = "-" if item.quantity == "img" else ":"
                if (probe, style) not in drawn:
                    drawn.add((probe, style))
                    times = np.linspace(0, 1.05 * item.point.rule.times[-1], 200)
                    name = f"{probe}, exact" + ("" if style == "-" else " (readout)")
                    (handles[name],) = panel.plot(times / seconds, item.curve_exact(times), style, color=colour, lw=1.4)
                kind = item.point.estimator.name
                bars = panel.errorbar(
                    item.point.rule.times / seconds,
                    [e.value for e in item.estimates],
                    yerr=[1.96 * e.stderr for e in item.estimates],
                    fmt=_MARKERS[estimators.index(kind) % len(_MARKERS)],
                    color=colour,
                    markerfacecolor="white",
                    markersize=4.5,
                    elinewidth=1,
                    capsize=2,
                )
                handles[f"{probe}, {kind}"] = bars
            panel.set_title(f"{noise}, N = {size}", fontsize=9)
            panel.set_xlabel(f"time t ({unit})")
            panel.set_ylim(bottom=min(0.0, panel.get_ylim()[0]))
            if column == 0:
                panel.set_ylabel("gain G = Q/t²")
    figure.legend(
        handles.values(), handles.keys(), loc="outside upper center", ncols=min(len(handles), 3), fontsize=8
    )
    return figure


def img_figure(comparison: Comparison) -> Figure:
    """Returns 𝓘 against N, one panel per noise: estimates with 95 % error bars over the exact values."""
    from matplotlib.figure import Figure

    noises, estimators = _noises(comparison), _estimators(comparison)
    probes = list(dict.fromkeys(m.point.probe.name for m in comparison.measured))
    figure = Figure(figsize=(max(3.4 * len(noises), 4.6), 3.8), layout="constrained")
    axes = figure.subplots(1, len(noises), squeeze=False)[0]
    handles: dict[str, Any] = {}
    for panel, noise in zip(axes, noises, strict=True):
        here = [m for m in comparison.measured if m.point.noise.name == noise]
        seconds, unit = _unit(max(m.img_exact.value for m in here))
        for item in here:
            probe, kind = item.point.probe.name, item.point.estimator.name
            # Beside each other, so that error bars can be told apart.
            groups = len(probes) * len(estimators)
            place = probes.index(probe) * len(estimators) + estimators.index(kind)
            shift = 0.09 * (place - (groups - 1) / 2)
            total = item.integral.total
            handles[f"{probe}, {kind}"] = panel.errorbar(
                item.point.probe.num_qubits + shift,
                total.value / seconds,
                yerr=1.96 * total.stderr / seconds,
                fmt=_MARKERS[estimators.index(kind) % len(_MARKERS)],
                color=_colour(item, comparison),
                markerfacecolor="white",
                markersize=5,
                elinewidth=1,
                capsize=2,
            )
        for probe in probes:
            line = sorted({(m.point.probe.num_qubits, m.img_exact.value) for m in here if m.point.probe.name == probe and m.quantity == "img"})
            if line:
                sizes, values = zip(*line, strict=True)
                colour = _colour(next(m for m in here if m.point.probe.name == probe), comparison)
                (handles[f"{probe}, exact"],) = panel.plot(
                    sizes, np.array(values) / seconds, "-" if probe == "ghz" else "--", color=colour, lw=1.4,
                    marker="_", markersize=9,
                )  # fmt: skip
        panel.set_title(noise, fontsize=9)
        panel.set_xlabel("number of spins N")
        panel.set_ylabel(f"integrated gain 𝓘 ({unit})".replace("𝓘", "$\\mathcal{I}$"))
        panel.set_xticks(sorted({m.point.probe.num_qubits for m in here}))
        panel.set_ylim(bottom=0)
    figure.legend(
        handles.values(), handles.keys(), loc="outside upper center", ncols=min(len(handles), 3), fontsize=8
    )
    return figure


def _noises(comparison: Comparison) -> list[str]:
    return list(dict.fromkeys(m.point.noise.name for m in comparison.measured))


def _estimators(comparison: Comparison) -> list[str]:
    return list(dict.fromkeys(m.point.estimator.name for m in comparison.measured))


def _colour(item: Measured, comparison: Comparison) -> str:
    name = item.point.probe.name
    others = [p for p in dict.fromkeys(m.point.probe.name for m in comparison.measured) if p not in _COLOURS]
    return _COLOURS.get(name) or _OTHERS[others.index(name) % len(_OTHERS)]


def _unit(seconds: float) -> tuple[float, str]:
    """The unit in which a time reads well, in s, and its symbol."""
    for size, symbol in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= size:
            return size, symbol
    return 1e-9, "ns"


def _number(value: float | None, error: float | None = None) -> str:
    if value is None:
        return "–"
    return f"{value:.4g}" if error is None else f"{value:.4g} ± {error:.2g}"


def progress_bar(console: Console) -> Any:
    """Returns a context that shows progress on a terminal and nothing elsewhere."""
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    return Progress(
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed}/{task.total} circuits"),
        TimeRemainingColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    )


def sorted_rows(rows: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    """Returns summary rows by noise, probe, size and estimator."""
    return sorted(rows, key=lambda r: (r["noise"], r["probe"], r["num_qubits"], r["estimator"]))
