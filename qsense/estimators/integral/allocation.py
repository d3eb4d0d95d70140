"""Where shots are best spent: over times, for the smallest error of 𝓘 at a given total."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from qsense.errors import ArgumentError
from qsense.numerics.fisher import FloatArray


class Allocation(NamedTuple):
    """Shots for each time, shape (times,), and the standard error of 𝓘 that they will give, in s."""

    shots: tuple[int, ...]
    stderr: float


def allocate(
    total: int, weights: Sequence[float] | FloatArray, deviations: Sequence[float] | FloatArray, least: int
) -> Allocation:
    """Returns the shots at each time that give Σ w_i G_i its smallest error: n_i ∝ |w_i| σ_i.

    Args:
        total: all shots, over all times.
        weights: w of a quadrature, shape (times,), in s.
        deviations: σ, the standard deviation of G from one shot at each time, shape (times,); from a pilot run
            (stderr·√shots) or a model. Where G is small its error falls as 1/shots, faster than the 1/√shots assumed.
        least: the shots that each time gets at the least, at least 1, for the estimator to work at all.

    Raises:
        ArgumentError: there are not enough shots for the least at each time, or a number is out of its range.

    Source: Neyman, J. R. Stat. Soc. 97, 558 (1934); the least by its Karush–Kuhn–Tucker conditions.

    >>> allocate(1000, [1.0, 1.0, 2.0], [3.0, 1.0, 0.0], 50).shots
    (713, 237, 50)
    """
    sigma, weight = np.asarray(deviations, dtype=np.float64), np.asarray(weights, dtype=np.float64)
    if sigma.shape != weight.shape or sigma.ndim != 1 or not np.all(np.isfinite(weight) & (sigma >= 0)):
        raise ArgumentError("Argument `deviations` must hold one number of at least 0 for each weight.")
    if least < 1 or total < least * len(sigma):
        raise ArgumentError(
            f"Argument `total` must be at least {max(least, 1)} shots at each of {len(sigma)} times, "
            f"{max(least, 1) * len(sigma)}, but is {total}."
        )
    share = np.abs(weight) * sigma
    ideal = _at_least(share if share.any() else np.ones(len(share)), float(total), float(least))
    shots = np.floor(ideal + 1e-9).astype(np.int64)
    # What the floors lost, at most one shot a time, goes to those that lost most.
    shots[np.argsort(shots - ideal, kind="stable")[: total - int(shots.sum())]] += 1
    return Allocation(tuple(int(n) for n in shots), float(np.sqrt(np.sum(share**2 / shots))))


def _at_least(share: FloatArray, total: float, least: float) -> FloatArray:
    """Numbers proportional to the shares, none below the least, of the given sum."""
    free = np.ones(len(share), dtype=bool)
    while True:
        numbers = np.full(len(share), least)
        if free.any():
            numbers[free] = (total - least * np.sum(~free)) * share[free] / share[free].sum()
        low = free & (numbers < least)
        if not low.any():
            return numbers
        free &= ~low
