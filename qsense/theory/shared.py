"""Noise of the phase that spins share, as each method needs it: along one direction, alike for all spins, or of all
pairs of basis states.

A part has the covariance X(t) = C v(t). What it leaves of a coherence between the states k and l is exp(−½ v dᵀCd),
with d_j = (z_j(k) − z_j(l))/2. A dᵀCd that rounding leaves where C does not reach d is 0: else it would grow with v.
What is rounding, `is_rounding` says for all of them.
"""

from __future__ import annotations

import math
from collections.abc import Hashable
from functools import lru_cache
from typing import Any, cast

import numpy as np

from qsense.noise import Collective, Local, LocalNoise, NoiseModel, PhaseNoise, SpinChannel, World
from qsense.noise.pulsed import pulsed_channel
from qsense.noise.space import Space
from qsense.numerics.arrays import CPU, Arrays
from qsense.numerics.fisher import FloatArray

# Of Σ|d_i C_ij d_j|: entries of C are right to 1.1e-16 each, and come from a few roundings (a square root, products).
_ROUNDED = 2e-15
_DOUBTFUL = 1e-11  # of the same: where sums that are not exact have lost digits
_ALIKE = 1e-12
_LARGEST = 1e300  # of a variance; its products stay numbers, and exp(−½ of it) is 0


def variance(part: PhaseNoise, times: FloatArray, world: World) -> FloatArray:
    """Returns v(t) of a part under the world's pulses, shape (times,)."""
    return np.asarray(np.minimum(part.memory.variance(times, world.pulses), _LARGEST))


def felt(space: Space, direction: FloatArray) -> float:
    """Returns dᵀCd.

    Args:
        space: C.
        direction: d, shape (spins,).

    >>> felt(Collective(), np.array([1.0, -1.0])), felt(Local(), np.array([1.0, -1.0]))
    (0.0, 2.0)
    """
    if isinstance(space, Collective):
        return float(direction.sum() ** 2)
    if isinstance(space, Local):
        return float(direction @ direction)
    covariance = space.covariance(len(direction))
    terms = (direction[:, None] * covariance * direction).ravel()
    found = math.fsum(terms)  # exact, as it may cancel
    return 0.0 if is_rounding(found, float(np.abs(terms).sum())) else found


def most_felt(space: Space, num_qubits: int) -> float:
    """Returns Σ|C_ij|, which dᵀCd exceeds for no d of entries within ±1."""
    if isinstance(space, Local | Collective):
        return float(num_qubits ** (1 if isinstance(space, Local) else 2))
    return float(np.abs(space.covariance(num_qubits)).sum())


def is_rounding(found: float, size: float, steps: int = 1) -> bool:
    """Whether a dᵀCd, or an eigenvalue of C, is what rounding leaves of 0.

    Args:
        found: its computed value.
        size: Σ|d_i C_ij d_j|, or the largest eigenvalue.
        steps: 1 for an exact sum; of an eigenvalue the number of spins, as its own rounding grows with it.
    """
    return found <= _ROUNDED * steps * size


def rounding(world: World, direction: FloatArray) -> float:
    """Returns the relative error of dᵀCd from the rounding of C, the largest of all noise of the phase.

    >>> from qsense.noise import Pairs, White
    >>> near = PhaseNoise(Pairs(((0, 1, 1 - 1e-12),)), White(1.0))
    >>> bool(1e-4 < rounding(World(NoiseModel(phase_noise=[near])), np.array([1.0, -1.0])) < 1e-3)
    True
    """
    worst = 0.0
    for part in world.noise.phase_noise:
        if not isinstance(part.space, Local | Collective) and (left := felt(part.space, direction)):
            covariance = part.space.covariance(len(direction))
            size = float(np.abs(direction) @ np.abs(covariance) @ np.abs(direction))
            worst = max(worst, 1.2e-16 * size / left)
    return worst


def along(world: World, times: FloatArray, direction: FloatArray) -> FloatArray:
    """Returns dᵀX(t)d of all noise of the phase but that of `local`, shape (times,)."""
    total = np.zeros(len(times))
    for part in world.noise.phase_noise:
        factor = felt(part.space, direction)
        if factor:
            total += factor * variance(part, times, world)
    return total


def on_each(world: World, times: FloatArray, num_qubits: int) -> FloatArray:
    """Returns X_jj(t) of all noise of the phase but that of `local`, shape (times, num_qubits)."""
    total = np.zeros((len(times), num_qubits))
    for part in world.noise.phase_noise:
        diagonal = np.ones(num_qubits)
        if not isinstance(part.space, Local | Collective):
            diagonal = np.diag(part.space.covariance(num_qubits))
        total += variance(part, times, world)[:, None] * diagonal
    return total


