"""The TOML format of a noise model: every number has its unit, its source and its date.

Keys are those of a spec's `[[noise]]` entry, `t1` and `t2` for `t1_s` and `t2_s`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field, model_validator

from qsense.errors import ArgumentError
from qsense.files import content, toml_file
from qsense.files.bounds import whole
from qsense.files.toml_file import Table
from qsense.noise import rules
from qsense.noise.phase_noise import MEMORIES, SPACES
from qsense.noise.shared import SHARED, shared_of
from qsense.noise.sourced import (
    AngularEntry,
    ExponentEntry,
    FractionEntry,
    LengthEntry,
    PureEntry,
    RateEntry,
    RatioEntry,
    Sourced,
    TimeEntry,
)

_RATES = ("dephasing_rate", "emission_rate", "absorption_rate", "depolarizing_rate", "transverse_rate")
_TIMES = ("t1", "t2", "excited_population")


class PhaseNoiseTable(Table):
    """Noise of the phase: how spins share it (`space`) and how it remembers (`memory`), with the numbers of both."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, json_schema_extra=rules.of_phase_noise)

    space: str = Field(json_schema_extra={"enum": list(SPACES)})
    memory: str = Field(json_schema_extra={"enum": list(MEMORIES)})
    rate: RateEntry | None = None
    exponent: ExponentEntry | None = None
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

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, json_schema_extra=rules.of_coupling_pair
    )

    spins: list[int]
    zz_rad_per_s: AngularEntry | None = None
    dipolar_rad_per_s: AngularEntry | None = None


class NoiseFile(Table):
    """Either rates, or T1 and T2 (with the excited population in equilibrium); and what is shared beside them."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, json_schema_extra=rules.of_file)

    noise_schema: Annotated[Literal[1], whole] = Field(alias="schema")
    name: str = Field(pattern=r"^[A-Za-z0-9_.-]+$")
    description: str = ""
    dephasing_rate: RateEntry | None = None
    emission_rate: RateEntry | None = None
    absorption_rate: RateEntry | None = None
    depolarizing_rate: RateEntry | None = None
    transverse_rate: RateEntry | None = None
    dephasing_exponent: ExponentEntry | None = None
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
            if isinstance(data, dict) and key in data and not isinstance(data[key], dict | Sourced):
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
    if isinstance(value, Sourced):
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
