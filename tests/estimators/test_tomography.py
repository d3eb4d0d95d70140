"""Tomography: the linear inverse is exact, the U-statistic unbiased with true error bars, the bound a bound.

Statistical tests are seeded. A right estimator fails them less than once in 10⁴ seeds, and each has a
control: the plug-in value, which must fail.
"""

from dataclasses import replace
from itertools import product

import numpy as np
import pytest
import sampling
from cases import further

from qsense import LocalNoise, Probe, gain
from qsense.errors import ArgumentError
from qsense.estimators import tomography
from qsense.estimators.tomography import general, pauli, quadratic_form, u_statistic
from qsense.estimators.tomography.folds import split
from qsense.numerics.arrays import CPU
from qsense.numerics.fisher import qfi, symmetric_logarithmic_derivative
from qsense.theory.dense import density_matrices
from qsense.theory.lindblad import generator

pytestmark = pytest.mark.long

NOISES = {"dephasing": LocalNoise(dephasing=0.1), "emission": LocalNoise(emission=0.1)}


def fall(kind, noise, size):
    return 2 * NOISES[noise].coherence_rates(1)[0] * (size if kind == "ghz" else 1)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_linear_inverse_of_exact_frequencies_is_the_state(size):
    noise = LocalNoise(*np.random.default_rng(size).uniform(0, 0.5, (3, size)))
    settings = tomography.design(size, "commutator")
    exact = sampling.distributions(Probe.ghz(size), noise, 0.7, settings)
    rho = density_matrices(Probe.ghz(size), noise, np.array([0.7]), np.zeros(1))[0]
    assert np.allclose(tomography.linear_inverse(exact), rho, atol=1e-14)


