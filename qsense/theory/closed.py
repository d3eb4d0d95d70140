"""G and 𝓘 in closed form for the GHZ and product probes, under noise of each spin by itself, at any N.

LocalNoise is answered from its rates, in logarithms where G underflows; any other noise from its channel. `block` adds
what spins share; pulses, signs, weights and tilt are all here.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from qsense.errors import ArgumentError
from qsense.noise import LocalNoise, SpinChannel, SpinNoise
from qsense.noise.pulsed import pulsed_channel
from qsense.noise.relaxation import equilibrium
from qsense.numerics.fisher import FloatArray
from qsense.signals import FREE, Pulses

_UNDERFLOWS, _LARGEST = 1e-290, 1e300
_LARGEST_LOG = math.log(_LARGEST)
_SPINS_AT_ONCE = 512  # arrays of so many spins stay in the processor's cache


def product_gain(num_qubits: int, noise: SpinNoise, times: FloatArray, tilt: float = 0.0) -> FloatArray:
    """Returns G(t) of a product probe, Σ_j 4|c_j|² = (1−δ²) Σ_j exp(−2t/T2_j).

    Args:
        num_qubits: N.
        noise: acts on each spin by itself, alike or not.
        times: shape (times,), in s.
        tilt: δ.

    Returns:
        G, shape (times,), 1.

    Source: arXiv:2512.21661v1, Eqs. 22, 24, 33 and 58.

    >>> product_gain(3, LocalNoise(dephasing=0.25), np.array([0.0, 1.0])).round(6)
    array([3.      , 1.103638])
    """
    if not isinstance(noise, LocalNoise):
        return np.asarray((1 - tilt) * (1 + tilt) * (noise.channel(times, num_qubits).coherence ** 2).sum(-1))
    single, spins, alike = _distinct(num_qubits, noise)
    return np.asarray((1 - tilt) * (1 + tilt) * alike * np.exp(-2 * single.lost_coherence(times, spins)).sum(-1))


def lost_by_each(num_qubits: int, noise: SpinNoise, times: FloatArray, pulses: Pulses = FREE) -> FloatArray:
    """Returns −ln of what is left of each spin's 4|c|², shape (times, num_qubits); pulses do not change it."""
    if isinstance(noise, LocalNoise):
        return 2 * noise.lost_coherence(times, num_qubits)
    with np.errstate(divide="ignore"):
        return np.asarray(-2 * np.log(np.abs(pulsed_channel(noise, times, num_qubits, pulses).coherence)))


def integrated_product_gain(num_qubits: int, noise: SpinNoise, tilt: float = 0.0) -> float | None:
    """Returns 𝓘 of a product probe in s, (1−δ²) Σ_j T2_j/2; infinite if a spin does not decay.

    Stretched dephasing alone: (1−δ²) Σ_j T_j Γ(1+1/β) 2^{−1/β} with T_j = 1/(2γ_φ,j). None where there is no closed
    form: stretched dephasing beside emission or absorption, and any noise but LocalNoise.

    Source: arXiv:2512.21661v1, Eqs. 25 and 59.

    >>> integrated_product_gain(4, LocalNoise(dephasing=0.1))
    10.0
    """
    if not isinstance(noise, LocalNoise):
        return None
    if noise.exponent == 1:
        return float((1 - tilt) * (1 + tilt) * (noise.t2(num_qubits) / 2).sum())
    if noise.relaxation_rates(num_qubits).any():
        return None
    with np.errstate(divide="ignore"):
        lifetimes = -np.log(2 * noise.rates(num_qubits)["dephasing"])
    return (1 - tilt) * (1 + tilt) * stretched_integral(noise.exponent, float(np.logaddexp.reduce(lifetimes)))


def log_ghz_gain(
    num_qubits: int,
    noise: SpinNoise,
    times: FloatArray,
    branch: FloatArray | None = None,
    tilt: float = 0.0,
    reach: float | None = None,
    pulses: Pulses = FREE,
) -> FloatArray:
    """Returns ln G(t) of a GHZ probe, shape (times,); finite where G itself underflows.

    GHZ stays a 2×2 block (the branches b and not b) beside a diagonal without information: G = (Σ_j s_j w_j)²
    4|c|²/(p_b + p_not b), c = ½ √(1−δ²) Π_j exp(−t/T2_j). The populations are products over spins: a spin of sign −
    is down in b, so that b keeps it by 1 − absorption.

    Args:
        num_qubits: N.
        noise: acts on each spin by itself, alike or not.
        times: shape (times,), in s.
        branch: s_j = ±1, shape (num_qubits,); + by default.
        tilt: δ, of the weights (1±δ)/2 of b and not b.
        reach: |Σ_j s_j w_j|; N by default.
        pulses: of the window; they mix populations.

    Source: arXiv:2512.21661v1, Eq. 42 for emission; for general rates derived in tests/theory/test_theory.py, for signs
    and tilt in tests/theory/test_world_gains.py.
    """
    reached = -np.inf if reach == 0 else 2 * math.log(num_qubits if reach is None else reach)
    if not isinstance(noise, LocalNoise):
        channel = pulsed_channel(noise, times, num_qubits, pulses)
        signs = np.ones(num_qubits) if branch is None else branch
        return _of_channel(channel, signs, tilt) + (reached if tilt == 0 else reached + math.log1p(-(tilt**2)))
    single, spins, alike = _distinct(num_qubits, noise)
    # Relaxation's share of the lost coherence is left to the populations, which decay no faster than its square.
    if single.exponent == 1:  # the sum over spins needs no array of times and spins
        lost = times * float(2 * single.rates(spins)["dephasing"].sum())
    else:
        lost = single.dephased(times[:, None], spins).sum(-1)
    gain = reached + math.log1p(-(tilt**2)) - 2 * alike * lost
    if not single.relaxation_rates(spins).any():
        return np.asarray(gain)  # the populations stay as they are
    ways = np.zeros((4, len(times)))
    for emission, absorption, count in _groups(num_qubits, single, spins, branch):
        if pulses.is_free:
            ways += count * _log_populations(times, emission, absorption)
        else:
            ways += count * _log_pulsed_populations(times, emission, absorption, pulses)
    return np.asarray(gain - _log_of_block(ways, tilt))


