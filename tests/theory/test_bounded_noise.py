"""Noise whose variance does not grow for ever beside slow decay: integrals and rates, against the filter integral."""

from functools import cache

import numpy as np
import pytest
from cases import further, spread
from scipy.special import sici

from qsense.noise import Collective, Local, LocalNoise, NoiseModel, PhaseNoise, PowerLaw, World
from qsense.probes import Probe
from qsense.signals import Signal
from qsense.theory import crossover, integrated_gain, operational_rate, rate_bound

SEQUENCES = {"free": ((0, 1), (1,)), "hahn": ((0, 0.5, 1), (1, -1)), "cpmg:2": ((0, 0.25, 0.75, 1), (1, -1, 1))}


def variance(memory, times, idle="free"):
    """v = (σ/2π)² ∫ P/f² |Σ c_k e^{2πift e_k}|² df / ∫ P df of P = 1 and P = 1/f, by sine and cosine integrals."""

    def primitive(f, t):  # of 2 (1 − cos 2πft) P/f²
        k = 2 * np.pi * t
        if memory.exponent == 0:
            return 2 * (-(1 - np.cos(k * f)) / f + k * sici(k * f)[0])
        return 2 * (-(1 - np.cos(k * f)) / (2 * f * f) + k / 2 * (k * sici(k * f)[1] - np.sin(k * f) / f))

    edges, signs = SEQUENCES[idle]
    jumps = [signs[0], *np.diff(signs), -signs[-1]]
    whole = memory.high - memory.low if memory.exponent == 0 else np.log(memory.high / memory.low)
    total = 0.0
    for k in range(len(edges)):
        for j in range(k):
            t = (edges[k] - edges[j]) * times
            total = total - jumps[k] * jumps[j] * (primitive(memory.high, t) - primitive(memory.low, t))
    return (memory.spread / (2 * np.pi)) ** 2 * total / whole


def integral(function, edges):
    nodes, weights = np.polynomial.legendre.leggauss(12)
    half, middle = np.diff(edges) / 2, (edges[1:] + edges[:-1]) / 2
    times = middle[:, None] + half[:, None] * nodes
    return float(np.sum(half[:, None] * weights * function(times.ravel()).reshape(times.shape)))


def brute_force(memory, factor, rate, idle="free", panels=6):
    """∫ exp(−rate t − factor v) dt, wave by wave."""
    fine = np.linspace(0, 0.2 / memory.low, 2000)
    waves = np.linspace(fine[-1], 42 / rate, int(42 / rate * memory.low * panels))

    def left(t):
        return np.exp(-rate * t - factor * variance(memory, t, idle))

    return integral(left, fine) + integral(left, waves)


MEMORIES = {
    "1/f": PowerLaw(12.0, 1, 1, 1e4),
    "flat": PowerLaw(12.0, 0, 1, 10),
    "octave": PowerLaw(8.0, 0, 1, 2),  # the waves of its cut-offs keep their phase
    "nearly an octave": PowerLaw(8.0, 0, 1, 2.01),
    "threefold": PowerLaw(14.0, 0, 1, 3),
    "hum": PowerLaw(30.0, 0, 9.9, 10.1),
    "strong hum": PowerLaw(100.0, 0, 9.9, 10.1),
}


@pytest.mark.parametrize("name", [one if one in ("1/f", "octave", "strong hum") else further(one) for one in MEMORIES])
@pytest.mark.parametrize("unit", [1.0, further(1e-6)])
def test_the_integral_beside_slow_decay(name, unit):
    memory, rate = MEMORIES[name], 1e-2
    in_unit = PowerLaw(memory.spread / unit, memory.exponent, memory.low / unit, memory.high / unit)
    noise = NoiseModel(LocalNoise(dephasing=rate / unit), phase_noise=[PhaseNoise(Local(), in_unit)])
    for probe, factor in ((Probe.ghz(2), 2), (Probe.product(2), 1)):
        exact = (4 / 2 ** (2 - factor)) * brute_force(memory, factor, 4 * factor * rate)
        found = integrated_gain(probe, noise)
        assert found.value == pytest.approx(exact * unit, rel=1e-9)
        assert found.error < 1e-9 * found.value


@pytest.mark.parametrize(("name", "idle"), spread(2, ["1/f", "octave"], ["hahn", "cpmg:2"]))
def test_the_integral_under_pulses(name, idle):
    memory = MEMORIES[name]
    noise = NoiseModel(LocalNoise(dephasing=5e-3), phase_noise=[PhaseNoise(Collective(), memory)])
    found = integrated_gain(Probe.ghz(1), World(noise, Signal(frequency="matched"), idle))
    assert found.value == pytest.approx(4 / np.pi**2 * brute_force(memory, 1, 0.02, idle), rel=1e-9)


@pytest.mark.parametrize("until", [0.3, 7.7, 1234.5])
def test_a_window_that_ends(until):
    memory = MEMORIES["flat"]
    noise = NoiseModel(phase_noise=[PhaseNoise(Local(), memory)])  # nothing else: the integral to infinity diverges
    found = integrated_gain(Probe.ghz(2), noise, until)
    exact = 4 * integral(lambda t: np.exp(-2 * variance(memory, t)), np.linspace(0, until, max(400, int(20 * until))))
    assert abs(found.value - exact) <= found.error + 1e-9 * exact
    assert found.error < 1e-5 * exact


