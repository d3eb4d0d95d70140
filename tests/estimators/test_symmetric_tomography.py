"""Symmetric tomography: exact on exact probabilities, true error bars, and nothing claimed of other states.

Statistical tests are seeded; a right estimator fails them less than once in 10⁴ seeds.
"""

import numpy as np
import pytest
import sampling
from cases import further
from scipy.stats import binom

from qsense import LocalNoise, Probe, gain
from qsense.errors import ArgumentError
from qsense.estimators.tomography import symmetric
from qsense.estimators.tomography.hermitian import hermitian
from qsense.numerics.fisher import qfi_of_rotation
from qsense.theory.dense import dense_gain

pytestmark = pytest.mark.long

NOISE = LocalNoise(dephasing=0.05, emission=0.1)


def ups_of(exact):
    number = np.array([outcome.bit_count() for outcome in range(exact.shape[1])])
    return exact @ (number[:, None] == np.arange(number[-1] + 1))


@pytest.mark.parametrize("size", [1, 2, 3, 4])
@pytest.mark.parametrize("kind", ["ghz", "product"])
def test_exact_probabilities_give_the_exact_gain(kind, size):
    # The referee is the dense matrix of all 4^N elements, which knows nothing of total spin.
    probe = Probe.named(kind, size)
    settings = symmetric.design(size).at(0.3)
    exact = ups_of(sampling.distributions(probe, NOISE, 1.3, settings))
    blocks = exact.reshape(-1, symmetric.num_directions(size), size + 1)
    inverse = hermitian(symmetric._inverse(size))
    rho = np.tensordot(blocks[0], inverse, axes=2)
    rule = symmetric.all_frequencies_rule(size)
    slope = np.tensordot(np.tensordot(rule.coefficients, blocks[1:], axes=1), inverse, axes=2)
    g = symmetric.generator(size)
    assert np.allclose(slope, symmetric.commutator(g, rho), atol=1e-12)
    assert np.trace(rho).real == pytest.approx(1, abs=1e-12)
    assert np.linalg.eigvalsh(rho).min() > -1e-12
    assert qfi_of_rotation(rho, g) == pytest.approx(dense_gain(probe, NOISE, np.array([1.3]))[0], rel=1e-10)


def test_the_directions_fix_the_state_up_to_ten_spins():
    for size in (6, 10):
        measured = symmetric.effects(size)
        unknowns = sum(round(2 * j + 1) ** 2 for j in symmetric.spins(size))
        singular = np.linalg.svd(measured.reshape(-1, measured.shape[-1] ** 2), compute_uv=False)
        assert singular[unknowns - 1] > 1e-3 * singular[0]


def test_the_effects_of_a_direction_are_a_measurement():
    measured = symmetric.effects(5)
    assert np.allclose(measured.sum(1), np.eye(measured.shape[-1]), atol=1e-13)
    assert np.linalg.eigvalsh(measured).min() > -1e-13


@pytest.mark.parametrize(
    ("kind", "lifetimes", "derivative"),
    [
        *(("ghz", 0.1, "shift"), ("product", 0.7, "commutator"), ("product", 2.5, "shift")),
        *map(further, (("ghz", 0.1, "commutator"), ("product", 0.7, "shift"), ("product", 2.5, "commutator"))),
    ],
)
def test_the_symmetric_estimate_is_unbiased_and_its_error_bar_is_true(kind, lifetimes, derivative):
    rng = np.random.default_rng(3)
    probe, time = Probe.named(kind, 4), lifetimes / 0.3 / (4 if kind == "ghz" else 1)
    exact = sampling.distributions(probe, NOISE, time, symmetric.design(4, derivative))
    results = [symmetric.estimate(rng.multinomial(2000, exact), derivative, rng) for _ in range(80)]
    values, errors = np.array([(r.value, r.stderr) for r in results]).T
    truth = gain(probe, NOISE, [time])[0]
    assert abs(values.mean() - truth) < (0.5 + 4.5 / np.sqrt(80)) * values.std()
    assert np.mean(np.abs(values - truth) < 1.96 * errors) > 65 / 80
    bounds = np.array([r.others["lower_bound"].value for r in results])
    assert bounds.mean() < truth + 4 * bounds.std() / np.sqrt(80)


def test_eight_spins_are_within_reach():
    # A product state needs no dense matrix: along every direction the number of ups is binomial.
    rng, size = np.random.default_rng(1), 8
    settings = symmetric.design(size, "commutator")
    coherence = NOISE.channel(np.array([1.0]), 1)[0][0, 0]
    up = 0.5 * NOISE.channel(np.array([1.0]), 1)[1][0, 0]
    polars, azimuths = settings.polars[:, 0], settings.azimuths[:, 0]
    height = (1 - 2 * up) * np.cos(polars) + coherence * np.sin(polars) * np.cos(azimuths)
    exact = binom.pmf(np.arange(size + 1), size, (1 - height)[:, None] / 2)
    results = [symmetric.estimate_from_ups(rng.multinomial(5000, exact), "commutator", rng) for _ in range(20)]
    truth = gain(Probe.product(size), NOISE, [1.0])[0]
    values = np.array([r.value for r in results])
    assert abs(values.mean() - truth) < 1.5 * values.std()
    assert values.std() < 0.2 * truth


def test_a_state_that_tells_its_spins_apart_is_not_overrated():
    # Only one spin carries gain. The symmetric part is a mixture over which one: less than the state's own gain.
    probe = Probe.from_text('OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; h q[0];', "one_of_two")
    exact = ups_of(sampling.distributions(probe, LocalNoise(), 0.0, symmetric.design(2, "commutator")))
    rho = np.tensordot(exact, hermitian(symmetric._inverse(2)), axes=2)
    assert qfi_of_rotation(rho, symmetric.generator(2)) < dense_gain(probe, LocalNoise(), np.zeros(1))[0] - 0.1


def test_too_many_spins_are_refused_with_the_way_out():
    with pytest.raises(ArgumentError, match="limited to 10 spins"):
        symmetric.design(11)
