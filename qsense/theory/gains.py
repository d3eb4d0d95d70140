"""The exact answers: G(t), 𝓘 and the crossover, by the best method for the probe."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from qsense.errors import ArgumentError
from qsense.noise import AnyNoise, World, world_of
from qsense.numerics.fisher import FloatArray
from qsense.numerics.integration import as_times, first_root
from qsense.probes import Probe
from qsense.theory.block import log_block_gain, log_sum_gain
from qsense.theory.bounded_noise import bounded, integrate_beside_bounded, memory_of
from qsense.theory.closed_integrals import closed_error, closed_integral, of_covariance
from qsense.theory.dense import most_gain
from qsense.theory.engines import (
    Engine,
    MeasuredErrors,
    cannot_sense,
    decay_scales,
    engine_for,
    slowest_part,
    unshared_rates,
)
from qsense.theory.lasting import FAR, left_to_decay, most_taken, stays, surely_decays
from qsense.theory.laws import memory_error
from qsense.theory.lindblad import carries_phase
from qsense.theory.revivals import step_of
from qsense.theory.scales import lifetimes
from qsense.theory.tails import gain_tail
from qsense.theory.waves import collects_nothing, integrate_signal, is_wave, longest_window

_LINDBLAD = 1e-13  # times N² and the window: an error of an integral that a Lindblad equation's rounding makes anyway

_MOST_CROSSINGS = 200_000  # times at which waves of noise are looked at; other methods than closed forms take less


class IntegratedGain(NamedTuple):
    """𝓘 in s, the absolute error of its computation in s, and how it was computed."""

    value: float
    error: float
    method: str


def gain(
    probe: Probe, noise: AnyNoise, times: Sequence[float] | FloatArray, field: float = 0.0, engine: str | None = None
) -> FloatArray:
    """Returns the metrological gain G(t) = Q(t)/t², the quantum Fisher information about θ = φt.

    GHZ probes of any signs have closed forms at any N, and product probes where no spins share noise. Probes over Dicke
    states in a world that is the same for all spins use blocks of total spin (N ≤ 500), all others dense matrices (N ≤
    12, on a GPU 14; 10 under transverse noise), and a coupling beside emission or transverse noise, or a dipolar one,
    the Lindblad equation (N ≤ 8).

    Args:
        probe: the state that is prepared.
        noise: any SpinNoise; a NoiseModel, with shared noise and couplings; or a World, with signal and pulses.
        times: shape (times,), in s, not negative, increasing.
        field: φ in rad/s. G depends on it only under transverse noise and where a dipolar coupling joins spins that
            feel the field differently. It jumps at φ = 0 where noise leaves a part of the state pure: there G is
            smaller than at any field nearby.
        engine: where blocks of total spin and dense matrices are computed: "cpu", "gpu" (needs the extra `gpu`), or
            "auto", a GPU that is there where it saves seconds; by default what the environment variable QSENSE_ENGINE
            says, else "auto".

    Returns:
        G, shape (times,), 1; between 0 and (Σ|w_j|)² W(t)², N² without weights. Values below `resolution` are rounding.

    Raises:
        ArgumentError: the times are out of range, the rates are for another number of spins, N is too large, or a
            field beside transverse noise is so weak that rounding hides its effect.
        EngineError: a GPU is asked for, and there is none or too little memory on it.

    Source: arXiv:2512.21661v1, Eqs. 9, 11, 22, 33, 49, 58.

    >>> from qsense.noise import LocalNoise
    >>> gain(Probe.ghz(2), LocalNoise(dephasing=0.25), [0, 1]).round(6)
    array([4.      , 0.541341])
    """
    return engine_for(probe, noise, field, engine).gain(as_times(times))


def resolution(probe: Probe, noise: AnyNoise, field: float = 0.0) -> float:
    """Returns the absolute error of `gain` from rounding, below which G is not resolved; 0 for closed forms.

    Args:
        probe: the state that is prepared.
        noise: any SpinNoise, a NoiseModel, or a World.
        field: φ in rad/s; it matters only under transverse noise, where `gain` refuses what rounding spoils further.

    >>> from qsense.noise import LocalNoise
    >>> resolution(Probe.ghz(4), LocalNoise(dephasing=0.1))
    0.0
    """
    return engine_for(probe, noise, field).resolution


def integrated_gain(
    probe: Probe, noise: AnyNoise, until: float | None = None, field: float = 0.0, engine: str | None = None
) -> IntegratedGain:
    """Returns the integrated metrological gain 𝓘 = ∫₀^∞ G dt, or up to a finite time, with its error.

    Args:
        probe: the state that is prepared.
        noise: any SpinNoise, a NoiseModel, or a World.
        until: the end of the window in s; infinity by default.
        field: φ in rad/s; it matters only under transverse noise.
        engine: where blocks of total spin and dense matrices are computed, as in `gain`.

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
    chosen, n = engine_for(probe, noise, field, engine), probe.num_qubits
    world = chosen.world
    follows = carries_phase(world, n)
    if collects_nothing(world):
        return IntegratedGain(0.0, 0.0, "pulses that refocus the field")
    if follows and cannot_sense(probe, world):
        return IntegratedGain(0.0, 0.0, "state of fixed J_z" if world.signal.has_unit_weights else "state of fixed K")
    closed = closed_integral(probe, world) if np.isinf(end) else None
    if closed is not None:
        error = closed_error(float(closed), world.noise.exponent) + of_covariance(probe, world, float(closed))
        return IntegratedGain(float(closed), error, "closed form")
    rest = left_to_decay(probe, world)
    slowest, fastest = decay_scales(probe, rest, field)
    if np.isfinite(end):
        slowest, fastest = max(slowest, 1 / end) if rest is world else slowest, max(fastest, 1 / end)
    elif slowest == 0 or not surely_decays(probe, rest):  # a part may stay above 0 for ever
        rate = slowest_part(rest, n)
        if stays(chosen if rest is world else engine_for(probe, rest, field, engine), n):
            if not is_wave(world):
                return IntegratedGain(np.inf, 0.0, chosen.method)
            slowest = 0.0
        elif not rate:  # G is below the resolution at all times
            return IntegratedGain(0.0, np.inf if chosen.resolution else 0.0, chosen.method)
        else:
            slowest = slowest or rate
    if rest is not world and not is_wave(world):
        return _beside_bounded(
            probe, chosen, end, slowest, max(fastest, decay_scales(probe, world, field)[1]), field, engine
        )
    return _by_quadrature(probe, chosen, follows, end, slowest, fastest)


