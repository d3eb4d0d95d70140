"""What the lower limit of G says of entanglement: the depth of a point, and its squeezing where a bound gives it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from statistics import NormalDist
from typing import Any

import numpy as np

from qsense.comparison.assumed import is_unequal
from qsense.comparison.points import MeasuredPoint
from qsense.estimators.estimator import ClassicalGain, MomentBound
from qsense.estimators.result import NORMAL_95, Estimate
from qsense.noise import world_of
from qsense.theory.depth import entanglement_depth

WRONG = 0.05  # the chance that a depth is too large, over all times of a point


def entanglement_columns(item: MeasuredPoint) -> dict[str, Any]:
    """Returns `depth` where it can be told, and of a moment bound `xi_squared` of the first time with its interval."""
    row: dict[str, Any] = {"depth": depth(item)}
    if isinstance(item.exact_quantity, MomentBound):
        row.update(_squeezing(item))
    return row


def depth(item: MeasuredPoint) -> int | None:
    """Returns how many spins at least are entangled with each other at some time, right with 95 %; 1 is none.

    The lower limits of G at all times hold together (Bonferroni), so that the largest depth may be taken.

    Returns:
        None where G does not tell: of a classical gain, whose estimate is biased; for weights other than +1 and −1;
        where noise or coupling does not commute with the field; with readout error, but for a moment bound, which holds
        where up and down are misread alike; and where the counts refuse what the estimate takes for granted.
    """
    point = item.point
    weights = world_of(point.world).weights(point.probe.num_qubits)
    told = (
        not isinstance(item.exact_quantity, ClassicalGain)
        and bool(np.all(np.abs(weights) == 1))
        and point.world.noise.commutes(point.probe.num_qubits)
        and (
            item.is_exact_as_read
            or (isinstance(item.exact_quantity, MomentBound) and not is_unequal(item.readout_error))
        )
        and not item.is_withheld
    )
    if not told:
        return None
    limits = lower_limits(_about_the_angle(item), WRONG)
    size = point.probe.num_qubits
    return max((entanglement_depth(min(limit, size**2), size) for limit in limits), default=1)


def lower_limits(estimates: Sequence[Estimate], chance: float) -> list[float]:
    """Returns lower limits of several numbers that are all right but with this chance.

    >>> [round(limit, 3) for limit in lower_limits([Estimate(1.0, 0.1), Estimate(2.0, 0.1)], 0.05)]
    [0.804, 1.804]
    """
    if not estimates:
        return []
    ratio = NormalDist().inv_cdf(1 - chance / len(estimates)) / NORMAL_95
    wider = []
    for one in estimates:
        spread = None if one.spread is None else tuple(part * ratio**2 for part in one.spread)
        wider.append(replace(one, stderr=one.stderr * ratio, spread=spread))  # type: ignore[arg-type]
    return [one.interval[0] for one in wider]


def _about_the_angle(item: MeasuredPoint) -> list[Estimate]:
    """G about the collected angle, of the times at which the signal turns the spins at all."""
    shares = item.point.world.collected(item.point.rule.times)
    return [one.scaled(1 / share**2) for one, share in zip(item.estimates, shares, strict=True) if share != 0]


def _squeezing(item: MeasuredPoint) -> dict[str, float | None]:
    first = next(iter(_about_the_angle(item)), None)
    separable = float((item.point.world.weights(item.point.probe.num_qubits) ** 2).sum())
    gains = (0.0,) * 3 if first is None else (first.value, first.interval[1], first.interval[0])
    values = [separable / gain if gain > 0 else None for gain in gains]
    return dict(zip(("xi_squared", "xi_squared_low", "xi_squared_high"), values, strict=True))
