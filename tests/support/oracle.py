"""An independent referee: the Lindblad equation of the paper by matrix exponentials, and the QFI from the SLD's
linear equation. It shares no code and no formula with qsense: spins are kept as operators on the full space, up is the
first basis vector as in the paper, and the field's derivative is integrated together with the state.
"""

from functools import reduce

import numpy as np
from scipy.linalg import expm, lstsq

UP_DOWN = {
    "z": np.diag([1.0, -1.0]),
    "lower": np.array([[0.0, 0.0], [1.0, 0.0]]),
    "raise": np.array([[0.0, 1.0], [0.0, 0.0]]),
    "x": np.array([[0.0, 1.0], [1.0, 0.0]]),
    "y": np.array([[0.0, -1j], [1j, 0.0]]),
}


def on(operator, spin, num_spins):
    """The operator of one spin on all of them."""
    factors = [np.eye(2)] * num_spins
    factors[spin] = operator
    return reduce(np.kron, factors)


def liouvillian(num_spins, field, dephasing, emission, absorption, transverse=(), collective=0.0, coupling=None):
    """d vec(ρ)/dt = L vec(ρ), with row-major vec; rates per spin, L = 2J_z collectively, H = ½ Σ_{i<j} χ_ij σ_i σ_j."""
    dim = 2**num_spins
    one = np.eye(dim)
    sigmas = [on(UP_DOWN["z"], j, num_spins) for j in range(num_spins)]
    hamiltonian = field * sum(sigmas) / 2
    if coupling is not None:
        for i in range(num_spins):
            for j in range(i + 1, num_spins):
                hamiltonian = hamiltonian + 0.5 * coupling[i][j] * sigmas[i] @ sigmas[j]
    jumps = [(collective, sum(sigmas))]
    for name, rates in (("z", dephasing), ("lower", emission), ("raise", absorption), ("x", transverse)):
        jumps += [(rate, on(UP_DOWN[name], spin, num_spins)) for spin, rate in enumerate(rates)]
    total = -1j * (np.kron(hamiltonian, one) - np.kron(one, hamiltonian.T))
    for rate, jump in jumps:
        square = jump.T @ jump
        total = total + rate * (np.kron(jump, jump) - 0.5 * (np.kron(square, one) + np.kron(one, square)))
    return total


def state_and_slope(psi, time, field, *noise):
    """ρ(t) and ∂ρ(t)/∂φ: the derivative follows the same equation, driven by −i[J_z, ρ]."""
    num_spins = len(psi).bit_length() - 1
    full = liouvillian(num_spins, field, *noise)
    drive = liouvillian(num_spins, 1.0, [], [], [])
    size = len(full)
    block = np.zeros((2 * size, 2 * size), dtype=complex)
    block[:size, :size] = block[size:, size:] = full
    block[size:, :size] = drive
    start = np.concatenate([np.outer(psi, psi.conj()).ravel(), np.zeros(size)])
    end = expm(block * time) @ start
    dim = len(psi)
    return end[:size].reshape(dim, dim), end[size:].reshape(dim, dim)


def gain(psi, time, field, *noise):
    """Q/t² with X from ∂ρ = (ρX + Xρ)/2, solved as a linear system."""
    return information(*state_and_slope(psi, time, field, *noise)) / time**2


def information(rho, slope):
    """Q = Tr ∂ρ X."""
    one = np.eye(len(rho))
    system = 0.5 * (np.kron(rho, one) + np.kron(one, rho.T))
    sld = lstsq(system, slope.ravel())[0].reshape(rho.shape)
    return float(np.trace(slope @ sld).real)


def in_paper_order(state):
    """A state vector of qsense (bit j is spin j, up is 1) in the referee's order (spin 0 first, up is first)."""
    num_spins = len(state).bit_length() - 1
    tensor = state.reshape((2,) * num_spins)  # axis k is spin N−1−k
    return np.flip(tensor.transpose(range(num_spins - 1, -1, -1))).ravel()


def matrix_in_paper_order(rho):
    """A density matrix of qsense in the referee's order."""
    places = in_paper_order(np.arange(len(rho)))
    return rho[np.ix_(places, places)]
