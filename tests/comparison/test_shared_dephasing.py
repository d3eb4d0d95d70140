"""How GHZ decay grows with N, and a run whose counts refuse what their estimator assumes: rows, verdicts and tables."""

import io
from dataclasses import replace

import numpy as np
import pytest
import synthetic
from rich.console import Console

import qsense
from qsense.comparison import compare_points, measure_point, scaling_rows, summary_rows
from qsense.estimators import Estimate
from qsense.reports.run_figures import gain_figure, integrated_gain_figure
from qsense.reports.run_tables import summary_parts
from qsense.runs.plan import plan


def points(sizes, probes=("ghz", "product"), shots=400, **noise):
    spec = qsense.RunSpec.from_dict({
        "schema": 1, "name": "shared", "probes": list(probes), "num_qubits": list(sizes),
        "noise": {"dephasing_rate": 0.1, **noise}, "estimators": "auto", "field_rad_per_s": 0.2,
        "shots": shots, "seed": 3,
    })  # fmt: skip
    return plan(spec)


def counts_of(rng, point, collective):
    """Counts of a probe under local dephasing 0.1/s and a phase that all spins share, drawn shot by shot."""
    size, found = point.probe.num_qubits, []
    for time, shots in zip(point.rule.times, point.shots, strict=True):
        phase, own = lambda s, t=time: rng.normal(0, np.sqrt(4 * collective * t), (s, 1)), np.exp(-0.2 * time)
        rows = []
        for axis in (0.0, np.pi / 2):
            if point.probe.kind == "ghz":
                up = rng.random((shots, 1)) >= (1 + own**size * np.cos(size * phase(shots) - axis)) / 2
                rows.append(np.concatenate([up, np.zeros((shots, size - 1))], axis=1))
            else:
                rows.append(rng.random((shots, size)) >= (1 + own * np.cos(phase(shots) - axis)) / 2)
        if point.probe.kind == "product":
            rows.append(rng.random((shots, size)) >= 0.5)
        found.append(synthetic.packed(np.concatenate(rows), shots * np.arange(len(rows) + 1)))
    return found


def measured(collective, sizes=(8,), probes=("ghz", "product")):
    rng = np.random.default_rng(11)
    return [measure_point(point, counts_of(rng, point, collective)) for point in points(sizes, probes)]


def test_where_independence_is_refused_nothing_rests_on_the_sum_over_spins():
    comparison = compare_points(measured(0.1))
    rows = {row["probe"]: row for row in summary_rows(comparison)}
    (one,) = (a for a in rows["product"]["assumptions"] if a["name"] == "independent spins")
    assert set(one) == {"name", "p_value", "held", "consequence"}
    assert (one["held"], one["p_value"] < 1e-6) == (False, True)
    assert rows["product"]["z"] is None
    (verdict,) = comparison.verdicts
    assert "no verdict" in verdict
    assert "independent spins (p = " in verdict


def test_in_place_of_a_refused_sum_stands_a_bound_from_the_same_counts():
    (before,) = measured(0.1, probes=("product",))
    (after,) = compare_points([before]).measured
    times, shared = before.point.rule.times, 0.1
    # Of a phase ξ that all spins share, of variance s: <J_∥> = N b e^{−s/2}/2, and J_⊥² has N(N−1) b² (1 − e^{−2s})/8.
    b, s = np.exp(-0.2 * times), 4 * shared * times
    right = (8 * b * np.exp(-s / 2)) ** 2 / (8 + 56 * b**2 * (1 - np.exp(-2 * s)) / 2)
    pulls = [(one.value - g) / one.stderr for one, g in zip(after.estimates, right, strict=True)]
    assert np.abs(pulls).max() < 4
    assert all(one.value > g + 4 * one.stderr for one, g in zip(before.estimates[:3], right, strict=False))
    assert after.quantity == "integrated_gain_bound"
    assert after.z is None
    (row,) = summary_rows(compare_points([before]))
    assert "in its place stands a lower bound" in row["assumptions"][0]["consequence"]


def test_what_stands_in_place_has_a_z_only_where_the_spec_itself_shares_the_noise():
    (point,) = points((4,), ("product",), shots=1000, collective_dephasing_rate=0.05)
    item = measure_point(point, counts_of(np.random.default_rng(14), point, 0.05))
    (found,) = compare_points([item]).measured
    assert found.is_withheld
    assert found.quantity == "integrated_gain_bound"
    assert abs(found.z) < 4
    few = measure_point(replace(point, shots=(10,) * len(point.shots)), [one.part(0, 3) for one in item.counts])
    assert few.z is None


def test_noise_that_the_spec_shares_refuses_the_sum_without_asking_the_counts():
    (point,) = points((4,), ("product",), collective_dephasing_rate=0.001)
    found = measure_point(point, counts_of(np.random.default_rng(13), point, 0.0))
    assert [(one.name, one.is_known) for one in found.refused] == [("independent spins", True)]
    assert found.refused[0].p_value > 0.001
    assert found.z is None


def test_where_all_holds_no_assumption_is_refused():
    comparison = compare_points(measured(0.0))
    rows = summary_rows(comparison)
    assert not any(one["held"] is False for row in rows for one in row["assumptions"])
    assert all(row["z"] is not None for row in rows)
    assert "GHZ" in comparison.verdicts[0]


@pytest.mark.parametrize(("collective", "refused"), [(0.0, False), (0.1, True)])
def test_the_terminal_shows_what_is_refused_in_80_columns(collective, refused):
    comparison = compare_points(measured(collective))
    summary = {"rows": summary_rows(comparison), "crossovers": [], "verdicts": list(comparison.verdicts)}
    console = Console(width=80, record=True, file=io.StringIO())
    for part in summary_parts(summary):
        console.print(part)
    text = console.export_text()
    assert ("‡" in text) == refused
    assert ("independent spins refused" in " ".join(text.split())) == refused
    assert max(map(len, text.splitlines())) <= 80


@pytest.mark.parametrize(("collective", "refused"), [(0.0, False), (0.1, True)])
def test_the_figures_say_what_is_refused(collective, refused):
    comparison = compare_points(measured(collective))
    for figure in (gain_figure(comparison), integrated_gain_figure(comparison)):
        labels = [text.get_text() for legend in figure.legends for text in legend.get_texts()]
        assert any(label.endswith("(assumption refused)") for label in labels) == refused


@pytest.mark.parametrize(("power", "factor"), [(1, 0.4), (2, 0.4)])
def test_the_decay_of_ghz_probes_grows_with_the_power_of_their_noise(power, factor):
    rng, items = np.random.default_rng(12), measured(0.0, (2, 3, 4, 6), ("ghz",))
    own = []
    for item in items:
        size = item.point.probe.num_qubits
        curve = size**2 * np.exp(-factor * size**power * item.point.rule.times / (size if power == 2 else 1))
        error = 0.02 * size**2
        own.append(replace(item, estimates=tuple(
            Estimate(float(g + error * rng.normal()), error, limits=(0.0, size**2.0)) for g in curve
        )))  # fmt: skip
    (row,) = scaling_rows(own)
    assert row["num_qubits"] == [2, 3, 4, 6]
    assert abs(row["exponent"] - 1) < 4 * row["exponent_stderr"]
    assert row["exponent_stderr"] < 0.2
    assert scaling_rows(own[:2]) == []
