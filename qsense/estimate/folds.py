"""Splits shots into folds at random, without replacement, so that folds are independent repetitions."""

from __future__ import annotations

import numpy as np

from qsense.counts import IntArray
from qsense.errors import ArgumentError
from qsense.fisher import FloatArray


def split(table: IntArray, num_folds: int, rng: np.random.Generator) -> FloatArray:
    """Returns the relative frequencies in each fold, shape (folds, rows, outcomes).

    Every row's shots are dealt into folds of equal size (to one shot) by sequential hypergeometric draws, which is the
    same as shuffling the shots.

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
    left = table.astype(np.int64).copy()
    totals = left.sum(1)
    if totals.min() < num_folds:
        raise ArgumentError(f"Each setting must have at least {num_folds} shots, but one has {totals.min()}.")
    folds = np.empty((num_folds, *table.shape))
    for fold in range(num_folds):
        size = totals // num_folds + (fold < totals % num_folds)
        others, needed = left.sum(1), size.copy()
        for outcome in range(table.shape[1]):
            available = left[:, outcome]
            others = others - available
            taken = rng.hypergeometric(available, others, needed)
            left[:, outcome] = available - taken
            needed -= taken
            folds[fold, :, outcome] = taken
        folds[fold] /= size[:, None]
    return folds
