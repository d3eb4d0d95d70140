"""What estimators take for granted, and the tests of it that several of them share, a file for each.

An estimator declares what it assumes in one line, `Estimator.assumes`, and tests it in `Estimator.assumptions`, of all
times together. `drift` compares rows that read the same, `known_phase` asks whether a mean is where it should be,
`symmetry` whether spins can be told apart, `shots` whether there are enough of them. Independence of spins is tested in
`estimators.product.correlations`; what needs the exact values (`readout calibrated`, `decay law`) in `comparison`.
"""

from qsense.estimators.assumptions.declared import (
    DECAY_LAW,
    ENOUGH_SHOTS,
    INDEPENDENT,
    KNOWN_PHASE,
    NAMES,
    NO_DRIFT,
    READOUT,
    READOUT_KEPT,
    READOUT_WITHHELD,
    REFUSED_BELOW,
    SYMMETRIC,
    Assumption,
)

__all__ = [
    "DECAY_LAW",
    "ENOUGH_SHOTS",
    "INDEPENDENT",
    "KNOWN_PHASE",
    "NAMES",
    "NO_DRIFT",
    "READOUT",
    "READOUT_KEPT",
    "READOUT_WITHHELD",
    "REFUSED_BELOW",
    "SYMMETRIC",
    "Assumption",
]