def test_the_linear_inverse_is_the_least_squares_solution():
    # Independent: solve for the 16 Pauli coefficients of two spins by lstsq over all outcomes of all settings.
    rng = np.random.default_rng(0)
    frequencies = rng.dirichlet(np.ones(4), size=9)
    paulis = [np.eye(2), *np.array([[[0, 1], [1, 0]], [[0, -1j], [1j, 0]], [[1, 0], [0, -1]]])]
    system, seen = [], []
    for setting in range(9):
        bases = [setting % 3, setting // 3]  # spin 0 first
        for outcome in range(4):
            signs = [1 - 2 * (outcome & 1), 1 - 2 * (outcome >> 1)]
            projector = [(np.eye(2) + s * paulis[1 + b]) / 2 for s, b in zip(signs, bases, strict=True)]
            effect = np.kron(projector[1], projector[0])
            system.append([np.trace(effect @ np.kron(b, a)).real / 4 for b, a in product(paulis, paulis)])
            seen.append(frequencies[setting, outcome])
    coefficients = np.linalg.lstsq(np.array(system), np.array(seen), rcond=None)[0]
    rho = sum(c * np.kron(b, a) for c, (b, a) in zip(coefficients, product(paulis, paulis), strict=True)) / 4
    assert np.allclose(tomography.linear_inverse(frequencies), rho, atol=1e-12)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_shifted_circuits_give_the_derivative_of_the_state(size):
    noise = LocalNoise(dephasing=0.2, emission=0.1)
    exact = sampling.distributions(Probe.product(size, 0.3), noise, 0.5, tomography.design(size))
    blocks = tomography.linear_inverse(exact.reshape(-1, 3**size, 2**size))
    slope = 0.5 * (blocks[1::2].sum(0) - blocks[2::2].sum(0))
    g = generator(size)
    assert np.allclose(slope, -1j * (g[:, None] - g[None, :]) * blocks[0], atol=1e-14)


@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_pull_back_is_the_transpose_of_the_linear_inverse(size):
    rng = np.random.default_rng(size)
    frequencies = rng.dirichlet(np.ones(2**size), size=(5, 3**size))
    observable = rng.normal(size=(2**size, 2**size)) + 1j * rng.normal(size=(2**size, 2**size))
    observable = observable + observable.conj().T
    read = np.einsum("kij,ji->k", pauli.linear_inverse(frequencies), observable)
    assert np.allclose(np.sum(pauli.pull_back(observable) * frequencies, axis=(1, 2)), read, atol=1e-13)


def test_projection_gives_the_nearest_density_matrix():
    rng = np.random.default_rng(2)
    raw = rng.normal(size=(6, 6)) + 1j * rng.normal(size=(6, 6))
    raw = raw + raw.conj().T
    raw += np.eye(6) * (1 - np.trace(raw)) / 6
    values, vectors = np.linalg.eigh(raw)
    values = quadratic_form.projected(values)
    assert values.sum() == pytest.approx(1.0)
    assert values.min() >= 0
    nearest = (vectors * values) @ vectors.conj().T
    # No mixture with another density matrix is nearer: the condition of a projection on a convex set.
    for _ in range(50):
        psi = rng.normal(size=6) + 1j * rng.normal(size=6)
        other = np.outer(psi, psi.conj()) / np.vdot(psi, psi).real
        assert np.trace((raw - nearest) @ (other - nearest)).real <= 1e-10


@pytest.mark.parametrize("times", [1, 1000])  # few shots are shuffled, many are drawn by outcomes
def test_folds_share_out_every_shot_once(times):
    table = times * np.array([[100, 23, 0, 5], [0, 0, 128, 0]])
    folds = split(table, 12, np.random.default_rng(0))
    sizes = np.sort([len(part) for part in np.array_split(np.arange(128 * times), 12)])[::-1]
    assert np.allclose((folds * sizes[:, None, None]).sum(0), table)
    assert np.allclose(folds.sum(-1), 1)


@pytest.mark.parametrize("shots", [100, 1000])  # shuffled and drawn
def test_folds_scatter_like_independent_repetitions(shots):
    table = np.tile([3 * shots // 10, 7 * shots // 10], (4000, 1))
    folds = split(table, 10, np.random.default_rng(1))
    # Dealt without replacement: variance p(1−p)/n · (1 − n/N)·N/(N−1); 4000 rows fix it to 2.3 %.
    expected = 0.21 / (shots / 10) * 0.9 * shots / (shots - 1)
    assert folds[:, :, 0].var(axis=1).mean() == pytest.approx(expected, rel=0.1)
    # What one fold has more, the others have less, all alike.
    apart = folds[:, :, 0] - 0.3
    assert np.mean(apart[0] * apart[9]) == pytest.approx(-expected / 9, abs=4.5 * expected / np.sqrt(4000))


def test_the_response_is_the_derivative_of_the_form():
    rng = np.random.default_rng(5)
    raw = rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4))
    rho = raw @ raw.conj().T
    rho /= np.trace(rho).real
    slope = rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4))
    slope = slope + slope.conj().T
    change = rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4))
    change = change + change.conj().T
    change -= np.eye(4) * np.trace(change) / 4
    for floor in (0.0, 0.2):

        def form(state, floor=floor):
            metric = quadratic_form.Metric(*np.linalg.eigh(state), floor)
            return float(metric.turned(np.stack([slope] * 2)).form())

        metric = quadratic_form.Metric(*np.linalg.eigh(rho), floor)
        response = metric.turned(np.stack([slope] * 2)).response()
        predicted = -np.trace(change @ response).real
        step = 1e-6
        measured = (form(rho + step * change) - form(rho - step * change)) / (2 * step)
        assert predicted == pytest.approx(measured, rel=1e-6)
        if floor == 0:
            sld = quadratic_form.sld_of(metric, slope)
            assert np.allclose(response, sld @ sld, atol=1e-9)


def test_the_response_of_equal_eigenvalues_is_the_square_of_the_derivative():
    rng = np.random.default_rng(9)
    slope = rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4))
    slope = slope + slope.conj().T
    metric = quadratic_form.metric_of(np.eye(4, dtype=complex) / 4, 0.0)
    sld = quadratic_form.sld_of(metric, slope)
    assert np.allclose(metric.turned(np.stack([slope] * 2)).response(), sld @ sld, atol=1e-9)


def estimates_of(exact, shots, repetitions, derivative, rng):
    tables = rng.multinomial(shots, exact, size=(repetitions, len(exact)))
    return tomography.estimates(tables, derivative, [rng] * repetitions)


def repeated(kind, noise, size, lifetimes, shots, repetitions, derivative="shift", seed=1):
    """Estimates from repeated counts, and the exact gain."""
    rng = np.random.default_rng(seed)
    probe, time = Probe.named(kind, size), lifetimes / fall(kind, noise, size)
    exact = sampling.distributions(probe, NOISES[noise], time, tomography.design(size, derivative))
    return estimates_of(exact, shots, repetitions, derivative, rng), gain(probe, NOISES[noise], [time])[0]


