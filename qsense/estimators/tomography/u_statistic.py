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
    Metric,
    balanced_halves,
    lower_bound,
    means,
    metric_of,
    noise_edge,
    projected,
    sld_of,
)
from qsense.numerics.fisher import ComplexArray, FloatArray, rotation_form

# The variance is at least this part of what noise alone gives: less, and states without gain have too short error
# bars; more, and they have too long ones.
LEAST_NOISE = 0.9


@dataclass(frozen=True)
class TomographyData:
    """How counts became ρ and ∂ρ, of several tables of counts at once.

    Attributes:
        counts: shape (tables, blocks, settings, outcomes): ρ is read from block 0.
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


def readings(source: TomographyData, rho: ComplexArray, slope: ComplexArray) -> list[Estimate]:
    """Returns the U-statistic of G, beside `plug_in` and `lower_bound`, of every table.

    Each has its variance as a function of the true G, for the interval: a state of less coherence has X and ∂ρ smaller
    by c and G by c², and each part of the variance (`_Parts`) accordingly. Both are read where G is that of the pooled
    folds with their noise, and D, the part of X's own noise, is left at G = 0.

    Args:
        source: where ρ and ∂ρ come from.
        rho: ρ of the folds, shape (tables, 12, d, d).
        slope: ∂ρ of the folds, same shape.

    Raises:
        ArgumentError: all folds of a table agree.

    Source: variance and bound derived in tests/estimators/test_tomography.py; bound: Paris (2009) in the form
    Q = max_X [2 Tr(∂ρ X) − Tr(ρ X²)].
    """
    edge = noise_edge(rho)
    if not edge.all():
        raise ArgumentError("All shots of every setting agree, which no state gives: the counts are not of tomography.")
    pooled = metric_of(rho.mean(1), FLOOR * edge)
    turned, halves = pooled.turned(slope), _halves(rho, slope, FLOOR * edge, source.commutes)
    fit = sld_of(Metric(pooled.values, pooled.vectors, BOUND_FLOOR * edge), slope.mean(1))
    parts = _linear_variance(
        source,
        np.concatenate([np.stack([turned.sld(), fit], axis=1), halves.sld], axis=1),
        np.concatenate([np.stack([turned.response(), fit @ fit], axis=1), halves.response], axis=1),
    )
    linear, fitted, scatter = parts.mean(slice(0, 1)), parts.mean(slice(1, 2)), parts.mean(slice(2, None))
    noise = scatter.variance / 2
    variance = np.maximum(linear.variance - noise, LEAST_NOISE * noise)
    bend = linear.later if source.commutes else np.minimum(linear.later - scatter.later, 0.0)  # M without its noise
    noisy = np.maximum(turned.pooled(), 1e-100)
    columns = (
        2 * turned.form() - halves.form,
        np.sqrt(variance),
        rotation_form(projected(pooled.values), pooled.vectors, source.generator),
        np.sqrt(linear.variance),
        lower_bound(rho, slope, BOUND_FLOOR * edge),
        np.sqrt(fitted.variance),
        noise,
        linear.square / noisy,
        -bend / noisy**2,
    )
    limits = (0.0, float(np.ptp(source.generator)) ** 2)
    return [
        Estimate(
            value,
            stderr,
            {"plug_in": Estimate(plug_in, plug_in_stderr), "lower_bound": Estimate(bound, bound_stderr)},
            limits,
            (v0, v1, v2),
        )
        for value, stderr, plug_in, plug_in_stderr, bound, bound_stderr, v0, v1, v2 in np.stack(columns, 1).tolist()
    ]


class _Halves(NamedTuple):
    """What halves of the folds say: the form, and half of the difference between the two halves of each split.

    Attributes:
        form: mean over all halves, shape (tables,).
        sld: of X, shape (tables, 11, d, d).
        response: of M, same shape.
    """

    form: FloatArray
    sld: ComplexArray
    response: ComplexArray


def _halves(rho: ComplexArray, slope: ComplexArray, floor: FloatArray, commutes: bool) -> _Halves:
    one = balanced_halves(NUM_FOLDS)
    chosen = np.stack([one, ~one], axis=1)  # (splits, 2, folds)
    half = metric_of(means(rho, chosen), floor[:, None, None])
    members = np.argsort(~chosen, axis=-1, kind="stable")  # the half's own folds, then the others
    own = NUM_FOLDS // 2
    turned = half.turned(slope[:, members[..., :own] if commutes else members])
    sld, response = turned.first(own).sld(), turned.first(own).response()
    return _Halves(
        turned.form().mean((1, 2)), (sld[:, :, 0] - sld[:, :, 1]) / 2, (response[:, :, 0] - response[:, :, 1]) / 2
    )


class _Parts(NamedTuple):
    """Two parts of a variance, square − later: the first goes with G, the second with G². Shape (tables, matrices).

    Of shots that hold ρ and ∂ρ at once: Σ p s² and (Σ p s)², as s goes with X. Of shots of their own: the variance of
    the shifted rows, read with X, and less that of the unshifted ones, read with M, which goes with X².
    """

    square: FloatArray
    later: FloatArray

    @property
    def variance(self) -> FloatArray:
        return np.maximum(self.square - self.later, 0.0)

    def mean(self, some: slice) -> _Parts:
        """Returns the mean over some of the matrices, shape (tables,)."""
        return _Parts(self.square[:, some].mean(1), self.later[:, some].mean(1))


def _linear_variance(source: TomographyData, sld: ComplexArray, response: ComplexArray) -> _Parts:
    """Returns the variance of 2 Tr(∂ρ X) − Tr(ρ M) at given X and M: the multinomial variance of each row's shares.

    Args:
        source: where ρ and ∂ρ come from.
        sld: several X of each table, shape (tables, matrices, d, d).
        response: M likewise.
    """
    shots = source.counts.sum(-1, keepdims=True)
    frequencies, freedom = source.counts / shots, shots - 1
    metric_part = source.pull_back(response)
    if source.commutes:
        shares = source.pull_back(-2 * commutator(source.generator, sld)) - metric_part
        return _multinomial_variance(frequencies[:, :1], freedom[:, :1], shares)
    used = np.flatnonzero(source.coefficients)  # a spin that does not sense the signal adds nothing
    squares = (2 * source.coefficients[used, None, None]) ** 2
    own = _multinomial_variance(frequencies[:, :1], freedom[:, :1], metric_part)
    shifted = _multinomial_variance(frequencies[:, used + 1], freedom[:, used + 1] / squares, source.pull_back(sld))
    return _Parts(shifted.variance, -own.variance)


def _multinomial_variance(frequencies: FloatArray, freedom: FloatArray, shares: FloatArray) -> _Parts:
    """Σ over blocks and settings of the variance of the mean share over a setting's shots.

    Args:
        frequencies: shape (tables, blocks, settings, outcomes).
        freedom: shape (tables, blocks, settings, 1).
        shares: shape (tables, matrices, settings, outcomes).
    """
    flat = (*shares.shape[:2], -1)
    once = (frequencies / freedom).sum(1).reshape(len(shares), -1, 1)
    square = ((shares**2).reshape(flat) @ once)[..., 0]
    mean = frequencies.transpose(0, 2, 1, 3) @ shares.transpose(0, 2, 3, 1)  # (tables, settings, blocks, matrices)
    return _Parts(square, np.sum(mean**2 / freedom.transpose(0, 2, 1, 3), axis=(1, 2)))
