"""Counts drawn from exact probabilities, for statistical tests: quicker than a simulator, and independent of it."""

import numpy as np

from qsense.theory.dense import density_matrices


def distributions(probe, noise, time, settings):
    """The exact distribution of every row of settings, shape (rows, 2^N)."""
    size = probe.num_qubits
    rho = density_matrices(probe, noise, np.array([time]), np.zeros(1))[0]
    out = np.empty((len(settings), 2**size))
    for row in range(len(settings)):
        full = np.eye(1)
        for spin in range(size):
            turn = ry(-settings.polars[row, spin]) @ rz(settings.phases[row, spin] - settings.azimuths[row, spin])
            full = np.kron(turn, full)
        out[row] = np.einsum("ij,jk,ik->i", full, rho, full.conj(), optimize=True).real
    out = out.clip(0)
    return out / out.sum(1, keepdims=True)


def loss_flag_distributions(probe, noise, time, settings):
    """The same for the readout that undoes the GHZ fan-out: only all-up and all-down come back to the first spin."""
    size = probe.num_qubits
    rho = density_matrices(probe, noise, np.array([time]), np.zeros(1))[0]
    out = np.zeros((len(settings), 2**size))
    for row in range(len(settings)):
        total = settings.phases[row].sum() - settings.azimuths[row, 0]
        block = rho[np.ix_([0, -1], [0, -1])]
        turn = ry(-np.pi / 2) @ rz(total)
        out[row, :2] = np.diag(turn @ block @ turn.conj().T).real
        if size > 1:
            out[row, 2] = 1 - out[row, :2].sum()  # any flagged outcome
    out = out.clip(0)
    return out / out.sum(1, keepdims=True)


def rz(angle):
    return np.diag([np.exp(-0.5j * angle), np.exp(0.5j * angle)])


def ry(angle):
    c, s = np.cos(angle / 2), np.sin(angle / 2)
    return np.array([[c, -s], [s, c]])
