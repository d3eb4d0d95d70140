"""A GHZ state through a noisy preparation: the tree of bits and the coherence beside density matrices made here."""

import itertools

import numpy as np
import pytest

from qsense.planning.curves import GhzOnDevice, ProductOnDevice, Spins
from qsense.planning.question import Factors
from qsense.planning.steps import Around, GateErrors, Step
from qsense.signals import Pulses

FAN_OUT = (
    Step((0,), 0.01, 0.3), Step((0, 1), 0.04, 0.5), Step((1,), 0.02, 0.2), Step((0,), 0.0, 0.7),
    Step((1, 2), 0.03, 0.4), Step((0, 3), 0.05, 0.6), Step((2,), 0.015, 0.1),
)  # fmt: skip
T1, T2 = np.array([30.0, 50.0, 20.0, 40.0]), np.array([25.0, 60.0, 15.0, 50.0])
UP, DOWN = np.array([0.01, 0.02, 0.03, 0.015]), np.array([0.04, 0.03, 0.05, 0.02])
AFTER = np.array([0.02, 0.01, 0.03, 0.02])
X, Z, I2 = np.array([[0, 1], [1, 0]]), np.diag([1.0, -1.0]), np.eye(2)
H = (X + Z) / np.sqrt(2)
ONE = Factors.scaled([1.0], 4)


def on(matrix, spin, n=4):
    """A matrix on one spin; spin 0 is the first factor."""
    return np.kron(np.kron(np.eye(2**spin), matrix), np.eye(2 ** (n - spin - 1)))


def apply(rho, kraus, spin):
    return sum(on(k, spin) @ rho @ on(k, spin).conj().T for k in kraus)


def relax(rho, spin, time):
    lost = 1 - np.exp(-time / T1[spin])
    rho = apply(rho, [np.diag([1, np.sqrt(1 - lost)]), np.array([[0, np.sqrt(lost)], [0, 0]])], spin)
    keep = np.exp(-time / T2[spin]) / np.sqrt(1 - lost)
    return apply(rho, [np.sqrt((1 + keep) / 2) * I2, np.sqrt((1 - keep) / 2) * Z], spin)


def depolarise(rho, spins, lost):
    """The state of some spins is replaced by the mixed one with this chance: the mean over all Pauli matrices."""
    paulis = [I2, X, 1j * X @ Z, Z]
    mixed = np.zeros_like(rho)
    for chosen in itertools.product(paulis, repeat=len(spins)):
        whole = np.linalg.multi_dot([np.eye(16), *(on(p, s) for p, s in zip(chosen, spins, strict=True)), np.eye(16)])
        mixed = mixed + whole @ rho @ whole.conj().T
    return (1 - lost) * rho + lost * mixed / 4 ** len(spins)


def cnot(control, target):
    return on(np.diag([1, 0]), control) + on(np.diag([0, 1]), control) @ on(X, target)


def prepared(steps):
    rho = np.zeros((16, 16), dtype=complex)
    rho[0, 0] = 1
    rho = on(H, 0) @ rho @ on(H, 0)
    return walked(rho, steps)


def walked(rho, steps, back=False):
    for step in reversed(steps) if back else steps:
        if len(step.spins) == 2:
            gate = cnot(*step.spins)
            rho = depolarise(gate @ rho @ gate.T, step.spins, step.lost)
            for spin in step.spins:
                rho = relax(rho, spin, step.time)
        else:
            rho = relax(depolarise(rho, step.spins, step.lost), step.spins[0], step.time)
    return rho


def windowed(rho, time):
    for spin in range(4):
        rho = relax(rho, spin, time)
    return rho


def readings(rho):
    """Probabilities of what is read, shape (2,) * 4."""
    found = np.real(np.diag(rho)).reshape((2,) * 4)
    for spin in range(4):
        wrong = np.array([[1 - UP[spin], DOWN[spin]], [UP[spin], 1 - DOWN[spin]]])
        found = np.moveaxis(np.tensordot(wrong, found, axes=(1, spin)), 0, spin)
    return found


def curve(readout):
    spins = Spins((0, 1, 2, 3), T1, T2, UP, DOWN, np.ones(4))
    return GhzOnDevice(spins, Around(FAN_OUT, AFTER), readout)


@pytest.mark.parametrize("time", [0.0, 2.0])
def test_parity_sees_the_block_of_the_density_matrix(time):
    rho = windowed(prepared(FAN_OUT), time)
    for spin in range(4):
        rho = depolarise(rho, [spin], AFTER[spin])
    found = readings(rho)
    at = np.array([time])
    np.testing.assert_allclose(
        curve("parity").exact_population(at, ONE)[0, 0], found[0, 0, 0, 0] + found[1, 1, 1, 1], rtol=1e-12
    )
    visibility = 2 * abs(rho[0, -1]) * np.prod(1 - UP - DOWN)
    np.testing.assert_allclose(curve("parity").visibility(at, ONE)[0, 0], visibility, rtol=1e-12)


