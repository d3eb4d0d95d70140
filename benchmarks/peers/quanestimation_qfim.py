"""quanestimation's `QFIM` on the exact state and derivative of a probe under noise.

Its package starts (and would download) a Julia when imported, for its optimisers; QFIM itself is NumPy. An empty
stand-in replaces that bridge.
"""

import sys
from unittest.mock import MagicMock

import numpy as np
from exchange import serve, statevector


def prepare():
    sys.modules.setdefault("juliacall", MagicMock())
    from quanestimation import QFIM

    def solve(request):
        gains = []
        for time in request["times"]:
            rho, generator = noisy(request, time)
            slope = -1j * (generator[:, None] - generator) * rho
            gains.append(QFIM(rho, [slope]))
        return gains, "juliacall replaced by a stand-in"

    return solve


def noisy(request, time):
    """Returns ρ(t), each spin's channel applied to the exact state, and the diagonal of J_z."""
    num_qubits = request["num_qubits"]
    state, generator = statevector(request)
    elapsed = request["rate"] * time
    lost = 0.0 if request["kind"] == "dephasing" else -np.expm1(-elapsed)
    coherence = np.exp(-2 * elapsed if request["kind"] == "dephasing" else -elapsed / 2)
    rho = np.outer(state, state.conj()).astype(complex).reshape((2,) * (2 * num_qubits))
    for spin in range(num_qubits):
        part = np.moveaxis(rho, (spin, num_qubits + spin), (0, 1))  # a view: index 1 is up
        part[0, 0] += lost * part[1, 1]
        part[1, 1] *= 1 - lost
        part[0, 1] *= coherence
        part[1, 0] *= coherence
    return rho.reshape((2**num_qubits,) * 2), generator


if __name__ == "__main__":
    serve(prepare, ["quanestimation"])
