"""No probe exceeds the bound, and the bound has the forms that the literature gives."""

import numpy as np
import pytest

from qsense import LocalNoise, Probe, gain, integrated_gain
from qsense.noise import Environment
from qsense.numerics.fisher import qfi_of_rotation
from qsense.numerics.integration import integrate
from qsense.theory import engines
from qsense.theory.bounds import gain_bound, integrated_gain_bound
from qsense.theory.dense import density_matrices, sub_gain
from qsense.theory.lindblad import generator
from qsense.theory.rate import operational_rate


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
    if size == 1:  # what a spin beside an ancilla reaches
        known = 4 * x / (1 + np.sqrt(x)) ** 2
    # One spin alone is limited by 1/R = 4x/(1−x) too, but never below the known form.
    assert np.allclose(emission, known, rtol=1e-12)


@pytest.mark.parametrize("size", [2, 3, 10])
def test_the_integrated_bound_of_dephasing_is_the_logarithm(size):
    value = integrated_gain_bound(size, LocalNoise(dephasing=0.1)).value
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


@pytest.mark.parametrize("seed", range(20))
def test_no_random_probe_exceeds_the_bound_when_the_field_itself_is_noisy(seed):
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 5))
    noise = Environment(LocalNoise(*10 ** rng.uniform(-2, 1, (3, size))), 10 ** rng.uniform(-2, 1))
    times = np.sort(10 ** rng.uniform(-2, 0.5, 5))
    bound = gain_bound(size, noise, times)
    for kind in range(5):
        psi = rng.normal(size=2**size) + 1j * rng.normal(size=2**size)
        psi[[0, -1]] += 3 * kind
        probe = Probe.from_state(psi / np.linalg.norm(psi))
        assert np.all(gain(probe, noise, times) <= bound * (1 + 1e-9))


def test_a_noisy_field_alone_saturates_the_bound_late():
    # 1/G ≥ 4γ_c t + 1/N²: GHZ is below it, and no better than a random angle of that spread is known.
    noise, times = Environment(collective_dephasing=0.1), np.array([0.0, 1.0, 1e6])
    assert np.allclose(gain_bound(3, noise, times), 1 / (0.4 * times + 1 / 9), rtol=1e-13)
    assert np.isinf(integrated_gain_bound(3, noise).value)  # it falls as 1/t only


def test_a_coupling_beside_dephasing_has_the_bound_of_dephasing():
    times = np.array([0.1, 2.0])
    coupled = Environment(LocalNoise(dephasing=0.1), coupling=3.0)
    assert np.array_equal(gain_bound(3, coupled, times), gain_bound(3, LocalNoise(dephasing=0.1), times))
    for unknown in (LocalNoise(transverse=0.1), Environment(LocalNoise(emission=0.1), coupling=3.0)):
        assert np.all(gain_bound(3, unknown, times) == 9.0)
        assert np.isinf(integrated_gain_bound(3, unknown).value)


@pytest.mark.parametrize("exponent", [0.6, 2.0])
def test_stretched_decay_has_the_bound_of_its_coherence(exponent):
    times = np.linspace(0, 3, 20)
    noise = LocalNoise(dephasing=0.3, exponent=exponent)
    x = np.exp(-2 * (0.6 * times) ** exponent)
    assert np.allclose(gain_bound(5, noise, times), 25 * x / (x + 5 * (1 - x)), rtol=1e-12)
    bound = integrated_gain_bound(5, noise)
    assert bound.value > integrated_gain(Probe.product(5), noise).value
    fine = np.concatenate([[0.0], np.geomspace(1e-9, 1e4, 200001)])
    assert bound.value == pytest.approx(np.trapezoid(gain_bound(5, noise, fine), fine), rel=1e-5)


