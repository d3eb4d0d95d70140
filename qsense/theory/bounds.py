"""Upper bounds on G and 𝓘 of any probe of N spins, also with ancillas, under noise that commutes with the field.

Noise of each spin by itself (checked against random probes in tests/theory/test_bounds.py). The channel of one spin has
the Kraus operators of its no-jump part, of emission and of absorption. Mixing them by a Hermitian h changes nothing but
the bound 4‖Σ_j α_j + Σ_{j≠k} β_j β_k‖, α = Σ K̃'†K̃', β = i Σ K̃'†K. Of a spin of weight w_j, h can be chosen so that
β_j = ±(|w_j|−y_j)/2 · Z; then α_j − β_j² is y_j²/(4R_j), with

    R = (√(p_uu − η²) + √(p_dd − η²))² / (4η²),

η the factor on the coherence and p_uu, p_dd the probabilities that up and down stay (over a window with its pulses).
Hence for all y_j in [0, |w_j|]

    G ≤ Σ_j y_j²/R_j + (Σ_j (|w_j| − y_j))².

The best y_j is min(|w_j|, R_j B) with B = Σ_j (|w_j| − y_j): spins of large R_j/|w_j| are left at |w_j|, the m others
have B = Σ_{j≤m} |w_j|/(1 + Σ_{j≤m} R_j), and add B² (1 + Σ_{j≤m} R_j). If no y_j reaches |w_j|, G ≤ (Σ|w|)²/(1 + ΣR),
which is N²x/(x + N(1−x)) for dephasing and 4N²x/(4x + N(1−x)) for emission.

Another h takes the jumps out of α and bounds one spin by itself: 4‖α_j‖ = w_j² f_j² with f = 2η/(√p_uu + √p_dd), which
a spin beside an ancilla reaches, with weights √p_dd of up and √p_uu of down. As ‖β_j‖² ≤ ‖α_j‖, also
G ≤ (Σ_j |w_j| f_j)²: the better one of one spin alone.

Noise of the phase that spins share has the covariance X. Where X − c wwᵀ is positive, it contains a Gaussian spread of
θ of variance c, which adds to what any estimate has left: 1/G ≥ c + 1/(the bound of local noise) (Stam's inequality for
the Fisher information of a sum). The largest such c is 1/(wᵀX⁺w) where X reaches w, else 0. Or the least eigenvalue of
X is taken out of it and added to the noise of each spin by itself, before the same is done; the lower bound counts.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from qsense.noise import AnyNoise, LocalNoise, World, world_of
from qsense.noise.relaxation import equilibrium
from qsense.numerics.fisher import FloatArray
from qsense.numerics.integration import Integral
from qsense.theory.dense import most_gain
from qsense.theory.engines import unshared_rates
from qsense.theory.shared import variance
from qsense.theory.tails import gain_tail
from qsense.theory.waves import collects_nothing, integrate_signal

__all__ = ["gain_bound", "gain_tail", "has_bound", "integrated_gain_bound"]
_IN_RANGE = 1e-9  # the part of w that X may miss by rounding
_RANK = 1e-12  # of the largest eigenvalue of X
_UNITS = 8  # times rounding: what c is lowered by, so that it stays below the true one


def gain_bound(num_qubits: int, noise: AnyNoise, times: Sequence[float] | FloatArray) -> FloatArray:
    """Returns an upper bound on G(t) of every probe, with ancillas or without, shape (times,).

    Args:
        num_qubits: N.
        noise: any SpinNoise, a NoiseModel, or a World. Where noise or a coupling do not commute with the field (σ_x
            noise, a ZZ coupling beside emission, a dipolar coupling), no bound is known but (Σ|w_j|)² W²; N² without
            weights.
        times: shape (times,), in s.

    Source: Escher et al., Nat. Phys. 7, 406 (2011), and Demkowicz-Dobrzański et al., Nat. Commun. 3, 1063 (2012), for
    equal rates and one kind of noise; the general form is derived in this module's docstring.

    >>> gain_bound(2, LocalNoise(dephasing=0.25), np.array([0.0, 1.0])).round(6)
    array([4.      , 0.901599])
    """
    times, world = np.asarray(times, dtype=np.float64), world_of(noise)
    world.check(num_qubits)
    found = angle_bound(num_qubits, world, times)
    return found if world.is_plain else np.asarray(world.collected(times) ** 2 * found)


def angle_bound(num_qubits: int, world: World, times: FloatArray) -> FloatArray:
    """Returns the bound on G about the collected angle, shape (times,)."""
    most = most_gain(world, num_qubits)
    if not has_bound(num_qubits, world):
        return np.full(len(times), most)
    weights = np.abs(world.weights(num_qubits))
    found = np.full(len(times), most)
    for own, spread in _splits(num_qubits, world, times):
        penalties, factors = _penalties(num_qubits, world, times, own)
        local = np.minimum(_local_bound(penalties, weights), np.minimum((factors @ weights) ** 2, most))
        with np.errstate(divide="ignore"):
            found = np.minimum(found, 1 / (spread + 1 / local))
    return found


def _local_bound(penalty: FloatArray, weights: FloatArray) -> FloatArray:
    """The least of Σ y²/R + (Σ(|w| − y))², shape (times,); R of shape (times, spins), |w| of shape (spins,)."""
    felt = weights > 0
    penalty, weights = penalty[:, felt], weights[felt]
    if np.ptp(weights) == 0:
        penalty, weights = np.sort(penalty, axis=-1), np.broadcast_to(weights, penalty.shape)
    else:
        order = np.argsort(penalty / weights, axis=-1)
        penalty, weights = np.take_along_axis(penalty, order, -1), weights[order]
    none = np.zeros((len(penalty), 1))
    # Try every number m of spins (those of the largest R/|w| last) that are left at y < |w|.
    with np.errstate(over="ignore"):
        running = np.concatenate([none, np.cumsum(penalty, axis=-1)], axis=-1)
    sums = np.concatenate([none, np.cumsum(weights, axis=-1)], axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        shared = np.where(np.isfinite(running), sums**2 / (1 + running), 0.0)
        inverse = np.where(penalty > 0, weights**2 / penalty, np.inf)
    alone = np.concatenate([np.cumsum(inverse[:, ::-1], axis=-1)[:, ::-1], none], axis=-1)
    # Each m gives a valid bound as long as its y stay in [0, |w|]: R_m · B ≤ |w_m|.
    level = np.where(np.isfinite(running), sums / (1 + running), 0.0)
    largest = np.concatenate([none, penalty / weights], axis=-1)
    with np.errstate(invalid="ignore"):
        valid = (np.nan_to_num(largest * level, nan=np.inf) <= 1 + 1e-12) & np.isfinite(running)
    return np.asarray(np.min(np.where(valid, shared + alone, np.inf), axis=-1))


def _splits(num_qubits: int, world: World, times: FloatArray) -> Iterator[tuple[FloatArray | None, FloatArray]]:
    """Ways to read X: what each spin has by itself, and the largest c of what is left, each (times,)."""
    weights, parts = world.weights(num_qubits), world.noise.correlated
    if not parts:
        yield None, np.zeros(len(times))
        return
    factor = np.ones(len(times))
    if len(parts) == 1:  # X is a number times C
        matrices, factor = parts[0].space.covariance(num_qubits)[None], variance(parts[0], times, world)
    else:
        matrices = np.minimum(world.covariance(times, num_qubits), 1e300)
    yield None, _contained(matrices, weights) * factor
    values = np.linalg.eigvalsh(matrices)
    least = np.maximum(values[:, 0] - _RANK * values[:, -1], 0)
    if least.any():
        yield least * factor, _contained(matrices - least[:, None, None] * np.eye(num_qubits), weights) * factor


def _contained(matrices: FloatArray, weights: FloatArray) -> FloatArray:
    """The largest c with X ⪰ c wwᵀ of each of several X, shape (matrices,)."""
    if all(np.array_equal(one, np.full_like(one, one[0, 0])) for one in matrices):  # X = v 11ᵀ
        alike = np.ptp(weights) == 0
        return np.asarray(matrices[:, 0, 0] / weights[0] ** 2 if alike else np.zeros(len(matrices)))
    values, vectors = np.linalg.eigh(matrices)
    parts = np.einsum("tji,j->ti", vectors, weights)
    inside = values > _RANK * np.maximum(values[:, -1:], 0)
    missed = np.sqrt(np.sum(np.where(inside, 0, parts) ** 2, axis=1)) > _IN_RANGE * np.linalg.norm(weights)
    with np.errstate(divide="ignore", invalid="ignore"):
        inverse = np.sum(np.where(inside, parts**2 / np.where(inside, values, 1), 0), axis=1)
        found = np.where(missed | ~inside.any(1), 0.0, 1 / inverse)
    return np.asarray(found * (1 - _UNITS * len(weights) * 2.2e-16))


def integrated_gain_bound(num_qubits: int, noise: AnyNoise) -> Integral:
    """Returns an upper bound on 𝓘 of every probe in s: the integral of `gain_bound`; infinite where that is.

    Equal dephasing: (N/4γ)·N ln N/(N−1).

    >>> bound = integrated_gain_bound(2, LocalNoise(dephasing=0.25))
    >>> round(float(bound.value / (2 * 2 * np.log(2))), 10)
    1.0
    """
    world = world_of(noise)
    world.check(num_qubits)
    if collects_nothing(world):
        return Integral(0.0, 0.0)
    own = unshared_rates(world, num_qubits)
    felt = world.weights(num_qubits) != 0
    if not (has_bound(num_qubits, world) and own[felt].min() > 0):
        return Integral(np.inf, 0.0)
    found = integrate_signal(
        world,
        lambda times: angle_bound(num_qubits, world, times),
        slowest=float(own[felt].min()),
        fastest=float(num_qubits * own.max()) + world.noise.fastest_rate(num_qubits, world.pulses) - float(own.sum()),
        tail=gain_tail(num_qubits, world),
    )
    # A very small β leaves too much beyond any time that the integral reaches.
    return found if found.error < 1e-3 * found.value else Integral(np.inf, 0.0)


def has_bound(num_qubits: int, noise: AnyNoise) -> bool:
    """Whether a bound below (Σ|w_j|)² is known: whether noise, coupling and field all commute."""
    return world_of(noise).noise.commutes(num_qubits)


def _penalties(
    num_qubits: int, world: World, times: FloatArray, own: FloatArray | None
) -> tuple[FloatArray, FloatArray]:
    """R_j(t) ≥ 0 and f_j(t), shapes (times, num_qubits), with further variance of each spin's own phase; R is infinite
    where the coherence has underflowed."""
    noise = world.noise.local
    is_alone = world.pulses.is_free and not any(part.space.kind == "local" for part in world.noise.phase_noise)
    if isinstance(noise, LocalNoise) and is_alone and own is None:
        return _penalties_of_rates(num_qubits, noise, times)
    coherence, up, down = world.spin_channel(times, num_qubits)
    if own is not None:
        coherence = coherence * np.exp(-own / 2)[:, None]
    with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
        lost = [np.maximum(stay / coherence**2 - 1, 0) for stay in (up, down)]
        alive = coherence**2 > 0
        found = _of_lost(*lost)
        return np.where(alive, found[0], np.inf), np.where(alive, found[1], 0.0)


def _of_lost(up: FloatArray, down: FloatArray) -> tuple[FloatArray, FloatArray]:
    """R and f, from p_uu/η² − 1 and p_dd/η² − 1."""
    penalty = (np.sqrt(up) + np.sqrt(down)) ** 2 / 4
    return np.asarray(penalty), np.asarray(2 / (np.sqrt(1 + up) + np.sqrt(1 + down)))


def _penalties_of_rates(num_qubits: int, noise: LocalNoise, times: FloatArray) -> tuple[FloatArray, FloatArray]:
    """The same of LocalNoise without pulses, exact at short times and in range at late ones."""
    column = times[:, None]
    rates = noise.rates(num_qubits)
    relaxation = noise.relaxation_rates(num_qubits)
    excited, ground = equilibrium(rates["emission"], rates["absorption"])
    # (p_uu − η²)/η² = p e^{Γt} e^{2(2γt)^β} + (1−p) e^{2(2γt)^β} − 1, with expm1 to keep short times exact.
    with np.errstate(over="ignore"):
        slowed = 2 * noise.dephased(column, num_qubits)
        dephased = np.expm1(slowed)
        lost = np.expm1(column * relaxation + slowed)
        up = _mean(excited, ground, lost, dephased)
        down = _mean(ground, excited, lost, dephased)
        return _of_lost(up, down)


def _mean(weight: FloatArray, rest: FloatArray, one: FloatArray, other: FloatArray) -> FloatArray:
    """weight · one + rest · other, where 0 · ∞ is 0; `other` where a spin has neither weight."""
    first = np.multiply(weight, one, out=np.zeros_like(one), where=weight > 0)
    rest = np.where(weight + rest > 0, rest, 1.0)
    return first + np.multiply(rest, other, out=np.zeros_like(other), where=rest > 0)
