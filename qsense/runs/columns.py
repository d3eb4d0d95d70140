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
_TEXTS = ("probe", "noise", "estimator", "model", "refused")  # texts that may look like numbers


def parse_cell(column: str, text: str | None) -> float | int | str | None:
    """Returns a cell of a table as a number if it is one and its column does not hold texts; None if it is empty.

    >>> parse_cell("shots", "100"), parse_cell("gain", "1e-3"), parse_cell("noise", "100"), parse_cell("z", "")
    (100, 0.001, '100', None)
    """
    if column in _TEXTS or not text:
        return text or None
    try:
        return int(text) if text.lstrip("-").isdecimal() else float(text)
    except ValueError:
        return text
