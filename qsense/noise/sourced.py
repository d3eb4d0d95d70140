"""A number of a noise model's file with its unit, its source and its date.

The unit is a key beside a number, or stands in the text: `value = 227, unit = "us"` is the same as `value = "227 us"`.
"""

from __future__ import annotations

import re
from datetime import date
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import AfterValidator, ConfigDict, Field, WithJsonSchema, model_validator

from qsense.errors import ArgumentError
from qsense.files.bounds import Fraction, ZeroOr, at_least_one, no_text
from qsense.files.patterns import quantity_pattern, unit_pattern
from qsense.files.toml_file import Table
from qsense.files.units import Kind, quantity
from qsense.noise.relaxation import FASTEST, SLOWEST
from qsense.signals.magnetic import checked_ratio

_EXAMPLES: dict[Kind, str] = {
    "time": "us", "rate": "/us", "angular frequency": "krad/s", "length": "um", "gyromagnetic ratio": "GHz/T",
}  # fmt: skip
_UNITS: dict[Kind | None, str] = {
    "time": "us",
    "rate": "1/us",
    "angular frequency": "krad/s",
    "length": "um",
    "gyromagnetic ratio": "GHz/T",
    None: "1",
}

Number = Annotated[float, Field(allow_inf_nan=True)]
Numbers = Number | list[Number] | list[list[Number]]
Pure = Annotated[Number, no_text]
NotNegative = Annotated[float, Field(ge=0), no_text]


def _written(kind: Kind, signed: bool = False, zero: bool = True, **number: Any) -> WithJsonSchema:
    """In a file: a number in the unit beside it, or a text with its own."""
    text = {"type": "string", "pattern": quantity_pattern(kind, signed, infinite=True, zero=zero)}
    return WithJsonSchema({"anyOf": [{"type": "number", **number}, text]})


def _unit(kind: Kind) -> WithJsonSchema:
    """In a file a unit is a text; it is None once the numbers are in SI units."""
    return WithJsonSchema({"type": "string", "pattern": unit_pattern(kind)})


_Rate = Annotated[float, ZeroOr(SLOWEST, FASTEST), _written("rate", minimum=0)]
_Time = Annotated[Number, Field(gt=0), _written("time", zero=False, exclusiveMinimum=0)]
_Angular = Annotated[Number, _written("angular frequency", signed=True)]
_Length = Annotated[Number, _written("length", signed=True)]
_Ratio = Annotated[
    Number,
    AfterValidator(checked_ratio),
    _written("gyromagnetic ratio", signed=True, zero=False, **{"not": {"const": 0}}),
]


def _with_its_unit(schema: dict[str, Any]) -> None:
    """In the JSON Schema: numbers have their unit beside them, texts within."""
    if "const" in schema["properties"]["unit"]:
        return
    number = {"anyOf": [{"type": "number"}, {"type": "string", "pattern": "^[^/]*[0-9.fFyY]\\s*$"}]}
    own = {"type": "string", "pattern": "/|[zsmTGnh]\\s*$"}
    schema["allOf"] = [
        {"if": {"properties": {"value": _itself_or_in(number)}}, "then": {"required": ["unit"]}},
        {"if": {"properties": {"value": _itself_or_in(own)}}, "then": {"not": {"required": ["unit"]}}},
    ]


def _itself_or_in(one: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [one, {"type": "array", "contains": one}]}


class Sourced(Table):
    """A number, one per spin, or what the class says; `value` and `stderr` are in SI units once read."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, json_schema_extra=_with_its_unit)

    kind: ClassVar[Kind | None] = None
    value: Any
    stderr: Annotated[Numbers, WithJsonSchema({"type": ["number", "string", "array"]})] | None = None
    source: str = Field(min_length=1)
    date: date

    @model_validator(mode="before")
    @classmethod
    def _in_si(cls, data: Any) -> Any:
        if not isinstance(data, dict | Sourced):
            raise ValueError(cls.needed(data))
        if cls.kind is None or isinstance(data, Sourced):
            return data
        unit, found = data.get("unit"), dict(data)
        for key in ("value", "stderr"):
            if key in data:
                found[key] = _converted(key, data[key], unit, cls.kind)
        return {**found, "unit": None}

    @classmethod
    def needed(cls, data: Any) -> str:
        """Returns what something else than a table must be instead."""
        shown = repr(data) if len(repr(data)) <= 60 else f"{data!r:.57}..."
        return (
            "must be a table with value, unit, source and date, such as { value = 0.2, unit = "
            f'"{_UNITS[cls.kind]}", source = "…", date = 2026-11-26 }}, but is {shown}'
        )

    def si(self) -> Any:
        return np.asarray(self.value)


def _converted(key: str, value: Any, unit: Any, kind: Kind) -> Any:
    """Numbers with the unit beside them, and texts with their own, in SI units."""
    if isinstance(value, list):
        return [_converted(key, one, unit, kind) for one in value]
    if not isinstance(value, (int, float, str)) or isinstance(value, bool):
        return value  # for the model to refuse
    text, has_its_own = str(value), not _is_number(value)
    if not has_its_own:
        if not isinstance(unit, str):
            raise ValueError(f'`{key}` needs its unit; add `unit`, or write {key} = "{value}{_EXAMPLES[kind]}"')
        text += unit.removeprefix("1")
    try:
        found = quantity(text, kind)
    except ArgumentError as error:
        raise ValueError(f"`{key}` {error}") from error
    if not has_its_own and not re.search(unit_pattern(kind), unit):
        raise ValueError(f'`unit` "{unit}" is no unit of `{key}`; write one such as "{_UNITS[kind]}"')
    if has_its_own and unit is not None:
        raise ValueError(f'give the unit once, in {key} = "{value}" or as unit = "{unit}"')
    return found


def _is_number(value: int | float | str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


class RateEntry(Sourced):
    """A rate, one number or one per spin."""

    value: _Rate | Annotated[list[_Rate], at_least_one]
    kind = "rate"
    unit: Annotated[None, _unit("rate")] = None


class TimeEntry(Sourced):
    """A relaxation time, one number or one per spin; it may be infinite."""

    value: _Time | Annotated[list[_Time], at_least_one]
    kind = "time"
    unit: Annotated[None, _unit("time")] = None


class FractionEntry(Sourced):
    """A number between 0 and 1, one or one per spin."""

    value: Fraction | Annotated[list[Fraction], at_least_one]
    unit: Literal["1"]


class PureEntry(Sourced):
    """Numbers without a unit: correlations of spins."""

    value: list[Pure] | list[list[Pure]]
    unit: Literal["1"]


class ExponentEntry(Sourced):
    """An exponent."""

    value: NotNegative
    unit: Literal["1"]


class AngularEntry(Sourced):
    """An angular frequency, one for all pairs or a matrix of them."""

    value: _Angular | list[list[_Angular]]
    kind = "angular frequency"
    unit: Annotated[None, _unit("angular frequency")] = None


class LengthEntry(Sourced):
    """A length, or positions: one number or one point a spin."""

    value: _Length | list[_Length] | list[list[_Length]]
    kind = "length"
    unit: Annotated[None, _unit("length")] = None


class RatioEntry(Sourced):
    """A gyromagnetic ratio of all spins: one number, not 0."""

    value: _Ratio
    kind = "gyromagnetic ratio"
    unit: Annotated[None, _unit("gyromagnetic ratio")] = None
