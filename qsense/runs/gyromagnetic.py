"""The gyromagnetic ratios of a spec: of each noise, as its entry, the spec or the noise model's file gives it."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from qsense.errors import ArgumentError, at_key
from qsense.noise import Noise
from qsense.noise.entries import KindEntry, LocalEntry
from qsense.noise.loading import ratio_of_entry
from qsense.runs.placement import CALIBRATION, CalibrationNoise
from qsense.signals.magnetic import KEY

if TYPE_CHECKING:
    from qsense.runs.spec_file import SpecFile


def ratios_of(
    entry: SpecFile, noises: Sequence[Noise | CalibrationNoise], source: str, folder: Path
) -> tuple[tuple[str, float], ...]:
    """Returns the ratio in Hz/T of each noise that has one, by the noise's name.

    What an entry of `noise` gives goes before the key of the spec, and that before what a noise model's file says.

    Raises:
        SpecError: an entry and the spec give it both.
    """
    found = []
    for index, (one, noise) in enumerate(zip(entry.noise, noises, strict=True)):
        with at_key(source, f"noise[{index}]"):
            own, common = one.gyromagnetic_ratio_hz_per_t, entry.gyromagnetic_ratio_hz_per_t
            if own is not None and common is not None and own != common:
                raise ArgumentError(f"`{KEY}` is {own:g} here and {common:g} in the spec (Hz/T); give it once")
            ratio = common if common is not None else own
            if ratio is None and not is_calibration(one):
                ratio = ratio_of_entry(one, folder)
        if ratio is not None:
            found.append((noise.name, ratio))
    return tuple(found)


def is_calibration(entry: LocalEntry | KindEntry) -> bool:
    """Returns whether an entry stands for what a device reports."""
    alone = entry.model_copy(update={KEY: None})
    return isinstance(alone, LocalEntry) and alone == LocalEntry(noise=CALIBRATION)
