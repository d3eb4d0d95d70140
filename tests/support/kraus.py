"""A referee of NumPy alone: Kraus operators on the whole space, and the quantum Fisher information from eigenvalues."""

import numpy as np


def kraus(dephasing, emission, absorption, time):
    """Kraus operators of one spin, |0> (down) first: relaxation to its equilibrium, then flips of the phase."""
    total = emission + absorption
    lost = -np.expm1(-total * time)
    up = absorption / total if total else 0.0
    kept = np.sqrt(1 - lost)
    relaxing = [
        np.sqrt(1 - up) * np.diag([1.0, kept]),
        np.sqrt(1 - up) * np.array([[0.0, np.sqrt(lost)], [0.0, 0.0]]),
        np.sqrt(up) * np.diag([kept, 1.0]),
        np.sqrt(up) * np.array([[0.0, 0.0], [np.sqrt(lost), 0.0]]),
    ]
    flip = -np.expm1(-2 * dephasing * time) / 2
    return [
        phase @ one
        for one in relaxing
        for phase in (np.sqrt(1 - flip) * np.eye(2), np.sqrt(flip) * np.diag([1.0, -1.0]))
    ]


def gain_by_hand(state, rates, time, weights=None, collective=0.0):
    """G of a state vector about φ: spin j is bit j, `rates` has (dephasing, emission, absorption) of each spin."""
    size = len(rates)
    rho = np.outer(state, np.conj(state)).astype(complex)
    for spin, one in enumerate(rates):
        whole = [np.kron(np.kron(np.eye(2 ** (size - 1 - spin)), k), np.eye(2**spin)) for k in kraus(*one, time)]
        rho = sum(k @ rho @ k.conj().T for k in whole)
    signs = 1.0 - 2 * (np.arange(2**size)[:, None] >> np.arange(size) & 1)
    rho = rho * np.exp(-2 * collective * time * np.subtract.outer(signs.sum(1) / 2, signs.sum(1) / 2) ** 2)
    generator = signs @ (np.ones(size) if weights is None else np.array(weights)) / 2
    values, vectors = np.linalg.eigh(rho)
    values = np.maximum(values, 0)
    moved = vectors.conj().T @ (generator[:, None] * vectors)
    sums, differences = np.add.outer(values, values), np.subtract.outer(values, values)
    return 2 * np.sum(
        np.divide(differences**2, sums, out=np.zeros_like(sums), where=sums > 1e-300) * np.abs(moved) ** 2
    )


def integral_by_hand(state, rates, weights=None, nodes=40):
    """𝓘 by Gauss–Legendre nodes in e^{−at}, with a the slowest decay of a spin's own gain."""
    slowest = min(4 * d + e + a for d, e, a in rates)
    x, w = np.polynomial.legendre.leggauss(nodes)
    u = (x + 1) / 2
    return sum(
        one / (2 * slowest * at) * gain_by_hand(state, rates, -np.log(at) / slowest, weights)
        for one, at in zip(w, u, strict=True)
    )
