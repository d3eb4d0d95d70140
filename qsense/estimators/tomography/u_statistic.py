"""Three readings of the quantum Fisher information from folds of ρ and ∂ρ, whatever linear inverse made them.

The inverse is known through its transpose: `pull_back(A)` gives what each outcome of each setting adds to Tr(ρA).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from qsense.circuits.counts import IntArray
from qsense.errors import ArgumentError
from qsense.estimators.result import Estimate
from qsense.estimators.tomography.quadratic_form import (
    BOUND_FLOOR,
    FLOOR,
    NUM_FOLDS,
    balanced_halves,
    between_folds,
    lower_bound,
    metric_of,
    noise_edge,
    project,
    response,
    sld_of,
)
from qsense.numerics.fisher import ComplexArray, FloatArray, qfi_of_rotation

# The variance is at least this part of what noise alone gives: less, and states without gain have too short error
# bars; more, and they have too long ones.
LEAST_NOISE = 0.9


@dataclass(frozen=True)
class TomographyData:
    """How counts became ρ and ∂ρ.

    Attributes:
        counts: shape (blocks, settings, outcomes): ρ is read from block 0.
        coefficients: ∂ρ = Σ_b coefficients[b] ρ_b over the other blocks, shape (blocks − 1,). Empty: ∂ρ = −i[J, ρ].
        generator: the diagonal of J, shape (d,).
        pull_back: A, shape (..., d, d) ↦ what each outcome adds to Tr(ρA), shape (..., settings, outcomes).
    """

    counts: IntArray
    coefficients: FloatArray
    generator: FloatArray
    pull_back: Callable[[ComplexArray], FloatArray]

    @property
    def commutes(self) -> bool:
        """Whether ∂ρ comes from ρ's own shots."""
        return len(self.coefficients) == 0


def commutator(generator: FloatArray, rho: ComplexArray) -> ComplexArray:
    """Returns −i[J, ρ], J diagonal: the derivative when noise commutes with the phase, which is an assumption.

    >>> commutator(np.array([0.5, -0.5]), np.full((2, 2), 0.5 + 0j))
    array([[0.+0.j , 0.-0.5j],
           [0.+0.5j, 0.+0.j ]])
    """
    return np.asarray(-1j * (generator[:, None] - generator[None, :]) * rho)


def readings(source: TomographyData, rho: ComplexArray, slope: ComplexArray) -> Estimate:
    """Returns the U-statistic of G, beside `plug_in` and `lower_bound`.

    Args:
        source: where ρ and ∂ρ come from.
        rho: ρ of the folds, shape (12, d, d).
        slope: ∂ρ of the folds, same shape.

    Raises:
        ArgumentError: all folds agree.

    Source: variance and bound derived in tests/estimators/test_tomography.py; bound: Paris (2009) in the form
    Q = max_X [2 Tr(∂ρ X) − Tr(ρ X²)].
    """
    edge = noise_edge(rho)
    if edge == 0:
        raise ArgumentError("All shots of every setting agree, which no state gives: the counts are not of tomography.")
    value, variance, linear, spread = _u_statistic(source, rho, slope, FLOOR * edge)
    smooth = sld_of(metric_of(rho.mean(0), BOUND_FLOOR * edge), slope.mean(0))
    bound = lower_bound(rho, slope, BOUND_FLOOR * edge)
    bound_variance = _linear_variance(source, smooth, smooth @ smooth).variance
    values, vectors = project(rho.mean(0))
    plug_in = float(qfi_of_rotation((vectors * values) @ vectors.conj().T, source.generator))
    return Estimate(
        value,
        float(np.sqrt(variance)),
        {
            "plug_in": Estimate(plug_in, float(np.sqrt(linear))),
            "lower_bound": Estimate(bound, float(np.sqrt(bound_variance))),
        },
        (0.0, float(np.ptp(source.generator)) ** 2),
        spread,
    )


