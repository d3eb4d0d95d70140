"""Numbers with a unit as fields of a TOML model: a number is in SI units, a text such as "3us" carries its own unit."""

from __future__ import annotations

from functools import partial
from typing import Annotated, Any

from pydantic import BeforeValidator, Field

from qsense.files.bounds import NotNegative, Positive, at_least_one, text_of
from qsense.files.units import Kind, whole_numbers, with_quantities


def with_unit(kind: Kind, written: Any) -> BeforeValidator:
    """Reads texts with units; `written` is what the JSON Schema of the file allows."""
    return BeforeValidator(partial(with_quantities, kind=kind), json_schema_input_type=written)


_PositiveOrInfinite = Annotated[Positive, Field(allow_inf_nan=True)]
_TimeText = Annotated[str, text_of("time")]
_InfiniteText = Annotated[str, text_of("time", infinite=True, zero=False)]
_AngularText = Annotated[str, text_of("angular frequency", signed=True)]
_LengthText = Annotated[str, text_of("length", signed=True)]

Time = Annotated[NotNegative, with_unit("time", NotNegative | _TimeText)]
AngularFrequency = Annotated[float, with_unit("angular frequency", float | _AngularText)]
Length = Annotated[Positive, with_unit("length", Positive | Annotated[str, text_of("length", zero=False)])]
# One number for every spin, or one point of several.
Lengths = Annotated[
    list[float | list[float]], with_unit("length", list[float | _LengthText | list[float | _LengthText]])
]
# One number for all pairs of spins, or a matrix.
AngularFrequencies = Annotated[
    float | Annotated[list[list[float]], at_least_one],
    with_unit("angular frequency", float | _AngularText | Annotated[list[list[float | _AngularText]], at_least_one]),
]
# One number for all spins, or one for each.
RelaxationTimes = Annotated[
    _PositiveOrInfinite | Annotated[list[_PositiveOrInfinite], at_least_one],
    with_unit("time", Positive | _InfiniteText | Annotated[list[Positive | _InfiniteText], at_least_one]),
]


def one_or_more_sizes(value: object) -> object:
    """Returns numbers of spins as a list: one, a list, or a text such as "2-8" or "2:16:2"."""
    if isinstance(value, str):
        return whole_numbers(value)
    return value if isinstance(value, list) else [value]
