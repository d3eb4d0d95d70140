"""Parts of a run spec: what its keys `signal`, `device` and `noise` mean."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from qsense.errors import ArgumentError, SpecError, keys_named
from qsense.noise import Noise
from qsense.noise.entries import KindEntry, LocalEntry
from qsense.noise.loading import noise_of_entry
from qsense.runs.gyromagnetic import is_calibration
from qsense.runs.placement import CalibrationNoise, DeviceOptions
from qsense.runs.spec_file import SpecFile
from qsense.signals import UNIFORM, Signal


def check_once(source: str, key: str, names: list[str]) -> None:
    """Refuses names of which one is twice in a list."""
    for position, name in enumerate(names):
        if name in names[:position]:
            raise SpecError(f'{source}: key `{key}`: "{name}" is listed twice; name each once.')


def signal_of(entry: SpecFile) -> Signal:
    """Returns the signal of a spec."""
    given = entry.signal
    if given is None:
        return UNIFORM
    with keys_named({"frequency": "frequency_hz", "phase": "phase_rad"}):
        return Signal(given.weights, given.frequency_hz, given.phase_rad)


def device_of(entry: SpecFile) -> tuple[DeviceOptions | None, str]:
    """Returns the options of a device, and the pulses, which `idle` and `device.idle` both name."""
    named = None if entry.device is None else entry.device.idle
    if entry.idle is not None and named is not None and entry.idle != named:
        raise ArgumentError(f'`idle` is "{named}" here and "{entry.idle}" in the spec; give it once')
    idle = entry.idle or named or "free"
    return None if entry.device is None else replace(DeviceOptions.from_entry(entry.device), idle=idle), idle


def noise_of(entry: LocalEntry | KindEntry, folder: Path) -> Noise | CalibrationNoise:
    """Returns the noise of an entry; that of a calibration is not known before a device is."""
    if is_calibration(entry):
        return CalibrationNoise()
    return noise_of_entry(entry, folder)
