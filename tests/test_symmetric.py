"""The symmetric engine against dense matrices, closed forms, and blocks that are built by hand."""

import numpy as np
import pytest

import qsense
from qsense import Environment, LocalNoise, Probe
from qsense.errors import ArgumentError
from qsense.noise import environment_of
from qsense.theory.dense import dense_gain, density_matrices
from qsense.theory.engines import engine_for, uniform_channel
from qsense.theory.symmetric import blocks, copies, symmetric_gain

TIMES = np.array([0.0, 0.05, 0.7, 2.5, 9.0])
NOISES = {
    "dephasing": LocalNoise(dephasing=0.3),
    "emission": LocalNoise(emission=0.4),
    "absorption": LocalNoise(absorption=0.4),
    "mixed": LocalNoise(dephasing=0.1, emission=0.3, absorption=0.2),
    "stretched": LocalNoise(dephasing=0.2, emission=0.1, exponent=2.5),
    "collective": Environment(LocalNoise(dephasing=0.05, emission=0.1), collective_dephasing=0.07),
}


def random_amplitudes(size, seed):
    rng = np.random.default_rng(seed)
    amplitudes = rng.normal(size=size + 1) + 1j * rng.normal(size=size + 1)
    return amplitudes / np.linalg.norm(amplitudes)


@pytest.mark.parametrize("name", NOISES)
@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6])
def test_blocks_of_total_spin_and_dense_matrices_agree_for_random_complex_probes(name, size):
    probe = Probe.symmetric(random_amplitudes(size, seed=size))
    assert engine_for(probe, NOISES[name]).method == "symmetric engine"
    # 1e-12 of N²: both are direct formulas in double precision; 1e-9 is demanded.
    assert np.allclose(
        qsense.gain(probe, NOISES[name], TIMES), dense_gain(probe, NOISES[name], TIMES), rtol=0, atol=1e-12 * size**2
    )


@pytest.mark.parametrize("name", ["dephasing", "emission", "mixed"])
@pytest.mark.parametrize("size", [20, 60])
@pytest.mark.parametrize("kind", ["ghz", "product"])
def test_closed_forms_hold_to_a_relative_1e_9_up_to_sixty_spins(name, size, kind):
    # Relative, also where G has fallen by many orders: small blocks keep their digits.
    probe, times = Probe.named(kind, size), np.array([0.01, 0.2, 1.0, 6.0])
    closed = qsense.gain(probe, NOISES[name], times)
    channel = uniform_channel(environment_of(NOISES[name]), times)
    found = symmetric_gain(probe.dicke_amplitudes(), channel)
    seen = closed > 1e-12
    assert np.allclose(found[seen], closed[seen], rtol=1e-9, atol=0)
    assert np.all(found[~seen] < 1e-11)


def test_a_hundred_spins_agree_with_the_closed_form():
    times = np.array([0.3])
    channel = uniform_channel(environment_of(NOISES["emission"]), times)
    found = symmetric_gain(Probe.product(100).dicke_amplitudes(), channel)
    assert found[0] == pytest.approx(qsense.gain(Probe.product(100), NOISES["emission"], times)[0], rel=1e-11)