def _log_of_block(ways: FloatArray, tilt: float) -> FloatArray:
    """ln(p_b + p_not b) of ln of the ways b → b, not b → b, b → not b, not b → not b, shape (4, times)."""
    if tilt == 0:
        return np.asarray(np.logaddexp.reduce(ways, axis=0) - np.log(2))
    weights = np.log([(1 + tilt) / 2, (1 - tilt) / 2, (1 + tilt) / 2, (1 - tilt) / 2])
    return np.asarray(np.logaddexp.reduce(ways + weights[:, None], axis=0))


def _of_channel(channel: SpinChannel, signs: FloatArray, tilt: float) -> FloatArray:
    """ln of Π_j η_j²/(p_b + p_not b), η_j the factor on spin j's coherence."""
    coherence, up, down = channel
    is_up = signs > 0
    stays, returns = np.where(is_up, up, down), np.where(is_up, down, up)
    with np.errstate(divide="ignore", invalid="ignore"):
        lost = np.log(np.abs(coherence)).sum(-1)
        ways = np.array([np.log(way).sum(-1) for way in (stays, 1 - returns, 1 - stays, returns)])
        gain = 2 * lost - _log_of_block(ways, tilt)
    # η² ≤ up · down of each spin, so that a coherence of 0 leaves no gain, also where both populations underflow.
    return np.asarray(np.where(np.isneginf(lost), -np.inf, gain))


def _groups(
    num_qubits: int, single: LocalNoise, spins: int, branch: FloatArray | None
) -> Iterator[tuple[FloatArray, FloatArray, int]]:
    """Emission and absorption of spins, as seen from the branch b, and how many spins each of them stands for."""
    rates = single.rates(spins)
    emission, absorption = rates["emission"], rates["absorption"]
    if spins == 1:
        ups = num_qubits if branch is None else int(np.sum(branch > 0))
        if ups:
            yield emission, absorption, ups
        if ups < num_qubits:
            yield absorption, emission, num_qubits - ups
        return
    lost, gained = emission, absorption
    if branch is not None:
        lost, gained = np.where(branch > 0, lost, gained), np.where(branch > 0, gained, lost)
    for start in range(0, spins, _SPINS_AT_ONCE):
        part = slice(start, start + _SPINS_AT_ONCE)
        yield lost[part], gained[part], 1


def _log_populations(times: FloatArray, emission: FloatArray, absorption: FloatArray) -> FloatArray:
    """ln of e^{Σ t/T1} times the probabilities that all spins that were up stay, or all that were down are lifted
    (p_up), that all that were up fall, or all that were down stay (p_down); shape (4, times).

    With E = e^{−t/T1} and the equilibrium p, up stays with p + (1−p) E. Where p = 0 that is E alone: its logarithm is
    −t/T1 at any time, and cancels.
    """
    rates = emission + absorption
    up, down = equilibrium(emission, absorption)
    kept = np.exp(-times[:, None] * rates)
    moved = -np.expm1(-times[:, None] * rates)  # 1 − e^{−t/T1}
    passed = np.minimum(times * float(rates.sum()), _LARGEST)
    stays = [
        _log_product(np.where(share > 0, kept + share * moved, 1.0)) + times * float(rates[share > 0].sum())
        for share in (up, down)
    ]
    lifted, fallen = (_log_product(share * moved) + passed for share in (up, down))
    return np.array([stays[0], lifted, fallen, stays[1]])


