"""What acts on the spins in words, for titles."""

from __future__ import annotations

from typing import Any

from qsense.noise.kinds import noise_units
from qsense.noise.world import AnyNoise, world_of


def described(noise: AnyNoise) -> str:
    """Returns what acts beside the field, in words for a title, and which signal is sensed by which pulses."""
    world = world_of(noise)
    entry, parts = world.noise.to_dict(), []
    units = noise_units(entry)
    for key, value in entry.items():
        if key in ("kind", "name") or not value:
            continue
        if key == "phase_noise":
            parts += [_table_in_words(one) for one in value]
            continue
        if key == "coupling_pairs":
            parts += [_pair_in_words(one) for one in value]
            continue
        unit = "" if units[key] == "1" else units[key]
        parts.append(f"{_word(key)} {_shown(value)} {unit}".rstrip())
    signal = world.signal
    if not signal.has_unit_weights:
        weights = signal.weights if isinstance(signal.weights, str) else _shown(list(signal.weights or ()))
        parts.append(f"signal of weights {weights}")
    if signal.frequency == "matched":
        parts.append("field in step with the pulses")
    elif not signal.is_constant:
        parts.append(f"field of {signal.frequency:g} Hz")
    if not world.pulses.is_free:
        parts.append(f"pulses {world.pulses.name}")
    if len(parts) > 0 and not any(entry.get(key) for key in entry if key not in ("kind", "name")):
        parts.insert(0, "no noise")
    return ", ".join(parts) or "no noise"


def _table_in_words(table: dict[str, Any]) -> str:
    """A `phase_noise` entry in words, such as "collective quasi_static noise: spread 2 rad/s"."""
    units = {"_rad_per_s": "rad/s", "_hz": "Hz", "_s": "s", "_m": "m", "rate": "1/s"}
    words = []
    for key, value in table.items():
        if key not in ("space", "memory"):
            ending = next((one for one in units if key.endswith(one)), "")
            words.append(f"{_word(key)} {_shown(value)} {units.get(ending, '')}".rstrip())
    return f"{table['space']} {table['memory']} noise ({', '.join(words)})"


def _pair_in_words(pair: dict[str, Any]) -> str:
    """A `coupling_pairs` entry in words, such as "coupling of spins 0 and 1 (zz 2 rad/s)"."""
    first, last = pair["spins"]
    strengths = [f"{_word(key)} {_shown(value)} rad/s" for key, value in pair.items() if key != "spins"]
    return f"coupling of spins {first} and {last} ({', '.join(strengths)})"


def _word(key: str) -> str:
    for ending in ("_rate", "_rad_per_s", "_hz", "_s", "_m"):
        key = key.removesuffix(ending)
    return key.replace("_", " ")


def _shown(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_shown(one) for one in value) if not any(isinstance(v, list) for v in value) else "of a matrix"
    return f"{value:.6g}" if isinstance(value, int | float) else str(value)
