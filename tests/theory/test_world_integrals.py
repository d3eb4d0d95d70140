"""𝓘, crossings and rates in worlds with memory, shared noise and alternating fields, beside explicit integrands."""

from itertools import pairwise

import numpy as np
import pytest
from scipy.integrate import quad

from qsense import LocalNoise, Probe, crossover, gain, integrated_gain, operational_rate
from qsense.errors import ArgumentError
from qsense.noise import (
    Collective,
    Exponential,
    Local,
    NoiseModel,
    OrnsteinUhlenbeck,
    PhaseNoise,
    PowerLaw,
    QuasiStatic,
    Stretched,
    World,
)
from qsense.signals import Signal
from qsense.theory import integrated_gain_bound, rate_bound

GRADIENT = Signal("alternating")


def held(found, exact, rel=1e-9):
    """The value is right within its stated error, and that is small."""
    assert abs(found.value - exact) <= found.error + 1e-13 * exact, (found, exact)
    assert found.error <= rel * exact, (found, exact)


def by_panels(function, ends):
    return sum(quad(function, a, b, epsabs=0, epsrel=1e-12, limit=400)[0] for a, b in pairwise(ends))


def ou(t, spread=1.0, tau=1.0):
    return 2 * spread**2 * tau**2 * (t / tau - 1 + np.exp(-t / tau))


@pytest.mark.parametrize(
    ("size", "common", "product"),
    [(2, 0, 5.0), (2, 0.1, 3.2580), (2, 1, 2.5152), (4, 0, 10), (4, 0.1, 7.0905), (4, 1, 6.2240), (6, 0, 15),
     (6, 0.1, 11.2314), (6, 1, 10.3806)],
)  # fmt: skip
def test_the_gradient_table(size, common, product):
    world = World(NoiseModel(LocalNoise(dephasing=0.1), common), GRADIENT)
    assert integrated_gain(Probe.ghz(size, signs="alternating"), world).value == pytest.approx(2.5 * size, rel=1e-12)
    assert integrated_gain(Probe.product(size), world).value == pytest.approx(product, abs=6e-5)


@pytest.mark.parametrize(("size", "ratio"), [(2, 2.0), (4, 1.6115), (6, 1.4469)])
def test_the_gradient_under_a_shared_field_that_outweighs_all(size, ratio):
    world = World(NoiseModel(LocalNoise(dephasing=0.1), 1e5), GRADIENT)
    ghz, product = (
        integrated_gain(probe, world).value for probe in (Probe.ghz(size, "+-" * (size // 2)), Probe.product(size))
    )
    assert ghz / product == pytest.approx(ratio, abs=6e-5)


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e6])
def test_closed_integrals_of_each_law(unit):
    sigma, gamma = 0.7 / unit, 0.2 / unit

    def shared(memory, local=0.0):
        return NoiseModel(LocalNoise(dephasing=local), phase_noise=[PhaseNoise(Collective(), memory)])

    def alone(memory):
        return NoiseModel(phase_noise=[PhaseNoise(Local(), memory)])

    gauss = np.sqrt(np.pi) / 2
    held(integrated_gain(Probe.ghz(3), shared(QuasiStatic(sigma))), 9 * gauss / (3 * sigma), 1e-14)
    held(integrated_gain(Probe.ghz(3), alone(QuasiStatic(sigma))), 9 * gauss / (np.sqrt(3) * sigma), 1e-14)
    held(integrated_gain(Probe.product(3, tilt=0.5), alone(QuasiStatic(sigma))), 0.75 * 3 * gauss / sigma, 1e-14)
    both = by_panels(lambda x: 9 * np.exp(-(4 * 3 * 0.2 * x) - (3 * 0.7 * x) ** 2), [0, 1, 3, 9]) * unit
    held(integrated_gain(Probe.ghz(3), shared(QuasiStatic(sigma), gamma)), both, 1e-13)
    law = by_panels(lambda x: 4 * np.exp(-2 * 4 * (0.4 * x) ** 1.5), [0, 1, 4, 20]) * unit
    held(integrated_gain(Probe.ghz(2), shared(Stretched(gamma, 1.5))), law, 1e-13)
    assert integrated_gain(Probe.ghz(3), shared(QuasiStatic(sigma))).method == "closed form"


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e6])
def test_integrals_under_noise_that_remembers(unit):
    memory, emission = OrnsteinUhlenbeck(1 / unit, unit), 0.3 / unit
    ends = [0, 0.1, 1, 4, 20, 80]
    local = NoiseModel(phase_noise=[PhaseNoise(Local(), memory)])
    held(integrated_gain(Probe.product(3), local), unit * by_panels(lambda x: 3 * np.exp(-ou(x)), ends), 1e-8)
    held(integrated_gain(Probe.ghz(3), local), unit * by_panels(lambda x: 9 * np.exp(-3 * ou(x)), ends), 1e-8)
    shared = NoiseModel(LocalNoise(emission=emission), phase_noise=[PhaseNoise(Collective(), memory)])

    def block(x):
        kept = np.exp(-0.3 * x)
        return 9 * kept**3 * np.exp(-9 * ou(x)) * 2 / (1 + (1 - kept) ** 3 + kept**3)

    held(integrated_gain(Probe.ghz(3), shared), unit * by_panels(block, ends), 1e-8)
    apart = NoiseModel(LocalNoise(dephasing=0.1 / unit), phase_noise=shared.phase_noise)
    held(integrated_gain(Probe.ghz(2, signs="+-"), World(apart, GRADIENT)), unit * 4 / 0.8, 1e-12)


