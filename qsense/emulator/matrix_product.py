"""Probe states as matrix products: exact for any number of spins as long as the bonds are small.

A state is a list of arrays A_j of shape (left, 2, right), spin 0 first: the amplitude of |s_0 s_1 …> is the matrix
product A_0[s_0] A_1[s_1] …. All are right-canonical, Σ_s A[s] A[s]† = 1, so that what lies to the right of a spin sums
to one and outcomes can be drawn from left to right.

A new kind of probe needs one line in `prepared`.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING

import numpy as np

from qsense.circuits.preparing import prepare
from qsense.errors import ArgumentError
from qsense.numerics.fisher import ComplexArray, FloatArray
from qsense.probes import NUM_QUBITS_OF_A_STATEVECTOR, Probe, pair_amplitudes

if TYPE_CHECKING:
    from qiskit import QuantumCircuit

Tensors = tuple[ComplexArray, ...]
MAX_BOND = 128
# Schmidt values below this fraction of the largest are rounding: dropping one moves no probability by more than 1e-26.
_RELATIVE_ZERO = 1e-13


@lru_cache(maxsize=8)
def prepared(probe: Probe) -> Tensors:
    """Returns the probe's state as a right-canonical matrix product.

    Raises:
        ArgumentError: its bonds are too large.

    >>> [tensor.shape for tensor in prepared(Probe.ghz(3))]
    [(1, 2, 2), (2, 2, 2), (2, 2, 1)]
    """
    size = probe.num_qubits
    if probe.kind == "product":
        spin = np.sqrt(np.array([1 - probe.tilt, 1 + probe.tilt]) / 2)
        return (spin.reshape(1, 2, 1).astype(np.complex128),) * size
    if probe.kind == "ghz":
        return _ghz(probe)
    pairs = pair_amplitudes(probe)
    if pairs is not None:
        return _doubled(of_dicke_amplitudes(pairs))
    if probe.kind == "symmetric":
        amplitudes = probe.dicke_amplitudes()
        assert amplitudes is not None
        return of_dicke_amplitudes(amplitudes)
    try:
        if size > NUM_QUBITS_OF_A_STATEVECTOR:
            return of_circuit(prepare(probe))
        return of_vector(probe.statevector())
    except _TooEntangledError as error:
        other = "aer:statevector" if size <= NUM_QUBITS_OF_A_STATEVECTOR else "aer:matrix_product_state"
        raise ArgumentError(
            f'The probe "{probe.name}" of {size} spins is too entangled for the emulator (bonds above {MAX_BOND}); '
            f'use at most 10 spins, or backend = "{other}".'
        ) from error


def _doubled(tensors: Tensors) -> Tensors:
    """The matrix product of pairs that are both up or both down where a spin of another one is up or down."""
    one = np.eye(2)
    found: list[ComplexArray] = []
    for tensor in tensors:
        left, _, right = tensor.shape
        found.append(np.einsum("lsr,sb->lsrb", tensor, one).reshape(left, 2, 2 * right))
        found.append(np.einsum("rk,sb->rbsk", np.eye(right), one).reshape(2 * right, 2, right).astype(np.complex128))
    return tuple(found)


def of_vector(state: ComplexArray) -> Tensors:
    """Returns the matrix product of a state vector of shape (2^N,), bit j of the index being spin j.

    >>> [tensor.shape for tensor in of_vector(np.eye(8)[5].astype(complex))]
    [(1, 2, 1), (1, 2, 1), (1, 2, 1)]
    """
    size = len(state).bit_length() - 1
    rest = state.reshape((2,) * size).transpose(range(size - 1, -1, -1)).reshape(-1, 1)
    tensors: list[ComplexArray] = []
    for _ in range(size - 1):
        left, values, right = _schmidt(rest.reshape(-1, 2 * rest.shape[1]))
        tensors.append(right.reshape(len(values), 2, -1))
        rest = left * values
    tensors.append(rest.reshape(1, 2, -1))
    return tuple(reversed(tensors))


def of_dicke_amplitudes(amplitudes: ComplexArray) -> Tensors:
    """Returns the symmetric state Σ_k a_k |Dicke state of N spins with k up>, compressed to its Schmidt ranks.

    The bond to the right of spin j counts how many of the r = N − j − 1 spins there are up. Of r spins with k up the
    next one is up with amplitude √(k/r) and down with √(1 − k/r), whatever the others: right-canonical as it stands.

    Args:
        amplitudes: a_0 … a_N, shape (N + 1,), of norm 1.

    Source: the recursion of Dicke states, |D_k^r> = √(k/r) |1>|D_{k−1}^{r−1}> + √(1 − k/r) |0>|D_k^{r−1}>.

    >>> [tensor.shape for tensor in of_dicke_amplitudes(np.array([0, 1, 0, 0], dtype=complex))]  # W of three spins
    [(1, 2, 2), (2, 2, 2), (2, 2, 1)]
    """
    size = len(amplitudes) - 1
    most = int(np.flatnonzero(amplitudes).max())
    tensors: list[ComplexArray] = []
    for spin in range(size):
        here = size - spin
        ups = np.arange(min(most, here) + 1)
        tensor = np.zeros((len(ups), 2, min(most, here - 1) + 1), dtype=np.complex128)
        stays, falls = ups[ups < here], ups[ups > 0]
        tensor[stays, 0, stays] = np.sqrt(1 - stays / here)
        tensor[falls, 1, falls - 1] = np.sqrt(falls / here)
        tensors.append(tensor)
    tensors[0] = np.tensordot(amplitudes[None, : most + 1], tensors[0], axes=1)
    return _right_canonical(tensors)


def of_circuit(circuit: QuantumCircuit) -> Tensors:
    """Returns the matrix product of what a circuit makes of |0…0>, gate by gate, for any number of spins.

    Gates of distant spins are brought together by swaps.

    >>> from qsense.circuits.preparing import prepare
    >>> [tensor.shape for tensor in of_circuit(prepare(Probe.ghz(3)))]
    [(1, 2, 2), (2, 2, 2), (2, 2, 1)]
    """
    from qiskit import transpile
    from qiskit.quantum_info import Operator

    swap = np.eye(4)[[0, 2, 1, 3]].reshape(2, 2, 2, 2)
    zero = np.array([1, 0], dtype=np.complex128).reshape(1, 2, 1)
    chain = _Chain([zero] * circuit.num_qubits)
    plain = transpile(circuit, basis_gates=["u", "cx"], optimization_level=0)
    for instruction in plain.data:
        spins = [plain.find_bit(bit).index for bit in instruction.qubits]
        if instruction.operation.name == "u":
            gate = np.asarray(Operator(instruction.operation).data)
            chain.tensors[spins[0]] = np.einsum("st,atb->asb", gate, chain.tensors[spins[0]])
        elif instruction.operation.name == "cx":
            low, high = sorted(spins)
            for site in range(high - 1, low, -1):
                chain.apply(site, swap)
            # Qiskit's matrix numbers the basis with the first qubit as the low bit: axes are (second, first).
            gate = np.asarray(Operator(instruction.operation).data).reshape(2, 2, 2, 2)
            chain.apply(low, gate if spins[0] == high else gate.transpose(1, 0, 3, 2))
            for site in range(low + 1, high):
                chain.apply(site, swap)
    chain.move(0)
    return tuple(chain.tensors)


class _TooEntangledError(Exception):
    """A bond has grown past MAX_BOND."""


class _Chain:
    """A matrix product under way: left-canonical before the centre, right-canonical behind it."""

    def __init__(self, tensors: list[ComplexArray]) -> None:
        self.tensors = tensors
        self.centre = 0

    def move(self, site: int) -> None:
        """Moves the centre to a site."""
        while self.centre != site:
            low = min(self.centre, self.centre + (1 if site > self.centre else -1))
            self._split(low, np.tensordot(self.tensors[low], self.tensors[low + 1], axes=1), site > self.centre)

    def apply(self, low: int, gate: ComplexArray | FloatArray) -> None:
        """Applies a gate [low', high', low, high] to the sites low and low + 1."""
        self.move(low)
        pair = np.tensordot(self.tensors[low], self.tensors[low + 1], axes=1)
        self._split(low, np.einsum("stuv,auvb->astb", gate, pair), True)

    def _split(self, low: int, pair: ComplexArray, rightwards: bool) -> None:
        """Writes two sites back from their product (left, 2, 2, right), the centre on one of them."""
        left, values, right = _schmidt(pair.reshape(pair.shape[0] * 2, -1))
        if rightwards:
            right = values[:, None] * right
        else:
            left = left * values
        self.tensors[low] = left.reshape(pair.shape[0], 2, -1)
        self.tensors[low + 1] = right.reshape(-1, 2, pair.shape[3])
        self.centre = low + 1 if rightwards else low


def _schmidt(matrix: ComplexArray) -> tuple[ComplexArray, FloatArray, ComplexArray]:
    left, values, right = np.linalg.svd(matrix, full_matrices=False)
    rank = int(np.sum(values > _RELATIVE_ZERO * values[0]))
    if rank > MAX_BOND:
        raise _TooEntangledError
    return left[:, :rank], values[:rank], right[:rank]


def _right_canonical(tensors: list[ComplexArray]) -> Tensors:
    """Returns the same state with bonds as small as its Schmidt ranks."""
    chain = _Chain(list(tensors))
    chain.move(len(tensors) - 1)
    chain.move(0)
    return tuple(chain.tensors)


def _ghz(probe: Probe) -> Tensors:
    """The bond says which branch it is; a spin of sign − is down in the branch of those that are up."""
    copy = np.zeros((2, 2, 2), dtype=np.complex128)
    copy[[0, 1], [0, 1], [0, 1]] = 1
    tensors = [copy if sign > 0 else copy[:, ::-1] for sign in probe.branch]
    weights = np.sqrt(np.array([1 - probe.tilt, 1 + probe.tilt]) / 2)
    tensors[0] = np.tensordot(weights[None], tensors[0], axes=1)
    tensors[-1] = tensors[-1].sum(2, keepdims=True)
    return tuple(tensors)
