"""Product."""

from qsense.estimators.product.spins import (
    AXES,
    Axis,
    Spins,
    correlation_p_value,
    design,
    estimate,
    gains,
    spins,
)

__all__ = [
    "AXES",
    "Axis",
    "Spins",
    "correlation_p_value",
    "design",
    "estimate",
    "gains",
    "spins",
]
