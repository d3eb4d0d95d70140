"""The transposed symmetric engine: what an observable after the noise is before it, on the Dicke states of the probe.

For a fixed X, 2 Tr(∂ρ X) − Tr(ρ X²) ≤ Q is linear in |ψ><ψ|, and equal to Q at X = SLD. Pulled back to the probe it is
a Hermitian matrix M with Q(ψ') ≥ <ψ'|M|ψ'> for every ψ': its gradient at ψ is that of Q.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qsense.numerics.fisher import FloatArray
from qsense.theory.halves import observable_of_halves
from qsense.theory.mixing import Array, Mixing, dicke_tables
from qsense.theory.symmetric import (
    UniformChannel,
    blocks,
    copies,
    dephased,
    hermitian,
    of_orders,
    relaxes,
    roots_of_binomials,
    singlets,
    spin_projections,
    stays_flipped,
)

_NO_WEIGHT = 1e-13  # of a block whose X does not matter


def gain_and_matrix(
    amplitudes: Array, channel: UniformChannel, mixing: Mixing | None = None
) -> tuple[FloatArray, Array]:
    """Returns G at every time, shape (times,), and M at every time, shape (times, N+1, N+1), with <ψ|M|ψ> = G.

    Args:
        amplitudes: over Dicke states, shape (N+1,); normalised.
        channel: noise that is the same for every spin.
        mixing: of this channel, if it is kept.

    Source: the variational form of Macieszczak, arXiv:1312.1356; checked against finite differences in
    tests/theory/test_optimal.py.

    >>> from qsense.noise import LocalNoise
    >>> ghz = np.sqrt(np.array([0.5, 0.0, 0.5]))
    >>> value, matrix = gain_and_matrix(ghz, UniformChannel.of(LocalNoise(dephasing=0.25).channel(np.array([0.5]), 1)))
    >>> bool(np.allclose(ghz @ matrix[0] @ ghz, value[0]))
    True
    """
    if mixing is None and relaxes(channel):
        mixing = Mixing.of(channel, len(amplitudes) - 1)
    every = blocks(amplitudes, channel, mixing)
    gains, observables = gains_and_observables(every, len(channel), stays_flipped(amplitudes, channel))
    roots = roots_of_binomials(len(amplitudes) - 1)
    return gains, np.asarray(hermitian(pulled_back(observables, channel, mixing).conj()) / np.outer(roots, roots))


def gains_and_observables(every: Iterator[Array], times: int, flipped: bool) -> tuple[FloatArray, list[Array]]:
    """Returns the sum of the gains of blocks, shape (times,), and i[2J, X] − X² of each block with X its SLD."""
    gains = np.zeros(times)
    observables = []
    for block in every:
        observable = np.zeros_like(block)
        seen = np.trace(block, axis1=1, axis2=2).real > _NO_WEIGHT
        if block.shape[-1] > 1 and seen.any():
            if flipped:
                found, observable[seen] = observable_of_halves(block[seen])
                gains[seen] += found
            else:
                gains[seen] += _gain_and_observable(block[seen], observable, seen)
        observables.append(observable)
    return gains, observables


def _gain_and_observable(block: Array, observable: Array, seen: Array) -> FloatArray:
    """The block's G; writes i[2J, X] − X² with X its SLD, which is i times an anti-Hermitian Y."""
    m = spin_projections(block.shape[-1])
    values, vectors = np.linalg.eigh(block)
    values = np.maximum(values, 0)
    adjoint = np.swapaxes(vectors.conj(), -1, -2)
    moved = adjoint @ (m[:, None] * vectors)
    sums = values[:, :, None] + values[:, None, :]
    differences = values[:, :, None] - values[:, None, :]
    ratios = np.divide(differences, sums, out=np.zeros_like(sums), where=sums > 0)
    y = vectors @ (2 * moved * ratios) @ adjoint
    observable[seen] = y @ y - 2 * (m[:, None] - m[None, :]) * y
    return np.asarray(2 * (ratios * differences * np.abs(moved) ** 2).sum((-1, -2)))


def pulled_back(observables: list[Array], channel: UniformChannel, mixing: Mixing | None = None) -> Array:
    """Returns what observables of the blocks are before the noise, on f_q(v), shape (times, N+1, N+1)."""
    size = observables[0].shape[-1] - 1
    if mixing is None and relaxes(channel):
        mixing = Mixing.of(channel, size)
    singlet = singlets(channel)
    back: Array | None = None
    for below in range(size // 2, -1, -1):
        block = size - 2 * below
        q, v = dicke_tables(block).inside
        g = np.zeros_like(observables[below])
        g[:, q, v] = observables[below][:, v, v + q]
        g *= (copies(size, below) * of_orders(channel, block))[:, :, None]
        h = dephased(g, channel) if mixing is None else mixing.back(g)
        if back is not None:
            for p in range(3):
                h[:, : block - 1, p : block - 1 + p] += singlet[p][:, None, None] * back
        back = h
    assert back is not None
    return back
