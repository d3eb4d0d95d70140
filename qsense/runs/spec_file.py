"""The TOML format of a run spec: which keys there are and what they may hold, before names are looked up."""

from __future__ import annotations

import math
from typing import Annotated, Any

from pydantic import BeforeValidator, ConfigDict, Field, WithJsonSchema, field_validator, model_validator

from qsense.errors import nearest
from qsense.files.bounds import whole
from qsense.files.patterns import sizes_pattern
from qsense.files.quantities import AngularFrequency, Time, one_or_more_sizes
from qsense.files.safe import RESERVED_PATTERN, is_reserved
from qsense.files.toml_file import Table
from qsense.noise.entries import NoiseEntry, Ratio
from qsense.numerics.integration import as_times
from qsense.probes import Probe
from qsense.runs.planned import PlanEntry
from qsense.runs.spec_entries import (
    MOST_SPINS,
    DeviceEntry,
    EstimatorEntry,
    Idle,
    ProbeEntry,
    ReadoutErrorEntry,
    Shots,
    SignalEntry,
    Size,
)

SCHEMA = 1
ALLOCATIONS = ("equal", "optimal")
NAME = r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$"
STRATEGIES = ("one_step", "adaptive")


def _named_or_given(value: Any) -> Any:
    """Reads the entry of a probe: a bare name, a table, or a Probe from Python."""
    if isinstance(value, Probe):
        return {"probe": value.name, "given": value}
    return {"probe": value} if isinstance(value, str) else value


def _named(key: str) -> BeforeValidator:
    """Reads a bare string in a list as a table with that one key."""
    return BeforeValidator(lambda value: {key: value} if isinstance(value, str) else value)


def _one_or_more(entry: Any) -> BeforeValidator:
    """Reads one entry, a name or a table, as a list of one."""
    name = Annotated[str, Field(min_length=1)]
    written = name | entry | Annotated[list[name | entry], Field(min_length=1)]
    return BeforeValidator(lambda value: value if isinstance(value, list) else [value], json_schema_input_type=written)


def _known(word: str, known: tuple[str, ...] | list[str], what: str) -> str:
    if word not in known:
        raise ValueError(f'unknown {what} "{word}". {nearest(word, known)}')
    return word


_Sizes = Annotated[str, WithJsonSchema({"type": "string", "pattern": sizes_pattern(MOST_SPINS)})]
# They increase, which a JSON Schema cannot say: it says that no two are equal.
Times = Annotated[list[Time], Field(json_schema_extra={"minItems": 1, "uniqueItems": True})]
Twosome = Annotated[list[str], Field(json_schema_extra={"minItems": 2, "maxItems": 2, "uniqueItems": True})]


