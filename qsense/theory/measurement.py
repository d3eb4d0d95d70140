"""What a readout can give: the classical gain of a measurement, at one phase or at the best, and its integral 𝓘_C."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qsense.errors import ArgumentError
from qsense.noise import Noise, environment_of
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
_ROUNDS, _PEAKS = 6, 16  # of the search for the best phase: each round narrows a peak eight times
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
        return np.array([_best(pattern.part(index))[0] for index in range(len(times))])
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
    return np.array([_best(pattern.part(index))[1] for index in range(len(places))]) % (2 * np.pi)


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
    if slowest == 0 and not environment_of(noise).is_covariant:  # the gain falls as 1/t², once it has begun to
        slowest = float(environment_of(noise).decay_rates(probe.num_qubits).min())
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
    environment = environment_of(noise)
    return environment.is_covariant and not environment.is_coupled and not environment.collective_dephasing


def _closed(probe: Probe, noise: Noise, times: FloatArray, readout: str | Povm) -> FloatArray | None:
    """At mid-fringe, where there is a closed form."""
    if not isinstance(readout, str) or not _is_local(noise):
        return None
    local, n = environment_of(noise).local, probe.num_qubits
    if probe.kind == "ghz" and readout == "loss_flag":
        return ghz_gain(n, local, times)
    if probe.kind == "ghz" and readout in OF_PARITY:
        return ghz_parity_gain(n, local, times)
    if probe.kind == "product" and readout == "local_x":
        return product_gain(n, local, times, probe.tilt)
    return None


def _best(pattern: Fringes) -> tuple[float, float]:
    """The largest value over all phases of one time, and its phase: the peaks on a grid finer than the fastest fringe,
    each refined.

    Outcomes that are nearly impossible at some phase cut narrow dips into the sum, so that a peak may be many: all
    that could still be the highest are kept. Where noise does not commute with the field they also add narrow peaks.
    """
    count = 32 * int(pattern.orders[-1]) + 33
    phases, width = 2 * np.pi * np.arange(count) / count, 2 * np.pi / count
    gains = _at(pattern, phases)
    peaks = phases[(gains >= np.roll(gains, 1)) & (gains >= np.roll(gains, -1))]
    best, margin = _larger((-np.inf, 0.0), gains, phases), 0.05
    for _ in range(_ROUNDS):
        fine = (peaks[:, None] + width * np.linspace(-1, 1, 17)).ravel()
        gains = _at(pattern, fine).reshape(-1, 17)
        best = _larger(best, gains, fine)
        padded = np.pad(gains, ((0, 0), (1, 1)), constant_values=-np.inf)
        high = (gains >= padded[:, :-2]) & (gains >= padded[:, 2:]) & (gains >= best[0] * (1 - margin))
        highest = np.argsort(-gains[high], kind="stable")[:_PEAKS]
        peaks, width, margin = fine[high.ravel()][highest], width / 8, margin / 8
    return best if pattern.slopes is None else _best_beside_a_field(pattern, best, phases)


def _best_beside_a_field(pattern: Fringes, best: tuple[float, float], grid: FloatArray) -> tuple[float, float]:
    """The largest value and its phase, of what was found in double precision and of narrow peaks."""
    assert pattern.slopes is not None
    places, widths = narrow_peaks(pattern.orders, pattern.values[0], pattern.slopes[0], grid, pattern.fine)
    low, high = pattern.bounds(np.append(places, best[1])[None])
    hidden, top = float(high.max()), int(low[0].argmax())
    best = float(low[0, top]), float(np.append(places, best[1])[top])
    width = float(np.append(widths, 0)[top])
    for _ in range(_ROUNDS // 2 if width else 0):
        around = best[1] + width * np.linspace(-1, 1, 9)
        best, width = _larger(best, pattern.bounds(around[None]).low, around), width / 4
    refuse_hidden(np.array(best[0]), np.array(hidden), pattern.angles)
    return best


def _at(pattern: Fringes, phases: FloatArray) -> FloatArray:
    """What is certain at phases of shape (phases,), of the pattern of one time."""
    if pattern.slopes is None:
        return np.asarray(pattern.classical_gain(phases[None])[0])
    return np.asarray(pattern.bounds(phases[None], is_quick=True).low[0])


def _larger(best: tuple[float, float], gains: FloatArray, phases: FloatArray) -> tuple[float, float]:
    top = int(gains.argmax())
    own = float(gains.ravel()[top]), float(phases[top])
    return own if own[0] > best[0] else best
