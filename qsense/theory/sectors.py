"""G of any pure state at several times and its gradient by all amplitudes, in the blocks that its support leaves.

Noise that commutes with the field keeps x ⊕ y of every |x><y|: a spin whose bits differ is damped, one whose bits are
equal is mixed by a stochastic matrix, and nothing else happens. So ρ(t) only has elements with x ⊕ y in V, the span
of the differences of the basis states that the probe has, and is block-diagonal over the cosets of V: one block of 2^N
rows for a state of all basis states, 2^{N/2} blocks of 2^{N/2} rows for a state of pairs 00 and 11. A coherence of the
order q in V is a row F_q(x) = ρ(x ⊕ q, x), which one spin after the other changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsense.noise import AnyNoise, SpinChannel, world_of
from qsense.numerics.fisher import FloatArray
from qsense.theory.channels import flips_none
from qsense.theory.shared import shared_factor

Array = NDArray[Any]  # float64 for real amplitudes, complex128 else
IntArray = NDArray[np.int64]
_TINY = 1e-300  # beside λ_m + λ_n, so that 0/0 is 0
_NO_WEIGHT = 1e-17  # of a block: it adds at most this times N² to G
_CHUNK_BYTES = 2**27
_THERE = 1e-14  # of an amplitude


@dataclass(frozen=True)
class Sectors:
    """Which elements of ρ(t) can be there.

    Attributes:
        num_qubits: N.
        span: V, shape (d,), 0 first; span[a] ⊕ span[b] = span[a ⊕ b].
        states: the basis states of each block, shape (2^N/d, d); states[c, a] = states[c, 0] ⊕ span[a].
    """

    num_qubits: int
    span: IntArray
    states: IntArray

    @classmethod
    def of(cls, amplitudes: Array) -> Sectors:
        """Returns the blocks of a state, from its amplitudes of shape (2^N,).

        >>> Sectors.of(np.array([0.6, 0, 0, 0.8])).states.tolist()
        [[0, 3], [1, 2]]
        """
        size = len(amplitudes)
        support = np.flatnonzero(np.abs(amplitudes) > _THERE)
        basis: list[int] = []
        for one in (support ^ support[0]).tolist():
            for other in basis:
                one = min(one, one ^ other)
            if one:
                basis.append(one)
        span = np.zeros(1, dtype=np.int64)
        for one in sorted(basis):
            span = np.concatenate([span, span ^ one])
        least = np.min(np.arange(size)[:, None] ^ span, axis=1)
        return cls(size.bit_length() - 1, span, np.unique(least)[:, None] ^ span)

    @cached_property
    def columns(self) -> IntArray:
        """x ⊕ q of every q in V and every x, shape (d, 2^N)."""
        return self.span[:, None] ^ np.arange(2**self.num_qubits)

    @cached_property
    def places(self) -> tuple[IntArray, IntArray]:
        """Where the element (a, b) of the block c is in F: q and x, shapes (1, d, d) and (blocks, 1, d)."""
        numbers = np.arange(len(self.span))
        return (numbers[:, None] ^ numbers)[None], self.states[:, None, :]

    @cached_property
    def back(self) -> tuple[IntArray, IntArray, IntArray]:
        """Where F_q(x) is in the blocks: c, a and b, each of shape (d, 2^N)."""
        block, place = np.empty(2**self.num_qubits, np.int64), np.empty(2**self.num_qubits, np.int64)
        block[self.states] = np.arange(len(self.states))[:, None]
        place[self.states] = np.arange(len(self.span))
        return (
            np.broadcast_to(block, self.columns.shape),
            place[self.columns],
            np.broadcast_to(place, self.columns.shape),
        )


@dataclass(frozen=True)
class DenseObjective:
    """Σ_k w_k G(t_k) of any pure state, about the collected angle times W², with its gradient.

    Attributes:
        channel: of every spin, factors of shape (times, N).
        shared: what noise that spins share leaves of ρ's elements, shape (times, 2^N, 2^N), or None.
        generator: the diagonal of K, shape (2^N,).
        weights: w_k, shape (times,).
    """

    channel: SpinChannel
    shared: FloatArray | None
    generator: FloatArray
    weights: FloatArray

    @classmethod
    def at(
        cls, num_qubits: int, noise: AnyNoise, times: FloatArray, weights: FloatArray | None = None
    ) -> DenseObjective:
        """Returns the weighted sum of G at these times in s; of G itself by default."""
        world = world_of(noise)
        weights = np.ones(len(times)) if weights is None else weights
        if not world.is_plain:
            weights = weights * world.collected(times) ** 2
        shared = shared_factor(world, times, num_qubits)
        return cls(world.spin_channel(times, num_qubits), shared, world.generator(num_qubits), weights)

    @property
    def keeps_populations(self) -> bool:
        """Whether phases of the amplitudes do not matter."""
        return flips_none(self.channel)

    def gains(self, amplitudes: Array, sectors: Sectors | None = None) -> FloatArray:
        """Returns G at every time, shape (times,)."""
        sectors = sectors or Sectors.of(amplitudes)
        parts = [self._gains(amplitudes, sectors, part)[0] for part in self._parts(sectors)]
        return np.concatenate(parts)

    def value(self, amplitudes: Array, sectors: Sectors | None = None) -> float:
        """Returns the objective of normalised amplitudes."""
        return float(self.weights @ self.gains(amplitudes, sectors))

    def value_and_gradient(self, amplitudes: Array, sectors: Sectors | None = None) -> tuple[float, Array]:
        """Returns the objective and its gradient by the real and imaginary parts of the amplitudes, as one array.

        It is 2Mψ with M the observable i[2K, X] − X² of the SLD X, before the noise; see `pull_back`.
        """
        sectors = sectors or Sectors.of(amplitudes)
        value, back = 0.0, np.zeros(sectors.columns.shape, dtype=amplitudes.dtype)
        for part in self._parts(sectors):
            gains, observables = self._gains(amplitudes, sectors, part, True)
            value += float(self.weights[part] @ gains)
            assert observables is not None
            block, row, column = sectors.back
            g = observables[:, block, column, row]
            if self.shared is not None:
                g *= self.shared[part][:, sectors.columns, np.arange(2**sectors.num_qubits)]
            back += np.tensordot(self.weights[part], self._after(g, sectors, part, back=True), 1)
        # ψ†Mψ = Σ ψ(x⊕q) ψ*(x) back(q, x), so that (Mψ)(x) = Σ_q back(q, x) ψ(x⊕q)
        return value, np.asarray(2 * (back * amplitudes[sectors.columns]).sum(0))

    def _parts(self, sectors: Sectors) -> list[slice]:
        step = max(1, _CHUNK_BYTES // (64 * sectors.columns.size))
        return [slice(first, first + step) for first in range(0, len(self.weights), step)]

    def _gains(
        self, amplitudes: Array, sectors: Sectors, part: slice, with_observables: bool = False
    ) -> tuple[FloatArray, Array | None]:
        f = amplitudes[sectors.columns] * amplitudes.conj()
        count = len(self.weights[part])
        f = self._after(np.repeat(f[None], count, axis=0), sectors, part)
        if self.shared is not None:
            f *= self.shared[part][:, sectors.columns, np.arange(2**sectors.num_qubits)]
        rho = f[:, *sectors.places]
        k = self.generator[sectors.states]
        found = np.zeros(count)
        observables = np.zeros_like(rho) if with_observables else None
        seen = np.einsum("tcaa->tc", rho).real > _NO_WEIGHT
        for block in np.flatnonzero(seen.any(0) & (np.ptp(k, axis=1) > 0)):
            chosen = np.flatnonzero(seen[:, block])
            gains, observable = _information(rho[chosen, block], k[block], with_observables)
            found[chosen] += gains
            if observables is not None:
                observables[chosen, block] = observable
        return found, observables

    def _after(self, f: Array, sectors: Sectors, part: slice, back: bool = False) -> Array:
        """F after every spin's channel, or the transpose of that, in place."""
        coherence, up, down = (one[part] for one in self.channel)
        differ = (sectors.span[:, None] >> np.arange(sectors.num_qubits) & 1).astype(bool)
        factor = np.ones((len(f), len(differ)))
        for spin in range(sectors.num_qubits):
            factor *= np.where(differ[:, spin], coherence[:, spin, None], 1)
        f *= factor[:, :, None]
        if self.keeps_populations:
            return f
        for spin in range(sectors.num_qubits):
            alike = np.flatnonzero(~differ[:, spin])
            low = 2**spin
            split = f.reshape(len(f), len(differ), -1, 2, low)  # a view
            before = split[:, alike]
            ground, excited = before[:, :, :, 0], before[:, :, :, 1]
            stays_up, stays_down = up[:, spin, None, None, None], down[:, spin, None, None, None]
            falls, rises = (1 - stays_up, 1 - stays_down)
            into_ground, into_excited = (rises, falls) if back else (falls, rises)
            after = np.empty_like(before)
            after[:, :, :, 0] = stays_down * ground + into_ground * excited
            after[:, :, :, 1] = stays_up * excited + into_excited * ground
            split[:, alike] = after
        return f


def _information(rho: Array, k: FloatArray, with_observable: bool) -> tuple[FloatArray, Array | None]:
    """G of blocks (times, d, d), and i[2K, X] − X² with X the SLD, which is i times an anti-Hermitian Y."""
    values, vectors = np.linalg.eigh(rho)
    values = np.maximum(values, 0)
    adjoint = np.swapaxes(vectors.conj(), -1, -2)
    moved = adjoint @ (k[:, None] * vectors)
    differences = values[:, :, None] - values[:, None, :]
    ratios = differences / (values[:, :, None] + values[:, None, :] + _TINY)
    size = moved.real**2 + moved.imag**2 if np.iscomplexobj(moved) else moved * moved
    gains = np.asarray(2 * np.einsum("tab,tab,tab->t", ratios, differences, size))
    if not with_observable:
        return gains, None
    y = vectors @ (2 * moved * ratios) @ adjoint
    return gains, y @ y - 2 * (k[:, None] - k) * y
