"""G of any probe in any world, beside `world_oracle`: the Lindblad equation with real pulses and double integrals.

Why GHZ is a 2×2 block: a jump of spin j on |b><not b| meets the wrong state of spin j on one side, so that no jump
brings coherence back; what it leaves elsewhere is diagonal. |b><not b| gets exp(−½ sᵀXs) of Gaussian detunings ξ with
covariance X, the average of e^{i s·ξ}.
"""

import drawn_worlds
import numpy as np
import precise
import pytest
import world_oracle as oracle
from cases import one_in
from scipy.optimize import minimize_scalar

from qsense import LocalNoise, Probe, gain, operational_rate
from qsense.errors import ArgumentError
from qsense.noise import Collective, Matrix, NoiseModel, PhaseNoise, QuasiStatic, White, World
from qsense.signals import Signal
from qsense.theory.engines import engine_for


@pytest.mark.parametrize("seed", one_in(3, range(120)))
def test_random_worlds(seed):
    probe, world, time, rho, weights, collected, _ = drawn_worlds.draw(seed)
    exact = drawn_worlds.exact_gain(rho, weights, collected)
    most = np.abs(weights).sum() ** 2
    assert gain(probe, world, [time])[0] == pytest.approx(exact, rel=1e-9, abs=1e-10 * most)


@pytest.mark.parametrize("seed", range(60))
def test_couplings_beside_white_noise_of_any_covariance(seed):
    rng = np.random.default_rng([seed, 57])
    size = int(rng.integers(2, 4))
    zz, dipolar = (rng.normal(size=(size, size)) * rng.integers(0, 2) for _ in range(2))
    zz, dipolar = (np.triu(one, 1) + np.triu(one, 1).T for one in (zz, dipolar))
    given = {kind: drawn_worlds.rates(rng, size, 1.0) for kind in ("emission", "absorption", "dephasing")}
    root = rng.normal(size=(size, size)) * rng.integers(0, 2)
    covariance, rate = root @ root.T, float(rng.uniform(0.02, 0.3))
    weights = [np.ones(size), rng.normal(size=size)][rng.integers(2)]
    probe, time = drawn_worlds.probes(rng, size)[rng.integers(5)], float(rng.uniform(0.1, 2))
    field = float(rng.normal())
    parts = [PhaseNoise(Matrix(tuple(map(tuple, covariance))), White(rate))] if covariance.any() else []
    noise = NoiseModel(LocalNoise(**given), phase_noise=parts, coupling=zz, dipolar=dipolar)
    full = oracle.local_liouvillian(size, **given) + oracle.commutator(oracle.coupled(size, zz, dipolar))
    full = full + oracle.shared_liouvillian(covariance, rate)
    rho, slope = oracle.carried(probe.density_matrix(), full, weights, field, time)
    found = gain(probe, World(noise, Signal(weights)), [time], field)[0]
    assert found == pytest.approx(oracle.information(rho, slope) / time**2, rel=1e-7, abs=1e-8)


@pytest.mark.parametrize("field", [0.0, 0.3])
def test_weights_beside_transverse_noise(field):
    weights, given = [1.0, -0.5], {"dephasing": [0.1, 0.2], "transverse": [0.3, 0.1], "emission": [0.0, 0.1]}
    world = World(LocalNoise(**given), Signal(weights))
    for probe in (Probe.ghz(2), Probe.ghz(2, signs="+-"), Probe.product(2)):
        for time in (0.3, 2.0):
            pair = oracle.carried(probe.density_matrix(), oracle.local_liouvillian(2, **given), weights, field, time)
            exact = oracle.information(*pair) / time**2
            assert gain(probe, world, [time], field)[0] == pytest.approx(exact, rel=1e-8)


def test_interacting_pair():
    times, ghz, product = [0.5, 1.5, 4.0], Probe.ghz(2), Probe.product(2)
    emission = NoiseModel(LocalNoise(emission=0.1), dipolar=1.0)
    assert gain(product, emission, times) == pytest.approx([1.8918165, 1.5790177, 1.0582464], abs=5e-8)
    assert gain(ghz, emission, times) == pytest.approx([3.7954272, 3.3669337, 2.3071826], abs=5e-8)
    unequal = NoiseModel(LocalNoise(dephasing=[0.05, 0.3]), dipolar=1.0)
    assert gain(product, unequal, times) == pytest.approx([1.4527353, 0.8705458, 0.2006101], abs=5e-8)
    assert gain(ghz, unequal, times) == pytest.approx([1.9863412, 0.4898257, 0.0147915], abs=5e-8)
    for probe in (ghz, product):
        alone, beside = (gain(probe, NoiseModel(LocalNoise(dephasing=0.1), dipolar=d), times) for d in (0.0, 3.0))
        assert beside == pytest.approx(alone, rel=1e-10)


