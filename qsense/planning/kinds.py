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

MOVED = 0.35  # by e^±MOVED: beyond a standard error, so that between both and not far outside ln G is followed
_RESOLVED = 1e-10  # of G at the start: what is left below it may be the rounding of dense matrices


def by_kinds(curve: Curve, moved: tuple[Curve, ...], times: FloatArray, kinds: FloatArray) -> FloatArray:
    """Returns G of draws in which every kind of rate has its own factor.

    ln G is followed along each rate by two lines, one to less and one to more of it, and the changes are added up.

    Args:
        curve: as calibrated.
        moved: the same with each kind raised in turn, and then with each lowered, of `each_moved`.
        times: in s, rising.
        kinds: ln of the factors, of Factors.
    """
    one, size = Factors.scaled([1.0], 1), len(moved) // 2
    start = float(curve.gain(np.zeros(1), one)[0, 0])
    gains = [each.gain(times, one)[0] for each in (curve, *moved)]
    is_resolved = np.min(gains, axis=0) > _RESOLVED * start
    base, *others = (np.log(np.maximum(each, 1e-300)) for each in gains)
    changes = np.array(others) - base
    if not is_resolved.all():  # rounding does not change with a rate: as at the last time at which G is more than that
        known = times[is_resolved]
        changes = np.array([np.interp(times, known, own[is_resolved]) if len(known) else 0 * own for own in changes])
    parts = np.expm1(kinds[:, :size])
    found = base + np.maximum(parts, 0) / np.expm1(MOVED) @ changes[:size]
    found += np.minimum(parts, 0) / np.expm1(-MOVED) @ changes[size:]
    return np.asarray(np.exp(np.minimum(found, np.maximum(base, np.log(start)))))  # less noise leaves no more than all


def each_moved(world: World) -> list[World]:
    """Returns the world with each kind of its noise raised by e^MOVED in turn, and then with each lowered as much.

    Empty where there is one kind, or one that has no strength by itself: all noise is then scaled together.
    """
    raised = _each_times(world, math.exp(MOVED))
    return [*raised, *_each_times(world, math.exp(-MOVED))] if len(raised) > 1 else []


def _each_times(world: World, more: float) -> list[World]:
    noise = world.noise
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
    return [World(one, world.signal, world.pulses) for one in found]
