"""Closed forms: GHZ and product probes under any local dephasing, emission and absorption, any N in O(N)."""

from __future__ import annotations

import numpy as np

from qsense.fisher import FloatArray
from qsense.noise import LocalNoise


def product_gain(num_qubits: int, noise: LocalNoise, times: FloatArray, tilt: float = 0.0) -> FloatArray:
    """Returns G(t) of a product probe, Σ_j 4|c_j|² = (1−δ²) Σ_j exp(−2t/T2_j).

    Args:
        num_qubits: N.
        noise: local noise, rates alike or per spin.
        times: shape (times,), in s.
        tilt: δ.

    Returns:
        G, shape (times,), 1.

    Source: arXiv:2512.21661v1, Eqs. 22, 24, 33 and 58.

    >>> product_gain(3, LocalNoise(dephasing=0.25), np.array([0.0, 1.0])).round(6)
    array([3.      , 1.103638])
    """
    coherence = noise.decay(times, num_qubits).coherence
    return np.asarray((1 - tilt**2) * (coherence**2).sum(-1))


def product_img(num_qubits: int, noise: LocalNoise, tilt: float = 0.0) -> float:
    """Returns 𝓘 of a product probe in s, (1−δ²) Σ_j T2_j/2; infinite if a spin does not decay.

    Source: arXiv:2512.21661v1, Eqs. 25 and 59.

    >>> product_img(4, LocalNoise(dephasing=0.1))
    10.0
    """
    return float((1 - tilt**2) * (noise.t2(num_qubits) / 2).sum())


def log_ghz_gain(num_qubits: int, noise: LocalNoise, times: FloatArray) -> FloatArray:
    """Returns ln G(t) of a GHZ probe, shape (times,); finite where G itself underflows.

    GHZ stays a 2×2 block (all up, all down) beside a diagonal without information:
    G = N² 4|c|²/(p_up + p_down), c = ½ Π_j exp(−t/T2_j), and the populations are products over spins.

    Source: arXiv:2512.21661v1, Eq. 42 for emission; for general rates derived in tests/test_theory.py.
    """
    decay = noise.decay(times, num_qubits)
    with np.errstate(divide="ignore"):
        log = [np.log(p).sum(-1) for p in (decay.stay_up, 1 - decay.stay_down, 1 - decay.stay_up, decay.stay_down)]
        # p_up: up stayed up or down was lifted; p_down likewise; each with weight 1/2.
        log_population = np.logaddexp.reduce(log, axis=0) - np.log(2)
    log_coherence = -np.outer(times, noise.coherence_rates(num_qubits)).sum(-1)
    return np.asarray(2 * np.log(num_qubits) + 2 * log_coherence - log_population)


def ghz_gain(num_qubits: int, noise: LocalNoise, times: FloatArray) -> FloatArray:
    """Returns G(t) of a GHZ probe, shape (times,).

    Source: arXiv:2512.21661v1, Eqs. 11 and 49.

    >>> ghz_gain(3, LocalNoise(dephasing=0.25), np.array([0.0, 1.0])).round(6)
    array([9.      , 0.448084])
    """
    return np.asarray(np.exp(log_ghz_gain(num_qubits, noise, times)))


def ghz_dephasing_img(num_qubits: int, noise: LocalNoise) -> float:
    """Returns 𝓘 of a GHZ probe under dephasing alone, N²/(4 Σ_j γ_j), in s.

    Source: arXiv:2512.21661v1, Eq. 12 for equal rates.

    >>> ghz_dephasing_img(4, LocalNoise(dephasing=0.1))
    10.0
    """
    total = float(noise.rates(num_qubits)["dephasing"].sum())
    return num_qubits**2 / (4 * total) if total else np.inf


def ghz_parity_gain(num_qubits: int, noise: LocalNoise, times: FloatArray) -> FloatArray:
    """Returns the classical gain of parity alone on a GHZ probe at mid-fringe, N² 4|c|², shape (times,).

    Its integral under emission is N/γ, less than the 𝓘 of Eq. 50.

    Source: derived in tests/test_theory.py.

    >>> ghz_parity_gain(2, LocalNoise(emission=1.0), np.array([0.0, 1.0])).round(6)
    array([4.      , 0.541341])
    """
    return np.asarray(num_qubits**2 * np.exp(-2 * np.outer(times, noise.coherence_rates(num_qubits)).sum(-1)))
