"""Intervals of plans beside draws worked out here: shared noise with memory, T2 near 2 T1, the same for every N."""

import numpy as np
import pytest

import qsense
from qsense.noise import Collective, OrnsteinUhlenbeck, PhaseNoise, QuasiStatic
from qsense.planning.question import LARGEST, Factors

DRAWS = 300


def product_gain(size, own, shared):
    """The quantum Fisher information of spins along x after phases of variances `own` (each) and `shared` (of all)."""
    signs = np.array([[1 - 2 * ((row >> spin) & 1) for spin in range(size)] for row in range(2**size)])
    apart = (signs[:, None] - signs[None]) / 2
    state = np.exp(-0.5 * (own * (apart**2).sum(-1) + shared * apart.sum(-1) ** 2)) / 2**size
    values, vectors = np.linalg.eigh(state)
    moved = vectors.T @ (signs.sum(1)[:, None] / 2 * vectors)
    total, apart = values[:, None] + values, values[:, None] - values
    safe = np.where(total > 1e-12, total, np.inf)
    return float(2 * (apart**2 / safe * moved**2).sum())


@pytest.mark.parametrize("memory", [OrnsteinUhlenbeck(1.0, 2.0), QuasiStatic(1.0)], ids=["OU", "static"])
def test_shared_noise_with_memory_beside_draws_of_both_strengths(memory):
    """At long times G of product spins is the rounding of dense matrices: no number may rest on its slope."""
    rng, times = np.random.default_rng(5), np.geomspace(0.03, 3, 50)

    def advantage(rate, spread):
        if isinstance(memory, QuasiStatic):
            shared = (spread * times) ** 2
        else:
            shared = 2 * (2 * spread) ** 2 * (times / 2 - 1 + np.exp(-times / 2))
        product = [product_gain(2, 4 * rate * t, one) for t, one in zip(times, shared, strict=True)]
        ghz = 4 * np.exp(-2 * 4 * rate * times - 4 * shared)
        return 10 * np.log10((ghz * times).max() / (product * times).max())

    drawn = [advantage(0.05 * one, other) for one, other in np.exp(0.2 * rng.standard_normal((DRAWS, 2)))]
    noise = qsense.NoiseModel(qsense.LocalNoise(dephasing=0.05), phase_noise=(PhaseNoise(Collective(), memory),))
    found = qsense.plan_sensing(noise=noise, num_qubits=2).row("ghz", 2).advantage_db
    np.testing.assert_allclose(found.value, advantage(0.05, 1.0), atol=0.02)
    np.testing.assert_allclose(found[1:], np.quantile(drawn, [0.025, 0.975]), atol=0.04)


@pytest.mark.parametrize(("size", "t1", "t2"), [(4, 50e-6, 100e-6), (3, 100e-6, 150e-6)])
def test_where_t2_is_at_most_twice_t1_the_interval_holds_what_draws_allow(size, t1, t2):
    rng, times = np.random.default_rng(1), np.geomspace(1e-7, 1e-3, 600)
    drawn = []
    for one, two in np.array([t1, t2]) * np.exp(0.2 * rng.standard_normal((1000, 2))):
        two, x = min(two, 2 * one), np.exp(-times / one)
        ghz = size**2 * np.exp(-2 * size * times / two) * 2 / (1 + x**size + (1 - x) ** size)
        product = size * np.exp(-2 * times / two)
        weight = times**2 / (times + 1e-6)
        advantage = 10 * np.log10((ghz * weight).max() / (product * weight).max())
        drawn.append((advantage, np.trapezoid(product * times, np.log(times))))
    noise = qsense.LocalNoise.from_t1_t2(t1, t2)
    plan = qsense.plan_sensing(noise=noise, num_qubits=size, dead_time=1e-6)
    low, high = np.quantile(drawn, [0.025, 0.975], axis=0).T
    np.testing.assert_allclose(plan.row("ghz", size).advantage_db[1:], low, atol=0.05)
    np.testing.assert_allclose(plan.row("product", size).intervals["integrated_gain_s"][1:], high, rtol=0.03)


def test_equal_physics_has_equal_intervals_at_every_number_of_spins():
    """Of noise scaled as a whole every time is, and 95 % are within a factor exp(1.96 · 0.2)."""
    for size in (2, 4, 6, 12):
        noise = qsense.LocalNoise(dephasing=0.1, exponent=2)
        rows = qsense.plan_sensing(noise=noise, num_qubits=size).rows
        for found in (row.intervals["integrated_gain_s"] for row in rows):
            np.testing.assert_allclose([found.low, found.high], found.value * np.exp([-0.392, 0.392]), rtol=0.01)


def test_factors_are_normal_uncorrelated_and_the_same_for_fewer_spins():
    most = Factors.drawn(0.2, LARGEST)
    logs = np.log(np.concatenate([most.t1, most.t2], axis=1)[1:])
    together = np.cov(logs, rowvar=False, bias=True)
    np.testing.assert_allclose(together, 0.02 + 0.02 * np.eye(2 * LARGEST), atol=1e-10)
    np.testing.assert_allclose(np.std(np.log(most.whole[1:])), 0.2, rtol=1e-10)
    np.testing.assert_array_equal(Factors.drawn(0.2, 3).t2, most.t2[:, :3])
    assert (most.t1[0] == 1).all()
