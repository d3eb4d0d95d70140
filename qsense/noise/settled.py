"""Noise of a power law in late windows: its variance stays near a limit, with a wave for each sharp cut-off."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, ClassVar, NamedTuple

import numpy as np

from qsense.noise.filters import waves
from qsense.noise.memory import PowerLaw
from qsense.numerics.fisher import FloatArray
from qsense.signals import FREE, Pulses


class Held(NamedTuple):
    """A wave that is held at a phase in rad; or, where `sign` is not 0, at so many times its root mean square."""

    phase: float = 0.0
    sign: float = 0.0


@dataclass(frozen=True)
class Settled:
    """A power law as it is in late windows, where the phases 2πft of its cut-offs f are held instead of running on.

    Its variance changes slowly with t; the mean over the phases is that over some periods.

    Args:
        memory: the power law.
        low, high: the waves of its cut-offs.

    >>> noise = PowerLaw(10.0, 0.0, 1.0, 10.0)
    >>> late = Settled(noise, Held(2 * np.pi * 20.25), Held(2 * np.pi * 202.5))
    >>> bool(abs(late.variance(np.array([20.25]))[0] / noise.variance(np.array([20.25]))[0] - 1) < 1e-12)
    True
    """

    memory: PowerLaw
    low: Held
    high: Held
    kind: ClassVar[str] = "power_law"

    def variance(self, times: FloatArray, pulses: Pulses = FREE) -> FloatArray:
        """Returns v at times from `memory.late_from` on."""
        one, found = self.memory, np.full(len(times), self.memory.limit(pulses))
        for frequency, held in ((one.low, self.low), (one.high, self.high)):
            phase, factor = (None, held.sign) if held.sign else (held.phase, 1)
            args = (one.spread, one.exponent, one.low, one.high, frequency, np.asarray(times), pulses, phase)
            found += factor * waves(*args)
        return np.asarray(np.maximum(found, 0.0))

    def decay_rate(self, pulses: Pulses = FREE) -> float:
        """Returns that of the power law."""
        return self.memory.decay_rate(pulses)

    def to_dict(self) -> dict[str, Any]:
        """Returns the entry of the power law."""
        return self.memory.to_dict()


def wave_size(memory: PowerLaw, frequency: float, time: float, pulses: Pulses) -> float:
    """Returns the largest size in rad² that the wave of a cut-off in Hz has in windows around a late time in s."""
    phases = 2 * np.pi * turns(pulses) * np.arange(64 * turns(pulses)) / (64 * turns(pulses))
    times = np.full(len(phases), time)
    one = memory
    return float(np.abs(waves(one.spread, one.exponent, one.low, one.high, frequency, times, pulses, phases)).max())


def turns(pulses: Pulses) -> int:
    """Returns after how many periods of a cut-off its wave repeats: distances of pulses are parts of a window."""
    return round(1 / float(np.min(np.diff(pulses.edges()))))
