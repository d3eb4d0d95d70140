"""The law of decay that the quadrature takes as given: where counts decay otherwise, intervals still cover, and say so.

Estimates are drawn about closed forms, with the variance that shots give; the truth is an integral by hand.
"""

import re
from math import gamma

import numpy as np
import pytest

import qsense
from qsense import emulator
from qsense.comparison import decay_law
from qsense.comparison.points import measure_point
from qsense.estimators import Estimate, integrate_estimates
from qsense.estimators.integral import fit, law_of_curve
from qsense.numerics.quadrature import gauss_rule, rule_for_times
from qsense.runs.plan import plan

pytestmark = pytest.mark.usefixtures("without_figures")

N, SHOTS = 4, 1000


def assumed(times):
    return N * np.exp(-times)


def emission(times):
    x = np.exp(-times)
    return 2 * N**2 * x**N / (1 + (1 - x) ** N + x**N)


def run(rng, rule, truth, curve, exact):
    """One run's quadrature and what the check makes of it; G has the variance of a product probe's."""
    found = []
    for time in rule.times:
        share = truth(time) / N
        spread = (2 * N / SHOTS**2, 4 / SHOTS, -4 / (SHOTS * N))
        noise = np.sqrt(N * 4 * share * (1 - share) / SHOTS + 4 * N / SHOTS**2)
        found.append(Estimate.from_spread(truth(time) + noise * rng.normal(), spread, (0.0, float(N**2))))
    plain = integrate_estimates(rule, found)
    return plain, decay_law.checked(rule, found, plain, curve, exact)


def covered(truth_curve, truth, repetitions=60, rule=None, curve=assumed, exact=4.0):
    rng = np.random.default_rng(2)
    rule = rule or gauss_rule(1.0, 1.0, 5)
    before = after = said = 0.0
    widths = []
    for _ in range(repetitions):
        plain, found = run(rng, rule, truth_curve, curve, exact)
        (low, high), (wide_low, wide_high) = plain.total.interval, found.integral.total.interval
        before += low <= truth <= high
        after += wide_low <= truth <= wide_high
        said += any(not one.held for one in found.assumptions)
        widths.append(found.integral.total.stderr / plain.total.stderr)
        assert found.integral.total.value == plain.total.value
    return before / repetitions, after / repetitions, said / repetitions, np.array(widths)


def test_where_the_law_holds_the_interval_is_as_it_was():
    before, after, said, widths = covered(lambda t: N * np.exp(-t), N)
    assert after >= before > 0.88
    assert np.median(widths) == pytest.approx(1, abs=0.001)
    assert widths.mean() < 1.1
    assert said <= 0.04


@pytest.mark.parametrize("rate", [2 / 3, 1 / 2, 1 / 3])
def test_slower_decay_is_said_and_covered(rate):
    before, after, said, _ = covered(lambda t: N * np.exp(-rate * t), N / rate)
    assert before < 0.9
    assert after >= 0.92
    assert said >= 0.95


def test_stretched_decay_is_said_and_covered():
    before, after, said, _ = covered(lambda t: N * np.exp(-(t**0.7)), N * gamma(1 + 1 / 0.7))
    assert before < 0.85
    assert after >= 0.92
    assert said > 0.9


def test_faster_decay_keeps_the_value_and_covers():
    _, after, _, _ = covered(lambda t: N * np.exp(-2 * t), N / 2)
    assert after > 0.9


def test_what_given_times_leave_to_the_rule_is_in_the_interval():
    grid = np.linspace(0, 40, 400001)
    truth = float(np.trapezoid(emission(grid), grid))
    rule = rule_for_times(np.array([0.0, 0.5, 1.0]), 2.5)
    missed = float(rule.weights @ emission(rule.times)) - truth
    assert abs(missed) > 0.02 * truth  # the control: the rule alone is off
    quiet = [Estimate(float(value), 0.004 * float(value)) for value in emission(rule.times)]
    plain = integrate_estimates(rule, quiet)
    found = decay_law.checked(rule, quiet, plain, emission, truth)
    assert not plain.total.interval[0] <= truth <= plain.total.interval[1]
    assert found.integral.total.interval[0] <= truth <= found.integral.total.interval[1]
    (refused,) = (one for one in found.assumptions if not one.held)
    assert refused.name == "interpolation"
    assert f"{missed / truth:+.1%}" in refused.consequence


