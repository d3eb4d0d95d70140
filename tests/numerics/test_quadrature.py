"""Rules that turn values at a few times into an integral."""

import numpy as np
import pytest
from cases import further

from qsense import LocalNoise, Probe, gain, integrated_gain
from qsense.errors import ArgumentError
from qsense.numerics.quadrature import gauss_rule, rule_for_times
from qsense.theory.times import RELATIVE_ERROR, designed_rule, earlier_rule


@pytest.mark.parametrize("num_nodes", [1, 3, 8])
@pytest.mark.parametrize(("fall", "unit"), [(1.0, 1.0), (3.0, 0.5), (0.4, 0.4)])
def test_a_gauss_rule_is_exact_up_to_degree_2n_minus_1(num_nodes, fall, unit):
    rule = gauss_rule(fall, unit, num_nodes)
    for power in range(2 * num_nodes):
        rate = fall + power * unit
        assert rule.weights @ np.exp(-rate * rule.times) == pytest.approx(1 / rate, rel=1e-11)


def test_a_gauss_rule_is_not_exact_beyond_its_degree():
    rule = gauss_rule(1.0, 1.0, 2)
    assert abs(rule.weights @ np.exp(-5 * rule.times) * 5 - 1) > 1e-3


@pytest.mark.parametrize("num_nodes", [2, 5])
def test_the_tail_weights_integrate_beyond_the_last_time(num_nodes):
    rule = gauss_rule(2.0, 0.7, num_nodes)
    for power in range(num_nodes):  # the interpolating polynomial has degree n − 1
        rate = 2.0 + 0.7 * power
        exact = np.exp(-rate * rule.times[-1]) / rate
        assert rule.tail_weights @ np.exp(-rate * rule.times) == pytest.approx(exact, rel=1e-10)


@pytest.mark.parametrize("rule", [gauss_rule(1.0, 0.5, 4), rule_for_times(np.array([0.2, 1.0, 2.5, 4.0]), 1.0)])
def test_weights_and_interpolation_are_the_same_curve(rule):
    values = np.array([1.0, 0.7, 0.2, 0.05])
    window = integrate_window(lambda t: rule.interpolation(t) @ values, 0.0, float(rule.times[-1]))
    assert (rule.weights - rule.tail_weights) @ values == pytest.approx(window, rel=1e-6)


def integrate_window(function, start, end):
    times = np.linspace(start, end, 200001)
    return float(np.trapezoid(function(times), times))


@pytest.mark.parametrize("times", [[0.5], [0.0, 1.0], [0.1, 0.3, 2.0], [0.0, 50.0]])
def test_given_times_integrate_their_own_exponential_exactly(times):
    rule = rule_for_times(np.array(times), 0.8)
    assert rule.weights @ np.exp(-0.8 * rule.times) == pytest.approx(1 / 0.8, rel=1e-10)


def test_given_times_converge_in_second_order_within_their_window():
    errors = []
    for count in (10, 20, 40):
        rule = rule_for_times(-np.log(np.linspace(1, 0.02, count)), 1.0)
        window = (1 - np.exp(-2.3 * rule.times[-1])) / 2.3
        errors.append(abs((rule.weights - rule.tail_weights) @ np.exp(-2.3 * rule.times) - window))
    # Halving the step divides the error by 4; 3.5 allows for the next order.
    assert errors[0] / errors[1] > 3.5
    assert errors[1] / errors[2] > 3.5


@pytest.mark.parametrize("seed", range(25))
def test_designed_times_integrate_the_exact_gain_to_a_thousandth(seed):
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 7))
    noise = LocalNoise(*(10 ** rng.uniform(-2, 0.5, (3, size)) * rng.choice([0, 1], (3, 1))), name="random")
    if not noise.coherence_rates(size).all():
        noise = LocalNoise(dephasing=0.1)
    for probe in (Probe.ghz(size), Probe.product(size)):
        rule = designed_rule(probe, noise)
        assert len(rule.times) <= 8
        ratio = rule.weights @ gain(probe, noise, rule.times) / integrated_gain(probe, noise).value
        assert abs(ratio - 1) <= RELATIVE_ERROR


