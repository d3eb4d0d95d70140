"""Parameter shift: the rules are exact, the classical Fisher information unbiased with true error bars."""

import numpy as np
import pytest
import sampling

from qsense import LocalNoise, Probe
from qsense.errors import ArgumentError
from qsense.estimate import parameter_shift as ps
from qsense.theory.measurement import classical_gain

NOISES = {"dephasing": LocalNoise(dephasing=0.1), "emission": LocalNoise(emission=0.1)}


def distributions(probe, noise, time, readout, settings):
    build = sampling.loss_flag_distributions if readout == "loss_flag" else sampling.distributions
    return build(probe, noise, time, settings)


@pytest.mark.parametrize("size", [1, 2, 5])
def test_the_all_frequencies_rule_is_exact_for_every_frequency(size):
    rule = ps.all_frequencies_rule(size)
    for frequency in range(size + 1):
        for phase in (0.0, 0.7):
            shifted = np.cos(frequency * (0.3 + rule.shifts[:, 0]) + phase)
            assert rule.coefficients @ shifted == pytest.approx(-frequency * np.sin(frequency * 0.3 + phase), abs=1e-12)


@pytest.mark.parametrize("readout", ["parity", "local_x", "loss_flag"])
@pytest.mark.parametrize("size", [1, 2, 3])
def test_the_rule_of_a_readout_gives_its_exact_gain(readout, size):
    noise = LocalNoise(*np.random.default_rng(size).uniform(0.05, 0.4, (3, size)))
    probe = Probe.product(size) if readout == "local_x" else Probe.ghz(size)
    settings = ps.design(readout, size, phase=0.0)
    exact = distributions(probe, noise, 0.6, readout, settings)
    kind = ps.classes(readout, size)
    classes = np.stack([exact[:, kind == k].sum(1) for k in range(kind.max() + 1)], axis=1)
    slope = ps.rule_for(readout, size).coefficients @ classes[1:]
    value = np.sum(slope**2 / classes[0])
    assert value == pytest.approx(classical_gain(probe, noise, np.array([0.6]), readout)[0], rel=1e-10)


def test_the_half_turn_rule_on_the_collective_angle_gives_nothing_for_even_ghz():
    # The trap: (f(θ+π/2) − f(θ−π/2))/2 of cos(Nθ) is 0 for even N, whatever the fringe.
    theta = np.linspace(0, 3, 7)
    wrong = (np.cos(4 * (theta + np.pi / 2)) - np.cos(4 * (theta - np.pi / 2))) / 2
    assert np.allclose(wrong, 0, atol=1e-14)
    rule = ps.one_frequency_rule(4)
    right = rule.coefficients @ np.cos(4 * (theta[None, :] + rule.shifts[:, :1]))
    assert np.allclose(right, -4 * np.sin(4 * theta))


def repeated(kind, noise, size, time, readout, shots, repetitions):
    rng = np.random.default_rng(7)
    probe = Probe.named(kind, size)
    settings = ps.design(readout, size, phase=0.0)
    exact = distributions(probe, NOISES[noise], time, readout, settings)
    results = [ps.estimate(rng.multinomial(shots, exact), readout) for _ in range(repetitions)]
    return np.array([(r.value, r.stderr) for r in results]).T, classical_gain(
        probe, NOISES[noise], np.array([time]), readout
    )[0]


@pytest.mark.parametrize("lifetimes", [0.05, 0.7, 3.0])
@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize(("kind", "readout"), [("ghz", "parity"), ("ghz", "loss_flag"), ("product", "local_x")])
def test_the_classical_gain_is_unbiased_and_its_error_bar_is_true(kind, readout, noise, lifetimes):
    fall = 2 * NOISES[noise].coherence_rates(1)[0] * (2 if kind == "ghz" else 1)
    (values, errors), exact = repeated(kind, noise, 2, lifetimes / fall, readout, shots=500, repetitions=400)
    # 4.5 standard errors of the mean: once in 10⁵ seeds.
    assert abs(values.mean() - exact) < 4.5 * values.std() / np.sqrt(400)
    # At 95 % fewer than 360 or more than 396 of 400 happens once in 10⁴ seeds; 100 % would mean bars too wide.
    assert 360 / 400 < np.mean(np.abs(values - exact) < 1.96 * errors) <= 397 / 400
    assert 0.85 < errors.mean() / values.std() < 1.2


@pytest.mark.parametrize("noise", NOISES)
@pytest.mark.parametrize(("kind", "readout"), [("ghz", "parity"), ("ghz", "loss_flag"), ("product", "local_x")])
def test_the_classical_gain_is_unbiased_from_few_shots_too(kind, readout, noise):
    fall = 2 * NOISES[noise].coherence_rates(1)[0] * (2 if kind == "ghz" else 1)
    (values, _), exact = repeated(kind, noise, 2, 3.0 / fall, readout, shots=60, repetitions=3000)
    # 4.5 standard errors of the mean; without the correction the bias is five times that.
    assert abs(values.mean() - exact) < 4.5 * values.std() / np.sqrt(3000)


def test_without_its_correction_the_estimate_is_biased():
    # The control: Σ p̂'²/p̂ of the same counts, at a time where G is small.
    rng = np.random.default_rng(7)
    settings = ps.design("local_x", 2, phase=0.0)
    exact = sampling.distributions(Probe.product(2), NOISES["dephasing"], 3.0 / 0.4, settings)
    truth = classical_gain(Probe.product(2), NOISES["dephasing"], np.array([3.0 / 0.4]), "local_x")[0]
    naive = []
    for _ in range(200):
        f = rng.multinomial(200, exact) / 200
        naive.append(np.sum((ps.single_spin_rule(2).coefficients @ f[1:]) ** 2 / f[0]))
    assert np.mean(naive) - truth > 4.5 * np.std(naive) / np.sqrt(200)


def test_the_measured_direction_follows_the_signal():
    for readout, probe in (("parity", Probe.ghz(3)), ("local_x", Probe.product(3)), ("loss_flag", Probe.ghz(3))):
        ours = [
            distributions(probe, NOISES["emission"], 0.4, readout, ps.design(readout, 3, phase)) for phase in (0, 1.1)
        ]
        assert np.allclose(ours[0], ours[1], atol=1e-12)


def test_too_few_shots_and_too_many_outcomes_are_refused():
    with pytest.raises(ArgumentError, match="at least 2 shots"):
        ps.estimate(np.eye(2, dtype=int)[[0, 0, 1]], "parity")
    with pytest.raises(ArgumentError, match=r"2\^12 values"):
        ps.design("local_x", 12, 0.0)
