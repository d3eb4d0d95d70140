"""Closed forms: GHZ and product probes under any local dephasing, emission and absorption, any N in O(N)."""

from __future__ import annotations

import math

import numpy as np

from qsense.fisher import FloatArray
from qsense.noise import Decay, LocalNoise


def product_gain(num_qubits: int, noise: LocalNoise, times: FloatArray, tilt: float = 0.0) -> FloatArray:
    """Returns G(t) of a product probe, Σ_j 4|c_j|² = (1−δ²) Σ_j exp(−2t/T2_j).

    Args:
        num_qubits: N.
        noise: local noise, rates alike or per spin, decay exponential or stretched.
        times: shape (times,), in s.
        tilt: δ.

    Returns:
        G, shape (times,), 1.

    Source: arXiv:2512.21661v1, Eqs. 22, 24, 33 and 58.

    >>> product_gain(3, LocalNoise(dephasing=0.25), np.array([0.0, 1.0])).round(6)
    array([3.      , 1.103638])
    """
    decay, alike = _decays(num_qubits, noise, times)
    return np.asarray((1 - tilt**2) * alike * (decay.coherence**2).sum(-1))


def product_img(num_qubits: int, noise: LocalNoise, tilt: float = 0.0) -> float | None:
    """Returns 𝓘 of a product probe in s, (1−δ²) Σ_j T2_j/2; infinite if a spin does not decay.

    Stretched dephasing alone: (1−δ²) Σ_j T_j Γ(1+1/β) 2^{−1/β} with T_j = 1/(2γ_φ,j). None where there is no closed
    form: stretched dephasing beside emission or absorption.

    Source: arXiv:2512.21661v1, Eqs. 25 and 59.

    >>> product_img(4, LocalNoise(dephasing=0.1))
    10.0
    """
    if noise.exponent == 1:
        return float((1 - tilt**2) * (noise.t2(num_qubits) / 2).sum())
    if noise.relaxation_rates(num_qubits).any():
        return None
    with np.errstate(divide="ignore"):
        lifetimes = 1 / (2 * noise.rates(num_qubits)["dephasing"])
    return float((1 - tilt**2) * _stretched(noise.exponent) * lifetimes.sum())


def log_ghz_gain(num_qubits: int, noise: LocalNoise, times: FloatArray) -> FloatArray:
    """Returns ln G(t) of a GHZ probe, shape (times,); finite where G itself underflows.

    GHZ stays a 2×2 block (all up, all down) beside a diagonal without information:
    G = N² 4|c|²/(p_up + p_down), c = ½ Π_j exp(−t/T2_j), and the populations are products over spins.

    Source: arXiv:2512.21661v1, Eq. 42 for emission; for general rates derived in tests/test_theory.py.
    """
    decay, alike = _decays(num_qubits, noise, times)
    single = noise if alike == 1 else noise.of_one_spin()
    spins = num_qubits // alike
    column = times[:, None]
    coherence = column * single.relaxation_rates(spins) / 2 + single.dephased(column, spins)
    gain = 2 * np.log(num_qubits) - 2 * alike * coherence.sum(-1)
    if not single.relaxation_rates(spins).any():
        return np.asarray(gain)  # the populations stay 1/2 each
    with np.errstate(divide="ignore"):
        log = [
            alike * np.log(p).sum(-1) for p in (decay.stay_up, 1 - decay.stay_down, 1 - decay.stay_up, decay.stay_down)
        ]
        # p_up: up stayed up or down was lifted; p_down likewise; each with weight 1/2.
        return np.asarray(gain - np.logaddexp.reduce(log, axis=0) + np.log(2))


def ghz_gain(num_qubits: int, noise: LocalNoise, times: FloatArray) -> FloatArray:
    """Returns G(t) of a GHZ probe, shape (times,).

    Source: arXiv:2512.21661v1, Eqs. 11 and 49.

    >>> ghz_gain(3, LocalNoise(dephasing=0.25), np.array([0.0, 1.0])).round(6)
    array([9.      , 0.448084])
    """
    return np.asarray(np.exp(log_ghz_gain(num_qubits, noise, times)))


def ghz_img(num_qubits: int, noise: LocalNoise) -> float | None:
    """Returns 𝓘 of a GHZ probe under dephasing alone, N²/(4 Σ_j γ_j), in s; None where populations change.

    Stretched: N² T Γ(1+1/β) 2^{−1/β} with T^{−β} = Σ_j (2γ_j)^β; for equal rates N^{1−1/β} times the product probe's.

    Source: arXiv:2512.21661v1, Eq. 12 for equal rates.

    >>> ghz_img(4, LocalNoise(dephasing=0.1))
    10.0
    """
    if noise.relaxation_rates(num_qubits).any():
        return None
    rates = 2 * noise.rates(num_qubits)["dephasing"]
    total = float((rates**noise.exponent).sum()) ** (1 / noise.exponent)
    return num_qubits**2 * _stretched(noise.exponent) / total if total > 0 else float("inf")


def _stretched(exponent: float) -> float:
    """∫₀^∞ exp(−2 s^β) ds = Γ(1+1/β) 2^{−1/β}."""
    return math.gamma(1 + 1 / exponent) * 2 ** (-1 / exponent)


def _decays(num_qubits: int, noise: LocalNoise, times: FloatArray) -> tuple[Decay, int]:
    """The spins' channels, and how many spins each stands for: with equal rates one stands for all."""
    noise.rates(num_qubits)
    if noise.is_uniform:
        return noise.of_one_spin().decay(times, 1), num_qubits
    return noise.decay(times, num_qubits), 1


def ghz_parity_gain(num_qubits: int, noise: LocalNoise, times: FloatArray) -> FloatArray:
    """Returns the classical gain of parity alone on a GHZ probe at mid-fringe, N² 4|c|², shape (times,).

    Its integral under emission is N/γ, less than the 𝓘 of Eq. 50.

    Source: derived in tests/test_theory.py.

    >>> ghz_parity_gain(2, LocalNoise(emission=1.0), np.array([0.0, 1.0])).round(6)
    array([4.      , 0.541341])
    """
    return np.asarray(num_qubits**2 * noise.decay(times, num_qubits).coherence.prod(-1) ** 2)
