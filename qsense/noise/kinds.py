"""The kinds of noise that a run spec can name by `kind = "…"`, beside the local noise that needs no kind.

A kind is registered by `register_noise`, or by an entry point of the group `qsense.noises` of an installed
distribution, which worker processes and the command line find too.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from qsense.errors import ArgumentError, SpecError, nearest
from qsense.extensions import entry_points
from qsense.files.units import kind_of_unit, with_quantities
from qsense.noise.checked import CheckedNoise, call_extension
from qsense.noise.protocol import SpinNoise

if TYPE_CHECKING:
    from qsense.files.toml_file import Table

ENTRY_POINTS = "qsense.noises"
_LOCAL_UNITS = {
    **dict.fromkeys(("dephasing_rate", "emission_rate", "absorption_rate", "transverse_rate"), "1/s"),
    "depolarizing_rate": "1/s",
    "dephasing_exponent": "1",
    "collective_dephasing_rate": "1/s",
    "coupling_rad_per_s": "rad/s",
    "dipolar_rad_per_s": "rad/s",
    **dict.fromkeys(("phase_noise", "coupling_pairs"), "1"),  # tables, whose keys end in their units
}
_RESERVED = {"kind", "name", "noise", "t1_s", "t2_s", "excited_population", *_LOCAL_UNITS}


@dataclass(frozen=True)
class NoiseKind:
    """A kind of noise that a run spec can name.

    Attributes:
        name: the word after `kind =`.
        keys: the model of the entry's keys other than `kind` and `name`.
        build: called with these keys and `name` as keyword arguments; returns the noise, whose `to_dict` gives `kind`,
            `name` and keys that build an equal noise.
        units: the unit of every key, "1" for a number without one and for texts.
    """

    name: str
    keys: type[Table]
    build: Callable[..., SpinNoise]
    units: Mapping[str, str]


_REGISTERED: dict[str, NoiseKind] = {}


def register_noise(kind: NoiseKind) -> NoiseKind:
    """Makes a kind of noise known to run specs, and returns it.

    Raises:
        ArgumentError: it is no NoiseKind, its name is taken or not a plain word, or a key is reserved or has no unit.
    """
    if not isinstance(kind, NoiseKind):
        raise ArgumentError(f"Argument `kind` must be a qsense.noise.NoiseKind, but is {kind!r}.")
    if not isinstance(kind.name, str) or not re.fullmatch(r"[A-Za-z][A-Za-z0-9_-]*", kind.name):
        raise ArgumentError(
            f"The name of a kind of noise must be a letter, then letters, digits, `_` and `-`, but is {kind.name!r}."
        )
    if not (isinstance(kind.keys, type) and hasattr(kind.keys, "model_fields") and callable(kind.build)):
        raise ArgumentError(
            f'The kind of noise "{kind.name}" must have a subclass of qsense.files.toml_file.Table as `keys` and a '
            "function as `build`."
        )
    if not isinstance(kind.units, Mapping):
        raise ArgumentError(f'The kind of noise "{kind.name}" must have a dictionary as `units`.')
    if reserved := sorted(set(kind.keys.model_fields) & _RESERVED):
        raise ArgumentError(
            f'The kind of noise "{kind.name}" has a key `{reserved[0]}`, which means something else in every entry; '
            "choose another word."
        )
    if lacking := sorted(set(kind.keys.model_fields) - set(kind.units)):
        raise ArgumentError(
            f'The kind of noise "{kind.name}" has no unit for its key `{lacking[0]}`; give "1" for none.'
        )
    if _REGISTERED.setdefault(kind.name, kind) != kind:
        raise ArgumentError(f'A kind of noise "{kind.name}" is registered already; choose another name.')
    return kind


def unregister_noise(name: str) -> None:
    """Makes specs forget a kind of noise.

    Raises:
        ArgumentError: there is none of that name.
    """
    del _REGISTERED[noise_kind(name).name]


def noise_kinds() -> list[str]:
    """Returns the names of the kinds of noise that are registered or installed, and allowed."""
    _load_installed()
    return sorted(_REGISTERED)


def noise_kind(name: str) -> NoiseKind:
    """Returns a registered kind of noise.

    Raises:
        ArgumentError: no kind of this name is registered or installed, or it is code that is not allowed.
    """
    if name not in _REGISTERED:
        _load_installed()
    if name not in _REGISTERED:
        hint = entry_points.hint(ENTRY_POINTS, name, f'the kind of noise "{name}"')
        known = nearest(name, _REGISTERED) if _REGISTERED else "None is registered."
        raise ArgumentError(f'unknown kind of noise "{name}". {known}{hint}')
    return _REGISTERED[name]


def _load_installed() -> None:
    """Registers the kinds of noise of installed distributions that are allowed."""
    entry_points.register_installed(ENTRY_POINTS, lambda name, kind: register_noise(kind))


def noise_units(entry: Mapping[str, Any]) -> Mapping[str, str]:
    """Returns the units of the keys of a noise's `to_dict`.

    >>> from qsense.noise import LocalNoise
    >>> noise_units(LocalNoise(dephasing=0.1).to_dict())["dephasing_rate"]
    '1/s'
    """
    return {**_LOCAL_UNITS, **noise_kind(entry["kind"]).units} if "kind" in entry else _LOCAL_UNITS


def noise_of_kind(kind: str, name: str | None, keys: dict[str, Any]) -> SpinNoise:
    """Returns the noise of an entry that names a registered kind.

    Args:
        kind: a registered kind.
        name: of the noise; the kind's by default.
        keys: the entry's other keys.

    Raises:
        ArgumentError: the kind is unknown or a number is out of its range.
        SpecError: a key is missing, unknown or of a wrong type.
    """
    from qsense.files import toml_file  # pydantic is needed only here

    known, label, name = noise_kind(kind), f'The kind of noise "{kind}"', name or kind

    def build(keys: dict[str, Any]) -> SpinNoise:
        keys = {key: _in_si(key, value, known.units.get(key, "1")) for key, value in keys.items()}
        values = toml_file.parse(keys, known.keys, f'kind "{kind}"').model_dump(exclude_unset=True)
        return call_extension(label, "build", lambda: known.build(name=name, **values))

    noise = build(keys)
    if noise is None or CheckedNoise(noise).name != name:
        raise ArgumentError(f'{label} must build a noise of the name "{name}" that it is given.')
    written = dict(CheckedNoise(noise).to_dict())
    if (written.pop("kind", None), written.pop("name", None)) != (kind, name):
        raise ArgumentError(f"{label} does not write itself back: `to_dict` must give its `kind` and `name`.")
    try:
        again = build(written)
    except SpecError as error:
        raise ArgumentError(f"{label} does not write itself back: `to_dict` must give its keys; {error}") from error
    if not call_extension(label, "==", lambda: bool(again == noise)):
        raise ArgumentError(f"{label} does not write itself back: `build` with the keys of `to_dict` is another noise.")
    return noise


def _in_si(key: str, value: Any, unit: str) -> Any:
    """The value of a key whose unit is s, 1/s or rad/s with its texts as numbers."""
    kind = kind_of_unit(unit)
    if kind is None:
        return value
    try:
        return with_quantities(value, kind)
    except ArgumentError as error:
        raise SpecError(f"key `{key}` {error}") from error
