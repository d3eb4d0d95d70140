"""What a service that runs jobs elsewhere and later must provide.

A service has a backend for which circuits are prepared, estimates their cost, sends tasks as a job under tags, finds
jobs by their tags, and returns a job's status and results. The package `jobs` uses only these methods.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, Protocol

import numpy as np
from numpy.typing import NDArray

from qsense.errors import QsenseError
from qsense.files.secrecy import scrubbed
from qsense.services.tasks import Mode, Task

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

State = Literal["queued", "running", "done", "failed", "cancelled", "unknown"]


class ServiceError(QsenseError):
    """A service could not be reached, refused the credentials, or refused a request.

    Attributes:
        definitive: whether nothing was done. After a lost connection a job may have been sent nevertheless.
        transient: whether the cause may pass, so that a request that changes nothing is worth repeating.
    """

    def __init__(self, message: str, definitive: bool, transient: bool):
        super().__init__(scrubbed(message))
        self.definitive, self.transient = definitive, transient


@dataclass(frozen=True)
class JobStatus:
    """The status of a job; its state is "unknown" if the service does not know the job.

    Attributes:
        state: "queued", "running", "done", "failed", "cancelled" or "unknown".
        reason: why it failed or was cancelled.
        tags: those that it was sent with.
    """

    state: State
    reason: str = ""
    tags: tuple[str, ...] = ()


@dataclass(frozen=True)
class TaskResult:
    """The result of one task.

    Attributes:
        outcomes: shot by shot as little-endian bytes (bit j is spin j), shape (rows, shots, bytes).
        num_bits: how many bits were measured.
        key: the key of the task, which its circuit carried; None if the service does not return it.
    """

    outcomes: NDArray[np.uint8]
    num_bits: int
    key: str | None


class Service(Protocol):
    """What `submit` and `collect` use. Every method raises ServiceError alone when the service is at fault."""

    @property
    def name(self) -> str: ...

    @property
    def instance(self) -> str:
        """The account or instance to which jobs belong, without secrets; "" where the service cannot say.

        A service without this attribute cannot say.
        """
        ...

    @property
    def overhead_s(self) -> float:
        """Time that a job takes on the device in addition to its circuits, in s."""
        ...

    @property
    def backend(self) -> Any:
        """What circuits are prepared for: a BackendV2, or an object with a name and a target."""
        ...

    def seconds(self, circuit: QuantumCircuit) -> float:
        """Returns the estimated time of one shot of a prepared circuit, in s."""
        ...

    def find(self, run: str) -> dict[str, list[str]]:
        """Returns all jobs of the instance that carry the run's tag: each of their other tags → job ids, oldest first.

        What is not in it may be sent again: a service that cannot tell raises ServiceError.
        """
        ...

    def open(self, mode: Mode, session: str) -> str:
        """Returns the id of a batch or session that accepts jobs: the given one if it still does, else a new one."""
        ...

    def close(self, session: str) -> None:
        """Closes a batch or session to new jobs; the jobs in it still run."""
        ...

    def send(self, tasks: Sequence[Task], tags: Sequence[str], session: str, most_seconds: int | None) -> str:
        """Sends tasks as one job and returns its id.

        Args:
            tasks: with equal shots.
            tags: by which `find` finds it.
            session: the batch or session, from `open`; "" for none.
            most_seconds: the service stops the job after this time on the device.
        """
        ...

    def cancel(self, job_id: str) -> None:
        """Cancels a job; a job that has ended is left unchanged."""
        ...

    def status(self, job_id: str) -> JobStatus:
        """Returns the status of a job."""
        ...

    def results(self, job_id: str) -> list[TaskResult]:
        """Returns the results of a job that is done, in the order of its tasks."""
        ...

    def sent(self, job_id: str) -> list[tuple[QuantumCircuit, NDArray[np.float64]]]:
        """Returns the circuits of a job, and their values in the order of each circuit's parameters."""
        ...


def instance_of(service: Service) -> str:
    """Returns the account or instance of a service's jobs; "" where it cannot say."""
    return scrubbed(str(getattr(service, "instance", "") or ""))


def as_outcomes(bits: Any) -> NDArray[np.uint8]:
    """Returns Qiskit's packed bits (big-endian bytes) as outcomes (little-endian bytes)."""
    return np.ascontiguousarray(np.asarray(bits, dtype=np.uint8)[..., ::-1])
