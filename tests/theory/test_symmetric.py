"""The symmetric engine against dense matrices, closed forms, and blocks built by hand on all 2^N basis states."""

from functools import reduce
from itertools import combinations
from math import comb

import numpy as np
import pytest
from cases import spread
from dicke_states import channel_at, random_amplitudes
from scipy.linalg import expm, null_space

from qsense import LocalNoise, Probe, gain
from qsense.errors import ArgumentError
from qsense.noise import Environment, noise_model_of
from qsense.probes import collective
from qsense.theory.closed import ghz_gain, product_gain
from qsense.theory.dense import dense_gain, density_matrices
from qsense.theory.engines import engine_for
from qsense.theory.mixing import Mixing, dicke_tables
from qsense.theory.symmetric import UniformChannel, blocks, copies, singlets, symmetric_gain

NOISES = {
    "dephasing": LocalNoise(dephasing=0.3),
    "emission": LocalNoise(emission=0.4),
    "absorption": LocalNoise(absorption=0.4),
    "mixed": LocalNoise(dephasing=0.1, emission=0.3, absorption=0.2),
    "stretched": LocalNoise(dephasing=0.2, exponent=1.7),
    "stretched beside emission": LocalNoise(dephasing=0.2, emission=0.1, exponent=0.6),
    "collective": Environment(collective_dephasing=0.02),
    "collective beside mixed": Environment(LocalNoise(0.1, 0.3, 0.2), collective_dephasing=0.02),
}
LOCAL = {name: noise for name, noise in NOISES.items() if isinstance(noise, LocalNoise)}
HADAMARD = np.array([[1.0, 1.0], [1.0, -1.0]]) / np.sqrt(2)


def on_all(operator, size):
    return reduce(np.kron, [operator] * size)


def spins(size):
    """J_x, J_y, J_z on the 2^N basis states, up being 1; J_z = +½ there."""
    single = (np.array([[0, 1], [1, 0]]) / 2, np.array([[0, 1j], [-1j, 0]]) / 2, np.diag([-0.5, 0.5]))
    return [
        sum(np.kron(np.kron(np.eye(2 ** (size - 1 - j)), one), np.eye(2**j)) for j in range(size)) for one in single
    ]


def dicke_state(size, ups):
    """The equal superposition of all places of so many spins up."""
    state = np.zeros(2**size)
    for places in combinations(range(size), ups):
        state[sum(1 << place for place in places)] = 1
    return state / np.linalg.norm(state)


@pytest.mark.parametrize("name", NOISES)
def test_symmetric_and_dense_engine_agree_for_random_complex_amplitudes(name):
    noise, times = NOISES[name], np.array([0.0, 0.01, 0.3, 1.0, 4.0])
    for size in range(1, 9):
        amplitudes = random_amplitudes(size, size)
        dense = dense_gain(Probe.symmetric(amplitudes), noise, times)
        symmetric = symmetric_gain(amplitudes, channel_at(noise, *times))
        # 1e-9 is demanded; both engines are good to a few hundred roundings of N² ≤ 64.
        assert np.allclose(symmetric, dense, rtol=0, atol=2e-12), size


@pytest.mark.parametrize(("size", "name"), spread(3, [20, 60, 100], LOCAL))
def test_symmetric_engine_and_closed_forms_agree_to_one_part_in_a_billion(name, size):
    noise = LOCAL[name]
    for probe, closed, first in (
        (Probe.ghz(size), ghz_gain, 1e-3 / size),
        (Probe.product(size), product_gain, 1e-2),
        (Probe.product(size, 0.4), lambda n, noise, t: product_gain(n, noise, t, 0.4), 1e-2),
    ):
        times = np.concatenate([[0.0], np.geomspace(first, 1e3 * first, 5)])
        exact = closed(size, noise, times)
        known = exact > 1e-5 * exact[0]
        assert known.sum() >= 3
        symmetric = symmetric_gain(probe.dicke_amplitudes(), channel_at(noise, *times))
        assert np.allclose(symmetric[known], exact[known], rtol=1e-9, atol=0)
        resolution = engine_for(Probe.symmetric(probe.dicke_amplitudes()), noise).resolution
        assert np.allclose(symmetric, exact, rtol=0, atol=resolution)


