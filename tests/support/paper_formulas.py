"""The paper's own formulas, written out anew from its text (arXiv:2512.21661v1): no code of qsense.

Up is |0> and comes first, as in the paper; its first spin is the leftmost digit. Times enter as γt, fields as φt.
"""

from itertools import pairwise

import numpy as np


def signs(num_spins):
    """(−1)^{k_j} of basis state k and spin j, shape (2^N, N)."""
    return 1.0 - 2 * (np.arange(2**num_spins)[:, None] >> np.arange(num_spins)[::-1] & 1)


def ghz(num_spins):
    state = np.zeros(2**num_spins)
    state[[0, -1]] = np.sqrt(0.5)
    return state


def plus(num_spins):
    return np.full(2**num_spins, 2.0 ** (-num_spins / 2))


def dicke(amplitudes):
    """The symmetric state with these amplitudes by number of spins down."""
    num_spins = len(amplitudes) - 1
    downs = (signs(num_spins) < 0).sum(1)
    return np.asarray(amplitudes)[downs] / np.sqrt(np.bincount(downs))[downs]


def random_state(num_spins, seed):
    rng = np.random.default_rng(seed)
    state = rng.normal(size=2**num_spins) + 1j * rng.normal(size=2**num_spins)
    return state / np.linalg.norm(state)


def dephased(state, gamma_t, phi_t=0.0):
    """Eq. 7; γt one number, or one per spin as in Eq. 22."""
    s = signs(len(state).bit_length() - 1)
    decay = -(np.asarray(gamma_t) * (1 - s[:, None] * s[None])).sum(-1)
    turn = -0.5j * phi_t * np.subtract.outer(s.sum(1), s.sum(1))
    return np.outer(state, state.conj()) * np.exp(decay + turn)


def emitted(state, gamma_t, phi_t=0.0):
    """Eq. 35, the superoperators one after another, between e^{At} of the text above Eq. 34."""
    num_spins = len(state).bit_length() - 1
    rho = np.outer(state, state.conj())
    for spin in range(num_spins):
        lower = np.kron(np.kron(np.eye(2**spin), [[0, 0], [1, 0]]), np.eye(2 ** (num_spins - 1 - spin)))
        rho = rho + (1 - np.exp(-gamma_t)) * lower @ rho @ lower.T
    total = signs(num_spins).sum(1)
    grown = np.exp(-0.5j * phi_t * total - num_spins * gamma_t / 4 - gamma_t / 4 * total)
    return grown[:, None] * rho * grown.conj()


def gain(rho):
    """Eq. 9, second line, over t²."""
    values, vectors = np.linalg.eigh(rho)
    moved = vectors.conj().T @ (signs(len(rho).bit_length() - 1).sum(1)[:, None] * vectors)
    sums = np.add.outer(values, values)
    inside = sums > 1e-13
    return 0.5 * (np.subtract.outer(values, values)[inside] ** 2 / sums[inside] * np.abs(moved[inside]) ** 2).sum()


def ghz_gain_under_emission(num_spins, gamma_t):
    """Eq. 49."""
    x = np.exp(-gamma_t)
    return 2 * num_spins**2 * x**num_spins / (1 + (1 - x) ** num_spins + x**num_spins)


def integral(function, last=60.0):
    """∫₀^last in pieces, by scipy."""
    from scipy.integrate import quad

    edges = [0.0, 0.02, 0.1, 0.5, 2.0, 8.0, last]
    return sum(quad(function, a, b, epsabs=1e-13, epsrel=1e-12)[0] for a, b in pairwise(edges))
