"""Designed times under noise that remembers, pulses and alternating fields, against curves written out by hand."""

import itertools

import numpy as np
import pytest
from cases import spread
from scipy.integrate import quad

from qsense import LocalNoise, Probe, gain
from qsense.noise import Collective, Local, NoiseModel, OrnsteinUhlenbeck, PhaseNoise, QuasiStatic, World
from qsense.signals import Signal
from qsense.theory.times import RELATIVE_ERROR, decay_rate, designed_rule

SPREAD, MEMORY = 0.7, 2.0


def slow(t):
    return (SPREAD * t) ** 2


def fluctuating(t):
    return 2 * (SPREAD * MEMORY) ** 2 * (t / MEMORY + np.expm1(-t / MEMORY))


def echoed(t):
    x = t / MEMORY
    return 2 * (SPREAD * MEMORY) ** 2 * (x - 3 - np.exp(-x) + 4 * np.exp(-x / 2))


def model(memory, space=Local, **rates):
    return NoiseModel(LocalNoise(**rates), phase_noise=[PhaseNoise(space(), memory)])


QUASI, OU = QuasiStatic(SPREAD), OrnsteinUhlenbeck(SPREAD, MEMORY)
# noise, the variance of one spin's phase, and how fast emission-free coherence² decays beside it
NOISES = {
    "quasi-static": (model(QUASI), slow, 0.0),
    "Ornstein–Uhlenbeck": (model(OU), fluctuating, 0.0),
    "Ornstein–Uhlenbeck, dephasing": (model(OU, dephasing=0.1), fluctuating, 0.4),
    "echo": (World(model(OU), Signal(frequency="matched"), "hahn"), echoed, 0.0),
}


def curve(kind, size, variance, rate, part=1.0):
    """Product N e^{−v − rt}, GHZ N² e^{−N(v + rt)}, times W²."""
    power, many = (2, size) if kind == "ghz" else (1, 1)
    return lambda t: part * size**power * np.exp(-many * (variance(t) + rate * t))


def integral_of(function, scale):
    ends = np.concatenate([[0], scale * np.arange(0.05, 30, 0.05)])
    return sum(quad(function, a, b, epsrel=1e-10)[0] for a, b in itertools.pairwise(ends))


@pytest.mark.parametrize(("name", "kind", "size"), spread(2, NOISES, ["ghz", "product"], [1, 2, 4, 16, 100]))
def test_noise_that_remembers(name, kind, size, caplog):
    noise, variance, rate = NOISES[name]
    part = (2 / np.pi) ** 2 if name == "echo" else 1.0
    by_hand, probe = curve(kind, size, variance, rate, part), Probe.named(kind, size)
    rule = designed_rule(probe, noise)
    exact = integral_of(by_hand, 1 / decay_rate(probe, noise))
    assert rule.weights @ by_hand(rule.times) == pytest.approx(exact, rel=0.1 * RELATIVE_ERROR)
    assert 5 <= len(rule.times) <= 8
    assert np.linalg.norm(rule.weights) * part * size ** (1 + (kind == "ghz")) < 4 * exact
    assert not caplog.text


@pytest.mark.parametrize("size", [2, 16])
def test_slow_noise_that_all_spins_share(size):
    noise = model(QUASI, Collective)
    rule = designed_rule(Probe.ghz(size), noise)
    exact = size**2 * np.sqrt(np.pi) / (2 * SPREAD * size)  # N² ∫ e^{−(Nσt)²} dt
    gains = size**2 * np.exp(-((size * SPREAD * rule.times) ** 2))
    assert rule.weights @ gains == pytest.approx(exact, rel=0.1 * RELATIVE_ERROR)
    product = designed_rule(Probe.product(size), noise)
    curve_of = quad(lambda t: float(gain(Probe.product(size), noise, [t])[0]), 0, 15, epsrel=1e-6, limit=200)[0]
    assert product.weights @ gain(Probe.product(size), noise, product.times) == pytest.approx(curve_of, rel=1e-3)


@pytest.mark.parametrize(("turns", "unit"), spread(3, [0.1, 1.0, 10.0], [1e-9, 1e-6, 1.0]))
def test_an_alternating_field_without_pulses(turns, unit):
    """W = sin(2πft)/(2πft) is known and part of the weight: nodes need not avoid slow decay, but W = 0."""
    noise = World(model(QuasiStatic(SPREAD / unit)), Signal(frequency=turns / unit))

    def by_hand(t):
        return 4 * np.sinc(2 * turns * t) ** 2 * np.exp(-slow(t))

    rule = designed_rule(Probe.product(4), noise)
    ends = np.arange(0, 12, min(0.1, 0.1 / turns))
    exact = sum(quad(by_hand, a, b, epsrel=1e-9)[0] for a, b in itertools.pairwise(ends))
    assert rule.weights @ by_hand(rule.times / unit) / unit == pytest.approx(exact, rel=0.1 * RELATIVE_ERROR)
    seen = np.sinc(2 * turns * rule.times / unit) ** 2
    assert seen.min() > 1e-4
    # Errors of G are those of G about the collected angle times W².
    assert np.linalg.norm(rule.weights * seen) / unit < 8 * exact
    wrong = quad_of_slower(by_hand, turns)
    assert rule.weights @ wrong[0](rule.times / unit) / unit == pytest.approx(wrong[1], rel=0.031)


def quad_of_slower(by_hand, turns):
    def slower(t):
        return 4 * np.sinc(2 * turns * t) ** 2 * np.exp(-slow(2 / 3 * t))

    ends = np.arange(0, 16, min(0.1, 0.1 / turns))
    return slower, sum(quad(slower, a, b, epsrel=1e-9)[0] for a, b in itertools.pairwise(ends))


def test_times_of_noise_that_remembers_do_not_depend_on_the_unit_of_time():
    rules = [
        designed_rule(
            Probe.ghz(4), World(model(OrnsteinUhlenbeck(SPREAD / u, MEMORY * u)), Signal(frequency=0.5 / u), "hahn")
        )
        for u in (1.0, 1e-6)
    ]
    assert np.allclose(rules[1].times / 1e-6, rules[0].times, rtol=2e-5)


def test_a_world_with_nothing_beside_exponential_noise_has_the_times_of_the_noise():
    noise = LocalNoise(dephasing=[0.1, 0.2, 0.3])
    for one in (World(noise), NoiseModel(noise)):
        for probe in (Probe.ghz(3), Probe.product(3)):
            assert np.array_equal(designed_rule(probe, one).times, designed_rule(probe, noise).times)
            assert np.array_equal(designed_rule(probe, one).weights, designed_rule(probe, noise).weights)


@pytest.mark.parametrize("name", ["one_axis:0.3", "dicke:2", "twin_fock"])
def test_other_probes_under_gaussian_decay(name):
    probe, noise = Probe.named(name, 4), model(QUASI, emission=0.05)
    exact = quad(lambda t: float(gain(probe, noise, [t])[0]), 0, 12, epsrel=1e-7, epsabs=1e-9, limit=300)[0]
    rule = designed_rule(probe, noise)
    assert rule.weights @ gain(probe, noise, rule.times) == pytest.approx(exact, rel=RELATIVE_ERROR, abs=1e-8)
