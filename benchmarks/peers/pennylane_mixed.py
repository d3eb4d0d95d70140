"""pennylane's `default.mixed` as a simulator of channels, one circuit a time, and the QFI of its states."""

import numpy as np
from exchange import serve, statevector
from fisher import gain


def prepare():
    import pennylane

    def solve(request):
        num_qubits = request["num_qubits"]
        state, generator = statevector(request)
        channel, rate = pennylane.PhaseDamping, 4 * request["rate"]
        if request["kind"] == "emission":
            channel, rate = pennylane.AmplitudeDamping, request["rate"]

        @pennylane.qnode(pennylane.device("default.mixed", wires=num_qubits))
        def circuit(strength):
            pennylane.StatePrep(state, wires=range(num_qubits))
            for wire in range(num_qubits):
                channel(strength, wires=wire)
            return pennylane.state()

        return [gain(circuit(-np.expm1(-rate * time)), generator) for time in request["times"]]

    return solve


if __name__ == "__main__":
    serve(prepare, ["pennylane"])
