"""The noise on Aer's delays is the channel, and the sampler's counts follow the exact distribution."""

import numpy as np
import oracle
import pytest
from cases import further
from qiskit import QuantumCircuit
from qiskit.quantum_info import DensityMatrix
from qiskit_aer import AerSimulator
from scipy.stats import chi2

from qsense import LocalNoise, Probe, ReadoutError
from qsense.backends import AerSampler
from qsense.backends.aer_noise import kraus_operators, with_noise
from qsense.circuits.preparing import prepare
from qsense.circuits.sensing import Experiment, Settings
from qsense.errors import ArgumentError
from qsense.theory.dense import density_matrices

pytestmark = pytest.mark.long


def unequal(size):
    rng = np.random.default_rng(size)
    rates = rng.uniform(0.02, 0.5, (3, size))
    rates[:, size // 2] = 0  # one spin without noise
    return LocalNoise(*rates)


@pytest.mark.parametrize("size", range(1, 9))
def test_aer_holds_the_exact_channel_to_1e_12(size):
    noise, time, phase = unequal(size), 0.9, 0.37
    probe = Probe.ghz(size) if size % 2 else Probe.product(size, 0.2)
    circuit = QuantumCircuit(size)
    circuit.compose(prepare(probe), inplace=True)
    for spin in range(size):
        circuit.rz(phase, spin)
        circuit.delay(time, spin, unit="s")
    noisy = with_noise(circuit, noise)
    noisy.save_density_matrix()
    result = AerSimulator(method="density_matrix").run(noisy).result()
    exact = density_matrices(probe, noise, np.array([time]), np.array([phase]))[0]
    assert np.abs(np.asarray(result.data()["density_matrix"]) - exact).max() < 1e-12


@pytest.mark.parametrize("rates", [(0.3, 0, 0), (0, 0.4, 0), (0, 0, 0.4), (0.1, 0.3, 0.2), (0, 0, 0)])
def test_kraus_operators_solve_the_lindblad_equation(rates):
    noise, time = LocalNoise(*rates), 0.8
    operators = kraus_operators(noise, time, 0, 1)
    assert np.allclose(sum(k.conj().T @ k for k in operators), np.eye(2), atol=1e-15)
    rng = np.random.default_rng(1)
    psi = rng.normal(size=2) + 1j * rng.normal(size=2)
    psi /= np.linalg.norm(psi)
    ours = sum(k @ np.outer(psi, psi.conj()) @ k.conj().T for k in operators)
    theirs, _ = oracle.state_and_slope(psi[::-1], time, 0.0, *([r] for r in rates))
    assert np.allclose(ours, theirs[::-1, ::-1], atol=1e-13)


@pytest.mark.parametrize("unit", ["ms", "us", "ns"])
def test_delays_in_other_units_are_the_same_time(unit):
    scale = {"ms": 1e-3, "us": 1e-6, "ns": 1e-9}[unit]
    circuit = QuantumCircuit(1)
    circuit.h(0)
    circuit.delay(3.0, 0, unit=unit)
    noisy = with_noise(circuit, LocalNoise(dephasing=0.1 / scale))
    assert DensityMatrix(noisy).data[0, 1].real == pytest.approx(0.5 * np.exp(-0.6))


def test_a_delay_in_dt_is_refused():
    circuit = QuantumCircuit(1)
    circuit.delay(100, 0)
    with pytest.raises(ArgumentError, match="unit of time"):
        with_noise(circuit, LocalNoise(dephasing=0.1))


def random_settings(size, rows, seed):
    rng = np.random.default_rng(seed)
    return Settings(*(rng.uniform(0, np.pi, (rows, size)) for _ in range(3)))


def exact_distribution(probe, noise, time, settings, row):
    rho = density_matrices(probe, noise, np.array([time]), np.array([0.0]))[0]
    for spin in range(probe.num_qubits):
        phase, polar, azimuth = (a[row, spin] for a in (settings.phases, settings.polars, settings.azimuths))
        turn = rz(phase - azimuth)
        full = np.kron(np.kron(np.eye(2 ** (probe.num_qubits - 1 - spin)), ry(-polar) @ turn), np.eye(2**spin))
        rho = full @ rho @ full.conj().T
    return np.diag(rho).real.clip(0)


def rz(angle):
    return np.diag([np.exp(-0.5j * angle), np.exp(0.5j * angle)])


def ry(angle):
    c, s = np.cos(angle / 2), np.sin(angle / 2)
    return np.array([[c, -s], [s, c]])


def chi_square_p_value(table, probabilities, shots):
    expected = shots * probabilities
    keep = expected > 5
    observed = np.append(table[keep], table[~keep].sum())
    wanted = np.append(expected[keep], expected[~keep].sum())
    if wanted[-1] < 5:
        observed[-2] += observed[-1]
        wanted[-2] += wanted[-1]
        observed, wanted = observed[:-1], wanted[:-1]
    return chi2.sf(np.sum((observed - wanted) ** 2 / wanted), len(wanted) - 1)


@pytest.mark.parametrize(
    ("method", "size"),
    [
        *(("density_matrix", 1), ("statevector", 2), ("density_matrix", 3)),
        *map(further, (("statevector", 1), ("density_matrix", 2), ("statevector", 3))),
    ],
)
def test_counts_follow_the_exact_distribution(method, size):
    noise, time, shots = unequal(size), 0.7, 20000
    probe = Probe.ghz(size)
    settings = random_settings(size, 6, seed=size)
    counts = AerSampler(method).sample(Experiment(probe, time), settings, shots, noise, seed=11)
    table = counts.table()
    assert np.all(table.sum(1) == shots)
    for row in range(len(settings)):
        # 36 p-values in all: below 1e-5 by chance once in 2800 runs; seeded, so once and for all.
        assert chi_square_p_value(table[row], exact_distribution(probe, noise, time, settings, row), shots) > 1e-5


def test_the_chi_square_test_sees_a_wrong_noise():
    noise, wrong, shots = LocalNoise(dephasing=0.1), LocalNoise(dephasing=0.13), 20000
    settings = Settings(np.zeros((1, 2)), np.full((1, 2), np.pi / 2), np.zeros((1, 2)))
    table = AerSampler().sample(Experiment(Probe.ghz(2), 1.0), settings, shots, noise, seed=1).table()
    assert chi_square_p_value(table[0], exact_distribution(Probe.ghz(2), wrong, 1.0, settings, 0), shots) < 1e-5


def test_readout_error_mixes_the_outcomes_by_its_matrix():
    error = ReadoutError(up_given_down=0.1, down_given_up=0.2)
    settings = Settings(*(np.zeros((1, 2)) for _ in range(3)))
    experiment = Experiment(Probe.product(2, tilt=0.4), 0.0)
    table = AerSampler(readout_error=error).sample(experiment, settings, 50000, LocalNoise(), seed=5).table()
    one = error.matrix @ np.array([0.3, 0.7])
    assert chi_square_p_value(table[0], np.kron(one, one), 50000) > 1e-5


def test_the_same_seed_gives_the_same_counts_and_another_seed_others():
    settings = random_settings(3, 20, seed=0)
    experiment = Experiment(Probe.ghz(3), 1.0)
    runs = [AerSampler().sample(experiment, settings, 300, unequal(3), seed).table() for seed in (1, 1, 2)]
    assert np.array_equal(runs[0], runs[1])
    assert not np.array_equal(runs[0], runs[2])


def test_rows_with_equal_angles_are_independent_samples():
    settings = Settings(*(np.full((200, 2), angle) for angle in (0.3, 1.0, 0.5)))
    table = AerSampler().sample(Experiment(Probe.ghz(2), 1.0), settings, 100, unequal(2), 9).table()
    # Were rows the same draw, the variance over rows would be 0; it must be the multinomial's, to 5 sigma (√(2/199)).
    p = exact_distribution(Probe.ghz(2), unequal(2), 1.0, settings, 0)[0]
    assert table[:, 0].var(ddof=1) / (100 * p * (1 - p)) == pytest.approx(1, abs=0.5)
    correlation = np.corrcoef(table[:-1, 0], table[1:, 0])[0, 1]
    assert abs(correlation) < 0.35