def test_the_closed_form_of_ghz_under_collective_dephasing_is_the_symmetric_engines():
    noise, times = Environment(LocalNoise(emission=0.1), collective_dephasing=0.01), np.array([0.0, 0.2, 1.0])
    amplitudes = Probe.ghz(6).dicke_amplitudes()
    assert np.allclose(gain(Probe.ghz(6), noise, times), symmetric_gain(amplitudes, channel_at(noise, *times)))


@pytest.mark.parametrize("name", NOISES)
@pytest.mark.parametrize("size", [1, 2, 7, 60])
def test_the_weights_of_the_blocks_add_up_to_one(name, size):
    parts = blocks(random_amplitudes(size, 3), channel_at(NOISES[name], 0.0, 0.5, 5.0))
    total = sum(np.trace(block, axis1=1, axis2=2) for block in parts)
    assert np.allclose(total, 1, rtol=0, atol=1e-12)


@pytest.mark.parametrize("name", LOCAL)
def test_the_weights_of_a_product_state_are_those_of_identical_mixed_spins(name):
    # A spin of eigenvalues λ, μ, N times: p_j = d_j (λμ)^{N/2−j} (λ^{2j+1} − μ^{2j+1})/(λ − μ), Schur's character.
    size, time = 40, 0.7
    channel = LOCAL[name].channel(np.array([time]), 1)
    c, up, down = (float(factor[0, 0]) for factor in channel)
    excited = (up + 1 - down) / 2
    large, small = np.linalg.eigvalsh([[1 - excited, c / 2], [c / 2, excited]])[::-1]
    parts = blocks(collective.coherent(size).real, channel_at(LOCAL[name], time))
    for below, block in enumerate(parts):
        dimension = size - 2 * below + 1
        ways = comb(size, below) - (comb(size, below - 1) if below else 0)
        expected = ways * (large * small) ** below * (large**dimension - small**dimension) / (large - small)
        assert np.trace(block[0]).real == pytest.approx(expected, rel=1e-9, abs=1e-15)


def multiplets(size, below):
    """Orthonormal |j, m> of every copy of spin j = N/2 − below: J_+ has the top states in its kernel, J_− lowers them.

    Shape (copies, 2j+1, 2^N), fewest spins up first.
    """
    jx, jy, jz = spins(size)
    raising, lowering = jx + 1j * jy, jx - 1j * jy
    top = size / 2 - below
    chosen = np.flatnonzero(np.isclose(np.diag(jz), top))
    kernel = null_space(raising[:, chosen])
    states = np.zeros((kernel.shape[1], 2**size), dtype=complex)
    states[:, chosen] = kernel.T
    ladder = [states]
    for _ in range(size - 2 * below):
        lower = ladder[-1] @ lowering.T
        ladder.append(lower / np.linalg.norm(lower, axis=1, keepdims=True))
    return np.stack(ladder[::-1], axis=1)


@pytest.mark.parametrize("name", NOISES)
@pytest.mark.parametrize("size", [2, 3, 4, 5])
def test_blocks_are_those_of_an_explicit_schur_decomposition(name, size):
    amplitudes = random_amplitudes(size, 11)
    rho = density_matrices(Probe.symmetric(amplitudes), NOISES[name], np.array([0.6]), np.zeros(1))[0]
    weight = 0.0
    for below, block in enumerate(blocks(amplitudes, channel_at(NOISES[name], 0.6))):
        basis = multiplets(size, below)
        assert len(basis) == copies(size, below)
        explicit = np.einsum("cmi,ij,cnj->mn", basis.conj(), rho, basis)
        assert np.allclose(block[0], explicit, rtol=0, atol=1e-13)
        weight += np.trace(explicit).real
    assert weight == pytest.approx(1, abs=1e-13)


@pytest.mark.parametrize("size", [3, 4])
def test_one_copy_of_a_block_is_singlets_beside_a_dicke_state(size):
    # By hand: l pairs in (|10> − |01>)/√2, the other N − 2l spins in |D_u>; d_j copies look alike.
    noise, amplitudes = NOISES["collective beside mixed"], random_amplitudes(size, 5)
    rho = density_matrices(Probe.symmetric(amplitudes), noise, np.array([0.8]), np.zeros(1))[0]
    singlet = np.array([0, 1, -1, 0]) / np.sqrt(2)
    for below, block in enumerate(blocks(amplitudes, channel_at(noise, 0.8))):
        rest = size - 2 * below
        basis = np.array([reduce(np.kron, [singlet] * below, dicke_state(rest, ups)) for ups in range(rest + 1)])
        assert np.allclose(block[0], copies(size, below) * basis @ rho @ basis.T, rtol=0, atol=1e-14)


