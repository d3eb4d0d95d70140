"""The emulator's probabilities are those of the experiment's circuit, and its counts follow them.

Statistical tests are seeded. A right emulator fails one of them less than once in 3000 seeds (see each), and a control
with a wrong rate, phase or readout error must fail.
"""

import subprocess
import sys

import numpy as np
import pytest
import sampling
from referee import (
    ENDINGS,
    ERRORS,
    LOPSIDED,
    NOISES,
    OWN,
    circuit_probabilities,
    fit_p_value,
    misread,
    noise_of,
    probes_of,
    random_settings,
)

from qsense import LocalNoise, Probe, ReadoutError, emulator
from qsense.circuits.sensing import Experiment, Settings
from qsense.emulator import dense, matrix_product
from qsense.errors import ArgumentError


def exact(experiment, settings, noise, errors=None):
    return np.concatenate(list(emulator.probabilities(experiment, settings, noise, errors)))


@pytest.mark.parametrize("ending", ENDINGS)
@pytest.mark.parametrize("size", range(1, 7))
def test_probabilities_are_those_of_the_noisy_circuit(size, ending):
    settings = random_settings(size, 2, seed=size)
    for probe in probes_of(size, ending):
        experiment = Experiment(probe, 0.8, ending)
        for kind in ("unequal", "absorption"):
            noise = noise_of(kind, size)
            wanted = circuit_probabilities(experiment, settings, noise)
            assert np.abs(exact(experiment, settings, noise) - wanted).max() < 1e-13
            wrong = misread(wanted, ERRORS[:size])
            assert np.abs(exact(experiment, settings, noise, ERRORS[:size]) - wrong).max() < 1e-13


@pytest.mark.parametrize("size", range(1, 9))
@pytest.mark.parametrize("kind", NOISES)
def test_probabilities_are_those_of_the_lindblad_equation(kind, size):
    for probe in (Probe.ghz(size), Probe.product(size, 0.3)):
        settings = random_settings(size, 3, seed=5)
        wanted = sampling.distributions(probe, noise_of(kind, size), 0.8, settings)
        assert np.abs(exact(Experiment(probe, 0.8), settings, noise_of(kind, size)) - wanted).max() < 1e-13


def test_rows_that_share_directions_are_not_confused():
    # A tree of all Pauli bases, shuffled, with repeated rows; one at a time there is nothing to share.
    rng = np.random.default_rng(2)
    noise, probe = noise_of("unequal", 4), Probe.from_qasm("w4")
    angles = np.array([[np.pi / 2, 0], [np.pi / 2, np.pi / 2], [0, 0]])
    bases = rng.permutation(np.vstack([np.indices((3,) * 4).reshape(4, -1).T] * 2))
    settings = Settings(rng.integers(-1, 2, bases.shape) * np.pi / 2, angles[bases, 0], angles[bases, 1])
    together = exact(Experiment(probe, 0.5), settings, noise)
    alone = [exact(Experiment(probe, 0.5), settings[row : row + 1], noise)[0] for row in range(len(settings))]
    assert np.abs(together - alone).max() < 1e-12


def test_blocks_of_rows_join_to_the_whole(monkeypatch):
    settings, noise = random_settings(3, 23, seed=4), noise_of("mixed", 3)
    for ending in ("directions", "unprepare"):
        experiment = Experiment(LOPSIDED, 0.5, ending)
        whole, counts = exact(experiment, settings, noise), emulator.sample(experiment, settings, 50, noise, 1)
        monkeypatch.setattr(dense, "_CHUNK_BYTES", 5 * 16 * 4**2)
        blocks = list(emulator.probabilities(experiment, settings, noise))
        assert [len(block) for block in blocks] == [5, 5, 5, 5, 3]
        assert np.allclose(np.concatenate(blocks), whole, atol=1e-15)
        assert np.array_equal(emulator.sample(experiment, settings, 50, noise, 1).table(), counts.table())
        monkeypatch.undo()


@pytest.mark.parametrize("ending", ["loss_flag", "unprepare"])
@pytest.mark.parametrize("size", range(1, 9))
def test_strings_of_an_undone_fan_out_follow_the_exact_distribution(ending, size):
    """32 p-values in all, below 1e-5 by chance once in 3000 seeds."""
    experiment, noise = Experiment(Probe.ghz(size), 0.8, ending), noise_of("unequal", size)
    settings, shots = random_settings(size, 2, seed=size), 100_000
    table = emulator.sample(experiment, settings, shots, noise, 3, ERRORS[:size]).table()
    wanted = exact(experiment, settings, noise, ERRORS[:size])
    for row in range(2):
        assert fit_p_value(table[row], shots * wanted[row]) > 1e-5


