"""Bounds on every probe in worlds, beside random probes whose G is the referee's; and readouts beside it."""

import drawn_worlds
import numpy as np
import pytest
import world_oracle as oracle
from cases import one_in

from qsense import LocalNoise, Probe, classical_gain, gain, integrated_gain
from qsense.noise import Collective, Local, Matrix, NoiseModel, PhaseNoise, QuasiStatic, White, World
from qsense.signals import Signal
from qsense.theory import (
    best_phase,
    gain_bound,
    integrated_classical_gain,
    integrated_gain_bound,
)
from qsense.theory.engines import cannot_sense


@pytest.mark.parametrize("seed", one_in(3, range(200, 320)))
def test_no_probe_exceeds_the_bound(seed):
    probe, world, time, rho, weights, collected, _ = drawn_worlds.draw(seed)
    bound = gain_bound(probe.num_qubits, world, [time])[0]
    assert drawn_worlds.exact_gain(rho, weights, collected) <= bound * (1 + 1e-9) + 1e-12
    assert bound <= np.abs(weights).sum() ** 2 * collected**2 * (1 + 1e-12)


@pytest.mark.parametrize("seed", one_in(3, range(40)))
def test_no_searched_probe_exceeds_the_bound_of_unequal_weights_and_shared_noise(seed):
    """The best of a see-saw: the top eigenvector of 2i[X, K] − X² pulled back through dephasing and decay."""
    rng = np.random.default_rng([seed, 9])
    size, weights = 2, rng.normal(size=2)
    root = rng.normal(size=(2, rng.integers(1, 3)))
    covariance = 0.5 * root @ root.T
    given = {"emission": rng.uniform(0, 0.5, 2) * rng.integers(0, 2), "dephasing": rng.uniform(0, 0.3, 2)}
    parts = [PhaseNoise(Matrix(tuple(map(tuple, covariance))), White(0.25))]
    world = World(NoiseModel(LocalNoise(**given), phase_noise=parts), Signal(weights))
    full = oracle.local_liouvillian(size, **given)
    k, time = oracle.generator(weights), 0.8
    bound, best = gain_bound(size, world, [time])[0], 0.0
    channel = np.array([
        oracle.dephased(oracle.after_pulses(unit.reshape(4, 4), full, time, ()), covariance * time).ravel()
        for unit in np.eye(16)
    ])  # fmt: skip
    for step in range(60):
        if step % 20 == 0:
            state = rng.normal(size=4) + 1j * rng.normal(size=4)
        state /= np.linalg.norm(state)
        rho = (np.outer(state, state.conj()).ravel() @ channel).reshape(4, 4)
        slope, one = -1j * (k @ rho - rho @ k), np.eye(4)
        system = 0.5 * (np.kron(rho, one) + np.kron(one, rho.T))
        sld = np.linalg.lstsq(system, slope.ravel(), rcond=1e-12)[0].reshape(4, 4)
        best = max(best, float(np.trace(slope @ sld).real))
        observable = -2j * (sld @ k - k @ sld) - sld @ sld
        back = (channel @ observable.T.ravel()).reshape(4, 4).T
        state = np.linalg.eigh((back + back.conj().T) / 2)[1][:, -1]
    assert best <= bound * (1 + 1e-8)
    assert best >= 0.1 * bound  # a bound that says something


def test_the_bound_knows_what_the_signal_shares_with_the_noise():
    times = np.array([0.5, 2.0])
    noise = NoiseModel(LocalNoise(dephasing=0.1), 1.0)
    apart, together = gain_bound(4, World(noise, Signal("alternating")), times), gain_bound(4, noise, times)
    assert apart == pytest.approx(gain_bound(4, LocalNoise(dephasing=0.1), times), rel=1e-12)
    assert 1 / together == pytest.approx(4 * times + 1 / apart, rel=1e-12)
    slow = NoiseModel(phase_noise=[PhaseNoise(Collective(), QuasiStatic(2.0))])
    assert gain_bound(3, slow, times) == pytest.approx(1 / (4 * times**2 + 1 / 9), rel=1e-12)
    assert gain_bound(
        2, World(NoiseModel(LocalNoise(emission=0.1), coupling=1.0), Signal([2, 1])), times
    ) == pytest.approx(9)


