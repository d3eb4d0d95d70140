"""Collects the results of submitted jobs: what is done comes into the record, what is not is named, and nothing twice.

Nothing becomes counts before the known strings that were sent with it have come back as they were prepared.
A result is taken only if the job carries this run's tags, its circuits carry the keys of what was asked (or, where
the service returns none, are the very circuits in the record), and every row has its shots. Anything else is refused,
with the reason in the ledger; the rest is kept.
"""

from __future__ import annotations

import hashlib
import io
import time
import zipfile
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from qsense.backends.self_test import complaint
from qsense.counts import Counts
from qsense.errors import RecordError
from qsense.fisher import FloatArray
from qsense.jobs import Piece, Task
from qsense.ledger import LEDGER, Entry, Ledger, Status, alone, load, parcel_tasks, store
from qsense.mounting import Note
from qsense.plan import Point, plan
from qsense.record import RunRecord
from qsense.remote import Returned, Service
from qsense.submission import adopt

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

_Place = tuple[Piece, Entry, int]
"""A piece, the parcel it is in, and its number there."""

POLL_S = 2.0
"""Between two looks at the jobs while waiting; it doubles up to a minute."""
_MOST_POLL_S = 60.0


@dataclass(frozen=True)
class Collected:
    """What a record holds after collecting.

    Attributes:
        ledger: what became of every job.
        states: parcels in each state: done, queued, running, failed, cancelled, refused, unsent.
        complete: the points whose counts are in the record.
        missing: the points whose counts are not.
    """

    ledger: Ledger
    states: dict[str, int]
    complete: tuple[Point, ...]
    missing: tuple[Point, ...]

    @property
    def waiting(self) -> int:
        """Jobs that may still be done without anyone's help."""
        return self.states["queued"] + self.states["running"]


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
        ledger = load(record, service.name)
        if ledger.with_status("planned", "sending"):
            ledger = adopt(record, ledger, service, note, 0.0)
        states = dict.fromkeys(("done", "queued", "running", "failed", "cancelled", "refused", "unsent"), 0)
        distrust = ""
        for index, entry in enumerate(ledger.entries):
            state: str = entry.status
            if entry.status in ("planned", "sending"):
                state = "unsent"
            elif entry.status in ("sent", "refused") or (entry.status == "done" and distrust):
                entry, state = _fetched(record, ledger, entry, service, distrust)
                if entry != ledger.entries[index]:
                    ledger = ledger.with_entry(index, entry)
                    store(record, ledger)
                    if entry.lost:
                        note(f"job {entry.job} {entry.status}: {entry.reason}")
            if entry.parcel.tests and entry.status == "refused":  # these come first
                distrust = f"the known strings were refused (job {entry.job})"
            states[state] += 1
        complete, missing = _completed(record, ledger)
        lost = any(entry.parcel.tests and entry.status in ("failed", "cancelled") for entry in ledger.entries)
        if missing and lost and states["done"]:
            note(f"{len(missing)} points wait for the known strings, whose job is lost; send it again with --resend")
    return Collected(ledger, states, tuple(complete), tuple(missing))


def wait(record: RunRecord, service: Service, note: Note, progress: Callable[[Collected], None]) -> Collected:
    """Collects again and again until no job is queued or running.

    Args:
        record, service, note: as for `collect`.
        progress: called after every look.
    """
    pause = POLL_S
    while True:
        collected = collect(record, service, note)
        progress(collected)
        if not collected.waiting:
            return collected
        time.sleep(pause)
        pause = min(2 * pause, _MOST_POLL_S)


def _fetched(record: RunRecord, ledger: Ledger, entry: Entry, service: Service, distrust: str) -> tuple[Entry, str]:
    """Returns the entry after a look at its job, and the job's state; `distrust` says why no result is taken."""
    seen = service.look(entry.job)
    if seen.state in ("queued", "running"):
        return entry, seen.state
    if seen.state == "unknown":
        return replace(entry, status="failed", reason="the service does not know this job"), "failed"
    if ledger.run not in seen.tags or entry.tag not in seen.tags:
        return replace(entry, status="refused", reason="the job does not carry this run's tags"), "refused"
    if seen.state != "done":
        status: Status = "cancelled" if seen.state == "cancelled" else "failed"
        return replace(entry, status=status, reason=seen.reason), status
    if distrust:
        return replace(entry, status="refused", reason=distrust), "refused"
    measured = service.results(entry.job)
    reason = _why_not(record, entry, measured, service)
    if reason:
        return replace(entry, status="refused", reason=reason), "refused"
    data = _packed(measured)
    record.write_bytes(entry.parcel.counts_file, data)
    return replace(entry, status="done", reason="", counts_sha256=hashlib.sha256(data).hexdigest()), "done"