def spin_states(size):
    """{j: list of copies}, each copy an array (2j+1, 2^N) from fewest ups to most, by diagonalising J² and lowering."""
    ups = np.bitwise_count(np.arange(2**size)).astype(int)
    raising = np.zeros((2**size, 2**size))
    for spin in range(size):
        for state in range(2**size):
            if not state >> spin & 1:
                raising[state | 1 << spin, state] += 1
    found = {}
    for low in range(size // 2 + 1):
        # The lowest states of spin j = N/2 − low: low spins up, and nothing below.
        inside = np.flatnonzero(ups == low)
        lowering = raising.T[:, inside]
        kernel = np.linalg.svd(lowering)[2][np.linalg.matrix_rank(lowering, tol=1e-9) :]
        copies_of = []
        for vector in kernel:
            state = np.zeros(2**size)
            state[inside] = vector
            ladder = [state]
            for _ in range(size - 2 * low):
                state = raising @ state
                state = state / np.linalg.norm(state)
                ladder.append(state)
            copies_of.append(np.array(ladder))
        found[low] = copies_of
    return found


@pytest.mark.parametrize("name", NOISES)
@pytest.mark.parametrize("size", [2, 3, 4])
def test_blocks_are_those_of_an_explicit_decomposition_into_total_spins(name, size):
    probe, times = Probe.symmetric(random_amplitudes(size, seed=40 + size)), np.array([0.6])
    rho = density_matrices(probe, NOISES[name], times, np.zeros(1))[0]
    channel = uniform_channel(environment_of(NOISES[name]), times)
    found = list(blocks(probe.dicke_amplitudes(), channel))
    states = spin_states(size)
    assert len(found) == len(states)
    for low, block in enumerate(found):
        assert len(states[low]) == copies(size, low)
        explicit = sum(ladder.conj() @ rho @ ladder.T for ladder in states[low])
        assert np.allclose(block[0], explicit, atol=1e-13)


@pytest.mark.parametrize("name", NOISES)
def test_the_weights_of_the_blocks_add_up_to_one_at_a_hundred_spins(name):
    channel = uniform_channel(environment_of(NOISES[name]), np.array([0.4]))
    weight = sum(np.trace(block[0]).real for block in blocks(Probe.product(60).dicke_amplitudes(), channel))
    assert weight == pytest.approx(1.0, abs=1e-11)


def kron_all(spin, size):
    state = np.ones(1)
    for _ in range(size):
        state = np.kron(spin, state)
    return state


def collective(size, matrix):
    """Σ_j of a one-spin operator, in qsense's order and basis (|0> down, |1> up)."""
    total = np.zeros((2**size, 2**size), dtype=complex)
    for spin in range(size):
        total += np.kron(np.kron(np.eye(2 ** (size - 1 - spin)), matrix), np.eye(2**spin))
    return total


X, Y, Z = (np.array(m) / 2 for m in ([[0, 1], [1, 0]], [[0, 1j], [-1j, 0]], [[-1, 0], [0, 1]]))


def expm(matrix):
    values, vectors = np.linalg.eigh(1j * matrix)
    return vectors @ np.diag(np.exp(-1j * values)) @ vectors.conj().T


@pytest.mark.parametrize("kind", ["one_axis", "two_axis"])
def test_squeezed_states_are_twisted_and_turned_product_states(kind):
    from qsense.probes import collective as states

    size, strength, angle = 4, 0.35, 0.6
    jx, jy, jz = (collective(size, m) for m in (X, Y, Z))
    twist = jz @ jz if kind == "one_axis" else jy @ jz + jz @ jy
    expected = expm(-1j * angle * jx) @ expm(-1j * strength * twist) @ kron_all(np.full(2, 0.5**0.5), size)
    made = Probe.symmetric(getattr(states, kind)(size, strength, angle)).statevector()
    assert abs(np.vdot(expected, made)) == pytest.approx(1.0, abs=1e-12)


@pytest.mark.parametrize("kind", ["one_axis:0.3", "two_axis:0.15"])
def test_squeezed_states_are_turned_for_the_largest_gain_at_the_start(kind):
    from qsense.probes import collective as states

    family, number = kind.split(":")
    best = qsense.gain(Probe.named(kind, 6), LocalNoise(dephasing=0.1), [0.0])[0]
    turned = [
        qsense.gain(Probe.symmetric(getattr(states, family)(6, float(number), a)), LocalNoise(dephasing=0.1), [0.0])[0]
        for a in np.linspace(0, np.pi, 200)
    ]
    assert max(turned) <= best * (1 + 1e-12)
    assert max(turned) == pytest.approx(best, rel=1e-3)


@pytest.mark.parametrize("ups", [0, 2, 5])
def test_dicke_states_along_x_are_eigenstates_of_j_x(ups):
    state = Probe.named(f"dicke_x:{ups}", 5).statevector()
    assert np.allclose(collective(5, X) @ state, (ups - 2.5) * state, atol=1e-12)
    plain = Probe.named(f"dicke:{ups}", 5).statevector()
    assert np.allclose(collective(5, Z) @ plain, (ups - 2.5) * plain, atol=1e-12)


def test_coherent_states_are_products_of_spins_along_one_direction():
    spin = np.array([np.sin(0.35), np.cos(0.35)])  # down, up at polar angle 0.7
    assert abs(np.vdot(kron_all(spin, 3), Probe.named("coherent:0.7", 3).statevector())) == pytest.approx(1.0)


def test_a_symmetric_circuit_is_recognised_and_another_is_not():
    assert engine_for(Probe.from_qasm("dicke4_2"), NOISES["mixed"]).method == "symmetric engine"
    one_up = np.zeros(8)
    one_up[1] = 1
    assert engine_for(Probe.from_state(one_up), NOISES["mixed"]).method == "dense matrices"
    unequal = LocalNoise(dephasing=[0.1, 0.2, 0.3, 0.4])
    assert engine_for(Probe.from_qasm("dicke4_2"), unequal).method == "dense matrices"


@pytest.mark.parametrize(("size", "ratio"), [(4, 1.1476), (24, 1.8757)])
def test_twin_fock_beats_n_over_four_gamma_under_dephasing(size, ratio):
    img = qsense.integrated_gain(Probe.named("twin_fock", size), LocalNoise(dephasing=0.25))
    assert img.value / size == pytest.approx(ratio, abs=5e-5)


def test_a_hundred_and_one_spins_are_refused():
    with pytest.raises(ArgumentError, match="at most 100 spins"):
        qsense.gain(Probe.named("w", 101), NOISES["dephasing"], [1.0])
