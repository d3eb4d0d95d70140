"""Noise of several kinds of rates, each of them uncertain by itself."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from qsense.noise import LocalNoise, NoiseModel, World
from qsense.numerics.fisher import FloatArray
from qsense.planning.question import Factors

if TYPE_CHECKING:
    from qsense.planning.curves import Curve

RAISED = 0.1


def by_kinds(curve: Curve, moved: tuple[Curve, ...], times: FloatArray, kinds: FloatArray) -> FloatArray:
    """Returns G of draws in which every kind of rate has its own factor; ln G is linear in each rate to first order.

    Args:
        curve: as calibrated.
        moved: the same with each kind raised in turn.
        times: in s.
        kinds: ln of the factors, of Factors.
    """
    one = Factors.scaled([1.0], 1)
    with np.errstate(divide="ignore"):
        base, *raised = (np.log(np.maximum(each.gain(times, one), 1e-300)) for each in (curve, *moved))
    slopes = np.concatenate(raised) - base  # of a rate that is larger by e^RAISED − 1
    return np.asarray(np.exp(base + np.expm1(kinds[:, : len(moved)]) / np.expm1(RAISED) @ slopes))


def each_raised(world: World) -> list[World]:
    """Returns the world with each kind of its noise raised by e^RAISED in turn, where each is uncertain by itself.

    Empty where there is one kind, or one that has no strength by itself: all noise is then scaled together.
    """
    noise, more = world.noise, math.exp(RAISED)
    local = noise.local
    if not isinstance(local, LocalNoise) or noise.is_coupled:
        return []
    kinds: list[tuple[str, ...]] = [("dephasing",), ("emission",), ("absorption",), ("transverse",)]
    rates: dict[str, Any] = {kind: np.asarray(getattr(local, kind)) for (kind,) in kinds}
    if np.array_equal(rates["emission"], rates["absorption"]) and np.array_equal(
        2 * rates["dephasing"], rates["emission"]
    ):
        kinds = [("dephasing", "emission", "absorption"), ("transverse",)]  # depolarising: one number
    found = []
    for group in kinds:
        if any(rates[kind].any() for kind in group):
            moved = rates | {kind: rates[kind] * more for kind in group}
            found.append(NoiseModel(LocalNoise(**moved, exponent=local.exponent), phase_noise=noise.phase_noise))
    for at, part in enumerate(noise.phase_noise):
        strength = next((name for name in ("rate", "spread") if hasattr(part.memory, name)), None)
        if strength is None:
            return []
        memory = replace(part.memory, **{strength: getattr(part.memory, strength) * more})  # type: ignore[type-var]
        parts = (*noise.phase_noise[:at], replace(part, memory=memory), *noise.phase_noise[at + 1 :])
        found.append(NoiseModel(local, phase_noise=parts))
    return [World(one, world.signal, world.pulses) for one in found] if len(found) > 1 else []
