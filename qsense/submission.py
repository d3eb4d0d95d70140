"""Submit now, collect later: every job in the record from the moment it exists, none sent twice, none lost.

What makes it so, in this order:

1. The circuits, the values and the ledger are in the record before anything is sent.
2. A parcel is marked as being sent, then sent under tags (the run, the parcel), then its job's name is stored.
3. Whoever comes back first asks the service for jobs with the run's tag. A job that was sent but not stored is found.

Killed between any two of these, a run goes on without a second job for any parcel.
"""

from __future__ import annotations

import math
import secrets
import time
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np

from qsense.backends.device_sampler import DeviceSampler
from qsense.backends.self_test import SHOTS
from qsense.device import Calibration
from qsense.errors import ArgumentError, SpecError
from qsense.estimate.readout import patterns
from qsense.jobs import MODES, Mode, Parcel, Task, pack, sealed
from qsense.ledger import LEDGER, Entry, Ledger, alone, load, parcel_tasks, store
from qsense.mounting import Mounted, Note, mount
from qsense.placement import Placement
from qsense.plan import Point
from qsense.record import RunRecord
from qsense.remote import Service, ServiceError
from qsense.sensing import parameter_names
from qsense.spec import RunSpec

SETTLE_S = 5.0
"""So long after the start of an interrupted sending a job may still appear at the service."""


@dataclass(frozen=True)
class Plan:
    """What a submission would send.

    Attributes:
        spec: the run with its qubits, as its record has it.
        ledger: as it stands, or as it would be made.
        files: contents of the parcels' files, of a ledger that is not in the record yet.
        device: what the record says of the device.
        calibration: the one that chose the qubits.
    """

    spec: RunSpec
    ledger: Ledger
    files: dict[str, bytes]
    device: dict[str, Any] | None = None
    calibration: Calibration | None = None


def prepare(
    spec: RunSpec,
    out: Path,
    service: Service,
    note: Note | None = None,
    mode: Mode = "batch",
    max_seconds: float | None = None,
) -> Plan:
    """Returns what submitting a spec would send; writes and sends nothing.

    Args:
        spec: the run.
        out: the folder under which its record is, or would be.
        service: where to run.
        note: called with a line when something is worth saying.
        mode: "job", "batch" or "session", of a run that has no ledger yet.
        max_seconds: the most time on the device, in s; None for no limit.

    Raises:
        ArgumentError: the estimate exceeds the limit, or the mode is unknown.
        SpecError: the run does not fit the backend.
        RecordError: the record's ledger is damaged or of another backend.
    """
    if mode not in MODES:
        raise ArgumentError(f'Unknown mode "{mode}". Known: {", ".join(MODES)}.')
    mounted = mount(spec, out, note, service.backend)
    path = out / f"{mounted.spec.name}-{mounted.spec.id}"
    files: dict[str, bytes] = {}
    if (path / LEDGER).exists():
        ledger = load(RunRecord.load(path), service.name)
        if max_seconds is not None:
            ledger = replace(ledger, max_seconds=max_seconds)
    else:
        run = f"{mounted.spec.id}-{secrets.token_hex(6)}"
        entries = []
        for group in pack(tasks(mounted)):
            spent = [len(task.values) * task.shots * service.seconds(task.circuit) for task in group]
            parcel, data = sealed(group, run, service.overhead_s + sum(spent))
            entries.append(Entry(parcel))
            files[parcel.file] = data
        ledger = Ledger(run, service.name, mode, tuple(entries), max_seconds=max_seconds)
    _check_limit(ledger)
    return Plan(mounted.spec, ledger, files, mounted.described("service"), mounted.calibration)


def tasks(mounted: Mounted) -> list[Task]:
    """Returns what is to be run: the known strings on all qubits, then one task for every point and time.

    Raises:
        SpecError: a circuit cannot be made for the device.
    """
    spec, sampler = mounted.spec, mounted.sampler
    if not isinstance(sampler, DeviceSampler) or spec.device is None:
        raise ArgumentError(f'The backend "{spec.backend}" is no device, so it takes no jobs.')
    shots = spec.device.readout_shots or SHOTS
    try:
        known = [task for place in mounted.places for task in _known_strings(place, sampler, shots)]
        return known + [task for point in mounted.points for task in _sensing(point, sampler)]
    except ArgumentError as error:
        raise SpecError(f"{spec.source}: key `backend`: {error}") from None


def _known_strings(place: Placement, sampler: DeviceSampler, shots: int) -> list[Task]:
    """They test the backend and calibrate its readout: each two spins differ in one of them."""
    circuits = sampler.known_strings(place.qubits)
    return [
        Task(place.file_name, index, circuit, (), np.zeros((1, 0)), shots, prepared=string)
        for index, (circuit, string) in enumerate(zip(circuits, patterns(place.num_qubits), strict=True))
    ]


