"""The fringes behind the counts of structured estimators, with their places on the axis of the signal angle.

The circuits follow the expected angle: a readout's direction is turned with it, or (where the preparation is undone)
the phase itself. A fringe lies at cos(νθ − α), α = ν·θ₀ + measured direction − applied phase, θ₀ the expected angle.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from qsense.circuits.counts import Counts
from qsense.circuits.sensing import Settings
from qsense.estimators import tally
from qsense.estimators.ghz.branch import Branch
from qsense.estimators.phase.joint import Fringe

Readout = Literal["loss_flag", "parity", "multiple_quantum"]


def of_ghz(counts: Counts, settings: Settings, phase: float, readout: Readout, branch: Branch) -> tuple[Fringe, ...]:
    """Returns the fringe of a GHZ probe; shots that a flag throws out of its block are left out.

    Args:
        counts: of these settings, in their order; rows along Z are left out.
        settings: of `ghz.design` or `parameter_shift.design`.
        phase: the expected angle in rad that they were designed for.
        readout: which says + where spin 0 is down, where an even number of spins is up, or where all have returned.
        branch: the signs of the probe and the weights of the signal.
    """
    signs, frequency = np.array(branch.signs), branch.frequency
    if readout == "multiple_quantum":
        rows, shares, directions = np.arange(len(settings)), tally.returned(counts), np.zeros(len(settings))
    else:
        rows = np.flatnonzero(np.abs(settings.polars[:, 0] - np.pi / 2) < 1e-9)
        if readout == "loss_flag":
            shares, directions = tally.flagged(counts)[:, :2], settings.azimuths[:, 0]
        else:
            shares, directions = tally.parity(counts), settings.azimuths @ signs
    angles = frequency * phase + directions - settings.phases @ signs
    return (Fringe(frequency, angles[rows], shares[rows], readout == "multiple_quantum"),)


def of_spins(counts: Counts, settings: Settings, phase: float, weights: Sequence[float] = ()) -> tuple[Fringe, ...]:
    """Returns the fringe of every spin of a product probe that senses the signal.

    Args:
        counts: of these settings, in their order; rows along Z are left out.
        settings: of `product.design` or, with the readout `local_x`, `parameter_shift.design`.
        phase: the expected angle in rad that they were designed for.
        weights: w of the signal; () is 1 for all.
    """
    own = np.array(weights or (1.0,) * settings.phases.shape[1])
    rows = np.flatnonzero(np.abs(settings.polars[:, 0] - np.pi / 2) < 1e-9)
    angles = own * phase + settings.azimuths - settings.phases
    shares = tally.per_spin(counts)
    return tuple(
        Fringe(float(weight), angles[rows, spin], shares[rows, spin]) for spin, weight in enumerate(own) if weight != 0
    )
