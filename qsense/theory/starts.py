"""Where searches for the best symmetric probe begin."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qsense.noise import AnyNoise, world_of
from qsense.numerics.fisher import FloatArray
from qsense.probes import collective
from qsense.theory.engines import uniform_channel
from qsense.theory.mixing import Array
from qsense.theory.symmetric import relaxes, treats_alike

_FIVE = 5  # positive starts
_PATTERNED = 24  # spins up to which there are starts with patterns of signs, unless up and down fare alike


def starts(num_qubits: int, noise: AnyNoise | None = None) -> list[FloatArray]:
    """Returns GHZ with a little of product, product with a little of GHZ, a flat state, and two between.

    Where populations change under `noise`, also some whose signs alternate after two, or whose every second amplitude
    is 0: ascents from positive amplitudes stay with them, and there the best may have others. They were the best of up
    to seven spins, and of more where up and down fare alike.
    """
    ghz, product = collective.ghz(num_qubits), collective.coherent(num_qubits).real
    ups = (np.arange(num_qubits + 1) + 0.5) / (num_qubits + 1)
    found = [product + 0.3 * ghz, ghz + 0.3 * product, np.ones(num_qubits + 1), np.sqrt(product), 0.2 + ups]
    if noise is None or num_qubits > _patterned(num_qubits, noise):
        return found
    quarter = np.pi / 2 * np.arange(num_qubits + 1)
    patterns = [np.cos(quarter - np.pi / 4), np.cos(quarter + np.pi / 4), np.cos(quarter), np.cos(quarter) ** 2]
    profiles = (ghz + 0.3 * product, 0.3 * ghz + 1 / np.sqrt(num_qubits + 1))
    return found + [profile * pattern for profile in profiles for pattern in patterns]


def in_fives(begin: Sequence[Array]) -> list[Sequence[Array]]:
    """Returns starts five by five: the positive ones, which come first, and those with patterns compete apart."""
    return [begin[first : first + _FIVE] for first in range(0, len(begin), _FIVE)]


def _patterned(num_qubits: int, noise: AnyNoise) -> float:
    """Up to how many spins there are starts with patterns of signs."""
    world = world_of(noise)
    lifetime = 1 / float(world.decay_rates(num_qubits)[0])
    channel = uniform_channel(world, num_qubits, np.array([lifetime]))
    if not relaxes(channel):
        return 0
    return np.inf if treats_alike(channel) else _PATTERNED


def scaled(amplitudes: Array, num_qubits: int) -> Array:
    """Returns amplitudes of the same profile for another number of spins, not normalised.

    >>> scaled(np.array([1.0, 0.0, 1.0]), 4).tolist()
    [1.0, 0.5, 0.0, 0.5, 1.0]
    """
    size = len(amplitudes) - 1
    return np.interp(np.linspace(0, 1, num_qubits + 1), np.linspace(0, 1, size + 1), amplitudes)
