"""Sends tasks as jobs, so that no job is lost and none is sent twice.

1. The run's tag, the circuits, the values and the ledger are in the folder before anything is sent.
2. A job is marked as being sent, then sent under tags (the run, the job and its attempt), then its id is stored.
3. Before anything is sent, the service is asked for jobs with the run's tag. A job that was sent but whose id was not
   stored is found by its tag; so is each attempt at a job that is to be sent again.

A process killed between any two of these steps can be followed by another, which sends no job a second time.
"""

from __future__ import annotations

import logging
import math
import secrets
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime

from qsense.errors import ArgumentError, RecordError
from qsense.jobs.job import Job, group_tasks, is_job_file
from qsense.jobs.job_file import serialize
from qsense.jobs.ledger import LEDGER, Ledger, check_unledgered, exclusive_lock, has_ledger, load, load_tasks, store
from qsense.jobs.rebuilding import rebuild_ledger
from qsense.jobs.run_tag import read_tag, write_tag
from qsense.jobs.search import cancel_copies, recover_jobs, retry_lost
from qsense.runs.folder import Folder
from qsense.services import Service, ServiceError, instance_of
from qsense.services.tasks import MODES, Mode, Task

logger = logging.getLogger(__name__)


class TooLongError(ArgumentError):
    """Jobs may take longer on the device than is allowed; none of them was sent."""


SETTLE_S = 5.0
"""How long the job of an interrupted request may take to appear at the service, in s."""


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
    run = f"{name[:40]}-{secrets.token_hex(6)}"  # services shorten long tags
    return with_more(Ledger(run, service.name, mode, (), instance=instance_of(service)), tasks, service, max_seconds)


def with_more(
    ledger: Ledger, tasks: Sequence[Task], service: Service, max_seconds: float | None
) -> tuple[Ledger, dict[str, bytes]]:
    """Returns a ledger with the jobs of further tasks behind its own, and the contents of their files by name.

    Args:
        ledger: of the run.
        tasks, service, max_seconds: as for `plan_jobs`.

    Raises:
        ArgumentError: the estimate exceeds the limit.
    """
    jobs, files = [], {}
    for group in group_tasks(tasks):
        spent = [len(task.values) * task.shots * service.seconds(task.circuit) for task in group]
        job, data = serialize(group, ledger.run, service.overhead_s + sum(spent))
        jobs.append(job)
        files[job.file] = data
    return limit_time(replace(ledger, jobs=(*ledger.jobs, *jobs)), max_seconds), files


def plan_or_load(
    folder: Folder,
    tasks: Callable[[], Sequence[Task]],
    name: str,
    service: Service,
    mode: Mode,
    max_seconds: float | None,
) -> tuple[Ledger, dict[str, bytes]]:
    """Returns the ledger of a folder, made again if it is lost, or the one that it would have, with its files.

    Args:
        folder: of the record, which need not be there.
        tasks: returns what is to be run.
        name, service, mode, max_seconds: as for `plan_jobs`.

    Raises:
        ArgumentError: the estimate exceeds the limit.
        RecordError: the ledger is damaged, or belongs to another backend or instance; or it is lost, and cannot be made
            again.
    """
    if has_ledger(folder):
        return limit_time(load(folder, service.name, instance_of(service)), max_seconds), {}
    if read_tag(folder).begun:
        logger.warning(f"{folder.path / LEDGER} is lost; its jobs are looked for by their tags")
        return limit_time(rebuild_ledger(folder, tasks(), service, mode), max_seconds), {}
    check_unledgered(folder)
    return plan_jobs(tasks(), name, service, mode, max_seconds)


