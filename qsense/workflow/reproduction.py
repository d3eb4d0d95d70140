"""Runs a record's spec again and compares: are the counts and numbers the same, and which versions have changed?

On the same machine with the same libraries everything is the same bit for bit. Another processor or another version of
NumPy sums in another order, so elsewhere counts are the same and numbers are equal to rounding.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from qsense import services as remote
from qsense.errors import RecordError
from qsense.extensions import allowing
from qsense.runs.adaptive import settled
from qsense.runs.columns import INTEGRAL_COLUMNS
from qsense.runs.execution import Progress
from qsense.runs.naming import record_path
from qsense.runs.plan import plan
from qsense.runs.record import RunRecord
from qsense.runs.rounds import planned, with_rounds
from qsense.workflow import runs as workflow

TOLERANCE = 1e-9  # relative: rounding differs by some 1e-15, a change of what is computed by more


@dataclass(frozen=True)
class PointReproduced:
    """One point, then and now.

    Attributes:
        label: which.
        counts_equal: whether every outcome was read as often.
        integrated_gain_s, integrated_gain_again_s: 𝓘 then and now.
        largest_difference: of 𝓘, its error, its interval and its exact value, relative to each, or to the error of 𝓘
            where that is larger.
        differing: which number that is; None where all are equal.
    """

    label: str
    counts_equal: bool
    integrated_gain_s: float
    integrated_gain_again_s: float
    largest_difference: float
    differing: str | None


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
        return self.counts_equal and self.largest_difference == 0

    @property
    def is_same(self) -> bool:
        """Whether every count is the same, and every number to rounding: within TOLERANCE, 1e-9."""
        return self.counts_equal and self.largest_difference <= TOLERANCE

    @property
    def largest_difference(self) -> float:
        return max((point.largest_difference for point in self.points), default=0.0)

    @property
    def conclusion(self) -> str:
        """How the two compare, in a line; it names the number that differs most where that is no rounding."""
        if self.identical:
            return "reproduced bit for bit"
        if self.is_same:
            return f"same counts; numbers equal to rounding (largest {self.largest_difference:.1g})"
        worst = max(self.points, key=lambda point: point.largest_difference)
        if worst.largest_difference <= TOLERANCE:
            return "not the same: counts differ"
        by = f"{worst.differing} of {worst.label} differs by {worst.largest_difference:.1g}, rounding by {TOLERANCE:g}"
        return f"not the same: {by} at most" + ("" if self.counts_equal else "; counts differ")


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
    if old.spec.senses_outside_pulses:
        raise RecordError(
            f'{old.path}: was made by an earlier version with the signal outside of the pulses (idle = "'
            f'{old.spec.idle}") and cannot be measured again by this version; write a new spec with an alternating '
            'signal, such as signal = { frequency_hz = "matched" }, and run it.'
        )
    place = record_path(old.spec, out)
    if place.exists():
        raise RecordError(f"{place}: exists and would be continued, not run again; choose another folder (`out`).")
    before = _numbers_of(old)
    asked = plan(old.spec, old.row_shots())
    points = with_rounds(settled(asked, old), old)
    tables = [old.counts(point) for point in points]
    if len(before) != len(points):
        raise RecordError(f"{old.path}: was estimated in part only; run `qsense estimate {old.path}`.")
    few = next((point for point in points if min(point.shots) < point.needed_shots), None)
    if few is not None:
        raise RecordError(
            f"{old.path}: {few.label} has {min(few.shots)} shots a circuit, but {few.needed_shots} are needed: what "
            "an earlier version made of them is not made again."
        )
    new = workflow.run_again(old.spec, asked, out, progress, planned(old))
    after = _numbers_of(new)
    again = [new.counts(point) for point in with_rounds(settled(asked, new), new)]
    rows = zip(points, tables, again, before, after, strict=True)
    compared = tuple(
        PointReproduced(
            point.label,
            all(_same(one, two) for one, two in zip(table, counts, strict=True)),
            then["integrated_gain_s"],
            now["integrated_gain_s"],
            *_largest_difference(then, now),
        )
        for point, table, counts, then, now in rows
    )
    return Reproduction(new, compared, _changed(old.provenance, new.provenance))


def _numbers_of(record: RunRecord) -> list[dict[str, float]]:
    """The numbers of a record's rows, in the order of its points."""
    path = record.path / "summary.json"
    try:
        return [{key: float(row[key]) for key in INTEGRAL_COLUMNS} for row in record.summary()["rows"]]
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        raise RecordError(
            f"{path}: damaged ({type(error).__name__}); run `qsense estimate {record.path}` to make it again."
        ) from error


def _same(one: Any, two: Any) -> bool:
    return all(np.array_equal(getattr(one, name), getattr(two, name)) for name in ("offsets", "outcomes", "numbers"))


def _largest_difference(then: dict[str, float], now: dict[str, float]) -> tuple[float, str | None]:
    """The largest relative difference of a point's numbers, and which number that is."""
    spread = max(abs(one["integrated_gain_stderr_s"]) for one in (then, now))
    found = {}
    for key in INTEGRAL_COLUMNS:
        # What is estimated can lie near 0, where rounding is small beside its error, not beside itself.
        is_known_better = key in ("integrated_gain_stderr_s", "integrated_gain_exact_s")
        found[key] = _difference(then[key], now[key], 0.0 if is_known_better else spread)
    worst = max(found, key=lambda key: found[key])
    return found[worst], worst if found[worst] else None


def _difference(then: float, now: float, least: float) -> float:
    if then == now or (math.isnan(then) and math.isnan(now)):
        return 0.0
    difference = abs(then - now) / max(abs(then), abs(now), least)
    return difference if math.isfinite(difference) else math.inf


def _versions(provenance: dict[str, Any]) -> dict[str, Any]:
    found = provenance.get("versions")
    return found if isinstance(found, dict) else {}


def _changed(then: dict[str, Any], now: dict[str, Any]) -> dict[str, tuple[Any, Any]]:
    """What differs, one level deep, but for the date."""
    flat = [
        {key: value for key, value in one.items() if key not in ("versions", "created", "jobs")} | _versions(one)
        for one in (then, now)
    ]
    keys = sorted(flat[0].keys() | flat[1].keys())
    return {key: (flat[0].get(key), flat[1].get(key)) for key in keys if flat[0].get(key) != flat[1].get(key)}
