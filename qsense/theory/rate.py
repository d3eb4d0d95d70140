"""The operational rate: Fisher information per measuring time, with the time of preparation and readout included."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from qsense.errors import ArgumentError
from qsense.noise import AnyNoise, World, world_of
from qsense.numerics.fisher import FloatArray
from qsense.numerics.peaks import peak, points, to_series
from qsense.probes import Probe
from qsense.theory.bounds import gain_bound, has_bound
from qsense.theory.engines import decay_scales, engine_for, slowest_part, unshared_rates
from qsense.theory.lasting import outlasts
from qsense.theory.revivals import best_revival
from qsense.theory.scales import lifetimes
from qsense.theory.waves import collects_nothing, is_wave, period

Gain = Callable[[FloatArray], FloatArray]
_POINTS, _CONVERGED = 13, 1e-9  # of a polynomial, and how small its last coefficients must be
_ENDLESS = 1e-9  # a bound on G that has not fallen so far after 1e12 lifetimes never does


class Rate(NamedTuple):
    """max_t Q/(t + dead time) in s (per rad²), and the sensing time t in s where it is reached."""

    value: float
    time: float


def check_dead_time(dead_time: float) -> None:
    """Raises an ArgumentError if a dead time is not a finite time of at least 0 s."""
    if not 0 <= dead_time < np.inf:
        raise ArgumentError(f"Argument `dead_time` must be finite and not negative, but is {dead_time} s.")


def operational_rate(probe: Probe, noise: AnyNoise, dead_time: float = 0.0, field: float = 0.0) -> Rate:
    """Returns the best quantum Fisher information per time, max_t Q(t)/(t + t_dead).

    M = T/(t + t_dead) repetitions in a total time T give 1/(Var φ · T) ≤ this rate.

    Args:
        probe: the state that is prepared.
        noise: any SpinNoise, a NoiseModel, or a World; some rate must be positive.
        dead_time: preparation and readout of one repetition in s, ≥ 0.
        field: φ in rad/s; it matters only under transverse noise.

    Raises:
        ArgumentError: the dead time is negative, or some gain never decays, so that longer is always better.

    Source: Huelga et al., Phys. Rev. Lett. 79, 3865 (1997): N/(4eγ) for product and GHZ probes under dephasing.

    >>> from qsense.noise import LocalNoise
    >>> rate = operational_rate(Probe.ghz(3), LocalNoise(dephasing=0.1))
    >>> round(rate.value * 4 * np.e * 0.1, 9), round(rate.time, 4)
    (3.0, 0.8333)
    """
    check_dead_time(dead_time)
    engine, world = engine_for(probe, noise, field), world_of(noise)
    slowest, _ = decay_scales(probe, world, field)
    endless = outlasts(probe, world, field) and not is_wave(world) and not collects_nothing(world)

    def gain_of(one: World) -> Gain:
        return engine_for(probe, one, field).gain

    cheap = engine.method == "closed form"
    found = _largest_rate(
        gain_of, engine.resolution, probe.num_qubits, world, dead_time, slowest, cheap, engine.is_smooth
    )
    if np.isinf(found.time) or endless:
        raise ArgumentError(
            f'Under the noise "{world.name}" a part of the gain of "{probe.name}" never decays: a longer time is '
            "always better. Give every spin a rate."
        )
    return found


def rate_bound(num_qubits: int, noise: AnyNoise, dead_time: float = 0.0) -> Rate:
    """Returns an upper bound on every probe's operational rate, and its time; infinite if the bound never falls.

    Where the bound on G is N² (see `gain_bound`), or some spin never decays, the rate is infinite.
    Under collective dephasing alone the bound tends to 1/(4γ_c) from below.

    >>> from qsense.noise import LocalNoise
    >>> bound = rate_bound(3, LocalNoise(dephasing=0.1))
    >>> bool(bound.value > operational_rate(Probe.ghz(3), LocalNoise(dephasing=0.1)).value)
    True
    """
    world = world_of(noise)

    def bound_of(one: World) -> Gain:
        return lambda times: gain_bound(num_qubits, one, times)

    found = _largest_rate(bound_of, 0.0, num_qubits, world, dead_time)
    if np.isinf(found.time) and has_bound(num_qubits, world):
        # Then c = 1/G still grows as 4γ_c t with the time.
        late = np.array([1e12 / slowest_part(world, num_qubits)])
        left = float(late[0] * gain_bound(num_qubits, world, late)[0])
        return Rate(left if np.isfinite(left) and left < _ENDLESS * late[0] else np.inf, np.inf)
    return found


def _largest_rate(
    gain_of: Callable[[World], Gain],
    resolution: float,
    num_qubits: int,
    world: World,
    dead_time: float,
    slowest: float = 0.0,
    is_cheap: bool = True,
    is_smooth: bool = False,
) -> Rate:
    """The largest t² gain(t)/(t + t_dead) on a grid from far below to far above the lifetimes, refined.

    A smooth gain that takes time is asked at few times, and a polynomial through some says where it is largest.

    An infinite time with an infinite value says that it rises to the end of the grid.
    """
    check_dead_time(dead_time)
    world.check(num_qubits)
    rates = world.decay_rates(num_qubits)
    if not rates.any() and not is_wave(world):
        raise ArgumentError(f'The noise "{world.name}" has no rates: a longer time is always better. Give a rate.')
    if collects_nothing(world):
        raise ArgumentError(
            f'idle = "{world.pulses.name}" refocuses this field, so that no time senses it: give an alternating signal '
            '(a frequency in Hz, or "matched"), or idle = "free".'
        )
    grid = _times(num_qubits, world, rates, slowest, 1 if is_smooth else 200)
    value = time = 0.0

    def rates_of(one: World) -> Gain:
        gain = gain_of(one)

        def rate_at(times: FloatArray) -> FloatArray:
            gains = gain(times)
            return np.asarray(times * (times / (times + dead_time)) * np.where(gains > resolution, gains, 0))

        return rate_at

    rate_at = rates_of(world)
    for turn in range(6):  # each round narrows the bracket 20 times: to 1e-8 of t, where the value is flat to 1e-15
        values = rate_at(grid)
        best = int(np.argmax(values))
        if value == 0 and best == len(grid) - 1 and not is_wave(world):
            return Rate(np.inf, np.inf)
        value, low, high = float(values[best]), grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
        time = float(grid[best])
        if turn == 0 and (peak := best_revival(rates_of, world, num_qubits, grid, value, is_cheap)):
            value, time, low, high = peak.value, peak.time, peak.time - peak.step, peak.time + peak.step
        if value == 0:
            break
        if turn == 0 and is_smooth and (found := _by_polynomial(rate_at, float(low), float(high))):
            return max(found, Rate(value, time))
        grid = np.linspace(low, high, 41)
    return Rate(value, time)


def _by_polynomial(rate_at: Gain, low: float, high: float) -> Rate | None:
    """The largest rate between two times in s; None where the polynomial through a few is not the rate to rounding."""
    times = (low + high) / 2 + (high - low) / 2 * points(_POINTS)
    series = to_series(_POINTS) @ rate_at(times)
    if np.max(np.abs(series[-2:])) > _CONVERGED * np.max(np.abs(series)):
        return None
    time = (low + high) / 2 + (high - low) / 2 * peak(series)
    return Rate(float(rate_at(np.array([time]))[0]), time)


def _times(num_qubits: int, world: World, rates: FloatArray, slowest: float, least: int) -> FloatArray:
    """Times in s from far below to far above the lifetimes; of an oscillating W, over one period of (Wt)².

    After that (Wt)² repeats, G only falls and t + t_dead grows.
    """
    exponent = world.noise.exponent
    if rates.any():
        shared = world.noise.fastest_rate(num_qubits, world.pulses) - float(unshared_rates(world, num_qubits).sum())
        fastest = float(rates.sum()) + shared
        first = lifetimes(1e-3 / num_qubits, exponent, fastest)
        # A field slower than transverse noise turns spins away at a rate of its own, slower than that of any spin.
        slowest = min(slowest or np.inf, slowest_part(world, num_qubits))
        last = lifetimes(100, exponent, slowest)
    if not is_wave(world):
        return np.geomspace(first, last, max(least, int(8 * (np.log10(last) - np.log10(first)))))
    last = min(last, period(world)) if rates.any() else period(world)
    half = 0.5 / float(world.signal.frequency)
    even = np.linspace(0, last, max(200, int(16 * last / half)) + 1)[1:]
    return np.union1d(np.geomspace(even[0] * 1e-6, even[0], 60), even)