@pytest.mark.parametrize("wrong", ["phase", "noise", "readout error"])
@pytest.mark.parametrize("ending", ["loss_flag", "unprepare"])
def test_strings_of_an_undone_fan_out_do_not_follow_a_wrong_distribution(ending, wrong):
    size, shots = 7, 100_000
    experiment, noise = Experiment(Probe.ghz(size), 0.8, ending), noise_of("mixed", size)
    # Mid-fringe, where spin 0 holds the phase: along X after the flag, along Z after the whole preparation is undone.
    polars = np.zeros((1, size))
    polars[0, 0] = np.pi / 2 if ending == "loss_flag" else 0
    settings = Settings(np.full((1, size), np.pi / 2 / size), polars, np.zeros((1, size)))
    table = emulator.sample(experiment, settings, shots, noise, 3, ERRORS[:size]).table()[0]
    assert fit_p_value(table, shots * exact(experiment, settings, noise, ERRORS[:size])[0]) > 1e-5
    if wrong == "phase":
        off = exact(experiment, settings.at(0.1 / size), noise, ERRORS[:size])
    elif wrong == "noise":
        off = exact(experiment, settings, noise_of("emission", size), ERRORS[:size])
    else:
        off = exact(experiment, settings, noise, ERRORS[size - 1 :: -1])
    assert fit_p_value(table, shots * off[0]) < 1e-5


LARGE = [Probe.ghz(7), Probe.product(7, 0.3), LOPSIDED, *OWN[4], *OWN[6]]


@pytest.mark.parametrize("probe", LARGE, ids=lambda p: p.name)
def test_shots_of_a_matrix_product_follow_the_exact_distribution(probe, monkeypatch):
    """12 p-values, below 1e-5 by chance once in 8000 seeds."""
    size = probe.num_qubits
    noise, errors, shots = noise_of("unequal", size), ERRORS[:size], 100_000
    settings = random_settings(size, 2, seed=size)
    wanted = exact(Experiment(probe, 0.8), settings, noise, errors)
    monkeypatch.setattr(dense, "NUM_QUBITS", 0)  # so that the large probes' way is taken
    table = emulator.sample(Experiment(probe, 0.8), settings, shots, noise, 5, errors).table()
    for row in range(2):
        assert fit_p_value(table[row], shots * wanted[row]) > 1e-5
        assert fit_p_value(table[row], shots * np.roll(wanted[row], 1)) < 1e-5


def test_ten_spins_are_dense_and_right():
    probe, settings = Probe.ghz(10), random_settings(10, 2, seed=1)
    noise = noise_of("emission", 10)
    table = exact(Experiment(probe, 1.0), settings, noise)
    assert table.shape == (2, 1024)
    # A spin of a GHZ state has only Z: <Z_j> = 1 − 2 · ½ · e^{−γt}, along its direction and from the marginal.
    half = np.exp(-noise.emission[0])
    along = (1 - half) * np.cos(settings.polars[:, 3])
    ups = np.array([(k >> 3) & 1 for k in range(1024)])
    assert np.allclose(table @ (1 - 2.0 * ups), along, atol=1e-13)


