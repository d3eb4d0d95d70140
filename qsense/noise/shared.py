"""The parts of a noise that spins share or that remember, by the keys of specs and files; numbers are in SI units."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from qsense.errors import ArgumentError
from qsense.noise.coupling import NamedPairs
from qsense.noise.phase_noise import PhaseNoise
from qsense.noise.relaxation import FASTEST, SLOWEST

SHARED = ("collective_dephasing_rate", "phase_noise", "coupling_rad_per_s", "dipolar_rad_per_s", "coupling_pairs")
_MOST_PAIRED = 1000  # spins; a pair names one from 0 on


def shared_of(keys: Mapping[str, Any]) -> dict[str, Any]:
    """Returns the arguments of NoiseModel, but for `local`, that an entry's keys mean; empty where there are none.

    Args:
        keys: those of SHARED that are given, with their values.

    Raises:
        ArgumentError: a number is out of its range, or a key is missing, unknown or given twice.

    >>> shared_of({"coupling_pairs": [{"spins": [0, 1], "zz_rad_per_s": 2.0}]})["coupling"]
    NamedPairs(pairs=((0, 1, 2.0),))
    """
    found: dict[str, Any] = {}
    if "collective_dephasing_rate" in keys:
        check_range("collective_dephasing_rate", keys["collective_dephasing_rate"])
        found["collective_dephasing"] = keys["collective_dephasing_rate"]
    if "phase_noise" in keys:
        found["phase_noise"] = tuple(_phase_noise(place, one) for place, one in enumerate(keys["phase_noise"]))
    for key, argument in (("coupling_rad_per_s", "coupling"), ("dipolar_rad_per_s", "dipolar")):
        if key in keys:
            found[argument] = _coupling(key, keys[key])
    if "coupling_pairs" in keys:
        for argument, pairs in _pairs(keys["coupling_pairs"]).items():
            if argument in found:
                raise ArgumentError(f"give the couplings once, as `{argument}_rad_per_s` or as `coupling_pairs`")
            found[argument] = pairs
    return found


def _phase_noise(place: int, keys: Mapping[str, Any]) -> PhaseNoise:
    for key, value in keys.items():
        if isinstance(value, float) and key != "exponent":
            check_range(f"phase_noise[{place}].{key}", value)
    try:
        return PhaseNoise.from_dict(keys)
    except ArgumentError as error:
        raise ArgumentError(f"`phase_noise[{place}]`: {error}") from error


def _coupling(key: str, value: Any) -> Any:
    matrix = value if isinstance(value, int | float) else np.asarray(_rows(key, value))
    if isinstance(matrix, np.ndarray) and not np.array_equal(matrix, matrix.T):
        raise ArgumentError(f"`{key}` must be one number for all pairs, or a symmetric matrix of a row for every spin")
    return matrix


def _rows(key: str, rows: Sequence[Sequence[float]]) -> Sequence[Sequence[float]]:
    if not rows or any(len(row) != len(rows) for row in rows):
        raise ArgumentError(f"`{key}` must be one number for all pairs, or a symmetric matrix of a row for every spin")
    return rows


def _pairs(entries: Sequence[Mapping[str, Any]]) -> dict[str, NamedPairs]:
    """The couplings of named pairs."""
    named: list[tuple[int, int]] = []
    for place, one in enumerate(entries):
        spins = one.get("spins", ())
        whole = [isinstance(spin, int) and not isinstance(spin, bool) and 0 <= spin < _MOST_PAIRED for spin in spins]
        if len(spins) != 2 or not all(whole) or spins[0] == spins[1]:
            raise ArgumentError(f"`coupling_pairs[{place}].spins` must be two different spins from 0 on, as in [0, 1]")
        pair = (min(spins), max(spins))
        if pair in named:
            raise ArgumentError(f"`coupling_pairs[{place}]` names the spins {pair[0]} and {pair[1]} again")
        if not {"zz_rad_per_s", "dipolar_rad_per_s"} & one.keys():
            raise ArgumentError(f"`coupling_pairs[{place}]` has no strength; add `zz_rad_per_s` or `dipolar_rad_per_s`")
        named.append(pair)
    found = {}
    for key, argument in (("zz_rad_per_s", "coupling"), ("dipolar_rad_per_s", "dipolar")):
        if any(key in one for one in entries):
            strengths = [one.get(key, 0.0) for one in entries]
            found[argument] = NamedPairs(tuple((*pair, one) for pair, one in zip(named, strengths, strict=True)))
    return found


def check_range(key: str, number: float) -> None:
    """Refuses numbers whose powers are beyond the range of floating-point numbers."""
    if number and not SLOWEST <= abs(number) <= FASTEST:
        unit = " 1/s" if key.endswith("_rate") else ""
        raise ArgumentError(f"`{key}` must be 0 or from {SLOWEST} to {FASTEST}{unit}, but is {number}")
