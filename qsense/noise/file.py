"""The TOML format of a noise model: every number has its unit, its source and its date.

The unit is a key beside a number, or stands in the text: `value = 227, unit = "us"` is the same as `value = "227 us"`.
Keys are those of a spec's `[[noise]]` entry, `t1` and `t2` for `t1_s` and `t2_s`.
"""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import Field, WithJsonSchema, model_validator

from qsense.errors import ArgumentError
from qsense.files import content, toml_file
from qsense.files.toml_file import Table
from qsense.files.units import Kind, quantity
from qsense.noise.shared import SHARED, shared_of
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

Number = Annotated[float, Field(allow_inf_nan=True), WithJsonSchema({"type": ["number", "string"]})]
Numbers = Number | list[Number] | list[list[Number]]
# As written a unit is a text; it is None once the numbers are in SI units.
Unit = Annotated[None, WithJsonSchema({"type": "string"})]
_RATES = ("dephasing_rate", "emission_rate", "absorption_rate", "depolarizing_rate", "transverse_rate")
_TIMES = ("t1", "t2", "excited_population")


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
        if not isinstance(data, dict | _Quantity):
            raise ValueError(cls.needed(data))
        if cls.kind is None or isinstance(data, _Quantity):
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
    unit: Unit = None


class TimeEntry(_Quantity):
    """A relaxation time, one number or one per spin; it may be infinite."""

    kind = "time"
    unit: Unit = None


class FractionEntry(_Quantity):
    """A number between 0 and 1, one or one per spin."""

    unit: Literal["1"]


class PureEntry(_Quantity):
    """A number without a unit, such as an exponent or correlations."""

    unit: Literal["1"]


class AngularEntry(_Quantity):
    """An angular frequency, one for all pairs or a matrix of them."""

    kind = "angular frequency"
    unit: Unit = None


class LengthEntry(_Quantity):
    """A length, or positions: one number or one point a spin."""

    kind = "length"
    unit: Unit = None


class RatioEntry(_Quantity):
    """A gyromagnetic ratio of all spins: one number, not 0."""

    kind = "gyromagnetic ratio"
    unit: Unit = None

    @model_validator(mode="after")
    def _is_one(self) -> RatioEntry:
        if not isinstance(self.value, int | float):
            raise ValueError("`value` must be one number, for all spins")
        checked_ratio(self.value)
        return self


class PhaseNoiseTable(Table):
    """Noise of the phase: how spins share it (`space`) and how it remembers (`memory`), with the numbers of both."""

    space: str
    memory: str
    rate: RateEntry | None = None
    exponent: PureEntry | None = None
    spread_rad_per_s: AngularEntry | None = None
    correlation_time_s: TimeEntry | None = None
    low_hz: RateEntry | None = None
    high_hz: RateEntry | None = None
    pairs: PureEntry | None = None
    positions_m: LengthEntry | None = None
    length_m: LengthEntry | None = None
    matrix: PureEntry | None = None


class CouplingPairTable(Table):
    """The couplings of one pair of spins."""

    spins: list[int]
    zz_rad_per_s: AngularEntry | None = None
    dipolar_rad_per_s: AngularEntry | None = None


