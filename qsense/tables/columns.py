"""Tidy columns with units and attributes: a row for each trial, or for each time of each trial."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal

import numpy as np

from qsense.errors import ArgumentError
from qsense.files.csv_text import csv_chunks
from qsense.installation import install_hint
from qsense.tables.compact import View

if TYPE_CHECKING:
    import pandas

TRIAL_COLUMNS = (
    "probe", "num_qubits", "noise", "dephasing_rate_per_s", "emission_rate_per_s", "absorption_rate_per_s", "estimator",
    "backend", "field_rad_per_s", "shots", "seed",
)  # fmt: skip
"""The columns that identify a trial; other swept keys follow them."""

_LARGEST = 2**63 - 1
Kind = Literal["text", "boolean", "integer", "number"]
_NULLABLE: dict[Kind, Literal["boolean", "Int64"]] = {"boolean": "boolean", "integer": "Int64"}


@dataclass(frozen=True)
class Columns:
    """Columns of equal length.

    Attributes:
        values: name → values; None where a number is missing.
        attributes: name, provenance and the like, as plain JSON.
    """

    values: Mapping[str, Sequence[Any]]
    attributes: Mapping[str, Any] = field(default_factory=dict)

    @classmethod
    def of_rows(cls, rows: Sequence[Mapping[str, Any]], attributes: Mapping[str, Any] | None = None) -> Columns:
        """Returns the columns of rows; what a row lacks is None.

        >>> Columns.of_rows([{"a": 1}, {"a": 2, "b": 3}]).values
        {'a': [1, 2], 'b': [None, 3]}
        """
        names = list(dict.fromkeys(name for row in rows for name in row))
        return cls({name: [row.get(name) for row in rows] for name in names}, attributes or {})

    def __len__(self) -> int:
        return len(next(iter(self.values.values()), ()))

    @property
    def units(self) -> dict[str, str]:
        """The unit of every column of numbers; "1" for pure numbers.

        >>> Columns({"integrated_gain_s": [1.0], "probe": ["ghz"], "gain": [0.5]}).units
        {'integrated_gain_s': 's', 'gain': '1'}
        """
        return {name: unit_of(name) for name in self.values if self.kind(name) in ("integer", "number")}

    def kind(self, name: str) -> Kind:
        """Returns what a column holds, apart from values that are missing.

        An integer that does not fit into 64 bits, such as a seed, makes it text; so do truth values among numbers.

        >>> columns = Columns({"held": [True, None], "n": [1, None], "gain": [1, 0.5], "seed": [1, 2**64]})
        >>> [columns.kind(name) for name in columns.values]
        ['boolean', 'integer', 'number', 'text']
        """
        column = self.values[name]
        if isinstance(column, View) and (numbers := column.numbers()) is not None:
            return "integer" if numbers.dtype.kind == "i" else "number"
        kinds = set(map(type, column)) - {type(None)}
        if kinds == {bool}:
            return "boolean"
        if bool in kinds or not all(issubclass(kind, (int, float)) for kind in kinds):
            return "text"
        if any(abs(value) > _LARGEST for value in column if isinstance(value, int)):
            return "text"
        return "integer" if kinds and all(issubclass(kind, int) for kind in kinds) else "number"

    def array(self, name: str) -> np.ndarray[Any, Any]:
        """Returns a column as numbers or truth values (floats, with nan, where one is missing), or as text."""
        column, kind = self.values[name], self.kind(name)
        if isinstance(column, View) and (numbers := column.numbers()) is not None:
            return numbers
        if kind == "text":
            return np.array(["" if value is None else str(as_plain(value)) for value in column], dtype=object)
        if kind in _NULLABLE and None not in column:
            return np.array(column, dtype=bool if kind == "boolean" else np.int64)
        return np.array([np.nan if value is None else value for value in column], dtype=np.float64)

    def to_csv(self) -> bytes:
        """Returns the content of a CSV file with a line of names; a missing number is empty, and no text a formula."""
        return b"".join(self.csv_chunks())

    def csv_chunks(self) -> Iterator[bytes]:
        """Yields the same in parts, for a file that need not be in memory."""
        texts = {name for name in self.values if self.kind(name) == "text"}
        cells = [map(as_plain, column) if name in texts else column for name, column in self.values.items()]
        return csv_chunks(self.values, zip(*cells, strict=True))

    def to_frame(self) -> pandas.DataFrame:
        """Returns a pandas DataFrame; its `attrs` hold the units and the attributes.

        Columns of truth values or integers of which some are missing have pandas' types "boolean" and "Int64".

        Raises:
            ArgumentError: pandas is not installed.
        """
        try:
            import pandas
        except ImportError as error:
            raise ArgumentError(f"A DataFrame needs pandas; run: {install_hint('data')}.") from error

        def of(name: str) -> Any:
            column, nullable = self.values[name], _NULLABLE.get(self.kind(name))
            return pandas.array(list(column), dtype=nullable) if nullable and None in column else self.array(name)

        frame = pandas.DataFrame({name: of(name) for name in self.values})
        frame.attrs = {"units": self.units, **self.attributes}
        return frame


_UNITS = {"_rad_per_s": "rad/s", "_hz_per_t": "Hz/T", "_t": "T", "_rad": "rad", "_per_s": "1/s", "_s": "s"}


def unit_of(name: str) -> str:
    """Returns the unit that a column's name ends in.

    >>> unit_of("emission_rate_per_s"), unit_of("field_rad_per_s"), unit_of("integrated_gain_s"), unit_of("z")
    ('1/s', 'rad/s', 's', '1')
    """
    for ending, unit in _UNITS.items():
        if name.endswith(ending):
            return unit
    return "1"


def as_plain(value: Any) -> Any:
    """Returns a value of a cell: a list or a table as the text that JSON has for it.

    >>> as_plain(["auto", True]), as_plain(0.5)
    ('["auto", true]', 0.5)
    """
    return value if isinstance(value, (str, int, float, type(None))) else json.dumps(value, sort_keys=True)
