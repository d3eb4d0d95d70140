"""What a readout can give: the classical gain of a measurement, at one phase or at the best, and its integral 𝓘_C."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qsense.errors import ArgumentError
from qsense.noise import AnyNoise, World, world_of
from qsense.numerics.angles import check_angle
from qsense.numerics.fisher import FloatArray
from qsense.numerics.integration import as_times
from qsense.probes import Probe, steepest_angle
from qsense.theory.block import block_gain, is_sum, reach, sum_gain, visibility_and_kept
from qsense.theory.effects import Povm
from qsense.theory.engines import decay_scales, engine_for, slowest_part
from qsense.theory.fringes import Fringes, fringes, refuse_hidden, shows_block
from qsense.theory.gains import IntegratedGain, integrated_gain
from qsense.theory.lasting import lasts
from qsense.theory.lindblad import carries_phase
from qsense.theory.rare import narrow_peaks
from qsense.theory.shared import has_equal_weights
from qsense.theory.tails import gain_tail
from qsense.theory.waves import collects_nothing, integrate_signal

Phase = float | str
# Of the search for the best phase: so many peaks are kept in each round, which narrows them eight times. Peaks that are
# still close to the highest after some rounds are as high by symmetry.
_PEAKS = (32, 16, 8, 4, 2, 2)
_SIZE = 100_000  # numbers of a part, times phases
_GRID = 4096  # phases of a first search; orders without a common measure have more
_COMMON = 1e-6  # of the largest order: a measure of all of them


def classical_gain(
    probe: Probe,
    noise: AnyNoise,
    times: Sequence[float] | FloatArray,
    readout: str | Povm,
    phase: Phase = "mid",
    field: float = 0.0,
) -> FloatArray:
    """Returns the classical Fisher information about θ of a readout, shape (times,), 1; at most G.

    Args:
        probe: the state that is prepared.
        noise: any SpinNoise, a NoiseModel, or a World.
        times: shape (times,), in s, not negative, in any order.
        readout: "local_x" (joint outcome of all spins), "total_jx" (how many are up along x), "parity" (whether that is
            even), "loss_flag" (GHZ: its fringe, and whether an excitation was lost), "z" (joint outcome along z), or
            the matrices of a POVM, each (2^N, 2^N).
        phase: the angle θ of K in rad (spin j turns by w_j θ) from where the probe was prepared to where it is
            measured; "mid" is the steepest point of the fringe, `probes.steepest_angle` (π/2N of GHZ, π/(2 Σ s_j w_j)
            where weights and signs are given; π/2 of every spin for local_x and total_jx of a product probe); "best"
            the best phase of each time.
        field: φ in rad/s; it matters only under transverse noise.

    Raises:
        ArgumentError: a time is negative, the readout does not go with the probe or is not a POVM, or N is too large.

    Source: the integrand of arXiv:2512.21661v1, Eq. 60, times t² over one repetition; derived in
        tests/theory/test_theory.py.

    >>> from qsense.noise import LocalNoise
    >>> classical_gain(Probe.ghz(2), LocalNoise(emission=1.0), np.array([0.0]), "parity")
    array([4.])
    """
    distinct, places = np.unique(times, return_inverse=True)
    times, world = as_times(distinct)[places], world_of(noise)
    found = _of_angle(probe, world, times, readout, phase, field)
    return found if world.is_plain else np.asarray(world.collected(times) ** 2 * found)


def _of_angle(
    probe: Probe, world: World, times: FloatArray, readout: str | Povm, phase: Phase, field: float
) -> FloatArray:
    """The classical gain about the collected angle."""
    n = probe.num_qubits
    world.check(n)
    closed = _closed(probe, world, times, readout) if phase == "mid" else None
    if closed is not None:
        return closed
    turned, angle = 0.0, phase
    if phase == "mid":
        angle = steepest_angle(probe, readout) if isinstance(readout, str) else np.pi / 2
        if probe.kind == "ghz" and readout != "z" and isinstance(readout, str):
            fast = reach(probe, world)
            angle = np.pi / (2 * fast) if fast else 0.0
        elif has_equal_weights(world, n):
            angle = angle / float(world.weights(n)[0])
        else:  # each spin where its own fringe is steep
            angle, turned = 0.0, angle
    pattern = fringes(probe, world, times, readout, field, turned)
    if phase == "best":
        return _best(pattern)[0]
    if isinstance(angle, str) or not np.isfinite(angle):
        raise ArgumentError(f'Argument `phase` must be a number (rad), "mid" or "best", but is {phase!r}.')
    most = float(np.abs(world.weights(n)).sum())
    check_angle(most * abs(float(angle)), "Argument `phase`: N·θ", "give θ modulo 2π")
    phases = np.full((len(times), 1), float(angle) * pattern.scale)
    return np.asarray(pattern.scale**2 * pattern.classical_gain(phases)[:, 0])


def best_phase(
    probe: Probe, noise: AnyNoise, times: Sequence[float] | FloatArray, readout: str | Povm, field: float = 0.0
) -> FloatArray:
    """Returns the phase of each time at which `classical_gain` is largest, shape (times,), in rad from 0 to 2π; to the
    period of the fringes where weights make it another one.

    Of several phases that are as good it is one. Arguments and errors as in `classical_gain`.

    >>> from qsense.noise import LocalNoise
    >>> phases = best_phase(Probe.ghz(2), LocalNoise(dephasing=0.25), [1.0], "parity")  # odd multiples of π/4
    >>> round(float(np.cos(2 * phases[0])), 6) + 0
    0.0
    """
    distinct, places = np.unique(times, return_inverse=True)
    pattern = fringes(probe, noise, as_times(distinct)[places], readout, field)
    found = _best(pattern)[1]
    return np.asarray(found % (2 * np.pi) if pattern.scale == 1 and is_common(pattern.orders) else found)


def integrated_classical_gain(
    probe: Probe, noise: AnyNoise, readout: str | Povm, phase: Phase = "mid", field: float = 0.0
) -> IntegratedGain:
    """Returns 𝓘_C = ∫₀^∞ of `classical_gain` in s; at most 𝓘.

    Source: arXiv:2512.21661v1, Eq. 60, for one repetition of an unbiased estimate.

    Raises:
        ArgumentError: as in `classical_gain`, or some part of the gain never decays.

    >>> from qsense.noise import LocalNoise
    >>> round(integrated_classical_gain(Probe.ghz(3), LocalNoise(emission=0.5), "parity").value, 9)
    6.0
    """
    world, n = world_of(noise), probe.num_qubits
    name = readout if isinstance(readout, str) else "POVM"
    if collects_nothing(world):
        return IntegratedGain(0.0, 0.0, "pulses that refocus the field")
    if phase == "mid" and _reaches(probe, world, readout):
        return integrated_gain(probe, world)
    quantum = engine_for(probe, world, field)
    slowest, fastest = decay_scales(probe, world, field)
    rates = world.decay_rates(n)
    if slowest == 0 and rates.any() and (world.noise.is_correlated or not world.noise.is_covariant):
        # What spins share leaves nothing, or the gain falls as 1/t² under transverse noise, once it has begun to.
        slowest = slowest_part(world, n)
    if not slowest > 0 or (carries_phase(world, n) and lasts(probe, quantum)):
        raise ArgumentError(f'Under the noise "{world.name}" some spin never decays: the integral may diverge.')
    tail = gain_tail(n, world)

    def beyond(start: float, _: float) -> float:
        return tail(start, float(quantum.of_angle(np.array([start]))[0])) if tail else np.inf

    result = integrate_signal(
        world,
        lambda times: _of_angle(probe, world, times, readout, phase, field),
        slowest,
        fastest,
        tail=beyond if tail else None,
        rtol=1e-8 if phase == "best" else 1e-11,
        is_cheap=False,
    )
    rounding = 1e-14 * float(np.abs(world.weights(n)).sum()) ** 2 / slowest
    if result.value < rounding:  # a readout at a phase where it is not sensitive
        return IntegratedGain(0.0, rounding, f"quadrature, {name}")
    return IntegratedGain(result.value, result.error, f"quadrature, {name}")


def _reaches(probe: Probe, world: World, readout: str | Povm) -> bool:
    """Whether a readout at mid-fringe reaches the quantum value."""
    if not isinstance(readout, str):
        return False
    if readout == "loss_flag":
        return shows_block(probe, world, readout)
    return readout == "local_x" and is_sum(probe, world.noise)


def _closed(probe: Probe, world: World, times: FloatArray, readout: str | Povm) -> FloatArray | None:
    """At mid-fringe, where there is a closed form."""
    if _reaches(probe, world, readout):
        return (block_gain if probe.kind == "ghz" else sum_gain)(probe, world, times)
    if not shows_block(probe, world, readout):
        return None
    visibility, _ = visibility_and_kept(probe, world, times)
    return np.asarray((reach(probe, world) * visibility) ** 2)


def _best(pattern: Fringes) -> tuple[FloatArray, FloatArray]:
    """The largest value over all phases and its phase, of each time, each of shape (times,)."""
    step = max(1, _SIZE // (max(1, len(_grid(pattern)) // 32) * sum(pattern.values.shape[1:])))
    parts = [pattern.part(start, start + step) for start in range(0, len(pattern.values), step)]
    values, phases = (np.concatenate(column) for column in zip(*map(_search, parts), strict=True))
    if pattern.slopes is not None:
        for time in range(len(values)):
            values[time], phases[time] = _best_beside_a_field(pattern.part(time, time + 1), phases[time])
    return values * pattern.scale**2, phases / pattern.scale


def _search(pattern: Fringes) -> tuple[FloatArray, FloatArray]:
    """The same in double precision: the peaks on a grid finer than the fastest fringe, each refined.

    Outcomes that are nearly impossible at some phase cut narrow dips into the sum, so that a peak may be many: all
    that could still be the highest are kept.
    """
    grid = _grid(pattern)
    phases, width, margin = np.broadcast_to(grid, (len(pattern.values), len(grid))), grid[1], 0.5
    gains = _at(pattern, phases)
    before, after = np.roll(gains, 1, 1), np.roll(gains, -1, 1)
    best, place = gains.max(1), grid[gains.argmax(1)]
    for most in _PEAKS:
        high = (gains >= before) & (gains >= after) & (gains >= best[:, None] * (1 - margin))
        count = min(most, int(high.sum(1).max()))
        highest = np.argsort(np.where(high, -gains, np.inf), axis=1, kind="stable")[:, :count]
        peaks = np.take_along_axis(phases, highest, 1)
        fine = peaks[:, :, None] + width * np.linspace(-1, 1, 17)
        phases = fine.reshape(len(peaks), -1)
        gains = _at(pattern, phases)
        padded = np.pad(gains.reshape(fine.shape), ((0, 0), (0, 0), (1, 1)), constant_values=-np.inf)
        before, after = (padded[:, :, cut].reshape(phases.shape) for cut in (slice(0, -2), slice(2, None)))
        top = gains.argmax(1)[:, None]
        value, own = (np.take_along_axis(array, top, 1)[:, 0] for array in (gains, phases))
        best, place = np.where(value > best, value, best), np.where(value > best, own, place)
        width, margin = width / 8, 0.05 if margin == 0.5 else margin / 8
    return best, place


def _grid(pattern: Fringes) -> FloatArray:
    """Phases of one period of all fringes, finer than the fastest; or as many of them as are affordable."""
    measure = 1.0 if is_common(pattern.orders) else _measure(pattern.orders)
    count = 32 * round(float(pattern.orders[-1]) / measure) + 33
    if count <= _GRID or measure == 1:
        return 2 * np.pi / measure * np.arange(count) / count
    return np.asarray(np.pi / 16 / float(pattern.orders[-1]) * np.arange(_GRID), dtype=np.float64)


def is_common(orders: FloatArray) -> bool:
    """Whether all orders are whole numbers.

    >>> is_common(np.array([0.0, 2.0]))
    True
    """
    return bool(np.all(orders == np.rint(orders)) and orders[-1] > 0)


def _measure(orders: FloatArray) -> float:
    """The largest number of which all orders are multiples, or one that is too small to matter."""
    found = float(orders[-1]) or 1.0
    for order in orders[orders > 0]:
        one, other = found, float(order)
        while other > _COMMON * max(float(orders[-1]), 1e-300):
            one, other = other, one % other
            other = min(other, one - other)
        found = one
    return found


def _best_beside_a_field(pattern: Fringes, known: float) -> tuple[float, float]:
    """The largest value of one time and its phase, of the best in double precision and of narrow peaks, which outcomes
    add that hardly ever happen."""
    assert pattern.slopes is not None
    places, widths = narrow_peaks(pattern.orders, pattern.values[0], pattern.slopes[0], _grid(pattern), pattern.fine)
    places, widths = np.append(places, known), np.append(widths, 0)
    low, high = pattern.bounds(places[None])
    top = int(low[0].argmax())
    value, phase, width = float(low[0, top]), float(places[top]), float(widths[top])
    for _ in range(3 if width else 0):
        around = phase + width * np.linspace(-1, 1, 9)
        gains = pattern.bounds(around[None]).low[0]
        if gains.max() > value:
            value, phase = float(gains.max()), float(around[gains.argmax()])
        width /= 4
    refuse_hidden(np.array(value), np.array(high.max()), pattern.angles)
    return value, phase


def _at(pattern: Fringes, phases: FloatArray) -> FloatArray:
    """What double precision is certain of, at phases of shape (times, phases)."""
    return pattern.classical_gain(phases) if pattern.slopes is None else pattern.bounds(phases, is_quick=True).low
