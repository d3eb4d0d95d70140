"""What a readout reaches: Eq. 60 against measured distributions, POVMs, and the quantum value that none exceeds."""

import numpy as np
import pytest

import qsense
from qsense import Environment, LocalNoise, Probe
from qsense.errors import ArgumentError
from qsense.theory.dense import density_matrices, states_and_slopes
from qsense.theory.fringes import fringes
from qsense.theory.lindblad import generator
from qsense.theory.measurement import classical_gain, integrated_classical_gain

TIMES = np.array([0.2, 0.9, 2.5])
NOISES = {
    "dephasing": LocalNoise(dephasing=0.3),
    "mixed": LocalNoise(dephasing=0.05, emission=0.3, absorption=0.1),
    "collective": Environment(LocalNoise(emission=0.1), collective_dephasing=0.05),
}


def unequal_twin(noise, size):
    """The same rates written once per spin and a hair apart: the dense path instead of the symmetric one."""
    local = noise.local if isinstance(noise, Environment) else noise
    rates = [np.array(getattr(local, kind)) * (1 + 1e-13 * np.arange(size)) for kind in
             ("dephasing", "emission", "absorption")]  # fmt: skip
    twin = LocalNoise(*rates)
    return Environment(twin, noise.collective_dephasing) if isinstance(noise, Environment) else twin


@pytest.mark.parametrize("name", NOISES)
@pytest.mark.parametrize("readout", ["local_x", "total_jx", "parity"])
@pytest.mark.parametrize("size", [2, 3, 4])
def test_blocks_and_dense_matrices_give_the_same_fringes(name, readout, size):
    probe, noise = Probe.named("one_axis:0.4", size), NOISES[name]
    phases = np.tile(np.linspace(0.1, 3, 7), (3, 1))
    one = fringes(probe, noise, TIMES, readout).classical_gain(phases)
    other = fringes(probe, unequal_twin(noise, size), TIMES, readout).classical_gain(phases)
    assert np.allclose(one, other, atol=1e-9 * size**2)


@pytest.mark.parametrize("name", NOISES)
def test_of_a_symmetric_state_the_joint_outcome_says_no_more_than_how_many_are_up(name):
    probe = Probe.named("twin_fock", 4)
    twin = unequal_twin(NOISES[name], 4)
    joint, number = (classical_gain(probe, twin, TIMES, readout, 0.7) for readout in ("local_x", "total_jx"))
    assert np.allclose(joint, number, rtol=1e-10)


@pytest.mark.parametrize("readout", ["local_x", "parity", "total_jx", "z"])
def test_a_readout_given_as_matrices_is_the_named_one(readout):
    size, noise, angle = 3, NOISES["mixed"], 0.8
    probe = Probe.named("one_axis:0.5", size)
    plus = np.array([[1, 1], [1, 1]]) / 2
    joint = []
    for outcome in range(2**size):
        effect = np.ones((1, 1))
        for spin in reversed(range(size)):
            up = outcome >> spin & 1
            single = np.diag([1 - up, up]) if readout == "z" else (plus if up else np.eye(2) - plus)
            effect = np.kron(effect, single)
        joint.append(effect)
    kinds = {"local_x": range(8), "z": range(8), "parity": [k.bit_count() % 2 for k in range(8)],
             "total_jx": [k.bit_count() for k in range(8)]}[readout]  # fmt: skip
    povm = [sum(e for e, k in zip(joint, kinds, strict=True) if k == kind) for kind in sorted(set(kinds))]
    named = classical_gain(probe, noise, TIMES, readout, angle)
    assert np.allclose(classical_gain(probe, noise, TIMES, povm, angle), named, atol=1e-10)
    assert np.all(named < 1e-20) if readout == "z" else np.all(named > 0)


@pytest.mark.parametrize("name", ["dephasing", "mixed"])
def test_the_eigenstates_of_the_logarithmic_derivative_reach_the_quantum_gain(name):
    # Braunstein and Caves: measuring X reaches Q. The projectors are those of one time and phase 0.
    probe, noise, time = Probe.named("one_axis:0.3", 3), NOISES[name], np.array([0.6])
    rho, slope = (part[0] for part in states_and_slopes(probe, noise, time))
    one = np.eye(8)
    system = 0.5 * (np.kron(rho, one) + np.kron(one, rho.T))
    sld = np.linalg.lstsq(system, slope.ravel(), rcond=1e-13)[0].reshape(8, 8)
    vectors = np.linalg.eigh((sld + sld.conj().T) / 2)[1]
    povm = [np.outer(v, v.conj()) for v in vectors.T]
    reached = classical_gain(probe, noise, time, povm, 0.0)
    assert reached[0] == pytest.approx(qsense.gain(probe, noise, time)[0], rel=1e-8)


