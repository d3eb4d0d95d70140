"""Phase estimates: the sign is as stated, the variance is what Eq. 60 allows, ambiguities are settled or said.

Statistical tests are seeded. A right estimator fails one of them less than once in 10⁴ seeds.
"""

import numpy as np
import pytest
import synthetic

from qsense.errors import ArgumentError
from qsense.estimators import ghz, phase, product
from qsense.estimators.phase import phase_model
from qsense.estimators.phase.phase_model import FringeModel
from qsense.estimators.shifts import parameter_shift

NOISE = np.array([[0.1, 0.05, 0.02], [0.2, 0.1, 0.3], [0.05, 0.1, 0.0]])
QUADRATURES = (0.0, np.pi / 2)


def state_of(readout):
    psi = np.sqrt([0.5, 0, 0, 0, 0, 0, 0, 0.5]) if readout != "local_x" else np.full(8, np.sqrt(1 / 8))
    return synthetic.state(psi, NOISE, 0.5)


def spin_coherences():
    return np.exp(-((NOISE[1] + NOISE[2]) / 2 + 2 * NOISE[0]) * 0.5)


def designs(readout):
    own = phase_model.design(readout, 3, 0.3, QUADRATURES)
    others = [parameter_shift.design(readout, 3, 0.3)]
    others.append(product.design(3, 0.3)[1] if readout == "local_x" else ghz.design(3, 0.3, readout)[1])
    return own[0], [own[1], *others]


@pytest.mark.parametrize("readout", ["parity", "loss_flag", "local_x"])
def test_the_fringes_are_those_of_a_circuit_that_turns_by_plus_theta(readout):
    rho = state_of(readout)
    ending, several = designs(readout)
    theta = 0.47
    for settings in several:
        exact = synthetic.as_counts(synthetic.read(rho, ending, settings.at(theta - 0.3)))
        visibility = spin_coherences() if readout == "local_x" else 2 * abs(rho[0, -1])
        population = (rho[0, 0] + rho[-1, -1]).real if readout == "loss_flag" else 1.0
        fringes = phase_model.fringes_of(settings, 0.3, readout, visibility, population)
        shares = phase_model.shares_of(exact, settings, readout)
        measured = shares / shares.sum(-1, keepdims=True)
        assert fringes.probabilities(np.array(theta)) == pytest.approx(measured, abs=1e-9)
        # The opposite sign of θ would not do.
        assert np.abs(fringes.probabilities(np.array(-theta)) - measured).max() > 0.05


@pytest.mark.parametrize("readout", ["parity", "loss_flag", "local_x"])
def test_an_estimate_of_exact_counts_is_the_angle_with_its_sign(readout):
    rho = state_of(readout)
    ending, settings = phase_model.design(readout, 3, 0.3, QUADRATURES)
    visibility = spin_coherences() if readout == "local_x" else 2 * abs(rho[0, -1])
    population = (rho[0, 0] + rho[-1, -1]).real if readout == "loss_flag" else 1.0
    fringes = phase_model.fringes_of(settings, 0.3, readout, visibility, population)
    for theta in (0.47, -0.2):
        counts = synthetic.as_counts(synthetic.read(rho, ending, settings.at(theta - 0.3)), shots=10**6)
        shares = phase_model.shares_of(counts, settings, readout)
        for method in ("maximum_likelihood", "bayes"):
            found = phase.estimate(fringes, shares, (theta - 1.0, theta + 0.9), method)
            assert found.angle == pytest.approx(theta, abs=1e-5)
            assert found.aliases == ()
            assert found.weight == pytest.approx(1)
    field = found.field(2.0)
    assert field.value == pytest.approx(-0.1, abs=1e-5)
    assert field.stderr == pytest.approx(found.stderr / 2)


def fringe_rows(fringes, theta):
    return fringes.probabilities(np.array(theta))


