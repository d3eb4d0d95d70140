"""What ancillas add: spins that neither feel the field nor decay, entangled with those that do.

The search among all states of 2N spins answers, with weights and rates 0 for N of them; more ancillas than spins add
nothing. Bounds on every probe hold with ancillas too.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from qsense.noise import AnyNoise, LocalNoise, World, world_of
from qsense.signals import Signal
from qsense.theory.all_states import best_of_all_states, check_all_states
from qsense.theory.goal import Goal

MOST_SPINS = 3


def goes_with_ancillas(num_qubits: int, noise: AnyNoise) -> bool:
    """Whether it is known what ancillas add: up to three spins, and rates of each spin by itself alone."""
    model = world_of(noise).noise
    return (
        num_qubits <= MOST_SPINS and isinstance(model.local, LocalNoise) and not (model.phase_noise or model.is_coupled)
    )


def best_with_ancillas(num_qubits: int, noise: AnyNoise, goal: Goal) -> float:
    """Returns the objective of the best state of N spins and as many ancillas that ascents find.

    Args:
        num_qubits: N ≤ 3.
        noise: as `goes_with_ancillas` says, and as of the search among all states.
        goal: the objective.

    >>> round(best_with_ancillas(1, LocalNoise(emission=0.1), Goal("gain", 1.0)), 5)  # without ancilla: 0.90484
    0.95064
    """
    world = check_all_states(num_qubits, noise)
    local = world.noise.local_noise()
    none = np.zeros(num_qubits)
    rates = {kind: np.concatenate([one, none]).tolist() for kind, one in local.rates(num_qubits).items()}
    weights = np.concatenate([world.weights(num_qubits), none]).tolist()
    noise_of_both = replace(world.noise, local=LocalNoise(**rates, exponent=local.exponent))
    signal = Signal(weights, world.signal.frequency, world.signal.phase)
    return best_of_all_states(2 * num_qubits, World(noise_of_both, signal, world.pulses), goal, []).value
