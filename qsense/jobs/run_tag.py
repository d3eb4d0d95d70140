"""The tag of a run's jobs in `provenance.json`, from which they are found again if the ledger is lost."""

from __future__ import annotations

import hashlib
import os
from dataclasses import asdict, dataclass

from qsense.errors import RecordError
from qsense.runs.folder import Folder
from qsense.runs.provenance import provenance

FILE = "provenance.json"


@dataclass(frozen=True)
class RunTag:
    """What `provenance.json` says of the jobs.

    Attributes:
        run: the tag, as in the ledger; "" if it says nothing.
        begun: whether the ledger has been written, so that jobs may have been sent.
        instance_sha256: of the service's instance, which does not go into files that are published; "" if unknown.
    """

    run: str = ""
    begun: bool = False
    instance_sha256: str = ""


def read_tag(folder: Folder) -> RunTag:
    """Returns what a folder's `provenance.json` says of its jobs.

    Raises:
        RecordError: the file is damaged.
    """
    if not os.path.lexists(folder.path / FILE):
        return RunTag()
    words = folder.read_json(FILE).get("jobs")
    if words is None:
        return RunTag()
    try:
        tag = RunTag(**words)
        if not (isinstance(tag.run, str) and tag.run and isinstance(tag.begun, bool)):
            raise TypeError
    except TypeError as error:
        raise RecordError(f"{folder.path / FILE}: key `jobs` is damaged; restore the file from a copy.") from error
    return tag


def write_tag(folder: Folder, run: str, begun: bool, instance: str) -> None:
    """Writes the tag into a folder's `provenance.json`, unless it is there already."""
    tag = RunTag(run, begun, instance_hash(instance))
    if read_tag(folder) != tag:
        path = folder.path / FILE
        words = folder.read_json(FILE) if os.path.lexists(path) else {"schema": 1, **provenance()}
        folder.write_json(FILE, {**words, "jobs": asdict(tag)})


def instance_hash(instance: str) -> str:
    """Returns the hash that stands for an instance; "" for none."""
    return hashlib.sha256(instance.encode()).hexdigest() if instance else ""
