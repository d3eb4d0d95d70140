"""Measuring in two steps: what a pilot says of phase and decay, and which rows then read G with the smallest error.

An estimator that can be steered so is a `TwoSteps` beside an `Estimator`. All that a pilot decides is where shots go
and along which direction: the rest stays unbiased, whatever the pilot found.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from qsense.circuits.counts import Counts
from qsense.numerics.fisher import ComplexArray, FloatArray

_STEP = 0.2  # rad of the fastest line at the latest time, between two offsets that are tried
_MOST_TRIED = 20_000
_SIGNIFICANT = 3.0  # standard errors above which lines scatter about one offset more than by chance
SHARES_ACROSS = np.geomspace(0.003, 0.5, 80)


class Lines(NamedTuple):
    """Fringes at one time, each relative to where it is expected.

    Attributes:
        values: b e^{iψ} of each, ψ the angle by which it is ahead; shape (lines,).
        variances: of the real and of the imaginary part, shape (lines,).
        frequencies: by how much ψ turns with the collected angle θ, shape (lines,).
        population: P of the share of shots that hold the fringe, in (0, 1].
    """

    values: ComplexArray
    variances: FloatArray
    frequencies: FloatArray
    population: float


class Expected(NamedTuple):
    """What is expected of one time.

    Attributes:
        square: A, the squared visibility among the shots that hold the fringe, in (0, 1).
        population: P.
        across: the part of A that lies across the expected phase, in [0, 1/2].
    """

    square: float
    population: float = 1.0
    across: float = 0.0


class Offset(NamedTuple):
    """By how much the field is not as expected.

    Attributes:
        value, stderr: in rad for each unit of the given turns.
        scatter: the part of squared visibilities that lies across, beyond what the error explains.
    """

    value: float
    stderr: float
    scatter: float


class TwoSteps(ABC):
    """An estimator whose rows can get shots of their own."""

    @property
    @abstractmethod
    def top(self) -> float:
        """G about the collected angle where A = P = 1."""

    @abstractmethod
    def lines(self, counts: Counts) -> Lines:
        """Returns the fringes that the counts of one time show."""

    @abstractmethod
    def pilot_rows(self, total: int) -> tuple[int, ...]:
        """Returns the shots of each row of a pilot, which knows no phase yet."""

    @abstractmethod
    def best_rows(self, expected: Expected, total: int) -> tuple[int, ...]:
        """Returns the shots of each row that give G its smallest error."""

    @abstractmethod
    def variance(self, expected: Expected, rows: Sequence[int]) -> float:
        """Returns the variance of G/top from rows with these shots."""


def square_variance(expected: Expected, along: FloatArray, across: FloatArray) -> FloatArray:
    """Returns the variance of the unbiased A = x² + y² from signs, given the shots along and across, of any shape.

    Source: moments of binomial means, 4A(1 − A)/n + 2(1 − A)²/n² of each.
    """
    found = np.zeros(np.broadcast_shapes(np.shape(along), np.shape(across)))
    for square, shots in (
        (expected.square * (1 - expected.across), along),
        (expected.square * expected.across, across),
    ):
        found = found + 4 * square * (1 - square) / shots + 2 * (1 - square) ** 2 / shots**2
    return found


def find_offset(turns: FloatArray, measured: Sequence[Lines], lengths: Sequence[FloatArray]) -> Offset:
    """Returns by how much the field is not as expected, from the fringes of several times together.

    The likeliest offset, with a prior that falls as 1/(distance) so that an offset that the data hardly prefer is not
    preferred to a small one. Offsets that turn the first fringe by more than half a turn cannot be told apart.

    Args:
        turns: the collected angle for each unit of the field, at each time, shape (times,); not all 0.
        measured: of each time.
        lengths: expected |values| of each time's lines.

    >>> one = Lines(0.8 * np.exp(0.3j * np.ones(1)), np.full(1, 1e-4), np.ones(1), 1.0)
    >>> round(find_offset(np.array([1.5]), [one], [np.full(1, 0.8)]).value, 6)
    0.2
    """
    rate = np.concatenate([time * one.frequencies for time, one in zip(turns, measured, strict=True)])
    value = np.concatenate([one.values for one in measured])
    variance = np.concatenate([one.variances for one in measured])
    length = np.concatenate(list(lengths))
    weight = length / variance
    fast = float(np.abs(rate).max())
    slow = float(np.abs(rate[rate != 0]).min())
    step = max(_STEP / fast, 2 * np.pi / slow / _MOST_TRIED)
    tried = step * np.arange(-int(np.pi / slow / step), int(np.pi / slow / step) + 1)
    rates, which = np.unique(rate, return_inverse=True)
    together = np.zeros(len(rates), dtype=np.complex128)
    np.add.at(together, which, weight * value)
    gained = sum((one * np.exp(-1j * turned * tried)).real for one, turned in zip(together, rates, strict=True))
    at = float(tried[np.argmax(gained - np.log1p(np.abs(tried) / (5 * step)))])
    for _ in range(20):  # Newton
        turned = value * np.exp(-1j * rate * at)
        curvature = float((weight * rate**2) @ turned.real)
        if curvature <= 0:
            break
        at += float(np.clip((weight * rate) @ turned.imag / curvature, -step, step))
    information = float((length * weight) @ rate**2)
    left = (value * np.exp(-1j * rate * at)).imag ** 2 - variance
    power = max(float(length @ length), 1e-300)
    noise = float(np.sqrt(2 * variance @ variance))
    found = max(float(left.sum()), 0.0) if left.sum() > _SIGNIFICANT * noise else 0.0
    return Offset(at, information**-0.5, min(found / power, 0.5))