def _u_statistic(
    source: TomographyData, rho: ComplexArray, slope: ComplexArray, floor: float
) -> tuple[float, float, float, tuple[float, float, float]]:
    """Returns the U-statistic, its variance, and the variance at fixed X and M (which X's own noise makes too large).

    Last the variance as a function of the true G, for the interval: a state of less coherence has X and ∂ρ smaller by c
    and G by c², and each part of the variance (`_Parts`) accordingly. Both are read where G is that of the pooled folds
    with their noise, and D is left at G = 0.
    """
    halves = balanced_halves(NUM_FOLDS)
    chosen = np.stack([halves, ~halves], axis=1)  # (splits, 2, folds)
    pooled = metric_of(rho.mean(0), floor)
    half = metric_of(np.tensordot(chosen / (NUM_FOLDS // 2), rho, axes=(2, 0)), floor)
    half_slope = np.stack([[slope[part] for part in pair] for pair in chosen])
    forms = between_folds(half, half_slope if source.commutes else slope)
    value = 2 * float(between_folds(pooled, slope)) - float(forms.mean())

    linear = _linear_variance(source, sld_of(pooled, slope.mean(0)), response(pooled, slope))
    sld, answer = sld_of(half, half_slope.mean(-3)), response(half, half_slope)
    scatter = _linear_variance(source, (sld[:, 0] - sld[:, 1]) / 2, (answer[:, 0] - answer[:, 1]) / 2)
    noise = scatter.variance
    noisy = max(float(np.trace(slope.mean(0) @ sld_of(pooled, slope.mean(0))).real), 1e-100)
    variance = max(linear.variance - noise / 2, LEAST_NOISE * noise / 2)
    bend = linear.mean if source.commutes else min(linear.mean - scatter.mean, 0.0)  # M without its noise
    return value, variance, linear.variance, (noise / 2, linear.square / noisy, -bend / noisy**2)


class _Parts(NamedTuple):
    """Two parts of a variance, square − mean: the first goes with G, the second with G².

    Of shots that hold ρ and ∂ρ at once: Σ p s² and (Σ p s)², as s goes with X. Of shots of their own: the variance of
    the shifted rows, read with X, and less that of the unshifted ones, read with M, which goes with X².
    """

    square: float
    mean: float

    @property
    def variance(self) -> float:
        return max(self.square - self.mean, 0.0)


def _linear_variance(source: TomographyData, sld: ComplexArray, response: ComplexArray) -> _Parts:
    """Returns the variance of 2 Tr(∂ρ X) − Tr(ρ M) at given X and M: the multinomial variance of each row's shares.

    Args:
        source: where ρ and ∂ρ come from.
        sld: X, shape (d, d), or several of shape (splits, d, d), over which the mean is taken.
        response: M likewise.
    """
    shots = source.counts.sum(-1, keepdims=True)
    frequencies, freedom = source.counts / shots, shots - 1
    metric_part = source.pull_back(response)
    if source.commutes:
        shares = source.pull_back(-2 * commutator(source.generator, sld)) - metric_part
        return _multinomial_variance(frequencies[:1], freedom[:1], shares)
    used = source.coefficients != 0  # a spin that does not sense the signal adds nothing
    squares = (2 * source.coefficients[used, None, None]) ** 2
    own = _multinomial_variance(frequencies[:1], freedom[:1], metric_part)
    shifted = _multinomial_variance(frequencies[1:][used], freedom[1:][used] / squares, source.pull_back(sld))
    return _Parts(shifted.variance, -own.variance)


def _multinomial_variance(frequencies: FloatArray, freedom: FloatArray, shares: FloatArray) -> _Parts:
    """Σ over blocks and settings of the variance of the mean share over a setting's shots, mean over splits."""
    square = np.einsum("so,...so->...", (frequencies / freedom).sum(0), shares**2)
    mean = np.einsum("bso,...so->...bs", frequencies, shares)
    return _Parts(float(np.mean(square)), float(np.mean(np.sum(mean**2 / freedom[..., 0], axis=(-1, -2)))))
