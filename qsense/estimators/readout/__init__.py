"""Calibrates readout error and takes it out of averages, spin by spin, at any number of spins.

`patterns` are the bitstrings to prepare, `calibrate` reads their counts, `product_mean`, `parity` and `signs` are
averages with readout mitigated; `crosstalk` tests whether spins are read independently, and `populations` gives the
populations of few spins, also by mthree. `mitigated` (a module, as it reads GHZ and product counts) gives G itself.
"""

from qsense.estimators.readout.calibration import (
    ANY,
    DOWN,
    LARGEST_ERROR,
    SIGN,
    UP,
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
from qsense.estimators.readout.correlation import Crosstalk, crosstalk
from qsense.estimators.readout.inversion import Populations, populations

__all__ = [
    "ANY",
    "DOWN",
    "LARGEST_ERROR",
    "SIGN",
    "UP",
    "Crosstalk",
    "Mitigated",
    "Observable",
    "Populations",
    "ReadoutCalibration",
    "Shotwise",
    "calibrate",
    "crosstalk",
    "means",
    "parity",
    "patterns",
    "populations",
    "product_mean",
    "shotwise",
    "signs",
    "totals",
]
