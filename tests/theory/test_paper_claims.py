"""Where the paper is wrong or silent: each point of docs/paper.md against a derivation of its own."""

import math

import numpy as np
import oracle
import paper_formulas as paper
import pytest
from cases import further
from scipy.integrate import quad
from scipy.linalg import expm, lstsq
from scipy.optimize import brentq, minimize_scalar

import qsense
from qsense import Environment, LocalNoise, Probe
from qsense.errors import ArgumentError
from qsense.theory.bounds import gain_bound, integrated_gain_bound
from qsense.theory.dense import density_matrices, sub_gain
from qsense.theory.optimal import optimal_probe
from qsense.theory.rate import operational_rate

GAMMA = 0.3
DEPHASING, EMISSION = LocalNoise(dephasing=GAMMA), LocalNoise(emission=GAMMA)


def img(state, evolve):
    """𝓘 of a state in 1/γ, by Eqs. 7 or 35, 9 and scipy's quadrature."""
    return paper.integral(lambda t: paper.gain(evolve(state, t)))


def test_a_symmetric_pair_beats_ghz_and_product_under_dephasing():
    pair = paper.dicke([np.sqrt(3 / 8), 0.5, np.sqrt(3 / 8)])
    assert img(pair, paper.dephased) / (2 / 4) == pytest.approx(1.125, rel=1e-9)
    best = optimal_probe(2, DEPHASING)
    assert best.value / (2 / (4 * GAMMA)) == pytest.approx(1.125, rel=1e-9)
    assert np.abs(best.probe.dicke_amplitudes()) == pytest.approx([np.sqrt(3 / 8), 0.5, np.sqrt(3 / 8)], abs=1e-5)


@pytest.mark.parametrize(("size", "value"), [(2, 1.22432), (3, 1.37898)])
def test_a_symmetric_probe_beats_ghz_and_product_under_emission(size, value):
    best = optimal_probe(size, EMISSION)
    by_hand = img(paper.dicke(best.probe.dicke_amplitudes()[::-1]), paper.emitted)
    assert by_hand / size == pytest.approx(value, abs=5e-6)
    assert best.value * GAMMA == pytest.approx(by_hand, rel=1e-9)
    assert by_hand > img(paper.ghz(size), paper.emitted) > size


@pytest.mark.parametrize("size", [2, 3, further(4)])
@pytest.mark.parametrize("evolve", [paper.dephased, paper.emitted])
def test_no_probe_exceeds_the_bound_of_its_noise(evolve, size):
    noise, factor = (DEPHASING, 4) if evolve is paper.dephased else (EMISSION, 1)
    weight = 5 - factor  # 1 under dephasing, 4 under emission
    for gamma_t in (0.01, 0.1, 0.5, 2.0):
        x = np.exp(-factor * gamma_t)
        bound = weight * size**2 * x / (weight * x + size * (1 - x))
        assert gain_bound(size, noise, np.array([gamma_t / GAMMA]))[0] == pytest.approx(bound, rel=1e-10)
        states = [paper.random_state(size, seed) for seed in range(5)] + [paper.ghz(size), paper.plus(size)]
        states += [paper.dicke(np.abs(optimal_probe(size, noise).probe.dicke_amplitudes()[::-1]))]
        for state in states:
            assert paper.gain(evolve(state, gamma_t)) <= bound * (1 + 1e-12)


def test_the_integrated_bound_is_the_logarithm():
    for size in (2, 5):
        expected = size / 4 * size * np.log(size) / (size - 1)
        by_hand = quad(lambda x, n=size: n**2 / (x + n * (1 - x)) / 4, 0, 1)[0]
        assert by_hand == pytest.approx(expected, rel=1e-10)
        assert integrated_gain_bound(size, DEPHASING).value * GAMMA == pytest.approx(expected, rel=1e-10)


@pytest.mark.parametrize(("size", "percent"), [(2, 21), (6, 38), (50, 39)])
def test_the_initial_state_matters_under_emission(size, percent):
    by_hand = paper.integral(lambda t: paper.ghz_gain_under_emission(size, t)) / size
    ghz, product = (qsense.integrated_gain(p(size), EMISSION).value for p in (Probe.ghz, Probe.product))
    assert ghz / product == pytest.approx(by_hand, rel=1e-9)
    assert round(100 * (by_hand - 1)) == percent


@pytest.mark.parametrize("size", [2, 3, 4, 6])
def test_the_emission_crossover_is_later_than_the_papers(size):
    papers = np.log(size) / (size - 1)
    root = brentq(lambda t: paper.ghz_gain_under_emission(size, t) - size * np.exp(-t), 0.1, 3.0, xtol=1e-13)
    assert qsense.crossover(size, EMISSION) * GAMMA == pytest.approx(root, rel=1e-10)
    assert root > 1.3 * papers
    assert paper.ghz_gain_under_emission(size, papers) > size * np.exp(-papers)  # there GHZ still leads


