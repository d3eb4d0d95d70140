"""Noise and couplings that no covariant channel describes: against the referee, which integrates its own equation."""

import numpy as np
import oracle
import pytest
from scipy.linalg import expm

from qsense import LocalNoise, Probe, gain, integrated_gain
from qsense.errors import ArgumentError
from qsense.noise import Environment
from qsense.numerics.fisher import qfi
from qsense.theory.dense import dense_gain, density_matrices, states_and_slopes
from qsense.theory.engines import engine_for
from qsense.theory.lindblad import generator, lindblad_states, liouvillian
from qsense.theory.transverse import transverse_states


def random_state(size, seed=0):
    rng = np.random.default_rng(seed)
    state = rng.normal(size=2**size) + 1j * rng.normal(size=2**size)
    return state / np.linalg.norm(state)


def random_environment(size, seed=0, collective=True, coupled=True):
    rng = np.random.default_rng(seed + 10 * size)
    local = LocalNoise(*rng.uniform(0.02, 0.5, (3, size)), transverse=rng.uniform(0.02, 0.5, size))
    matrix = rng.normal(size=(size, size))
    return Environment(local, 0.05 * collective, (matrix + matrix.T) * coupled)


def to_referee(environment, size):
    """The referee's arguments after the field."""
    local = environment.local
    rates = local.rates(size)
    transverse = np.broadcast_to(local.transverse, size)
    coupling = np.broadcast_to(environment.coupling, (size, size))
    return (
        rates["dephasing"], rates["emission"], rates["absorption"], transverse,
        environment.collective_dephasing, coupling,
    )  # fmt: skip


def referee(probe, environment, times, field=0.0):
    # The referee's field turns the spins, whose up is the qubit's 1: −Z/2 of the qubits.
    state = oracle.in_paper_order(probe.statevector())
    return np.array([oracle.gain(state, t, -field, *to_referee(environment, probe.num_qubits)) for t in times])


@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_sparse_equation_is_the_referees(size):
    environment = random_environment(size)
    order = oracle.in_paper_order(np.arange(2**size))
    pairs = (order[:, None] * 2**size + order).ravel()
    ours = liouvillian(size, environment, 0.7).toarray()[np.ix_(pairs, pairs)]
    assert np.allclose(ours, oracle.liouvillian(size, -0.7, *to_referee(environment, size)), rtol=0, atol=1e-14)


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("field", [0.0, 0.9])
def test_the_lindblad_engine_solves_the_equation(size, field):
    environment, probe = random_environment(size), Probe.from_state(random_state(size))
    assert size == 1 or engine_for(probe, environment, field).method == "Lindblad equation"
    # 1e-9: the referee's exponential and linear solve are good to about 1e-12.
    times = np.array([0.3, 1.2])
    assert np.allclose(gain(probe, environment, times, field), referee(probe, environment, times, field), atol=1e-9)


CASES = {
    "transverse": (Environment(LocalNoise(transverse=0.3)), 0.7),
    "transverse, weak field": (Environment(LocalNoise(dephasing=0.1, transverse=[0.2, 0.4])), 0.05),
    "transverse and emission": (Environment(LocalNoise(emission=0.3, transverse=0.2)), 0.4),
    "collective": (Environment(LocalNoise(emission=[0.1, 0.3]), collective_dephasing=0.2), 0.5),
    "coupled, dephasing": (Environment(LocalNoise(dephasing=0.2), coupling=0.9), 0.3),
    "coupled, emission": (Environment(LocalNoise(emission=0.3), coupling=[[0, 0.8], [0.8, 0]]), 0.3),
    "coupled, transverse": (Environment(LocalNoise(transverse=0.2), coupling=0.8), 0.6),
    "collective, transverse": (Environment(LocalNoise(transverse=0.2), collective_dephasing=0.1), 0.6),
}


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize(
    "probe", [Probe.ghz(2), Probe.product(2), Probe.named("one_axis:0.6", 2)], ids=lambda probe: probe.name
)
def test_every_kind_of_environment_is_solved_by_itself_too(name, probe):
    # States of low rank, where the kernel of ρ counts; 1e-7: the referee solves a nearly singular system there.
    environment, field = CASES[name]
    expected = referee(probe, environment, [0.8], field)
    assert gain(probe, environment, [0.8], field) == pytest.approx(expected, rel=1e-7)


