"""How noise of the phase remembers: the variance v(t) of the phase that a spin collects in a window.

Each kind gives v(t) for any pulses y(t) = ±1 by its filter function,

    v(t) = ∫∫ y(t') y(t'') <β(t') β(t'')> dt' dt'' = (1/π) ∫₀^∞ S(ω) |∫₀ᵗ y e^{iωt'} dt'|² dω,

with β the fluctuating detuning of the spin in rad/s. A coherence is multiplied by exp(−v/2).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np

from qsense.errors import ArgumentError
from qsense.noise.filters import late_from, power_law_limit, power_law_most, power_law_variance
from qsense.numerics.fisher import FloatArray
from qsense.signals import FREE, Pulses

_SMALL = 1e-2  # of a step over the memory, below which a series replaces differences of exponentials


class Memory(Protocol):
    """The law of v(t)."""

    kind: ClassVar[str]

    def variance(self, times: FloatArray, pulses: Pulses = FREE) -> FloatArray:
        """Returns v in rad², shape (times,)."""
        ...

    def decay_rate(self, pulses: Pulses = FREE) -> float:
        """Returns 1/t for the t at which v = 1, in 1/s; 0 where it never is."""
        ...

    def to_dict(self) -> dict[str, Any]:
        """Returns the keys of a `phase_noise` entry that mean it."""
        ...


@dataclass(frozen=True)
class White:
    """Noise without memory, L = σ_z of every spin at the rate γ: v = 4γt, whatever the pulses.

    >>> White(0.1).variance(np.array([1.0]))
    array([0.4])
    """

    rate: float
    kind: ClassVar[str] = "white"

    def __post_init__(self) -> None:
        _check(self, rate=0.0)

    def variance(self, times: FloatArray, pulses: Pulses = FREE) -> FloatArray:
        return 4 * self.rate * np.asarray(times)

    def decay_rate(self, pulses: Pulses = FREE) -> float:
        return 4 * self.rate

    def to_dict(self) -> dict[str, Any]:
        return {"memory": self.kind, "rate": self.rate}


@dataclass(frozen=True)
class Stretched:
    """A decay law without a model behind it, v = 2 (2γt)^β, for whichever pulses it was measured with."""

    rate: float
    exponent: float
    kind: ClassVar[str] = "stretched"

    def __post_init__(self) -> None:
        _check(self, rate=0.0)
        _check(self, above=True, exponent=0.0)

    def variance(self, times: FloatArray, pulses: Pulses = FREE) -> FloatArray:
        with np.errstate(over="ignore"):
            return np.asarray(2 * (2 * self.rate * np.asarray(times)) ** self.exponent)

    def decay_rate(self, pulses: Pulses = FREE) -> float:
        return float(2 * self.rate * 2 ** (1 / self.exponent)) if self.exponent > 2**-9 else 2 * self.rate

    def to_dict(self) -> dict[str, Any]:
        return {"memory": self.kind, "rate": self.rate, "exponent": self.exponent}


@dataclass(frozen=True)
class QuasiStatic:
    """A detuning that stays as it is in a window and is another one in the next, of spread σ: v = σ² (∫ y dt)².

    Without pulses a coherence falls as exp(−σ²t²/2); every pulse sequence here refocuses it completely.
    """

    spread: float
    kind: ClassVar[str] = "quasi_static"

    def __post_init__(self) -> None:
        _check(self, spread=0.0)

    def variance(self, times: FloatArray, pulses: Pulses = FREE) -> FloatArray:
        return np.asarray((self.spread * _kept(pulses) * np.asarray(times)) ** 2)

    def decay_rate(self, pulses: Pulses = FREE) -> float:
        return self.spread * _kept(pulses)

    def to_dict(self) -> dict[str, Any]:
        return {"memory": self.kind, "spread_rad_per_s": self.spread}


@dataclass(frozen=True)
class OrnsteinUhlenbeck:
    """A detuning of spread σ with <β(0) β(t)> = σ² e^{−t/τ}.

    Source: v = 2σ²τ² (t/τ − 1 + e^{−t/τ}) in free decay; Klauder & Anderson, Phys. Rev. 125, 912 (1962). Under pulses
    the double integral over pairs of pieces, each in closed form.

    >>> noise = OrnsteinUhlenbeck(1.0, 1.0)
    >>> noise.variance(np.array([1.0])).round(6), noise.variance(np.array([1.0]), Pulses.named("hahn")).round(6)
    (array([0.735759]), array([0.116486]))
    """

    spread: float
    correlation_time: float
    kind: ClassVar[str] = "ornstein_uhlenbeck"

    def __post_init__(self) -> None:
        _check(self, spread=0.0)
        _check(self, above=True, correlation_time=0.0)

    def variance(self, times: FloatArray, pulses: Pulses = FREE) -> FloatArray:
        t = np.asarray(times, dtype=np.float64) / self.correlation_time
        edges, signs = pulses.edges(), pulses.signs()
        lengths = t[:, None] * np.diff(edges)
        total = 2 * _within(lengths).sum(-1)  # each piece with itself
        if len(signs) == 1:
            return np.asarray((self.spread * self.correlation_time) ** 2 * total)
        if float(np.max(t, initial=0.0)) and len(signs) > 1:
            total = total + _between(t, edges, signs, lengths)
            # Slow noise cancels between pieces: there the integral over the difference of the noise is exact.
            slow = t < _SMALL
            total[slow] = _slow(t[slow], edges, signs)
        return np.asarray((self.spread * self.correlation_time) ** 2 * np.maximum(total, 0))

    def decay_rate(self, pulses: Pulses = FREE) -> float:
        return inverse_time(lambda times: self.variance(times, pulses), self.spread)

    def to_dict(self) -> dict[str, Any]:
        return {
            "memory": self.kind,
            "spread_rad_per_s": self.spread,
            "correlation_time_s": self.correlation_time,
        }


@dataclass(frozen=True)
class PowerLaw:
    """A detuning whose power per frequency falls as 1/f^a between two cut-offs, of spread σ over all of them.

    Args:
        spread: σ in rad/s; σ² is the whole power between the cut-offs.
        exponent: a, in [0, 4].
        low, high: the cut-offs in Hz, 0 < low < high.

    For a = 1 the power at f is A²/f with A² = σ²/ln(high/low).
    """

    spread: float
    exponent: float
    low: float
    high: float
    kind: ClassVar[str] = "power_law"

    def __post_init__(self) -> None:
        _check(self, spread=0.0, exponent=0.0)
        _check(self, above=True, low=0.0)
        if not self.exponent <= 4:
            raise ArgumentError(f"`exponent` of a power law must be from 0 to 4, but is {self.exponent}.")
        if not (math.isfinite(self.high) and self.high > self.low):
            raise ArgumentError(f"`high_hz` must be above `low_hz` = {self.low} Hz, but is {self.high} Hz.")

    def variance(self, times: FloatArray, pulses: Pulses = FREE) -> FloatArray:
        return power_law_variance(self.spread, self.exponent, self.low, self.high, np.asarray(times), pulses)

    def limit(self, pulses: Pulses = FREE) -> float:
        """Returns what v tends to in long windows, in rad²."""
        return power_law_limit(self.spread, self.exponent, self.low, self.high, pulses)

    def most(self, pulses: Pulses = FREE) -> float:
        """Returns an upper bound on v of all windows, in rad²."""
        return power_law_most(self.spread, self.exponent, self.low, self.high, pulses)

    def late_from(self, pulses: Pulses = FREE) -> float:
        """Returns the time in s from which v is its limit and a wave of each cut-off."""
        return late_from(self.low, pulses)

    def decay_rate(self, pulses: Pulses = FREE) -> float:
        if self.most(pulses) < 1:
            return 0.0
        return inverse_time(lambda times: self.variance(times, pulses), self.spread)

    def to_dict(self) -> dict[str, Any]:
        return {
            "memory": self.kind,
            "spread_rad_per_s": self.spread,
            "exponent": self.exponent,
            "low_hz": self.low,
            "high_hz": self.high,
        }


def inverse_time(variance: Any, rate: float) -> float:
    """Returns 1/t for the time at which a growing variance is 1, in 1/s; 0 where it stays below.

    Args:
        variance: of times of shape (times,), in s.
        rate: a frequency of the noise in 1/s, from which the search starts; it decides nothing else.
    """
    if not rate:
        return 0.0
    for first, last, points in ((1e-3, 1e9, 97), (1e9, 1e60, 409)):  # fast noise beside its spread, or a slow echo
        grid = np.geomspace(first, last, points) / rate
        above = np.flatnonzero(variance(grid) >= 1)
        if above.size:
            break
    else:
        return 0.0
    low, high = grid[max(above[0] - 1, 0)], grid[above[0]]
    for _ in range(30):
        middle = math.sqrt(low * high)
        low, high = (low, middle) if variance(np.array([middle]))[0] >= 1 else (middle, high)
    return float(1 / math.sqrt(low * high))


def _kept(pulses: Pulses) -> float:
    """|∫ y dt|/t: 1 without pulses, 0 for every sequence that refocuses what does not change."""
    kept = abs(float(np.diff(pulses.edges()) @ pulses.signs()))
    return 0.0 if kept < 1e-12 else kept


def _within(lengths: FloatArray) -> FloatArray:
    """x − 1 + e^{−x}, to full relative accuracy at small x."""
    x = np.where(lengths < _SMALL, lengths, 0.0)
    series = x**2 / 2 * (1 - x / 3 * (1 - x / 4 * (1 - x / 5 * (1 - x / 6 * (1 - x / 7)))))
    return np.asarray(np.where(lengths < _SMALL, series, lengths + np.expm1(-lengths)))


def _between(t: FloatArray, edges: FloatArray, signs: FloatArray, lengths: FloatArray) -> FloatArray:
    """2 Σ_{k<l} y_k y_l ∫∫ e^{−(t''−t')} over the pieces k and l; one pass, as the exponential factorises."""
    total, carried = np.zeros(len(t)), np.zeros(len(t))
    for piece, sign in enumerate(signs):
        swallowed = -np.expm1(-lengths[:, piece])
        total += 2 * sign * carried * swallowed
        carried = carried * np.exp(-lengths[:, piece]) + sign * swallowed
    return total


def _slow(t: FloatArray, edges: FloatArray, signs: FloatArray) -> FloatArray:
    """∫∫ y y e^{−|t'−t''|} for windows short beside the memory, by powers of |t'−t''|: t ∫∫ y y |x−x'| and so on.

    The power 0 is (∫y)² = 0 for the sequences here, which is left out by hand.
    """
    total = np.zeros(len(t))
    for power in range(1, 9):
        moment = _moment(edges, signs, power)
        total += (-1) ** power / math.factorial(power) * moment * t ** (power + 2)
    return total


def _moment(edges: FloatArray, signs: FloatArray, power: int) -> float:
    """∫∫ y(x) y(x') |x−x'|^p dx dx' over the unit window: second differences of |x−x'|^{p+2}/((p+1)(p+2))."""
    jumps = np.concatenate([[signs[0]], np.diff(signs), [-signs[-1]]])
    distances = np.abs(edges[:, None] - edges[None, :])
    return float(-(jumps @ distances ** (power + 2) @ jumps) / ((power + 1) * (power + 2)))


def _check(memory: Any, above: bool = False, **least: float) -> None:
    for key, bound in least.items():
        value = getattr(memory, key)
        wrong = not isinstance(value, int | float) or not math.isfinite(value) or value < bound
        if wrong or (above and value <= bound):
            words = "positive" if above else "not negative"
            raise ArgumentError(f"`{key}` of {memory.kind} noise must be a finite number, {words}, but is {value!r}.")
        object.__setattr__(memory, key, float(value))
