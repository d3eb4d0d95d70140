"""The quadratic form of the quantum Fisher information, with its metric taken from a noisy ρ.

Q = Σ_mn 2/(λ_m + λ_n) |<m|∂ρ|n>|². Folds are independent repetitions: arrays of shape (folds, d, d). A Metric may
hold many ρ at once: its leading axes are carried along, and everything is done for all of them together.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from qsense.numerics.fisher import ComplexArray, FloatArray

NUM_FOLDS = 12
# The least λ_m + λ_n that is believed, in units of the largest eigenvalue of pure noise. A low floor lets variance
# grow, a high one bias: from 0.35 to 0.6 bias stays under half a standard error for one to four spins.
FLOOR = 0.5
# The same for the lower bound, which holds for any: it is fitted on a third of the shots.
BOUND_FLOOR = 2.0
# Eigenvalues nearer than this are taken as equal: their divided difference is a derivative.
EQUAL = 1e-7


class Metric(NamedTuple):
    """Eigenvalues (..., d) and eigenvectors (..., d, d) of ρ, and the least λ_m + λ_n that is believed.

    The eigenvalues are those of the unprojected ρ: a few are negative, but <m|ρ|m> is right in the mean. Projection
    would lower the large ones by an amount that falls off with the root of the shots only: no jackknife takes that off.
    """

    values: FloatArray
    vectors: ComplexArray
    floor: float

    @property
    def sums(self) -> FloatArray:
        """λ_m + λ_n, floored, shape (..., d, d)."""
        return np.asarray(np.maximum(self.values[..., :, None] + self.values[..., None, :], self.floor))

    @property
    def weights(self) -> FloatArray:
        """2/(λ_m + λ_n), floored, shape (..., d, d)."""
        return np.asarray(2 / self.sums)

    def turn(self, matrices: ComplexArray) -> ComplexArray:
        """Matrices in the eigenbasis, shape (..., d, d)."""
        return np.asarray(np.swapaxes(self.vectors.conj(), -1, -2) @ matrices @ self.vectors)

    def turn_back(self, matrices: ComplexArray) -> ComplexArray:
        return np.asarray(self.vectors @ matrices @ np.swapaxes(self.vectors.conj(), -1, -2))


def metric_of(rho: ComplexArray, floor: float) -> Metric:
    """Returns the metric of ρ, shape (..., d, d), with a given least λ_m + λ_n."""
    values, vectors = np.linalg.eigh(rho)
    return Metric(values, vectors, floor)


def noise_edge(rho: ComplexArray) -> float:
    """Returns the largest eigenvalue that noise alone gives the mean of the folds: the edge of Wigner's semicircle.

    Args:
        rho: the folds' ρ, shape (folds, d, d).

    Source: Wigner, Ann. Math. 67, 325 (1958), for a Hermitian matrix with independent elements of equal variance.
    """
    count, dimension = rho.shape[0], rho.shape[-1]
    scatter = np.sum(np.abs(rho - rho.mean(0)) ** 2) / (count - 1)
    return float(2 * np.sqrt(scatter / count / dimension))


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


def between_folds(metric: Metric, slope: ComplexArray) -> FloatArray:
    """Returns the quadratic form of ∂ρ from products of different folds only, shape (...): noise of ∂ρ adds no bias.

    Args:
        metric: one metric, or several.
        slope: ∂ρ of the folds, shape (folds, d, d), or of each metric's own folds, shape (..., folds, d, d).
    """
    moved = Metric(metric.values, metric.vectors[..., None, :, :], metric.floor).turn(slope)
    count = moved.shape[-3]
    pairs = np.abs(moved.sum(-3)) ** 2 - np.sum(np.abs(moved) ** 2, axis=-3)
    return np.asarray(np.sum(metric.weights * pairs, axis=(-1, -2)) / (count * (count - 1)))


def sld_of(metric: Metric, slope: ComplexArray) -> ComplexArray:
    """Returns the symmetric logarithmic derivative X of ∂ρ, shape (..., d, d), damped where sums are floored."""
    return metric.turn_back(metric.turn(slope) * metric.weights)


def response(metric: Metric, slope: ComplexArray) -> ComplexArray:
    """Returns M with δQ = −Tr(δρ M): how the metric's own noise moves Q. X² where no sum was raised to the floor.

    With w_ac = 2/(λ_a + λ_c), floored, M_ab = −2 Σ_c ∂ρ_ac ∂ρ_cb (w_ac − w_bc)/(λ_a − λ_b). The products are taken
    between different folds, or the noise of ∂ρ would widen the error bar.

    Args:
        metric: one metric, or several.
        slope: as in `between_folds`.

    Returns:
        shape (..., d, d).
    """
    moved = Metric(metric.values, metric.vectors[..., None, :, :], metric.floor).turn(slope)
    weights, count = metric.weights, moved.shape[-3]
    gaps = metric.values[..., :, None] - metric.values[..., None, :]
    equal = np.abs(gaps) < EQUAL
    derivative = np.where(metric.sums > metric.floor, -(weights**2) / 2, 0)  # of w, where λ_a = λ_b
    total = np.zeros(gaps.shape, dtype=np.complex128)
    for sign, one in [(1, moved.sum(-3)), *((-1, moved[..., fold, :, :]) for fold in range(count))]:
        apart = (weights * one) @ one - one @ (weights * one)
        together = (derivative * one) @ one
        total += sign * np.where(
            equal, (together + np.swapaxes(together.conj(), -1, -2)) / 2, apart / np.where(equal, 1, gaps)
        )
    return metric.turn_back(-total * 2 / (count * (count - 1)))


def lower_bound(rho: ComplexArray, slope: ComplexArray, floor: float) -> float:
    """Returns 2 Tr(∂ρ X) − Tr(ρ X²) ≤ Q with the noise of X taken off: a bound in expectation, whatever the state.

    The folds are parted into thirds; X₁ and X₂ are fitted on two of them, and Tr ∂ρ(X₁ + X₂) − Re Tr ρX₁X₂ is read off
    the third. Independent fits of equal distribution give Q − Tr ρ(L − E X)² in the mean, with L the true logarithmic
    derivative: only the mean error of X costs, not its noise. Mean over nine such choices.

    Args:
        rho: ρ of the folds, shape (12, d, d).
        slope: ∂ρ of the folds, same shape.
        floor: the least λ_m + λ_n in the fit of X.

    Source: derived in tests/estimators/test_tomography.py; the form is Q = max_X [2 Tr(∂ρ X) − Tr(ρ X²)].
    """
    row, column = np.divmod(np.arange(NUM_FOLDS), 3)
    thirds = np.stack([np.argsort((column + tilt * row) % 3, kind="stable").reshape(3, -1) for tilt in range(3)])
    state, change = rho[thirds].mean(2), slope[thirds].mean(2)  # (partitions, thirds, d, d)
    fit = sld_of(metric_of(state, floor), change)
    one, two = np.roll(fit, 1, axis=1), np.roll(fit, 2, axis=1)
    gain = np.einsum("ptij,ptji->pt", change, one + two).real
    return float(np.mean(gain - np.einsum("ptij,ptji->pt", state, one @ two).real))
