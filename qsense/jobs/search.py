"""Finds jobs at the service by their tags, whatever the ledger says of them.

A job has a tag for each of its attempts, and any of them may be at the service: after a request whose answer was lost,
after a ledger was lost, or because another copy of the folder has sent it. What is found is taken into the ledger.
"""

from __future__ import annotations

import logging
import time
from collections.abc import Mapping, Sequence
from dataclasses import replace

from qsense.jobs.job import Job
from qsense.jobs.ledger import Ledger, store
from qsense.runs.folder import Folder
from qsense.services import Service, ServiceError, instance_of

logger = logging.getLogger(__name__)
Found = Mapping[str, Sequence[str]]
"""Tag → the service's ids of the jobs that carry it, oldest first."""


def recover_jobs(folder: Folder, ledger: Ledger, service: Service, settle: float | None) -> tuple[Ledger, Found]:
    """Returns the ledger with the jobs that were sent but whose ids were not stored, and all jobs of the run.

    Args:
        folder, ledger: of the run.
        service: where its jobs are.
        settle: how long the job of an interrupted request may take to appear, in s; None where
            nothing is to be sent, so that there is no need to wait.

    Raises:
        ServiceError: the service cannot be reached; or, unless `settle` is None, it lists no job of the run although
            it has accepted some, so that the job of an interrupted request could not be seen.
    """
    found = service.find(ledger.run)
    if settle is not None and _any_unseen(ledger, found):
        time.sleep(settle)  # by no clock: it may have been set, or the folder may come from another machine
        found = service.find(ledger.run)
    ledger = _bind(folder, ledger, service, found)
    if settle is not None and _any_unseen(ledger, found):
        _check_listing(ledger, found)
    for index, job in enumerate(ledger.jobs):
        if job.status in ("planned", "sending") or (job.status == "unknown" and not job.job_id):
            attempts = _attempts(job, found)
            if len(attempts) > 1:
                attempts = _alive(attempts, service) or attempts[-1:]
            if attempts:
                ledger = _take_in(folder, ledger, index, *attempts[0])
                logger.info(f"job {attempts[0][1]} had been sent already and was found by its tag")
    return ledger, found


def retry_lost(folder: Folder, ledger: Ledger, service: Service, found: Found) -> Ledger:
    """Returns the ledger with the jobs that are lost or unknown ready to be sent again, but for those that are found.

    All attempts at each are looked for, by their tags and by the id in the ledger. One that is queued, runs or is done
    is taken in instead. The jobs to be sent again are not stored.

    Args:
        folder, ledger: of the run.
        service: where its jobs are.
        found: the jobs of the run, as the service lists them.

    Raises:
        ServiceError: the service cannot be searched; no job is ready to be sent again.
    """
    again: dict[int, Job] = {}
    for index, job in enumerate(ledger.jobs):
        if not job.is_lost and job.status != "unknown":
            continue
        attempts = _attempts(job, found)
        own = (job.attempt, job.job_id)
        hidden = job.job_id and job.status != "refused" and own not in attempts
        try:
            alive = _alive(attempts, service) or (_alive([own], service, listed=False) if hidden else [])
            if not alive and job.status == "unknown":
                _check_listing(ledger, found)
        except ServiceError as error:
            raise ServiceError(f"{error} Nothing was sent.", error.definitive, error.transient) from error
        if alive:
            ledger = _take_in(folder, ledger, index, *alive[0])
            logger.info(f"job {alive[0][1]} is known to the service after all and is not sent again")
        else:
            again[index] = job.retry(max((attempt for attempt, _ in attempts), default=0))
    return replace(ledger, jobs=tuple(again.get(index, job) for index, job in enumerate(ledger.jobs)))


def cancel_copies(folder: Folder, ledger: Ledger, service: Service, found: Found) -> Ledger:
    """Cancels jobs of which the service has an older copy; returns the ledger with the oldest copies.

    A vendor's client may repeat a request by itself when the answer was lost; IBM's does so behind a proxy. Copies of
    one folder may be submitted at the same time. Whoever looks keeps the oldest, so that no two cancel each other's.
    """
    for index, job in enumerate(ledger.jobs):
        attempts = _attempts(job, found)
        if job.status != "sent" or len(attempts) < 2:
            continue
        alive = _alive(attempts, service)
        if not alive:
            continue
        kept, *others = alive
        if kept[1] != job.job_id:
            ledger = _take_in(folder, ledger, index, *kept)
        for _, job_id in others:
            if service.status(job_id).state in ("queued", "running"):
                service.cancel(job_id)
                logger.warning(
                    f"the service had job {job_id} beside {kept[1]}, made by a repeated request; it was cancelled"
                )
    return ledger


def _any_unseen(ledger: Ledger, found: Found) -> bool:
    return any(not _attempts(job, found) for job in ledger.with_status("sending"))


def _attempts(job: Job, found: Found) -> list[tuple[int, str]]:
    """The attempts at a job that the service lists and that are not given up, with their ids, oldest first."""
    every = {(job.attempt_of(tag), job_id): None for tag, ids in found.items() for job_id in ids if job.attempt_of(tag)}
    return [one for one in sorted(every, key=lambda one: one[0]) if one[1] not in job.given_up]


def _alive(attempts: Sequence[tuple[int, str]], service: Service, listed: bool = True) -> list[tuple[int, str]]:
    """The attempts that are queued, running or done; what is listed and yet unknown is there too."""
    states = ("queued", "running", "done", *(("unknown",) if listed else ()))
    return [one for one in attempts if service.status(one[1]).state in states]


def _take_in(folder: Folder, ledger: Ledger, index: int, attempt: int, job_id: str) -> Ledger:
    job = ledger.jobs[index]
    ledger = ledger.with_job(index, replace(job, status="sent", attempt=attempt, job_id=job_id, reason=""))
    store(folder, ledger)
    return ledger


def _listed(found: Found) -> set[str]:
    return {job_id for ids in found.values() for job_id in ids}


def _bind(folder: Folder, ledger: Ledger, service: Service, found: Found) -> Ledger:
    """Stores the service's instance in the ledger of an older qsense, once it is certain that the jobs are there.

    Raises:
        ServiceError: jobs were sent, but this instance lists none of them.
    """
    here, sent = instance_of(service), {job.job_id for job in ledger.jobs if job.job_id}
    if ledger.instance or not here:
        return ledger
    if sent and not sent & _listed(found):
        raise ServiceError(
            f"The instance {here} lists none of the {len(sent)} jobs that were sent; use the account and instance that "
            "they were sent with. Nothing was sent.",
            definitive=True,
            transient=False,
        )
    ledger = replace(ledger, instance=here)
    store(folder, ledger)
    return ledger


def _check_listing(ledger: Ledger, found: Found) -> None:
    """Refuses to conclude from a list in which jobs are missing that the service has accepted.

    Raises:
        ServiceError: none of them is listed.
    """
    accepted = {job.job_id for job in ledger.jobs if job.status in ("sent", "done")}
    if accepted and not accepted & _listed(found):
        raise ServiceError(
            f"The service lists none of the {len(accepted)} jobs that it has accepted, so that it cannot be told what "
            "was sent; nothing was sent now; try again later.",
            definitive=True,
            transient=True,
        )
