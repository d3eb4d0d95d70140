"""cavsqueeze: the gain that one-axis squeezing leaves for a mean value's slope, N/ξ²_R, under dephasing.

Its manual's way for spins that are alike: one class of N spins from a product state, twisted without noise to the
angle `twist` and left to dephase, both by its cumulant equations, which drop correlations of three spins.
"""

import numpy as np
from exchange import serve


def prepare():
    from cavsqueeze.cumulant import Rates, evolve, product_state, rotate, wineland_xi2

    def solve(request):
        size, times = request["num_qubits"], request["times"]
        alike = {"delta": np.zeros(1), "G": np.ones(1), "n": np.array([float(size)]), "Gd": 0.0, "Gu": 0.0}
        # χ J+J− twists by exp(−iχt J_z²) up to a rotation; `twist` is the angle μ = 2χt.
        twisted = evolve(
            product_state(1, [1.0, 0.0, 0.0]), Rates(chi1=1.0, gamma_phi=0.0, **alike), request["twist"] / 2
        )
        turned = rotate(twisted, [1.0, 0.0, 0.0], -wineland_xi2(twisted, alike["n"])[1])  # squeezed in the equator
        quiet = Rates(chi1=0.0, gamma_phi=2 * request["rate"], **alike)
        states = evolve(turned, quiet, times[-1], t_eval=times)
        return [size / wineland_xi2(one, alike["n"])[0] for one in states]

    return solve


if __name__ == "__main__":
    serve(prepare, ["cavsqueeze"])
