"""The quadratic form of the quantum Fisher information, with its metric taken from a noisy ρ.

Q = Σ_mn 2/(λ_m + λ_n) |<m|∂ρ|n>|². Folds are independent repetitions: arrays of shape (folds, d, d). A Metric may
hold many ρ at once: its leading axes are carried along, and everything is done for all of them together.

Two folds are turned into an eigenbasis as one: A + iB, of which A and B are the Hermitian parts (`pairs`). A sum over
folds of |A_mn|² is then one over pairs, symmetrised.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsense.estimators.tomography.hermitian import adjoint
from qsense.numerics.arrays import CPU, Arrays
from qsense.numerics.fisher import FloatArray

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

    The floor is an array of NumPy or a number; the rest is where `arrays` has it.
    """

    values: Any
    vectors: Any
    floor: FloatArray | float
    arrays: Arrays = CPU

    @cached_property
    def is_floored(self) -> Any:
        """Whether λ_m + λ_n was raised, shape (..., d, d)."""
        return self._sums <= self._least

    @cached_property
    def weights(self) -> Any:
        """2/(λ_m + λ_n), floored, shape (..., d, d)."""
        return 2 / self.arrays.xp.maximum(self._sums, self._least)

    @cached_property
    def _least(self) -> Any:
        return self.arrays.xp.asarray(np.asarray(self.floor, dtype=np.float64)[..., None, None])

    @cached_property
    def _sums(self) -> Any:
        return self.values[..., :, None] + self.values[..., None, :]

    @cached_property
    def _adjoint(self) -> Any:
        return adjoint(self.vectors, self.arrays)

    def turn(self, matrices: Any) -> Any:
        """Matrices in the eigenbasis, shape (..., d, d)."""
        return self._adjoint @ matrices @ self.vectors

    def turn_back(self, matrices: Any) -> Any:
        return self.vectors @ matrices @ self._adjoint

    def turned(self, folds: Any) -> Turned:
        """Returns folds of ∂ρ in the eigenbasis; an even number of them.

        Args:
            folds: shape (folds, d, d), or of each metric's own folds, shape (..., folds, d, d).
        """
        pairs = folds[..., ::2, :, :] + 1j * folds[..., 1::2, :, :]
        return Turned(self, self._adjoint[..., None, :, :] @ pairs @ self.vectors[..., None, :, :])


def metric_of(rho: Any, floor: FloatArray | float, arrays: Arrays = CPU) -> Metric:
    """Returns the metric of ρ, shape (..., d, d), with a given least λ_m + λ_n, shape (...)."""
    xp, shape = arrays.xp, rho.shape
    values, vectors = arrays.eigh(xp.reshape(rho, (-1, *shape[-2:])))
    return Metric(xp.reshape(values, shape[:-1]), xp.reshape(vectors, shape), floor, arrays)


def noise_edge(rho: Any, arrays: Arrays = CPU) -> FloatArray:
    """Returns the largest eigenvalue that noise alone gives the mean of the folds: the edge of Wigner's semicircle.

    Args:
        rho: the folds' ρ, shape (..., folds, d, d).
        arrays: where they are.

    Source: Wigner, Ann. Math. 67, 325 (1958), for a Hermitian matrix with independent elements of equal variance.
    """
    xp, count, dimension = arrays.xp, rho.shape[-3], rho.shape[-1]
    apart = rho - xp.sum(rho, axis=-3, keepdims=True) / count
    scatter = arrays.host(xp.sum(square(apart, xp), axis=(-1, -2, -3))) / (count - 1)
    return np.asarray(2 * np.sqrt(scatter / count / dimension))


