"""Section II of the paper (local dephasing): its formulas, the Lindblad equation and qsense say the same."""

import numpy as np
import oracle
import paper_formulas as paper
import pytest
from paper_order import of_qsense, shown

import qsense
from qsense import LocalNoise, Probe
from qsense.theory.entanglement import concurrence, entanglement_of_formation

GAMMA = 0.3
DEPHASING = LocalNoise(dephasing=GAMMA)
TIMES = np.array([0.0, 0.2, 0.9, 2.5])
# Direct formulas in double precision; G is at most N² = 25.
ROUNDING = 1e-12


def test_equation_7_solves_the_lindblad_equation():
    state, rates = paper.random_state(3, 1), np.array([0.1, 0.3, 0.7])
    rho, _ = oracle.state_and_slope(state, 0.8, 0.6, rates, [0] * 3, [0] * 3)
    assert np.allclose(paper.dephased(state, rates * 0.8, 0.6 * 0.8), rho, rtol=0, atol=1e-12)


@pytest.mark.parametrize("time", TIMES)
def test_the_dense_engine_is_equation_7(time):
    state = paper.random_state(3, 2)
    expected = paper.dephased(state, GAMMA * time, 0.6 * time)
    assert np.allclose(shown(of_qsense(state), DEPHASING, time, field=0.6), expected, rtol=0, atol=ROUNDING)


@pytest.mark.parametrize("seed", range(3))
def test_equation_9_is_the_gain_of_any_probe(seed):
    state = paper.random_state(3, seed)
    found = qsense.gain(of_qsense(state), DEPHASING, [0.5])[0]
    assert found == pytest.approx(paper.gain(paper.dephased(state, GAMMA * 0.5)), abs=ROUNDING)
    # 1e-9: the referee's exponential and linear solve, as in tests/theory/test_theory.py.
    assert found == pytest.approx(oracle.gain(state, 0.5, 0.6, [GAMMA] * 3, [0] * 3, [0] * 3), abs=1e-9)


def test_the_first_line_of_equation_9_is_misprinted():
    rho = paper.dephased(paper.ghz(2), 0.1)
    total = paper.signs(2).sum(1)
    slope = -0.5j * np.subtract.outer(total, total) * rho
    values, vectors = np.linalg.eigh(rho)
    printed = inside = 0.0
    for m in range(4):
        for n in range(4):
            if values[m] + values[n] > 1e-12:
                terms = np.outer(vectors[:, m].conj(), vectors[:, n]) * slope
                printed += 2 * (np.abs(terms) ** 2).sum() / (values[m] + values[n])
                inside += 2 * np.abs(terms.sum()) ** 2 / (values[m] + values[n])
    assert inside == pytest.approx(qsense.gain(Probe.ghz(2), LocalNoise(dephasing=0.1), [1.0])[0], abs=ROUNDING)
    assert abs(printed - inside) > 0.1


@pytest.mark.parametrize("size", [1, 2, 3, 5])
def test_equations_11_and_12_are_the_gain_of_ghz(size):
    probe = Probe.ghz(size)
    expected = [paper.gain(paper.dephased(paper.ghz(size), GAMMA * t)) for t in TIMES]
    assert np.allclose(qsense.gain(probe, DEPHASING, TIMES), expected, rtol=0, atol=ROUNDING)
    assert np.allclose(expected, size**2 * np.exp(-4 * size * GAMMA * TIMES), rtol=0, atol=ROUNDING)
    assert qsense.integrated_gain(probe, DEPHASING).value == pytest.approx(size / (4 * GAMMA), rel=1e-14)


def test_two_product_spins_stay_a_product():
    for time in TIMES:
        one = shown(Probe.product(1), DEPHASING, time, field=0.6)
        coherence = np.exp(-2 * GAMMA * time - 0.6j * time)
        assert np.allclose(one, np.array([[1, coherence], [coherence.conj(), 1]]) / 2, rtol=0, atol=ROUNDING)  # Eq. 14
        assert np.allclose(shown(Probe.product(2), DEPHASING, time, field=0.6), np.kron(one, one), atol=ROUNDING)


