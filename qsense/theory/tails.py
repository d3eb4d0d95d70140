"""What an integral of G may have beyond its last time: an upper bound, from the bound on any probe's G."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np

from qsense.noise import AnyNoise, LocalNoise, OrnsteinUhlenbeck, QuasiStatic, Stretched, White, World, world_of
from qsense.noise.memory import Memory
from qsense.numerics.fisher import FloatArray
from qsense.theory.scales import LARGEST_LOG

Tail = Callable[[float, float], float]


def gain_tail(num_qubits: int, noise: AnyNoise) -> Tail | None:
    """Returns a function T, G(T) ↦ an upper bound in s on ∫_T^∞ G dt, G about the collected angle; None where none is
    known.

    Noise that commutes with the field only lowers G, so that ∫_T^∞ G ≤ G(T) (T'−T) + ∫_T'^∞ bound for every T' ≥ T; the
    best of some T' is taken (T alone where pulses or a spectrum's cut-offs may let G rise again). The bound is
    Σ_j w_j²/R_j ≤ Σ_j 4w_j²/(e^y − 1), e^{−y} what local noise leaves of |coherence_j|². It grows as
    y = (γ_↓+γ_↑)_j t + 2 (2γ_j t)^β. Exponential decay, y = at with a = 2/T2, leaves −(4/a) ln(1 − e^{−aT'}) of each
    spin, stretched decay an incomplete gamma function. Memories whose v/t only grows go as from (T', y(T')) linearly.

    >>> tail = gain_tail(3, LocalNoise(dephasing=0.25))
    >>> 3 * np.exp(-4.0) < tail(4.0, 3 * np.exp(-4.0)) < 0.5
    True
    """
    world = world_of(noise)
    local, model = world.noise.local, world.noise
    if not isinstance(local, LocalNoise) or not model.commutes(num_qubits):
        return None
    weights = world.weights(num_qubits)
    felt = weights != 0
    memories = [part.memory for part in model.phase_noise if part.space.kind == "local" and _gathers(part.memory)]
    rates = (2 * local.coherence_rates(num_qubits))[felt]
    dephasing = (2 * local.rates(num_qubits)["dephasing"])[felt]
    squares = weights[felt] ** 2
    if local.exponent == 1 and memories:
        bound, slowest = _of_memories(world, memories, rates, squares)
    elif (rates if local.exponent == 1 else dephasing).min() > 0:
        bound, slowest = _of_rates(local.exponent, rates, dephasing, squares), float(rates.min())
    else:
        return None
    if not slowest > 0:
        return None
    falls = world.pulses.is_free and all(_gathers(part.memory) for part in model.phase_noise)

    def tail(start: float, gain: float) -> float:
        if not falls:
            return float(bound(np.array([start]))[0])
        ends = start + np.concatenate([[0.0], np.geomspace(0.01, 100, 60) / slowest])
        return float(np.min(gain * (ends - start) + bound(ends)))

    return tail


def _of_rates(
    exponent: float, rates: FloatArray, dephasing: FloatArray, squares: FloatArray
) -> Callable[[FloatArray], FloatArray]:
    def bound(ends: FloatArray) -> FloatArray:
        if exponent == 1:
            return np.asarray(np.sum(-4 * squares / rates * np.log1p(-np.exp(-rates * ends[:, None])), axis=1))
        from scipy.special import gammaincc

        power = 1 / exponent
        log = math.lgamma(power + 1) - power * math.log(2)  # of Γ(1+1/β) 2^{−1/β}
        whole = math.exp(log) if log < LARGEST_LOG else np.inf
        reached = 2 * (dephasing * ends[:, None]) ** exponent
        part = gammaincc(power, reached)
        each = np.multiply(8 * squares / dephasing * whole, part, out=np.zeros_like(part), where=part > 0)
        return np.where(reached.min(1) > np.log(2), each.sum(1), np.inf)  # 4/(e^y − 1) ≤ 8 e^{−y} from there on

    return bound


def _of_memories(
    world: World, memories: list[Memory], rates: FloatArray, squares: FloatArray
) -> tuple[Callable[[FloatArray], FloatArray], float]:
    def bound(ends: FloatArray) -> FloatArray:
        lost = np.sum([np.minimum(one.variance(ends, world.pulses), 1e300) for one in memories], axis=0)
        reached = rates * ends[:, None] + lost[:, None]
        with np.errstate(divide="ignore", invalid="ignore"):
            each = -4 * squares * ends[:, None] / reached * np.log1p(-np.exp(-reached))
        return np.asarray(np.where(reached.min(1) > 0, each.sum(1), np.inf))

    return bound, float(rates.min()) + sum(one.decay_rate(world.pulses) for one in memories)


def _gathers(memory: Memory) -> bool:
    """Whether v and v/t only grow with t."""
    if isinstance(memory, Stretched):
        return memory.exponent >= 1
    return isinstance(memory, White | QuasiStatic | OrnsteinUhlenbeck)
