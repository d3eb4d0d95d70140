"""Integrals of functions that decay: their values, and that no error is larger than the one reported.

The variable: with w = 1 − e^{−λ(t−a)}, dt = dw/(λ(1−w)) and e^{−kλ(t−a)} = (1−w)^k, so that a sum of exponentials with
rates kλ is a polynomial in w, which Gauss and Kronrod integrate exactly up to degree 13 and 22.
"""

import math
from itertools import pairwise

import numpy as np
import pytest

from qsense import LocalNoise, Probe, gain, integrated_gain
from qsense.errors import ArgumentError
from qsense.noise import Environment
from qsense.numerics.integration import POINTS, WEIGHTS, as_times, first_root, integrate
from qsense.theory.bounds import gain_bound, gain_tail
from qsense.theory.closed import integrated_ghz_gain, integrated_product_gain

ROUNDING = 4e-16  # of the referee's own value


def is_right(result, exact, within=1e-10):
    """Right to a relative accuracy, and no further off than reported."""
    assert abs(result.value - exact) <= result.error + ROUNDING * abs(exact)
    assert result.error <= within * abs(exact)


def counted(function):
    def calls(times):
        calls.points += len(times)
        calls.last = max(calls.last, float(np.max(times)))
        return function(times)

    calls.points, calls.last = 0, 0.0
    return calls


def test_kronrods_rule_is_exact_for_polynomials_up_to_degree_22():
    for degree in range(23):
        assert WEIGHTS @ POINTS**degree == pytest.approx(1 / (degree + 1), rel=1e-14)
    assert abs(WEIGHTS @ (POINTS - 0.5) ** 24 * 25 * 2**24 - 1) > 1e-9


@pytest.mark.parametrize("ratio", [1.0, 10.0, 1e2, 1e4, 1e6])
def test_two_exponentials_are_integrated_whatever_the_ratio_of_their_rates(ratio):
    for weight in (1.0, ratio, 1 / ratio):
        function = counted(lambda t, w=weight: np.exp(-t) + w * np.exp(-ratio * t))
        is_right(integrate(function, 1.0, ratio), 1 + weight / ratio)
        assert function.points < 2000


@pytest.mark.parametrize("seed", range(10))
def test_sums_of_exponentials_over_four_decades_are_integrated(seed):
    rng = np.random.default_rng(seed)
    rates, weights = 10 ** rng.uniform(-2, 2, 6), rng.uniform(0, 1, 6) ** 4
    result = integrate(lambda t: np.exp(-np.outer(t, rates)) @ weights, rates.min(), rates.max())
    is_right(result, float(weights @ (1 / rates)))


@pytest.mark.parametrize("seed", range(5))
def test_finite_windows_of_exponentials_are_integrated(seed):
    rng = np.random.default_rng(seed)
    rates, weights, until = 10 ** rng.uniform(-2, 2, 6), rng.uniform(0, 1, 6), 10 ** rng.uniform(-3, 4)
    result = integrate(lambda t: np.exp(-np.outer(t, rates)) @ weights, rates.min(), rates.max(), until)
    is_right(result, float(weights @ (-np.expm1(-rates * until) / rates)))
    assert result.tail <= result.error


@pytest.mark.parametrize("size", [2, 10, 1000, 10000])
def test_the_form_of_ghz_under_emission_is_integrated(size):
    # c_N = 2N ∫₀¹ u^{N−1}/(1 + (1−u)^N + u^N) du by Gauss–Legendre in v = u^N, where the integrand is flat.
    def integrand(t):
        kept = np.exp(-size * t)
        return 2 * kept / (1 + (-np.expm1(-t)) ** size + kept)

    nodes, weights = np.polynomial.legendre.leggauss(60)
    edges = np.concatenate([[0.0], np.geomspace(1e-18, 1, 120)])
    v = edges[:-1, None] + np.diff(edges)[:, None] * (nodes + 1) / 2
    lost = -np.expm1(np.log(v) / size)
    expected = float(np.sum(2 / size / (1 + lost**size + v) * weights * np.diff(edges)[:, None] / 2))
    is_right(integrate(integrand, 1.0, float(size)), expected)
    img = integrated_gain(Probe.ghz(size), LocalNoise(emission=0.3))
    assert img.value == pytest.approx(size**2 * expected / 0.3, rel=1e-10)