def limit_time(ledger: Ledger, max_seconds: float | None) -> Ledger:
    """Returns the ledger with a limit on the time on the device, in s; None keeps the limit that it has.

    Raises:
        ArgumentError: the estimate exceeds the limit.
    """
    if max_seconds is not None:
        ledger = replace(ledger, max_seconds=max_seconds)
    if ledger.max_seconds is not None and ledger.seconds > ledger.max_seconds:
        raise TooLongError(
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
        folder: of the record; if it has a ledger, that one is used, with the jobs of `ledger` that it lacks.
        ledger: the initial ledger or one with more jobs, and the limit on the time on the device.
        files: written together with new jobs: the jobs' files, and other files of the folder.
        service: where to run.
        resend: whether jobs that failed, were cancelled or refused, or that the service does not know, are sent again.

    Raises:
        ArgumentError: with the jobs sent again, the estimate exceeds the limit.
        ServiceError: the service refused or cannot be reached; what was sent is in the folder.
        RecordError: the folder cannot be written.
    """
    with exclusive_lock(folder):
        ledger = _begin(folder, ledger, files, service)
        ledger, found = recover_jobs(folder, ledger, service, SETTLE_S)
        if resend:
            ledger = limit_time(retry_lost(folder, ledger, service, found), None)
            store(folder, ledger)
        sent = _send_all(folder, ledger, service)
        if sent != ledger:
            found = service.find(ledger.run)
        ledger = cancel_copies(folder, sent, service, found)
        write_tag(folder, ledger.run, True, ledger.instance)  # another process may have begun the record meanwhile
    return ledger


def _begin(folder: Folder, ledger: Ledger, files: Mapping[str, bytes], service: Service) -> Ledger:
    """Returns the folder's ledger; writes it, and what belongs to it, if there is none. Nothing was sent before."""
    tag = read_tag(folder)
    if has_ledger(folder):
        ledger = _extended(folder, load(folder, service.name, instance_of(service)), ledger, files)
    elif not tag.begun:
        check_unledgered(folder)
        write_tag(folder, ledger.run, False, ledger.instance)
        _write_files(folder, files)
    elif tag.run != ledger.run:
        raise RecordError(f"{folder.path}: another process has begun to send its jobs; run the same command again.")
    store(folder, ledger)
    write_tag(folder, ledger.run, True, ledger.instance)
    return ledger


def _extended(folder: Folder, own: Ledger, wanted: Ledger, files: Mapping[str, bytes]) -> Ledger:
    """The folder's own ledger with the jobs that it lacks, whose files are written first; they may be of a process that
    ended before it wrote the ledger."""
    held = {task.key for job in own.jobs for task in job.tasks}
    more = [job for job in wanted.jobs if not held & {task.key for task in job.tasks}]
    if more:
        names = {job.file for job in (*own.jobs, *more)} | {job.counts_file for job in own.jobs}
        for path in (folder.path / "jobs").iterdir():
            if is_job_file(path.name) and f"jobs/{path.name}" not in names:
                path.unlink()
    for job in more:
        folder.write_bytes(job.file, files[job.file])
    return replace(own, jobs=(*own.jobs, *more), max_seconds=wanted.max_seconds)


def _write_files(folder: Folder, files: Mapping[str, bytes]) -> None:
    jobs = folder.path / "jobs"
    if jobs.is_symlink():
        raise RecordError(f"{jobs}: is a symbolic link; delete it.")
    try:
        jobs.mkdir(exist_ok=True)
        for stale in jobs.iterdir():  # nothing was sent: an earlier process ended before it wrote the ledger
            if is_job_file(stale.name):
                stale.unlink()
    except OSError as error:
        raise RecordError(f"{jobs}: cannot be written: {error.strerror}.") from error
    for name, data in files.items():
        folder.write_bytes(name, data)


def _send_all(folder: Folder, ledger: Ledger, service: Service) -> Ledger:
    unsent = [index for index, job in enumerate(ledger.jobs) if job.status in ("planned", "sending")]
    if unknown := ledger.with_status("unknown"):
        logger.warning(
            f"the service does not know {len(unknown)} of {len(ledger.jobs)} jobs of {folder.path} now; "
            "`qsense collect` asks for them again; if they are gone for good, `resend` (--resend) sends them again"
        )
    elif not unsent:
        logger.info(f"all {len(ledger.jobs)} jobs of {folder.path} were sent before; nothing was sent now")
    if not unsent:
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
    return ledger


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


def _seconds_allowed(ledger: Ledger, job: Job) -> int | None:
    """The job's share of the limit; the shares add up to no more than the limit."""
    if ledger.max_seconds is None or job.seconds == 0:
        return None
    return max(1, math.floor(ledger.max_seconds * job.seconds / ledger.seconds))


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds")
