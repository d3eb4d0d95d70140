"""The TOML format of a noise model: every number has its unit, its source and its date.

The unit is a key beside a number, or stands in the text: `value = 227, unit = "us"` is the same as `value = "227 us"`.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, model_validator

from qsense.errors import ArgumentError
from qsense.files import toml_file
from qsense.files.toml_file import Table
from qsense.files.units import Kind, quantity

_EXAMPLES: dict[Kind, str] = {"time": "us", "rate": "/us"}

Number = Annotated[float, Field(allow_inf_nan=True)]
Numbers = Number | list[Number]


class _Quantity(Table):
    """A number or one per spin; `value` and `stderr` are in SI units once read."""

    kind: ClassVar[Kind | None] = None
    value: Numbers
    stderr: Numbers | None = None
    source: str = Field(min_length=1)
    date: date

    @model_validator(mode="before")
    @classmethod
    def _in_si(cls, data: Any) -> Any:
        if cls.kind is None or not isinstance(data, dict):
            return data
        unit, found = data.get("unit"), dict(data)
        for key in ("value", "stderr"):
            if key in data:
                found[key] = _converted(key, data[key], unit, cls.kind)
        return {**found, "unit": None}

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
    if has_its_own and unit is not None:
        raise ValueError(f'give the unit once, in {key} = "{value}" or as unit = "{unit}"')
    return found


def _is_number(value: int | float | str) -> bool:
    try:
        float(value)
    except ValueError:
        return False
    return True


class RateEntry(_Quantity):
    """A rate, one number or one per spin."""

    kind = "rate"
    unit: None = None


class TimeEntry(_Quantity):
    """A relaxation time, one number or one per spin; it may be infinite."""

    kind = "time"
    unit: None = None


class FractionEntry(_Quantity):
    """A number between 0 and 1, one or one per spin."""

    unit: Literal["1"]


class NoiseFile(Table):
    """Either rates, or T1 and T2 (with the excited population in equilibrium)."""

    noise_schema: Literal[1] = Field(alias="schema")
    name: str = Field(pattern=r"^[A-Za-z0-9_.-]+$")
    description: str = ""
    dephasing_rate: RateEntry | None = None
    emission_rate: RateEntry | None = None
    absorption_rate: RateEntry | None = None
    t1: TimeEntry | None = None
    t2: TimeEntry | None = None
    excited_population: FractionEntry | None = None
    # Measured at the same time; the model itself does not use them.
    t2_star: TimeEntry | None = None
    t2_echo: TimeEntry | None = None
    up_given_down: FractionEntry | None = None
    down_given_up: FractionEntry | None = None

    @model_validator(mode="after")
    def _one_of_two_ways(self) -> NoiseFile:
        rates = [k for k in ("dephasing_rate", "emission_rate", "absorption_rate") if getattr(self, k)]
        times = [k for k in ("t1", "t2", "excited_population") if getattr(self, k)]
        if rates and times:
            raise ValueError(f"give either rates or T1 and T2, not both `{rates[0]}` and `{times[0]}`")
        if times and not (self.t1 and self.t2):
            raise ValueError("`t1` and `t2` go together; add the missing one")
        if not rates and not times:
            raise ValueError("no noise is given; add `dephasing_rate`, `emission_rate`, or `t1` and `t2`")
        return self

    def values(self) -> dict[str, Any]:
        """Returns the numbers in SI units, rates without `_rate` in their names."""
        given = {
            "dephasing": self.dephasing_rate,
            "emission": self.emission_rate,
            "absorption": self.absorption_rate,
            "t1": self.t1,
            "t2": self.t2,
            "excited_population": self.excited_population,
        }
        return {key: entry.si() for key, entry in given.items() if entry is not None}


def read(path: Path) -> NoiseFile:
    """Returns the file's content.

    Raises:
        SpecError: the file is broken; the message names the file, the key and the fix.
    """
    return toml_file.read(path, NoiseFile)
