"""Gauss rules of curves given as functions: integrals by hand, or by scipy's adaptive quadrature."""

import itertools

import numpy as np
import pytest
from scipy.integrate import quad

from qsense.errors import ArgumentError
from qsense.numerics.decay_law import decay_law
from qsense.numerics.quadrature import bracketed, gauss_rule, law_rule, rule_for_times, without_bracket


def ornstein_uhlenbeck(t, memory):
    return np.exp(-(memory**2) * (t / memory + np.expm1(-t / memory)))


def hahn(t, memory):
    x = t / memory
    return np.exp(-(memory**2) * (x - 3 - np.exp(-x) + 4 * np.exp(-x / 2)))


LAWS = {
    "exponential": lambda t: np.exp(-t),
    "Gaussian": lambda t: np.exp(-(t**2)),
    "stretched": lambda t: np.exp(-np.sqrt(t)),
    "two rates": lambda t: np.exp(-t) + np.exp(-1000 * t),
    "slow memory": lambda t: ornstein_uhlenbeck(t, 20.0),
    "echo": lambda t: hahn(t, 5.0),
    "alternating": lambda t: np.exp(-t) * np.sinc(3 * t) ** 2,
    "revival": lambda t: np.exp(-0.3 * t) * np.cos(4 * t) ** 2,
    "late start": lambda t: t**2 * np.exp(-t),
}


def integral_of(curve, until=np.inf):
    ends = [0, 1e-3, 1e-2, 0.1, *np.arange(0.5, 20.5, 0.5), *np.arange(25, 1000, 25)]
    ends = [end for end in ends if end < until] + ([until] if np.isfinite(until) else [])
    return sum(quad(curve, a, b, epsabs=1e-13, epsrel=1e-12)[0] for a, b in itertools.pairwise(ends))


@pytest.mark.parametrize("unit", [1e-12, 1.0, 1e9])
@pytest.mark.parametrize("guess", [1e-3, 1.0, 1e2])
@pytest.mark.parametrize("name", LAWS)
def test_the_table_has_the_integral_of_the_curve_for_any_unit_and_any_guess(name, guess, unit):
    law = decay_law(lambda t: LAWS[name](t / unit), guess * unit)
    assert law.integral / unit == pytest.approx(integral_of(LAWS[name]), rel=1e-5)
    assert len(law.times) < (4000 if name == "revival" else 2000)


@pytest.mark.parametrize("name", LAWS)
def test_what_remains_is_the_integral_from_there_on(name):
    law, whole = decay_law(LAWS[name], 1.0), integral_of(LAWS[name])
    for time in (0.2, 1.0, 3.3):
        assert law.remaining(np.array([time]))[0] == pytest.approx(1 - integral_of(LAWS[name], time) / whole, abs=1e-5)
    shares = np.array([0.9, 0.5, 0.1, 0.01])
    assert np.allclose(law.remaining(law.times_at(shares)), shares, atol=1e-9)


@pytest.mark.parametrize("name", LAWS)
@pytest.mark.parametrize("power", [1 / 2, 1.0, 2.0])
def test_a_rule_is_exact_for_the_law_times_polynomials_up_to_degree_2n_minus_1(name, power):
    law = decay_law(LAWS[name], 1.0)
    for num_nodes in (1, 3, 6):
        rule = law_rule(law, num_nodes, power)
        for degree in range(2 * num_nodes):
            values = LAWS[name](rule.times) * law.remaining(rule.times) ** (power * degree)
            assert rule.weights @ values == pytest.approx(law.integral / (power * degree + 1), rel=2e-5)  # ∫ S^pk dS


def test_for_exponential_decay_it_is_the_rule_of_gauss_and_jacobi():
    for power in (1 / 2, 1.0, 2.0):
        found, known = law_rule(decay_law(LAWS["exponential"], 1.0), 5, power), gauss_rule(1.0, power, 5)
        for name in ("times", "weights", "tail_weights"):
            assert np.allclose(getattr(found, name), getattr(known, name), rtol=1e-4)
        late = np.linspace(0, 6, 50)
        assert np.allclose(found.interpolation(late), known.interpolation(late), atol=1e-4)


def test_a_curve_that_is_zero_has_no_law():
    with pytest.raises(ArgumentError, match="nothing to design"):
        decay_law(np.zeros_like, 1.0)


RULES = {
    "exponential": (gauss_rule(1.0, 1.0, 5), LAWS["exponential"]),
    "Gaussian": (law_rule(decay_law(LAWS["Gaussian"], 1.0), 5), LAWS["Gaussian"]),
    "given times": (rule_for_times(np.array([0.1, 0.5, 1.0]), 1.0), LAWS["exponential"]),
}


@pytest.mark.parametrize("name", RULES)
def test_a_further_time_leaves_the_integral_and_the_earlier_curve_and_meets_its_own_value(name):
    rule, law = RULES[name]
    more = bracketed(rule, float(rule.times[-1]))
    last = float(more.times[-1])
    assert last == pytest.approx(1.3 * rule.times[-1], rel=1e-8)
    values = law(more.times)
    values[-1] += 0.01
    assert more.weights @ values == rule.weights @ law(rule.times)
    assert more.tail_weights @ values == rule.tail_weights @ law(rule.times)
    early = np.linspace(0, rule.times[-1], 30)
    assert np.allclose(more.interpolation(early) @ values, rule.interpolation(early) @ law(rule.times), atol=1e-14)
    assert (more.interpolation(np.array([last])) @ values)[0] == pytest.approx(values[-1], rel=1e-12)
    between = np.array([(rule.times[-1] + last) / 2])
    assert (more.interpolation(between) @ values)[0] == pytest.approx(law(between)[0] + 0.005, abs=1e-5)
    assert np.array_equal(without_bracket(more).interpolation(early), rule.interpolation(early))
    # Errors between the last two times are about those of the two, however far the rest is.
    assert np.linalg.norm(more.interpolation(between)) < 1.2


def test_a_rule_that_reaches_beyond_the_crossing_stays():
    rule = gauss_rule(1.0, 1.0, 5)
    assert bracketed(rule, 0.9 * float(rule.times[-1])) is rule
    more = bracketed(rule, float(rule.times[-1]))
    assert bracketed(more, 100.0) is more
    assert without_bracket(rule) is rule