@pytest.mark.parametrize("size", [1, 2, 3])
@pytest.mark.parametrize("field", [0.0, 0.2, 3.0])
def test_transverse_noise_of_each_spins_own_solves_the_equation_spin_by_spin(size, field):
    environment, probe = random_environment(size, 1, False, False), Probe.from_state(random_state(size, 1))
    assert engine_for(probe, environment, field).method == "dense matrices"
    times = np.array([0.3, 1.2])
    assert np.allclose(gain(probe, environment, times, field), referee(probe, environment, times, field), atol=1e-9)


@pytest.mark.parametrize("size", [1, 2])
def test_the_slope_is_the_finite_difference_of_states_in_two_fields(size):
    environment, probe = random_environment(size, 2, False, False), Probe.from_state(random_state(size, 2))
    start, time, step = oracle.in_paper_order(probe.statevector()), 0.8, 1e-4

    def state(field):
        full = oracle.liouvillian(size, -field, *to_referee(environment, size))
        return (expm(full * time) @ np.outer(start, start.conj()).ravel()).reshape(2**size, -1)

    # Fourth order: the error is step⁴ times a fifth derivative, and rounding over the step.
    slope = (8 * (state(0.5 + step) - state(0.5 - step)) - state(0.5 + 2 * step) + state(0.5 - 2 * step)) / (12 * step)
    rho, ours = states_and_slopes(probe, environment, np.array([time]), 0.5)
    assert np.allclose(oracle.matrix_in_paper_order(rho[0]), state(0.5), rtol=0, atol=1e-13)
    assert np.allclose(oracle.matrix_in_paper_order(ours[0]) * time, slope, rtol=0, atol=1e-10)
    expected = oracle.information(state(0.5), slope) / time**2
    assert gain(probe, environment, [time], 0.5)[0] == pytest.approx(expected, rel=1e-8)


@pytest.mark.parametrize("field", [0.0, 0.1, 0.3, 0.3 * (1 + 1e-9), 0.29, 5.0])
def test_the_closed_form_of_a_turning_spin_holds_below_at_and_above_critical_damping(field):
    noise, probe = LocalNoise(0.1, 0.2, 0.05, transverse=0.3), Probe.from_state(random_state(2, 3))
    times = np.array([0.0, 1e-9, 1e-3, 0.5, 3.0, 20.0])
    for closed, stepped in zip(
        transverse_states(probe, noise, times, field),
        lindblad_states(probe, Environment(noise), times, field),
        strict=True,
    ):
        assert np.allclose(closed, stepped, rtol=0, atol=1e-13)


@pytest.mark.parametrize("field", [0.05, 0.3, 2.0])
def test_the_gain_of_one_spin_under_transverse_noise_is_that_of_its_bloch_vector(field):
    # Q = |∂r|² + (r·∂r)²/(1 − |r|²) with the Bloch equations x' = −φy, y' = φx − 2γ_x y.
    rate, time = 0.3, 1.7
    matrix, drive = np.array([[0, -field], [field, -2 * rate]]), np.array([[0, -1], [1, 0]])
    pair = np.block([[matrix, np.zeros((2, 2))], [drive, matrix]])
    r, slope = (expm(pair * time) @ [1, 0, 0, 0]).reshape(2, 2)
    expected = (slope @ slope + (r @ slope) ** 2 / (1 - r @ r)) / time**2
    assert gain(Probe.product(1), LocalNoise(transverse=rate), [time], field)[0] == pytest.approx(expected, rel=1e-11)
    # Spins are independent, and GHZ of one spin is the product probe.
    assert gain(Probe.product(3), LocalNoise(transverse=rate), [time], field)[0] == pytest.approx(
        3 * expected, rel=1e-11
    )
    assert gain(Probe.ghz(1), LocalNoise(transverse=rate), [time], field)[0] == pytest.approx(expected, rel=1e-11)