@pytest.mark.parametrize("exponent", [0.3, 0.5, 0.7, 1.0, 1.5, 2.0, 3.0])
@pytest.mark.parametrize("strength", [2.0, 60.0])
def test_stretched_decay_is_integrated(exponent, strength):
    exact = math.gamma(1 + 1 / exponent) * strength ** (-1 / exponent)
    is_right(integrate(lambda t: np.exp(-strength * t**exponent), 2.0, strength), exact)


def test_a_tail_in_powers_of_time_is_integrated_without_a_bound_on_it():
    # ((1 − e^{−t})/t)² falls as 1/t², 2 ln 2 in all; 1/(1+t)³ and a part of it.
    def ratio(t):
        return (-np.expm1(-t) / np.where(t > 0, t, 1)) ** 2 + (t == 0)

    is_right(integrate(ratio, 1.0, 1.0), 2 * np.log(2))
    is_right(integrate(lambda t: (1 + t) ** -3.0, 1.0, 1.0), 0.5)
    is_right(integrate(lambda t: (1 + t) ** -2.0, 1.0, 1.0, until=1e6), 1e6 / (1 + 1e6))


@pytest.mark.parametrize("latest", [30.0, 1e3, 1e6])
@pytest.mark.parametrize("power", [2.0, 3.0])
@pytest.mark.parametrize("slowest", [1e-9, 1.0])  # one begins far beyond
def test_a_tail_that_may_not_be_followed_is_in_the_error(latest, power, slowest):
    function = counted(lambda t: (1 + t) ** -power)
    result = integrate(function, slowest, 1.0, latest=latest)
    left = 1 / (power - 1) - result.value
    assert left <= result.error <= max(5 * left, 1e-11)
    assert function.points < 5000
    assert function.last <= latest
    if slowest < 1:
        assert left == pytest.approx((1 + latest) ** (1 - power) / (power - 1), rel=1e-3, abs=1e-12)
    endless = integrate(np.ones_like, 1e-9, 1.0, latest=latest)
    assert np.isinf(endless.error)


def test_fringes_under_a_decay_are_integrated():
    # cos² of angle 30 t: ½ + ½/(1 + 60²).
    result = integrate(lambda t: np.exp(-t) * np.cos(30 * t) ** 2, 1.0, 60.0)
    is_right(result, 0.5 + 0.5 / 3601)


@pytest.mark.parametrize("factor", [10.0, 100.0])
def test_a_part_slower_than_stated_does_not_spoil_the_error(factor):
    # The slowest rate only chooses panels: an exponential a hundred times slower is still found.
    result = integrate(lambda t: np.exp(-t) + np.exp(-100 * t), factor, 100.0)
    is_right(result, 1.01)


@pytest.mark.parametrize("step", [0.03, 0.5, 4.0])
def test_a_step_is_not_reported_as_more_exact_than_it_is(step):
    # Rough integrands cost panels, not honesty.
    result = integrate(lambda t: np.exp(-t) * (1 + (t > step)), 1.0, 1.0)
    is_right(result, 1 + np.exp(-step))


def test_nothing_integrates_to_nothing():
    assert integrate(lambda t: 0 * t, 1.0, 1.0) == (0.0, 0.0, 0.0)


def test_rounding_is_not_refined_beyond_the_accuracy_that_is_asked_for():
    rng = np.random.default_rng(0)
    function = counted(lambda t: 1e-17 * rng.random(len(t)))
    result = integrate(function, 1.0, 1.0, atol=1e-15)
    assert function.points < 500
    assert result.value < 1e-15


