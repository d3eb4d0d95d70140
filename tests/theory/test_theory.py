"""The closed forms and the dense engine, against the Lindblad equation and against the numbers of the paper."""

import numpy as np
import oracle
import pytest
from cases import further

import qsense
from qsense import Environment, LocalNoise, Probe
from qsense.errors import ArgumentError
from qsense.numerics.fisher import cfi, qfi
from qsense.theory.closed import ghz_gain, ghz_parity_gain, product_gain
from qsense.theory.dense import dense_gain, density_matrices
from qsense.theory.engines import engine_for
from qsense.theory.lindblad import generator
from qsense.theory.measurement import classical_gain, integrated_classical_gain

NOISES = {
    "dephasing": LocalNoise(dephasing=0.3),
    "emission": LocalNoise(emission=0.4),
    "mixed": LocalNoise(dephasing=0.1, emission=0.3, absorption=0.2),
    "thermal": LocalNoise.from_t1_t2(t1=2.0, t2=1.5, excited_population=0.1),
}


def unequal(size):
    rng = np.random.default_rng(size)
    return LocalNoise(*rng.uniform(0.02, 0.5, (3, size)))


def referee(probe, noise, times, field=0.7):
    rates = [noise.rates(probe.num_qubits)[k] for k in ("dephasing", "emission", "absorption")]
    state = oracle.in_paper_order(probe.statevector())
    return np.array([oracle.gain(state, t, field, *rates) for t in times])


@pytest.mark.parametrize("size", [1, 2, 3, further(4)])
@pytest.mark.parametrize("name", [*NOISES, "unequal"])
@pytest.mark.parametrize("kind", ["ghz", "product"])
def test_closed_forms_solve_the_lindblad_equation(kind, name, size):
    noise = unequal(size) if name == "unequal" else NOISES[name]
    probe, times = Probe.named(kind, size), np.array([0.4, 1.3])
    # 1e-9: the referee's exponential and linear solve are good to about 1e-12 of G ≤ 16.
    assert np.allclose(qsense.gain(probe, noise, times), referee(probe, noise, times), rtol=0, atol=1e-9)


@pytest.mark.parametrize("name", ["w4", "dicke4_2", "twin_fock4"])
def test_the_dense_engine_solves_the_lindblad_equation_for_circuits(name):
    probe, noise = Probe.from_qasm(name), unequal(4)
    assert np.allclose(dense_gain(probe, noise, np.array([0.7])), referee(probe, noise, [0.7]), rtol=0, atol=1e-9)


def test_a_tilted_product_probe_solves_the_lindblad_equation():
    probe, noise = Probe.product(3, tilt=0.4), unequal(3)
    assert np.allclose(qsense.gain(probe, noise, [0.9]), referee(probe, noise, [0.9]), rtol=0, atol=1e-9)


@pytest.mark.parametrize("size", [1, 3, 5])
@pytest.mark.parametrize("kind", ["ghz", "product"])
def test_dense_and_closed_forms_agree_at_unequal_mixed_rates(kind, size):
    noise, times = unequal(size), np.linspace(0, 4, 9)
    probe = Probe.named(kind, size)
    # 1e-12 of G(0): both are direct formulas in double precision.
    assert np.allclose(dense_gain(probe, noise, times), qsense.gain(probe, noise, times), rtol=0, atol=1e-12 * size**2)


def test_the_gain_does_not_depend_on_the_field():
    probe, noise = Probe.ghz(3), NOISES["mixed"]
    assert np.allclose(referee(probe, noise, [0.8], field=0.1), referee(probe, noise, [0.8], field=2.0), atol=1e-9)


def test_the_phase_of_the_circuit_rotates_the_density_matrix():
    # rz(θ) on every qubit multiplies <k|ρ|l> by exp(−iθ (g_k − g_l)) with g the diagonal of Σ Z/2.
    probe, noise = Probe.product(2), NOISES["emission"]
    at = density_matrices(probe, noise, np.array([1.0, 1.0]), np.array([0.0, 0.4]))
    g = generator(2)
    assert np.allclose(at[1], at[0] * np.exp(-0.4j * (g[:, None] - g[None, :])), atol=1e-15)


@pytest.mark.parametrize(("size", "value"), [(2, 1.20919958), (6, 1.38431981)])
def test_emission_makes_ghz_better_than_product_by_c_n(size, value):
    img = qsense.integrated_gain(Probe.ghz(size), LocalNoise(emission=0.2))
    assert img.value * 0.2 / size == pytest.approx(value, abs=5e-9)  # physics: Eq. 50, eight printed digits


def test_ghz_emission_tends_to_two_ln_two_from_below():
    values = [qsense.integrated_gain(Probe.ghz(n), LocalNoise(emission=1.0)).value / n for n in (6, 12, 24)]
    assert values == sorted(values)
    assert values[-1] == pytest.approx(2 * np.log(2), abs=1e-6)
    assert values[-1] < 2 * np.log(2)


