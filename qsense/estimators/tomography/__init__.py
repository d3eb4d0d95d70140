"""Estimates G of any state from full tomography, unbiased also near G = 0.

`design` gives the settings of one time (3^N Pauli bases, N ≤ 8), `estimate` reads their counts, `estimates` those of
several times or repetitions together. `symmetric` (a module with the same functions) does it with collective directions
for states of alike spins, N ≤ 10. `method` declares the estimator `tomography` to run specs.
"""

from qsense.estimators.tomography.general import (
    MIN_SHOTS,
    NUM_QUBITS,
    Derivative,
    design,
    estimate,
    estimates,
    num_circuits,
)
from qsense.estimators.tomography.pauli import linear_inverse

__all__ = [
    "MIN_SHOTS",
    "NUM_QUBITS",
    "Derivative",
    "design",
    "estimate",
    "estimates",
    "linear_inverse",
    "num_circuits",
]
