"""The ratio of two integrated gains: its interval, how likely it is by chance, and what survives of many claims."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from qsense.comparison.score import Independent
from qsense.estimators.result import NORMAL_95, Estimate
from qsense.numerics.fisher import FloatArray
from qsense.numerics.integration import first_root
from qsense.numerics.quadrature import Rule

_SHARES = np.geomspace(1e-6, 1.0, 200)  # of a ratio, where its ends are looked for
FALSE_CLAIMS = 0.05  # the share of runs in which any claim is false, at most


def ratio_of(one: Estimate, other: Estimate) -> Estimate | None:
    """Returns the ratio of two independent estimates with its error; None where the second is zero."""
    if other.value == 0:
        return None
    value = one.value / other.value
    return Estimate(value, float(np.hypot(one.stderr, value * other.stderr) / abs(other.value)))


def fieller(one: Estimate, other: Estimate, covariance: float = 0.0) -> tuple[float, float | None]:
    """Returns the 95 % interval of the ratio of two numbers that are not negative; independent ones by default.

    It holds the ratios r at which one − r·other is compatible with 0. The upper end is None where the second number is
    compatible with 0: no ratio is too large then. Nothing is known where one of them was measured to be negative by
    more than chance: (0, None).

    Source: Fieller, J. R. Stat. Soc. B 16, 175 (1954).

    >>> [round(end, 3) for end in fieller(Estimate(2.0, 0.1), Estimate(1.0, 0.1))]
    [1.626, 2.534]
    >>> fieller(Estimate(2.0, 0.1), Estimate(0.1, 0.1))[1] is None
    True
    >>> fieller(Estimate(-5.0, 1.0), Estimate(0.1, 1.0))
    (0.0, None)
    """
    if any(number.value < -NORMAL_95 * number.stderr for number in (one, other)):
        return 0.0, None
    square = NORMAL_95**2
    a, b = other.value**2 - square * other.stderr**2, one.value * other.value - square * covariance
    c = one.value**2 - square * one.stderr**2
    if a <= 0 and c <= 0:  # what it excludes, if anything, lies between ratios that it holds
        return 0.0, None
    root = float(np.sqrt(max(b * b - a * c, 0.0)))
    low = c / (b + root) if b + root != 0 else 0.0  # (b − root)/a, also where a is 0
    return max(low, 0.0), max((b + root) / a, 0.0) if a > 0 else None


class Integral(NamedTuple):
    """𝓘 of one probe.

    Attributes:
        rule, estimates: from which it comes.
        total: with all that is in its error.
    """

    rule: Rule
    estimates: Sequence[Estimate]
    total: Estimate

    def more_variance(self) -> float:
        """What is in the variance of 𝓘 beside that of the estimates, in s²: of the rule, of a law that is doubted."""
        own = self.rule.weights**2 @ np.array([e.stderr**2 for e in self.estimates])
        return max(self.total.stderr**2 - float(own), 0.0)


class Ratio(NamedTuple):
    """The ratio of two integrals.

    Attributes:
        interval: of 95 %; its upper end is None where no ratio is too large.
        p_value: how likely integrals as far apart are if they are equal.
    """

    interval: tuple[float, float | None]
    p_value: float


def compare_integrals(one: Integral, other: Integral) -> Ratio:
    """Returns the interval of the ratio of two 𝓘 by Fieller, with the errors that each would have at that ratio.

    Args:
        one, other: the integrals.

    >>> from qsense.numerics.quadrature import gauss_rule
    >>> rule = gauss_rule(1.0, 1.0, 1)  # of weight 2
    >>> parts = [Integral(rule, [Estimate(g, 0.05)], Estimate(2 * g, 0.1)) for g in (1.0, 0.5)]
    >>> [round(end, 3) for end in compare_integrals(*parts).interval]
    [1.626, 2.534]
    """
    from scipy.special import ndtr  # kept out of the command line's cold start

    both = Independent.of([*one.estimates, *other.estimates])
    more = [part.more_variance() for part in (one, other)]

    def z(ratios: FloatArray) -> FloatArray:
        first = np.broadcast_to(one.rule.weights, (len(ratios), len(one.estimates)))
        matrix = np.hstack([first, -ratios[:, None] * other.rule.weights])
        return both.z(matrix, more[0] + ratios**2 * more[1])

    p_value = float(2 * ndtr(-abs(z(np.ones(1))[0])))
    if not (one.total.value > 0 and other.total.value > 0):
        return Ratio(fieller(one.total, other.total), p_value)
    middle = one.total.value / other.total.value
    below, above = middle * _SHARES, middle / _SHARES[::-1]
    low = first_root(lambda ratios: z(ratios) - NORMAL_95, below, parts=16)
    high = first_root(lambda ratios: z(ratios) + NORMAL_95, above, parts=16)
    return Ratio((0.0 if low is None else low, high), p_value)


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
