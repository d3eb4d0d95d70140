"""Halves of states that a flip leaves alone, and the search by amplitudes and time together."""

import numpy as np
import pytest

from qsense import LocalNoise, Probe
from qsense.theory.best_rate import quick_rate
from qsense.theory.halves import gain_of_halves, halves, joined, observable_of_halves
from qsense.theory.optimal import best_squeezing, optimal_probe
from qsense.theory.rate import operational_rate

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
