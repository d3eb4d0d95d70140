"""The comparison that a record holds: its points beside theory and, on a device, beside the calibration."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qsense.comparison.advantage import Crossover
from qsense.comparison.crossing import Until
from qsense.errors import RecordError
from qsense.estimators.result import Estimate
from qsense.runs.columns import POINT_COLUMNS
from qsense.runs.imported import IMPORT
from qsense.runs.record import RunRecord


@dataclass(frozen=True)
class RecordComparison:
    """What a record's estimates come to.

    Attributes:
        path: the record's folder.
        rows: a mapping for each point: the integrated gain, its interval, its exact value and z, as in `summary.json`.
        crossovers: until when GHZ leads product, measured and exact, and the ratio of their integrated gains.
        verdicts: a sentence for each pair of probes.
        calibration: of a run on a device, or of counts that came with known strings, a mapping for each point beside
            what the calibration or the spec's noise predicts, as in `calibration.json`; else empty.
        scaling: of a run on a device, for each noise and estimator of GHZ probes of three sizes or more, how their
            decay grows with N; else empty.
    """

    path: Path
    rows: tuple[dict[str, Any], ...]
    crossovers: tuple[dict[str, Any], ...]
    verdicts: tuple[str, ...]
    calibration: tuple[dict[str, Any], ...]
    scaling: tuple[dict[str, Any], ...] = ()

    def __repr__(self) -> str:
        beside = "theory and calibration" if self.calibration else "theory"
        return f"<RecordComparison of {self.path}: {len(self.rows)} points beside {beside}>"


def is_beside_calibration(record: RunRecord) -> bool:
    """Returns whether a record's points are beside a device's calibration, or its readout beside known strings."""
    return record.spec.device is not None or (record.has(IMPORT) and record.has("calibration.json"))


def compare(record: RunRecord | str | Path, allow_code: bool = False) -> RecordComparison:
    """Returns how a record compares with theory and, if it was run on a device, with the device's calibration.

    Args:
        record: a RunRecord or its folder; it is only read.
        allow_code: whether extensions that its spec names may be imported.

    Raises:
        RecordError: the record has not been estimated yet, or is damaged.
    """
    record = record if isinstance(record, RunRecord) else RunRecord.load(record, allow_code)
    summary = record.summary()
    calibration = record.read_json("calibration.json") if is_beside_calibration(record) else {"points": ()}
    try:
        return RecordComparison(
            record.path,
            tuple(summary["rows"]),
            tuple(summary["crossovers"]),
            tuple(summary["verdicts"]),
            tuple(calibration["points"]),
            tuple(calibration.get("scaling", ())),
        )
    except (KeyError, TypeError) as error:
        raise RecordError(
            f"{record.path}: its summary is damaged ({type(error).__name__}); make it again with: "
            f"qsense estimate {record.path}"
        ) from error


def crossovers_of(summary: Mapping[str, Any]) -> list[Crossover]:
    """Returns the comparisons of probes that a summary has rows of, as they were when it was written.

    Raises:
        KeyError, TypeError, ValueError: a row lacks a column, or has something else in it.

    >>> crossovers_of({"rows": [], "crossovers": []})
    []
    """
    quantities = {tuple(row[key] for key in POINT_COLUMNS): row.get("quantity") for row in summary["rows"]}
    return [_crossover_of(row, quantities) for row in summary["crossovers"]]


def _crossover_of(row: Mapping[str, Any], quantities: Mapping[tuple[Any, ...], Any]) -> Crossover:
    probe, other = str(row.get("probe", "ghz")), str(row.get("other", "product"))
    # Where the two have no estimator in common, "first and second" are named.
    names = {str(row["estimator"]), *str(row["estimator"]).split(" and ")}
    of = {
        name: {q for (p, n, noise, e), q in quantities.items() if (p, n, noise) == (name, *_place(row)) and e in names}
        for name in (probe, other)
    }
    until = None
    if row.get("until") is not None:
        ends = (float(row["crossover_low_s"]), _number(row["crossover_high_s"]), float(row["measured_until_s"]))
        until = Until(*ends, float(row["lead_p_value"]), float(row["trail_p_value"]))
    ratio, low = row["ratio"], row.get("ratio_low")
    return Crossover(
        str(row["noise"]),
        int(row["num_qubits"]),
        str(row["estimator"]),
        _estimate(row["crossover_s"], row["crossover_stderr_s"]),
        _number(row["crossover_exact_s"]),
        _estimate(ratio, row["ratio_stderr"]),
        _number(row["ratio_exact"]),
        all(found <= {"integrated_gain"} for found in of.values()),
        None if row.get("withheld") is None else str(row["withheld"]),
        probe,
        other,
        str(row.get("leads_first", probe)),
        until,
        None if low is None else (float(low), _number(row["ratio_high"])),
        1.0 if row.get("ratio_p_value") is None else float(row["ratio_p_value"]),
        frozenset(name for name, found in of.items() if "integrated_gain_bound" in found),
        same_qubits=row.get("same_qubits"),
    )


def _place(row: Mapping[str, Any]) -> tuple[Any, Any]:
    return row["num_qubits"], row["noise"]


def _number(value: Any) -> float | None:
    return None if value is None else float(value)


def _estimate(value: Any, error: Any) -> Estimate | None:
    return None if value is None or error is None else Estimate(float(value), float(error))
