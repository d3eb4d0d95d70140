"""A record beside another noise: what it would have predicted of G, of 𝓘, and of which probe leads."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qsense.comparison.advantage import exact_crossing
from qsense.comparison.agreement import agreement, amplitude_columns, time_rows
from qsense.comparison.beside_spec import READ_WRONG, is_row_of, is_scaled, rows_of_points
from qsense.comparison.decay_law import INTERPOLATION
from qsense.comparison.points import exact_gain, integrated_gain_exact, leaves_out_readout, point_columns
from qsense.comparison.verdicts import probe_name, ratio_text
from qsense.errors import ArgumentError
from qsense.estimators.assumptions import DECAY_LAW, READOUT
from qsense.estimators.chance import NO_ERROR, z_score
from qsense.files.units import readable_time
from qsense.noise import Noise, ReadoutError
from qsense.noise.checked import check_channel
from qsense.numerics.fisher import FloatArray
from qsense.runs.columns import REFUSED_COLUMN
from qsense.runs.commuting import check_commuting
from qsense.runs.plan import listed
from qsense.runs.point import Point
from qsense.runs.record import RunRecord

_BY_SPEC = ("", READOUT, DECAY_LAW, INTERPOLATION)
_SAME = 1e-4  # relative: of the exact values in a table and those computed again


@dataclass(frozen=True)
class _Predicted:
    """A point under a noise that was not the spec's."""

    point: Point
    quantity: str
    readout_error: ReadoutError | None

    def curve_exact(self, times: FloatArray) -> FloatArray:
        return exact_gain(self.point, times, self.readout_error)

    @property
    def integral(self) -> float:
        return integrated_gain_exact(self.point, self.readout_error)


def noise_rows(record: RunRecord, noise: Noise) -> list[dict[str, Any]]:
    """Returns a mapping for each point: its times with G predicted by a noise and by the spec, measured, ratio and z.

    Its `p_value` says how likely counts are so far from the prediction, `p_value_by_spec` the same of the spec's noise.
    On a device, and for counts from elsewhere, one factor for all times is fitted first, `amplitude`: preparation and
    readout keep that much of G. `integrated_gain_predicted_s` is 𝓘, without that factor, beside the measured one, with
    `integrated_gain_z`. `withheld` says why a point is not compared; it has no times then. `no_z` says why a z is None.

    Args:
        record: that has been estimated; it is only read.
        noise: in place of that of the spec; signal, pulses and readout stay.

    Raises:
        RecordError: it has not been estimated, or the table is damaged.
        ArgumentError: the noise does not go with a probe or an estimator of the record.
    """
    points = {tuple(point_columns(point).values()): point for point in listed(record.spec)}
    summary = record.summary()["rows"]
    return [_point(points[key], rows, record, noise, summary) for key, rows in rows_of_points(record).items()]