def test_integrals_stay_below_their_bound():
    for world in (
        World(NoiseModel(LocalNoise(dephasing=0.1, emission=0.05), 0.3), Signal([1.0, -2.0, 0.5])),
        World(NoiseModel(phase_noise=[PhaseNoise(Local(), QuasiStatic(1.0))]), Signal([1.0, 1.0, 0.0])),
        World(LocalNoise(emission=0.2), Signal(frequency="matched"), "cpmg:3"),
        World(LocalNoise(dephasing=0.2), Signal(frequency=1.5), "hahn"),
    ):
        bound = integrated_gain_bound(3, world).value
        assert np.isfinite(bound)
        for probe in (Probe.product(3), Probe.ghz(3), Probe.ghz(3, signs="+-+"), Probe.named("dicke_x:1", 3)):
            assert integrated_gain(probe, world).value <= bound * (1 + 1e-9)


def fisher(rho, k, basis, kinds, phase):
    turn = np.diag(np.exp(-1j * phase * np.diag(k)))
    rho = turn @ rho @ turn.conj().T
    slope = -1j * (k @ rho - rho @ k)
    p, change = (np.real(np.einsum("oi,ij,oj->o", basis.conj(), m, basis)) for m in (rho, slope))
    p, change = (np.bincount(kinds, v) for v in (p, change))
    seen = p > 1e-12
    return float(np.sum(change[seen] ** 2 / p[seen]))


@pytest.mark.parametrize("readout", ["local_x", "total_jx", "parity", "z"])
@pytest.mark.parametrize("seed", one_in(3, range(400, 430)))
def test_readouts(seed, readout):
    probe, world, time, rho, weights, collected, _ = drawn_worlds.draw(seed)
    size, k = probe.num_qubits, oracle.generator(weights)
    half = np.array([[1.0, -1.0], [1.0, 1.0]]) / np.sqrt(2)
    basis = oracle.on(dict.fromkeys(range(size), half), size) if readout != "z" else np.eye(2**size)
    ups = np.array([bin(index).count("1") for index in range(2**size)])
    kinds = {"local_x": np.arange(2**size), "z": np.arange(2**size), "total_jx": ups, "parity": ups % 2}[readout]
    for phase in (0.3, 1.9):
        exact = collected**2 * fisher(rho, k, basis, kinds, phase)
        assert classical_gain(probe, world, [time], readout, phase)[0] == pytest.approx(exact, rel=1e-6, abs=1e-8)
    quantum = drawn_worlds.exact_gain(rho, weights, collected)
    best, where = (
        ask(probe, world, [time], readout, *more)[0] for ask, more in ((classical_gain, ("best",)), (best_phase, ()))
    )
    assert best == pytest.approx(collected**2 * fisher(rho, k, basis, kinds, where), rel=1e-6, abs=1e-8)
    tried = max(collected**2 * fisher(rho, k, basis, kinds, phase) for phase in np.linspace(0, 2 * np.pi, 101))
    assert best <= quantum * (1 + 1e-9) + 1e-9
    assert best >= tried * (1 - 1e-3) - 1e-9
    assert classical_gain(probe, world, [time], readout)[0] <= quantum * (1 + 1e-9) + 1e-9