@pytest.mark.parametrize(("size", "root"), [(2, 0.9624), (3, 0.7821), (4, 0.6535), (5, 0.5574), (6, 0.4858)])
def test_the_emission_crossover_is_the_root_and_not_the_papers_bound(size, root):
    exact = qsense.crossover(size, LocalNoise(emission=2.0)) * 2.0
    assert exact == pytest.approx(root, abs=5e-5)
    assert exact > np.log(size) / (size - 1)  # the paper's γt is too early


@pytest.mark.parametrize("size", [2, 5, 40])
def test_the_dephasing_crossover_is_equation_28(size):
    assert qsense.crossover(size, LocalNoise(dephasing=0.3)) == pytest.approx(
        np.log(size) / (4 * (size - 1) * 0.3), rel=1e-12
    )


def test_one_spin_and_no_noise_have_no_crossover():
    assert qsense.crossover(1, NOISES["mixed"]) is None
    assert qsense.crossover(4, LocalNoise()) is None


@pytest.mark.parametrize("kind", ["ghz", "product"])
@pytest.mark.parametrize("name", [*NOISES, "unequal"])
def test_the_integral_agrees_with_an_adaptive_quadrature_and_its_error_is_true(kind, name):
    from scipy.integrate import quad

    noise = unequal(3) if name == "unequal" else NOISES[name]
    probe = Probe.named(kind, 3)
    img = qsense.integrated_gain(probe, noise)
    unit = float(noise.t2(3).max())
    pieces = [quad(lambda t: qsense.gain(probe, noise, [t])[0], a * unit, b * unit, epsabs=1e-14, epsrel=1e-13)[0]
              for a, b in ((0, 0.2), (0.2, 1), (1, 4), (4, 40))]  # fmt: skip
    assert img.value == pytest.approx(sum(pieces), rel=1e-11)
    assert abs(img.value - sum(pieces)) <= img.error + 1e-12 * img.value
    assert img.error <= 1e-10 * img.value


def test_unequal_dephasing_favours_the_product_probe():
    noise = LocalNoise(dephasing=[0.1, 0.2, 0.7])
    ghz, product = (qsense.integrated_gain(Probe.named(k, 3), noise).value for k in ("ghz", "product"))
    assert ghz == pytest.approx(9 / (4 * 1.0), rel=1e-14)
    assert product == pytest.approx(sum(1 / (4 * g) for g in (0.1, 0.2, 0.7)), rel=1e-14)
    assert ghz < product


def test_equal_dephasing_makes_both_integrals_n_over_four_gamma():
    for kind in ("ghz", "product"):
        for size in (1, 2, 7, 100):
            img = qsense.integrated_gain(Probe.named(kind, size), LocalNoise(dephasing=0.1)).value
            assert img == pytest.approx(size / 0.4, rel=1e-14)


def test_a_tilt_costs_one_minus_its_square():
    noise = NOISES["dephasing"]
    plain, tilted = (qsense.integrated_gain(Probe.product(2, tilt), noise).value for tilt in (0.0, 0.6))
    assert tilted == pytest.approx(0.64 * plain, rel=1e-14)


def test_a_large_ghz_probe_neither_overflows_nor_vanishes_early():
    noise = LocalNoise(emission=0.5, absorption=0.5)
    # Both populations fall to 2^−N; G at t = 0 is N² all the same.
    gains = ghz_gain(2000, noise, np.array([0.0, 1e-4]))
    assert gains[0] == pytest.approx(4e6, rel=1e-12)
    assert 0 < gains[1] < gains[0]


def test_a_spin_that_never_decays_makes_the_product_integral_infinite():
    noise = LocalNoise(dephasing=[0.0, 0.1])
    assert np.isinf(qsense.integrated_gain(Probe.product(2), noise).value)
    assert qsense.integrated_gain(Probe.ghz(2), noise).value == pytest.approx(10.0)


def test_states_of_fixed_magnetisation_have_no_gain():
    assert np.all(np.abs(qsense.gain(Probe.from_qasm("w4"), NOISES["mixed"], [0.0, 1.0])) < 1e-14)
    assert qsense.integrated_gain(Probe.from_qasm("w4"), NOISES["mixed"]).value == 0.0


@pytest.mark.parametrize(("size", "value"), [(4, 1.1476), (24, 1.8757)])
def test_twin_fock_beats_the_papers_ceiling_under_dephasing(size, value):
    img = qsense.integrated_gain(Probe.named("twin_fock", size), LocalNoise(dephasing=0.1)).value
    assert img * 0.4 / size == pytest.approx(value, abs=5e-5)
    if size == 4:
        from_file = qsense.integrated_gain(Probe.from_qasm("twin_fock4"), LocalNoise(dephasing=0.1)).value
        assert from_file == pytest.approx(img, rel=1e-12)


