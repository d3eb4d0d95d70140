"""The operational rate: Fisher information per measuring time, with the time of preparation and readout included."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from qsense.errors import ArgumentError
from qsense.noise import Noise, noise_model_of
from qsense.numerics.fisher import FloatArray
from qsense.probes import Probe
from qsense.theory.bounds import gain_bound, has_bound
from qsense.theory.engines import decay_scales, engine_for
from qsense.theory.scales import lifetimes


class Rate(NamedTuple):
    """max_t Q/(t + dead time) in s (per rad²), and the sensing time t in s where it is reached."""

    value: float
    time: float


def check_dead_time(dead_time: float) -> None:
    """Raises an ArgumentError if a dead time is not a finite time of at least 0 s."""
    if not 0 <= dead_time < np.inf:
        raise ArgumentError(f"Argument `dead_time` must be finite and not negative, but is {dead_time} s.")


def operational_rate(probe: Probe, noise: Noise, dead_time: float = 0.0, field: float = 0.0) -> Rate:
    """Returns the best quantum Fisher information per time, max_t Q(t)/(t + t_dead).

    M = T/(t + t_dead) repetitions in a total time T give 1/(Var φ · T) ≤ this rate.

    Args:
        probe: the state that is prepared.
        noise: any SpinNoise, or an Environment; some rate must be positive.
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
    engine = engine_for(probe, noise, field)
    slowest, _ = decay_scales(probe, noise, field)
    found = _largest_rate(engine.gain, engine.resolution, probe.num_qubits, noise, dead_time, slowest)
    if np.isinf(found.time):
        raise ArgumentError(
            f'Under the noise "{noise.name}" a part of the gain of "{probe.name}" never decays: a longer time is '
            "always better. Give every spin a rate."
        )
    return found


def rate_bound(num_qubits: int, noise: Noise, dead_time: float = 0.0) -> Rate:
    """Returns an upper bound on every probe's operational rate, and its time; infinite if the bound never falls.

    Where the bound on G is N² (see `gain_bound`), or some spin never decays, the rate is infinite.
    Under collective dephasing the bound then tends to 1/(4γ_c) from below.

    >>> from qsense.noise import LocalNoise
    >>> bound = rate_bound(3, LocalNoise(dephasing=0.1))
    >>> bool(bound.value > operational_rate(Probe.ghz(3), LocalNoise(dephasing=0.1)).value)
    True
    """
    found = _largest_rate(lambda times: gain_bound(num_qubits, noise, times), 0.0, num_qubits, noise, dead_time)
    if np.isinf(found.time) and has_bound(num_qubits, noise):
        common = noise_model_of(noise).collective_dephasing
        return Rate(1 / (4 * common) if common else np.inf, np.inf)
    return found


def _largest_rate(
    gain: Callable[[FloatArray], FloatArray],
    resolution: float,
    num_qubits: int,
    noise: Noise,
    dead_time: float,
    slowest: float = 0.0,
) -> Rate:
    """The largest t² gain(t)/(t + t_dead) on a grid from far below to far above the lifetimes, refined.

    An infinite time with an infinite value says that it rises to the end of the grid.
    """
    check_dead_time(dead_time)
    environment = noise_model_of(noise)
    environment.check(num_qubits)
    rates = environment.decay_rates(num_qubits)
    if not rates.any():
        raise ArgumentError(f'The noise "{noise.name}" has no rates: a longer time is always better. Give a rate.')
    fastest = float(rates.sum()) + 4 * environment.collective_dephasing * num_qubits**2
    first = lifetimes(1e-3 / num_qubits, environment.exponent, fastest)
    # A field slower than transverse noise turns spins away at a rate of its own, slower than that of any spin.
    slowest = min(slowest or np.inf, float(rates[rates > 0].min()))
    last = lifetimes(100, environment.exponent, slowest)
    grid = np.geomspace(first, last, max(200, int(8 * (np.log10(last) - np.log10(first)))))
    value = time = 0.0
    for _ in range(6):  # each round narrows the bracket 20 times: to 1e-8 of t, where the value is flat to 1e-15
        gains = gain(grid)
        values = grid * (grid / (grid + dead_time)) * np.where(gains > resolution, gains, 0)
        best = int(np.argmax(values))
        if value == 0 and best == len(grid) - 1:
            return Rate(np.inf, np.inf)
        value, low, high = float(values[best]), grid[max(best - 1, 0)], grid[min(best + 1, len(grid) - 1)]
        time = float(grid[best])
        if value == 0:
            break
        grid = np.linspace(low, high, 41)
    return Rate(value, time)