def test_integrals_under_one_over_f_noise():
    memory = PowerLaw(2.0, 1.0, 1e-3, 1e3)
    world = World(NoiseModel(LocalNoise(emission=0.05), phase_noise=[PhaseNoise(Local(), memory)]))
    nodes, weights = np.polynomial.legendre.leggauss(40)
    edges = np.concatenate([[0], np.geomspace(1e-3, 20, 60)])
    half = np.diff(edges)[:, None] / 2
    t = edges[:-1, None] + half * (nodes + 1)

    def spectral(x):  # σ²/ln(high/low) ∫ |sin πft / πf|² df/f, in ln f
        f, step = np.linspace(np.log(1e-3), np.log(1e3), 200001, retstep=True)
        values = (np.sin(np.pi * np.exp(f) * x) / np.pi / np.exp(f)) ** 2
        return 4 / np.log(1e6) * step * (values.sum() - values[[0, -1]].sum() / 2)

    assert memory.variance(np.array([0.1, 3.0])) == pytest.approx([spectral(0.1), spectral(3.0)], rel=1e-6)
    v = memory.variance(t.ravel()).reshape(t.shape)
    held(integrated_gain(Probe.product(2), world), float((2 * np.exp(-v - 0.05 * t) * weights * half).sum()), 1e-9)


@pytest.mark.parametrize("idle", ["hahn", "cpmg:2"])
def test_what_never_decays_has_an_infinite_integral(idle):
    slow = NoiseModel(phase_noise=[PhaseNoise(Local(), QuasiStatic(1.0))])
    assert integrated_gain(Probe.ghz(2), World(slow, Signal(frequency="matched"), idle)).value == np.inf
    shared = World(NoiseModel(collective_dephasing=1.0), GRADIENT)
    assert integrated_gain(Probe.ghz(4, signs="alternating"), shared).value == np.inf
    assert integrated_gain(Probe.product(4), shared).value == np.inf  # a part of it does not feel the shared field
    assert np.isfinite(integrated_gain(Probe.product(4), NoiseModel(collective_dephasing=1.0)).value)
    near = NoiseModel(phase_noise=[PhaseNoise(Exponential((0.0, 1e-3), 1.0), QuasiStatic(1.0))])
    assert np.isfinite(integrated_gain(Probe.product(2), World(near, GRADIENT)).value)


def test_a_constant_field_under_an_echo_is_not_sensed():
    world = World(LocalNoise(dephasing=0.1), idle="hahn")
    assert gain(Probe.ghz(2), world, [0.0, 1.0]).tolist() == [0.0, 0.0]
    assert integrated_gain(Probe.ghz(2), world).value == integrated_gain_bound(2, world).value == 0
    for ask in (lambda: operational_rate(Probe.ghz(2), world), lambda: rate_bound(2, world)):
        with pytest.raises(ArgumentError, match="refocuses"):
            ask()


def hahn(t, f, alpha):
    """(1/t)(∫ over the first half − ∫ over the second) of cos(2πft + α)."""
    edge = lambda x: np.sin(2 * np.pi * f * x + alpha)  # noqa: E731
    return (2 * edge(t / 2) - edge(0) - edge(t)) / (2 * np.pi * f * t)


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e6])
@pytest.mark.parametrize(("rate", "rel"), [(1.0, 1e-9), (0.02, 1e-9), (1e-4, 1e-4)])
def test_alternating_fields(unit, rate, rel):
    frequency, alpha = 2.0, 0.4
    world = World(LocalNoise(dephasing=rate / unit), Signal(frequency=frequency / unit, phase=alpha), "hahn")
    end = min(30 / (4 * rate), 3000)
    ends = np.concatenate([[1e-12], np.arange(1, end * 2 * frequency + 1) / (2 * frequency)])
    nodes, weights = np.polynomial.legendre.leggauss(16)
    half = np.diff(ends)[:, None] / 2
    x = ends[:-1, None] + half * (nodes + 1)
    values = 2 * np.exp(-4 * rate * x) * hahn(x, frequency, alpha) ** 2 * weights * half
    exact = float(values.sum())
    found = integrated_gain(Probe.product(2), world)
    assert abs(found.value / unit - exact) <= found.error / unit + (1e-12 + (rel if rate < 1e-3 else 0)) * exact
    assert found.error <= rel * found.value
    until = integrated_gain(Probe.product(2), world, until=2.3 * unit)
    exact = by_panels(lambda t: 2 * np.exp(-4 * rate * t) * hahn(t, frequency, alpha) ** 2, np.linspace(1e-12, 2.3, 12))
    assert until.value / unit == pytest.approx(exact, rel=1e-9)