def square(matrix: Any, xp: Any) -> Any:
    """Returns |A_mn|²."""
    return xp.real(matrix) ** 2 + xp.imag(matrix) ** 2


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
    pairs: Any

    @property
    def count(self) -> int:
        """How many folds there are."""
        return 2 * int(self.pairs.shape[-3])

    def first(self, count: int) -> Turned:
        """Returns the first folds, an even number of them."""
        return Turned(self.metric, self.pairs[..., : count // 2, :, :])

    def total(self) -> Any:
        """Returns the sum of the folds, shape (..., d, d)."""
        half = (0.5 - 0.5j) * self._xp.sum(self.pairs, axis=-3)
        return half + adjoint(half, self.metric.arrays)

    def pooled(self) -> FloatArray:
        """Returns the quadratic form of the mean of the folds, with its noise, shape (...), of NumPy."""
        return np.asarray(self._summed(square(self.total(), self._xp)) / self.count**2)

    def form(self) -> FloatArray:
        """Returns the quadratic form of ∂ρ, shape (...), of NumPy, from products of different folds: their noise adds
        no bias."""
        products = _between(self.total(), self.pairs, self._xp)
        return np.asarray(self._summed(products) / (self.count * (self.count - 1)))

    @property
    def _xp(self) -> Any:
        return self.metric.arrays.xp

    def _summed(self, squares: Any) -> FloatArray:
        return np.asarray(self.metric.arrays.host(self._xp.sum(self.metric.weights * squares, axis=(-1, -2))))

    def sld(self) -> Any:
        """Returns the symmetric logarithmic derivative X of the mean of the folds, damped where sums are floored."""
        return self.metric.turn_back(self.total() * (self.metric.weights / self.count))

    def response(self) -> Any:
        """Returns M with δQ = −Tr(δρ M): how the metric's own noise moves Q. X² where no sum was raised to the floor.

        With w_ac = 2/(λ_a + λ_c), floored, M_ab = −2 Σ_c ∂ρ_ac ∂ρ_cb (w_ac − w_bc)/(λ_a − λ_b). The products are taken
        between different folds, or the noise of ∂ρ would widen the error bar.

        Returns:
            shape (..., d, d).
        """
        metric, total, xp = self.metric, self.total(), self._xp
        values, zero, one = metric.values, xp.asarray(0.0), xp.asarray(1.0)
        derivative = xp.where(metric.is_floored, zero, -(metric.weights**2) / 2)  # of w, where λ_a = λ_b
        gaps = values[..., :, None] - values[..., None, :]
        equal = xp.abs(gaps) < EQUAL
        products = self._products(metric.weights, total)
        found = (products - adjoint(products, metric.arrays)) / xp.where(equal, one, gaps)
        if bool(xp.any(values[..., 1:] - values[..., :-1] < EQUAL)):  # they rise
            products = self._products(derivative, total)
            found = xp.where(equal, (products + adjoint(products, metric.arrays)) / 2, found)
        else:  # each is equal to itself alone
            size, shape = values.shape[-1], found.shape
            found = xp.reshape(found, (*shape[:-2], size**2))
            found[..., :: size + 1] = xp.sum(derivative * _between(total, self.pairs, xp), axis=-1)
            found = xp.reshape(found, shape)
        return metric.turn_back(found * (-2 / (self.count * (self.count - 1))))

    def _products(self, weights: Any, total: Any) -> Any:
        """Σ (w ∘ A_k) A_l over different folds k and l, ∘ by elements.

        Those of one fold with itself are ½ Σ (w ∘ C†) C + (w ∘ C) C† over the pairs C.
        """
        xp = self._xp
        weighted = xp.conj(self.pairs)
        weighted *= weights[..., None, :, :]
        rows = (*total.shape[:-2], -1, total.shape[-1])
        own = xp.matrix_transpose(xp.reshape(weighted, rows)) @ xp.reshape(self.pairs, rows)
        own += xp.conj(xp.sum(weighted @ xp.matrix_transpose(self.pairs), axis=-3))
        return (weights * total) @ total - own / 2


def _between(total: Any, pairs: Any, xp: Any) -> Any:
    """Σ A_k,mn A_l,nm over different folds k and l, shape (..., d, d)."""
    own = xp.sum(square(pairs, xp), axis=-3)
    return square(total, xp) - (own + xp.matrix_transpose(own)) / 2


def sld_of(metric: Metric, slope: Any) -> Any:
    """Returns the symmetric logarithmic derivative X of ∂ρ, shape (..., d, d), damped where sums are floored."""
    return metric.turn_back(metric.turn(slope) * metric.weights)


def lower_bound(rho: Any, slope: Any, floor: FloatArray | float, arrays: Arrays = CPU) -> FloatArray:
    """Returns 2 Tr(∂ρ X) − Tr(ρ X²) ≤ Q with the noise of X taken off: a bound in expectation, whatever the state.

    The folds are parted into thirds; X₁ and X₂ are fitted on two of them, and Tr ∂ρ(X₁ + X₂) − Re Tr ρX₁X₂ is read off
    the third. Independent fits of equal distribution give Q − Tr ρ(L − E X)² in the mean, with L the true logarithmic
    derivative: only the mean error of X costs, not its noise. Mean over nine such choices.

    Args:
        rho: ρ of the folds, shape (..., 12, d, d).
        slope: ∂ρ of the folds, same shape.
        floor: the least λ_m + λ_n in the fit of X, shape (...).
        arrays: where ρ and ∂ρ are.

    Returns:
        shape (...), of NumPy.

    Source: derived in tests/estimators/test_tomography.py; the form is Q = max_X [2 Tr(∂ρ X) − Tr(ρ X²)].
    """
    xp, thirds = arrays.xp, _thirds()
    state, change = means(rho, thirds, arrays), means(slope, thirds, arrays)  # (..., thirds, partitions, d, d)
    fit = sld_of(metric_of(state, np.asarray(floor)[..., None, None], arrays), change)
    one, two = xp.roll(fit, 1, axis=-4), xp.roll(fit, 2, axis=-4)
    gain = xp.real(xp.sum(xp.conj(change) * (one + two) - xp.conj(state) * (one @ two), axis=(-1, -2)))
    return np.asarray(arrays.host(gain).mean((-1, -2)))


@cache
def _thirds() -> NDArray[np.bool_]:
    """The folds of each third, shape (thirds, partitions, folds)."""
    row, column = np.divmod(np.arange(NUM_FOLDS), 3)
    return np.asarray((column + np.arange(3)[:, None] * row) % 3 == np.arange(3)[:, None, None])


def means(folds: Any, chosen: NDArray[np.bool_], arrays: Arrays = CPU) -> Any:
    """Returns the mean of several choices among the folds.

    Args:
        folds: shape (..., folds, d, d).
        chosen: shape (*choices, folds), as many folds in each, of NumPy.
        arrays: where the folds are.

    Returns:
        shape (..., *choices, d, d).
    """
    xp, batch = arrays.xp, folds.shape[:-3]
    shares = xp.asarray(chosen.reshape(-1, chosen.shape[-1]) / np.count_nonzero(chosen, axis=-1).ravel()[:, None])
    flat = xp.reshape(folds, (*batch, chosen.shape[-1], -1))
    if arrays is CPU:  # real and imaginary parts at once
        found = (shares @ np.ascontiguousarray(flat).view(np.float64)).view(np.complex128)
    else:
        found = shares @ xp.real(flat) + 1j * (shares @ xp.imag(flat))
    return xp.reshape(found, (*batch, *chosen.shape[:-1], *folds.shape[-2:]))
