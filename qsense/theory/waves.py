"""Integrals of W(t)² G(t) where an alternating field makes W oscillate.

Between pulses at e_k t, W = (1/2πft) Σ_k c_k sin(2πf t e_k + α): h = (Wt)² is periodic. So the integral is taken over
whole periods as long as that is affordable. Beyond T, h is replaced by its mean h̄: with G/t² falling, the second mean
value theorem bounds the error by G(T)/T² times the spread of ∫(h − h̄) dt over a period.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from qsense.errors import ArgumentError
from qsense.noise import World
from qsense.numerics.fisher import FloatArray
from qsense.numerics.integration import Integral, integrate
from qsense.signals.signal import LEAST_WEIGHT
from qsense.theory.tails import Tail

Gain = Callable[[FloatArray], FloatArray]
_PANELS = 6000  # half periods of the field that closed forms follow; others a tenth
_PERIODS = 4  # at least so many are integrated
_ALIVE = 60.0  # lifetimes after which nothing is left


def is_wave(world: World) -> bool:
    """Whether W² oscillates with the length of the window."""
    return not world.signal.is_constant and world.signal.frequency != "matched"


def collects_nothing(world: World) -> bool:
    """Whether windows of any length collect nothing of the signal: pulses refocus a constant field."""
    if is_wave(world):
        return False
    return not world.is_plain and bool(abs(world.collected(np.ones(1))[0]) < LEAST_WEIGHT)


def period(world: World) -> float:
    """Returns the time in s after which (Wt)² repeats."""
    return 2 * max(1, world.pulses.num_flips) / float(world.signal.frequency)


def longest_window(world: World) -> float:
    """Returns an upper bound on ∫₀^∞ W² dt in s, from |W| ≤ 1 and |W| ≤ pieces/(πft); infinite without oscillations."""
    return 2 * len(world.pulses.signs()) / (np.pi * float(world.signal.frequency)) if is_wave(world) else np.inf


def integrate_signal(
    world: World,
    gain: Gain,
    slowest: float,
    fastest: float,
    until: float = np.inf,
    tail: Tail | None = None,
    rtol: float = 1e-11,
    atol: float = 0.0,
    latest: float = np.inf,
    is_cheap: bool = True,
) -> Integral:
    """Returns ∫₀^until W² G dt, G about the collected angle; as `integrate` but for the weight of the signal.

    Args:
        world: signal and pulses.
        gain: G about the collected angle at times of shape (times,).
        slowest: decay rate of the slowest part in 1/s; 0 (a part that stays) beside an oscillating W only.
        fastest, until, tail, rtol, atol, latest: as in `integrate`.
        is_cheap: whether G takes next to no time.

    Raises:
        ArgumentError: the field oscillates too often while the spins sense.
    """
    if not is_wave(world):
        factor = 1.0 if world.is_plain else float(world.collected(np.array([1 / fastest]))[0] ** 2)
        found = integrate(gain, slowest, fastest, until, tail, rtol, atol / (factor or 1.0), latest)
        return Integral(*(factor * part for part in found))
    frequency, whole = float(world.signal.frequency), period(world)
    panels = _PANELS if is_cheap else _PANELS // 10
    followed = panels / (2 * frequency)
    end = min(until, _ALIVE / slowest if slowest else np.inf, latest)

    def weighted(times: FloatArray) -> FloatArray:
        return np.asarray(world.collected(times) ** 2 * gain(times))

    least = min(slowest, frequency) if slowest else frequency
    if end <= followed:
        steep = max(fastest, frequency, least)
        bound = None if tail is None else _envelope(world, gain, tail)
        return integrate(weighted, max(slowest, 1 / end), steep, until, bound, rtol, atol, latest, 0.5 / frequency)
    if followed < _PERIODS * whole:
        raise ArgumentError(
            f"The field of {frequency:g} Hz oscillates {end * frequency:.3g} times while the spins sense, under "
            f'idle = "{world.pulses.name}"; more than can be integrated: give `until`, fewer pulses, or a "matched" '
            "frequency."
        )
    last = min(int(followed / whole), 400) * whole
    first = integrate(
        weighted, max(slowest, 1 / last), max(fastest, frequency), last, None, rtol, atol, latest, 0.5 / frequency
    )
    mean, spread = _mean_and_spread(world)
    rest = integrate(lambda x: gain(last / np.maximum(x, 1e-300)), 1.0, 1.0, 1.0, None, 1e-9)
    left = 0.0
    if np.isfinite(until):
        left = integrate(lambda x: gain(last / np.maximum(x, 1e-300)), 1.0, 1.0, last / until, None, 1e-9).value
    beyond = float(gain(np.array([last]))[0]) * spread / last**2
    if np.isfinite(until):
        beyond += float(gain(np.array([until]))[0]) * spread / until**2
    value = first.value + mean / last * (rest.value - left)
    return Integral(value, first.error + beyond + mean / last * rest.error, beyond)


def _envelope(world: World, gain: Gain, tail: Tail) -> Tail:
    pieces = len(world.pulses.signs())

    def bound(start: float, _: float) -> float:
        most = min(1.0, pieces / (np.pi * float(world.signal.frequency) * start)) ** 2
        return most * tail(start, float(gain(np.array([start]))[0]))

    return bound


def _mean_and_spread(world: World) -> tuple[float, float]:
    """The mean of (Wt)² over a period in s², and how far ∫ of what differs from it goes, in s³."""
    whole = period(world)
    count = 256 * max(1, world.pulses.num_flips)
    times = whole * (1 + np.arange(count) / count)
    h = (world.collected(times) * times) ** 2
    mean = float(h.mean())
    gone = np.concatenate([[0.0], np.cumsum(h - mean)]) * whole / count
    return mean, 1.1 * float(np.ptp(gone))