@pytest.mark.parametrize("beta", [0.5, 2.0, 3.0])
def test_stretched_decay_breaks_the_equality(beta):
    noise, scale = LocalNoise(dephasing=GAMMA, exponent=beta), 1 / (2 * GAMMA)
    product, ghz = (qsense.integrated_gain(p(4), noise).value for p in (Probe.product, Probe.ghz))
    # t = T s^{1/β} makes the integrands smooth for all β.
    power = 1 / beta
    for value, spins in ((product, 1), (ghz, 4)):
        by_hand = quad(lambda s, n=spins: 4 * n * np.exp(-2 * n * s) * power * s ** (power - 1), 0, np.inf)[0]
        assert value == pytest.approx(scale * by_hand, rel=1e-7)  # scipy's own error at the edge s = 0
    assert product == pytest.approx(4 * scale * math.gamma(1 + power) * 2**-power, rel=1e-13)
    assert ghz / product == pytest.approx(4 ** (1 - power), rel=1e-13)


def collective(state, gamma_t):
    """ρ under L = Σσ_z: γ(s_k s_l − s_k²/2 − s_l²/2) for each element."""
    total = paper.signs(len(state).bit_length() - 1).sum(1)
    return np.outer(state, state) * np.exp(-gamma_t / 2 * np.subtract.outer(total, total) ** 2)


def test_collective_dephasing_favours_product_spins():
    jump = sum(oracle.on(oracle.UP_DOWN["z"], spin, 2) for spin in range(2))
    square, one = jump @ jump, np.eye(4)
    generator = np.kron(jump, jump) - 0.5 * (np.kron(square, one) + np.kron(one, square))
    start = np.outer(paper.plus(2), paper.plus(2))
    assert np.allclose(expm(0.2 * generator) @ start.ravel(), collective(paper.plus(2), 0.2).ravel(), atol=1e-13)
    noise = Environment(collective_dephasing=GAMMA)
    for size, ratio in ((2, 1.578), (4, 2.241)):
        by_hand = img(paper.plus(size), collective)
        assert 4 * by_hand == pytest.approx(ratio, abs=5e-4)
        assert qsense.integrated_gain(Probe.product(size), noise).value * GAMMA == pytest.approx(by_hand, rel=1e-8)
        assert qsense.integrated_gain(Probe.ghz(size), noise).value * GAMMA == pytest.approx(1 / 4, rel=1e-12)
        assert img(paper.ghz(size), collective) == pytest.approx(1 / 4, rel=1e-9)


def test_equation_60_needs_one_over_m():
    # Parity of a GHZ pair at mid-fringe; θ from k odd outcomes of M, unbiased there; its variance over all k.
    def inverse_variance(gamma_t, repetitions):
        slope = 2 * np.exp(-4 * gamma_t) / 2
        k = np.arange(repetitions + 1)
        weights = np.array([math.comb(repetitions, int(i)) for i in k]) / 2.0**repetitions
        return 1 / (weights @ ((k / repetitions - 0.5) / slope) ** 2)

    whole = qsense.integrated_gain(Probe.ghz(2), DEPHASING).value * GAMMA
    for repetitions in (1, 10):
        right_side = paper.integral(lambda t, m=repetitions: inverse_variance(t, m))
        assert right_side == pytest.approx(repetitions * whole, rel=1e-9)
    assert right_side > whole  # as printed, Eq. 60 fails


def test_a_negative_rate_makes_no_state():
    for evolve in (paper.dephased, paper.emitted):
        for state in (paper.plus(1), paper.ghz(2)):
            assert np.linalg.eigvalsh(evolve(state, -0.1))[0] < -1e-3
            assert np.linalg.eigvalsh(evolve(state, 0.1))[0] > -1e-14
    rho = paper.dephased(paper.ghz(2), -0.1)
    gain = 16 * rho[0, -1] ** 2 / (rho[0, 0] + rho[-1, -1])  # Eq. 11, as a formula of the matrix
    assert gain == pytest.approx(4 * np.exp(8 * 0.1), rel=1e-12)
    assert gain > 4  # N², which the spread of J_z allows at most
    for kind in ("dephasing", "emission", "absorption"):
        with pytest.raises(ArgumentError, match="not negative"):
            LocalNoise(**{kind: -0.1})


def test_recharging_by_absorption_lowers_the_gain():
    pumped = LocalNoise(emission=GAMMA, absorption=GAMMA)
    for probe, state in ((Probe.product(2), paper.plus(2)), (Probe.ghz(3), paper.ghz(3))):
        size, times = probe.num_qubits, [0.3, 1.0, 4.0]
        by_hand = [oracle.gain(state, t, 0.6, [0] * size, [GAMMA] * size, [GAMMA] * size) for t in times]
        assert np.allclose(qsense.gain(probe, pumped, times), by_hand, rtol=0, atol=1e-9)
        assert np.all(by_hand < qsense.gain(probe, EMISSION, times))


