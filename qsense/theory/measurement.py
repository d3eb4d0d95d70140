"""What a readout can give: the classical gain of a measurement, at one phase or at the best, and its integral 𝓘_C."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qsense.errors import ArgumentError
from qsense.noise import Noise, noise_model_of
from qsense.numerics.angles import check_angle
from qsense.numerics.fisher import FloatArray
from qsense.numerics.integration import as_times, integrate
from qsense.probes import Probe, steepest_angle
from qsense.theory.bounds import gain_tail
from qsense.theory.closed import ghz_gain, ghz_parity_gain, product_gain
from qsense.theory.engines import decay_scales, engine_for
from qsense.theory.fringes import OF_PARITY, Fringes, Povm, fringes, refuse_hidden
from qsense.theory.gains import IntegratedGain, integrated_gain
from qsense.theory.rare import narrow_peaks

Phase = float | str
# Of the search for the best phase: so many peaks are kept in each round, which narrows them eight times. Peaks that are
# still close to the highest after some rounds are as high by symmetry.
_PEAKS = (32, 16, 8, 4, 2, 2)
_SIZE = 100_000  # numbers of a part, times phases
_REACHING = (("ghz", "loss_flag"), ("product", "local_x"))  # the quantum value, at mid-fringe


def classical_gain(
    probe: Probe,
    noise: Noise,
    times: Sequence[float] | FloatArray,
    readout: str | Povm,
    phase: Phase = "mid",
    field: float = 0.0,
) -> FloatArray:
    """Returns the classical Fisher information about θ of a readout, shape (times,), 1; at most G.

    Args:
        probe: the state that is prepared.
        noise: any SpinNoise, or an Environment.
        times: shape (times,), in s, not negative, in any order.
        readout: "local_x" (joint outcome of all spins), "total_jx" (how many are up along x), "parity" (whether that is
            even), "loss_flag" (GHZ: its fringe, and whether an excitation was lost), "z" (joint outcome along z), or
            the matrices of a POVM, each (2^N, 2^N).
        phase: the angle in rad from where the probe was prepared to where it is measured; "mid" is the steepest point
            of the fringe, `probes.steepest_angle` (π/2N of GHZ, π/2 of local_x and total_jx of a product probe);
            "best" the best phase of each time.
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
    times = as_times(distinct)[places]
    closed = _closed(probe, noise, times, readout) if phase == "mid" else None
    if closed is not None:
        return closed
    pattern = fringes(probe, noise, times, readout, field)
    if phase == "best":
        return _best(pattern)[0]
    angle = phase
    if phase == "mid":
        angle = steepest_angle(probe, readout) if isinstance(readout, str) else np.pi / 2
    if isinstance(angle, str) or not np.isfinite(angle):
        raise ArgumentError(f'Argument `phase` must be a number (rad), "mid" or "best", but is {phase!r}.')
    check_angle(probe.num_qubits * abs(float(angle)), "Argument `phase`: N·θ", "give θ modulo 2π")
    return pattern.classical_gain(np.full((len(times), 1), float(angle)))[:, 0]


def best_phase(
    probe: Probe, noise: Noise, times: Sequence[float] | FloatArray, readout: str | Povm, field: float = 0.0
) -> FloatArray:
    """Returns the phase of each time at which `classical_gain` is largest, shape (times,), in rad from 0 to 2π.

    Of several phases that are as good it is one. Arguments and errors as in `classical_gain`.

    >>> from qsense.noise import LocalNoise
    >>> phases = best_phase(Probe.ghz(2), LocalNoise(dephasing=0.25), [1.0], "parity")  # odd multiples of π/4
    >>> round(float(np.cos(2 * phases[0])), 6) + 0
    0.0
    """
    distinct, places = np.unique(times, return_inverse=True)
    pattern = fringes(probe, noise, as_times(distinct)[places], readout, field)
    return np.asarray(_best(pattern)[1] % (2 * np.pi))


