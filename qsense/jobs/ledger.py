"""The ledger of a folder's jobs, `jobs.json`: it holds every job before the first is sent."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any, get_args

from qsense.errors import RecordError
from qsense.files.locks import LockHeldError, take_lock
from qsense.jobs.job import Job, JobTask, Status
from qsense.jobs.job_file import deserialize
from qsense.jobs.run_tag import read_tag
from qsense.runs.folder import Folder
from qsense.services.tasks import Mode, Task

LEDGER = "jobs.json"
SCHEMA = 3
"""Schema 1 had `entries` with a `parcel` of `pieces`; schema 2 has `jobs` with `tasks`; schema 3 has the service's
instance and jobs that are unknown. All are read."""
_FORGOTTEN = "the service does not know this job"  # with which older versions gave a job up as failed


@dataclass(frozen=True)
class Ledger:
    """All jobs of a run or of a calibration.

    Attributes:
        run: the name of this run, not only of its spec: two records of one spec do not share jobs.
        backend: the name of the backend that the jobs were made for.
        mode: "job", "batch" or "session".
        jobs: in the order of sending.
        session: the service's name of the open batch or session; "" until there is one.
        max_seconds: the most time that the user allows on the device, in s.
        instance: what the service calls the account or instance that the jobs belong to; "" where it does not say.
    """

    run: str
    backend: str
    mode: Mode
    jobs: tuple[Job, ...]
    session: str = ""
    max_seconds: float | None = None
    instance: str = ""

    def with_job(self, index: int, job: Job) -> Ledger:
        return replace(self, jobs=(*self.jobs[:index], job, *self.jobs[index + 1 :]))

    def holds(self, point: str) -> bool:
        """Returns whether some job has a task of the point with this key."""
        return any(task.point == point for job in self.jobs for task in job.tasks)

    def with_status(self, *wanted: Status) -> list[Job]:
        return [job for job in self.jobs if job.status in wanted]

    @property
    def seconds(self) -> float:
        """Estimated time on the device of all jobs, earlier attempts included, in s."""
        return sum(job.seconds * job.attempt for job in self.jobs)

    @property
    def circuits(self) -> int:
        return sum(job.rows for job in self.jobs)

    @property
    def shots(self) -> int:
        return sum(job.rows * job.shots for job in self.jobs)

    def to_dict(self) -> dict[str, Any]:
        return {"schema": SCHEMA, **asdict(self)}

    @classmethod
    def from_dict(cls, data: dict[str, Any], source: str) -> Ledger:
        """Returns the ledger that a file of schema 1 to 3 holds.

        Raises:
            RecordError: it is damaged, or was written by a newer qsense; the message names the file.

        >>> Ledger.from_dict({"schema": 4}, "jobs.json")
        Traceback (most recent call last):
        qsense.errors.RecordError: jobs.json: schema 4 is not known to this qsense, which reads 1 to 3; update qsense.
        """
        schema = data.get("schema")
        if not isinstance(schema, int) or not 1 <= schema <= SCHEMA:
            raise RecordError(
                f"{source}: schema {schema} is not known to this qsense, which reads 1 to {SCHEMA}; update qsense."
            )
        try:
            rest = {key: value for key, value in data.items() if key not in ("schema", "jobs", "entries")}
            entries = [_from_entry(entry) for entry in data["entries"]] if schema == 1 else data["jobs"]
            jobs = [_job(entry) for entry in entries]
            if schema < 3:
                jobs = [replace(j, status="unknown") if j.reason == _FORGOTTEN else j for j in jobs]
            ledger = cls(jobs=tuple(jobs), **rest)
            if not isinstance(ledger.run, str) or not ledger.run or not isinstance(ledger.instance, str):
                raise KeyError("run")
        except (KeyError, TypeError, AttributeError, ValueError) as error:
            raise RecordError(
                f"{source}: damaged ({error}); restore it from a copy: it names the jobs that were sent."
            ) from error
        return ledger


def _job(data: dict[str, Any]) -> Job:
    tasks = tuple(JobTask(**task) for task in data["tasks"])
    job = Job(**{**data, "tasks": tasks, "past": tuple(data["past"])})
    if job.status not in get_args(Status):
        raise KeyError(f"status {job.status!r}")
    if not (isinstance(job.key, str) and re.fullmatch("[0-9a-f]{16,64}", job.key)):  # it names files
        raise KeyError(f"key {job.key!r}")
    return job


def _from_entry(entry: dict[str, Any]) -> dict[str, Any]:
    """Returns what schema 2 holds for an entry of schema 1."""
    own = {("job_id" if key == "job" else key): value for key, value in entry.items() if key != "parcel"}
    parcel = {key: value for key, value in entry["parcel"].items() if key != "pieces"}
    tasks = [
        {("bitstring" if key == "prepared" else key): value for key, value in piece.items()}
        for piece in entry["parcel"]["pieces"]
    ]
    return {**parcel, "tasks": tasks, **own}


def load(folder: Folder, backend: str | None = None, instance: str = "") -> Ledger:
    """Returns the ledger of a folder.

    Args:
        folder: of a run's record, or of a calibration.
        backend: the name of the backend that its jobs must be for; None for any.
        instance: of the service, to which its jobs must belong; "" for any.

    Raises:
        RecordError: there is none, it is damaged, has another tag than provenance.json, or is for another backend or
            instance.
    """
    path, tag = folder.path / LEDGER, read_tag(folder)
    if not has_ledger(folder):
        if tag.begun:
            raise RecordError(
                f"{path}: lost; restore it from a copy, or repeat the command that submitted the jobs: they are found "
                "by their tags, and none is sent twice."
            )
        check_unledgered(folder)
        raise RecordError(f"{folder.path}: no jobs were submitted from it; run `qsense submit` with its spec first.")
    try:
        data = folder.read_json(LEDGER)
    except RecordError as error:
        otherwise = ", or delete it: the next submit then finds its jobs by their tags, and sends none twice"
        raise RecordError(
            f"{path}: damaged ({error.__cause__.__class__.__name__}); restore it from a copy"
            f"{otherwise if tag.begun else ': it names the jobs that were sent'}."
        ) from error
    ledger = Ledger.from_dict(data, str(path))
    if tag.run and tag.run != ledger.run:
        raise RecordError(
            f"{path}: has the tag {ledger.run}, but provenance.json has {tag.run}; restore both from one copy."
        )
    if backend is not None and ledger.backend != backend:
        raise RecordError(
            f'{path}: the jobs are for the backend "{ledger.backend}", not "{backend}"; use that backend.'
        )
    if instance and ledger.instance and ledger.instance != instance:
        raise RecordError(
            f"{path}: its jobs belong to the instance {ledger.instance}, but this account uses {instance}; use the "
            "account and instance that they were sent with."
        )
    return ledger


def has_ledger(folder: Folder) -> bool:
    """Returns whether there is a ledger in a folder, or anything in its place."""
    return os.path.lexists(folder.path / LEDGER)


def check_unledgered(folder: Folder) -> None:
    """Refuses files of jobs that no ledger names, where nothing says that none of them was sent.

    Raises:
        RecordError: there are such files.
    """
    jobs = folder.path / "jobs"
    is_empty = jobs.is_dir() and not jobs.is_symlink() and not any(jobs.iterdir())
    if os.path.lexists(jobs) and not is_empty and not read_tag(folder).run:
        raise RecordError(
            f"{jobs}: holds jobs, but {LEDGER}, which says what was sent, is missing; restore it from a copy, "
            "or submit to another folder (--out)."
        )


def load_tasks(folder: Folder, job: Job) -> list[Task]:
    """Returns the tasks of a job from its file in the folder.

    Raises:
        RecordError: the file is missing, or its hash is not that of the job.
    """
    path = folder.path / job.file
    try:
        data = folder.read_bytes(job.file)
    except OSError as error:
        raise RecordError(f"{path}: cannot be read: {error.strerror}; restore it from a copy of the record.") from error
    return deserialize(job, data, str(path))


def store(folder: Folder, ledger: Ledger) -> None:
    """Writes the ledger of a folder in one step."""
    folder.write_json(LEDGER, ledger.to_dict())


@contextmanager
def exclusive_lock(folder: Folder) -> Iterator[None]:
    """Keeps other qsense processes from the folder's jobs; the lock ends with the process.

    Raises:
        RecordError: another process holds the lock, or the folder cannot be written.
    """
    path = folder.path / ".jobs.lock"
    try:
        lock = take_lock(path)
    except LockHeldError as error:
        raise RecordError(
            f"{folder.path}: another qsense process submits or collects its jobs; wait for it to end"
            f"{f' ({error})' if str(error) else ''}."
        ) from error
    except OSError as error:
        raise RecordError(f"{path}: cannot be locked: {error.strerror}.") from error
    try:
        yield
    finally:
        lock.release()
