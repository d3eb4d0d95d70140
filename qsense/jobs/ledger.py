"""The ledger of a folder's jobs, `jobs.json`: it holds every job before the first is sent."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any, get_args

from qsense.errors import RecordError
from qsense.jobs.job import Job, JobTask, Status
from qsense.jobs.job_file import deserialize
from qsense.runs.folder import Folder
from qsense.services.tasks import Mode, Task

LEDGER = "jobs.json"
SCHEMA = 2
"""Schema 1, which is still read, had `entries` with a `parcel` of `pieces`; schema 2 has `jobs` with `tasks`."""


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
    """

    run: str
    backend: str
    mode: Mode
    jobs: tuple[Job, ...]
    session: str = ""
    max_seconds: float | None = None

    def with_job(self, index: int, job: Job) -> Ledger:
        return replace(self, jobs=(*self.jobs[:index], job, *self.jobs[index + 1 :]))

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
        """Returns the ledger that a file of schema 1 or 2 holds.

        Raises:
            RecordError: it is damaged, or was written by a newer qsense; the message names the file.

        >>> Ledger.from_dict({"schema": 3}, "jobs.json")
        Traceback (most recent call last):
        qsense.errors.RecordError: jobs.json: schema 3 is not known to this qsense, which reads 1 to 2; update qsense.
        """
        schema = data.get("schema")
        if schema not in (1, SCHEMA):
            raise RecordError(
                f"{source}: schema {schema} is not known to this qsense, which reads 1 to {SCHEMA}; update qsense."
            )
        try:
            rest = {key: value for key, value in data.items() if key not in ("schema", "jobs", "entries")}
            jobs = data["jobs"] if schema == SCHEMA else [_from_entry(entry) for entry in data["entries"]]
            return cls(jobs=tuple(_job(job) for job in jobs), **rest)
        except (KeyError, TypeError, AttributeError) as error:
            raise RecordError(
                f"{source}: damaged ({error}); restore it from a copy: it names the jobs that were sent."
            ) from error


def _job(data: dict[str, Any]) -> Job:
    tasks = tuple(JobTask(**task) for task in data["tasks"])
    job = Job(**{**data, "tasks": tasks, "past": tuple(data["past"])})
    if job.status not in get_args(Status):
        raise KeyError(f"status {job.status!r}")
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


def load(folder: Folder, backend: str | None = None) -> Ledger:
    """Returns the ledger of a folder.

    Args:
        folder: of a run's record, or of a calibration.
        backend: the name of the backend that its jobs must be for; None for any.

    Raises:
        RecordError: there is none, it is damaged, or it is for another backend.
    """
    path = folder.path / LEDGER
    if not path.exists():
        raise RecordError(f"{folder.path}: no jobs were submitted from it; run `qsense submit` with its spec first.")
    ledger = Ledger.from_dict(folder.read_json(LEDGER), str(path))
    if backend is not None and ledger.backend != backend:
        raise RecordError(
            f'{path}: the jobs are for the backend "{ledger.backend}", not "{backend}"; use that backend.'
        )
    return ledger


def load_tasks(folder: Folder, job: Job) -> list[Task]:
    """Returns the tasks of a job from its file in the folder.

    Raises:
        RecordError: the file is missing, or its hash is not that of the job.
    """
    path = folder.path / job.file
    try:
        data = path.read_bytes()
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
        RecordError: another process holds the lock.
    """
    try:
        import fcntl
    except ImportError:  # not on Windows
        yield
        return
    with (folder.path / ".jobs.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise RecordError(
                f"{folder.path}: another qsense process submits or collects its jobs; wait for it to end."
            ) from error
        yield
