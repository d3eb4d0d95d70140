"""Sets what was measured beside exact theory: the one place where estimators and theory meet.

`measure_point` estimates a point and computes the exact value of the quantity that its estimator declares;
`compare_points` adds until when one probe leads another and what entanglement bought. `summary_rows`, `estimate_rows`,
`crossover_rows`, `fit_rows` and `time_tables` are the rows of a record's files; `calibration_rows` explains points of a
device by its calibration, `known_string_rows` undoes the readout of counts that came with known strings. `recorded`
reads a comparison back. The package imports theory, estimators and runs.
"""

from qsense.comparison.advantage import Crossover
from qsense.comparison.against_calibration import calibration_rows, known_string_rows
from qsense.comparison.crossing import crossing
from qsense.comparison.fits import fit_rows
from qsense.comparison.points import MeasuredPoint, measure_point, point_columns
from qsense.comparison.rows import (
    Comparison,
    as_single_values,
    compare_points,
    crossover_rows,
    estimate_rows,
    summary_rows,
    time_tables,
)
from qsense.comparison.shared_dephasing import scaling_rows

__all__ = [
    "Comparison",
    "Crossover",
    "MeasuredPoint",
    "as_single_values",
    "calibration_rows",
    "compare_points",
    "crossing",
    "crossover_rows",
    "estimate_rows",
    "fit_rows",
    "known_string_rows",
    "measure_point",
    "point_columns",
    "scaling_rows",
    "summary_rows",
    "time_tables",
]
