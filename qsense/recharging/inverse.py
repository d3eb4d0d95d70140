"""What reversing the sign of γ asks for: the inverse of a spin's channel, which is no channel, and what imitates it.

Every noise of a spin that commutes with the field has an inverse map, the same equation run backwards. It has negative
eigenvalues of the Choi matrix, so that no process does it; but it is a sum of processes with weights of either sign:

    inverse = q_1 (nothing) + q_Z (Z) + q_down (reset to down) + q_up (reset to up),   Σ q = 1.

Drawing one of them with probability |q|/C and counting the outcome C sign(q) times gives the expectation values of the
spin without noise, at a cost of C = Σ |q|: the variance grows C² times.
"""

from __future__ import annotations

import numpy as np

from qsense.errors import ArgumentError
from qsense.noise import SpinChannel
from qsense.numerics.fisher import FloatArray

INSERTIONS = ("nothing", "z", "reset_down", "reset_up")


def choi_eigenvalues(channel: SpinChannel) -> FloatArray:
    """Returns the eigenvalues of each spin's Choi matrix Σ |i><j| ⊗ E(|i><j|), shape (times, spins, 4), increasing.

    A map is a physical process if none is negative; their sum is 2.

    Args:
        channel: a spin's map, its coherence and populations of any size.

    Source: Choi, Linear Algebra Appl. 10, 285 (1975).

    >>> one = np.ones((1, 1))
    >>> choi_eigenvalues(SpinChannel(0.5 * one, one, one))[0, 0]
    array([0. , 0. , 0.5, 1.5])
    """
    mean = (channel.stay_up + channel.stay_down) / 2
    root = np.hypot((channel.stay_up - channel.stay_down) / 2, channel.coherence)
    values = [1 - channel.stay_up, 1 - channel.stay_down, mean - root, mean + root]
    return np.sort(np.stack(values, axis=-1), axis=-1) + 0.0


def reversed_channel(channel: SpinChannel) -> SpinChannel:
    """Returns the inverse map of each spin, which is what the noise with γ → −γ would do.

    Raises:
        ArgumentError: the channel has lost all coherence or all memory of the populations.

    Source: e^{−Lt} is the inverse of e^{Lt}.

    >>> one = np.ones((1, 1))
    >>> reversed_channel(SpinChannel(0.5 * one, one, one)).coherence
    array([[2.]])
    """
    kept = channel.stay_up + channel.stay_down - 1
    if np.any(channel.coherence == 0) or np.any(kept == 0):
        raise ArgumentError("A channel that has lost all coherence has no inverse; give a shorter time.")
    return SpinChannel(1 / channel.coherence, channel.stay_down / kept, channel.stay_up / kept)


def quasi_probabilities(channel: SpinChannel) -> FloatArray:
    """Returns q of the inverse map over `INSERTIONS`, shape (times, spins, 4); Σ q = 1, some of them negative.

    Args:
        channel: of each spin.

    Raises:
        ArgumentError: the channel has no inverse.

    Source: derived here: populations fix q_down, q_up and q_1 + q_Z, the coherence q_1 − q_Z. Under dephasing alone and
        under emission alone no choice costs less: the inverse takes |+>, or |up>, to a matrix of trace norm Σ|q|.

    >>> one = np.ones((1, 1))
    >>> quasi_probabilities(SpinChannel(0.5 * one, one, one))[0, 0]  # dephasing
    array([ 1.5, -0.5,  0. ,  0. ])
    >>> quasi_probabilities(SpinChannel(0.5 * one, 0.25 * one, one))[0, 0]  # emission
    array([ 3.,  1., -3.,  0.])
    """
    back = reversed_channel(channel)
    kept = channel.stay_up + channel.stay_down - 1
    values = [1 / kept + back.coherence, 1 / kept - back.coherence, 2 * (1 - back.stay_up), 2 * (1 - back.stay_down)]
    return np.stack(values, axis=-1) / 2 + 0.0


def sampling_cost(channel: SpinChannel) -> FloatArray:
    """Returns C = Σ |q| of each spin, shape (times, spins): e^{2γt} under dephasing, 2e^{γt} − 1 under emission.

    N spins cost the product of theirs: to keep an error bar takes its square times as many shots.

    Raises:
        ArgumentError: the channel has no inverse.

    >>> from qsense.noise import LocalNoise
    >>> cost = sampling_cost(LocalNoise(dephasing=0.1).channel(np.array([5.0]), 1))
    >>> bool(np.isclose(cost[0, 0], np.e))
    True
    """
    return np.asarray(np.abs(quasi_probabilities(channel)).sum(-1))
