"""Times that stretched decay takes, kept inside the range of numbers."""

from __future__ import annotations

import math

LARGEST_LOG = 600.0  # numbers between exp(−600) and exp(600) leave room for products of two of them


def lifetimes(count: float, exponent: float, rate: float) -> float:
    """Returns the time in s at which stretched decay has passed what `count` lifetimes are to exponential decay.

    A small β begins early and ends late: count^{1/β} lifetimes, kept inside the range of numbers.

    >>> round(lifetimes(10.0, 0.5, 2.0), 9)
    50.0
    """
    log = max(1.0, 1 / exponent) * math.log(count) - math.log(rate)
    return math.exp(min(max(log, -LARGEST_LOG), LARGEST_LOG))
