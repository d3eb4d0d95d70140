"""The `[[noise]]` entries of a run spec: which keys there are, and the parts of the noise that they mean."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, NamedTuple

from pydantic import BeforeValidator, ConfigDict, Discriminator, Field, Tag, WithJsonSchema

from qsense.errors import ArgumentError
from qsense.files.bounds import Fraction, Number, ZeroOr, at_least_one, no_text, text_of
from qsense.files.patterns import quantity_pattern
from qsense.files.quantities import (
    AngularFrequencies,
    AngularFrequency,
    Length,
    Lengths,
    RelaxationTimes,
    with_unit,
)
from qsense.files.toml_file import Table, parse
from qsense.noise import rules
from qsense.noise.checked import NAME
from qsense.noise.kinds import noise_of_kind
from qsense.noise.parts import LOCAL, local_of
from qsense.noise.phase_noise import MEMORIES, SPACES
from qsense.noise.protocol import SpinNoise
from qsense.noise.relaxation import FASTEST, SLOWEST
from qsense.noise.shared import SHARED, shared_of
from qsense.signals.magnetic import SPINS, checked_ratio

_ONE_RATE = Annotated[float, ZeroOr(SLOWEST, FASTEST)]
_RateText = Annotated[str, text_of("rate")]
Rate = Annotated[_ONE_RATE, with_unit("rate", _ONE_RATE | _RateText)]
# One number for all spins, or one for each.
Rates = Annotated[
    _ONE_RATE | Annotated[list[_ONE_RATE], at_least_one],
    with_unit("rate", _ONE_RATE | _RateText | Annotated[list[_ONE_RATE | _RateText], at_least_one]),
]
_Spread = Annotated[_ONE_RATE, with_unit("angular frequency", _ONE_RATE | Annotated[str, text_of("angular frequency")])]
_ONE_TIME = Annotated[float, Field(gt=0, le=FASTEST)]
_Correlation = Annotated[_ONE_TIME, with_unit("time", _ONE_TIME | Annotated[str, text_of("time", zero=False)])]
Fractions = Fraction | Annotated[list[Fraction], at_least_one]
Positive = Annotated[float, Field(gt=0), no_text]
Name = Annotated[str, Field(pattern=NAME)]


def _ratio(value: Any) -> Any:
    """A gyromagnetic ratio as a number in Hz/T, from a number, a text or the name of a spin."""
    if isinstance(value, bool):
        raise ValueError(f'should be a number in Hz/T, a text such as "28.03 GHz/T" or a name, but is {value}')
    return checked_ratio(value) if isinstance(value, int | float | str) else value


class PhaseNoiseEntry(Table):
    """Noise of the phase: how spins share it (`space`) and how it remembers (`memory`), with the numbers of both."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, json_schema_extra=rules.of_phase_noise)

    space: str | None = Field(default=None, json_schema_extra={"enum": list(SPACES)})
    memory: str | None = Field(default=None, json_schema_extra={"enum": list(MEMORIES)})
    rate: Rate | None = None
    exponent: Annotated[float, Field(ge=0), no_text] | None = None
    spread_rad_per_s: _Spread | None = None
    correlation_time_s: _Correlation | None = None
    low_hz: Rate | None = None
    high_hz: Rate | None = None
    pairs: list[list[Number]] | None = None
    positions_m: Lengths | None = None
    length_m: Length | None = None
    matrix: list[list[Number]] | None = None


class CouplingPairEntry(Table):
    """The couplings of one pair of spins."""

    model_config = ConfigDict(
        extra="forbid", frozen=True, allow_inf_nan=False, json_schema_extra=rules.of_coupling_pair
    )

    spins: list[Annotated[int, no_text]]
    zz_rad_per_s: AngularFrequency | None = None
    dipolar_rad_per_s: AngularFrequency | None = None


