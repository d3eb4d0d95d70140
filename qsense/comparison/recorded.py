"""The comparison that a record holds: its points beside theory and, on a device, beside the calibration."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from qsense.errors import RecordError
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
