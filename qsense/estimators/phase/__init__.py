"""Phase."""

from qsense.estimators.phase.estimation import (
    Efficiency,
    Method,
    PhaseEstimate,
    efficiency,
    estimate,
    log_likelihood,
    maximum_likelihood,
)

__all__ = [
    "Efficiency",
    "Method",
    "PhaseEstimate",
    "efficiency",
    "estimate",
    "log_likelihood",
    "maximum_likelihood",
]