@pytest.mark.parametrize("scale", [1.0, 1e6])
def test_without_a_field_transverse_noise_leaves_a_gain_that_falls_as_one_over_time_squared(scale):
    # One spin: G = ((1 − e^{−2γt})/(2γt))², ∫ = ln 2/γ; the tail beyond any time is not exponential.
    noise = LocalNoise(transverse=0.3 * scale)
    times = np.array([1e-6, 0.5, 7.0, 1e8]) / scale
    expected = (-np.expm1(-0.6 * scale * times) / (0.6 * scale * times)) ** 2
    assert np.allclose(gain(Probe.product(1), noise, times), expected, rtol=1e-9, atol=0)
    img = integrated_gain(Probe.product(2), noise)
    assert img.value == pytest.approx(2 * np.log(2) / (0.3 * scale), rel=1e-10)
    assert abs(img.value - 2 * np.log(2) / (0.3 * scale)) <= img.error
    window = integrated_gain(Probe.product(1), noise, until=1e4 / scale)
    missing = 1e-4 / (0.6**2 * scale)  # ∫_T^∞ 1/(2γt)²
    assert window.value == pytest.approx(np.log(2) / (0.3 * scale) - missing, rel=1e-10)


# ∫₀^∞ of the Bloch vector's Q/t² at γ_x = 0.3 by mpmath with 40 digits: doubles cannot hold 1 − |r|² at small φt.
SLOWLY_TURNED = [(0.05, 13.24943831039891), (0.3, 4.614355832570075), (3.0, 1.785568968745586)]


@pytest.mark.parametrize(("field", "exact"), SLOWLY_TURNED)
def test_the_integral_in_a_field_is_right_however_slowly_the_field_turns_the_spin(field, exact):
    # The slow part falls at γ − √(γ² − φ²): 0.004 for the weakest field.
    img = integrated_gain(Probe.product(1), LocalNoise(transverse=0.3), field=field)
    assert abs(img.value - exact) <= img.error
    assert img.error < 1e-9 * exact


def test_late_times_and_strong_fields_cost_no_steps():
    # Next to nothing of collective dephasing sends the same physics to the Lindblad equation: a million radians.
    closed, stepped = LocalNoise(0.02, transverse=0.1), Environment(LocalNoise(0.02, transverse=0.1), 1e-13)
    assert engine_for(Probe.product(2), stepped, 1e5).method == "Lindblad equation"
    # 1e-8: a million radians in double precision leave 1e-10, and the squarings of the exponential some of it.
    assert gain(Probe.product(2), stepped, [10.0], 1e5)[0] == pytest.approx(
        gain(Probe.product(2), closed, [10.0], 1e5)[0], rel=1e-8
    )
    late = np.array([1e3, 1e5])
    alone, together = LocalNoise(transverse=0.1), Environment(LocalNoise(transverse=0.1), 1e-16)
    assert gain(Probe.product(1), together, late) == pytest.approx(gain(Probe.product(1), alone, late), rel=1e-6)


def test_the_integral_under_transverse_noise_and_a_coupling_is_that_of_another_quadrature():
    noise, probe = Environment(LocalNoise(transverse=0.1), coupling=0.3), Probe.product(2)
    img = integrated_gain(probe, noise)
    nodes, weights = np.polynomial.legendre.leggauss(12)
    edges = np.concatenate([[0.0], np.linspace(1, 60, 40), np.geomspace(60, 1e6, 30)[1:]])
    lengths = np.diff(edges)[:, None]
    times = edges[:-1, None] + lengths * (nodes + 1) / 2
    gains = gain(probe, noise, times.ravel()).reshape(times.shape)
    tail = edges[-1] * gain(probe, noise, edges[-1:])[0]  # it ends as 1/t²
    assert abs(img.value - float(np.sum(gains * weights * lengths / 2)) - tail) <= img.error + 1e-9 * img.value
    assert img.error < 1e-8 * img.value


def test_an_integral_that_would_take_too_long_ends_with_an_honest_error():
    # A tail in 1/t² with five spins: it is followed as far as is affordable, and what is beyond is in the error.
    noise = LocalNoise(transverse=0.3)
    cut = integrated_gain(Probe.product(5), Environment(noise, 1e-13))
    exact = integrated_gain(Probe.product(5), noise).value
    assert abs(cut.value - exact) <= cut.error
    assert 1e-6 * exact < cut.error < 0.1 * exact


def test_a_spin_without_noise_keeps_its_gain_in_a_coupling():
    noise = Environment(LocalNoise(emission=[0.0, 0.1]), coupling=0.3)
    assert np.isinf(integrated_gain(Probe.product(2), noise).value)


