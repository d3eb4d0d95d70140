"""The ratio of two integrated gains: its interval, how likely it is by chance, and what survives of many claims."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qsense.estimators.result import NORMAL_95, Estimate

FALSE_CLAIMS = 0.05  # the share of runs in which any claim is false, at most


def ratio_of(one: Estimate, other: Estimate) -> Estimate | None:
    """Returns the ratio of two independent estimates with its error; None where the second is zero."""
    if other.value == 0:
        return None
    value = one.value / other.value
    return Estimate(value, float(np.hypot(one.stderr, value * other.stderr) / abs(other.value)))


def ratio_interval(one: Estimate, other: Estimate) -> tuple[float, float | None]:
    """Returns the 95 % interval of the ratio of two numbers that are not negative, by Fieller.

    It holds the ratios r at which one − r·other is compatible with 0. The upper end is None where the second number is
    compatible with 0: no ratio is too large then.

    Source: Fieller, J. R. Stat. Soc. B 16, 175 (1954).

    >>> [round(end, 3) for end in ratio_interval(Estimate(2.0, 0.1), Estimate(1.0, 0.1))]
    [1.626, 2.534]
    >>> ratio_interval(Estimate(2.0, 0.1), Estimate(0.1, 0.1))[1] is None
    True
    """
    square = NORMAL_95**2
    a, b = other.value**2 - square * other.stderr**2, one.value * other.value
    c = one.value**2 - square * one.stderr**2
    if a <= 0 and c <= 0:  # what it excludes, if anything, lies between ratios that it holds
        return 0.0, None
    root = float(np.sqrt(max(b * b - a * c, 0.0)))
    low = c / (b + root) if b + root != 0 else 0.0  # (b − root)/a, also where a is 0
    return max(low, 0.0), max((b + root) / a, 0.0) if a > 0 else None


def difference_p_value(one: Estimate, other: Estimate) -> float:
    """Returns how likely two independent estimates as far apart are if the numbers are equal.

    >>> round(difference_p_value(Estimate(2.0, 0.6), Estimate(0.0, 0.8)), 4)
    0.0455
    """
    from scipy.special import ndtr  # kept out of the command line's cold start

    error = float(np.hypot(one.stderr, other.stderr))
    if error == 0:
        return float(one.value == other.value)
    return float(2 * ndtr(-abs(one.value - other.value) / error))


def holm(p_values: Sequence[float], level: float = FALSE_CLAIMS) -> list[bool]:
    """Returns which of some claims stand, if in a share `level` of all runs any of them may be false.

    Args:
        p_values: of each claim, how likely such counts are if it is false.
        level: between 0 and 1.

    Source: Holm, Scand. J. Stat. 6, 65 (1979).

    >>> holm([0.04, 0.001, 0.02])
    [True, True, True]
    >>> holm([0.04, 0.001, 0.03])
    [False, True, False]
    """
    stand = [False] * len(p_values)
    for place, index in enumerate(sorted(range(len(p_values)), key=lambda k: p_values[k])):
        if p_values[index] > level / (len(p_values) - place):
            break
        stand[index] = True
    return stand
