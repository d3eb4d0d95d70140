"""No probe exceeds the bound, and the bound has the forms that the literature gives."""

import numpy as np
import pytest

from qsense import LocalNoise, Probe, gain
from qsense.fisher import qfi_of_rotation
from qsense.theory.bounds import gain_bound, img_bound
from qsense.theory.dense import generator


def channel(rho, noise, time, size):
    """Kraus operators written out anew, spin by spin: dephasing, then amplitude damping to a thermal mixture."""
    rates = noise.rates(size)
    for spin in range(size):
        up, down = rates["emission"][spin], rates["absorption"][spin]
        total = up + down
        lost = 1 - np.exp(-total * time)
        p = up / total if total else 1.0
        kept = np.sqrt(1 - lost)
        flip = (1 - np.exp(-2 * rates["dephasing"][spin] * time)) / 2
        kraus = [
            np.sqrt(p) * np.diag([1, kept]), np.sqrt(p * lost) * np.array([[0, 1], [0, 0]]),
            np.sqrt(1 - p) * np.diag([kept, 1]), np.sqrt((1 - p) * lost) * np.array([[0, 0], [1, 0]]),
        ]  # fmt: skip
        dephase = [np.sqrt(1 - flip) * np.eye(2), np.sqrt(flip) * np.diag([1, -1])]
        rho = sum(apply(d @ k, rho, spin, size) for d in dephase for k in kraus)
    return rho


def apply(operator, rho, spin, size):
    full = np.kron(np.kron(np.eye(2 ** (size - 1 - spin)), operator), np.eye(2**spin))
    return full @ rho @ full.conj().T


@pytest.mark.parametrize("seed", range(40))
def test_no_random_probe_exceeds_the_bound_under_random_mixed_unequal_noise(seed):
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 5))
    # Rates over three decades, some of them zero: the bound then leaves the noisiest spins out.
    rates = 10 ** rng.uniform(-2, 1, (3, size)) * (rng.random((3, size)) > 0.3)
    noise, time = LocalNoise(*rates), 10 ** rng.uniform(-1.5, 0.5)
    bound = gain_bound(size, noise, np.array([time]))[0]
    for _ in range(5):
        psi = rng.normal(size=2**size) + 1j * rng.normal(size=2**size)
        psi[[0, -1]] += rng.normal(size=2) * 3  # towards GHZ, where it is tight
        psi /= np.linalg.norm(psi)
        rho = channel(np.outer(psi, psi.conj()), noise, time, size)
        assert qfi_of_rotation(rho, generator(size)) <= bound * (1 + 1e-9)


@pytest.mark.parametrize("size", [1, 2, 4, 50])
def test_equal_dephasing_and_equal_emission_give_the_known_forms(size):
    times = np.linspace(0, 4, 30)
    x = np.exp(-4 * 0.2 * times)
    dephasing = gain_bound(size, LocalNoise(dephasing=0.2), times)
    assert np.allclose(dephasing, size**2 * x / (x + size * (1 - x)), rtol=1e-12)
    x = np.exp(-0.3 * times)
    emission = gain_bound(size, LocalNoise(emission=0.3), times)
    known = 4 * size**2 * x / (4 * x + size * (1 - x))
    # One spin alone is limited by 1/R = 4x/(1−x) too, but never below the known form.
    assert np.allclose(emission, known, rtol=1e-12)


@pytest.mark.parametrize("size", [2, 3, 10])
def test_the_integrated_bound_of_dephasing_is_the_logarithm(size):
    value = img_bound(size, LocalNoise(dephasing=0.1)).value
    assert value == pytest.approx(size / 0.4 * size * np.log(size) / (size - 1), rel=1e-10)


def test_a_spin_without_coherence_leaves_the_others_their_bound():
    noise = LocalNoise(dephasing=[0.0, 0.0, 1e6])
    assert gain_bound(3, noise, np.array([1.0]))[0] == pytest.approx(4.0, rel=1e-6)


@pytest.mark.parametrize("kind", ["ghz", "product"])
def test_shipped_probes_are_below_the_bound(kind):
    times = np.linspace(0, 6, 40)
    for name in ("dephasing", "emission"):
        noise = LocalNoise.load(name)
        for size in (1, 2, 5, 20):
            assert np.all(gain(Probe.named(kind, size), noise, times) <= gain_bound(size, noise, times) * (1 + 1e-12))


def test_one_spin_under_dephasing_saturates_the_bound():
    times = np.linspace(0, 3, 9)
    noise = LocalNoise(dephasing=0.4)
    assert np.allclose(gain(Probe.product(1), noise, times), gain_bound(1, noise, times), rtol=1e-12)


def test_the_guard_on_all_tests_fires_when_a_gain_is_above_the_bound():
    import guard

    from qsense.theory.engines import Engine

    noise, times = LocalNoise(dephasing=0.2), np.array([0.5])
    lying = Engine("a lie", lambda t: gain_bound(3, noise, t) * 1.001, 0.0)
    with pytest.raises(AssertionError, match="exceeds the bound"):
        guard.guarded(lying, Probe.ghz(3), noise).gain(times)
    right = Engine("the bound itself", lambda t: gain_bound(3, noise, t), 0.0)
    assert guard.guarded(right, Probe.ghz(3), noise).gain(times)[0] > 0
