"""Results as tidy tables: CSV always; DataFrames, Parquet and NetCDF with the extra `data`."""

from qsense.tables.columns import Columns, Results
from qsense.tables.formats import FORMATS, written
from qsense.tables.of_record import of_record

__all__ = ["FORMATS", "Columns", "Results", "of_record", "written"]
