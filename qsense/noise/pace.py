"""How fast noise of the phase acts where its variance is multiplied by a factor, such as C_jj or dᵀCd."""

from __future__ import annotations

import math
from collections.abc import Hashable
from functools import lru_cache
from typing import cast

from qsense.noise.memory import Memory, PowerLaw, QuasiStatic, Stretched, White, inverse_time
from qsense.signals import FREE, Pulses


def pace(memory: Memory, factor: float, pulses: Pulses = FREE) -> float:
    """Returns 1/t for the time at which `factor` · v(t) = 1, in 1/s; 0 where it never is.

    >>> pace(QuasiStatic(2.0), 9.0)
    6.0
    """
    return _pace(cast(Hashable, memory), factor, pulses)


@lru_cache(maxsize=1024)
def _pace(memory: Memory, factor: float, pulses: Pulses) -> float:
    if not factor:
        return 0.0
    if factor == 1:
        return memory.decay_rate(pulses)
    if isinstance(memory, White):
        return 4 * memory.rate * factor
    if isinstance(memory, QuasiStatic):
        return math.sqrt(factor) * memory.decay_rate(pulses)
    if isinstance(memory, Stretched):
        return float(2 * memory.rate * (2 * factor) ** min(1 / memory.exponent, 512))
    if isinstance(memory, PowerLaw) and factor * memory.most(pulses) < 1:
        return 0.0
    spread = getattr(memory, "spread", 0.0)
    return inverse_time(lambda times: factor * memory.variance(times, pulses), math.sqrt(factor) * spread)
