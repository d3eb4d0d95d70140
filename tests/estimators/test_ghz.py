"""GHZ block: the design reads the block that it says, G is unbiased, and its intervals cover, from 1 to 100 spins.

Statistical tests are seeded. A right estimator fails one of them less than once in 10⁴ seeds.
"""

import numpy as np
import oracle
import pytest
import synthetic
from cases import spread
from synthetic import LIFETIMES, NOISES, SIZES

from qsense.errors import ArgumentError
from qsense.estimators import floor, ghz, tally
from qsense.estimators.fringe import as_estimates, squared_visibility, stderr
from qsense.estimators.ghz.multiple_quantum import full_scan

METHODS = ("loss_flag", "parity", "multiple_quantum")
REPETITIONS = 3000


def estimates(found, size):
    return as_estimates(found, (0.0, float(size**2)))


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_design_reads_the_gain_of_the_lindblad_equation(method, size):
    rng = np.random.default_rng(size)
    noise = rng.uniform(0.05, 0.3, (3, size))
    psi = np.zeros(2**size)
    psi[[0, -1]] = np.sqrt(0.5)
    rho = synthetic.state(psi, noise, 0.8)
    exact = oracle.gain(oracle.in_paper_order(psi), 0.8, 0.3, *noise)
    for angles in (None, (0.4, 1.3, 3.0, 5.0)):
        ending, settings = ghz.design(size, phase=0.9, method=method, angles=angles)
        counts = synthetic.as_counts(synthetic.read(rho, ending, settings))
        assert ghz.estimate(counts, method, angles).value == pytest.approx(exact, rel=1e-8)


@pytest.mark.parametrize("method", ["loss_flag", "parity"])
def test_the_top_of_the_fringe_alone_is_enough_where_the_phase_is_as_expected(method):
    psi = np.sqrt([0.5, 0, 0, 0, 0, 0, 0, 0.5])
    noise = np.array([[0.1] * 3, [0.2] * 3, [0.05] * 3])
    ending, settings = ghz.design(3, phase=0.9, method=method, angles=(0.0,))
    counts = synthetic.as_counts(synthetic.read(synthetic.state(psi, noise, 0.8), ending, settings))
    exact = oracle.gain(oracle.in_paper_order(psi), 0.8, 0.3, *noise)
    assert ghz.estimate(counts, method, (0.0,)).value == pytest.approx(exact, rel=1e-8)


@pytest.mark.parametrize("method", METHODS)
def test_a_phase_that_is_not_as_expected_does_no_harm(method):
    psi = np.sqrt([0.5, 0, 0, 0.5])
    rho = synthetic.state(psi, np.array([[0.1] * 2, [0.2] * 2, [0.05] * 2]), 0.8)
    ending, settings = ghz.design(2, 0.0, method)
    moved = [settings.at(off) for off in (0.0, 0.5, 2.0)]
    values = [ghz.estimate(synthetic.as_counts(synthetic.read(rho, ending, m)), method).value for m in moved]
    assert np.ptp(values) < 1e-6


@pytest.mark.parametrize("method", METHODS)
def test_the_block_is_read_with_its_phase(method):
    psi = np.sqrt([0.5, 0, 0, 0.5])
    rho = synthetic.state(psi, np.array([[0.1] * 2, [0.2] * 2, [0.05] * 2]), 0.8)
    ending, settings = ghz.design(2, 0.3, method)
    moved = settings.at(0.1)
    block = ghz.block(synthetic.as_counts(synthetic.read(rho, ending, moved)), method)
    offset = np.arctan2(-block.across.value, block.along.value)
    expected = 2 * 0.1 if method != "multiple_quantum" else 2 * 0.4  # its angles do not follow the signal
    assert offset == pytest.approx(expected, abs=1e-6)
    assert np.hypot(block.along.value, block.across.value) == pytest.approx(2 * abs(rho[0, -1]), abs=1e-6)
    assert block.population.value == pytest.approx((rho[0, 0] + rho[-1, -1]).real, abs=1e-6)


@pytest.mark.parametrize(("method", "noise", "lifetimes"), spread(3, METHODS, NOISES, LIFETIMES))
def test_the_gain_is_unbiased_and_its_interval_covers_at_any_size(method, noise, lifetimes):
    rng = np.random.default_rng(11)
    for size in SIZES:
        block = synthetic.ghz(noise, size, synthetic.ghz_time(noise, size, lifetimes))
        angles = ghz.fringe_angles(method)
        shares = synthetic.draw(rng, synthetic.ghz_rows(method, block, angles, offset=0.4), 500, REPETITIONS)
        found = ghz.gains(shares, size, method)
        spread = found.value.std()
        # 4.5 standard errors of the mean: a right estimator fails once in 10⁵ seeds.
        assert abs(found.value.mean() - block.gain) < 4.5 * spread / np.sqrt(REPETITIONS)
        # At 95 % fewer than 2800 or more than 2897 of 3000 happens once in 10⁵ seeds.
        assert 2800 / 3000 <= synthetic.covered(estimates(found, size), block.gain) <= 2897 / 3000
        assert 0.92 < np.sqrt(np.mean(stderr(found, (0, size**2)) ** 2)) / spread < 1.1