@pytest.mark.parametrize(
    ("kind", "noise", "lifetimes"),
    [
        pytest.param(kind, noise, lifetimes, marks=pytest.mark.study if (i + j + k) % 2 else [])
        for i, kind in enumerate(("ghz", "product")) for j, noise in enumerate(NOISES)
        for k, lifetimes in enumerate((0.05, 0.7, 3.0))
    ],
)  # fmt: skip
def test_the_u_statistic_is_unbiased_and_its_error_bar_is_true(kind, noise, lifetimes):
    results, exact = repeated(kind, noise, 2, lifetimes, shots=1000, repetitions=120)
    values, errors = np.array([(r.value, r.stderr) for r in results]).T
    # Half a standard deviation of bias is allowed, and 4.5 standard errors of the mean of 120 runs.
    assert abs(values.mean() - exact) < (0.5 + 4.5 / np.sqrt(120)) * values.std()
    covered = np.mean(np.abs(values - exact) < 1.96 * errors)
    # At a true coverage of 95 % fewer than 104 of 120 happens once in 10⁴ seeds.
    assert covered > 103 / 120
    assert 0.8 < errors.mean() / values.std() < 1.5


@pytest.mark.parametrize("derivative", ["shift", "commutator"])
def test_several_tables_at_once_are_as_each_by_itself(derivative):
    exact = sampling.distributions(Probe.ghz(2), NOISES["emission"], 1.0, tomography.design(2, derivative))
    tables = np.random.default_rng(1).multinomial(500, exact, size=(3, len(exact)))
    together = tomography.estimates(tables, derivative, [np.random.default_rng(k) for k in range(3)])
    for number, one in enumerate(together):
        alone = tomography.estimate(tables[number], derivative, np.random.default_rng(number))
        for found, expected in ((one, alone), *((one.others[name], alone.others[name]) for name in alone.others)):
            assert (found.value, found.stderr) == pytest.approx((expected.value, expected.stderr), rel=1e-10)
        assert one.interval == pytest.approx(alone.interval, rel=1e-10)


@pytest.mark.parametrize("derivative", ["shift", "commutator"])
def test_an_estimate_takes_eigenvectors_of_32_matrices_in_three_calls(derivative, monkeypatch):
    # Of ρ, of its halves (22) and of its thirds (9), for all tables together. These calls are what an estimate costs.
    asked = []

    def counted(matrices):
        asked.append(len(matrices))
        return np.linalg.eigh(matrices)

    monkeypatch.setattr(
        general, "choose", lambda engine, seconds, needed: replace(CPU, eigh=counted, free=lambda: 2.0**30)
    )
    tables = np.full((4, tomography.num_circuits(2, derivative), 4), 25) + np.arange(4)
    tomography.estimates(tables, derivative, [np.random.default_rng(k) for k in range(4)])
    assert sorted(asked) == [4 * 1, 4 * 9, 4 * 22]


def test_the_commutator_option_agrees_with_the_shift_rule():
    for kind in ("ghz", "product"):
        results, exact = repeated(kind, "emission", 2, 0.7, 1000, 60, derivative="commutator")
        values = np.array([r.value for r in results])
        assert abs(values.mean() - exact) < (0.5 + 4.5 / np.sqrt(60)) * values.std()


@pytest.mark.parametrize(
    ("kind", "noise", "lifetimes"),
    [("ghz", "dephasing", 0.1), pytest.param("product", "emission", 2.5, marks=pytest.mark.study)],
)
def test_the_error_bar_is_true_for_four_spins(kind, noise, lifetimes):
    # Nearly pure with fourteen dimensions of kernel; and the long times of emission, where noise is all there is.
    results, exact = repeated(kind, noise, 4, lifetimes, shots=1000, repetitions=60)
    values, errors = np.array([(r.value, r.stderr) for r in results]).T
    assert abs(values.mean() - exact) < (0.5 + 4.5 / np.sqrt(60)) * values.std()
    # At a true coverage of 95 % fewer than 48 of 60 happens once in 10⁵ seeds.
    assert np.mean(np.abs(values - exact) < 1.96 * errors) > 47 / 60
    # The standard deviation of 60 values is known to 9 %.
    assert 0.7 < np.sqrt(np.mean(errors**2)) / values.std() < 1.4


def test_the_commutator_error_bar_is_true_for_an_early_ghz_state():
    results, exact = repeated("ghz", "dephasing", 3, 0.1, shots=1000, repetitions=120, derivative="commutator")
    values, errors = np.array([(r.value, r.stderr) for r in results]).T
    assert abs(values.mean() - exact) < (0.5 + 4.5 / np.sqrt(120)) * values.std()
    assert np.mean(np.abs(values - exact) < 1.96 * errors) > 101 / 120


