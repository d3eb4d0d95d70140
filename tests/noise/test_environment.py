"""Noise beyond rates of dephasing and emission: arguments, channels, and the numbers that the literature gives."""

from functools import reduce
from math import gamma

import numpy as np
import pytest

from qsense import LocalNoise, Probe, crossover, gain, integrated_gain
from qsense.errors import ArgumentError
from qsense.noise import Environment, noise_model_of
from qsense.theory.bounds import gain_bound
from qsense.theory.dense import density_matrices


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"exponent": 0.0}, "`exponent` must be positive and finite, but is 0.0"),
        ({"exponent": -1.0}, "`exponent` must be positive and finite"),
        ({"exponent": float("inf")}, "`exponent` must be positive and finite"),
        ({"exponent": float("nan")}, "`exponent` must be positive and finite"),
        ({"transverse": -0.1}, "`transverse` must be finite and not negative"),
        ({"transverse": [0.1, 0.2], "dephasing": [0.1, 0.2, 0.3]}, "`dephasing` has 3, `transverse` has 2"),
        ({"transverse": 0.1, "exponent": 2.0}, "Transverse noise needs exponential dephasing"),
    ],
)
def test_noise_that_cannot_be_is_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        LocalNoise(**arguments)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"collective_dephasing": -0.1}, "`collective_dephasing` must be finite and not negative"),
        ({"collective_dephasing": float("nan")}, "`collective_dephasing` must be finite"),
        ({"coupling": float("inf")}, "`coupling` must be a finite number or a symmetric matrix"),
        ({"coupling": [[0, 1], [2, 0]]}, "`coupling` must be a finite number or a symmetric matrix"),
        ({"coupling": [[0, 1, 2], [1, 0, 2]]}, "`coupling` must be a finite number or a symmetric matrix"),
        ({"coupling": [0.1, 0.2]}, "`coupling` must be a finite number or a symmetric matrix"),
    ],
)
def test_an_environment_that_cannot_be_is_refused(arguments, message):
    with pytest.raises(ArgumentError, match=message):
        Environment(**arguments)


def test_rates_and_couplings_for_another_number_of_spins_are_refused():
    coupled = Environment(coupling=np.ones((3, 3)))
    transverse = LocalNoise(transverse=[0.1, 0.2])
    for noise, message in (
        (coupled, "coupling is for 3 spins, but the probe has 4"),
        (transverse, "rates for 2 spins"),
    ):
        for ask in (lambda noise: gain(Probe.product(4), noise, [1.0]), lambda n: integrated_gain(Probe.ghz(4), n)):
            with pytest.raises(ArgumentError, match=message):
                ask(noise)
    for none in (0, -1):
        with pytest.raises(ArgumentError, match="`num_qubits` must be at least 1"):
            gain_bound(none, LocalNoise(dephasing=0.1), np.array([1.0]))


def test_equal_environments_are_equal_and_can_be_kept_in_a_set():
    one = Environment(LocalNoise(dephasing=0.1), 0.2, [[0, 1], [1, 0]])
    other = Environment(LocalNoise(dephasing=0.1, name="other"), 0.2, np.array([[0.0, 1.0], [1.0, 0.0]]))
    assert one == other
    assert len({one, other}) == 1
    assert noise_model_of(one) is one
    assert Environment().local == LocalNoise()


def test_a_record_holds_what_is_there_and_nothing_else():
    assert Environment(LocalNoise(dephasing=0.1)).to_dict() == LocalNoise(dephasing=0.1).to_dict()
    entry = Environment(LocalNoise(exponent=2.0, dephasing=0.1), 0.2, [[0, 1], [1, 0]]).to_dict()
    assert entry["dephasing_exponent"] == 2.0
    assert entry["collective_dephasing_rate"] == 0.2
    assert entry["coupling_rad_per_s"] == [[0.0, 1.0], [1.0, 0.0]]
    assert Environment(coupling=0.3).to_dict()["coupling_rad_per_s"] == 0.3
    assert LocalNoise(transverse=0.1).to_dict()["transverse_rate"] == 0.1
    assert "transverse_rate" not in LocalNoise(dephasing=0.1).to_dict()


