"""What a calibration of a device measures: T1, T2*, T2 and readout, with circuits of the same kind as a sensing run.

T2* (free decay) and T2 (Hahn echo): a product probe idles for several times, and both quadratures of every spin are
read; no field is sensed, so the angle of the signal is 0 (under the echo, of one in step with it). T1: all spins are
prepared up, idle, and are read. Readout: calibration bitstrings. Every circuit measures all qubits.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np

from qsense.backends.device_sampler import DeviceSampler
from qsense.circuits.sensing import Experiment
from qsense.circuits.transpilation import Idle, relaxation_circuit, window_delays
from qsense.devices.device import Device
from qsense.errors import ArgumentError
from qsense.estimators import product
from qsense.estimators.readout import patterns
from qsense.numerics.fisher import FloatArray
from qsense.probes import Probe
from qsense.signals import MATCHED, UNIFORM, Pulses, Signal

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

Kind = Literal["readout", "t1", "t2_star", "t2_echo"]
KINDS: tuple[Kind, ...] = get_args(Kind)
NUM_TIMES = 10
AXES: tuple[product.Axis, ...] = ("along", "across")
_IDLE: dict[str, Idle] = {"t2_star": "free", "t2_echo": "hahn"}


@dataclass(frozen=True)
class Protocol:
    """What is measured, on all qubits at once; made by `design_protocol`.

    Attributes:
        qubits: their numbers on the device.
        shots: of every row of every circuit.
        t1_times, t2_times: idle times in s, on the device's clock.
    """

    qubits: tuple[int, ...]
    shots: int
    t1_times: tuple[float, ...]
    t2_times: tuple[float, ...]

    def circuits(self, kind: Kind, sampler: DeviceSampler) -> list[QuantumCircuit]:
        """Returns the circuits of one kind in the device's gates, reading spin j into classical bit j.

        Raises:
            ArgumentError: a time is too short for the device's clock or pulses.
        """
        if kind == "readout":
            return sampler.calibration_circuits(self.qubits)
        if kind == "t1":
            device, target = sampler.device, sampler.backend.target
            return [relaxation_circuit(self.qubits, time, device, target) for time in self.t1_times]
        here = replace(sampler, idle="free", qubits=self.qubits, pinned={}, _kept={})
        probe, pulses = Probe.product(len(self.qubits)), Pulses.named(_IDLE[kind])
        signal = UNIFORM if pulses.is_free else Signal(frequency=MATCHED)
        return [here.prepared(Experiment(probe, time, signal=signal, pulses=pulses)).circuit for time in self.t2_times]

    def values(self, kind: Kind) -> FloatArray | None:
        """Returns the angles of every circuit of a kind, a row for each axis; None where circuits have none."""
        if kind not in _IDLE:
            return None
        return product.design(len(self.qubits), 0.0, AXES)[1].values()

    def num_rows(self, kind: Kind) -> int:
        """Returns the rows of counts of all circuits of a kind."""
        if kind == "readout":
            return len(patterns(len(self.qubits)))
        return len(self.t1_times) if kind == "t1" else len(AXES) * len(self.t2_times)


def design_protocol(
    sampler: DeviceSampler, qubits: tuple[int, ...], shots: int = 2000, longest: float | None = None
) -> Protocol:
    """Returns what is to be measured; runs nothing.

    Args:
        sampler: of the device.
        qubits: their numbers on the device.
        shots: of every row of every circuit.
        longest: the longest idle time in s; by default twice the longest T1 or T2 that the qubits report.

    Raises:
        ArgumentError: a qubit is unknown, or neither a time is reported nor `longest` is given.
    """
    sampler.device.check_qubits(qubits)
    if not qubits:
        raise ArgumentError("Argument `qubits` must name at least one qubit, but is empty.")
    if longest is not None and not 0 < longest < np.inf:
        raise ArgumentError(f"Argument `longest` (idle time) must be a positive time in s, but is {longest:g}.")
    device = sampler.device
    ends = [_longest(device, qubits, reported) if longest is None else longest for reported in (device.t1, device.t2)]
    try:
        t1_times, t2_times = (tuple(device.rounded(float(end * share)) for share in _shares()) for end in ends)
        for qubit in qubits:
            window_delays(t2_times[0], device, qubit, "hahn")
    except ArgumentError as error:
        raise ArgumentError(f"The shortest idle time, {_shares()[0]:g} of `longest`: {error}") from error
    return Protocol(qubits, shots, t1_times, t2_times)


def _longest(device: Device, qubits: tuple[int, ...], reported: FloatArray) -> float:
    known = reported[list(qubits)]
    known = known[~np.isnan(known)]
    if not len(known):
        raise ArgumentError("None of the qubits reports its T1 or T2; give the longest idle time in s as `longest`.")
    return 2 * float(known.max())


def _shares() -> FloatArray:
    """The times as shares of the longest: dense at first, so that fast and slow decays are both resolved."""
    return np.asarray((np.arange(1, NUM_TIMES + 1) / NUM_TIMES) ** 2)
