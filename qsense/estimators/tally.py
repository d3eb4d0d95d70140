"""Sorts the shots of each row into a few classes: all that an estimator of a structured probe needs.

Counts are sparse and packed into bytes, so that a hundred spins cost no more than their shots.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from qsense.circuits.counts import NEEDS_ALL_SPINS, Counts, IntArray
from qsense.errors import ArgumentError
from qsense.numerics.fisher import FloatArray

_SPINS_OF_A_TABLE = 6  # whose outcomes are added up all together: tomography has thousands of rows


def rows_of(counts: Counts) -> IntArray:
    """Returns the row of every entry, shape (entries,)."""
    return np.repeat(np.arange(counts.num_rows), np.diff(counts.offsets))


def num_ups(counts: Counts) -> IntArray:
    """Returns how many spins are up in every entry, shape (entries,).

    Raises:
        ArgumentError: some spins are lost.

    >>> num_ups(Counts.from_histograms(9, [{0b101: 3, 0b111000000: 1}])).tolist()
    [2, 3]
    """
    check_whole(counts)
    return np.asarray(np.bitwise_count(counts.outcomes).sum(1), dtype=np.int64)


def bits(counts: Counts) -> NDArray[np.uint8]:
    """Returns the spins of every entry, shape (entries, spins): 1 is up.

    Raises:
        ArgumentError: some are lost; `known_bits` gives those that are not.
    """
    check_whole(counts)
    return _unpacked(counts.outcomes, counts.num_bits)


def known_bits(counts: Counts) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Returns the spins of every entry, 1 for up, and which of them are known, both of shape (entries, spins)."""
    up = _unpacked(counts.outcomes, counts.num_bits)
    return up, np.ones_like(up) if counts.lost is None else 1 - _unpacked(counts.lost, counts.num_bits)


def with_all_spins(counts: Counts) -> Counts:
    """Returns the shots of which all spins are known.

    >>> lost = np.array([[0], [2]], dtype=np.uint8)
    >>> outcomes = np.array([[3], [1]], dtype=np.uint8)
    >>> with_all_spins(Counts(2, np.array([0, 2]), outcomes, np.array([5, 1]), lost)).table()
    array([[0, 0, 0, 5]])
    """
    if counts.lost is None:
        return counts
    whole = ~counts.lost.any(1)
    offsets = np.concatenate([[0], np.cumsum(whole)])[counts.offsets]
    return Counts(counts.num_bits, offsets, counts.outcomes[whole], counts.numbers[whole])


