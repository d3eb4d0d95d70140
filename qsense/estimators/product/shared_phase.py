"""How much of the dephasing do the spins of a product probe share?

Spins whose phases ξ_j scatter together, with covariance X_jk, have along and across their mean directions, summed over
both, <s_j s_k> = b_j·b_k e^{X_jk}: b_j·b_k is what independent spins would have. So the shared variance, averaged over
pairs with the weight b_j·b_k, is

    e^X(t) = Σ_{j≠k} <s_j s_k> / Σ_{j≠k} b_j·b_k,

whatever the phase of the field, local noise and the contrast of readout. Readout that confuses up and down unequally
adds a constant to each b and makes X a little too small. White collective dephasing at a rate γ_c has X = 4γ_c t; a
slower noise X ∝ t², which the p-value of the line tells.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from qsense.circuits.counts import Counts
from qsense.errors import ArgumentError
from qsense.estimators import tally
from qsense.estimators.chance import p_value
from qsense.estimators.product.correlations import MIN_SHOTS
from qsense.estimators.product.spins import AXES, Axis, estimate
from qsense.estimators.result import NORMAL_95, Estimate
from qsense.numerics.fisher import FloatArray

_WORTH_SAYING = 0.05  # of the integral of G
_LEAST_CONTRAST = 4.0  # of Σ b_j·b_k, in standard errors: below, its logarithm has no normal error


class SharedDephasing(NamedTuple):
    """The collective part of the dephasing of a product probe.

    Attributes:
        rate: γ_c in 1/s of L = 2J_z.
        p_value: how likely residuals about X = 4γ_c t are by chance; 1 at a single time.
        times: in s, that still had contrast enough, shape (n,).
        variances: X at them, in rad².
    """

    rate: Estimate
    p_value: float
    times: FloatArray
    variances: tuple[Estimate, ...]


def shared_variance(counts: Counts, axes: Sequence[Axis] = AXES) -> Estimate | None:
    """Returns the variance of phase that two spins share, averaged over pairs, in rad²; None without contrast for it.

    Args:
        counts: of the settings of `product.design`, in their order, at least 30 shots a row.
        axes: as in `product.design`, with both directions along the equator.

    Raises:
        ArgumentError: one spin, one direction only, or too few shots.

    Source: derived above; error by linear propagation shot by shot, checked in tests/estimators/test_shared_phase.py.
    """
    rows = [row for row, axis in enumerate(axes) if axis != "z"]
    if counts.num_bits < 2 or not {"along", "across"} <= set(axes):
        raise ArgumentError("A shared phase is seen by two spins or more, measured along and across their mean phase.")
    tally.check_rows(counts.num_rows, len(axes), f"a product probe with {len(axes)} axes")
    signs, row_of = 1.0 - 2.0 * tally.bits(counts), tally.rows_of(counts)
    seen = []
    for row in rows:
        own, numbers = signs[row_of == row], counts.numbers[row_of == row].astype(np.float64)
        shots = float(numbers.sum())
        tally.check_shots(np.array([int(shots)]), MIN_SHOTS)
        means, totals = numbers @ own / shots, own.sum(1)
        # Shot by shot: Σ_{j≠k} s_j s_k, and by how much a shot moves Σ_{j≠k} b_j b_k.
        together = totals**2 - counts.num_bits
        moved = 2 * (means.sum() * totals - own @ means)
        own_covariance = (numbers @ totals**2 / shots - means.sum() ** 2) - float((1 - means**2).sum())
        apart = float(means.sum() ** 2 - means @ means) - own_covariance / (shots - 1)
        seen.append((numbers / shots, together, moved, apart, shots))
    both = sum(float(share @ together) for share, together, _, _, _ in seen)
    alone = sum(apart for _, _, _, apart, _ in seen)
    spread = np.sqrt(sum(_variance(share, moved) / shots for share, _, moved, _, shots in seen))
    if alone <= _LEAST_CONTRAST * spread or both <= 0:
        return None
    variance = sum(_variance(share, one / both - moved / alone) / shots for share, one, moved, _, shots in seen)
    return Estimate(float(np.log(both / alone)), float(np.sqrt(variance)))


def _variance(share: FloatArray, values: FloatArray) -> float:
    return float(share @ values**2 - (share @ values) ** 2)


def shared_dephasing(
    times: Sequence[float] | FloatArray, counts: Sequence[Counts], axes: Sequence[Axis] = AXES
) -> SharedDephasing | None:
    """Returns the collective part of the dephasing from counts at several times; None where no time has contrast left.

    Args:
        times: in s, above 0.
        counts: at each time, as in `shared_variance`.
        axes: as in `shared_variance`.
    """
    found = [(float(time), shared_variance(part, axes)) for time, part in zip(times, counts, strict=True) if time > 0]
    kept = [(time, one) for time, one in found if one is not None and one.stderr > 0]
    if not kept:
        return None
    grid, values = np.array([t for t, _ in kept]), np.array([one.value for _, one in kept])
    errors = np.array([one.stderr for _, one in kept])
    weights = 4 * grid / errors**2
    curvature = float(weights @ (4 * grid))
    rate = float(weights @ values) / curvature
    residuals = (values - 4 * rate * grid) / errors
    chance = p_value(float(residuals @ residuals), len(kept) - 1) if len(kept) > 1 else 1.0
    return SharedDephasing(Estimate(rate, float(curvature**-0.5)), chance, grid, tuple(one for _, one in kept))


def unseen_dephasing(times: Sequence[float] | FloatArray, counts: Sequence[Counts], axes: Sequence[Axis] = AXES) -> str:
    """Returns how much collective dephasing these counts would not show, in words; "" if it changes 𝓘 by less than 5 %.

    That is the upper limit of its 95 % interval. White noise of this rate makes the variance of the spins' sum across
    their mean direction 1 + (N − 1) b² sinh(4γ_c t) times as large, and G so much smaller than the sum over spins.

    Args:
        times, counts, axes: as in `shared_dephasing`.
    """
    if not {"along", "across"} <= set(axes):
        return ""
    found = shared_dephasing(times, counts, axes)
    if found is None:
        return ""
    limit = max(found.rate.value, 0.0) + NORMAL_95 * found.rate.stderr
    grid = np.asarray(times, dtype=np.float64)
    signal = np.array([max(estimate(part, axes).value, 0.0) / part.num_bits for part in counts])
    more = (counts[0].num_bits - 1) * signal * np.sinh(np.minimum(4 * limit * grid, 20.0))
    if signal.sum() <= 0:
        return ""
    spacing = np.gradient(grid) if len(grid) > 1 else np.ones(1)
    share = float(spacing * signal @ (more / (1 + more)) / (spacing @ signal))
    if share < _WORTH_SAYING:
        return ""
    lower = f"{100 * share:.0f} %"
    return f"collective dephasing of up to {limit:.2g} 1/s would not show, and 𝓘 be smaller by up to {lower}"
