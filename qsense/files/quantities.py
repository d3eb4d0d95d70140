"""Numbers with a unit as fields of a TOML model: a number is in SI units, a text such as "3us" carries its own unit."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from qsense.files.units import Kind, whole_numbers, with_quantities

Written = float | str
"""A number as a file may have it: in SI units, or a text with its unit."""


def _of(kind: Kind, written: Any) -> BeforeValidator:
    """Reads texts with units; `written` is what the JSON Schema of the file allows."""
    return BeforeValidator(partial(with_quantities, kind=kind), json_schema_input_type=written)


Time = Annotated[float, _of("time", Written)]
InfiniteTime = Annotated[Time, Field(allow_inf_nan=True)]
AngularFrequency = Annotated[float, _of("angular frequency", Written)]
Length = Annotated[float, _of("length", Written)]
# One number for every spin, or one point of several.
Lengths = Annotated[list[float | list[float]], _of("length", list[Written | list[Written]])]
Rate = Annotated[float, _of("rate", Written)]
# One number for all pairs of spins, or a matrix.
AngularFrequencies = Annotated[float | list[list[float]], _of("angular frequency", Written | list[list[Written]])]
# One number for all spins, or one for each.
Rates = Annotated[float | list[float], _of("rate", Written | list[Written])]
RelaxationTimes = Annotated[
    Annotated[float, Field(allow_inf_nan=True)] | list[Annotated[float, Field(allow_inf_nan=True)]],
    _of("time", Written | list[Written]),
]


def one_or_more_sizes(value: object) -> object:
    """Returns numbers of spins as a list: one, a list, or a text such as "2-8" or "2:16:2"."""
    if isinstance(value, str):
        return whole_numbers(value)
    return value if isinstance(value, list) else [value]
