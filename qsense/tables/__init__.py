"""Results as tidy tables: CSV always; DataFrames, Parquet and NetCDF with the extra `data`."""

from qsense.tables.columns import Columns, Results
from qsense.tables.formats import FORMATS, written
from qsense.tables.records import results_of

__all__ = ["FORMATS", "Columns", "Results", "results_of", "written"]
