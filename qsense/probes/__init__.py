"""Probes: the states that a sensing run prepares."""

from qsense.probes.collective import FAMILIES
from qsense.probes.probe import KINDS, NUM_QUBITS_OF_A_STATEVECTOR, Probe
from qsense.probes.qasm import parse_qasm

__all__ = ["FAMILIES", "KINDS", "NUM_QUBITS_OF_A_STATEVECTOR", "Probe", "parse_qasm"]