@pytest.mark.parametrize("size", [1, 2, 4])
def test_coupling_energies_are_those_of_pauli_matrices(size):
    rng = np.random.default_rng(size)
    matrix = rng.normal(size=(size, size))
    matrix = matrix + matrix.T
    z = np.diag([1.0, -1.0])  # of the qubit; both signs of a pair of spins give the same energy
    total = np.zeros((2**size, 2**size))
    for i in range(size):
        for j in range(i + 1, size):
            factors = [z if spin in (i, j) else np.eye(2) for spin in range(size - 1, -1, -1)]
            total += 0.5 * matrix[i, j] * reduce(np.kron, factors)
    environment = Environment(coupling=matrix)
    energies = environment.coupling_energies(size)
    assert np.allclose(energies, np.diag(total), atol=1e-14)
    assert np.ptp(energies) <= environment.coupling_spread(size) + 1e-14


def test_a_uniform_coupling_is_one_axis_twisting():
    # ½χ Σ_{i<j} σ_i σ_j = χ (J_z² − N/4).
    energies = Environment(coupling=0.7).coupling_energies(5)
    m = np.bitwise_count(np.arange(32)) - 2.5
    assert np.allclose(energies, 0.7 * (m**2 - 5 / 4), atol=1e-14)
    assert Environment(coupling=-0.7).coupling_spread(5) == pytest.approx(7.0)


def test_the_diagonal_of_a_coupling_is_not_used():
    diagonal = Environment(LocalNoise(emission=0.1), coupling=np.eye(20))
    assert not diagonal.is_coupled
    assert gain(Probe.product(20), diagonal, [1.0])[0] == pytest.approx(20 * np.exp(-0.1), rel=1e-14)


def test_collective_dephasing_is_the_average_over_a_common_random_angle():
    # L = 2J_z at γ_c: the angle is Gaussian of variance 4γ_c t. Gauss–Hermite quadrature of the turned states.
    probe, rate, time = Probe.named("one_axis:0.4", 3), 0.1, 0.7
    nodes, weights = np.polynomial.hermite_e.hermegauss(40)
    angles = nodes * np.sqrt(4 * rate * time)
    still = LocalNoise()
    turned = density_matrices(probe, still, np.full(40, time), angles)
    average = np.tensordot(weights / weights.sum(), turned, 1)
    ours = density_matrices(probe, Environment(collective_dephasing=rate), np.array([time]), np.zeros(1))[0]
    assert np.allclose(ours, average, rtol=0, atol=1e-13)


@pytest.mark.parametrize("size", [1, 2, 8, 50])
def test_ghz_under_collective_dephasing_gains_the_same_for_any_number_of_spins(size):
    noise = Environment(collective_dephasing=0.2)
    assert integrated_gain(Probe.ghz(size), noise).value == pytest.approx(1 / 0.8, rel=1e-13)
    window = integrated_gain(Probe.ghz(size), noise, until=1e6)
    assert window.value == pytest.approx(1 / 0.8, rel=1e-11)


@pytest.mark.parametrize(("size", "ratio"), [(2, 1.578), (4, 2.241), (8, 2.924), (16, 3.613)])
def test_product_beats_ghz_under_collective_dephasing_by_the_checked_ratios(size, ratio):
    noise = Environment(collective_dephasing=0.2)
    product = integrated_gain(Probe.product(size), noise)
    assert product.value * 0.8 == pytest.approx(ratio, abs=5e-4)
    assert product.error < 1e-9 * product.value


@pytest.mark.parametrize("exponent", [0.5, 1.0, 1.7, 3.0])
@pytest.mark.parametrize("size", [1, 4, 100])
def test_stretched_decay_has_its_gamma_functions(exponent, size):
    # exp[−(t/T)^β] per spin: product N T Γ(1 + 1/β) 2^{−1/β}, GHZ N^{1−1/β} times that.
    lifetime = 2.5
    noise = LocalNoise(dephasing=1 / (2 * lifetime), exponent=exponent)
    product = size * lifetime * gamma(1 + 1 / exponent) * 2 ** (-1 / exponent)
    for probe, exact in ((Probe.product(size), product), (Probe.ghz(size), size ** (1 - 1 / exponent) * product)):
        assert integrated_gain(probe, noise).value == pytest.approx(exact, rel=1e-13)
        window = integrated_gain(probe, noise, until=1e7)
        assert abs(window.value - exact) <= window.error + 1e-14 * exact
    times = np.array([0.1, 1.0, 2.0])
    one = np.exp(-2 * (times / lifetime) ** exponent)
    assert np.allclose(gain(Probe.product(size), noise, times), size * one, rtol=1e-13)
    assert np.allclose(gain(Probe.ghz(size), noise, times), size**2 * one**size, rtol=1e-11)


