"""The TOML format of a study: a run spec, the keys that are swept, and which trials are excluded."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema, model_validator

from qsense.errors import ArgumentError
from qsense.files.bounds import as_whole, no_text, whole
from qsense.files.safe import RESERVED_PATTERN, is_reserved
from qsense.files.toml_file import Table
from qsense.files.units import kind_of_key, with_quantities

SCHEMA = 1
MOST_VALUES = 1_000_000


# In a file a text such as "3us" too; the study reads it before.
Number = Annotated[float | int, no_text, WithJsonSchema({"type": ["number", "string"]})]


def _how_many(schema: dict[str, Any]) -> None:
    """In the JSON Schema: whole numbers say by themselves how many there are, others by `points` or `step`."""
    whole, log = {"type": "integer"}, {"const": "log"}
    ways = [{"required": ["points"]}, {"required": ["step"]}, {"properties": {"from": whole, "to": whole}}]
    schema["anyOf"], schema["not"] = ways, {"required": ["points", "step"]}
    schema["if"] = {"required": ["scale"], "properties": {"scale": log}}
    schema["then"] = {"required": ["points"], "properties": {"from": {"exclusiveMinimum": 0}}}


class Range(Table):
    """Numbers from `from` to `to`, both included: whole numbers, or `points` of them, or every `step`."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, json_schema_extra=_how_many)

    start: Number = Field(alias="from")
    to: Number
    points: Annotated[int, Field(ge=2, le=MOST_VALUES, strict=True), whole] | None = None
    step: Number | None = Field(default=None, gt=0, json_schema_extra={"exclusiveMinimum": 0})
    scale: Literal["linear", "log"] = "linear"

    @model_validator(mode="after")
    def _makes_sense(self) -> Range:
        if not math.isfinite(self._length):
            raise ValueError("numbers this large cannot be distinguished; narrow the range")
        if self.to < self.start:
            raise ValueError("`to` is below `from`; swap them")
        if self.points is not None and self.step is not None:
            raise ValueError("give either `points` or `step`, not both")
        if self.points is None and (self.scale == "log" or not self._is_whole):
            raise ValueError("say how many: add `points`" + ("" if self.scale == "log" else ", or `step`"))
        if self.scale == "log" and self.start <= 0:
            raise ValueError("a logarithmic range starts above zero")
        if self.points is None and self._length / (self.step or 1) >= MOST_VALUES:
            raise ValueError(f"more than {MOST_VALUES} values; raise `step`")
        return self

    @property
    def _length(self) -> float:
        """The distance between the ends; infinite if it, or the step, exceeds the range of numbers."""
        try:
            return float(self.to) - float(self.start) + 0 * float(self.step or 1)
        except OverflowError:
            return math.inf

    @property
    def _is_whole(self) -> bool:
        return self.step is not None or (isinstance(self.start, int) and isinstance(self.to, int))

    def values(self) -> list[float] | list[int]:
        """Returns the numbers; those that are not integers are rounded to twelve digits, so that 0.1 + 0.2 reads 0.3.

        >>> Range.model_validate({"from": 0.1, "to": 10, "points": 3, "scale": "log"}).values()
        [0.1, 1.0, 10.0]
        >>> Range.model_validate({"from": 1, "to": 3}).values()
        [1, 2, 3]
        """
        if self.points is not None:
            make = np.geomspace if self.scale == "log" else np.linspace
            return [float(f"{value:.12g}") for value in make(float(self.start), float(self.to), self.points)]
        step = self.step or 1
        number = math.floor((self.to - self.start) / step * (1 + 1e-12)) + 1
        if all(isinstance(value, int) for value in (self.start, self.to, step)):
            return [int(self.start + k * step) for k in range(number)]
        return [float(f"{self.start + k * step:.12g}") for k in range(number)]


class Bounds(Table):
    """The bounds, both included, of the values of some trials."""

    start: Number | None = Field(default=None, alias="from")
    to: Number | None = None

    def hold(self, value: Any) -> bool:
        if not isinstance(value, (int, float)):
            return False
        return (self.start is None or value >= self.start) and (self.to is None or value <= self.to)


def _values(given: Any) -> Any:
    """Returns the values of an axis, given as a range or as a list of values that the key accepts."""
    if isinstance(given, dict) and "from" in given:
        return Range.model_validate(given).values()
    if not isinstance(given, list) or not given:
        raise ValueError("give a list of values, or a range such as { from = 1, to = 8 }")
    return given


Axis = Annotated[list[Any], BeforeValidator(_values, json_schema_input_type=Range | list[Any])]
Wanted = Bounds | list[Any] | str | int | float


def _numbers_of(table: Any, name: str) -> Any:
    """A table of swept keys or conditions, whose texts are numbers where a key's name ends in a unit."""
    if not isinstance(table, dict):
        return table
    found = {}
    for key, value in table.items():
        kind = kind_of_key(key)
        if isinstance(value, dict) and not {"points", "step"} & set(value):  # whole numbers say how many there are
            value = {part: as_whole(one) for part, one in value.items()}
        try:
            if kind is None:
                found[key] = value
            elif isinstance(value, dict):
                found[key] = {
                    part: with_quantities(one, kind) if part in ("from", "to", "step") else one
                    for part, one in value.items()
                }
            else:
                found[key] = with_quantities(value, kind)
        except ArgumentError as error:
            raise ValueError(f"key `{name}.{key}`: {error}") from error
    return found


class StudyFile(Table):
    """The keys of a study's file."""

    study_schema: Annotated[int, whole] = Field(alias="schema", strict=True, json_schema_extra={"const": SCHEMA})
    name: str = Field(
        pattern=r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$", json_schema_extra={"not": {"pattern": RESERVED_PATTERN}}
    )
    description: str = ""
    run: dict[str, Any]
    sweep: dict[str, Axis] = {}
    skip: list[dict[str, Wanted]] = []
    only: list[dict[str, Wanted]] = []

    @model_validator(mode="before")
    @classmethod
    def _in_si(cls, data: Any) -> Any:
        if not isinstance(data, dict):
            return data
        if "probes" in data and not {"run", "sweep"} & data.keys():
            raise ValueError("this is a run spec, not a study; give it to `qsense run`")
        found = dict(data)
        if isinstance(data.get("sweep"), dict):
            found["sweep"] = _numbers_of(data["sweep"], "sweep")
        for table in ("skip", "only"):
            if isinstance(data.get(table), list):
                found[table] = [_numbers_of(one, f"{table}[{place}]") for place, one in enumerate(data[table])]
        return found

    @model_validator(mode="after")
    def _is_known(self) -> StudyFile:
        if self.study_schema != SCHEMA:
            raise ValueError(f"schema {self.study_schema} is not known; this qsense reads {SCHEMA}")
        if is_reserved(self.name):
            raise ValueError(f'`name` "{self.name}" is the name of a device on Windows; choose another')
        for key in ("name", "schema"):
            if key in self.run:
                raise ValueError(f"`run.{key}` is given by the study; remove it")
        return self
