"""Readout error measured and mitigated for products of one-spin observables, at any number of spins.

Each spin is read through its own matrix A[measured, prepared]. For an observable o = (value of |0>, value of |1>) the
weights w = o·A⁻¹ are unbiased shot by shot, and for a product of observables so is the average of Π_i w_i(s_i): parity
and local X take o = (1, −1), the population of all down (1, 0), of all up (0, 1), and (1, 1) leaves a spin out.
Matrices of all outcomes, or of those that were seen, are biased on the parity of many spins; these weights are not.

A is measured from calibration bitstrings. Its own errors widen the result: the average's derivative by every spin's two
error rates is propagated. Results are not clipped to the physical range.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from qsense.circuits.counts import Counts, IntArray
from qsense.errors import ArgumentError
from qsense.estimators import tally
from qsense.estimators.result import Estimate
from qsense.numerics.fisher import FloatArray

SIGN, DOWN, UP, ANY = (1.0, -1.0), (1.0, 0.0), (0.0, 1.0), (1.0, 1.0)
Observable = tuple[float, float]
LARGEST_ERROR = 0.45  # of both rates together below 0.9: beyond, a reading says next to nothing and weights explode


class Mitigated(NamedTuple):
    """One number as it was read and with readout error mitigated."""

    raw: Estimate
    mitigated: Estimate


class Shotwise(NamedTuple):
    """Weights of every entry of the counts, shape (entries,), and slopes of each row's mean, shape (rows, 2, spins)."""

    values: FloatArray
    slopes: FloatArray


@dataclass(frozen=True, eq=False)
class ReadoutCalibration:
    """How often each spin was read wrong, from the calibration bitstrings.

    Attributes:
        wrong_downs: how often |0> was read as up, shape (spins,).
        downs: how often |0> was prepared, shape (spins,).
        wrong_ups: how often |1> was read as down, shape (spins,).
        ups: how often |1> was prepared, shape (spins,).
    """

    wrong_downs: IntArray
    downs: IntArray
    wrong_ups: IntArray
    ups: IntArray

    @property
    def up_given_down(self) -> FloatArray:
        """P(up | |0>), shape (spins,)."""
        return np.asarray(self.wrong_downs / self.downs)

    @property
    def down_given_up(self) -> FloatArray:
        """P(down | |1>), shape (spins,)."""
        return np.asarray(self.wrong_ups / self.ups)

    def variances(self) -> FloatArray:
        """Returns the variances of P(up | |0>) and P(down | |1>), shape (2, spins); of (k + 1)/(n + 2) where k = 0."""
        found = []
        for wrong, of in ((self.wrong_downs, self.downs), (self.wrong_ups, self.ups)):
            share = (wrong + 1) / (of + 2)  # an error that was never seen may still occur
            found.append(share * (1 - share) / of)
        return np.stack(found)

    def weights(self, observable: Observable) -> FloatArray:
        """Returns w = o·A⁻¹ of every spin, shape (spins, 2)."""
        e0, e1 = self.up_given_down, self.down_given_up
        o0, o1 = observable
        return np.stack([o0 * (1 - e1) - o1 * e0, o1 * (1 - e0) - o0 * e1], axis=1) / (1 - e0 - e1)[:, None]

    def slopes(self, observable: Observable) -> FloatArray:
        """Returns the derivatives of the weights by P(up | |0>) and P(down | |1>), shape (2, spins, 2)."""
        e0, e1 = self.up_given_down, self.down_given_up
        o0, o1 = observable
        det, weights = (1 - e0 - e1)[:, None], self.weights(observable)
        by_e0 = (np.broadcast_to([-o1, -o1], weights.shape) + weights) / det
        by_e1 = (np.broadcast_to([-o0, -o0], weights.shape) + weights) / det
        return np.stack([by_e0, by_e1])


def patterns(num_spins: int) -> list[int]:
    """Returns the bitstrings to prepare: none up, all up, and opposite pairs in which any two spins differ.

    2 + 2⌈log₂ N⌉ strings. Each spin is up in half of them, and each pair is seen in all four ways, so that a spin whose
    readout depends on another's state is found.

    >>> [f"{p:04b}" for p in patterns(4)]
    ['0000', '1111', '1010', '0101', '1100', '0011']
    """
    whole = 2**num_spins - 1
    found = [0, whole]
    for bit in range(max(num_spins - 1, 0).bit_length()):
        string = sum(1 << spin for spin in range(num_spins) if spin >> bit & 1)
        found += [string, whole ^ string]
    return list(dict.fromkeys(found))


def calibrate(counts: Counts, prepared: Sequence[int] | None = None) -> ReadoutCalibration:
    """Returns each spin's readout errors from the counts of the calibration bitstrings.

    Args:
        counts: one row for every string.
        prepared: the strings, bit j being spin j; those of `patterns` by default.

    Raises:
        ArgumentError: the rows do not fit, a spin was never prepared in one of its states, or its readout says nothing.
    """
    up = _prepared(counts, prepared)
    read = tally.per_spin(counts)
    downs, ups = (np.where(mask, read.sum(-1), 0).sum(0) for mask in (~up, up))
    wrong_downs, wrong_ups = np.where(~up, read[..., 1], 0).sum(0), np.where(up, read[..., 0], 0).sum(0)
    if not (downs.all() and ups.all()):
        raise ArgumentError("Every spin must be prepared down and up at least once; use the bitstrings of `patterns`.")
    found = ReadoutCalibration(wrong_downs, downs, wrong_ups, ups)
    total = found.up_given_down + found.down_given_up
    if np.any(total > 2 * LARGEST_ERROR):
        spin = int(np.argmax(total))
        raise ArgumentError(
            f"Spin {spin} is read wrong in {50 * total[spin]:.0f} % of the shots: that cannot be mitigated; "
            "use another qubit."
        )
    return found


