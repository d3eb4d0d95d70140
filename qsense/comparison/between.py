"""Two records beside each other, of another day, device or vendor: ratios of 𝓘, and what changed in their specs."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from qsense.backends import is_device
from qsense.comparison.decay_law import INTERPOLATION
from qsense.comparison.points import point_columns
from qsense.comparison.ratio import fieller, holm
from qsense.errors import ArgumentError
from qsense.estimators.assumptions import READOUT
from qsense.estimators.chance import NO_ERROR, z_score
from qsense.estimators.result import Estimate
from qsense.runs.columns import POINT_COLUMNS
from qsense.runs.imported import IMPORT, is_import
from qsense.runs.plan import listed
from qsense.runs.record import RunRecord

_OF_PROVENANCE = ("created", "calibrated", "calibration_sha256")  # what differs beside the specs
_OF_IMPORT = ("source", "source_sha256", "shots", "lost_shots", "missing_shots")
NOTED = {
    READOUT: "the counts of some refuse: readout calibrated; what it costs is part of 𝓘 and of the ratios",
    INTERPOLATION: "the times of some leave a part of 𝓘 to interpolation; their errors, and those of ratios, hold it",
}
"""What is refused and compared all the same, and in what sense."""
_WITHOUT_SEED = ("braket",)
_OTHER_PROBE = "another state of the same name: its numbers, circuit or tilt differ"
_SAME_NUMBERS = (
    "both are simulated with the same random numbers: their errors are not independent; run one with another `seed`"
)


@dataclass(frozen=True)
class RecordsCompared:
    """Two records, row by row.

    Attributes:
        rows: a mapping for each probe, N, noise and estimator that both have: 𝓘 of each in s, shots, `ratio` of the
            first to the second with its 95 % interval by Fieller, `z` of their difference, `differs` (by Holm's test at
            5 % over all rows), `withheld`: why there is no ratio, and `noted`: what is refused and part of the ratio:
            readout.
        unmatched: how many rows of each record the other does not have.
        changed: what differs between the specs, qubits, devices, calibrations and imported sources: key → (of the
            first, of the second); None where one lacks it.
    """

    rows: tuple[dict[str, Any], ...]
    unmatched: tuple[int, int]
    changed: dict[str, tuple[Any, Any]]


def compare_records(one: RunRecord, other: RunRecord) -> RecordsCompared:
    """Returns two records beside each other.

    Rows go together that have the same probe, N, noise and estimator. Where the noise has another name but is the only
    one of its probe, N and estimator in both records, they go together too.

    Args:
        one, other: that have been estimated; they are only read.

    Raises:
        ArgumentError: both are the same record, or have no row in common.
        RecordError: one has not been estimated, or is damaged.
    """
    if one.path.samefile(other.path):
        raise ArgumentError(f"{one.path}: a record cannot be compared with itself; give another one.")
    own, others = _rows(one), _rows(other)
    pairs = _matched(own, others)
    if not pairs:
        raise ArgumentError(f"{one.path} and {other.path} have no probe with the same N and estimator in common.")
    keys = [_random_numbers(record) for record in (one, other)]
    rows = []
    for first, second in pairs:
        names = [tuple(row[name] for name in POINT_COLUMNS) for row in (first, second)]
        drawn = [key.get(name) for key, name in zip(keys, names, strict=True)]
        are_drawn_alike = drawn[0] is not None and drawn[0] == drawn[1]
        rows.append(_compared(first, second, are_drawn_alike, first["missed"] * second["missed"]))
    tested = [row for row in rows if row["z"] is not None]
    for row, stands in zip(tested, holm([math.erfc(abs(row["z"]) / math.sqrt(2)) for row in tested]), strict=True):
        row["differs"] = stands
    said = [_said(record) for record in (one, other)]
    return RecordsCompared(
        tuple(rows), (len(own) - len(pairs), len(others) - len(pairs)), what_changed(said[0], said[1])
    )


def _said(record: RunRecord) -> dict[str, Any]:
    """What a record says of how it was measured: its spec with the qubits of each probe, device, dates, shots."""
    found = record.spec.to_dict("hash") | {
        key: record.provenance[key] for key in _OF_PROVENANCE if key in record.provenance
    }
    if record.is_of_device:
        found["device_name"] = record.read_json("device.json").get("device")
    if record.has(IMPORT):
        stated = record.read_json(IMPORT)
        found["import"] = {key: stated[key] for key in _OF_IMPORT if key in stated}
    return found


def _random_numbers(record: RunRecord) -> dict[tuple[Any, ...], tuple[str, str]]:
    """Point by point, what a simulator's random numbers follow from; nothing of what a device or a lab measured."""
    backend = record.spec.backend
    family = backend.partition(":")[0]
    if is_import(backend) or family in _WITHOUT_SEED or (is_device(backend) and family != "fake"):
        return {}
    return {tuple(point_columns(point).values()): (family, point.key) for point in listed(record.spec)}


