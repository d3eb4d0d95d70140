"""Gauss rules for any law of decay: G itself is the weight, and what it has yet to give is the variable."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from qsense.errors import ArgumentError
from qsense.numerics.fisher import FloatArray

_FIRST = 1e-7  # of G(0)/𝓘's inverse: before it the curve is taken as constant
_PER_DECADE = 4
_NEGLIGIBLE = 1e-9  # of the integral, per unit of ln t
_QUIET = 4  # points in a row that add nothing, after which nothing more is looked for
_TOLERANCE = 1e-6  # of the integral, from all the pieces of the table
_MOST_POINTS = 6000
_MOST_ROUNDS = 12
_MOST_DECADES = 40


@dataclass(frozen=True, eq=False)
class DecayLaw:
    """A curve G(t) ≥ 0 as a table, dense enough that splines of G·t in ln t pass for the curve itself.

    Args:
        times: shape (n,), in s, positive and increasing; after the last the curve is 0.
        values: G at them, shape (n,).
        start: G(0), from which the curve falls in a straight line to the first value.

    >>> t = np.geomspace(1e-7, 50, 400)
    >>> law = DecayLaw(t, np.exp(-2 * t), 1.0)
    >>> round(float(law.integral), 7), law.remaining(np.array([1.0])).round(6)
    (0.5, array([0.135335]))
    """

    times: FloatArray
    values: FloatArray
    start: float

    @cached_property
    def _splines(self) -> tuple[Any, Any]:
        """G·t as a function of ln t, and its antiderivative."""
        from scipy.interpolate import CubicSpline  # kept out of the command line's cold start

        spline = CubicSpline(np.log(self.times), self.values * self.times)
        return spline, spline.antiderivative()

    @cached_property
    def integral(self) -> float:
        """∫₀^∞ G dt, in s."""
        return float(self._splines[1](np.log(self.times[-1])) + self.values[0] * self.times[0])

    def at(self, times: FloatArray) -> FloatArray:
        """Returns G at times of shape (n,) in s, 1."""
        inside = np.clip(times, self.times[0], self.times[-1])
        found = self._splines[0](np.log(inside)) / inside
        early = np.minimum(times / self.times[0], 1)
        found = np.where(early < 1, self.start + (self.values[0] - self.start) * early, found)
        return np.asarray(np.where(times > self.times[-1], 0.0, found))

    def remaining(self, times: FloatArray) -> FloatArray:
        """Returns S(t) = ∫_t^∞ G dt/∫₀^∞ G dt at times of shape (n,) in s: 1 at t = 0, falling to 0."""
        inside = np.clip(times, self.times[0], self.times[-1])
        rest = self._splines[1](np.log(self.times[-1])) - self._splines[1](np.log(inside))
        early = self.values[0] * np.maximum(self.times[0] - times, 0)
        return np.asarray(np.clip((rest + early) / self.integral, 0.0, 1.0))

    def times_at(self, remaining: FloatArray) -> FloatArray:
        """Returns the times at which S has fallen to the given values, in s, none before the table's first."""
        low, high = (np.full(len(remaining), np.log(end)) for end in self.times[[0, -1]])
        for _ in range(60):
            middle = (low + high) / 2
            later = self.remaining(np.exp(middle)) > remaining
            low, high = np.where(later, middle, low), np.where(later, high, middle)
        return np.asarray(np.exp((low + high) / 2))


def decay_law(gain: Callable[[FloatArray], FloatArray], time: float) -> DecayLaw:
    """Returns the table of a curve that decays, refined until splines through half of it predict the other half.

    Args:
        gain: G ≥ 0, vectorised over times of shape (n,) in s, increasing.
        time: about how long it lasts, in s: within a few decades is good enough, as the search begins 10⁻⁷ of it
            and goes on for as long as something is added.

    Raises:
        ArgumentError: nothing of it is found.

    >>> law = decay_law(lambda t: np.exp(-(t**2)), 1.0)
    >>> round(float(law.integral / np.sqrt(np.pi) * 2), 6)
    1.0
    """
    grid = time * np.geomspace(_FIRST, 10.0, 8 * _PER_DECADE + 1)
    values = gain(grid)
    for _ in range(_MOST_DECADES):
        total = float(np.trapezoid(values * grid, np.log(grid)))
        quiet = values[-_QUIET:] * grid[-_QUIET:] <= _NEGLIGIBLE * total
        if total > 0 and bool(quiet.all()):
            break
        more = grid[-1] * 10 ** (np.arange(1, _PER_DECADE // 2 + 1) / _PER_DECADE)
        grid, values = np.append(grid, more), np.append(values, gain(more))
    if not values.any():
        raise ArgumentError("the gain is 0 at all times, so that there is nothing to design times for")
    return _refined(gain, grid, values, float(gain(np.zeros(1))[0]))


def _refined(gain: Callable[[FloatArray], FloatArray], grid: FloatArray, values: FloatArray, start: float) -> DecayLaw:
    open_pieces = np.ones(len(grid) - 1, dtype=bool)
    for _ in range(_MOST_ROUNDS):
        law = DecayLaw(grid, values, start)
        starts, ends = grid[:-1][open_pieces], grid[1:][open_pieces]
        if not starts.size or len(grid) + len(starts) > _MOST_POINTS:
            break
        middle = np.sqrt(starts * ends)
        found = gain(middle)
        wrong = np.abs(found - law.at(middle)) * middle * np.log(ends / starts)
        # Both halves of a piece that was predicted badly are looked at again.
        bad = wrong > _TOLERANCE * law.integral / len(grid)
        order = np.argsort(np.concatenate([grid, middle]), kind="stable")
        again = np.concatenate([starts[bad], middle[bad]])
        grid = np.concatenate([grid, middle])[order]
        values = np.concatenate([values, found])[order]
        open_pieces = np.isin(grid[:-1], again)
    return DecayLaw(grid, values, start)