def product_mean(counts: Counts, calibration: ReadoutCalibration, observables: Sequence[Observable]) -> list[Mitigated]:
    """Returns the mean of a product of one-spin observables for every row, as read and with readout error mitigated.

    Args:
        counts: the shots, at least 2 a row.
        calibration: of the same spins.
        observables: one for each spin: SIGN, DOWN, UP, ANY or any pair of values.

    Raises:
        ArgumentError: the numbers of spins differ, or a row has fewer than 2 shots.

    Source: propagation of errors; unbiasedness and coverage are checked in tests/estimators/test_readout.py.

    >>> perfect = ReadoutCalibration(*(np.array([k, k]) for k in (0, 10**9, 0, 10**9)))
    >>> round(product_mean(Counts.from_histograms(2, [{0: 60, 1: 40}]), perfect, [SIGN, SIGN])[0].mitigated.value, 6)
    0.2
    """
    rows, numbers, total = tally.rows_of(counts), counts.numbers, totals(counts)
    shots = shotwise(counts, calibration, observables)
    own = (shots.slopes**2 * calibration.variances()).sum((1, 2))
    raw = np.array(observables)[np.arange(counts.num_bits), tally.bits(counts).astype(np.intp)].prod(1)
    found = []
    for sample, extra in ((raw, np.zeros(len(total))), (shots.values, own)):
        mean = means(sample[:, None], rows, numbers, total)[:, 0]
        square = means(sample[:, None] ** 2, rows, numbers, total)[:, 0]
        scatter = np.maximum(square - mean**2, 0)
        # Where all shots agree, one that does not would be off by at most the range of the values.
        agreed = np.ptp(np.array(observables)) ** 2 * tally.share_variance(np.ones(len(total)), total)
        found.append((mean, np.sqrt(np.where(scatter > 1e-15, scatter / (total - 1), agreed) + extra)))
    return [
        Mitigated(Estimate(float(a), float(b)), Estimate(float(c), float(d)))
        for a, b, c, d in zip(*found[0], *found[1], strict=True)
    ]


def shotwise(counts: Counts, calibration: ReadoutCalibration, observables: Sequence[Observable]) -> Shotwise:
    """Returns Π_i w_i(s_i) of every entry of the counts, and how its mean in each row moves with the calibration.

    Raises:
        ArgumentError: as `product_mean`.
    """
    size = counts.num_bits
    if len(observables) != size or len(calibration.ups) != size:
        raise ArgumentError(
            f"Counts of {size} spins need {size} observables and a calibration of as many spins, but there are "
            f"{len(observables)} and {len(calibration.ups)}."
        )
    bits, spins = tally.bits(counts).astype(np.intp), np.arange(size)
    weights = {observable: calibration.weights(observable) for observable in set(observables)}
    slopes = {observable: calibration.slopes(observable) for observable in set(observables)}
    factors = np.stack([weights[o][spin] for spin, o in enumerate(observables)])[spins, bits]
    steep = np.stack([slopes[o][:, spin] for spin, o in enumerate(observables)], axis=1)
    rest, rows, total = _products_of_the_others(factors), tally.rows_of(counts), totals(counts)
    moved = np.stack([means(rest * part[spins, bits], rows, counts.numbers, total) for part in steep], axis=1)
    return Shotwise(factors.prod(1), moved)


def parity(counts: Counts, calibration: ReadoutCalibration) -> list[Mitigated]:
    """Returns the parity of all spins for every row, as read and with readout error mitigated."""
    return product_mean(counts, calibration, [SIGN] * counts.num_bits)


def signs(counts: Counts, calibration: ReadoutCalibration) -> list[list[Mitigated]]:
    """Returns the mean sign of every spin (local X, if X was measured) for every row."""
    by_spin = []
    for spin in range(counts.num_bits):
        one: list[Observable] = [ANY] * counts.num_bits
        one[spin] = SIGN
        by_spin.append(product_mean(counts, calibration, one))
    return [list(row) for row in zip(*by_spin, strict=True)]


def _prepared(counts: Counts, prepared: Sequence[int] | None) -> np.ndarray[tuple[int, ...], np.dtype[np.bool_]]:
    """Which spins were up in each row, shape (rows, spins)."""
    strings = patterns(counts.num_bits) if prepared is None else list(prepared)
    tally.check_rows(counts.num_rows, len(strings), "readout calibration")
    return np.array([[bool(s >> spin & 1) for spin in range(counts.num_bits)] for s in strings])


def totals(counts: Counts) -> FloatArray:
    """Returns the shots of each row, shape (rows,).

    Raises:
        ArgumentError: a row has fewer than 2.
    """
    total = np.bincount(tally.rows_of(counts), counts.numbers, counts.num_rows)
    tally.check_shots(total.astype(np.int64), 2)
    return np.asarray(total, dtype=np.float64)


def means(values: FloatArray, rows: IntArray, numbers: IntArray, total: FloatArray) -> FloatArray:
    """Returns means over the shots of each row, shape (rows, columns), for values of shape (entries, columns)."""
    table = np.zeros((len(total), values.shape[1]))
    np.add.at(table, rows, values * numbers[:, None])
    return np.asarray(table / total[:, None])


def _products_of_the_others(factors: FloatArray) -> FloatArray:
    """For every entry and spin the product of all other spins' factors, without dividing; shape as `factors`."""
    ones = np.ones((len(factors), 1))
    before = np.concatenate([ones, np.cumprod(factors[:, :-1], axis=1)], axis=1)
    after = np.concatenate([np.cumprod(factors[:, :0:-1], axis=1)[:, ::-1], ones], axis=1)
    return np.asarray(before * after)
