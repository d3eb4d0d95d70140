"""Sensing circuits: prepare the probe, sense for a time, measure every spin along a direction.

One circuit serves every backend and every setting of one (probe, time): angles are parameters, the time is a number.

    prepare | rz(phase_j) · delay(t) on every spin | [ending] | rz(−azimuth_j) ry(−polar_j) | measure

With pulses the signal is inside of the window, in the pieces between them (`qsense.circuits.window`); phase_j is the
angle that the whole window collects.
A direction (polar, azimuth) = (π/2, 0) measures X, (π/2, π/2) measures Y, (0, 0) measures Z.
Qiskit is imported when a circuit is made: an `Experiment` describes what is done, which is all an emulator needs.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from qsense.circuits.preparing import fan_out, prepare
from qsense.circuits.window import append_window
from qsense.errors import ArgumentError, nearest
from qsense.numerics.angles import check_angle
from qsense.numerics.fisher import FloatArray
from qsense.probes import Probe
from qsense.signals import FREE, UNIFORM, Pulses, Signal

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

Ending = Literal["directions", "loss_flag", "unprepare"]
Sense = Callable[["QuantumCircuit", Any], None]
X, Y, Z = (np.pi / 2, 0.0), (np.pi / 2, np.pi / 2), (0.0, 0.0)  # (polar, azimuth) in rad


@dataclass(frozen=True)
class Settings:
    """Angles of a circuit's runs: one row a run, one column a spin, all in rad.

    Attributes:
        phases: the angle θ that each spin collects of the signal, weights included, shape (rows, spins).
        polars: the polar angle of each spin's measured direction, shape (rows, spins).
        azimuths: its azimuth, shape (rows, spins).
    """

    phases: FloatArray
    polars: FloatArray
    azimuths: FloatArray

    def __post_init__(self) -> None:
        for name in ("phases", "polars", "azimuths"):
            turned = np.abs(getattr(self, name)).sum(-1).max(initial=0.0)
            check_angle(
                float(turned), f"Argument `{name}` of the settings: its sum over the spins", "give it modulo 2π"
            )

    def __len__(self) -> int:
        return len(self.phases)

    def __getitem__(self, rows: slice) -> Settings:
        return Settings(self.phases[rows], self.polars[rows], self.azimuths[rows])

    def values(self) -> FloatArray:
        """Returns the circuit's parameter values, shape (rows, 3·spins): phases, polars, azimuths."""
        return np.concatenate([self.phases, self.polars, self.azimuths], axis=1)

    def at(self, phase: float) -> Settings:
        """Returns the same settings with a signal angle added on every spin, in rad."""
        return Settings(self.phases + phase, self.polars, self.azimuths)


