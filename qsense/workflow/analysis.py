"""A record's counts become its estimates, the comparison with theory, tables, figures and its report."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import Any

from qsense import reports
from qsense.circuits.counts import Counts
from qsense.comparison import (
    calibration_rows,
    compare_points,
    crossover_rows,
    estimate_rows,
    fit_rows,
    known_string_rows,
    measure_point,
    scaling_rows,
    summary_rows,
    time_tables,
)
from qsense.errors import RecordError
from qsense.files.figures import draw_or_warn
from qsense.reports.page import page
from qsense.reports.page.files import report_files
from qsense.reports.page.record import record_part
from qsense.runs.columns import ESTIMATE_COLUMNS, FIT_COLUMNS, PHASE_COLUMNS, REFUSED_COLUMN
from qsense.runs.execution import Progress
from qsense.runs.folder import SCHEMA
from qsense.runs.imported import is_import, known_strings
from qsense.runs.point import Point
from qsense.runs.record import RunRecord

logger = logging.getLogger(__name__)


def analyse(record: RunRecord, points: Sequence[Point], progress: Progress | None) -> RunRecord:
    """Estimates the points of a record from its counts, compares them, writes all that follows; returns the record.

    Args:
        record: with the counts of all points.
        points: with the settings and shots that were measured.
        progress: called with (points estimated, all, label).

    Raises:
        RecordError: counts are missing or damaged, or cannot be written.
    """
    points = _enough(record, points)
    # All counts are read before anything is written: a damaged file leaves the old results as they are.
    tables = [record.counts(point) for point in points]
    measured = []
    for point, table in zip(points, tables, strict=True):
        measured.append(measure_point(point, table, record.spec.readout_error))
        if progress is not None:
            progress(len(measured), len(points), f"estimating {point.label}")
    on_device = record.spec.device is not None or is_import(record.spec.backend)
    used = None if record.spec.device is None else record.qubits_used
    comparison = compare_points(measured, on_device, record.spec.pairs, used=used)
    measured = list(comparison.measured)
    tables_by_time, estimates, summaries = time_tables(comparison), estimate_rows(comparison), summary_rows(comparison)
    record.write_csv("estimates.csv", (*ESTIMATE_COLUMNS, *PHASE_COLUMNS, REFUSED_COLUMN), estimates)
    record.write_csv("fits.csv", FIT_COLUMNS, fit_rows(measured))
    for name, (columns, rows) in tables_by_time.items():
        record.write_csv(name, columns, rows)
    calibrated: list[dict[str, Any]] = []
    if record.spec.device is not None:
        readouts = {
            place.qubits: Counts.load(record.path / "counts" / place.file_name, record.path)
            for place in record.spec.device.placements
            if record.spec.device.readout_shots
        }
        calibrated = calibration_rows(measured, record.spec.device.placements, readouts)
        found = {"schema": SCHEMA, "points": calibrated, "scaling": scaling_rows(measured)}
        record.write_json("calibration.json", found)
    elif known := known_strings(record):
        calibrated = known_string_rows(measured, known)
        found = {"schema": SCHEMA, "points": calibrated, "scaling": []}
        record.write_json("calibration.json", found)
    summary = {
        "schema": SCHEMA,
        "spec_id": record.spec.id,
        "rows": summaries,
        "crossovers": crossover_rows(comparison),
        "verdicts": list(comparison.verdicts),
    }
    record.write_summary(summary)
    for name, data in draw_or_warn(lambda: reports.figures(comparison, calibrated), record.path).items():
        record.write_bytes(name, data)
    for name, data in report_files(lambda: page([record_part(record, points)]), record.path).items():
        record.write_bytes(name, data)
    return record


def _enough(record: RunRecord, points: Sequence[Point]) -> list[Point]:
    """The points with enough shots for an estimate; what is left out, or was measured otherwise, is logged."""
    for point in points:
        if point.measured_by is not None:
            logger.info(f"{point.label}: measured with the settings of an earlier version, by which it is read")
    few = {point.label: point for point in points if min(point.shots) < point.needed_shots}
    lines = [f"{label} has {min(p.shots)} shots a circuit, but {p.needed_shots} are needed" for label, p in few.items()]
    if len(few) == len(points):
        raise RecordError(f"{record.path}: {'; '.join(lines)}: nothing is estimated; its counts are kept.")
    for line in lines:
        logger.warning(f"{record.path}: {line}: it is not estimated; its counts are kept")
    return [point for point in points if point.label not in few]
