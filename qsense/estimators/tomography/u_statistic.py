"""Three readings of the quantum Fisher information from folds of ρ and ∂ρ, whatever linear inverse made them.

The inverse is known through its transpose: `pull_back(A)` gives what each outcome of each setting adds to Tr(ρA).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

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
from qsense.numerics.arrays import CPU, Arrays
from qsense.numerics.fisher import FloatArray, rotation_form

# The variance is at least this part of what noise alone gives: less, and states without gain have too short error
# bars; more, and they have too long ones.
LEAST_NOISE = 0.9


@dataclass(frozen=True)
class TomographyData:
    """How counts became ρ and ∂ρ, of several tables of counts at once.

    Counts, coefficients and generator are NumPy's; matrices are where `arrays` has them.

    Attributes:
        counts: shape (tables, blocks, settings, outcomes): ρ is read from block 0.
        coefficients: ∂ρ = Σ_b coefficients[b] ρ_b over the other blocks, shape (blocks − 1,). Empty: ∂ρ = −i[J, ρ].
        generator: the diagonal of J, shape (d,).
        pull_back: A, shape (..., d, d) ↦ what each outcome adds to Tr(ρA), shape (..., settings, outcomes).
        arrays: where to compute.
    """

    counts: IntArray
    coefficients: FloatArray
    generator: FloatArray
    pull_back: Callable[[Any], Any]
    arrays: Arrays = CPU

    @property
    def commutes(self) -> bool:
        """Whether ∂ρ comes from ρ's own shots."""
        return len(self.coefficients) == 0


def commutator(generator: FloatArray, rho: Any, arrays: Arrays = CPU) -> Any:
    """Returns −i[J, ρ], J diagonal: the derivative when noise commutes with the phase, which is an assumption.

    >>> commutator(np.array([0.5, -0.5]), np.full((2, 2), 0.5 + 0j))
    array([[0.+0.j , 0.-0.5j],
           [0.+0.5j, 0.+0.j ]])
    """
    return arrays.xp.asarray(-1j * (generator[:, None] - generator[None, :])) * rho


