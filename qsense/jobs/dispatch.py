"""Sends tasks as jobs: every job in the ledger from the moment it exists, none sent twice, none lost.

What makes it so, in this order:

1. The circuits, the values and the ledger are in the folder before anything is sent.
2. A parcel is marked as being sent, then sent under tags (the run, the parcel), then its job's name is stored.
3. Whoever comes back first asks the service for jobs with the run's tag. A job that was sent but not stored is found.

Killed between any two of these, a run goes on without a second job for any parcel.
"""

from __future__ import annotations

import math
import secrets
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from qsense.errors import ArgumentError
from qsense.jobs.ledger import LEDGER, Entry, Ledger, alone, load, parcel_tasks, store
from qsense.runs.preparation import Note
from qsense.runs.record import Folder
from qsense.services import Service, ServiceError
from qsense.services import tasks as jobs
from qsense.services.tasks import MODES, Mode, Parcel, Task, pack, sealed

SETTLE_S = 5.0
"""So long after the start of an interrupted sending a job may still appear at the service."""


def checked(mode: Mode) -> Mode:
    """Returns a way of sending, if it is one.

    Raises:
        ArgumentError: it is none; the message names those there are.
    """
    if mode not in MODES:
        raise ArgumentError(f'Unknown mode "{mode}". Known: {", ".join(MODES)}.')
    return mode


def planned(
    tasks: Sequence[Task], name: str, service: Service, mode: Mode, max_seconds: float | None
) -> tuple[Ledger, dict[str, bytes]]:
    """Returns the ledger of tasks that are to be sent, and their parcels' files by name; writes and sends nothing.

    Args:
        tasks: in the order of sending.
        name: what the jobs' tag begins with; a random end makes it this run's own.
        service: where to run.
        mode: "job", "batch" or "session".
        max_seconds: the most time on the device, in s; None for no limit.

    Raises:
        ArgumentError: the estimate exceeds the limit.
    """
    run = f"{name}-{secrets.token_hex(6)}"
    entries, files = [], {}
    for group in pack(tasks, jobs.MOST_EXECUTIONS):
        spent = [len(task.values) * task.shots * service.seconds(task.circuit) for task in group]
        parcel, data = sealed(group, run, service.overhead_s + sum(spent))
        entries.append(Entry(parcel))
        files[parcel.file] = data
    return limited(Ledger(run, service.name, mode, tuple(entries)), max_seconds), files


def limited(ledger: Ledger, max_seconds: float | None) -> Ledger:
    """Returns the ledger with a limit on the time on the device in s; without one it keeps the limit that it has.

    Raises:
        ArgumentError: the estimate exceeds the limit.
    """
    if max_seconds is not None:
        ledger = replace(ledger, max_seconds=max_seconds)
    if ledger.max_seconds is not None and ledger.seconds > ledger.max_seconds:
        raise ArgumentError(
            f"The jobs are estimated at {ledger.seconds:.1f} s on the device, more than the {ledger.max_seconds:g} s "
            "allowed; lower `shots` or raise --max-qpu-seconds. Nothing was sent."
        )
    return ledger


def send(
    folder: Folder,
    ledger: Ledger,
    files: Mapping[str, bytes],
    service: Service,
    note: Note,
    resend: bool = False,
) -> Ledger:
    """Sends the parcels of a folder that have not been sent; returns the ledger.

    Args:
        folder: of the record; its own ledger counts, if it has one.
        ledger: as it begins, and the limit on the time on the device.
        files: what is written with a ledger that begins: the parcels, and what else belongs to them.
        service: where to run.
        note: called with a line when something is worth saying.
        resend: whether parcels that failed, were cancelled or refused are sent once more.

    Raises:
        ArgumentError: with what is sent once more, the estimate exceeds the limit.
        ServiceError: the service refused or cannot be reached; what was sent is in the folder.
        RecordError: the folder cannot be written.
    """
    with alone(folder):
        if (folder.path / LEDGER).exists():
            ledger = replace(load(folder, service.name), max_seconds=ledger.max_seconds)
        else:
            _write(folder, files)
        if resend:
            ledger = replace(ledger, entries=tuple(e.again() if e.lost else e for e in ledger.entries))
            ledger = limited(ledger, None)
        store(folder, ledger)
        ledger = adopt(folder, ledger, service, note, SETTLE_S)
        waiting = [index for index, entry in enumerate(ledger.entries) if entry.status in ("planned", "sending")]
        if not waiting:
            note(f"all {len(ledger.entries)} jobs of {folder.path} were sent before; nothing was sent now")
            return ledger
        session = service.open(ledger.mode, ledger.session)
        if session != ledger.session:
            ledger = replace(ledger, session=session)
            store(folder, ledger)
        try:
            for index in waiting:
                ledger = _send(folder, ledger, index, service)
        finally:  # an open session costs time; the next to send opens another
            with suppress(ServiceError):
                service.close(session)
        _weed(ledger, service, note)
    return ledger


