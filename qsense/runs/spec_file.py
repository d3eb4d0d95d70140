"""The TOML format of a run spec: which keys there are and what they may hold, before names are looked up."""

from __future__ import annotations

import math
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    AliasChoices,
    BeforeValidator,
    ConfigDict,
    Field,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic.json_schema import SkipJsonSchema

from qsense.errors import nearest
from qsense.files.bounds import Index, NotNegative, Number, ZeroOr, at_least_one, no_text, text_of
from qsense.files.patterns import sizes_pattern
from qsense.files.quantities import AngularFrequency, Time, one_or_more_sizes
from qsense.files.safe import RESERVED_PATTERN, is_reserved
from qsense.files.toml_file import Table
from qsense.files.units import quantity
from qsense.noise.entries import NoiseEntry, Ratio
from qsense.numerics.integration import as_times
from qsense.probes import Probe
from qsense.runs.planned import PlanEntry
from qsense.signals import MATCHED, Pulses
from qsense.signals.pulses import PATTERN

SCHEMA = 1
ALLOCATIONS = ("equal", "optimal")
NAME = r"^[A-Za-z0-9_][A-Za-z0-9_.-]{0,63}$"
STRATEGIES = ("one_step", "adaptive")


LEAST_READOUT_SHOTS = 50  # with fewer, readout errors are not known to a useful precision


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


def _frequency(value: Any) -> Any:
    """A text of a frequency as a number in Hz; "matched" stays."""
    return quantity(value, "rate") if isinstance(value, str) and value != MATCHED else value


def _sequence(value: str) -> str:
    return Pulses.named(value).name


Idle = Annotated[str, AfterValidator(_sequence), WithJsonSchema({"type": "string", "pattern": PATTERN})]

# Rules for the decay of larger GHZ states are beyond the range of floating-point numbers.
MOST_SPINS = 1000
Size = Annotated[int, Field(ge=1, le=MOST_SPINS, strict=True)]
_Sizes = Annotated[str, WithJsonSchema({"type": "string", "pattern": sizes_pattern(MOST_SPINS)})]
# Counts are stored in 32 bits.
Shots = Annotated[int, Field(ge=1, le=1_000_000_000, strict=True)]


def _either_key(schema: dict[str, Any]) -> None:
    """In the JSON Schema: a probe is called by `probe` or by `name`."""
    schema["properties"]["name"] = schema["properties"]["probe"]
    schema["required"] = []
    schema["oneOf"] = [{"required": ["probe"]}, {"required": ["name"]}]


class ProbeEntry(Table):
    """A probe: by its name alone, or by a state, amplitudes or a circuit under a name.

    `qasm` and `sha256` are of resolved specs, `given` is from Python.
    """

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, arbitrary_types_allowed=True, json_schema_extra=_either_key
    )

    WANTED = "a name such as 'ghz', or a table with keys such as probe, state, amplitudes"

    probe: str = Field(validation_alias=AliasChoices("probe", "name"), min_length=1)
    tilt: Number = 0.0
    qasm: str | None = None
    state: Any = None
    amplitudes: Any = None
    circuit: Any = None
    sha256: str | None = Field(default=None, pattern=r"^[0-9a-f]{64}$")
    given: SkipJsonSchema[Probe | None] = None


class EstimatorEntry(Table):
    """An estimator; its own keys are checked by what it declares, as `EstimatorSpec.from_entry` knows it."""

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)

    WANTED = "a name such as 'auto', or a table with keys such as estimator, shots, probes"

    estimator: str
    shots: Shots | None = None
    probes: Annotated[list[str], Field(min_length=1)] | None = None


Chance = Annotated[float, Field(ge=0, lt=0.5), no_text]


class ReadoutErrorEntry(Table):
    up_given_down: Chance = 0.0
    down_given_up: Chance = 0.0


class PlacementEntry(Table):
    probe: str
    num_qubits: Size
    qubits: list[Index]
    begins_on: list[Index] | None = None
    dephasing_rate: list[float]
    emission_rate: list[float]


Weights = Annotated[
    list[Number],
    WithJsonSchema({"type": "array", "items": {"type": "number"}, "contains": {"type": "number", "not": {"const": 0}}}),
]


def _alternating(schema: dict[str, Any]) -> None:
    """In the JSON Schema: a phase is one of an alternating field."""
    not_zero = {"not": {"const": 0}}
    schema["if"] = {"required": ["phase_rad"], "properties": {"phase_rad": not_zero}}
    schema["then"] = {"required": ["frequency_hz"], "properties": {"frequency_hz": not_zero}}


