"""GHZ and product probes in any world where they have closed forms: what spins share beside what each has by itself.

GHZ of any signs stays in its block (b and not b) under all noise of the phase and any ZZ coupling, which gives b and
not b the same energy: G = (Σ s_j w_j)² 4|c|²/(p_b + p_not b), and |c|² gets exp(−sᵀXs). Product probes are a sum over
spins while X is diagonal. G here is about the collected angle θ of K; W² is the engine's.
"""

from __future__ import annotations

import math

import numpy as np

from qsense.noise import LocalNoise, NoiseModel, World
from qsense.noise.pulsed import pulsed_channel
from qsense.numerics.fisher import FloatArray
from qsense.probes import Probe
from qsense.theory.closed import log_ghz_gain, lost_by_each, product_gain
from qsense.theory.shared import along, is_diagonal, on_each


def reach(probe: Probe, world: World) -> float:
    """Returns |Σ_j s_j w_j|, how many times faster than one spin a GHZ probe turns; 0 where it does not sense.

    >>> reach(Probe.ghz(3), World())
    3.0
    """
    if not probe.signs and world.signal.has_unit_weights:
        return float(probe.num_qubits)
    weights = world.weights(probe.num_qubits)
    found = abs(float(probe.branch @ weights))
    return found if found > 1e-14 * float(np.abs(weights).sum()) else 0.0


def is_block(probe: Probe, noise: NoiseModel) -> bool:
    """Whether the probe is a GHZ probe whose block is closed under the noise.

    A dipolar coupling leaves all up and all down as they are, but mixes other signs; and where spins relax at rates of
    their own, it changes how fast an excitation is lost on the way from one branch to the other.
    """
    if probe.kind != "ghz" or not noise.is_covariant:
        return False
    if not noise.is_dipolar:
        return True
    n, local = probe.num_qubits, noise.local
    if len(set(probe.branch)) > 1 or not isinstance(local, LocalNoise):
        return False
    rates = local.rates(n)
    return all(len(set(rates[kind].tolist())) == 1 for kind in ("emission", "absorption"))


def is_sum(probe: Probe, noise: NoiseModel) -> bool:
    """Whether the probe is a product probe whose G is a sum over spins."""
    is_alone = noise.is_covariant and not noise.is_coupled
    return probe.kind == "product" and is_alone and is_diagonal(noise, probe.num_qubits)


def log_block_gain(probe: Probe, world: World, times: FloatArray) -> FloatArray:
    """Returns ln G(t) of a GHZ probe, shape (times,); finite where G itself underflows.

    Source: derived in tests/theory/test_world_gains.py from ρ_kl → ρ_kl exp(−½ dᵀXd).

    >>> from qsense.signals import Signal
    >>> world = World(NoiseModel(LocalNoise(dephasing=0.1), collective_dephasing=1.0), Signal([1, -1]))
    >>> np.exp(log_block_gain(Probe.ghz(2, signs="+-"), world, np.array([0.0, 1.0]))).round(6)  # not e^{−16}
    array([4.      , 1.797316])
    """
    n, noise = probe.num_qubits, world.noise
    branch = probe.branch if probe.signs else None
    found = log_ghz_gain(n, noise.local, times, branch, probe.tilt, reach(probe, world), world.pulses)
    return found - along(world, times, probe.branch) if noise.phase_noise else found


def block_gain(probe: Probe, world: World, times: FloatArray) -> FloatArray:
    """Returns G(t) of a GHZ probe, shape (times,); never above its `reach` squared, also by rounding of logarithms.

    >>> block_gain(Probe.ghz(3), World(NoiseModel(LocalNoise(dephasing=0.1))), np.zeros(1)).tolist()
    [9.0]
    """
    return np.minimum(np.exp(log_block_gain(probe, world, times)), reach(probe, world) ** 2)


def visibility_and_kept(probe: Probe, world: World, times: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Returns 2|c| and p_b + p_not b of a GHZ probe, each (times,).

    >>> visibility_and_kept(Probe.ghz(2), World(LocalNoise(emission=1.0)), np.array([np.log(2)]))
    (array([0.5]), array([0.75]))
    """
    is_up, tilt = probe.branch > 0, probe.tilt
    coherence, up, down = pulsed_channel(world.noise.local, times, probe.num_qubits, world.pulses)
    stays, returns = np.where(is_up, up, down), np.where(is_up, down, up)
    ends = [(1 + tilt, stays), (1 - tilt, 1 - returns), (1 + tilt, 1 - stays), (1 - tilt, returns)]
    kept = np.sum([weight * part.prod(-1) for weight, part in ends], axis=0) / 2
    shared = np.exp(-0.5 * along(world, times, probe.branch))
    return math.sqrt((1 - tilt) * (1 + tilt)) * coherence.prod(-1) * shared, np.asarray(kept)


def log_sum_gain(probe: Probe, world: World, times: FloatArray) -> FloatArray:
    """Returns ln G(t) of a product probe, shape (times,); finite where G itself underflows."""
    n, weights = probe.num_qubits, world.weights(probe.num_qubits)
    lost = _lost(world, times, n)
    with np.errstate(divide="ignore"):
        logs = 2 * np.log(np.abs(weights)) - lost
    return np.asarray(math.log1p(-(probe.tilt**2)) + np.logaddexp.reduce(logs, axis=-1))


def sum_gain(probe: Probe, world: World, times: FloatArray) -> FloatArray:
    """Returns G(t) of a product probe, Σ_j w_j² (1−δ²) η_j², shape (times,).

    >>> from qsense.noise import Local, PhaseNoise, QuasiStatic
    >>> slow = NoiseModel(phase_noise=[PhaseNoise(Local(), QuasiStatic(1.0))])
    >>> sum_gain(Probe.product(2), World(slow), np.array([1.0])).round(6)  # 2/e
    array([0.735759])
    """
    n, noise, tilt = probe.num_qubits, world.noise, probe.tilt
    if world.signal.has_unit_weights and not noise.phase_noise and world.pulses.is_free:
        return product_gain(n, noise.local, times, tilt)
    return np.asarray((1 - tilt) * (1 + tilt) * (np.exp(-_lost(world, times, n)) @ world.weights(n) ** 2))


def _lost(world: World, times: FloatArray, num_qubits: int) -> FloatArray:
    lost = lost_by_each(num_qubits, world.noise.local, times, world.pulses)
    return lost + on_each(world, times, num_qubits) if world.noise.phase_noise else lost
