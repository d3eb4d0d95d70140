"""Product probe: three settings give every spin's Bloch vector, G is unbiased, and its intervals cover at any size.

Statistical tests are seeded. A right estimator fails one of them less than once in 10⁴ seeds.
"""

import numpy as np
import oracle
import pytest
import synthetic
from cases import spread
from synthetic import LIFETIMES, NOISES, SIZES

from qsense.errors import ArgumentError
from qsense.estimators import floor, product, tally
from qsense.estimators.fringe import as_estimates, stderr
from qsense.estimators.product.spin_rates import coherence_rates

REPETITIONS = 3000


def estimates(found, size):
    return as_estimates(found, (0.0, float(size)))


@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_design_reads_the_gain_of_the_lindblad_equation(size):
    # Spins tilted out of the equator, each its own noise.
    rng = np.random.default_rng(size)
    noise = rng.uniform(0.05, 0.3, (3, size))
    psi = synthetic.together([np.array([[np.cos(0.5)], [np.sin(0.5)]])] * size)[:, 0]
    rho = synthetic.state(psi, noise, 0.8)
    exact = oracle.gain(oracle.in_paper_order(psi), 0.8, 0.3, *noise)
    ending, settings = product.design(size, phase=0.9)
    counts = synthetic.as_counts(synthetic.read(rho, ending, settings))
    assert product.estimate(counts).value == pytest.approx(exact, rel=1e-8)
    off = synthetic.as_counts(synthetic.read(rho, ending, settings.at(0.6)))
    assert product.estimate(off).value == pytest.approx(exact, rel=1e-8)


def test_the_design_follows_the_expected_phase():
    psi = np.full(4, 0.5)
    noise = np.array([[0.1] * 2, [0.2] * 2, [0.05] * 2])
    rho = synthetic.state(psi, noise, 0.8)
    ending, settings = product.design(2, phase=0.9, axes=("along",))
    value = product.estimate(synthetic.as_counts(synthetic.read(rho, ending, settings)), ("along",)).value
    assert value == pytest.approx(oracle.gain(oracle.in_paper_order(psi), 0.8, 0.3, *noise), rel=1e-8)


def test_the_information_of_one_spin_is_its_equatorial_bloch_vector_squared():
    rng = np.random.default_rng(0)
    pauli = np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])
    for _ in range(20):
        b = rng.normal(size=3)
        b *= rng.uniform(0.1, 0.95) / np.linalg.norm(b)
        rho = 0.5 * (np.eye(2) + np.einsum("k,kij->ij", b, pauli))
        slope = -0.5j * (pauli[2] @ rho - rho @ pauli[2])
        # The SLD's linear equation.
        sld = np.linalg.solve(0.5 * (np.kron(rho, np.eye(2)) + np.kron(np.eye(2), rho.T)), slope.ravel()).reshape(2, 2)
        assert np.trace(slope @ sld).real == pytest.approx(b[0] ** 2 + b[1] ** 2, rel=1e-10)


@pytest.mark.parametrize(("size", "noise", "lifetimes"), spread(3, SIZES, NOISES, LIFETIMES))
def test_the_gain_is_unbiased_and_its_interval_covers_at_any_size(size, noise, lifetimes):
    rng = np.random.default_rng(size)
    c = synthetic.coherences(noise, size, synthetic.product_time(noise, size, lifetimes))
    found = product.gains(synthetic.product_draw(rng, c, 500, REPETITIONS, product.AXES, offset=0.2))
    exact, spread = np.sum(c**2), found.value.std()
    # 4.5 standard errors of the mean: a right estimator fails once in 10⁵ seeds.
    assert abs(found.value.mean() - exact) < 4.5 * spread / np.sqrt(REPETITIONS)
    # At 95 % fewer than 2800 or more than 2897 of 3000 happens once in 10⁵ seeds.
    assert 2800 / 3000 <= synthetic.covered(estimates(found, size), exact) <= 2897 / 3000
    assert 0.93 < np.sqrt(np.mean(stderr(found, (0, size)) ** 2)) / spread < 1.07


def test_the_plug_in_value_and_small_error_bars_fail_the_same_test():
    # The controls.
    rng = np.random.default_rng(3)
    c = synthetic.coherences("emission", 32, synthetic.product_time("emission", 32, 2.5))
    found = product.gains(synthetic.product_draw(rng, c, 500, REPETITIONS, product.AXES, offset=0.2))
    assert found.plug_in.mean() - np.sum(c**2) > 20 * found.plug_in.std() / np.sqrt(REPETITIONS)
    halved = found._replace(spread=found.spread / 4)
    assert synthetic.covered(estimates(halved, 32), np.sum(c**2)) < 0.75


def test_a_hundred_spins_without_coherence_have_no_gain():
    rng = np.random.default_rng(4)
    found = product.gains(synthetic.product_draw(rng, np.zeros(100), 300, REPETITIONS, product.AXES))
    assert abs(found.value.mean()) < 4.5 * found.value.std() / np.sqrt(REPETITIONS)
    results = estimates(found, 100)
    assert 2790 / 3000 <= synthetic.covered(results, 0.0) <= 2950 / 3000
    outside = [e for e in results if e.is_unphysical]
    # No value in 0…100 agrees with an estimate far below 0: expected for 2.5 %, and said.
    assert 0.005 < len(outside) / 3000 < 0.04
    assert all(e.interval == (0.0, 0.0) for e in outside)


