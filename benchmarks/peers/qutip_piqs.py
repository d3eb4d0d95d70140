"""qutip's permutation-invariant solver (piqs), and the QFI of its states block by block.

`way`: "manual" gives the Lindbladian of `Dicke` to `mesolve` with its default method; "best" does so with the fastest
method; "by hand" cuts the Lindbladian down to the entries that ever differ from zero (those within one block of total
spin), drops the imaginary part where there is none, and integrates with SciPy: piqs's equations, not its documented
use. `pisolve` takes diagonal states only, and those have no gain.
"""

import numpy as np
from exchange import amplitudes, serve
from fisher import gain


def prepare():
    import qutip
    from qutip.piqs.piqs import Dicke
    from scipy.integrate import solve_ivp

    def solve(request):
        num_qubits, rate = request["num_qubits"], request["rate"]
        # piqs dephases with σ_z/2, the paper with σ_z.
        rates = {"dephasing": 4 * rate} if request["kind"] == "dephasing" else {"emission": rate}
        generator = Dicke(num_qubits, **rates).lindbladian()
        state = amplitudes(request)[::-1]  # piqs starts with the largest spin, all up
        sizes = np.arange(num_qubits + 1, 0, -2)
        start = np.zeros((sizes.sum(),) * 2, dtype=state.dtype)
        start[: num_qubits + 1, : num_qubits + 1] = np.outer(state, state.conj())
        if request["way"] == "by hand":
            matrices = by_hand(solve_ivp, generator, start, sizes, request)
        else:
            options = {"store_states": True, "progress_bar": "", "nsteps": 10**7}
            options |= {key: request[key] for key in ("atol", "rtol", "method") if key in request}
            found = qutip.mesolve(generator, qutip.Qobj(start), [0.0, *request["times"]], options=options)
            matrices = (rho.full() for rho in found.states[1:])
        return [blockwise(rho, sizes) for rho in matrices]

    return solve


def by_hand(solve_ivp, generator, start, sizes, request):
    """Yields ρ at every time, from the equations of the blocks alone."""
    block = np.repeat(np.arange(len(sizes)), sizes)
    kept = np.flatnonzero((block[:, None] == block).ravel(order="F"))
    matrix = generator.data.as_scipy()[kept][:, kept].real.tocsr()
    found = solve_ivp(
        lambda _, entries: matrix @ entries,
        (0.0, request["times"][-1]),
        start.ravel(order="F")[kept],
        method=request["method"],
        t_eval=request["times"],
        atol=request["atol"],
        rtol=request["rtol"],
    )
    for entries in found.y.T:
        rho = np.zeros(start.size, dtype=entries.dtype)
        rho[kept] = entries
        yield rho.reshape(start.shape, order="F")


def blockwise(rho, sizes):
    total, first = 0.0, 0
    for size in sizes:
        part = slice(first, first + size)
        total += gain(rho[part, part], (size - 1) / 2 - np.arange(size))
        first += size
    return total


if __name__ == "__main__":
    serve(prepare, ["qutip"])
