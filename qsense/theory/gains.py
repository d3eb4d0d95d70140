"""The exact answers: G(t), 𝓘 and the crossover, by the best method for the probe."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from qsense.errors import ArgumentError
from qsense.noise import Environment, LocalNoise, Noise, noise_model_of
from qsense.numerics.fisher import FloatArray
from qsense.numerics.integration import as_times, first_root, integrate
from qsense.probes import Probe
from qsense.theory.bounds import gain_tail
from qsense.theory.closed import integrated_ghz_gain, integrated_product_gain, log_ghz_gain
from qsense.theory.engines import Engine, MeasuredErrors, cannot_sense, decay_scales, engine_for
from qsense.theory.scales import lifetimes

_LINDBLAD = 1e-13  # times N² and the window: an error of an integral that a Lindblad equation's rounding makes anyway
_FAR = 45.0  # exp(−45) < 3e-20: so many lifetimes are searched for a crossing


class IntegratedGain(NamedTuple):
    """𝓘 in s, the absolute error of its computation in s, and how it was computed."""

    value: float
    error: float
    method: str


def gain(probe: Probe, noise: Noise, times: Sequence[float] | FloatArray, field: float = 0.0) -> FloatArray:
    """Returns the metrological gain G(t) = Q(t)/t², the quantum Fisher information about θ = φt.

    GHZ and product probes under noise of each spin by itself have closed forms at any N. Probes over Dicke states under
    noise that is the same for all spins use blocks of total spin (N ≤ 100), all others dense matrices (N ≤ 10), and a
    coupling beside emission or transverse noise the Lindblad equation (N ≤ 8).

    Args:
        probe: the state that is prepared.
        noise: any SpinNoise, or an Environment with collective dephasing or a coupling.
        times: shape (times,), in s, not negative, increasing.
        field: φ in rad/s. G depends on it only under transverse noise, and jumps at φ = 0 where that noise leaves a
            part of the state pure: there G is smaller than at any field nearby.

    Returns:
        G, shape (times,), 1; between 0 and N². Values below `resolution` are rounding.

    Raises:
        ArgumentError: the times are out of range, the rates are for another number of spins, N is too large, or a field
            beside transverse noise is so weak that rounding hides what it does.

    Source: arXiv:2512.21661v1, Eqs. 9, 11, 22, 33, 49, 58.

    >>> from qsense.noise import LocalNoise
    >>> gain(Probe.ghz(2), LocalNoise(dephasing=0.25), [0, 1]).round(6)
    array([4.      , 0.541341])
    """
    return engine_for(probe, noise, field).gain(as_times(times))


def resolution(probe: Probe, noise: Noise, field: float = 0.0) -> float:
    """Returns the absolute error of `gain` from rounding, below which G is not resolved; 0 for closed forms.

    Args:
        probe: the state that is prepared.
        noise: any SpinNoise, or an Environment.
        field: φ in rad/s; it matters only under transverse noise, where `gain` refuses what rounding spoils further.

    >>> from qsense.noise import LocalNoise
    >>> resolution(Probe.ghz(4), LocalNoise(dephasing=0.1))
    0.0
    """
    return engine_for(probe, noise, field).resolution


def integrated_gain(probe: Probe, noise: Noise, until: float | None = None, field: float = 0.0) -> IntegratedGain:
    """Returns the integrated metrological gain 𝓘 = ∫₀^∞ G dt, or up to a finite time, with its error.

    Args:
        probe: the state that is prepared.
        noise: any SpinNoise, or an Environment.
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
    end = np.inf if until is None else float(until)
    if not end > 0:
        raise ArgumentError(f"Argument `until` must be positive, but is {until} s.")
    engine, environment = engine_for(probe, noise, field), noise_model_of(noise)
    if environment.is_covariant and cannot_sense(probe):
        return IntegratedGain(0.0, 0.0, "state of fixed J_z")
    closed = _closed_integral(probe, noise) if np.isinf(end) else None
    if closed is not None:
        return IntegratedGain(closed, _closed_error(closed, environment.exponent), "closed form")
    slowest, fastest = decay_scales(probe, noise, field)
    if np.isfinite(end):
        slowest = max(slowest, 1 / end)
    elif slowest == 0 or not isinstance(environment.local, LocalNoise):  # a channel may stay above 0 for ever
        rates = environment.decay_rates(probe.num_qubits)
        if _lasts(engine, environment, rates):
            return IntegratedGain(np.inf, 0.0, engine.method)
        if not rates.any():  # G is below the resolution at all times
            return IntegratedGain(0.0, np.inf if engine.resolution else 0.0, engine.method)
        slowest = slowest or float(rates[rates > 0].min())
    # Rounding of G adds up over the time over which G is integrated.
    latest = engine.affordable / fastest if fastest else np.inf
    window = min(end, 10 / slowest, latest)
    rounding = engine.resolution * window
    method = f"quadrature of the {engine.method}"
    start = engine.gain(np.zeros(1))[0]
    if environment.is_covariant and start <= engine.resolution:
        return IntegratedGain(0.0, rounding, method)  # next to a state of fixed J_z: its G is rounding
    tail, fastest = gain_tail(probe.num_qubits, noise), max(fastest, slowest)
    if engine.measured is None:
        result = integrate(engine.gain, slowest, fastest, end, tail, atol=0.1 * rounding, latest=latest)
    else:
        errors = MeasuredErrors(engine.measured)
        errors.gain(np.geomspace(1e-3 / fastest, window, 60))  # what their rounding adds up to, no panel undercuts
        least = _LINDBLAD * probe.num_qubits**2 * window if engine.method == "Lindblad equation" else 0.0
        atol = max(least, errors.integral())
        result = integrate(errors.gain, slowest, fastest, end, tail, atol=atol, latest=latest)
        rounding = errors.integral()
    missed = result.value == 0 and start > 0  # all of G lies before the first time at which it was computed
    return IntegratedGain(result.value, np.inf if missed else result.error + rounding, method)