@pytest.mark.parametrize("noise", [DEPHASING, LocalNoise(emission=GAMMA)])
def test_a_mixture_of_products_has_no_entanglement_of_formation(noise):
    for time in TIMES:
        # The paper's argument: eigenstates of each spin's ρ give a decomposition into products.
        values, vectors = np.linalg.eigh(shown(Probe.product(1), noise, time, field=0.6))
        mixture = np.zeros((4, 4), dtype=complex)
        for p, first in zip(values, vectors.T, strict=True):
            for q, second in zip(values, vectors.T, strict=True):
                state = np.kron(first, second)
                mixture += p * q * np.outer(state, state.conj())
        rho = shown(Probe.product(2), noise, time, field=0.6)
        assert np.allclose(rho, mixture, rtol=0, atol=ROUNDING)
        # 1e-12: rounding of 1e-15 in the concurrence; E has C² ln C of it.
        assert entanglement_of_formation(rho) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize(("noise", "rate"), [(DEPHASING, 4 * GAMMA), (LocalNoise(emission=GAMMA), 2 * GAMMA)])
def test_a_ghz_pair_stays_entangled(noise, rate):
    for time in TIMES:
        rho = shown(Probe.ghz(2), noise, time, field=0.6)
        assert concurrence(rho) == pytest.approx(np.exp(-rate * time), abs=1e-12)
        larger = (1 + np.sqrt(1 - np.exp(-2 * rate * time))) / 2
        entropy = -sum(p * np.log2(p) for p in (larger, 1 - larger) if p > 0)
        assert entanglement_of_formation(rho) == pytest.approx(entropy, abs=1e-12)
        # Peres: an entangled pair has a negative eigenvalue of the partial transpose.
        turned = rho.reshape(2, 2, 2, 2).transpose(0, 3, 2, 1).reshape(4, 4)
        assert np.linalg.eigvalsh(turned)[0] < -1e-4


def test_equations_15_to_18_are_the_eigenvectors():
    for time in TIMES:
        rho, a, turn = shown(Probe.product(2), DEPHASING, time, 0.6), np.exp(-2 * GAMMA * time), np.exp(0.6j * time)
        pairs = [((1 + s * a) ** 2 / 4, np.array([1, s * turn, s * turn, turn**2]) / 2) for s in (1, -1)]
        pairs += [((1 - a**2) / 4, np.array(v) / np.sqrt(2)) for v in ([1, 0, 0, -(turn**2)], [0, 1, -1, 0])]
        for value, vector in pairs:
            assert np.allclose(rho @ vector, value * vector, rtol=0, atol=ROUNDING)
        assert np.allclose(np.linalg.eigvalsh(rho), sorted(value for value, _ in pairs), rtol=0, atol=ROUNDING)


@pytest.mark.parametrize("size", [1, 2, 4])
def test_equations_19_to_25_are_the_gain_of_product_spins(size):
    probe = Probe.product(size)
    expected = [paper.gain(paper.dephased(paper.plus(size), GAMMA * t)) for t in TIMES]
    assert np.allclose(qsense.gain(probe, DEPHASING, TIMES), expected, rtol=0, atol=ROUNDING)
    assert np.allclose(expected, size * np.exp(-4 * GAMMA * TIMES), rtol=0, atol=ROUNDING)
    assert qsense.integrated_gain(probe, DEPHASING).value == pytest.approx(size / (4 * GAMMA), rel=1e-14)


def test_ghz_leads_in_every_finite_window():
    for until in (0.01, 1.0, 10.0):
        ghz, product = (
            qsense.integrated_gain(p, DEPHASING, until=until).value for p in (Probe.ghz(3), Probe.product(3))
        )
        assert ghz == pytest.approx(3 / (4 * GAMMA) * -np.expm1(-12 * GAMMA * until), rel=1e-10)
        assert product == pytest.approx(3 / (4 * GAMMA) * -np.expm1(-4 * GAMMA * until), rel=1e-10)
        assert ghz > product


