"""A device's calibration as plain numbers: what a backend reports of its qubits, couplings and clock.

It is read once from a Qiskit BackendV2 (`read`); layout, noise and tables then need no Qiskit. Numbers that a backend
does not report are nan, never guessed.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from qsense.errors import ArgumentError
from qsense.numerics.fisher import FloatArray

Edge = tuple[int, int]


class Calibration(NamedTuple):
    """Which calibration of a device: its date, if reported, and the SHA-256 of all its numbers."""

    date: str | None
    sha256: str


@dataclass(frozen=True, eq=False)
class Device:
    """What a backend reports of itself.

    Attributes:
        name: in error messages.
        t1, t2: relaxation times in s, shape (qubits,); nan where not reported. T2 is as reported, even if it exceeds
            2 T1. Vendors report the T2 of an echo.
        up_given_down, down_given_up: probabilities of reading a qubit wrong, shape (qubits,); nan where not reported.
        gate_error: the smallest error of a qubit's one-qubit gates, shape (qubits,); nan where not reported.
        edges: pairs with a two-qubit gate, smaller qubit first → its smallest error; nan where not reported.
        pulse_time: duration of each qubit's X gate in s, shape (qubits,); 0 where not reported.
        dt: the clock's period in s; None if delays are in seconds.
        granularity: delays are multiples of this number of dt.
        has_delay: whether the device can idle for a stated time.
        calibrated: the date and time of the calibration, if reported.
        unread: qubits that have no measurement.
    """

    name: str
    t1: FloatArray
    t2: FloatArray
    up_given_down: FloatArray
    down_given_up: FloatArray
    gate_error: FloatArray
    edges: Mapping[Edge, float]
    pulse_time: FloatArray
    dt: float | None = None
    granularity: int = 1
    has_delay: bool = True
    calibrated: str | None = None
    unread: frozenset[int] = frozenset()

    @classmethod
    def uniform(
        cls,
        num_qubits: int,
        edges: Iterable[Edge],
        *,
        t1: float = 100e-6,
        t2: float = 80e-6,
        readout_error: float = 0.02,
        two_qubit_error: float = 0.01,
        dt: float | None = None,
        granularity: int = 1,
    ) -> Device:
        """Returns an invented device whose qubits are all alike.

        >>> Device.uniform(3, [(0, 1), (1, 2)]).neighbours()[1] == {0, 2}
        True
        """
        every = np.ones(num_qubits)
        return cls(
            "uniform", t1 * every, t2 * every, readout_error * every, readout_error * every, 3e-4 * every,
            {(min(edge), max(edge)): two_qubit_error for edge in edges}, 0 * every, dt, granularity,
        )  # fmt: skip

    @property
    def num_qubits(self) -> int:
        return len(self.t1)

    @property
    def calibration(self) -> Calibration:
        """Which calibration this is.

        >>> one, two = (Device.uniform(2, [(0, 1)], t1=t1).calibration for t1 in (1e-4, 2e-4))
        >>> one.sha256 == two.sha256, one.sha256 == Device.uniform(2, [(0, 1)], t1=1e-4).calibration.sha256
        (False, True)
        """
        per_qubit = (self.t1, self.t2, self.up_given_down, self.down_given_up, self.gate_error, self.pulse_time)
        numbers = [[repr(float(value)) for value in column] for column in per_qubit]
        edges = sorted([one, two, repr(float(error))] for (one, two), error in self.edges.items())
        text = json.dumps([numbers, edges, repr(self.dt), self.granularity, self.has_delay])
        return Calibration(self.calibrated, hashlib.sha256(text.encode()).hexdigest())

    @property
    def readout_error(self) -> FloatArray:
        """The mean of both readout errors of each qubit, shape (qubits,)."""
        return np.asarray((self.up_given_down + self.down_given_up) / 2)

    def neighbours(self) -> list[set[int]]:
        """Returns, for each qubit, the qubits with which it has a two-qubit gate."""
        found: list[set[int]] = [set() for _ in range(self.num_qubits)]
        for one, two in self.edges:
            found[one].add(two)
            found[two].add(one)
        return found

    def working(self) -> list[set[int]]:
        """Returns the same without gates and qubits that are marked broken, by an error of 1.

        A qubit is broken too where it is not measured, or no better than by a guess, or where it has no lifetime.

        >>> Device.uniform(2, [(0, 1)], two_qubit_error=1.0).working()
        [set(), set()]
        """
        lifetime = np.fmin(self.t1, self.t2)
        is_broken = (self.readout_error >= 0.5) | (self.gate_error >= 1) | (lifetime <= 0)
        is_broken[list(self.unread)] = True
        found: list[set[int]] = [set() for _ in range(self.num_qubits)]
        for (one, two), error in self.edges.items():
            if not (error >= 1 or is_broken[one] or is_broken[two]):
                found[one].add(two)
                found[two].add(one)
        return found

    def tick(self) -> float:
        """Returns the smallest step of a delay in s; 0 if delays are in seconds."""
        return 0.0 if self.dt is None else self.dt * self.granularity

    def rounded(self, time: float) -> float:
        """Returns the delay nearest to `time` that the device can do, in s: a multiple of the tick.

        Raises:
            ArgumentError: the device has no delay, or the time is shorter than half a tick but not 0.

        >>> Device.uniform(2, [(0, 1)], dt=2e-9, granularity=16).rounded(1e-6)
        9.92e-07
        """
        if not self.has_delay:
            raise ArgumentError(
                f'The backend "{self.name}" has no delay instruction, so spins cannot sense there; choose another.'
            )
        tick = self.tick()
        if tick == 0:
            return time
        ticks = round(time / tick)
        if ticks == 0 and time > 0:
            raise ArgumentError(
                f'A sensing time of {time:g} s is shorter than the backend "{self.name}" can idle; '
                f"use 0 or at least {tick:g} s ({self.granularity} dt)."
            )
        return float(ticks * tick)

    def check_qubits(self, qubits: tuple[int, ...]) -> None:
        """Refuses a list of qubits if it does not fit the device.

        Raises:
            ArgumentError: a qubit is unknown, has no measurement, or is named twice.
        """
        for position, qubit in enumerate(qubits):
            if not 0 <= qubit < self.num_qubits:
                raise ArgumentError(
                    f'The backend "{self.name}" has the qubits 0 to {self.num_qubits - 1}, but not {qubit}; '
                    "name others."
                )
            if qubit in self.unread:
                raise ArgumentError(
                    f'The backend "{self.name}" does not measure qubit {qubit}: its target has no "measure" of it; '
                    "name another."
                )
            if qubit in qubits[:position]:
                raise ArgumentError(f"Qubit {qubit} is named twice; name each once.")


def read(backend: Any, name: str | None = None) -> Device:
    """Returns what a Qiskit BackendV2 reports of itself.

    Args:
        backend: has a `target`, as every BackendV2.
        name: in error messages; its own name by default.

    Raises:
        ArgumentError: it has none.
    """
    target = getattr(backend, "target", None)
    if target is None:
        raise ArgumentError(f"A backend must be a Qiskit BackendV2 with a target, but is {type(backend).__name__}.")
    size = target.num_qubits or getattr(backend, "num_qubits", None) or 0
    qubits = list(target.qubit_properties or []) + [None] * size
    measure = _properties(target, "measure")
    wrong = [measure.get((q,)) for q in range(size)]
    gates = _by_width(target)
    return Device(
        name=str(getattr(backend, "name", type(backend).__name__)) if name is None else name,
        t1=np.array([_number(getattr(qubits[q], "t1", None)) for q in range(size)]),
        t2=np.array([_number(getattr(qubits[q], "t2", None)) for q in range(size)]),
        up_given_down=np.array([_readout(p, "prob_meas1_prep0") for p in wrong]),
        down_given_up=np.array([_readout(p, "prob_meas0_prep1") for p in wrong]),
        gate_error=np.array(_gate_errors(target, gates[1], size)),
        edges=_edges(target, gates[2], size),
        pulse_time=np.array([_duration(_properties(target, "x").get((q,))) for q in range(size)]),
        dt=target.dt,
        granularity=_granularity(target),
        has_delay="delay" in target.operation_names,
        calibrated=_date(backend),
        unread=_unread(target, size),
    )


def _unread(target: Any, size: int) -> frozenset[int]:
    """Qubits without a measurement; none where the target does not say which have one."""
    table = target["measure"] if "measure" in target.operation_names else None
    if not table or None in table:
        return frozenset()
    return frozenset(range(size)) - {key[0] for key in table}


def _number(value: Any) -> float:
    return float("nan") if value is None else float(value)


def _readout(properties: Any, key: str) -> float:
    """Returns the error for one prepared value, or the mean error if the backend reports only that."""
    found = getattr(properties, key, None)
    return _number(getattr(properties, "error", None) if found is None else found)


def _properties(target: Any, name: str) -> dict[Any, Any]:
    if name not in target.operation_names:
        return {}
    return {key: value for key, value in (target[name] or {}).items() if value is not None and key is not None}


def _duration(properties: Any) -> float:
    return float(getattr(properties, "duration", None) or 0.0)


def _by_width(target: Any) -> dict[int, list[str]]:
    """Returns the names of one- and two-qubit gates."""
    gates: dict[int, list[str]] = {1: [], 2: []}
    for name in target.operation_names:
        operation = target.operation_from_name(name)
        # Control flow is a class here; delays, measurements and resets have no unitary.
        if not isinstance(operation, type) and operation.num_qubits in gates and hasattr(operation, "to_matrix"):
            gates[operation.num_qubits].append(name)
    return gates


def _least(errors: list[float]) -> float:
    """Returns the smallest known error; nan if none is known."""
    known = [error for error in errors if error == error]
    return min(known, default=float("nan"))


def _gate_errors(target: Any, names: list[str], size: int) -> list[float]:
    tables = [_properties(target, name) for name in names if name not in ("delay", "id", "rz")]  # rz is virtual
    return [_least([_number(table[(q,)].error) for table in tables if (q,) in table]) for q in range(size)]


def _edges(target: Any, names: list[str], size: int) -> dict[Edge, float]:
    found: dict[Edge, list[float]] = {}
    for name in names:
        pairs = target[name] or {None: None}
        if None in pairs:  # the gate exists for every pair
            pairs = {(one, two): pairs[None] for one in range(size) for two in range(one + 1, size)}
        for (one, two), properties in pairs.items():
            found.setdefault((min(one, two), max(one, two)), []).append(_number(getattr(properties, "error", None)))
    return {edge: _least(errors) for edge, errors in sorted(found.items())}


def _granularity(target: Any) -> int:
    steps = [int(getattr(target, key, 1) or 1) for key in ("granularity", "pulse_alignment")]
    return int(np.lcm.reduce(steps))


def _date(backend: Any) -> str | None:
    try:
        found = backend.properties().last_update_date
    except Exception:  # many backends have no properties, and vendors raise errors of their own
        return None
    return None if found is None else found.isoformat()
