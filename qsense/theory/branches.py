"""The error of a ladder of fringes, wrong branches included: exact distributions of counts, rung after rung.

A rung reads the angle α = fφ of a fringe from K bits of each of two quadratures, atan2 of their means, and takes the
φ with that angle which is nearest to what the rung before said. Given φ the rungs are independent. A loss flag lets a
random number of the bits count. The error after a rung is e + 2πn/f with e its own and n the branch; n follows from
the error before it, so that one distribution function after the other gives the whole: P(e, n) = p(e) [F(e + (n +
½)2π/f) − F(e + (n − ½)2π/f)], F of the error before.

Source: the scheme is that of Kitaev, quant-ph/9511026, with repetitions as Higgins et al., New J. Phys. 11, 073023
(2009), share them out; the recursion is checked by simulated repetitions in tests/theory/test_ladder.py.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np

from qsense.numerics.fisher import FloatArray
from qsense.theory.mixing import IntArray

_EXACT_BITS, _SURE = 300, 60.0  # K and V²K from which the angle is normal, and a wrong branch by it beyond reach
_NEGLIGIBLE = 1e-13  # probabilities that are left out: beside an error of 1e-4 of the range they do not count
_FIELDS = 24  # at which the error is averaged
_TABLE = 1_000_000  # entries of a table of counts
_CELLS = 600  # of a turn, in which errors of an angle are put together at their mean


class Fringe(NamedTuple):
    """What one rung reads.

    Attributes:
        frequency: f in s: the angle is fφ.
        visibility: V in [0, 1], of the bits that count.
        bits: K, of each quadrature.
        kept: the chance that a bit counts: a loss flag throws the others away.
    """

    frequency: float
    visibility: float
    bits: int
    kept: float = 1.0


def rms_error(
    fringes: Sequence[Fringe], reach: float, fields: int = _FIELDS, most: float = math.inf
) -> tuple[float, float]:
    """Returns the rms error of φ in rad/s, and the probability of a wrong branch.

    Args:
        fringes: in order, the slowest first.
        reach: φ is anywhere within ±reach, in rad/s.
        fields: over how many φ in this range it is averaged.
        most: an error in rad/s above which it is not of interest how large it is: infinite is returned.

    >>> one = Fringe(1.0, 1.0, 400)
    >>> error, wrong = rms_error([one], 1.0)  # √((1 − sin²(2φ)/2)/K) on average
    >>> round(error, 3), wrong < 1e-6
    (0.042, True)
    """
    # Golden steps: no two fields are at like places of any fringe.
    places = (0.5 + 0.6180339887498949 * np.arange(fields)) % 1
    squares, wrong = [], []
    for field in reach * (2 * places - 1):
        errors, chances = np.array([-field]), np.ones(1)
        for one in fringes:
            errors, chances = _after(errors, chances, one, float(field))
        squares.append(float(chances @ errors**2) / float(chances.sum()))
        if math.fsum(squares) > fields * most**2:
            return math.inf, math.nan
        period = 2 * np.pi / fringes[-1].frequency
        wrong.append(float(chances[np.abs(errors) > period / 2].sum()) / float(chances.sum()))
    return float(np.sqrt(np.mean(squares))), float(np.mean(wrong))


def _after(errors: FloatArray, chances: FloatArray, fringe: Fringe, field: float) -> tuple[FloatArray, FloatArray]:
    """The distribution of the error after a rung, from that before it; both as values and their chances."""
    own, weights = angle_errors(fringe, field)
    own = own / fringe.frequency
    order = np.argsort(errors)
    values, sums = errors[order], np.concatenate([[0.0], np.cumsum(chances[order])])
    period = 2 * np.pi / fringe.frequency
    most = int(np.ceil((np.abs(errors).max() + np.abs(own).max()) / period + 0.5))
    found, likely = [], []
    for branch in range(-most, most + 1):
        low, high = own + (branch - 0.5) * period, own + (branch + 0.5) * period
        part = weights * (sums[np.searchsorted(values, high, "right")] - sums[np.searchsorted(values, low, "right")])
        kept = part > _NEGLIGIBLE
        found.append(own[kept] + branch * period)
        likely.append(part[kept])
    return np.concatenate(found), np.concatenate(likely)


@lru_cache(maxsize=1024)  # designs of a ladder share rungs
def angle_errors(fringe: Fringe, field: float) -> tuple[FloatArray, FloatArray]:
    """Returns the errors of the angle in rad, within ±π, that counts of both quadratures give, and their chances."""
    angle, bits = fringe.frequency * field, fringe.bits
    cosine, sine = fringe.visibility * np.cos(angle), fringe.visibility * np.sin(angle)
    size, counted = fringe.visibility**2, bits * fringe.kept
    if counted > _EXACT_BITS and counted * size > _SURE:
        deviation = np.sqrt((sine**2 * (1 - cosine**2) + cosine**2 * (1 - sine**2)) / (counted * size**2))
        steps = np.linspace(-8, 8, 321)
        weights = np.exp(-(steps**2) / 2)
        return np.clip(steps * deviation, -np.pi, np.pi), weights / weights.sum()
    xs, x_chances = _means(fringe, float(cosine))
    ys, y_chances = _means(fringe, float(sine))
    weights = np.outer(x_chances, y_chances)
    read = np.arctan2(np.broadcast_to(ys, weights.shape), np.broadcast_to(xs[:, None], weights.shape))
    off = (read - angle + np.pi) % (2 * np.pi) - np.pi
    cells = np.floor((off + np.pi) * (_CELLS / (2 * np.pi))).astype(np.int64).ravel() % _CELLS
    sums = np.bincount(cells, weights.ravel(), _CELLS)
    means = np.bincount(cells, (weights * off).ravel(), _CELLS)
    kept = sums > _NEGLIGIBLE * 1e-3
    return means[kept] / sums[kept], sums[kept] / sums[kept].sum()


def _means(fringe: Fringe, mean: float) -> tuple[FloatArray, FloatArray]:
    """The means of the bits that count, and their chances; those that are close are put together at their mean."""
    if fringe.kept == 1:
        return _binomial(fringe.bits, mean)
    shares, chances = _binomial(fringe.bits, 2 * fringe.kept - 1)
    numbers = np.rint((shares + 1) / 2 * fringe.bits).astype(np.int64)
    found = [_of_counted(numbers[part], chances[part], mean) for part in _parts(numbers)]
    values, weights = (np.concatenate(one) for one in zip(*found, strict=True))
    cells = np.floor((values + 1) * _CELLS / 4).astype(np.int64)
    sums, moments = np.bincount(cells, weights), np.bincount(cells, weights * values)
    kept = sums > _NEGLIGIBLE * 1e-3
    return moments[kept] / sums[kept], np.asarray(sums[kept], dtype=np.float64)


def _parts(numbers: IntArray) -> list[slice]:
    """Parts of a list of numbers of bits whose tables of counts fit into memory."""
    rows = max(_TABLE // (int(numbers.max()) + 1), 1)
    return [slice(first, first + rows) for first in range(0, len(numbers), rows)]


def _of_counted(numbers: IntArray, chances: FloatArray, mean: float) -> tuple[FloatArray, FloatArray]:
    """The means of K bits ±1, for several K with their chances, and the chances of these means; 0 of no bits."""
    ups = np.arange(int(numbers.max()) + 1)
    likely = _chances(numbers[:, None], ups, mean)
    kept = likely > _NEGLIGIBLE * 1e-3
    counted = np.broadcast_to(np.maximum(numbers, 1)[:, None], likely.shape)[kept]
    values = (2 * np.broadcast_to(ups, likely.shape)[kept] - counted) / counted
    alone = np.broadcast_to(numbers[:, None] == 0, likely.shape)[kept]
    return np.where(alone, 0.0, values), (chances[:, None] * likely)[kept]


def _chances(bits: IntArray, ups: IntArray, mean: float) -> FloatArray:
    """The chance of so many of K bits to be +1, where their expected value is `mean`; 0 of more than all."""
    from scipy.special import gammaln, xlog1py, xlogy

    chance = min(max((1 + mean) / 2, 0.0), 1.0)
    factorials = gammaln(np.arange(int(np.max(bits)) + 1) + 1.0)
    downs = np.maximum(bits - ups, 0)
    logs = factorials[bits] - factorials[ups] - factorials[downs] + xlogy(ups, chance) + xlog1py(downs, -chance)
    return np.where(ups <= bits, np.exp(logs), 0.0)


def _binomial(bits: int, mean: float) -> tuple[FloatArray, FloatArray]:
    """The means of K bits ±1 whose expected value is `mean`, and their chances."""
    ups = np.arange(bits + 1)
    chances = _chances(np.array(bits), ups, mean)
    kept = chances > _NEGLIGIBLE * 1e-3
    return (2 * ups[kept] - bits) / bits, chances[kept]
