"""A record without a device behind it, beside what the noise of its spec predicts."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from qsense.comparison.agreement import Agreement, agreement, amplitude_columns, time_rows
from qsense.comparison.assumed import is_bent
from qsense.comparison.points import is_of_quantum_gain, leaves_out_readout, point_columns
from qsense.runs.columns import POINT_COLUMNS
from qsense.runs.imported import is_import
from qsense.runs.plan import listed
from qsense.runs.point import Point
from qsense.runs.record import RunRecord
from qsense.runs.record_view import read_estimates

READ_WRONG = "the spec's `readout_error` is in the counts, and not in these exact values"

Rows = list[dict[str, Any]]


def spec_rows(record: RunRecord) -> list[dict[str, Any]]:
    """Returns a mapping for each point: its times with predicted and measured G, their ratio and z, and one p-value.

    Of counts that were measured elsewhere, `amplitude` is the factor that preparation and readout leave of G, fitted to
    all times, `scaled_z` and `scaled_p_value` are beside the prediction with this factor. `no_z` says why a z is None.

    Args:
        record: that has been estimated.

    Raises:
        RecordError: it has not, or the table is damaged.
    """
    found = []
    points = {tuple(point_columns(point).values()): point for point in listed(record.spec)}
    for names, rows in rows_of_points(record).items():
        values, errors, predicted = (np.array([row[key] for row in rows]) for key in ("gain", "stderr", "gain_exact"))
        plain = agreement(predicted, values, errors)
        if leaves_out_readout(points[names], record.spec.readout_error):
            plain = Agreement(None, (None,) * len(rows), None, READ_WRONG)
        more: dict[str, Any] = {}
        point: dict[str, Any] = dict(zip(POINT_COLUMNS, names, strict=True))
        if is_scaled(record, points[names]):
            scaled = agreement(predicted, values, errors, is_fitted=True)
            point |= {**amplitude_columns(scaled), "scaled_p_value": scaled.p_value, "no_scaled_z": scaled.no_z}
            more = {"scaled_z": scaled.z}
        times = time_rows(rows, predicted, plain, **more)
        found.append({**point, "times": times, "p_value": plain.p_value, "no_z": plain.no_z})
    return found


def rows_of_points(record: RunRecord) -> dict[tuple[Any, ...], Rows]:
    """Returns the rows of estimates.csv by point, POINT_COLUMNS.

    Raises:
        RecordError: the record has not been estimated, or the table is damaged.
    """
    found: dict[tuple[Any, ...], Rows] = {}
    for row in read_estimates(record):
        found.setdefault(tuple(row[name] for name in POINT_COLUMNS), []).append(row)
    return found


def is_row_of(point: Point, row: Mapping[str, Any]) -> bool:
    """Returns whether a row of a table or a summary is of a point."""
    return all(row.get(name) == value for name, value in point_columns(point).items())


def is_scaled(record: RunRecord, point: Point) -> bool:
    """Returns whether preparation and readout can lower a point's G by one factor at all times.

    They do so of the quantum value, as contrast squared; what a readout's own gain loses depends on the time.
    """
    if record.spec.device is not None:
        return True
    if leaves_out_readout(point, record.spec.readout_error):
        return not is_bent(point, record.spec.readout_error)
    if not is_import(record.spec.backend):
        return False
    quantity = next((r.get("quantity") for r in record.summary()["rows"] if is_row_of(point, r)), None)
    return quantity == "integrated_gain" and is_of_quantum_gain(point)
