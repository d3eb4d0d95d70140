"""Reports."""

from qsense.reports.run import (
    figures,
    gain_figure,
    img_figure,
    print_tables,
)

__all__ = [
    "figures",
    "gain_figure",
    "img_figure",
    "print_tables",
]
