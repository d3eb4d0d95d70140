"""What tells nothing or never decays is said in words: no floor of a logarithm and no end of a grid is planned by."""

import json
import math
import warnings
from types import SimpleNamespace

import numpy as np
import pytest

import qsense
from qsense.devices.device import Device
from qsense.devices.layout import choose
from qsense.errors import ArgumentError
from qsense.noise import Collective, PhaseNoise, QuasiStatic
from qsense.planning.device_source import DeviceSource
from qsense.planning.plan import plan_of
from qsense.planning.question import Question
from qsense.probes import Probe
from qsense.signals import Signal

SHARED = qsense.NoiseModel(qsense.LocalNoise(), phase_noise=(PhaseNoise(Collective(), QuasiStatic(1.0)),))


def line(two_qubit_error=8e-3, wrong=(0.01,) * 4, qubits=None):
    """The source of a plan: four qubits in a line."""
    pytest.importorskip("qiskit")
    from qiskit.circuit import Delay, Measure, Parameter
    from qiskit.circuit.library import CXGate, RZGate, SXGate, XGate
    from qiskit.providers import QubitProperties
    from qiskit.transpiler import InstructionProperties, Target

    from qsense.backends import sampler

    target = Target(num_qubits=4, dt=1e-9, qubit_properties=[QubitProperties(t1=1e-4, t2=9e-5)] * 4)
    every = {(q,): InstructionProperties(duration=35e-9, error=3e-4) for q in range(4)}
    for gate in (SXGate(), XGate()):
        target.add_instruction(gate, dict(every))
    target.add_instruction(RZGate(Parameter("l")), {(q,): InstructionProperties(0.0, 0.0) for q in range(4)})
    pairs = [(a, b) for a in range(4) for b in range(4) if abs(a - b) == 1]
    target.add_instruction(CXGate(), {pair: InstructionProperties(3e-7, two_qubit_error) for pair in pairs})
    target.add_instruction(Measure(), {(q,): InstructionProperties(1e-6, wrong[q]) for q in range(4)})
    target.add_instruction(Delay(Parameter("t")), {(q,): None for q in range(4)})
    backend = SimpleNamespace(target=target, name="line", num_qubits=4, version=2)
    return DeviceSource(sampler("fake:line", opened=backend, qubits=qubits), "line")


@pytest.mark.parametrize("size", [2, 4])
def test_gains_that_never_decay_have_no_best_time(size):
    """Alternating signs of equal numbers do not feel what all spins share: G stays N² and N, as at the start."""
    with pytest.raises(ArgumentError, match="never decays, so that longer is always better"):
        qsense.plan_sensing(noise=SHARED, num_qubits=size, signal=Signal("alternating"))
    assert qsense.plan_sensing(noise=SHARED, num_qubits=2).row("ghz", 2).advantage_db.value > 1


def test_one_probe_that_never_decays_is_left_out_and_the_others_are_planned():
    """A constant gain beside one that decays: the constant one has no best time."""
    from dataclasses import replace

    from qsense.planning.noise_source import NoiseSource
    from qsense.planning.telling import FOR_EVER, ranked

    site = NoiseSource(qsense.LocalNoise(dephasing=0.1), "mine").site(2, Question((2,)))
    still = SimpleNamespace(
        gain=lambda times, _: np.full((1, len(times)), 4.0), information=lambda times, _: np.full((1, len(times)), 4.0)
    )
    found = ranked(replace(site, curves={**site.curves, "ghz": still}), "mine")
    assert list(found.curves) == ["product"]
    assert found.left_out["ghz"] == FOR_EVER


def test_gates_that_leave_nothing_of_an_entangled_probe_are_said_in_words():
    """A gate of the error 0.9 leaves the mixed state of both qubits: 0.75 is all that depolarising does."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        plan = plan_of(line(0.9), Question((2, 3)), None, "line")
        found = json.loads(json.dumps(plan.to_dict(), allow_nan=False))
    assert {row["probe"] for row in found["rows"]} == {"product"}
    assert "tells nothing" in found["advice"]
    assert {(one["probe"], one["num_qubits"]) for one in found["left_out"]} == {("ghz", 2), ("ghz", 3), ("squeezed", 3)}
    assert all(math.isfinite(bound["advantage_db"]) for bound in found["bounds"])
    with pytest.raises(ArgumentError, match="tells nothing"):
        plan.to_spec()


def test_a_readout_no_better_than_a_guess_is_refused():
    with pytest.raises(ArgumentError, match="2 product spins tell nothing"):
        plan_of(line(wrong=(0.01, 0.01, 0.5, 0.5), qubits=[2, 3]), Question((2,)), None, "line")


def test_gates_that_are_marked_broken_are_not_chosen():
    error = {(0, 1): 1.0, (1, 2): 1.0, (2, 3): 0.2, (3, 4): 0.2}
    whole = Device.uniform(5, error)
    device = Device(**{**whole.__dict__, "edges": error})
    assert set(choose(device, Probe.ghz(3)).qubits) == {2, 3, 4}
    with pytest.raises(ArgumentError, match="not marked broken"):
        choose(device, Probe.ghz(4))
    guess = np.array([0.01, 0.01, 0.01, 0.5, 0.01])
    with pytest.raises(ArgumentError, match="not marked broken"):
        choose(Device(**{**device.__dict__, "up_given_down": guess, "down_given_up": guess}), Probe.ghz(2))


def test_qubits_that_never_decay_are_laid_out_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error", RuntimeWarning)
        device = Device.uniform(3, [(0, 1), (1, 2)], t1=math.inf, t2=math.inf)
        assert sorted(choose(device, Probe.ghz(3)).qubits) == [0, 1, 2]


def test_squeezed_spins_have_intervals_where_what_they_share_is_large():
    found = qsense.plan_sensing(noise=SHARED, num_qubits=3).row("squeezed", 3).advantage_db
    assert found.low <= found.value <= found.high < found.value + 0.1
