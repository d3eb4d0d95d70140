"""The columns of a record's tables. An estimator's own tables are declared by the estimator (`Estimator.tables`)."""

from __future__ import annotations

from collections.abc import Collection

from qsense.files.csv_text import from_cell

POINT_COLUMNS = ("probe", "num_qubits", "noise", "estimator")
"""What says which point a row is of."""

CURVE_COLUMNS = ("time_s", "gain", "stderr", "low", "high", "gain_exact", "shots")
ESTIMATE_COLUMNS = (*POINT_COLUMNS, *CURVE_COLUMNS)
PHASE_COLUMNS = (
    "phase_rad", "phase_stderr_rad", "phase_low_rad", "phase_high_rad", "phase_ambiguity_rad", "phase_gain",
    "phase_gain_stderr",
)  # fmt: skip
"""What estimates.csv says of the signal angle at each time; empty where the counts do not show it."""

REFUSED_COLUMN = "assumptions"
"""The last of estimates.csv: the names of the assumptions that the counts of the row's point refuse."""

INTEGRAL_COLUMNS = (
    "integrated_gain_s",
    "integrated_gain_stderr_s",
    "integrated_gain_low_s",
    "integrated_gain_high_s",
    "integrated_gain_exact_s",
)
SUMMARY_COLUMNS = (*POINT_COLUMNS, *INTEGRAL_COLUMNS, "z")
FIT_COLUMNS = (
    *POINT_COLUMNS, "model", "integrated_gain_s", "integrated_gain_stderr_s", "tail_s", "rate_per_s", "exponent",
    "p_value", "refused",
)  # fmt: skip
_TEXTS = ("probe", "noise", "estimator", "model", "refused", REFUSED_COLUMN)  # texts that may look like numbers
_NUMBERS = {*ESTIMATE_COLUMNS, *PHASE_COLUMNS, *SUMMARY_COLUMNS, *FIT_COLUMNS} - {*_TEXTS}


def parse_cell(column: str, text: str | None, texts: Collection[str] = ()) -> float | int | str | None:
    """Returns a cell of a table as a number if it is one and its column does not hold texts; None if it is empty.

    Args:
        column: of the cell. One of a record's own columns of numbers takes every way to write a number; in any other
            a number is what Python writes for it, so that "007" stays text.
        text: of the cell.
        texts: further columns that hold texts, as a `TimeTable` declares them.

    >>> parse_cell("shots", "100"), parse_cell("gain", "1e-3"), parse_cell("noise", "100"), parse_cell("z", "")
    (100, 0.001, '100', None)
    >>> parse_cell("code", "007"), parse_cell("code", "7"), parse_cell("code", "7", ["code"])
    ('007', 7, '7')
    """
    if column in _TEXTS or column in texts or not text:
        return from_cell(text) if text else None
    try:
        number = int(text) if text.lstrip("-").isdecimal() else float(text)
    except ValueError:
        return from_cell(text)
    return number if column in _NUMBERS or str(number) == text else text