def crossover(num_qubits: int, noise: Noise, field: float = 0.0, product_noise: Noise | None = None) -> float | None:
    """Returns the time in s until which the GHZ probe has a larger gain than |+>^N; None if no crossing is resolved.

    Args:
        num_qubits: N.
        noise: any SpinNoise, or an Environment.
        field: φ in rad/s; it matters only under transverse noise.
        product_noise: of the product probe where its spins are others than those of the GHZ probe; by default `noise`.

    Returns:
        The first root of G_GHZ = G_product; None for N = 1 (they are equal), without noise (GHZ stays ahead), and
        where the product probe is never ahead by more than `resolution`, the rounding of both gains.

    Raises:
        ArgumentError: the noise is for another number of spins, N is too large for the method that it needs, or
            stretched decay puts the crossing beyond the range of numbers.

    Source: arXiv:2512.21661v1, Eq. 28: ln N / (4(N−1)γ) for dephasing. For emission the paper's ln N/((N−1)γ) is
    too early (it drops the denominator of Eq. 49); this is the exact root.

    >>> from qsense.noise import LocalNoise
    >>> round(crossover(2, LocalNoise(dephasing=0.25)), 6)  # ln 2
    0.693147
    >>> round(crossover(2, LocalNoise(emission=1.0)), 4)
    0.9624
    """
    noises = (noise, noise if product_noise is None else product_noise)
    if num_qubits == 1 or not any(noise_model_of(one).decay_rates(num_qubits).any() for one in noises):
        return None
    ghz = engine_for(Probe.ghz(num_qubits), noises[0], field)
    product = engine_for(Probe.product(num_qubits), noises[1], field)
    closed = ghz.method == product.method == "closed form"

    def advantage(times: FloatArray) -> FloatArray:
        with np.errstate(divide="ignore", invalid="ignore"):
            if closed:  # logarithms reach where G itself underflows
                environment = noise_model_of(noises[0])
                lost = 4 * environment.collective_dephasing * num_qubits**2 * times
                return log_ghz_gain(num_qubits, environment.local, times) - lost - np.log(product.gain(times))
            return ghz.gain(times) - product.gain(times)

    grid = crossing_times(num_qubits, noises, closed)
    root = first_root(advantage, grid, 128 if closed else 4, ghz.resolution + product.resolution)
    exponent = min(noise_model_of(one).exponent for one in noises)
    if root is None and (advantage(grid[:1])[0] < 0 or advantage(grid[-1:])[0] > 0) and exponent < 0.1:
        raise ArgumentError(
            f"With the exponent {exponent:g} the crossing, if there is one, is not between {grid[0]:.1g} and "
            f"{grid[-1]:.1g} s; give a larger `exponent`."
        )
    return root