@pytest.mark.parametrize(
    "probe", [Probe.ghz(3), *map(further, (Probe.named("one_axis:0.3", 3), Probe.product(3)))], ids=str
)
def test_decay_slower_by_any_factor_is_integrated(probe):
    # Wave by wave it would not come to an end: the last has 10^11 of them.
    memory, values = MEMORIES["1/f"], []
    for rate in (1e-4, 1e-7, 1e-10):
        noise = NoiseModel(LocalNoise(emission=rate), phase_noise=[PhaseNoise(Collective(), memory)])
        found = integrated_gain(probe, noise)
        assert found.error < 1e-8 * found.value
        values.append(found.value * rate)
    assert values[1] == pytest.approx(values[2], rel=1e-4)
    assert values[0] == pytest.approx(values[2], rel=1e-2)


@pytest.mark.study
def test_two_hums_settle_one_after_the_other():
    slow, fast = MEMORIES["flat"], PowerLaw(3000.0, 0, 500, 2000)
    noise = NoiseModel(LocalNoise(dephasing=0.1), phase_noise=[PhaseNoise(Local(), one) for one in (slow, fast)])
    edges = np.concatenate(
        [np.linspace(0, 0.1, 2000), np.linspace(0.1, 1.5, 12000)[1:], np.linspace(1.5, 110, 2000)[1:]]
    )
    limit = fast.spread**2 * 2 / ((2 * np.pi) ** 2 * fast.low * fast.high)

    def left(t):  # after 1.5 s the waves of the fast one, 1/(2π 500 Hz t) of the limit, only matter squared
        with np.errstate(invalid="ignore"):
            return np.exp(-0.4 * t - variance(slow, t) - np.where(t < 1.5, variance(fast, t), limit))

    exact = 2 * integral(left, edges)
    assert integrated_gain(Probe.product(2), noise).value == pytest.approx(exact, rel=1e-7)


@cache
def best_rate_on_a_grid(factor, memory, rate, dead):
    """By brute force; GHZ of two spins has the factor 2, product 1."""

    def value(t):
        left = np.exp(-4 * factor * rate * t - factor * variance(memory, t))
        return 4 / 2 ** (2 - factor) * t * t / (t + dead) * left

    best = 0.0
    for times in (np.geomspace(1e-5, 1, 50_000) / memory.high, np.linspace(1e-3, 3 / rate, 300_000)):
        place = int(np.argmax(value(times)))
        best = max(
            best, value(np.linspace(times[max(place - 1, 0)], times[min(place + 1, len(times) - 1)], 2001)).max()
        )
    return best


@pytest.mark.parametrize("unit", [1.0, *(pytest.param(unit, marks=pytest.mark.study) for unit in (1e-7, 1e5))])
@pytest.mark.parametrize(
    ("memory", "rate", "dead"),
    [
        (PowerLaw(300.0, 0, 9.99, 10.01), 0.1, 0.0),
        further((PowerLaw(300.0, 0, 9.99, 10.01), 0.1, 1.0)),
        pytest.param(PowerLaw(7.9, 1, 0.19, 10.7), 0.02, 0.0, marks=pytest.mark.study),
        (PowerLaw(2.2, 0, 0.4, 0.48), 0.0025, 0.0),
        (PowerLaw(145.0, 0, 2.3, 22.0), 0.1, 3.0),
    ],
)
def test_the_best_of_all_revivals(memory, rate, dead, unit):
    in_unit = PowerLaw(memory.spread / unit, memory.exponent, memory.low / unit, memory.high / unit)
    noise = NoiseModel(LocalNoise(dephasing=rate / unit), phase_noise=[PhaseNoise(Local(), in_unit)])
    for probe, factor in ((Probe.ghz(2), 2), (Probe.product(2), 1)):
        found = operational_rate(probe, noise, dead * unit)
        assert found.value / unit == pytest.approx(best_rate_on_a_grid(factor, memory, rate, dead), rel=1e-6)
        assert rate_bound(2, noise, dead * unit).value >= found.value * (1 - 1e-9)


def test_the_first_crossing_in_a_hum():
    memory = PowerLaw(20.0, 0, 9.9, 10.1)  # v swings up to 0.41; ln 2 is reached with what has been lost meanwhile
    noise = NoiseModel(LocalNoise(dephasing=0.005), phase_noise=[PhaseNoise(Local(), memory)])
    times = np.linspace(1e-4, 60, 3_000_001)
    first = times[np.argmax(0.02 * times + variance(memory, times) > np.log(2))]
    assert crossover(2, noise) == pytest.approx(first, abs=4e-5)


@pytest.mark.parametrize("spread", [0.3, 2.0])
def test_a_hum_too_weak_for_one_spin_crosses_for_many(spread):
    memory = PowerLaw(spread, 0, 1.0, 10.0)
    noise = NoiseModel(phase_noise=[PhaseNoise(Collective(), memory)])  # the product probe is dense: 8 spins
    times = np.linspace(1e-4, 2, 200_001)
    local = NoiseModel(phase_noise=[PhaseNoise(Local(), memory)])
    above = variance(memory, times) * 99 > np.log(100)
    assert crossover(100, local) == (pytest.approx(times[np.argmax(above)], abs=2e-5) if above.any() else None)
    assert crossover(2, noise) is None
