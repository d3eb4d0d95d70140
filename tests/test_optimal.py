"""The best probe: the numbers that are known, a gradient that is right, and nothing better by other searches."""

import numpy as np
import pytest

from qsense import Environment, LocalNoise, Probe, gain
from qsense.errors import ArgumentError
from qsense.noise import environment_of
from qsense.theory.dense import dense_gain
from qsense.theory.engines import uniform_channel
from qsense.theory.optimal import best_squeezing, comparison, optimal_probe
from qsense.theory.pull_back import gain_and_matrix
from qsense.theory.rate import operational_rate, rate_bound
from qsense.theory.symmetric import symmetric_gain

DEPHASING, EMISSION = LocalNoise(dephasing=0.25), LocalNoise(emission=1.0)


@pytest.mark.parametrize(
    ("size", "ratio", "digits"),
    [(2, 1.12500, 1e-5), (3, 1.22115, 1e-5), (4, 1.30092, 1e-5), (5, 1.36968, 1e-5), (6, 1.43043, 1e-5),
     (10, 1.6226, 5e-5), (24, 2.0258, 5e-5)],
)  # fmt: skip
def test_the_best_probe_under_dephasing_reaches_the_known_values(size, ratio, digits):
    best = optimal_probe(size, DEPHASING)
    assert best.value / size == pytest.approx(ratio, abs=digits)
    assert best.value < best.bound
    assert best.stationarity < 1e-5


@pytest.mark.parametrize(("size", "ratio"), [(2, 1.22432), (3, 1.37898), (4, 1.48350), (5, 1.55644), (6, 1.61241)])
def test_the_best_probe_under_emission_reaches_the_known_values(size, ratio):
    assert optimal_probe(size, EMISSION).value / size == pytest.approx(ratio, abs=1e-5)


def test_the_best_two_spins_under_dephasing_are_those_of_the_closed_form():
    amplitudes = optimal_probe(2, DEPHASING).probe.dicke_amplitudes()
    assert np.allclose(abs(amplitudes), [np.sqrt(3 / 8), 0.5, np.sqrt(3 / 8)], atol=1e-4)


@pytest.mark.parametrize("size", [2, 4, 10])
def test_squeezed_states_come_within_a_tenth_of_a_percent_under_dephasing(size):
    squeezed, best = best_squeezing(size, DEPHASING), optimal_probe(size, DEPHASING)
    assert best.value * (1 - 1e-3) <= squeezed.value <= best.value * (1 + 1e-9)


@pytest.mark.parametrize("noise", [DEPHASING, LocalNoise(0.05, 0.2, 0.1), Environment(EMISSION, 0.03)])
def test_the_gradient_is_that_of_finite_differences(noise):
    rng = np.random.default_rng(5)
    a, d = (rng.normal(size=7) + 1j * rng.normal(size=7) for _ in range(2))
    a /= np.linalg.norm(a)
    channel = uniform_channel(environment_of(noise), np.array([0.1, 0.9]))
    value, matrix = gain_and_matrix(a, channel)
    assert np.allclose(value, symmetric_gain(a, channel), rtol=1e-12)
    step = 1e-5
    difference = (symmetric_gain(a + step * d, channel) - symmetric_gain(a - step * d, channel)) / (2 * step)
    # The functional is of degree one in |ψ><ψ|; 1e-6: step² times third derivatives, and 1e-16/step.
    assert np.allclose([2 * np.vdot(d, m @ a).real for m in matrix], difference, rtol=1e-6)


@pytest.mark.parametrize("noise", [DEPHASING, EMISSION])
@pytest.mark.parametrize("size", [2, 3])
def test_no_state_at_all_is_better_at_one_time_in_a_search_without_symmetry(noise, size):
    # Independent: Nelder–Mead from random complex vectors on the full space, by dense matrices.
    from scipy.optimize import minimize

    time = np.array([0.4])
    rng = np.random.default_rng(size)

    def value(x):
        state = x[: 2**size] + 1j * x[2**size :]
        return -dense_gain(Probe.from_state(state / np.linalg.norm(state)), noise, time)[0]

    found = max(
        -minimize(value, rng.normal(size=2 ** (size + 1)), method="BFGS", options={"maxiter": 150}).fun
        for _ in range(4)
    )
    best = optimal_probe(size, noise, "gain", time=0.4).value
    assert found <= best * (1 + 1e-7)
    assert found >= best * 0.98  # the search is not blind


def test_without_time_to_decay_the_best_gain_is_heisenbergs():
    assert optimal_probe(5, DEPHASING, "gain", time=0.0).value == pytest.approx(25.0, rel=1e-9)


@pytest.mark.parametrize("size", [1, 3, 40])
def test_the_operational_rate_is_huelgas_for_product_and_ghz_alike(size):
    for probe, time in ((Probe.product(size), 1.0), (Probe.ghz(size), 1.0 / size)):
        rate = operational_rate(probe, DEPHASING)
        assert rate.value == pytest.approx(size / np.e, rel=1e-12)  # N/(4eγ), γ = 1/4
        assert rate.time == pytest.approx(time, rel=1e-6)


def test_dead_time_costs_rate_and_lengthens_sensing():
    fast, slow = (operational_rate(Probe.ghz(4), DEPHASING, dead) for dead in (0.0, 0.5))
    assert slow.value < fast.value
    assert slow.time > fast.time
    t = slow.time
    assert slow.value == pytest.approx(t**2 * gain(Probe.ghz(4), DEPHASING, [t])[0] / (t + 0.5), rel=1e-12)


def test_the_best_rate_is_above_ghz_and_below_the_bound():
    best = optimal_probe(4, DEPHASING, "rate")
    assert operational_rate(Probe.ghz(4), DEPHASING).value < best.value < rate_bound(4, DEPHASING).value


def test_a_comparison_has_the_optimum_last_and_nothing_above_it():
    found = comparison(4, EMISSION)
    values = dict(found.values)
    assert list(values)[:3] == ["product", "ghz", "twin_fock"]
    assert max(values.values()) == values["optimum found"] <= found.optimum.bound


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((3, LocalNoise(dephasing=[0.1, 0.2, 0.3])), "alike for all spins"),
        ((3, LocalNoise(transverse=0.1)), "commutes with the field"),
        ((3, LocalNoise()), "Without noise the best probe is GHZ"),
        ((101, DEPHASING), "up to 100 spins"),
        ((3, DEPHASING, "best"), "`objective` must be one of"),
        ((3, DEPHASING, "gain"), "needs it"),
        ((3, DEPHASING, "img", 1.0), '`time` goes with the objective "gain"'),
        ((3, DEPHASING, "rate", None, -1.0), "`dead_time` must be finite and not negative"),
    ],
)
def test_a_wrong_question_is_refused_in_one_line(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        optimal_probe(*arguments)