def _beside_bounded(
    probe: Probe, engine: Engine, end: float, slowest: float, fastest: float, field: float, place: str | None
) -> IntegratedGain:
    """𝓘 beside noise that takes only a part of G, by the rates of all other noise."""
    world, n = engine.world, probe.num_qubits
    engine.say_if_long(n)

    def gain_of(one: World) -> Callable[[FloatArray], FloatArray]:
        return engine_for(probe, one, field, place).of_angle

    cheap = engine.method == "closed form"
    rounding = engine.resolution * min(end, 10 / slowest if slowest else np.inf)
    square = 1.0 if world.is_plain else float(world.collected(np.ones(1))[0] ** 2)
    found = integrate_beside_bounded(
        world, gain_of, lambda part: most_taken(probe, world, part, n), slowest, fastest, end, 0.1 * rounding, cheap
    )
    value, error = square * found.value, square * found.error
    error += square * rounding + memory_error(world) * value + of_covariance(probe, world, value)
    return IntegratedGain(value, error, f"quadrature of the {engine.method}")


def _by_quadrature(
    probe: Probe, engine: Engine, follows: bool, end: float, slowest: float, fastest: float
) -> IntegratedGain:
    """𝓘 up to an end in s, from the rates of its slowest and fastest parts; a part that stays has the rate 0."""
    world, n = engine.world, probe.num_qubits
    engine.say_if_long(n)
    # Rounding of G adds up over the time over which G is integrated.
    latest = engine.affordable / fastest if fastest else np.inf
    window = min(end, 10 / slowest if slowest else np.inf, latest, longest_window(world))
    rounding = engine.resolution * window if engine.resolution else 0.0
    method = f"quadrature of the {engine.method}"
    start = engine.of_angle(np.zeros(1))[0]
    if follows and start <= engine.resolution:
        return IntegratedGain(0.0, rounding, method)  # next to a state of fixed K: its G is rounding
    tail, fastest = gain_tail(n, world), max(fastest, slowest)
    cheap = engine.method == "closed form"
    if engine.measured is None:
        result = integrate_signal(
            world, engine.of_angle, slowest, fastest, end, tail, 1e-11, 0.1 * rounding, latest, cheap
        )
    else:
        errors = MeasuredErrors(engine.measured)
        errors.gain(np.geomspace(1e-3 / fastest, window, 60))  # what their rounding adds up to, no panel undercuts
        least = _LINDBLAD * most_gain(world, n) * window if engine.method == "Lindblad equation" else 0.0
        atol = max(least, errors.integral())
        result = integrate_signal(world, errors.gain, slowest, fastest, end, tail, 1e-11, atol, latest, cheap)
        rounding = errors.integral()
    rounding += memory_error(world) * result.value + of_covariance(probe, world, result.value)
    missed = result.value == 0 and start > 0  # all of G lies before the first time at which it was computed
    return IntegratedGain(result.value, np.inf if missed else result.error + rounding, method)


