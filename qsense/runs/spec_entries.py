"""The tables in a run spec: what a probe, an estimator, a signal and a device may be told."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import AfterValidator, AliasChoices, BeforeValidator, ConfigDict, Field, WithJsonSchema
from pydantic.json_schema import SkipJsonSchema

from qsense.files.bounds import Index, NotNegative, Number, ZeroOr, at_least_one, no_text, text_of, whole
from qsense.files.quantities import Time
from qsense.files.toml_file import Table
from qsense.files.units import quantity
from qsense.probes import Probe
from qsense.signals import MATCHED, Pulses
from qsense.signals.pulses import PATTERN

LEAST_READOUT_SHOTS = 50  # with fewer, readout errors are not known to a useful precision


def _frequency(value: Any) -> Any:
    """A text of a frequency as a number in Hz; "matched" stays."""
    return quantity(value, "rate") if isinstance(value, str) and value != MATCHED else value


def _sequence(value: str) -> str:
    return Pulses.named(value).name


Idle = Annotated[str, AfterValidator(_sequence), WithJsonSchema({"type": "string", "pattern": PATTERN})]

# Rules for the decay of larger GHZ states are beyond the range of floating-point numbers.
MOST_SPINS = 1000
Size = Annotated[int, Field(ge=1, le=MOST_SPINS, strict=True), whole]
# Counts are stored in 32 bits.
Shots = Annotated[int, Field(ge=1, le=1_000_000_000, strict=True), whole]


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

    @classmethod
    def further_keys(cls) -> set[str]:
        """Returns the options of all estimators."""
        from qsense.estimators.registry import AUTO, estimator_named, estimator_names  # a spec that is right needs none

        return {option for name in estimator_names() if name != AUTO for option in estimator_named(name).options}


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


class DeviceEntry(Table):
    idle: Idle | None = None
    qubits: Annotated[list[Index], at_least_one] | Literal["same", "best"] | None = None
    readout_shots: Annotated[int, Field(ge=0, le=1_000_000_000, strict=True), whole, ZeroOr(LEAST_READOUT_SHOTS)] = 0
    tick_s: Time | None = None
    placements: list[PlacementEntry] = []
