"""Random circuits through every door: Qiskit's two exporters and the circuit itself prepare what Qiskit computes."""

import warnings

import numpy as np
import pytest
from qiskit import QuantumCircuit, qasm2, qasm3
from qiskit.circuit.library import UnitaryGate
from qiskit.circuit.random import random_circuit
from qiskit.quantum_info import Statevector, random_unitary

from qsense.probes import Probe
from qsense.probes.openqasm import read, written

NAMES = ["mine", "unitary", "r", "iswap", "diagonal", "kraus"]  # qasm2.dumps itself drops definitions of `h` or `rzz`


def draw(seed):
    rng = np.random.default_rng(seed)
    size = int(rng.integers(1, 6))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        made = random_circuit(size, int(rng.integers(1, 6)), max_operands=min(4, size), seed=seed)
    wires = rng.permutation(size).tolist()
    own = QuantumCircuit(min(2, size), name=str(rng.choice(NAMES)), global_phase=0.4)
    own.ry(float(rng.normal()), 0)
    if size > 1:
        own.cx(0, 1)
        made.append(UnitaryGate(random_unitary(4, seed=seed)), wires[-2:])
    made.append(own.to_gate(), wires[: own.num_qubits])
    made.append(own.to_gate().inverse(), wires[-own.num_qubits :])
    return made


@pytest.mark.parametrize("seed", range(40))
def test_every_door_leads_to_the_same_state(seed):
    made = draw(seed)
    expected = Statevector(made).data
    doors = [Probe.from_circuit(made), Probe.from_text(qasm3.dumps(made), "3"), Probe.from_text(qasm2.dumps(made), "2")]
    doors.append(Probe.from_text(written(read(doors[1].qasm, "3")), "again"))
    for probe in doors:
        state = probe.statevector()
        overlap = np.vdot(state, expected)
        # Qiskit's exporters write 17 digits, or a multiple of π/n within 1e-9 of the angle.
        assert np.max(np.abs(state * overlap / abs(overlap) - expected)) < 1e-8
    state = doors[0].statevector()
    overlap = np.vdot(state, expected)
    assert np.max(np.abs(state * overlap / abs(overlap) - expected)) < 1e-12
