"""The exact answers: G(t), 𝓘, bounds and crossovers, by the best method for the probe."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from qsense.errors import ArgumentError
from qsense.fisher import FloatArray
from qsense.integration import as_times, first_root, integrate
from qsense.noise import Noise, environment_of
from qsense.probes import Probe
from qsense.theory.bounds import gain_tail
from qsense.theory.closed import ghz_img, log_ghz_gain, product_img
from qsense.theory.engines import Engine, decay_scales, engine_for

_FAR = 45.0  # exp(−45) < 3e-20: so many lifetimes are searched for a crossing


class IntegratedGain(NamedTuple):
    """𝓘 in s, the absolute error of its computation in s, and how it was computed."""

    value: float
    error: float
    method: str


def gain(probe: Probe, noise: Noise, times: Sequence[float] | FloatArray, field: float = 0.0) -> FloatArray:
    """Returns the metrological gain G(t) = Q(t)/t², the quantum Fisher information about θ = φt.

    GHZ and product probes under local noise have closed forms at any N. Probes over Dicke states under noise that is
    the same for all spins use blocks of total spin (N ≤ 100), all others dense matrices (N ≤ 10), and transverse noise
    or a coupling beside emission the Lindblad equation (N ≤ 8).

    Args:
        probe: the state that is prepared.
        noise: local noise, or an Environment with collective dephasing or a coupling.
        times: shape (times,), in s, not negative, increasing.
        field: φ in rad/s. G depends on it only under transverse noise.

    Returns:
        G, shape (times,), 1; between 0 and N². Values below `resolution` are rounding.

    Raises:
        ArgumentError: the times are out of range, the rates are for another number of spins, or N is too large.

    Source: arXiv:2512.21661v1, Eqs. 9, 11, 22, 33, 49, 58.

    >>> from qsense.noise import LocalNoise
    >>> gain(Probe.ghz(2), LocalNoise(dephasing=0.25), [0, 1]).round(6)
    array([4.      , 0.541341])
    """
    return engine_for(probe, noise, field).gain(as_times(times))


def resolution(probe: Probe, noise: Noise) -> float:
    """Returns the absolute error that rounding leaves in `gain`; a smaller G is not known. 0 for closed forms.

    >>> from qsense.noise import LocalNoise
    >>> resolution(Probe.ghz(4), LocalNoise(dephasing=0.1))
    0.0
    """
    return engine_for(probe, noise).resolution


def integrated_gain(probe: Probe, noise: Noise, until: float | None = None, field: float = 0.0) -> IntegratedGain:
    """Returns the integrated metrological gain 𝓘 = ∫₀^∞ G dt, or up to a finite time, with its error.

    Args:
        probe: the state that is prepared.
        noise: local noise, or an Environment.
        until: the end of the window in s; infinity by default.
        field: φ in rad/s; it matters only under transverse noise.

    Returns:
        value (s), error (s, absolute: quadrature, what is beyond the last time, rounding) and method. The value is
        infinite if a part of G never decays.

    Raises:
        ArgumentError: the rates are for another number of spins, N is too large, or the window is not positive.

    Source: arXiv:2512.21661v1, Eqs. 10, 12, 25, 50, 59.

    >>> from qsense.noise import LocalNoise
    >>> integrated_gain(Probe.ghz(4), LocalNoise(dephasing=0.1)).value
    10.0
    >>> round(integrated_gain(Probe.ghz(4), LocalNoise(dephasing=0.1), until=1.0).value, 9)  # 10 (1 − e^{−1.6})
    7.98103482
    """
    if until is not None and not until > 0:
        raise ArgumentError(f"Argument `until` must be positive, but is {until} s.")
    engine = engine_for(probe, noise, field)
    if until is None:
        closed = _closed_img(probe, noise)
        if closed is not None:
            return IntegratedGain(closed, 0.0 if np.isinf(closed) else 2e-16 * closed, "closed form")
    end = np.inf if until is None else until
    slowest, fastest = decay_scales(probe, noise)
    if until is not None:
        slowest = max(slowest, 1 / until)
    elif slowest == 0:
        if _lasts(engine, float(environment_of(noise).decay_rates(probe.num_qubits).max())):
            return IntegratedGain(np.inf, 0.0, engine.method)
        slowest = float(min(rate for rate in environment_of(noise).decay_rates(probe.num_qubits) if rate > 0))
    result = integrate(engine.gain, slowest, max(fastest, slowest), end, gain_tail(probe.num_qubits, noise))
    method = f"quadrature of the {engine.method}"
    # Rounding of G adds up over the time in which it is seen.
    rounding = engine.resolution * min(end, 10 / slowest)
    if result.value <= rounding:  # a state of fixed J_z: what is left is rounding, not gain
        return IntegratedGain(0.0, rounding, method)
    return IntegratedGain(result.value, result.error + rounding, method)


def crossover(num_qubits: int, noise: Noise, field: float = 0.0) -> float | None:
    """Returns the time in s until which the GHZ probe has a larger gain than |+>^N; None if there is no such time.

    Args:
        num_qubits: N.
        noise: local noise, or an Environment.
        field: φ in rad/s; it matters only under transverse noise.

    Returns:
        The first root of G_GHZ = G_product; None for N = 1 (they are equal) and without noise (GHZ stays ahead).

    Source: arXiv:2512.21661v1, Eq. 28: ln N / (4(N−1)γ) for dephasing. For emission the paper's ln N/((N−1)γ) is
    too early (it drops the denominator of Eq. 49); this is the exact root.

    >>> from qsense.noise import LocalNoise
    >>> round(crossover(2, LocalNoise(dephasing=0.25)), 6)  # ln 2
    0.693147
    >>> round(crossover(2, LocalNoise(emission=1.0)), 4)
    0.9624
    """
    environment = environment_of(noise)
    rates = environment.decay_rates(num_qubits)
    if num_qubits == 1 or not rates.any():
        return None
    ghz, product = (engine_for(probe(num_qubits), noise, field) for probe in (Probe.ghz, Probe.product))
    closed = ghz.method == product.method == "closed form"

    def advantage(times: FloatArray) -> FloatArray:
        with np.errstate(divide="ignore", invalid="ignore"):
            if closed:  # logarithms reach where G itself underflows
                return log_ghz_gain(num_qubits, environment.local, times) - np.log(product.gain(times))
            return ghz.gain(times) - product.gain(times)

    first = 1e-3 / (num_qubits * float(rates.max()) + 4 * environment.collective_dephasing * num_qubits**2)
    last = 2 * _FAR / float(rates[rates > 0].min())
    grid = np.geomspace(first / 1000, last, 2000) if closed else np.geomspace(first, last, 200)
    return first_root(advantage, grid)


def _closed_img(probe: Probe, noise: Noise) -> float | None:
    """𝓘 where it has a closed form."""
    environment, n = environment_of(noise), probe.num_qubits
    local, common = environment.local, environment.collective_dephasing
    if environment.is_coupled or not environment.is_covariant:
        return None
    if probe.kind == "product" and not common:
        return product_img(n, local, probe.tilt)
    if probe.kind == "ghz" and not common:
        return ghz_img(n, local)
    if probe.kind == "ghz" and local.exponent == 1 and not local.relaxation_rates(n).any():
        return float(n**2 / (4 * (local.rates(n)["dephasing"].sum() + common * n**2)))
    return None


def _lasts(engine: Engine, fastest: float) -> bool:
    """Whether some gain is left when all that decays is gone."""
    late = np.array([1e6 / max(fastest, 1e-300)])
    return bool(engine.gain(late)[0] > max(1e-9, engine.resolution))


__all__ = [
    "ArgumentError",
    "IntegratedGain",
    "crossover",
    "gain",
    "integrated_gain",
    "resolution",
]
