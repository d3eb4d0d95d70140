"""Numbers of one curve: its best time, its rate, its 𝓘, until when it is above another; for every draw at once.

All are found on times in equal steps of ln t, between far below and far above the lifetimes, so that none depends on
the unit of time.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from qsense.numerics.fisher import FloatArray
from qsense.planning.curves import Curve
from qsense.planning.question import Factors, Question

FINE, COARSE = 400, 80  # times of the numbers that are shown, and of their uncertainty
_TINY = 1e-300
ENDS = (0.025, 0.975)  # of a 95 % interval


class Best(NamedTuple):
    """The largest t² I(t)/(t + dead time) of each draw in s, and the time in s where it is, each of shape (draws,)."""

    rate: FloatArray
    time: FloatArray


def grid(span: tuple[float, float], count: int) -> FloatArray:
    """Returns times in s from far below the first of two lifetimes to far above the second, shape (count,)."""
    return np.geomspace(span[0] * 1e-3, span[1] * 20, count)


class Table(NamedTuple):
    """A curve at the times of a grid, shape (draws, times): G and the information about φ over t²; times in s."""

    times: FloatArray
    gain: FloatArray
    told: FloatArray


def tabulate(curve: Curve, times: FloatArray, factors: Factors, question: Question) -> Table:
    """Returns a curve's values; of an alternating signal, W(t)² belongs to them."""
    collected = question.collected(times) ** 2
    gain = curve.gain(times, factors) * collected
    return Table(times, gain, gain if curve.tells_gain else curve.information(times, factors) * collected)


def best(table: Table, dead_time: float) -> Best:
    """Returns the best time and rate of a curve.

    Args:
        table: its values.
        dead_time: of one repetition in s, all parts together.
    """
    times = table.times
    with np.errstate(divide="ignore"):
        logs = np.log(np.maximum(table.told * times * (times / (times + dead_time)), _TINY))
    at = np.clip(np.argmax(logs, axis=1), 1, len(times) - 2)
    row, step = np.arange(len(logs)), np.log(times[1] / times[0])
    left, top, right = (logs[row, at + side] for side in (-1, 0, 1))
    curvature = left - 2 * top + right
    with np.errstate(divide="ignore", invalid="ignore"):
        shift = np.where(curvature < 0, np.clip((left - right) / (2 * curvature), -1, 1), 0.0)
    height = top - 0.25 * (left - right) * shift
    return Best(np.exp(height), times[at] * np.exp(shift * step))


def integral(table: Table) -> FloatArray:
    """Returns 𝓘 in s of each draw, shape (draws,): the trapezoidal rule in ln t, and G(0) before the first time."""
    inner = np.trapezoid(table.gain * table.times, np.log(table.times), axis=1)
    return np.asarray(inner + table.gain[:, 0] * table.times[0])


def leads_until(one: Table, other: Table) -> FloatArray:
    """Returns until when one gain is above another, in s, shape (draws,); 0 if it never is, infinite if always."""
    times = one.times
    ahead = np.log(np.maximum(one.gain, _TINY)) - np.log(np.maximum(other.gain, _TINY))
    behind = ahead <= 0
    first = np.argmax(behind, axis=1)
    row = np.arange(len(ahead))
    after, before = ahead[row, first], ahead[row, np.maximum(first - 1, 0)]
    with np.errstate(divide="ignore", invalid="ignore"):
        share = np.where(before > after, before / (before - after), 0.0)
    crossing = times[np.maximum(first - 1, 0)] * (times[1] / times[0]) ** share
    return np.where(~behind.any(axis=1), np.inf, np.where(first == 0, 0.0, crossing))


def merit(table: Table, question: Question, dead_time: float) -> FloatArray:
    """Returns what probes are ranked by, of each draw: the rate, or 𝓘 where the goal asks for it; in s."""
    return integral(table) if question.goal == "img" else best(table, dead_time).rate


def decibels(ratio: FloatArray) -> FloatArray:
    """Returns 10 log₁₀ of a ratio.

    >>> decibels(np.array([10.0])).tolist()
    [10.0]
    """
    with np.errstate(divide="ignore"):
        return np.asarray(10 * np.log10(ratio))


def quantiles(draws: FloatArray) -> FloatArray:
    """Returns both ends of the 95 % interval of draws, shape (2, …); the first of them is the calibration itself.

    >>> quantiles(np.arange(-1.0, 200.0)).tolist()
    [4.5, 194.5]
    """
    return np.asarray(np.quantile(draws[1:], ENDS, axis=0, method="hazen"))
