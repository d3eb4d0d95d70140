"""What is sent to a service: tasks, packed into parcels, each of which is sent as one job.

A task is one circuit with rows of parameter values and a number of shots. Nothing here talks to a service or a disk.
"""

from __future__ import annotations

import hashlib
import io
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from qsense.errors import RecordError
from qsense.numerics.fisher import FloatArray

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

MOST_EXECUTIONS = 1_000_000
"""Rows times shots of one job. Smaller jobs lose less when one fails, and are done sooner; IBM takes ten million
(quantum.cloud.ibm.com/docs/guides/job-limits, read in 2026)."""

Mode = Literal["job", "batch", "session"]
MODES: tuple[Mode, ...] = get_args(Mode)


@dataclass(frozen=True)
class Task:
    """One circuit to run with many rows of values.

    Attributes:
        point: the key of the plan's point, or the name of the file that calibrates readout.
        time_index: which of its times, or which of the known strings.
        circuit: as the backend takes it, measuring spin j into classical bit j.
        names: the circuit's parameters in the order of the columns of `values`.
        values: parameter values in rad, shape (rows, parameters).
        shots: of every row.
        first_row: where these rows stand among the settings of their time.
        prepared: the known string that the circuit prepares, bit j being spin j; None if it is a sensing circuit.
    """

    point: str
    time_index: int
    circuit: QuantumCircuit
    names: tuple[str, ...]
    values: FloatArray
    shots: int
    first_row: int = 0
    prepared: int | None = None

    @property
    def key(self) -> str:
        """The hash of what is asked for: point, time, rows, values and shots; its results carry it back."""
        words = [self.point, self.time_index, self.first_row, self.shots, list(self.names), list(self.values.shape)]
        digest = hashlib.sha256(json.dumps(words).encode())
        digest.update(np.ascontiguousarray(self.values, dtype="<f8").tobytes())
        return digest.hexdigest()

    def pieces(self, most: int) -> Iterator[Task]:
        """Yields tasks of at most `most` executions (rows times shots; one row at least)."""
        step = max(1, most // self.shots)
        for start in range(0, len(self.values), step):
            yield replace(self, values=self.values[start : start + step], first_row=self.first_row + start)


@dataclass(frozen=True)
class Piece:
    """One task of a parcel, as the ledger names it; see `Task`."""

    key: str
    point: str
    time_index: int
    first_row: int
    rows: int
    num_bits: int
    prepared: int | None = None


@dataclass(frozen=True)
class Parcel:
    """What is sent as one job.

    Attributes:
        key: the hash of the run and of the parcel's file.
        shots: of every row; one number for the whole job.
        pieces: in the order of its circuits.
        sha256: of its file, which holds the circuits (QPY) and the values.
        seconds: estimated time on the device, in s.
    """

    key: str
    shots: int
    pieces: tuple[Piece, ...]
    sha256: str
    seconds: float

    @property
    def rows(self) -> int:
        return sum(piece.rows for piece in self.pieces)

    @property
    def tests(self) -> bool:
        """Whether it holds known strings, by which the backend is tested."""
        return any(piece.prepared is not None for piece in self.pieces)

    @property
    def file(self) -> str:
        return f"jobs/{self.key[:16]}.zip"

    @property
    def counts_file(self) -> str:
        return f"jobs/{self.key[:16]}.npz"


def pack(tasks: Sequence[Task], most: int = MOST_EXECUTIONS) -> list[list[Task]]:
    """Returns the tasks in parcels: neighbours with the same shots, up to `most` executions each.

    Args:
        tasks: in the order of sending; one with too many rows is divided.
        most: rows times shots of one parcel.
    """
    parcels: list[list[Task]] = []
    room = 0
    for task in tasks:
        for piece in task.pieces(most):
            size = len(piece.values) * piece.shots
            if not parcels or parcels[-1][0].shots != piece.shots or size > room:
                parcels.append([])
                room = most
            parcels[-1].append(piece)
            room -= size
    return parcels


def sealed(tasks: Sequence[Task], run: str, seconds: float) -> tuple[Parcel, bytes]:
    """Returns a parcel and its file: circuits as QPY, and the values.

    Args:
        tasks: with equal shots.
        run: the name of the run.
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
    sha256 = hashlib.sha256(data).hexdigest()
    key = hashlib.sha256(f"{run}:{sha256}".encode()).hexdigest()
    pieces = tuple(
        Piece(t.key, t.point, t.time_index, t.first_row, len(t.values), t.circuit.num_clbits, t.prepared) for t in tasks
    )
    return Parcel(key, tasks[0].shots, pieces, sha256, seconds), data


def opened(parcel: Parcel, data: bytes, source: str) -> list[Task]:
    """Returns the tasks of a parcel's file.

    Raises:
        RecordError: the file is not the one that was sealed; the message names it.
    """
    import zipfile

    from qiskit import qpy

    if hashlib.sha256(data).hexdigest() != parcel.sha256:
        raise RecordError(f"{source}: its hash is not the ledger's; take it from a copy of the record.")
    with zipfile.ZipFile(io.BytesIO(data)) as archive:
        circuits = qpy.load(io.BytesIO(archive.read("circuits.qpy")))
        words = json.loads(archive.read("words.json"))
        circuits = [_with_units(c, delays) for c, delays in zip(circuits, words["delays"], strict=True)]
        with np.load(io.BytesIO(archive.read("values.npz")), allow_pickle=False) as arrays:
            values = [arrays[f"arr_{index}"] for index in range(len(circuits))]
    return [
        Task(piece.point, piece.time_index, circuit, tuple(own), rows, parcel.shots, piece.first_row, piece.prepared)
        for piece, circuit, own, rows in zip(parcel.pieces, circuits, words["names"], values, strict=True)
    ]


def _without_units(circuit: QuantumCircuit) -> tuple[QuantumCircuit, list[tuple[float, str]]]:
    """Returns the circuit with the number of each delay in place of its duration, and the durations with their units.

    QPY loses units (Qiskit 2.6.2): 20.0 µs come back as 20 dt, 2e-5 s not at all.
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
