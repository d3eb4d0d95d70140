"""Makes a lost ledger again: from the files of the jobs, the tag in `provenance.json`, and what is to be run."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import replace

from qsense.errors import RecordError
from qsense.jobs.job import Job, group_tasks
from qsense.jobs.job_file import describe, task_keys
from qsense.jobs.ledger import LEDGER, Ledger
from qsense.jobs.run_tag import instance_hash, read_tag
from qsense.runs.folder import Folder
from qsense.services import Service, instance_of
from qsense.services.tasks import Mode, Task

REASON = "the ledger was lost, and the service lists no job with its tag"


def rebuild_ledger(folder: Folder, tasks: Sequence[Task], service: Service, mode: Mode) -> Ledger:
    """Returns the ledger of a folder that has lost it; every job in it is unknown until it is found by its tags.

    Args:
        folder: with the tag in its `provenance.json`, and the files of its jobs.
        tasks: all that the jobs have to run, in the order of sending.
        service: where to run.
        mode: "job", "batch" or "session".

    Raises:
        RecordError: the files are not those of the run, or its jobs belong to another instance.
    """
    tag, here = read_tag(folder), instance_of(service)
    if here and tag.instance_sha256 not in ("", instance_hash(here)):
        raise RecordError(
            f"{folder.path}: {LEDGER} is lost, and its jobs belong to another instance than {here}; use the "
            "account and instance that they were sent with."
        )
    parts = [part for group in group_tasks(tasks) for part in group]
    order = {part.key: number for number, part in enumerate(parts)}
    jobs: dict[int, Job] = {}
    for path in sorted((folder.path / "jobs").glob("*.zip")):
        try:
            data = folder.read_bytes(f"jobs/{path.name}")
            numbers = [order.pop(key) for key in task_keys(data)]
        except (OSError, ValueError, KeyError) as error:
            raise _unfit(folder, path.name) from error
        own = [parts[number] for number in numbers]
        seconds = sum(len(part.values) * part.shots * service.seconds(part.circuit) for part in own)
        job = describe(own, tag.run, hashlib.sha256(data).hexdigest(), service.overhead_s + seconds)
        if job.file != f"jobs/{path.name}" or len({part.shots for part in own}) != 1:
            raise _unfit(folder, path.name)
        jobs[numbers[0]] = replace(job, status="unknown", reason=REASON)
    if order:
        raise _unfit(folder, "a file that is missing")
    ordered = tuple(job for _, job in sorted(jobs.items()))
    return Ledger(tag.run, service.name, mode, ordered, instance=here)


def _unfit(folder: Folder, name: str) -> RecordError:
    return RecordError(
        f"{folder.path}: {LEDGER} is lost, and jobs/ does not hold the jobs of this run ({name}); restore both from a "
        "copy, or start afresh in another folder."
    )
