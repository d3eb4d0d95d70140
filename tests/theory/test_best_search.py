"""Halves of states that a flip leaves alone, and the search by amplitudes and time together."""

import numpy as np
import pytest

from qsense import LocalNoise, NoiseModel, Probe, integrated_gain
from qsense.theory.best_rate import quick_rate
from qsense.theory.engines import engine_for
from qsense.theory.halves import gain_of_halves, halves, joined, observable_of_halves
from qsense.theory.optimal import best_squeezing, optimal_probe
from qsense.theory.rate import operational_rate
from qsense.theory.search import ROUGH, SampledObjective, ascend, first_guesses
from qsense.theory.starts import patterned_spins, scaled_pattern, starts

DEPHASING, EMISSION = LocalNoise(dephasing=0.25), LocalNoise(emission=1.0)


def flipped_state(size, seed, complex_valued):
    """A random ρ of so many levels that is the same when read backwards, not normalised."""
    rng = np.random.default_rng(seed)
    matrix = rng.normal(size=(size, size)) + 1j * complex_valued * rng.normal(size=(size, size))
    rho = matrix @ matrix.conj().T
    rho = rho + rho[::-1, ::-1]
    return rho if complex_valued else rho.real


@pytest.mark.parametrize("complex_valued", [False, True])
@pytest.mark.parametrize("size", [2, 3, 6, 7])
def test_halves_give_the_logarithmic_derivative_of_the_whole(size, complex_valued):
    rho = flipped_state(size, size, complex_valued)
    j = np.diag(np.arange(size) - (size - 1) / 2)
    # (ρX + Xρ)/2 = −i[J, ρ] as one system of linear equations.
    slope = -1j * (j @ rho - rho @ j)
    both = (np.kron(rho, np.eye(size)) + np.kron(np.eye(size), rho.T)) / 2
    x = np.linalg.solve(both, slope.ravel()).reshape(size, size)
    gain = np.trace(rho @ x @ x).real
    observable = 1j * 2 * (j @ x - x @ j) - x @ x
    of_halves = observable_of_halves(rho[None])
    assert np.trace(of_halves[0] @ rho).real == pytest.approx(gain, rel=1e-10)
    assert np.allclose(of_halves[0], observable, rtol=0, atol=1e-9 * np.abs(observable).max())
    assert gain_of_halves(rho[None])[0] == pytest.approx(gain, rel=1e-10)
    even, odd = halves(rho)
    assert np.allclose(joined(even, odd), rho, atol=1e-13)
    whole = np.sort(np.concatenate([np.linalg.eigvalsh(even), np.linalg.eigvalsh(odd)]))
    assert whole == pytest.approx(np.linalg.eigvalsh(rho), rel=1e-10)


@pytest.mark.parametrize(("noise", "name", "dead_time"), [
    (DEPHASING, "one_axis:0.2", 0.0), (EMISSION, "one_axis:0.5", 0.3), (DEPHASING, "ghz", 0.0),
    (EMISSION, "product", 5.0),
])  # fmt: skip
def test_few_times_tell_a_rate_as_closely_as_many(noise, name, dead_time):
    probe = Probe.named(name, 6)
    exact = operational_rate(probe, noise, dead_time).value
    assert quick_rate(6, noise, dead_time)(probe) == pytest.approx(exact, rel=1e-6)


def test_the_best_rate_is_stationary_in_time_and_amplitudes_and_above_every_squeezed_probe():
    best, squeezed = optimal_probe(10, DEPHASING, "rate"), best_squeezing(10, DEPHASING, objective="rate")
    # In s, found by alternating the best probe at a time with the best time of that probe, from 20 starts.
    assert best.value == pytest.approx(4.776747931014947, rel=1e-7)
    assert best.stationarity < 1e-6
    assert 0.99 * best.value < squeezed.value <= best.value * (1 + 1e-9)
    # What a start alone may miss, random probes do not find either.
    rng = np.random.default_rng(1)
    for _ in range(5):
        moved = best.probe.dicke_amplitudes().real + 0.01 * rng.normal(size=11)
        assert operational_rate(Probe.symmetric(moved / np.linalg.norm(moved)), DEPHASING).value < best.value


def test_under_emission_no_less_is_found_than_by_running_every_start_to_the_end():
    assert optimal_probe(12, EMISSION).value / 12 >= 1.84730939


def test_where_spins_fall_and_rise_a_pattern_of_signs_wins_beyond_24_spins():
    noise = LocalNoise(emission=1.0, absorption=0.85)
    *positive, pattern = first_guesses(26, noise)
    assert len(positive) == len(starts(26))
    # By the Lindblad equation in total spins, the best positive state has 𝓘 = 31.815786 s and this one 31.850377 s.
    found = ascend(SampledObjective.integral(26, noise, -1), pattern, least=ROUGH)[0]
    assert integrated_gain(Probe.symmetric(found), noise).value >= 31.8503
    assert np.any(found * np.sign(found[0]) < 0.01 * np.abs(found).max())


def test_a_pattern_keeps_its_signs_for_more_spins():
    signs = np.cos(np.pi / 2 * np.arange(41) - np.pi / 4)
    scaled = scaled_pattern((1 + np.arange(25)) * signs[:25], 40)
    assert np.array_equal(np.sign(scaled), np.sign(signs))
    inside = slice(4, -4)
    assert (scaled * np.sign(signs))[inside] == pytest.approx(((1 + np.arange(41) * 24 / 40) * 0.5**0.5)[inside])


@pytest.mark.parametrize(("noise", "tried"), [
    (DEPHASING, [0, 0]), (EMISSION, [24, 0]), (LocalNoise(emission=0.1, absorption=0.2), [24, 24]),
    (LocalNoise(emission=[0.1] * 24, absorption=0.2), [24]),
])  # fmt: skip
def test_patterns_are_tried_where_populations_change_and_beyond_24_spins_where_they_change_both_ways(noise, tried):
    assert [patterned_spins(size, noise) for size in (24, 40)[: len(tried)]] == tried


@pytest.mark.parametrize("objective", ["integrated_gain", "rate"])
def test_a_list_of_equal_rates_is_that_rate_where_fewer_spins_are_searched_first(objective, monkeypatch):
    for module in ("search", "best_rate"):
        monkeypatch.setattr(f"qsense.theory.{module}.ALL_STARTS", 4)
    listed = optimal_probe(6, LocalNoise(dephasing=[0.25] * 6), objective)
    assert listed.value == pytest.approx(optimal_probe(6, DEPHASING, objective).value, rel=1e-6)


def test_engines_say_themselves_whether_few_times_tell_where_their_gain_is_largest():
    squeezed = Probe.named("one_axis:0.3", 4)
    assert engine_for(squeezed, EMISSION).is_smooth
    assert not engine_for(Probe.ghz(4), EMISSION).is_smooth
    assert not engine_for(squeezed, NoiseModel(EMISSION, coupling=0.1)).is_smooth