def crossover(
    num_qubits: int, noise: AnyNoise, field: float = 0.0, product_noise: AnyNoise | None = None
) -> float | None:
    """Returns the time in s until which the GHZ probe has a larger gain than |+>^N; None if no crossing is resolved.

    Args:
        num_qubits: N.
        noise: any SpinNoise, a NoiseModel, or a World.
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
    worlds = (world_of(noise), world_of(noise if product_noise is None else product_noise))
    if num_qubits == 1 or not any(one.decay_rates(num_qubits).any() or bounded(one) for one in worlds):
        return None
    probes = (Probe.ghz(num_qubits, signs=worlds[0].signal.matching_signs(num_qubits)), Probe.product(num_qubits))
    ghz, product = (engine_for(probe, world, field) for probe, world in zip(probes, worlds, strict=True))
    closed = ghz.method == product.method == "closed form"

    def advantage(times: FloatArray) -> FloatArray:
        with np.errstate(divide="ignore", invalid="ignore"):
            if closed:  # logarithms reach where G itself underflows
                return log_block_gain(probes[0], worlds[0], times) - log_sum_gain(probes[1], worlds[1], times)
            return ghz.of_angle(times) - product.of_angle(times)

    grid = crossing_times(num_qubits, worlds, closed)
    root = first_root(advantage, grid, 128 if closed else 4, ghz.resolution + product.resolution)
    step = min(step_of(one, num_qubits) for one in worlds)
    if math.isfinite(step):  # waves of the noise may cross between two times of the grid
        count = min((root or float(grid[-1])) / step + 2, _MOST_CROSSINGS if closed else _MOST_CROSSINGS // 50)
        grid = np.union1d(grid, step * np.arange(1, int(count) + 1))
        root = first_root(advantage, grid, 128 if closed else 4, ghz.resolution + product.resolution)
    exponent = min(one.noise.exponent for one in worlds)
    if root is None and (advantage(grid[:1])[0] < 0 or advantage(grid[-1:])[0] > 0) and exponent < 0.1:
        raise ArgumentError(
            f"With the exponent {exponent:g} the crossing, if there is one, is not between {grid[0]:.1g} and "
            f"{grid[-1]:.1g} s; give a larger `exponent`."
        )
    return root


def crossing_times(num_qubits: int, noises: Sequence[AnyNoise], is_cheap: bool = False) -> FloatArray:
    """Returns the times in s among which a crossing of two gains is looked for, shape (times,).

    They reach from long before the first to long after the last spin has decayed, in equal steps of ln t.

    Args:
        num_qubits: N.
        noises: of each probe; some spin of one of them must decay.
        is_cheap: whether gains take next to no time, for a grid that is 30 times as fine.
    """
    worlds = [world_of(one) for one in noises]
    rates = np.concatenate([one.decay_rates(num_qubits) for one in worlds])
    own = min(float(unshared_rates(one, num_qubits).sum()) for one in worlds)
    shared = max(one.noise.fastest_rate(num_qubits, one.pulses) for one in worlds) - own
    fastest = float(rates.max()) + max(0.0, shared) / num_qubits
    cuts = [memory_of(part).low for one in worlds for part in bounded(one)]
    fastest = max([fastest, *(1e-3 * cut for cut in cuts)])  # too weak to turn one spin by 1 rad, but perhaps N
    slowest = min(
        (rate for rate in (slowest_part(one, num_qubits) for one in worlds) if rate), default=min(cuts, default=1)
    )
    exponent = min(one.noise.exponent for one in worlds)
    first, points = (1e-6, 2000) if is_cheap else (1e-3, 60)
    begin, end = lifetimes(first / num_qubits, exponent, fastest), lifetimes(2 * FAR, exponent, slowest)
    return np.geomspace(begin, end, points)
