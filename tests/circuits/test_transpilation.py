"""Sensing circuits in a device's gates: the same state, the window kept, on the device's clock."""

import numpy as np
import pytest
from qiskit import QuantumCircuit
from qiskit.circuit.library import CXGate, ECRGate, SwapGate
from qiskit.quantum_info import Operator, Statevector
from qiskit.transpiler import InstructionProperties, Target
from vendors import Vendor, line_target

from qsense.backends.fakes import compact
from qsense.circuits.sensing import Experiment
from qsense.circuits.transpilation import cost, on_device, window_delays
from qsense.devices.device import Device, read
from qsense.devices.layout import choose
from qsense.errors import ArgumentError
from qsense.probes import Probe
from qsense.signals import UNIFORM, Pulses, Signal

pytestmark = pytest.mark.long

DEVICE = read(Vendor())
PROBES = [
    Probe.ghz(4),
    Probe.ghz(4, signs="+-+-", tilt=0.3),
    Probe.product(3),
    Probe.product(2, 0.4),
    Probe.from_qasm("w4"),
]


ECHOES = ["hahn", "xy4", "cpmg:3", "xy8:1"]
NUMBERS = {"free": 0, "hahn": 2, "xy4": 4, "cpmg:3": 4, "xy8:1": 8}


def made(probe, time=1e-6, ending="directions", idle="free", target=None, signal=None):
    """The device's circuit; under pulses the signal is in step with them unless another one is given."""
    target = line_target() if target is None else target
    device = read(Vendor(target))
    signal = (UNIFORM if idle == "free" else Signal(frequency="matched")) if signal is None else signal
    experiment = Experiment(probe, time, ending, signal, Pulses.named(idle))
    return on_device(experiment, choose(device, probe), device, target)


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


