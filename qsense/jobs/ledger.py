"""The ledger of a record's jobs: every parcel before the first is sent, every job from the moment it exists.

planned → sending → sent → done             the usual way
                      ↘ failed, cancelled   with the service's reason
                      ↘ refused             its results are not what was asked for
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, replace
from typing import Any, Literal, get_args

from qsense.errors import RecordError
from qsense.runs.record import Folder
from qsense.services.tasks import Mode, Parcel, Piece, Task, opened

LEDGER = "jobs.json"
SCHEMA = 1
Status = Literal["planned", "sending", "sent", "done", "failed", "cancelled", "refused"]


@dataclass(frozen=True)
class Entry:
    """A parcel and what became of it.

    Attributes:
        attempt: 1, and one more for every time it was sent again after a failure.
        job: the service's name of the job, "" before there is one.
        reason: why it failed, was cancelled or was refused.
        sent: UTC of the moment before it was sent.
        counts_sha256: of the file with its counts, once done.
        past: jobs of earlier attempts, and why they were given up.
    """

    parcel: Parcel
    status: Status = "planned"
    attempt: int = 1
    job: str = ""
    reason: str = ""
    sent: str = ""
    counts_sha256: str = ""
    past: tuple[str, ...] = ()

    @property
    def tag(self) -> str:
        """The name by which the service finds the job again."""
        return f"{self.parcel.key[:32]}.{self.attempt}"

    @property
    def lost(self) -> bool:
        return self.status in ("failed", "cancelled", "refused")

    def again(self) -> Entry:
        """Returns the entry ready to be sent once more."""
        past = (*self.past, f"{self.job}: {self.status}: {self.reason}")
        return replace(self, status="planned", attempt=self.attempt + 1, job="", reason="", sent="", past=past)


@dataclass(frozen=True)
class Ledger:
    """All parcels of a run.

    Attributes:
        run: names this run, not only its spec: two records of one spec do not share jobs.
        backend: the name that the jobs were made for.
        mode: "job", "batch" or "session".
        session: the service's name of the open batch or session, "" before there is one.
        max_seconds: what the user allows on the device, in s.
        entries: in the order of sending.
    """

    run: str
    backend: str
    mode: Mode
    entries: tuple[Entry, ...]
    session: str = ""
    max_seconds: float | None = None

    def with_entry(self, index: int, entry: Entry) -> Ledger:
        return replace(self, entries=(*self.entries[:index], entry, *self.entries[index + 1 :]))

    def with_status(self, *wanted: Status) -> list[Entry]:
        return [entry for entry in self.entries if entry.status in wanted]

    @property
    def seconds(self) -> float:
        """Estimated time on the device of all parcels, earlier attempts included, in s."""
        return sum(entry.parcel.seconds * entry.attempt for entry in self.entries)

    @property
    def circuits(self) -> int:
        return sum(entry.parcel.rows for entry in self.entries)

    @property
    def shots(self) -> int:
        return sum(entry.parcel.rows * entry.parcel.shots for entry in self.entries)

    def to_dict(self) -> dict[str, Any]:
        return {"schema": SCHEMA, **asdict(self)}

    @classmethod
    def from_dict(cls, data: dict[str, Any], source: str) -> Ledger:
        """Returns the ledger that a file holds.

        Raises:
            RecordError: it is damaged, or was written by a newer qsense; the message names the file.

        >>> Ledger.from_dict({"schema": 2}, "jobs.json")
        Traceback (most recent call last):
        qsense.errors.RecordError: jobs.json: schema 2 is not known to this qsense, which reads 1; update qsense.
        """
        if data.get("schema") != SCHEMA:
            raise RecordError(
                f"{source}: schema {data.get('schema')} is not known to this qsense, which reads {SCHEMA}; "
                "update qsense."
            )
        try:
            rest = {key: value for key, value in data.items() if key not in ("schema", "entries")}
            return cls(entries=tuple(_entry(entry) for entry in data["entries"]), **rest)
        except (KeyError, TypeError, AttributeError) as error:
            raise RecordError(
                f"{source}: damaged ({error}); take it from a copy, it names the jobs that were sent."
            ) from error


def _entry(data: dict[str, Any]) -> Entry:
    parcel = dict(data["parcel"])
    parcel["pieces"] = tuple(Piece(**piece) for piece in parcel["pieces"])
    entry = Entry(**{**data, "parcel": Parcel(**parcel), "past": tuple(data["past"])})
    if entry.status not in get_args(Status):
        raise KeyError(f"status {entry.status!r}")
    return entry


def load(record: Folder, backend: str | None = None) -> Ledger:
    """Returns the ledger of a record.

    Args:
        record: the folder of a run's record, or of a calibration.
        backend: the name of the backend that it must be of; None for any.

    Raises:
        RecordError: there is none, it is damaged, or of another backend.
    """
    path = record.path / LEDGER
    if not path.exists():
        raise RecordError(f"{record.path}: no jobs were submitted from it; run `qsense submit` with its spec first.")
    ledger = Ledger.from_dict(record.read_json(LEDGER), str(path))
    if backend is not None and ledger.backend != backend:
        raise RecordError(f'{path}: the jobs are of the backend "{ledger.backend}", not "{backend}".')
    return ledger


def parcel_tasks(record: Folder, parcel: Parcel) -> list[Task]:
    """Returns the tasks of a parcel from its file in the record.

    Raises:
        RecordError: the file is missing or is not the one that was sealed.
    """
    path = record.path / parcel.file
    try:
        data = path.read_bytes()
    except OSError as error:
        raise RecordError(f"{path}: cannot be read: {error.strerror}; take it from a copy of the record.") from error
    return opened(parcel, data, str(path))


def store(record: Folder, ledger: Ledger) -> None:
    """Writes the ledger of a record in one step."""
    record.write_json(LEDGER, ledger.to_dict())


@contextmanager
def alone(record: Folder) -> Iterator[None]:
    """Keeps a second qsense from the same record's jobs; the lock ends with the process."""
    try:
        import fcntl
    except ImportError:  # not on Windows
        yield
        return
    with (record.path / ".jobs.lock").open("w") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            raise RecordError(
                f"{record.path}: another qsense submits or collects its jobs; wait for it to end."
            ) from error
        yield
