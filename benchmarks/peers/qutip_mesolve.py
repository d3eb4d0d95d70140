"""qutip's master-equation solver on the full space of 2^N, and the QFI of its states.

`way`: "manual" is the documented way: a Hamiltonian φJ_z, a list of collapse operators, the default method, and a
complex eigensolver; "best" is what a friend of qutip would do: no Hamiltonian (it changes no gain), one sparse
Liouvillian built beforehand, the fastest method, real matrices where they are real. `atol` and `rtol` are qutip's
defaults if left out.
"""

import numpy as np
from exchange import serve, statevector
from fisher import gain


def prepare():
    import qutip

    def solve(request):
        num_qubits, manual = request["num_qubits"], request["way"] == "manual"
        state, generator = statevector(request)
        # Index 1 of a qubit is up: emission takes it to index 0.
        jump = qutip.sigmaz() if request["kind"] == "dephasing" else qutip.basis(2, 0) * qutip.basis(2, 1).dag()
        jumps = [np.sqrt(request["rate"]) * on(qutip, jump, spin, num_qubits) for spin in range(num_qubits)]
        start = qutip.Qobj(np.outer(state, state.conj()), dims=[[2] * num_qubits] * 2)
        options = {"store_states": True, "progress_bar": "", "nsteps": 10**7}
        options |= {key: request[key] for key in ("atol", "rtol", "method") if key in request}
        if manual:
            spins = (on(qutip, qutip.sigmaz() / 2, spin, num_qubits) for spin in range(num_qubits))
            system, extra = request["field"] * sum(spins), {"c_ops": jumps}
        else:
            system, extra = sum(qutip.lindblad_dissipator(jump) for jump in jumps), {}
        found = qutip.mesolve(system, start, [0.0, *request["times"]], options=options, **extra)
        return [gain(rho.full(), generator, keep_complex=manual) for rho in found.states[1:]]

    return solve


def on(qutip, operator, spin, num_qubits):
    return qutip.tensor([operator if j == spin else qutip.qeye(2) for j in range(num_qubits)])


if __name__ == "__main__":
    serve(prepare, ["qutip"])
