"""Sends tasks as jobs, so that no job is lost and none is sent twice.

1. The circuits, the values and the ledger are in the folder before anything is sent.
2. A job is marked as being sent, then sent under tags (the run, the job), then its id is stored.
3. Before anything is sent, the service is asked for jobs with the run's tag. A job that was sent but whose id was not
   stored is found by its tag.

A process killed between any two of these steps can be followed by another, which sends no job a second time.
"""

from __future__ import annotations

import logging
import math
import secrets
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from qsense.errors import ArgumentError
from qsense.jobs.job import Job, group_tasks
from qsense.jobs.job_file import serialize
from qsense.jobs.ledger import LEDGER, Ledger, exclusive_lock, load, load_tasks, store
from qsense.runs.folder import Folder
from qsense.services import Service, ServiceError
from qsense.services.tasks import MODES, Mode, Task

logger = logging.getLogger(__name__)

SETTLE_S = 5.0
"""How long after an interrupted request its job may still appear at the service, in s."""


def check_mode(mode: str) -> None:
    """Refuses an unknown mode.

    Raises:
        ArgumentError: the mode is unknown; the message names the known ones.
    """
    if mode not in MODES:
        raise ArgumentError(f'Unknown mode "{mode}". Known: {", ".join(MODES)}.')


def plan_jobs(
    tasks: Sequence[Task], name: str, service: Service, mode: Mode, max_seconds: float | None
) -> tuple[Ledger, dict[str, bytes]]:
    """Returns the ledger of tasks that are to be sent, and the contents of their jobs' files by name.

    Nothing is written or sent.

    Args:
        tasks: in the order of sending.
        name: the beginning of the run's tag; a random end makes it unique.
        service: where to run.
        mode: "job", "batch" or "session".
        max_seconds: the most time on the device, in s; None for no limit.

    Raises:
        ArgumentError: the estimate exceeds the limit.
    """
    run = f"{name}-{secrets.token_hex(6)}"
    jobs, files = [], {}
    for group in group_tasks(tasks):
        spent = [len(task.values) * task.shots * service.seconds(task.circuit) for task in group]
        job, data = serialize(group, run, service.overhead_s + sum(spent))
        jobs.append(job)
        files[job.file] = data
    return limit_time(Ledger(run, service.name, mode, tuple(jobs)), max_seconds), files


def limit_time(ledger: Ledger, max_seconds: float | None) -> Ledger:
    """Returns the ledger with a limit on the time on the device, in s; None keeps the limit that it has.

    Raises:
        ArgumentError: the estimate exceeds the limit.
    """
    if max_seconds is not None:
        ledger = replace(ledger, max_seconds=max_seconds)
    if ledger.max_seconds is not None and ledger.seconds > ledger.max_seconds:
        raise ArgumentError(
            f"The jobs are estimated at {ledger.seconds:.1f} s on the device, more than the {ledger.max_seconds:g} s "
            "allowed; lower `shots` or raise `max_seconds` (--max-qpu-seconds). Nothing was sent."
        )
    return ledger


def send(
    folder: Folder,
    ledger: Ledger,
    files: Mapping[str, bytes],
    service: Service,
    resend: bool = False,
) -> Ledger:
    """Sends the jobs of a folder that have not been sent; returns the ledger.

    Args:
        folder: of the record; if it has a ledger, that one is used.
        ledger: the initial ledger, and the limit on the time on the device.
        files: written together with a new ledger: the jobs' files, and other files of the folder.
        service: where to run.
        resend: whether jobs that failed, were cancelled or refused are sent again.

    Raises:
        ArgumentError: with the jobs sent again, the estimate exceeds the limit.
        ServiceError: the service refused or cannot be reached; what was sent is in the folder.
        RecordError: the folder cannot be written.
    """
    with exclusive_lock(folder):
        if (folder.path / LEDGER).exists():
            ledger = replace(load(folder, service.name), max_seconds=ledger.max_seconds)
        else:
            _write_files(folder, files)
        if resend:
            ledger = replace(ledger, jobs=tuple(job.retry() if job.is_lost else job for job in ledger.jobs))
            ledger = limit_time(ledger, None)
        store(folder, ledger)
        ledger = recover_jobs(folder, ledger, service, SETTLE_S)
        unsent = [index for index, job in enumerate(ledger.jobs) if job.status in ("planned", "sending")]
        if not unsent:
            logger.info(f"all {len(ledger.jobs)} jobs of {folder.path} were sent before; nothing was sent now")
            return ledger
        session = service.open(ledger.mode, ledger.session)
        if session != ledger.session:
            ledger = replace(ledger, session=session)
            store(folder, ledger)
        try:
            for index in unsent:
                ledger = _send_job(folder, ledger, index, service)
        finally:  # an open session costs time; whoever sends next opens another
            with suppress(ServiceError):
                service.close(session)
        _cancel_duplicates(ledger, service)
    return ledger