def readings(source: TomographyData, rho: Any, slope: Any) -> list[Estimate]:
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
    arrays, xp = source.arrays, source.arrays.xp
    edge = noise_edge(rho, arrays)
    if not edge.all():
        raise ArgumentError("All shots of every setting agree, which no state gives: the counts are not of tomography.")
    pooled = metric_of(xp.sum(rho, axis=1) / NUM_FOLDS, FLOOR * edge, arrays)
    turned, halves = pooled.turned(slope), _halves(rho, slope, FLOOR * edge, source)
    fit = sld_of(replace(pooled, floor=BOUND_FLOOR * edge), xp.sum(slope, axis=1) / NUM_FOLDS)
    parts = _linear_variance(
        source,
        xp.concat([xp.stack([turned.sld(), fit], axis=1), halves.sld], axis=1),
        xp.concat([xp.stack([turned.response(), fit @ fit], axis=1), halves.response], axis=1),
    )
    linear, fitted, scatter = parts.mean(slice(0, 1)), parts.mean(slice(1, 2)), parts.mean(slice(2, None))
    noise = scatter.variance / 2
    variance = np.maximum(linear.variance - noise, LEAST_NOISE * noise)
    bend = linear.later if source.commutes else np.minimum(linear.later - scatter.later, 0.0)  # M without its noise
    noisy = np.maximum(turned.pooled(), 1e-100)
    columns = (
        2 * turned.form() - halves.form,
        np.sqrt(variance),
        _plug_in(pooled, source.generator),
        np.sqrt(linear.variance),
        lower_bound(rho, slope, BOUND_FLOOR * edge, arrays),
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


def _plug_in(pooled: Metric, generator: FloatArray) -> FloatArray:
    """The quantum Fisher information of the projected state."""
    arrays, xp = pooled.arrays, pooled.arrays.xp
    values = xp.asarray(projected(arrays.host(pooled.values)))
    return np.asarray(arrays.host(rotation_form(values, pooled.vectors, xp.asarray(generator), arrays)))


class _Halves(NamedTuple):
    """What halves of the folds say: the form, and half of the difference between the two halves of each split.

    Attributes:
        form: mean over all halves, shape (tables,), of NumPy.
        sld: of X, shape (tables, 11, d, d).
        response: of M, same shape.
    """

    form: FloatArray
    sld: Any
    response: Any


def _halves(rho: Any, slope: Any, floor: FloatArray, source: TomographyData) -> _Halves:
    arrays, xp = source.arrays, source.arrays.xp
    chosen, members = _splits()
    half = metric_of(means(rho, chosen, arrays), floor[:, None, None], arrays)
    own = NUM_FOLDS // 2
    members = members[..., :own] if source.commutes else members
    folds = xp.take(slope, xp.asarray(members.ravel()), axis=1)
    turned = half.turned(xp.reshape(folds, (len(floor), *members.shape, *slope.shape[-2:])))
    sld, response = turned.first(own).sld(), turned.first(own).response()
    return _Halves(
        turned.form().mean((1, 2)),
        (sld[:, :, 0, ...] - sld[:, :, 1, ...]) / 2,
        (response[:, :, 0, ...] - response[:, :, 1, ...]) / 2,
    )


@cache
def _splits() -> tuple[NDArray[np.bool_], NDArray[np.intp]]:
    """The folds of both halves of each split, and their numbers: the half's own, then the others.

    Shape (splits, 2, folds).
    """
    one = balanced_halves(NUM_FOLDS)
    chosen = np.stack([one, ~one], axis=1)
    return chosen, np.argsort(~chosen, axis=-1, kind="stable")


class _Parts(NamedTuple):
    """Two parts of a variance, square − later: the first goes with G, the second with G². Shape (tables, matrices), of
    NumPy.

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


def _linear_variance(source: TomographyData, sld: Any, response: Any) -> _Parts:
    """Returns the variance of 2 Tr(∂ρ X) − Tr(ρ M) at given X and M: the multinomial variance of each row's shares.

    Args:
        source: where ρ and ∂ρ come from.
        sld: several X of each table, shape (tables, matrices, d, d).
        response: M likewise.
    """
    shots = source.counts.sum(-1, keepdims=True)
    frequencies, freedom = source.counts / shots, shots - 1.0
    metric_part = source.pull_back(response)
    if source.commutes:
        shares = source.pull_back(-2 * commutator(source.generator, sld, source.arrays)) - metric_part
        return _multinomial_variance(frequencies[:, :1], freedom[:, :1], shares, source.arrays)
    used = np.flatnonzero(source.coefficients)  # a spin that does not sense the signal adds nothing
    squares = (2 * source.coefficients[used, None, None]) ** 2
    own = _multinomial_variance(frequencies[:, :1], freedom[:, :1], metric_part, source.arrays)
    shares = source.pull_back(sld)
    shifted = _multinomial_variance(frequencies[:, used + 1], freedom[:, used + 1] / squares, shares, source.arrays)
    return _Parts(shifted.variance, -own.variance)


def _multinomial_variance(frequencies: FloatArray, freedom: FloatArray, shares: Any, arrays: Arrays) -> _Parts:
    """Σ over blocks and settings of the variance of the mean share over a setting's shots.

    Args:
        frequencies: shape (tables, blocks, settings, outcomes), of NumPy.
        freedom: shape (tables, blocks, settings, 1), of NumPy.
        shares: shape (tables, matrices, settings, outcomes), where `arrays` has it.
        arrays: where to compute.
    """
    xp, tables = arrays.xp, shares.shape[0]
    there, free = xp.asarray(frequencies), xp.asarray(freedom)
    once = xp.reshape(xp.sum(there / free, axis=1), (tables, -1, 1))
    square = (xp.reshape(shares**2, (*shares.shape[:2], -1)) @ once)[..., 0]
    # (tables, settings, blocks, matrices)
    mean = xp.permute_dims(there, (0, 2, 1, 3)) @ xp.permute_dims(shares, (0, 2, 3, 1))
    later = xp.sum(mean**2 / xp.permute_dims(free, (0, 2, 1, 3)), axis=(1, 2))
    return _Parts(arrays.host(square), arrays.host(later))
