"""Sensing circuits as a device runs them: on its qubits, in its gates, with the sensing window kept and on its clock.

    prepare | barrier | idle for t on every spin, with signal and pulses inside | barrier | [ending] rz ry | measure

The barriers let all spins sense at the same time: what they wait before is preparation, and the window is t on each.
The signal is emulated by virtual rz inside of the window, one in each piece between pulses, weighted by its waveform
(`qsense.circuits.window`). Pulses refocus slow noise, and a constant field too: that is refused. T2 of an echo is not
T2* of free decay: the pulses of the experiment say which was done.
"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from functools import lru_cache
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from qsense.circuits.preparing import prepare
from qsense.circuits.sensing import Experiment
from qsense.circuits.window import pieces, times
from qsense.devices.device import Device
from qsense.devices.layout import Layout
from qsense.errors import ArgumentError
from qsense.probes import Probe
from qsense.signals import Pulses

if TYPE_CHECKING:
    from qiskit import QuantumCircuit
    from qiskit.transpiler import PassManager

Idle = str  # a name of `Pulses.named`
_FINEST = 2.0**-40  # of a window: the steps of its delays on a device without a clock


@dataclass(frozen=True, eq=False)
class DeviceCircuit:
    """A sensing circuit in a device's own gates.

    Attributes:
        circuit: on all qubits of the device, with the parameters of `Experiment.circuit`.
        qubits: where spin j is while it senses.
        time: the sensing time that the device does, in s: rounded to its clock.
        is_scheduled: whether idle times outside of the window are written out as delays too.
    """

    circuit: QuantumCircuit
    qubits: tuple[int, ...]
    time: float
    is_scheduled: bool


def on_device(experiment: Experiment, layout: Layout, device: Device, target: Any, seed: int = 0) -> DeviceCircuit:
    """Returns the experiment's circuit for a device.

    Args:
        experiment: its time is rounded to the device's clock; its pulses stand in the window.
        layout: the qubits of the probe, and its fan-out.
        device: the calibration of the target.
        target: Qiskit's description of the device.
        seed: of the transpiler's choices (for circuit probes only: GHZ and product leave it none).

    Raises:
        ArgumentError: the device has no delay, the time is shorter than its clock or its pulses allow, the window
            collects nothing of the signal, or Qiskit cannot write the circuit in the device's gates.
    """
    from qiskit import QuantumCircuit
    from qiskit.circuit import ParameterVector
    from qiskit.transpiler.exceptions import TranspilerError

    n = experiment.probe.num_qubits
    time = device.rounded(experiment.time)
    phase, polar, azimuth = (ParameterVector(name, n) for name in ("phase", "polar", "azimuth"))
    preparation, ending, sensing, measured = _around(experiment, layout, device, target, seed)
    circuit = QuantumCircuit(device.num_qubits, n)
    circuit.compose(preparation, inplace=True)
    circuit.barrier(sensing)
    for spin, qubit in enumerate(sensing):
        _append_window(circuit, qubit, phase[spin], replace(experiment, time=time), device)
    circuit.barrier(sensing)
    circuit.compose(ending, inplace=True)
    for spin, qubit in enumerate(measured):
        circuit.rz(-azimuth[spin], qubit)
        circuit.ry(-polar[spin], qubit)
    circuit.barrier(measured)
    circuit.measure(measured, range(n))

    turned = _turned_over(circuit, target)
    for one in (circuit, turned) if turned is not None else (circuit,):
        with suppress(TranspilerError):
            translated = _translator(device, target, seed, "alap").run(one)
            return DeviceCircuit(_without_bystanders(translated), sensing, time, True)
    try:  # no durations: idle times outside of the window are left to the device
        return DeviceCircuit(_translator(device, target, seed, None).run(circuit), sensing, time, False)
    except TranspilerError as error:
        raise ArgumentError(
            f'Qiskit cannot write the circuit of "{experiment.probe.name}" with {n} spins in the gates of the backend '
            f'"{device.name}" on qubits {", ".join(map(str, sensing))} ({error.message}); name other qubits, or '
            "another device."
        ) from error


@lru_cache(maxsize=8)
def _translator(device: Device, target: Any, seed: int, scheduling: str | None) -> PassManager:
    """What writes circuits on a device's own qubits in its gates; making it takes as long as using it."""
    from qiskit.transpiler import generate_preset_pass_manager

    return generate_preset_pass_manager(
        optimization_level=1, target=target, seed_transpiler=seed, initial_layout=list(range(device.num_qubits)),
        routing_method="none", scheduling_method=scheduling,
    )  # fmt: skip


