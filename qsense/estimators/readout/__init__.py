"""Readout."""

from qsense.estimators.readout.calibration import (
    LARGEST_ERROR,
    Mitigated,
    Observable,
    ReadoutCalibration,
    Shotwise,
    calibrate,
    means,
    parity,
    patterns,
    product_mean,
    shotwise,
    signs,
    totals,
)

__all__ = [
    "LARGEST_ERROR",
    "Mitigated",
    "Observable",
    "ReadoutCalibration",
    "Shotwise",
    "calibrate",
    "means",
    "parity",
    "patterns",
    "product_mean",
    "shotwise",
    "signs",
    "totals",
]
