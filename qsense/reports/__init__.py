"""Reports."""

from qsense.reports.run import (
    figures,
    gain_figure,
    integrated_gain_figure,
    print_tables,
)

__all__ = [
    "figures",
    "gain_figure",
    "integrated_gain_figure",
    "print_tables",
]