@pytest.mark.study
@pytest.mark.parametrize(("kind", "noise", "lifetimes"), [("product", "dephasing", 0.7), ("ghz", "dephasing", 2.5)])
def test_the_error_bar_of_six_spins_holds_their_bias(kind, noise, lifetimes):
    results, exact = repeated(kind, noise, 6, lifetimes, shots=1000, repetitions=30, derivative="commutator")
    values, errors = np.array([(r.value, r.stderr) for r in results]).T
    assert values.mean() < exact - 0.2 * values.std()  # else the longer error bar is not needed
    assert np.sqrt(np.mean(((values - exact) / errors) ** 2)) < 1.1


def test_a_projected_metric_fails_where_the_measured_one_does_not(monkeypatch):
    results, exact = repeated("ghz", "dephasing", 4, 0.1, shots=1000, repetitions=40)
    values = np.array([r.value for r in results])
    assert abs(values.mean() - exact) < 0.6 * values.std()

    def projected(rho, floor, arrays):
        values, vectors = np.linalg.eigh(rho)
        return quadratic_form.Metric(quadratic_form.projected(values), vectors, floor)

    monkeypatch.setattr(u_statistic, "metric_of", projected)
    results, exact = repeated("ghz", "dephasing", 4, 0.1, shots=1000, repetitions=40)
    assert np.mean([r.value for r in results]) - exact > 0.75 * values.std()


def test_the_jackknife_takes_the_bias_of_a_noisy_metric_off():
    # The metric alone is noisy: ∂ρ is exact, and the floor is below half of every λ_m + λ_n.
    rng = np.random.default_rng(6)
    state = np.diag([0.45, 0.3, 0.15, 0.1]).astype(complex)
    g = np.array([0.5, -0.5, 0.5, -0.5])[:, None] * np.eye(4) + np.roll(np.eye(4), 1, axis=0) * 0.3
    g = g + g.T
    slope = -1j * (g @ state - state @ g)
    exact = qfi(state, slope)
    halves = quadratic_form.balanced_halves(12)
    plain, jackknifed = [], []
    for _ in range(1500):
        noise = rng.normal(size=(12, 4, 4)) + 1j * rng.normal(size=(12, 4, 4))
        folds = state + 0.03 * (noise + np.swapaxes(noise.conj(), 1, 2))
        means = np.stack([folds.mean(0), *(folds[part].mean(0) for half in halves for part in (half, ~half))])
        forms = quadratic_form.metric_of(means, 0.1).turned(np.stack([slope] * 2)).form()
        plain.append(forms[0])
        jackknifed.append(2 * forms[0] - forms[1:].mean())
    noise_of_mean = np.std(plain) / np.sqrt(1500)
    assert np.mean(plain) - exact > 6 * noise_of_mean
    assert abs(np.mean(jackknifed) - exact) < 4 * noise_of_mean + 0.1 * (np.mean(plain) - exact)


def test_the_plug_in_value_fails_the_same_test():
    results, exact = repeated("product", "dephasing", 3, 3.0, shots=1000, repetitions=60)
    plug_in = np.array([r.others["plug_in"].value for r in results])
    values = np.array([r.value for r in results])
    assert plug_in.mean() - exact > 2 * plug_in.std()
    assert abs(values.mean() - exact) < (0.5 + 4.5 / np.sqrt(60)) * values.std()


@pytest.mark.parametrize(
    ("lifetimes", "noise"),
    [
        (0.05, "dephasing"),
        (0.7, "emission"),
        (3.0, "dephasing"),
        *(
            pytest.param(*case, marks=pytest.mark.study)
            for case in ((0.05, "emission"), (0.7, "dephasing"), (3.0, "emission"))
        ),
    ],
)
def test_the_lower_bound_is_below_the_truth_in_the_mean(lifetimes, noise):
    for kind in ("ghz", "product"):
        results, exact = repeated(kind, noise, 2, lifetimes, shots=600, repetitions=80)
        bounds = np.array([r.others["lower_bound"].value for r in results])
        assert bounds.mean() < exact + 4 * bounds.std() / np.sqrt(80)
        assert bounds.mean() > 0.8 * exact - 4 * bounds.std() / np.sqrt(80)