def _turned_over(circuit: QuantumCircuit, target: Any) -> QuantumCircuit | None:
    """The circuit with each CNOT that a device has the other way round written so; None where there is none.

    Qiskit does that itself, but (2.6) not on devices that have several two-qubit gates, each on some pairs, such as
    fake:cairo.
    """
    known = target["cx"] if "cx" in target.operation_names else None
    found, is_new = circuit.copy_empty_like(), False
    for step in circuit.data:
        pair = tuple(circuit.find_bit(qubit).index for qubit in step.qubits)
        if step.operation.name != "cx" or not known or pair in known or pair[::-1] not in known:
            found.append(step)
            continue
        is_new = True
        found.h(list(pair))
        found.cx(*pair[::-1])
        found.h(list(pair))
    return found if is_new else None


def _without_bystanders(circuit: QuantumCircuit) -> QuantumCircuit:
    """Removes the delays of qubits that do nothing else: a simulator would simulate every such qubit."""
    active = {qubit for step in circuit.data if step.operation.name != "delay" for qubit in step.qubits}
    kept = circuit.copy_empty_like()
    for step in circuit.data:
        if active.issuperset(step.qubits):
            kept.append(step)
    return kept


def window_delays(time: float, device: Device, qubit: int, idle: Idle | Pulses) -> list[float]:
    """Returns the delays around a window's pulses, in s; with the pulses they last `time`.

    The centres of the pulses stand where ideal pulses would. A closing pulse is all inside of the window, at its end,
    and the others are placed in what is left, so that the times between them refocus a constant field.

    Args:
        time: a multiple of the device's tick, in s.
        device: for its clock and its pulses.
        qubit: whose pulses.
        idle: the pulses, or their name.

    Raises:
        ArgumentError: the time is too short for the pulses, or there is no such sequence.

    >>> line = Device.uniform(2, [(0, 1)], dt=1e-9, granularity=16)
    >>> [round(delay * 1e9) for delay in window_delays(160e-9, line, 0, "xy4")]
    [16, 48, 32, 48, 16]
    """
    pulses = idle if isinstance(idle, Pulses) else Pulses.named(idle)
    if time == 0 or pulses.is_free:
        return [time] if time > 0 else []
    tick, pulse = device.tick() or _FINEST * time, float(device.pulse_time[qubit])
    flips, all_pulses = pulses.num_flips, len(pulses.axes)
    whole = time - (all_pulses - flips) * pulse  # without a closing pulse
    # Idle time before each pulse: a pulse takes half of its length from either side.
    edges = [0.0, *(whole * pulses.instants[k] - (k + 0.5) * pulse for k in range(flips))]
    steps = [round(edge / tick) for edge in edges] + [round((time - all_pulses * pulse) / tick)]
    delays = [(after - before) * tick for before, after in pairwise(steps)]
    delays += [0.0] * (all_pulses - flips)  # after the closing pulse
    if min(delays) < 0 or time < 2 * flips * tick:
        least = max(2 * flips * tick, 2 * all_pulses * pulse)
        raise ArgumentError(
            f'A sensing time of {time:g} s is too short for the pulses of idle = "{pulses.name}" on the backend '
            f'"{device.name}"; use at least {least:.3g} s, or idle = "free".'
        )
    return delays


