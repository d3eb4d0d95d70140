"""G of scans with readout error mitigated, from a calibration of each spin's readout.

Of readout with the errors e0 and e1 a sign keeps the share d = 1 − e0 − e1, and gains the offset e1 − e0, which the fit
of a fringe takes up. The parity of a GHZ probe keeps Π d_j: signs of fewer spins than all have no mean in the equator.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qsense.circuits.counts import Counts
from qsense.errors import ArgumentError
from qsense.estimators import tally
from qsense.estimators.fringe import Squared, stderr
from qsense.estimators.readout.calibration import DOWN, UP, Observable, ReadoutCalibration, shotwise, totals
from qsense.estimators.result import Estimate
from qsense.numerics.fisher import FloatArray


def of_spins(squares: Squared, calibration: ReadoutCalibration, weights: FloatArray) -> Estimate:
    """Returns Σ w² V² of independent spins, each with its own readout mitigated.

    Args:
        squares: V² of every spin as read, shape (spins,).
        calibration: of the same spins.
        weights: w of the signal, shape (spins,).
    """
    kept, noise = _kept(calibration), calibration.variances()
    factors = weights**2 / kept**2 / (1 + 3 * noise.sum(0) / kept**2)  # the mean of 1/d² is larger than that of d
    value = float(factors @ squares.value)
    shared = np.tile(2 * factors * squares.value / kept, (2, 1))
    scatter = float(factors**2 @ stderr(squares, (0.0, 1.0)) ** 2)
    return _found(value, scatter, shared, noise, float((weights**2).sum()))


def of_parity(fringe: Squared, along_z: Counts, calibration: ReadoutCalibration, signs: Sequence[float]) -> Estimate:
    """Returns N² V²/P of a GHZ probe with the readout of its parity and of its populations mitigated.

    Args:
        fringe: V² of the parity as read, of shape ().
        along_z: the counts of the row along Z alone.
        calibration: of the same spins.
        signs: of the probe's branch.

    Raises:
        ArgumentError: nothing of the populations is left.
    """
    size, noise, kept = along_z.num_bits, calibration.variances(), _kept(calibration)
    shots, slopes = np.zeros(len(along_z.numbers)), np.zeros((2, size))
    for one, other in ((DOWN, UP), (UP, DOWN)):
        observables: list[Observable] = [one if sign > 0 else other for sign in signs]
        part = shotwise(along_z, calibration, observables)
        shots, slopes = shots + part.values, slopes + part.slopes[0]
    total = float(totals(along_z)[0])
    population = float(along_z.numbers @ shots) / total
    if population <= 0:
        raise ArgumentError("No population of the GHZ block is left in the counts; use earlier times or more shots.")
    seen = max(float(along_z.numbers @ shots**2) / total - population**2, 0.0)
    own = seen / (total - 1) if seen > 1e-15 else float(tally.share_variance(np.array(1.0), np.array(total)))
    scale = size**2 * float(np.prod(kept**-2.0 / (1 + 3 * noise.sum(0) / kept**2)))
    value = scale * float(fringe.value) / population / (1 + own / population**2)
    shared = value * (np.tile(2 / kept, (2, 1)) - slopes / population)
    near = scale / population
    scatter = float((near * stderr(fringe, (0.0, 1.0))) ** 2) + value**2 * own / population**2
    return _found(value, scatter, shared, noise, float(size**2))


def _kept(calibration: ReadoutCalibration) -> FloatArray:
    """d of every spin."""
    return np.asarray(1 - calibration.up_given_down - calibration.down_given_up)


def _found(value: float, scatter: float, shared: FloatArray, noise: FloatArray, most: float) -> Estimate:
    moved = tuple((shared * np.sqrt(noise)).ravel().tolist())
    error = float(np.sqrt(scatter + (shared**2 * noise).sum()))
    return Estimate(value, error, limits=(0.0, most), shared=moved)
