"""Where G rises again: a spectrum without low frequencies turns coherences back, the better the narrower it is.

Nothing says beforehand which revival is the best, so that all are looked at that may be: those where an upper bound, G
without the waves or at their best phase, is above the best that is known.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from qsense.noise import PhaseNoise, World
from qsense.noise.settled import Held, Settled, turns
from qsense.numerics.fisher import FloatArray
from qsense.theory.bounded_noise import bounded, memory_of, replaced
from qsense.theory.shared import most_felt

Values = Callable[[FloatArray], FloatArray]
_POINTS = 24  # in a period, or of a peak that is narrower
_HARMONIC = 4.0  # of the lower cut-off: waves of higher frequencies are weaker than its own by 4^(a+2)
_AT_ONCE = 20000
_MOST = 600_000  # times that closed forms are asked for; others a fiftieth
_NEAR, _TOPS = 0.97, 64  # of the best: revivals that may be better still between two times, and how many are tried
_SLACK = 1.02  # of a bound between two points of the grid


class Peak(NamedTuple):
    """A value, its time in s, and the step in s by which times around it were tried."""

    value: float
    time: float
    step: float


def step_of(world: World, num_qubits: int) -> float:
    """Returns the step in s that no revival fits between; infinite where there is none."""
    step = math.inf
    for part in bounded(world):
        memory = memory_of(part)
        sharp = math.sqrt(1 + most_felt(part.space, num_qubits) * memory.limit(world.pulses))
        step = min(step, 1 / (_POINTS * min(memory.high, _HARMONIC * memory.low) * sharp))
    return step


def best_revival(
    values_of: Callable[[World], Values], world: World, num_qubits: int, grid: FloatArray, known: float, is_cheap: bool
) -> Peak | None:
    """Returns the best of all revivals, if it is better than what is known; None if there is none.

    Args:
        values_of: what is to be large, in a world; no noise makes it larger.
        world: signal, noise and pulses.
        num_qubits: N.
        grid: times in s, increasing, between which values without revivals change little.
        known: the largest value that is known.
        is_cheap: whether values take next to no time.
    """
    step, most = step_of(world, num_qubits), _MOST if is_cheap else _MOST // 50
    if math.isinf(step):
        return None
    values = values_of(world)
    above = _bounds(values_of, world, grid)
    best: Peak | None = None
    for place in np.argsort(-above, kind="stable").tolist():
        if above[place] <= known or most <= 0:
            break
        low, high = float(grid[place]), float(grid[place + 1])
        count = min(math.ceil((high - low) / step), _AT_ONCE, most)
        times = np.asarray(
            low + step * np.arange(-1, count + 2), dtype=np.float64
        )  # if not all fit, they hardly differ
        found = values(times)
        most -= count + 3
        tops = 1 + np.flatnonzero(
            (found[1:-1] >= found[:-2]) & (found[1:-1] >= found[2:]) & (found[1:-1] > _NEAR * known)
        )
        tops = tops[np.argsort(-found[tops], kind="stable")[:_TOPS]]
        value, time, width = _refined(values, times[tops], step) if tops.size else (0.0, 0.0, 0.0)
        if value > known:
            known, best = value, Peak(value, time, width)
    return best


def _refined(values: Values, times: FloatArray, step: float) -> tuple[float, float, float]:
    """The largest value around several times, where it is, and the last step: revivals of a kind differ by little."""
    around = np.linspace(-1, 1, 33)
    for _ in range(4):
        tried = np.maximum(times[:, None] + step * around, 0)
        found = values(tried.ravel()).reshape(tried.shape)
        best = np.argmax(found, axis=1)
        times, step = tried[np.arange(len(times)), best], step / 16
    top = int(np.argmax(found.max(axis=1)))
    return float(found[top].max()), float(times[top]), step


def _bounds(values_of: Callable[[World], Values], world: World, grid: FloatArray) -> FloatArray:
    """Upper bounds on the values between every two times, shape (times − 1,)."""
    parts = bounded(world)
    best_phase = -math.sqrt(
        2.0 * turns(world.pulses) * (2 * turns(world.pulses) + 1)
    )  # Σ|a| ≤ √(2 · number) of the rms
    at_best = [
        PhaseNoise(part.space, Settled(memory_of(part), Held(sign=best_phase), Held(sign=best_phase))) for part in parts
    ]
    start = max(memory_of(part).late_from(world.pulses) for part in parts)
    bound = values_of(replaced(world, parts, []))(grid)
    late = grid >= start
    if late.any():
        bound[late] = np.minimum(bound[late], values_of(replaced(world, parts, at_best))(grid[late]))
    return np.asarray(_SLACK * np.maximum(bound[1:], bound[:-1]))
