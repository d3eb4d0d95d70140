"""The states that a sensing run prepares.

A Probe says what is prepared: GHZ, a product state, amplitudes over Dicke states (`collective`), a state vector or a
density matrix, or an OpenQASM text (`qasm`); how it is prepared is the business of `circuits`. Qiskit is imported only
where a circuit is read. The package may import `errors`, `numerics` and `files`. Public: Probe, FAMILIES, KINDS,
pair_amplitudes, parse_qasm, steepest_angle, and the module `states`, which reads and writes the numbers of a state.
"""

from qsense.probes.collective import FAMILIES
from qsense.probes.probe import KINDS, NUM_QUBITS_OF_A_STATEVECTOR, Probe
from qsense.probes.qasm import parse_qasm
from qsense.probes.steepest import steepest_angle
from qsense.probes.vectors import pair_amplitudes

__all__ = [
    "FAMILIES",
    "KINDS",
    "NUM_QUBITS_OF_A_STATEVECTOR",
    "Probe",
    "pair_amplitudes",
    "parse_qasm",
    "steepest_angle",
]
