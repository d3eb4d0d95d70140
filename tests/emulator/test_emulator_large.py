"""Twenty to a hundred spins: against Aer's matrix products, and against what is known in closed form.

Statistical tests are seeded; each says how rarely a right emulator would fail it.
"""

import numpy as np
import pytest
from cases import further
from referee import bits, fit_p_value, noise_of, same_p_value, ups_histogram, w_circuit
from scipy.stats import binom

import qsense
from qsense import LocalNoise, Probe, ReadoutError, emulator
from qsense.backends import AerSampler
from qsense.circuits.preparing import prepare
from qsense.circuits.sensing import Experiment, Settings
from qsense.emulator import effects, matrix_product, perfect_sampling

pytestmark = pytest.mark.long


def equator_and_z(size, total_phase=0.0):
    """Two rows: all spins along X, turned against the phase so that a GHZ state's parity is at its top; all along Z."""
    return Settings(
        np.full((2, size), (0.4 + total_phase) / size),
        np.pi / 2 * np.array([[1.0], [0.0]]) * np.ones(size),
        np.full((2, size), 0.4 / size),
    )


def parity_and_error(counts, row=0):
    outcomes, numbers = bits(counts, row)
    mean = float((1 - 2 * (outcomes.sum(1) % 2.0)) @ numbers / numbers.sum())
    return mean, np.sqrt((1 - mean**2) / numbers.sum() + 1e-12)


def ups_of_each_spin(counts, row=0):
    outcomes, numbers = bits(counts, row)
    return numbers @ outcomes


EXPERIMENTS = ["ghz directions", "ghz loss_flag", "ghz unprepare", "product directions", "w directions"]


@pytest.mark.parametrize(
    ("name", "size", "shots"),
    [
        (EXPERIMENTS[0], 20, 800),
        *(further((name, 20, 800)) for name in EXPERIMENTS[1:]),
        ("product directions", 50, 200),
        *(pytest.param(name, 50, 200, marks=pytest.mark.study) for name in EXPERIMENTS if name[:3] != "pro"),
    ],
)  # fmt: skip
def test_parity_marginals_and_numbers_of_ups_agree_with_aer(name, size, shots):
    """20 parities to 5 sigma, 20 histograms to 1e-6, 700 marginals to 5.5 sigma: fails once in 15000 seeds."""
    kind, ending = name.split()
    probe = {"ghz": Probe.ghz(size), "product": Probe.product(size, 0.3), "w": w_circuit(size)}[kind]
    experiment, settings, noise = Experiment(probe, 0.8, ending), equator_and_z(size), noise_of("unequal", size)
    errors = tuple(ReadoutError(0.001 * (spin % 5), 0.002 * (spin % 3)) for spin in range(size))
    ours = emulator.sample(experiment, settings, 20_000, noise, 1, errors)
    theirs = AerSampler("matrix_product_state", errors).sample(experiment, settings, shots, noise, seed=2)
    for row in range(2):
        (one, error), (other, other_error) = parity_and_error(ours, row), parity_and_error(theirs, row)
        assert abs(one - other) < 5 * np.hypot(error, other_error)
        assert same_p_value(ups_histogram(ours, row), ups_histogram(theirs, row)) > 1e-6
        for many, few in zip(ups_of_each_spin(ours, row), ups_of_each_spin(theirs, row), strict=True):
            pooled = (many + few) / (20_000 + shots)
            spread = np.sqrt(pooled * (1 - pooled) * (1 / shots + 1 / 20_000))
            assert abs(many / 20_000 - few / shots) < 5.5 * max(spread, 1 / shots)


@pytest.mark.study  # a smaller control: test_emulator_aer.py
def test_a_wrong_noise_does_not_agree_with_aer():
    experiment, settings, noise = Experiment(Probe.ghz(20), 0.8), equator_and_z(20), noise_of("emission", 20)
    theirs = AerSampler("matrix_product_state").sample(experiment, settings, 1500, noise, seed=2)
    ours = emulator.sample(experiment, settings, 20_000, LocalNoise(emission=2 * noise.emission[0]), 1)
    (one, error), (other, other_error) = parity_and_error(ours), parity_and_error(theirs)
    assert abs(one - other) > 5 * np.hypot(error, other_error)
    assert same_p_value(ups_histogram(ours, 1), ups_histogram(theirs, 1)) < 1e-6