def test_a_state_of_fixed_magnetisation_gains_where_spins_flip_along_x():
    # G = 0 at first, and not later: σ_x makes coherence between states that differ by two spins.
    noise, probe = LocalNoise(transverse=0.3), Probe.named("w", 3)
    assert gain(probe, noise, [0.0])[0] == pytest.approx(0, abs=1e-13)
    assert gain(probe, noise, [2.0])[0] == pytest.approx(referee(probe, Environment(noise), [2.0])[0], rel=1e-8)
    assert integrated_gain(probe, noise).value > 1


def test_a_spin_without_noise_beside_transverse_noise_keeps_its_gain():
    noise = LocalNoise(transverse=[0.0, 0.3])
    for probe in (Probe.product(2), Probe.ghz(2)):
        assert np.isinf(integrated_gain(probe, noise).value)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_depolarizing_noise_replaces_a_spin_by_the_mixed_state(size):
    rate, time = 0.7, 0.9
    probe = Probe.from_state(random_state(size, 4))
    rho = np.outer(probe.statevector(), probe.statevector().conj())
    for spin in range(size):
        tensor = rho.reshape(2 ** (size - 1 - spin), 2, 2**spin, 2 ** (size - 1 - spin), 2, 2**spin)
        mixed = np.einsum("aibcid,jk->ajbckd", tensor, np.eye(2) / 2).reshape(rho.shape)
        rho = np.exp(-rate * time) * rho + (1 - np.exp(-rate * time)) * mixed
    ours = density_matrices(probe, LocalNoise.depolarizing(rate), np.array([time]), np.zeros(1))[0]
    assert np.allclose(ours, rho, rtol=0, atol=1e-14)


def test_depolarizing_noise_is_all_three_pauli_operators_at_a_quarter_of_its_rate():
    # Γ/4 Σ_a (σ_a ρ σ_a − ρ) as the referee's operators, σ_y among them.
    paulis = [np.asarray(oracle.UP_DOWN[a], dtype=complex) for a in "xyz"]
    total = sum(0.25 * (np.kron(p, p.conj()) - np.eye(4)) for p in paulis)
    order = oracle.in_paper_order(np.arange(2))
    pairs = (order[:, None] * 2 + order).ravel()
    ours = liouvillian(1, Environment(LocalNoise.depolarizing(1.0))).toarray()[np.ix_(pairs, pairs)]
    assert np.allclose(ours, total, atol=1e-15)


@pytest.mark.parametrize("size", [2, 3])
def test_a_coupling_beside_emission_solves_the_equation(size):
    rng = np.random.default_rng(size)
    matrix = rng.normal(size=(size, size))
    environment = Environment(LocalNoise(*rng.uniform(0.05, 0.4, (3, size))), 0.02, matrix + matrix.T)
    probe, times = Probe.product(size), np.array([0.4, 1.5])
    assert engine_for(probe, environment).method == "Lindblad equation"
    expected = referee(probe, environment, times, 0.3)
    assert np.allclose(gain(probe, environment, times), expected, rtol=0, atol=1e-9)
    # It matters: without the coupling the gain is another.
    assert not np.allclose(gain(probe, environment.local, times), expected, rtol=0, atol=1e-3)


def test_where_the_noise_commutes_with_the_field_the_gain_does_not_depend_on_it():
    environment = Environment(LocalNoise(0.1, 0.2, 0.1), 0.03, 0.8)
    probe = Probe.product(2)
    assert referee(probe, environment, [0.9], 0.1) == pytest.approx(referee(probe, environment, [0.9], 2.0), abs=1e-9)
    assert gain(probe, environment, [0.9], 5.0) == pytest.approx(referee(probe, environment, [0.9], 0.0), abs=1e-9)
    transverse = LocalNoise(transverse=0.3)
    assert gain(probe, transverse, [0.9], 0.0)[0] != pytest.approx(gain(probe, transverse, [0.9], 2.0)[0], rel=1e-3)


@pytest.mark.parametrize("coupling", [0.9, np.array([[0, 0.3, -1], [0.3, 0, 2], [-1, 2, 0]])])
def test_ghz_does_not_feel_a_coupling(coupling):
    noise, times, probe = LocalNoise(0.05, 0.2, 0.1), np.array([0.0, 0.4, 2.0]), Probe.ghz(3)
    coupled = Environment(noise, coupling=coupling)
    rho, slope = lindblad_states(probe, coupled, times)
    assert np.allclose(qfi(rho, slope), gain(probe, noise, times), rtol=0, atol=1e-11)
    assert gain(probe, coupled, times) == pytest.approx(gain(probe, noise, times), rel=1e-15)
    one, other = integrated_gain(probe, coupled), integrated_gain(probe, noise)
    assert abs(one.value - other.value) <= one.error + other.error < 1e-10


