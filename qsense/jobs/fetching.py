"""Fetches the results of jobs: what is done comes into the folder, what is not is named, and nothing twice.

A result is taken only if the job carries this run's tags, its circuits carry the keys of what was asked (or, where
the service returns none, are the very circuits in the folder), and every row has its shots. If the known strings that
were sent with the rest come back otherwise than they were prepared, no result is taken. What is refused has its reason
in the ledger; the rest is kept.
"""

from __future__ import annotations

import hashlib
import io
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, TypeVar

import numpy as np

from qsense.backends.self_test import complaint
from qsense.circuits.counts import Counts
from qsense.errors import RecordError
from qsense.jobs.dispatch import adopt
from qsense.jobs.ledger import Entry, Ledger, Status, load, parcel_tasks, store
from qsense.numerics.fisher import FloatArray
from qsense.runs.preparation import Note
from qsense.runs.record import Folder
from qsense.services import Returned, Service
from qsense.services.tasks import Piece, Task

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

Place = tuple[Piece, Entry, int]
"""A piece, the parcel it is in, and its number there."""

POLL_S = 2.0
"""Between two looks at the jobs while waiting; it doubles up to a minute."""
_MOST_POLL_S = 60.0
_STATES = ("done", "queued", "running", "failed", "cancelled", "refused", "unsent")


@dataclass(frozen=True)
class Fetched:
    """What became of the jobs of a folder.

    Attributes:
        ledger: as it stands.
        states: parcels in each state: done, queued, running, failed, cancelled, refused, unsent.
    """

    ledger: Ledger
    states: dict[str, int]

    @property
    def waiting(self) -> int:
        """Jobs that may still be done without anyone's help."""
        return self.states["queued"] + self.states["running"]

    @property
    def lost(self) -> list[str]:
        """A line for every job that failed, was cancelled or was refused."""
        return [f"job {e.job} {e.status}: {e.reason}" for e in self.ledger.entries if e.lost]

    @property
    def shown(self) -> str:
        """The states in words.

        >>> Fetched(Ledger("run", "ibm:x", "job", ()), {"done": 2, "queued": 1, "failed": 0}).shown
        '2 done, 1 queued'
        """
        return ", ".join(f"{number} {state}" for state, number in self.states.items() if number)

    @property
    def is_trusted(self) -> bool:
        """Whether all known strings have come back as they were prepared."""
        return all(entry.status == "done" for entry in self.ledger.entries if entry.parcel.tests)


Looked = TypeVar("Looked", bound=Fetched)


def fetch(folder: Folder, service: Service, note: Note) -> Fetched:
    """Fetches the results that are there; to be called where no other qsense works on the folder (`ledger.alone`).

    Args:
        folder: of the jobs.
        service: where they are.
        note: called with a line when something is worth saying.

    Raises:
        RecordError: the folder has no jobs, or is damaged.
        ServiceError: the service cannot be reached; what was fetched before is in the folder.
    """
    ledger = load(folder, service.name)
    if ledger.with_status("planned", "sending"):
        ledger = adopt(folder, ledger, service, note, 0.0)
    states = dict.fromkeys(_STATES, 0)
    distrust = ""
    for index, entry in enumerate(ledger.entries):
        state: str = entry.status
        if entry.status in ("planned", "sending"):
            state = "unsent"
        elif entry.status in ("sent", "refused") or (entry.status == "done" and distrust):
            entry, state = _fetched(folder, ledger, entry, service, distrust)
            if entry != ledger.entries[index]:
                ledger = ledger.with_entry(index, entry)
                store(folder, ledger)
                if entry.lost:
                    note(f"job {entry.job} {entry.status}: {entry.reason}")
        if entry.parcel.tests and entry.status == "refused":  # these come first
            distrust = f"the known strings were refused (job {entry.job})"
        states[state] += 1
    return Fetched(ledger, states)


def patiently(look: Callable[[], Looked], progress: Callable[[Looked], None]) -> Looked:
    """Looks again and again until no job is queued or running; returns what was seen last.

    Args:
        look: fetches what is there.
        progress: called after every look.
    """
    pause = POLL_S
    while True:
        seen = look()
        progress(seen)
        if not seen.waiting:
            return seen
        time.sleep(pause)
        pause = min(2 * pause, _MOST_POLL_S)


def places(ledger: Ledger) -> dict[str, list[Place]]:
    """Returns where the pieces of every point are, in the order of its times and rows."""
    found: dict[str, list[Place]] = {}
    for entry in ledger.entries:
        for number, piece in enumerate(entry.parcel.pieces):
            found.setdefault(piece.point, []).append((piece, entry, number))
    for own in found.values():
        own.sort(key=lambda place: (place[0].time_index, place[0].first_row))
    return found


def counts_at(folder: Folder, place: Place) -> Counts:
    """Returns the counts of a piece of a parcel that is done.

    Raises:
        RecordError: their file is missing or is not the one that was fetched.
    """
    _, entry, number = place
    path = folder.path / entry.parcel.counts_file
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RecordError(f"{path}: cannot be read: {error.strerror}; take it from a copy of the record.") from error
    if hashlib.sha256(data).hexdigest() != entry.counts_sha256:
        raise RecordError(f"{path}: its hash is not the ledger's; take it from a copy of the record.")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        return Counts.from_bytes(archive.read(f"{number}.npz"), str(path))


def _fetched(folder: Folder, ledger: Ledger, entry: Entry, service: Service, distrust: str) -> tuple[Entry, str]:
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
    reason = _why_not(folder, entry, measured, service)
    if reason:
        return replace(entry, status="refused", reason=reason), "refused"
    data = _packed(measured)
    folder.write_bytes(entry.parcel.counts_file, data)
    return replace(entry, status="done", reason="", counts_sha256=hashlib.sha256(data).hexdigest()), "done"


def _why_not(folder: Folder, entry: Entry, measured: Sequence[Returned], service: Service) -> str:
    """Returns why results are not what was asked for; "" if they are."""
    parcel = entry.parcel
    if len(measured) != len(parcel.pieces):
        return f"it has {len(measured)} results, but {len(parcel.pieces)} circuits were sent"
    if any(result.key is None for result in measured):
        asked, sent = parcel_tasks(folder, parcel), service.sent(entry.job)
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