@pytest.mark.parametrize("name", LOCAL)
def test_the_singlet_weights_are_those_of_a_pair_in_a_singlet(name):
    # Sum of all |r><c| with p spins up in each of r and c, sent through the channel of two spins.
    noise = LOCAL[name]
    weights = singlets(channel_at(noise, 0.9))
    c, up, down = (float(factor[0, 0]) for factor in noise.channel(np.array([0.9]), 1))

    def through(operator):
        a, b = operator[0, 0], operator[1, 1]
        diagonal = np.diag([down * a + (1 - up) * b, (1 - down) * a + up * b])
        return diagonal + c * (operator - np.diag([a, b]))

    singlet = np.array([0, 1, -1, 0]) / np.sqrt(2)
    for ups in range(3):
        total = np.zeros((4, 4))
        states = [k for k in range(4) if k.bit_count() == ups]
        for row in states:
            for column in states:
                single = [np.outer(np.eye(2)[row >> j & 1], np.eye(2)[column >> j & 1]) for j in (1, 0)]
                total = total + np.kron(through(single[0]), through(single[1]))
        assert float(weights[ups][0]) == pytest.approx(singlet @ total @ singlet, abs=1e-15)


@pytest.mark.parametrize("seed", range(5))
def test_every_weight_and_every_block_is_positive(seed):
    rng = np.random.default_rng(seed)
    noise = LocalNoise(*10 ** rng.uniform(-2, 1, 3))
    channel = channel_at(noise, *np.sort(10 ** rng.uniform(-6, 1, 12)))
    for weight in singlets(channel):
        assert np.all(weight >= -1e-15)
    for block in blocks(random_amplitudes(9, seed), channel):
        assert np.all(np.linalg.eigvalsh(block) >= -1e-15)


def test_small_blocks_keep_their_relative_accuracy_at_early_times():
    # Down to weights of 1e-44: Schur's character again, with the small eigenvalue of a spin without cancellation.
    size, noise = 30, LocalNoise(dephasing=0.25)
    time = 1e-3
    loss = -np.expm1(-2 * time * 0.5)  # 1 − η², exact
    small = loss / (2 * (1 + np.sqrt(1 - loss)))
    large = 1 - small
    for below, block in enumerate(blocks(collective.coherent(size).real, channel_at(noise, time))):
        dimension = size - 2 * below + 1
        ways = comb(size, below) - (comb(size, below - 1) if below else 0)
        expected = ways * (large * small) ** below * (large**dimension - small**dimension) / (large - small)
        assert np.trace(block[0]).real == pytest.approx(expected, rel=1e-9, abs=0)


@pytest.mark.parametrize("size", [1, 2, 5, 30])
def test_without_noise_the_gain_is_four_variances_of_the_spin_along_the_field(size):
    amplitudes = random_amplitudes(size, 2)
    m = np.arange(size + 1) - size / 2
    weights = np.abs(amplitudes) ** 2
    expected = 4 * (weights @ m**2 - (weights @ m) ** 2)
    assert symmetric_gain(amplitudes, channel_at(LocalNoise(dephasing=1.0), 0.0))[0] == pytest.approx(
        expected, rel=1e-12
    )
    assert symmetric_gain(amplitudes, channel_at(LocalNoise(), 3.0))[0] == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", NOISES)