@pytest.mark.parametrize("floor", [0.5, *map(further, (0.05, 3.0))])
def test_the_lower_bound_loses_the_mean_error_of_x_and_no_more(floor):
    # Fits with a constant metric are linear in ∂ρ: E X is known exactly, and with it the bound's mean.
    rng = np.random.default_rng(8)
    state = np.diag([0.7, 0.2, 0.1, 0.0]).astype(complex)
    slope = np.array([[0, 0.3, 0, 0.1], [0.3, 0, 0.05, 0], [0, 0.05, 0, 0], [0.1, 0, 0, 0]], dtype=complex)
    values = []
    for _ in range(3000):
        noise = rng.normal(size=(2, 12, 4, 4)) + 1j * rng.normal(size=(2, 12, 4, 4))
        noise = 0.1 * (noise + np.swapaxes(noise.conj(), -1, -2))
        values.append(quadratic_form.lower_bound(state + 1e-6 * noise[0], slope + noise[1], floor))
    metric = quadratic_form.metric_of(state, floor)
    error = symmetric_logarithmic_derivative(state, slope) - quadratic_form.sld_of(metric, slope)
    expected = qfi(state, slope) - np.trace(state @ error @ error).real
    assert np.mean(values) == pytest.approx(expected, abs=4.5 * np.std(values) / np.sqrt(3000))


def test_one_fit_instead_of_two_loses_more_than_the_mean_error():
    # The control of the test above: X² of a single fit carries the square of its noise.
    rng = np.random.default_rng(8)
    state = np.diag([0.7, 0.2, 0.1, 0.0]).astype(complex)
    metric = quadratic_form.metric_of(state, 0.5)
    singles = []
    for _ in range(500):
        noise = rng.normal(size=(4, 4)) + 1j * rng.normal(size=(4, 4))
        fit = quadratic_form.sld_of(metric, 0.05 * (noise + noise.conj().T))
        singles.append(-np.trace(state @ fit @ fit).real)
    assert np.mean(singles) < -10 * np.std(singles) / np.sqrt(500)


def test_a_state_without_gain_is_estimated_at_zero():
    rng = np.random.default_rng(4)
    probe = Probe.from_text('OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; h q[0]; cx q[0], q[1]; x q[1];', "bell")
    exact = sampling.distributions(probe, NOISES["dephasing"], 0.5, tomography.design(2))
    results = estimates_of(exact, 1000, 80, "shift", rng)
    values = np.array([r.value for r in results])
    assert abs(values.mean()) < 4.5 * values.std() / np.sqrt(80)
    assert np.mean([abs(r.value) < 1.96 * r.stderr for r in results]) > 0.85
    assert min(values) < 0  # not clipped


def test_too_few_shots_and_too_many_spins_are_refused_with_their_cost():
    with pytest.raises(ArgumentError, match="at least 12 shots"):
        tomography.estimate(np.full((9 * 5, 4), 2), "shift", np.random.default_rng(0))
    with pytest.raises(ArgumentError, match=r"3\^9 × 19 = 373977 circuits"):
        tomography.design(9)


@pytest.mark.parametrize("count", [8, 12])
def test_every_pair_of_folds_is_parted_equally_often(count):
    halves = quadratic_form.balanced_halves(count)
    assert np.all(halves.sum(1) == count // 2)
    parted = (halves[:, :, None] != halves[:, None, :]).sum(0)
    assert set(parted[~np.eye(count, dtype=bool)].tolist()) == {count // 2}


@pytest.mark.parametrize(
    ("kind", "size", "lifetimes", "shots"),
    [
        *(("ghz", 1, 0.7, 12), ("ghz", 2, 2.5, 48), ("product", 2, 0.1, 100)),
        *map(further, (("ghz", 1, 2.5, 48), ("ghz", 2, 0.1, 24))),
    ],
)
def test_intervals_cover_at_few_shots_where_the_error_bar_alone_does_not(kind, size, lifetimes, shots):
    # The error grows with the estimate, so that estimates that are too low have bars that are too short.
    probe, noise = Probe.named(kind, size), LocalNoise(dephasing=0.1)
    moment = lifetimes / (0.4 * size if kind == "ghz" else 0.4)
    exact = size ** (2 if kind == "ghz" else 1) * np.exp(-lifetimes)
    distribution = sampling.distributions(probe, noise, moment, tomography.design(size, "commutator"))
    found = estimates_of(distribution, shots, 200, "commutator", np.random.default_rng(11))
    hits = sum(one.interval[0] - 1e-9 <= exact <= one.interval[1] + 1e-9 for one in found)
    bars = sum(abs(one.value - exact) <= 1.96 * one.stderr for one in found)
    assert hits >= 175  # 92 % less two standard deviations of 200
    assert hits > bars  # the control
