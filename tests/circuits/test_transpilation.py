"""Sensing circuits in a device's gates: the same state, the window kept, on the device's clock."""

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.quantum_info import Operator, Statevector
from vendors import Vendor, line_target

from qsense.backends.fakes import compact
from qsense.circuits.sensing import Experiment
from qsense.circuits.transpilation import cost, on_device, window_delays
from qsense.devices.device import Device, read
from qsense.devices.layout import choose
from qsense.errors import ArgumentError
from qsense.probes import Probe

pytestmark = pytest.mark.long

DEVICE = read(Vendor())
PROBES = [Probe.ghz(4), Probe.product(3), Probe.product(2, 0.4), Probe.from_qasm("w4")]


def made(probe, time=1e-6, ending="directions", idle="free", target=None):
    target = line_target() if target is None else target
    device = read(Vendor(target))
    return on_device(Experiment(probe, time, ending), choose(device, probe), device, target, idle)


def outcome_probabilities(circuit, values):
    """P(outcome) of the classical bits, without delays: by the state vector, then by where each bit is read from."""
    small, _ = compact(circuit)
    bound = small.assign_parameters({p: values[p.name] for p in small.parameters})
    bare, source = QuantumCircuit(small.num_qubits), {}
    for step in bound.data:
        qubits = [bound.find_bit(q).index for q in step.qubits]
        if step.operation.name == "measure":
            source[bound.find_bit(step.clbits[0]).index] = qubits[0]
        elif step.operation.name not in ("delay", "barrier"):
            bare.append(step.operation, qubits)
    return Statevector(bare).probabilities([source[bit] for bit in sorted(source)])


def logical_probabilities(experiment, values):
    circuit = experiment.circuit()
    bound = circuit.assign_parameters({p: values[p.name] for p in circuit.parameters})
    bare = QuantumCircuit(circuit.num_qubits)
    for step in bound.data:
        if step.operation.name not in ("delay", "measure", "barrier"):
            bare.append(step.operation, [bound.find_bit(q).index for q in step.qubits])
    return Statevector(bare).probabilities()


@pytest.mark.parametrize("idle", ["free", "hahn", "xy4"])
@pytest.mark.parametrize(("probe", "ending"), [
    *((probe, ending) for probe in PROBES for ending in ("directions", "unprepare")), (PROBES[0], "loss_flag"),
])  # fmt: skip
def test_the_devices_circuit_has_the_outcomes_of_the_experiments_circuit(probe, ending, idle):
    """Except that the loss flag names other spins where the fan-out is another tree; its classes stay."""
    rng = np.random.default_rng(5)
    names = [f"{name}[{spin}]" for name in ("phase", "polar", "azimuth") for spin in range(probe.num_qubits)]
    values = dict(zip(names, rng.uniform(0, 3, len(names)), strict=True))
    found = outcome_probabilities(made(probe, ending=ending, idle=idle).circuit, values)
    expected = logical_probabilities(Experiment(probe, 1e-6, ending), values)
    assert np.allclose(found, expected, atol=1e-9)


def steps_of_the_window(found):
    """The operations of each sensing qubit between the first two barriers."""
    steps, barriers = {qubit: [] for qubit in found.qubits}, 0
    for step in found.circuit.data:
        qubits = [found.circuit.find_bit(q).index for q in step.qubits]
        if step.operation.name == "barrier":
            barriers += 1
        elif barriers == 1:
            steps[qubits[0]].append(step.operation)
    return steps


@pytest.mark.parametrize("idle", ["free", "hahn", "xy4"])
@pytest.mark.parametrize("time", [5e-7, 1e-6, 3.21e-5])
def test_the_window_lasts_the_recorded_time_on_every_spin(time, idle):
    found = made(Probe.ghz(4), time, "loss_flag", idle)
    assert abs(found.time - time) <= 8e-9 * (1 + 1e-9)
    for steps in steps_of_the_window(found).values():
        lasts = sum(
            step.duration * 1e-9 if step.name == "delay" else 32e-9 for step in steps if step.name in ("delay", "x")
        )
        assert lasts == pytest.approx(found.time, rel=1e-12)
        assert sum(step.name == "x" for step in steps) == {"free": 0, "hahn": 2, "xy4": 4}[idle]


