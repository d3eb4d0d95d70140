"""The transposed symmetric engine: what an observable after the noise is before it, on the Dicke states of the probe.

For a fixed X, 2 Tr(∂ρ X) − Tr(ρ X²) ≤ Q is linear in |ψ><ψ|, and equal to Q at X = SLD. Pulled back to the probe it is
a Hermitian matrix M with Q(ψ') ≥ <ψ'|M|ψ'> for every ψ': its gradient at ψ is that of Q.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from qsense.numerics.fisher import FloatArray
from qsense.numerics.low_rank import logarithmic_derivative, support_of
from qsense.theory.halves import observable_of_halves
from qsense.theory.mixing import Array, Mixing, copies, dicke_tables, roots_of_binomials
from qsense.theory.symmetric import (
    UniformChannel,
    blocks,
    dephased,
    hermitian,
    of_orders,
    relaxes,
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
    """Returns the sum of the gains of blocks, shape (times,), and O = i[2J, X] − X² of each block with X its SLD.

    The gain of a block is Tr(O ρ).
    """
    gains = np.zeros(times)
    observables = []
    for block in every:
        observable = np.zeros_like(block)
        seen = np.trace(block, axis1=1, axis2=2).real > _NO_WEIGHT
        if block.shape[-1] > 1 and seen.any():
            observable[seen] = observable_of_halves(block[seen]) if flipped else _observable(block[seen])
            gains += np.sum(observable * block.conj(), axis=(1, 2)).real
        observables.append(observable)
    return gains, observables


def _observable(block: Array) -> Array:
    """i[2J, X] − X² with X the block's SLD, which is i times an anti-Hermitian Y."""
    m, both = spin_projections(block.shape[-1]), support_of(block)
    y = logarithmic_derivative(both, both, m)
    return np.asarray(y @ y - 2 * (m[:, None] - m[None, :]) * y)


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