# Numbers of spins at each rate, so that spins of all rates have a part in the integral, or only the slowest.
FAR_APART = {
    "a thousand": {0.003: 1, 0.03: 1, 0.3: 1, 3.0: 1},
    "a million": {1e-3: 1, 1e-2: 1, 1e-1: 1, 1.0: 1, 10.0: 1, 1e2: 1, 1e3: 1},
    "a million, two spins": {1e-3: 1, 1e3: 1},
    "many that are fast": {1e-3: 1, 1e-2: 10, 1e-1: 100, 1.0: 1000},
}


@pytest.mark.parametrize(
    ("name", "unit"),
    [
        (name, unit) if name != "many that are fast" or unit == 1.0 else further((name, unit))
        for name in FAR_APART
        for unit in (1e-10, 1.0, 1e10)
    ],
)
def test_designed_times_serve_spins_of_rates_that_lie_decades_apart(name, unit):
    rates = [rate / unit for rate, count in FAR_APART[name].items() for _ in range(count)]
    rule = designed_rule(Probe.product(len(rates)), LocalNoise(dephasing=rates))
    gains = np.exp(-4 * np.outer(rule.times, rates)).sum(1)
    exact = sum(count / (4 * rate) for rate, count in FAR_APART[name].items()) * unit
    assert rule.weights @ gains == pytest.approx(exact, rel=RELATIVE_ERROR)
    # The curve drawn through the times is G itself, most of all where the integral comes from.
    times = np.geomspace(1e-3, 30, 2000) / (4 * min(rates))
    shown, curve = rule.interpolation(times) @ gains, np.exp(-4 * np.outer(times, rates)).sum(1)
    assert np.trapezoid(np.abs(shown - curve), times) < 0.05 * exact
    assert (rule.weights > 0).all()


def test_a_rule_that_misses_the_integral_says_by_how_much(monkeypatch, caplog):
    """No decay is known that has none within 0.1 %: here the integral that it is held against is another."""
    exact = integrated_gain(Probe.ghz(2), LocalNoise(dephasing=0.1))
    with monkeypatch.context() as wrong:
        wrong.setattr("qsense.theory.times.integrated_gain", lambda *_: exact._replace(value=1.02 * exact.value))
        designed_rule(Probe.ghz(2), LocalNoise(dephasing=0.1))
    assert "integrate the exact gain" in caplog.text
    assert "only to within" in caplog.text


def test_where_sums_of_exponentials_have_no_rule_the_gain_itself_is_the_weight(monkeypatch, caplog):
    monkeypatch.setattr("qsense.theory.times.UNEQUAL_NODES", ())
    rates = [rate for rate, count in FAR_APART["many that are fast"].items() for _ in range(count)]
    rule = designed_rule(Probe.product(len(rates)), LocalNoise(dephasing=rates))
    exact = sum(count / (4 * rate) for rate, count in FAR_APART["many that are fast"].items())
    assert rule.weights @ np.exp(-4 * np.outer(rule.times, rates)).sum(1) == pytest.approx(exact, rel=RELATIVE_ERROR)
    assert not caplog.text
    before = earlier_rule(Probe.product(len(rates)), LocalNoise(dephasing=rates))
    assert before is not None
    assert before.law is None  # records have the times of the nearest sum of exponentials


def test_a_gain_from_dense_matrices_is_asked_for_a_few_thousand_times_only(monkeypatch):
    asked = []

    def counted(probe, noise, times):
        asked.append(len(times))
        return gain(probe, noise, times)

    monkeypatch.setattr("qsense.theory.times.gain", counted)
    rule = designed_rule(Probe.named("one_axis:0.3", 4), LocalNoise(dephasing=[0.01, 0.1, 1, 10]))
    assert len(rule.times) == 12
    assert sum(asked) < 6000


def test_designed_times_exist_for_a_state_without_gain():
    assert len(designed_rule(Probe.from_qasm("w4"), LocalNoise(dephasing=0.1)).times) == 5


def test_a_gain_that_never_decays_has_no_designed_times():
    for noise in (LocalNoise(), LocalNoise(dephasing=[0.0, 0.1])):
        with pytest.raises(ArgumentError, match="diverges"):
            designed_rule(Probe.product(2), noise)
