"""Worlds whose parts decay at rates that lie far apart, against G written out by hand."""

import numpy as np
import pytest
from cases import spread

from qsense.errors import ArgumentError
from qsense.noise import (
    Collective,
    Local,
    LocalNoise,
    Matrix,
    NoiseModel,
    OrnsteinUhlenbeck,
    Pairs,
    PhaseNoise,
    PowerLaw,
    White,
    World,
)
from qsense.probes import Probe
from qsense.signals import Signal
from qsense.theory import crossover, integrated_gain, operational_rate, rate_bound
from qsense.theory.bounds import gain_bound
from qsense.theory.engines import slowest_part

GRADIENT = Signal([1, -1])


def world(common, rate=1e-3):
    """Fast common noise beside slow noise of a correlation of one half: a part of G decays as exp(−4γt)."""
    slow = PhaseNoise(Pairs(((0, 1, 0.5),)), White(rate))
    return World(NoiseModel(collective_dephasing=common, phase_noise=[slow]), GRADIENT)


@pytest.mark.parametrize("unit", [1e-6, 1.0, 1e6])
def test_a_bound_on_rates_that_peaks_long_after_the_shared_noise(unit):
    model = NoiseModel(LocalNoise(dephasing=1e-3 / unit), collective_dephasing=1.0 / unit)
    found = rate_bound(2, World(model, GRADIENT))
    times = unit * np.geomspace(1e-3, 1e6, 20001)
    best = float(np.max(times * gain_bound(2, World(model, GRADIENT), times)))
    assert best / unit == pytest.approx(231.96, abs=0.01)
    assert found.value == pytest.approx(best, rel=1e-6)
    assert 0 < rate_bound(2, model).value / unit < 0.25 + 1e-9


def test_rates_of_spins_whose_common_noise_is_far_faster():
    for common in (0.1, 1e3, 1e6):
        found = operational_rate(Probe.product(2), world(common))
        # G of |++> is 2 e^{−4γt}: the coherence of 01 and 10 has a weight of one half, and dᵀCd = 1; t G peaks at 1/4γ.
        assert (found.value, found.time) == pytest.approx((2 * 250 * np.exp(-1), 250), rel=1e-4)


@pytest.mark.parametrize("common", [1.0, 1e6])
def test_integrals_of_what_outlives_the_common_noise(common):
    state = np.array([0, 1, 1, 0]) / np.sqrt(2)
    entangled, product = (integrated_gain(one, world(common)) for one in (Probe.from_state(state), Probe.product(2)))
    assert abs(entangled.value - 1000) <= 2 * entangled.error + 1e-9  # 4/(4γ)
    assert np.isfinite(product.error)
    if common == 1e6:
        assert product.value == pytest.approx(500, rel=1e-5)  # 2/(4γ)
    assert crossover(2, world(common)) is None


def test_a_variance_that_grows_as_its_diagonal_times_t():
    memory = OrnsteinUhlenbeck(1e3, 1e-6)  # v = 2σ²τt = 2t once t is far above τ
    part = PhaseNoise(Matrix(((1e-4, 0.0), (0.0, 1.0))), memory)
    assert part.decay_rates(2) == pytest.approx([2e-4, 2.0], rel=1e-3)
    assert slowest_part(World(NoiseModel(phase_noise=[part])), 2) == pytest.approx(2e-4, rel=1e-3)


WITHOUT_LOW = [PowerLaw(12.0, 0, 1, 10), PowerLaw(25.0, 0, 1, 10), PowerLaw(40.0, 0, 1, 10), PowerLaw(20.0, 1, 1, 1e5)]


@pytest.mark.parametrize(("memory", "space"), spread(2, WITHOUT_LOW, [Local(), Collective()]))
def test_nothing_ends_what_noise_without_low_frequencies_leaves(memory, space):
    noise = NoiseModel(phase_noise=[PhaseNoise(space, memory)])
    f = np.linspace(0, np.log(memory.high / memory.low), 200001)
    f = memory.low * np.exp(f)
    density = f ** (1 - memory.exponent)  # v → σ² <2/(2πf)²>
    limit = memory.spread**2 * np.sum(density * 2 / (2 * np.pi * f) ** 2) / np.sum(density)
    assert memory.limit() == pytest.approx(limit, rel=1e-3)
    assert memory.variance(np.array([1e4]))[0] == pytest.approx(limit, rel=1e-3)
    assert integrated_gain(Probe.ghz(2), noise).value == np.inf
    with pytest.raises(ArgumentError, match=r"never decays|longer time is always better"):
        operational_rate(Probe.ghz(2), noise)


@pytest.mark.parametrize(("near", "rel"), [(1e-12, 2e-4), (1e-14, 2e-2)])
def test_nearly_equal_noise_of_two_spins_states_what_rounding_leaves(near, rel):
    noise = NoiseModel(phase_noise=[PhaseNoise(Pairs(((0, 1, 1 - near),)), White(1.0))])
    found = integrated_gain(Probe.ghz(2, signs="+-"), World(noise, GRADIENT))
    assert abs(found.value - 1 / (2 * near)) <= found.error <= 1.5 * rel * found.value  # 4/(4γ · 2(1−c))


@pytest.mark.parametrize("near", [1e-12, 1e-14])
def test_every_method_takes_the_same_for_rounding(near):
    noise = NoiseModel(phase_noise=[PhaseNoise(Pairs(((0, 1, 1 - near),)), White(1.0))])
    found = integrated_gain(Probe.product(2), World(noise, GRADIENT))  # ½ of the coherence that GHZ keeps
    assert abs(found.value - 1 / (4 * near)) <= found.error <= 0.05 * found.value
    assert slowest_part(World(noise), 2) == pytest.approx(4 * near, rel=0.02)