def test_the_same_seed_gives_the_same_counts_whatever_the_number_of_threads():
    code = (
        "import hashlib, numpy as np\n"
        "from qsense import Probe, LocalNoise, emulator\n"
        "from qsense.circuits.sensing import Experiment, Settings\n"
        "h = hashlib.sha256()\n"
        "for probe, ending in ((Probe.ghz(5), 'directions'), (Probe.ghz(40), 'directions'),\n"
        "                      (Probe.ghz(40), 'unprepare'), (Probe.from_qasm('dicke6_3'), 'unprepare')):\n"
        "    s = Settings(*np.random.default_rng(1).uniform(0, 3, (3, 60, probe.num_qubits)))\n"
        "    c = emulator.sample(Experiment(probe, 0.5, ending), s, 500, LocalNoise(.1, .2, .3), SEED)\n"
        "    for a in (c.offsets, c.outcomes, c.numbers): h.update(a.tobytes())\n"
        "print(h.hexdigest())"
    )

    def run(seed, threads):
        environment = {"OMP_NUM_THREADS": threads, "OPENBLAS_NUM_THREADS": threads, "PYTHONPATH": ":".join(sys.path)}
        done = subprocess.run(
            [sys.executable, "-c", code.replace("SEED", seed)], capture_output=True, text=True, env=environment
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    one = run("7", "1")
    assert one == run("7", "4")
    assert one != run("8", "1")


@pytest.mark.parametrize("size", [4, 30])
def test_rows_with_equal_angles_are_independent_samples(size):
    settings = Settings(*(np.full((400, size), angle) for angle in (0.3, 1.0, 0.5)))
    counts = emulator.sample(Experiment(Probe.product(size), 1.0), settings, 100, noise_of("mixed", size), 9)
    ups = np.array([counts.numbers[a:b] @ _spin_0(counts.outcomes[a:b]) for a, b in _rows(counts)])
    p = ups.mean() / 100
    # The variance over rows is the binomial's, to 5 sigma (√(2/399)), and neighbours do not know each other (5/√399).
    assert ups.var(ddof=1) / (100 * p * (1 - p)) == pytest.approx(1, abs=0.36)
    assert abs(np.corrcoef(ups[:-1], ups[1:])[0, 1]) < 0.25


def _rows(counts):
    return zip(counts.offsets[:-1], counts.offsets[1:], strict=True)


def _spin_0(outcomes):
    return outcomes[:, 0] & 1


def test_an_emulated_run_needs_no_qiskit():
    code = (
        "import sys, numpy as np\n"
        "from qsense import Probe, LocalNoise\n"
        "from qsense.backends import sampler\n"
        "from qsense.circuits.sensing import Experiment, Settings\n"
        "still = Settings(*np.zeros((3, 2, 3)))\n"
        "sampler('emulator').sample(Experiment(Probe.ghz(3), 1.0), still, 9, LocalNoise(), 1)\n"
        "print([m for m in ('qiskit', 'qiskit_aer', 'scipy') if m in sys.modules])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stdout.strip() == "[]", done.stderr


def test_what_cannot_be_done_is_refused_with_the_fix():
    wires = [f"cx q[{a}], q[{(5 * a + 3) % 16}];" for a in range(16) if a != (5 * a + 3) % 16]
    turns = [f"U(1.{a},0.{a},0.3) q[{a}];" for a in range(16)]
    text = "\n".join(
        ['OPENQASM 3.0; include "stdgates.inc"; qubit[16] q;', *(3 * (turns + wires + turns + wires[::2]))]
    )
    with pytest.raises(ArgumentError, match=r'too entangled .*; use at most 10 spins, or backend = "aer:statevector"'):
        emulator.check(Experiment(Probe.from_text(text, "tangle"), 1.0))
    ladder = 'OPENQASM 3.0; include "stdgates.inc"; qubit[12] q; h q[0];'
    with pytest.raises(
        ArgumentError, match='at most 10 spins, but it has 12; use backend = "aer:matrix_product_state"'
    ):
        emulator.check(Experiment(Probe.from_text(ladder, "half"), 1.0, "unprepare"))
    with pytest.raises(ArgumentError, match="readout errors for 2 spins, but the probe has 3; give one or 3"):
        emulator.sample(
            Experiment(Probe.ghz(3), 1.0), random_settings(3, 1, 1), 10, LocalNoise(), 1, [ReadoutError()] * 2
        )
    with pytest.raises(ArgumentError, match="has rates for 2 spins, but the probe has 3"):
        emulator.sample(Experiment(Probe.ghz(3), 1.0), random_settings(3, 1, 1), 10, LocalNoise([0.1, 0.2]), 1)


def test_a_matrix_product_is_right_canonical_and_is_the_state():
    rng = np.random.default_rng(3)
    vector = rng.normal(size=64) + 1j * rng.normal(size=64)
    vector /= np.linalg.norm(vector)
    states = [(matrix_product.of_vector(vector), vector)]
    probes = (Probe.ghz(5), Probe.product(5, 0.3), Probe.from_qasm("dicke6_3"), Probe.from_qasm("w4"))
    states += [(matrix_product.prepared(probe), probe.statevector()) for probe in probes]
    for tensors, wanted in states:
        assert np.abs(amplitudes(tensors) - wanted).max() < 1e-13
        for tensor in tensors:
            assert np.allclose(np.einsum("asb,csb->ac", tensor, tensor.conj()), np.eye(len(tensor)), atol=1e-13)


def amplitudes(tensors):
    """All 2^N amplitudes of a matrix product, bit j of the index being spin j."""
    state = np.ones((1, 1))
    for tensor in tensors:
        state = np.einsum("ka,asb->skb", state, tensor).reshape(2 * len(state), -1)
    return state[:, 0]