@pytest.mark.parametrize("phase", [0.3, 1.2])
def test_the_classical_gain_is_that_of_finite_differences_of_the_distribution(phase):
    probe, noise, step = Probe.named("one_axis:0.4", 2), NOISES["mixed"], 1e-5
    hadamard = np.array([[1, -1], [1, 1]]) / np.sqrt(2)
    basis = np.kron(hadamard, hadamard)

    def distribution(theta):
        rho = density_matrices(probe, noise, TIMES[:1], np.array([theta]))[0]
        return np.diag(basis @ rho @ basis.T).real

    slope = (distribution(phase + step) - distribution(phase - step)) / (2 * step)
    expected = float(np.sum(slope**2 / distribution(phase)))
    assert classical_gain(probe, noise, TIMES[:1], "local_x", phase)[0] == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize(
    "probe", [Probe.ghz(4), Probe.product(4), Probe.named("one_axis:0.3", 4)], ids=lambda p: p.name
)
@pytest.mark.parametrize("readout", ["local_x", "total_jx", "parity"])
def test_no_phase_beats_the_best_and_the_best_does_not_beat_the_quantum_gain(probe, readout):
    noise = NOISES["mixed"]
    best = classical_gain(probe, noise, TIMES, readout, "best")
    others = [classical_gain(probe, noise, TIMES, readout, angle) for angle in np.linspace(0, 2 * np.pi, 41)]
    assert np.all(np.array(others) <= best * (1 + 1e-6))
    assert np.all(best <= qsense.gain(probe, noise, TIMES) * (1 + 1e-6))


@pytest.mark.parametrize("size", [1, 2, 5, 30])
def test_parity_alone_integrates_to_n_over_gamma_and_the_loss_flag_to_equation_50_under_emission(size):
    noise, probe = LocalNoise(emission=0.25), Probe.ghz(size)
    assert integrated_classical_gain(probe, noise, "parity").value == pytest.approx(size / 0.25, rel=1e-10)
    assert integrated_classical_gain(probe, noise, "parity", "best").value == pytest.approx(size / 0.25, rel=1e-7)
    whole = qsense.integrated_gain(probe, noise).value
    assert integrated_classical_gain(probe, noise, "loss_flag").value == pytest.approx(whole, rel=1e-10)


def test_collective_dephasing_lowers_what_a_ghz_fringe_shows():
    noise = Environment(collective_dephasing=0.1)
    assert integrated_classical_gain(Probe.ghz(4), noise, "parity").value == pytest.approx(1 / 0.4, rel=1e-10)


@pytest.mark.parametrize("povm", [
    [np.eye(4)], [np.eye(2)], [np.eye(4) / 2], [2 * np.eye(4), -np.eye(4)], [np.triu(np.ones((4, 4))), np.eye(4)],
])  # fmt: skip
def test_matrices_that_are_no_povm_are_refused_and_the_identity_alone_says_nothing(povm):
    if len(povm) == 1 and np.array_equal(povm[0], np.eye(4)):
        assert np.all(classical_gain(Probe.ghz(2), NOISES["mixed"], TIMES, povm, 0.0) < 1e-25)
        return
    with pytest.raises(ArgumentError, match="POVM"):
        classical_gain(Probe.ghz(2), NOISES["mixed"], TIMES, povm, 0.0)


def test_a_phase_or_a_readout_that_is_none_is_refused():
    with pytest.raises(ArgumentError, match="Unknown readout"):
        classical_gain(Probe.ghz(2), NOISES["mixed"], TIMES, "jz")
    with pytest.raises(ArgumentError, match="goes with a GHZ probe"):
        classical_gain(Probe.product(2), NOISES["mixed"], TIMES, "loss_flag")
    with pytest.raises(ArgumentError, match="`phase` must be a number"):
        classical_gain(Probe.ghz(2), NOISES["mixed"], TIMES, "local_x", "somewhere")


def test_the_generator_is_minus_j_z_of_the_spins():
    assert generator(2).tolist() == [1.0, 0.0, 0.0, -1.0]
