"""Shots of many spins, drawn one spin after the other from a matrix product: exact, without correlation between shots.

Each outcome's effect is Σ_k |m_k><m_k|. Drawing the outcome together with k leaves a pure state of the spins still to
come: one vector as long as the bond, for every shot. Forgetting k gives the exact distribution of the outcomes.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qsense.emulator.matrix_product import Tensors
from qsense.numerics.fisher import ComplexArray, FloatArray


def draw(
    tensors: Tensors,
    factors: ComplexArray,
    shots: int,
    rng: np.random.Generator,
    shared: FloatArray | None = None,
) -> NDArray[np.uint8]:
    """Returns the outcomes, shape (rows, shots, N), 1 for up.

    Args:
        tensors: the prepared state, right-canonical.
        factors: m of `effects.as_factors`, shape (rows, N, 2, 2, 2).
        shots: for every row.
        rng: the source of randomness.
        shared: R of shape (N, rank) where spins share noise of the phase: every shot turns its spins by ξ = R g, with
            normal g of its own, of covariance R Rᵀ.
    """
    rows = len(factors)
    if shared is None and all(tensor.shape[0] == tensor.shape[2] == 1 for tensor in tensors):
        return _independent(tensors, factors, shots, rng)
    # Phases are drawn first, and only where there are any: the random numbers of all else do not depend on them.
    common = None if shared is None else rng.standard_normal((shared.shape[1], rows, shots))
    bits = np.empty((rows, shots, len(tensors)), dtype=np.uint8)
    # Shots are the last axis, and einsum, not a matrix product of BLAS, contracts: bonds are short, and threads of
    # BLAS that wait for a busy core cost more than they do.
    vectors = np.ones((rows, 1, shots), dtype=np.complex128)
    for spin, tensor in enumerate(tensors):
        amplitudes = np.einsum("asb,ran->rsbn", tensor, vectors)
        if common is not None and shared is not None:
            amplitudes[:, 1] *= np.exp(1j * np.tensordot(shared[spin], common, axes=1))[:, None]
        options = np.einsum("rks,rsbn->rkbn", factors[:, spin].reshape(rows, 4, 2), amplitudes)
        reached = np.einsum("rkbn,rkbn->rkn", options.real, options.real)
        reached += np.einsum("rkbn,rkbn->rkn", options.imag, options.imag)
        for option in (1, 2, 3):  # now the chance of this option or one before it
            reached[:, option] += reached[:, option - 1]
        level = rng.random((rows, shots)) * reached[:, 3]
        choice = (level[:, None] >= reached[:, :3]).sum(1)
        bits[:, :, spin] = choice >> 1  # options 0 and 1 are down, 2 and 3 up
        chosen = np.take_along_axis(options, choice[:, None, None, :], axis=1)[:, 0]
        vectors = chosen / np.linalg.norm(chosen, axis=1, keepdims=True)
    return bits


def _independent(tensors: Tensors, factors: ComplexArray, shots: int, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Spins of a product state that share nothing: their outcomes have the same chances in every shot.

    It takes the random numbers of `draw` in the same order, and makes the same of them.
    """
    bits = np.empty((len(factors), shots, len(tensors)), dtype=np.uint8)
    for spin, tensor in enumerate(tensors):
        options = factors[:, spin].reshape(-1, 4, 2) @ tensor[0, :, 0]
        reached = np.cumsum(options.real**2 + options.imag**2, axis=1)
        bits[:, :, spin] = rng.random((len(factors), shots)) * reached[:, 3:] >= reached[:, 1:2]
    return bits
