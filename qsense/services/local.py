"""Any BackendV2 as a service: a job runs while it is sent, and its results end with this process.

For simulators and vendors that store no jobs. Another process does not know the jobs of one that has ended, and runs
them again.
"""

from __future__ import annotations

import copy
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from qsense.backends.fakes import compact
from qsense.circuits.histograms import from_words
from qsense.errors import ArgumentError
from qsense.files.secrecy import scrubbed
from qsense.services.protocol import JobStatus, ServiceError, TaskResult
from qsense.services.tasks import Mode, Task

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


@dataclass(frozen=True)
class LocalService:
    """A BackendV2 that runs circuits with bound parameters.

    Attributes:
        name: as in the record.
        vendor: a BackendV2.
        options: of its `run`, such as a seed.
        without_delay: removes delays, for a simulator that has none and on which nothing decays.
    """

    name: str
    vendor: Any
    options: dict[str, Any] = field(default_factory=dict)
    without_delay: bool = False
    _jobs: dict[str, tuple[tuple[str, ...], list[Task], list[TaskResult]]] = field(default_factory=dict)

    @property
    def instance(self) -> str:
        return ""

    @property
    def overhead_s(self) -> float:
        return 0.0

    @property
    def backend(self) -> Any:
        return _WithDelay(self.name, _with_delay(self.vendor.target)) if self.without_delay else self.vendor

    def seconds(self, circuit: QuantumCircuit) -> float:
        return 0.0

    def find(self, run: str) -> dict[str, list[str]]:
        found: dict[str, list[str]] = {}
        for job, (tags, _, _) in self._jobs.items():
            for tag in set(tags) - {run} if run in tags else ():
                found.setdefault(tag, []).append(job)
        return found

    def open(self, mode: Mode, session: str) -> str:
        return ""

    def close(self, session: str) -> None:
        pass

    def send(self, tasks: Sequence[Task], tags: Sequence[str], session: str, most_seconds: int | None) -> str:
        job = f"local{len(self._jobs)}"
        self._jobs[job] = (tuple(tags), list(tasks), [self._run(task) for task in tasks])
        return job

    def cancel(self, job_id: str) -> None:
        pass

    def status(self, job_id: str) -> JobStatus:
        return JobStatus("done", tags=self._jobs[job_id][0]) if job_id in self._jobs else JobStatus("unknown")

    def results(self, job_id: str) -> list[TaskResult]:
        return self._jobs[job_id][2]

    def sent(self, job_id: str) -> list[tuple[QuantumCircuit, NDArray[np.float64]]]:
        return [(task.circuit, task.values) for task in self._jobs[job_id][1]]

    def _run(self, task: Task) -> TaskResult:
        present = {parameter.name for parameter in task.circuit.parameters}
        bound = [
            task.circuit.assign_parameters(
                {name: float(value) for name, value in zip(task.names, row, strict=True) if name in present}
            )
            for row in task.values
        ]
        if self.without_delay:
            bound = [compact(_without_delays(circuit))[0] for circuit in bound]
        most = getattr(self.vendor, "max_circuits", None) or len(bound)
        counts: list[dict[str, int]] = []
        try:
            for start in range(0, len(bound), most):
                job = self.vendor.run(bound[start : start + most], shots=task.shots, **self.options)
                found = job.result().get_counts()
                counts += found if isinstance(found, list) else [found]
        except Exception as error:  # vendors raise errors of their own
            raise ServiceError(
                f"{self.name} could not run: {scrubbed(str(error))}", definitive=True, transient=False
            ) from None
        size = task.circuit.num_clbits
        width = (size + 7) // 8
        rows = []
        for index, words in enumerate(counts):
            try:
                histogram = from_words(size, words)
            except ArgumentError as error:
                raise ServiceError(f"{self.name}: row {index}: {error}", definitive=True, transient=False) from error
            if (total := sum(histogram.values())) != task.shots:
                reason = f"row {index} has {total} shots, but {task.shots} were requested"
                raise ServiceError(f"{self.name}: {reason}", definitive=True, transient=False)
            rows.append(b"".join(one.to_bytes(width, "little") * number for one, number in histogram.items()))
        shots = np.frombuffer(b"".join(rows), dtype=np.uint8).reshape(len(rows), -1, width)
        return TaskResult(shots, size, (task.circuit.metadata or {}).get("qsense"))


@dataclass(frozen=True)
class _WithDelay:
    """What circuits are prepared for if their delays are removed before they run."""

    name: str
    target: Any


def _with_delay(target: Any) -> Any:
    from qiskit.circuit import Delay, Parameter

    if "delay" in target.operation_names:
        return target
    changed = copy.deepcopy(target)
    everywhere = None if target.num_qubits is None else {(qubit,): None for qubit in range(target.num_qubits)}
    changed.add_instruction(Delay(Parameter("t")), everywhere)
    return changed


def _without_delays(circuit: QuantumCircuit) -> QuantumCircuit:
    changed = circuit.copy_empty_like()
    for one in circuit.data:
        if one.operation.name not in ("delay", "barrier"):
            changed.append(one)
    return changed