@pytest.mark.parametrize("idle", ["free", "hahn", "xy4"])
def test_every_delay_of_the_circuit_is_a_multiple_of_the_granularity(idle):
    for probe in PROBES:
        circuit = made(probe, 1.234e-6, "unprepare", idle).circuit
        delays = [step.operation.duration for step in circuit.data if step.operation.name == "delay"]
        assert delays
        assert all(delay % 16 == 0 for delay in delays)


@pytest.mark.parametrize("idle", ["hahn", "xy4"])
def test_pulses_refocus_a_constant_detuning_and_free_decay_does_not(idle):
    """Each spin turns by a detuning while a delay lasts; with pulses nothing of it is left, up to half a clock tick."""
    detuning = 2e5  # rad/s
    for sequence, kept in ((idle, True), ("free", False)):
        for steps in steps_of_the_window(made(Probe.product(1), 2e-5, idle=sequence)).values():
            circuit = QuantumCircuit(1)
            for step in steps:
                if step.name == "delay":
                    circuit.rz(detuning * step.duration * 1e-9, 0)
                elif not getattr(step, "params", []) or not hasattr(step.params[0], "name"):  # not the signal's own rz
                    circuit.append(step, [0])
            overlap = abs(np.trace(Operator(circuit).data)) / 2
            assert (overlap > 1 - 1e-5) == kept


def test_the_signal_stands_before_the_pulses_so_that_they_do_not_refocus_it():
    for steps in steps_of_the_window(made(Probe.product(2), 2e-5, idle="xy4")).values():
        assert steps[0].name == "rz"
        assert "phase" in str(steps[0].params[0])


def test_pulses_stand_where_ideal_pulses_would():
    device = Device.uniform(2, [(0, 1)], dt=1e-9)
    device.pulse_time[:] = 40e-9
    delays = np.array(window_delays(8e-6, device, 0, "xy4"))
    centres = np.cumsum(delays[:4] + 40e-9) - 20e-9
    assert np.allclose(centres, 8e-6 * np.array([1, 3, 5, 7]) / 8, atol=1e-9)


def test_a_ghz_state_costs_one_gate_a_spin_and_the_depth_of_its_fan_out():
    layout = choose(DEVICE, Probe.ghz(5))
    assert cost(made(Probe.ghz(5)).circuit) == (len(layout.layers), 4)
    assert cost(made(Probe.ghz(5), ending="loss_flag").circuit) == (2 * len(layout.layers), 8)


def test_no_qubit_outside_of_the_probe_is_touched():
    found = made(Probe.ghz(2))
    used = {found.circuit.find_bit(q).index for step in found.circuit.data for q in step.qubits}
    assert used == set(found.qubits)


def test_a_circuit_probe_says_where_its_spins_sense_after_routing():
    """A cz between the ends of the line makes the spins move; the window is on the qubits that are named."""
    probe = Probe.from_text(
        'OPENQASM 3.0; include "stdgates.inc"; qubit[4] q; h q; cz q[0], q[2]; cz q[1], q[3];', "far"
    )
    found = made(probe)
    assert set(steps_of_the_window(found)) == {
        found.circuit.find_bit(step.qubits[0]).index
        for step in found.circuit.data
        if step.operation.name == "rz" and "phase" in str(step.operation.params[0])
    }


def test_time_shorter_than_the_clock_is_refused_and_0_is_not():
    with pytest.raises(ArgumentError, match=r"at least 1\.6e-08 s"):
        made(Probe.ghz(2), 7e-9)
    assert made(Probe.ghz(2), 0.0).time == 0


def test_time_shorter_than_the_pulses_is_refused():
    with pytest.raises(ArgumentError, match='too short for the pulses of idle = "xy4"'):
        made(Probe.ghz(2), 1.1e-7, idle="xy4")


def test_an_unknown_way_to_idle_is_refused_with_the_nearest():
    with pytest.raises(ArgumentError, match='Did you mean "hahn"'):
        made(Probe.ghz(2), idle="han")


def test_a_backend_without_delay_is_refused():
    with pytest.raises(ArgumentError, match="no delay instruction"):
        made(Probe.ghz(2), target=line_target(delay=False))


def test_a_device_without_a_clock_takes_delays_in_seconds():
    found = made(Probe.ghz(2), 1.2345e-6, target=line_target(dt=None, granularity=1))
    assert found.time == 1.2345e-6
    delays = {(step.duration, step.unit) for steps in steps_of_the_window(found).values() for step in steps[1:]}
    assert delays == {(1.2345e-6, "s")}
