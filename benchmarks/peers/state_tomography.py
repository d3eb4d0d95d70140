"""qiskit-experiments' StateTomography of a noisy probe, then the QFI of the fitted state: what a user would write.

Stays alive, so that it can be asked in turn with another contender: one JSON request a line on stdin, one JSON answer a
line on stdout. A request has `probe` ("ghz" or "product"), `num_qubits`, `kind` ("dephasing" or "emission"), `elapsed`
(rate × time), `phase` (rad), `shots` (of each of the 3^N circuits) and `seed`. An answer has `gain` and the `seconds`
from the circuit to it, by the wall and by the processor (`cpu_seconds`). The first line says `versions`, or `missing`.
"""

import importlib.metadata
import json
import os
import sys
import time
import warnings

import numpy as np

PACKAGES = ("qiskit-experiments", "qiskit", "qiskit-aer")


def main() -> None:
    warnings.filterwarnings("ignore")
    # What a library prints must not get between the answers.
    answers = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)

    def say(answer):
        print(json.dumps(answer), file=answers, flush=True)

    try:
        from qiskit_aer import AerSimulator
        from qiskit_experiments.library import StateTomography
    except ImportError as error:
        say({"missing": str(error)})
        return
    say({"versions": {name: importlib.metadata.version(name) for name in PACKAGES}})
    # The exact method, and circuits side by side, as qsense asks of Aer.
    simulator = AerSimulator(method="density_matrix", max_parallel_experiments=0)
    for line in sys.stdin:
        request = json.loads(line)
        wall, processor = time.perf_counter(), time.process_time()
        experiment = StateTomography(noisy_probe(request))
        data = experiment.run(simulator, shots=request["shots"], seed_simulator=request["seed"])
        data.block_for_results()
        if data.errors():
            raise RuntimeError(data.errors())
        rho = data.analysis_results("state", dataframe=True).iloc[0].value.data
        value = gain(rho)
        say({"gain": value, "seconds": time.perf_counter() - wall, "cpu_seconds": time.process_time() - processor})


def noisy_probe(request):
    """Returns the circuit that prepares the probe and lets phase and noise act; |1> is the excited state, up."""
    from qiskit import QuantumCircuit
    from qiskit.quantum_info import Kraus

    size = request["num_qubits"]
    circuit = QuantumCircuit(size)
    if request["probe"] == "ghz":
        circuit.h(0)
        for qubit in range(1, size):
            circuit.cx(0, qubit)
    else:
        circuit.h(range(size))
    elapsed = request["elapsed"]
    if request["kind"] == "dephasing":
        flip = -np.expm1(-2 * elapsed) / 2
        operators = [np.sqrt(1 - flip) * np.eye(2), np.sqrt(flip) * np.diag([1.0, -1.0])]
    else:
        lost = -np.expm1(-elapsed)
        operators = [np.diag([1.0, np.sqrt(1 - lost)]), np.array([[0.0, np.sqrt(lost)], [0.0, 0.0]])]
    channel = Kraus(operators).to_instruction()
    for qubit in range(size):
        circuit.rz(request["phase"], qubit)
        circuit.append(channel, [qubit])
    return circuit


def gain(rho):
    """Returns the QFI about the angle, with ∂ρ = −i[J_z, ρ] and the eigenvalues of the state as it was fitted."""
    size = len(rho).bit_length() - 1
    generator = size / 2 - np.array([index.bit_count() for index in range(2**size)])
    derivative = -1j * (generator[:, None] * rho - rho * generator)
    values, vectors = np.linalg.eigh(rho)
    elements = np.abs(vectors.conj().T @ derivative @ vectors) ** 2
    sums = values[:, None] + values
    kept = sums > 1e-12
    return float(np.sum(2 * elements[kept] / sums[kept]))


if __name__ == "__main__":
    main()
