"""Options of the world beside local noise: signal, pulses, noise of the phase, couplings; and it all in words."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qsense.cli.options import named
from qsense.cli.options import value as quantity_of
from qsense.errors import ArgumentError, nearest

if TYPE_CHECKING:
    from qsense.noise import AnyNoise, Noise
    from qsense.signals import Pulses, Signal

Weights = Annotated[
    str | None, typer.Option(metavar="W", help="How strongly each spin feels the field: 1,-1 or alternating.")
]
Frequency = Annotated[
    str | None,
    typer.Option(metavar="HZ", help="Of an alternating field: 50 (Hz), 5kHz, or matched (in step with the pulses)."),
]
SignalPhase = Annotated[float, typer.Option(metavar="RAD", help="α of the alternating field cos(2πft + α).")]
Idle = Annotated[str, typer.Option(metavar="PULSES", help="Pulses while sensing: free, hahn, xy4, cpmg:N, xy8:N.")]
Dipolar = Annotated[
    str, typer.Option(metavar="RAD/S", help="D of D/4 (2ZZ − XX − YY), the same for all pairs; dense, N ≤ 10.")
]
CouplingPair = Annotated[
    list[str] | None,
    typer.Option(metavar="PAIR", help='Couplings of two spins: "spins=0,1 zz=2krad/s dipolar=1"; once for each pair.'),
]
PhaseNoise = Annotated[
    list[str] | None,
    typer.Option(
        metavar="NOISE",
        help='Noise of the phase, how spins share it and how it remembers: "space=collective memory=quasi_static '
        'spread=2krad/s"; once for each.',
    ),
]
# What people write, for the keys of a `phase_noise` and of a `coupling_pairs` table.
_SHORT = {
    "spread": "spread_rad_per_s", "correlation_time": "correlation_time_s", "low": "low_hz", "high": "high_hz",
    "positions": "positions_m", "length": "length_m", "zz": "zz_rad_per_s", "dipolar": "dipolar_rad_per_s",
}  # fmt: skip
_TEXTS, _LISTS = ("space", "memory"), ("positions_m", "spins")


def shared_parts(
    phase_noise: Sequence[str] | None,
    coupling_pairs: Sequence[str] | None,
    collective: str = "0",
    coupling: str = "0",
    dipolar: str = "0",
) -> dict[str, Any]:
    """Returns the arguments of NoiseModel, but for `local`, that options give; empty where they give none.

    Raises:
        ArgumentError: a word or a number is wrong; names the option.
    """
    found: dict[str, Any] = {}
    for option, text, kind in (
        ("collective-dephasing", collective, "rate"),
        ("coupling", coupling, "angular frequency"),
        ("dipolar", dipolar, "angular frequency"),
    ):
        number = quantity_of(f"--{option}", text, kind)  # type: ignore[arg-type]
        if number:
            found[option.replace("-", "_")] = number
    if phase_noise or coupling_pairs:
        found |= _tables(phase_noise or [], coupling_pairs or [], found)
    return found


def _tables(phase_noise: Sequence[str], coupling_pairs: Sequence[str], found: dict[str, Any]) -> dict[str, Any]:
    from qsense.files import toml_file
    from qsense.noise.entries import CouplingPairEntry, PhaseNoiseEntry
    from qsense.noise.shared import shared_of

    more: dict[str, Any] = {}
    for option, key, texts, model in (
        ("--phase-noise", "phase_noise", phase_noise, PhaseNoiseEntry),
        ("--coupling-pair", "coupling_pairs", coupling_pairs, CouplingPairEntry),
    ):
        for text in texts:
            keys = _words(option, text, list(model.model_fields))
            read = toml_file.parse(keys, model, f'Option {option} "{text}"')
            more.setdefault(key, []).append(read.model_dump(exclude_none=True))
    with named("--phase-noise and --coupling-pair:"):
        shared = shared_of(more)
    for argument in ("coupling", "dipolar"):
        if argument in shared and argument in found:
            raise ArgumentError(f"Give the couplings once, by --{argument} or by --coupling-pair.")
    return shared


def _words(option: str, text: str, known: list[str]) -> dict[str, Any]:
    """The keys of a text such as "space=collective rate=5kHz", or of a JSON object."""
    if text.lstrip().startswith("{"):
        try:
            with named(option):
                return dict(json.loads(text, object_pairs_hook=_once))
        except json.JSONDecodeError as error:
            raise ArgumentError(f"Option {option} is not valid JSON: {error}.") from error
    found: list[tuple[str, Any]] = []
    for word in text.split():
        name, equals, value = word.partition("=")
        key = _SHORT.get(name, name)
        if not equals or key not in known:
            short = [next((s for s, k in _SHORT.items() if k == one), one) for one in known]
            raise ArgumentError(f'Option {option} must be words key=value, but has "{word}". {nearest(name, short)}')
        found.append((key, _value(option, key, value)))
    with named(option):
        return _once(found)


def _once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The keys of a JSON object or of words; of one that is there twice, one would be lost without a word."""
    found: dict[str, Any] = {}
    for key, value in pairs:
        if key in found:
            raise ArgumentError(f'has the key "{key}" twice; give it once.')
        found[key] = value
    return found


def _value(option: str, key: str, value: str) -> Any:
    if key in _TEXTS:
        return value
    try:
        if value.startswith("["):
            return json.loads(value)
        return [json.loads(one) for one in value.split(",")] if key in _LISTS else json.loads(value)
    except ValueError:
        if key == "positions_m" and not value.startswith("["):
            return value.split(",")
        return value  # with its unit, or for the table to refuse


def signal_of(weights: str | None, frequency: str | None, phase: float) -> Signal:
    """Returns the signal that the options give.

    Raises:
        ArgumentError: a number is wrong; names the option.
    """
    from qsense.signals import MATCHED, Signal

    found: Any = weights
    if weights is not None and weights != "alternating":
        try:
            found = [float(weight) for weight in weights.split(",")]
        except ValueError as error:
            raise ArgumentError(f'Option --weights must be numbers or alternating, but is "{weights}".') from error
    hertz: Any = frequency
    if frequency is None or frequency != MATCHED:
        hertz = 0.0 if frequency is None else quantity_of("--frequency", frequency, "rate")
    if phase and not hertz:
        raise ArgumentError("Option --signal-phase goes with an alternating field; give --frequency.")
    return Signal(found, hertz, phase)


def world_with(noise: Noise, signal: Signal, idle: str) -> AnyNoise:
    """Returns the noise with signal and pulses beside it; the noise alone where there is nothing beside it.

    Raises:
        ArgumentError: there is no such sequence of pulses, or it refocuses the field.
    """
    from qsense.noise import World

    world = World(noise, signal, pulses_of(idle, signal))
    return noise if world.is_plain else world


def pulses_of(idle: str, signal: Signal) -> Pulses:
    """Returns the pulses of a name.

    Raises:
        ArgumentError: there is no such sequence, or it refocuses the field.
    """
    from qsense.signals import Pulses

    with named("--idle:"):
        pulses = Pulses.named(idle)
    if signal.is_constant and not pulses.is_free:
        raise ArgumentError(
            f"Option --idle {idle} refocuses a constant field: an echo senses an alternating one, of f = "
            f"{pulses.num_flips}/(2t). Give --frequency matched or a number, or --idle free."
        )
    return pulses


def described(noise: AnyNoise) -> str:
    """Returns what acts beside the field, in words for a title, and which signal is sensed by which pulses."""
    from qsense.noise import wording

    return wording.described(noise)