def mid_fringe(size, readout, block):
    population = block.population if readout == "loss_flag" else 1.0
    return FringeModel(np.array([size]), np.array([-np.pi / 2]), np.array([block.visibility]), np.array([population]))


@pytest.mark.parametrize("noise", synthetic.NOISES)
@pytest.mark.parametrize("size", synthetic.SIZES)
def test_the_variance_reaches_the_classical_limit_and_the_loss_flag_the_quantum_one(size, noise):
    rng = np.random.default_rng(size)
    shots, repetitions = 2000, 4000
    block = synthetic.ghz(noise, size, synthetic.ghz_time(noise, size, 0.7))
    for readout in ("parity", "loss_flag"):
        fringes = mid_fringe(size, readout, block)
        theta = 0.05 / size
        shares = synthetic.draw(rng, fringe_rows(fringes, theta), shots, repetitions)
        found = phase.maximum_likelihood(fringes, shares, (-1.2 / size, 1.2 / size))
        classical = float(fringes.information(np.array(theta), np.array([shots])))
        result = phase.efficiency(found, theta, classical, shots * block.gain)
        # Five standard errors of a variance from 4000 repetitions, 11 %.
        assert abs(result.against_classical - 1) < 5 * result.relative_error
        assert result.against_quantum > 1 - 5 * result.relative_error
        reach = 1.0 if readout == "loss_flag" else 1 / block.population
        assert abs(result.against_quantum / reach - 1) < 5 * result.relative_error + 0.01  # 0.05 off mid-fringe
        assert abs(found.mean() - theta) < 4.5 * found.std() / np.sqrt(repetitions)


def test_the_variance_of_a_product_probe_reaches_the_quantum_limit():
    rng = np.random.default_rng(1)
    c = synthetic.coherences("mixed", 32, synthetic.product_time("mixed", 32, 0.7))
    fringes = FringeModel(np.ones(32, dtype=int), np.full(32, -np.pi / 2), c, np.ones(32))
    shares = synthetic.draw(rng, fringe_rows(fringes, 0.02), 300, 3000)
    found = phase.maximum_likelihood(fringes, shares, (-1.2, 1.2))
    result = phase.efficiency(
        found, 0.02, float(fringes.information(np.array(0.02), np.full(32, 300))), 300 * np.sum(c**2)
    )
    assert abs(result.against_quantum - 1) < 5 * result.relative_error


def test_an_estimator_that_wastes_a_quarter_of_the_shots_fails_the_same_test():
    # The control.
    rng = np.random.default_rng(2)
    block = synthetic.ghz("emission", 8, synthetic.ghz_time("emission", 8, 0.7))
    fringes = mid_fringe(8, "loss_flag", block)
    shares = synthetic.draw(rng, fringe_rows(fringes, 0.0), 1500, 4000)
    found = phase.maximum_likelihood(fringes, shares, (-0.15, 0.15))
    result = phase.efficiency(
        found, 0.0, float(fringes.information(np.array(0.0), np.array([2000]))), 2000 * block.gain
    )
    assert result.against_classical - 1 > 5 * result.relative_error


def test_intervals_of_both_methods_cover():
    rng = np.random.default_rng(3)
    fringes = FringeModel(np.array([8, 8]), np.array([0.0, np.pi / 2]), np.array([0.7, 0.7]), np.array([0.8, 0.8]))
    window = (-np.pi / 8, np.pi / 8)
    hits = {"maximum_likelihood": 0, "bayes": 0}
    for _ in range(400):
        theta = rng.uniform(-0.3, 0.3)
        shares = synthetic.draw(rng, fringe_rows(fringes, theta), 100, 1)[0]
        for method in hits:
            low, high = phase.estimate(fringes, shares, window, method).interval
            hits[method] += low <= theta <= high
    # At 95 % fewer than 361 or more than 396 of 400 happens once in 10⁴ seeds.
    assert all(361 <= n <= 396 for n in hits.values()), hits