def test_parity_alone_reaches_n_over_gamma_under_emission():
    for size in (1, 2, 5, 30):
        img = integrated_classical_gain(Probe.ghz(size), LocalNoise(emission=0.25), "parity")
        assert img.value == pytest.approx(size / 0.25, rel=1e-10)


@pytest.mark.parametrize("readout", ["parity", "loss_flag", "local_x"])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_classical_gain_is_that_of_the_measured_distribution(readout, size):
    # Independent: project the density matrix on the readout's outcomes and differentiate by finite differences.
    noise = unequal(size)
    probe = Probe.product(size) if readout == "local_x" else Probe.ghz(size)
    time, step = np.array([0.6]), 1e-5
    mid = np.pi / 2 / (1 if readout == "local_x" else size)

    def distribution(theta):
        rho = density_matrices(probe, noise, time, np.array([theta]))[0]
        return readout_distribution(rho, readout, size)

    slope = (distribution(mid + step) - distribution(mid - step)) / (2 * step)
    expected = cfi(distribution(mid), slope)
    # 1e-8: the finite difference has an error of step² times a third derivative.
    assert classical_gain(probe, noise, time, readout)[0] == pytest.approx(float(expected), abs=1e-8 * size**3)


def readout_distribution(rho, readout, size):
    hadamard = np.array([[1, 1], [1, -1]]) / np.sqrt(2)
    if readout == "loss_flag":
        # The GHZ block in the ± basis, and everything else together.
        pair = rho[np.ix_([0, -1], [0, -1])]
        plus, minus = np.diag(hadamard @ pair @ hadamard).real
        return np.array([plus, minus, max(1 - plus - minus, 0.0)]) if size > 1 else np.array([plus, minus])
    basis = hadamard
    for _ in range(size - 1):
        basis = np.kron(basis, hadamard)
    joint = np.diag(basis @ rho @ basis.T).real
    if readout == "local_x":
        return joint
    odd = np.array([k.bit_count() % 2 for k in range(2**size)])
    return np.array([joint[odd == 0].sum(), joint[odd == 1].sum()])


@pytest.mark.parametrize("name", ["twin_fock4", "w4"])
def test_no_readout_exceeds_the_quantum_gain(name):
    probe, times = Probe.from_qasm(name), np.linspace(0.05, 3, 8)
    for noise in NOISES.values():
        assert np.all(classical_gain(probe, noise, times, "local_x") <= qsense.gain(probe, noise, times) + 1e-10)


def test_the_gain_only_falls():
    times = np.linspace(0, 5, 60)
    for noise in [*NOISES.values(), unequal(4)]:
        for probe in (Probe.ghz(4), Probe.product(4), Probe.from_qasm("twin_fock4")):
            assert np.all(np.diff(qsense.gain(probe, noise, times)) <= 1e-12)


def test_the_two_forms_of_the_quantum_fisher_information_agree():
    probe, noise = Probe.from_qasm("twin_fock4"), unequal(4)
    rho = density_matrices(probe, noise, np.array([0.5]), np.array([0.2]))
    g = generator(4)
    slope = -1j * (g[:, None] - g[None, :]) * rho
    assert qfi(rho, slope)[0] == pytest.approx(qsense.gain(probe, noise, [0.5])[0], rel=1e-10)


def test_parity_at_mid_fringe_is_below_the_quantum_gain():
    times = np.linspace(0, 3, 20)
    for noise in NOISES.values():
        assert np.all(ghz_parity_gain(3, noise, times) <= ghz_gain(3, noise, times) + 1e-12)


def test_one_spin_is_its_own_ghz_and_product_probe():
    times = np.linspace(0, 3, 7)
    for noise in NOISES.values():
        assert np.allclose(ghz_gain(1, noise, times), product_gain(1, noise, times), atol=1e-14)


def test_engines_are_chosen_as_the_architecture_says():
    assert engine_for(Probe.ghz(5000), LocalNoise(0.1, 0.2)).method == "closed form"
    assert engine_for(Probe.named("w", 80), LocalNoise(0.1, 0.2)).method == "symmetric engine"
    assert engine_for(Probe.product(3), Environment(LocalNoise([0.1, 0.2, 0.3]), 0.1)).method == "dense matrices"
    assert (
        engine_for(Probe.product(3), Environment(LocalNoise(emission=0.1), coupling=0.1)).method == "Lindblad equation"
    )


@pytest.mark.parametrize("times", [[-1.0], [1.0, 1.0], [2.0, 1.0], [np.nan], []])
def test_times_must_increase_from_zero(times):
    with pytest.raises(ArgumentError, match="`times` must"):
        qsense.gain(Probe.ghz(2), NOISES["dephasing"], times)
