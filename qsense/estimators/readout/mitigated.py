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
from qsense.estimators.fringe import inverse
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
    angles: Sequence[float] | None = None,
) -> Mitigated:
    """Returns G of a GHZ probe as read and with readout error mitigated.

    Args:
        counts: of the settings of `ghz.design`.
        calibration: of the same spins.
        method, branch, angles: as in `ghz.design`, with both quadratures of the fringe.

    Raises:
        ArgumentError: another method, or the counts do not fit.
    """
    size = counts.num_bits
    branch, beta = branch or ghz.Branch.plain(size), ghz.fringe_angles(method, angles)
    rows, total = tally.rows_of(counts), totals(counts)
    before = int(method == "parity")
    tally.check_rows(counts.num_rows, len(beta) + before, f"{method} with {len(beta)} angles")
    if method == "loss_flag":
        others: list[Observable] = [DOWN] * (size - 1)
        fringe = shotwise(counts, calibration, [SIGN, *others])
        inside = shotwise(counts, calibration, [ANY, *others])
        populations, slopes = inside.values, inside.slopes
        share = total / total.sum()
    elif method == "parity":
        fringe = shotwise(counts, calibration, [SIGN] * size)
        down, up = (
            shotwise(counts, calibration, [one if sign > 0 else other for sign in branch.signs])
            for one, other in ((DOWN, UP), (UP, DOWN))
        )
        populations, slopes = down.values + up.values, down.slopes + up.slopes
        share = np.eye(len(total))[0]
    else:
        raise ArgumentError(f'Readout is mitigated for "loss_flag" and "parity", but the method is "{method}".')

    def mean(values: FloatArray) -> FloatArray:
        return means(values[:, None], rows, counts.numbers, total)[:, 0]

    read = mean(fringe.values)
    population = float(share @ mean(populations))
    if population <= 0:
        raise ArgumentError("No population of the GHZ block is left in the counts; use earlier times or more shots.")
    variance = (mean(fringe.values**2) - read**2) / (total - 1)
    solve = np.pad(inverse(beta), ((0, 0), (before, 0)))
    form, by_calibration = solve.T @ solve, calibration.variances()
    # Squares are biased by their own variance, that of the calibration included.
    own = np.diag(variance) + np.einsum("rks,ks,qks->rq", fringe.slopes, by_calibration, fringe.slopes)
    square = float(size**2)
    value = square * float(read @ form @ read - (form * own).sum()) / population
    of_fringe, of_population = 2 * square * (form @ read) / population, -value / population * share
    linear = of_fringe[rows] * fringe.values + of_population[rows] * populations
    scatter = float(((mean(linear**2) - mean(linear) ** 2) / (total - 1)).sum())
    curved = form @ own
    pairs = 2 * (square / population) ** 2 * float(np.trace(curved @ curved))
    shared = np.einsum("r,rks->ks", of_fringe, fringe.slopes) + np.einsum("r,rks->ks", of_population, slopes)
    moved = tuple((shared * np.sqrt(by_calibration)).ravel().tolist())
    error = np.sqrt(scatter + pairs + float((shared**2 * by_calibration).sum()))
    found = Estimate(value, float(error), limits=(0.0, square), shared=moved)
    return Mitigated(ghz.estimate(counts, method, angles, branch), branch.scaled(found))


def product_gain(
    counts: Counts,
    calibration: ReadoutCalibration,
    weights: Sequence[float] = (),
    axes: Sequence[product.Axis] = product.AXES,
) -> Mitigated:
    """Returns G of a product probe, Σ_j w_j² (b_x² + b_y²), as read and with readout error mitigated.

    Args:
        counts: of the settings of `product.design`.
        calibration: of the same spins.
        weights: w of the signal; () is 1 for all.
        axes: as in `product.design`, with both directions of the equator.

    Raises:
        ArgumentError: the counts do not fit.
    """
    tally.check_rows(counts.num_rows, len(axes), f"a product probe with {len(axes)} axes")
    shares = tally.per_spin(counts)
    e0, e1 = calibration.up_given_down, calibration.down_given_up
    det, by_calibration = 1 - e0 - e1, calibration.variances()
    square = np.array(weights or (1.0,) * counts.num_bits) ** 2
    value, error, shared = 0.0, 0.0, np.zeros((2, counts.num_bits))
    for axis in ("along", "across"):
        rows = [row for row, name in enumerate(axes) if name.removeprefix("-") == axis]
        signs, scatter = np.zeros(counts.num_bits), np.zeros(counts.num_bits)
        slopes = np.zeros((2, counts.num_bits))
        for row in rows:
            total = float(shares[row, 0].sum())
            side = (-1.0 if axes[row].startswith("-") else 1.0) / len(rows)
            up = shares[row, :, 1] / total
            one = (1 - 2 * up - (e1 - e0)) / det
            signs = signs + side * one
            scatter = scatter + side**2 * 4 * up * (1 - up) / (total - 1) / det**2
            slopes = slopes + side * np.stack([(one + 1) / det, (one - 1) / det])
        own = scatter + (slopes**2 * by_calibration).sum(0)
        value += float((square * (signs**2 - own)).sum())
        error += float((square**2 * (4 * signs**2 * scatter + 2 * own**2)).sum())
        shared = shared + square * 2 * signs * slopes
    error += float((shared**2 * by_calibration).sum())
    moved = tuple((shared * np.sqrt(by_calibration)).ravel().tolist())
    found = Estimate(value, float(np.sqrt(error)), limits=(0.0, float(square.sum())), shared=moved)
    return Mitigated(product.estimate(counts, axes, weights), found)
