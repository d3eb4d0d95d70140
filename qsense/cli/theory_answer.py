"""What `qsense theory` says of one probe under one noise: the numbers that it prints."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qsense.cli.options import finite
from qsense.cli.sensitivity import sensitivity
from qsense.errors import ArgumentError

if TYPE_CHECKING:
    from qsense.noise import AnyNoise
    from qsense.probes import Probe

SEARCHED = 7  # a crossover or a rate takes hundreds of times, each a second for ten spins
_STEPS = 10  # between the default times


def default_times(ends: Sequence[float]) -> list[float]:
    """Returns times from 0 to beyond the last end, in steps of 1, 2, 2.5 or 5 times a power of ten.

    >>> default_times([0.83])
    [0.0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0]
    """
    end = max(ends)
    if end <= 0:
        return [0.0]
    power = 10.0 ** math.floor(math.log10(end / _STEPS))
    step = next(one * power for one in (1.0, 2.0, 2.5, 5.0, 10.0) if one * power * _STEPS >= end * (1 - 1e-9))
    return [float(f"{place * step:.12g}") for place in range(_STEPS + 1)]


@dataclass(frozen=True)
class Totals:
    """What holds of a probe for all times: 𝓘 and its bound, the crossover and the best rate.

    Attributes:
        integral, bound: 𝓘 in s, and what no probe exceeds.
        until: the end of its window in s; None for all times.
        is_searched: whether crossover and rate were searched; not for large matrices or blocks.
        crossover: until when GHZ leads product, in s; None if they never cross.
        rate: the best; None where something never decays.
        start: G(0).
        least_rate: the lowest positive rate of decay of a spin in 1/s; None if there is none.
    """

    integral: Any
    bound: Any
    until: float | None
    is_searched: bool
    crossover: float | None
    rate: Any
    start: float
    least_rate: float | None

    @property
    def end(self) -> float:
        """The end of the default times in s: the window's; or three decay times, 3𝓘/G(0), and beyond the crossover."""
        if self.until is not None:
            return self.until
        from qsense.theory.leads import shown_until

        decays = [self.integral.value / self.start] if self.start > 0 else []
        return shown_until(decays, self.crossover, self.least_rate)


def totals_of(probe: Probe, noise: AnyNoise, until: float | None, field: float, dead_time: float) -> Totals:
    """Returns what holds of a probe under a noise for all times.

    Args:
        probe, noise: whose, and what it suffers.
        until: end of the integral's window in s.
        field: φ in rad/s.
        dead_time: of each repetition in s, for the rate.
    """
    import numpy as np

    from qsense import theory as exact
    from qsense.noise import world_of
    from qsense.theory.bounds import integrated_gain_bound
    from qsense.theory.engines import QUICK, engine_for
    from qsense.theory.rate import check_dead_time, operational_rate

    check_dead_time(dead_time)
    n, world = probe.num_qubits, world_of(noise)
    world.check(n)
    rates = world.decay_rates(n)
    quick = n <= SEARCHED or engine_for(probe, noise, field).method in QUICK
    try:
        rate = operational_rate(probe, noise, dead_time, field) if quick else None
    except ArgumentError:  # where something never decays a longer time is always better
        rate = None
    return Totals(
        exact.integrated_gain(probe, noise, until, field),
        integrated_gain_bound(n, noise),
        until,
        quick,
        exact.crossover(n, noise, field) if quick else None,
        rate,
        float(exact.gain(probe, noise, np.zeros(1), field)[0]),
        float(rates[rates > 0].min()) if rates.any() else None,
    )


def answer_of(
    probe: Probe,
    noise: AnyNoise,
    totals: Totals,
    times: list[float],
    field: float,
    dead_time: float,
    ratio: float | None,
) -> dict[str, Any]:
    """Returns the answer about a probe under a noise, for JSON.

    Args:
        probe, noise: whose, and what it suffers.
        totals: of both.
        times: in s.
        field: φ in rad/s.
        dead_time: of each repetition in s.
        ratio: gyromagnetic, in Hz/T; None where it is not known.
    """
    from qsense import theory as exact
    from qsense.noise import world_of
    from qsense.numerics.integration import as_times
    from qsense.theory.blind import senses_nothing
    from qsense.theory.bounds import gain_bound
    from qsense.theory.lindblad import carries_phase

    n, world, at, rate = probe.num_qubits, world_of(noise), as_times(times), totals.rate
    return {
        "probe": probe.name,
        "num_qubits": n,
        "noise": world.noise.to_dict(),
        "signal": world.signal.to_dict(),
        "idle": world.pulses.name,
        "times_s": at.tolist(),
        "gain": exact.gain(probe, noise, at, field).tolist(),
        "gain_resolution": exact.resolution(probe, noise, field),
        "integrated_gain_s": finite(totals.integral.value),
        "integrated_gain_error_s": finite(totals.integral.error),
        "integrated_gain_until_s": totals.until,
        "gain_bound": [finite(one) for one in gain_bound(n, noise, at).tolist()],
        "integrated_gain_bound_s": finite(totals.bound.value),
        "crossover_s": totals.crossover,
        "searched": totals.is_searched,
        "rate_s": rate.value if rate else None,
        "rate_time_s": rate.time if rate else None,
        "dead_time_s": dead_time,
        **sensitivity(probe, noise, ratio, rate, dead_time),
        "method": totals.integral.method,
        "commutes_with_field": carries_phase(world, n) and senses_nothing(probe, world),
    }


def readout_answer(
    probe: Probe, noise: AnyNoise, readout: str, phase: str, times: list[float], field: float
) -> dict[str, Any]:
    """Returns what a readout reaches, further keys of the answer; `phase` is "mid", "best" or an angle in rad."""
    import numpy as np

    from qsense.theory.measurement import classical_gain, integrated_classical_gain

    where = phase_of(phase)
    integral = integrated_classical_gain(probe, noise, readout, where, field)
    blind = None
    if integral.value == 0:
        best = classical_gain(probe, noise, np.array(times), readout, "best", field)
        blind = "every phase" if np.all(best < 1e-9 * probe.num_qubits**2) else "this phase"
    return {
        "readout": readout,
        "phase": phase,
        "classical_gain": classical_gain(probe, noise, np.array(times), readout, where, field).tolist(),
        "classical_integrated_gain_s": finite(integral.value),
        "blind_at": blind,
    }


def phase_of(phase: str) -> str | float:
    """Returns "mid", "best" or an angle in rad, as `--phase` says it."""
    if phase in ("mid", "best"):
        return phase
    try:
        return float(phase)
    except ValueError as error:
        raise ArgumentError(f'Option --phase must be mid, best or an angle in rad, but is "{phase}".') from error
