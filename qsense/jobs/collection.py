"""Collects the results of a submitted run: the counts of complete points come into its record, once.

`fetching` brings what is done. Nothing becomes counts before the known strings that were sent with it have come back as
they were prepared.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from qsense.circuits.counts import Counts
from qsense.errors import RecordError
from qsense.jobs import fetching
from qsense.jobs.fetching import Fetched, Place, counts_at, places
from qsense.jobs.ledger import LEDGER, alone
from qsense.runs.plan import Point, plan
from qsense.runs.preparation import Note
from qsense.runs.record import RunRecord
from qsense.services import Service


@dataclass(frozen=True)
class Collected(Fetched):
    """What a record holds after collecting.

    Attributes:
        complete: the points whose counts are in the record.
        missing: the points whose counts are not.
    """

    complete: tuple[Point, ...]
    missing: tuple[Point, ...]


def collect(record: RunRecord, service: Service, note: Note) -> Collected:
    """Fetches the results that are there and puts the counts of complete points into the record.

    Args:
        record: of a submitted run.
        service: where its jobs are.
        note: called with a line when something is worth saying.

    Raises:
        RecordError: the record has no jobs, or is damaged.
        ServiceError: the service cannot be reached; what was fetched before is in the record.
    """
    with alone(record):
        fetched = fetching.fetch(record, service, note)
        complete, missing = _completed(record, fetched)
        tests = [entry for entry in fetched.ledger.entries if entry.parcel.tests]
        if missing and fetched.states["done"] and any(entry.status in ("failed", "cancelled") for entry in tests):
            note(f"{len(missing)} points wait for the known strings, whose job is lost; send it again with --resend")
    return Collected(fetched.ledger, fetched.states, tuple(complete), tuple(missing))


def wait(record: RunRecord, service: Service, note: Note, progress: Callable[[Collected], None]) -> Collected:
    """Collects again and again until no job is queued or running.

    Args:
        record, service, note: as for `collect`.
        progress: called after every look.
    """
    return fetching.patiently(lambda: collect(record, service, note), progress)


def _completed(record: RunRecord, fetched: Fetched) -> tuple[list[Point], list[Point]]:
    """Writes the counts of every point whose pieces are all there; returns the points with counts and those without."""
    of_points = places(fetched.ledger)
    if fetched.is_trusted:
        _calibrate_readout(record, of_points)
    complete, missing = [], []
    for point in plan(record.spec):
        if record.has_counts(point):
            complete.append(point)
            continue
        own = of_points.get(point.key, [])
        if not fetched.is_trusted or not own or any(entry.status != "done" for _, entry, _ in own):
            missing.append(point)
            continue
        if sum(piece.rows for piece, _, _ in own) != len(point.rule.times) * point.circuits_per_time:
            raise RecordError(f"{record.path / LEDGER}: its jobs do not fit the spec of this record.")
        record.write_counts(point, [counts_at(record, place) for place in own])
        complete.append(point)
    return complete, missing


def _calibrate_readout(record: RunRecord, of_points: Mapping[str, list[Place]]) -> None:
    """Writes the counts of the known strings on every probe's qubits, if they were to calibrate readout."""
    device = record.spec.device
    for name in {} if device is None or not device.readout_shots else {p.file_name: p for p in device.placements}:
        if not (record.path / "counts" / name).exists():
            parts = [counts_at(record, place) for place in of_points.get(name, [])]
            record.write_bytes(f"counts/{name}", Counts.joined(parts).to_bytes())
