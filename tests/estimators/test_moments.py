"""The moment bound: against a derivation of its own from dense matrices, and its intervals over repeated counts.

The oracle builds Pauli matrices, rotates the state by finite steps and draws counts from its own probabilities; nothing
of qsense is in it but the probe's amplitudes.
"""

import functools
from itertools import product as pairs

import numpy as np
import pytest

from qsense.circuits.counts import Counts
from qsense.errors import ArgumentError
from qsense.estimators import MomentBound
from qsense.estimators.moments import Frame, design, estimate
from qsense.estimators.moments.method import CollectiveMoments
from qsense.estimators.moments.prepared import frame_of
from qsense.estimators.registry import automatic, estimator_named
from qsense.noise import LocalNoise, NoiseModel, World
from qsense.probes import Probe
from qsense.signals import Signal
from qsense.theory import gain
from qsense.theory.moments import integrated_moment_bound, moment_bound

PAULI = {"x": np.array([[0, 1], [1, 0]]), "y": np.array([[0, -1j], [1j, 0]]), "z": np.diag([1, -1])}


def on(spin, size, matrix):
    """A one-spin matrix on spin j, which is bit j of the index."""
    return functools.reduce(np.kron, [matrix if k == spin else np.eye(2) for k in reversed(range(size))])


def dephased(rho, size, gamma, common, t):
    """ρ after L = σ_z of each spin at its rate, and L = Σ σ_z at the common rate."""
    signs = np.array([[1 - 2 * (k >> j & 1) for j in range(size)] for k in range(2**size)])
    apart = signs[:, None] - signs[None]
    local = (np.abs(apart) * np.broadcast_to(gamma, size)).sum(-1)
    return rho * np.exp(-t * (local + common / 2 * apart.sum(-1) ** 2))


def oracle(rho, size, weights, frame):
    """dᵀC⁻¹d of J_α (and its square) with slopes from turned states."""
    sense = np.where(np.array(weights) < 0, -1, 1)
    axes = np.broadcast_to(frame.azimuths or 0.0, size) + sense * frame.angle
    own = np.abs(weights)
    m = sum(own[j] / 2 * on(j, size, np.cos(axes[j]) * PAULI["x"] + np.sin(axes[j]) * PAULI["y"]) for j in range(size))
    k = sum(weights[j] / 2 * on(j, size, PAULI["z"]) for j in range(size))
    powers = [m, m @ m][: frame.order]

    def means(theta):
        turn = np.diag(np.exp(-1j * theta * np.diag(k)))
        state = turn @ rho @ turn.conj().T
        return np.array([np.trace(state @ power).real for power in powers])

    d = (means(1e-5) - means(-1e-5)) / 2e-5
    c = np.array([[np.trace(rho @ (a @ b + b @ a) / 2).real for b in powers] for a in powers])
    c -= np.outer(means(0.0), means(0.0))
    return float(d @ np.linalg.solve(c, d))


@pytest.mark.parametrize(
    ("name", "size", "weights"),
    [
        ("product", 4, (1.0, -0.5, 2.0, -1.0)),
        ("one_axis:0.3", 5, (1.0,) * 5),
        ("one_axis:0.3", 4, (1.0, -1.0, 1.0, 1.0)),
        ("coherent:0.7", 3, (1.0,) * 3),
        ("twin_fock", 4, (1.0,) * 4),
        ("twin_fock", 4, (1.0, -1.0, 1.0, -1.0)),
        ("dicke_x:3", 4, (1.0,) * 4),
    ],
)
@pytest.mark.parametrize("common", [0.0, 0.2])
def test_the_exact_bound_is_that_of_turned_density_matrices(name, size, weights, common):
    probe, rates = Probe.named(name, size), tuple(0.1 + 0.05 * k for k in range(size))
    frame = frame_of(probe).frame
    frame = Frame(size, frame.order, frame.angle, frame.azimuths)
    world = World(NoiseModel(LocalNoise(dephasing=rates), collective_dephasing=common), Signal(list(weights)))
    found = moment_bound(probe, world, [0.3, 0.0, 1.1], frame.order, frame.angle, frame.azimuths)
    psi = probe.statevector()
    for t, value in zip([0.3, 0.0, 1.1], found, strict=True):
        rho = dephased(np.outer(psi, psi.conj()), size, rates, common, t)
        assert value == pytest.approx(oracle(rho, size, weights, frame), rel=1e-7)
    assert np.all(found <= gain(probe, world.noise, np.array([0.0]))[0] * 4 + 1e-9)


