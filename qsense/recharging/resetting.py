"""Recharging between windows: read out, reset and prepare anew, every τ or at random times, and what is lost unseen.

With Q(t) = t² G(t) and a dead time d for readout, reset and preparation, information per time is

    every τ:           Q(τ)/(τ + d), largest at the time of the operational rate;
    at random, rate r: <Q>/(<t> + d) = ∫ r e^{−rt} Q dt / (1/r + d), never more, since Q(t) ≤ R (t + d) for every t;
    unseen, rate r:    the state is a mixture over ages, and Q of a mixture is at most the mean Q of its parts.

So the best that resets can do is the operational rate R.
"""

from __future__ import annotations

import math

import numpy as np
from scipy.optimize import minimize_scalar

from qsense.errors import ArgumentError
from qsense.noise import Noise
from qsense.numerics.fisher import FloatArray, qfi
from qsense.numerics.integration import integrate
from qsense.probes import Probe
from qsense.theory import gain
from qsense.theory.dense import density_matrices
from qsense.theory.engines import decay_scales, engine_for
from qsense.theory.lindblad import generator
from qsense.theory.rate import check_dead_time, operational_rate

_GRID = 25
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(24)
_LONGEST = 2.0  # of a panel of ages, in lifetimes of what decays fastest
_MOST_SPINS = 8


def periodic_rate(probe: Probe, noise: Noise, periods: FloatArray, dead_time: float = 0.0) -> FloatArray:
    """Returns Q(τ)/(τ + d) of windows of length τ, shape (periods,), in s.

    Args:
        probe: prepared anew in every window.
        noise: acts in the window.
        periods: τ in s, increasing.
        dead_time: d, from the end of one window to the start of the next, in s.

    Raises:
        ArgumentError: a time is out of range.

    >>> from qsense.noise import LocalNoise
    >>> periodic_rate(Probe.product(4), LocalNoise(dephasing=0.1), [2.5]).round(6)  # N/(4eγ)
    array([3.678794])
    """
    check_dead_time(dead_time)
    times = np.asarray(periods, dtype=np.float64)
    return np.asarray(times * (times / (times + dead_time)) * gain(probe, noise, times))


def random_rate(probe: Probe, noise: Noise, rate: float, dead_time: float = 0.0) -> float:
    """Returns information per time, in s, when windows end at random: each lasts t with probability r e^{−rt} dt.

    Every window is read out at its end, and its length is known.

    Args:
        probe: prepared anew in every window.
        noise: acts in the window; some part must decay.
        rate: r > 0 in 1/s.
        dead_time: d in s.

    Raises:
        ArgumentError: the rate or the dead time is out of range.

    >>> from qsense.noise import LocalNoise
    >>> round(random_rate(Probe.product(4), LocalNoise(dephasing=0.1), 0.8), 6)  # 8N/27 · 1/4γ at r = 8γ
    2.962963
    """
    check_dead_time(dead_time)
    if not 0 < rate < math.inf:
        raise ArgumentError(f"Argument `rate` of resets must be positive and finite, but is {rate:g} (1/s).")
    slowest, fastest = decay_scales(probe, noise)
    engine = engine_for(probe, noise)

    def spread(x: FloatArray) -> FloatArray:  # of x = rt, so that no unit of time matters
        return np.asarray(np.exp(-x) * x**2 * engine.gain(x / rate))

    mean = integrate(spread, 1 + slowest / rate, 1 + fastest / rate, rtol=1e-9).value / rate**2
    return mean * rate / (1 + rate * dead_time)


def best_random_rate(probe: Probe, noise: Noise, dead_time: float = 0.0) -> tuple[float, float]:
    """Returns the largest information per time of random resets, in s, and its rate of resets in 1/s.

    Raises:
        ArgumentError: as `operational_rate`.

    >>> from qsense.noise import LocalNoise
    >>> value, rate = best_random_rate(Probe.ghz(2), LocalNoise(dephasing=0.1))
    >>> round(value, 6), round(rate, 4)  # 8e/27 = 0.805 of the best period's
    (1.481481, 1.6)
    """
    typical = operational_rate(probe, noise, dead_time).time
    grid = np.linspace(math.log(0.02), math.log(50), _GRID) - math.log(typical)
    values = [random_rate(probe, noise, math.exp(one), dead_time) for one in grid]
    best = min(max(int(np.argmax(values)), 1), _GRID - 2)
    found = minimize_scalar(
        lambda x: -random_rate(probe, noise, math.exp(x), dead_time),
        bounds=(grid[best - 1], grid[best + 1]),
        method="bounded",
        options={"xatol": 1e-6},
    )
    return float(-found.fun), math.exp(float(found.x))


def unseen_information(probe: Probe, noise: Noise, rate: float, times: FloatArray, field: float = 0.0) -> FloatArray:
    """Returns Q about φ, in s², of spins that something prepares anew at a rate r and nobody sees when.

    This is the recharging that a Lindblad equation can have: d/dt ρ = … + r (|ψ><ψ| − ρ). It keeps Q from falling to 0,
    but the state is a mixture of all ages, and Q/t never reaches the operational rate.

    Args:
        probe: at most 8 spins.
        noise: commutes with the field.
        rate: r in 1/s, not negative.
        times: shape (times,), in s, positive.
        field: φ in rad/s: ages turn apart in a strong field.

    Raises:
        ArgumentError: the probe is too large, or the rate is out of range.

    Source: ρ(t) = e^{−rt} ρ_0(t) + ∫₀^t r e^{−rs} ρ_0(s) ds; checked in tests/recharging/test_resetting.py.

    >>> from qsense.noise import LocalNoise
    >>> unseen_information(Probe.product(1), LocalNoise(dephasing=0.25), 0.0, np.array([1.0])).round(6)  # e^{−1}
    array([0.367879])
    """
    if probe.num_qubits > _MOST_SPINS:
        raise ArgumentError(f"Unseen resets are computed for at most {_MOST_SPINS} spins; give fewer.")
    if not 0 <= rate < math.inf:
        raise ArgumentError(f"Argument `rate` of resets must be finite and not negative, but is {rate:g} (1/s).")
    fastest = decay_scales(probe, noise, field)[1] + rate + probe.num_qubits * abs(field)
    return np.array([_unseen(probe, noise, rate, float(time), field, fastest) for time in times])


def _unseen(probe: Probe, noise: Noise, rate: float, time: float, field: float, fastest: float) -> float:
    panels = max(1, math.ceil(fastest * time / _LONGEST))
    edges = np.linspace(0, 1, panels + 1)
    parts = (edges[:-1, None] + (1 + _NODES) / 2 / panels).ravel()
    weights = rate * time * np.exp(-rate * time * parts) * np.tile(_WEIGHTS / 2 / panels, panels)
    parts, weights = np.append(parts, 1.0), np.append(weights, math.exp(-rate * time))  # and those never reset
    ages = parts * time
    rho = density_matrices(probe, noise, ages, field * ages)
    turn = -1j * np.subtract.outer(generator(probe.num_qubits), generator(probe.num_qubits))
    mixed = np.einsum("a,aij->ij", weights, rho)
    slope = turn * np.einsum("a,aij->ij", weights * parts, rho)
    return float(qfi(mixed, slope)) * time**2