def what_changed(one: Mapping[str, Any], other: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    """Returns what differs between two mappings, inner keys joined by dots; of several named tables, by their names.

    Tables of a device's `placements` go by probe and N.

    >>> what_changed({"seed": 1, "noise": [{"name": "a", "rate": 1}]}, {"seed": 1, "noise": [{"name": "a", "rate": 2}]})
    {'noise.rate': (1, 2)}
    """
    flat = [_flat(mapping) for mapping in (one, other)]
    keys = dict.fromkeys((*flat[0], *flat[1]))
    return {key: (flat[0].get(key), flat[1].get(key)) for key in keys if flat[0].get(key) != flat[1].get(key)}


def _flat(value: Any, before: str = "") -> dict[str, Any]:
    if before.endswith("placements") and isinstance(value, list):
        named = ("probe", "num_qubits")
        value = {
            f"{one['probe']} N={one['num_qubits']}": {key: inner for key, inner in one.items() if key not in named}
            for one in value
        }
    for word in ("name", "probe"):
        if isinstance(value, list | tuple) and value and all(isinstance(one, Mapping) and word in one for one in value):
            value = (
                value[0]
                if len(value) == 1 and word == "name"
                else {one[word]: {key: inner for key, inner in one.items() if key != word} for one in value}
            )
    if not isinstance(value, Mapping) or (before and not value):
        return {before: value}
    return {
        name: inner
        for key, part in value.items()
        for name, inner in _flat(part, f"{before}.{key}" if before else str(key)).items()
    }


def _rows(record: RunRecord) -> list[dict[str, Any]]:
    """The rows of a record's summary with what is needed of them."""
    names = ("probe", "num_qubits", "noise", "estimator", "integrated_gain_s", "integrated_gain_stderr_s")
    probes = {(probe.name, probe.num_qubits): probe.key for probe in record.spec.probes}
    try:
        found = [
            {name: row[name] for name in names}
            | {
                "key": probes.get((row["probe"], row["num_qubits"])),
                "quantity": row.get("quantity"),
                "shots": row.get("shots"),
                "missed": _missed(row),
                "refused": [str(one["name"]) for one in row.get("assumptions", ()) if one["held"] is False],
            }
            for row in record.summary()["rows"]
        ]
        is_whole = all(
            all(isinstance(row[name], str) for name in ("probe", "noise", "estimator"))
            and isinstance(row["num_qubits"], int)
            and math.isfinite(row["integrated_gain_s"])
            and 0 <= row["integrated_gain_stderr_s"] < math.inf
            for row in found
        )
    except (KeyError, TypeError, OverflowError) as error:
        raise record.damaged("summary.json", type(error).__name__) from error
    if not is_whole:
        raise record.damaged("summary.json", "a row without a name or a finite number")
    return found


def _missed(row: Mapping[str, Any]) -> float:
    """What a row's rule misses of the exact curve, in s, with its sign; 0 where its error cannot hold it."""
    missed, error = row.get("rule_error_s"), row["integrated_gain_stderr_s"]
    return float(missed) if isinstance(missed, float) and abs(missed) <= error else 0.0


def _matched(
    own: Sequence[dict[str, Any]], others: Sequence[dict[str, Any]]
) -> list[tuple[dict[str, Any], dict[str, Any]]]:
    """The rows that go together, in the order of the first record."""
    pairs = []
    for row in own:
        alike = [[one for one in rows if _key(one) == _key(row)] for rows in (own, others)]
        same = [one for one in alike[1] if one["noise"] == row["noise"]]
        if same:
            pairs.append((row, same[0]))
        elif len(alike[0]) == len(alike[1]) == 1:
            pairs.append((row, alike[1][0]))
    return pairs


def _key(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["probe"], row["num_qubits"], row["estimator"]


def _compared(
    one: Mapping[str, Any], other: Mapping[str, Any], are_drawn_alike: bool = False, covariance: float = 0.0
) -> dict[str, Any]:
    """Two rows beside each other.

    Args:
        one, other: the rows.
        are_drawn_alike: whether both are of the same random numbers.
        covariance: of both 𝓘, in s²: what rules of few times miss of two curves has a sign, and is no chance. Of curves
            alike it cancels in the ratio.
    """
    values = [Estimate(row["integrated_gain_s"], row["integrated_gain_stderr_s"]) for row in (one, other)]
    found: dict[str, Any] = {name: one[name] for name in ("probe", "num_qubits", "noise", "estimator")}
    found |= {"other_noise": other["noise"], "shots": one["shots"], "other_shots": other["shots"]}
    for name, value in zip(("integrated_gain", "other_integrated_gain"), values, strict=True):
        found |= {f"{name}_s": value.value, f"{name}_stderr_s": value.stderr}
    empty = dict.fromkeys(("ratio", "ratio_low", "ratio_high", "z"))
    found["noted"] = [name for name in NOTED if name in (*one["refused"], *other["refused"])]
    found |= {**empty, "differs": None, "withheld": _withheld(one, other, values, are_drawn_alike)}
    if found["withheld"] is None:
        low, high = fieller(values[0], values[1], covariance)
        variance = values[0].stderr ** 2 + values[1].stderr ** 2 - 2 * covariance
        found |= {
            "ratio": values[0].value / values[1].value if values[1].value else None,
            "ratio_low": low,
            "ratio_high": high,
            "z": z_score(values[0].value - values[1].value, math.sqrt(max(variance, 0.0))),
        }
    return found


def _withheld(
    one: Mapping[str, Any], other: Mapping[str, Any], values: Sequence[Estimate], are_drawn_alike: bool
) -> str | None:
    """Why two rows have no ratio."""
    if one.get("key") != other.get("key"):
        return _OTHER_PROBE
    if one["quantity"] != other["quantity"]:
        return f"not the same quantity: {one['quantity']} and {other['quantity']}"
    # Readout errors are part of both, and what a rule misses is in both errors; `noted` says so.
    refused = [name for name in dict.fromkeys([*one["refused"], *other["refused"]]) if name not in NOTED]
    if refused:
        return f"the counts refuse: {', '.join(refused)}"
    if (values[0].value, values[0].stderr) == (values[1].value, values[1].stderr):
        return "the same counts"
    if are_drawn_alike:
        return _SAME_NUMBERS
    return NO_ERROR if 0 in (values[0].stderr, values[1].stderr) else None
