"""A run's figures: names as they are, never too large, and a figure that fails costs a line."""

import io
import logging

import numpy as np
import pytest
from matplotlib import image

import qsense
from qsense import RunSpec
from qsense.files.figures import literal, render_figure
from qsense.reports import run_figures

SPEC = {
    "schema": 1,
    "name": "tiny",
    "probes": ["ghz", "product"],
    "num_qubits": [1],
    "noise": [{"dephasing_rate": 0.1}],
    "estimators": ["auto"],
    "field_rad_per_s": 0.2,
    "shots": 200,
    "seed": 1,
    "times_s": [0.5, 2.0],
}


def test_a_figure_that_fails_costs_a_line(tmp_path, monkeypatch, caplog):
    def fail(*_):
        raise RuntimeError("Failed to process\nstring with tex")

    monkeypatch.setattr(run_figures, "gain_figure", fail)
    with caplog.at_level(logging.WARNING, "qsense"):
        record = qsense.run(RunSpec.from_dict(SPEC), tmp_path)
    (line,) = [one.getMessage() for one in caplog.records]
    assert "the figures could not be drawn (RuntimeError: Failed to process string with tex)" in line
    assert len(record.summary()["rows"]) == 2
    assert (record.path / "estimates.csv").exists()
    assert not (record.path / "gain.png").exists()


@pytest.mark.drawn("svg")
def test_a_run_of_many_noises_has_figures_of_a_size_that_can_be_drawn(tmp_path):
    noises = [{"name": f"n{k}", "dephasing_rate": 0.1 + 0.01 * k} for k in range(8)]
    record = qsense.run(RunSpec.from_dict({**SPEC, "probes": ["product"], "noise": noises}), tmp_path)
    for name in ("gain", "integrated_gain"):
        assert "6 of 8 panels; all are in estimates.csv" in (record.path / f"{name}.svg").read_text()


@pytest.mark.drawn
def test_the_same_run_has_the_same_figures_and_so_has_its_estimate_again(tmp_path):
    def drawn(record):
        return {p.name: p.read_bytes() for p in record.path.iterdir() if p.suffix in (".png", ".svg")}

    spec = RunSpec.from_dict({**SPEC, "probes": ["product"]})
    first, second = (qsense.run(spec, tmp_path / name) for name in ("1", "2"))
    expected = drawn(first)
    assert len(expected) >= 4
    assert drawn(second) == expected
    for name in expected:
        (first.path / name).unlink()
    qsense.estimate_record(first.path)
    assert drawn(first) == expected


@pytest.mark.parametrize("name", [r"a$\frac$", "a[/b]", "$", "a$b$c$", r"\$x\$", "a\x1b[31m", "a_{b}^c", "&<b>"])
def test_a_name_is_drawn_as_it_is(name):
    figure = run_figures.blank_figure(2, 1)
    figure.suptitle(literal(name))
    assert np.ptp(image.imread(io.BytesIO(render_figure(figure, "png")))) > 0
    assert render_figure(figure, "pdf").startswith(b"%PDF")


def test_a_name_that_the_font_lacks_is_one_line(caplog):
    figure = run_figures.blank_figure(2, 1)
    figure.suptitle(literal("漢字"))
    with caplog.at_level(logging.WARNING, "qsense"):
        render_figure(figure, "png")
    assert [one.getMessage() for one in caplog.records] == [
        "the font of figures lacks characters of a name; they are drawn as boxes"
    ]
