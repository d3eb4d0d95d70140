"""IBM Quantum as a service, through the public interface of `qiskit-ibm-runtime`.

Credentials come from the vendor's own store (`QiskitRuntimeService.save_account`) or its environment variables.
Nothing here reads, keeps or prints them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np
from numpy.typing import NDArray

from qsense.backends.vendor import find_vendor
from qsense.errors import ArgumentError, nearest
from qsense.files.secrecy import scrubbed
from qsense.services.ibm_client import (
    call_client,
    collect_warnings,
    configure_log,
    connect_client,
    retry_transient,
    translate_errors,
)
from qsense.services.protocol import JobStatus, State, TaskResult, as_outcomes
from qsense.services.tasks import Mode, Task

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

T = TypeVar("T")
OVERHEAD_S, REP_DELAY_S = 2.0, 250e-6
"""Usage is about 2 s per job and (rep_delay + circuit) per execution:
quantum.cloud.ibm.com/docs/guides/estimate-job-run-time, read in 2026."""

_STATES: dict[str, State] = {
    "INITIALIZING": "queued",
    "QUEUED": "queued",
    "RUNNING": "running",
    "DONE": "done",
    "ERROR": "failed",
    "CANCELLED": "cancelled",
}


@dataclass(frozen=True)
class IbmService:
    """A device of IBM Quantum.

    Attributes:
        name: "ibm:" and the device.
        client: a QiskitRuntimeService.
        device: an IBMBackend.
        instance: the CRN of the instance to which its jobs belong.
    """

    name: str
    client: Any
    device: Any
    instance: str = ""
    _sessions: dict[str, Any] = field(default_factory=dict)
    _jobs: dict[str, Any] = field(default_factory=dict)

    @classmethod
    def connect(cls, device: str) -> IbmService:
        """Returns the service of a device of the saved account.

        Raises:
            ArgumentError: qiskit-ibm-runtime is missing, or the account has no such device.
            ServiceError: the service cannot be reached or refuses the credentials.
        """
        find_vendor(f"ibm:{device}").check_installed(f"ibm:{device}")
        from qiskit.providers.exceptions import QiskitBackendNotFoundError
        from qiskit_ibm_runtime import QiskitRuntimeService

        configure_log()
        client = retry_transient(lambda: connect_client(QiskitRuntimeService))

        def find() -> Any:
            try:
                return client.backend(device)
            except QiskitBackendNotFoundError:
                known = [backend.name for backend in client.backends()]
                if not known:  # the client also finds no devices if the service is unreachable; `usage` fails then
                    client.usage()
                raise ArgumentError(f'The account has no device "{device}". {nearest(device, known)}') from None

        found = retry_transient(lambda: call_client(find))
        return cls(f"ibm:{device}", client, found, str(client.active_instance() or ""))

    @property
    def overhead_s(self) -> float:
        return OVERHEAD_S

    @property
    def backend(self) -> Any:
        def calibrated() -> Any:
            # The client requests the calibration when it is first read; reading it here repeats a failed request.
            self.device.properties()
            _ = self.device.target
            return self.device

        return self._ask(calibrated)

    def seconds(self, circuit: QuantumCircuit) -> float:
        with self._vendor():
            delay = getattr(self.device.configuration(), "default_rep_delay", None)
            return float(REP_DELAY_S if delay is None else delay) + float(circuit.estimate_duration(self.device.target))

    def find(self, run: str) -> dict[str, list[str]]:
        # The client looks for an unknown job in other instances and stays there; and jobs that are made while it goes
        # through the pages come last only in this order.
        options = {"limit": None, "job_tags": [run], "descending": False, "instance": self.instance or None}
        jobs = {job.job_id(): job for job in self._ask(lambda: self.client.jobs(**options))}
        found: dict[str, list[str]] = {}
        for job_id, job in sorted(jobs.items(), key=lambda one: (one[1].creation_date, one[0])):
            tags = set(job.tags or ())
            for tag in tags - {run} if run in tags else ():
                found.setdefault(tag, []).append(job_id)
        return found

    def open(self, mode: Mode, session: str) -> str:
        from qiskit_ibm_runtime import Batch, Session

        if mode == "job":
            return ""
        kind = Batch if mode == "batch" else Session
        if session:
            known = self._ask(lambda: kind.from_id(session, self.client))
            if (self._ask(known.details) or {}).get("accepting_jobs"):
                self._sessions[session] = known
                return session
        with self._vendor():
            opened = kind(backend=self.device)
            self._sessions[str(opened.session_id)] = opened
            return str(opened.session_id)

    def close(self, session: str) -> None:
        if session:
            self._ask(self._sessions[session].close)

    def send(self, tasks: Sequence[Task], tags: Sequence[str], session: str, most_seconds: int | None) -> str:
        from qiskit_ibm_runtime import SamplerV2

        for task in tasks:
            if any(one.operation.name == "delay" and one.operation.unit != "dt" for one in task.circuit.data):
                # The client sends circuits as QPY, which loses the unit (Qiskit 2.6.2).
                raise ArgumentError(f"A circuit for {self.name} has delays that are not in dt; schedule it first.")
        with self._vendor():
            where = self._sessions[session] if session else self.device
            options: dict[str, Any] = {"environment": {"job_tags": list(tags)}}
            if most_seconds is not None:
                options["max_execution_time"] = most_seconds
            sampler = SamplerV2(mode=where, options=options)
            pubs = [(task.circuit, _bindings(task), task.shots) for task in tasks]
            return str(sampler.run(pubs).job_id())

    def cancel(self, job_id: str) -> None:
        from qiskit_ibm_runtime import RuntimeInvalidStateError

        with self._vendor(), suppress(RuntimeInvalidStateError):
            self.client.job(job_id).cancel()

    def status(self, job_id: str) -> JobStatus:
        from qiskit_ibm_runtime import RuntimeJobNotFound

        def ask() -> JobStatus:
            try:
                found = self._jobs[job_id] = self.client.job(job_id)
            except RuntimeJobNotFound:
                return JobStatus("unknown")
            status = str(found.status())
            reason = ""
            if status == "ERROR":
                reason = found.error_message() or "the service gives no reason"
            elif status == "CANCELLED":  # the client has no public attribute for this reason
                reason = getattr(found, "_reason", None) or "the service gives no reason"
            return JobStatus(_STATES.get(status, "queued"), scrubbed(reason), tuple(found.tags or ()))

        return self._ask(ask)

    def results(self, job_id: str) -> list[TaskResult]:
        return [_measured(one) for one in self._ask(lambda: self._job(job_id).result())]

    def sent(self, job_id: str) -> list[tuple[QuantumCircuit, NDArray[np.float64]]]:
        pubs = self._ask(lambda: self._job(job_id).inputs).get("pubs", [])
        return [(pub[0], np.asarray(pub[1], dtype=float)) for pub in pubs]

    def _job(self, job_id: str) -> Any:
        return self._jobs.get(job_id) or self.client.job(job_id)

    @contextmanager
    def _vendor(self) -> Iterator[None]:
        with translate_errors(), collect_warnings():
            yield

    def _ask(self, request: Callable[[], T]) -> T:
        return retry_transient(lambda: call_client(request))


def _bindings(task: Task) -> dict[tuple[str, ...], NDArray[np.float64]]:
    """Returns the values, by name, of the parameters that the compiled circuit still has."""
    left = {parameter.name for parameter in task.circuit.parameters}
    columns = [index for index, name in enumerate(task.names) if name in left]
    return {tuple(task.names[index] for index in columns): task.values[:, columns]}


def _measured(result: Any) -> TaskResult:
    bits = list(result.data.values())
    key = (result.metadata.get("circuit_metadata") or {}).get("qsense")
    if len(bits) != 1 or bits[0].array.ndim != 3:
        return TaskResult(np.empty((0, 0, 0), dtype=np.uint8), 0, key)  # its shape lets `fetching` refuse it
    return TaskResult(as_outcomes(bits[0].array), bits[0].num_bits, key)
