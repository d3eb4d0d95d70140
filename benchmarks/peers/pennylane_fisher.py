"""pennylane's `quantum_fisher` on `default.mixed`: preparation, RZ(θ) on every wire, and the noise as channels."""

import numpy as np
from exchange import serve, statevector


def prepare():
    import pennylane
    from pennylane import numpy as differentiable

    def solve(request):
        num_qubits = request["num_qubits"]
        state, _ = statevector(request)
        channel, rate = pennylane.PhaseDamping, 4 * request["rate"]
        if request["kind"] == "emission":
            channel, rate = pennylane.AmplitudeDamping, request["rate"]

        @pennylane.qnode(pennylane.device("default.mixed", wires=num_qubits))
        def circuit(angle, strength):
            pennylane.StatePrep(state, wires=range(num_qubits))
            for wire in range(num_qubits):
                pennylane.RZ(angle, wires=wire)
            for wire in range(num_qubits):
                channel(strength, wires=wire)
            return pennylane.state()

        angle = differentiable.array(0.3, requires_grad=True)
        fisher = pennylane.gradients.quantum_fisher(circuit)
        strengths = [differentiable.array(-np.expm1(-rate * t), requires_grad=False) for t in request["times"]]
        return [float(np.squeeze(fisher(angle, strength))) for strength in strengths]

    return solve


if __name__ == "__main__":
    serve(prepare, ["pennylane"])