def test_an_alternating_field_that_nothing_stops_is_integrated_to_the_end():
    # (Wt)² repeats, so that W² falls as 1/t²: ∫ is finite although G about the angle stays.
    slow = NoiseModel(phase_noise=[PhaseNoise(Local(), QuasiStatic(1.0))])
    found = integrated_gain(Probe.ghz(2), World(slow, Signal(frequency=1.0), "hahn"))
    nodes, weights = np.polynomial.legendre.leggauss(16)
    edges = np.concatenate([[1e-12], np.arange(1, 20001) / 2])
    half = np.diff(edges)[:, None] / 2
    x = edges[:-1, None] + half * (nodes + 1)
    mean = np.mean((hahn(y := np.linspace(2, 4, 4096, endpoint=False), 1.0, 0.0) * y) ** 2)
    exact = 4 * (float((hahn(x, 1.0, 0.0) ** 2 * weights * half).sum()) + mean / edges[-1])
    assert abs(found.value - exact) <= found.error + 1e-7 * exact
    assert found.error < 1e-5 * exact
    dense = integrated_gain(Probe.named("dicke_x:1", 2), World(LocalNoise(), Signal([1.0, 0.5], frequency=1.0), "hahn"))
    assert dense.error < 1e-4 * dense.value


def test_a_field_that_oscillates_too_often_is_refused_in_one_line():
    world = World(NoiseModel(LocalNoise(dephasing=1.0), 0.1), Signal([1, -1, 0.5], frequency=1e6), "cpmg:64")
    with pytest.raises(ArgumentError, match="oscillates") as error:
        integrated_gain(Probe.product(3), world)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e6])
def test_crossings(unit):
    slow = NoiseModel(phase_noise=[PhaseNoise(Local(), QuasiStatic(1 / unit))])
    # N e^{−N x²} = e^{−x²}
    assert crossover(5, slow) == pytest.approx(unit * np.sqrt(np.log(5) / 4), rel=1e-12)
    echo = World(LocalNoise(dephasing=0.1 / unit), Signal(frequency="matched"), "cpmg:4")
    assert crossover(5, echo) == pytest.approx(unit * np.log(5) / (16 * 0.1), rel=1e-12)
    gradient = World(NoiseModel(LocalNoise(dephasing=0.1 / unit)), GRADIENT)
    assert crossover(4, gradient) == pytest.approx(unit * np.log(4) / (12 * 0.1), rel=1e-12)
    weights = World(LocalNoise(dephasing=0.1 / unit), Signal([3.0, -1.0]))  # 16 e^{−2x} = 10 e^{−x}
    assert crossover(2, weights) == pytest.approx(unit * np.log(1.6) / 0.4, rel=1e-12)
    assert crossover(2, World(NoiseModel(collective_dephasing=1 / unit), GRADIENT)) is None  # it stays ahead
    shared = NoiseModel(LocalNoise(dephasing=0.05 / unit), 0.02 / unit)
    assert crossover(3, shared) / unit == pytest.approx(
        crossover(3, NoiseModel(LocalNoise(dephasing=0.05), 0.02)), rel=1e-9
    )


@pytest.mark.parametrize("unit", [1e-9, 1.0, 1e6])
def test_rates(unit):
    slow = NoiseModel(phase_noise=[PhaseNoise(Collective(), QuasiStatic(1 / unit))])
    rate = operational_rate(Probe.ghz(3), slow)  # t 9 e^{−9x²}: x = 1/√18
    assert (rate.time / unit, rate.value / unit) == pytest.approx((18**-0.5, 9 * 18**-0.5 * np.exp(-0.5)), rel=1e-7)
    matched = World(LocalNoise(dephasing=0.1 / unit), Signal(frequency="matched"), "hahn")
    assert operational_rate(Probe.ghz(3), matched).value / unit == pytest.approx(
        (2 / np.pi) ** 2 * 3 / 0.4 / np.e, rel=1e-9
    )
    wave = World(LocalNoise(dephasing=0.1 / unit), Signal(frequency=3.0 / unit), "hahn")
    x = np.linspace(1e-3, 6, 600001)
    best = np.max(2 * x**2 / (x + 0.2) * np.exp(-0.4 * x) * hahn(x, 3.0, 0.0) ** 2)
    assert operational_rate(Probe.product(2), wave, 0.2 * unit).value / unit == pytest.approx(best, rel=1e-8)
    assert operational_rate(Probe.product(2), wave, 0.2 * unit).value <= rate_bound(2, wave, 0.2 * unit).value
