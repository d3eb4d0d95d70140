"""What happens to the spins of a device around their window, read from a probe's circuit in the device's own gates.

Every gate and every wait becomes a Step: relaxation for its time, and depolarisation by what is left of the gate's
reported error: the average infidelity r of d dimensions is that of both together, as in Aer's model of a device,

    F = ((d + 1)(1 − r) − 1)/d = (1 − λ) F_relaxation + λ/d²,   F_relaxation = Π (1 + e^{−t/T1} + 2 e^{−t/T2})/4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qsense.numerics.fisher import FloatArray

_NO_GATES = ("barrier", "measure")


@dataclass(frozen=True)
class Step:
    """One gate or wait: of one spin or of two.

    Attributes:
        spins: one, or two that a gate joins.
        lost: λ, the chance that their state is replaced by the fully mixed one.
        time: how long it takes, in s.
    """

    spins: tuple[int, ...]
    lost: float
    time: float


@dataclass(frozen=True)
class Around:
    """The steps before the window and, behind it, those that turn the measured directions.

    Attributes:
        before: in their order.
        lost_after: λ of each spin's last turn, shape (spins,).
    """

    before: tuple[Step, ...]
    lost_after: FloatArray

    @property
    def duration(self) -> float:
        """How long the preparation takes, in s."""
        spent: dict[int, float] = {}
        for step in self.before:
            for spin in step.spins:
                spent[spin] = spent.get(spin, 0.0) + step.time
        return max(spent.values(), default=0.0)


@dataclass(frozen=True, eq=False)
class GateErrors:
    """The gates of a device: errors and durations by its target, and T1 and T2 of its qubits in s, shape (qubits,)."""

    target: Any
    t1: FloatArray
    t2: FloatArray

    def step(self, name: str, qubits: Sequence[int], spins: Sequence[int]) -> Step | None:
        """Returns what a gate does; None where it is virtual: no error and no time. An unreported error counts as none.

        Args:
            name: of the gate, as the target calls it.
            qubits: of the device.
            spins: that sit there.
        """
        table = self.target[name] if name in self.target.operation_names else {}
        found = (table or {}).get(tuple(qubits))
        time = float(getattr(found, "duration", None) or 0.0)
        error = float(getattr(found, "error", None) or 0.0)
        if not (time or error):
            return None
        return Step(tuple(spins), self.lost(error, qubits, time), time)

    def lost(self, error: float, qubits: Sequence[int], time: float) -> float:
        """Returns λ, what depolarises beside relaxation; 0 where relaxation alone explains the reported error."""
        size = 2 ** len(qubits)
        relaxed = 1.0
        for qubit in qubits:
            relaxed *= (1 + np.exp(-time / self.t1[qubit]) + 2 * np.exp(-time / self.t2[qubit])) / 4
        kept = ((size + 1) * (1 - error) - 1) / size
        return float(min(max((relaxed - kept) / (relaxed - 1 / size**2), 0.0), 1.0))


def steps_around(circuit: Any, qubits: Sequence[int], gates: GateErrors, dt: float | None) -> Around:
    """Returns the steps of a sensing circuit in a device's gates.

    Args:
        circuit: prepare | barrier | window | barrier | turns | barrier | measure, as `on_device` makes it.
        qubits: where spin j is.
        gates: of the device.
        dt: its clock's period in s.
    """
    spin_of = {qubit: spin for spin, qubit in enumerate(qubits)}
    before: list[Step] = []
    kept = np.ones(len(qubits))
    barriers = 0
    for one in circuit.data:
        name, where = one.operation.name, [circuit.find_bit(qubit).index for qubit in one.qubits]
        barriers += name == "barrier"
        if name in _NO_GATES or barriers == 1 or not set(where) <= spin_of.keys():
            continue
        spins = [spin_of[qubit] for qubit in where]
        if name == "delay":
            unit = {"dt": dt or 0.0, "s": 1.0}.get(str(one.operation.unit), 0.0)
            step: Step | None = Step(tuple(spins), 0.0, float(one.operation.duration) * unit)
        else:
            step = gates.step(name, where, spins)
        if step is None:
            continue
        if barriers == 0:
            before.append(step)
        else:
            for spin, qubit in zip(spins, where, strict=True):
                relaxing = np.exp(-step.time / gates.t2[qubit])
                kept[spin] *= (1 - step.lost) * float(relaxing)
    return Around(tuple(before), 1 - kept)
