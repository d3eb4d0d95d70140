"""The populations of all down and all up with readout error mitigated, by tensored weights or by mthree.

mthree inverts the matrix of the outcomes that were seen, of which it makes every column sum to one. Where all outcomes
are seen (few spins) that is the inverse of the tensored matrix, and both give the same number. Where not, mthree
assumes that no other outcome exists, which biases it. docs/benchmarks/accuracy.md has both on the same shots.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np

from qsense.circuits.counts import Counts
from qsense.errors import ArgumentError, nearest
from qsense.estimators import tally
from qsense.estimators.readout.calibration import (
    DOWN,
    UP,
    Mitigated,
    Observable,
    ReadoutCalibration,
    product_mean,
    totals,
)
from qsense.estimators.result import Estimate
from qsense.installation import install_hint
from qsense.numerics.fisher import FloatArray

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_SPINS = 10  # up to 1024 outcomes: half a second for a row
METHODS = ("tensored", "mthree")
_ENDS: tuple[Observable, Observable] = (DOWN, UP)


class Populations(NamedTuple):
    """p(0…0) and p(1…1) of one row, each as read and with readout error mitigated."""

    down: Mitigated
    up: Mitigated


def populations(
    counts: Counts, calibration: ReadoutCalibration, method: Literal["tensored", "mthree"] = "tensored"
) -> list[Populations]:
    """Returns the populations of all down and all up of every row measured along Z.

    Results are not clipped to [0, 1]. The error bars hold the scatter of the shots and the calibration's own errors.

    Args:
        counts: the shots, at least 2 a row.
        calibration: of the same spins.
        method: "tensored" (unbiased, any number of spins) or "mthree" (at most 10 spins; needs the extra
            `readout`).

    Raises:
        ArgumentError: the numbers of spins differ, there are too many spins or too few shots, or mthree is
            not installed.

    Source: P. D. Nation et al., PRX Quantum 2, 040326 (2021), for mthree; errors checked in
        tests/estimators/test_populations.py.

    >>> exact = ReadoutCalibration(*(np.array([k, k]) for k in (0, 10**9, 0, 10**9)))
    >>> found = populations(Counts.from_histograms(2, [{0: 60, 3: 40}]), exact)[0]
    >>> round(found.down.mitigated.value, 6), round(found.up.mitigated.value, 6)
    (0.6, 0.4)
    """
    size = counts.num_bits
    if method not in METHODS:
        raise ArgumentError(f'Unknown method "{method}". {nearest(method, METHODS)}')
    both = [product_mean(counts, calibration, [observable] * size) for observable in _ENDS]
    if method == "tensored":
        return [Populations(down, up) for down, up in zip(*both, strict=True)]
    if size > MOST_SPINS:
        raise ArgumentError(
            f'The method "mthree" is for at most {MOST_SPINS} spins, but there are {size}; use "tensored".'
        )
    found = []
    for row, total in enumerate(totals(counts)):
        entries = tally.rows_of(counts) == row
        outcomes = tally.bits(counts)[entries]
        words = ["".join("1" if up else "0" for up in bits[::-1]) for bits in outcomes]
        values = _mthree(dict(zip(words, counts.numbers[entries].tolist(), strict=True)), calibration, float(total))
        raws = [part[row].raw for part in both]
        found.append(Populations(*(Mitigated(raw, value) for raw, value in zip(raws, values, strict=True))))
    return found


def _mthree(histogram: Mapping[str, int], calibration: ReadoutCalibration, total: float) -> list[Estimate]:
    """mthree's p(0…0) and p(1…1) from one row's histogram; 0 where the outcome was not seen."""
    size = len(calibration.ups)
    rates = np.stack([calibration.up_given_down, calibration.down_given_up])
    values, weights, shares = _solved(histogram, rates, total)
    scatter = ((weights**2 * shares).sum(1) - values**2) / (total - 1)
    moved = np.zeros(2)
    for kind, spin in np.ndindex(2, size):
        step = np.zeros((2, size))
        step[kind, spin] = np.sqrt(calibration.variances()[kind, spin])
        up, down = (_solved(histogram, rates + sign * step, total)[0] for sign in (1, -1))
        moved += ((up - down) / 2) ** 2
    errors = np.sqrt(np.maximum(scatter, 0) + moved)
    return [Estimate(float(value), float(error)) for value, error in zip(values, errors, strict=True)]


def _solved(histogram: Mapping[str, int], rates: FloatArray, total: float) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Both populations, the weights that they give to every outcome that was seen, and the outcomes' shares."""
    size = rates.shape[1]
    machine = _machine()
    matrices = [np.array([[1 - a, b], [a, 1 - b]], dtype=np.float32) for a, b in rates.T]
    machine.cals_from_matrices(matrices)
    reduced, ordered = machine.reduced_cal_matrix(dict(histogram), list(range(size)))
    order = list(ordered)
    shares = np.array([histogram[word] for word in order]) / total
    wanted = np.array([[float(word == end * size) for word in order] for end in "01"])
    weights = np.linalg.solve(np.asarray(reduced, dtype=np.float64).T, wanted.T).T
    return weights @ shares, weights, shares


def _machine() -> Any:
    try:
        import mthree
    except ImportError as error:
        raise ArgumentError(f'The method "mthree" needs mthree; run: {install_hint("readout")}.') from error
    return mthree.M3Mitigation(None)