def test_equation_22_adds_the_spins():
    rates = np.array([0.1, 0.3, 0.7])
    found = qsense.gain(Probe.product(3), LocalNoise(dephasing=rates), [0.8])[0]
    assert found == pytest.approx(np.exp(-4 * rates * 0.8).sum(), abs=ROUNDING)
    assert found == pytest.approx(paper.gain(paper.dephased(paper.plus(3), rates * 0.8)), abs=ROUNDING)
    assert found == pytest.approx(oracle.gain(paper.plus(3), 0.8, 0.6, rates, [0] * 3, [0] * 3), abs=1e-9)


def test_equation_26_holds_late_only():
    noise = LocalNoise(dephasing=[0.02, 0.2, 0.2, 0.2])
    early, late = qsense.gain(Probe.product(4), noise, [0.1, 20.0]) / np.exp(-4 * 0.02 * np.array([0.1, 20.0]))
    assert late == pytest.approx(1, abs=1e-5)
    assert early > 3.5


def test_unequal_rates_break_the_equality():
    rates = np.array([0.02, 0.2, 0.2, 0.2])
    ghz, product = (qsense.integrated_gain(p(4), LocalNoise(dephasing=rates)).value for p in (Probe.ghz, Probe.product))
    states = [paper.ghz(4), paper.plus(4)]
    by_hand = [paper.integral(lambda t, s=s: paper.gain(paper.dephased(s, rates * t)), last=400.0) for s in states]
    # 1e-7: what is beyond 400 s, and the quadrature of a sum of very different exponentials.
    assert [ghz, product] == pytest.approx(by_hand, rel=1e-7)
    assert ghz < 0.5 * product


@pytest.mark.parametrize("size", [2, 3, 6])
def test_equation_28_is_where_the_gains_are_equal(size):
    time = qsense.crossover(size, DEPHASING)
    assert time == pytest.approx(np.log(size) / (4 * (size - 1) * GAMMA), rel=1e-12)
    ghz, product = (paper.gain(paper.dephased(s, GAMMA * time)) for s in (paper.ghz(size), paper.plus(size)))
    assert ghz == pytest.approx(product, rel=1e-10)
    assert time <= 1 / (4 * GAMMA)


@pytest.mark.parametrize("tilt", [-0.8, 0.0, 0.6])
def test_equations_29_to_33_are_a_tilted_spin(tilt):
    alpha, beta = np.sqrt((1 + tilt) / 2), np.sqrt((1 - tilt) / 2)
    for time in TIMES:
        rho = shown(Probe.product(1, tilt), DEPHASING, time, field=0.6)
        decay, turn = np.exp(-2 * GAMMA * time), np.exp(0.6j * time)
        cross = alpha * beta * decay * turn
        assert np.allclose(rho, [[alpha**2, cross.conjugate()], [cross, beta**2]], rtol=0, atol=ROUNDING)  # Eq. 29
        kappa = 1 - 4 * alpha**2 * beta**2 * (1 - decay**2)
        lengths = []
        for sign in (1, -1):  # Eqs. 30, 31
            vector = np.array([1, turn / decay / (2 * alpha * beta) * (1 - 2 * alpha**2 + sign * np.sqrt(kappa))])
            assert np.allclose(rho @ vector, (1 + sign * np.sqrt(kappa)) / 2 * vector, rtol=0, atol=1e-11)
            lengths.append(np.linalg.norm(vector))
        found = qsense.gain(Probe.product(1, tilt), DEPHASING, [time])[0]
        assert found == pytest.approx(4 * kappa / (lengths[0] * lengths[1]) ** 2, rel=1e-11)  # Eq. 32
        assert found == pytest.approx((1 - tilt**2) * decay**2, rel=1e-12)  # Eq. 33
