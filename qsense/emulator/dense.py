"""Exact probabilities of all outcomes of at most ten spins, all rows of settings at once.

The prepared state is a tensor of Pauli expectation values, one axis of length 4 a spin, real. A row's probabilities are
its contraction with one effect a spin; rows that begin with the same effects share the contraction so far, as in a
tree, so that the 3^N bases of a tomography cost little more than their outcomes' number. Noise that spins share, and
couplings that commute, multiply the entries of ρ before; what does not commute with the field takes one state for every
vector of phases.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from qsense.circuits.sensing import Experiment, Settings
from qsense.emulator import effects, lindblad
from qsense.emulator.window import Window
from qsense.numerics.fisher import ComplexArray, FloatArray
from qsense.probes import Probe

NUM_QUBITS = 10
_CHUNK_BYTES = 2**27
_DECIMALS = 12  # effects that agree to this are one

_TO_PAULI = effects.PAULIS.transpose(0, 2, 1).reshape(4, 4)  # Tr(P ρ)
_FROM_PAULI = effects.PAULIS.reshape(4, 4).T / 2  # ρ = Σ_P Tr(P ρ) P / 2


def probabilities(
    experiment: Experiment, settings: Settings, window: Window, confusions: FloatArray
) -> Iterator[FloatArray]:
    """Yields the probabilities of all 2^N outcomes, row by row, in blocks of shape (some rows, 2^N) that fit in memory.

    Args:
        experiment: at most 10 spins, any ending.
        settings: phases and directions.
        window: what happens to the spins meanwhile.
        confusions: A[measured, prepared] of each spin, shape (spins, 2, 2).
    """
    size, probe, channel = experiment.probe.num_qubits, experiment.probe, window.channel
    if channel is None:
        lindblad.check(window.model, size)
    factor = None if channel is None else window.schur(size)
    tensor = prepared(probe) if factor is None else to_pauli(np.asarray(factor * _state(probe)))
    step = max(1, _CHUNK_BYTES // (16 * 4 ** (size - 1)))
    for start in range(0, len(settings), step):
        part = settings[start : start + step]
        if channel is not None and (experiment.ending == "directions" or probe.kind == "product"):
            yield contract(tensor, effects.of_preparation(experiment, part, channel, confusions))
        else:
            yield _state_by_state(experiment, part, window, tensor, confusions)


@lru_cache(maxsize=4)
def prepared(probe: Probe) -> FloatArray:
    """Returns the Pauli expectation values of the prepared state, shape (4,)·N, spin N−1 first.

    >>> prepared(Probe.product(1)).round(12) + 0.0
    array([1., 1., 0., 0.])
    """
    tensor = to_pauli(_state(probe))
    tensor.setflags(write=False)
    return tensor


def _state(probe: Probe) -> ComplexArray:
    return probe.density_matrix()


def to_pauli(rho: ComplexArray) -> FloatArray:
    """Returns Tr(P ρ) for all products P of Pauli matrices, shape (4,)·N, spin N−1 first; ρ has shape (2^N, 2^N)."""
    size = len(rho).bit_length() - 1
    tensor = rho.reshape((2,) * (2 * size))
    pairs = [axis for k in range(size) for axis in (k, size + k)]
    tensor = tensor.transpose(pairs).reshape((4,) * size)
    for _ in range(size):
        tensor = np.tensordot(tensor, _TO_PAULI, axes=(0, 1))
    return np.ascontiguousarray(tensor.real)


def from_pauli(tensor: FloatArray) -> ComplexArray:
    """Returns ρ of shape (2^N, 2^N) from its Pauli expectation values."""
    size, rho = tensor.ndim, tensor.astype(np.complex128)
    for _ in range(size):
        rho = np.tensordot(rho, _FROM_PAULI, axes=(0, 1))
    axes = [*range(0, 2 * size, 2), *range(1, 2 * size, 2)]
    return np.asarray(rho.reshape((2, 2) * size).transpose(axes).reshape(2**size, 2**size))


def contract(tensor: FloatArray, up: FloatArray) -> FloatArray:
    """Returns the probabilities of all outcomes for every row of effects.

    Probabilities are exact to rounding; negative ones of −1e-16 become 0, and a row's sum is divided out.

    Args:
        tensor: Pauli expectation values, shape (4,)·N, spin N−1 first.
        up: effects of "up", shape (rows, N, 4).

    Returns:
        shape (rows, 2^N); bit j of the outcome is spin j.
    """
    rows, size, _ = up.shape
    branch = np.zeros(rows, dtype=np.int64)  # which contraction a row has come to
    partial = tensor.reshape(1, 1, -1)  # (branches, outcomes so far, what is left)
    for spin in range(size - 1, -1, -1):
        choice, distinct = _distinct(up[:, spin])
        codes, branch = np.unique(branch * len(distinct) + choice, return_inverse=True)
        parent, effect = np.divmod(codes, len(distinct))
        left = partial.reshape(len(partial), partial.shape[1], 4, -1)
        pair = np.stack([np.array([1.0, 0, 0, 0]) - distinct, distinct], axis=1)
        partial = (pair[effect][:, None] @ left[parent]).reshape(len(codes), 2 * left.shape[1], -1)
    leaves = np.maximum(partial[:, :, 0], 0)
    return np.asarray((leaves / leaves.sum(1, keepdims=True))[branch])


def _distinct(vectors: FloatArray) -> tuple[NDArray[np.int64], FloatArray]:
    """For every row of an array which of the distinct rows it is, and these."""
    rounded = np.round(vectors, _DECIMALS) + 0.0
    order = np.lexsort(rounded.T)
    sorted_rows = rounded[order]
    is_new = np.append(True, np.any(sorted_rows[1:] != sorted_rows[:-1], axis=1))
    group = np.empty(len(order), dtype=np.int64)
    group[order] = np.cumsum(is_new) - 1
    return group, vectors[order[is_new]]


def _state_by_state(
    experiment: Experiment, settings: Settings, window: Window, start: FloatArray, confusions: FloatArray
) -> FloatArray:
    """Probabilities where the ending entangles the spins, or noise does not commute: one state for each of the phases.

    Args:
        experiment, settings, window, confusions: as in `probabilities`.
        start: Pauli expectation values before the spins' own channels.
    """
    up, size = effects.measured(settings, confusions), experiment.probe.num_qubits
    undo = _ending(experiment)
    out = np.empty((len(settings), 2**size))
    phases, which = np.unique(settings.phases, axis=0, return_inverse=True)
    for number, vector in enumerate(phases):
        if window.channel is None:
            rho = lindblad.evolved(_state(experiment.probe), window.model, window.time, vector)
        else:
            tensor = start
            # Each pass takes the first axis, spin N−1 to begin with, and puts it last.
            for matrix in effects.sensing(vector[None], window.channel)[0, ::-1]:
                tensor = np.tensordot(tensor, matrix, axes=(0, 1))
            rho = from_pauli(tensor)
        rows = np.flatnonzero(which.ravel() == number)
        out[rows] = contract(to_pauli(rho if undo is None else undo @ rho @ undo.conj().T), up[rows])
    return out


def _ending(experiment: Experiment) -> ComplexArray | None:
    if experiment.ending == "directions":
        return None
    from qiskit.quantum_info import Operator

    return np.asarray(Operator(experiment.ending_circuit()).data)