def _sensing(point: Point, sampler: DeviceSampler) -> list[Task]:
    names = tuple(parameter_names(point.probe.num_qubits))
    return [
        Task(point.key, index, sampler.prepared(job.experiment).circuit, names, job.settings.values(), job.shots)
        for index, job in enumerate(point.jobs())
    ]


def submit(ready: Plan, out: Path, service: Service, note: Note, resend: bool = False) -> RunRecord:
    """Sends what a plan holds and has not been sent; returns the record.

    Args:
        ready: from `prepare`.
        out: the folder under which the record is made.
        service: where to run.
        note: called with a line when something is worth saying.
        resend: whether parcels that failed, were cancelled or refused are sent once more.

    Raises:
        ServiceError: the service refused or cannot be reached; what was sent is in the record.
        RecordError: the record cannot be written.
    """
    record = RunRecord.create(ready.spec, out, ready.calibration)
    with alone(record):
        ledger = ready.ledger
        if (record.path / LEDGER).exists():
            ledger = replace(load(record, service.name), max_seconds=ledger.max_seconds)
        else:
            _write_parcels(record, ready)
        if resend:
            ledger = replace(ledger, entries=tuple(e.again() if e.lost else e for e in ledger.entries))
            _check_limit(ledger)
        store(record, ledger)
        ledger = adopt(record, ledger, service, note, SETTLE_S)
        waiting = [index for index, entry in enumerate(ledger.entries) if entry.status in ("planned", "sending")]
        if not waiting:
            note(f"all {len(ledger.entries)} jobs of {record.path} were sent before; nothing was sent now")
            return record
        session = service.open(ledger.mode, ledger.session)
        if session != ledger.session:
            ledger = replace(ledger, session=session)
            store(record, ledger)
        try:
            for index in waiting:
                ledger = _send(record, ledger, index, service)
        finally:  # an open session costs time; the next submit opens another
            with suppress(ServiceError):
                service.close(session)
        _weed(ledger, service, note)
    return record


def _write_parcels(record: RunRecord, ready: Plan) -> None:
    folder = record.path / "jobs"
    folder.mkdir(exist_ok=True)
    for stale in folder.iterdir():  # without a ledger nothing was sent: left by a submit that did not get so far
        stale.unlink()
    for name, data in ready.files.items():
        record.write_bytes(name, data)
    record.write_json("device.json", ready.device)


def _send(record: RunRecord, ledger: Ledger, index: int, service: Service) -> Ledger:
    entry = replace(ledger.entries[index], status="sending", sent=_now())
    ledger = ledger.with_entry(index, entry)
    store(record, ledger)
    try:
        job = service.send(
            parcel_tasks(record, entry.parcel),
            ["qsense", ledger.run, entry.tag],
            ledger.session,
            _seconds_allowed(ledger, entry.parcel),
        )
    except ServiceError as error:
        if error.sure:  # nothing was done
            store(record, ledger.with_entry(index, replace(entry, status="planned", sent="")))
        done = len(ledger.entries) - len(ledger.with_status("planned", "sending"))
        raise ServiceError(
            f"{error} {done} of {len(ledger.entries)} jobs are sent and stored in {record.path}; "
            "run the same `qsense submit` again to send the rest.",
            error.sure,
            error.passing,
        ) from None
    ledger = ledger.with_entry(index, replace(entry, status="sent", job=job))
    store(record, ledger)
    return ledger


def adopt(record: RunRecord, ledger: Ledger, service: Service, note: Note, settle: float) -> Ledger:
    """Returns the ledger with the jobs that were sent but not stored, found by their tags.

    Args:
        record, ledger: the run's.
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
        jobs = found.get(entry.tag, [])
        if jobs and entry.status in ("planned", "sending"):
            ledger = ledger.with_entry(index, replace(entry, status="sent", job=jobs[0]))
            note(f"job {jobs[0]} had been sent already and was found by its tag")
            store(record, ledger)
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


def _check_limit(ledger: Ledger) -> None:
    if ledger.max_seconds is not None and ledger.seconds > ledger.max_seconds:
        raise ArgumentError(
            f"The jobs are estimated at {ledger.seconds:.1f} s on the device, more than the {ledger.max_seconds:g} s "
            "allowed; lower `shots` or raise --max-qpu-seconds. Nothing was sent."
        )


def _seconds_allowed(ledger: Ledger, parcel: Parcel) -> int | None:
    """The parcel's share of what is allowed: the shares add up to no more than the limit."""
    if ledger.max_seconds is None or parcel.seconds == 0:
        return None
    return max(1, math.floor(ledger.max_seconds * parcel.seconds / ledger.seconds))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _age(moment: str) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds() if moment else math.inf
