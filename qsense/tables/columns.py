"""Tidy columns with units and attributes: a row for each trial, or for each time of each trial."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

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
        return {name: unit_of(name) for name, column in self.values.items() if not _is_text(column)}

    def array(self, name: str) -> np.ndarray[Any, Any]:
        """Returns a column as numbers (nan where one is missing) or, if it holds text, as text."""
        column = self.values[name]
        if isinstance(column, View) and (numbers := column.numbers()) is not None:
            return numbers
        if _is_text(column):
            return np.array(["" if value is None else str(value) for value in column], dtype=object)
        if all(isinstance(value, int) for value in column):
            return np.array(column, dtype=np.int64)
        return np.array([np.nan if value is None else value for value in column], dtype=np.float64)

    def to_csv(self) -> bytes:
        """Returns the content of a CSV file with a line of names; a missing number is empty, and no text a formula."""
        return b"".join(self.csv_chunks())

    def csv_chunks(self) -> Iterator[bytes]:
        """Yields the same in parts, for a file that need not be in memory."""
        return csv_chunks(self.values, zip(*self.values.values(), strict=True))

    def to_frame(self) -> pandas.DataFrame:
        """Returns a pandas DataFrame; its `attrs` hold the units and the attributes.

        Raises:
            ArgumentError: pandas is not installed.
        """
        try:
            import pandas
        except ImportError as error:
            raise ArgumentError(f"A DataFrame needs pandas; run: {install_hint('data')}.") from error
        frame = pandas.DataFrame({name: self.array(name) for name in self.values})
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


def _is_text(column: Sequence[Any]) -> bool:
    """Whether a column holds text, or an integer, such as a seed, that does not fit into 64 bits."""
    if isinstance(column, View) and column.numbers() is not None:
        return False
    return any(
        abs(value) > _LARGEST if isinstance(value, int) else not isinstance(value, (float, type(None)))
        for value in column
    )