def test_with_the_phase_trusted_it_reaches_the_quantum_limit():
    rng = np.random.default_rng(5)
    c = synthetic.coherences("mixed", 32, synthetic.product_time("mixed", 32, 0.7))
    found = product.gains(synthetic.product_draw(rng, c, 2000, 4000, ("along",)), ("along",))
    # The variance of 4000 repetitions is known to 2.2 %.
    assert 0.9 < found.value.var() / (floor.product_variance(c) / 2000) < 1.1


def bit_counts(rng, bloch, shots, axes=product.AXES):
    """Counts of independent spins with the Bloch vectors (x, y, z), shape (spins, 3)."""
    columns = [product.AXES.index(axis) for axis in axes]
    up = np.concatenate([rng.random((shots, len(bloch))) < (1 - bloch[:, k]) / 2 for k in columns])
    return synthetic.packed(up, shots * np.arange(len(axes) + 1))


def test_the_bad_spin_is_found_among_a_hundred():
    rng = np.random.default_rng(7)
    bloch = np.tile([0.9, 0.1, 0.2], (100, 1))
    bloch[41] = [0.5, 0.05, 0.6]
    counts = bit_counts(rng, bloch, 1000)
    found = product.spins(counts)
    values, errors = np.array([(g.value, g.stderr) for g in found.gains]).T
    assert np.argmin(values) == 41
    # 4.5 standard errors of 300 numbers: once in 500 seeds for a right one; this seed passes.
    assert np.all(np.abs(found.bloch - bloch) < 4.5 * found.bloch_stderr)
    assert 0.88 < np.mean(np.abs(values - (bloch[:, :2] ** 2).sum(1)) < 1.96 * errors) <= 1
    assert product.estimate(counts).value == pytest.approx(values.sum(), rel=1e-12)


def test_an_axis_that_was_not_measured_is_not_made_up():
    rng = np.random.default_rng(8)
    found = product.spins(
        bit_counts(rng, np.tile([0.9, 0.1, 0.2], (3, 1)), 200, ("along", "across")), ("along", "across")
    )
    assert np.isnan(found.bloch[:, 2]).all()
    assert not np.isnan(found.bloch[:, :2]).any()


def test_repeated_axes_add_their_shots():
    rng = np.random.default_rng(9)
    c = np.array([0.8, 0.6])
    axes = ("along", "along", "across")
    found = product.gains(synthetic.product_draw(rng, c, 500, REPETITIONS, axes), axes)
    assert abs(found.value.mean() - 1.0) < 4.5 * found.value.std() / np.sqrt(REPETITIONS)
    linear = np.sum(4 * c**2 * (1 - c**2)) / 1000
    assert found.value.var() == pytest.approx(linear, rel=0.15)


def test_independent_spins_pass_the_test_of_independence_and_a_common_field_does_not():
    rng = np.random.default_rng(10)
    values = [product.correlation_p_value(bit_counts(rng, np.tile([0.7, 0.1, 0.0], (20, 1)), 300)) for _ in range(300)]
    # Of 300 uniform numbers, more than 33 below 0.05 happens once in 10⁴ seeds.
    assert np.mean(np.array(values) < 0.05) < 33 / 300
    assert 0.43 < np.mean(values) < 0.57  # known to 0.017
    # Each shot its own common angle: the same Bloch vectors, but spins move together.
    angles = rng.normal(0, 0.8, 300)
    means = np.concatenate([np.cos(angles), -np.sin(angles), np.zeros(300)])
    up = rng.random((900, 20)) < (1 - means[:, None]) / 2
    assert product.correlation_p_value(synthetic.packed(up, [0, 300, 600, 900])) < 1e-6


def test_wrong_axes_and_counts_are_refused():
    with pytest.raises(ArgumentError, match='has "x"'):
        product.design(3, 0.0, ("x",))
    with pytest.raises(ArgumentError, match='must hold "along"'):
        product.design(3, 0.0, ("across", "z"))
    with pytest.raises(ArgumentError, match="must have 3 rows"):
        product.estimate(synthetic.as_counts(np.full((2, 8), 1 / 8)))
    with pytest.raises(ArgumentError, match="at least 5 shots"):
        product.gains(tally.per_spin(synthetic.as_counts(np.full((3, 2), 0.5), shots=1)))


def test_the_rates_of_a_hundred_spins_are_found_from_a_few_times():
    rng = np.random.default_rng(11)
    rates = 0.2 * np.ones(100)
    rates[17] = 0.5
    times = np.array([0.5, 1.0, 2.0])
    counts = [
        bit_counts(rng, np.outer(np.exp(-rates * t), [0.995, 0.0998, 0.0]), 2000, ("along", "across")) for t in times
    ]
    found = coherence_rates(times, counts, ("along", "across"))
    assert np.argmax(found.rate) == 17
    pulls = (found.rate - rates) / found.stderr
    assert np.abs(pulls).max() < 4.5
    # The scatter of 100 pulls is known to 7 %, their mean to 0.1.
    assert 0.7 < pulls.std() < 1.3
    assert abs(pulls.mean()) < 0.45
    assert 0.3 < found.p_value.mean() < 0.7
