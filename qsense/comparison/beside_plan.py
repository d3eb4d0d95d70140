"""A record whose spec came from a plan: what was planned beside what was measured, and what was mis-planned."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from qsense.comparison.beside_spec import rows_of_points
from qsense.estimators.chance import z_score
from qsense.estimators.result import NORMAL_95
from qsense.runs.planned import PlannedRow
from qsense.runs.record import RunRecord

_LEAST = 1e-300  # in place of a G that has decayed to 0
MISPLANNED = 3.0  # standard errors of both together


def planned_rows(record: RunRecord) -> list[dict[str, Any]]:
    """Returns a mapping for each number that was planned and measured; none where the spec has no plan.

    Its keys: probe, num_qubits, estimator, quantity ("gain", "integrated_gain_s" or "leads_until_s"), time_s of a gain
    (None of others), planned with low and high, measured, stderr (None where only a limit is known), z, misplanned.

    Args:
        record: that has been estimated.

    Raises:
        RecordError: it has not, or a table is damaged.
    """
    plan = record.spec.plan
    if plan is None:
        return []
    planned = {(row.probe, row.num_qubits): row for row in plan.rows}
    found: list[dict[str, Any]] = []
    for names, rows in rows_of_points(record).items():
        probe, size, _, estimator = names[:4]
        row = planned.get((str(probe), int(size)))
        if row is not None and is_meant(row, str(estimator)):
            found += [_gain(row, str(estimator), one) for one in rows if one["time_s"] <= row.times_s[-1]]
    summary = record.summary()
    for one in summary["rows"]:
        row = planned.get((one["probe"], one["num_qubits"]))
        if row is not None and one.get("integrated_gain_s") is not None and is_meant(row, one["estimator"]):
            limits = row.integrated_gain_s, row.integrated_gain_low_s, row.integrated_gain_high_s
            measured = one["integrated_gain_s"], one["integrated_gain_stderr_s"]
            found.append(_beside(row, one["estimator"], "integrated_gain_s", None, limits, measured))
    for one in summary["crossovers"]:
        row = planned.get((one.get("probe", "ghz"), one["num_qubits"]))
        if row is None or row.leads_until_s is None or one.get("crossover_s") is None:
            continue
        low, high = row.leads_until_low_s, row.leads_until_high_s
        limits = row.leads_until_s, row.leads_until_s if low is None else low, math.inf if high is None else high
        measured = one["crossover_s"], one["crossover_stderr_s"]
        found.append(_beside(row, one["estimator"], "leads_until_s", None, limits, measured))
    return found


def misplanned(rows: Sequence[dict[str, Any]]) -> list[str]:
    """Returns a sentence for each probe: that it went as planned, or what was mis-planned and where it shows.

    >>> misplanned([])
    []
    """
    found = []
    for probe, size in dict.fromkeys((row["probe"], row["num_qubits"]) for row in rows):
        own = [row for row in rows if (row["probe"], row["num_qubits"]) == (probe, size)]
        wrong = [row for row in own if row["misplanned"]]
        name = f"{probe}, N = {size}"
        if not wrong:
            found.append(f"{name}: as planned, within the errors of plan and measurement")
            continue
        gains = sorted((row for row in own if row["quantity"] == "gain"), key=lambda row: row["time_s"])
        if len(gains) == 1:
            share = gains[0]["measured"] / gains[0]["planned"]
            found.append(
                f"{name}: mis-planned: G is {share:.3g} of the planned one at {gains[0]['time_s']:.3g} s; one time "
                "does not tell whether from the start or by T1 and T2: add 0 to its times_s"
            )
            continue
        if gains and gains[0]["misplanned"]:
            side = "less" if gains[0]["measured"] < gains[0]["planned"] else "more"
            share = gains[0]["measured"] / gains[0]["planned"]
            found.append(
                f"{name}: mis-planned from the start: G is {share:.3g} of the planned one, preparation or readout "
                f"leaves {side} than the calibration says"
            )
            continue
        worst = max(wrong, key=lambda row: abs(row["z"]))
        side = "below" if worst["measured"] < worst["planned"] else "above"
        found.append(
            f"{name}: mis-planned later: {_WORDS[worst['quantity']]} is {side} the plan (z = {worst['z']:+.1f}) though "
            "the start is not: T1 and T2 are others than the calibration says"
        )
    return found


_WORDS = {"gain": "G", "integrated_gain_s": "𝓘", "leads_until_s": "until when it leads"}


def is_meant(row: PlannedRow, estimator: str) -> bool:
    """Returns whether an estimate is of the readout that was planned; one that was not named is taken for it."""
    return "(" not in estimator or row.readout in estimator or row.readout in ("any", "local_x", "moments")


def at_time(row: PlannedRow, time: float, values: list[float] | None = None) -> float:
    """Returns the planned G at a time in s, or what `values` are at the planned times there; none beyond their ends.

    Its logarithm is interpolated by a monotone cubic: a straight line between the planned times, a factor of 1.4 apart,
    would be 0.3 % above a GHZ or squeezed probe's decay.
    """
    from scipy.interpolate import PchipInterpolator

    logs = np.log(np.maximum(row.gain if values is None else values, _LEAST))
    return float(np.exp(PchipInterpolator(row.times_s, logs)(np.clip(time, row.times_s[0], row.times_s[-1]))))


def _gain(row: PlannedRow, estimator: str, measured: dict[str, Any]) -> dict[str, Any]:
    time = float(measured["time_s"])
    limits = at_time(row, time), at_time(row, time, row.gain_low), at_time(row, time, row.gain_high)
    return _beside(row, estimator, "gain", time, limits, (measured["gain"], measured["stderr"]))


def _beside(
    row: PlannedRow,
    estimator: str,
    quantity: str,
    time: float | None,
    planned: tuple[float, float, float],
    measured: tuple[float, float | None],
) -> dict[str, Any]:
    value, low, high = planned
    width = (high - low) / (2 * NORMAL_95) if math.isfinite(high) else value - low
    error = math.hypot(measured[1] or 0.0, width)
    z = None if measured[1] is None else z_score(measured[0] - value, error)
    return {
        "probe": row.probe,
        "num_qubits": row.num_qubits,
        "estimator": estimator,
        "quantity": quantity,
        "time_s": time,
        "planned": value,
        "planned_low": low,
        "planned_high": high if math.isfinite(high) else None,
        "measured": measured[0],
        "stderr": measured[1],
        "z": z,
        "misplanned": z is not None and abs(z) > MISPLANNED,
    }