def test_a_bound_on_the_tail_is_part_of_the_error_and_ends_the_integral():
    exact_tail = integrate(lambda t: np.exp(-t), 1.0, 1.0, tail=lambda start, value: value)
    is_right(exact_tail, 1.0)
    cautious = integrate(lambda t: np.exp(-t), 1.0, 1.0, tail=lambda start, value: 1e4 * value)
    is_right(cautious, 1.0)
    assert cautious.tail <= 1e-11


@pytest.mark.parametrize("seed", range(30))
def test_the_bound_on_the_tail_of_g_exceeds_the_integral_of_the_bound_of_g(seed):
    # ∫_T^∞ G ≤ tail(T, G(T)) for whatever probe: for G that stays at G(T) until the bound pushes it down.
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 5))
    rates = 10 ** rng.uniform(-1.5, 1, (3, size)) * (rng.random((3, 1)) > 0.4)
    rates[0] += 0.01
    exponent = float(rng.choice([1.0, 0.7, 2.0]))
    noise = Environment(LocalNoise(*rates, exponent=exponent), float(rng.choice([0.0, 0.05])))
    slowest = float(noise.decay_rates(size).min())
    start = 10 ** rng.uniform(-2, 1) / slowest
    times = np.concatenate([[start], start + np.geomspace(1e-6, 300, 4000) / slowest])
    bound = gain_bound(size, noise, times)
    for height in (bound[0], 0.3 * bound[0], 1e-6 * bound[0]):
        worst = np.trapezoid(np.minimum(height, bound), times)
        assert worst <= gain_tail(size, noise)(start, height) * (1 + 1e-6)


@pytest.mark.parametrize("seed", range(12))
def test_the_bound_on_the_tail_bounds_what_probes_have_left(seed):
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 4))
    noise = LocalNoise(*10 ** rng.uniform(-1.5, 0.5, (3, size)), exponent=float(rng.choice([1.0, 0.8, 1.6])))
    psi = rng.normal(size=2**size) + 1j * rng.normal(size=2**size)
    slowest = float(noise.coherence_rates(size).min() * 2)
    for probe in (Probe.ghz(size), Probe.product(size), Probe.from_state(psi / np.linalg.norm(psi))):
        for start in (0.1 / slowest, 1 / slowest, 5 / slowest):
            times = start + np.concatenate([[0.0], np.geomspace(1e-4, 60, 600)]) / slowest
            left = np.trapezoid(gain(probe, noise, times), times)
            assert left <= gain_tail(size, noise)(start, float(gain(probe, noise, [start])[0])) * (1 + 1e-4)


def test_no_bound_on_a_tail_is_claimed_where_none_is_known():
    assert gain_tail(2, LocalNoise(transverse=0.1)) is None
    assert gain_tail(2, Environment(LocalNoise(emission=0.1), coupling=0.3)) is None
    assert gain_tail(2, LocalNoise(dephasing=[0.1, 0.0])) is None


@pytest.mark.parametrize("exponent", [1.0, 0.6, 2.0])
@pytest.mark.parametrize("kind", ["ghz", "product"])
def test_windows_that_grow_without_end_tend_to_the_closed_form(kind, exponent):
    noise, probe = LocalNoise(dephasing=0.2, exponent=exponent), Probe.named(kind, 3)
    closed = {"ghz": integrated_ghz_gain, "product": integrated_product_gain}[kind](3, noise)
    values = [integrated_gain(probe, noise, until=until) for until in (0.1, 1.0, 10.0, 1e4)]
    assert all(a.value <= b.value for a, b in pairwise(values))
    assert abs(values[-1].value - closed) <= values[-1].error + 1e-14 * closed
    assert integrated_gain(probe, noise, until=np.inf).value == integrated_gain(probe, noise).value == closed


@pytest.mark.parametrize("scale", [1e6, 1.0, 1e-12])
def test_integrals_scale_with_the_unit_of_time(scale):
    probe, rates = Probe.named("one_axis:0.3", 5), np.array([0.1, 0.3, 0.05])
    one, other = (integrated_gain(probe, LocalNoise(*(rates * factor))) for factor in (1.0, scale))
    assert abs(other.value * scale - one.value) <= one.error + other.error * scale
    assert other.error < 1e-9 * other.value


