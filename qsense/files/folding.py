"""Tables that fit a terminal: no name is cut, and no number stands on two lines."""

from __future__ import annotations

from collections.abc import Container, Sequence
from typing import TYPE_CHECKING, NamedTuple

from qsense.files.terminal import printable
from qsense.files.wrapping import unbroken, wrapped

if TYPE_CHECKING:
    from rich.console import Console
    from rich.table import Table

ERRORS = "±: one standard error"
"""Said once of an output whose numbers carry their error."""
_LONGEST_WORD = 30


class _Column(NamedTuple):
    name: str
    cells: list[str]
    is_text: bool

    def width(self, is_wrapped: bool, has_whole_name: bool = False) -> int:
        """The least width at which no number is broken, and no text; or of texts no word that is not far too long."""
        are_words = self.is_text and is_wrapped
        words = [*self.name.split(), *(word for text in self.cells if are_words for word in unbroken(text))]
        whole = [*([] if are_words else self.cells), *([self.name] if has_whole_name else [])]
        longest = max((_cells(word) for word in words), default=0)
        return max(min(longest, _LONGEST_WORD), *(_cells(cell) for cell in whole), 1)


def folded_tables(
    names: Sequence[str], rows: Sequence[Sequence[str]], texts: Container[str] = (), keys: int = 1, width: int = 80
) -> list[Table]:
    """Returns rows as one table, or as several with some of the columns each where one would be too wide.

    Args:
        names: headings of the columns; they wrap at spaces.
        rows: cells, as many as names in each; one in the first column alone that is empty stays so.
        texts: headings of columns of names and words: to the left, and long ones wrap. Others hold numbers.
        keys: how many of the first columns every table repeats.
        width: columns of the terminal.

    >>> tables = folded_tables(("t", "G", "H"), [["1", "2.5 ± 0.1", "3"]], width=13)
    >>> [[column.header for column in table.columns] for table in tables]
    [['t', 'G'], ['t', 'H']]
    """
    columns = [
        _Column(name, [printable(row[place]) for row in rows], name in texts) for place, name in enumerate(names)
    ]
    whole = [column.width(False, True) for column in columns]
    for gap in (3, 2):  # between columns
        if sum(whole) + gap * (len(columns) - 1) <= width:
            return [_table(columns, gap, False, width)]
    for gap, is_wrapped in ((3, False), (2, False), (2, True)):  # headings wrap, then texts
        if _total(columns, gap, is_wrapped) <= width:
            return [_table(columns, gap, is_wrapped, width)]
    parts, part = [], list(columns[:keys])
    for column in columns[keys:]:
        if len(part) > keys and _total([*part, column], 2, True) > width:
            parts.append(part)
            part = list(columns[:keys])
        part.append(column)
    return [_table(one, 2, True, width) for one in [*parts, part]]


def print_folded(
    console: Console, names: Sequence[str], rows: Sequence[Sequence[str]], texts: Container[str] = (), keys: int = 1
) -> None:
    """Prints `folded_tables` that are as wide as a console."""
    for table in folded_tables(names, rows, texts, keys, console.width):
        console.print(table)


def _cells(text: str) -> int:
    from rich.cells import cell_len

    return cell_len(text)


def _total(columns: Sequence[_Column], gap: int, is_wrapped: bool) -> int:
    return sum(column.width(is_wrapped) for column in columns) + gap * (len(columns) - 1)


def _table(columns: Sequence[_Column], gap: int, is_wrapped: bool, width: int) -> Table:
    from rich.box import SIMPLE
    from rich.console import Group
    from rich.table import Table

    table = Table(box=SIMPLE, pad_edge=False, show_edge=False, padding=(0, 1, 0, gap - 2))
    spare = width - _total(columns, gap, is_wrapped)
    for column in columns:
        least = column.width(is_wrapped)
        # Rich would take from numbers what names need, so widths are set: what is left over goes from left to right.
        more = max(0, min(spare, column.width(False, True) - least))
        spare -= more
        table.add_column(
            column.name, justify="left" if column.is_text else "right", width=least + more, overflow="fold"
        )
    for cells in zip(*(column.cells for column in columns), strict=True):
        # Rich breaks a text at any space, also before the error of a number or its unit.
        shown = [
            Group(*wrapped(cell, one.width or width)) if column.is_text else cell
            for cell, column, one in zip(cells, columns, table.columns, strict=True)
        ]
        table.add_row(*shown)
    return table
