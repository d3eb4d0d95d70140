"""Splits shots into folds at random, without replacement, so that folds are independent repetitions."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from qsense.circuits.counts import IntArray
from qsense.circuits.histograms import check_whole
from qsense.errors import ArgumentError
from qsense.estimators.tally import check_rows
from qsense.numerics.fisher import FloatArray

# Below so many shots of a row and outcome a shuffle is quicker than a draw for every outcome: a call is shared by all
# rows. Measured up to twice the first; estimates of the records in runs/reference stay as they are with this one.
_SHOTS_OF_A_CALL, _SHOTS_OF_A_DRAW = 10_000, 80
_SHOTS_OF_A_CACHE = 2**16


def check_table(table: IntArray, num_rows: Callable[[int], int]) -> int:
    """Returns the number of spins of a table of counts, shape (rows, 2^N).

    Args:
        table: the counts.
        num_rows: N → how many rows the design has.

    Raises:
        ArgumentError: a number cannot be a count, or the shape is not that of the design.
    """
    outcomes = int((np.shape(table) or (0,))[-1])
    num_qubits = max(outcomes.bit_length() - 1, 1)
    check_whole("table", table, (2**num_qubits,))
    check_rows(len(table), num_rows(num_qubits), f"tomography of {num_qubits} spins")
    return num_qubits


def split(table: IntArray, num_folds: int, rng: np.random.Generator) -> FloatArray:
    """Returns the relative frequencies in each fold, shape (folds, rows, outcomes).

    Every row's shots are dealt into folds of equal size (to one shot): shuffled one by one where they are few for their
    outcomes, else by sequential hypergeometric draws, which is the same.

    Args:
        table: counts, shape (rows, outcomes); every row has at least `num_folds` shots.
        num_folds: how many folds.
        rng: the source of the shuffle.

    Raises:
        ArgumentError: a row has fewer shots than folds.

    >>> parts = split(np.array([[6, 6]]), 3, np.random.default_rng(1))
    >>> parts.shape, bool(np.allclose(parts.mean(0), 0.5))
    ((3, 1, 2), True)
    """
    totals = table.sum(1)
    if totals.min() < num_folds:
        raise ArgumentError(f"Each setting must have at least {num_folds} shots, but one has {totals.min()}.")
    sizes = totals[None, :] // num_folds + (np.arange(num_folds)[:, None] < totals[None, :] % num_folds)
    rows, outcomes = table.shape
    few = totals.min() == totals.max() < outcomes * (_SHOTS_OF_A_CALL / rows + _SHOTS_OF_A_DRAW)
    dealt = _shuffled(table, sizes[:, 0], rng) if few else _drawn(table, sizes, rng)
    dealt /= sizes[:, :, None]
    return dealt


def _shuffled(table: IntArray, sizes: IntArray, rng: np.random.Generator) -> FloatArray:
    """Every shot by itself, of as many rows together as a cache holds; all rows have the same number."""
    dealt = np.empty((len(sizes), *table.shape))
    step = max(1, _SHOTS_OF_A_CACHE // int(sizes.sum()))
    for start in range(0, len(table), step):
        part = table[start : start + step]
        # A shot is the place of its row and outcome, then that of its fold too.
        shots = np.repeat(np.arange(part.size), part.ravel()).reshape(len(part), -1)
        rng.permuted(shots, axis=1, out=shots)
        shots += np.repeat(np.arange(len(sizes)) * part.size, sizes)
        counted = np.bincount(shots.ravel(), minlength=len(sizes) * part.size)
        dealt[:, start : start + step] = counted.reshape(len(sizes), *part.shape)
    return dealt


def _drawn(table: IntArray, sizes: IntArray, rng: np.random.Generator) -> FloatArray:
    """Fold after fold, outcome after outcome, all rows at once."""
    left = table.astype(np.int64).copy()
    dealt = np.empty((len(sizes), *table.shape))
    for fold, size in enumerate(sizes):
        others, needed = left.sum(1), size.copy()
        for outcome in range(table.shape[1]):
            available = left[:, outcome]
            others = others - available
            taken = rng.hypergeometric(available, others, needed)
            left[:, outcome] = available - taken
            needed -= taken
            dealt[fold, :, outcome] = taken
    return dealt
