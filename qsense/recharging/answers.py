"""The answers of `qsense recharge`, as plain numbers for JSON, tables and figures: each has its verdict."""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

import numpy as np

from qsense.errors import ArgumentError
from qsense.files.units import readable_time, time_unit
from qsense.noise import LocalNoise
from qsense.probes import Probe
from qsense.recharging import cancelling
from qsense.recharging.correcting import code_rate, longest_interval
from qsense.recharging.energy import as_inverse_energy, quantum_of_energy
from qsense.recharging.inverse import choi_eigenvalues, reversed_channel, sampling_cost
from qsense.recharging.pumping import pumping
from qsense.recharging.resetting import best_random_rate, periodic_rate, unseen_information
from qsense.theory import gain, integrated_gain, operational_rate

_FAR = 1e9  # times the best window: dead time beside which Q itself is what is largest


def pumping_answer(
    probe: Probe,
    noise: LocalNoise,
    rates: Sequence[float],
    branching: float,
    dead_time: float,
    transition: float | None,
) -> dict[str, Any]:
    """Returns 𝓘, rate and energy at every pumping rate, and what γ → −γ itself would be.

    Args:
        probe, noise, rates, branching, dead_time: as `pumping` takes them; the rates in increasing order.
        transition: ω/2π in Hz for energies in J; None for quanta alone.

    Raises:
        ArgumentError: a number is out of range, the rates do not increase, or the probe senses nothing.

    >>> pumping_answer(Probe.ghz(2), LocalNoise(dephasing=0.1), [0, 0.1], 1.0, 0.0, None)["verdict"]
    'Pumping costs gain: 𝓘 = 5 s without it, 4.3463 s (86.9%) at 0.1 1/s.'
    """
    if any(late <= early for early, late in itertools.pairwise(rates)):
        raise ArgumentError("Argument `pump` must be increasing rates, such as 0,0.1,0.2.")
    _check_senses(probe, noise)
    quantum = None if transition is None else quantum_of_energy(transition)
    none, *_ = pumping(probe, noise, [0.0], branching, dead_time)
    rows: list[dict[str, Any]] = []
    for one in pumping(probe, noise, rates, branching, dead_time):
        energy = None if quantum is None else one.quanta * quantum
        rows.append({
            "pump_per_s": one.rate,
            "integrated_gain_s": one.integrated_gain,
            "of_unpumped": one.integrated_gain / none.integrated_gain,
            "rate_s": one.best.value,
            "rate_time_s": one.best.time,
            "quanta_per_window": one.quanta,
            "energy_per_window_j": energy,
            "integrated_gain_per_quantum_s": one.integrated_gain / one.quanta if one.quanta else None,
            "integrated_gain_over_hbar_per_j": as_inverse_energy(one.integrated_gain),
        })  # fmt: skip
    last = rows[-1]
    size, unit = time_unit(none.integrated_gain)
    without, pumped = (f"{one / size:.6g} {unit}" for one in (none.integrated_gain, last["integrated_gain_s"]))
    verdict = (
        f"Pumping costs gain: 𝓘 = {without} without it, {pumped} "
        f"({last['of_unpumped']:.1%}) at {last['pump_per_s']:g} 1/s."
    )
    return {
        "verdict": verdict,
        **_asked(probe, noise),
        "branching": branching,
        "quantum_j": quantum,
        "dead_time_s": dead_time,
        "rows": rows,
        "reversed": _reversed(probe.num_qubits, noise, none.best.time),
    }


def _reversed(num_qubits: int, noise: LocalNoise, time: float) -> dict[str, Any]:
    """What the noise with γ → −γ would do to a GHZ state, by the paper's formula, and why it is no process."""
    back = reversed_channel(noise.channel(np.array([time]), num_qubits))
    coherence, up, down = (field[0] for field in back)
    populations = float(np.prod(up) + np.prod(1 - up) + np.prod(down) + np.prod(1 - down)) / 2
    gain_then = num_qubits**2 * float(np.prod(coherence)) ** 2 / populations
    return {
        "time_s": time,
        "least_choi_eigenvalue": float(choi_eigenvalues(back).min()),
        "formula_gain_of_ghz": gain_then if populations > 0 else None,
        "most_possible_gain": num_qubits**2,
    }


def reset_answer(
    probe: Probe, noise: LocalNoise, dead_time: float, periods: Sequence[float], transition: float | None
) -> dict[str, Any]:
    """Returns information per time of periodic, random and unseen resets, and per quantum that they spend.

    Args:
        probe, noise, dead_time: as `operational_rate` takes them.
        periods: further periods to tell, in s, increasing.
        transition: ω/2π in Hz for energies in J; None for quanta alone.

    >>> reset_answer(Probe.ghz(2), LocalNoise(dephasing=0.1), 0.0, [], None)["verdict"]
    'Best: reset every 1.25 s, 1.84 s; at random 80.5%, unseen 26.1% of it.'
    """
    _check_senses(probe, noise)
    best = operational_rate(probe, noise, dead_time)
    thrifty = operational_rate(probe, noise, _FAR * best.time).time
    random, rate = best_random_rate(probe, noise, dead_time)
    quanta = probe.num_qubits / 2  # a spin that has relaxed to down is lifted half-way, by a pulse of a quarter turn
    rows: list[dict[str, Any]] = []

    def add(way: str, period: float, information: float, each: float) -> None:
        rows.append({
            "way": way, "period_s": period, "rate_s": information, "of_best": information / best.value,
            "quanta_per_s": quanta / each, "information_per_quantum_s2": information * each / quanta,
        })  # fmt: skip

    add("every τ, best", best.time, best.value, best.time + dead_time)
    add("most per quantum", thrifty, _every(probe, noise, thrifty, dead_time), thrifty + dead_time)
    for period in periods:
        add("every τ", float(period), _every(probe, noise, period, dead_time), period + dead_time)
    add("at random, best", 1 / rate, random, 1 / rate + dead_time)
    unseen = None
    if probe.num_qubits <= 6:
        window = best.time
        unseen = float(unseen_information(probe, noise, rate, np.array([window]))[0]) / (window + dead_time)
        resets = (1 + rate * window) / (window + dead_time)
        add("unseen, as often", 1 / rate, unseen, 1 / resets)
    verdict = f"Best: reset every {readable_time(best.time)}, {readable_time(best.value)}"
    verdict += f"; at random {random / best.value:.1%}"
    verdict += " of it." if unseen is None else f", unseen {unseen / best.value:.1%} of it."
    answer = {"verdict": verdict, **_asked(probe, noise), "dead_time_s": dead_time, "rows": rows}
    if transition is not None:
        answer["quantum_j"] = quantum_of_energy(transition)
    return answer


