"""The columns of a record's tables. An estimator's own tables are declared by the estimator (`Estimator.tables`)."""

from __future__ import annotations

POINT_COLUMNS = ("probe", "num_qubits", "noise", "estimator")
"""What says which point a row is of."""

CURVE_COLUMNS = ("time_s", "gain", "stderr", "low", "high", "gain_exact", "shots")
ESTIMATE_COLUMNS = (*POINT_COLUMNS, *CURVE_COLUMNS)
SUMMARY_COLUMNS = (
    *POINT_COLUMNS,
    "integrated_gain_s",
    "integrated_gain_stderr_s",
    "integrated_gain_low_s",
    "integrated_gain_high_s",
    "integrated_gain_exact_s",
    "z",
)
FIT_COLUMNS = (
    *POINT_COLUMNS, "model", "integrated_gain_s", "integrated_gain_stderr_s", "tail_s", "rate_per_s", "exponent",
    "p_value", "refused",
)  # fmt: skip