def test_only_rate_times_time_counts(name):
    # Devices have rates of 1e6/s, slow clocks 1e-9/s; nothing in the engine has a unit.
    noise, probe, times = NOISES[name], Probe.named("one_axis:0.3", 6), np.array([0.1, 1.0, 5.0])
    for scale in (1e6, 1e-9):
        local = noise_model_of(noise).local
        rates = [np.multiply(scale, rates) for rates in (local.dephasing, local.emission, local.absorption)]
        faster = Environment(
            LocalNoise(*rates, exponent=local.exponent), scale * noise_model_of(noise).collective_dephasing
        )
        assert np.allclose(gain(probe, faster, times / scale), gain(probe, noise, times), rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("name", NOISES)
def test_nothing_is_left_and_nothing_warns_when_all_has_decayed(name):
    assert gain(Probe.named("twin_fock", 4), NOISES[name], [1e9])[0] == 0.0


@pytest.mark.parametrize("size", [2, 3, 5])
def test_dicke_states_are_equal_superpositions_of_all_places(size):
    for ups in range(size + 1):
        assert np.allclose(Probe.named(f"dicke:{ups}", size).statevector(), dicke_state(size, ups), atol=1e-15)
    assert np.allclose(Probe.named("w", size).statevector(), dicke_state(size, 1), atol=1e-15)


@pytest.mark.parametrize("size", [1, 2, 3, 6])
def test_dicke_x_states_are_dicke_states_turned_by_hadamards(size):
    for ups in range(size + 1):
        state = Probe.named(f"dicke_x:{ups}", size).statevector()
        # The Hadamard gate takes up along z to down along x.
        turned = on_all(HADAMARD, size) @ dicke_state(size, size - ups)
        assert abs(np.vdot(state, turned)) == pytest.approx(1, abs=1e-14)
        assert np.vdot(state, spins(size)[0] @ state).real == pytest.approx(ups - size / 2, abs=1e-13)


def test_twin_fock_is_half_of_the_spins_up_along_x():
    state = Probe.named("twin_fock", 6).statevector()
    assert abs(np.vdot(state, on_all(HADAMARD, 6) @ dicke_state(6, 3))) == pytest.approx(1, abs=1e-14)
    with pytest.raises(ArgumentError, match="even number of spins"):
        Probe.named("twin_fock", 5)


@pytest.mark.parametrize("polar", [0.0, 0.4, np.pi / 2, 2.5, np.pi])
def test_coherent_states_are_products_of_one_direction(polar):
    single = np.array([np.sin(polar / 2), np.cos(polar / 2)])
    state = Probe.named(f"coherent:{polar!r}", 4).statevector()
    assert np.allclose(state, on_all(single[:, None], 4).ravel(), atol=1e-15)
    azimuth = 0.7
    single = np.array([np.exp(1j * azimuth) * np.sin(polar / 2), np.cos(polar / 2)])
    state = Probe.symmetric(collective.coherent(4, polar, azimuth)).statevector()
    assert np.allclose(state, on_all(single[:, None], 4).ravel(), atol=1e-15)


def twisted_by_hand(kind, size, strength):
    _, jy, jz = spins(size)
    twist = jz @ jz if kind == "one_axis" else jy @ jz + jz @ jy
    return expm(-1j * strength * twist) @ np.full(2**size, 2 ** (-size / 2))


@pytest.mark.parametrize("kind", ["one_axis", "two_axis"])
@pytest.mark.parametrize("size", [2, 3, 5])
def test_squeezed_states_are_the_twist_and_the_turn_of_their_definition(kind, size):
    build = getattr(collective, kind)
    for strength, angle in ((0.2, 0.0), (0.7, 0.9), (-0.4, 2.0)):
        expected = expm(-1j * angle * spins(size)[0]) @ twisted_by_hand(kind, size, strength)
        state = Probe.symmetric(build(size, strength, angle)).statevector()
        assert np.allclose(state, expected, rtol=0, atol=1e-13)


@pytest.mark.parametrize("kind", ["one_axis", "two_axis"])
@pytest.mark.parametrize("strength", [0.05, 0.4, 1.1])
def test_squeezed_states_are_turned_to_the_largest_gain(kind, strength):
    size = 4
    jx, _, jz = spins(size)
    twisted = twisted_by_hand(kind, size, strength)
    variances = []
    for angle in np.linspace(0, np.pi, 721):
        state = expm(-1j * angle * jx) @ twisted
        variances.append(np.linalg.norm(jz @ state) ** 2 - np.vdot(state, jz @ state).real ** 2)
    reached = gain(Probe.named(f"{kind}:{strength}", size), LocalNoise(), [0.0])[0]
    # The grid of half a quarter degree misses the best angle by (2π/1440)²/2 of the width at most.
    assert 4 * max(variances) <= reached + 1e-12
    assert reached == pytest.approx(4 * max(variances), rel=1e-4)


SYMMETRIC_CIRCUITS = {
    "ghz": "qubit[3] q; h q[0]; cx q[0], q[1]; cx q[1], q[2];",
    "turned": "qubit[3] q; ry(0.3) q; rz(1.1) q;",
    "twisted": "qubit[3] q; h q; rzz(0.4) q[0], q[1]; rzz(0.4) q[1], q[2]; rzz(0.4) q[0], q[2]; rx(0.5) q;",
}
OTHER_CIRCUITS = {
    "one spin": "qubit[3] q; h q[0];",
    "singlet": "qubit[2] q; x q[0]; x q[1]; h q[0]; cx q[0], q[1];",
    "nearly symmetric": "qubit[2] q; ry(0.3) q[0]; ry(0.300001) q[1];",
}


def circuit(body):
    text = body.replace("rzz", "my_rzz")
    rzz = "gate my_rzz(t) a, b { cx a, b; rz(t) b; cx a, b; } "
    return Probe.from_text(f'OPENQASM 3.0; include "stdgates.inc"; {rzz}{text}', "test")


@pytest.mark.parametrize("name", SYMMETRIC_CIRCUITS)
def test_symmetric_circuits_are_recognised(name):
    probe, noise = circuit(SYMMETRIC_CIRCUITS[name]), NOISES["mixed"]
    assert engine_for(probe, noise).method == "symmetric engine"
    assert np.allclose(gain(probe, noise, [0.5]), dense_gain(probe, noise, np.array([0.5])), rtol=0, atol=1e-13)


@pytest.mark.parametrize("name", OTHER_CIRCUITS)
def test_circuits_that_are_not_symmetric_are_not_taken_for_it(name):
    probe, noise = circuit(OTHER_CIRCUITS[name]), NOISES["mixed"]
    assert probe.dicke_amplitudes() is None
    assert engine_for(probe, noise).method == "dense matrices"


def test_unequal_rates_and_mixed_states_are_left_to_dense_matrices():
    assert engine_for(Probe.named("w", 2), LocalNoise(dephasing=[0.1, 0.2])).method == "dense matrices"
    assert engine_for(Probe.from_state(np.eye(4) / 4), NOISES["mixed"]).method == "dense matrices"


def test_equal_rates_given_spin_by_spin_are_equal_rates():
    probe = Probe.named("one_axis:0.2", 3)
    listed = LocalNoise(dephasing=[0.1] * 3)
    assert engine_for(probe, listed).method == "symmetric engine"
    assert gain(probe, listed, [1.0]) == pytest.approx(gain(probe, LocalNoise(dephasing=0.1), [1.0]), rel=1e-15)


def test_blocks_at_all_times_of_more_than_a_hundred_spins_are_refused():
    channel = UniformChannel.of(LocalNoise(dephasing=0.1).channel(np.array([1.0]), 1))
    assert symmetric_gain(collective.coherent(100).real, channel)[0] == pytest.approx(100 * np.exp(-0.4), rel=1e-9)
    with pytest.raises(ArgumentError, match="at most 100 spins, but the probe has 101"):
        symmetric_gain(collective.coherent(101).real, channel)


@pytest.mark.parametrize("kind", [np.float64, np.complex128])
def test_kept_matrices_do_what_each_flip_by_itself_does(kind):
    rng = np.random.default_rng(7)
    channel = channel_at(LocalNoise(dephasing=0.1, emission=0.2, absorption=0.05), 0.0, 0.3, 2.0, 9.0)
    for size in (1, 6, 9):
        kept, anew = Mixing.of(channel, size, keep=True), Mixing.of(channel, size)
        assert set(kept.kept) == set(range(size, 0, -2))
        for part in kept.kept:
            q, v = dicke_tables(part).inside
            f = np.zeros((4, part + 1, part + 1), dtype=kind)
            f[:, q, v] = rng.normal(size=(4, len(q)))
            if kind is np.complex128:
                f[:, q, v] += 1j * rng.normal(size=(4, len(q)))
            for there, wanted in ((kept.forward(f), anew.forward(f)), (kept.back(f), anew.back(f))):
                np.testing.assert_allclose(there, wanted, rtol=0, atol=1e-14 * np.abs(wanted).max())


def test_gains_do_not_depend_on_the_number_of_threads(monkeypatch):
    amplitudes, found = collective.coherent(80).real, []
    channel = channel_at(LocalNoise(dephasing=0.1), 0.3, 2.0, 5.0)
    for threads in (1, 2):
        monkeypatch.setenv("OMP_NUM_THREADS", str(threads))
        monkeypatch.setattr("qsense.numerics.threads.num_processors", lambda: 2)
        found.append(symmetric_gain(amplitudes, channel))
    np.testing.assert_array_equal(*found)
    closed = gain(Probe.product(80), LocalNoise(dephasing=0.1), np.array([0.3, 2.0, 5.0]))
    np.testing.assert_allclose(found[0], closed, rtol=1e-9)
