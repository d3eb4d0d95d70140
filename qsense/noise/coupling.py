"""Strengths of couplings between spins: one number for all pairs, those of named pairs, or a symmetric matrix."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qsense.errors import ArgumentError
from qsense.numerics.fisher import FloatArray


@dataclass(frozen=True)
class NamedPairs:
    """Couplings of named pairs of spins, 0 between all others, for any number of spins that has those named.

    Args:
        pairs: (i, j, strength in rad/s) for i < j; each pair once. Those of strength 0 are left out.
    """

    pairs: tuple[tuple[int, int, float], ...]

    def __post_init__(self) -> None:
        object.__setattr__(self, "pairs", tuple(sorted((i, j, float(value)) for i, j, value in self.pairs if value)))

    def check(self, num_qubits: int) -> None:
        """Refuses numbers of spins that lack a named one, with an ArgumentError."""
        last = max((pair[1] for pair in self.pairs), default=0)
        if last >= num_qubits:
            spins = f"{num_qubits} spin" if num_qubits == 1 else f"{num_qubits} spins"
            raise ArgumentError(f"`coupling_pairs` names spin {last}, but the probe has {spins}, from 0 on.")


Coupling = float | Sequence[Sequence[float]] | FloatArray | NamedPairs
StoredCoupling = tuple[tuple[float, ...], ...] | float | NamedPairs


def any_pair(coupling: StoredCoupling) -> bool:
    """Returns whether any pair of spins is coupled."""
    if isinstance(coupling, NamedPairs):
        return bool(coupling.pairs)
    return coupling != 0 if isinstance(coupling, float) else bool(np.any(np.triu(coupling, 1)))


def stored(name: str, coupling: Coupling) -> StoredCoupling:
    """Returns a coupling as a number, as named pairs or as tuples.

    Args:
        name: what an error calls it.
        coupling: in rad/s.

    Raises:
        ArgumentError: it is not finite, or a matrix that is not symmetric.
    """
    if isinstance(coupling, NamedPairs):
        strengths = [value for _, _, value in coupling.pairs]
        if not np.all(np.isfinite(strengths)):
            raise ArgumentError(f"Argument `{name}` must have finite numbers for its pairs (rad/s).")
        return coupling if strengths else 0.0
    if isinstance(coupling, int | float) and math.isfinite(coupling):
        return float(coupling)
    matrix = np.asarray(coupling, dtype=np.float64)
    square = matrix.ndim == 2 and matrix.shape[0] == matrix.shape[1]
    if not np.all(np.isfinite(matrix)) or not (matrix.ndim == 0 or (square and np.array_equal(matrix, matrix.T))):
        raise ArgumentError(f"Argument `{name}` must be a finite number or a symmetric matrix of them (rad/s).")
    return float(matrix) if matrix.ndim == 0 else tuple(map(tuple, matrix.tolist()))


def check_size(coupling: StoredCoupling, num_qubits: int) -> None:
    """Refuses numbers of spins that a coupling is not for.

    Raises:
        ArgumentError: a matrix is for another number of spins, or a named pair has a spin that there is not.
    """
    if isinstance(coupling, NamedPairs):
        coupling.check(num_qubits)
    elif not isinstance(coupling, float) and len(coupling) != num_qubits:
        raise ArgumentError(f"The coupling is for {len(coupling)} spins, but the probe has {num_qubits}.")


def upper(coupling: StoredCoupling, num_qubits: int) -> FloatArray:
    """Returns J_ij for i < j, 0 elsewhere, shape (num_qubits, num_qubits), in rad/s.

    >>> upper(NamedPairs(((0, 1, 2.0),)), 3).tolist()
    [[0.0, 2.0, 0.0], [0.0, 0.0, 0.0], [0.0, 0.0, 0.0]]
    """
    if not isinstance(coupling, NamedPairs):
        return np.asarray(np.triu(np.broadcast_to(np.asarray(coupling), (num_qubits, num_qubits)), 1))
    coupling.check(num_qubits)
    found = np.zeros((num_qubits, num_qubits))
    for first, last, value in coupling.pairs:
        found[first, last] = value
    return found


def coupling_keys(coupling: StoredCoupling, dipolar: StoredCoupling) -> dict[str, Any]:
    """Returns the keys of a `[[noise]]` entry that mean the couplings, those that are 0 left out.

    >>> coupling_keys(NamedPairs(((0, 1, 2.0),)), 0.5)
    {'dipolar_rad_per_s': 0.5, 'coupling_pairs': [{'spins': [0, 1], 'zz_rad_per_s': 2.0}]}
    """
    keys: dict[str, Any] = {}
    named: dict[tuple[int, int], dict[str, Any]] = {}
    for key, of_pair, pairs in (
        ("coupling_rad_per_s", "zz_rad_per_s", coupling),
        ("dipolar_rad_per_s", "dipolar_rad_per_s", dipolar),
    ):
        if isinstance(pairs, NamedPairs):
            for first, last, value in pairs.pairs:
                named.setdefault((first, last), {"spins": [first, last]})[of_pair] = value
        elif any_pair(pairs):
            keys[key] = pairs if isinstance(pairs, float) else [list(row) for row in pairs]
    return {**keys, "coupling_pairs": [named[pair] for pair in sorted(named)]} if named else keys


def energies(pairs: FloatArray) -> FloatArray:
    """Returns the energies ½ Σ_{i<j} J_ij z_i z_j of the 2^N basis states, shape (2^N,).

    Args:
        pairs: J_ij for i < j, 0 elsewhere, shape (N, N).
    """
    size = len(pairs)
    signs = 1.0 - 2 * (np.arange(2**size)[:, None] >> np.arange(size) & 1)
    return np.asarray(0.5 * np.einsum("ki,ij,kj->k", signs, pairs, signs, optimize=True))