@pytest.mark.parametrize("method", METHODS)
def test_few_shots_bring_no_bias_either(method):
    rng = np.random.default_rng(5)
    block = synthetic.Ghz(0.5, 0.3, 100**2 * 0.3**2 / 0.5)
    shares = synthetic.draw(rng, synthetic.ghz_rows(method, block, ghz.fringe_angles(method)), 40, 40000)
    found = ghz.gains(shares, 100, method)
    # 4.5 standard errors; without its correction each estimate is off by more than 60.
    assert abs(found.value.mean() - block.gain) < 4.5 * found.value.std() / 200
    assert found.plug_in.mean() - block.gain > 60 * found.value.std() / 200


@pytest.mark.parametrize("method", METHODS)
def test_a_ratio_with_a_noisy_population_brings_no_bias_either(method):
    rng = np.random.default_rng(7)
    block = synthetic.Ghz(0.5, 0.5, 8**2 * 0.5)
    shares = synthetic.draw(rng, synthetic.ghz_rows(method, block, ghz.fringe_angles(method)), 60, 40000)
    found = ghz.gains(shares, 8, method)
    # 4.5 standard errors, about 1 %; a plain ratio to the measured population would be 1.7 % too high for parity. Of
    # second order in 1/shots, 0.2 %, is left for the one method that corrects the first order only.
    left = 0.002 * block.gain * (method == "multiple_quantum")
    assert abs(found.value.mean() - block.gain) < 4.5 * found.value.std() / 200 + left


@pytest.mark.parametrize("method", METHODS)
def test_intervals_cover_where_there_is_no_gain_at_all(method):
    rng = np.random.default_rng(6)
    block = synthetic.Ghz(0.5, 0.0, 0.0)
    shares = synthetic.draw(rng, synthetic.ghz_rows(method, block, ghz.fringe_angles(method)), 500, REPETITIONS)
    found = estimates(ghz.gains(shares, 32, method), 32)
    assert 2790 / 3000 <= synthetic.covered(found, 0.0) <= 2940 / 3000
    assert min(e.value for e in found) < 0  # not clipped
    assert all(0 <= e.interval[0] <= e.interval[1] <= 32**2 for e in found)


def test_the_plug_in_value_fails_the_same_test():
    # The control: the same counts without the noise taken off.
    rng = np.random.default_rng(11)
    block = synthetic.ghz("dephasing", 8, synthetic.ghz_time("dephasing", 8, 4.0))
    shares = synthetic.draw(rng, synthetic.ghz_rows("parity", block, (0, np.pi / 2)), 200, REPETITIONS)
    found = ghz.gains(shares, 8, "parity")
    assert found.plug_in.mean() - block.gain > 10 * found.plug_in.std() / np.sqrt(REPETITIONS)


def test_error_bars_that_are_too_small_fail_the_same_test():
    # The control of coverage: half the spread must not pass for 95 %.
    rng = np.random.default_rng(11)
    block = synthetic.ghz("emission", 8, synthetic.ghz_time("emission", 8, 0.7))
    found = ghz.gains(
        synthetic.draw(rng, synthetic.ghz_rows("loss_flag", block, (0, np.pi / 2)), 500, REPETITIONS), 8, "loss_flag"
    )
    halved = found._replace(spread=found.spread / 4)
    assert synthetic.covered(estimates(halved, 8), block.gain) < 0.75


def test_the_variance_of_a_squared_visibility_is_exact():
    # All outcomes of 3 and 4 shots at two angles, enumerated.
    from itertools import product
    from math import comb

    angles, shots = np.array([0.2, 1.9]), np.array([3, 4])
    means = 0.7 * np.cos(angles - 0.5)
    values, weights = [], []
    for ups in product(range(4), range(5)):
        p = [
            comb(n, k) * ((1 + m) / 2) ** k * ((1 - m) / 2) ** (n - k)
            for n, k, m in zip(shots, ups, means, strict=True)
        ]
        signs = (2 * np.array(ups) - shots) / shots
        values.append(squared_visibility(signs, shots.astype(float), angles).value)
        weights.append(np.prod(p))
    mean = np.average(values, weights=weights)
    assert mean == pytest.approx(0.49, abs=1e-12)
    law = squared_visibility(means, shots.astype(float), angles).spread
    variance = np.average((np.array(values) - mean) ** 2, weights=weights)
    assert law @ [1, 0.49, 0.49**2] == pytest.approx(variance, rel=1e-12)