def test_a_coupling_beside_dephasing_alone_changes_no_gain():
    # It commutes with the noise and with J_z, so it is a unitary of the output.
    probe, noise, times = Probe.from_state(random_state(3, 6)), LocalNoise(dephasing=0.2), np.array([0.3, 1.0])
    coupled = Environment(noise, coupling=0.7)
    assert engine_for(probe, coupled).method == "dense matrices"
    assert np.allclose(gain(probe, coupled, times), gain(probe, noise, times), rtol=0, atol=1e-13)
    turned = density_matrices(probe, coupled, times, np.zeros(2)) - density_matrices(probe, noise, times, np.zeros(2))
    assert np.abs(turned).max() > 0.01


def test_a_phase_is_put_on_after_a_coupling_beside_emission():
    probe, environment = Probe.product(2), Environment(LocalNoise(emission=0.3), coupling=0.5)
    angles, times = np.array([0.0, 0.4]), np.array([1.0, 1.0])
    at = density_matrices(probe, environment, times, angles)
    g = generator(2)
    assert np.allclose(at[1], at[0] * np.exp(-0.4j * (g[:, None] - g[None, :])), atol=1e-14)
    with pytest.raises(ArgumentError, match="is transverse"):
        density_matrices(probe, LocalNoise(transverse=0.1), times, angles)


def test_times_may_come_in_any_order_and_more_than_once():
    probe, environment = Probe.product(2), Environment(LocalNoise(emission=0.3), coupling=0.5)
    times = np.array([1.0, 0.0, 0.3, 1.0])
    mixed = dense_gain(probe, environment, times)
    assert mixed == pytest.approx([dense_gain(probe, environment, np.array([t]))[0] for t in times], rel=1e-12)


def test_too_many_spins_are_refused_before_anything_is_built():
    coupled = Environment(LocalNoise(emission=0.1), coupling=0.3)
    for probe in (Probe.product(9), Probe.product(60)):
        for ask in (gain, lambda probe, noise, _: integrated_gain(probe, noise)):
            with pytest.raises(ArgumentError, match="at most 8 spins"):
                ask(probe, coupled, [1.0])
            with pytest.raises(ArgumentError, match="at most 8 spins"):
                ask(probe, Environment(LocalNoise(transverse=0.1), 0.1), [1.0])
    with pytest.raises(ArgumentError, match="at most 10 spins"):
        gain(Probe.product(11), LocalNoise(transverse=0.1), [1.0])
    with pytest.raises(ArgumentError, match="at most 12 spins"):
        gain(Probe.product(13), Environment(LocalNoise(dephasing=0.1), coupling=0.3), [1.0], engine="cpu")


def test_stretched_decay_is_no_lindblad_equation():
    noise = Environment(LocalNoise(dephasing=0.1, emission=0.1, exponent=2.0), coupling=0.3)
    with pytest.raises(ArgumentError, match="remembers, which beside a coupling"):
        gain(Probe.product(2), noise, [1.0])
    # Beside dephasing alone a coupling needs none.
    alone = Environment(LocalNoise(dephasing=0.1, exponent=2.0), coupling=0.3)
    assert gain(Probe.product(2), alone, [1.0])[0] == pytest.approx(2 * np.exp(-2 * 0.2**2), rel=1e-12)


@pytest.mark.parametrize("unit", [1e-9, 1e-3, 1e6, 1e9, 1e12])
def test_states_and_slopes_are_the_same_in_every_unit_of_time(unit):
    def found(scale):
        coupling = np.array([[0, 3.689139], [3.689139, 0]]) / scale
        noise = Environment(LocalNoise(transverse=1.8535 / scale), coupling=coupling)
        return lindblad_states(Probe.ghz(2), noise, np.array([scale]), -1.5e-4 / scale)

    for given, same in zip(found(unit), found(1.0), strict=True):
        assert np.allclose(given, same, rtol=0, atol=2e-15)
