"""A lower bound on G from the counts of a product probe, whatever its spins share: moments of their sum.

With J_∥ = ½ Σ w_j² σ_j along the expected phase and J_⊥ = ½ Σ w_j σ_j across it, G ≥ <J_∥>²/Var J_⊥, also of correlated
spins. Of independent ones it is G if the phase is as expected.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qsense.circuits.counts import Counts
from qsense.estimators import tally
from qsense.estimators.moments.bound import MIN_SHOTS, bound, moments_of, values_of
from qsense.estimators.result import Estimate
from qsense.numerics.fisher import FloatArray


def lower_bound(counts: Counts, axes: Sequence[str], weights: Sequence[float] = ()) -> Estimate:
    """Returns a lower bound on G about the signal's angle from the counts of one time.

    Args:
        counts: of the settings of `product.design`, at least 20 shots a row.
        axes, weights: as there, with both directions of the equator.

    Raises:
        ArgumentError: the counts do not fit the design, or a row along the equator has too few shots.

    Source: `qsense.estimators.moments.bound`.
    """
    counts = tally.with_all_spins(counts)
    tally.check_rows(counts.num_rows, len(axes), f"a product probe with {len(axes)} axes")
    w = np.array(weights or (1.0,) * counts.num_bits)
    rows = [row for row, axis in enumerate(axes) if axis != "z"]
    tally.check_shots(counts.row_shots()[rows], MIN_SHOTS)
    values, numbers = _values(counts, axes, "along", w**2)
    total, step = float(numbers.sum()), float(np.abs(w).min(initial=1.0, where=w != 0)) ** 2
    mean = float(numbers @ values) / total
    noise = float(numbers @ (values - mean) ** 2) / (total * (total - 1))
    if noise <= 0:  # all shots agree
        noise = step**2 * float(tally.share_variance(np.array(1.0), np.array(total)))
    across = _values(counts, axes, "across", w)
    found = moments_of(np.array([mean]), np.array([[noise]]), *across, step, 1)
    return bound(found, (0.0, float(np.abs(w).sum() ** 2)))


def _values(counts: Counts, axes: Sequence[str], axis: str, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """½ Σ_j weight_j σ_j along a direction, of every entry, with those of its antipode turned round."""
    parts = []
    for name, sign in ((axis, 1.0), (f"-{axis}", -1.0)):
        values, numbers = values_of(counts, [row for row, one in enumerate(axes) if one == name], weights)
        parts.append((sign * values, numbers))
    return np.concatenate([part[0] for part in parts]), np.concatenate([part[1] for part in parts])
