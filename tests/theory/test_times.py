"""Designed times for decay of any law, against curves and integrals written out by hand."""

import numpy as np
import pytest
from cases import spread
from scipy.integrate import quad
from scipy.special import gamma

from qsense import LocalNoise, Probe
from qsense.theory.times import RELATIVE_ERROR, designed_rule, law_behind

STRETCHED = (0.3, 0.5, 0.7, 0.9, 1.1, 1.5, 2.0, 2.5, 3.0)


def stretched(kind, size, beta, rate):
    """G = N² e^{−2N(2γt)^β} of GHZ, N e^{−2(2γt)^β} of product, and 𝓘 = G(0) Γ(1 + 1/β)/(2γ c^{1/β})."""
    top, speed = (size**2, 2 * size) if kind == "ghz" else (size, 2)
    exact = top * gamma(1 + 1 / beta) / (2 * rate * speed ** (1 / beta))
    return (lambda t: top * np.exp(-speed * (2 * rate * t) ** beta)), exact


@pytest.mark.parametrize(("kind", "beta"), spread(2, ["ghz", "product"], STRETCHED))
def test_stretched_decay_is_integrated_to_a_thousandth(kind, beta, caplog):
    for size in (1, 2, 4, 16, 100, 1000):
        gain, exact = stretched(kind, size, beta, 0.1)
        rule = designed_rule(Probe.named(kind, size), LocalNoise(dephasing=0.1, exponent=beta))
        assert rule.weights @ gain(rule.times) == pytest.approx(exact, rel=0.1 * RELATIVE_ERROR)
        assert 5 <= len(rule.times) <= 8
        assert (rule.weights > 0).all()
    assert not caplog.text


@pytest.mark.parametrize("beta", [0.5, 0.7, 1.5, 2.0, 3.0])
@pytest.mark.parametrize(("true", "most"), [(1 / 2, 0.13), (2 / 3, 0.031), (2.0, 0.011), (3.0, 0.011)])
def test_decay_that_is_slower_or_faster_than_assumed_is_integrated_about_as_well_as_exponential_decay(beta, true, most):
    gain, exact = stretched("product", 4, beta, 0.1)
    rule = designed_rule(Probe.product(4), LocalNoise(dephasing=0.1, exponent=beta))
    assert rule.weights @ gain(true * rule.times) == pytest.approx(exact / true, rel=most)


@pytest.mark.parametrize("beta", STRETCHED)
def test_the_weights_amplify_errors_little(beta):
    """Of equal errors σ of G, that of 𝓘 is √Σω² σ: a few 𝓘/G(0), but for long tails."""
    rule = designed_rule(Probe.product(1), LocalNoise(dephasing=0.1, exponent=beta))
    _, exact = stretched("product", 1, beta, 0.1)
    most = {0.3: 80, 0.5: 12, 0.7: 7}.get(beta, 4)
    assert np.linalg.norm(rule.weights) < most * exact


@pytest.mark.parametrize("beta", [0.5, 2.0, 3.0])
@pytest.mark.parametrize("size", [2, 16])
def test_decay_by_two_laws_at_once(beta, size):
    """Emission beside stretched dephasing: product by hand, G = N e^{−γt − 2(2γ't)^β}."""
    noise = LocalNoise(dephasing=0.1, emission=0.3, exponent=beta)
    rule = designed_rule(Probe.product(size), noise)

    def gain(t):
        return size * np.exp(-0.3 * t - 2 * (0.2 * t) ** beta)

    exact = quad(gain, 0, 1, epsrel=1e-11)[0] + quad(gain, 1, 200, epsrel=1e-11, limit=500)[0]
    assert rule.weights @ gain(rule.times) == pytest.approx(exact, rel=0.1 * RELATIVE_ERROR)


@pytest.mark.parametrize("beta", [0.5, 2.0])
def test_the_curve_through_the_exact_gain_is_the_gain_and_the_tail_is_its_tail(beta):
    gain, _ = stretched("ghz", 4, beta, 0.1)
    rule = designed_rule(Probe.ghz(4), LocalNoise(dephasing=0.1, exponent=beta))
    times = np.linspace(0, 2 * rule.times[-1], 60)
    assert np.allclose(rule.interpolation(times) @ gain(rule.times), gain(times), atol=2e-5 * 16)
    assert np.allclose(rule.interpolation(rule.times), np.eye(len(rule.times)), atol=1e-9)
    late = quad(gain, rule.times[-1], np.inf, epsrel=1e-10)[0]
    assert rule.tail_weights @ gain(rule.times) == pytest.approx(late, rel=1e-3)


def test_weights_are_the_integral_of_the_curve_for_any_data():
    rule = designed_rule(Probe.ghz(4), LocalNoise(dephasing=0.1, exponent=2))
    values = np.random.default_rng(5).uniform(0, 16, len(rule.times))
    inside = np.linspace(0, rule.times[-1], 40001)
    window = np.trapezoid(rule.interpolation(inside) @ values, inside)
    assert (rule.weights - rule.tail_weights) @ values == pytest.approx(window, rel=1e-4)


@pytest.mark.parametrize(("unit", "beta"), spread(2, [1e-12, 1e-9, 1e-6, 1e6], [0.3, 0.5, 2.0, 3.0]))
def test_times_do_not_depend_on_the_unit_of_time(unit, beta):
    one, other = (
        designed_rule(Probe.ghz(4), LocalNoise(dephasing=0.1 / u, emission=0.05 / u, exponent=beta))
        for u in (1.0, unit)
    )
    assert np.allclose(other.times / unit, one.times, rtol=2e-5)
    assert np.allclose(other.weights / unit, one.weights, rtol=1e-3)


@pytest.mark.parametrize("beta", [0.5, 2.0])
def test_spins_whose_stretched_rates_lie_decades_apart(beta):
    rates = np.array([0.003, 0.03, 0.3, 3.0])
    rule = designed_rule(Probe.product(4), LocalNoise(dephasing=rates.tolist(), exponent=beta))
    gains = np.exp(-2 * (2 * np.outer(rule.times, rates)) ** beta).sum(1)
    exact = (gamma(1 + 1 / beta) / (2 * rates * 2 ** (1 / beta))).sum()
    assert rule.weights @ gains == pytest.approx(exact, rel=RELATIVE_ERROR)


def test_the_law_behind_stored_times_is_found_again():
    noise = LocalNoise(dephasing=0.1, exponent=2)
    rule = designed_rule(Probe.ghz(4), noise)
    law = law_behind("ghz", 4, noise, rule.times)
    assert np.array_equal(law.at(rule.times), rule.law.at(rule.times))
    assert law_behind("ghz", 4, noise, rule.times * 1.1) is None
    assert law_behind("ghz", 4, LocalNoise(dephasing=0.1), rule.times) is None
    assert law_behind("w4", 4, noise, rule.times) is None
    assert law_behind("ghz", 4, None, rule.times) is None
