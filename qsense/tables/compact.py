"""Columns of many trials in little memory: eight bytes a value, where a list of Python's numbers takes four times that.

Trials come in the order in which a store has them. A `Column` takes their values as they come; a `View` shows them in
another order, as a sequence of plain Python values.
"""

from __future__ import annotations

from array import array
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, overload

import numpy as np
from numpy.typing import NDArray

_CHUNK = 8192  # values that a view makes at once
_MOST = 2**63


class Column:
    """Values that are appended: floats with None among them, integers of 64 bits, or anything, equal ones held once.

    >>> column = Column()
    >>> column.extend([0.5, None])
    >>> column.extend(["a"])
    >>> list(View(column, np.array([2, 0, 1])))
    ['a', 0.5, None]
    """

    def __init__(self, length: int = 0) -> None:
        """Makes a column that holds None so many times."""
        self._values: Any = array("d", [np.nan]) * length  # an array of numbers, or a list
        self._known: dict[Any, Any] = {}
        self._has_none = length > 0

    def __len__(self) -> int:
        return len(self._values)

    def extend(self, values: Sequence[Any]) -> None:
        """Appends values."""
        kinds = set(map(type, values))
        if isinstance(self._values, array):
            if not self._values and kinds == {int}:
                self._values = array("q")
            if self._values.typecode == "q" and kinds == {int} and max(map(abs, values)) < _MOST:
                self._values.extend(values)
                return
            if self._values.typecode == "d" and kinds <= {float, type(None)} and not any(v != v for v in values):
                self._has_none |= type(None) in kinds
                self._values.extend([np.nan if value is None else value for value in values])
                return
            before, self._values = self.at(np.arange(len(self._values))), []
            self._values.extend(map(self._held_once, before))
        self._values.extend(map(self._held_once, values))

    def at(self, places: NDArray[np.int64]) -> list[Any]:
        """Returns the values at some places, as they were appended."""
        if isinstance(self._values, list):
            return [self._values[place] for place in places]
        found: list[Any] = np.asarray(self._values)[places].tolist()
        return [None if value != value else value for value in found] if self._has_none else found

    def numbers(self, places: NDArray[np.int64]) -> NDArray[Any] | None:
        """Returns the values at some places as an array, with nan for None; None if they are not all numbers."""
        return None if isinstance(self._values, list) else np.asarray(self._values)[places]

    def _held_once(self, value: Any) -> Any:
        key = value if isinstance(value, str) else (type(value), repr(value))
        return self._known.setdefault(key, value)


class View(Sequence[Any]):
    """The values of a column in another order; equal to any sequence with the same values."""

    def __init__(self, column: Column, places: NDArray[np.int64]) -> None:
        self.column, self.places = column, places

    def __len__(self) -> int:
        return len(self.places)

    @overload
    def __getitem__(self, place: int) -> Any: ...
    @overload
    def __getitem__(self, place: slice) -> View: ...
    def __getitem__(self, place: int | slice) -> Any:
        if isinstance(place, slice):
            return View(self.column, self.places[place])
        return self.column.at(self.places[place : place + 1 or None])[0]

    def __iter__(self) -> Iterator[Any]:
        for start in range(0, len(self.places), _CHUNK):
            yield from self.column.at(self.places[start : start + _CHUNK])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, (list, tuple, View)):
            return NotImplemented
        return len(self) == len(other) and all(one == two for one, two in zip(self, other, strict=True))

    def __repr__(self) -> str:
        return repr(list(self))

    @classmethod
    def of(cls, values: Sequence[Any]) -> View:
        """Returns values that may be a list or a range."""
        if isinstance(values, View):
            return values
        column = Column()
        column.extend(values)
        return cls(column, np.arange(len(values)))

    def taken(self, places: NDArray[np.int64]) -> View:
        """Returns the values at some places."""
        return View(self.column, self.places[places])

    def numbers(self) -> NDArray[Any] | None:
        """Returns the values as an array, with nan for None; None if they are not all numbers."""
        return self.column.numbers(self.places)


def taken(columns: Mapping[str, Sequence[Any]], places: NDArray[np.int64]) -> dict[str, View]:
    """Returns the values of columns at some places; those that stand in one order share the list of their places."""
    views = {name: View.of(column) for name, column in columns.items()}  # held, so that an id stays theirs
    shared: dict[int, NDArray[np.int64]] = {}
    for view in views.values():
        if id(view.places) not in shared:
            shared[id(view.places)] = view.places[places]
    return {name: View(view.column, shared[id(view.places)]) for name, view in views.items()}