_WRITTEN_RATIO = {
    "anyOf": [
        {"type": "number", "not": {"const": 0}},
        {"enum": list(SPINS)},
        {"type": "string", "pattern": quantity_pattern("gyromagnetic ratio", signed=True, zero=False)},
    ]
}
Ratio = Annotated[float, BeforeValidator(_ratio), WithJsonSchema(_WRITTEN_RATIO)]


class SharedEntry(Table):
    """What acts on more than one spin, or remembers; beside any local noise. And what the field is in tesla."""

    collective_dephasing_rate: Rate | None = None
    phase_noise: list[PhaseNoiseEntry] | None = None
    coupling_rad_per_s: AngularFrequencies | None = None
    dipolar_rad_per_s: AngularFrequencies | None = None
    coupling_pairs: list[CouplingPairEntry] | None = None
    gyromagnetic_ratio_hz_per_t: Ratio | None = None


class LocalEntry(SharedEntry):
    """Local noise: the name of a noise model, or rates, or T1 and T2; and what is shared beside it."""

    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False, json_schema_extra=rules.of_local)

    WANTED = "the name of a noise model, or a table with keys such as dephasing_rate, emission_rate, t2_s"

    noise: str | None = None
    name: Name | None = None
    dephasing_rate: Rates | None = None
    emission_rate: Rates | None = None
    absorption_rate: Rates | None = None
    depolarizing_rate: Rates | None = None
    transverse_rate: Rates | None = None
    dephasing_exponent: Positive | None = None
    t1_s: RelaxationTimes | None = None
    t2_s: RelaxationTimes | None = None
    excited_population: Fractions | None = None


class KindEntry(SharedEntry):
    """A registered kind of noise, whose own keys are checked when the kind is looked up; and what is shared beside."""

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)

    kind: str
    name: Name | None = None


def _tag(value: Any) -> str:
    return "Kind" if isinstance(value, KindEntry) or (isinstance(value, dict) and "kind" in value) else "Local"


# Tags that begin with a capital are left out of the keys that errors name.
NoiseEntry = Annotated[Annotated[LocalEntry, Tag("Local")] | Annotated[KindEntry, Tag("Kind")], Discriminator(_tag)]


class Parts(NamedTuple):
    """What an entry means.

    Attributes:
        model: the name of the noise model that stands for the local noise, and may have more; None without one.
        local: the local noise; None where the entry gives none.
        shared: further arguments of NoiseModel.
    """

    model: str | None
    local: SpinNoise | None
    shared: dict[str, Any]


def parts_of_entry(entry: LocalEntry | KindEntry) -> Parts:
    """Returns the parts of the noise that an entry means.

    Raises:
        ArgumentError: keys contradict each other, one is missing, or a number is out of its range.
        SpecError: a key of a registered kind is wrong.
    """
    given = entry.model_dump(exclude_none=True, exclude=set(entry.model_extra or ()))
    shared = shared_of({key: given[key] for key in SHARED if key in given})
    if isinstance(entry, KindEntry):
        return Parts(None, noise_of_kind(entry.kind, entry.name, entry.model_extra or {}), shared)
    keys = {key: given[key] for key in LOCAL if key in given}
    if entry.noise is not None and (keys or entry.name is not None):
        raise ArgumentError("give either a noise model's name or numbers, not both")
    local = local_of(keys, entry.name or "custom")
    if local is None and not shared and entry.noise is None:
        raise ArgumentError("no noise is given; add `dephasing_rate`, `emission_rate`, or `t2_s`, alone or with `t1_s`")
    return Parts(entry.noise, local, shared)


def entry_of_dict(keys: Mapping[str, Any], source: str = "noise") -> LocalEntry | KindEntry:
    """Returns a dictionary of an entry's keys, such as one that `to_dict` has written, as an entry.

    Raises:
        SpecError: a key is unknown or of a wrong type.
    """
    return parse(dict(keys), KindEntry, source) if "kind" in keys else parse(dict(keys), LocalEntry, source)
