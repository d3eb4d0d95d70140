"""One spin's channel."""

from __future__ import annotations

from typing import NamedTuple

from qsense.numerics.fisher import FloatArray


class Decay(NamedTuple):
    """One spin's channel at each time: the factor on its coherence and the probabilities to stay.

    All three have shape (times, spins) and lie in [0, 1].
    """

    coherence: FloatArray
    stay_up: FloatArray
    stay_down: FloatArray
