"""The exact answers: G(t), 𝓘, bounds and crossovers, by the best method for the probe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from qsense.errors import ArgumentError
from qsense.fisher import FloatArray
from qsense.noise import LocalNoise
from qsense.probes import Probe
from qsense.quadrature import LIFETIMES, as_times, first_root, integrate
from qsense.theory.closed import (
    ghz_dephasing_img,
    ghz_gain,
    log_ghz_gain,
    product_gain,
    product_img,
)
from qsense.theory.dense import dense_gain


class IntegratedGain(NamedTuple):
    """𝓘 in s, the absolute error of its computation in s, and how it was computed."""

    value: float
    error: float
    method: str


def gain(probe: Probe, noise: LocalNoise, times: Sequence[float] | FloatArray) -> FloatArray:
    """Returns the metrological gain G(t) = Q(t)/t², the quantum Fisher information about θ = φt.

    GHZ and product probes by closed forms, any N; other probes by dense matrices, N ≤ 8.

    Args:
        probe: the state that is prepared.
        noise: local noise.
        times: shape (times,), in s, not negative, increasing.

    Returns:
        G, shape (times,), 1; between 0 and N².

    Raises:
        ArgumentError: the times are out of range, the rates are for another number of spins, or N is too large.

    Source: arXiv:2512.21661v1, Eqs. 9, 11, 22, 33, 49, 58.

    >>> gain(Probe.ghz(2), LocalNoise(dephasing=0.25), [0, 1]).round(6)
    array([4.      , 0.541341])
    """
    return _gain(probe, noise, as_times(times))


def integrated_gain(probe: Probe, noise: LocalNoise) -> IntegratedGain:
    """Returns the integrated metrological gain 𝓘 = ∫₀^∞ G dt, with the error of its computation.

    Args:
        probe: the state that is prepared.
        noise: local noise.

    Returns:
        value (s), error (s, absolute), method ("closed form", "quadrature of the closed form" or "quadrature of
        dense matrices"). The value is infinite if a part of G never decays.

    Raises:
        ArgumentError: the rates are for another number of spins, or N is too large.

    Source: arXiv:2512.21661v1, Eqs. 10, 12, 25, 50, 59.

    >>> integrated_gain(Probe.ghz(4), LocalNoise(dephasing=0.1)).value
    10.0
    """
    n = probe.num_qubits
    if probe.kind == "product":
        return _closed(product_img(n, noise, probe.tilt))
    rates = 2 * noise.coherence_rates(n)
    if probe.kind == "ghz":
        if not noise.relaxation_rates(n).any():
            return _closed(ghz_dephasing_img(n, noise))
        slowest, method = float(rates.sum()), "quadrature of the closed form"
        # The populations settle at up to N times a spin's own rate.
        fastest = max(slowest, n * float(rates.max()))
        # p_up + p_down may decay too, by at most Σ 1/T1: then G outlives its coherence.
        slowest = max(slowest - float(noise.relaxation_rates(n).sum()), float(rates.min()))
    else:
        slowest, fastest = float(rates.min()), float(rates.sum())
        method = "quadrature of dense matrices"
        if not slowest > 0:
            if dense_gain(probe, noise, np.array([1e6 / max(rates.max(), 1e-300)]))[0] > 1e-9:
                return IntegratedGain(np.inf, 0.0, method)
            slowest = float(rates[rates > 0].min())
    result = integrate(lambda times: _gain(probe, noise, times), slowest, fastest)
    rounding = 1e-15 * n**2 / slowest
    if result.value < rounding:  # a state of fixed J_z: what is left is rounding, not gain
        return IntegratedGain(0.0, rounding, method)
    return IntegratedGain(result.value, result.error, method)


def crossover(num_qubits: int, noise: LocalNoise) -> float | None:
    """Returns the time in s until which the GHZ probe has a larger gain than |+>^N; None if there is no such time.

    Args:
        num_qubits: N.
        noise: local noise.

    Returns:
        The first root of G_GHZ = G_product; None for N = 1 (they are equal) and without noise (GHZ stays ahead).

    Source: arXiv:2512.21661v1, Eq. 28: ln N / (4(N−1)γ) for dephasing. For emission the paper's ln N/((N−1)γ) is
    too early (it drops the denominator of Eq. 49); this is the exact root.

    >>> round(crossover(2, LocalNoise(dephasing=0.25)), 6)  # ln 2
    0.693147
    >>> round(crossover(2, LocalNoise(emission=1.0)), 4)
    0.9624
    """
    rates = 2 * noise.coherence_rates(num_qubits)
    if num_qubits == 1 or not rates.any():
        return None
    fastest, slowest = float(rates.max()), float(rates[rates > 0].min())

    def advantage(times: FloatArray) -> FloatArray:
        with np.errstate(divide="ignore"):
            return log_ghz_gain(num_qubits, noise, times) - np.log(product_gain(num_qubits, noise, times))

    grid = np.geomspace(1e-6 / (num_qubits * fastest), 2 * LIFETIMES / slowest, 2000)
    return first_root(advantage, grid)


def _gain(probe: Probe, noise: LocalNoise, times: FloatArray) -> FloatArray:
    """`gain` without the demand that times increase: quadrature nodes come in any order."""
    if probe.kind == "product":
        return product_gain(probe.num_qubits, noise, times, probe.tilt)
    if probe.kind == "ghz":
        return ghz_gain(probe.num_qubits, noise, times)
    return dense_gain(probe, noise, times)


def _closed(value: float) -> IntegratedGain:
    return IntegratedGain(value, 0.0 if np.isinf(value) else 2e-16 * value, "closed form")


__all__ = [
    "ArgumentError",
    "IntegratedGain",
    "crossover",
    "gain",
    "integrated_gain",
]
