"""Shots of a GHZ probe whose fan-out is reversed after sensing, for any number of spins.

Local noise leaves a GHZ state as two product distributions of bit strings, those that were down…down and up…up, and one
coherence c between the strings 0…0 and 1…1. Undoing the fan-out only renames strings: y_0 = x_0, and y_j = x_j ⊕ x_p(j)
with p(j) the spin that j was copied from. 0…0 and 1…1 become 00…0 and 10…0: where spins 1…N−1 are all down, spin 0 is a
qubit with the populations of the two strings and the coherence c; everywhere else all spins are classical bits.

Spins of sign − are flipped by the preparation and flipped back first of all: seen from between, up is their down, and
their phase turns backwards. Noise of the phase that spins share multiplies c alone, by exp(−½ sᵀXs).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from qsense.circuits.sensing import Experiment, Settings
from qsense.emulator import effects
from qsense.emulator.window import Window
from qsense.noise import SpinChannel
from qsense.numerics.fisher import FloatArray


def copied_from(num_qubits: int) -> NDArray[np.int64]:
    """Returns for the spins 1…N−1 the spin that the fan-out copies onto them: j without its highest bit.

    >>> copied_from(6)
    array([0, 0, 1, 0, 1])
    """
    spins = range(1, num_qubits)
    return np.array([spin - (1 << (spin.bit_length() - 1)) for spin in spins], dtype=np.int64)


def draw(
    experiment: Experiment,
    settings: Settings,
    window: Window,
    confusions: FloatArray,
    shots: int,
    rng: np.random.Generator,
) -> NDArray[np.uint8]:
    """Returns the outcomes, shape (rows, shots, N), 1 for up.

    Args:
        experiment: a GHZ probe that ends with "loss_flag" or "unprepare".
        settings: phases and directions.
        window: what happens to the spins meanwhile; all of it commutes.
        confusions: A[measured, prepared] of each spin, shape (N, 2, 2).
        shots: for every row.
        rng: the source of randomness.
    """
    up = effects.measured(settings, confusions)
    if experiment.ending == "unprepare":
        up[:, 0] = up[:, 0] @ effects.unprepare_product(experiment.probe.tilt)
    rows, size, _ = up.shape
    branch, tilt = experiment.probe.branch, experiment.probe.tilt
    assert window.channel is not None
    channel = _unflipped(window.channel, branch)
    down_flips, up_flips = 1 - channel.stay_down, 1 - channel.stay_up

    was_up = rng.random((rows, shots, 1)) < (1 + tilt) / 2
    strings = was_up ^ (rng.random((rows, shots, size)) < np.where(was_up, up_flips, down_flips))
    strings[:, :, 1:] ^= strings[:, :, copied_from(size)]
    lost = strings[:, :, 1:].any(2)

    sign = np.where(strings, -1.0, 1.0)
    chances = up[:, None, :, 0] + sign * up[:, None, :, 3]
    kept = _bloch_of_the_kept(settings.phases @ branch, channel, tilt, window.kept_coherence(branch))
    chances[:, :, 0] = np.where(lost, chances[:, :, 0], np.einsum("rp,rp->r", up[:, 0], kept)[:, None])
    return (rng.random((rows, shots, size)) < chances).astype(np.uint8)


def _unflipped(channel: SpinChannel, branch: FloatArray) -> SpinChannel:
    """Each spin's channel between the flips of the spins of sign −, arrays of shape (N,)."""
    coherence, up, down = (factor[0] for factor in channel)
    is_up = branch > 0
    return SpinChannel(coherence, np.where(is_up, up, down), np.where(is_up, down, up))


def _bloch_of_the_kept(phases: FloatArray, channel: SpinChannel, tilt: float, shared: float) -> FloatArray:
    """(1, x, y, z) of spin 0 where the others are down, for every total phase; shape (rows, 4)."""
    coherence, stay_up, stay_down = channel
    low, high = (1 - tilt) / 2, (1 + tilt) / 2
    down = low * np.prod(stay_down) + high * np.prod(1 - stay_up)
    up = low * np.prod(1 - stay_down) + high * np.prod(stay_up)
    total = down + up
    if total == 0:  # no shot is kept
        return np.tile([1.0, 0, 0, 0], (len(phases), 1))
    radius = np.sqrt(1 - tilt**2) * shared * np.prod(coherence) / total
    height = np.full(len(phases), (down - up) / total)
    return np.stack([np.ones(len(phases)), radius * np.cos(phases), radius * np.sin(phases), height], axis=1)
