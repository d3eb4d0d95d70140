"""QMetro++ (GPL, in the peers' environment alone): the bound on G of N spins with ancillas, and the best G of all.

`what`: "bound" is `par_bounds`, by a semidefinite program for the one N asked for; "best" the see-saw search for the
best state of N spins without ancillas, `iss_parallel_qfi`. One number for each time.
"""

import contextlib
import io

import numpy as np
from exchange import serve


def prepare():
    from qmetro import ParamChannel, iss_parallel_qfi
    from qmetro.bounds.bounds import par_bound_single_n

    def solve(request):
        found = []
        for time in request["times"]:
            channel = ParamChannel(**kraus(request, time))
            if request["what"] == "bound":
                found.append(par_bound_single_n(channel, request["num_qubits"]))
            else:
                with contextlib.redirect_stdout(io.StringIO()):
                    found.append(iss_parallel_qfi(channel, request["num_qubits"], 1)[0])
        return found

    return solve


def kraus(request, time):
    """Returns the Kraus operators of noise and a rotation about z, and their derivatives at angle 0."""
    elapsed = request["rate"] * time
    z = np.diag([1.0, -1.0]).astype(complex)
    if request["kind"] == "dephasing":
        flipped = -np.expm1(-2 * elapsed) / 2
        operators = [np.sqrt(1 - flipped) * np.eye(2), np.sqrt(flipped) * z]
    else:
        lost = -np.expm1(-elapsed)
        operators = [np.diag([np.sqrt(1 - lost), 1.0]), np.array([[0.0, 0.0], [np.sqrt(lost), 0.0]])]  # 0 is up
    operators = [one.astype(complex) for one in operators]
    return {"krauses": operators, "dkrauses": [-0.5j * z @ one for one in operators]}


if __name__ == "__main__":
    serve(prepare, ["qmetro", "cvxpy"])