def _every(probe: Probe, noise: LocalNoise, period: float, dead_time: float) -> float:
    return float(periodic_rate(probe, noise, np.array([period]), dead_time)[0])


def cancel_answer(probe: Probe, noise: LocalNoise, time: float, shots: int, seed: int, backend: str) -> dict[str, Any]:
    """Returns slope, bias and gain per executed shot without cancellation and with it, measured and exact.

    Args:
        probe, noise, time, shots, seed, backend: as `cancelling.measure` takes them.

    >>> found = cancel_answer(Probe.ghz(2), LocalNoise(dephasing=0.1), 1.0, 4000, 1, "emulator")
    >>> found["rows"][1]["gain"] < found["gain_bound"] + 4 * found["rows"][1]["gain_error"]
    True
    """
    plain, cancelled = cancelling.measure(probe, noise, time, shots, seed, backend)
    channel = noise.channel(np.array([time]), probe.num_qubits)
    exact = (cancelling.plain_gain(probe, noise, time), cancelling.cancelled_gain(probe, noise, time))
    rows = [
        {"way": way, **asdict(one), "gain_exact": float(value)}
        for way, one, value in zip(("as it is", "cancelled"), (plain, cancelled), exact, strict=True)
    ]
    error = cancelled.slope_error / abs(cancelling.true_slope(probe))
    verdict = (
        f"Bias {plain.bias:.1%} becomes {round(cancelled.bias, 3) + 0.0:.1%} ± {error:.1%}; gain a shot "
        f"{plain.gain:.2f} ± {plain.gain_error:.2f} becomes {cancelled.gain:.2f} ± {cancelled.gain_error:.2f}."
    )
    return {
        "verdict": verdict,
        **_asked(probe, noise),
        "time_s": time,
        "backend": backend,
        "shots_per_phase": shots,
        "seed": seed,
        "cost_per_spin": sampling_cost(channel)[0].tolist(),
        "cost": float(np.prod(sampling_cost(channel))),
        "gain_bound": float(gain(probe, noise, [time])[0]),
        "rows": rows,
    }


def code_answer(
    num_qubits: int,
    noise: LocalNoise,
    intervals: Sequence[float],
    field: float | None,
    dead_time: float,
    check_time: float,
) -> dict[str, Any]:
    """Returns the rates of a repetition code at every interval between checks, beside probes that are left alone.

    Args:
        num_qubits, noise, dead_time, check_time: as `code_rate` takes them.
        intervals: in s.
        field: φ in rad/s; None for a tenth of the largest rate of σ_x.

    >>> code_answer(3, LocalNoise(dephasing=0.1), [0.1], 0.0, 0.0, 0.0)["verdict"]
    'Correcting flips does not pay here, however often the checks are.'
    """
    phi = 0.1 * max(noise.transverse) if field is None else field
    rows: list[dict[str, Any]] = []
    ways: list[tuple[str, float, Probe, float]] = [
        ("product", math.inf, Probe.product(num_qubits), 0.0),
        ("GHZ alone", math.inf, Probe.ghz(num_qubits), 0.0),
        *(("GHZ corrected", float(one), Probe.ghz(num_qubits), check_time) for one in intervals),
    ]
    for way, interval, probe, each in ways:
        found = code_rate(num_qubits, noise, interval, dead_time, phi, each, probe)
        rows.append({
            "way": way, "interval_s": interval if math.isfinite(interval) else None,
            "rate_s": found.value, "rate_time_s": found.time,
        })  # fmt: skip
    alone = max(rows[0]["rate_s"], rows[1]["rate_s"])
    longest = longest_interval(num_qubits, noise, dead_time, phi, check_time)
    if longest is None:
        verdict = "Correcting flips does not pay here, however often the checks are."
    else:
        seconds, unit = time_unit(longest)
        verdict = f"Correcting flips pays if checks are at most {longest / seconds:.3g} {unit} apart."
    return {
        "verdict": verdict,
        "num_qubits": num_qubits,
        "noise": noise.to_dict(),
        "field_rad_per_s": phi,
        "dead_time_s": dead_time,
        "check_time_s": check_time,
        "longest_interval_s": longest,
        "rows": [{**row, "of_best_alone": row["rate_s"] / alone} for row in rows],
    }


def _check_senses(probe: Probe, noise: LocalNoise) -> None:
    if not integrated_gain(probe, noise).value > 0:
        raise ArgumentError(
            f'The probe "{probe.name}" senses nothing, so that there is nothing to recharge; give another.'
        )


def _asked(probe: Probe, noise: LocalNoise) -> dict[str, Any]:
    return {"probe": probe.name, "num_qubits": probe.num_qubits, "noise": noise.to_dict()}
