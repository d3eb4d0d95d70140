"""A job: tasks that are sent together, and what became of them.

planned → sending → sent → done             the usual way
                      ↘ failed, cancelled   with the service's reason
                      ↘ refused             its results do not match what was requested
                      ↔ unknown             the service does not know it now; it is asked again
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from qsense.services.tasks import Task

MAX_EXECUTIONS = 1_000_000
"""Rows times shots of one job. A small job loses less when it fails and finishes sooner; IBM accepts ten million
(quantum.cloud.ibm.com/docs/guides/job-limits, read in 2026)."""

Status = Literal["planned", "sending", "sent", "done", "failed", "cancelled", "refused", "unknown"]


@dataclass(frozen=True)
class JobTask:
    """One task of a job, as the ledger names it; the attributes are those of `Task`, `rows` is their number."""

    key: str
    point: str
    time_index: int
    first_row: int
    rows: int
    num_bits: int
    bitstring: int | None = None


@dataclass(frozen=True)
class Job:
    """Tasks that are sent together, and what became of them.

    Attributes:
        key: the hash of the run and of the job's file.
        shots: of every row; one number for the whole job.
        tasks: in the order of its circuits.
        sha256: of its file, which holds the circuits (QPY) and the values.
        seconds: estimated time on the device, in s.
        status: see the top of this module.
        attempt: 1, and one more for each time the job was sent again after a failure.
        job_id: the service's name of the job; "" until it has one.
        reason: why it failed, was cancelled, was refused or is unknown.
        sent: the UTC time just before it was sent.
        counts_sha256: of the file with its counts, once it is done.
        past: earlier attempts: their job ids and why they were given up.
    """

    key: str
    shots: int
    tasks: tuple[JobTask, ...]
    sha256: str
    seconds: float
    status: Status = "planned"
    attempt: int = 1
    job_id: str = ""
    reason: str = ""
    sent: str = ""
    counts_sha256: str = ""
    past: tuple[str, ...] = ()

    @property
    def rows(self) -> int:
        return sum(task.rows for task in self.tasks)

    @property
    def has_calibration(self) -> bool:
        """Whether it holds calibration bitstrings, which also test the backend."""
        return any(task.bitstring is not None for task in self.tasks)

    @property
    def is_lost(self) -> bool:
        return self.status in ("failed", "cancelled", "refused")

    @property
    def tag(self) -> str:
        """The tag by which the service finds this attempt."""
        return f"{self._stem}{self.attempt}"

    @property
    def _stem(self) -> str:
        return f"{self.key[:32]}."

    def attempt_of(self, tag: str) -> int:
        """Returns the attempt of this job that has a tag; 0 for a tag of another job."""
        number = tag.removeprefix(self._stem)
        return int(number) if number != tag and re.fullmatch(r"[0-9]{1,6}", number) else 0

    @property
    def given_up(self) -> set[str]:
        """The service's ids of attempts whose results are not wanted; those that were only unknown may come back."""
        past = (entry.split(": ", 2)[:2] for entry in self.past)
        refused = {self.job_id} if self.status == "refused" else set()
        return refused | {job_id for job_id, status in past if status != "unknown"}

    @property
    def file(self) -> str:
        return f"jobs/{self.key[:16]}.zip"

    @property
    def counts_file(self) -> str:
        return f"jobs/{self.key[:16]}.npz"

    def retry(self, after: int = 0) -> Job:
        """Returns the job ready to be sent again, as an attempt later than its own and than another."""
        past = (*self.past, f"{self.job_id}: {self.status}: {self.reason}")
        attempt = max(self.attempt, after) + 1
        return replace(self, status="planned", attempt=attempt, job_id="", reason="", sent="", past=past)


def is_job_file(name: str) -> bool:
    """Returns whether a file in `jobs/` has a name that qsense gives to files of jobs.

    >>> is_job_file("0123456789abcdef.zip"), is_job_file("thesis.zip")
    (True, False)
    """
    return re.fullmatch(r"[0-9a-f]{16}\.(zip|npz)|\.[^/]*\.part", name) is not None


def group_tasks(tasks: Sequence[Task], max_executions: int | None = None) -> list[list[Task]]:
    """Returns the tasks of each job: neighbours with the same number of shots.

    Args:
        tasks: in the order of sending; a task with too many rows is split.
        max_executions: the most rows times shots of one job; `MAX_EXECUTIONS` by default.
    """
    limit = MAX_EXECUTIONS if max_executions is None else max_executions
    groups: list[list[Task]] = []
    free = 0
    for task in tasks:
        for part in task.split(limit):
            size = len(part.values) * part.shots
            if not groups or groups[-1][0].shots != part.shots or size > free:
                groups.append([])
                free = limit
            groups[-1].append(part)
            free -= size
    return groups
