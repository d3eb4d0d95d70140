"""Tomo."""

from qsense.estimators.tomography.general import (
    MIN_SHOTS,
    NUM_QUBITS,
    Derivative,
    design,
    estimate,
    linear_inverse,
    num_circuits,
)

__all__ = [
    "MIN_SHOTS",
    "NUM_QUBITS",
    "Derivative",
    "design",
    "estimate",
    "linear_inverse",
    "num_circuits",
]
