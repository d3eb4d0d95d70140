"""Estimates the phase θ = φt itself, and says how much of the available information the estimate used.

`estimate` is the maximum-likelihood phase from the counts of `design`, with a ladder of probe sizes (`ladder`,
`fringes_of`, `joined`) where one fringe is ambiguous; `efficiency` compares the scatter of repeated estimates with the
classical and the quantum Fisher information. `joint` and `posterior` take the visibility from the same counts: they
give the angle at each time and the field of a run with intervals that hold what is left open of it.
"""

from qsense.estimators.phase.estimation import (
    Efficiency,
    Method,
    PhaseEstimate,
    efficiency,
    estimate,
    log_likelihood,
    maximum_likelihood,
)
from qsense.estimators.phase.joint import Fringe, Turn, turns
from qsense.estimators.phase.phase_model import FringeModel, design, fringes_of, joined, ladder, shares_of
from qsense.estimators.phase.posterior import Reading, angle, field

__all__ = [
    "Efficiency",
    "Fringe",
    "FringeModel",
    "Method",
    "PhaseEstimate",
    "Reading",
    "Turn",
    "angle",
    "design",
    "efficiency",
    "estimate",
    "field",
    "fringes_of",
    "joined",
    "ladder",
    "log_likelihood",
    "maximum_likelihood",
    "shares_of",
    "turns",
]
