"""Until when one probe leads another, of any two: where a run has to measure on both sides, and how far to show G."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np

from qsense.errors import ArgumentError
from qsense.noise import AnyNoise
from qsense.numerics.fisher import FloatArray
from qsense.numerics.integration import first_root
from qsense.probes import Probe
from qsense.theory.gains import crossing_times, crossover, gain, resolution


def predicted_crossing(probe: Probe, noise: AnyNoise, other: Probe, other_noise: AnyNoise) -> float | None:
    """Returns until when a probe leads another, in s; None if no crossing is predicted."""
    n = probe.num_qubits
    if n == 1:
        return None
    try:
        if probe == Probe.ghz(n) and other == Probe.product(n):
            return crossover(n, noise, product_noise=other_noise)

        def advantage(times: FloatArray) -> FloatArray:
            return np.asarray(gain(probe, noise, times) - gain(other, other_noise, times))

        least = resolution(probe, noise) + resolution(other, other_noise)
        return first_root(advantage, crossing_times(n, (noise, other_noise)), 4, least)
    except ArgumentError:  # it lies beyond the range of numbers
        return None


def shown_until(decays: Iterable[float], crossing: float | None, least_rate: float | None) -> float:
    """Returns until when G is shown, in s: three times the longest decay, and beyond the crossing; 0 if nothing decays.

    Args:
        decays: 𝓘/G(0) of the probes in s; what is not finite or not positive does not count.
        crossing: until when GHZ leads, in s; None if they never cross.
        least_rate: the lowest positive rate of decay of a spin in 1/s, for probes whose 𝓘 tells no time.

    >>> shown_until([0.5, math.inf], 2.0, 0.1), shown_until([], None, 0.1)
    (3.0, 20.0)
    """
    ends = [3 * one for one in decays if 0 < one < math.inf] + ([] if crossing is None else [1.5 * crossing])
    return max(ends, default=0.0) or (0.0 if least_rate is None else 2 / least_rate)