def test_the_parity_of_a_hundred_spins_is_the_closed_form():
    """<Π(δ_j + k_j X_j)> of a GHZ state: Π k_j · 2|c| cos Σ(θ_j − α_j) + Π δ_j; 3 rows to 4.5 sigma: 1 in 50000."""
    size, noise = 100, noise_of("unequal", 100)
    errors = [ReadoutError(0.001, 0.003 if spin % 2 else 0.0) for spin in range(size)]
    offsets = np.array([0.0, 1.0, np.pi])
    settings = Settings(
        np.full((3, size), 0.01),
        np.full((3, size), np.pi / 2),
        np.full((3, size), 0.01) + offsets[:, None] / size,
    )
    counts = emulator.sample(Experiment(Probe.ghz(size), 0.8), settings, 40_000, noise, 4, errors)
    shrink = np.prod([1 - e.up_given_down - e.down_given_up for e in errors])
    shift = np.prod([e.down_given_up - e.up_given_down for e in errors])
    coherence = np.exp(-0.8 * noise.coherence_rates(size).sum())
    for row, offset in enumerate(offsets):
        mean, error = parity_and_error(counts, row)
        assert abs(mean - shrink * coherence * np.cos(offset) - shift) < 4.5 * error
    mean, error = parity_and_error(counts, 0)
    wrong = np.exp(-0.8 * 1.1 * noise.coherence_rates(size).sum())
    assert abs(mean - shrink * wrong - shift) > 4.5 * error


@pytest.mark.parametrize("kind", ["dephasing", "emission", "unequal"])
def test_the_flagged_fringe_of_a_hundred_spins_holds_the_exact_gain(kind):
    """G = N² p (fringe's contrast)², p the part that is not flagged; to 4.5 sigma: 1 in 50000."""
    size, shots, noise, probe = 100, 200_000, noise_of(kind, 100), Probe.ghz(100)
    polars = np.zeros((1, size))
    polars[0, 0] = np.pi / 2
    settings = Settings(np.full((1, size), 0.3 / size), polars, np.full((1, size), 0.3))
    counts = emulator.sample(Experiment(probe, 0.8, "loss_flag"), settings, shots, noise, 6)
    outcomes, numbers = bits(counts)
    kept = outcomes[:, 1:].sum(1) == 0
    down, up = (numbers[kept & (outcomes[:, 0] == bit)].sum() for bit in (0, 1))
    contrast = (down - up) / (down + up)
    error = 2 * contrast * np.sqrt((1 - contrast**2) / (down + up)) * (down + up) / shots
    error = np.hypot(error, contrast**2 * np.sqrt((down + up) / shots * (1 - (down + up) / shots) / shots))
    exact = qsense.gain(probe, noise, [0.8])[0] / size**2
    assert abs((down + up) / shots * contrast**2 - exact) < 4.5 * error
    assert error < 0.01 * exact


def test_the_return_of_a_hundred_spins_is_the_closed_form():
    """P_0 = (p_down + p_up)/2 + |c| cos Nθ (multiple-quantum coherences); 4 phases to 4.5 sigma: 1 in 40000."""
    size, shots, noise = 100, 100_000, noise_of("unequal", 100)
    totals = np.array([0.0, 1.0, 2.0, np.pi])
    still = np.zeros((4, size))
    settings = Settings(still + totals[:, None] / size, still, still)
    counts = emulator.sample(Experiment(Probe.ghz(size), 0.8, "unprepare"), settings, shots, noise, 8)
    channel = noise.channel(np.array([0.8]), size)
    populations = (channel.stay_down.prod() + (1 - channel.stay_up).prod()) / 2
    populations += (channel.stay_up.prod() + (1 - channel.stay_down).prod()) / 2
    for row, total in enumerate(totals):
        outcomes, numbers = bits(counts, row)
        back = numbers[outcomes.sum(1) == 0].sum() / shots
        wanted = populations / 2 + channel.coherence.prod() * np.cos(total) / 2
        assert abs(back - wanted) < 4.5 * np.sqrt(wanted * (1 - wanted) / shots)


