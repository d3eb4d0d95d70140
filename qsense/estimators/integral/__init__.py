"""Integral."""

from qsense.estimators.integral.fits import (
    REFUSED_BELOW,
    Curve,
    Fit,
    fit,
)

__all__ = [
    "REFUSED_BELOW",
    "Curve",
    "Fit",
    "fit",
]
