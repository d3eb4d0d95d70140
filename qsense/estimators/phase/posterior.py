"""The posterior of the signal angle at one time, and of the field from all times of a run.

**Convention.** As in `estimation`: rz(θ) = exp(−iθZ/2) with the qubit's Z, θ > 0 turns a spin's azimuth by +θ. A text
that counts the excited state as |0> has the opposite sign of φ.

**Ambiguity.** A fringe of frequency ν is read modulo 2π/ν. The angle at one time is the one within π/ν of the expected
angle; the field is looked for within π/(ν t W) of the expected field, t the shortest time that senses. Later times
narrow it down and leave no further ambiguity than what their likelihood shows.

**No fringe.** Where a test at 10 % sees no fringe, the interval is the whole turn, or the whole range of the field: the
counts do not tell. The posterior alone would cover 76 to 90 % there.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from qsense.estimators.phase.joint import Turn
from qsense.numerics.fisher import FloatArray

_SEEN_BELOW = 0.1
_POINTS = 4096
_STEPS = 8.0  # grid points per standard deviation of the sharpest peak
_KEPT = 30.0  # log-likelihood below the best at which a value is left out
_MOST = 400_000


class Reading(NamedTuple):
    """What counts say of an angle or of a field, in rad or rad/s.

    Attributes:
        value: the posterior's median.
        stderr: its standard deviation.
        interval: its central 95 %.
        ambiguity: half of the range in which it was looked for: values 2·ambiguity further are as likely.
    """

    value: float
    stderr: float
    interval: tuple[float, float]
    ambiguity: float


def angle(turns: Sequence[Turn], expected: float) -> Reading | None:
    """Returns the signal angle θ at one time; None where nothing turns.

    Args:
        turns: of that time.
        expected: the angle in rad whose fringe is taken.

    >>> from qsense.estimators.phase.joint import Fringe, turns
    >>> seen = turns([Fringe(2.0, np.array([0.0, np.pi / 2]), np.array([[500, 500], [900, 100]]))])
    >>> found = angle(seen, 0.5)
    >>> round(found.value, 2), round(found.stderr, 2), round(found.ambiguity, 2)
    (0.79, 0.02, 1.57)
    """
    if not turns:
        return None
    slowest = min(one.frequency for one in turns)
    reach = np.pi / slowest
    grid = expected + reach * np.linspace(-1, 1, _POINTS, endpoint=False)
    logs = np.sum([one.at(one.frequency * grid) for one in turns], axis=0)
    # What is alike on either side of the cut is not cut: the turn is opened opposite of its peak.
    if all(np.isclose(one.frequency % slowest, 0) for one in turns):
        expected = float(grid[np.argmax(logs)])
    found = _narrowed([[(one, 1.0) for one in turns]], expected, reach)
    return found if _is_seen(turns) else found._replace(interval=(expected - reach, expected + reach))


def _is_seen(turns: Sequence[Turn]) -> bool:
    """Whether a test at 10 % sees a fringe at all; without one the posterior is too sure, as V may be 0."""
    from scipy.special import chdtrc

    return bool(chdtrc(2 * len(turns), sum(one.height for one in turns)) < _SEEN_BELOW)


def field(turns: Sequence[Sequence[Turn]], durations: Sequence[float], expected: float) -> Reading | None:
    """Returns the field φ from all times together; None where no time senses it.

    Args:
        turns: of each time.
        durations: t·W of each time, in s.
        expected: the field in rad/s about which it is looked for.

    >>> from qsense.estimators.phase.joint import Fringe, turns
    >>> seen = turns([Fringe(2.0, np.array([0.0, np.pi / 2]), np.array([[500, 500], [900, 100]]))])
    >>> round(field([seen], [2.0], 0.3).value, 2)
    0.39
    """
    clocks = [
        [(one, float(duration)) for one in several]
        for several, duration in zip(turns, durations, strict=True)
        if several and duration != 0
    ]
    if not clocks:
        return None
    if len(clocks) == 1:
        (clock,) = clocks
        found = angle([one for one, _ in clock], expected * clock[0][1])
        return None if found is None else _divided(found, clock[0][1])
    clocks.sort(key=lambda several: max(one.frequency * abs(duration) for one, duration in several))
    reach = np.pi / min(one.frequency * abs(duration) for one, duration in clocks[0])
    found = _narrowed(clocks, expected, float(reach))
    if _is_seen([one for clock in clocks for one, _ in clock]):
        return found
    return found._replace(interval=(expected - float(reach), expected + float(reach)))


def _divided(found: Reading, duration: float) -> Reading:
    low, high = sorted(one / duration for one in found.interval)
    size = abs(duration)
    return Reading(found.value / duration, found.stderr / size, (low, high), found.ambiguity / size)


def _narrowed(clocks: Sequence[Sequence[tuple[Turn, float]]], centre: float, reach: float) -> Reading:
    """The posterior over centre ± reach: time after time, slowest first, on grids of what the ones before leave."""
    low, high = centre - reach, centre + reach
    for last in range(1, len(clocks) + 1):
        taken = [one for clock in clocks[:last] for one in clock]
        sharpest = sum((one.frequency * duration) ** 2 * max(one.information) for one, duration in taken)
        count = int(np.clip((high - low) * _STEPS * np.sqrt(sharpest), _POINTS, _MOST))
        grid = np.linspace(low, high, count)
        logs = np.sum([one.at(one.frequency * duration * grid) for one, duration in taken], axis=0)
        kept = grid[logs >= logs.max() - _KEPT]
        step = grid[1] - grid[0]
        low, high = max(low, kept[0] - step), min(high, kept[-1] + step)
    return _summary(grid, logs, reach)


def _summary(grid: FloatArray, logs: FloatArray, ambiguity: float) -> Reading:
    density = np.exp(logs - logs.max())
    density[[0, -1]] /= 2
    density /= density.sum()
    below = np.concatenate([[0.0], np.cumsum((density[1:] + density[:-1]) / 2)])
    below /= below[-1]
    low, middle, high = (float(np.interp(share, below, grid)) for share in (0.025, 0.5, 0.975))
    mean = float(density @ grid)
    return Reading(middle, float(np.sqrt(density @ (grid - mean) ** 2)), (low, high), ambiguity)