@pytest.mark.parametrize("name", ["one_axis:0.1", "twin_fock", "product"])
def test_ways_of_computing_agree(name):
    """Pairs or blocks of total spin (alike) beside dense matrices (rates that differ by rounding)."""
    probe = Probe.named(name, 6)
    frame = frame_of(probe).frame
    alike = LocalNoise(dephasing=0.1, emission=0.2)
    unlike = LocalNoise(dephasing=(0.1,) * 5 + (0.1 + 1e-12,), emission=0.2)
    times = np.array([0.0, 0.5, 2.0])
    both = [moment_bound(probe, one, times, frame.order, frame.angle) for one in (alike, unlike)]
    assert np.allclose(*both, rtol=1e-8)


def test_a_bound_is_a_bound_and_tight_where_it_should_be():
    times = np.geomspace(0.01, 3, 7)
    for name, size in (("one_axis:0.1", 20), ("two_axis:0.02", 20), ("twin_fock", 20), ("dicke_x:4", 12)):
        probe = Probe.named(name, size)
        frame = frame_of(probe).frame
        for noise in (LocalNoise(dephasing=0.25), LocalNoise(emission=0.5), NoiseModel(LocalNoise(0.1), 0.1)):
            ratio = moment_bound(probe, noise, times, frame.order, frame.angle) / gain(probe, noise, times)
            assert np.all(ratio <= 1 + 1e-9)
            assert np.all(ratio > (0.8 if frame.order == 1 else 0.02)), (name, ratio)
    local = LocalNoise(dephasing=0.25)
    assert np.allclose(moment_bound(Probe.product(300), local, times), gain(Probe.product(300), local, times))
    assert integrated_moment_bound(Probe.product(300), local).value == pytest.approx(300, rel=1e-9)


def test_shared_noise_leaves_a_bound_where_the_sum_over_spins_is_far_too_high():
    noise, times = NoiseModel(LocalNoise(dephasing=0.1), collective_dephasing=0.1), np.array([0.3, 1.0, 3.0])
    exact = gain(Probe.product(32), noise, times)
    ratio = moment_bound(Probe.product(32), noise, times) / exact
    assert np.all((ratio > 0.84) & (ratio <= 1 + 1e-9))
    coherence = np.exp(-4 * (0.1 + 0.1) * times)
    assert np.all(32 * coherence > 2 * exact)  # what the estimator "product" would say


def probabilities(rho, settings):
    """Of all outcomes of a density matrix along the settings' azimuths; their phases turn it first."""
    table = []
    for phases, azimuths in zip(settings.phases, settings.azimuths, strict=True):
        turn = functools.reduce(np.kron, [np.diag(np.exp([-0.5j * p, 0.5j * p])) for p in reversed(phases)])
        rotation = functools.reduce(
            np.kron, [np.array([[1, np.exp(-1j * a)], [1, -np.exp(-1j * a)]]) / np.sqrt(2) for a in reversed(azimuths)]
        )
        state = rotation @ turn @ rho @ turn.conj().T @ rotation.conj().T
        p = np.maximum(np.diag(state).real, 0)
        table.append(p / p.sum())
    return np.array(table)


def drawn(p, frame, shots, rng):
    return Counts.from_table(frame.num_qubits, rng.multinomial(shots, p))


CASES = {
    "squeezed": ("one_axis:0.3", 4, (1.0,) * 4, 0.1, 100),
    "shared noise": ("product", 4, (1.0,) * 4, 0.4, 60),
    "weights": ("product", 3, (1.0, -1.0, 0.5), 0.1, 60),
    "second moments": ("twin_fock", 4, (1.0,) * 4, 0.0, 400),
}


@pytest.mark.parametrize("case", CASES)
def test_intervals_cover_the_bound(case):
    """400 repetitions: a right 95 % interval covers fewer than 91 % or more than 98.5 % once in 3000 times."""
    name, size, weights, common, shots = CASES[case]
    probe, t, rng = Probe.named(name, size), 0.4, np.random.default_rng(len(case))
    frame = frame_of(probe).frame
    frame = Frame(size, frame.order, frame.angle, frame.azimuths, () if set(weights) == {1.0} else weights)
    psi = probe.statevector()
    rho = dephased(np.outer(psi, psi.conj()), size, 0.2, common, t)
    exact = oracle(rho, size, weights, frame)
    ending, settings = design(frame, 0.7)
    assert ending == "directions"
    p = probabilities(rho, settings)
    found = [estimate(drawn(p, frame, shots, rng), frame) for _ in range(400)]
    inside = np.mean([one.interval[0] <= exact <= one.interval[1] for one in found])
    values, errors = np.array([one.value for one in found]), np.array([one.stderr for one in found])
    assert 0.91 < inside < 0.985
    assert abs(values.mean() - exact) < 4 * values.std() / 20 + 0.03 * values.std()
    assert np.sqrt(np.mean(errors**2)) == pytest.approx(values.std(), rel=0.2)
    # The control: 10 % more than the bound, or the plug-in value's interval without its corrections, would be seen.
    wrong = np.mean([one.interval[0] <= 1.6 * exact <= one.interval[1] for one in found])
    assert wrong < 0.91