def crossing_times(num_qubits: int, noises: Sequence[Noise], is_cheap: bool = False) -> FloatArray:
    """Returns the times in s among which a crossing of two gains is looked for, shape (times,).

    They reach from long before the first to long after the last spin has decayed, in equal steps of ln t.

    Args:
        num_qubits: N.
        noises: of each probe; some spin of one of them must decay.
        is_cheap: whether gains take next to no time, for a grid that is 30 times as fine.
    """
    environments = [noise_model_of(one) for one in noises]
    rates = np.concatenate([one.decay_rates(num_qubits) for one in environments])
    common = max(one.collective_dephasing for one in environments)
    fastest = float(rates.max()) + 4 * common * num_qubits
    slowest = float(rates[rates > 0].min())
    exponent = min(one.exponent for one in environments)
    first, points = (1e-6, 2000) if is_cheap else (1e-3, 60)
    begin, end = lifetimes(first / num_qubits, exponent, fastest), lifetimes(2 * _FAR, exponent, slowest)
    return np.geomspace(begin, end, points)


def _closed_integral(probe: Probe, noise: Noise) -> float | None:
    """𝓘 where it has a closed form."""
    environment, n = noise_model_of(noise), probe.num_qubits
    local, common = environment.local, environment.collective_dephasing
    if not environment.is_covariant or (environment.is_coupled and probe.kind != "ghz"):
        return None
    if probe.kind == "product" and not common:
        return integrated_product_gain(n, local, probe.tilt)
    if probe.kind == "ghz" and not common:
        return integrated_ghz_gain(n, local)
    if not isinstance(local, LocalNoise):
        return None
    if probe.kind == "ghz" and local.exponent == 1 and not local.relaxation_rates(n).any():
        return float(n**2 / (4 * (local.rates(n)["dephasing"].sum() + common * n**2)))
    return None


def _closed_error(value: float, exponent: float) -> float:
    """The rounding of a closed form of 𝓘: of a sum and its inverse, or, stretched, of exp of a sum of logarithms."""
    if value == 0 or math.isinf(value):
        return 0.0
    terms = 0.0 if exponent == 1 else abs(math.log(value)) + 2 * (math.lgamma(1 + 1 / exponent) + 1 / exponent)
    return 1e-15 * (1 + terms) * value


def _lasts(engine: Engine, environment: Environment, rates: FloatArray) -> bool:
    """Whether some gain stays when all that decays is gone, by exp(−_FAR), or falls as 1/t² under transverse noise."""
    late = lifetimes(_FAR, environment.exponent, float(rates[rates > 0].min())) if rates.any() else 0.0
    if isinstance(environment.local, LocalNoise):
        one, other = engine.gain(np.array([late, 2 * late]))
        return bool(other > max(1e-9, engine.resolution) and other > 0.9 * one)
    if not late:
        return bool(engine.gain(np.zeros(1))[0] > max(1e-9, engine.resolution))
    # Coherence may oscillate: the largest G of several times counts. Where some is left, it must still be there later.
    start, one = float(engine.gain(np.zeros(1))[0]), 0.0
    for far in (1, 2, 1e3, 1e6):
        other = float(engine.gain(far * late * np.linspace(1, 1.4, 9)).max())
        if not (other > max(1e-15 * start, engine.resolution) and other > 0.9 * one):
            return False
        one = other
    return True
