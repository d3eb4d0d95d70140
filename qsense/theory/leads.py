"""Until when one probe leads another, of any two: where a run has to measure on both sides."""

from __future__ import annotations

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
