"""Further rounds of a run: the same circuits with more shots, until what was asked for is known well enough.

A round adds to the counts before it, as the rest of a run in two steps adds to its pilot: its shots are shared out over
times and rows as those of the run itself, its seeds follow from its own key, and its counts are files of their own.
`rounds.json` holds what is planned before anything of it is measured, so that a run that was killed goes on.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from qsense.circuits.counts import Counts
from qsense.errors import RecordError
from qsense.runs.folder import SCHEMA
from qsense.runs.pilots import Rows, with_rows
from qsense.runs.point import Pilot, Point
from qsense.runs.record import RunRecord

ROUNDS = "rounds.json"
Plan = Mapping[str, Rows]
"""The shots of each row of each time of one round, by the keys of the points that it measures."""


def planned(record: RunRecord) -> list[Plan]:
    """Returns the rounds that a record plans after its first, measured or not; [] for a run in one.

    Raises:
        RecordError: the file is damaged.
    """
    if not record.has(ROUNDS):
        return []
    try:
        return [
            {str(key): tuple(tuple(int(n) for n in row) for row in rows) for key, rows in one.items()}
            for one in record.read_json(ROUNDS)["rounds"]
        ]
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise RecordError(
            f"{record.path / ROUNDS}: damaged ({type(error).__name__}); restore it, or delete it to leave all rounds "
            "but the first out."
        ) from error


def write_rounds(record: RunRecord, rounds: Sequence[Plan], about: Mapping[str, Any]) -> None:
    """Writes the rounds of a record, with what they are for."""
    record.write_json(ROUNDS, {"schema": SCHEMA, **about, "rounds": [dict(one) for one in rounds]})


def with_rounds(points: Sequence[Point], record: RunRecord) -> list[Point]:
    """Returns the points with the counts of all rounds that have been measured: each as its last round.

    Args:
        points: as `adaptive.settled` gives them.
        record: with their counts.

    Raises:
        RecordError: `rounds.json` or counts are damaged.
    """
    rounds = planned(record)
    return [_last(point, [one[point.key] for one in rounds if point.key in one], record) for point in points]


def as_measured(points: Sequence[Point], record: RunRecord, number: int) -> list[Point]:
    """Returns the points of one round, which the rounds before it must have been measured for.

    Args:
        points: as of `with_rounds`.
        record: with the counts of the rounds before.
        number: 0 for the first round after the run itself.
    """
    rounds = planned(record)[: number + 1]
    return [
        _last(point, [one[point.key] for one in rounds if point.key in one], record, whole=False)
        for point in points
        if point.key in rounds[number]
    ]


def due(points: Sequence[Point], record: RunRecord) -> list[Point]:
    """Returns what the rounds of a record measure, measured or not, as far as the rounds before have been measured.

    Args:
        points: as `adaptive.settled` gives them.
        record: with their counts, or some of them.
    """
    found: list[Point] = []
    if not all(record.has_counts(point) for point in points):
        return found
    for number in range(len(planned(record))):
        own = as_measured(points, record, number)
        found += own
        if not all(record.has_counts(point) for point in own):
            break
    return found


def rows_for(point: Point, factor: float) -> Rows:
    """Returns the shots of a round that is `factor` times all that a point had before, in the same shares.

    Each circuit has as many as its estimator needs at the least.

    Args:
        point: as `with_rounds` gives it.
        factor: above 0.
    """
    before = _all_rows(point)
    least = point.needed_shots
    return tuple(tuple(max(round(factor * n), least) for n in row) for row in before)


def _all_rows(point: Point) -> Rows:
    """The shots of every row of every time so far."""
    own = point.row_shots
    if point.pilot is None or not point.pilot.counts:
        return own
    before = [tuple(int(n) for n in one.row_shots()) for one in point.pilot.counts]
    return tuple(tuple(map(sum, zip(*both, strict=True))) for both in zip(own, before, strict=True))


def _last(point: Point, rounds: Sequence[Rows], record: RunRecord, whole: bool = True) -> Point:
    """The last round of a point; of those that have been measured if `whole`."""
    found = point
    for number, rows in enumerate(rounds, start=2):
        _check(point, rows, record)
        following = _following(point, found, rows, number, record)
        if whole and not record.has_counts(following):
            break
        found = following
    return found


def _following(point: Point, before: Point, rows: Rows, number: int, record: RunRecord) -> Point:
    counts = before.with_pilot(record.counts(before))
    shots = tuple(int(one.row_shots().sum()) for one in counts)
    first = point.pilot
    pilot = Pilot(shots, tuple(counts))
    if first is not None and first.estimates:
        mixed = tuple(sum(both) for both in zip(shots, first.shots, strict=True))
        pilot = Pilot(mixed, tuple(counts), first.estimates, first.shares)
    step = f"round {number}" if not point.step else f"{point.step}, round {number}"
    return with_rows(replace(point, step=step, pilot=pilot), rows)


def _check(point: Point, rows: Rows, record: RunRecord) -> None:
    circuits, times = point.circuits_per_time, len(point.rule.times)
    if len(rows) != times or any(len(one) != circuits or min(one) < 1 for one in rows):
        raise RecordError(
            f"{record.path / ROUNDS}: does not fit the spec of this record ({point.label}); restore it, or delete it "
            "to leave all rounds but the first out."
        )


def merged_counts(point: Point, record: RunRecord) -> list[Counts]:
    """Returns the counts of every time of all rounds of a point, as `with_rounds` gives it."""
    return point.with_pilot(record.counts(point))
