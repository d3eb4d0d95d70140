"""Makes docs/figures/paper.png, the figure of docs/paper.md: python docs/figures/paper.py (half a minute).

Times are in units of 1/γ and integrals in units of the product probe's 𝓘, so that no rate needs to be chosen.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

import qsense
from qsense import LocalNoise, Probe
from qsense.numerics.integration import integrate
from qsense.theory.bounds import integrated_gain_bound
from qsense.theory.dense import density_matrices
from qsense.theory.entanglement import entanglement_of_formation
from qsense.theory.fringes import fringes
from qsense.theory.measurement import integrated_classical_gain
from qsense.theory.optimal import best_squeezing, optimal_probe

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DEPHASING, EMISSION = LocalNoise(dephasing=1.0), LocalNoise(emission=1.0)
SIZES = range(2, 9)
# The colours of qsense.reports (Okabe and Ito); line style or marker says the same again.
GHZ, PRODUCT, GREEN, PINK, ORANGE, GREY = "#D55E00", "#0072B2", "#009E73", "#CC79A7", "#E69F00", "0.4"


def figure() -> Figure:
    """Returns the figure, six panels."""
    from matplotlib.figure import Figure

    drawn = Figure(figsize=(11.5, 7.4), layout="constrained")
    axes = drawn.subplots(2, 3)
    _gain(axes[0, 0], DEPHASING, 0.55, "(a) dephasing")
    _gain(axes[0, 1], EMISSION, 2.2, "(b) emission")
    _entanglement(axes[0, 2])
    _probes(axes[1, 0])
    _readouts(axes[1, 1])
    _field(axes[1, 2])
    return drawn


def _gain(panel: Axes, noise: LocalNoise, last: float, title: str) -> None:
    times = np.linspace(0, last, 400)
    for size, width in ((2, 1.1), (6, 2.0)):
        for kind, colour, style in (("ghz", GHZ, "-"), ("product", PRODUCT, "--")):
            label = f"{'GHZ' if kind == 'ghz' else kind}, N = {size}"
            panel.semilogy(
                times, qsense.gain(Probe.named(kind, size), noise, times), style, c=colour, lw=width, label=label
            )
        end = qsense.crossover(size, noise)
        assert end is not None
        panel.plot(
            end,
            qsense.gain(Probe.product(size), noise, [end]),
            "o",
            c="k",
            ms=5,
            label="crossover" if size == 2 else None,
        )
        if noise is EMISSION:
            papers = np.log(size) / (size - 1)
            height = qsense.gain(Probe.product(size), noise, [papers])
            panel.plot(papers, height, "x", c="k", ms=7, mew=1.5, label="as in the paper" if size == 2 else None)
    panel.set(xlabel="γt", ylabel="gain G = Q/t²", title=title, xlim=(0, last), ylim=(0.08, 60))
    handles, labels = panel.get_legend_handles_labels()
    order = sorted(range(len(labels)), key=lambda i: "N =" not in labels[i])  # curves first, then points
    panel.legend([handles[i] for i in order], [labels[i] for i in order], ncols=2, loc="upper right", columnspacing=1.0)


def _entanglement(panel: Axes) -> None:
    times = np.linspace(0, 1.5, 200)
    for noise, name, style, shade in ((DEPHASING, "dephasing", "-", GHZ), (EMISSION, "emission", "-.", ORANGE)):
        value = entanglement_of_formation(density_matrices(Probe.ghz(2), noise, times, 0 * times))
        panel.plot(times, value, style, c=shade, lw=1.6, label=f"GHZ, {name}")
        end = np.array([qsense.crossover(2, noise)])
        height = entanglement_of_formation(density_matrices(Probe.ghz(2), noise, end, 0 * end))
        panel.plot(end, height, "o", c="k", ms=5, label="end of GHZ's lead" if noise is EMISSION else None)
    value = entanglement_of_formation(density_matrices(Probe.product(2), DEPHASING, times, 0 * times))
    panel.plot(times, value, "--", c=PRODUCT, lw=1.6, label="product, both noises")
    panel.set(
        xlabel="γt", ylabel="entanglement of formation (bits)", title="(c) two spins", xlim=(0, 1.5), ylim=(-0.03, 1.03)
    )
    panel.legend(loc="upper right")


def _probes(panel: Axes) -> None:
    unit = np.array(SIZES) / 4
    bound = np.array([integrated_gain_bound(n, DEPHASING).value for n in SIZES]) / unit
    panel.fill_between(SIZES, bound, 2.75, color="0.88", lw=0)
    panel.plot(SIZES, bound, "-", c=GREY, lw=1.2, label="bound on any probe")
    rows: list[tuple[str, list[float], dict[str, Any]]] = [
        ("best symmetric probe", [optimal_probe(n, DEPHASING).value for n in SIZES], {"marker": "^", "c": GREEN}),
        (
            "best one-axis squeezed",
            [best_squeezing(n, DEPHASING).value for n in SIZES],
            {"marker": ".", "c": PINK, "ls": ":"},
        ),
        ("GHZ", [qsense.integrated_gain(Probe.ghz(n), DEPHASING).value for n in SIZES], {"marker": "o", "c": GHZ}),
        (
            "product",
            [qsense.integrated_gain(Probe.product(n), DEPHASING).value for n in SIZES],
            {"marker": ".", "c": PRODUCT, "ls": "--"},
        ),
    ]
    for label, values, options in rows:
        panel.plot(SIZES, np.array(values) / unit, label=label, **{"lw": 1.3, "ms": 6, **options})
    panel.set(
        xlabel="number of spins N",
        ylabel="𝓘 / (N/4γ)".replace("𝓘", r"$\mathcal{I}$"),
        title="(d) dephasing: no ceiling at N/4γ",
        ylim=(0.9, 2.75),
    )
    panel.legend(loc="upper left")


def _readouts(panel: Axes) -> None:
    unit = np.array(SIZES, dtype=float)
    quantum = [qsense.integrated_gain(Probe.ghz(n), EMISSION).value for n in SIZES] / unit
    panel.plot(SIZES, quantum, "-", c="k", lw=1.3, label=r"$\mathcal{I}$ of GHZ (left-hand side)")
    rows: list[tuple[str, list[float], dict[str, Any]]] = [
        ("parity + loss flag", [_reached(Probe.ghz(n), "loss_flag", "mid") for n in SIZES], {"marker": "o", "c": GHZ}),
        (
            "parity",
            [_reached(Probe.ghz(n), "parity", "mid") for n in SIZES],
            {"marker": "s", "c": GREEN, "mfc": "white", "ms": 8},
        ),
        (
            "joint outcome of σx",
            [_reached(Probe.ghz(n), "local_x", np.pi / (2 * n)) for n in SIZES],
            {"marker": "x", "c": PINK},
        ),
        (
            "parity, phase not tracked, φ ≫ γ",
            [_untracked(Probe.ghz(n), EMISSION, 1.0, 300.0) for n in SIZES],
            {"marker": "v", "c": ORANGE},
        ),
    ]
    for label, values, options in rows:
        panel.plot(SIZES, np.array(values) / unit, ls="none", label=label, **{"ms": 6, **options})
    panel.axhline(1, color=PRODUCT, ls="--", lw=1.2, label=r"$\mathcal{I}$ of product spins, N/γ")
    panel.set(
        xlabel="number of spins N",
        ylabel=r"$\int dt/(t^2 V_\phi)$ / (N/γ)",
        title="(e) emission: the right-hand side of Eq. 60",
        ylim=(0.5, 2.05),
    )
    panel.legend(loc="upper left")


def _field(panel: Axes) -> None:
    ratios = np.geomspace(0.05, 300, 40)
    for noise, rate, name, style, colour in (
        (DEPHASING, 4.0, "dephasing", "-", GHZ),
        (EMISSION, 1.0, "emission", "-.", ORANGE),
    ):
        values = [_untracked(Probe.ghz(4), noise, rate, r) * rate / 4 for r in ratios]
        panel.semilogx(
            ratios, values, style, c=colour, lw=1.6, label=f"{name}, in N/4γ" if rate == 4 else f"{name}, in N/γ"
        )
    panel.axhline(2 - 2 * np.log(2), color=GREY, ls=":", lw=1.2, label="2 − 2 ln 2")
    panel.set(
        xlabel="field over rate, φ/γ",
        ylabel=r"$\int dt/(t^2 V_\phi)$",
        title="(f) GHZ, parity at the phase θ = φt",
        ylim=(0, 0.72),
    )
    panel.legend(loc="lower right")


def _reached(probe: Probe, readout: str, phase: float | str) -> float:
    return integrated_classical_gain(probe, EMISSION, readout, phase).value


def _untracked(probe: Probe, noise: LocalNoise, slowest: float, field: float) -> float:
    """𝓘_C of parity at θ = φt."""

    def seen(times: Any) -> Any:
        return fringes(probe, noise, times, "parity").classical_gain(field * times[:, None])[:, 0]

    return integrate(seen, slowest, probe.num_qubits * (slowest + field), rtol=1e-7).value


def main(path: Path) -> None:
    """Writes the figure."""
    import matplotlib

    matplotlib.use("Agg")
    style: Any = {
        "font.size": 9,
        "legend.fontsize": 8,
        "axes.titlesize": 9.5,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "legend.frameon": False,
    }
    with matplotlib.rc_context(style):
        figure().savefig(path, dpi=130, metadata={"Software": None})


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else Path(__file__).with_suffix(".png"))
