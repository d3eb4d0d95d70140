"""What the JSON Schema says of keys of noise that go together, or do not; the readers check the same.

`parts.local_of` and `NoiseFile` check local noise, `PhaseNoise.from_dict` and the memories noise of the phase,
`shared.shared_of` couplings.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qsense.noise.phase_noise import MEMORIES, SPACES
from qsense.noise.relaxation import RATES, TIMES
from qsense.noise.shared import SHARED

_RATES = (*RATES, "depolarizing_rate")
_SPINS = {"type": "array", "items": {"type": "integer", "minimum": 0, "maximum": 999}, "minItems": 2, "maxItems": 2}
_SPINS |= {"uniqueItems": True}


def of_local(schema: dict[str, Any]) -> None:
    """Adds how the keys of a spec's entry go together: a name, or rates, or T2 with or without T1."""
    schema["dependentRequired"] = {"t1_s": ["t2_s"], "excited_population": ["t1_s"]}
    schema["anyOf"] = _any_of("noise", *_RATES, *TIMES, *SHARED)
    schema["allOf"] = [
        _not_both(["noise"], [*_RATES, *TIMES, "dephasing_exponent", "name"]),
        *_rates_or(TIMES),
        {
            "if": _given("dephasing_exponent", {"not": {"const": 1}}),
            "then": {"required": ["dephasing_rate"]},
        },
    ]


def of_file(schema: dict[str, Any]) -> None:
    """Adds how the keys of a noise model's file go together: rates, or T1 with T2."""
    t1, t2 = ("t1", "t1_s"), ("t2", "t2_s")
    for key in (t1[0], t2[0]):
        schema["properties"][f"{key}_s"] = schema["properties"][key]
    schema["dependentRequired"] = {"dephasing_exponent": ["dephasing_rate"]}
    schema["anyOf"] = _any_of(*_RATES, *t1, *SHARED)
    schema["allOf"] = [
        *_rates_or((*t1, *t2, "excited_population")),
        {"if": {"anyOf": _any_of(*t1, "excited_population")}, "then": {"anyOf": _any_of(*t2)}},
        {"if": {"anyOf": _any_of(*t2, "excited_population")}, "then": {"anyOf": _any_of(*t1)}},
    ]


def of_phase_noise(schema: dict[str, Any]) -> None:
    """Adds which keys each `space` and each `memory` has, and no other has."""
    rules = []
    for word, kinds, usual in (("space", SPACES, "local"), ("memory", MEMORIES, "white")):
        owners: dict[str, list[str]] = {}
        for kind, (keys, _) in kinds.items():
            chosen = {"properties": {word: {"const": kind}}} | ({} if kind == usual else {"required": [word]})
            rules += [{"if": chosen, "then": {"required": list(keys)}}] if keys else []
            for key in keys:
                owners.setdefault(key, []).append(kind)
        for key, names in owners.items():
            then = {"properties": {word: {"enum": names}}} | ({} if usual in names else {"required": [word]})
            rules.append({"if": {"required": [key]}, "then": then})
    schema["allOf"] = rules


def of_coupling_pair(schema: dict[str, Any]) -> None:
    """Adds that a pair is of two spins, and has a strength."""
    schema["properties"]["spins"] = _SPINS
    schema["anyOf"] = _any_of("zz_rad_per_s", "dipolar_rad_per_s")


def _rates_or(times: Sequence[str]) -> list[dict[str, Any]]:
    """Rates exclude times, and depolarizing any other rate."""
    return [_not_both(_RATES, times), _not_both(["depolarizing_rate"], RATES)]


def _not_both(some: Sequence[str], others: Sequence[str]) -> dict[str, Any]:
    return {"not": {"allOf": [{"anyOf": _any_of(*some)}, {"anyOf": _any_of(*others)}]}}


def _any_of(*keys: str) -> list[dict[str, Any]]:
    return [{"required": [key]} for key in keys]


def _given(key: str, value: dict[str, Any]) -> dict[str, Any]:
    return {"required": [key], "properties": {key: value}}
