"""The run spec of what a plan advises: GHZ, or the advised probe, beside product spins, with what was foreseen of them.

A device prepares GHZ and product probes by few gates; a squeezed probe is run on the emulator only, where any state is
prepared: on a device the spec then has the GHZ probe, and says so in its description.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from qsense.errors import ArgumentError
from qsense.estimators.result import NORMAL_95
from qsense.planning.outcomes import COARSE, grid
from qsense.planning.question import Factors
from qsense.planning.rows import Row
from qsense.planning.run_cost import RunCost, circuits_of, cost_of, designed_times
from qsense.planning.site import Site

if TYPE_CHECKING:
    from qsense.planning.plan import SensingPlan

READOUT_SHOTS = 2000
MOST_OF_TOMOGRAPHY = 6
_SHOWN, _TURN = 24, 0.3  # planned times; rad by which a GHZ fringe turns at its best time
_ESTIMATORS = {"loss_flag": "ghz", "parity": "ghz", "local_x": "product", "moments": "moments"}


def spec_of(plan: SensingPlan, name: str) -> dict[str, Any]:
    """Returns the keys of a run spec, for TOML.

    Args:
        plan: whose advice is to be run.
        name: of the run.

    Raises:
        ArgumentError: not one repetition fits the budget, or no number of shots reaches the precision.
    """
    size, asked = plan.advice.num_qubits, plan.question
    rows = _rows(plan, size)
    site = plan.site(size)
    times = _times(plan, rows, site)
    costs = costs_of(plan, rows, times)
    estimators = [_estimator(row) | {"shots": cost.circuit_shots} for row, cost in zip(rows, costs, strict=True)]
    best = next((row for row in rows if row.kind == "ghz"), rows[0])
    spec: dict[str, Any] = {
        "schema": 1,
        "name": name,
        "description": _description(plan, rows),
        "probes": ["ghz" if row.kind == "ghz" else row.probe for row in rows],
        "num_qubits": [size],
        "noise": "calibration" if plan.backend is not None else _noise(plan),
        "estimators": estimators,
        "field_rad_per_s": float(f"{_TURN / (size * best.best_time_s):.6g}"),
        "shots": max(cost.circuit_shots for cost in costs),
        "backend": plan.backend or "emulator",
        "seed": 1,
    }
    if times is not None:
        spec["times_s"] = times
    if not asked.signal.is_default:
        spec["signal"] = asked.signal.to_dict()
    if not asked.pulses.is_free:
        spec["idle"] = asked.pulses.name
    if plan.backend is not None:
        spec["device"] = {"readout_shots": READOUT_SHOTS}
        if plan.qubits is not None:
            spec["device"]["qubits"] = plan.qubits if isinstance(plan.qubits, str) else list(plan.qubits)
    if plan.ratio is not None and plan.backend is not None:
        spec["gyromagnetic_ratio_hz_per_t"] = plan.ratio
    spec["plan"] = {
        "goal": asked.goal,
        "source": plan.source,
        "advice": plan.advice.sentence,
        "rows": [planned_row(row, site, plan) | _of_run(cost) for row, cost in zip(rows, costs, strict=True)],
    }
    return spec


def _rows(plan: SensingPlan, size: int) -> list[Row]:
    entangled = plan.advice.probe if plan.advice.probe != "product" else "ghz"
    if plan.backend is not None or plan.row(entangled, size).kind == "ghz":
        entangled = "ghz"
    return [plan.row(entangled, size), plan.row("product", size)]


def _description(plan: SensingPlan, rows: list[Row]) -> str:
    said = f"planned for the goal {plan.question.goal}"
    advised = plan.row(plan.advice.probe, plan.advice.num_qubits)
    if advised.kind == "squeezed" and all(row.kind != "squeezed" for row in rows):
        said += f"; the advised {advised.probe} needs a twisting that this device has not as a gate: GHZ stands for it"
    return said


def _estimator(row: Row) -> dict[str, Any]:
    if row.readout in ("loss_flag", "parity"):
        return {"estimator": "ghz", "readout": row.readout}
    if row.readout == "any":  # the spins of a product probe that share noise are no sum of spins
        small = row.num_qubits <= MOST_OF_TOMOGRAPHY
        return {"estimator": "tomography", "derivative": "commutator"} if small else {"estimator": "auto"}
    return {"estimator": _ESTIMATORS[row.readout]}


def _times(plan: SensingPlan, rows: list[Row], site: Site) -> list[float] | None:
    """The start and the best times of a phase; None, times that are designed, where a curve is asked for."""
    if not plan.question.is_about_phase:
        return None
    return sorted({0.0, *(float(f"{plan.rounded(row.best_time_s):.9g}") for row in rows)})


def costs_of(plan: SensingPlan, rows: list[Row], times: list[float] | None) -> list[RunCost]:
    """Returns what each probe of a spec costs and reaches in its run.

    Raises:
        ArgumentError: not one repetition fits, or no number of shots will do.
    """
    site = plan.site(rows[0].num_qubits)
    found = []
    for row in rows:
        _check_shots(row)
        until = next((one.leads_until_s for one in rows if one.kind == "ghz"), None)
        at = designed_times(row, site, until) if times is None else np.array(times)
        found.append(cost_of(row, site, plan.question, at, circuits_of(row, MOST_OF_TOMOGRAPHY)))
    return found


def _check_shots(row: Row) -> None:
    if not math.isfinite(row.shots):
        raise ArgumentError(
            f'No number of shots tells what is asked of "{row.probe}" with {row.num_qubits} spins to this precision; '
            "give --shots or --seconds, or another goal."
        )
    if row.shots < 1:
        raise ArgumentError(
            f'Not one repetition of "{row.probe}" ({row.best_time_s + row.overhead_s:.3g} s and the dead time) fits; '
            "give more --seconds."
        )


def _noise(plan: SensingPlan) -> Any:
    if isinstance(plan.noise, str):
        return plan.noise
    return plan.noise.to_dict()


def planned_row(row: Row, site: Site, plan: SensingPlan) -> dict[str, Any]:
    """Returns what is foreseen of a probe, as the table `plan.rows` of a spec has it."""
    n = row.num_qubits
    curve = site.curves[row.kind]
    inside = grid(site.span, COARSE)
    times = np.concatenate([[0.0], np.geomspace(inside[0] * 10, site.span[1] * 6, _SHOWN)])
    one, drawn = Factors.scaled([1.0], n), Factors.drawn(plan.question.uncertainty, n)
    at = np.maximum(times, inside[0] * 1e-6)
    collected = plan.question.collected(at) ** 2
    values, draws = curve.gain(at, one)[0] * collected, curve.gain(at, drawn) * collected
    kept = (values > 1e-9 * values[0]) & (draws > 0).all(axis=0)
    factor = np.exp(NORMAL_95 * np.std(np.log(np.where(draws > 0, draws, 1.0)), axis=0))
    found: dict[str, Any] = {
        "probe": row.probe,
        "num_qubits": n,
        "readout": row.readout,
        "times_s": _short(times[kept]),
        "gain": _short(values[kept]),
        "gain_low": _short((values / factor)[kept]),
        "gain_high": _short((values * factor)[kept]),
        "integrated_gain_s": row.integrated_gain_s,
        "integrated_gain_low_s": row.intervals["integrated_gain_s"].low,
        "integrated_gain_high_s": row.intervals["integrated_gain_s"].high,
        "best_time_s": row.best_time_s,
    }
    if row.shots >= 1 and math.isfinite(row.shots):
        found["phase_error"] = row.phase_error_rad * math.sqrt(row.shots)
    until = row.intervals.get("leads_until_s")
    if until is not None and math.isfinite(until.value):
        found |= {"leads_until_s": until.value, "leads_until_low_s": until.low}
        found |= {"leads_until_high_s": until.high} if math.isfinite(until.high) else {}
    return {key: float(f"{one:.7g}") if isinstance(one, float) else one for key, one in found.items()}


def _of_run(cost: RunCost) -> dict[str, Any]:
    return {
        "run_shots": cost.shots,
        "run_device_s": float(f"{cost.device_s:.7g}"),
        "run_frequency_error_rad_per_s": float(f"{cost.frequency_error_rad_per_s:.7g}"),
    }


def _short(values: Any) -> list[float]:
    return [float(f"{value:.7g}") for value in values]
