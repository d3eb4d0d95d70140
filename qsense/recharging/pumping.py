"""Recharging while sensing: absorption or optical pumping at a rate γ_↑, and why it never raises the gain.

The channel of a spin under dephasing, emission γ_↓ and absorption γ_↑ is the channel without absorption, followed by a
process that commutes with the field and does not know it:

    E(γ_↓, γ_↑; t) = A(t) ∘ E(γ_↓, 0; t).

A multiplies the coherence by a = e^{−γ_↑t/2}, keeps down with s = 1 − q(1 − e^{−Γt}) and up with a² + 1 − s, where
Γ = γ_↓ + γ_↑ and q = γ_↑/Γ. It is a process because (1 − e^{−Γt})/Γ ≤ (1 − e^{−γ_↑t})/γ_↑. What follows the noise and
does not know the field never raises the quantum Fisher information: **G(t) with pumping is at most G(t) without, at
every time, for every probe, beside dephasing and beside emission alike.** The same holds for photons that a pumped spin
scatters.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qsense.errors import ArgumentError
from qsense.noise import LocalNoise, SpinChannel
from qsense.numerics.fisher import FloatArray
from qsense.probes import Probe
from qsense.recharging.energy import pumping_quanta
from qsense.theory import integrated_gain, operational_rate
from qsense.theory.rate import Rate


@dataclass(frozen=True)
class Pumped:
    """What a probe gains while its spins are pumped.

    Attributes:
        rate: γ_↑ in 1/s.
        integrated_gain: 𝓘 in s.
        error: of its computation, in s.
        best: the operational rate max_t Q/(t + dead time) in s, and its time.
        quanta: γ_↑ N t of that window: what pumping spends, in ħω.
    """

    rate: float
    integrated_gain: float
    error: float
    best: Rate
    quanta: float


def pumped(noise: LocalNoise, rate: float, branching: float = 1.0) -> LocalNoise:
    """Returns the noise with pumping beside it.

    Pumping lifts a spin from down by a short-lived level. It ends up with the probability `branching`; else it falls
    back down, and the scattered photon has told where the spin was, which dephases it.

    Args:
        noise: dephasing, emission and absorption.
        rate: γ_↑ in 1/s, at which a spin that is down comes up.
        branching: in (0, 1]; γ_↑/branching is the rate of scattering.

    Raises:
        ArgumentError: the rate is negative, the branching is out of range, or the noise is transverse.

    Source: L = |down><down| at a rate R multiplies the coherence by e^{−Rt/2}, as dephasing at R/4 does.

    >>> pumped(LocalNoise(dephasing=0.1), 0.2, branching=0.5).dephasing
    (0.15000000000000002,)
    """
    if not 0 < branching <= 1:
        raise ArgumentError(f"Argument `branching` must be above 0 and at most 1, but is {branching:g}.")
    if not 0 <= rate < math.inf:
        raise ArgumentError(f"Argument `pump` must be finite and not negative, but is {rate:g} (1/s).")
    if any(noise.transverse) or (noise.exponent != 1 and branching < 1):
        raise ArgumentError(
            "Pumping goes beside dephasing, emission and absorption, and beside stretched dephasing with a branching "
            "of 1; leave `transverse` out, and `exponent` at 1."
        )
    scattered = rate * (1 / branching - 1)
    return LocalNoise(
        tuple(np.add(noise.dephasing, scattered / 4)),
        noise.emission,
        tuple(np.add(noise.absorption, rate)),
        name=noise.name,
        exponent=noise.exponent,
    )


def pumping(
    probe: Probe, noise: LocalNoise, rates: Sequence[float], branching: float = 1.0, dead_time: float = 0.0
) -> list[Pumped]:
    """Returns 𝓘, the operational rate and the quanta spent at every pumping rate.

    Args:
        probe: the state that is prepared.
        noise: what acts beside pumping; some rate of every spin must be positive.
        rates: γ_↑ in 1/s.
        branching: see `pumped`.
        dead_time: of the operational rate, in s.

    Raises:
        ArgumentError: a rate or the branching is out of range, or nothing decays.

    >>> at = pumping(Probe.ghz(4), LocalNoise(dephasing=0.1), [0, 0.1])
    >>> [round(one.integrated_gain, 6) for one in at]
    [10.0, 8.78435]
    """
    found = []
    for rate in rates:
        beside = pumped(noise, rate, branching)
        integral = integrated_gain(probe, beside)
        best = operational_rate(probe, beside, dead_time)
        quanta = pumping_quanta(rate / branching, probe.num_qubits, best.time)
        found.append(Pumped(float(rate), integral.value, integral.error, best, quanta))
    return found


def what_pumping_adds(noise: LocalNoise, rate: float, times: FloatArray, num_qubits: int) -> SpinChannel:
    """Returns A(t), the process by which pumping at γ_↑ differs from none, arrays of shape (times, spins).

    Args:
        noise: of each spin; its absorption counts to what is there without pumping only if it is zero.
        rate: γ_↑ in 1/s.
        times: shape (times,), in s.
        num_qubits: N.

    Raises:
        ArgumentError: the noise has absorption of its own.

    Source: derived in the module's docstring; checked in tests/recharging/test_pumping.py.

    >>> at = what_pumping_adds(LocalNoise(emission=0.3), 0.2, np.array([1.0]), 1)
    >>> round(float(at.stay_up[0, 0]), 6), round(float(at.stay_down[0, 0]), 6)
    (0.976118, 0.842612)
    """
    if any(noise.absorption):
        raise ArgumentError("Give the noise without absorption, and all absorption as the pumping rate.")
    emission = np.broadcast_to(np.array(noise.emission), (num_qubits,))
    t = np.asarray(times, dtype=np.float64)[:, None]
    total = emission + rate
    share = np.divide(rate, total, out=np.zeros(num_qubits), where=total > 0)
    down = 1 + share * np.expm1(-total * t)
    return SpinChannel(np.exp(-rate * t / 2) * np.ones(num_qubits), np.exp(-rate * t) + 1 - down, down)
