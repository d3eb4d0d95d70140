"""Intervals of any statistic of counts by tests: which worlds, near that of the counts, do not contradict its value.

The worlds are the frequencies of the counts, tilted along the statistic's own influence: the family in which it is
hardest to know (Efron's least favourable family). A world stays in the interval if the statistic of counts drawn from
it falls below the value seen with at least 2.5 %, and above it too. What the statistic is in a world is what very many
shots of that world give, so that an estimator which takes its own noise off needs no correction.

Squares of small numbers need this: their error grows with their size, and values near 0 are skewed. Basic intervals of
V² cover 81 to 87 % there.

Source: DiCiccio & Romano, Biometrika 77, 291 (1990), nonparametric confidence limits by tilting; coverage measured in
tests/estimators/test_tilting.py.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable

import numpy as np

from qsense.circuits.counts import IntArray
from qsense.estimators.result import NORMAL_95
from qsense.numerics.fisher import FloatArray

Statistic = Callable[[IntArray], FloatArray]
_MANY = 2.0**44  # shots that stand for infinitely many
_STEP = 0.5  # between worlds, in standard errors
_WORLDS = 60  # in each direction at most
_SURE = 3.3
_PROBE = 1e-4  # of a world, put on one outcome


def interval(
    statistic: Statistic,
    shares: IntArray,
    number: int,
    limits: tuple[float, float],
    replicates: int,
    rng: np.random.Generator,
) -> tuple[float, float]:
    """Returns the 95 % interval of one number of a statistic.

    A row whose shots all agree is taken to have half a shot more of each outcome that occurs in other rows. Where the
    tilt turns back before its world is refused, as at the least of a square, the interval reaches to the limit.

    Args:
        statistic: of tallies with any leading axes and of any number of shots, (..., rows, classes) → (..., numbers).
        shares: tallies, shape (rows, classes) or with more axes in front that the statistic knows.
        number: which one.
        limits: the physical range of the number.
        replicates: drawn from each world.
        rng: the source of the draws.
    """
    shots = shares.sum(-1)
    alike = (shares.max(-1) == shots)[..., None] & (shares.reshape(-1, shares.shape[-1]).sum(0) > 0) & (shares == 0)
    world = shares + alike / 2
    world = world / np.maximum(world.sum(-1, keepdims=True), 1e-300)
    value = float(statistic(shares)[number])
    influence = _influence(lambda many: statistic(many)[..., number], world)
    each = (world * influence**2).sum(-1) - (world * influence).sum(-1) ** 2
    error = float(np.sqrt(np.sum(each / np.maximum(shots, 1))))
    direction = influence / (np.maximum(shots, 1)[..., None] * max(error, 1e-300))

    def tried(step: int) -> tuple[float, float]:
        """The statistic's number in a world, and how many standard deviations the value seen is above it there."""
        weights = world * np.exp(np.clip(_STEP * step * direction, -600, 600))
        tilted = weights / np.maximum(weights.sum(-1, keepdims=True), 1e-300)
        drawn = statistic(rng.multinomial(shots, tilted, size=(replicates, *shots.shape)))[..., number]
        below = float(np.mean(drawn < value) + np.mean(drawn == value) / 2)
        return float(statistic(_many(tilted))[number]), _normal_quantile(below, replicates)

    middle = tried(0)
    worlds, ends = [middle], []
    for sign in (-1, 1):
        last = middle
        for step in range(1, _WORLDS + 1):
            found = tried(sign * step)
            turned = sign * (found[0] - last[0]) <= 0
            worlds.append(found)
            if turned and abs(found[1]) <= NORMAL_95 and np.isfinite(limits[sign > 0]):
                ends.append(limits[sign > 0])
            if turned or -sign * found[1] > _SURE - 0.3:
                break
            last = found
    low, high = _agreeing(sorted(worlds), value)
    low, high = min([low, *ends]), max([high, *ends])
    return min(max(low, limits[0]), limits[1]), min(max(high, limits[0]), limits[1])


def _agreeing(worlds: list[tuple[float, float]], value: float) -> tuple[float, float]:
    """The least and largest number whose test does not refuse the value, between worlds by interpolation."""
    kept = [number for number, score in worlds if abs(score) <= NORMAL_95]
    kept += [
        one + (other - one) * (limit - before) / (after - before)
        for (one, before), (other, after) in itertools.pairwise(worlds)
        for limit in (-NORMAL_95, NORMAL_95)
        if (before - limit) * (after - limit) < 0
    ]
    if kept:
        return min(kept), max(kept)
    nearest = min(worlds, key=lambda world: abs(world[1]))[0]
    return min(nearest, value), max(nearest, value)


def _influence(number: Callable[[IntArray], FloatArray], world: FloatArray) -> FloatArray:
    """How the number moves with the share of each outcome that occurs, shape of `world`."""
    places = np.argwhere(world > 0)
    moved = np.repeat(world[None], len(places), axis=0)
    back = moved.copy()
    for k, place in enumerate(places):
        row = tuple(place[:-1])
        towards = -world[row]
        towards[place[-1]] += 1
        moved[(k, *row)] += _PROBE * towards
        back[(k, *row)] -= _PROBE * towards
    slopes = (number(_many(moved)) - number(_many(np.maximum(back, 0)))) / (2 * _PROBE)
    found = np.zeros_like(world)
    found[tuple(places.T)] = slopes
    return found


def _many(world: FloatArray) -> IntArray:
    return np.rint(world * _MANY).astype(np.int64)


def _normal_quantile(share: float, replicates: int) -> float:
    from scipy.special import ndtri

    return float(ndtri(np.clip(share, 0.2 / replicates, 1 - 0.2 / replicates)))
