"""Services that run jobs elsewhere and later: what qsense asks of them, and which there are.

A service has a backend for which circuits are prepared, says what they cost, sends a parcel under tags, finds jobs by
their tags, says how a job fares, and gives its results. `submission` and `collection` are built on these verbs alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from qsense.errors import ArgumentError, QsenseError
from qsense.services.tasks import Mode, Task

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

State = Literal["queued", "running", "done", "failed", "cancelled", "unknown"]


class ServiceError(QsenseError):
    """A service could not be reached, refused the credentials, or refused a request.

    Attributes:
        sure: whether nothing was done. After a lost connection a job may have been sent all the same.
        passing: whether it may go by itself, so that a question is worth asking again.
    """

    def __init__(self, message: str, sure: bool, passing: bool):
        super().__init__(message)
        self.sure, self.passing = sure, passing


@dataclass(frozen=True)
class Seen:
    """How a job fares; "unknown" if the service does not know it.

    Attributes:
        state: where it stands.
        reason: why it failed or was cancelled.
        tags: what it was sent with.
    """

    state: State
    reason: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class Returned:
    """What came back for one task.

    Attributes:
        outcomes: shot by shot as little-endian bytes (bit j is spin j), shape (rows, shots, bytes).
        num_bits: how many bits were measured.
        key: the key of the task, as the circuit carried it; None if the service does not return it.
    """

    outcomes: NDArray[np.uint8]
    num_bits: int
    key: str | None


class Service(Protocol):
    """What submit and collect need. Every verb raises ServiceError, and nothing else, when the service is at fault."""

    @property
    def name(self) -> str: ...

    @property
    def overhead_s(self) -> float:
        """Time that a job takes on the device beside its circuits, in s."""
        ...

    @property
    def backend(self) -> Any:
        """What circuits are prepared for: a BackendV2, or all that is needed of one, a name and a target."""
        ...

    def seconds(self, circuit: QuantumCircuit) -> float:
        """Returns the estimated time of one shot of a prepared circuit, in s."""
        ...

    def find(self, run: str) -> dict[str, list[str]]:
        """Returns the jobs that carry the run's tag: last tag → names of jobs, oldest first."""
        ...

    def open(self, mode: Mode, session: str) -> str:
        """Returns the name of a batch or session that takes jobs: the one given if it still does, else a new one."""
        ...

    def close(self, session: str) -> None:
        """Lets a batch or session take no more jobs; those in it run."""
        ...

    def send(self, tasks: Sequence[Task], tags: Sequence[str], session: str, most_seconds: int | None) -> str:
        """Sends tasks as one job and returns its name.

        Args:
            tasks: with equal shots.
            tags: to find it by.
            session: the batch or session, from `open`; "" for none.
            most_seconds: the service stops the job after this time on the device.
        """
        ...

    def cancel(self, job: str) -> None:
        """Cancels a job; one that has ended stays as it is."""
        ...

    def look(self, job: str) -> Seen:
        """Returns how a job fares."""
        ...

    def results(self, job: str) -> list[Returned]:
        """Returns the results of a job that is done, in the order of its tasks."""
        ...

    def sent(self, job: str) -> list[tuple[QuantumCircuit, NDArray[np.float64]]]:
        """Returns what a job was sent with: circuits, and values in the order of their parameters."""
        ...


def is_remote(name: str) -> bool:
    """Whether jobs for this backend are submitted and collected.

    >>> is_remote("ibm:ibm_boston"), is_remote("aer")
    (True, False)
    """
    return name.startswith("ibm:")


def service(name: str) -> Service:
    """Returns the service of a backend name.

    Raises:
        ArgumentError: no service has this name.
        ServiceError: it cannot be reached, or does not know the backend or the credentials.

    >>> service("aer")
    Traceback (most recent call last):
    qsense.errors.ArgumentError: The backend "aer" takes no jobs for later; use `qsense run`, or ibm:<device>.
    """
    if not is_remote(name):
        raise ArgumentError(f'The backend "{name}" takes no jobs for later; use `qsense run`, or ibm:<device>.')
    from qsense.services.ibm import IbmService

    return IbmService.connect(name.partition(":")[2])


def as_outcomes(bits: Any) -> NDArray[np.uint8]:
    """Returns Qiskit's packed bits (big-endian bytes) as outcomes (little-endian bytes)."""
    return np.ascontiguousarray(np.asarray(bits, dtype=np.uint8)[..., ::-1])
