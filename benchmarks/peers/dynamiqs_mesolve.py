"""dynamiqs's master-equation solver on the processor, and the QFI of its states.

`way`: "manual" is the documented way, in single precision, with a Hamiltonian φJ_z and the default method; "best" is
double precision without a Hamiltonian (it changes no gain) and the fastest method, with the tolerances of the request.
What it compiles is kept for the next call; the first one, which compiles, is not among the pairs.
"""

import numpy as np
from exchange import serve, statevector
from fisher import gain


def prepare():
    import jax

    jax.config.update("jax_platforms", "cpu")
    import dynamiqs

    def solve(request):
        num_qubits, manual = request["num_qubits"], request["way"] == "manual"
        dynamiqs.set_precision("single" if manual else "double")
        dynamiqs.set_progress_meter(False)
        state, generator = statevector(request)
        # Index 1 of a qubit is up: emission takes it to index 0.
        jump = dynamiqs.sigmaz() if request["kind"] == "dephasing" else dynamiqs.destroy(2)
        jumps = [np.sqrt(request["rate"]) * on(dynamiqs, jump, spin, num_qubits) for spin in range(num_qubits)]
        system = dynamiqs.zeros(*[2] * num_qubits)
        method = dynamiqs.method.Dopri8(rtol=request.get("rtol", 1e-6), atol=request.get("atol", 1e-6))
        if manual:
            spins = (on(dynamiqs, dynamiqs.sigmaz(), spin, num_qubits) for spin in range(num_qubits))
            system, method = request["field"] / 2 * sum(spins), dynamiqs.method.Tsit5()
        start = dynamiqs.asqarray(np.outer(state, state.conj()).astype(complex), dims=(2,) * num_qubits)
        found = dynamiqs.mesolve(system, jumps, start, [0.0, *request["times"]], method=method)
        return [gain(rho, generator, keep_complex=manual) for rho in np.asarray(found.states.to_jax())[1:]]

    return solve


def on(dynamiqs, operator, spin, num_qubits):
    return dynamiqs.tensor(*[operator if j == spin else dynamiqs.eye(2) for j in range(num_qubits)])


if __name__ == "__main__":
    serve(prepare, ["dynamiqs", "jax"])
