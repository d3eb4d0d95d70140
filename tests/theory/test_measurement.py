"""A measurement's own limit: fringes against explicit outcome distributions, and Eq. 60 beside the quantum value."""

from functools import reduce

import numpy as np
import pytest

from qsense import LocalNoise, Probe, gain, integrated_gain
from qsense.errors import ArgumentError
from qsense.noise import Environment
from qsense.numerics.fisher import cfi, symmetric_logarithmic_derivative
from qsense.theory.closed import ghz_gain
from qsense.theory.dense import density_matrices, states_and_slopes
from qsense.theory.fringes import READOUTS, fringes
from qsense.theory.measurement import classical_gain, integrated_classical_gain

TIMES = np.array([0.0, 0.3, 1.5])
NOISES = {
    "dephasing": LocalNoise(dephasing=0.3),
    "emission": LocalNoise(emission=0.4),
    "mixed": LocalNoise(0.1, 0.3, 0.2),
    "collective": Environment(LocalNoise(emission=0.1), collective_dephasing=0.03),
    "unequal": LocalNoise([0.1, 0.3, 0.02], [0.2, 0.0, 0.4], 0.1),
    "coupled": Environment(LocalNoise(emission=0.3), coupling=0.6),
    "transverse": LocalNoise(dephasing=0.1, transverse=0.2),
}
X_BASIS = np.array([[1.0, 1.0], [1.0, -1.0]]) / np.sqrt(2)  # columns: + and −


def on_all(operator, size):
    return reduce(np.kron, [operator] * size)


def random_probe(size, seed, symmetric=False):
    rng = np.random.default_rng(seed)
    length = size + 1 if symmetric else 2**size
    numbers = rng.normal(size=length) + 1j * rng.normal(size=length)
    build = Probe.symmetric if symmetric else Probe.from_state
    return build(numbers / np.linalg.norm(numbers))


def outcome_effects(readout, size):
    """The projectors of a readout, built outcome by outcome."""
    basis = np.eye(2**size) if readout == "z" else on_all(X_BASIS, size)
    joint = [np.outer(basis[:, k], basis[:, k]) for k in range(2**size)]
    kinds = {"z": range(2**size), "local_x": range(2**size)}.get(readout)
    if kinds is None:
        kinds = [k.bit_count() if readout == "total_jx" else k.bit_count() % 2 for k in range(2**size)]
    return np.array([sum(p for p, k in zip(joint, kinds, strict=True) if k == kind) for kind in sorted(set(kinds))])


@pytest.mark.parametrize("readout", ["local_x", "total_jx", "parity", "z"])
@pytest.mark.parametrize("name", [n for n in NOISES if n != "transverse"])
def test_the_classical_gain_is_that_of_distributions_at_neighbouring_phases(name, readout):
    noise, probe, phase, step = NOISES[name], random_probe(3, 1), 0.8, 1e-3
    effects = outcome_effects(readout, 3)

    def distribution(theta):
        rho = density_matrices(probe, noise, TIMES, np.full(3, theta))
        return np.einsum("tij,oji->to", rho, effects).real

    ahead, behind = distribution(phase + step), distribution(phase - step)
    far_ahead, far_behind = distribution(phase + 2 * step), distribution(phase - 2 * step)
    slope = (8 * (ahead - behind) - far_ahead + far_behind) / (12 * step)
    # 1e-8: the fourth-order difference is good to step⁴ N⁵.
    expected = cfi(distribution(phase), slope)
    assert np.allclose(classical_gain(probe, noise, TIMES, readout, phase), expected, rtol=1e-8, atol=1e-10)


