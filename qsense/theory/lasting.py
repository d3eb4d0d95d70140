"""Whether a part of G never decays, so that its integral is infinite."""

from __future__ import annotations

import numpy as np

from qsense.noise import LocalNoise, World
from qsense.probes import Probe
from qsense.theory.block import is_block
from qsense.theory.engines import Engine, slowest_part, unshared_rates
from qsense.theory.scales import lifetimes
from qsense.theory.shared import is_alike

FAR = 45.0  # exp(−45) < 3e-20: after so many lifetimes all that decays is gone


def surely_decays(probe: Probe, world: World) -> bool:
    """Whether rates above 0 leave no part of G for ever: not those of a channel, nor of noise that spins share."""
    n, model = probe.num_qubits, world.noise
    if not isinstance(model.local, LocalNoise):
        return False
    plain = is_block(probe, model) or (is_alike(world, n) and not model.is_coupled) or not model.is_correlated
    return plain or unshared_rates(world, n).min() > 0


def lasts(probe: Probe, engine: Engine) -> bool:
    """Whether a part of G about the collected angle never decays."""
    world = engine.world
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
