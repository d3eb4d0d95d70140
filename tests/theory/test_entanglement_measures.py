"""Entanglement of two spins: Wootters' formula against states whose entanglement is known otherwise."""

import numpy as np
import pytest

from qsense import LocalNoise, Probe
from qsense.errors import ArgumentError
from qsense.theory.dense import density_matrices
from qsense.theory.entanglement import concurrence, entanglement_of_formation

TIMES = np.array([0.0, 0.1, 0.7, 2.0, 8.0])
NOISES = [LocalNoise(dephasing=0.3), LocalNoise(emission=0.4), LocalNoise(0.1, 0.3, 0.2)]


def binary_entropy(p):
    return float(-sum(x * np.log2(x) for x in (p, 1 - p) if x > 0))


def states(probe, noise):
    return density_matrices(probe, noise, TIMES, np.zeros(len(TIMES)))


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize("tilt", [0.0, 0.4])
def test_two_product_spins_are_never_entangled(noise, tilt):
    # Eqs. 13–18: zero at all times; the square root of rounding is what is left of zero.
    assert np.all(concurrence(states(Probe.product(2, tilt), noise)) < 1e-7)
    assert np.all(entanglement_of_formation(states(Probe.product(2, tilt), noise)) < 1e-12)


@pytest.mark.parametrize("noise", NOISES[:2])
def test_two_spins_of_ghz_lose_their_entanglement_gradually(noise):
    # An X state: C = 2 max(0, |c| − √(p_01 p_10)). Under dephasing p_01 = 0, under emission p_01 = p_10 = x(1−x)/2.
    c, up, _ = (factor[:, 0] for factor in noise.channel(TIMES, 1))
    expected = 2 * np.maximum(c**2 / 2 - up * (1 - up) / 2, 0)
    found = concurrence(states(Probe.ghz(2), noise))
    assert np.allclose(found, expected, rtol=0, atol=1e-12)
    assert np.all(found > 0)
    assert np.all(np.diff(found) < 0)
    entropies = [binary_entropy((1 + np.sqrt(1 - value**2)) / 2) for value in expected]
    assert np.allclose(entanglement_of_formation(states(Probe.ghz(2), noise)), entropies, rtol=1e-9, atol=1e-12)


def test_thermal_noise_ends_the_entanglement_of_ghz_at_a_finite_time():
    noise = NOISES[2]
    c, up, down = (factor[:, 0] for factor in noise.channel(TIMES, 1))
    cross = (up * (1 - up) + down * (1 - down)) / 2
    expected = 2 * np.maximum(c**2 / 2 - cross, 0)
    found = concurrence(states(Probe.ghz(2), noise))
    assert np.allclose(found, expected, rtol=0, atol=1e-12)
    assert found[1] > 0
    assert found[-1] == 0


@pytest.mark.parametrize("seed", range(10))
def test_a_pure_state_has_the_entropy_of_one_of_its_spins(seed):
    rng = np.random.default_rng(seed)
    psi = rng.normal(size=4) + 1j * rng.normal(size=4)
    psi /= np.linalg.norm(psi)
    matrix = psi.reshape(2, 2)
    largest = np.linalg.eigvalsh(matrix @ matrix.conj().T)[-1]
    rho = np.outer(psi, psi.conj())
    assert float(entanglement_of_formation(rho)) == pytest.approx(binary_entropy(largest), abs=1e-7)
    assert float(concurrence(rho)) == pytest.approx(2 * abs(np.linalg.det(matrix)), abs=1e-7)


@pytest.mark.parametrize("weight", [0.0, 0.2, 1 / 3, 0.5, 0.9, 1.0])
def test_werner_states_are_entangled_above_one_third(weight):
    singlet = np.array([0, 1, -1, 0]) / np.sqrt(2)
    rho = weight * np.outer(singlet, singlet) + (1 - weight) * np.eye(4) / 4
    assert float(concurrence(rho)) == pytest.approx(max(0, (3 * weight - 1) / 2), abs=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_turning_each_spin_does_not_change_the_entanglement(seed):
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4))
    rho = a @ a.conj().T
    rho = 0.3 * rho / np.trace(rho) + 0.7 * density_matrices(Probe.ghz(2), NOISES[0], TIMES[1:2], np.zeros(1))[0]
    turns = [np.linalg.qr(rng.normal(size=(2, 2)) + 1j * rng.normal(size=(2, 2)))[0] for _ in range(2)]
    turn = np.kron(*turns)
    assert float(concurrence(rho)) > 0.1
    assert float(concurrence(turn @ rho @ turn.conj().T)) == pytest.approx(float(concurrence(rho)), abs=1e-12)


def test_matrices_of_another_size_are_refused():
    for measure in (concurrence, entanglement_of_formation):
        with pytest.raises(ArgumentError, match="two spins"):
            measure(np.eye(8) / 8)