@dataclass(frozen=True)
class Experiment:
    """One probe, sensing for one time, and how its circuit ends; the angles are in `Settings`.

    Attributes:
        probe: the state to prepare.
        time: sensing time in s, finite, not negative.
        ending: what comes between sensing and the measured directions. "directions": nothing. "loss_flag" (GHZ only):
            the fan-out is undone, spin 0 then holds the fringe, and any other spin found up says that an excitation
            was lost. "unprepare": the inverse of the whole preparation, so that all spins come back down with the
            probability that the probe has not changed.
        signal: whose waveform is sensed; the angles that it collects, weights included, are in `Settings`.
        pulses: of the sensing window.

    Raises:
        ArgumentError: the time is out of range, the ending is unknown, or the loss flag is requested for another probe.

    >>> Experiment(Probe.product(2), 1.0, "loss_flag")
    Traceback (most recent call last):
    qsense.errors.ArgumentError: The loss flag goes with a GHZ probe, but the probe is "product".
    """

    probe: Probe
    time: float
    ending: Ending = "directions"
    signal: Signal = UNIFORM
    pulses: Pulses = FREE

    def __post_init__(self) -> None:
        if not (np.isfinite(self.time) and self.time >= 0):
            raise ArgumentError(f"Argument `time` must be finite and not negative, but is {self.time} s.")
        if self.ending not in get_args(Ending):
            raise ArgumentError(f'Unknown ending "{self.ending}". {nearest(self.ending, get_args(Ending))}')
        if self.ending == "loss_flag" and self.probe.kind != "ghz":
            raise ArgumentError(f'The loss flag goes with a GHZ probe, but the probe is "{self.probe.name}".')

    def check_signal(self) -> None:
        """Refuses a window that collects nothing of the signal, and weights for another number of spins.

        At t = 0 there is no window: the phases are put on as they are.

        Raises:
            ArgumentError: the pulses refocus the field; the message says what they sense instead.

        >>> Experiment(Probe.ghz(2), 1.0, pulses=Pulses.named("hahn")).check_signal()  # doctest: +ELLIPSIS
        Traceback (most recent call last):
        qsense.errors.ArgumentError: idle = "hahn" refocuses a constant field: an echo senses an alternating one, ...
        """
        self.signal.check(self.probe.num_qubits)
        if self.time > 0:
            self.signal.check_window(np.array([self.time]), self.pulses)

    def circuit(self, sense: Sense | None = None) -> QuantumCircuit:
        """Returns the circuit, with 3N parameters `phase`, `polar`, `azimuth`.

        Args:
            sense: appends the sensing window, given the circuit and the phase of every spin; by default signal, delays
                and pulses alone.

        Raises:
            ArgumentError: the window collects nothing of the signal.

        >>> Experiment(Probe.ghz(3), 1.0).circuit().num_parameters
        9
        """
        from qiskit import QuantumCircuit
        from qiskit.circuit import ParameterVector

        n = self.probe.num_qubits
        phase, polar, azimuth = (ParameterVector(name, n) for name in ("phase", "polar", "azimuth"))
        circuit = QuantumCircuit(n, n)
        circuit.compose(prepare(self.probe), inplace=True)
        if sense is None:
            for spin in range(n):
                append_window(circuit, spin, phase[spin], self.time, self.signal, self.pulses)
        else:
            sense(circuit, phase)
        circuit.compose(self.ending_circuit(), inplace=True)
        for spin in range(n):
            circuit.rz(-azimuth[spin], spin)
            circuit.ry(-polar[spin], spin)
        circuit.measure(range(n), range(n))
        return circuit

    def ending_circuit(self) -> QuantumCircuit:
        """Returns the circuit between sensing and the measured directions; empty for "directions".

        >>> Experiment(Probe.ghz(3), 1.0, "loss_flag").ending_circuit().count_ops()["cx"]
        2
        """
        from qiskit import QuantumCircuit

        if self.ending == "unprepare":
            return prepare(self.probe).inverse()
        circuit = QuantumCircuit(self.probe.num_qubits)
        if self.ending == "loss_flag":
            fan_out(circuit, self.probe)
        return circuit.inverse()


def parameter_order(circuit: QuantumCircuit) -> list[str]:
    """Returns the names of a sensing circuit's parameters in the order of `Settings.values`."""
    return parameter_names(circuit.num_qubits)


def parameter_names(num_qubits: int) -> list[str]:
    """Returns the names of the parameters of any sensing circuit of N spins, in the order of `Settings.values`.

    >>> parameter_names(1)
    ['phase[0]', 'polar[0]', 'azimuth[0]']
    """
    return [f"{name}[{spin}]" for name in ("phase", "polar", "azimuth") for spin in range(num_qubits)]


def readable_circuit(
    probe: Probe, time: float, basis: str, signal: Signal = UNIFORM, pulses: Pulses = FREE
) -> QuantumCircuit:
    """Returns a circuit for people and other software: one input `theta`, the usual gates, one Pauli basis.

    Args:
        probe: the state to prepare.
        time: sensing time in s.
        basis: "X", "Y" or "Z" on every spin.
        signal: with its weights; `theta` is the angle that a spin of weight 1 collects.
        pulses: of the sensing window.

    Raises:
        ArgumentError: the window collects nothing of the signal.

    >>> readable_circuit(Probe.ghz(2), 1.0, "X").parameters
    ParameterView([Parameter(theta)])
    """
    from qiskit import QuantumCircuit
    from qiskit.circuit import Parameter

    n = probe.num_qubits
    theta = Parameter("theta")
    circuit = QuantumCircuit(n, n)
    circuit.compose(prepare(probe), inplace=True)
    circuit.barrier()
    for spin, weight in enumerate(signal.weights_of(n)):
        append_window(circuit, spin, theta if weight == 1 else float(weight) * theta, time, signal, pulses)
    circuit.barrier()
    if basis == "Y":
        circuit.sdg(range(n))
    if basis in ("X", "Y"):
        circuit.h(range(n))
    circuit.measure(range(n), range(n))
    return circuit
