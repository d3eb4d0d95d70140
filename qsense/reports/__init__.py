"""What people read: figures of the theory and of a run, and tables for the terminal.

It imports `theory`, `comparison` and what is below them; the style of figures and their files are in `files.figures`.
`figures` gives those of a comparison by file name, made by `gain_figure` and `integrated_gain_figure`; `theory_figure`,
`gains_figure` and `optimal_figure` draw exact answers; `print_tables` prints the `summary_parts` of a summary.
`records_figure` draws several records together, and `records_page` lists those of a folder as a page.
`page` is the report itself, a page of records, studies and plans.
"""

from qsense.reports.optimal_figure import optimal_figure
from qsense.reports.records_figure import Drawn, drawn_of, records_figure
from qsense.reports.records_page import records_page
from qsense.reports.run_figures import figures, gain_figure, integrated_gain_figure
from qsense.reports.run_tables import print_tables, summary_parts
from qsense.reports.theory_figures import gains_figure, theory_figure

__all__ = [
    "Drawn",
    "drawn_of",
    "figures",
    "gain_figure",
    "gains_figure",
    "integrated_gain_figure",
    "optimal_figure",
    "print_tables",
    "records_figure",
    "records_page",
    "summary_parts",
    "theory_figure",
]