def is_diagonal(noise: NoiseModel, num_qubits: int) -> bool:
    """Whether no two spins share noise of the phase."""
    if num_qubits == 1:
        return True
    spaces = [part.space for part in noise.correlated]
    return all(not np.any(np.triu(space.covariance(num_qubits), 1)) for space in spaces)


def exchangeable(space: Space, num_qubits: int) -> tuple[float, float] | None:
    """Returns a and b of C = a·1 + b, the same for all spins and all pairs of them; None where they differ.

    >>> exchangeable(Collective(), 3)
    (0.0, 1.0)
    """
    if isinstance(space, Local | Collective):
        return (1.0, 0.0) if isinstance(space, Local) else (0.0, 1.0)
    covariance = space.covariance(num_qubits)
    own, others = float(covariance[0, 0]), float(covariance[0, -1]) if num_qubits > 1 else 0.0
    model = np.where(np.eye(num_qubits) > 0, own, others)
    if np.max(np.abs(covariance - model)) > _ALIKE * np.max(np.abs(covariance)):
        return None
    return own - others, others


def is_alike(world: World, num_qubits: int) -> bool:
    """Whether signal, local noise and shared noise are the same for all spins and all pairs, without couplings."""
    noise = world.noise
    if noise.is_coupled or not noise.local.is_uniform or not has_equal_weights(world, num_qubits):
        return False
    return all(exchangeable(part.space, num_qubits) is not None for part in noise.correlated)


def has_equal_weights(world: World, num_qubits: int) -> bool:
    """Whether every spin feels the signal alike."""
    return world.signal.has_unit_weights or bool(np.ptp(world.weights(num_qubits)) == 0)


def channel_of_one(world: World, num_qubits: int, times: FloatArray) -> tuple[SpinChannel, FloatArray]:
    """Returns the channel of one of spins that are alike, factors (times, spins), and half of the variance that they
    share, (times,).

    The latter is negative where spins are anticorrelated; together they only lower coherences.
    """
    local = world.noise.local
    one, size = (local.of_one_spin(), 1) if isinstance(local, LocalNoise) else (local, num_qubits)
    channel = pulsed_channel(one, times, size, world.pulses)
    own, common = np.zeros(len(times)), np.zeros(len(times))
    for part in world.noise.phase_noise:
        alike = exchangeable(part.space, num_qubits)
        assert alike is not None
        found = variance(part, times, world)
        own, common = own + alike[0] * found, common + alike[1] * found / 2
    if own.any():
        channel = channel._replace(coherence=channel.coherence * np.exp(-own / 2)[:, None])
    return channel, common


def over_states(space: Space, num_qubits: int) -> FloatArray:
    """Returns dᵀCd of all pairs of basis states, read-only, shape (2^N, 2^N)."""
    return _over_states(cast(Hashable, space), num_qubits)


@lru_cache(maxsize=16)
def _over_states(space: Space, num_qubits: int) -> FloatArray:
    up = 0.5 - (np.arange(2**num_qubits)[:, None] >> np.arange(num_qubits) & 1)
    if isinstance(space, Collective):
        found: FloatArray = np.subtract.outer(up.sum(1), up.sum(1)) ** 2
        found.flags.writeable = False
        return found
    covariance = space.covariance(num_qubits)
    products, sizes = up @ covariance @ up.T, np.diag(covariance).sum() * num_qubits
    diagonal = np.diag(products)
    found = diagonal[:, None] + diagonal - 2 * products
    one, other = np.nonzero(found < _DOUBTFUL * sizes)
    directions, place = np.unique((up[one] - up[other]).astype(np.int8), axis=0, return_inverse=True)
    exact = np.array([felt(space, direction) for direction in directions.astype(np.float64)])
    found[one, other] = exact[place.ravel()]
    found.flags.writeable = False
    return found


def shared_factor(world: World, times: FloatArray, num_qubits: int, arrays: Arrays = CPU) -> Any:
    """Returns exp(−½ dᵀXd) of the noise that spins share, shape (times, 2^N, 2^N); None where there is none."""
    if not world.noise.is_correlated:
        return None
    xp = arrays.xp
    exponent = xp.zeros((len(times), 2**num_qubits, 2**num_qubits))
    for part in world.noise.correlated:
        grown = xp.asarray(0.5 * variance(part, times, world))[:, None, None]
        exponent -= grown * xp.asarray(over_states(part.space, num_qubits))
    return xp.exp(exponent)