@pytest.mark.parametrize("seed", range(12))
def test_the_purity_bound_never_exceeds_the_gain(seed):
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 5))
    psi = rng.normal(size=2**size) + 1j * rng.normal(size=2**size)
    probe, times = Probe.from_state(psi / np.linalg.norm(psi)), np.array([0.0, 0.2, 1.0])
    noise = LocalNoise(*rng.uniform(0.01, 0.5, (3, size)))
    sub, whole = sub_gain(probe, noise, times), gain(probe, noise, times)
    assert np.all(sub <= whole + 1e-12)
    assert sub[0] == pytest.approx(whole[0], rel=1e-12)  # pure


@pytest.mark.parametrize("size", [1, 2, 3, 5, 8])
def test_the_purity_bound_of_a_product_probe_falls_too_fast(size):
    # (1 − 2^{−N})/(2γ) where the truth is N/(4γ). One spin: 2 Tr(∂ρ)² = x, and Tr ρ² = (1 + x)/2 for each other one.
    rate = 0.25
    result = integrate(
        lambda t: sub_gain(Probe.product(size), LocalNoise(dephasing=rate), t), 4 * rate, 4 * rate * size
    )
    assert abs(result.value - (1 - 2.0**-size) / (2 * rate)) <= result.error + 1e-12


def test_super_fidelity_leads_to_twice_the_purity_of_the_slope():
    # G(ρ, σ) = Tr ρσ + √((1 − Tr ρ²)(1 − Tr σ²)); 8 (1 − √G)/dθ² of turned states tends to 2 Tr(∂ρ)² at fixed purity.
    probe, noise, step = Probe.named("one_axis:0.4", 3), LocalNoise(0.1, 0.2, 0.05), 1e-3
    rho, sigma = density_matrices(probe, noise, np.full(2, 0.8), np.array([0.0, step]))
    fidelity = np.trace(rho @ sigma).real + 1 - np.trace(rho @ rho).real
    limit = 8 * (1 - np.sqrt(fidelity)) / step**2
    assert sub_gain(probe, noise, np.array([0.8]))[0] == pytest.approx(limit, rel=1e-5)


def test_a_gain_beyond_the_bound_is_noticed_in_any_test(monkeypatch):
    # The guard of conftest.py: a closed form that is wrong by a thousandth ends the test that asks for it.
    right = engines.sum_gain
    monkeypatch.setattr(engines, "sum_gain", lambda *arguments: right(*arguments) * 1.001)
    with pytest.raises(AssertionError, match="no probe exceeds"):
        gain(Probe.product(1), LocalNoise(dephasing=0.1), [0.5])
    for ask in (integrated_gain, operational_rate):
        with pytest.raises(AssertionError, match="no probe exceeds"):
            ask(Probe.product(1), Environment(LocalNoise(dephasing=0.1, emission=0.1, exponent=2.0)))


def test_more_noise_never_raises_the_bound():
    times = np.linspace(0.1, 4, 9)
    for size in (1, 3, 8):
        less, more = (gain_bound(size, LocalNoise(dephasing=g, emission=0.1), times) for g in (0.1, 0.2))
        assert np.all(more <= less)


def test_a_noisy_field_lowers_the_bound_of_local_noise():
    times, local = np.linspace(0.1, 10, 30), LocalNoise(dephasing=0.1)
    assert np.all(gain_bound(5, Environment(local, collective_dephasing=0.05), times) < gain_bound(5, local, times))


def test_penalties_whose_sum_overflows_leave_the_bound_of_the_spin_that_lasts():
    # 1/(1 + R) = e^{−4γt} of dephasing: R of 1000 fast spins is 1e306 each, and its sum is beyond doubles.
    noise, time = LocalNoise(dephasing=[1e-3] + [1.0] * 1000), 306 * np.log(10) / 4
    bound = gain_bound(1001, noise, np.array([time]))[0]
    assert bound == pytest.approx(np.exp(-4e-3 * time), rel=1e-12)
    assert gain(Probe.product(1001), noise, [time])[0] <= bound * (1 + 1e-12)