def rungs(sizes, block):
    return phase_model.joined(
        [FringeModel(np.full(2, n), np.array([0.0, np.pi / 2]), np.full(2, block), np.ones(2)) for n in sizes]
    )


def test_a_ladder_of_sizes_settles_the_ambiguity():
    rng = np.random.default_rng(4)
    fringes = rungs(phase_model.ladder(64), 0.8)
    theta, shots = 2.3, 200
    shares = synthetic.draw(rng, fringe_rows(fringes, theta), shots, 400)
    found = phase.maximum_likelihood(fringes, shares, (-np.pi, np.pi))
    result = phase.efficiency(found, theta, float(fringes.information(np.array(theta), np.full(14, shots))), 1.0)
    # No repetition in a wrong fringe, and the scatter is the limit's: five standard errors of 400 repetitions.
    assert np.abs(found - theta).max() < np.pi / 64
    assert abs(result.against_classical - 1) < 5 * result.relative_error
    one = phase.estimate(fringes, shares[0], (-np.pi, np.pi))
    assert one.aliases == ()
    assert one.weight == pytest.approx(1, abs=1e-6)


def test_a_single_large_probe_says_that_it_is_ambiguous():
    rng = np.random.default_rng(5)
    fringes = rungs([64], 0.8)
    shares = synthetic.draw(rng, fringe_rows(fringes, 2.3), 200, 1)[0]
    for method in ("maximum_likelihood", "bayes"):
        found = phase.estimate(fringes, shares, (-np.pi, np.pi), method)
        assert len(found.aliases) == 63
        assert found.weight == pytest.approx(1 / 64, rel=0.05)


def test_one_quadrature_cannot_tell_an_angle_from_its_mirror_image():
    fringes = FringeModel(np.array([2]), np.array([np.pi / 2]), np.array([0.8]), np.array([1.0]))
    shares = np.array([[700, 300, 0]])
    wide = phase.estimate(fringes, shares, (-np.pi / 2, np.pi / 2))
    mirrored = np.pi / 2 - wide.angle
    assert wide.aliases == (pytest.approx(mirrored, abs=1e-6),)
    narrow = phase.estimate(fringes, shares, (-np.pi / 4, np.pi / 4))
    assert narrow.aliases == ()
    assert narrow.angle == pytest.approx(0.5 * np.arcsin(0.4 / 0.8), abs=1e-9)


def test_windows_visibilities_and_counts_that_make_no_sense_are_refused():
    fringes = FringeModel(np.array([2]), np.array([0.0]), np.array([0.8]), np.array([1.0]))
    with pytest.raises(ArgumentError, match="two increasing angles"):
        phase.estimate(fringes, np.array([[1, 2, 0]]), (1.0, 0.0))
    with pytest.raises(ArgumentError, match="must have 1 readouts, but has 2"):
        phase.estimate(fringes, np.array([[1, 2, 0], [1, 2, 0]]), (0.0, 1.0))
    with pytest.raises(ArgumentError, match="no visibility or no shots"):
        phase.estimate(fringes, np.array([[0, 0, 0]]), (0.0, 1.0))
    with pytest.raises(ArgumentError, match="give a narrower one"):
        phase.estimate(fringes, np.array([[10**9, 10**9, 0]]), (0.0, 1000.0))
    _, settings = phase_model.design("parity", 2, 0.0)
    with pytest.raises(ArgumentError, match=r"`visibility` must be in \[0, 1.0\], but is 1.2"):
        phase_model.fringes_of(settings, 0.0, "parity", 1.2)
    with pytest.raises(ArgumentError, match="`population`"):
        phase_model.fringes_of(settings, 0.0, "loss_flag", 0.5, 1.2)
    with pytest.raises(ArgumentError, match="`time` must be positive"):
        phase.estimate(fringes, np.array([[10, 20, 0]]), (0.0, 1.0)).field(0.0)
