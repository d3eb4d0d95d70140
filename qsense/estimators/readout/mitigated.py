"""G of GHZ and product probes with readout error mitigated, from the counts of `ghz.design` and `product.design`.

The block's population and fringe and every spin's sign are products of one-spin observables, so the tensored weights of
`estimators.readout` serve at any number of spins. G is a ratio of such means; its error has two parts, the scatter of
the shots (of the linearised G, shot by shot, so that correlations within a shot are kept) and the errors of the readout
calibration, which all rows share.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from qsense.circuits.counts import Counts
from qsense.errors import ArgumentError
from qsense.estimators import ghz, product, tally
from qsense.estimators.readout.calibration import (
    ANY,
    DOWN,
    SIGN,
    UP,
    Mitigated,
    Observable,
    ReadoutCalibration,
    means,
    shotwise,
    totals,
)
from qsense.estimators.result import Estimate
from qsense.numerics.fisher import FloatArray


def ghz_gain(
    counts: Counts,
    calibration: ReadoutCalibration,
    method: Literal["loss_flag", "parity"] = "loss_flag",
    branch: ghz.Branch | None = None,
) -> Mitigated:
    """Returns G of a GHZ probe as read and with readout error mitigated.

    Args:
        counts: of the settings of `ghz.design` with its own fringe angles.
        calibration: of the same spins.
        method, branch: as in `ghz.design`.

    Raises:
        ArgumentError: another method, or the counts do not fit.
    """
    size = counts.num_bits
    branch = branch or ghz.Branch.plain(size)
    if method == "loss_flag":
        tally.check_rows(counts.num_rows, 2, "loss_flag with its own angles")
        others: list[Observable] = [DOWN] * (size - 1)
        fringe = shotwise(counts, calibration, [SIGN, *others])
        inside = shotwise(counts, calibration, [ANY, *others])
        populations, slopes = inside.values, inside.slopes
        share, rows_of_fringe = np.array([0.5, 0.5]), (0, 1)
    elif method == "parity":
        tally.check_rows(counts.num_rows, 3, "parity with its own angles")
        fringe = shotwise(counts, calibration, [SIGN] * size)
        down, up = (
            shotwise(counts, calibration, [one if sign > 0 else other for sign in branch.signs])
            for one, other in ((DOWN, UP), (UP, DOWN))
        )
        populations, slopes = down.values + up.values, down.slopes + up.slopes
        share, rows_of_fringe = np.array([1.0, 0.0, 0.0]), (1, 2)
    else:
        raise ArgumentError(f'Readout is mitigated for "loss_flag" and "parity", but the method is "{method}".')
    rows, total = tally.rows_of(counts), totals(counts)

    def mean(values: FloatArray) -> FloatArray:
        return means(values[:, None], rows, counts.numbers, total)[:, 0]

    quadratures = mean(fringe.values)
    population = float(share @ mean(populations))
    if population <= 0:
        raise ArgumentError("No population of the GHZ block is left in the counts; use earlier times or more shots.")
    variance = (mean(fringe.values**2) - quadratures**2) / (total - 1)
    used = np.zeros(len(total))
    used[list(rows_of_fringe)] = 1.0
    by_calibration = calibration.variances()
    # Squares are biased by their own variance, that of the calibration included.
    own = variance + (fringe.slopes**2 * by_calibration).sum((1, 2))
    square = float(size**2)
    value = square * float((used * (quadratures**2 - own)).sum()) / population
    of_fringe, of_population = 2 * square * used * quadratures / population, -value / population * share
    linear = of_fringe[rows] * fringe.values + of_population[rows] * populations
    scatter = float(((mean(linear**2) - mean(linear) ** 2) / (total - 1)).sum())
    pairs = float(2 * (square / population) ** 2 * (used * own**2).sum())
    shared = np.einsum("r,rks->ks", of_fringe, fringe.slopes) + np.einsum("r,rks->ks", of_population, slopes)
    error = np.sqrt(scatter + pairs + float((shared**2 * by_calibration).sum()))
    found = Estimate(value, float(error), limits=(0.0, square))
    return Mitigated(ghz.estimate(counts, method, branch=branch), branch.scaled(found))


def product_gain(counts: Counts, calibration: ReadoutCalibration, weights: Sequence[float] = ()) -> Mitigated:
    """Returns G of a product probe, Σ_j w_j² (b_x² + b_y²), as read and with readout error mitigated.

    Args:
        counts: of the settings of `product.design` with all its axes.
        calibration: of the same spins.
        weights: w of the signal; () is 1 for all.

    Raises:
        ArgumentError: the counts do not fit.
    """
    tally.check_rows(counts.num_rows, len(product.AXES), "a product probe with its three axes")
    shares = tally.per_spin(counts)[:2]
    total = shares.sum(-1).astype(np.float64)
    up = shares[..., 1] / total
    e0, e1 = calibration.up_given_down, calibration.down_given_up
    det = 1 - e0 - e1
    signs = (1 - 2 * up - (e1 - e0)) / det
    scatter = 4 * up * (1 - up) / (total - 1) / det**2
    slopes = np.stack([(signs + 1) / det, (signs - 1) / det])
    by_calibration = calibration.variances()
    own = scatter + (slopes**2 * by_calibration[:, None, :]).sum(0)
    square = np.array(weights or (1.0,) * counts.num_bits) ** 2
    value = float((square * (signs**2 - own)).sum())
    shared = (square * 2 * signs * slopes).sum(1)
    scattered = square**2 * (4 * signs**2 * scatter + 2 * own**2)
    error = np.sqrt(float(scattered.sum()) + float((shared**2 * by_calibration).sum()))
    found = Estimate(value, float(error), limits=(0.0, float(square.sum())))
    return Mitigated(product.estimate(counts, weights=weights), found)
