"""G of a product probe, and every spin's own coherence, from three settings on all spins at once; any N.

A z rotation of one spin with the Bloch vector b has the quantum Fisher information b_x² + b_y², whatever its state, and
the information of independent spins adds up:

    G = Σ_j (b_x,j² + b_y,j²), or Σ_j w_j² (b_x,j² + b_y,j²) about the angle of a signal of weights w_j.

The equatorial settings lie along the expected phase (x) and across it (y), so that a phase that is not as expected does
no harm; the third, along Z, gives populations (emission or dephasing?) and is not needed for G. The noise of each
squared mean is subtracted: G is exactly unbiased. With both sides of a direction measured, such as "along" and
"-along", half their difference is its mean: readout that reads up and down wrong unequally, with e0 and e1, then only
multiplies it by 1 − e0 − e1, G by the square, at every time alike. That spins are independent is an assumption;
`correlation_p_value` tests it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np

from qsense.circuits.counts import Counts, IntArray
from qsense.circuits.histograms import check_whole
from qsense.circuits.sensing import Settings
from qsense.errors import ArgumentError
from qsense.estimators import tally
from qsense.estimators.chance import p_value
from qsense.estimators.fringe import Squared, as_estimates, summed
from qsense.estimators.product.correlations import pairs_by_axis
from qsense.estimators.result import Estimate
from qsense.numerics.fisher import FloatArray

Axis = Literal["along", "across", "z", "-along", "-across"]
AXES: tuple[Axis, ...] = ("along", "across", "z")
ANTIPODAL: tuple[Axis, ...] = ("along", "across", "-across", "-along", "z")
_DIRECTIONS = {
    "along": (np.pi / 2, 0.0),
    "across": (np.pi / 2, np.pi / 2),
    "z": (0.0, 0.0),
    "-along": (np.pi / 2, np.pi),
    "-across": (np.pi / 2, 3 * np.pi / 2),
}
MIN_SHOTS = 5  # a row; with 2 an interval covers 87 % of two weakly coherent spins instead of 95 %


class Spins(NamedTuple):
    """What the counts say of every spin.

    Attributes:
        bloch: (b_x, b_y, b_z) with x along the expected phase; b_z = +1 is down (|0>). Shape (spins, 3), nan for an
            axis that was not measured.
        bloch_stderr: their standard errors, shape (spins, 3).
        gains: b_x² + b_y² of each spin, unbiased.
    """

    bloch: FloatArray
    bloch_stderr: FloatArray
    gains: tuple[Estimate, ...]


def design(
    num_qubits: int, phase: float, axes: Sequence[Axis] = AXES, weights: Sequence[float] = ()
) -> tuple[Literal["directions"], Settings]:
    """Returns how the circuit ends and the settings of one time, one row per axis.

    Args:
        num_qubits: N.
        phase: the expected signal angle θ = φt in rad.
        axes: "along", "across" and "z" in any order, repeated for more shots; "-along" and "-across" are their
            antipodes, as in ANTIPODAL. ("along",) alone trusts the phase.
        weights: w of the signal, which puts the angle w_j θ on spin j; () is 1 for all.

    Raises:
        ArgumentError: an unknown axis, or none along the phase.

    >>> ending, settings = design(100, 0.2)
    >>> ending, len(settings)
    ('directions', 3)
    """
    _check(axes)
    polars, azimuths = (np.array([_DIRECTIONS[axis][k] for axis in axes]) for k in (0, 1))
    across = np.array([axis != "z" for axis in axes])
    one = np.ones(num_qubits)
    own = one * phase * np.array(weights or 1.0)
    return "directions", Settings(
        np.tile(own, (len(axes), 1)), np.outer(polars, one), np.outer(azimuths, one) + np.outer(across, own)
    )


def gains(shares: IntArray, axes: Sequence[Axis] = AXES, weights: Sequence[float] = ()) -> Squared:
    """Returns G from tallies, for any number of repetitions at once.

    Args:
        shares: how often each spin was down and up, shape (..., rows, spins, 2).
        axes, weights: as in `design`.

    Raises:
        ArgumentError: the rows do not fit the design, or a row has fewer than MIN_SHOTS, 5 shots.
    """
    return summed(weighted(_equatorial(shares, axes), weights), (-1, -2))


def estimate(counts: Counts, axes: Sequence[Axis] = AXES, weights: Sequence[float] = ()) -> Estimate:
    """Returns G (the QFI about θ) of a product probe from the counts of one time, with `plug_in` beside it.

    Args:
        counts: of the settings of `design`, in their order.
        axes, weights: as in `design`.

    Raises:
        ArgumentError: the counts do not fit the design, or a row has fewer than MIN_SHOTS, 5 shots.

    Source: physics of one spin: QFI = |∂b|² + (b·∂b)²/(1 − |b|²) with b·∂b = 0; derived in
        tests/estimators/test_product.py.

    >>> counts = Counts.from_histograms(1, [{0: 95, 1: 5}, {0: 50, 1: 50}, {0: 50, 1: 50}])
    >>> round(estimate(counts).value, 3)
    0.798
    """
    # Each spin's gain is at most w², so the sum is at most Σ w², a tighter limit than (Σ |w|)².
    most = float(np.sum(np.square(weights))) if weights else float(counts.num_bits)
    return as_estimates(gains(tally.per_spin(counts), axes, weights), (0.0, most))[0]


def spins(counts: Counts, axes: Sequence[Axis] = AXES) -> Spins:
    """Returns every spin's Bloch vector and gain: which is the bad one?

    Args:
        counts: of the settings of `design`, in their order.
        axes: as in `design`.

    Raises:
        ArgumentError: the counts do not fit the design, or a row has fewer than MIN_SHOTS, 5 shots.
    """
    shares = tally.per_spin(counts)
    single = summed(_equatorial(shares, axes), (-2,))
    pooled = _pooled(shares, axes)
    bloch = np.full((counts.num_bits, 3), np.nan)
    errors = bloch.copy()
    for column, axis in enumerate(AXES):
        if axis in pooled:
            bloch[:, column], shots = pooled[axis].mean, pooled[axis].shots
            errors[:, column] = 2 * np.sqrt(tally.share_variance((1 + bloch[:, column]) / 2, shots))
    return Spins(bloch, errors, as_estimates(single, (0.0, 1.0)))


def correlation_p_value(counts: Counts, axes: Sequence[Axis] = AXES) -> float:
    """Returns how likely the scatter of J along each equatorial setting is, if the spins are independent.

    Independent spins give Σ_j s_j the variance Σ_j (1 − b_j²); correlated noise (a common field) makes it larger and G
    smaller than the sum. A p-value below 0.001 says: do not trust G.

    Args:
        counts: of the settings of `design`, in their order, at least 30 shots a row.
        axes: as in `design`.

    Raises:
        ArgumentError: the counts do not fit the design, or a row has fewer than 30 shots.
    """
    _check(axes)
    tally.check_rows(counts.num_rows, len(axes), f"a product probe with {len(axes)} axes")
    rows = pairs_by_axis(counts, axes)
    return p_value(sum(one.total**2 / one.scatter for one in rows if one.scatter > 0), len(rows))


def _check(axes: Sequence[Axis]) -> None:
    for axis in axes:
        if axis not in _DIRECTIONS:
            raise ArgumentError(f'Argument `axes` must hold "along", "across" and "z", but has "{axis}".')
        if axis.removeprefix("-") not in axes:
            raise ArgumentError(f'Argument `axes` must hold "{axis.removeprefix("-")}" beside its antipode "{axis}".')
    if "along" not in axes:
        raise ArgumentError('Argument `axes` must hold "along", the direction that carries the gain.')


def _check_shape(shares: IntArray, axes: Sequence[Axis]) -> None:
    _check(axes)
    check_whole("shares", shares)
    tally.check_rows(shares.shape[-3], len(axes), f"a product probe with {len(axes)} axes")
    tally.check_shots(shares.sum(-1), MIN_SHOTS)


class _Mean(NamedTuple):
    """The mean sign along an axis, shape (..., spins).

    Attributes:
        mean: itself.
        own: its variance, unbiased.
        shots: n, with (1 − mean²)/n its variance.
        pair: the variance of its unbiased square where it is 0.
    """

    mean: FloatArray
    own: FloatArray
    shots: FloatArray
    pair: FloatArray


def _pooled(shares: IntArray, axes: Sequence[Axis]) -> dict[Axis, _Mean]:
    """The means along each axis that was measured."""
    _check_shape(shares, axes)
    found: dict[Axis, _Mean] = {}
    for axis in AXES:
        sides = []
        for name in (axis, f"-{axis}"):
            rows = [row for row, one in enumerate(axes) if one == name]
            if rows:
                both = shares[..., rows, :, :].sum(-3)
                n = both.sum(-1).astype(np.float64)
                mean = (both[..., 0] - both[..., 1]) / n
                sides.append(_Mean(mean, (1 - mean**2) / (n - 1), n, 2 / (n * (n - 1))))
        if sides:
            found[axis] = sides[0] if len(sides) == 1 else _difference(*sides)
    return found


def _difference(one: _Mean, other: _Mean) -> _Mean:
    """Half the difference of the means along a direction and along its antipode."""
    shots = 4 / (1 / one.shots + 1 / other.shots)
    pair = (one.pair + other.pair + 4 / (one.shots * other.shots)) / 16
    return _Mean((one.mean - other.mean) / 2, (one.own + other.own) / 4, shots, pair)


def _equatorial(shares: IntArray, axes: Sequence[Axis]) -> Squared:
    """The squared Bloch components along and across, shape (..., axes, spins); the spread is of each by itself."""
    pooled = _pooled(shares, axes)
    used = [pooled[axis] for axis in ("along", "across") if axis in pooled]
    mean, own, n, pair = (np.stack(part, axis=-2) for part in zip(*used, strict=True))
    plug_in = mean**2
    # The variance of an unbiased square: 4A(1 − A)/n + 2(1 − A)²/(n(n − 1)).
    spread = np.stack([pair, 4 / n - 2 * pair, pair - 4 / n], axis=-1)
    return Squared(plug_in - own, spread, plug_in)


def weighted(each: Squared, weights: Sequence[float]) -> Squared:
    """Returns the squares, shape (..., spins), times those of the weights; as they are where weights are ()."""
    if not weights:
        return each
    square = np.square(weights)
    powers = np.stack([square**2, square, np.ones_like(square)], axis=-1)
    return Squared(each.value * square, each.spread * powers, each.plug_in * square)
