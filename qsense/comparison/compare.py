"""The comparison of a run with theory, as rows for files and tables: estimates, 𝓘 with z-scores, crossovers."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qsense.comparison.advantage import Crossover, crossovers, verdicts
from qsense.comparison.derived import names
from qsense.comparison.measured import Measured
from qsense.runs.methods import Tomography, reason
from qsense.theory import integrated_gain


@dataclass(frozen=True)
class Comparison:
    """Everything a report shows."""

    measured: tuple[Measured, ...]
    crossovers: tuple[Crossover, ...]
    verdicts: tuple[str, ...]


def compare(measured: Sequence[Measured]) -> Comparison:
    """Returns the comparison of GHZ with product on top of the points' own."""
    found = crossovers(measured)
    return Comparison(tuple(measured), tuple(found), tuple(verdicts(found)))


def summary_rows(comparison: Comparison) -> list[dict[str, Any]]:
    """Returns the rows of summary.json."""
    rows = []
    for item in comparison.measured:
        total, tail = item.integral.total, item.integral.tail
        low, high = total.interval
        row = {
            **names(item.point),
            "img_s": total.value,
            "img_stderr_s": total.stderr,
            "img_low_s": low,
            "img_high_s": high,
            "img_exact_s": item.img_exact.value,
            "z": item.z,
            "quantity": item.quantity,
            "img_quantum_exact_s": integrated_gain(item.point.probe, item.point.noise).value,
            "tail_s": tail.value,
            "tail_stderr_s": tail.stderr,
            "rule_error_s": float(item.point.rule.weights @ item.gain_exact) - item.img_exact.value,
            "shots": item.point.circuits_per_time * sum(item.point.shots),
            "method": type(item.point.method).__name__,
            "reason": reason(item.point.estimator, item.point.probe),
        }
        for name, other in item.integral.others.items():
            row[f"img_{name}_s"], row[f"img_{name}_stderr_s"] = other.value, other.stderr
        rows.append(row)
    return rows


def estimate_rows(comparison: Comparison) -> list[dict[str, Any]]:
    """Returns the rows of estimates.csv."""
    rows = []
    for item in comparison.measured:
        per_time = zip(item.point.rule.times, item.estimates, item.gain_exact, item.point.shots, strict=True)
        for time, one, exact, shots in per_time:
            low, high = one.interval
            rows.append(
                {
                    **names(item.point),
                    "time_s": float(time),
                    "gain": one.value,
                    "stderr": one.stderr,
                    "low": low,
                    "high": high,
                    "gain_exact": float(exact),
                    "shots": item.point.circuits_per_time * shots,
                }
            )
    return rows


def tomography_rows(comparison: Comparison) -> list[dict[str, Any]]:
    """Returns the rows of tomography.csv: the three readings of the same counts side by side."""
    rows = []
    for item in comparison.measured:
        if not isinstance(item.point.method, Tomography):
            continue
        for time, one, exact in zip(item.point.rule.times, item.estimates, item.gain_exact, strict=True):
            row = {**names(item.point), "time_s": float(time), "gain_exact": float(exact)}
            for name, reading in (("u_statistic", one), *one.others.items()):
                row[name], row[f"{name}_stderr"] = reading.value, reading.stderr
            rows.append(row)
    return rows


def crossover_rows(comparison: Comparison) -> list[dict[str, Any]]:
    """Returns the crossovers as plain rows, times in s."""
    return [
        {
            "noise": c.noise,
            "num_qubits": c.num_qubits,
            "estimator": c.estimator,
            "crossover_s": c.measured.value if c.measured else None,
            "crossover_stderr_s": c.measured.stderr if c.measured else None,
            "crossover_exact_s": c.exact,
            "ratio": c.ratio.value,
            "ratio_stderr": c.ratio.stderr,
            "ratio_exact": c.ratio_exact,
        }
        for c in comparison.crossovers
    ]