def _point(
    point: Point,
    rows: Sequence[dict[str, Any]],
    record: RunRecord,
    noise: Noise,
    summary: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    found: dict[str, Any] = {**point_columns(point), "times": [], "withheld": None}
    other, times = _under(point, noise), np.array([row["time_s"] for row in rows])
    readout = record.spec.readout_error
    own, stored = exact_gain(point, times, readout), np.array([row["gain_exact"] for row in rows])
    # What is tested beside the spec's exact curve says nothing of another noise.
    refused = [name for name in str(rows[0].get(REFUSED_COLUMN) or "").split("; ") if name not in _BY_SPEC]
    if refused:
        return found | {"withheld": f"the counts refuse: {', '.join(refused)}"}
    if np.abs(own - stored).max() > _SAME * max(np.abs(stored).max(), np.abs(own).max()):
        why = f"its exact values are of another version or quantity; make them again: qsense estimate {record.path}"
        return found | {"withheld": why}
    predicted, is_fitted = exact_gain(other, times, readout), is_scaled(record, point)
    is_read_wrong = leaves_out_readout(point, readout)
    if is_read_wrong and not is_fitted:
        return found | {"withheld": f"{READ_WRONG}; it bends the curve"}
    values, errors = (np.array([row[name] for row in rows]) for name in ("gain", "stderr"))
    agrees, by_spec = (agreement(one, values, errors, is_fitted) for one in (predicted, own))
    found["times"] = time_rows(rows, predicted, agrees, predicted_by_spec=own.tolist())
    found |= {**amplitude_columns(agrees), "p_value": agrees.p_value, "no_z": agrees.no_z}
    row = next((one for one in summary if is_row_of(point, one)), {})
    integral = _integral(integrated_gain_exact(other, readout), row)
    return found | {
        "p_value_by_spec": by_spec.p_value,
        **integral,
        **({"integrated_gain_z": None} if is_read_wrong else {}),
    }


def _under(point: Point, noise: Noise) -> Point:
    other = replace(point, noise=noise)
    try:
        check_channel(noise, point.probe.num_qubits)
        other.world.check(point.probe.num_qubits)
        check_commuting(other)
    except ArgumentError as error:
        raise ArgumentError(f"Option --noise for {point.probe.name}, N = {point.probe.num_qubits}: {error}") from error
    return other


def _integral(predicted: float, row: Mapping[str, Any]) -> dict[str, Any]:
    """𝓘 as predicted, by the spec and as measured, with z."""
    measured, error = row.get("integrated_gain_s"), row.get("integrated_gain_stderr_s")
    z = z_score(measured - predicted, error) if isinstance(measured, float) and isinstance(error, float) else None
    return {
        "integrated_gain_predicted_s": predicted if math.isfinite(predicted) else None,
        "integrated_gain_by_spec_s": row.get("integrated_gain_exact_s"),
        "integrated_gain_s": measured,
        "integrated_gain_stderr_s": error,
        "integrated_gain_z": z,
    }


def lead_rows(record: RunRecord, noise: Noise) -> list[dict[str, Any]]:
    """Returns a mapping for each comparison of two probes: crossing and ratio of 𝓘 by a noise, by the spec, measured.

    `verdict` says in words what the noise predicts. `ratio_z` and `crossover_z` are of what was measured beside it;
    `no_ratio_z` and `no_crossover_z` say why one is None.

    Args:
        record, noise: as of `noise_rows`.

    Raises:
        RecordError, ArgumentError: as `noise_rows`.
    """
    points, summary = listed(record.spec), record.summary()
    found = []
    for row in summary["crossovers"]:
        pair = _pair(points, row)
        if pair is None or row["num_qubits"] < 2:
            continue
        measured: list[Mapping[str, Any]] = [
            next((one for one in summary["rows"] if is_row_of(point, one)), {}) for point in pair
        ]
        readout = record.spec.readout_error
        one, other = (
            _Predicted(_under(point, noise), str(own.get("quantity")), readout)
            for point, own in zip(pair, measured, strict=True)
        )
        found.append(_lead(row, one, other, measured, noise.name))
    return found


def _pair(points: Sequence[Point], row: Mapping[str, Any]) -> tuple[Point, Point] | None:
    """The points of a comparison, whose estimators it names: one of both, or that of each."""
    of = [p for p in points if (p.probe.num_qubits, p.noise.name) == (row["num_qubits"], row["noise"])]
    for a in of:
        for b in of:
            names = " and ".join(dict.fromkeys((a.estimator.name, b.estimator.name)))
            if (a.probe.name, b.probe.name, names) == (row["probe"], row["other"], row["estimator"]):
                return a, b
    return None


def _lead(
    row: Mapping[str, Any], one: _Predicted, other: _Predicted, measured: Sequence[Mapping[str, Any]], noise: str
) -> dict[str, Any]:
    first, second, root = exact_crossing(one, other)
    integrals = one.integral, other.integral
    ratio = integrals[0] / integrals[1] if integrals[1] > 0 and math.isfinite(integrals[1]) else None
    found = {key: row[key] for key in ("noise", "num_qubits", "probe", "other", "estimator")}
    found |= {"leads_first_predicted": first.point.probe.name, "leads_first_by_spec": row.get("leads_first")}
    for key, predicted, by_spec in (("crossover", root, "crossover_exact_s"), ("ratio", ratio, "ratio_exact")):
        unit = "_s" if key == "crossover" else ""
        found |= {f"{key}_predicted{unit}": predicted, f"{key}_by_spec{unit}": row.get(by_spec)}
        found |= {f"{key}{unit}": row.get(f"{key}{unit}"), f"{key}_stderr{unit}": row.get(f"{key}_stderr{unit}")}
    found["verdict"] = _verdict(first, second, root, one, other, ratio, noise)
    withheld = row.get("withheld")
    z, why = (None, str(withheld)) if withheld else _ratio_z(ratio, measured)
    found |= {"ratio_z": z, "no_ratio_z": why}
    z, why = (None, str(withheld)) if withheld else _crossover_z(root, first.point.probe.name, row)
    return found | {"crossover_z": z, "no_crossover_z": why}


def _ratio_z(ratio: float | None, measured: Sequence[Mapping[str, Any]]) -> tuple[float | None, str | None]:
    """How far 𝓘 of the one is from the predicted ratio times 𝓘 of the other, which have independent counts."""
    if ratio is None:
        return None, "no ratio is predicted"
    try:
        (a, da), (b, db) = (
            (float(one["integrated_gain_s"]), float(one["integrated_gain_stderr_s"])) for one in measured
        )
    except (KeyError, TypeError, ValueError):
        return None, "𝓘 is not known"
    z = z_score(a - ratio * b, math.hypot(da, ratio * db))
    return z, NO_ERROR if z is None else None


def _crossover_z(root: float | None, first: str, row: Mapping[str, Any]) -> tuple[float | None, str | None]:
    if root is None:
        return None, "no crossing is predicted"
    if row.get("crossover_s") is None:
        return None, "no crossing was measured"
    if first != row.get("leads_first"):
        return None, "the other probe is predicted to lead at first"
    z = z_score(row["crossover_s"] - root, float(row.get("crossover_stderr_s") or 0.0))
    return z, NO_ERROR if z is None else None


def _verdict(
    first: _Predicted,
    second: _Predicted,
    root: float | None,
    one: _Predicted,
    other: _Predicted,
    ratio: float | None,
    noise: str,
) -> str:
    leader, trailer, probe, beside = (probe_name(p.point.probe.name) for p in (first, second, one, other))
    lead = "at all times" if root is None else f"until t = {readable_time(root)}"
    whole = "the ratio of 𝓘 is not defined"
    if ratio is not None:
        change = f"gains {100 * (ratio - 1):.0f} %" if ratio > 1 else f"loses {100 * (1 - ratio):.0f} %"
        if abs(ratio - 1) < 0.005:
            change = "neither gains nor loses"
        whole = f"over all times {probe} {change} beside {beside} (ratio {ratio_text(ratio)})"
    return f"{noise} predicts that {leader} leads {trailer} {lead}; {whole}."
