"""The unit of work that a service runs: one circuit with rows of parameter values and a number of shots."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from qsense.numerics.fisher import FloatArray

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

Mode = Literal["job", "batch", "session"]
MODES: tuple[Mode, ...] = get_args(Mode)


@dataclass(frozen=True)
class Task:
    """One circuit to run with many rows of values.

    Attributes:
        point: the key of the plan's point, or the name of the file that calibrates readout.
        time_index: the index of its sensing time, or of its calibration bitstring.
        circuit: in the gates of the backend, measuring spin j into classical bit j.
        names: the circuit's parameters in the order of the columns of `values`.
        values: parameter values in rad, shape (rows, parameters).
        shots: of every row.
        first_row: the index of the first row among the settings of this time.
        bitstring: the calibration bitstring that the circuit prepares, bit j being spin j; None for a sensing circuit.
    """

    point: str
    time_index: int
    circuit: QuantumCircuit
    names: tuple[str, ...]
    values: FloatArray
    shots: int
    first_row: int = 0
    bitstring: int | None = None

    @property
    def key(self) -> str:
        """The hash of point, time, rows, values and shots; the task's results carry it."""
        words = [self.point, self.time_index, self.first_row, self.shots, list(self.names), list(self.values.shape)]
        digest = hashlib.sha256(json.dumps(words).encode())
        digest.update(np.ascontiguousarray(self.values, dtype="<f8").tobytes())
        return digest.hexdigest()

    def split(self, max_executions: int) -> Iterator[Task]:
        """Yields tasks of at most `max_executions` executions (rows times shots), but at least one row, each."""
        step = max(1, max_executions // self.shots)
        for start in range(0, len(self.values), step):
            yield replace(self, values=self.values[start : start + step], first_row=self.first_row + start)