class NoiseFile(Table):
    """Either rates, or T1 and T2 (with the excited population in equilibrium); and what is shared beside them."""

    noise_schema: Literal[1] = Field(alias="schema")
    name: str = Field(pattern=r"^[A-Za-z0-9_.-]+$")
    description: str = ""
    dephasing_rate: RateEntry | None = None
    emission_rate: RateEntry | None = None
    absorption_rate: RateEntry | None = None
    depolarizing_rate: RateEntry | None = None
    transverse_rate: RateEntry | None = None
    dephasing_exponent: PureEntry | None = None
    t1: TimeEntry | None = None
    t2: TimeEntry | None = None
    excited_population: FractionEntry | None = None
    collective_dephasing_rate: RateEntry | None = None
    phase_noise: list[PhaseNoiseTable] = []
    coupling_rad_per_s: AngularEntry | None = None
    dipolar_rad_per_s: AngularEntry | None = None
    coupling_pairs: list[CouplingPairTable] = []
    # What the field of such spins is in tesla.
    gyromagnetic_ratio_hz_per_t: RatioEntry | None = None
    # Measured at the same time; the model itself does not use them.
    t2_star: TimeEntry | None = None
    t2_echo: TimeEntry | None = None
    up_given_down: FractionEntry | None = None
    down_given_up: FractionEntry | None = None

    @model_validator(mode="before")
    @classmethod
    def _with_times_as_in_specs(cls, data: Any) -> Any:
        named = {"t1_s": "t1", "t2_s": "t2"}
        for key in named:
            if isinstance(data, dict) and key in data and not isinstance(data[key], dict | _Quantity):
                raise ValueError(f"key `{key}`: {TimeEntry.needed(data[key])}")
        return {named.get(key, key): value for key, value in data.items()} if isinstance(data, dict) else data

    @model_validator(mode="after")
    def _one_of_two_ways(self) -> NoiseFile:
        rates, times = self._given(_RATES), self._given(_TIMES)
        if rates and times:
            raise ValueError(f"give either rates or T1 and T2, not both `{rates[0]}` and `{times[0]}`")
        if times and not (self.t1 and self.t2):
            raise ValueError("`t1` and `t2` go together; add the missing one")
        if self.dephasing_exponent and not self.dephasing_rate:
            raise ValueError("`dephasing_exponent` goes with `dephasing_rate`; add it, or leave the exponent out")
        if self.depolarizing_rate and len(rates) > 1:
            raise ValueError("`depolarizing_rate` is dephasing, emission and absorption at once; give no other rate")
        if not rates and not times and not self.shared():
            raise ValueError("no noise is given; add `dephasing_rate`, `emission_rate`, or `t1` and `t2`")
        return self

    def values(self) -> dict[str, Any]:
        """Returns the numbers of the local noise in SI units, by the names of LocalNoise's arguments."""
        if self.depolarizing_rate:
            gamma = self.depolarizing_rate.si()
            return {"dephasing": gamma / 4, "emission": gamma / 2, "absorption": gamma / 2}
        found = {key.removesuffix("_rate"): getattr(self, key).si() for key in self._given((*_RATES, *_TIMES))}
        if self.dephasing_exponent:
            found["exponent"] = float(self.dephasing_exponent.si())
        return found

    def shared(self) -> dict[str, Any]:
        """Returns the arguments of NoiseModel for everything but the local noise; empty where there is none.

        Raises:
            ArgumentError: a number is out of its range, or a key is missing, unknown or given twice.
        """
        keys = {key: _plain(getattr(self, key)) for key in SHARED if getattr(self, key)}
        return shared_of(keys)

    def check_local(self) -> None:
        """Refuses a file that has more than local noise.

        Raises:
            ArgumentError: it has; the message says how to read it.
        """
        if self.shared():
            raise ArgumentError("the file has shared noise or couplings; read it by NoiseModel.load.")

    def _given(self, keys: tuple[str, ...]) -> list[str]:
        return [key for key in keys if getattr(self, key)]


def _plain(value: Any) -> Any:
    """A table's quantities as numbers in SI units, by their keys."""
    if isinstance(value, _Quantity):
        return value.value
    if isinstance(value, Table):
        return {key: _plain(one) for key, one in value if one is not None}
    return [_plain(one) for one in value] if isinstance(value, list) else value


def find(name_or_path: str | Path, beside: Path | None = None) -> tuple[Path, NoiseFile]:
    """Returns the path and the content of a noise model.

    Raises:
        ContentError: there is no such model.
        SpecError: as `read`.
    """
    path = content.find("noise_models", str(name_or_path), beside)
    return path, read(path)


def read(path: Path) -> NoiseFile:
    """Returns the file's content.

    Raises:
        SpecError: the file is broken; the message names the file, the key and the fix.
    """
    return toml_file.read(path, NoiseFile)
