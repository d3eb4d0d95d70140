"""Estimates the phase θ = φt itself, and says how much of the available information the estimate used.

`estimate` is the maximum-likelihood phase from the counts of `design`, with a ladder of probe sizes (`ladder`,
`fringes_of`, `joined`) where one fringe is ambiguous; `efficiency` compares the scatter of repeated estimates with the
classical and the quantum Fisher information.
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
from qsense.estimators.phase.phase_model import FringeModel, design, fringes_of, joined, ladder, shares_of

__all__ = [
    "Efficiency",
    "FringeModel",
    "Method",
    "PhaseEstimate",
    "design",
    "efficiency",
    "estimate",
    "fringes_of",
    "joined",
    "ladder",
    "log_likelihood",
    "maximum_likelihood",
    "shares_of",
]