def test_the_bloch_vectors_of_a_hundred_product_spins_hold_the_exact_gain():
    """G = Σ (x_j² + y_j²), noise of the squares subtracted; to 4.5 sigma: 1 in 100000."""
    size, shots = 100, 20_000
    noise, probe = LocalNoise(*np.random.default_rng(5).uniform(0, 0.4, (3, size))), Probe.product(100, 0.3)
    flat = np.zeros((2, size))
    settings = Settings(flat + 0.7, flat + np.pi / 2, flat + np.array([[0.0], [np.pi / 2]]))
    counts = emulator.sample(Experiment(probe, 1.3), settings, shots, noise, 6)
    mean = 1 - 2 * np.array([ups_of_each_spin(counts, row) for row in range(2)]) / shots
    squares = (mean**2 - 1 / shots) / (1 - 1 / shots)
    error = np.sqrt(np.sum(4 * mean**2 * (1 - mean**2) / shots))
    exact = qsense.gain(probe, noise, [1.3])[0]
    assert abs(squares.sum() - exact) < 4.5 * error
    assert error < 0.01 * exact


def test_the_numbers_of_ups_of_an_unprepared_product_are_a_sum_of_coins():
    """Each spin comes back with (1 + η_j cos θ_j)/2; one p-value, below 1e-5 by chance."""
    size, shots, noise = 100, 50_000, noise_of("unequal", 100)
    phases = np.linspace(0, 0.5, size)
    settings = Settings(phases[None], np.zeros((1, size)), np.zeros((1, size)))
    counts = emulator.sample(Experiment(Probe.product(size), 20.0, "unprepare"), settings, shots, noise, 8)
    stays = (1 + noise.channel(np.array([20.0]), size).coherence[0] * np.cos(phases)) / 2
    distribution = np.ones(1)
    for stay in stays:
        distribution = np.convolve(distribution, [stay, 1 - stay])
    assert fit_p_value(ups_histogram(counts), shots * distribution) > 1e-5
    assert fit_p_value(ups_histogram(counts), shots * np.roll(distribution, 1)) < 1e-5


def test_a_w_state_of_a_hundred_spins_keeps_its_pairs():
    """<(Σ X)²> = N + 2(N − 1) η², and the excitation survives with e^{−γt}; 2 numbers to 4.5 sigma: 1 in 70000."""
    size, shots, noise = 100, 40_000, LocalNoise(dephasing=0.05, emission=0.3)
    settings = Settings(np.zeros((2, size)), np.pi / 2 * np.array([[1.0], [0.0]]) * np.ones(size), np.zeros((2, size)))
    counts = emulator.sample(Experiment(w_circuit(size), 0.9), settings, shots, noise, 3)
    histogram = ups_histogram(counts, 0)
    squares = (size - 2.0 * np.arange(size + 1)) ** 2
    mean = histogram @ squares / shots
    error = np.sqrt((histogram @ squares**2 / shots - mean**2) / shots)
    assert abs(mean - size - 2 * (size - 1) * np.exp(-0.9 * 2 * noise.coherence_rates(1)[0])) < 4.5 * error
    lost, kept = ups_histogram(counts, 1)[:2]
    assert lost + kept == shots
    survival = np.exp(-0.9 * 0.3)
    assert abs(kept / shots - survival) < 4.5 * np.sqrt(survival * (1 - survival) / shots)


def test_a_dicke_state_of_a_hundred_spins_loses_its_excitations_one_by_one():
    """Five excitations survive each with e^{−γt}: binomial; one p-value, below 1e-5 by chance."""
    size, shots, noise = 100, 20_000, LocalNoise(emission=0.3)
    tensors = matrix_product.of_dicke_amplitudes(np.eye(size + 1)[5].astype(complex))
    assert max(tensor.shape[2] for tensor in tensors) == 6
    settings = Settings(*np.zeros((3, 1, size)))
    up = effects.of_preparation(
        Experiment(Probe.product(size), 0.9),
        settings,
        noise.channel(np.array([0.9]), size),
        np.array([np.eye(2)] * size),
    )
    drawn = perfect_sampling.draw(tensors, effects.as_factors(up), shots, np.random.default_rng(1))
    histogram = np.bincount(drawn[0].sum(1), minlength=7)
    wanted = binom.pmf(np.arange(7), 5, np.exp(-0.27))
    assert fit_p_value(histogram, shots * wanted) > 1e-5
    assert fit_p_value(histogram, shots * binom.pmf(np.arange(7), 5, np.exp(-0.24))) < 1e-5


