"""The quadratic form of the quantum Fisher information, with its metric taken from a noisy ρ.

Q = Σ_mn 2/(λ_m + λ_n) |<m|∂ρ|n>|². Folds are independent repetitions: arrays of shape (folds, d, d). A Metric may
hold many ρ at once: its leading axes are carried along, and everything is done for all of them together.

Two folds are turned into an eigenbasis as one: A + iB, of which A and B are the Hermitian parts (`pairs`). A sum over
folds of |A_mn|² is then one over pairs, symmetrised.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from qsense.estimators.tomography.hermitian import adjoint
from qsense.numerics.fisher import ComplexArray, FloatArray

NUM_FOLDS = 12
# The least λ_m + λ_n that is believed, in units of the largest eigenvalue of pure noise. A low floor lets variance
# grow, a high one bias: from 0.35 to 0.6 bias stays under half a standard error for one to four spins.
FLOOR = 0.5
# The same for the lower bound, which holds for any: it is fitted on a third of the shots.
BOUND_FLOOR = 2.0
# Eigenvalues nearer than this are taken as equal: their divided difference is a derivative.
EQUAL = 1e-7


@dataclass(frozen=True, eq=False)
class Metric:
    """Eigenvalues (..., d) and eigenvectors (..., d, d) of ρ, and the least λ_m + λ_n that is believed, shape (...).

    The eigenvalues are those of the unprojected ρ: a few are negative, but <m|ρ|m> is right in the mean. Projection
    would lower the large ones by an amount that falls off with the root of the shots only: no jackknife takes that off.
    """

    values: FloatArray
    vectors: ComplexArray
    floor: FloatArray | float

    @cached_property
    def is_floored(self) -> NDArray[np.bool_]:
        """Whether λ_m + λ_n was raised, shape (..., d, d)."""
        return self._sums <= np.asarray(self.floor)[..., None, None]

    @cached_property
    def weights(self) -> FloatArray:
        """2/(λ_m + λ_n), floored, shape (..., d, d)."""
        return np.asarray(2 / np.maximum(self._sums, np.asarray(self.floor)[..., None, None]))

    @cached_property
    def _sums(self) -> FloatArray:
        return np.asarray(self.values[..., :, None] + self.values[..., None, :])

    @cached_property
    def _adjoint(self) -> ComplexArray:
        return adjoint(self.vectors)

    def turn(self, matrices: ComplexArray) -> ComplexArray:
        """Matrices in the eigenbasis, shape (..., d, d)."""
        return np.asarray(self._adjoint @ matrices @ self.vectors)

    def turn_back(self, matrices: ComplexArray) -> ComplexArray:
        return np.asarray(self.vectors @ matrices @ self._adjoint)

    def turned(self, folds: ComplexArray) -> Turned:
        """Returns folds of ∂ρ in the eigenbasis; an even number of them.

        Args:
            folds: shape (folds, d, d), or of each metric's own folds, shape (..., folds, d, d).
        """
        pairs = folds[..., ::2, :, :] + 1j * folds[..., 1::2, :, :]
        return Turned(self, self._adjoint[..., None, :, :] @ pairs @ self.vectors[..., None, :, :])


def metric_of(rho: ComplexArray, floor: FloatArray | float) -> Metric:
    """Returns the metric of ρ, shape (..., d, d), with a given least λ_m + λ_n, shape (...)."""
    values, vectors = np.linalg.eigh(rho)
    return Metric(values, vectors, floor)


def noise_edge(rho: ComplexArray) -> FloatArray:
    """Returns the largest eigenvalue that noise alone gives the mean of the folds: the edge of Wigner's semicircle.

    Args:
        rho: the folds' ρ, shape (..., folds, d, d).

    Source: Wigner, Ann. Math. 67, 325 (1958), for a Hermitian matrix with independent elements of equal variance.
    """
    count, dimension = rho.shape[-3], rho.shape[-1]
    apart = rho - rho.mean(-3, keepdims=True)
    scatter = np.sum(apart.real**2 + apart.imag**2, axis=(-1, -2, -3)) / (count - 1)
    return np.asarray(2 * np.sqrt(scatter / count / dimension))


def projected(values: FloatArray) -> FloatArray:
    """Returns the eigenvalues of the density matrix nearest to a Hermitian matrix of trace 1; its vectors stay.

    Args:
        values: eigenvalues, rising, shape (..., d).

    Source: Smolin, Gambetta & Smith, Phys. Rev. Lett. 108, 070502 (2012).

    >>> projected(np.array([-0.2, 1.2]))
    array([0., 1.])
    """
    falling = values[..., ::-1]
    excess = (np.cumsum(falling, axis=-1) - 1) / np.arange(1, values.shape[-1] + 1)
    kept = np.sum(falling > excess, axis=-1, keepdims=True)
    return np.maximum(values - np.take_along_axis(excess, kept - 1, axis=-1), 0)


def balanced_halves(count: int) -> NDArray[np.bool_]:
    """Returns splits of `count` folds into halves, shape (count − 1, count): every pair is parted equally often.

    Args:
        count: 8 or 12: one more than a prime that leaves 3 when divided by 4.

    Source: Paley, J. Math. Phys. 12, 311 (1933): the rows of a Hadamard matrix.

    >>> balanced_halves(8).sum(1)
    array([4, 4, 4, 4, 4, 4, 4])
    """
    prime = count - 1
    residues = sorted({i * i % prime for i in range(1, prime)})
    halves = np.zeros((prime, count), dtype=bool)
    halves[:, prime] = True
    for shift in range(prime):
        halves[shift, [(residue + shift) % prime for residue in residues]] = True
    return halves


@dataclass(frozen=True, eq=False)
class Turned:
    """Folds of ∂ρ in the eigenbasis of a metric: A + iB for two folds each, shape (..., folds/2, d, d)."""

    metric: Metric
    pairs: ComplexArray

    @property
    def count(self) -> int:
        """How many folds there are."""
        return 2 * int(self.pairs.shape[-3])

    def first(self, count: int) -> Turned:
        """Returns the first folds, an even number of them."""
        return Turned(self.metric, self.pairs[..., : count // 2, :, :])

    def total(self) -> ComplexArray:
        """Returns the sum of the folds, shape (..., d, d)."""
        half = (0.5 - 0.5j) * self.pairs.sum(-3)
        return np.asarray(half + adjoint(half))

    def pooled(self) -> FloatArray:
        """Returns the quadratic form of the mean of the folds, with its noise, shape (...)."""
        total = self.total()
        return np.asarray(np.sum(self.metric.weights * (total.real**2 + total.imag**2), axis=(-1, -2)) / self.count**2)

    def form(self) -> FloatArray:
        """Returns the quadratic form of ∂ρ, shape (...), from products of different folds: their noise adds no bias."""
        products = _between(self.total(), self.pairs)
        return np.asarray(np.sum(self.metric.weights * products, axis=(-1, -2)) / (self.count * (self.count - 1)))

    def sld(self) -> ComplexArray:
        """Returns the symmetric logarithmic derivative X of the mean of the folds, damped where sums are floored."""
        return self.metric.turn_back(self.total() * (self.metric.weights / self.count))

    def response(self) -> ComplexArray:
        """Returns M with δQ = −Tr(δρ M): how the metric's own noise moves Q. X² where no sum was raised to the floor.

        With w_ac = 2/(λ_a + λ_c), floored, M_ab = −2 Σ_c ∂ρ_ac ∂ρ_cb (w_ac − w_bc)/(λ_a − λ_b). The products are taken
        between different folds, or the noise of ∂ρ would widen the error bar.

        Returns:
            shape (..., d, d).
        """
        metric, total = self.metric, self.total()
        derivative = np.where(metric.is_floored, 0, -(metric.weights**2) / 2)  # of w, where λ_a = λ_b
        gaps = metric.values[..., :, None] - metric.values[..., None, :]
        equal = np.abs(gaps) < EQUAL
        products = self._products(metric.weights, total)
        found = (products - adjoint(products)) / np.where(equal, 1, gaps)
        diagonal = np.arange(gaps.shape[-1])
        if np.count_nonzero(equal) == found[..., 0].size:  # each with itself alone
            found[..., diagonal, diagonal] = np.sum(derivative * _between(total, self.pairs), axis=-1)
        else:
            products = self._products(derivative, total)
            found = np.where(equal, (products + adjoint(products)) / 2, found)
        return metric.turn_back(found * (-2 / (self.count * (self.count - 1))))

    def _products(self, weights: FloatArray, total: ComplexArray) -> ComplexArray:
        """Σ (w ∘ A_k) A_l over different folds k and l, ∘ by elements.

        Those of one fold with itself are ½ Σ (w ∘ C†) C + (w ∘ C) C† over the pairs C.
        """
        weighted = self.pairs.conj()
        weighted *= weights[..., None, :, :]
        rows = (*total.shape[:-2], -1, total.shape[-1])
        own = np.swapaxes(weighted.reshape(rows), -1, -2) @ self.pairs.reshape(rows)
        own += (weighted @ np.swapaxes(self.pairs, -1, -2)).sum(-3).conj()
        return np.asarray((weights * total) @ total - own / 2)


def _between(total: ComplexArray, pairs: ComplexArray) -> FloatArray:
    """Σ A_k,mn A_l,nm over different folds k and l, shape (..., d, d)."""
    own = np.sum(pairs.real**2 + pairs.imag**2, axis=-3)
    return np.asarray(total.real**2 + total.imag**2 - (own + np.swapaxes(own, -1, -2)) / 2)


def sld_of(metric: Metric, slope: ComplexArray) -> ComplexArray:
    """Returns the symmetric logarithmic derivative X of ∂ρ, shape (..., d, d), damped where sums are floored."""
    return metric.turn_back(metric.turn(slope) * metric.weights)


def lower_bound(rho: ComplexArray, slope: ComplexArray, floor: FloatArray | float) -> FloatArray:
    """Returns 2 Tr(∂ρ X) − Tr(ρ X²) ≤ Q with the noise of X taken off: a bound in expectation, whatever the state.

    The folds are parted into thirds; X₁ and X₂ are fitted on two of them, and Tr ∂ρ(X₁ + X₂) − Re Tr ρX₁X₂ is read off
    the third. Independent fits of equal distribution give Q − Tr ρ(L − E X)² in the mean, with L the true logarithmic
    derivative: only the mean error of X costs, not its noise. Mean over nine such choices.

    Args:
        rho: ρ of the folds, shape (..., 12, d, d).
        slope: ∂ρ of the folds, same shape.
        floor: the least λ_m + λ_n in the fit of X, shape (...).

    Returns:
        shape (...).

    Source: derived in tests/estimators/test_tomography.py; the form is Q = max_X [2 Tr(∂ρ X) − Tr(ρ X²)].
    """
    row, column = np.divmod(np.arange(NUM_FOLDS), 3)
    thirds = (column + np.arange(3)[:, None] * row) % 3 == np.arange(3)[:, None, None]  # (third, partition, fold)
    state, change = means(rho, thirds), means(slope, thirds)  # (..., thirds, partitions, d, d)
    fit = sld_of(metric_of(state, np.asarray(floor)[..., None, None]), change)
    one, two = np.roll(fit, 1, axis=-4), np.roll(fit, 2, axis=-4)
    gain = np.sum(change.conj() * (one + two) - state.conj() * (one @ two), axis=(-1, -2)).real
    return np.asarray(gain.mean((-1, -2)))


def means(folds: ComplexArray, chosen: NDArray[np.bool_]) -> ComplexArray:
    """Returns the mean of several choices among the folds.

    Args:
        folds: shape (..., folds, d, d).
        chosen: shape (*choices, folds), as many folds in each.

    Returns:
        shape (..., *choices, d, d).
    """
    batch, shape = folds.shape[:-3], folds.shape[-2:]
    shares = chosen.reshape(-1, chosen.shape[-1]) / np.count_nonzero(chosen, axis=-1).ravel()[:, None]
    flat = np.ascontiguousarray(folds).reshape(*batch, chosen.shape[-1], -1).view(np.float64)
    return np.asarray((shares @ flat).view(np.complex128).reshape(*batch, *chosen.shape[:-1], *shape))
