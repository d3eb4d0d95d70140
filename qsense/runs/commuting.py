"""Noise and couplings that do not commute with the field: which estimators of a run they leave right.

Estimators differentiate by phases that are put on beside the field, and exact values of a run are those of any field.
Both are right where the rest commutes with these phases. Transverse noise commutes with none. A dipolar coupling
commutes with the same phase on every spin, and leaves the two states of a GHZ probe of equal signs alone.
"""

from __future__ import annotations

import numpy as np

from qsense.errors import ArgumentError
from qsense.runs.point import Point

_SAME = 1e-12  # rad


def check_commuting(point: Point) -> None:
    """Refuses a point whose estimates would be wrong because noise or a coupling does not commute with the field.

    Raises:
        ArgumentError: the message says what to use.
    """
    model, probe = point.world.noise, point.probe
    if not model.is_covariant:
        raise ArgumentError(
            f'the noise "{model.name}" has a transverse part, which does not commute with the field, as estimates from '
            "counts take it to; leave `transverse_rate` out, or use `qsense theory` with --transverse and --field."
        )
    if not model.is_dipolar or (probe.kind == "ghz" and not probe.signs):
        return
    weights = point.signal.weights_of(probe.num_qubits)
    if np.ptp(weights):
        raise ArgumentError(
            "a dipolar coupling does not commute with a signal of unequal weights, as estimates from counts take it; "
            "leave `signal.weights` out, or use `qsense theory` with --dipolar, --weights and --field."
        )
    _, settings = point.method.design(0.0)
    if np.ptp(settings.phases, axis=1).max() > _SAME:
        raise ArgumentError(
            f"{point.estimator.name} shifts the phases of single spins, which do not commute with a dipolar coupling; "
            'use { estimator = "tomography", derivative = "commutator" }.'
        )