def integrated_classical_gain(
    probe: Probe, noise: Noise, readout: str | Povm, phase: Phase = "mid", field: float = 0.0
) -> IntegratedGain:
    """Returns 𝓘_C = ∫₀^∞ of `classical_gain` in s; at most 𝓘.

    Source: arXiv:2512.21661v1, Eq. 60, for one repetition of an unbiased estimate.

    Raises:
        ArgumentError: as in `classical_gain`, or some part of the gain never decays.

    >>> from qsense.noise import LocalNoise
    >>> round(integrated_classical_gain(Probe.ghz(3), LocalNoise(emission=0.5), "parity").value, 9)
    6.0
    """
    if phase == "mid" and isinstance(readout, str) and (probe.kind, readout) in _REACHING and _is_local(noise):
        return integrated_gain(probe, noise)
    slowest, fastest = decay_scales(probe, noise, field)
    if slowest == 0 and not noise_model_of(noise).is_covariant:  # the gain falls as 1/t², once it has begun to
        slowest = float(noise_model_of(noise).decay_rates(probe.num_qubits).min())
    if not slowest > 0:
        raise ArgumentError(f'Under the noise "{noise.name}" some spin never decays: the integral may diverge.')
    quantum, tail = engine_for(probe, noise, field), gain_tail(probe.num_qubits, noise)

    def beyond(start: float, _: float) -> float:
        return tail(start, float(quantum.gain(np.array([start]))[0])) if tail else np.inf

    result = integrate(
        lambda times: classical_gain(probe, noise, times, readout, phase, field),
        slowest,
        fastest,
        tail=beyond if tail else None,
        rtol=1e-8 if phase == "best" else 1e-11,
    )
    name = readout if isinstance(readout, str) else "POVM"
    rounding = 1e-14 * probe.num_qubits**2 / slowest
    if result.value < rounding:  # a readout at a phase where it is not sensitive
        return IntegratedGain(0.0, rounding, f"quadrature, {name}")
    return IntegratedGain(result.value, result.error, f"quadrature, {name}")


def _is_local(noise: Noise) -> bool:
    environment = noise_model_of(noise)
    return environment.is_covariant and not environment.is_coupled and not environment.collective_dephasing


def _closed(probe: Probe, noise: Noise, times: FloatArray, readout: str | Povm) -> FloatArray | None:
    """At mid-fringe, where there is a closed form."""
    if not isinstance(readout, str) or not _is_local(noise):
        return None
    local, n = noise_model_of(noise).local, probe.num_qubits
    if probe.kind == "ghz" and readout == "loss_flag":
        return ghz_gain(n, local, times)
    if probe.kind == "ghz" and readout in OF_PARITY:
        return ghz_parity_gain(n, local, times)
    if probe.kind == "product" and readout == "local_x":
        return product_gain(n, local, times, probe.tilt)
    return None


def _best(pattern: Fringes) -> tuple[FloatArray, FloatArray]:
    """The largest value over all phases and its phase, of each time, each of shape (times,)."""
    step = max(1, _SIZE // (int(pattern.orders[-1] + 1) * sum(pattern.values.shape[1:])))
    parts = [pattern.part(start, start + step) for start in range(0, len(pattern.values), step)]
    values, phases = (np.concatenate(column) for column in zip(*map(_search, parts), strict=True))
    if pattern.slopes is not None:
        for time in range(len(values)):
            values[time], phases[time] = _best_beside_a_field(pattern.part(time, time + 1), phases[time])
    return values, phases


def _search(pattern: Fringes) -> tuple[FloatArray, FloatArray]:
    """The same in double precision: the peaks on a grid finer than the fastest fringe, each refined.

    Outcomes that are nearly impossible at some phase cut narrow dips into the sum, so that a peak may be many: all
    that could still be the highest are kept.
    """
    grid = _grid(pattern)
    phases, width, margin = np.broadcast_to(grid, (len(pattern.values), len(grid))), 2 * np.pi / len(grid), 0.5
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
    count = 32 * int(pattern.orders[-1]) + 33
    return 2 * np.pi * np.arange(count) / count


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