def test_the_fringe_of_a_ghz_probe_has_the_frequency_of_its_signs_and_weights():
    weights, given = [1.0, -0.7, 0.4], {"emission": np.full(3, 0.1), "dephasing": np.full(3, 0.05)}
    noise = NoiseModel(
        LocalNoise(emission=0.1, dephasing=0.05), phase_noise=[PhaseNoise(Collective(), QuasiStatic(0.5))]
    )
    probe, world, time = Probe.ghz(3, signs="+-+", tilt=0.3), World(noise, Signal(weights)), 0.7
    rho = oracle.after_pulses(probe.density_matrix(), oracle.local_liouvillian(3, **given), time, ())
    rho = oracle.dephased(rho, np.full((3, 3), 0.25 * time**2))
    fast = 2.1
    assert classical_gain(probe, world, [time], "parity")[0] == pytest.approx(
        fast**2 * 4 * abs(rho[5, 2]) ** 2, rel=1e-10
    )
    kept = rho[5, 5].real + rho[2, 2].real
    exact = fast**2 * 4 * abs(rho[5, 2]) ** 2 / kept
    assert classical_gain(probe, world, [time], "loss_flag")[0] == pytest.approx(exact, rel=1e-10)
    assert gain(probe, world, [time])[0] == pytest.approx(exact, rel=1e-10)
    assert np.cos(fast * best_phase(probe, world, [time], "parity")[0]) == pytest.approx(0, abs=1e-4)
    reached = integrated_classical_gain(probe, world, "parity").value
    assert 0 < reached < integrated_gain(probe, world).value
    assert integrated_classical_gain(
        Probe.product(3), World(LocalNoise(dephasing=0.1), Signal(weights)), "local_x"
    ).value == (pytest.approx(np.dot(weights, weights) / 0.4, rel=1e-10))


def test_a_dicke_state_senses_a_gradient():
    gradient = World(LocalNoise(dephasing=0.1), Signal("alternating"))
    w = Probe.named("w", 2)
    assert cannot_sense(w)
    assert not cannot_sense(w, gradient)
    assert integrated_gain(w, gradient).value == pytest.approx(5.0, rel=1e-9)  # (|01> + |10>)/√2 is the GHZ state +-
    assert cannot_sense(Probe.ghz(2), gradient)
    assert integrated_gain(Probe.ghz(2), gradient).value == 0
    assert cannot_sense(Probe.from_state(np.diag([0.5, 0, 0, 0.5])), gradient)
    assert not cannot_sense(Probe.ghz(2, signs="+-"), gradient)
    assert cannot_sense(Probe.ghz(2, signs="+-"))
    assert not cannot_sense(Probe.named("dicke:2", 4), World(LocalNoise(dephasing=0.1), Signal([1.0, 1.0, 1.0, 0.9])))


@pytest.mark.parametrize("seed", range(12))
def test_the_bound_takes_as_much_of_the_shared_noise_as_it_holds(seed):
    # 1/G = c + 1/(Σ|w|)² with the largest c that leaves X − c wwᵀ positive; 0 where X does not reach w.
    rng = np.random.default_rng([seed, 4])
    root = rng.normal(size=(4, 3))
    covariance, weights = root @ root.T, root @ rng.normal(size=3)
    noise = NoiseModel(phase_noise=[PhaseNoise(Matrix(tuple(map(tuple, covariance))), QuasiStatic(1.0))])
    c = 1 / gain_bound(4, World(noise, Signal(weights)), [1.0])[0] - 1 / np.abs(weights).sum() ** 2
    left, over = (np.linalg.eigvalsh(covariance - part * c * np.outer(weights, weights))[0] for part in (1, 1.001))
    assert left > -1e-9
    assert over < -1e-6
    outside = weights + np.linalg.svd(root)[0][:, 3]
    assert gain_bound(4, World(noise, Signal(outside)), [1.0])[0] == pytest.approx(
        np.abs(outside).sum() ** 2, rel=1e-12
    )
    two = NoiseModel(phase_noise=[*noise.phase_noise, PhaseNoise(Collective(), White(0.1))])
    more = gain_bound(4, World(two, Signal(weights)), [1.0])[0]
    assert more <= 1 / (c + 1 / np.abs(weights).sum() ** 2) * (1 + 1e-9)