@pytest.mark.parametrize("size", [1, 2, 5])
def test_the_rate_of_ghz_and_product_is_n_over_four_e_gamma(size):
    for probe, time in ((Probe.product(size), 1 / (4 * GAMMA)), (Probe.ghz(size), 1 / (4 * size * GAMMA))):
        rate = operational_rate(probe, DEPHASING)
        assert rate.value == pytest.approx(size / (4 * np.e * GAMMA), rel=1e-12)
        assert rate.time == pytest.approx(time, rel=1e-6)  # the maximum is flat


def test_dead_time_costs_ghz_more():
    for dead in (0.5, 5.0):
        rates = []
        for probe, gain, decay in ((Probe.ghz(4), 16, 16 * GAMMA), (Probe.product(4), 4, 4 * GAMMA)):

            def lost(t, g=gain, d=decay, wait=dead):
                return -(t**2) * g * np.exp(-d * t) / (t + wait)

            best = minimize_scalar(lost, bounds=(0, 10), method="bounded")
            rates.append(operational_rate(probe, DEPHASING, dead).value)
            assert rates[-1] == pytest.approx(-best.fun, rel=1e-9)
        assert rates[0] < 0.7 * rates[1]


def test_at_equal_t2_product_spins_do_not_tell_dephasing_from_emission():
    # T2 = 1/(2γ) and 2/γ: e^{−2γt} and e^{−γt/2} on the coherence.
    for t in (0.1, 1.0):
        pair = [paper.gain(paper.dephased(paper.plus(3), t)), paper.gain(paper.emitted(paper.plus(3), 4 * t))]
        assert pair[0] == pytest.approx(pair[1], abs=1e-12)
    noises = LocalNoise(dephasing=GAMMA), LocalNoise(emission=4 * GAMMA)
    assert noises[0].t2(1) == pytest.approx(noises[1].t2(1))
    product, ghz = ([qsense.integrated_gain(p(3), noise).value for noise in noises] for p in (Probe.product, Probe.ghz))
    assert product[0] == pytest.approx(product[1], rel=1e-14)
    assert ghz[0] == pytest.approx(product[0], rel=1e-14)
    assert ghz[1] > 1.3 * ghz[0]


def test_a_dephased_ghz_state_is_not_maximally_mixed():
    late = density_matrices(Probe.ghz(3), DEPHASING, np.array([1e3]), np.array([0.0]))[0]
    assert np.linalg.eigvalsh(late) == pytest.approx([0] * 6 + [0.5, 0.5], abs=1e-15)


def transverse_gain(state, time, field):
    """The Lindblad equation with L = σ_x, and the SLD, as in the referee."""
    size, dim = len(state).bit_length() - 1, len(state)
    total, drive = (oracle.liouvillian(size, phi, [0] * size, [0] * size, [0] * size) for phi in (field, 1.0))
    for spin in range(size):
        jump = oracle.on(np.array([[0.0, 1.0], [1.0, 0.0]]), spin, size)
        total = total + GAMMA * (np.kron(jump, jump) - np.eye(dim**2))
    both = np.block([[total, np.zeros_like(total)], [drive, total]])
    end = expm(both * time) @ np.concatenate([np.outer(state, state).ravel(), np.zeros(dim**2)])
    rho, slope = end.reshape(2, dim, dim)
    system = 0.5 * (np.kron(rho, np.eye(dim)) + np.kron(np.eye(dim), rho.T))
    return float(np.trace(slope @ lstsq(system, slope.ravel())[0].reshape(dim, dim)).real / time**2)


def test_transverse_noise_makes_the_gain_depend_on_the_field():
    noise, found = LocalNoise(transverse=GAMMA), []
    for field in (0.1, 3.0):
        found.append(qsense.gain(Probe.ghz(2), noise, [1.5], field=field)[0])
        assert found[-1] == pytest.approx(transverse_gain(paper.ghz(2), 1.5, field), abs=1e-8)
    assert abs(found[0] - found[1]) > 0.1
    for noise in (DEPHASING, EMISSION):
        assert qsense.gain(Probe.ghz(2), noise, [1.5], field=0.1) == qsense.gain(Probe.ghz(2), noise, [1.5], field=3.0)


@pytest.mark.parametrize("size", [1, 2, 4])
def test_the_purity_proxy_stops_growing_with_n(size):
    total = paper.signs(size).sum(1)

    def proxy(gamma_t):
        slope = -0.5j * np.subtract.outer(total, total) * paper.dephased(paper.plus(size), gamma_t)
        return 2 * np.trace(slope @ slope).real

    assert sub_gain(Probe.product(size), DEPHASING, np.array([0.7]))[0] == pytest.approx(proxy(0.7 * GAMMA), abs=1e-13)
    assert paper.integral(proxy) == pytest.approx((1 - 2.0**-size) / 2, rel=1e-9)