class SignalEntry(Table):
    """How strongly every spin feels the field, and how the field varies in time."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, json_schema_extra=_alternating)

    weights: Weights | Literal["alternating"] | None = None
    frequency_hz: Annotated[
        NotNegative | Literal["matched"],
        BeforeValidator(
            _frequency, json_schema_input_type=NotNegative | Literal["matched"] | Annotated[str, text_of("rate")]
        ),
    ] = 0.0
    phase_rad: Number = 0.0


# They increase, which a JSON Schema cannot say: it says that no two are equal.
Times = Annotated[list[Time], Field(json_schema_extra={"minItems": 1, "uniqueItems": True})]
Twosome = Annotated[list[str], Field(json_schema_extra={"minItems": 2, "maxItems": 2, "uniqueItems": True})]


class DeviceEntry(Table):
    idle: Idle | None = None
    qubits: Annotated[list[Index], at_least_one] | Literal["same", "best"] | None = None
    readout_shots: Annotated[int, Field(ge=0, le=1_000_000_000, strict=True), ZeroOr(LEAST_READOUT_SHOTS)] = 0
    tick_s: Time | None = None
    placements: list[PlacementEntry] = []


class SpecFile(Table):
    """The keys of a run spec, as written."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, use_attribute_docstrings=True)

    spec_schema: int = Field(alias="schema", strict=True, json_schema_extra={"const": SCHEMA})
    """Version of this format, 1."""
    name: str = Field(pattern=NAME, json_schema_extra={"not": {"pattern": RESERVED_PATTERN}})
    """Name of the run; that of its record begins with it."""
    description: str = ""
    """Description, for people."""
    probes: Annotated[list[Annotated[ProbeEntry, BeforeValidator(_named_or_given)]], _one_or_more(ProbeEntry)] = Field(
        min_length=1
    )
    """What is prepared: `qsense list probes`, a file, or tables with `state`, `amplitudes` or `circuit`."""
    num_qubits: Annotated[
        list[Size], BeforeValidator(one_or_more_sizes, json_schema_input_type=Size | _Sizes | list[Size])
    ] = []
    """Numbers of spins N: 4, [2, 4], "2-8" or "2:16:2"."""
    noise: Annotated[list[Annotated[NoiseEntry, _named("noise")]], _one_or_more(NoiseEntry)] = Field(min_length=1)
    """Noise: `qsense list noise`, a file, tables with rates, T1 and T2, or "calibration" of a device."""
    estimators: Annotated[list[Annotated[EstimatorEntry, _named("estimator")]], _one_or_more(EstimatorEntry)] = Field(
        min_length=1
    )
    """How G is estimated: `qsense list estimators`, or tables with `estimator` and its options."""
    field_rad_per_s: AngularFrequency
    """φ, the signal, in rad/s."""
    gyromagnetic_ratio_hz_per_t: Ratio | None = None
    """Of a spin, in Hz/T, for φ in tesla: a number, "28.03 GHz/T", or a name such as "nv"."""
    shots: Shots
    """Shots of every circuit."""
    times_s: Times | Annotated[dict[str, Times], Field(json_schema_extra={"minProperties": 1})] | None = None
    """Sensing times in s, increasing, or a table of them by probe; by default those that integrate G best."""
    backend: str = "emulator"
    """Where to run: "emulator", "aer", "fake:boston", "ibm:<device>", "module:factory"; `qsense list backends`."""
    allocation: str = Field(default="equal", json_schema_extra={"enum": list(ALLOCATIONS)})
    """How shots are shared over times: "equal", or "optimal" for the smallest error of 𝓘."""
    strategy: str = Field(default="one_step", json_schema_extra={"enum": list(STRATEGIES)})
    """How shots are spent: "one_step", or "adaptive", where a pilot finds phase and decay first."""
    seed: int = Field(ge=0, strict=True)
    """Seed of all random numbers; the same seed gives the same counts."""
    readout_error: ReadoutErrorEntry | None = None
    """Of a simulated readout: `up_given_down`, `down_given_up`."""
    signal: SignalEntry | None = None
    """`weights` of the spins, and `frequency_hz` and `phase_rad` of an alternating field."""
    idle: Idle | None = None
    """Pulses while sensing: free, hahn, xy4, cpmg:N or xy8:N."""
    device: DeviceEntry | None = None
    """Of a device: `qubits`, `readout_shots` for mitigation, `tick_s` of its clock."""
    compare: list[Twosome] | None = None
    """Pairs of probes to compare; by default every probe with the product probe."""
    plan: PlanEntry | None = None
    """What `qsense plan` foresaw, for `qsense compare`; decides no counts."""

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
