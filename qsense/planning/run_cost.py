"""What the run of a plan's spec costs and reaches: its rows and times are not all at the best phase and time.

The estimators expect the phase: of a fringe one row is along it and tells of the phase only to second order, one across
it tells N²V² of every shot, and further rows tell nothing. Each probe is measured at every time of the spec.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from qsense.errors import ArgumentError
from qsense.numerics.fisher import FloatArray
from qsense.numerics.quadrature import bracketed
from qsense.planning.outcomes import tabulate
from qsense.planning.question import Factors, Question
from qsense.planning.rows import Row
from qsense.planning.shots import rows_of
from qsense.planning.site import Site
from qsense.theory.times import designed_rule

LEAST_SHOTS, MOST_SHOTS = 20, 10**9  # of a circuit


@dataclass(frozen=True)
class RunCost:
    """Of one probe in the run of a spec.

    Attributes:
        circuit_shots: of every circuit.
        shots, device_s: all repetitions, and the seconds that they take, dead times included; readout calibration is
            not among them.
        frequency_error_rad_per_s: of φ by the rows of the estimator, over all times.
    """

    circuit_shots: int
    shots: int
    device_s: float
    frequency_error_rad_per_s: float


def cost_of(row: Row, site: Site, question: Question, times: FloatArray, rows: int) -> RunCost:
    """Returns the shots that keep a probe within the budget at all its times, and what they cost and reach.

    Args:
        row: of the probe.
        site: of its N.
        question: budget and goal.
        times: at which it is measured, in s.
        rows: circuits of each time.
    """
    dead = question.dead_time + row.overhead_s
    seconds = float((times + dead).sum())
    if question.seconds is not None:
        each = math.floor(question.seconds / (rows * seconds))
    elif question.shots is not None:
        each = math.floor(question.shots / (rows * len(times)))
    elif question.is_about_phase:  # the precision is asked for at the best time alone
        each = math.ceil(row.shots / rows)
    else:
        each = math.ceil(row.shots / rows / len(times))
    each = min(max(each, LEAST_SHOTS), MOST_SHOTS)
    at = np.maximum(times, site.span[0] * 1e-9)
    told = tabulate(site.curves[row.kind], at, Factors.scaled([1.0], row.num_qubits), question).told[0]
    across = 1 / 3 if row.readout == "any" else 1 / rows
    information = rows * each * across * float((at**2 * told).sum())
    return RunCost(each, rows * each * len(times), rows * each * seconds, 1 / math.sqrt(information))


def circuits_of(row: Row, most_of_tomography: int) -> int:
    """Returns the circuits of a probe at each time, as its estimator in the spec takes them."""
    if row.readout == "any" and row.num_qubits <= most_of_tomography:
        return int(3**row.num_qubits)
    return rows_of(row.readout)


def designed_times(row: Row, site: Site, until: float | None) -> FloatArray:
    """Returns the times that a run designs for a probe, one beyond a crossing in s among them."""
    try:
        rule = designed_rule(site.probes[row.kind], site.world)
    except ArgumentError:  # where the run refuses it too
        return np.array([row.best_time_s])
    known = until is not None and 0 < until < math.inf
    return np.asarray((bracketed(rule, until) if known and until is not None else rule).times)