def test_a_dipolar_coupling_carries_an_excitation_to_a_spin_that_loses_it_faster():
    # So that GHZ has no closed form there, and has one where spins lose it alike.
    assert engine_for(Probe.ghz(2), NoiseModel(LocalNoise(emission=[0.1, 3.0]), dipolar=1.0)).method[:8] == "Lindblad"
    assert engine_for(Probe.ghz(2), NoiseModel(LocalNoise(emission=0.1), dipolar=1.0)).method == "closed form"
    lone, coupled = (
        gain(Probe.ghz(2), NoiseModel(LocalNoise(emission=[0.1, 3.0]), dipolar=d), [2.0])[0] for d in (0.0, 3.0)
    )
    assert abs(lone / coupled - 1) > 1e-3


def test_the_closed_forms_at_any_number_of_spins():
    world = World(NoiseModel(LocalNoise(dephasing=1e-3), 2.0), Signal("alternating"))
    probe = Probe.ghz(1000, signs="alternating")
    assert gain(probe, world, [0.5])[0] == pytest.approx(1e6 * np.exp(-4 * 1e-3 * 1000 * 0.5), rel=1e-12)
    assert gain(Probe.ghz(1000), world, [0.5])[0] == 0
    tilted = gain(Probe.ghz(200, tilt=0.6), LocalNoise(emission=0.01), [0.0])[0]
    assert tilted == pytest.approx(200**2 * (1 - 0.36), rel=1e-13)


def test_blocks_of_total_spin_follow_any_law_of_the_common_phase():
    rng = np.random.default_rng(5)
    own, other = 0.3, -0.04
    matrix = np.where(np.eye(4) > 0, own, other)
    parts = [PhaseNoise(Collective(), QuasiStatic(0.4)), PhaseNoise(Matrix(tuple(map(tuple, matrix))), White(0.2))]
    for name in ("product", "one_axis:0.4", "twin_fock", "dicke_x:1"):
        given = {"emission": np.full(4, 0.1), "dephasing": np.full(4, 0.05)}
        probe, time = Probe.named(name, 4), float(rng.uniform(0.2, 2))
        world = World(NoiseModel(LocalNoise(emission=0.1, dephasing=0.05), phase_noise=parts), Signal([-0.5] * 4))
        assert engine_for(probe, world).method == "symmetric engine"
        rho = oracle.after_pulses(probe.density_matrix(), oracle.local_liouvillian(4, **given), time, ())
        rho = oracle.dephased(rho, np.full((4, 4), 0.16 * time**2) + 0.8 * time * matrix)
        exact = drawn_worlds.exact_gain(rho, [-0.5] * 4, 1.0)
        assert gain(probe, world, [time])[0] == pytest.approx(exact, rel=1e-10)
    large = World(NoiseModel(LocalNoise(dephasing=0.05), phase_noise=parts[:1]))
    assert 0 < gain(Probe.named("one_axis:0.1", 100), large, [0.1])[0] < 1e4


def test_what_is_not_supported_is_refused_by_name():
    slow = NoiseModel(LocalNoise(emission=0.1), coupling=0.5, phase_noise=[PhaseNoise(Collective(), QuasiStatic(1.0))])
    with pytest.raises(ArgumentError, match="remembers"):
        gain(Probe.product(2), slow, [1.0])
    assert gain(Probe.ghz(2), slow, [0.1])[0] > 0  # a ZZ coupling gives both branches the same energy
    with pytest.raises(ArgumentError, match="at most 12 spins"):
        gain(Probe.product(13), World(NoiseModel(collective_dephasing=0.1), Signal("alternating")), [1.0])


def test_the_rate_of_unequal_ghz_probes_under_emission():
    """1.51389 and 1.67891 times the product probe's in the limit, 1.801 and 2.250 dB (Kielinski et al., 2024)."""
    size, noise = 3000, LocalNoise(emission=1.0)
    product = operational_rate(Probe.product(size), noise).value
    equal = operational_rate(Probe.ghz(size), noise).value / product
    found = minimize_scalar(
        lambda tilt: -operational_rate(Probe.ghz(size, tilt=tilt), noise).value,
        bounds=(-0.95, 0.95),
        options={"xatol": 1e-2},
    )
    unequal = -found.fun / product
    assert equal == pytest.approx(1.51389, rel=2e-3)
    assert unequal == pytest.approx(1.67891, rel=2e-3)


@pytest.mark.parametrize("field", [1e-9, 1e-6, 1e-3])
def test_weights_in_fields_much_weaker_than_transverse_noise(field):
    # Product spins are independent: G = Σ w_j² G_1(w_j φ), each in sixty digits.
    weights, transverse, time = [1.0, -0.3, 2.0], [0.3, 0.1, 0.7], 0.9
    alone = []
    for weight, rate in zip(weights, transverse, strict=True):
        numbers = {"dephasing": [0], "emission": [0], "absorption": [0], "transverse": [rate]}
        numbers |= {"exponent": 1, "collective": 0, "coupling": None}
        pair = precise.state_and_slope(Probe.product(1).statevector(), numbers, time, weight * field)
        alone.append(weight**2 * float(precise.information(*pair)))
    world = World(LocalNoise(transverse=transverse), Signal(weights))
    assert gain(Probe.product(3), world, [time], field)[0] == pytest.approx(sum(alone), rel=1e-9)