def _write(folder: Folder, files: Mapping[str, bytes]) -> None:
    parcels = folder.path / "jobs"
    parcels.mkdir(exist_ok=True)
    for stale in parcels.iterdir():  # without a ledger nothing was sent: left by a process that did not get so far
        stale.unlink()
    for name, data in files.items():
        folder.write_bytes(name, data)


def _send(folder: Folder, ledger: Ledger, index: int, service: Service) -> Ledger:
    entry = replace(ledger.entries[index], status="sending", sent=_now())
    ledger = ledger.with_entry(index, entry)
    store(folder, ledger)
    try:
        job = service.send(
            parcel_tasks(folder, entry.parcel),
            ["qsense", ledger.run, entry.tag],
            ledger.session,
            _seconds_allowed(ledger, entry.parcel),
        )
    except ServiceError as error:
        if error.sure:  # nothing was done
            store(folder, ledger.with_entry(index, replace(entry, status="planned", sent="")))
        done = len(ledger.entries) - len(ledger.with_status("planned", "sending"))
        raise ServiceError(
            f"{error} {done} of {len(ledger.entries)} jobs are sent and stored in {folder.path}; "
            "run the same command again to send the rest.",
            error.sure,
            error.passing,
        ) from error
    ledger = ledger.with_entry(index, replace(entry, status="sent", job=job))
    store(folder, ledger)
    return ledger


def adopt(folder: Folder, ledger: Ledger, service: Service, note: Note, settle: float) -> Ledger:
    """Returns the ledger with the jobs that were sent but not stored, found by their tags.

    Args:
        folder, ledger: the run's.
        service: where its jobs are.
        note: called with a line for every job found.
        settle: a job may still appear so long after its sending began, in s; 0 does not wait for it.

    Raises:
        ServiceError: the service cannot be reached.
    """
    found = service.find(ledger.run)
    open_still = [e for e in ledger.with_status("sending") if e.tag not in found]
    wait = max((settle - _age(entry.sent) for entry in open_still), default=0.0)
    if wait > 0:  # its request may still be on the way
        time.sleep(min(wait, settle))
        found = service.find(ledger.run)
    for index, entry in enumerate(ledger.entries):
        named = found.get(entry.tag, [])
        if named and entry.status in ("planned", "sending"):
            ledger = ledger.with_entry(index, replace(entry, status="sent", job=named[0]))
            note(f"job {named[0]} had been sent already and was found by its tag")
            store(folder, ledger)
    return ledger


def _weed(ledger: Ledger, service: Service, note: Note) -> None:
    """Cancels jobs that stand at the service beside those of the ledger.

    A vendor's client may repeat a request of its own accord when the answer was lost, IBM's does so behind a proxy. The
    first copy is in the ledger or was found by its tag; the others would be paid for nothing.
    """
    found = service.find(ledger.run)
    for entry in ledger.entries:
        for job in found.get(entry.tag, []):
            if job != entry.job:
                service.cancel(job)
                note(f"the service had job {job} beside {entry.job}, made by a repeated request; it was cancelled")


def _seconds_allowed(ledger: Ledger, parcel: Parcel) -> int | None:
    """The parcel's share of what is allowed: the shares add up to no more than the limit."""
    if ledger.max_seconds is None or parcel.seconds == 0:
        return None
    return max(1, math.floor(ledger.max_seconds * parcel.seconds / ledger.seconds))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _age(moment: str) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds() if moment else math.inf
