"""Fetches the results of jobs, each once, and checks them.

A result is accepted only if the job carries this run's tags, its circuits carry the keys of the tasks (or, where the
service returns no keys, are equal to the circuits in the folder), and every row has its shots. If the calibration
bitstrings that were sent with the rest are read wrong, no result of the run is accepted. The ledger keeps the reason of
each refusal; other results are kept.
"""

from __future__ import annotations

import hashlib
import io
import logging
import time
import zipfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, NamedTuple, TypeVar

import numpy as np

from qsense.backends.self_test import complaint
from qsense.circuits.counts import Counts
from qsense.errors import RecordError
from qsense.files import DAMAGED
from qsense.files.archives import Archive
from qsense.files.secrecy import scrubbed
from qsense.jobs.job import Job, JobTask, Status
from qsense.jobs.ledger import Ledger, has_ledger, load, load_tasks, store
from qsense.jobs.run_tag import write_tag
from qsense.jobs.search import cancel_copies, recover_jobs
from qsense.numerics.fisher import FloatArray
from qsense.runs.folder import Folder
from qsense.runs.record import RunRecord
from qsense.services import Service, TaskResult, instance_of
from qsense.services.tasks import Task

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
logger = logging.getLogger(__name__)

POLL_S = 2.0
"""The first pause between two requests for the jobs' status; it doubles up to a minute."""
_LONGEST_POLL_S = 60.0
_UNKNOWN_POLLS = 4
"""How often jobs that the service does not know are asked for again while nothing else is waited for."""
_STATES = ("done", "queued", "running", "failed", "cancelled", "refused", "unknown", "unsent")


class TaskLocation(NamedTuple):
    """A task, the job that holds it, and its number there, from 0."""

    task: JobTask
    job: Job
    number: int


@dataclass(frozen=True)
class Fetched:
    """What became of the jobs of a folder.

    Attributes:
        ledger: with the present status of every job.
        states: how many jobs are in each state: done, queued, running, failed, cancelled, refused, unknown,
            unsent.
    """

    ledger: Ledger
    states: dict[str, int]

    @property
    def waiting(self) -> int:
        """The number of jobs that are queued or running."""
        return self.states["queued"] + self.states["running"]

    @property
    def lost(self) -> list[str]:
        """A line for every job that failed, was cancelled or was refused."""
        return [f"job {job.job_id} {job.status}: {job.reason}" for job in self.ledger.jobs if job.is_lost]

    @property
    def unknown(self) -> list[str]:
        """A line for every job that the service does not know now; it is asked again at the next collect."""
        return [f"job {job.job_id} unknown: {job.reason}" for job in self.ledger.with_status("unknown")]

    @property
    def summary(self) -> str:
        """The number of jobs in each state, in words.

        >>> Fetched(Ledger("run", "ibm:x", "job", ()), {"done": 2, "queued": 1, "failed": 0}).summary
        '2 done, 1 queued'
        """
        return ", ".join(f"{number} {state}" for state, number in self.states.items() if number)

    @property
    def is_trusted(self) -> bool:
        """Whether all calibration bitstrings have been read as they were prepared."""
        return all(job.status == "done" for job in self.ledger.jobs if job.has_calibration)


AnyFetched = TypeVar("AnyFetched", bound=Fetched)


def fetch(folder: Folder, service: Service) -> Fetched:
    """Fetches the results of jobs that are done; to be called within `ledger.exclusive_lock`.

    Args:
        folder: of the jobs.
        service: where they are.

    Raises:
        RecordError: the folder has no jobs, or is damaged.
        ServiceError: the service cannot be reached; what was fetched before is in the folder.
    """
    ledger = load(folder, service.name, instance_of(service))
    write_tag(folder, ledger.run, True, ledger.instance)
    if ledger.with_status("planned", "sending", "sent", "unknown"):
        ledger, found = recover_jobs(folder, ledger, service, None)
        ledger = cancel_copies(folder, ledger, service, found)
    states = dict.fromkeys(_STATES, 0)
    distrust = ""
    for index, job in enumerate(ledger.jobs):
        state: str = job.status
        if job.status in ("planned", "sending"):
            state = "unsent"
        elif job.status in ("sent", "refused", "unknown") or (job.status == "done" and distrust):
            job, state = _fetch_job(folder, ledger, job, service, distrust)
            if job != ledger.jobs[index]:
                ledger = ledger.with_job(index, job)
                store(folder, ledger)
                if job.is_lost or job.status == "unknown":
                    logger.warning(f"job {job.job_id} {job.status}: {job.reason}")
        if job.has_calibration and job.status == "refused":  # these come first
            distrust = f"the calibration bitstrings were refused (job {job.job_id})"
        states[state] += 1
    return Fetched(ledger, states)


def wait_for_jobs(fetch_once: Callable[[], AnyFetched], progress: Callable[[AnyFetched], None]) -> AnyFetched:
    """Fetches repeatedly until no job is queued or running; returns what was fetched last.

    Jobs that the service does not know are asked for a few times more: it may be passing.

    Args:
        fetch_once: fetches the results of jobs that are done.
        progress: called after every fetch.
    """
    pause, without_news = POLL_S, 0
    while True:
        fetched = fetch_once()
        progress(fetched)
        without_news = 0 if fetched.waiting else without_news + 1
        if not fetched.waiting and (not fetched.unknown or without_news > _UNKNOWN_POLLS):
            return fetched
        time.sleep(pause)
        pause = min(2 * pause, _LONGEST_POLL_S)


