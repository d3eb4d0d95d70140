"""Collects the results of a submitted run: the counts of complete points come into its record, once.

`fetching` fetches and checks the results. Nothing becomes counts before the calibration bitstrings that were sent with
it have been read as they were prepared.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from qsense.circuits.counts import Counts
from qsense.errors import RecordError
from qsense.jobs import fetching
from qsense.jobs.fetching import Fetched, TaskLocation, counts_at, locate_tasks, measured_or_sent
from qsense.jobs.ledger import LEDGER, exclusive_lock
from qsense.runs.adaptive import settled
from qsense.runs.pilots import WHOLE, pilot_of
from qsense.runs.plan import plan
from qsense.runs.point import Point
from qsense.runs.readout import calibrate_readout
from qsense.runs.record import RunRecord
from qsense.runs.rounds import due, with_rounds
from qsense.services import Service

logger = logging.getLogger(__name__)


@dataclass(frozen=True)
class Collected(Fetched):
    """What a record holds after collecting.

    Attributes:
        complete: the points whose counts are in the record, with those of their rounds.
        missing: the points whose counts are not; of a run in two steps the pilot or the rest, of further rounds these.
    """

    complete: tuple[Point, ...]
    missing: tuple[Point, ...]

    @property
    def rest_is_due(self) -> bool:
        """Whether what decides it has been collected, so that it can be sent, and it is not: the rest of a run in two
        steps, or a planned round."""
        steps = {point.step for point in self.missing}
        return (
            bool(steps - {""}) and not steps & {"", "pilot"} and not all(self.ledger.holds(p.key) for p in self.missing)
        )


def collect(record: RunRecord, service: Service) -> Collected:
    """Fetches the results of jobs that are done, and puts the counts of complete points into the record.

    Args:
        record: of a submitted run.
        service: where its jobs are.

    Raises:
        RecordError: the record has no jobs, or is damaged.
        ServiceError: the service cannot be reached; what was fetched before is in the record.
    """
    with exclusive_lock(record):
        fetched = fetching.fetch(record, service)
        complete, missing = _complete_points(record, fetched)
        calibrations = [job for job in fetched.ledger.jobs if job.has_calibration]
        if missing and fetched.states["done"] and any(job.status in ("failed", "cancelled") for job in calibrations):
            logger.warning(
                f"{len(missing)} points wait for the calibration bitstrings, whose job is lost; resend it (--resend)"
            )
    return Collected(fetched.ledger, fetched.states, tuple(complete), tuple(missing))


def wait(record: RunRecord, service: Service, progress: Callable[[Collected], None]) -> Collected:
    """Collects repeatedly until no job is queued or running.

    Args:
        record, service: as for `collect`.
        progress: called after every fetch.
    """
    return fetching.wait_for_jobs(lambda: collect(record, service), progress)


def _complete_points(record: RunRecord, fetched: Fetched) -> tuple[list[Point], list[Point]]:
    """Writes the counts of every point whose tasks are all done; returns the points with counts and those without."""
    of_points = locate_tasks(fetched.ledger)
    if fetched.is_trusted:
        calibrate_readout(record, lambda place: _joined(record, of_points.get(place.file_name, [])))
    complete: list[Point] = []
    missing: list[Point] = []
    for point in plan(record.spec, measured_or_sent(record)):
        if point.step == WHOLE:
            pilot = pilot_of(point)
            if not _is_taken(record, fetched, pilot, of_points.get(pilot.key, [])):
                missing.append(pilot)
                continue
            (point,) = settled([point], record)
        taken = _is_taken(record, fetched, point, of_points.get(point.key, []))
        (complete if taken else missing).append(point)
    if missing:
        return with_rounds(complete, record), missing
    while True:  # each round follows from the one before
        rounds = due(complete, record)
        new = [one for one in rounds if not record.has_counts(one)]
        taken_now = [one for one in new if _is_taken(record, fetched, one, of_points.get(one.key, []))]
        if len(taken_now) < len(new) or not new:
            return with_rounds(complete, record), [one for one in new if one not in taken_now]


def _is_taken(record: RunRecord, fetched: Fetched, point: Point, locations: Sequence[TaskLocation]) -> bool:
    """Whether the record has the counts of a point, after writing them if its tasks are all done."""
    if record.has_counts(point):
        return True
    if not fetched.is_trusted or not locations or any(location.job.status != "done" for location in locations):
        return False
    if sum(location.task.rows for location in locations) != len(point.rule.times) * point.circuits_per_time:
        raise RecordError(f"{record.path / LEDGER}: its jobs do not fit the spec of this record.")
    record.write_counts(point, [counts_at(record, location) for location in locations])
    return True


def _joined(record: RunRecord, locations: Sequence[TaskLocation]) -> Counts:
    return Counts.joined([counts_at(record, location) for location in locations])
