"""Where searches for the best symmetric probe begin."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qsense.errors import ArgumentError
from qsense.noise import AnyNoise, world_of
from qsense.numerics.fisher import FloatArray
from qsense.probes import collective
from qsense.theory.mixing import Array

_FIVE = 5  # positive starts
_PATTERNED = 24  # spins up to which patterns of signs are tried as they are
_PERIOD = 4  # of the patterns, in spins up


def starts(num_qubits: int) -> list[FloatArray]:
    """Returns GHZ with a little of product, product with a little of GHZ, a flat state, and two between."""
    ghz, product = collective.ghz(num_qubits), collective.coherent(num_qubits).real
    ups = (np.arange(num_qubits + 1) + 0.5) / (num_qubits + 1)
    return [product + 0.3 * ghz, ghz + 0.3 * product, np.ones(num_qubits + 1), np.sqrt(product), 0.2 + ups]


def patterned_starts(num_qubits: int) -> list[FloatArray]:
    """Returns starts whose signs alternate after two, or whose every second amplitude is 0; none of no spins."""
    if num_qubits == 0:
        return []
    ghz, quarter = collective.ghz(num_qubits), np.pi / 2 * np.arange(num_qubits + 1)
    patterns = [np.cos(quarter - np.pi / 4), np.cos(quarter + np.pi / 4), np.cos(quarter), np.cos(quarter) ** 2]
    profiles = (ghz + 0.3 * collective.coherent(num_qubits).real, 0.3 * ghz + 1 / np.sqrt(num_qubits + 1))
    return [profile * pattern for profile in profiles for pattern in patterns]


def in_fives(begin: Sequence[Array]) -> list[Sequence[Array]]:
    """Returns starts five by five: the positive ones, which come first, and those with patterns compete apart."""
    return [begin[first : first + _FIVE] for first in range(0, len(begin), _FIVE)]


def scaled(amplitudes: Array, num_qubits: int) -> Array:
    """Returns amplitudes of the same profile for another number of spins, not normalised.

    >>> scaled(np.array([1.0, 0.0, 1.0]), 4).tolist()
    [1.0, 0.5, 0.0, 0.5, 1.0]
    """
    size = len(amplitudes) - 1
    return np.interp(np.linspace(0, 1, num_qubits + 1), np.linspace(0, 1, size + 1), amplitudes)


def patterned_spins(num_qubits: int, noise: AnyNoise) -> int:
    """Returns of how many spins patterned starts are tried: N, or fewer whose best is scaled up, or 0.

    Where populations change, ascents from positive amplitudes stay with them, and the best may have others. Such were
    the best of up to seven spins and, where spins both fall and rise, of up to about 28. Patterns of fewer spins have
    both ends where those of N have them.

    >>> from qsense.noise import LocalNoise
    >>> [patterned_spins(size, LocalNoise(emission=1.0, absorption=0.5)) for size in (24, 25, 40, 50)]
    [24, 21, 24, 22]
    >>> [patterned_spins(size, LocalNoise(emission=1.0)) for size in (24, 25)]
    [24, 0]
    """
    world = world_of(noise)
    if not world.noise.may_flip(num_qubits):
        return 0
    if num_qubits <= _PATTERNED:
        return num_qubits
    both_ways = world.noise.may_flip_both_ways(num_qubits) or not world.pulses.is_free
    few = _PATTERNED - (_PATTERNED - num_qubits) % _PERIOD
    return few if both_ways and is_for(few, noise) else 0


def is_for(num_qubits: int, noise: AnyNoise) -> bool:
    """Whether noise and signal are also for so many spins; those with a list of N rates or weights are for N only.

    >>> from qsense.noise import LocalNoise
    >>> is_for(50, LocalNoise(emission=[1.0] * 100))
    False
    """
    try:
        world_of(noise).check(num_qubits)
    except ArgumentError:
        return False
    return True


def scaled_pattern(amplitudes: Array, num_qubits: int) -> Array:
    """Returns amplitudes of the same pattern for more spins, not normalised: each fourth one has its own profile.

    >>> scaled_pattern(np.array([1.0, 0, -1, 0, 1]), 8).tolist()
    [1.0, 0.0, -1.0, 0.0, 1.0, 0.0, -1.0, 0.0, 1.0]
    """
    size, found = len(amplitudes) - 1, np.zeros(num_qubits + 1)
    places, at = np.arange(num_qubits + 1) * size / num_qubits, np.arange(size + 1)
    for first in range(_PERIOD):
        one = slice(first, None, _PERIOD)
        found[one] = np.interp(places[one], at[one], amplitudes[one])
    return found