def test_stretched_decay_of_unequal_spins_adds_powers_of_rates():
    lifetimes, exponent = np.array([1.0, 2.0, 4.0]), 1.5
    noise = LocalNoise(dephasing=1 / (2 * lifetimes), exponent=exponent)
    common = (lifetimes**-exponent).sum() ** (-1 / exponent)
    factor = gamma(1 + 1 / exponent) * 2 ** (-1 / exponent)
    assert integrated_gain(Probe.ghz(3), noise).value == pytest.approx(9 * common * factor, rel=1e-13)
    assert integrated_gain(Probe.product(3, 0.6), noise).value == pytest.approx(
        0.64 * lifetimes.sum() * factor, rel=1e-13
    )


def test_stretched_decay_leaves_relaxation_exponential():
    noise = LocalNoise(dephasing=0.2, emission=0.3, absorption=0.1, exponent=2.0)
    time = np.array([0.9])
    channel = noise.channel(time, 1)
    assert channel.coherence[0, 0] == pytest.approx(np.exp(-0.4 * 0.9 / 2 - (0.4 * 0.9) ** 2), rel=1e-14)
    plain = LocalNoise(emission=0.3, absorption=0.1).channel(time, 1)
    assert channel.stay_up == plain.stay_up
    assert channel.stay_down == plain.stay_down


def test_a_slow_bath_favours_ghz_less_than_a_fast_one_hurts_it():
    # β > 1: early times are spared, so that GHZ beats product; β < 1: the opposite.
    for exponent, better in ((2.0, True), (0.5, False)):
        noise = LocalNoise(dephasing=0.2, exponent=exponent)
        ghz, product = (integrated_gain(Probe.named(kind, 8), noise).value for kind in ("ghz", "product"))
        assert (ghz > product) is better


@pytest.mark.parametrize("size", [1, 3])
def test_depolarizing_noise_has_its_bloch_vector_shrink(size):
    noise = LocalNoise.depolarizing(0.4)
    assert noise.t1(1)[0] == noise.t2(1)[0] == pytest.approx(2.5, rel=1e-15)
    expected = size * np.exp(-2 * 0.4 * 1.3)
    assert gain(Probe.product(size), noise, [1.3])[0] == pytest.approx(expected, rel=1e-13)
    per_spin = LocalNoise.depolarizing([0.4, 0.8], name="two")
    assert per_spin.num_spins == 2
    assert per_spin.name == "two"
    with pytest.raises(ArgumentError, match="`rate` must be finite and not negative"):
        LocalNoise.depolarizing(-0.1)


@pytest.mark.parametrize("exponent", [0.2, 0.5, 3.0])
@pytest.mark.parametrize("size", [2, 1000])
def test_the_crossover_of_stretched_decay_is_a_root_of_equation_28(size, exponent):
    # (2γt)^β = ln N/(2(N − 1)), however early it is.
    exact = (np.log(size) / (2 * (size - 1))) ** (1 / exponent) / (2 * 0.3)
    assert crossover(size, LocalNoise(dephasing=0.3, exponent=exponent)) == pytest.approx(exact, rel=1e-10)


@pytest.mark.parametrize(
    ("noise", "field"),
    [
        (Environment(LocalNoise(dephasing=0.1), collective_dephasing=0.05), 0.0),
        (Environment(LocalNoise(emission=0.3), coupling=0.4), 0.0),
        (LocalNoise(dephasing=0.05, transverse=0.2), 0.5),
    ],
)
def test_at_the_crossover_of_any_environment_ghz_and_product_gain_the_same(noise, field):
    time = crossover(3, noise, field)
    ghz, product = (
        gain(Probe.named(kind, 3), noise, np.array([0.9, 1.0, 1.1]) * time, field) for kind in ("ghz", "product")
    )
    assert ghz[1] == pytest.approx(product[1], rel=1e-9)
    assert ghz[0] > product[0]
    assert ghz[2] < product[2]
