"""Runs a record's spec again and compares: are the counts and numbers the same, and which versions have changed?"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qsense import services as remote
from qsense.errors import RecordError
from qsense.extensions import allowing
from qsense.runs.execution import Progress
from qsense.runs.plan import plan
from qsense.runs.record import RunRecord
from qsense.workflow import runs as workflow

_NUMBERS = (
    "integrated_gain_s",
    "integrated_gain_stderr_s",
    "integrated_gain_low_s",
    "integrated_gain_high_s",
    "integrated_gain_exact_s",
)


@dataclass(frozen=True)
class PointReproduced:
    """One point, then and now.

    Attributes:
        label: which.
        counts_equal: whether every outcome was read as often.
        integrated_gain_s, integrated_gain_again_s: 𝓘 then and now.
        largest_difference: of 𝓘, its error, its interval and its exact value, relative.
    """

    label: str
    counts_equal: bool
    integrated_gain_s: float
    integrated_gain_again_s: float
    largest_difference: float


@dataclass(frozen=True)
class Reproduction:
    """A record and its run again.

    Attributes:
        record: the new one.
        points: one by one.
        provenance: what differs around them: key → (then, now).
    """

    record: RunRecord
    points: tuple[PointReproduced, ...]
    provenance: dict[str, tuple[Any, Any]]

    @property
    def counts_equal(self) -> bool:
        return all(point.counts_equal for point in self.points)

    @property
    def identical(self) -> bool:
        """Whether every count and every number is the same, bit for bit."""
        return self.counts_equal and all(point.largest_difference == 0 for point in self.points)


def rerun(
    record: RunRecord | str | Path,
    out: Path,
    progress: Progress | None = None,
    allow_code: bool = False,
) -> Reproduction:
    """Runs a record's spec again in another folder and compares.

    Args:
        record: a record or its folder; it is only read.
        out: the folder under which the new record is made.
        progress: as of `workflow.run`.
        allow_code: whether code that the record's spec names may be imported and run.

    Raises:
        RecordError: the record is damaged or incomplete, is of a device that would be measured anew, or is in `out`.
    """
    with allowing(allow_code):
        return _rerun(record, out, progress)


def _rerun(record: RunRecord | str | Path, out: Path, progress: Progress | None) -> Reproduction:
    old = record if isinstance(record, RunRecord) else RunRecord.load(record)
    if remote.is_remote(old.spec.backend):
        raise RecordError(
            f"{old.path}: was measured on {old.spec.backend}, which gives other counts every time; "
            "to measure it anew, submit its spec with another folder (`out`)."
        )
    place = out / f"{old.spec.name}-{old.spec.id}"
    if place.exists():
        raise RecordError(f"{place}: exists and would be continued, not run again; choose another folder (`out`).")
    before = _numbers_of(old)
    points = plan(old.spec)
    tables = [old.counts(point) for point in points]
    new = workflow.run(old.spec, out, progress)
    after = _numbers_of(new)
    if len(before) != len(points):
        raise RecordError(f"{old.path}: was estimated in part only; run `qsense estimate {old.path}`.")
    rows = zip(points, tables, before, after, strict=True)
    compared = tuple(
        PointReproduced(
            point.label,
            all(_same(one, two) for one, two in zip(table, new.counts(point), strict=True)),
            then["integrated_gain_s"],
            now["integrated_gain_s"],
            max(_difference(then[key], now[key]) for key in _NUMBERS),
        )
        for point, table, then, now in rows
    )
    return Reproduction(new, compared, _changed(old.provenance, new.provenance))


def _numbers_of(record: RunRecord) -> list[dict[str, float]]:
    """The numbers of a record's rows, in the order of its points."""
    path = record.path / "summary.json"
    try:
        return [{key: float(row[key]) for key in _NUMBERS} for row in record.summary()["rows"]]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise RecordError(
            f"{path}: damaged ({type(error).__name__}); run `qsense estimate {record.path}` to make it again."
        ) from error


def _same(one: Any, two: Any) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(two, name)) for name in ("offsets", "outcomes", "numbers"))


def _difference(then: float, now: float) -> float:
    if then == now or (math.isnan(then) and math.isnan(now)):
        return 0.0
    difference = abs(then - now) / max(abs(then), abs(now))
    return difference if math.isfinite(difference) else math.inf


def _versions(provenance: dict[str, Any]) -> dict[str, Any]:
    found = provenance.get("versions")
    return found if isinstance(found, dict) else {}


def _changed(then: dict[str, Any], now: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What differs, one level deep, but for the date."""
    flat = [
        {key: value for key, value in one.items() if key not in ("versions", "created")} | _versions(one)
        for one in (then, now)
    ]
    keys = sorted(flat[0].keys() | flat[1].keys())
    return {key: (flat[0].get(key), flat[1].get(key)) for key in keys if flat[0].get(key) != flat[1].get(key)}
