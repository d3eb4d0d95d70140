"""Noise from names, files and entries: a LocalNoise or a registered kind, and a NoiseModel only where there is more."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from qsense.errors import ArgumentError, SpecError, of_key
from qsense.noise.entries import KindEntry, LocalEntry, entry_of_dict, parts_of_entry
from qsense.noise.local import LocalNoise
from qsense.noise.model import Noise, NoiseModel, noise_model_of


def load_noise(name_or_path: str | Path, beside: Path | None = None) -> LocalNoise | NoiseModel:
    """Returns the noise that a TOML file describes.

    Args:
        name_or_path: the name of a shipped model ("dephasing") or the path of a file.
        beside: the folder that a relative path starts from; the working directory by default.

    Raises:
        ContentError: there is no such model.
        SpecError: the file is broken; the message names the file, the key and the fix.

    >>> type(load_noise("dephasing")).__name__
    'LocalNoise'
    """
    from qsense.noise import file  # its models are built only here

    path, entry = file.find(name_or_path, beside)
    try:
        local = LocalNoise.of_values(entry.values(), entry.name)
        return NoiseModel(local, **shared) if (shared := entry.shared()) else local
    except ArgumentError as error:
        raise SpecError(f"{path}: {of_key(str(error), '')}") from error


def noise_of_entry(entry: LocalEntry | KindEntry, folder: Path | None = None) -> Noise:
    """Returns the noise that an entry means; noise models are looked for beside `folder` too.

    Raises:
        ArgumentError: keys contradict each other, one is missing, or a number is out of its range.
        ContentError: there is no such noise model.
        SpecError: the noise model's file is broken, or a key of a registered kind is wrong.
    """
    model, local, shared = parts_of_entry(entry)
    if model is not None:
        return with_shared(load_noise(model, folder), shared)
    return with_shared(local or LocalNoise(name=entry.name or "custom"), shared)


def ratio_of_entry(entry: LocalEntry | KindEntry, folder: Path | None = None) -> float | None:
    """Returns the gyromagnetic ratio in Hz/T that an entry gives, or the noise model that it names; None without one.

    Raises:
        ContentError, SpecError: as `noise_of_entry`.
    """
    if entry.gyromagnetic_ratio_hz_per_t is not None or not isinstance(entry, LocalEntry) or entry.noise is None:
        return entry.gyromagnetic_ratio_hz_per_t
    from qsense.noise import file

    found = file.find(entry.noise, folder)[1].gyromagnetic_ratio_hz_per_t
    return None if found is None else float(found.si())


def noise_of_dict(keys: Mapping[str, Any], source: str = "noise") -> Noise:
    """Returns the noise of the keys of a `[[noise]]` entry, such as `to_dict` and `qsense theory --json` write them.

    A gyromagnetic ratio is no part of the noise (`ratio_of_entry`).

    Raises:
        ArgumentError, ContentError, SpecError: as `noise_of_entry`; a key is unknown or of a wrong type.

    >>> noise_of_dict({"dephasing_rate": "0.2/us", "collective_dephasing_rate": 10.0}).collective_dephasing
    10.0
    """
    return noise_of_entry(entry_of_dict(keys, source))


def with_shared(noise: Noise, shared: Mapping[str, Any]) -> Noise:
    """Returns a noise with further parts, arguments of NoiseModel, added to its own.

    Raises:
        ArgumentError: both have couplings.
    """
    return noise_model_of(noise).with_parts(shared) if shared else noise