def locate_tasks(ledger: Ledger) -> dict[str, list[TaskLocation]]:
    """Returns where the tasks of every point are, in the order of its times and rows."""
    found: dict[str, list[TaskLocation]] = {}
    for job in ledger.jobs:
        for index, task in enumerate(job.tasks):
            found.setdefault(task.point, []).append(TaskLocation(task, job, index))
    for locations in found.values():
        locations.sort(key=lambda location: (location.task.time_index, location.task.first_row))
    return found


def measured_or_sent(record: RunRecord) -> dict[str, tuple[int, ...]]:
    """Returns the shots of every row that a record holds or has sent, by the name of a counts file or a point's key."""
    found = record.row_shots()
    for point, locations in locate_tasks(load(record)).items() if has_ledger(record) else ():
        found[point] = tuple(location.job.shots for location in locations for _ in range(location.task.rows))
    return found


def counts_at(folder: Folder, location: TaskLocation) -> Counts:
    """Returns the counts of a task whose job is done.

    Raises:
        RecordError: their file is missing, or is not the one that was fetched.
    """
    path = folder.path / location.job.counts_file
    try:
        data = folder.read_bytes(location.job.counts_file)
    except OSError as error:
        raise RecordError(f"{path}: cannot be read: {error.strerror}; restore it from a copy of the record.") from error
    if hashlib.sha256(data).hexdigest() != location.job.counts_sha256:
        raise RecordError(f"{path}: its hash is not the ledger's; restore it from a copy of the record.")
    try:
        with Archive(data) as archive:
            content = archive.read(f"{location.number}.npz")
    except DAMAGED as error:
        raise RecordError(f"{path}: damaged ({type(error).__name__}); restore it from a copy of the record.") from error
    return Counts.from_bytes(content, str(path))


def _fetch_job(folder: Folder, ledger: Ledger, job: Job, service: Service, distrust: str) -> tuple[Job, str]:
    """Returns the job with its present status, and its state; `distrust` says why no result is accepted."""
    if not job.job_id:  # the ledger was lost, and no tag of the job is listed
        return job, job.status
    found = service.status(job.job_id)
    if found.state in ("queued", "running"):
        return (replace(job, status="sent", reason="") if job.status == "unknown" else job), found.state
    if found.state == "unknown":
        if job.status in ("refused", "done"):
            return job, job.status
        reason = "the service does not know it now; it is asked again at the next collect"
        return replace(job, status="unknown", reason=reason), "unknown"
    if ledger.run not in found.tags or job.tag not in found.tags:
        return replace(job, status="refused", reason="the job does not carry this run's tags"), "refused"
    if found.state != "done":
        status: Status = "cancelled" if found.state == "cancelled" else "failed"
        return replace(job, status=status, reason=scrubbed(found.reason)), status
    if distrust:
        return replace(job, status="refused", reason=distrust), "refused"
    results = service.results(job.job_id)
    reason = _find_mismatch(folder, job, results, service)
    if reason:
        return replace(job, status="refused", reason=reason), "refused"
    data = _serialize_counts(results)
    folder.write_bytes(job.counts_file, data)
    return replace(job, status="done", reason="", counts_sha256=hashlib.sha256(data).hexdigest()), "done"


def _find_mismatch(folder: Folder, job: Job, results: Sequence[TaskResult], service: Service) -> str:
    """Returns how the results differ from what was requested; "" if they do not."""
    if len(results) != len(job.tasks):
        return f"it has {len(results)} results, but {len(job.tasks)} circuits were sent"
    if any(result.key is None for result in results):
        tasks, sent = load_tasks(folder, job), service.sent(job.job_id)
        if len(sent) != len(tasks) or not all(_same(task, one) for task, one in zip(tasks, sent, strict=True)):
            return "it ran other circuits than those in the record"
    for index, (task, result) in enumerate(zip(job.tasks, results, strict=True)):
        if result.key is not None and result.key != task.key:
            return f"result {index} is of another circuit: its hash is {result.key[:8]}, not {task.key[:8]}"
        width = (task.num_bits + 7) // 8
        expected = (task.rows, job.shots, width)
        if result.num_bits != task.num_bits or result.outcomes.shape != expected:
            return f"result {index} has {result.outcomes.shape} rows, shots and bytes, but {expected} were requested"
        if np.any(result.outcomes[..., -1] >> (task.num_bits - 8 * (width - 1))):
            return f"result {index} has outcomes of more than {task.num_bits} bits"
        if task.bitstring is not None:
            wrong = complaint(Counts.from_shots(result.num_bits, result.outcomes), task.bitstring, job.shots)
            if wrong is not None:
                return f"the backend failed its self-test of calibration bitstrings ({wrong}, {task.point})"
    return ""


def _same(task: Task, sent: tuple[QuantumCircuit, FloatArray]) -> bool:
    circuit, values = sent
    order = [task.names.index(parameter.name) for parameter in task.circuit.parameters]
    return bool(circuit == task.circuit) and np.array_equal(values, task.values[:, order])


def _serialize_counts(results: Sequence[TaskResult]) -> bytes:
    """Returns the counts of every task as one file."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for index, result in enumerate(results):
            counts = Counts.from_shots(result.num_bits, result.outcomes)
            archive.writestr(f"{index}.npz", counts.to_bytes())
    return buffer.getvalue()
