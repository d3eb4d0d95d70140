"""The `[[noise]]` entries of a run spec: which keys there are, and the noise that they mean."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

from pydantic import ConfigDict, Discriminator, Field, Tag

from qsense.errors import ArgumentError
from qsense.files.quantities import Rates, RelaxationTimes
from qsense.files.toml_file import Table
from qsense.noise.checked import FASTEST, NAME, SLOWEST
from qsense.noise.kinds import noise_of_kind
from qsense.noise.local import KINDS, LocalNoise
from qsense.noise.protocol import SpinNoise

Fractions = float | list[float]
Name = Annotated[str, Field(pattern=NAME)]


class LocalEntry(Table):
    """Local noise: the name of a noise model, or rates, or T1 and T2."""

    noise: str | None = None
    name: Name | None = None
    dephasing_rate: Rates | None = None
    emission_rate: Rates | None = None
    absorption_rate: Rates | None = None
    t1_s: RelaxationTimes | None = None
    t2_s: RelaxationTimes | None = None
    excited_population: Fractions | None = None


class KindEntry(Table):
    """A registered kind of noise, whose own keys are checked when the kind is looked up."""

    model_config = ConfigDict(extra="allow", frozen=True, allow_inf_nan=False)

    kind: str
    name: Name | None = None


def _tag(value: Any) -> str:
    return "Kind" if isinstance(value, KindEntry) or (isinstance(value, dict) and "kind" in value) else "Local"


# Tags that begin with a capital are left out of the keys that errors name.
NoiseEntry = Annotated[Annotated[LocalEntry, Tag("Local")] | Annotated[KindEntry, Tag("Kind")], Discriminator(_tag)]


def noise_of_entry(entry: LocalEntry | KindEntry, folder: Path) -> SpinNoise:
    """Returns the noise that an entry means; noise models are looked for beside `folder` too.

    Raises:
        ArgumentError: keys contradict each other, one is missing, or a number is out of its range.
        ContentError: there is no such noise model.
        SpecError: the noise model's file is broken, or a key of a registered kind is wrong.
    """
    if isinstance(entry, KindEntry):
        return noise_of_kind(entry.kind, entry.name, entry.model_extra or {})
    return _in_range(_local(entry, folder))


def _local(entry: LocalEntry, folder: Path) -> LocalNoise:
    rates = {k: getattr(entry, f"{k}_rate") for k in KINDS}
    rates = {key: value for key, value in rates.items() if value is not None}
    given = {"t1": entry.t1_s, "t2": entry.t2_s, "excited_population": entry.excited_population}
    times = {key: value for key, value in given.items() if value is not None}
    if entry.noise is not None:
        if rates or times or entry.name is not None:
            raise ArgumentError("give either a noise model's name or numbers, not both")
        return LocalNoise.load(entry.noise, beside=folder)
    if rates and times:
        raise ArgumentError("give either rates or T1 and T2, not both")
    name = entry.name or "custom"
    if times:
        if "t1" not in times or "t2" not in times:
            raise ArgumentError("`t1_s` and `t2_s` go together; add the missing one")
        return LocalNoise.from_t1_t2(times["t1"], times["t2"], times.get("excited_population", 0.0), name)
    if not rates:
        raise ArgumentError("no noise is given; add `dephasing_rate`, `emission_rate`, or `t1_s` and `t2_s`")
    return LocalNoise(**rates, name=name)


def _in_range(noise: LocalNoise) -> LocalNoise:
    """Refuses rates whose powers are beyond the range of floating-point numbers."""
    for kind in KINDS:
        for rate in getattr(noise, kind):
            if rate and not SLOWEST <= rate <= FASTEST:
                raise ArgumentError(f"`{kind}_rate` must be 0 or from {SLOWEST} to {FASTEST} 1/s, but is {rate}")
    return noise