def _write_files(folder: Folder, files: Mapping[str, bytes]) -> None:
    jobs = folder.path / "jobs"
    jobs.mkdir(exist_ok=True)
    for stale in jobs.iterdir():  # without a ledger nothing was sent: an earlier process ended before it wrote one
        stale.unlink()
    for name, data in files.items():
        folder.write_bytes(name, data)


def _send_job(folder: Folder, ledger: Ledger, index: int, service: Service) -> Ledger:
    job = replace(ledger.jobs[index], status="sending", sent=_now())
    ledger = ledger.with_job(index, job)
    store(folder, ledger)
    try:
        job_id = service.send(
            load_tasks(folder, job), ["qsense", ledger.run, job.tag], ledger.session, _seconds_allowed(ledger, job)
        )
    except ServiceError as error:
        if error.definitive:  # nothing was done
            store(folder, ledger.with_job(index, replace(job, status="planned", sent="")))
        done = len(ledger.jobs) - len(ledger.with_status("planned", "sending"))
        raise ServiceError(
            f"{error} {done} of {len(ledger.jobs)} jobs are sent and stored in {folder.path}; "
            "run the same command again to send the rest.",
            error.definitive,
            error.transient,
        ) from error
    ledger = ledger.with_job(index, replace(job, status="sent", job_id=job_id))
    store(folder, ledger)
    return ledger


def recover_jobs(folder: Folder, ledger: Ledger, service: Service, settle: float) -> Ledger:
    """Returns the ledger with the jobs that were sent but whose ids were not stored; they are found by their tags.

    Args:
        folder, ledger: of the run.
        service: where its jobs are.
        settle: how long after an interrupted request its job may still appear, in s; 0 does not wait for it.

    Raises:
        ServiceError: the service cannot be reached.
    """
    found = service.find(ledger.run)
    missing = [job for job in ledger.with_status("sending") if job.tag not in found]
    wait = max((settle - _age(job.sent) for job in missing), default=0.0)
    if wait > 0:  # the request may still be on its way
        time.sleep(min(wait, settle))
        found = service.find(ledger.run)
    for index, job in enumerate(ledger.jobs):
        ids = found.get(job.tag, [])
        if ids and job.status in ("planned", "sending"):
            ledger = ledger.with_job(index, replace(job, status="sent", job_id=ids[0]))
            logger.info(f"job {ids[0]} had been sent already and was found by its tag")
            store(folder, ledger)
    return ledger


def _cancel_duplicates(ledger: Ledger, service: Service) -> None:
    """Cancels jobs with tags of this run that are not in the ledger.

    A vendor's client may repeat a request by itself when the answer was lost; IBM's does so behind a proxy. The first
    copy is in the ledger or was found by its tag; the others would cost time on the device for nothing.
    """
    found = service.find(ledger.run)
    for job in ledger.jobs:
        for job_id in found.get(job.tag, []):
            if job_id != job.job_id:
                service.cancel(job_id)
                logger.warning(
                    f"the service had job {job_id} beside {job.job_id}, made by a repeated request; it was cancelled"
                )


def _seconds_allowed(ledger: Ledger, job: Job) -> int | None:
    """The job's share of the limit; the shares add up to no more than the limit."""
    if ledger.max_seconds is None or job.seconds == 0:
        return None
    return max(1, math.floor(ledger.max_seconds * job.seconds / ledger.seconds))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def _age(moment: str) -> float:
    return (datetime.now(UTC) - datetime.fromisoformat(moment)).total_seconds() if moment else math.inf
