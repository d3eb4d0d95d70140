"""Whether a state senses the signal at all, before any noise."""

from __future__ import annotations

import numpy as np

from qsense.noise import AnyNoise, LocalNoise, World, world_of
from qsense.probes import NUM_QUBITS_OF_A_STATEVECTOR, Probe
from qsense.theory.dense import dense_gain
from qsense.theory.engines import cannot_sense

BLIND = "G = 0: this state commutes with the field"
_ROUNDING = 1e-12  # of the largest G: what is left of a state that was computed, or saved in single precision


def senses_nothing(probe: Probe, noise: AnyNoise | None = None) -> bool:
    """Whether a probe commutes with the field, K = ½ Σ w_j Z_j, but for rounding: then G = 0 under any noise that does.

    Args:
        probe: the state that is prepared; of a circuit of more than 20 spins nothing is known.
        noise: has the signal's weights; 1 for every spin by default.

    >>> senses_nothing(Probe.from_state(np.diag([0.25, 0.25, 0.5, 0.0]))), senses_nothing(Probe.ghz(2))
    (True, False)
    """
    world, n = World() if noise is None else world_of(noise), probe.num_qubits
    if probe.kind == "circuit" and n > NUM_QUBITS_OF_A_STATEVECTOR:
        return False
    if probe.kind not in ("state", "circuit") or cannot_sense(probe, world):
        return cannot_sense(probe, world)
    most = _ROUNDING * float(np.abs(world.weights(n)).sum()) ** 2
    if probe.is_mixed:
        still = World(LocalNoise(), world.signal)
        return float(dense_gain(probe, still, np.zeros(1))[0]) <= most
    chances, values = np.abs(probe.statevector()) ** 2, world.generator(n)
    return 4 * float(chances @ (values - chances @ values) ** 2) <= most