class SpecFile(Table):
    """The keys of a run spec, as written."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)

    spec_schema: Annotated[int, whole] = Field(
        alias="schema", strict=True, json_schema_extra={"const": SCHEMA}, description="Version of this format, 1."
    )
    name: str = Field(
        pattern=NAME,
        json_schema_extra={"not": {"pattern": RESERVED_PATTERN}},
        description="Name of the run; that of its record begins with it.",
    )
    description: str = Field("", description="Description, for people.")
    probes: Annotated[list[Annotated[ProbeEntry, BeforeValidator(_named_or_given)]], _one_or_more(ProbeEntry)] = Field(
        min_length=1,
        description="What is prepared: `qsense list probes`, a file, or tables with `state`, `amplitudes` or "
        "`circuit`.",
    )
    num_qubits: Annotated[
        list[Size], BeforeValidator(one_or_more_sizes, json_schema_input_type=Size | _Sizes | list[Size])
    ] = Field([], description='Numbers of spins N: 4, [2, 4], "2-8" or "2:16:2".')
    noise: Annotated[list[Annotated[NoiseEntry, _named("noise")]], _one_or_more(NoiseEntry)] = Field(
        min_length=1,
        description='Noise: `qsense list noise`, a file, tables with rates, T1 and T2, or "calibration" of a device.',
    )
    estimators: Annotated[list[Annotated[EstimatorEntry, _named("estimator")]], _one_or_more(EstimatorEntry)] = Field(
        min_length=1,
        description="How G is estimated: `qsense list estimators`, or tables with `estimator` and its options.",
    )
    field_rad_per_s: AngularFrequency = Field(description="φ, the signal, in rad/s.")
    gyromagnetic_ratio_hz_per_t: Ratio | None = Field(
        None, description='Of a spin, in Hz/T, for φ in tesla: a number, "28.03 GHz/T", or a name such as "nv".'
    )
    shots: Shots = Field(description="Shots of every circuit.")
    times_s: Times | Annotated[dict[str, Times], Field(json_schema_extra={"minProperties": 1})] | None = Field(
        None,
        description="Sensing times in s, increasing, or a table of them by probe; by default those that integrate G "
        "best.",
    )
    backend: str = Field(
        "emulator",
        description='Where to run: "emulator", "aer", "fake:boston", "ibm:<device>", "module:factory"; '
        "`qsense list backends`.",
    )
    allocation: str = Field(
        default="equal",
        json_schema_extra={"enum": list(ALLOCATIONS)},
        description='How shots are shared over times: "equal", or "optimal" for the smallest error of 𝓘.',
    )
    strategy: str = Field(
        default="one_step",
        json_schema_extra={"enum": list(STRATEGIES)},
        description='How shots are spent: "one_step", or "adaptive", where a pilot finds phase and decay first.',
    )
    seed: Annotated[int, whole] = Field(
        ge=0, strict=True, description="Seed of all random numbers; the same seed gives the same counts."
    )
    readout_error: ReadoutErrorEntry | None = Field(
        None, description="Of a simulated readout: `up_given_down`, `down_given_up`."
    )
    signal: SignalEntry | None = Field(
        None, description="`weights` of the spins, and `frequency_hz` and `phase_rad` of an alternating field."
    )
    idle: Idle | None = Field(None, description="Pulses while sensing: free, hahn, xy4, cpmg:N or xy8:N.")
    device: DeviceEntry | None = Field(
        None, description="Of a device: `qubits`, `readout_shots` for mitigation, `tick_s` of its clock."
    )
    compare: list[Twosome] | None = Field(
        None, description="Pairs of probes to compare; by default every probe with the product probe."
    )
    plan: PlanEntry | None = Field(
        None, description="What `qsense plan` foresaw, for `qsense compare`; decides no counts."
    )

    @model_validator(mode="before")
    @classmethod
    def _is_no_study(cls, data: Any) -> Any:
        if isinstance(data, dict) and "run" in data and "probes" not in data:
            raise ValueError("this is a study, not a run spec; give it to `qsense sweep`")
        return data

    @field_validator("spec_schema")
    @classmethod
    def _not_newer(cls, value: int) -> int:
        if value != SCHEMA:
            raise ValueError(f"schema {value} is not known to this qsense, which reads schema {SCHEMA}; update qsense")
        return value

    @field_validator("name")
    @classmethod
    def _is_no_device(cls, value: str) -> str:
        if is_reserved(value):
            raise ValueError(f'"{value}" is the name of a device on Windows; choose another name')
        return value

    @field_validator("allocation")
    @classmethod
    def _is_an_allocation(cls, value: str) -> str:
        return _known(value, ALLOCATIONS, "allocation")

    @field_validator("strategy")
    @classmethod
    def _is_a_strategy(cls, value: str) -> str:
        return _known(value, STRATEGIES, "strategy")

    @field_validator("field_rad_per_s")
    @classmethod
    def _finite(cls, value: float) -> float:
        if not math.isfinite(value):
            raise ValueError(f"should be finite (rad/s), but is {value}")
        return value

    @field_validator("times_s")
    @classmethod
    def _increase(
        cls, value: list[float] | dict[str, list[float]] | None
    ) -> list[float] | dict[str, list[float]] | None:
        if value == {}:
            raise ValueError('a table of times needs those of a probe, such as ghz = ["0", "10us"]')
        for one in value.values() if isinstance(value, dict) else () if value is None else (value,):
            as_times(one)
        return value

    @classmethod
    def described(cls) -> list[tuple[str, str]]:
        """Returns every key with what it means, and what it is by default."""
        rows = []
        for name, field in cls.model_fields.items():
            given = "needed" if field.is_required() else f"default {field.default}" if field.default else "optional"
            rows.append((field.alias or name, f"{(field.description or '').removesuffix('.')} ({given})"))
        return rows
