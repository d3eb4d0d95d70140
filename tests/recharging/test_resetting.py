"""Resets in turn, at random and unseen: closed forms, a simulation of windows, and a Lindblad equation with resets."""

import numpy as np
import oracle
import pytest
from scipy.linalg import expm

from qsense import LocalNoise, Probe, operational_rate
from qsense.errors import ArgumentError
from qsense.recharging import best_random_rate, periodic_rate, random_rate, unseen_information

DEPHASING = LocalNoise(dephasing=0.1)


def test_random_resets_of_exponential_decay_have_a_closed_form():
    for probe, decay in ((Probe.product(3), 0.4), (Probe.ghz(3), 1.2)):
        start = 3 if probe.kind == "product" else 9
        for rate, dead in ((0.1, 0.0), (2.0, 0.7)):
            mean = 2 * start * rate / (rate + decay) ** 3  # ∫ r e^{−rt} t² e^{−λt} dt
            assert random_rate(probe, DEPHASING, rate, dead) == pytest.approx(mean / (1 / rate + dead), rel=1e-9)
        value, rate = best_random_rate(probe, DEPHASING)
        assert rate == pytest.approx(2 * decay, rel=1e-4)
        assert value / operational_rate(probe, DEPHASING).value == pytest.approx(8 * np.e / 27, rel=1e-8)


def test_the_rate_is_what_windows_of_random_length_gather():
    rng = np.random.default_rng(5)
    rate, dead, windows = 0.8, 0.3, 400_000
    times = rng.exponential(1 / rate, windows)
    emitted = np.exp(-0.3 * times)  # of two spins; Eq. 49 of the paper
    gathered = times**2 * 8 * emitted**2 / (1 + (1 - emitted) ** 2 + emitted**2)
    spent = times + dead
    found = gathered.sum() / spent.sum()
    error = np.std(gathered - found * spent) / np.sqrt(windows) / spent.mean()
    ours = random_rate(Probe.ghz(2), LocalNoise(emission=0.3), rate, dead)
    assert abs(ours - found) < 4 * error
    assert abs(periodic_rate(Probe.ghz(2), LocalNoise(emission=0.3), [1 / rate], dead)[0] - found) > 20 * error


@pytest.mark.parametrize("seed", range(6))
def test_random_and_unseen_resets_never_beat_the_best_period(seed):
    rng = np.random.default_rng(seed)
    noise = LocalNoise(*rng.uniform(0.01, 0.5, 3))
    probe = [Probe.ghz(3), Probe.product(2), Probe.named("one_axis:0.4", 3)][seed % 3]
    if seed >= 3:
        probe = Probe.from_state((v := rng.normal(size=8) + 1j * rng.normal(size=8)) / np.linalg.norm(v))
    dead = float(rng.uniform(0, 3))
    best = operational_rate(probe, noise, dead)
    value, _ = best_random_rate(probe, noise, dead)
    assert value < best.value
    times = best.time * np.array([0.3, 1.0, 4.0])
    for rate in (0.2 / best.time, 2 / best.time):
        assert random_rate(probe, noise, rate, dead) <= value * (1 + 1e-8)
        assert np.all(unseen_information(probe, noise, rate, times) / (times + dead) < best.value)
    assert np.all(periodic_rate(probe, noise, times, dead) <= best.value * (1 + 1e-12))


@pytest.mark.parametrize("field", [0.0, 0.6])
@pytest.mark.parametrize("size", [1, 2])
def test_unseen_resets_solve_their_lindblad_equation(size, field):
    rng = np.random.default_rng(size)
    state = rng.normal(size=2**size) + 1j * rng.normal(size=2**size)
    state /= np.linalg.norm(state)
    rates, reset, time = rng.uniform(0.05, 0.4, (3, size)), 0.5, 2.2
    psi = oracle.in_paper_order(state)
    start = np.outer(psi, psi.conj()).ravel()
    # The referee's field turns the spins, whose up is the qubit's 1.
    full = oracle.liouvillian(size, -field, *rates) + reset * (
        np.outer(start, np.eye(2**size).ravel()) - np.eye(4**size)
    )
    drive = -oracle.liouvillian(size, 1.0, [], [], [])
    block = np.block([[full, np.zeros_like(full)], [drive, full]])
    end = (expm(block * time) @ np.concatenate([start, 0 * start])).reshape(2, 2**size, 2**size)
    ours = unseen_information(Probe.from_state(state), LocalNoise(*rates), reset, np.array([time]), field)[0]
    assert ours == pytest.approx(oracle.information(*end), rel=1e-8)
    assert unseen_information(Probe.from_state(state), LocalNoise(*rates), 0.0, np.array([time]), field)[0] != (
        pytest.approx(ours, rel=1e-2)
    )


@pytest.mark.parametrize("unit", [1e-9, 1e9])
def test_no_result_depends_on_the_unit_of_time(unit):
    fast = LocalNoise(dephasing=0.1 / unit, emission=0.05 / unit)
    slow, probe = LocalNoise(dephasing=0.1, emission=0.05), Probe.ghz(2)
    there, here = best_random_rate(probe, fast, 0.5 * unit), best_random_rate(probe, slow, 0.5)
    assert there[0] / unit == pytest.approx(here[0], rel=1e-8)
    assert there[1] * unit == pytest.approx(here[1], rel=1e-3)
    times = np.array([1.0, 30.0])
    ours = unseen_information(probe, fast, 0.3 / unit, times * unit)
    assert np.allclose(ours / unit**2, unseen_information(probe, slow, 0.3, times), rtol=1e-9)


def test_what_makes_no_sense_is_refused():
    with pytest.raises(ArgumentError, match="of resets must be positive"):
        random_rate(Probe.ghz(2), DEPHASING, 0)
    with pytest.raises(ArgumentError, match="`dead_time` must be finite"):
        random_rate(Probe.ghz(2), DEPHASING, 1, -1)
    with pytest.raises(ArgumentError, match="at most 8 spins"):
        unseen_information(Probe.ghz(9), DEPHASING, 1, np.ones(1))