@pytest.mark.parametrize("idle", ["free", *ECHOES])
@pytest.mark.parametrize(("probe", "ending"), [
    *((probe, ending) for probe in PROBES for ending in ("directions", "unprepare")),
    *((probe, "loss_flag") for probe in PROBES[:2]),
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


@pytest.mark.parametrize("idle", ["free", *ECHOES])
@pytest.mark.parametrize("time", [6e-7, 1e-6, 3.21e-5])
def test_the_window_lasts_the_recorded_time_on_every_spin(time, idle):
    found = made(Probe.ghz(4), time, "loss_flag", idle)
    assert abs(found.time - time) <= 8e-9 * (1 + 1e-9)
    for steps in steps_of_the_window(found).values():
        names = [step.name for step in steps]
        lasts = sum(step.duration * 1e-9 for step in steps if step.name == "delay") + 32e-9 * names.count("x")
        assert lasts == pytest.approx(found.time, rel=1e-12)
        assert names.count("x") == NUMBERS[idle]


@pytest.mark.parametrize("idle", ["free", "hahn", "xy4", "cpmg:3"])
def test_every_delay_of_the_circuit_is_a_multiple_of_the_granularity(idle):
    for probe in PROBES:
        circuit = made(probe, 1.234e-6, "unprepare", idle).circuit
        delays = [step.operation.duration for step in circuit.data if step.operation.name == "delay"]
        assert delays
        assert all(delay % 16 == 0 for delay in delays)


def is_signal(step):
    return bool(getattr(step, "params", [])) and "phase" in str(step.params[0])


@pytest.mark.parametrize("idle", ECHOES)
def test_pulses_refocus_a_constant_detuning_and_free_decay_does_not(idle):
    """Each spin turns by a detuning while a delay lasts; with pulses nothing of it is left, up to half a clock tick."""
    detuning = 2e5  # rad/s
    for sequence, kept in ((idle, True), ("free", False)):
        for steps in steps_of_the_window(made(Probe.product(1), 2e-5, idle=sequence)).values():
            circuit = QuantumCircuit(1)
            for step in steps:
                if step.name == "delay":
                    circuit.rz(detuning * step.duration * 1e-9, 0)
                elif not is_signal(step):
                    circuit.append(step, [0])
            overlap = abs(np.trace(Operator(circuit).data)) / 2
            assert (overlap > 1 - 1e-5) == kept


@pytest.mark.parametrize("idle", ECHOES)
def test_the_signal_is_inside_of_the_window_between_the_pulses(idle):
    """A piece of it before every delay, as large as the field collects there; with the pulses they add up to θ."""
    pulses, alpha = Pulses.named(idle), 0.3
    signal = Signal(frequency="matched", phase=alpha)
    for steps in steps_of_the_window(made(Probe.product(2), 2e-5, idle=idle, signal=signal)).values():
        kinds = ["signal" if is_signal(step) else step.name for step in steps]
        places = [k for k, kind in enumerate(kinds) if kind == "signal"]
        assert len(places) == pulses.num_flips + 1
        assert all(kinds[place + 1] == "delay" for place in places)
        found = np.array([float(_slope(steps[place].params[0])) for place in places])
        edges = np.array([0, *(x for x in pulses.instants if x < 1), 1])
        wave = np.sin(np.pi * pulses.num_flips * edges + alpha)  # the integral of cos(2πft + α), f t = n/2
        parts = np.diff(wave)
        signs = (-1.0) ** np.arange(len(parts))
        assert np.allclose(found, parts / (parts @ signs), atol=1e-9)


def _slope(expression):
    (parameter,) = expression.parameters
    return expression.bind({parameter: 1.0})


@pytest.mark.parametrize("idle", ECHOES)
def test_a_field_that_truly_oscillates_during_the_delays_gives_the_same_fringe(idle):
    """Without the emulated signal, each delay turns the spin by the integral of φ cos(2πft): in all by θ = φtW."""
    time, field, tick = 2e-5, 1.1e5, 16e-9
    found = made(Probe.product(1), time, idle=idle)
    frequency = Pulses.named(idle).num_flips / 2 / time
    (steps,) = steps_of_the_window(found).values()
    turned, now = np.array([1, 1]) / np.sqrt(2), 0.0
    for step in steps:
        length = step.duration * 1e-9 if step.name == "delay" else 32e-9 if step.name == "x" else 0.0
        middle = now + length / 2
        angle = field * length * np.cos(2 * np.pi * frequency * middle) * np.sinc(frequency * length)
        halves = np.exp(np.array([-0.25j, 0.25j]) * angle)  # a pulse is in the middle of its length
        turned = halves * turned
        if step.name != "delay" and not is_signal(step):
            turned = Operator(step).data @ turned
        turned, now = halves * turned, now + length
    phase = np.angle(turned[1] / turned[0])
    assert phase == pytest.approx(field * time * 2 / np.pi, abs=2 * field * tick + 0.03)


@pytest.mark.parametrize("idle", ECHOES)
def test_a_constant_field_under_pulses_is_refused(idle):
    with pytest.raises(ArgumentError, match="an echo senses an alternating one"):
        made(Probe.ghz(2), idle=idle, signal=UNIFORM)


def test_pulses_stand_where_ideal_pulses_would():
    device = Device.uniform(2, [(0, 1)], dt=1e-9)
    device.pulse_time[:] = 40e-9
    delays = np.array(window_delays(8e-6, device, 0, "xy4"))
    centres = np.cumsum(delays[:4] + 40e-9) - 20e-9
    assert np.allclose(centres, 8e-6 * np.array([1, 3, 5, 7]) / 8, atol=1e-9)
    delays = np.array(window_delays(6.04e-6, device, 0, "cpmg:3"))  # and a closing pulse of 40 ns at its end
    centres = np.cumsum(delays[:4] + 40e-9) - 20e-9
    assert np.allclose(centres, [1e-6, 3e-6, 5e-6, 6.02e-6], atol=1e-9)
    assert delays[4] == 0


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
        window_delays(1e-6, DEVICE, 0, "han")


def test_a_backend_without_delay_is_refused():
    with pytest.raises(ArgumentError, match="no delay instruction"):
        made(Probe.ghz(2), target=line_target(delay=False))


def test_a_device_without_a_clock_takes_delays_in_seconds():
    found = made(Probe.ghz(2), 1.2345e-6, target=line_target(dt=None, granularity=1))
    assert found.time == 1.2345e-6
    delays = {(step.duration, step.unit) for steps in steps_of_the_window(found).values() for step in steps[1:]}
    assert delays == {(1.2345e-6, "s")}


def of_two_gates(last):
    """A line of four qubits with one direction of cx on two pairs, and another gate on the last."""
    whole, target = line_target(num_qubits=4, edges=((0, 1),)), Target(num_qubits=4, dt=1e-9)
    for name in ("rz", "sx", "x", "measure", "delay"):
        target.add_instruction(whole.operation_from_name(name), dict(whole[name]))
    known = InstructionProperties(duration=320e-9, error=5e-3)
    target.add_instruction(CXGate(), dict.fromkeys(((0, 1), (2, 1)), known))
    target.add_instruction(last, {(2, 3): known})
    return target


@pytest.mark.parametrize("ending", ["directions", "loss_flag", "unprepare"])
def test_cnots_that_a_device_has_the_other_way_round_are_turned_over(ending):
    """Whichever spin of the line is the first, one CNOT is against its direction."""
    names = [f"{name}[{spin}]" for name in ("phase", "polar", "azimuth") for spin in range(4)]
    values = dict(zip(names, np.random.default_rng(6).uniform(0, 3, 12), strict=True))
    circuit = made(Probe.ghz(4), ending=ending, target=of_two_gates(ECRGate())).circuit
    pairs = [tuple(circuit.find_bit(q).index for q in step.qubits) for step in circuit.data if step.name == "cx"]
    assert set(pairs) == {(0, 1), (2, 1)}
    expected = logical_probabilities(Experiment(Probe.ghz(4), 1e-6, ending), values)
    found = outcome_probabilities(circuit, values)
    if ending == "loss_flag":  # names other spins where the fan-out is another tree; the class without a flag stays
        found, expected = found[:2], expected[:2]
    assert np.allclose(found, expected, atol=1e-9)


def test_a_device_whose_gates_cannot_do_a_circuit_is_refused_with_the_qubits():
    with pytest.raises(
        ArgumentError, match=r'cannot write the circuit of "ghz" with 4 spins .* on qubits .*name other'
    ):
        made(Probe.ghz(4), target=of_two_gates(SwapGate()))