def _unpacked(packed: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    return np.unpackbits(packed, axis=1, count=size, bitorder="little")


def check_whole(counts: Counts) -> None:
    """Refuses counts in which spins are lost, for what needs all spins of a shot.

    Raises:
        ArgumentError: some are lost.
    """
    if counts.lost is not None:
        raise ArgumentError(NEEDS_ALL_SPINS)


def by_class(counts: Counts, kinds: IntArray, num_classes: int) -> IntArray:
    """Returns how many shots of each row are in each class, shape (rows, classes).

    Args:
        counts: the shots.
        kinds: the class of every entry, shape (entries,).
        num_classes: all kinds are below it.
    """
    index = rows_of(counts) * num_classes + kinds
    table = np.bincount(index, counts.numbers, counts.num_rows * num_classes)  # in doubles: exact up to 2^53 shots
    return table.astype(np.int64).reshape(counts.num_rows, num_classes)


def parity(counts: Counts) -> IntArray:
    """Returns the shots with an even and with an odd number of spins up, shape (rows, 2).

    >>> parity(Counts.from_histograms(2, [{0: 3, 1: 1, 3: 2}])).tolist()
    [[5, 1]]
    """
    return by_class(counts, num_ups(counts) % 2, 2)


def alike(counts: Counts, signs: Sequence[float] | None = None) -> IntArray:
    """Returns the shots with all spins alike, and the others, shape (rows, 2).

    Args:
        counts: the shots.
        signs: of each spin; those of negative sign are alike where they are opposite.

    >>> counts = Counts.from_histograms(2, [{0: 3, 1: 1, 3: 2}])
    >>> alike(counts).tolist(), alike(counts, (1.0, -1.0)).tolist()
    ([[5, 1]], [[1, 5]])
    """
    if signs is None or min(signs) > 0:
        ups = num_ups(counts)
    else:
        ups = (bits(counts) ^ (np.array(signs) < 0)).sum(1).astype(np.int64)
    return by_class(counts, ((ups > 0) & (ups < counts.num_bits)).astype(np.int64), 2)


def returned(counts: Counts) -> IntArray:
    """Returns the shots with all spins down, and the others, shape (rows, 2)."""
    return by_class(counts, (num_ups(counts) > 0).astype(np.int64), 2)


def flagged(counts: Counts) -> IntArray:
    """Returns the shots with only spin 0 read, down and up, and those with another spin up, shape (rows, 3).

    >>> flagged(Counts.from_histograms(2, [{0: 3, 1: 1, 2: 4, 3: 2}])).tolist()
    [[3, 1, 6]]
    """
    first = counts.outcomes[:, 0].astype(np.int64) & 1
    return by_class(counts, np.where(num_ups(counts) > first, 2, first), 3)


def ups(counts: Counts) -> IntArray:
    """Returns the shots with each number of spins up, the histogram of J, shape (rows, spins + 1)."""
    return by_class(counts, num_ups(counts), counts.num_bits + 1)


def per_spin(counts: Counts) -> IntArray:
    """Returns how often each spin was down and up, shape (rows, spins, 2); lost spins are neither.

    >>> per_spin(Counts.from_histograms(2, [{0: 3, 1: 1, 3: 2}])).tolist()
    [[[3, 3], [4, 2]]]
    """
    if counts.num_bits <= _SPINS_OF_A_TABLE and counts.lost is None:
        table = by_class(counts, counts.outcomes[:, 0].astype(np.int64), 2**counts.num_bits)
        up = table @ (np.arange(table.shape[1])[:, None] >> np.arange(counts.num_bits) & 1)
        return np.stack([table.sum(1, keepdims=True) - up, up], axis=-1)
    up = np.zeros((counts.num_rows, counts.num_bits), dtype=np.int64)
    total = np.zeros_like(up)
    for row in range(counts.num_rows):
        one = counts.part(row, row + 1)
        ups, known = known_bits(one)
        numbers = one.numbers.astype(np.float64)  # sums in doubles: exact up to 2^53 shots
        up[row], total[row] = numbers @ ups, numbers.sum() if one.lost is None else numbers @ known
    return np.stack([total - up, up], axis=-1)


def check_rows(num_rows: int, expected: int, what: str) -> None:
    """Raises unless there are as many rows of counts as settings.

    Raises:
        ArgumentError: the counts are of another design.
    """
    if num_rows != expected:
        raise ArgumentError(f"Counts of {what} must have {expected} rows, but have {num_rows}; give `estimate` the "
                            "arguments of `design`.")  # fmt: skip


def check_shots(totals: IntArray, least: int) -> None:
    """Raises unless every row has enough shots.

    Args:
        totals: shots of the rows, shape (..., rows).
        least: how many there must be.

    Raises:
        ArgumentError: a row has fewer.
    """
    if totals.min() < least:
        raise ArgumentError(f"Each setting must have at least {least} shots, but one has {int(totals.min())}.")


def share_variance(share: FloatArray, shots: FloatArray) -> FloatArray:
    """Returns the variance of a measured share, p (1 − p)/(S − 1); never 0, also where all shots agree.

    There p is taken as half a shot in S + 1, Jeffreys' estimate: no number of shots shows that something never happens.

    Args:
        share: p, of any shape.
        shots: S, which broadcasts to it.

    Source: Jeffreys' prior of a binomial share, Brown, Cai & DasGupta, Statist. Sci. 16, 101 (2001).

    >>> share_variance(np.array([0.5, 1.0]), np.array([101.0, 101.0])).round(6).tolist()
    [0.0025, 4.8e-05]
    """
    rare = 0.5 / (shots + 1)
    return np.asarray(np.where(share * (1 - share) > 0, share * (1 - share) / (shots - 1), rare * (1 - rare) / shots))
