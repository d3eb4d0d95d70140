"""Results as Parquet: two tables, with units and provenance in the attributes of the DataFrames."""

from __future__ import annotations

import io

from qsense.errors import ArgumentError
from qsense.installation import install_hint
from qsense.tables.columns import Columns
from qsense.tables.results import Results


def parquet_files(results: Results) -> dict[str, bytes]:
    """Returns trials.parquet and curves.parquet.

    Raises:
        ArgumentError: pandas or pyarrow is not installed.
    """
    return {"trials.parquet": _parquet(results.trials), "curves.parquet": _parquet(results.curve_rows())}


def _parquet(table: Columns) -> bytes:
    frame = table.to_frame()
    buffer = io.BytesIO()
    try:
        frame.to_parquet(buffer, index=False)
    except ImportError as error:
        raise ArgumentError(f"Parquet needs pyarrow; run: {install_hint('data')}.") from error
    return buffer.getvalue()