def test_a_wrong_phase_lowers_the_bound_and_is_told():
    probe, rng = Probe.named("one_axis:0.3", 4), np.random.default_rng(4)
    method = estimator_named("moments").for_probe(probe, order=0, angle_rad=0.0)
    psi = probe.statevector()
    rho = np.outer(psi, psi.conj())
    _, settings = method.design(0.2)
    right, wrong = (drawn(probabilities(rho, one), method.frame, 2000, rng) for one in (settings, settings.at(0.9)))
    assert method.estimate(wrong, rng).value < 0.8 * method.estimate(right, rng).value
    held = [method.assumptions(np.array([0.0]), [one])[0].held for one in (right, wrong)]
    assert held == [True, False]
    assert not method.assumptions(np.array([0.0]), [wrong])[0].withholds


def test_auto_takes_moments_for_squeezed_and_dicke_probes_above_six_spins_alone():
    names = ["one_axis:0.1", "two_axis:0.05", "coherent:1", "dicke_x:2", "dicke_x:4"]
    assert all(automatic(Probe.named(name, 8))[0] is CollectiveMoments for name in [*names, "twin_fock"])
    assert all(automatic(Probe.named(name, 6))[0].name == "tomography" for name in [*names, "twin_fock"])
    assert [automatic(Probe.named(name, 8))[0].name for name in ("ghz", "product", "w", "dicke:3")] == [
        "ghz", "product", "tomography", "tomography",
    ]  # fmt: skip
    assert "second moments" in automatic(Probe.named("twin_fock", 8))[1]


def test_frames_follow_the_probe():
    turned = Probe.symmetric(Probe.named("one_axis:0.2", 5).dicke_amplitudes() * np.exp(0.3j * np.arange(6)))
    assert frame_of(turned).frame.azimuths == pytest.approx((0.3,) * 5)
    spins = [np.array([1, np.exp(1j * a)]) / np.sqrt(2) for a in (0.1, 0.5, -0.4)]
    state = Probe.from_state(functools.reduce(np.kron, reversed(spins)))
    assert frame_of(state).frame.azimuths == pytest.approx((0.1, 0.5, -0.4))
    assert frame_of(state).bound == pytest.approx(3)
    azimuths = frame_of(state).frame.azimuths
    assert moment_bound(state, LocalNoise(), [0.0], 1, np.pi / 2, azimuths)[0] == pytest.approx(3)
    for name, size in (("one_axis:0.3", 5), ("twin_fock", 6), ("dicke_x:2", 6)):
        found = frame_of(Probe.named(name, size))
        exact = moment_bound(Probe.named(name, size), LocalNoise(), [0.0], found.frame.order, found.frame.angle)
        assert found.bound == pytest.approx(exact[0], rel=1e-9)


@pytest.mark.parametrize(
    ("name", "size", "order", "words"),
    [("w", 4, 2, "moments that turn"), ("dicke:2", 4, 1, "a mean spin"), ("twin_fock", 4, 1, "`order = 2`")],
)
def test_probes_without_moments_are_refused(name, size, order, words):
    with pytest.raises(ArgumentError, match=words):
        estimator_named("moments").for_probe(Probe.named(name, size), order=order, angle_rad=0.0)


def test_refusals_name_the_fix():
    method = estimator_named("moments").for_probe(Probe.named("twin_fock", 4), order=0, angle_rad=0.0)
    assert method.with_weights((1.0, -1.0, 1.0, -1.0)).frame.weights == (1.0, -1.0, 1.0, -1.0)
    with pytest.raises(ArgumentError, match="order = 1"):
        method.with_weights((1.0, 2.0, 1.0, 1.0))
    with pytest.raises(ArgumentError, match="commutes with the field"):
        moment_bound(Probe.product(2), LocalNoise(transverse=0.1), [0.0])
    with pytest.raises(ArgumentError, match="at least 20 shots"):
        estimate(Counts.from_histograms(2, [{0: 20}, {0: 10, 3: 9}]), Frame(2))
    with pytest.raises(ArgumentError, match="2 rows"):
        estimate(Counts.from_histograms(2, [{0: 20}]), Frame(2))
    assert method.quantity(Probe.named("twin_fock", 4)) == MomentBound(2, 0.5, ())


def test_shots_that_all_agree_leave_an_error_bar():
    for first, second in pairs([{0: 30}, {3: 30}], repeat=2):
        found = estimate(Counts.from_histograms(2, [first, second]), Frame(2))
        assert np.isfinite([found.value, found.stderr]).all()
        assert found.stderr > 0
