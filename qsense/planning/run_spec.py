"""The run spec of what a plan advises: GHZ, or the advised probe, beside product spins, with what was foreseen of them.

A device prepares GHZ and product probes by few gates; a squeezed probe is run on the emulator only, where any state is
prepared: on a device the spec then has the GHZ probe, and says so in its description.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from qsense.errors import ArgumentError
from qsense.estimators.readout.calibration import patterns
from qsense.planning.outcomes import COARSE, grid, quantiles
from qsense.planning.question import Factors, Question
from qsense.planning.row import Row
from qsense.planning.scatter import MOST_OF_TOMOGRAPHY, scatter
from qsense.planning.site import Site

if TYPE_CHECKING:
    from qsense.planning.plan import SensingPlan

READOUT_SHOTS = 2000
MOST_SHOTS = 10**9  # of a circuit
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
    for row in rows:
        _check_shots(row, asked)
    estimators = [_estimator(row) | {"shots": int(row.cost.circuit_shots)} for row in rows]
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
        "shots": max(one["shots"] for one in estimators),
        "backend": plan.backend or "emulator",
        "seed": 1,
    }
    if asked.is_about_phase:
        names = zip(spec["probes"], rows, strict=True)
        spec["times_s"] = {name: [float(f"{plan.rounded(row.best_time_s):.9g}")] for name, row in names}
    if not asked.signal.is_default:
        spec["signal"] = asked.signal.to_dict()
    if not asked.pulses.is_free:
        spec["idle"] = asked.pulses.name
    if plan.backend is not None:
        spec["device"] = {} if asked.is_about_phase else {"readout_shots": READOUT_SHOTS}  # φ needs none
        if plan.qubits is not None:
            spec["device"]["qubits"] = plan.qubits if isinstance(plan.qubits, str) else list(plan.qubits)
    if plan.ratio is not None and plan.backend is not None:
        spec["gyromagnetic_ratio_hz_per_t"] = plan.ratio
    spec["plan"] = {
        "goal": asked.goal,
        "source": plan.source,
        "advice": plan.advice.sentence,
        **({"assumed": list(plan.assumed)} if plan.assumed else {}),
        "rows": [planned_row(row, site, plan) for row in rows],
    }
    if spec.get("device", {}).get("readout_shots"):
        shots = READOUT_SHOTS * len(patterns(size))
        dead = min(row.cost.dead for row in rows)
        spec["plan"] |= {"calibration_shots": shots, "calibration_device_s": float(f"{shots * dead:.7g}")}
    return spec


def _rows(plan: SensingPlan, size: int) -> list[Row]:
    entangled = plan.advice.probe if plan.advice.probe != "product" else "ghz"
    if plan.backend is not None or plan.row(entangled, size).kind in ("ghz", "optimal"):
        entangled = "ghz"
    return [plan.row(entangled, size), plan.row("product", size)]


def _description(plan: SensingPlan, rows: list[Row]) -> str:
    said = f"planned for the goal {plan.question.goal}"
    advised = plan.row(plan.advice.probe, plan.advice.num_qubits)
    if advised.kind == "squeezed" and all(row.kind != "squeezed" for row in rows):
        said += f"; the advised {advised.probe} needs a twisting that this device has not as a gate: GHZ stands for it"
    if advised.kind == "optimal":
        said += "; the advised best symmetric probe is written by qsense optimal --out: GHZ stands for it"
    return said


def _estimator(row: Row) -> dict[str, Any]:
    if row.readout in ("loss_flag", "parity"):
        return {"estimator": "ghz", "readout": row.readout}
    only = {"probes": [row.probe]}  # of estimators that would go with both probes
    if row.readout == "any":  # the spins of a product probe that share noise are no sum of spins
        small = row.num_qubits <= MOST_OF_TOMOGRAPHY
        found = {"estimator": "tomography", "derivative": "commutator"} if small else {"estimator": "auto"}
        return found | only
    return {"estimator": _ESTIMATORS[row.readout]} | (only if row.readout == "moments" else {})


def _check_shots(row: Row, question: Question) -> None:
    if not math.isfinite(row.shots):
        known = math.isfinite(row.cost.floor)
        floor = f": its times leave ±{100 * row.cost.floor:.2g} %" if known else ""
        raise ArgumentError(
            f'No number of shots tells what is asked of "{row.probe}" with {row.num_qubits} spins to this precision'
            f"{floor}; give --shots or --seconds, or another precision or goal."
        )
    each, least = row.cost.circuit_shots, row.cost.least
    name = f'"{row.probe}" with {row.num_qubits} spins'
    if each < 1:
        raise ArgumentError(
            f"Not one repetition of each of {row.cost.circuits} circuits of {name} fits ({row.cost.round_s:.3g} s); "
            f"give more {_budget(question)}."
        )
    if each < least:
        raise ArgumentError(
            f"Only {each:.0f} shots of each circuit of {name} fit, of which its estimator needs {least}; give more "
            f"{_budget(question)}."
        )
    if each > MOST_SHOTS:
        raise ArgumentError(
            f"A run counts at most {MOST_SHOTS} shots of a circuit, but {name} would have {each:.3g}; give fewer "
            f"{_budget(question)}."
        )


def _budget(question: Question) -> str:
    return "--shots" if question.shots is not None else "--seconds"


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
    low, high = quantiles(np.where(kept, draws, 1.0) / np.where(kept, draws[0], 1.0))
    found: dict[str, Any] = {
        "probe": row.probe,
        "num_qubits": n,
        "readout": row.readout,
        "times_s": _short(times[kept]),
        "gain": _short(values[kept]),
        "gain_low": _short((values * np.minimum(low, 1))[kept]),
        "gain_high": _short((values * np.maximum(high, 1))[kept]),
        "circuit_variance": _short(scatter(curve, at, one, plan.question).first[0][kept]),
        "integrated_gain_s": row.integrated_gain_s,
        "integrated_gain_low_s": row.intervals["integrated_gain_s"].low,
        "integrated_gain_high_s": row.intervals["integrated_gain_s"].high,
        "best_time_s": row.best_time_s,
        "dead_time_s": row.cost.dead,
    }
    if row.shots >= 1 and math.isfinite(row.shots):
        found |= {
            "phase_error": row.phase_error_rad * math.sqrt(row.shots),
            "run_shots": int(row.shots),
            "run_device_s": row.device_s,
            "run_frequency_error_rad_per_s": row.run_frequency_error_rad_per_s,
        }
    until = row.intervals.get("leads_until_s")
    if until is not None and math.isfinite(until.value):
        found |= {"leads_until_s": until.value, "leads_until_low_s": until.low}
        found |= {"leads_until_high_s": until.high} if math.isfinite(until.high) else {}
    return {key: float(f"{one:.7g}") if isinstance(one, float) else one for key, one in found.items()}


def _short(values: Any) -> list[float]:
    return [float(f"{value:.7g}") for value in values]
