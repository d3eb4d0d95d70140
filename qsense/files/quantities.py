"""Numbers with a unit as fields of a TOML model: a number is in SI units, a text such as "3us" carries its own unit."""

from __future__ import annotations

from functools import partial
from typing import Annotated

from pydantic import BeforeValidator, Field

from qsense.files.units import whole_numbers, with_quantities

Time = Annotated[float, BeforeValidator(partial(with_quantities, kind="time"))]
InfiniteTime = Annotated[Time, Field(allow_inf_nan=True)]
AngularFrequency = Annotated[float, BeforeValidator(partial(with_quantities, kind="angular frequency"))]
Length = Annotated[float, BeforeValidator(partial(with_quantities, kind="length"))]
# One number for every spin, or one point of several.
Lengths = Annotated[list[float | list[float]], BeforeValidator(partial(with_quantities, kind="length"))]
Rate = Annotated[float, BeforeValidator(partial(with_quantities, kind="rate"))]
# One number for all pairs of spins, or a matrix.
AngularFrequencies = Annotated[
    float | list[list[float]], BeforeValidator(partial(with_quantities, kind="angular frequency"))
]
# One number for all spins, or one for each.
Rates = Annotated[float | list[float], BeforeValidator(partial(with_quantities, kind="rate"))]
RelaxationTimes = Annotated[
    Annotated[float, Field(allow_inf_nan=True)] | list[Annotated[float, Field(allow_inf_nan=True)]],
    BeforeValidator(partial(with_quantities, kind="time")),
]


def one_or_more_sizes(value: object) -> object:
    """Returns numbers of spins as a list: one, a list, or a text such as "2-8" or "2:16:2"."""
    if isinstance(value, str):
        return whole_numbers(value)
    return value if isinstance(value, list) else [value]