def _log_pulsed_populations(
    times: FloatArray, emission: FloatArray, absorption: FloatArray, pulses: Pulses
) -> FloatArray:
    """The same of windows with pulses: after each, emission and absorption change places. Only sums of positive
    numbers, so that small probabilities keep their digits."""
    rates = emission + absorption
    up, down = equilibrium(emission, absorption)
    stays, falls = np.ones((len(times), len(rates))), np.zeros((len(times), len(rates)))
    lifts, rests = np.zeros_like(falls), np.ones_like(stays)
    for length, sign in zip(np.diff(pulses.edges()), pulses.signs(), strict=True):
        passed = times[:, None] * (length * rates)
        kept, moved = np.exp(-passed), -np.expm1(-passed)
        to_up, to_down = (up, down) if sign > 0 else (down, up)
        stay, lift, fall, rest = kept + to_up * moved, to_up * moved, to_down * moved, kept + to_down * moved
        stays, falls = stays * stay + falls * lift, stays * fall + falls * rest
        lifts, rests = lifts * stay + rests * lift, lifts * fall + rests * rest
    passed = np.minimum(times * float(rates.sum()), _LARGEST)
    return np.array([_log_product(np.minimum(way, 1.0)) + passed for way in (stays, lifts, falls, rests)])


def _log_product(factors: FloatArray) -> FloatArray:
    """ln of the product over the last axis of numbers in [0, 1]; eight at a time, as logarithms are what costs."""
    spins = factors.shape[-1]
    whole = factors[:, : spins - spins % 8].reshape(len(factors), 8, -1).prod(axis=1)
    with np.errstate(divide="ignore"):
        result = np.log(whole).sum(-1) + np.log(factors[:, spins - spins % 8 :]).sum(-1)
        small = (whole < _UNDERFLOWS).any(-1)  # the product of eight leaves the range of numbers before they do
        if small.any():
            small[small] = (factors[small] > 0).all(-1)
            result[small] = np.log(factors[small]).sum(-1)
    return np.asarray(result)


def ghz_gain(num_qubits: int, noise: SpinNoise, times: FloatArray) -> FloatArray:
    """Returns G(t) of a GHZ probe, shape (times,).

    Source: arXiv:2512.21661v1, Eqs. 11 and 49.

    >>> ghz_gain(3, LocalNoise(dephasing=0.25), np.array([0.0, 1.0])).round(6)
    array([9.      , 0.448084])
    """
    return np.minimum(np.exp(log_ghz_gain(num_qubits, noise, times)), float(num_qubits) ** 2)


def integrated_ghz_gain(num_qubits: int, noise: SpinNoise) -> float | None:
    """Returns 𝓘 of a GHZ probe under dephasing alone, N²/(4 Σ_j γ_j), in s.

    None where populations change, and for any noise but LocalNoise.

    Stretched: N² T Γ(1+1/β) 2^{−1/β} with T^{−β} = Σ_j (2γ_j)^β; for equal rates N^{1−1/β} times the product probe's.

    Source: arXiv:2512.21661v1, Eq. 12 for equal rates.

    >>> integrated_ghz_gain(4, LocalNoise(dephasing=0.1))
    10.0
    """
    if not isinstance(noise, LocalNoise) or noise.relaxation_rates(num_qubits).any():
        return None
    rates = noise.rates(num_qubits)["dephasing"]
    if noise.exponent == 1:
        total = 4 * float(rates.sum())
        return num_qubits**2 / total if total > 0 else float("inf")
    with np.errstate(divide="ignore"):
        total = float(np.logaddexp.reduce(noise.exponent * np.log(2 * rates))) / noise.exponent
    return num_qubits**2 * stretched_integral(noise.exponent, -total)


def stretched_integral(exponent: float, log_lifetime: float) -> float:
    """Returns T ∫₀^∞ exp(−2 s^β) ds = T Γ(1+1/β) 2^{−1/β}, T given by its logarithm."""
    if np.isinf(log_lifetime):
        return float("inf")
    log = log_lifetime + math.lgamma(1 + 1 / exponent) - math.log(2) / exponent
    if not log < _LARGEST_LOG:
        raise ArgumentError(
            f"With the exponent {exponent:g} the integrated gain is about 1e{log / math.log(10):.0f} s, beyond the "
            "range of numbers; give a larger `exponent`."
        )
    return math.exp(log)


def _distinct(num_qubits: int, noise: LocalNoise) -> tuple[LocalNoise, int, int]:
    """The noise of the spins that differ, their number, and how many spins each stands for."""
    noise.rates(num_qubits)
    return (noise.of_one_spin(), 1, num_qubits) if noise.is_uniform else (noise, num_qubits, 1)


def ghz_parity_gain(num_qubits: int, noise: SpinNoise, times: FloatArray) -> FloatArray:
    """Returns the classical gain of parity alone on a GHZ probe at mid-fringe, N² 4|c|², shape (times,).

    Its integral under emission is N/γ, less than the 𝓘 of Eq. 50.

    Source: derived in tests/theory/test_theory.py.

    >>> ghz_parity_gain(2, LocalNoise(emission=1.0), np.array([0.0, 1.0])).round(6)
    array([4.      , 0.541341])
    """
    return np.asarray(num_qubits**2 * noise.channel(times, num_qubits).coherence.prod(-1) ** 2)
