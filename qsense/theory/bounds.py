"""Upper bounds on G and 𝓘 of any probe of N spins under noise of each spin by itself, also with ancillas.

Derivation (checked against random probes in tests/theory/test_bounds.py). The channel of one spin has the Kraus
operators of its no-jump part, of emission and of absorption. Mixing them by a Hermitian h changes nothing but the bound
4‖Σ_j α_j + Σ_{j≠k} β_j β_k‖, α = Σ K̃'†K̃', β = i Σ K̃'†K. Choosing h so that β_j = (1−y_j)/2 · Z makes α_j − β_j²
at least y_j²/(4R_j), with

    R = (√(p_uu − η²) + √(p_dd − η²))² / (4η²),

η the factor on the coherence and p_uu, p_dd the probabilities that up and down stay. Hence for all y_j in [0, 1]

    G ≤ Σ_j y_j²/R_j + (Σ_j (1 − y_j))².

The best y_j is min(1, R_j B) with B = Σ_j (1 − y_j). If no y_j reaches 1, G ≤ N²/(1 + Σ_j R_j), which is
N²x/(x + N(1−x)) for dephasing and 4N²x/(4x + N(1−x)) for emission.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence

import numpy as np

from qsense.noise import LocalNoise, Noise, SpinNoise, noise_model_of
from qsense.noise.relaxation import equilibrium
from qsense.numerics.fisher import FloatArray
from qsense.numerics.integration import Integral, integrate
from qsense.theory.scales import LARGEST_LOG


def gain_bound(num_qubits: int, noise: Noise, times: Sequence[float] | FloatArray) -> FloatArray:
    """Returns an upper bound on G(t) of every probe, with ancillas or without, shape (times,).

    Args:
        num_qubits: N.
        noise: any SpinNoise, or an Environment. Collective dephasing is a Gaussian spread of
            the phase of variance v = 4γ_c t, so that 1/G ≥ v + 1/(the bound of local noise). Where the field
            does not commute with the noise or the coupling (σ_x noise, a coupling beside emission), the bound is N².
        times: shape (times,), in s.

    Source: Escher et al., Nat. Phys. 7, 406 (2011), and Demkowicz-Dobrzański et al., Nat. Commun. 3, 1063 (2012), for
    equal rates and one kind of noise; the general form is derived in this module's docstring.

    >>> gain_bound(2, LocalNoise(dephasing=0.25), np.array([0.0, 1.0])).round(6)
    array([4.      , 0.901599])
    """
    times = np.asarray(times, dtype=np.float64)
    environment = noise_model_of(noise)
    if not has_bound(num_qubits, environment):
        return np.full(len(times), float(num_qubits**2))
    penalty = np.sort(_penalties(num_qubits, environment.local, times), axis=-1)
    spins = np.arange(num_qubits + 1)
    # Try every number m of spins (the noisiest last) that are left at y < 1: B = m / (1 + Σ_{j<m} R_j).
    with np.errstate(over="ignore"):
        running = np.concatenate([np.zeros((len(times), 1)), np.cumsum(penalty, axis=-1)], axis=-1)
    with np.errstate(divide="ignore", invalid="ignore"):
        shared = np.where(np.isfinite(running), spins**2 / (1 + running), 0.0)
        inverse = np.where(penalty > 0, 1 / penalty, np.inf)
    alone = np.concatenate([np.cumsum(inverse[:, ::-1], axis=-1)[:, ::-1], np.zeros((len(times), 1))], axis=-1)
    # Each m gives a valid bound as long as its y stay in [0, 1]: R_m · B ≤ 1.
    level = np.where(np.isfinite(running), spins / (1 + running), 0.0)
    largest = np.concatenate([np.zeros((len(times), 1)), penalty], axis=-1)
    with np.errstate(invalid="ignore"):
        valid = (np.nan_to_num(largest * level, nan=np.inf) <= 1 + 1e-12) & np.isfinite(running)
    local = np.min(np.where(valid, shared + alone, np.inf), axis=-1)
    spread = 2 * environment.collective(times)
    with np.errstate(divide="ignore"):
        return np.asarray(1 / (spread + 1 / local))


def integrated_gain_bound(num_qubits: int, noise: Noise) -> Integral:
    """Returns an upper bound on 𝓘 of every probe in s: the integral of `gain_bound`; infinite where that is.

    Equal dephasing: (N/4γ)·N ln N/(N−1).

    >>> bound = integrated_gain_bound(2, LocalNoise(dephasing=0.25))
    >>> round(float(bound.value / (2 * 2 * np.log(2))), 10)
    1.0
    """
    environment = noise_model_of(noise)
    rates = environment.decay_rates(num_qubits) - 4 * environment.collective_dephasing
    if not (has_bound(num_qubits, environment) and rates.min() > 0):
        return Integral(np.inf, 0.0)
    found = integrate(
        lambda times: gain_bound(num_qubits, noise, times),
        slowest_rate=float(rates.min()),
        fastest_rate=float(num_qubits * rates.max()) + 4 * environment.collective_dephasing * num_qubits**2,
        tail=gain_tail(num_qubits, noise),
    )
    # A very small β leaves too much beyond any time that the integral reaches.
    return found if found.error < 1e-3 * found.value else Integral(np.inf, 0.0)


def gain_tail(num_qubits: int, noise: Noise) -> Callable[[float, float], float] | None:
    """Returns a function T, G(T) ↦ an upper bound in s on ∫_T^∞ G dt; None where no bound is known.

    Noise that commutes with the field only lowers G, so that ∫_T^∞ G ≤ G(T) (T'−T) + ∫_T'^∞ bound for every T' ≥ T; the
    best of some T' is taken. The bound is Σ_j 1/R_j ≤ Σ_j 4/(e^y − 1), y = (γ_↓+γ_↑)_j t + 2 (2γ_j t)^β. Exponential
    decay, y = at with a = 2/T2, leaves −(4/a) ln(1 − e^{−aT'}) of each spin, stretched decay an incomplete gamma
    function.

    >>> tail = gain_tail(3, LocalNoise(dephasing=0.25))
    >>> 3 * np.exp(-4.0) < tail(4.0, 3 * np.exp(-4.0)) < 0.5
    True
    """
    environment = noise_model_of(noise)
    local = environment.local
    if not isinstance(local, LocalNoise):
        return None
    rates = 2 * local.coherence_rates(num_qubits)
    dephasing = 2 * local.rates(num_qubits)["dephasing"]
    if not has_bound(num_qubits, environment) or not (rates if local.exponent == 1 else dephasing).min() > 0:
        return None

    def bound(ends: FloatArray) -> FloatArray:
        if local.exponent == 1:
            return np.asarray(np.sum(-4 / rates * np.log1p(-np.exp(-rates * ends[:, None])), axis=1))
        from scipy.special import gammaincc

        power = 1 / local.exponent
        log = math.lgamma(power + 1) - power * math.log(2)  # of Γ(1+1/β) 2^{−1/β}
        whole = math.exp(log) if log < LARGEST_LOG else np.inf
        reached = 2 * (dephasing * ends[:, None]) ** local.exponent
        part = gammaincc(power, reached)
        each = np.multiply(8 / dephasing * whole, part, out=np.zeros_like(part), where=part > 0)
        return np.where(reached.min(1) > np.log(2), each.sum(1), np.inf)  # 4/(e^y − 1) ≤ 8 e^{−y} from there on

    longest = 1 / float(rates.min())

    def tail(start: float, gain: float) -> float:
        ends = start + np.concatenate([[0.0], np.geomspace(0.01, 100, 60) * longest])
        return float(np.min(gain * (ends - start) + bound(ends)))

    return tail


def has_bound(num_qubits: int, noise: Noise) -> bool:
    """Whether a bound below N² is known: whether each spin has a channel that commutes with the field."""
    return noise_model_of(noise).commutes(num_qubits)


def _penalties(num_qubits: int, noise: SpinNoise, times: FloatArray) -> FloatArray:
    """R_j(t) ≥ 0, shape (times, num_qubits); infinite where the coherence has underflowed."""
    if not isinstance(noise, LocalNoise):
        coherence, up, down = noise.channel(times, num_qubits)
        with np.errstate(divide="ignore", over="ignore", invalid="ignore"):
            roots = [np.sqrt(np.maximum(stay / coherence**2 - 1, 0)) for stay in (up, down)]
            return np.where(coherence**2 > 0, (roots[0] + roots[1]) ** 2 / 4, np.inf)
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
        return np.asarray((np.sqrt(up) + np.sqrt(down)) ** 2 / 4)


def _mean(weight: FloatArray, rest: FloatArray, one: FloatArray, other: FloatArray) -> FloatArray:
    """weight · one + rest · other, where 0 · ∞ is 0; `other` where a spin has neither weight."""
    first = np.multiply(weight, one, out=np.zeros_like(one), where=weight > 0)
    rest = np.where(weight + rest > 0, rest, 1.0)
    return first + np.multiply(rest, other, out=np.zeros_like(other), where=rest > 0)
