"""The columns of a record's tables. An estimator's own tables are declared by the estimator (`Estimator.tables`)."""

from __future__ import annotations

POINT_COLUMNS = ("probe", "num_qubits", "noise", "estimator")
"""What says which point a row is of."""

CURVE_COLUMNS = ("time_s", "gain", "stderr", "low", "high", "gain_exact", "shots")
ESTIMATE_COLUMNS = (*POINT_COLUMNS, *CURVE_COLUMNS)
SUMMARY_COLUMNS = (*POINT_COLUMNS, "img_s", "img_stderr_s", "img_low_s", "img_high_s", "img_exact_s", "z")
FIT_COLUMNS = (
    *POINT_COLUMNS, "model", "img_s", "img_stderr_s", "tail_s", "rate_per_s", "exponent", "p_value", "refused",
)  # fmt: skip
