"""G(t) of the points of a record: what was estimated at each time, and the exact curve between and beyond."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qsense.comparison.points import exact_gain
from qsense.estimators.result import NORMAL_95
from qsense.numerics.fisher import FloatArray
from qsense.runs.columns import POINT_COLUMNS
from qsense.runs.plan import plan
from qsense.runs.point import Point
from qsense.runs.record import RunRecord
from qsense.runs.record_view import read_estimates

_SMOOTH = 120  # times of an exact curve, two thirds of them at equal steps
_OF_BAND = 60
Labels = tuple[Any, ...]


@dataclass(frozen=True)
class Band:
    """The curve through the estimates of one point, by the rule that integrates it, with its 95 % interval.

    Attributes:
        times: in s, from the first measured one to the last, shape (band,).
        low, high: the ends of the interval there, within 0 ≤ G ≤ N².
    """

    times: FloatArray
    low: FloatArray
    high: FloatArray


@dataclass(frozen=True)
class Curve:
    """G(t) of one point of a record.

    Attributes:
        probe, num_qubits, noise, estimator: of the point.
        rows: of estimates.csv, one a time.
        times: in s, shape (curve,).
        exact: the exact value there.
        crossings: of summary.json, between this probe and others, one for each of them.
        band: around the curve through the estimates; None where the rule between them is not known.
    """

    probe: str
    num_qubits: int
    noise: str
    estimator: str
    rows: tuple[Mapping[str, Any], ...]
    times: FloatArray
    exact: FloatArray
    crossings: tuple[Mapping[str, Any], ...] = ()
    band: Band | None = None

    @property
    def labels(self) -> Labels:
        """What says which point it is of, in the order of POINT_COLUMNS."""
        return self.probe, self.num_qubits, self.noise, self.estimator


def labels_of(row: Mapping[str, Any]) -> Labels:
    """Returns what says of which point a row of a table is, in the order of POINT_COLUMNS."""
    return tuple(row.get(name) for name in POINT_COLUMNS)


def curves_of(
    record: RunRecord, points: Sequence[Point] | None = None, only: Collection[Labels] | None = None
) -> tuple[Curve, ...]:
    """Returns the curve of every point of a record, in the order of its table.

    Args:
        record: that has been estimated.
        points: of its run, of which the table has just been written; None has them planned anew.
        only: the labels of those that are wanted; None for all.

    Raises:
        RecordError: it has not been estimated, or is damaged.
    """
    summary = record.summary()
    if points is None:
        rows, points = read_estimates(record), plan(record.spec, record.row_shots())
    else:
        rows = record.read_csv("estimates.csv")
    known = {(p.probe.name, p.probe.num_qubits, p.noise.name, p.estimator.name): p for p in points}
    crossings = [row for row in summary.get("crossovers", ()) if isinstance(row, dict)]
    groups: dict[Labels, list[Mapping[str, Any]]] = {}
    for row in rows:
        if only is None or labels_of(row) in only:
            groups.setdefault(labels_of(row), []).append(row)
    exact: dict[Any, tuple[FloatArray, FloatArray]] = {}
    return tuple(_curve(own, known.get(labels), record, crossings, exact) for labels, own in groups.items())


def _curve(
    own: list[Mapping[str, Any]],
    point: Point | None,
    record: RunRecord,
    crossings: Sequence[Mapping[str, Any]],
    exact: dict[Any, tuple[FloatArray, FloatArray]],
) -> Curve:
    labels, measured = labels_of(own[0]), np.array([float(row["time_s"]) for row in own])
    stated = np.array([float(row["gain_exact"]) for row in own])
    key = labels[:-1], measured.tobytes(), stated.tobytes()  # of estimators of one quantity the curves are one
    if key not in exact:
        exact[key] = _exact(point, record, measured, stated)
    times, values = exact[key]
    probe, size, noise, estimator = labels
    found: dict[Any, Mapping[str, Any]] = {}
    for row in crossings:
        if labels_of(row)[:-1] != labels[:-1] or row.get("withheld") or row.get("until") in (None, "any", "never"):
            continue
        if row["other"] not in found or row["estimator"] == estimator:  # another's where there is none by this one
            found[row["other"]] = row
    crossed, band = tuple(found.values()), _band(own, point, measured)
    return Curve(str(probe), int(size), str(noise), str(estimator), tuple(own), times, values, crossed, band)


def _exact(
    point: Point | None, record: RunRecord, measured: FloatArray, stated: FloatArray
) -> tuple[FloatArray, FloatArray]:
    """Times and exact values there; what the record says, at its times alone, where it is of another quantity."""
    if point is None:
        return measured, stated
    end = 1.05 * float(measured.max())
    even, early = np.linspace(0, end, 2 * _SMOOTH // 3), np.geomspace(1e-3 * end, end, _SMOOTH // 3)
    times = np.unique(np.concatenate([even, early, measured]))
    smooth = exact_gain(point, times, record.spec.readout_error)
    again = smooth[np.searchsorted(times, measured)]
    # An earlier version may have stated another quantity.
    is_same = np.allclose(again, stated, rtol=1e-6, atol=1e-9 * max(1e-300, np.abs(stated).max()))
    return (times, smooth) if is_same else (measured, stated)


def _band(own: Sequence[Mapping[str, Any]], point: Point | None, measured: FloatArray) -> Band | None:
    if point is None or len(own) < 2 or not np.allclose(point.rule.times, measured, rtol=1e-6, atol=0):
        return None
    times = np.unique(np.concatenate([measured, np.linspace(measured[0], measured[-1], _OF_BAND)]))
    matrix = point.rule.interpolation(times)
    values = matrix @ np.array([float(row["gain"]) for row in own])
    errors = NORMAL_95 * np.sqrt(matrix**2 @ np.array([float(row["stderr"]) ** 2 for row in own]))
    if not np.isfinite([values, errors]).all():
        return None
    most = float(point.probe.num_qubits) ** 2
    return Band(times, np.clip(values - errors, 0, most), np.clip(values + errors, 0, most))
