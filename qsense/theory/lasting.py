"""Whether a part of G never decays, so that its integral is infinite."""

from __future__ import annotations

import numpy as np

from qsense.noise import Collective, Local, LocalNoise, PhaseNoise, World
from qsense.probes import Probe
from qsense.theory.block import is_block, is_sum
from qsense.theory.bounded_noise import bounded, memory_of, without
from qsense.theory.engines import Engine, decay_scales, engine_for, slowest_part, unshared_rates
from qsense.theory.scales import LARGEST_LOG, lifetimes
from qsense.theory.shared import felt, is_alike, most_felt

FAR = 45.0  # exp(−45) < 3e-20: after so many lifetimes all that decays is gone


def surely_decays(probe: Probe, world: World) -> bool:
    """Whether rates above 0 leave no part of G for ever: not those of a channel, nor of noise that spins share."""
    n, model = probe.num_qubits, world.noise
    if not isinstance(model.local, LocalNoise):
        return False
    plain = is_block(probe, model) or (is_alike(world, n) and not model.is_coupled) or not model.is_correlated
    return plain or unshared_rates(world, n).min() > 0


def most_taken(probe: Probe, world: World, part: PhaseNoise, num_qubits: int) -> float:
    """Returns the largest f of what a part of the noise takes, −ln f v of |coherence|², in G."""
    if is_block(probe, world.noise):
        return felt(part.space, probe.branch)
    own = np.ones(1) if isinstance(part.space, Local | Collective) else np.diag(part.space.covariance(num_qubits))
    if is_sum(probe, world.noise):
        return float(own.max())
    return most_felt(part.space, num_qubits)


def left_to_decay(probe: Probe, world: World) -> World:
    """Returns the world without the noise that takes only a part of G, as its variance does not grow for ever.

    A part that such noise lowers by more than exp(−LARGEST_LOG) is beyond the range of numbers, and counts as gone:
    then it is the same world.
    """
    n, parts = probe.num_qubits, bounded(world)
    if not parts:
        return world
    lost = 0.0
    for part in parts:
        if is_block(probe, world.noise):
            factor = felt(part.space, probe.branch)
        else:
            factor = float(np.diag(part.space.covariance(n)).min())
        lost += factor * memory_of(part).limit(world.pulses)
    return world if lost > LARGEST_LOG else without(world, parts)


def outlasts(probe: Probe, world: World, field: float = 0.0) -> bool:
    """Whether a part of G outlives noise whose variance does not grow for ever: a spectrum with a lower cut-off."""
    rest = left_to_decay(probe, world)
    if rest is world:
        return False
    slowest, _ = decay_scales(probe, rest, field)
    return (slowest == 0 or not surely_decays(probe, rest)) and stays(engine_for(probe, rest, field), probe.num_qubits)


def lasts(probe: Probe, engine: Engine) -> bool:
    """Whether a part of G about the collected angle never decays."""
    world = engine.world
    if outlasts(probe, world):
        return True
    return not surely_decays(probe, world) and stays(engine, probe.num_qubits)


def stays(engine: Engine, num_qubits: int) -> bool:
    """Whether some gain stays when all that decays is gone, by exp(−FAR), or falls as 1/t² under transverse noise."""
    model, gain = engine.world.noise, engine.of_angle
    rate = slowest_part(engine.world, num_qubits)
    late = lifetimes(FAR, model.exponent, rate) if rate else 0.0
    if isinstance(model.local, LocalNoise) and late and not model.is_correlated:
        one, other = gain(np.array([late, 2 * late]))
        return bool(other > max(1e-9, engine.resolution) and other > 0.9 * one)
    if not late:
        return bool(gain(np.zeros(1))[0] > max(1e-9, engine.resolution))
    # Coherence may oscillate, and what spins share nearly alike decays late: the largest G of several times counts, and
    # must still be there later.
    start, one = float(gain(np.zeros(1))[0]), 0.0
    for far in (1, 2, 1e3, 1e6):
        other = float(gain(far * late * np.linspace(1, 1.4, 9)).max())
        if not (other > max(1e-15 * start, engine.resolution) and other > 0.9 * one):
            return False
        one = other
    return True