def _why_not(record: RunRecord, entry: Entry, measured: Sequence[Returned], service: Service) -> str:
    """Returns why results are not what was asked for; "" if they are."""
    parcel = entry.parcel
    if len(measured) != len(parcel.pieces):
        return f"it has {len(measured)} results, but {len(parcel.pieces)} circuits were sent"
    if any(result.key is None for result in measured):
        asked, sent = parcel_tasks(record, parcel), service.sent(entry.job)
        if len(sent) != len(asked) or not all(_same(task, one) for task, one in zip(asked, sent, strict=True)):
            return "it ran other circuits than those in the record"
    for number, (piece, result) in enumerate(zip(parcel.pieces, measured, strict=True)):
        if result.key is not None and result.key != piece.key:
            return f"result {number} is of another circuit: its hash is {result.key[:8]}, not {piece.key[:8]}"
        width = (piece.num_bits + 7) // 8
        expected = (piece.rows, parcel.shots, width)
        if result.num_bits != piece.num_bits or result.outcomes.shape != expected:
            return f"result {number} has {result.outcomes.shape} rows, shots and bytes, but {expected} were asked for"
        if np.any(result.outcomes[..., -1] >> (piece.num_bits - 8 * (width - 1))):
            return f"result {number} has outcomes of more than {piece.num_bits} bits"
        if piece.prepared is not None:
            wrong = complaint(Counts.from_shots(result.num_bits, result.outcomes), piece.prepared, parcel.shots)
            if wrong is not None:
                return f"the backend failed its self-test of known bit strings ({wrong}, {piece.point})"
    return ""


def _same(task: Task, sent: tuple[QuantumCircuit, FloatArray]) -> bool:
    circuit, values = sent
    order = [task.names.index(parameter.name) for parameter in task.circuit.parameters]
    return bool(circuit == task.circuit) and np.array_equal(values, task.values[:, order])


def _packed(measured: Sequence[Returned]) -> bytes:
    """Returns the counts of every piece as one file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number, result in enumerate(measured):
            counts = Counts.from_shots(result.num_bits, result.outcomes)
            archive.writestr(f"{number}.npz", counts.to_bytes())
    return buffer.getvalue()


def _completed(record: RunRecord, ledger: Ledger) -> tuple[list[Point], list[Point]]:
    """Writes the counts of every point whose pieces are all there; returns the points with counts and those without."""
    places: dict[str, list[_Place]] = {}
    for entry in ledger.entries:
        for number, piece in enumerate(entry.parcel.pieces):
            places.setdefault(piece.point, []).append((piece, entry, number))
    trusted = all(entry.status == "done" for entry in ledger.entries if entry.parcel.tests)
    if trusted:
        _calibrate_readout(record, places)
    complete, missing = [], []
    for point in plan(record.spec):
        if record.has_counts(point):
            complete.append(point)
            continue
        own = _in_order(places.get(point.key, []))
        if not trusted or not own or any(entry.status != "done" for _, entry, _ in own):
            missing.append(point)
            continue
        if sum(piece.rows for piece, _, _ in own) != len(point.rule.times) * point.circuits_per_time:
            raise RecordError(f"{record.path / LEDGER}: its jobs do not fit the spec of this record.")
        record.write_counts(point, [_counts(record, entry, number) for _, entry, number in own])
        complete.append(point)
    return complete, missing


def _in_order(places: list[_Place]) -> list[_Place]:
    return sorted(places, key=lambda place: (place[0].time_index, place[0].first_row))


def _calibrate_readout(record: RunRecord, places: Mapping[str, list[_Place]]) -> None:
    """Writes the counts of the known strings on every probe's qubits, if they were to calibrate readout."""
    device = record.spec.device
    for name in {} if device is None or not device.readout_shots else {p.file_name: p for p in device.placements}:
        if not (record.path / "counts" / name).exists():
            parts = [_counts(record, entry, number) for _, entry, number in _in_order(places.get(name, []))]
            record.write_bytes(f"counts/{name}", Counts.joined(parts).to_bytes())


def _counts(record: RunRecord, entry: Entry, number: int) -> Counts:
    path = record.path / entry.parcel.counts_file
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RecordError(f"{path}: cannot be read: {error.strerror}; take it from a copy of the record.") from None
    if hashlib.sha256(data).hexdigest() != entry.counts_sha256:
        raise RecordError(f"{path}: its hash is not the ledger's; take it from a copy of the record.")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return Counts.from_bytes(archive.read(f"{number}.npz"), str(path))
