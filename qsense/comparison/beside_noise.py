"""A record beside another noise: what it would have predicted at the times that were measured."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from qsense.comparison.points import exact_gain, point_columns
from qsense.errors import ArgumentError
from qsense.estimators.assumptions import DECAY_LAW, READOUT
from qsense.estimators.chance import p_value
from qsense.noise import Noise
from qsense.noise.checked import check_channel
from qsense.numerics.fisher import FloatArray
from qsense.runs.columns import POINT_COLUMNS, REFUSED_COLUMN
from qsense.runs.commuting import check_commuting
from qsense.runs.plan import listed
from qsense.runs.point import Point
from qsense.runs.record import RunRecord
from qsense.runs.record_view import read_estimates

_BY_SPEC = ("", READOUT, DECAY_LAW)
_SAME = 1e-4  # relative: of the exact values in a table and those computed again


def noise_rows(record: RunRecord, noise: Noise) -> list[dict[str, Any]]:
    """Returns a mapping for each point: its times with G predicted by a noise and by the spec, measured, ratio and z.

    Its `p_value` says how likely counts are so far from the prediction, `p_value_by_spec` the same of the spec's noise.
    On a device one factor for all times is fitted first, `amplitude`: preparation and readout keep that much of G.
    `withheld` says why a point is not compared; it has no times then.

    Args:
        record: that has been estimated; it is only read.
        noise: in place of that of the spec; signal, pulses and readout stay.

    Raises:
        RecordError: it has not been estimated, or the table is damaged.
        ArgumentError: the noise does not go with a probe or an estimator of the record.
    """
    measured: dict[tuple[Any, ...], list[dict[str, Any]]] = {}
    for row in read_estimates(record):
        measured.setdefault(tuple(row[name] for name in POINT_COLUMNS), []).append(row)
    points = {tuple(point_columns(point).values()): point for point in listed(record.spec)}
    return [_point(points[key], rows, record, noise) for key, rows in measured.items()]


def _point(point: Point, rows: Sequence[dict[str, Any]], record: RunRecord, noise: Noise) -> dict[str, Any]:
    found: dict[str, Any] = {**point_columns(point), "times": [], "withheld": None}
    other, times = replace(point, noise=noise), np.array([row["time_s"] for row in rows])
    try:
        check_channel(noise, point.probe.num_qubits)
        other.world.check(point.probe.num_qubits)
        check_commuting(other)
    except ArgumentError as error:
        raise ArgumentError(f"Option --noise for {point.probe.name}, N = {point.probe.num_qubits}: {error}") from error
    readout = record.spec.readout_error
    own, stored = exact_gain(point, times, readout), np.array([row["gain_exact"] for row in rows])
    # What is tested beside the spec's exact curve says nothing of another noise.
    refused = [name for name in str(rows[0].get(REFUSED_COLUMN) or "").split("; ") if name not in _BY_SPEC]
    if refused:
        return found | {"withheld": f"the counts refuse: {', '.join(refused)}"}
    if np.abs(own - stored).max() > _SAME * max(np.abs(stored).max(), np.abs(own).max()):
        why = f"its exact values are of another version or quantity; make them again: qsense estimate {record.path}"
        return found | {"withheld": why}
    predicted = exact_gain(other, times, readout)
    values, errors = (np.array([row[name] for row in rows]) for name in ("gain", "stderr"))
    is_fitted = record.spec.device is not None
    amplitude, chance = _agreement(predicted, values, errors, is_fitted)
    by_spec = _agreement(own, values, errors, is_fitted)[1]
    found["times"] = [
        {
            "time_s": float(times[k]),
            "predicted": float(predicted[k]),
            "predicted_by_spec": float(own[k]),
            "measured": float(values[k]),
            "stderr": float(errors[k]),
            "ratio": float(values[k] / predicted[k]) if predicted[k] else None,
            "z": float((values[k] - amplitude * predicted[k]) / errors[k]),
        }
        for k in range(len(times))
    ]
    return found | {"amplitude": amplitude if is_fitted else None, "p_value": chance, "p_value_by_spec": by_spec}


def _agreement(
    predicted: FloatArray, values: FloatArray, errors: FloatArray, is_fitted: bool
) -> tuple[float, float | None]:
    """The factor of the prediction, 1 if not fitted, and the chance of such a distance; None where nothing is left.

    Args:
        predicted, values, errors: at each time, shape (times,).
        is_fitted: whether the factor is.
    """
    norm = float(((predicted / errors) ** 2).sum())
    amplitude = float((predicted * values / errors**2).sum()) / norm if is_fitted and norm > 0 else 1.0
    degrees = len(values) - (1 if is_fitted and norm > 0 else 0)
    square = float((((values - amplitude * predicted) / errors) ** 2).sum())
    return amplitude, p_value(square, degrees) if degrees else None