@pytest.mark.parametrize("time", [0.0, 2.0])
def test_the_loss_flag_sees_the_fringe_behind_the_undone_fan_out(time):
    """The fringe of spin 0 among shots without a flag, for two opposite phases; its sum is the population."""
    rho, at = windowed(prepared(FAN_OUT), time), np.array([time])
    shares = []
    for phase in (0.0, np.pi):
        turn = np.diag(np.exp(0.5j * phase / 4 * np.sum([np.diag(on(Z, s)) for s in range(4)], axis=0)))
        one = walked(turn @ rho @ turn.conj().T, FAN_OUT, back=True)
        one = on(H, 0) @ one @ on(H, 0)
        for spin in range(4):
            one = depolarise(one, [spin], AFTER[spin])
        shares.append(readings(one)[:, 0, 0, 0])
    population = (shares[0].sum() + shares[1].sum()) / 2
    fringe = (shares[0][0] - shares[0][1] - shares[1][0] + shares[1][1]) / 2
    np.testing.assert_allclose(curve("loss_flag").exact_population(at, ONE)[0, 0], population, rtol=1e-12)
    np.testing.assert_allclose(curve("loss_flag").visibility(at, ONE)[0, 0], abs(fringe), rtol=2e-3)
    np.testing.assert_allclose(curve("loss_flag").gain(at, ONE)[0, 0], 16 * fringe**2 / population, rtol=4e-3)


def test_spins_that_are_turned_over_relax_the_other_way():
    spins = Spins((0, 1, 2, 3), T1, T2, UP, DOWN, np.array([1.0, -1.0, 1.0, -1.0]))
    flipped = GhzOnDevice(spins, Around(FAN_OUT, AFTER), "parity")
    rho = prepared(FAN_OUT)
    for spin in (1, 3):
        rho = on(X, spin) @ rho @ on(X, spin)
    rho = windowed(rho, 5.0)
    for spin in range(4):
        rho = depolarise(rho, [spin], AFTER[spin])
    found = readings(rho)
    np.testing.assert_allclose(
        flipped.exact_population(np.array([5.0]), ONE)[0, 0], found[0, 1, 0, 1] + found[1, 0, 1, 0], rtol=1e-12
    )


def test_a_product_probe_adds_what_is_read_of_every_spin():
    spins = Spins((0, 1, 2, 3), T1, T2, UP, DOWN, np.ones(4))
    found = ProductOnDevice(spins, AFTER).gain(np.array([3.0]), ONE)[0, 0]
    wanted = sum(((1 - AFTER[s]) * (1 - UP[s] - DOWN[s]) * np.exp(-3.0 / T2[s])) ** 2 for s in range(4))
    np.testing.assert_allclose(found, wanted, rtol=1e-12)


@pytest.mark.parametrize("qubits", [[1], [1, 2]])
def test_relaxation_and_what_is_left_of_a_gate_have_its_reported_infidelity(qubits):
    """The average fidelity of the composed channel, from its process fidelity: the mean over Pauli matrices."""
    error, time = 0.02, 0.05
    lost = GateErrors(None, T1, T2).lost(error, qubits, time)
    size, overlap = 2 ** len(qubits), 0.0
    # A channel's process fidelity is the mean over Pauli matrices P of Tr(P E(P))/d, E of each spin by itself.
    factors = [np.array([1.0, np.exp(-time / T2[q]), np.exp(-time / T2[q]), np.exp(-time / T1[q])]) for q in qubits]
    kept = factors[0] if len(qubits) == 1 else np.outer(*factors).ravel()
    for place, factor in enumerate(kept):
        overlap += factor * (1 if place == 0 else 1 - lost)
    fidelity = (size * overlap / size**2 + 1) / (size + 1)
    np.testing.assert_allclose(1 - fidelity, error, rtol=1e-10)


@pytest.mark.parametrize("readout", ["parity", "loss_flag"])
def test_draws_and_times_are_independent_of_each_other(readout):
    many, times = Factors.drawn(0.2, 4), np.array([0.0, 1.0, 7.0])
    found = curve(readout).gain(times, many)
    assert found.shape == (len(many.t1), 3)
    one = Factors(many.t1[5:6], many.t2[5:6], many.whole[5:6])
    for exact in (curve(readout).visibility, curve(readout).exact_population):
        np.testing.assert_allclose(exact(times[1:2], one)[0, 0], exact(times, many)[5, 1], rtol=1e-14)
        np.testing.assert_allclose(exact(times, ONE)[0], exact(times, many)[0], rtol=1e-14)


BOUNDS = {12: (2e-8, 4e-3, 8e-4), 100: (5e-7, 2e-2, 2e-3)}  # of one draw, of many, of many early


@pytest.mark.parametrize("readout", ["parity", "loss_flag"])
@pytest.mark.parametrize(
    ("size", "idle", "unit"),
    [*((12, idle, unit) for idle in ("free", "hahn", "xy4") for unit in (1.0, 1e-9)), (100, "xy4", 1.0)],
)
def test_the_table_of_the_population_is_as_near_as_it_says(readout, size, idle, unit):
    """At times from none to far beyond all decay, of spins of which one does not relax."""
    rng = np.random.default_rng(5)
    t1 = np.where(np.arange(size) == 4, np.inf, np.exp(0.5 * rng.normal(size=size))) * unit
    t2 = np.minimum(t1, unit) * rng.uniform(0.3, 1.9, size)
    up, down = rng.uniform(0, 0.02, (2, size))
    spins = Spins(tuple(range(size)), t1, t2, up, down, np.ones(size), pulses=Pulses.named(idle))
    fan_out = tuple(Step(((spin - 1) // 2, spin), 0.01, 0.002 * unit) for spin in range(1, size))
    one = GhzOnDevice(spins, Around(fan_out, np.full(size, 0.01)), readout)
    times = np.append(0.0, np.geomspace(1e-3, 1e3, 61)) * unit
    early = times < 4 / (1 / t2).sum()
    alone, many, many_early = BOUNDS[size]
    for factors, early_error, error in (
        (Factors.scaled([1.0], size), alone, alone),
        (Factors.drawn(0.2, size), many_early, many),
    ):
        away = np.abs(one.population(times, factors) / one.exact_population(times, factors) - 1)
        assert away.max() < error
        assert away[:, early].max() < early_error
