"""Tables in blocks of one noise and one estimator each, so that they fit 80 columns and no name is cut."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from qsense.files.folding import folded_tables

if TYPE_CHECKING:
    from rich.table import Table
    from rich.text import Text

Row = tuple[Mapping[str, Any], Sequence[str]]
"""The row of a summary, of which `noise` and `estimator` say where it stands, and its cells."""


def blocks(title: str, names: Sequence[str], columns: Sequence[str], rows: Iterable[Row]) -> list[Table | str | Text]:
    """Returns a title, and of each noise and estimator a heading and a table; nothing if there are no rows.

    Args:
        title: of all.
        names: columns of names, set to the left.
        columns: columns of numbers, set to the right.
        rows: of the tables, in order.
    """
    from rich.box import SIMPLE
    from rich.cells import cell_len
    from rich.table import Table
    from rich.text import Text

    placed: dict[str, list[Sequence[str]]] = {}
    for row, cells in rows:
        placed.setdefault(f"{row['noise']}, by {row['estimator']}", []).append(cells)
    if not placed:
        return []
    parts: list[Table | str | Text] = [Text(title, style="italic")]
    widths = [max(len(cells[place]) for each in placed.values() for cells in each) for place in range(len(names))]
    for heading, each in placed.items():
        shown = [(*names, *columns), *each]
        wide = [max(_LEAST, *(cell_len(one[place]) for one in shown)) for place in range(len(names), len(shown[0]))]
        if sum(min(width, _WIDEST) for width in widths) + sum(wide) + 3 * (len(widths) + len(wide) - 1) > 80:
            # Rich would cut what does not fit.
            parts += [heading, *folded_tables((*names, *columns), each, names, len(names))]
            continue
        table = Table(box=SIMPLE, pad_edge=False, show_edge=False)
        for name, width in zip(names, widths, strict=True):
            table.add_column(name, overflow="fold", min_width=min(width, _WIDEST))
        for name in columns:
            table.add_column(name, justify="right", no_wrap=True, min_width=_LEAST)
        for cells in each:
            table.add_row(*cells)
        parts += [heading, table]
    return parts


_WIDEST, _LEAST = 18, 8
