"""A preparation as a Qiskit circuit of Qiskit's own standard gates, none of which has a name of the file's."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any

from qsense.probes.openqasm.steps import BARRIER, Preparation

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

_MOST_AS_ONE_GATE = 3  # a gate of more controls would become a matrix of 2^N × 2^N where a state is computed


def circuit_of(preparation: Preparation) -> QuantumCircuit:
    """Returns the circuit, without classical bits.

    >>> from qsense.probes.openqasm.expansion import read
    >>> circuit_of(read('OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; h q[0]; cx q[0], q[1];', "bell")).depth()
    2
    """
    from qiskit import QuantumCircuit

    circuit = QuantumCircuit(preparation.num_qubits, global_phase=preparation.phase)
    for step in preparation.steps:
        if step.gate == BARRIER:
            circuit.barrier(list(step.qubits))
        elif step.controls <= _MOST_AS_ONE_GATE:
            circuit.append(_gate(step.gate, step.angles, step.controls), step.qubits, copy=False)
        else:
            circuit.compose(_decomposed(step.gate, step.angles, step.controls), step.qubits, inplace=True)
    return circuit


@lru_cache(maxsize=1024)
def _gate(name: str, angles: tuple[float, ...], controls: int) -> Any:
    from qiskit.circuit import library

    kinds = {
        "id": "IGate", "x": "XGate", "y": "YGate", "z": "ZGate", "h": "HGate", "s": "SGate", "sdg": "SdgGate",
        "t": "TGate", "tdg": "TdgGate", "sx": "SXGate", "sxdg": "SXdgGate", "swap": "SwapGate", "rx": "RXGate",
        "ry": "RYGate", "rz": "RZGate", "p": "PhaseGate", "u": "UGate",
    }  # fmt: skip
    gate = getattr(library, kinds[name])(*angles)
    return gate.control(controls, annotated=False) if controls else gate


@lru_cache(maxsize=128)
def _decomposed(name: str, angles: tuple[float, ...], controls: int) -> QuantumCircuit:
    from qiskit import QuantumCircuit, transpile

    gate = _gate(name, angles, controls)
    circuit = QuantumCircuit(gate.num_qubits)
    circuit.append(gate, range(gate.num_qubits))
    return transpile(circuit, basis_gates=["u", "cx"], optimization_level=0)
