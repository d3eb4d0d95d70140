"""Integrals over time: right, and with an error that is true."""

import numpy as np
import pytest
from scipy.special import gamma

import qsense
from qsense import Environment, LocalNoise, Probe
from qsense.integration import first_root, integrate
from qsense.theory.bounds import gain_bound, gain_tail


@pytest.mark.parametrize("seed", range(12))
def test_sums_of_exponentials_over_four_decades_are_integrated_within_the_error(seed):
    rng = np.random.default_rng(seed)
    rates, weights = 10 ** rng.uniform(-2, 2, 6), rng.uniform(0, 3, 6)
    found = integrate(lambda t: np.exp(-np.outer(t, rates)) @ weights, rates.min(), rates.max())
    exact = float((weights / rates).sum())
    assert abs(found.value - exact) <= found.error
    assert found.error <= 1e-9 * exact


@pytest.mark.parametrize("exponent", [0.5, 1.0, 2.0, 3.0])
@pytest.mark.parametrize("kind", ["ghz", "product"])
def test_stretched_decay_has_the_gamma_function(exponent, kind):
    # 𝓘 = N T Γ(1+1/β) 2^{−1/β} for product, N^{1−1/β} times that for GHZ; by quadrature of the symmetric engine.
    noise, size = LocalNoise(dephasing=0.1, exponent=exponent), 4
    probe = Probe.symmetric(Probe.named(kind, size).dicke_amplitudes())
    found = qsense.integrated_gain(probe, noise)
    exact = size * 5 * gamma(1 + 1 / exponent) * 2 ** (-1 / exponent)
    exact *= size ** (1 - 1 / exponent) if kind == "ghz" else 1
    assert abs(found.value - exact) <= found.error
    assert found.error <= 1e-8 * exact
    assert qsense.integrated_gain(Probe.named(kind, size), noise).value == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize("until", [1e-3, 0.7, 50.0])
def test_a_finite_window_ends_where_it_should(until):
    found = qsense.integrated_gain(Probe.ghz(3), LocalNoise(dephasing=0.1), until=until)
    assert found.value == pytest.approx(9 / 1.2 * -np.expm1(-1.2 * until), rel=1e-11)


@pytest.mark.parametrize("size", [2, 6, 1000, 10000])
def test_the_emission_integral_of_ghz_agrees_with_equation_50_at_any_size(size):
    from scipy.integrate import quad

    found = qsense.integrated_gain(Probe.ghz(size), LocalNoise(emission=0.3))
    # Eq. 50 in v = u^N, where the integrand is smooth for any N.
    exact = quad(lambda v: 2 / (1 + (1 - v ** (1 / size)) ** size + v), 0, 1, epsabs=1e-13, epsrel=1e-13)[0]
    assert found.value * 0.3 / size == pytest.approx(exact, rel=1e-10)


@pytest.mark.parametrize("seed", range(20))
def test_the_tail_bound_exceeds_the_tail_for_random_noise(seed):
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 6))
    exponent = float(rng.choice([1.0, 1.0, 1.7]))
    relaxing = rng.uniform(0, 0.5, (2, size)) if exponent == 1 else (0.0, 0.0)
    noise = LocalNoise(rng.uniform(0.05, 0.5, size), *relaxing, exponent=exponent)
    tail = gain_tail(size, noise)
    for probe in (Probe.ghz(size), Probe.product(size)):
        whole = qsense.integrated_gain(probe, noise).value
        for end in (0.5, 3.0, 12.0):
            left = whole - qsense.integrated_gain(probe, noise, until=end).value
            assert left <= tail(end, float(qsense.gain(probe, noise, [end])[0])) * (1 + 1e-9) + 1e-10 * whole


def test_the_integral_of_the_bound_under_collective_dephasing_is_below_that_without():
    local = LocalNoise(dephasing=0.1)
    both = Environment(local, collective_dephasing=0.05)
    times = np.linspace(0, 10, 30)
    assert np.all(gain_bound(5, both, times) <= gain_bound(5, local, times) + 1e-12)


def test_a_gain_that_never_decays_has_an_infinite_integral():
    assert np.isinf(qsense.integrated_gain(Probe.product(2), LocalNoise()).value)


def test_first_root_finds_the_first_of_several():
    assert first_root(np.cos, np.linspace(0, 20, 200)) == pytest.approx(np.pi / 2, rel=1e-15)
    assert first_root(lambda t: np.ones_like(t), np.linspace(0, 1, 5)) is None