def overlap(one, other):
    """<one|other> of two matrix products."""
    both = np.ones((1, 1))
    for first, second in zip(one, other, strict=True):
        both = np.einsum("ab,asc,bsd->cd", both, first.conj(), second)
    return both[0, 0]


def test_a_circuit_of_a_hundred_spins_becomes_its_matrix_product():
    w_state = matrix_product.of_dicke_amplitudes(np.eye(101)[1].astype(complex))
    assert abs(overlap(matrix_product.prepared(w_circuit(100)), w_state)) == pytest.approx(1, abs=1e-12)
    ghz = matrix_product.of_circuit(prepare(Probe.ghz(64)))
    assert abs(overlap(ghz, matrix_product.prepared(Probe.ghz(64)))) == pytest.approx(1, abs=1e-12)
    assert max(tensor.shape[2] for tensor in ghz) == 2


@pytest.mark.parametrize("size", [3, 8])
def test_gates_of_distant_spins_make_the_right_state(size):
    from qiskit.circuit.random import random_circuit
    from qiskit.quantum_info import Statevector

    circuit = random_circuit(size, 5, max_operands=3, seed=size)
    wanted = Statevector(circuit).data
    tensors = matrix_product.of_circuit(circuit)
    assert abs(overlap(tensors, matrix_product.of_vector(wanted))) == pytest.approx(1, abs=1e-12)
    for tensor in tensors:
        assert np.allclose(np.einsum("asb,csb->ac", tensor, tensor.conj()), np.eye(len(tensor)), atol=1e-12)


def test_dicke_amplitudes_become_their_state_vector():
    rng = np.random.default_rng(2)
    amplitudes = rng.normal(size=8) + 1j * rng.normal(size=8)
    amplitudes /= np.linalg.norm(amplitudes)
    ups = np.array([k.bit_count() for k in range(2**7)])
    vector = amplitudes[ups] / np.sqrt(np.bincount(ups)[ups])
    tensors = matrix_product.of_dicke_amplitudes(amplitudes)
    assert overlap(tensors, matrix_product.of_vector(vector)) == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize("ending", ["directions", "unprepare"])
def test_more_shots_than_fit_in_memory_are_drawn_in_blocks(ending, monkeypatch):
    """Each of 3 rows is a sum of blocks; mean numbers of ups to 5 sigma: 1 in 10⁶."""
    monkeypatch.setattr(emulator, "_CHUNK_BYTES", 100_000)
    size, shots = 12, 1000
    settings = Settings(*np.zeros((3, 3, size)))
    counts = emulator.sample(Experiment(Probe.ghz(size), 0.0, ending), settings, shots, LocalNoise(), 1)
    for row in range(3):
        outcomes, numbers = bits(counts, row)
        assert numbers.sum() == shots
        ups = dict(zip(outcomes.sum(1).tolist(), numbers.tolist(), strict=True))
        if ending == "unprepare":
            assert ups == {0: shots}
        else:
            assert set(ups) == {0, size}
            assert abs(ups[0] - shots / 2) < 5 * np.sqrt(shots / 4)


def test_three_thousand_spins_do_not_underflow():
    """Each string has a probability of 2^-3000; ups of 3000 spins to 5.5 sigma: 1 in 8000."""
    size, shots = 3000, 400
    settings = Settings(*np.zeros((3, 1, size)))
    counts = emulator.sample(Experiment(Probe.product(size), 1.0), settings, shots, LocalNoise(dephasing=0.1), 1)
    assert counts.numbers.sum() == shots
    assert np.all(np.abs(ups_of_each_spin(counts) - shots / 2) < 5.5 * np.sqrt(shots / 4))
