"""An independent referee for worlds: the Lindblad equation by matrix exponentials, spins really flipped by the pulses,
noise of the phase by direct double integrals over the window, the QFI from the SLD's linear equation. It shares nothing
with qsense.

Index k of a basis state has spin j in its bit j, 1 is up; a qubit's Z is +1 for 0.
"""

from functools import reduce
from itertools import pairwise

import numpy as np
from scipy.linalg import expm, lstsq

Z, LOWER = np.diag([1.0, -1.0]), np.array([[0.0, 1.0], [0.0, 0.0]])
X, Y = np.array([[0.0, 1.0], [1.0, 0.0]]), np.array([[0.0, -1j], [1j, 0.0]])


def on(operators, size):
    """The product of operators {spin: matrix} on all spins."""
    return reduce(np.kron, [operators.get(spin, np.eye(2)) for spin in reversed(range(size))])


def generator(weights):
    """K = ½ Σ w_j Z_j."""
    return sum(0.5 * weight * on({spin: Z}, len(weights)) for spin, weight in enumerate(weights))


def commutator(hamiltonian):
    one = np.eye(len(hamiltonian))
    return -1j * (np.kron(hamiltonian, one) - np.kron(one, hamiltonian.T))


def dissipator(rate, jump):
    square, one = jump.conj().T @ jump, np.eye(len(jump))
    return rate * (np.kron(jump, jump.conj()) - 0.5 * (np.kron(square, one) + np.kron(one, square.T)))


def local_liouvillian(size, emission=(), absorption=(), dephasing=(), transverse=()):
    total = np.zeros((4**size, 4**size), dtype=complex)
    for rates, matrix in ((emission, LOWER), (absorption, LOWER.T), (dephasing, Z), (transverse, X)):
        for spin, rate in enumerate(rates):
            total += dissipator(rate, on({spin: matrix}, size))
    return total


def shared_liouvillian(covariance, rate):
    """White noise of a spatial covariance: L = Σ_j v_j Z_j of every eigenvector v, at `rate` times its eigenvalue."""
    size = len(covariance)
    values, vectors = np.linalg.eigh(covariance)
    total = np.zeros((4**size, 4**size), dtype=complex)
    for value, vector in zip(values, vectors.T, strict=True):
        total += dissipator(rate * max(value, 0), sum(v * on({j: Z}, size) for j, v in enumerate(vector)))
    return total


def coupled(size, zz, dipolar):
    """½ Σ χ ZZ + Σ D/4 (2ZZ − XX − YY) over pairs i < j."""
    total = np.zeros((2**size, 2**size), dtype=complex)
    for i in range(size):
        for j in range(i + 1, size):
            pair = {name: on({i: a, j: a}, size) for name, a in (("x", X), ("y", Y), ("z", Z))}
            total += 0.5 * zz[i][j] * pair["z"] + dipolar[i][j] / 4 * (2 * pair["z"] - pair["x"] - pair["y"])
    return total


def after_pulses(rho, liouvillian, time, instants):
    """ρ after a window in which every spin is flipped at these parts of it."""
    size = len(rho).bit_length() - 1
    flip, edges = on(dict.fromkeys(range(size), X), size), [0.0, *instants, 1.0]
    for place, (start, end) in enumerate(pairwise(edges)):
        rho = (expm(liouvillian * time * (end - start)) @ rho.ravel()).reshape(rho.shape)
        if place < len(instants):
            rho = flip @ rho @ flip
    return rho


def toggling(instants):
    """Edges and signs of the pieces in which y(t) is +1 or −1."""
    edges = np.unique([0.0, *instants, 1.0])
    return edges, np.where(np.arange(len(edges) - 1) % 2 == 0, 1.0, -1.0)


def variance(correlation, time, instants):
    """∫∫ y y' C(t−t') dt dt' by Gauss's rule on every pair of pieces, the diagonal split."""
    edges, signs = toggling(instants)
    nodes, weights = np.polynomial.legendre.leggauss(60)
    nodes, weights, total = (nodes + 1) / 2, weights / 2, 0.0
    for a in range(len(signs)):
        for b in range(len(signs)):
            one, other = edges[a : a + 2] * time, edges[b : b + 2] * time
            if a != b:
                x, y = (pair[0] + (pair[1] - pair[0]) * nodes for pair in (one, other))
                area = (one[1] - one[0]) * (other[1] - other[0])
                part = area * weights @ correlation(np.abs(x[:, None] - y[None])) @ weights
            else:  # 2 ∫ (L − τ) C(τ) dτ
                length = one[1] - one[0]
                part = 2 * length**2 * weights @ ((1 - nodes) * correlation(length * nodes))
            total += signs[a] * signs[b] * part
    return float(total)


def weight(signal, time, instants):
    """(1/t) ∫ y s dt by Gauss's rule."""
    edges, signs = toggling(instants)
    nodes, weights = np.polynomial.legendre.leggauss(80)
    nodes, weights = (nodes + 1) / 2, weights / 2
    parts = [(b - a) * weights @ signal((a + (b - a) * nodes) * time) for a, b in pairwise(edges)]
    return float(np.dot(signs, parts))


def dephased(rho, covariance):
    """ρ_kl exp(−½ dᵀXd), element by element."""
    size, found = len(rho).bit_length() - 1, rho.astype(complex)
    for k in range(len(rho)):
        for other in range(len(rho)):
            d = np.array([((other >> j & 1) - (k >> j & 1)) for j in range(size)], dtype=float)
            found[k, other] *= np.exp(-0.5 * d @ covariance @ d)
    return found


def information(rho, slope):
    """Tr ∂ρ X with ∂ρ = (ρX + Xρ)/2 solved as a linear system."""
    one = np.eye(len(rho))
    system = 0.5 * (np.kron(rho, one) + np.kron(one, rho.T))
    return float(np.trace(slope @ lstsq(system, slope.ravel())[0].reshape(rho.shape)).real)


def carried(rho, liouvillian, weights, field, time):
    """ρ and ∂_φρ where the field does not commute with the rest, integrated together."""
    drive, size = commutator(generator(weights)), len(liouvillian)
    block = np.zeros((2 * size, 2 * size), dtype=complex)
    block[:size, :size] = block[size:, size:] = liouvillian + field * drive
    block[size:, :size] = drive
    end = expm(block * time) @ np.concatenate([rho.ravel(), np.zeros(size)])
    return end[:size].reshape(rho.shape), end[size:].reshape(rho.shape)
