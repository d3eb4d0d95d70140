"""Dense matrices of states that exchanges of spins leave alone: in blocks, the same G as by the whole matrix."""

import numpy as np
import pytest

from qsense import LocalNoise, NoiseModel, PhaseNoise, Probe, Signal, World
from qsense.noise import Collective, Pairs, White, world_of
from qsense.theory import covariant
from qsense.theory.covariant import covariant_gain
from qsense.theory.exchanges import Exchanges, exchanges

TIMES = np.array([0.0, 0.02, 0.5, 2.0, 9.0])
RNG = np.random.default_rng(20)


def symmetric(num_qubits, complex_amplitudes):
    values = RNG.normal(size=num_qubits + 1) + 1j * complex_amplitudes * RNG.normal(size=num_qubits + 1)
    return Probe.symmetric(values / np.linalg.norm(values))


def product_of(*parts):
    state = np.ones(1)
    for part in parts:
        state = np.kron(state, part / np.linalg.norm(part))
    return Probe.from_state(state)


SINGLET, ANY = np.array([0.0, 1, -1, 0]), RNG.normal(size=4) + 1j * RNG.normal(size=4)
MIXED = Probe.from_state(0.6 * product_of(ANY, SINGLET).density_matrix() + 0.4 * np.eye(16) / 16)
NEIGHBOURS = PhaseNoise(Pairs(((0, 1, 0.5), (2, 3, 0.5))), White(0.2))
CASES = {
    "all alike, real": (symmetric(6, False), LocalNoise(emission=0.2), (3,)),
    "all alike, complex": (symmetric(5, True), LocalNoise(emission=0.2, absorption=0.1, dephasing=0.1), (2,)),
    "all alike, dephasing": (symmetric(6, True), LocalNoise(dephasing=0.1), (3,)),
    "two groups": (symmetric(5, False), LocalNoise(emission=[0.1, 0.3, 0.1, 0.3, 0.1]), (1, 1)),
    "groups of four and two": (symmetric(6, True), LocalNoise(emission=[0.3, 0.1, 0.1, 0.3, 0.1, 0.1]), (1, 2)),
    "antisymmetric": (product_of(ANY, SINGLET), LocalNoise(emission=0.3), (1,)),
    "a mixture": (MIXED, LocalNoise(emission=0.3), (1,)),
    "shared": (
        symmetric(4, True),
        NoiseModel(LocalNoise(emission=0.1), phase_noise=[PhaseNoise(Collective(), White(0.1))]),
        (2,),
    ),
    "shared by neighbours": (
        symmetric(4, True),
        NoiseModel(LocalNoise(emission=0.1), phase_noise=[NEIGHBOURS]),
        (1, 1),
    ),
    "weights": (symmetric(4, True), World(LocalNoise(emission=0.1), Signal([1.0, 2.0, 2.0, 1.0])), (1, 1)),
}


def found_for(probe, noise):
    world = world_of(noise)
    start = probe.density_matrix() if probe.is_mixed else probe.statevector()
    return exchanges(start, world.spin_channel(TIMES, probe.num_qubits), world)


@pytest.mark.parametrize("name", CASES)
def test_blocks_give_the_gain_of_the_whole_matrix(name, monkeypatch):
    probe, noise, pairs = CASES[name]
    assert found_for(probe, noise).pairs == pairs
    in_blocks = covariant_gain(probe, world_of(noise), TIMES)
    monkeypatch.setattr(covariant, "exchanges", lambda *_: None)
    whole = covariant_gain(probe, world_of(noise), TIMES)
    np.testing.assert_allclose(in_blocks, whole, rtol=1e-12, atol=1e-13)


@pytest.mark.parametrize("name", ["groups of four and two", "antisymmetric", "a mixture"])
def test_blocks_have_the_eigenvalues_of_the_whole_matrix(name):
    probe, noise, _ = CASES[name]
    rho = probe.density_matrix()[None]
    blocks = list(found_for(probe, noise).blocks(rho, world_of(noise).generator(probe.num_qubits)))
    values = [np.repeat(np.linalg.eigvalsh(block[0]), int(count)) for count, block, _ in blocks]
    np.testing.assert_allclose(np.sort(np.concatenate(values)), np.linalg.eigvalsh(rho[0]), atol=1e-15)
    assert all(diagonal.shape == block.shape[1:2] for _, block, diagonal in blocks)


@pytest.mark.parametrize(
    ("probe", "noise"),
    [
        (product_of(ANY, RNG.normal(size=2)), LocalNoise(emission=0.1)),
        (symmetric(2, True), LocalNoise(emission=[0.1, 0.1 + 1e-12])),
        (symmetric(2, True), World(LocalNoise(emission=0.1), Signal([1.0, -1.0]))),
        (symmetric(3, True), NoiseModel(phase_noise=[PhaseNoise(Pairs(((0, 1, 0.5), (1, 2, 0.4))), White(0.1))])),
    ],
)
def test_spins_that_differ_are_not_exchanged(probe, noise):
    assert found_for(probe, noise) is None


def test_cost_is_that_of_the_blocks():
    assert Exchanges((0, 1, 2, 3), (2,)).cost == (9**3 + 3**3 + 1) / 16**3
    assert Exchanges((0, 1, 2), (1,)).cost == (6**3 + 2**3) / 8**3
