"""The file of a job: its circuits as QPY, and their values, from which its tasks can be made again."""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from qsense.errors import RecordError
from qsense.files import DAMAGED
from qsense.files.archives import Archive, read_arrays
from qsense.files.nesting import parse_json
from qsense.jobs.job import Job, JobTask
from qsense.services.tasks import Task

if TYPE_CHECKING:
    from qiskit import QuantumCircuit


def serialize(tasks: Sequence[Task], run: str, seconds: float) -> tuple[Job, bytes]:
    """Returns a job and the contents of its file: circuits as QPY, and the values.

    Args:
        tasks: with equal shots.
        run: the name of the run, from its ledger.
        seconds: estimated time on the device, in s.
    """
    import zipfile

    from qiskit import qpy

    circuits, arrays = io.BytesIO(), io.BytesIO()
    named, delays = [], []
    for task in tasks:
        circuit, own = _without_units(task.circuit)
        delays.append(own)
        circuit.metadata = {"qsense": task.key}  # comes back with the results
        named.append(circuit)
    qpy.dump(named, circuits)
    np.savez(arrays, *(task.values for task in tasks))
    words = json.dumps({"names": [task.names for task in tasks], "delays": delays})
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in (
            ("circuits.qpy", circuits.getvalue()),
            ("values.npz", arrays.getvalue()),
            ("words.json", words),
        ):
            # A ZipInfo has no time, which would change the hash.
            archive.writestr(zipfile.ZipInfo(name), data, zipfile.ZIP_DEFLATED)
    data = buffer.getvalue()
    return describe(tasks, run, hashlib.sha256(data).hexdigest(), seconds), data


def describe(tasks: Sequence[Task], run: str, sha256: str, seconds: float) -> Job:
    """Returns the job of a run whose file has some tasks and a hash; the other arguments are those of `serialize`."""
    key = hashlib.sha256(f"{run}:{sha256}".encode()).hexdigest()
    named = tuple(
        JobTask(t.key, t.point, t.time_index, t.first_row, len(t.values), t.circuit.num_clbits, t.bitstring)
        for t in tasks
    )
    return Job(key, tasks[0].shots, named, sha256, seconds)


def task_keys(data: bytes) -> list[str]:
    """Returns the keys of the tasks in a job's file.

    Raises:
        ValueError: it is no such file.
    """
    from qiskit import QiskitError, qpy

    try:
        with Archive(data) as archive:
            return [str(circuit.metadata["qsense"]) for circuit in qpy.load(io.BytesIO(archive.read("circuits.qpy")))]
    except (*DAMAGED, QiskitError) as error:
        raise ValueError(f"no job's file ({type(error).__name__})") from error


def deserialize(job: Job, data: bytes, source: str) -> list[Task]:
    """Returns the tasks in a job's file.

    Args:
        job: from the ledger.
        data: contents of the file.
        source: the file's name, for messages.

    Raises:
        RecordError: the hash of the file is not that of the job; the message names the file.
    """
    from qiskit import QiskitError, qpy

    if hashlib.sha256(data).hexdigest() != job.sha256:
        raise RecordError(f"{source}: its hash is not the ledger's; take it from a copy of the record.")
    try:
        with Archive(data) as archive:
            circuits = qpy.load(io.BytesIO(archive.read("circuits.qpy")))
            words = parse_json(archive.read("words.json"))
            arrays = read_arrays(archive.read("values.npz"))
        circuits = [_with_units(c, delays) for c, delays in zip(circuits, words["delays"], strict=True)]
        values = [arrays[f"arr_{index}"] for index in range(len(circuits))]
        return [
            Task(task.point, task.time_index, circuit, tuple(names), rows, job.shots, task.first_row, task.bitstring)
            for task, circuit, names, rows in zip(job.tasks, circuits, words["names"], values, strict=True)
        ]
    except (*DAMAGED, QiskitError) as error:
        raise RecordError(f"{source}: damaged ({type(error).__name__}); take it from a copy of the record.") from error


def _without_units(circuit: QuantumCircuit) -> tuple[QuantumCircuit, list[tuple[float, str]]]:
    """Returns the circuit with each delay's duration replaced by its index, and the durations with their units.

    QPY loses units (Qiskit 2.6.2): 20.0 µs are read back as 20 dt, and 2e-5 s cannot be read back.
    """
    durations: list[tuple[float, str]] = []

    def number(delay: Any) -> Any:
        durations.append((delay.duration, delay.unit))
        return type(delay)(len(durations) - 1, "dt")

    return _each_delay(circuit, number), durations


def _with_units(circuit: QuantumCircuit, durations: Sequence[tuple[float, str]]) -> QuantumCircuit:
    return _each_delay(circuit, lambda delay: type(delay)(*durations[delay.duration]))


def _each_delay(circuit: QuantumCircuit, change: Callable[[Any], Any]) -> QuantumCircuit:
    changed = circuit.copy_empty_like()
    for one in circuit.data:
        operation = change(one.operation) if one.operation.name == "delay" else one.operation
        changed.append(operation, one.qubits, one.clbits)
    return changed
