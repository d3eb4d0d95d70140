"""How often a probe is measured, what that costs, and what the run reaches: the numbers that `qsense shots` has too.

A precision is half of the 95 % interval, as everywhere. The estimators expect the phase: of a fringe one circuit is
along it and tells of the phase to second order only, one across it tells all that a shot can, further ones nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from qsense.estimators.result import NORMAL_95
from qsense.numerics.fisher import FloatArray
from qsense.planning.curves import Curve
from qsense.planning.design import Design
from qsense.planning.outcomes import tabulate
from qsense.planning.question import Factors, Question
from qsense.planning.scatter import scatter

_NEAR = 1e-3  # of a crossing, for the slope there
_BETWEEN = 16


class Measured(NamedTuple):
    """A probe as the run measures it."""

    curve: Curve
    design: Design


class Crossing(NamedTuple):
    """GHZ and product spins as the run measures them, and where their curves cross in each draw, in s."""

    one: Measured
    other: Measured
    times: FloatArray


@dataclass(frozen=True)
class Cost:
    """Of one probe in a run.

    Attributes:
        times_s: at which it is measured.
        circuits: of each time.
        circuit_shots: of every circuit; 0 where not one fits, infinite where no number will do.
        least: shots of every circuit that its estimator needs.
        dead: of one repetition beside the sensing time, in s.
        floor: half of the 95 % interval that any number of shots leaves, as a share of what is asked for; infinite
            where that is not within the times of the run.
    """

    times_s: tuple[float, ...]
    circuits: int
    circuit_shots: float
    least: int
    dead: float
    floor: float = 0.0

    @property
    def shots(self) -> float:
        """All repetitions."""
        return self.circuits * len(self.times_s) * self.circuit_shots

    @property
    def round_s(self) -> float:
        """What one repetition of every circuit takes, dead times included."""
        return self.circuits * (math.fsum(self.times_s) + len(self.times_s) * self.dead)

    @property
    def device_s(self) -> float:
        """What all take, dead times included."""
        return self.circuit_shots * self.round_s


def cost_of(own: Measured, crossing: Crossing | None, question: Question, dead: float) -> Cost:
    """Returns the shots of every circuit that the budget leaves, or that the precision needs, and what they cost.

    Args:
        own: the probe.
        crossing: GHZ, product spins and where their curves cross in s, if that is what is asked for.
        question: budget, precision and goal.
        dead: of one repetition beside the sensing time, in s.
    """
    times, circuits, floor = own.design.times, own.design.circuits, 0.0
    if question.shots is not None:
        each = float(question.shots // (circuits * len(times)))
    elif question.seconds is not None:
        each = float(math.floor(question.seconds / (circuits * float((times + dead).sum()))))
    else:
        factors = Factors.scaled([1.0], own.design.num_qubits)
        wanted = float(needed(own, crossing, question, factors)[0])
        if not math.isfinite(wanted):
            floor = _floor(own, crossing, question, factors)
        each = float(max(math.ceil(wanted), own.design.least)) if math.isfinite(wanted) else math.inf
    return Cost(tuple(times.tolist()), circuits, each, own.design.least, dead, floor)


def needed(own: Measured, crossing: Crossing | None, question: Question, factors: Factors) -> FloatArray:
    """Returns the shots of every circuit that the precision needs, for every draw; infinite where none will do."""
    if question.goal == "crossover" and crossing is None:
        return np.full(len(factors.whole), math.inf)
    first, second, square, wanted = _moments(own, crossing, question, factors)
    left = (question.precision * wanted / NORMAL_95) ** 2 - square
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        found = (first + np.sqrt(first**2 + 4 * left * second)) / (2 * left)
    return np.where((left > 0) & np.isfinite(found), found, math.inf)


def _floor(own: Measured, crossing: Crossing | None, question: Question, factors: Factors) -> float:
    if question.goal == "crossover" and crossing is None:
        return math.inf
    _, _, square, wanted = _moments(own, crossing, question, factors)
    return NORMAL_95 * float(np.sqrt(square[0]) / wanted[0])


def _moments(
    own: Measured, crossing: Crossing | None, question: Question, factors: Factors
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """The variance of what is asked for by shots, what the times miss of it, squared, and itself."""
    if crossing is not None and question.goal == "crossover":
        return _of_crossing(*crossing, question, factors)
    times = own.design.times
    table = tabulate(own.curve, times, factors, question)
    spread = scatter(own.curve, times, factors, question)
    rule = own.design.rule
    weights = np.ones(1) if rule is None else rule.weights
    first, second = (part @ weights**2 for part in spread)
    wanted = table.gain @ weights
    return first, second, (own.design.missed * wanted) ** 2, wanted


def _of_crossing(
    one: Measured, other: Measured, crossings: FloatArray, question: Question, factors: Factors
) -> tuple[FloatArray, FloatArray, FloatArray, FloatArray]:
    """The variance of a crossing's time by shots, what interpolation misses of it, squared, and the time itself."""
    end = min(float(part.design.times[-1]) for part in (one, other))
    is_seen = (crossings > 0) & (crossings < end)
    times = np.where(is_seen, crossings, end / 2)
    near = np.outer(times, [1 - _NEAR, 1.0, 1 + _NEAR])
    first, second, missed, slope = np.zeros((4, len(times)))
    for sign, part in ((1, one), (-1, other)):
        rule = part.design.rule
        assert rule is not None
        drawn = rule.interpolation(times)
        at_nodes = tabulate(part.curve, rule.times, factors, question).gain
        there = _gains_near(part.curve, near, factors, question)
        spread = scatter(part.curve, rule.times, factors, question)
        first = first + (spread.first * drawn**2).sum(-1)
        second = second + (spread.second * drawn**2).sum(-1)
        missed = missed + ((at_nodes * drawn).sum(-1) - there[:, 1]) ** 2
        slope = slope + sign * (there[:, 2] - there[:, 0]) / (2 * _NEAR * times)
    with np.errstate(divide="ignore", invalid="ignore"):
        first, second, missed = first / slope**2, second / slope**2, missed / slope**2
    return first, second, np.where(is_seen, missed, math.inf), times


def _gains_near(curve: Curve, near: FloatArray, factors: Factors, question: Question) -> FloatArray:
    """G of each draw at its own times, shape (draws, times); of many draws by lines of ln G between a few times."""
    if len(near) == 1:
        return tabulate(curve, near[0], factors, question).gain
    at = np.linspace(near.min(), near.max(), _BETWEEN)
    logs = np.log(np.maximum(tabulate(curve, at, factors, question).gain, 1e-300))
    return np.exp([np.interp(own, at, one) for own, one in zip(near, logs, strict=True)])


def frequency_error(own: Measured, cost: Cost, question: Question, factors: Factors) -> FloatArray:
    """Returns the error of φ in rad/s that a run reaches by all its circuits and times, for every draw."""
    times = own.design.times
    told = tabulate(own.curve, np.maximum(times, 1e-300), factors, question).told
    information = cost.circuit_shots * told @ times**2  # of a circuit across the phase
    telling = {"any": cost.circuits / 3, "moments": cost.circuits - 1}.get(own.curve.readout, 1)
    with np.errstate(divide="ignore"):
        return np.asarray(1 / np.sqrt(telling * information))
