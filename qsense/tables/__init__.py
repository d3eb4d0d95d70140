"""Results as tidy tables, and the formats in which they are written.

It imports runs and their records, but not reports or studies. `Columns` is a table with units. `Results` are the trials
of a run or a study with their curves; `results_of` reads those of a record. `write_results` writes them in one of the
formats that `format_names` lists; `register_writer` adds a format.
"""

from qsense.tables.columns import Columns
from qsense.tables.formats import format_names, register_writer, unregister_writer, write_results
from qsense.tables.records import results_of
from qsense.tables.results import Results

__all__ = [
    "Columns",
    "Results",
    "format_names",
    "register_writer",
    "results_of",
    "unregister_writer",
    "write_results",
]
