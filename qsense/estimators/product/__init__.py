"""Estimates G of a product probe as the sum over its spins, at any number of spins.

`design` gives the settings of one time, `estimate` reads G from their counts, `spins` every spin by itself.
`correlations` tests on all times together whether the spins are independent (`correlation_p_value` on one), and
`coherence_rates` fits each spin's rate from its gains. `method` declares the estimator `product` to run specs.
"""

from qsense.estimators.product.spin_rates import SpinRates, coherence_rates
from qsense.estimators.product.spins import (
    ANTIPODAL,
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
    "ANTIPODAL",
    "AXES",
    "Axis",
    "SpinRates",
    "Spins",
    "coherence_rates",
    "correlation_p_value",
    "design",
    "estimate",
    "gains",
    "spins",
]