def test_the_law_of_a_curve_is_the_curve_at_any_scale():
    law = law_of_curve(emission, 0.3)
    times = np.array([0.01, 0.3, 1.0, 2.0])
    assert np.allclose(law.shape(times / 0.3, 1.0), emission(times) / N**2, atol=1e-6)
    grid = np.linspace(0, 200, 4000001)
    for exponent, start in ((1.0, 0.0), (0.7, 0.0), (1.5, 0.4)):
        curve = emission(0.3 * grid**exponent) / N**2
        inside = grid >= start
        assert law.tail(start, exponent) == pytest.approx(float(np.trapezoid(curve[inside], grid[inside])), rel=2e-4)
    exact = [Estimate(float(value), 0.01) for value in 0.9 * emission(0.5 * times)]
    found = fit(times, exact, law)
    assert found.parameters["rate"].value == pytest.approx(0.5 / 0.3, rel=1e-3)
    assert found.parameters["amplitude"].value == pytest.approx(0.9 * N**2, rel=1e-3)
    assert found.parameters["exponent"].value == pytest.approx(1, rel=1e-3)


@pytest.mark.parametrize("unit", [1e-6, 1e6])
def test_the_check_does_not_depend_on_the_unit_of_time(unit):
    values = [Estimate(float(N * np.exp(-t / 2)), 0.03) for t in gauss_rule(1.0, 1.0, 5).times]
    found, symbol = [], {1e-6: "µs", 1e6: "s"}[unit]
    for scale in (1.0, unit):
        rule = gauss_rule(1 / scale, 1 / scale, 5)
        plain = integrate_estimates(rule, values)
        one = decay_law.checked(rule, values, plain, lambda t, s=scale: N * np.exp(-t / s), N * scale)
        found.append((one.integral.total.stderr / scale, one.assumptions[0].p_value))
    assert found[1] == pytest.approx(found[0], rel=1e-4)
    size = {"µs": 1e-6, "s": 1.0}[symbol]
    said = re.search(r"that curve has 𝓘 = (\S+) ± \S+ (\S+), which", one.assumptions[0].consequence)
    assert said[2] == symbol  # that of the table above it
    assert float(said[1]) * size == pytest.approx(2 * N * unit, rel=0.05)


@pytest.mark.parametrize(("rates", "withheld"), [([0.1, 0.1, 0.1, 0.01], True), ([0.05] * 4, False)])
def test_a_decay_that_slows_down_leaves_no_z(rates, withheld):
    """One spin lives ten times longer: its tail comes after the last time. All spins slower: the interval holds."""
    spec = qsense.RunSpec.from_dict({
        "schema": 1, "name": "slow", "probes": "product", "num_qubits": 4, "noise": [{"dephasing_rate": 0.1}],
        "estimators": "auto", "field_rad_per_s": 0.2, "shots": 4000, "seed": 5,
    })  # fmt: skip
    (point,) = plan(spec)
    true = qsense.LocalNoise(dephasing=rates)
    counts = [emulator.sample(a.experiment, a.settings, 4000, true, a.seed) for a in point.acquisitions()]
    assert measure_point(point, counts).is_withheld is withheld


def test_shared_noise_of_the_spec_is_refused_however_few_the_shots():
    spec = qsense.RunSpec.from_dict({
        "schema": 1, "name": "few", "probes": "product", "num_qubits": 4, "estimators": "auto", "field_rad_per_s": 0.2,
        "noise": [{"dephasing_rate": 0.1, "collective_dephasing_rate": 1.0}], "shots": 20, "seed": 1,
    })  # fmt: skip
    (point,) = plan(spec)
    counts = [emulator.sample(a.experiment, a.settings, 20, point.noise, a.seed) for a in point.acquisitions()]
    assert measure_point(point, counts).z is None


@pytest.mark.parametrize(
    ("estimator", "probe", "times"),
    [
        ({"estimator": "moments"}, "one_axis:0.6", [0.2, 1.5, 4.0]),
        ({"estimator": "parameter_shift"}, "one_axis:0.6", [0.2, 1.5, 4.0]),
        ({"estimator": "ghz", "readout": "parity"}, "ghz", [1.0]),
    ],
)
def test_every_estimator_has_in_its_interval_what_given_times_leave_to_the_rule(tmp_path, estimator, probe, times):
    """Gains of a readout, bounds, and curves at one time alone: with many shots only the rule's error is left."""
    found = qsense.run(
        qsense.RunSpec.from_dict({
            "schema": 1, "name": "given", "probes": [probe], "num_qubits": 4, "estimators": [estimator],
            "noise": {"emission_rate": 0.3}, "field_rad_per_s": 0.2, "shots": 200_000, "seed": 1, "times_s": times,
        }),
        tmp_path,
    )  # fmt: skip
    (row,) = found.read_json("summary.json")["rows"]
    missed = abs(row["rule_error_s"])
    assert missed > 0.01 * row["integrated_gain_exact_s"]  # the control: the rule alone is off
    assert row["integrated_gain_stderr_s"] > missed
    assert abs(row["z"]) < 2
    assert "interpolation" in [one["name"] for one in row["assumptions"]]
