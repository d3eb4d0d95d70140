"""How many spins are entangled, from the lower limit of G: the limits against brute force, and claims of whole runs."""

import csv
import functools
import io
from itertools import combinations_with_replacement
from statistics import NormalDist

import numpy as np
import pytest

import qsense
from qsense.comparison.entanglement import lower_limits
from qsense.errors import ArgumentError
from qsense.estimators.result import Estimate
from qsense.reports.run_tables import summary_parts
from qsense.theory.depth import entanglement_depth, most_gain

pytestmark = pytest.mark.usefixtures("without_figures")


def test_the_largest_gain_is_that_of_the_best_division_into_ghz_states():
    """A GHZ state of k spins has G = k², and gains of groups add up: the best sum of squares of parts of at most k."""

    @functools.cache
    def best(rest, most):
        return max((k**2 + best(rest - k, most) for k in range(1, min(rest, most) + 1)), default=0)

    for size in range(1, 13):
        for most in range(1, size + 1):
            assert most_gain(size, most) == best(size, most)


@pytest.mark.parametrize("size", [1, 2, 5, 12, 100])
def test_depth_is_the_least_that_a_gain_allows(size):
    for gain in np.linspace(0, size**2, 37):
        depth = entanglement_depth(float(gain), size)
        assert gain <= most_gain(size, depth)
        assert depth == 1 or gain > most_gain(size, depth - 1)


def test_impossible_gains_are_refused():
    for gain, size in ((4.1, 2), (float("nan"), 2)):
        with pytest.raises(ArgumentError, match="at most N²"):
            entanglement_depth(gain, size)
    with pytest.raises(ArgumentError, match="from 1 to 2"):
        most_gain(2, 3)


def test_limits_of_several_times_hold_together():
    """Ten normal numbers: all limits are right in 95 % of 4000 cases (± 0.35 %); each for itself in 60 % of them."""
    rng = np.random.default_rng(1)
    values = rng.normal(5.0, 1.0, (4000, 10))
    right = np.mean([max(lower_limits([Estimate(v, 1.0) for v in row], 0.05)) <= 5.0 for row in values])
    alone = np.mean(values.max(1) - NormalDist().inv_cdf(0.95) <= 5.0)
    assert 0.935 < right < 0.965
    assert alone < 0.65


def run(probes, estimators="auto", noise=None, shots=2000, seed=5, **keys):
    spec = {
        "schema": 1, "name": "depth", "probes": probes, "num_qubits": 8, "noise": noise or {"dephasing_rate": 0.1},
        "estimators": estimators, "field_rad_per_s": 0.05, "shots": shots, "seed": seed, **keys,
    }  # fmt: skip
    return qsense.run(qsense.RunSpec.from_dict(spec))


def test_a_run_says_how_many_spins_are_entangled(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    record = run(["ghz", "product", "one_axis:0.2", "twin_fock"])
    summary = record.read_json("summary.json")
    rows = {row["probe"]: row for row in summary["rows"]}
    assert {name: row["depth"] for name, row in rows.items() if name != "twin_fock"} == {
        "ghz": 8, "product": 1, "one_axis:0.2": 3,
    }  # fmt: skip
    assert rows["twin_fock"]["depth"] in (2, 3)
    lines = csv.DictReader(io.StringIO((record.path / "estimates.csv").read_text()))
    exact = [(line["probe"], entanglement_depth(float(line["gain_exact"]), 8)) for line in lines]
    assert all(rows[name]["depth"] <= max(d for other, d in exact if other == name) for name in rows)
    assert rows["one_axis:0.2"]["quantity"] == "integrated_gain_bound"
    assert rows["one_axis:0.2"]["xi_squared_low"] < rows["one_axis:0.2"]["xi_squared"] < 0.6
    assert abs(rows["one_axis:0.2"]["z"]) < 3.5
    assert "xi_squared" not in rows["ghz"]
    lines = [part for part in summary_parts(summary) if isinstance(part, str)]
    assert any("one_axis:0.2, auto: at least 3 of 8 spins are entangled" in line for line in lines)
    assert not any("product, auto: at least" in line for line in lines)
    assert any(line.startswith("° a lower bound") for line in lines)
    table = (record.path / "squeezing.csv").read_text()
    assert table.startswith("probe,num_qubits,noise,estimator,time_s,xi_squared,")


@pytest.mark.parametrize(
    ("keys", "depth"),
    [
        ({"signal": {"weights": [1, -1] * 4}}, 1),
        ({"signal": {"weights": [1, 2] * 4}}, None),
        ({"estimators": "parameter_shift", "shots": 1000, "num_qubits": 2}, None),
    ],
)
def test_depth_is_told_where_the_limits_hold_alone(tmp_path, monkeypatch, keys, depth):
    monkeypatch.chdir(tmp_path)
    record = run("product", **{"estimators": "moments", "shots": 100, **keys})
    assert record.read_json("summary.json")["rows"][0]["depth"] == depth


def test_noise_that_does_not_commute_is_refused_before_anything_is_measured(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(qsense.errors.QsenseError, match="not commute with the field"):
        run("product", "moments", {"transverse_rate": 0.1}, num_qubits=2)


def test_divisions():
    assert {most_gain(3, k) for k, _ in combinations_with_replacement((1, 2, 3), 2)} == {3, 5, 9}
