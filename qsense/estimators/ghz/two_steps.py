"""Rows of a GHZ probe in two steps: how many shots go to the top of the fringe, across it, and to the populations."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from qsense.circuits.counts import Counts
from qsense.estimators.ghz.block import MIN_SHOTS, block
from qsense.estimators.ghz.branch import Branch
from qsense.estimators.two_steps import SHARES_ACROSS, Expected, Lines, square_variance
from qsense.numerics.fisher import FloatArray

_LEAST_INSIDE = 10  # shots across that the block must hold: with fewer G has a bias
_SHARES_OF_POPULATION = np.geomspace(0.005, 0.7, 40)


def lines(
    counts: Counts, method: Literal["loss_flag", "parity"], angles: tuple[float, ...] | None, branch: Branch
) -> Lines:
    """Returns the fringe of the block."""
    found = block(counts, method, angles, branch)
    value = complex(found.along.value, -found.across.value)
    variance = (found.along.stderr**2 + found.across.stderr**2) / 2
    population = min(max(found.population.value, 1 / counts.shots), 1.0)
    return Lines(np.array([value]), np.array([variance]), np.array([branch.frequency]), population)


def variance(expected: Expected, along: FloatArray, across: FloatArray, inside: FloatArray | None = None) -> FloatArray:
    """Returns the variance of G/ν² from the shots along, across, and along Z (`parity`; None for `loss_flag`)."""
    p, square = expected.population, expected.square
    of_population = square**2 * p * (1 - p)
    if inside is None:
        # Of the shots of a row P hold the fringe, whatever its direction.
        return p**2 * square_variance(expected, p * along, p * across) + of_population / (along + across)
    shown = expected._replace(square=square * p**2)
    return square_variance(shown, along, across) / p**2 + of_population / inside


def best_shares(expected: Expected, total: int, with_z: bool, sides: int) -> tuple[int, ...]:
    """Returns the shots along and across, those along Z before them if there are, for the smallest error of G.

    Args:
        expected: of this time.
        total: of all rows.
        with_z: whether a row along Z gives the population.
        sides: rows for each direction: 2 with antipodes.
    """
    least = max(MIN_SHOTS * sides, int(np.ceil(_LEAST_INSIDE / expected.population)) if not with_z else 0)
    z = np.maximum(np.round(total * _SHARES_OF_POPULATION), MIN_SHOTS)[:, None] if with_z else np.zeros((1, 1))
    left = total - z
    across = np.maximum(np.round(left * SHARES_ACROSS), np.minimum(least, left // 2))
    along = left - across
    found = np.where(along >= across, variance(expected, along, across, z if with_z else None), np.inf)
    at = np.unravel_index(int(np.argmin(found)), found.shape)
    shots = int(along[at]), int(across[at])
    return (int(z[at[0], 0]), *shots) if with_z else shots


def directions(rows: Sequence[int], with_z: bool) -> tuple[int, ...]:
    """Returns the shots along and across, those along Z after them if there are, whichever sides they are on."""
    first, rest = (rows[:1], rows[1:]) if with_z else ((), rows)
    half = rest[: len(rest) // 2], rest[len(rest) // 2 :][::-1]
    both = rest if len(rest) == 2 else [one + other for one, other in zip(*half, strict=True)]
    return (*both, *first)