@pytest.mark.parametrize("readout", ["local_x", "total_jx", "parity"])
@pytest.mark.parametrize("name", ["dephasing", "emission", "mixed", "collective"])
def test_fringes_from_blocks_are_those_from_dense_matrices(name, readout):
    for size in (1, 2, 5):
        probe = random_probe(size, 2, symmetric=True)
        effects = outcome_effects(readout if readout != "local_x" else "total_jx", size)
        for phase in (0.3, 2.0):
            from_blocks = classical_gain(probe, NOISES[name], TIMES, readout, phase)
            from_dense = classical_gain(probe, NOISES[name], TIMES, effects, phase)
            assert np.allclose(from_blocks, from_dense, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", ["dephasing", "mixed", "collective"])
def test_of_a_symmetric_state_the_joint_outcome_says_no_more_than_its_sum(name):
    # Every joint outcome of 2^N, against the N + 1 sums: a symmetric state makes them equally informative.
    probe = random_probe(4, 3, symmetric=True)
    joint = classical_gain(probe, NOISES[name], TIMES, outcome_effects("local_x", 4), 0.7)
    assert np.allclose(joint, classical_gain(probe, NOISES[name], TIMES, "total_jx", 0.7), rtol=1e-11, atol=1e-12)
    other = random_probe(3, 3)
    joint, summed = (classical_gain(other, NOISES[name], TIMES, readout, 0.7) for readout in ("local_x", "total_jx"))
    assert np.all(summed < joint * 0.999)


@pytest.mark.parametrize("readout", ["parity", "loss_flag"])
@pytest.mark.parametrize("name", [n for n in NOISES if n != "transverse"])
def test_the_fringes_of_ghz_are_those_of_its_density_matrix(name, readout):
    size, phase = 3, 0.5
    if readout == "parity":
        effects = outcome_effects("parity", size)
    else:
        # GHZ in phase, GHZ out of phase, and everything else.
        ends = np.eye(8)[[0, -1]]
        signs = [(ends[0] + sign * ends[1]) / np.sqrt(2) for sign in (1, -1)]
        effects = np.array([np.outer(v, v) for v in signs])
        effects = np.concatenate([effects, [np.eye(8) - effects.sum(0)]])
    named = classical_gain(Probe.ghz(size), NOISES[name], TIMES, readout, phase)
    explicit = classical_gain(Probe.ghz(size), NOISES[name], TIMES, effects, phase)
    assert np.allclose(named, explicit, rtol=1e-9, atol=1e-12)
    # Coherence of order 0 holds the probabilities averaged over the phase.
    total = fringes(Probe.ghz(size), NOISES[name], TIMES, readout).values[:, 0].sum(-1)
    assert np.allclose(total, 1, rtol=0, atol=1e-12)


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("name", NOISES)
def test_the_eigenprojectors_of_the_logarithmic_derivative_reach_the_quantum_gain(name, seed):
    # Braunstein and Caves: no measurement is better, and this one is as good. The phase turns it along.
    noise, probe, field = NOISES[name], random_probe(3, seed), 0.4
    time = np.array([0.9])
    rho, slope = states_and_slopes(probe, noise, time, field)
    _, vectors = np.linalg.eigh(symmetric_logarithmic_derivative(rho, slope)[0])
    povm = [np.outer(v, v.conj()) for v in vectors.T]
    reached = classical_gain(probe, noise, time, povm, phase=0.0, field=field)
    assert reached == pytest.approx(gain(probe, noise, time, field), rel=1e-8)
    assert classical_gain(probe, noise, time, povm, phase=0.3, field=field)[0] <= reached[0] * (1 + 1e-9)
    if name != "transverse":
        assert classical_gain(probe, noise, time, povm, "best")[0] == pytest.approx(reached[0], rel=1e-8)


def test_a_blurred_povm_has_less_information():
    # Data processing: with flips of 10 % each outcome of x says (1 − 0.2)² of what it said, for one spin.
    sharp = outcome_effects("local_x", 1)
    blurred = [0.9 * sharp[0] + 0.1 * sharp[1], 0.1 * sharp[0] + 0.9 * sharp[1]]
    at = classical_gain(Probe.product(1), NOISES["dephasing"], TIMES, blurred)
    assert np.allclose(at, 0.64 * gain(Probe.product(1), NOISES["dephasing"], TIMES), rtol=1e-12)


@pytest.mark.parametrize("readout", ["local_x", "total_jx", "parity", "z"])
@pytest.mark.parametrize("name", NOISES)
@pytest.mark.parametrize("seed", range(3))
def test_no_readout_exceeds_the_quantum_gain_at_any_phase(name, readout, seed):
    probe, noise = random_probe(3, seed), NOISES[name]
    quantum = gain(probe, noise, TIMES)
    for phase in ("mid", "best", 0.0, 1.0 + seed):
        assert np.all(classical_gain(probe, noise, TIMES, readout, phase) <= quantum + 1e-9), phase


@pytest.mark.parametrize("readout", READOUTS)
def test_the_best_phase_is_at_least_as_good_as_any_other(readout):
    probe = Probe.ghz(3) if readout == "loss_flag" else Probe.named("one_axis:0.5", 3)
    best = classical_gain(probe, NOISES["mixed"], TIMES, readout, "best")
    for phase in ("mid", *np.linspace(0, 2 * np.pi, 60)):
        assert np.all(classical_gain(probe, NOISES["mixed"], TIMES, readout, phase) <= best + 1e-9)


@pytest.mark.parametrize("probe", [Probe.ghz(4), Probe.product(4), Probe.named("twin_fock", 4), random_probe(3, 1)])
def test_populations_along_the_field_say_nothing(probe):
    noise = NOISES["mixed"]
    assert np.all(classical_gain(probe, noise, TIMES, "z", "best") < 1e-20)
    img = integrated_classical_gain(probe, noise, "z")
    assert img.value == pytest.approx(0, abs=1e-15)


@pytest.mark.parametrize("size", [1, 2, 5, 30])
def test_parity_alone_reaches_n_over_gamma_under_emission_and_the_loss_flag_equation_49(size):
    noise = LocalNoise(emission=0.25)
    parity = integrated_classical_gain(Probe.ghz(size), noise, "parity")
    assert abs(parity.value - size / 0.25) <= parity.error + 1e-13 * parity.value
    assert parity.error < 1e-9 * parity.value
    flag = integrated_classical_gain(Probe.ghz(size), noise, "loss_flag")
    assert flag.value == pytest.approx(integrated_gain(Probe.ghz(size), noise).value, rel=1e-11)
    times = np.array([0.1, 1.0, 3.0])
    x = np.exp(-0.25 * times)
    expected = 2 * size**2 * x**size / (1 + (1 - x) ** size + x**size)
    assert np.allclose(classical_gain(Probe.ghz(size), noise, times, "loss_flag"), expected, rtol=1e-12)
    by_fringes = fringes(Probe.ghz(size), noise, times, "loss_flag")
    mid = np.full((3, 1), np.pi / (2 * size))
    assert np.allclose(by_fringes.classical_gain(mid)[:, 0], expected, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["dephasing", "emission", "mixed"])
def test_local_x_reaches_the_quantum_gain_of_a_product_probe(name):
    for size in (1, 3):
        by_fringes = classical_gain(Probe.product(size), NOISES[name], TIMES, "local_x", np.pi / 2)
        assert np.allclose(by_fringes, gain(Probe.product(size), NOISES[name], TIMES), rtol=1e-11)
        img = integrated_classical_gain(Probe.product(size), NOISES[name], "local_x")
        assert img.value == integrated_gain(Probe.product(size), NOISES[name]).value


@pytest.mark.parametrize(("readout", "phase"), [("local_x", "mid"), ("local_x", 0.9), ("parity", "best")])
def test_equation_60_holds_for_integrals(readout, phase):
    for name in ("dephasing", "unequal"):
        for probe in (Probe.ghz(3), Probe.named("one_axis:0.4", 3), random_probe(3, 5)):
            classical = integrated_classical_gain(probe, NOISES[name], readout, phase)
            quantum = integrated_gain(probe, NOISES[name])
            assert classical.value <= quantum.value + classical.error + quantum.error


def test_the_error_of_an_integrated_readout_is_true():
    # One spin along x at a phase: F = c² sin²θ/(1 − c² cos²θ) with c = e^{−2γt}; ∫ = −ln(1 − cos²θ) sin²θ/(4γ cos²θ).
    rate, phase = 0.3, 0.6
    img = integrated_classical_gain(Probe.product(1), LocalNoise(dephasing=rate), "local_x", phase)
    exact = -np.log(np.sin(phase) ** 2) * np.tan(phase) ** 2 / (4 * rate)
    assert abs(img.value - exact) <= img.error + 1e-15
    assert img.error < 1e-9 * exact
    best = integrated_classical_gain(Probe.ghz(4), LocalNoise(emission=0.1), "parity", "best")
    assert best.value == pytest.approx(40, rel=1e-12)


def test_the_unit_of_time_does_not_matter():
    one, other = (
        integrated_classical_gain(Probe.named("one_axis:0.3", 4), LocalNoise(emission=0.1 * s), "total_jx").value * s
        for s in (1.0, 1e6)
    )
    assert one == pytest.approx(other, rel=1e-9)


def test_times_may_come_in_any_order_but_not_be_negative():
    probe, noise = Probe.named("one_axis:0.3", 3), NOISES["mixed"]
    mixed = classical_gain(probe, noise, [1.0, 0.0, 1.0, 0.2], "total_jx")
    sorted_ones = classical_gain(probe, noise, [0.0, 0.2, 1.0], "total_jx")
    assert mixed == pytest.approx(sorted_ones[[2, 0, 2, 1]], rel=1e-13)
    for bad in (-0.1, np.nan, np.inf):
        with pytest.raises(ArgumentError, match="`times` must be finite and not negative"):
            classical_gain(probe, noise, [bad], "total_jx")


def test_collective_dephasing_lowers_what_a_ghz_fringe_shows():
    noise = Environment(collective_dephasing=0.1)
    assert integrated_classical_gain(Probe.ghz(4), noise, "parity").value == pytest.approx(1 / 0.4, rel=1e-10)


def test_a_measurement_with_one_outcome_says_nothing():
    assert np.all(classical_gain(Probe.ghz(2), NOISES["mixed"], TIMES, [np.eye(4)], 0.3) < 1e-25)


GOOD = np.array([np.diag([1.0, 0.0]), np.diag([0.0, 1.0])])


@pytest.mark.parametrize(
    ("povm", "message"),
    [
        ("energy", 'Unknown readout "energy". Known: local_x'),
        (np.eye(2), r"must have shape \(outcomes, 2, 2\)"),
        (np.ones((2, 4, 4)), r"must have shape \(outcomes, 2, 2\)"),
        (GOOD * 0.9, "must add up to the identity"),
        (GOOD[:1], "must add up to the identity"),
        (np.array([np.diag([1.5, 0.0]), np.diag([-0.5, 1.0])]), "Hermitian and positive"),
        (np.array([[[0.5, 0.1], [0.2, 0.5]], [[0.5, -0.1], [-0.2, 0.5]]]), "Hermitian and positive"),
    ],
)
def test_what_is_no_measurement_is_refused(povm, message):
    with pytest.raises(ArgumentError, match=message):
        classical_gain(Probe.product(1), NOISES["dephasing"], TIMES, povm)


@pytest.mark.parametrize("phase", ["steepest", np.nan, np.inf])
def test_a_phase_must_be_an_angle_or_one_of_two_words(phase):
    with pytest.raises(ArgumentError, match="`phase` must be a number"):
        classical_gain(Probe.named("w", 3), NOISES["dephasing"], TIMES, "total_jx", phase)


def test_a_readout_that_does_not_go_with_the_probe_is_refused():
    with pytest.raises(ArgumentError, match='"loss_flag" goes with a GHZ probe'):
        classical_gain(Probe.product(2), NOISES["dephasing"], TIMES, "loss_flag")
    with pytest.raises(ArgumentError, match="at most 10 spins"):
        classical_gain(Probe.product(11), NOISES["dephasing"], TIMES, "z")
    with pytest.raises(ArgumentError, match="at most 100 spins"):
        classical_gain(Probe.product(101), NOISES["dephasing"], TIMES, "total_jx")
    with pytest.raises(ArgumentError, match="some spin never decays"):
        integrated_classical_gain(Probe.product(2), LocalNoise(dephasing=[0.0, 0.1]), "parity")


def test_large_probes_have_readouts_too():
    noise = LocalNoise(emission=0.2)
    assert classical_gain(Probe.ghz(2000), noise, [1e-3], "loss_flag") == pytest.approx(
        ghz_gain(2000, noise, np.array([1e-3])), rel=1e-12
    )
    # N = 60 along x, whose variance N/4 and slope N e^{−γt/2}/2 give G at θ = π/2 where nothing flips the mean.
    assert classical_gain(Probe.product(60), noise, [0.5], "total_jx")[0] == pytest.approx(60 * np.exp(-0.1), rel=1e-9)


def largest_by_hand(probe, noise, readout, count=40_000):
    """The largest Σ p'²/p over a fine grid of phases, from density matrices and projectors; rare outcomes left out."""
    size = probe.num_qubits
    turns = np.subtract.outer(*[np.bitwise_count(np.arange(2**size)).astype(float)] * 2)
    rho, effects = density_matrices(probe, noise, np.array([1.0]), np.zeros(size))[0], outcome_effects(readout, size)
    orders = np.arange(-size, size + 1)
    series = np.array([[np.sum(np.where(turns == q, rho, 0) * effect.T) for q in orders] for effect in effects])
    phases = 2 * np.pi * (np.arange(count) + 0.37) / count
    waves = np.exp(-1j * np.outer(phases, orders))
    p, slope = (waves @ series.T).real, (waves @ (-1j * orders * series).T).real
    return float(np.max(np.sum(np.where(p > 1e-9, slope**2 / np.where(p > 1e-9, p, 1), 0), axis=1)))


def test_the_best_phase_is_the_highest_of_several_peaks():
    amplitudes = np.array([1 + 0.3j, -0.5 + 0.2j, -1 - 0.2j])
    probe = Probe.symmetric(amplitudes / np.linalg.norm(amplitudes))
    best = classical_gain(probe, LocalNoise(dephasing=0.1), [1.0], "total_jx", "best")[0]
    assert best == pytest.approx(1.408119, abs=1e-5)
    assert best >= classical_gain(probe, LocalNoise(dephasing=0.1), [1.0], "total_jx", 4.0134)[0]


@pytest.mark.parametrize("seed", range(60))
def test_the_best_phase_beats_a_fine_grid_and_stays_below_the_quantum_value(seed):
    rng = np.random.default_rng(seed)
    size, rate = int(rng.integers(1, 5)), 10 ** rng.uniform(-8, 0)  # nearly pure states have outcomes that vanish
    probe = random_probe(size, seed, symmetric=seed % 3 > 0)
    noise = [LocalNoise(rate), LocalNoise(emission=rate), LocalNoise(rate, rate / 3, rate / 7)][seed % 3]
    readout = ["total_jx", "local_x", "parity"][seed // 3 % 3]
    best = classical_gain(probe, noise, [1.0], readout, "best")[0]
    assert best >= largest_by_hand(probe, noise, readout) * (1 - 1e-9)
    assert best <= gain(probe, noise, [1.0])[0] * (1 + 1e-12)


@pytest.mark.parametrize("rate", [0.0, 1e-14, 1e-9])
@pytest.mark.parametrize("distance", [1e-12, 1e-7, 1e-5, 1e-3])
def test_close_to_an_impossible_outcome_nothing_cancels(rate, distance):
    # A GHZ state's parity: N² V² sin²(Nδ)/(1 − V² cos²(Nδ)), with 1 − V² = −expm1(−4Nγt) and no difference of ones.
    size = 3
    lost = -np.expm1(-4 * size * rate)
    wave = np.sin(size * distance) ** 2
    exact = size**2 * (1 - lost) * wave / (lost + (1 - lost) * wave)
    found = classical_gain(Probe.ghz(size), LocalNoise(dephasing=rate), [1.0], "parity", distance)[0]
    assert found <= size**2 * (1 + 1e-12)
    if lost == 0 or lost > 1e-11 or wave > 1e-9:  # the least probability is known to 1e-16
        assert found == pytest.approx(exact, rel=1e-5)
