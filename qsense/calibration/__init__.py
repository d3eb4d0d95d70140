"""Measures T1, T2*, T2 and readout errors of a device's qubits, as `qsense calibrate` does.

`protocol` says which circuits are run, `analysis` fits their counts, `model` makes a noise model of the result,
and `remote` does it on a device that takes jobs. The package may import the layers up to `jobs`.

Public: `design_protocol`, `characterise` (runs a protocol now) and `analyse` (from counts), which return a
`Characterisation`; `noise_model` and `model_file`.
"""

from qsense.calibration.analysis import Characterisation, analyse, characterise
from qsense.calibration.model import model_file, noise_model
from qsense.calibration.protocol import Protocol, design_protocol

__all__ = [
    "Characterisation",
    "Protocol",
    "analyse",
    "characterise",
    "design_protocol",
    "model_file",
    "noise_model",
]
