"""Exact probabilities of all outcomes of at most ten spins, all rows of settings at once.

The prepared state is a tensor of Pauli expectation values, one axis of length 4 a spin, real. A row's probabilities are
its contraction with one effect a spin; rows that begin with the same effects share the contraction so far, as in a
tree, so that the 3^N bases of a tomography cost little more than their outcomes' number. Noise that spins share, and
couplings that commute, multiply the entries of ρ before; what does not commute with the field takes one state for every
vector of phases.

Contractions run on the processor or on a GPU; which rows share what is found on the processor, and a Lindblad equation
is solved there.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsense.circuits.sensing import Experiment, Settings
from qsense.emulator import effects, lindblad
from qsense.emulator.window import Window
from qsense.errors import EngineError
from qsense.numerics.arrays import CPU, Arrays, choose
from qsense.numerics.fisher import ComplexArray, FloatArray
from qsense.probes import Probe

NUM_QUBITS = 10
_CHUNK_BYTES = 2**27
_ROW_BYTES = 32  # of a row on a GPU, for each of 4^N: the tensor, what is left of it, and as much for products
_OUTCOME_SECONDS, _ENDING_SECONDS = 5e-8, 1e-9  # of a processor for an outcome, and for 8^N where an ending entangles
_DECIMALS = 12  # effects that agree to this are one

_TO_PAULI = effects.PAULIS.transpose(0, 2, 1).reshape(4, 4)  # Tr(P ρ)
_ONE = np.array([1.0, 0, 0, 0])
_FROM_PAULI = effects.PAULIS.reshape(4, 4).T / 2  # ρ = Σ_P Tr(P ρ) P / 2


def probabilities(
    experiment: Experiment,
    settings: Settings,
    window: Window,
    confusions: FloatArray,
    engine: str | None = None,
) -> Iterator[FloatArray]:
    """Yields the probabilities of all 2^N outcomes, row by row, in blocks of shape (some rows, 2^N) that fit in memory.

    Args:
        experiment: at most 10 spins, any ending.
        settings: phases and directions.
        window: what happens to the spins meanwhile.
        confusions: A[measured, prepared] of each spin, shape (spins, 2, 2).
        engine: "auto", "cpu" or "gpu"; by default what QSENSE_ENGINE says, else "auto".

    Raises:
        EngineError: a GPU is asked for and is not there, or has too little memory for one row.
    """
    size, probe, channel = experiment.probe.num_qubits, experiment.probe, window.channel
    if channel is None:
        lindblad.check(window.model, size)
    factor = None if channel is None else window.schur(size)
    tensor = prepared(probe) if factor is None else to_pauli(np.asarray(factor * _state(probe)))
    is_tree = channel is not None and (experiment.ending == "directions" or probe.kind == "product")
    seconds = _OUTCOME_SECONDS * 2.0**size + (0.0 if is_tree else _ENDING_SECONDS * 8.0**size)
    arrays = CPU if channel is None else choose(engine, seconds * len(settings), _row_bytes(size))
    step = _rows_together(size, arrays)
    for start in range(0, len(settings), step):
        part = settings[start : start + step]
        if is_tree and channel is not None:
            yield contract(tensor, effects.of_preparation(experiment, part, channel, confusions), arrays)
        else:
            yield _state_by_state(experiment, part, window, tensor, confusions, arrays)


def _row_bytes(size: int) -> float:
    return float(_ROW_BYTES * 4**size)


def _rows_together(size: int, arrays: Arrays) -> int:
    """How many rows fit in memory, whatever they share."""
    if arrays is CPU:
        return max(1, _CHUNK_BYTES // int(4 ** (size + 1)))
    needed = _row_bytes(size)
    fit = int(arrays.free() // needed)
    if not fit:
        raise EngineError(
            f"The emulator takes {needed / 1e9:.2g} GB of a GPU's memory for {size} spins, and "
            f'{arrays.free() / 1e9:.2g} GB are free; free memory, or give engine = "cpu" (QSENSE_ENGINE=cpu).'
        )
    return fit


@lru_cache(maxsize=4)
def prepared(probe: Probe) -> FloatArray:
    """Returns the Pauli expectation values of the prepared state, shape (4,)·N, spin N−1 first.

    >>> prepared(Probe.product(1)).round(12) + 0.0
    array([1., 1., 0., 0.])
    """
    tensor: FloatArray = to_pauli(_state(probe))
    tensor.setflags(write=False)
    return tensor


def _state(probe: Probe) -> ComplexArray:
    return probe.density_matrix()


def to_pauli(rho: Any, arrays: Arrays = CPU) -> Any:
    """Returns Tr(P ρ) for all products P of Pauli matrices, shape (4,)·N, spin N−1 first; ρ has shape (2^N, 2^N)."""
    xp, size = arrays.xp, rho.shape[0].bit_length() - 1
    pairs = tuple(axis for k in range(size) for axis in (k, size + k))
    tensor = xp.reshape(xp.permute_dims(xp.reshape(rho, (2,) * (2 * size)), pairs), (4,) * size)
    for _ in range(size):
        tensor = xp.tensordot(tensor, xp.asarray(_TO_PAULI), axes=((0,), (1,)))
    return 1.0 * xp.real(tensor)  # by itself, not a view of every other number


def from_pauli(tensor: Any, arrays: Arrays = CPU) -> Any:
    """Returns ρ of shape (2^N, 2^N) from its Pauli expectation values."""
    xp, size = arrays.xp, tensor.ndim
    rho = tensor * xp.asarray(1 + 0j)
    for _ in range(size):
        rho = xp.tensordot(rho, xp.asarray(_FROM_PAULI), axes=((0,), (1,)))
    axes = (*range(0, 2 * size, 2), *range(1, 2 * size, 2))
    return xp.reshape(xp.permute_dims(xp.reshape(rho, (2, 2) * size), axes), (2**size, 2**size))


def contract(tensor: FloatArray, up: FloatArray, arrays: Arrays = CPU) -> FloatArray:
    """Returns the probabilities of all outcomes for every row of effects.

    Probabilities are exact to rounding; negative ones of −1e-16 become 0, and a row's sum is divided out.

    Args:
        tensor: Pauli expectation values, shape (4,)·N, spin N−1 first.
        up: effects of "up", shape (rows, N, 4), of NumPy.
        arrays: where to compute.

    Returns:
        shape (rows, 2^N), of NumPy; bit j of the outcome is spin j.
    """
    xp, (rows, size, _) = arrays.xp, up.shape
    branch = np.zeros(rows, dtype=np.int64)  # which contraction a row has come to
    partial = xp.reshape(xp.asarray(tensor), (1, 1, -1))  # (branches, outcomes so far, what is left)
    for spin in range(size - 1, -1, -1):
        choice, distinct = _distinct(up[:, spin])
        codes, branch = np.unique(branch * len(distinct) + choice, return_inverse=True)
        parent, effect = np.divmod(codes, len(distinct))
        left = xp.take(xp.reshape(partial, (*partial.shape[:2], 4, -1)), xp.asarray(parent), axis=0)
        pair = np.empty((len(distinct), 2, 4))
        pair[:, 0], pair[:, 1] = _ONE - distinct, distinct
        partial = xp.reshape(xp.asarray(pair[effect][:, None]) @ left, (len(codes), 2 * left.shape[1], -1))
    leaves = xp.maximum(partial[:, :, 0], xp.asarray(0.0))
    return np.asarray(arrays.host(leaves / xp.sum(leaves, axis=1, keepdims=True))[branch])


def _distinct(vectors: FloatArray) -> tuple[NDArray[np.int64], FloatArray]:
    """For every row of an array which of the distinct rows it is, and these."""
    rounded = np.round(vectors, _DECIMALS) + 0.0
    order = np.lexsort(rounded.T)
    sorted_rows = rounded[order]
    is_new = np.ones(len(order), dtype=np.bool_)
    is_new[1:] = np.any(sorted_rows[1:] != sorted_rows[:-1], axis=1)
    group = np.empty(len(order), dtype=np.int64)
    group[order] = np.cumsum(is_new) - 1
    return group, vectors[order[is_new]]


def _state_by_state(
    experiment: Experiment,
    settings: Settings,
    window: Window,
    start: FloatArray,
    confusions: FloatArray,
    arrays: Arrays,
) -> FloatArray:
    """Probabilities where the ending entangles the spins, or noise does not commute: one state for each of the phases.

    Args:
        experiment, settings, window, confusions: as in `probabilities`.
        start: Pauli expectation values before the spins' own channels.
        arrays: where to compute.
    """
    xp, up, size = arrays.xp, effects.measured(settings, confusions), experiment.probe.num_qubits
    undo, before = _ending(experiment, arrays), xp.asarray(start)
    out = np.empty((len(settings), 2**size))
    phases, which = np.unique(settings.phases, axis=0, return_inverse=True)
    for number, vector in enumerate(phases):
        if window.channel is None:
            rho = lindblad.evolved(_state(experiment.probe), window.model, window.time, vector)
        else:
            tensor = before
            # Each pass takes the first axis, spin N−1 to begin with, and puts it last.
            for matrix in effects.sensing(vector[None], window.channel)[0, ::-1]:
                tensor = xp.tensordot(tensor, xp.asarray(matrix), axes=((0,), (1,)))
            rho = from_pauli(tensor, arrays)
        rows = np.flatnonzero(which.ravel() == number)
        ended = rho if undo is None else undo @ rho @ xp.conj(undo).T
        out[rows] = contract(to_pauli(ended, arrays), up[rows], arrays)
    return out


def _ending(experiment: Experiment, arrays: Arrays) -> Any:
    if experiment.ending == "directions":
        return None
    from qiskit.quantum_info import Operator

    return arrays.xp.asarray(np.asarray(Operator(experiment.ending_circuit()).data))
