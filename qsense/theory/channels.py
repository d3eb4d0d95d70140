"""Density matrices after channels of single spins, in any array namespace.

Spin j is bit j of both indices of ρ. Where its two bits are equal, emission and absorption mix 00 with 11; where they
differ, ρ is multiplied by the coherence c_j: all together by the Kronecker product of [[1, c_j], [c_j, 1]].
"""

from __future__ import annotations

from typing import Any

import numpy as np

from qsense.noise import SpinChannel
from qsense.numerics.arrays import CPU, Arrays
from qsense.numerics.fisher import FloatArray

_TURNED = 5  # spins from which it pays to have the lower half of them in the place of the upper half for a while


def flips_none(channel: SpinChannel) -> bool:
    """Whether populations stay as they are at all times."""
    return bool(np.all(channel.stay_up == 1) and np.all(channel.stay_down == 1))


def _mixes(channel: SpinChannel, spin: int) -> bool:
    return bool(np.any(channel.stay_up[:, spin] != 1) or np.any(channel.stay_down[:, spin] != 1))


def after_channels(start: Any, channel: SpinChannel, arrays: Arrays) -> Any:
    """Returns ρ after every spin's channel, shape (times, 2^N, 2^N), where `arrays` has it.

    Args:
        start: the state vector, shape (2^N,), or the density matrix, real or complex, of NumPy.
        channel: of every spin, arrays of shape (times, N).
        arrays: where to compute.

    Source: arXiv:2512.21661v1, Eqs. 7 and 35, for rates of each spin's own.

    >>> from qsense.noise import LocalNoise
    >>> from qsense.numerics.arrays import CPU
    >>> plus, half = np.full(2, np.sqrt(0.5)), LocalNoise(emission=1.0).channel(np.array([np.log(2)]), 1)
    >>> after_channels(plus, half, CPU)[0].round(4)
    array([[0.75  , 0.3536],
           [0.3536, 0.25  ]])
    """
    xp = arrays.xp
    count, spins = channel.coherence.shape
    given = xp.asarray(start)
    low = spins // 2
    mixed = [spin for spin in range(spins) if _mixes(channel, spin)]
    # On a processor the lower spins are the upper bits for a while, so that rows are long.
    turned = arrays is CPU and spins >= _TURNED and bool(mixed)
    if turned:
        halves = (2 ** (spins - low), 2**low) * given.ndim
        axes = (1, 0, 3, 2)[: 2 * given.ndim]
        given = xp.reshape(xp.permute_dims(xp.reshape(given, halves), axes), given.shape)
    if given.ndim == 1:
        given = given[:, None] * (xp.conj(given) if xp.isdtype(given.dtype, "complex floating") else given)[None, :]
    rho = given[None, :, :] * xp.ones((count, 1, 1))
    for spin in mixed:
        if turned and spin >= low:
            rho, turned = _upper_first(rho, low, xp), False
        _mix(rho, spin + (spins - low if turned else 0), channel.stay_up[:, spin], channel.stay_down[:, spin], xp)
    if turned:
        rho = _upper_first(rho, low, xp)
    # The factor of all spins is that of the lower ones times that of the upper ones.
    split = xp.reshape(rho, (count, 2 ** (spins - low), 2**low, 2 ** (spins - low), 2**low))  # a view
    split *= _coherences(channel.coherence[:, low:], arrays)[:, :, None, :, None]
    split *= _coherences(channel.coherence[:, :low], arrays)[:, None, :, None, :]
    return rho


def _upper_first(rho: Any, low: int, xp: Any) -> Any:
    """Moves the lowest `low` spins, which are the upper bits, back to where they belong."""
    count, size, _ = rho.shape
    split = xp.reshape(rho, (count, 2**low, size >> low, 2**low, size >> low))
    return xp.reshape(xp.permute_dims(split, (0, 2, 1, 4, 3)), rho.shape)


def _mix(rho: Any, spin: int, up: FloatArray, down: FloatArray, xp: Any) -> None:
    """Moves populations of one spin, in place."""
    count, size, _ = rho.shape
    low = 2**spin
    split = xp.reshape(rho, (count, size // low // 2, 2, low, size // low // 2, 2, low))  # a view
    stays_up, stays_down, falls, rises = (
        xp.asarray(one[:, None, None, None, None]) for one in (up, down, 1 - up, 1 - down)
    )
    ground, excited = split[:, :, 0, :, :, 0, :], split[:, :, 1, :, :, 1, :]
    if np.all(down == 1):  # nothing is absorbed
        split[:, :, 0, :, :, 0, :] += falls * excited
        split[:, :, 1, :, :, 1, :] *= stays_up
        return
    risen = rises * ground + stays_up * excited
    split[:, :, 0, :, :, 0, :] = stays_down * ground + falls * excited
    split[:, :, 1, :, :, 1, :] = risen


def _coherences(factors: FloatArray, arrays: Arrays) -> Any:
    """The product over spins of c_j where bit j of row and column differ, (times, 2^N, 2^N), of factors (times, N)."""
    xp = arrays.xp
    whole = xp.ones((len(factors), 1, 1))
    for spin in range(factors.shape[1]):
        less = xp.asarray(factors[:, spin, None, None]) * whole
        whole = xp.concat([xp.concat([whole, less], axis=2), xp.concat([less, whole], axis=2)], axis=1)
    return whole
