"""Parts of the report: axes, maps of devices, circuits, the sentence that comes first, the means of a study."""

import csv
import json
import re
from types import SimpleNamespace

import html_pages
import numpy as np
import pytest

from qsense.circuits.preparing import prepare
from qsense.circuits.sensing import Experiment
from qsense.comparison.headline import headline
from qsense.comparison.recorded import crossovers_of
from qsense.errors import ContentError
from qsense.probes import Probe
from qsense.reports.page import page
from qsense.reports.page.axes import Axis, number
from qsense.reports.page.blocks import Part, Section
from qsense.reports.page.circuit_drawing import drawing_of
from qsense.reports.page.device_map import device_map
from qsense.reports.page.results import against
from qsense.signals import Pulses, Signal
from qsense.study.page import study_part


@pytest.mark.parametrize("is_log", [False, True])
@pytest.mark.parametrize(("low", "high"), [(0.03, 0.9), (2e-7, 3e-6), (1, 1e6), (0.5, 0.7), (1e-12, 1e4)])
def test_ticks_are_where_their_texts_say(low, high, is_log):
    axis = Axis(low, high, 20.0, 320.0, is_log)
    ticks = axis.ticks()
    assert 2 <= len(ticks) <= 10
    for place, text in ticks:
        mantissa, _, power = (
            text.replace("−", "-").partition("10") if "⁻" in text or text[-1] in "⁰¹²³⁴⁵⁶⁷⁸⁹" else (text, "", "")
        )
        exponent = int(power.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789")) or 0)
        value = float(mantissa.rstrip("·") or 1) * 10.0**exponent
        scale = np.log if is_log else float
        share = (scale(value) - scale(low)) / (scale(high) - scale(low))
        assert place == pytest.approx(20 + 300 * share, abs=0.3)


def test_numbers_of_ticks():
    assert [number(v) for v in (0.0, -2.0, 1e-4, 2.5e-5, 1e5, 12345.0)] == [
        "0",
        "−2",
        "10⁻⁴",
        "2.5·10⁻⁵",
        "10⁵",
        "12345",
    ]


def test_a_map_keeps_neighbours_together_and_the_same_each_time():
    side = 5
    pairs = [(k, k + 1) for k in range(side * side) if k % side < side - 1] + [
        (k, k + side) for k in range(side * (side - 1))
    ]
    drawn = device_map("grid", pairs, {6: "a", 7: "b", 24: "c"})
    assert drawn == device_map("grid", pairs, {6: "a", 7: "b", 24: "c"})
    spots = np.array([[float(site.x), float(site.y)] for site in drawn.sites])
    apart = np.linalg.norm(spots[:, None] - spots[None], axis=-1)
    np.fill_diagonal(apart, np.inf)
    for qubit, other in enumerate(apart.argmin(1)):
        assert tuple(sorted((qubit, int(other)))) in pairs
    near = np.array([apart[a, b] for a, b in pairs])
    assert near.max() < 1.6 * near.min()
    assert [used for _, used in drawn.couplings].count(True) == 1  # 6–7
    assert [site.qubit for site in drawn.sites if site.text] == [6, 7, 24]


@pytest.mark.parametrize("pairs", [[], [(0, 1)], [(0, 1), (2, 3)], [(a, b) for a in range(30) for b in range(a)]])
def test_a_map_of_any_device_is_finite_and_inside(pairs):
    drawn = device_map("odd", pairs, {0: "x", 40: "y"})
    for site in drawn.sites:
        assert 0 <= float(site.x) <= drawn.width
        assert 0 <= float(site.y) <= drawn.height + 1e-9
    assert device_map("nothing", [], {}) is None


@pytest.mark.parametrize("probe", [Probe.ghz(2), Probe.ghz(5), Probe.ghz(4, signs="+-+-"), Probe.product(3)], ids=str)
def test_a_drawn_preparation_has_the_gates_of_the_circuit(probe):
    counts = prepare(probe).count_ops()
    drawn = drawing_of(Experiment(probe, 1e-6))
    texts = [box.text for box in drawn.boxes]
    assert len(drawn.links) == counts.get("cx", 0)
    assert texts.count("H") == counts.get("h", 0)
    assert texts.count("X") == counts.get("cx", 0) + counts.get("x", 0)
    assert texts.count("read") == texts.count("θ") == probe.num_qubits
    flagged = drawing_of(Experiment(probe, 1e-6, "loss_flag")) if probe.kind == "ghz" else None
    assert flagged is None or len(flagged.links) == 2 * counts["cx"]


def test_what_is_too_large_or_pulsed_is_drawn_as_far_as_it_can_be_read():
    assert drawing_of(Experiment(Probe.ghz(7), 1.0)) is None
    hahn = Experiment(Probe.product(1), 1.0, signal=Signal(frequency="matched"), pulses=Pulses.named("hahn"))
    assert [box.text for box in drawing_of(hahn).boxes][1:4] == ["θ", "X", "−θ"]
    assert drawing_of(Experiment(Probe.named("w", 3), 1.0)).boxes[0].text == "state"


def row(noise, size, ratio, chance, **more):
    low, high = ratio / 1.05, ratio * 1.05
    return {
        "noise": noise, "num_qubits": size, "probe": "ghz", "other": "product", "estimator": "auto",
        "crossover_s": 1.0, "crossover_stderr_s": 0.1, "crossover_exact_s": 1.0, "leads_first": "ghz",
        "until": "interval", "crossover_low_s": 0.9, "crossover_high_s": 1.1, "measured_until_s": 3.0,
        "lead_p_value": 1e-9, "trail_p_value": 1e-9, "ratio": ratio, "ratio_stderr": 0.02, "ratio_low": low,
        "ratio_high": high, "ratio_exact": ratio, "ratio_p_value": chance, "withheld": None, **more,
    }  # fmt: skip


def summary(*rows, quantity="integrated_gain"):
    points = [
        {"probe": probe, "num_qubits": r["num_qubits"], "noise": r["noise"], "estimator": "auto", "quantity": quantity}
        for r in rows
        for probe in ("ghz", "product")
    ]
    return {"rows": points, "crossovers": list(rows), "verdicts": []}


def test_the_first_sentence_claims_what_survives_all_tests_of_a_run():
    rows = [row("ions", 2, 1.2, 1e-6), row("ions", 4, 1.5, 1e-6), row("nv", 2, 0.9, 1e-6), row("nv", 4, 1.05, 0.2)]
    assert headline(summary(*rows)) == (
        "Over the whole window GHZ gains 20 … 50 % over product under ions (N = 2, 4); it loses 10 % under nv (N = 2); "
        "no difference is seen under nv (N = 4)."
    )
    assert headline(summary(row("nv", 2, 1.2, 0.5, withheld="the counts refuse it"))) == (
        "Over the whole window there is no verdict between GHZ and product under nv (N = 2)."
    )


def test_a_ratio_to_noise_is_a_bound_on_the_page():
    open_ended = {"ratio_low": 1.5, "ratio_high": None, "ratio_exact": 1.0}
    noise = [row("ions", size, ratio, 1e-6, **open_ended) for size, ratio in ((2, 3e15), (4, -8e14))]
    whole = summary(*noise)
    assert headline(whole) == "Over the whole window GHZ gains 50 % or more over product under ions (N = 2, 4)."
    blocks = against(whole["crossovers"], crossovers_of(whole))
    texts = page([Part("t", "a", "h", (Section("s", blocks),))]).decode()
    assert texts.count("1.500 or more") == 2
    assert texts.count("+50.0 % or more (95 %)") >= 2
    assert not re.search(r"[^#\w.]\d{12}", texts)


def test_what_was_compared_is_read_back_as_it_was_written():
    (one,) = crossovers_of(summary(row("ions", 2, 1.2, 1e-6, ratio_high=None, same_qubits=False)))
    assert (one.until.kind, one.ratio_interval[1], one.is_quantum, one.same_qubits) == ("interval", None, True, False)
    (bound,) = crossovers_of(summary(row("ions", 2, 1.2, 1e-6), quantity="integrated_gain_bound"))
    assert (bound.bounds, bound.is_quantum) == ({"ghz", "product"}, False)


@pytest.fixture
def study(tmp_path):
    """A study's folder as `qsense sweep` leaves it, of trials that were never run."""
    rng = np.random.default_rng(1)
    names = ("probe", "num_qubits", "noise", "dephasing_rate_per_s", "estimator", "backend", "shots", "seed")
    lines = []
    for probe in ("ghz", "product"):
        for size in (2, 4, 8):
            for seed in range(4):
                value, error = float(rng.normal(size, 0.1)), 0.1
                lines.append(
                    [probe, size, "custom", 0.5, "auto", "emulator", 100, seed, value, error, float(size), "", 0.3]
                )
    heads = (*names, "integrated_gain_s", "integrated_gain_stderr_s", "integrated_gain_exact_s", "assumptions", "z")
    with (tmp_path / "trials.csv").open("w", newline="") as file:
        csv.writer(file).writerows([heads, *lines])
    content = {
        "schema": 3, "name": "mine", "study_id": "0123", "trials": len(lines), "not_run": 0, "swept": [],
        "z": {"number": 24, "mean": 0.1, "deviation": 1.0, "within_95": 0.95}, "exponents": [], "crossovers": [],
        "provenance": [{"python": "3"}],
    }  # fmt: skip
    (tmp_path / "summary.json").write_text(json.dumps(content))
    return SimpleNamespace(folder=tmp_path, lines=lines, content=content)


def test_a_studys_page_has_the_means_over_its_seeds(study):
    read = html_pages.Page(page([study_part(study.folder)])).check()
    cells = [e[3] for e in read.of("tr")]
    for probe in ("ghz", "product"):
        own = [line[8] for line in study.lines if line[:2] == [probe, 4]]
        reach = 1.959964 * 0.1 / 2
        expected = (f"{np.mean(own):.4g} s", f"{np.mean(own) - reach:.4g} … {np.mean(own) + reach:.4g}", "4")
        assert any(all(text in row for text in (probe, *expected)) for row in cells)
    assert any("24 trials in 6 cells" in text for text in read.text("li"))


def test_a_damaged_study_is_said_in_one_line(study):
    (study.folder / "summary.json").write_text(json.dumps({**study.content, "z": 3}))
    with pytest.raises(ContentError, match=r"damaged \(TypeError\)"):
        study_part(study.folder)
    (study.folder / "trials.csv").unlink()
    with pytest.raises(ContentError, match="is no study's folder"):
        study_part(study.folder)
