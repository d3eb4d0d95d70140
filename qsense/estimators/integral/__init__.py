"""From G at a few times to its integral: laws of decay, and how to share out shots.

`fit` fits a law of decay to a curve and gives its 𝓘, or refuses the law; `allocate` shares shots out over times for the
smallest error of 𝓘. The quadrature that assumes no law is `estimators.integrate_estimates`.
"""

from qsense.estimators.integral.allocation import Allocation, allocate
from qsense.estimators.integral.decay import Law, ModelName, law, law_of_curve
from qsense.estimators.integral.fits import REFUSED_BELOW, Curve, Fit, fit

__all__ = [
    "REFUSED_BELOW",
    "Allocation",
    "Curve",
    "Fit",
    "Law",
    "ModelName",
    "allocate",
    "fit",
    "law",
    "law_of_curve",
]