def _append_window(circuit: QuantumCircuit, qubit: int, phase: Any, experiment: Experiment, device: Device) -> None:
    """One spin's window on the device, with the device's clock and the length of its pulses."""
    experiment.check_signal()
    delays = window_delays(experiment.time, device, qubit, experiment.pulses) or [0.0]
    for piece, delay in zip(pieces(experiment.time, experiment.signal, experiment.pulses), delays, strict=False):
        circuit.rz(times(piece.share, phase), qubit)
        _append_delay(circuit, qubit, delay, device)
        if piece.pulse:
            getattr(circuit, piece.pulse)(qubit)


def _append_delay(circuit: QuantumCircuit, qubit: int, delay: float, device: Device) -> None:
    if delay > 0 and device.dt is not None:
        circuit.delay(round(delay / device.dt), qubit, unit="dt")
    elif delay > 0:
        circuit.delay(delay, qubit, unit="s")


def _around(
    experiment: Experiment, layout: Layout, device: Device, target: Any, seed: int
) -> tuple[QuantumCircuit, QuantumCircuit, tuple[int, ...], tuple[int, ...]]:
    """The circuits before and after the window, where spins sense, and where they are measured."""
    from qiskit import QuantumCircuit, transpile

    probe, qubits = experiment.probe, layout.qubits
    empty = QuantumCircuit(device.num_qubits)
    if probe.kind == "ghz":
        spread = QuantumCircuit(device.num_qubits)
        for layer in layout.layers:
            for control, to in layer:
                spread.cx(qubits[control], qubits[to])
        for spin, sign in enumerate(probe.signs):
            if sign == "-":
                spread.x(qubits[spin])
        preparation = empty.compose(prepare(Probe.product(1, probe.tilt)), qubits=[qubits[0]])
        preparation.compose(spread, inplace=True)
        endings = {"directions": empty, "loss_flag": spread.inverse(), "unprepare": preparation.inverse()}
        return preparation, endings[experiment.ending], qubits, qubits
    if probe.kind == "product":
        preparation = empty.compose(prepare(probe), qubits=list(qubits))
        return preparation, preparation.inverse() if experiment.ending == "unprepare" else empty, qubits, qubits
    preparation = transpile(
        prepare(probe), target=target, optimization_level=3, initial_layout=list(qubits), seed_transpiler=seed
    )
    sensing = tuple(preparation.layout.final_index_layout()[: probe.num_qubits])
    bare = empty.compose(preparation, qubits=range(device.num_qubits))
    if experiment.ending == "unprepare":
        return bare, bare.inverse(), sensing, qubits
    return bare, empty, sensing, sensing


def relaxation_circuit(qubits: Sequence[int], time: float, device: Device, target: Any) -> QuantumCircuit:
    """Returns the circuit that puts spins up, lets them idle for a time in s (whole ticks), and reads them."""
    from qiskit import QuantumCircuit, transpile

    circuit = QuantumCircuit(device.num_qubits, len(qubits))
    for qubit in qubits:
        circuit.x(qubit)
    circuit.barrier(list(qubits))
    for qubit in qubits:
        _append_delay(circuit, qubit, time, device)
    circuit.barrier(list(qubits))
    circuit.measure(list(qubits), range(len(qubits)))
    return transpile(circuit, target=target, optimization_level=0, initial_layout=list(range(device.num_qubits)))


def cost(circuit: QuantumCircuit) -> tuple[int, int]:
    """Returns the depth of a circuit in two-qubit gates, and how many of them it has.

    >>> from qsense.probes import Probe
    >>> cost(prepare(Probe.ghz(8)))
    (3, 7)
    """
    gates = [step for step in circuit.data if len(step.qubits) == 2 and step.operation.name != "barrier"]
    kept = circuit.copy_empty_like()
    for step in gates:
        kept.append(step)
    return kept.depth(), len(gates)