@pytest.mark.parametrize("probe", [Probe.named("w", 4), Probe.named("dicke:2", 40), Probe.from_state(np.eye(4) / 4)])
def test_a_probe_without_gain_has_no_integral_and_no_error(probe):
    assert integrated_gain(probe, LocalNoise(dephasing=0.1, emission=0.1))[:2] == (0, 0)
    assert integrated_gain(probe, LocalNoise())[:2] == (0, 0)


def test_rounding_of_a_dense_state_without_gain_is_not_given_as_gain():
    # Unequal relaxation turns degenerate eigenvectors into each other, which leaves G = 1e-30 or so, but not 0.
    noise = LocalNoise(0.1, [0.1, 0.2, 0.3, 0.4], 0.05)
    assert integrated_gain(Probe.named("w", 4), noise)[:2] == (0, 0)
    nearly = np.zeros(16)
    nearly[[1, 2, 4, 8, 0]] = 0.5, 0.5, 0.5, 0.5, 1e-10
    found = integrated_gain(Probe.from_state(nearly), noise)
    assert found.value == 0.0
    assert 0 < found.error < 1e-10


def test_without_noise_the_integral_of_a_gain_is_infinite_and_a_window_of_it_is_not():
    for probe in (Probe.ghz(3), Probe.product(3), Probe.named("one_axis:0.2", 3)):
        for noise in (LocalNoise(), Environment(coupling=0.4)):
            assert np.isinf(integrated_gain(probe, noise).value)
            assert np.isinf(integrated_gain(probe, noise, until=np.inf).value)
            start = gain(probe, noise, [0.0])[0]
            assert integrated_gain(probe, noise, until=2.0).value == pytest.approx(2 * start, rel=1e-12)


def test_a_slow_spin_is_not_taken_for_one_that_never_decays():
    # |up> beside |+> beside |down>: all the gain is the slow spin's, 1/(4γ); the others have none.
    state = np.kron([0, 1], np.kron([0.5**0.5, 0.5**0.5], [1, 0]))
    img = integrated_gain(Probe.from_state(state), LocalNoise(dephasing=[0.0, 1e-7, 1.0]))
    assert img.value == pytest.approx(1 / 4e-7, rel=1e-10)


@pytest.mark.parametrize("until", [0.0, -1.0, np.nan])
def test_a_window_must_be_positive(until):
    with pytest.raises(ArgumentError, match="`until` must be positive"):
        integrated_gain(Probe.ghz(2), LocalNoise(dephasing=0.1), until=until)


def test_the_first_of_several_roots_is_found():
    assert first_root(np.cos, np.linspace(0, 10, 40)) == pytest.approx(np.pi / 2, rel=1e-15)
    assert first_root(np.exp, np.linspace(0, 1, 5)) is None
    assert first_root(lambda t: t - 1, np.linspace(0, 2, 5)) is None  # it must be positive at first


def test_times_are_one_list_of_numbers():
    assert as_times(0.5).tolist() == [0.5]
    for wrong, message in (
        (["a"], "list of numbers"),
        ([[0.0, 1.0]], "at least one number"),
        ([], "at least one number"),
        ([np.inf], "finite and not negative"),
        ([-1e-9], "finite and not negative"),
        ([0.0, 1.0, 1.0], "increase"),
    ):
        with pytest.raises(ArgumentError, match=f"Argument `times` must .*{message}"):
            as_times(wrong)


def test_a_root_far_below_one_is_found_by_a_function_that_wants_increasing_arguments():
    """Times of a device are tens of microseconds; at the end of the search neighbours may not be the same number."""

    def strict(times):
        assert np.all(np.diff(times) > 0)
        return 1.6374207e-4 - times

    assert first_root(strict, np.linspace(0, 3e-4, 4001)) == pytest.approx(1.6374207e-4, rel=1e-14)
