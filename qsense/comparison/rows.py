"""The comparison of a run with theory, as rows for files and tables: estimates, 𝓘 with z-scores, crossovers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qsense.circuits.counts import Counts
from qsense.comparison.advantage import Crossover, crossovers
from qsense.comparison.crossing import Until
from qsense.comparison.entanglement import entanglement_columns
from qsense.comparison.judged import judged
from qsense.comparison.phase_rows import angle_columns, field_columns
from qsense.comparison.points import MeasuredPoint, point_columns
from qsense.comparison.verdicts import verdicts
from qsense.errors import ArgumentError
from qsense.estimators.assumptions import REFUSED_BELOW, Assumption
from qsense.estimators.estimator import TimeTable
from qsense.estimators.result import Estimate
from qsense.probes import Probe
from qsense.runs.columns import POINT_COLUMNS
from qsense.runs.point import Point, acting
from qsense.runs.qubits import QubitsUsed
from qsense.theory import integrated_gain


@dataclass(frozen=True)
class Comparison:
    """Everything a report shows."""

    measured: tuple[MeasuredPoint, ...]
    crossovers: tuple[Crossover, ...]
    verdicts: tuple[str, ...]


def compare_points(
    measured: Sequence[MeasuredPoint],
    on_device: bool = False,
    pairs: Sequence[tuple[Probe, Probe]] | None = None,
    level: float = REFUSED_BELOW,
    used: QubitsUsed | None = None,
) -> Comparison:
    """Returns the comparison of probes with each other on top of the points' own with theory.

    Args:
        measured: the points of a run.
        on_device: whether preparation and readout errors of a device are in the estimates.
        pairs: the probes that are compared; by default every probe beside the product probe.
        level: the share of such comparisons in which any assumption that holds may be refused.
        used: where the probes were on a device; verdicts on probes that were on unlike qubits say so.
    """
    measured = judged(measured, on_device, level)
    found = crossovers(measured, pairs, used)
    return Comparison(tuple(measured), tuple(found), tuple(verdicts(found, on_device)))


def summary_rows(comparison: Comparison) -> list[dict[str, Any]]:
    """Returns the rows of summary.json."""
    rows = []
    for item in comparison.measured:
        total, tail = item.integral.total, item.integral.tail
        low, high = total.interval
        row = {
            **point_columns(item.point),
            "integrated_gain_s": total.value,
            "integrated_gain_stderr_s": total.stderr,
            "integrated_gain_low_s": low,
            "integrated_gain_high_s": high,
            "integrated_gain_exact_s": item.integrated_gain_exact.value,
            "z": item.z,
            "quantity": item.quantity,
            "is_exact_as_read": item.is_exact_as_read,
            "integrated_gain_quantum_exact_s": integrated_gain(item.point.probe, acting(item.point.world)).value,
            "tail_s": tail.value,
            "tail_stderr_s": tail.stderr,
            "rule_error_s": float(item.point.rule.weights @ item.gain_exact) - item.integrated_gain_exact.value,
            "shots": sum(item.point.total_shots),
            "method": type(item.point.method).__name__,
            "reason": item.point.estimator.reason(item.point.probe),
            "assumptions": [_assumption_row(one) for one in item.assumptions],
            **entanglement_columns(item),
        }
        for name, other in item.integral.others.items():
            row[f"integrated_gain_{name}_s"] = other.value
            row[f"integrated_gain_{name}_stderr_s"] = other.stderr
        rows.append({**row, **field_columns(item)})
    return rows


def as_single_values(row: Mapping[str, Any]) -> dict[str, Any]:
    """Returns a row of a summary for tables, whose cells hold one value each: the names of the refused assumptions, and
    nothing of what has a value for each time.

    >>> every = [{"name": "independent spins", "held": False}, {"name": "known phase", "held": True}]
    >>> as_single_values({"z": None, "assumptions": every, "phase_rad": [0.1, 0.2]})
    {'z': None, 'assumptions': 'independent spins'}
    """
    every = row.get("assumptions")
    refused = [str(one["name"]) for one in every if one["held"] is False] if isinstance(every, list) else None
    text = {} if refused is None else {"assumptions": "; ".join(refused)}
    return {key: value for key, value in row.items() if not isinstance(value, list)} | text


def _assumption_row(one: Assumption) -> dict[str, Any]:
    return {"name": one.name, "p_value": one.p_value, "held": one.held, "consequence": one.said}


def estimate_rows(comparison: Comparison) -> list[dict[str, Any]]:
    """Returns the rows of estimates.csv."""
    rows = []
    for item in comparison.measured:
        per_time = zip(item.point.rule.times, item.estimates, item.gain_exact, item.point.total_shots, strict=True)
        angles = angle_columns(item)
        for (time, one, exact, shots), angle in zip(per_time, angles, strict=True):
            low, high = one.interval
            rows.append(
                {
                    **point_columns(item.point),
                    "time_s": float(time),
                    "gain": one.value,
                    "stderr": one.stderr,
                    "low": low,
                    "high": high,
                    "gain_exact": float(exact),
                    "shots": shots,
                    **angle,
                    "assumptions": "; ".join(one.name for one in item.refused),
                }
            )
    return rows


def time_tables(comparison: Comparison) -> dict[str, tuple[tuple[str, ...], list[dict[str, Any]]]]:
    """Returns the tables that estimators declare: file name → columns and rows, a table for each that has rows."""
    found: dict[str, tuple[tuple[str, ...], list[dict[str, Any]]]] = {}
    for item in comparison.measured:
        for table in item.point.method.tables:
            columns = (*POINT_COLUMNS, "time_s", *(["gain_exact"] if table.with_exact else []), *table.columns)
            before, rows = found.get(table.file_name, ((), []))
            per_time = zip(item.point.rule.times, item.gain_exact, item.counts, item.estimates, strict=True)
            rows += [
                {**point_columns(item.point), "time_s": float(time), "gain_exact": float(exact), **row}
                for time, exact, counts, estimate in per_time
                for row in _own_rows(item.point, table, float(time), counts, estimate)
            ]
            found[table.file_name] = tuple(dict.fromkeys([*before, *columns])), rows
    return found


def _own_rows(
    point: Point, table: TimeTable, time: float, counts: Counts, estimate: Estimate
) -> list[Mapping[str, Any]]:
    """Returns the rows of one time, which must have the columns that the table declares."""
    with point.calling_estimator(time):
        rows = list(table.rows(point.method, counts, estimate))
        for row in rows:
            if set(row) != set(table.columns):
                raise ArgumentError(
                    f'the estimator "{point.estimator.name}" gives for "{table.file_name}" a row with the columns '
                    f"{', '.join(map(str, row))}; they must be those declared: {', '.join(table.columns)}."
                )
    return rows


def crossover_rows(comparison: Comparison) -> list[dict[str, Any]]:
    """Returns the crossovers as plain rows, times in s."""
    return [
        {
            "noise": c.noise,
            "num_qubits": c.num_qubits,
            "probe": c.probe,
            "other": c.other,
            "estimator": c.estimator,
            "crossover_s": c.measured.value if c.measured else None,
            "crossover_stderr_s": c.measured.stderr if c.measured else None,
            "crossover_exact_s": c.exact,
            "leads_first": c.first,
            **until_columns(c.until),
            "ratio": c.ratio.value if c.ratio else None,
            "ratio_stderr": c.ratio.stderr if c.ratio else None,
            "ratio_low": c.ratio_interval[0] if c.ratio_interval else None,
            "ratio_high": c.ratio_interval[1] if c.ratio_interval else None,
            "ratio_exact": c.ratio_exact,
            "ratio_p_value": c.ratio_p_value if c.ratio else None,
            "withheld": c.withheld,
            **({} if c.same_qubits is None else {"same_qubits": c.same_qubits}),
        }
        for c in comparison.crossovers
    ]


def until_columns(found: Until | None) -> dict[str, Any]:
    """Returns the columns of an interval of a crossing, times in s; None in each where there is no interval.

    >>> until_columns(Until(1.0, None, 2.0, 0.001, 1.0))["until"]
    'at least'
    """
    if found is None:
        names = ("until", "crossover_low_s", "crossover_high_s", "measured_until_s", "lead_p_value", "trail_p_value")
        return dict.fromkeys(names)
    return {
        "until": found.kind,
        "crossover_low_s": found.low,
        "crossover_high_s": found.high,
        "measured_until_s": found.end,
        "lead_p_value": found.lead_p_value,
        "trail_p_value": found.trail_p_value,
    }
