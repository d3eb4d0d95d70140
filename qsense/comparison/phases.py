"""The signal angle and the field of a point from its own counts, and how they stand beside the floor of Eq. 60.

G is estimated about an angle that the counts themselves must show. GHZ and product probes show it as a fringe; others
say nothing here. The sign is that of rz(φt) with the qubit's Z (`estimators.phase.posterior`).

Eq. 60 bounds 𝓘 from below by ∫ dt/(t² V_φ), V_φ the variance of φ from one repetition. Here V_φ is that of the run's
own readouts: M circuits in all, M V = 1/information, so that 1/(t² V_φ) is the information about φt of one circuit, at
most G. Circuits that say nothing of the phase (along Z, or at the top of the fringe) count in M: the run spent them.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qsense.circuits.counts import Counts
from qsense.estimators.phase.joint import turns
from qsense.estimators.phase.posterior import Reading, angle, field
from qsense.estimators.result import Estimate
from qsense.noise import ReadoutError
from qsense.numerics.fisher import FloatArray
from qsense.runs.point import Point


@dataclass(frozen=True)
class PointPhases:
    """What the counts of a point say of the signal.

    Attributes:
        angles: the collected angle θ = φ t W at each time, in rad.
        field: φ in rad/s from all times together; None where no time collects it.
        gains: 1/(t² V_φ) at each time, V_φ of one circuit: what the phase was read with, to set beside G.
        integral: ∫ dt/(t² V_φ) in s, the right-hand side of Eq. 60.
    """

    angles: tuple[Reading, ...]
    field: Reading | None
    gains: tuple[Estimate, ...]
    integral: Estimate


def phases_of(point: Point, counts: Sequence[Counts], readout_error: ReadoutError | None = None) -> PointPhases | None:
    """Returns the angles and the field of a point; None where its counts do not show them as fringes of their own.

    That is: probes other than GHZ and product, readouts without a fringe of known frequency, spins of a product probe
    that share noise (their shots are not independent), and readout errors that differ between up and down, which shift
    the fringe's middle and with it the phase.

    Args:
        point: what was measured.
        counts: of each time.
        readout_error: with which they were read.
    """
    if point.probe.kind not in ("ghz", "product"):
        return None
    if readout_error is not None and readout_error.up_given_down != readout_error.down_given_up:
        return None
    if point.probe.kind == "product" and not point.world.noise.acts_alone:
        return None
    durations, expected = point.rule.times * point.collected, point.field + point.aim
    with point.calling_estimator():
        seen = [
            turns(point.method.fringes(one, expected * float(duration)))
            for one, duration in zip(counts, durations, strict=True)
        ]
    angles = [angle(one, expected * float(duration)) for one, duration in zip(seen, durations, strict=True)]
    found = tuple(one for one in angles if one is not None)
    if len(found) < len(angles):
        return None
    shots = [int(one.row_shots().sum()) for one in counts]
    gains = tuple(
        _gain([turn.frequency**2 * np.array(turn.information) for turn in one], float(share) ** 2 / float(number))
        for one, share, number in zip(seen, point.collected, shots, strict=True)
    )
    weights = point.rule.weights
    error = float(np.sqrt(np.sum((weights * [one.stderr for one in gains]) ** 2)))
    integral = Estimate(float(weights @ [one.value for one in gains]), error, limits=(0.0, np.inf))
    return PointPhases(found, field(seen, [float(one) for one in durations], expected), gains, integral)


def _gain(parts: Sequence[FloatArray], factor: float) -> Estimate:
    """The sum of independent informations, in units of one circuit."""
    value, error = sum(float(one[0]) for one in parts), float(np.sqrt(sum(float(one[1]) ** 2 for one in parts)))
    return Estimate(value * factor, error * factor, limits=(0.0, np.inf))
