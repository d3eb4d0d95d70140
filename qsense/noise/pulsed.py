"""What local noise does to a spin that is flipped while it senses.

A π pulse exchanges up and down: seen from the spin, emission is absorption until the next pulse. Its coherence decays
as without pulses; populations mix piece by piece.
"""

from __future__ import annotations

import numpy as np

from qsense.errors import ArgumentError
from qsense.noise.channel import SpinChannel
from qsense.noise.local import LocalNoise
from qsense.noise.protocol import SpinNoise
from qsense.numerics.fisher import FloatArray
from qsense.signals import Pulses


def pulsed_channel(noise: SpinNoise, times: FloatArray, num_qubits: int, pulses: Pulses) -> SpinChannel:
    """Returns every spin's channel over windows with pulses, arrays of shape (times, num_qubits).

    A dephasing rate is taken as it is given: T2 of an echo under an echo, T2* without pulses.

    Args:
        noise: acts on each spin by itself; LocalNoise where there are pulses.
        times: lengths of the window in s, shape (times,).
        num_qubits: N.
        pulses: of the window.

    Raises:
        ArgumentError: pulses beside a noise that is known by its channel only.

    >>> both = pulsed_channel(LocalNoise(emission=1.0), np.array([1.0]), 1, Pulses.named("hahn"))
    >>> both.stay_up.round(6), both.stay_down.round(6)  # ½ as emission, then ½ as absorption
    (array([[0.761349]]), array([[0.606531]]))
    """
    if pulses.is_free:
        return noise.channel(times, num_qubits)
    if not isinstance(noise, LocalNoise):
        raise ArgumentError(
            f'The noise "{noise.name}" is known by its channel without pulses only; use idle = "free", or LocalNoise.'
        )
    whole = noise.channel(times, num_qubits)
    if not noise.relaxation_rates(num_qubits).any():
        return whole
    flipped = LocalNoise(emission=noise.absorption, absorption=noise.emission)
    plain = LocalNoise(emission=noise.emission, absorption=noise.absorption)
    up, down = np.ones_like(whole.stay_up), np.ones_like(whole.stay_down)
    for length, sign in zip(np.diff(pulses.edges()), pulses.signs(), strict=True):
        piece = (plain if sign > 0 else flipped).channel(np.asarray(times) * length, num_qubits)
        up, down = (
            up * piece.stay_up + (1 - up) * (1 - piece.stay_down),
            down * piece.stay_down + (1 - down) * (1 - piece.stay_up),
        )
    return SpinChannel(whole.coherence, up, down)