class Rows:
    """Rows that are added, and shown as columns in another order."""

    def __init__(self) -> None:
        self._columns: dict[str, Column] = {}
        self._layouts: dict[tuple[str, ...], int] = {}
        self._layout_of = array("q")

    def __len__(self) -> int:
        return len(self._layout_of)

    def add(self, row: Mapping[str, Any]) -> None:
        """Adds a row; what it lacks is None."""
        for name in row:
            if name not in self._columns:
                self._columns[name] = Column(len(self))
        for name, column in self._columns.items():
            column.extend((row.get(name),))
        self._layout_of.append(self._layouts.setdefault(tuple(row), len(self._layouts)))

    def columns(self, order: NDArray[np.int64]) -> dict[str, View]:
        """Returns the columns of some rows in an order; their names come in the order of these rows too."""
        layouts, first = np.unique(np.array(self._layout_of, dtype=np.int64)[order], return_index=True)
        every = list(self._layouts)
        names = dict.fromkeys(name for one in layouts[np.argsort(first)] for name in every[one])
        return {name: View(self._columns[name], order) for name in names}


class Curves(Sequence[Mapping[str, Sequence[Any]]]):
    """Curves, each a table with a value for every time, one after the other in a few columns."""

    def __init__(self) -> None:
        self._columns: dict[str, Column] = {}
        self._names: dict[tuple[str, ...], tuple[str, ...]] = {}
        self._names_of: list[tuple[str, ...]] = []
        self._ends = array("q", [0])
        self._order: NDArray[np.int64] | None = None

    @classmethod
    def of(cls, curves: Sequence[Mapping[str, Sequence[Any]]]) -> Curves:
        """Returns curves that may be a list of tables."""
        if isinstance(curves, Curves):
            return curves
        made = cls()
        for one in curves:
            made.add(one)
        return made

    def add(self, curve: Mapping[str, Sequence[Any]]) -> None:
        """Adds a curve, all of whose columns have the same length."""
        size, length = self._ends[-1], len(next(iter(curve.values())))
        for name in curve:
            if name not in self._columns:
                self._columns[name] = Column(size)
        for name, column in self._columns.items():
            column.extend(curve.get(name) or [None] * length)
        names = tuple(curve)
        self._names_of.append(self._names.setdefault(names, names))
        self._ends.append(size + length)

    def ordered(self, order: NDArray[np.int64]) -> Curves:
        """Returns the same curves in another order."""
        made = Curves()
        made.__dict__.update(self.__dict__, _order=order)
        return made

    def __len__(self) -> int:
        return len(self._names_of) if self._order is None else len(self._order)

    @overload
    def __getitem__(self, place: int) -> dict[str, list[Any]]: ...
    @overload
    def __getitem__(self, place: slice) -> Sequence[dict[str, list[Any]]]: ...
    def __getitem__(self, place: int | slice) -> Any:
        if isinstance(place, slice):
            return [self[one] for one in range(*place.indices(len(self)))]
        if not -len(self) <= place < len(self):
            raise IndexError(place)
        at = place % len(self) if self._order is None else int(self._order[place])
        places = np.arange(self._ends[at], self._ends[at + 1])
        return {name: self._columns[name].at(places) for name in self._names_of[at]}

    def __iter__(self) -> Iterator[dict[str, list[Any]]]:
        return (self[place] for place in range(len(self)))

    @property
    def lengths(self) -> NDArray[np.int64]:
        """How many times each curve has."""
        return self._spans()[1]

    def columns(self, names: Sequence[str]) -> dict[str, View]:
        """Returns columns of all curves, one after the other."""
        starts, lengths = self._spans()
        places = np.repeat(starts - np.concatenate([[0], np.cumsum(lengths)[:-1]]), lengths)
        places += np.arange(int(lengths.sum()))
        return {name: View(self._columns[name], places) for name in names}

    def at_time(self, name: str, rows: NDArray[np.int64], time: int) -> View:
        """Returns what some of the curves have in a column at the time of that number.

        Raises:
            IndexError: a curve has fewer times.
        """
        starts, lengths = self._spans()
        if np.any(lengths[rows] <= time):
            raise IndexError(time)
        return View(self._columns[name], starts[rows] + time)

    def _spans(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        ends = np.array(self._ends, dtype=np.int64)
        starts, lengths = ends[:-1], np.diff(ends)
        return (starts, lengths) if self._order is None else (starts[self._order], lengths[self._order])
