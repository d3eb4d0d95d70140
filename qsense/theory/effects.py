"""The matrices of a readout."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np

from qsense.errors import ArgumentError
from qsense.numerics.fisher import ComplexArray, FloatArray
from qsense.probes import Probe
from qsense.theory.dense import NUM_QUBITS

Povm = Sequence[ComplexArray | FloatArray] | ComplexArray | FloatArray
_COMPLETE = 1e-9


def effects_of(probe: Probe, readout: str | Povm) -> ComplexArray:
    """Returns the matrices of a readout, shape (outcomes, 2^N, 2^N).

    Args:
        probe: of N spins; a GHZ probe beside "loss_flag".
        readout: its name, or the matrices of a POVM.

    Raises:
        ArgumentError: N is too large, or the matrices are not a POVM.

    >>> effects_of(Probe.ghz(2), "parity").shape
    (2, 4, 4)
    """
    n = probe.num_qubits
    if n > NUM_QUBITS:
        raise ArgumentError(f"This readout needs matrices of 2^{n} rows; at most {NUM_QUBITS} spins are supported.")
    if not isinstance(readout, str):
        return _povm(n, readout)
    if readout == "loss_flag":
        return _of_block(probe)
    spin = np.eye(2) if readout == "z" else np.array([[1.0, -1.0], [1.0, 1.0]])  # rows: down, up along x, times √2
    basis = reduce(np.kron, [spin] * n)
    joint = basis[:, :, None] * basis[:, None, :] / (1 if readout == "z" else 2**n)  # exact in binary
    if readout in ("local_x", "z"):
        return np.asarray(joint, dtype=np.complex128)
    ups = np.bitwise_count(np.arange(2**n))
    kind = ups if readout == "total_jx" else ups % 2
    return np.array([joint[kind == value].sum(0) for value in np.unique(kind)], dtype=np.complex128)


def _of_block(probe: Probe) -> ComplexArray:
    """(|b> ± |not b>)/√2, and all other states."""
    size = 2**probe.num_qubits
    up = int(np.sum(2 ** np.flatnonzero(probe.branch > 0)))
    halves = np.zeros((2, size, size), dtype=np.complex128)
    for half, sign in zip(halves, (1, -1), strict=True):
        half[up, up] = half[size - 1 - up, size - 1 - up] = 0.5
        half[up, size - 1 - up] = half[size - 1 - up, up] = 0.5 * sign
    return np.array([*halves, np.eye(size) - halves.sum(0)])


def _povm(n: int, matrices: Povm) -> ComplexArray:
    effects = np.asarray(matrices, dtype=np.complex128)
    if effects.ndim != 3 or effects.shape[1:] != (2**n, 2**n):
        raise ArgumentError(f"A POVM of {n} spins must have shape (outcomes, {2**n}, {2**n}), but has {effects.shape}.")
    hermitian = np.allclose(effects, np.swapaxes(effects.conj(), 1, 2), rtol=0, atol=_COMPLETE)
    if not hermitian or float(np.linalg.eigvalsh(effects).min()) < -_COMPLETE:
        raise ArgumentError("The matrices of a POVM must be Hermitian and positive.")
    if not np.allclose(effects.sum(0), np.eye(2**n), rtol=0, atol=_COMPLETE):
        raise ArgumentError("The matrices of a POVM must add up to the identity.")
    return effects
