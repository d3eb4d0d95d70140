"""The TOML format of a noise model: every number has its unit, its source and its date."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field, model_validator

from qsense.files import toml_file
from qsense.files.toml_file import Table

_PER_SECOND = {"1/s": 1.0, "1/ms": 1e3, "1/us": 1e6}
_SECONDS = {"s": 1.0, "ms": 1e-3, "us": 1e-6, "ns": 1e-9}

NotNegative = float | list[float]


class _Quantity(Table):
    value: NotNegative
    stderr: NotNegative | None = None
    source: str = Field(min_length=1)
    date: date


class RateEntry(_Quantity):
    """A rate, one number or one per spin."""

    unit: Literal["1/s", "1/ms", "1/us"]

    def si(self) -> Any:
        return np.asarray(self.value) * _PER_SECOND[self.unit]


class TimeEntry(_Quantity):
    """A relaxation time, one number or one per spin."""

    unit: Literal["s", "ms", "us", "ns"]

    def si(self) -> Any:
        return np.asarray(self.value) * _SECONDS[self.unit]


class FractionEntry(_Quantity):
    """A number between 0 and 1, one or one per spin."""

    unit: Literal["1"]

    def si(self) -> Any:
        return np.asarray(self.value)


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
