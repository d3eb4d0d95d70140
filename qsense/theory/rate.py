"""The operational rate: what a second of measuring time yields, with the time that preparation and readout take."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from qsense.errors import ArgumentError
from qsense.fisher import FloatArray
from qsense.noise import Noise, environment_of
from qsense.probes import Probe
from qsense.theory.bounds import gain_bound
from qsense.theory.engines import engine_for


class Rate(NamedTuple):
    """max_t Q/(t + dead time) in s (per rad²), and the sensing time t in s where it is reached."""

    value: float
    time: float


def operational_rate(probe: Probe, noise: Noise, dead_time: float = 0.0, field: float = 0.0) -> Rate:
    """Returns the best quantum Fisher information per time, max_t Q(t)/(t + t_dead).

    M = T/(t + t_dead) repetitions in a total time T give 1/(Var φ · T) ≤ this rate.

    Args:
        probe: the state that is prepared.
        noise: what acts beside the field; some rate must be positive.
        dead_time: preparation and readout of one repetition in s, ≥ 0.
        field: φ in rad/s; it matters only under transverse noise.

    Raises:
        ArgumentError: the dead time is negative, or nothing decays, so that longer is always better.

    Source: Huelga et al., Phys. Rev. Lett. 79, 3865 (1997): N/(4eγ) for product and GHZ probes under dephasing.

    >>> from qsense.noise import LocalNoise
    >>> rate = operational_rate(Probe.ghz(3), LocalNoise(dephasing=0.1))
    >>> round(rate.value * 4 * np.e * 0.1, 9), round(rate.time, 4)
    (3.0, 0.8333)
    """
    return largest_rate(engine_for(probe, noise, field).gain, probe.num_qubits, noise, dead_time)


def rate_bound(num_qubits: int, noise: Noise, dead_time: float = 0.0) -> Rate:
    """Returns what no probe's operational rate exceeds, and where.

    >>> from qsense.noise import LocalNoise
    >>> bound = rate_bound(3, LocalNoise(dephasing=0.1))
    >>> bool(bound.value > operational_rate(Probe.ghz(3), LocalNoise(dephasing=0.1)).value)
    True
    """
    return largest_rate(lambda times: gain_bound(num_qubits, noise, times), num_qubits, noise, dead_time)


def largest_rate(gain: Callable[[FloatArray], FloatArray], num_qubits: int, noise: Noise, dead_time: float) -> Rate:
    """Returns the largest t² gain(t)/(t + t_dead) on a grid from far below to far above the lifetimes, refined.

    Raises:
        ArgumentError: as in `operational_rate`.
    """
    if not 0 <= dead_time < np.inf:
        raise ArgumentError(f"Argument `dead_time` must be finite and not negative, but is {dead_time} s.")
    environment = environment_of(noise)
    rates = environment.decay_rates(num_qubits)
    if not rates.any():
        raise ArgumentError(f'The noise "{noise.name}" has no rates: a longer time is always better. Give a rate.')
    fastest = float(rates.sum()) + 4 * environment.collective_dephasing * num_qubits**2
    grid = np.geomspace(1e-3 / fastest, 100 / float(rates[rates > 0].min()), 120)
    value = 0.0
    for _ in range(6):  # each round narrows the bracket 20 times: to 1e-8 of t, where the value is flat to 1e-15
        values = grid**2 * gain(grid) / (grid + dead_time)
        best = int(np.argmax(values))
        value, low, high = float(values[best]), grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
        time = float(grid[best])
        grid = np.linspace(low, high, 41)
    return Rate(value, time)
