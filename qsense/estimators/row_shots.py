"""How the shots of one time are shared out over its circuits, where these do not all get the same."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

PHASE_KNOWN = (0.85, 0.15)
"""Along and across the expected phase, where it is known to a few degrees: a share across keeps G unbiased."""


def shared_out(total: int, shares: Sequence[float]) -> tuple[int, ...]:
    """Returns whole numbers of the given sum, as the shares are; what is left over goes to the largest remainders.

    >>> shared_out(301, (0.8, 0.15, 0.05))
    (241, 45, 15)
    """
    ideal = total * np.array(shares) / np.sum(shares)
    found = np.floor(ideal + 1e-9).astype(np.int64)
    found[np.argsort(found - ideal, kind="stable")[: total - int(found.sum())]] += 1
    return tuple(int(one) for one in found)


def both_sides(shares: Sequence[float]) -> tuple[float, ...]:
    """Returns the shares of rows that measure both sides of two directions: along, across, −across, −along, the rest.

    In this order what drifts evenly from row to row cancels between a direction and its antipode to first order.

    >>> both_sides((0.5, 0.3, 0.2))
    (0.25, 0.15, 0.15, 0.25, 0.2)
    """
    along, across, *rest = shares
    return (along / 2, across / 2, across / 2, along / 2, *rest)


def on_both_sides(along: int, across: int, *rest: int) -> tuple[int, ...]:
    """Returns the shots of rows in the order of `both_sides`, each direction's shared out over its two.

    >>> on_both_sides(81, 15, 5)
    (41, 8, 7, 40, 5)
    """
    return (along - along // 2, across - across // 2, across // 2, along // 2, *rest)


def least_shots(row_shots: Callable[[int], tuple[int, ...] | None], least: int) -> int:
    """Returns the fewest shots for every circuit with which every row gets at least `least`."""
    shots = least
    while min(row_shots(shots) or (shots,)) < least:
        shots += 1
    return shots


def shots_behind(row_shots: Callable[[int], tuple[int, ...] | None], rows: tuple[int, ...]) -> int | None:
    """Returns the shots for every circuit that gave the rows theirs; None where no number does.

    >>> shots_behind(lambda shots: shared_out(2 * shots, (0.85, 0.15)), (170, 30)), shots_behind(lambda _: None, (9, 8))
    (100, None)
    """
    for circuits in range(1, len(rows) + 1):
        shots, rest = divmod(sum(rows), circuits)
        if not rest and (row_shots(shots) or (shots,) * len(rows)) == rows:
            return shots
    return None
