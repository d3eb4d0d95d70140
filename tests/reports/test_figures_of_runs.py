"""Figures of runs and of the theory: crossings, the bound inside the axes, what was mitigated, axes for notebooks."""

from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from matplotlib.axis import YAxis

from qsense import LocalNoise, Probe, RunRecord, plot
from qsense.comparison.points import measure_point
from qsense.comparison.rows import compare_points
from qsense.errors import ArgumentError
from qsense.files.figures import drawing, render_figure
from qsense.reports import gain_figure, gains_figure, integrated_gain_figure, theory_figure
from qsense.reports.frames import ABOVE, scale_gains
from qsense.reports.phase_report import phase_gain_figure
from qsense.runs.plan import plan

REFERENCE = Path(__file__).resolve().parents[2] / "runs" / "reference"
GAMMA = 0.1


@pytest.fixture(scope="module")
def paper():
    return RunRecord.load(next(REFERENCE.glob("paper-*")))


@pytest.fixture(scope="module")
def comparison(paper):
    points = [
        point
        for point in plan(paper.spec, paper.row_shots())
        if (point.noise.name, point.probe.num_qubits, point.estimator.name) == ("dephasing", 3, "parameter_shift")
    ]
    measured = [measure_point(point, paper.counts(point)) for point in points]
    return compare_points(measured, pairs=paper.spec.pairs)


@pytest.mark.checkout
def test_a_runs_figure_marks_the_crossing_and_shades_the_bound_inside_its_axes(comparison):
    figure = gain_figure(comparison)
    (panel,) = figure.axes
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert {"crossing, exact", "crossing, 95 %", ABOVE} <= set(names)
    assert "readout mitigated" not in " ".join(names)
    # Of dephasing: 9 exp(−6·2γt) = 3 exp(−2·2γt), where the gains of N = 3 cross.
    crossing = np.log(3) / (8 * GAMMA)
    assert any(np.allclose(line.get_xdata(), crossing, rtol=1e-6) for line in panel.lines)
    assert "dephasing 0.1 1/s" in panel.get_title()
    for shaded in panel.collections:
        for path in shaded.get_paths():
            if len(path.vertices) > 100:
                assert path.vertices[:, 1].max() <= panel.get_ylim()[1] * (1 + 1e-9)


@pytest.mark.checkout
@pytest.mark.drawn
@pytest.mark.parametrize("draw", [gain_figure, integrated_gain_figure, phase_gain_figure])
def test_panels_are_measured_once_for_all_files(comparison, monkeypatch, draw):
    """Matplotlib measures axes again at each drawing where the height of a title is left to it."""
    with drawing():
        figure = draw(comparison)
    first = render_figure(figure, "svg")
    monkeypatch.setattr(YAxis, "get_tightbbox", lambda *_, **__: pytest.fail("a panel is measured again"))
    assert render_figure(figure, "png")
    assert render_figure(figure, "svg") == first


@pytest.mark.checkout
def test_what_was_mitigated_is_drawn_beside_what_was_measured(comparison):
    rows = [
        {"probe": m.point.probe.name, "num_qubits": 3, "noise": "dephasing", "estimator": m.point.estimator.name,
         "qubits": [4, 2, 0], "mitigated": [{"gain": 1.0, "stderr": 0.1}] * len(m.estimates)}
        for m in comparison.measured
    ]  # fmt: skip
    figure = gain_figure(comparison, rows)
    names = [text.get_text() for text in figure.legends[0].get_texts()]
    assert {"GHZ, readout mitigated", "product, readout mitigated"} <= set(names)
    assert "qubits 4, 2, 0" in figure.axes[0].get_title()


@pytest.mark.parametrize(("size", "gains", "scale"), [
    (4, [16.0, 1.0, 0.1], "linear"), (4, [16.0, 1e-4], "symlog"), (16, [256.0, 100.0], "symlog"), (20, [0.0], "linear"),
])  # fmt: skip
def test_the_axis_of_gains_of_many_spins_or_decades_is_logarithmic(size, gains, scale):
    said = {}
    panel = SimpleNamespace(
        set_ylim=lambda low, high: said.update(low=low, high=high),
        set_yscale=lambda name, **_: said.update(scale=name),
    )
    top = scale_gains(panel, size, np.array(gains), -0.01, max(gains) + 1)
    assert said.get("scale", "linear") == scale
    assert said["low"] <= 0 < max(gains) + 1 < said["high"] == top


def test_what_a_readout_reaches_is_in_the_figure_of_the_theory():
    noise = LocalNoise(emission=0.1)
    figure = theory_figure(Probe.ghz(3), noise, readout=("parity", "mid"))
    assert "GHZ by parity" in [line.get_label() for line in figure.axes[0].lines]
    several = gains_figure([Probe.ghz(3), Probe.product(3)], [("x", noise)], readout=("parity", "mid"))
    assert "product by parity" in [line.get_label() for line in several.axes[0].lines]
    (line,) = [one for one in several.axes[0].lines if one.get_label() == "product by parity"]
    (exact,) = [one for one in several.axes[0].lines if one.get_label() == "product"]
    assert np.all(line.get_ydata() <= exact.get_ydata() + 1e-9)


@pytest.mark.checkout
def test_axes_for_notebooks_hold_what_was_measured(paper):
    ax = plot.gain(paper, "dephasing", 2)
    assert ax.get_title() == "dephasing, N = 2"
    assert {"ghz, tomography", "product, parameter_shift"} <= {t.get_text() for t in ax.get_legend().get_texts()}
    assert ABOVE in {t.get_text() for t in ax.get_legend().get_texts()}
    (low, high), (start, _) = ax.get_ylim(), ax.get_xlim()
    assert (low, start) == (0, 0)
    assert 4 < high < 6  # G of GHZ at the start is 4, and the shade does not stretch the axis
    bare = plot.gain(paper, "dephasing", 2, log=True, bound=False)
    assert bare.get_yscale() == "log"
    assert ABOVE not in {t.get_text() for t in bare.get_legend().get_texts()}
    assert plot.integrated_gain(paper, "emission", ax=ax) is ax
    with pytest.raises(ArgumentError, match='no noise "none"'):
        plot.gain(paper, "none")
    with pytest.raises(ArgumentError, match='no noise "none"'):
        plot.integrated_gain(paper, "none")
