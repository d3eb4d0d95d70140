"""The quadratic form of the quantum Fisher information, with its metric taken from a noisy ρ.

Q = Σ_mn 2/(λ_m + λ_n) |<m|∂ρ|n>|². Folds are independent repetitions: arrays of shape (folds, d, d).
"""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qsense.fisher import ComplexArray, FloatArray

NUM_FOLDS = 12
# In units of the noise of an eigenvalue. A low floor lets variance grow, a high one bias; the best compromise falls
# with the dimension, and from N = 3 on it stays: bias is then about a third of the standard error (docs/benchmarks.md).
FLOOR_TIMES_DIMENSION, LEAST_FLOOR = 2.2, 0.35
# The bound holds for any X. A smooth one, from a high floor, loses least to noise.
BOUND_FLOOR = 3.0


class Metric(NamedTuple):
    """Eigenvalues (d,) and eigenvectors (d, d) of the projected ρ, and the least λ_m + λ_n that is believed."""

    values: FloatArray
    vectors: ComplexArray
    floor: float

    @property
    def sums(self) -> FloatArray:
        return np.asarray(np.maximum(self.values[:, None] + self.values[None, :], self.floor))

    def turn(self, matrices: ComplexArray) -> ComplexArray:
        """Matrices in the eigenbasis, shape (..., d, d)."""
        return np.asarray(self.vectors.conj().T @ matrices @ self.vectors)

    def turn_back(self, matrix: ComplexArray) -> ComplexArray:
        return np.asarray(self.vectors @ matrix @ self.vectors.conj().T)


def project(rho: ComplexArray) -> tuple[FloatArray, ComplexArray]:
    """Returns eigenvalues and eigenvectors of the density matrix nearest to a Hermitian matrix of trace 1.

    Source: Smolin, Gambetta & Smith, Phys. Rev. Lett. 108, 070502 (2012).

    >>> project(np.diag([1.2, -0.2]).astype(complex))[0]
    array([0., 1.])
    """
    values, vectors = np.linalg.eigh(rho)
    falling = values[::-1]
    excess = (np.cumsum(falling) - 1) / np.arange(1, len(values) + 1)
    kept = int(np.sum(falling > excess))
    return np.maximum(values - excess[kept - 1], 0), vectors


def jackknifed(form: Callable[[Metric], float], rho: ComplexArray) -> float:
    """Takes the first-order bias of a noisy metric off: 2 Q(all) − mean Q(halves), over balanced halves.

    For a quadratic bias the result is the mean of products between different folds, as in a U-statistic: one split
    alone would have twice its variance.
    """
    halves = balanced_halves(len(rho))
    split = [form(metric_of(rho[chosen])) for half in halves for chosen in (half, ~half)]
    return 2 * form(metric_of(rho)) - float(np.mean(split))


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


def metric_of(rho: ComplexArray, floor: float | None = None) -> Metric:
    """The metric from the mean of some folds. The floor follows the noise of all of them, from their scatter."""
    dimension = rho.shape[-1]
    values, vectors = project(rho.mean(0))
    scatter = np.sum(np.abs(rho - rho.mean(0)) ** 2) / (len(rho) - 1)
    noise = 2 * np.sqrt(scatter / NUM_FOLDS / dimension)  # edge of the semicircle of a random Hermitian matrix
    if floor is None:
        floor = max(FLOOR_TIMES_DIMENSION / dimension, LEAST_FLOOR)
    return Metric(values, vectors, floor * noise)


def gram(metric: Metric, slope: ComplexArray) -> FloatArray:
    """The quadratic form between all pairs of ∂ρ, shape (folds, folds)."""
    flat = (metric.turn(slope) * np.sqrt(2 / metric.sums)).reshape(len(slope), -1)
    return np.asarray((flat.conj() @ flat.T).real)


def degenerate_variance(gram: FloatArray) -> float:
    """Tr(BCBC) with C the covariance of the mean ∂ρ: unbiased for Gaussian folds, from their centred Gram matrix."""
    count = len(gram)
    centred = gram - gram.mean(0) - gram.mean(1)[:, None] + gram.mean()
    n = count - 1
    squared, trace = float(np.sum(centred**2)) / n**2, float(np.trace(centred)) / n
    full = n**2 / ((n + 2) * (n - 1)) * (squared - trace**2 / n)
    return max(full, squared / (count * 10)) / count**2


def sld_of(metric: Metric, slope: ComplexArray) -> ComplexArray:
    return metric.turn_back(metric.turn(slope) * (2 / metric.sums))


def response(metric: Metric, slope: ComplexArray) -> ComplexArray:
    """M with δQ = −Tr(δρ M): how the metric's own noise moves Q. X² where no sum was raised to the floor.

    With w_ac = 2/(λ_a + λ_c), floored, M_ab = −2 Σ_c ∂ρ_ac ∂ρ_cb (w_ac − w_bc)/(λ_a − λ_b). The products are taken
    between different folds, or the noise of ∂ρ would widen the error bar.
    """
    moved, weights, values = metric.turn(slope), 2 / metric.sums, metric.values
    gaps = values[:, None] - values[None, :]
    same = np.abs(gaps) < 1e-12
    slopes = (weights[:, None, :] - weights[None, :, :]) / np.where(same, 1, gaps)[:, :, None]
    flat = np.where(metric.sums > metric.floor, -(weights**2) / 2, 0)
    slopes = np.where(same[:, :, None], flat[:, None, :], slopes)  # the derivative of w, where λ_a = λ_b
    count, mean = len(slope), moved.mean(0)
    total = np.einsum("abc,ac,cb->ab", slopes, mean, mean, optimize=True) * count**2
    for one in moved:
        total = total - np.einsum("abc,ac,cb->ab", slopes, one, one, optimize=True)
    response = metric.turn_back(-2 * total / (count * (count - 1)))
    return np.asarray(response + response.conj().T) / 2
