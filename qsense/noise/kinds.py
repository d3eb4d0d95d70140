"""The registry of noise kinds that a run spec can name by `kind = "…"`, beside the local noise that needs no kind."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from qsense.errors import ArgumentError, nearest
from qsense.noise.protocol import SpinNoise

if TYPE_CHECKING:
    from qsense.files.toml_file import Table

ENTRY_POINTS = "qsense.noise"
_LOCAL_UNITS = {
    **dict.fromkeys(("dephasing_rate", "emission_rate", "absorption_rate", "transverse_rate"), "1/s"),
    "dephasing_exponent": "1",
    "collective_dephasing_rate": "1/s",
    "coupling_rad_per_s": "rad/s",
}


@dataclass(frozen=True)
class NoiseKind:
    """A kind of noise that a run spec can name.

    Attributes:
        name: the word after `kind =`.
        keys: the model of the entry's keys other than `kind` and `name`.
        build: called with these keys and `name` as keyword arguments; returns the noise.
        units: the unit of every key, "1" for a number without one and for texts.
    """

    name: str
    keys: type[Table]
    build: Callable[..., SpinNoise]
    units: Mapping[str, str]


_KINDS: dict[str, NoiseKind] = {}


def register_noise(name: str, keys: type[Table], build: Callable[..., SpinNoise], units: Mapping[str, str]) -> None:
    """Makes a kind of noise known to run specs, until the process ends.

    An installed package registers its kinds where an entry point of the group `qsense.noise` names a module that does
    so on import; then the command line and the workers of studies know them too.

    Args:
        name, keys, build, units: the attributes of `NoiseKind`. The noise's `to_dict` gives `kind`, `name` and the keys
            from which `build` makes an equal noise.

    Raises:
        ArgumentError: the name is taken by another kind, or a key has no unit.
    """
    if lacking := sorted(set(keys.model_fields) - set(units)):
        raise ArgumentError(f'Argument `units` must have a unit for the key `{lacking[0]}`; "1" for a number without.')
    kind = NoiseKind(name, keys, build, dict(units))
    if _KINDS.setdefault(name, kind) != kind:
        raise ArgumentError(f'Argument `name`: another kind of noise is registered as "{name}"; take another name.')


def noise_kind(name: str) -> NoiseKind:
    """Returns a registered kind of noise.

    Raises:
        ArgumentError: no kind of this name is registered or installed.
    """
    if name not in _KINDS:
        from importlib.metadata import entry_points  # slow to import

        for point in entry_points(group=ENTRY_POINTS):
            point.load()
    if name not in _KINDS:
        known = nearest(name, _KINDS) if _KINDS else "None is registered; call `qsense.noise.register_noise` first."
        raise ArgumentError(f'unknown kind of noise "{name}". {known}')
    return _KINDS[name]


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

    known = noise_kind(kind)
    values = toml_file.parse(keys, known.keys, f'kind "{kind}"')
    noise = known.build(name=name or kind, **values.model_dump(exclude_unset=True))
    written = noise.to_dict()
    if (written.get("kind"), written.get("name")) != (kind, noise.name):
        raise ArgumentError(f'the kind "{kind}" does not write itself back: `to_dict` must give its `kind` and `name`')
    return noise


def check_channel(noise: SpinNoise, num_qubits: int) -> None:
    """Refuses a noise whose rates or channel are impossible for this number of spins.

    Raises:
        ArgumentError: as `noise.check`, or the noise breaks what `SpinNoise` promises.
    """
    noise.check(num_qubits)
    rates = np.asarray(noise.decay_rates(num_qubits))
    if rates.shape != (num_qubits,) or not (np.isfinite(rates) & (rates >= 0)).all():
        raise ArgumentError(f'the noise "{noise.name}" must give one finite decay rate ≥ 0 per spin, but gives {rates}')
    times = np.append(0.0, 1 / np.unique(rates[rates > 0]))
    coherence, up, down = (np.asarray(factor) for factor in noise.channel(times, num_qubits))
    shape = (len(times), num_qubits)
    shaped = coherence.shape == up.shape == down.shape == shape
    with np.errstate(invalid="ignore"):
        possible = shaped and ((up >= 0) & (up <= 1) & (down >= 0) & (down <= 1) & (coherence**2 <= up * down + 1e-12))
    if not np.all(possible):
        raise ArgumentError(f'the noise "{noise.name}" gives no channel: coherence² is above stay_up · stay_down')
    if not np.allclose([coherence[0], up[0], down[0]], 1, rtol=0, atol=1e-9):
        raise ArgumentError(f'the noise "{noise.name}" must do nothing at t = 0: all factors of its channel must be 1')
