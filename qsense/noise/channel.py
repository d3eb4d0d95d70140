"""One spin's channel, for any noise that acts on each spin by itself and commutes with the field's rotation."""

from __future__ import annotations

from typing import NamedTuple

from qsense.numerics.fisher import FloatArray


class SpinChannel(NamedTuple):
    """Each spin's channel at each time, all of shape (times, spins).

    Attributes:
        coherence: the real factor on the spin's coherence, in [−1, 1]; its square is at most `stay_up`·`stay_down`.
        stay_up: the probability that a spin that was up is up, in [0, 1].
        stay_down: the probability that a spin that was down is down, in [0, 1].
    """

    coherence: FloatArray
    stay_up: FloatArray
    stay_down: FloatArray
