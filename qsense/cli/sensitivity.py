"""What a rate of information means for a field: T/√Hz where the spins' ratio is known, Hz/√Hz, and the range."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from qsense.cli.options import finite, named, value
from qsense.errors import ArgumentError

if TYPE_CHECKING:
    from qsense.noise import AnyNoise
    from qsense.probes import Probe

GyromagneticRatio = Annotated[
    str | None,
    typer.Option(
        metavar="HZ/T",
        # Those of `magnetic.SPINS`, which would bring NumPy to every start of the command.
        help="Of a spin, for fields in T: 28.03GHz/T, or electron, nv, ca40_ground, ca40_optical, cs133; else the "
        "noise model's own.",
    ),
]


def ratio_of(text: str | None, model: str | None) -> float | None:
    """Returns the gyromagnetic ratio in Hz/T of an option, or of the noise model that is named; None without one.

    Raises:
        ArgumentError: it is none; names the option.
    """
    if text is not None:
        from qsense.signals import magnetic

        with named("--gyromagnetic-ratio"):
            return magnetic.checked_ratio(text)
    if model is None:
        return None
    from qsense.noise.entries import LocalEntry
    from qsense.noise.loading import ratio_of_entry

    return ratio_of_entry(LocalEntry(noise=model))


def field_of(option: str, text: str, ratio: float | None) -> float:
    """Returns the field of an option in rad/s; one in T, such as 1nT, by the ratio of the spins in Hz/T.

    Raises:
        ArgumentError: it is no field, or in T without a ratio; names the option.
    """
    from qsense.signals.magnetic import phase_rate

    if not text.strip().endswith(("T", "G")):
        return value(option, text, "angular frequency")
    if ratio is None:
        raise ArgumentError(f"Option {option} is in tesla: give --gyromagnetic-ratio, or a noise model that has one.")
    with named(option):
        return phase_rate(value(option, text, "magnetic field"), ratio)


def sensitivity(probe: Probe, noise: AnyNoise, ratio: float | None, rate: Any, dead_time: float) -> dict[str, Any]:
    """Returns the keys of the answer about the field at the best rate; None where something is not known.

    The range is π/(N t) of a GHZ probe, π/t of a product probe; of others no single fringe says it.
    """
    from qsense.noise import world_of
    from qsense.signals import magnetic
    from qsense.theory.block import reach

    found: dict[str, Any] = {
        magnetic.KEY: ratio,
        "sensitivity_hz_per_root_hz": None,
        "sensitivity_t_per_root_hz": None,
        "dynamic_range_rad_per_s": None,
        "dynamic_range_t": None,
        "windows_per_s": None,
    }
    if not rate or not rate.value > 0:
        return found
    found["sensitivity_hz_per_root_hz"] = finite(magnetic.frequency_sensitivity(rate.value))
    found["windows_per_s"] = finite(1 / (rate.time + dead_time)) if rate.time + dead_time else None
    if probe.kind in ("ghz", "product"):
        turns = reach(probe, world_of(noise)) if probe.kind == "ghz" else 1.0
        found["dynamic_range_rad_per_s"] = finite(magnetic.dynamic_range(turns, rate.time))
    if ratio is not None:
        found["sensitivity_t_per_root_hz"] = finite(magnetic.field_sensitivity(rate.value, ratio))
        if found["dynamic_range_rad_per_s"] is not None:
            found["dynamic_range_t"] = abs(magnetic.magnetic_field(found["dynamic_range_rad_per_s"], ratio))
    return found


def sensitivity_line(answer: dict[str, Any]) -> str | None:
    """Returns a line about the field at the best rate; None where no ratio is known."""
    if answer["sensitivity_t_per_root_hz"] is None:
        return None
    from qsense.signals import magnetic

    shown = magnetic.readable_field(answer["sensitivity_t_per_root_hz"], per_root_hertz=True)
    line = f"there a field is told to {shown} ({magnetic.readable_ratio(answer[magnetic.KEY])})"
    reach = answer["dynamic_range_t"]
    return line if reach is None else f"{line}, without ambiguity within ±{magnetic.readable_field(reach)}"