def test_the_loss_flag_at_the_top_of_the_fringe_reaches_the_quantum_limit():
    # No unbiased measurement of single copies scatters less than Var(A), A = N²[2(V/P) X − (V/P)² Π] (see floor.py).
    rng = np.random.default_rng(2)
    for noise in NOISES:
        block = synthetic.ghz(noise, 32, synthetic.ghz_time(noise, 32, 0.7))
        found = ghz.gains(
            synthetic.draw(rng, synthetic.ghz_rows("loss_flag", block, (0.0,)), 2000, 4000), 32, "loss_flag", (0.0,)
        )
        ratio = found.value.var() / (floor.ghz_variance(32, block.population, block.visibility) / 2000)
        # The variance of 4000 repetitions is known to 2.2 %.
        assert 0.9 < ratio < 1.1


def test_the_physical_floor_is_the_variance_of_the_gradient_operator():
    size, p_up, p_down, c = 3, 0.3, 0.42, 0.2
    rho = np.diag([p_down, *np.full(6, (1 - p_up - p_down) / 6), p_up]).astype(complex)
    rho[0, -1] = rho[-1, 0] = c

    def gain(state):
        return size**2 * 4 * abs(state[0, -1]) ** 2 / (state[0, 0] + state[-1, -1]).real

    gradient = np.zeros(
        (8, 8), dtype=complex
    )  # dG = Tr(A dρ), by finite differences over a basis of Hermitian matrices
    for i in range(8):
        for j in range(8):
            step = np.zeros((8, 8), dtype=complex)
            for factor in (1, 1j) if i < j else (1,) if i == j else ():
                step[:] = 0
                step[i, j] += factor
                step[j, i] += np.conj(factor) if i != j else 0
                change = (gain(rho + 1e-6 * step) - gain(rho - 1e-6 * step)) / 2e-6
                gradient += change * step / (1 if i == j else 2)
    variance = (np.trace(rho @ gradient @ gradient) - np.trace(rho @ gradient) ** 2).real
    assert floor.ghz_variance(size, p_up + p_down, 2 * c) == pytest.approx(variance, rel=1e-6)


@pytest.mark.parametrize("size", [3, 100])
def test_tallies_of_packed_shots_count_as_bits_do(size):
    rng = np.random.default_rng(size)
    bits = rng.integers(0, 2, (60, size))
    bits[:7], bits[7:12], bits[40:44] = 0, 1, 0
    bits[12:15] = np.eye(size)[0]
    counts = synthetic.packed(bits, [0, 25, 60])
    rows = (bits[:25], bits[25:])
    assert tally.parity(counts).tolist() == [[sum(s.sum() % 2 == k for s in row) for k in (0, 1)] for row in rows]
    assert tally.alike(counts)[:, 0].tolist() == [sum(s.sum() in (0, size) for s in row) for row in rows]
    assert tally.returned(counts)[:, 0].tolist() == [sum(s.sum() == 0 for s in row) for row in rows]
    assert tally.flagged(counts).tolist() == [
        [sum(s[0] == k and s[1:].sum() == 0 for s in row) for k in (0, 1)] + [sum(s[1:].any() for s in row)]
        for row in rows
    ]
    assert tally.ups(counts).sum(1).tolist() == [25, 35]
    assert np.array_equal(tally.per_spin(counts)[..., 1], [row.sum(0) for row in rows])


def test_all_shots_flagged_leaves_an_error_bar():
    from qsense.circuits.counts import Counts

    counts = Counts.from_histograms(4, [{2: 100}, {2: 100}])
    found = ghz.estimate(counts)
    assert found.value == 0
    assert 0.01 < found.interval[1] < 16 * 0.2


def test_wrong_angles_methods_and_counts_are_refused():
    with pytest.raises(ArgumentError, match="two directions"):
        ghz.design(3, 0.0, "parity", (0.3, 0.3 + np.pi))
    with pytest.raises(ArgumentError, match="three different fringe angles"):
        ghz.design(3, 0.0, "multiple_quantum", (0.0, np.pi))
    with pytest.raises(ArgumentError, match='Did you mean "parity"'):
        ghz.design(3, 0.0, "parties")
    counts = synthetic.as_counts(np.full((2, 8), 1 / 8))
    with pytest.raises(ArgumentError, match="must have 3 rows"):
        ghz.estimate(counts, "parity")
    with pytest.raises(ArgumentError, match="at least 5 shots"):
        ghz.estimate(synthetic.as_counts(np.full((2, 2), 0.5), shots=1), "loss_flag")


def test_a_full_scan_gives_the_same_gain():
    rng = np.random.default_rng(3)
    block = synthetic.ghz("mixed", 8, synthetic.ghz_time("mixed", 8, 0.7))
    angles = full_scan(8)
    shares = synthetic.draw(rng, synthetic.ghz_rows("multiple_quantum", block, angles), 300, REPETITIONS)
    found = ghz.gains(shares, 8, "multiple_quantum", angles)
    assert abs(found.value.mean() - block.gain) < 4.5 * found.value.std() / np.sqrt(REPETITIONS)
    assert 2800 / 3000 <= synthetic.covered(estimates(found, 8), block.gain) <= 2897 / 3000
