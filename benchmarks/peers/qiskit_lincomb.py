"""qiskit-algorithms' `QFI(LinCombQGT(estimator))` with Aer's exact density matrices, the noise on every RZ."""

import numpy as np
from exchange import serve


def prepare():
    from qiskit.circuit import Parameter, QuantumCircuit
    from qiskit_aer.noise import NoiseModel, amplitude_damping_error, phase_damping_error
    from qiskit_aer.primitives import EstimatorV2
    from qiskit_algorithms.gradients import QFI, LinCombQGT

    def solve(request):
        num_qubits, angle = request["num_qubits"], Parameter("angle")
        circuit = QuantumCircuit(num_qubits)
        if request["probe"] == "product":
            circuit.h(range(num_qubits))
        else:
            circuit.h(0)
            for qubit in range(1, num_qubits):
                circuit.cx(0, qubit)
        for qubit in range(num_qubits):
            circuit.rz(angle, qubit)
        gains = []
        for time in request["times"]:
            error = phase_damping_error(-np.expm1(-4 * request["rate"] * time))
            if request["kind"] == "emission":
                error = amplitude_damping_error(-np.expm1(-request["rate"] * time))
            noise = NoiseModel()
            noise.add_all_qubit_quantum_error(error, "rz")
            estimator = EstimatorV2(
                options={"backend_options": {"noise_model": noise, "method": "density_matrix", "seed_simulator": 1}}
            )
            fisher = QFI(LinCombQGT(estimator, precision=0.0))  # 0: expectation values without shot noise
            gains.append(fisher.run([circuit], [[0.3]]).result().qfis[0][0][0])
        return gains

    return solve


if __name__ == "__main__":
    serve(prepare, ["qiskit-algorithms", "qiskit-aer"])
