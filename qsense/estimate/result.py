"""What an estimator returns: a value, its standard error and its interval; and 𝓘 from several of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from qsense.fisher import FloatArray
from qsense.quadrature import Rule

NORMAL_95 = 1.959963984540054  # 97.5 % quantile of the normal distribution


@dataclass(frozen=True)
class Estimate:
    """A number from counts.

    Attributes:
        value: unbiased as far as the estimator says; not clipped to the physical range.
        stderr: its standard error, in the same unit.
        others: other readings of the same counts by name, such as a plug-in value or a lower bound.
    """

    value: float
    stderr: float
    others: dict[str, Estimate] = field(default_factory=dict)

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval, value ± 1.96 standard errors.

        >>> low, high = Estimate(1.0, 0.5).interval
        >>> round(low, 6), round(high, 6)
        (0.020018, 1.979982)
        """
        half = NORMAL_95 * self.stderr
        return self.value - half, self.value + half


@dataclass(frozen=True)
class IntegratedEstimate:
    """𝓘 from G at a few times.

    Attributes:
        total: ∫₀^∞ G dt, in s.
        tail: the part of `total` beyond the last time, in s: extrapolated, not measured.
        others: the same integral of the estimator's other readings, by name.
    """

    total: Estimate
    tail: Estimate
    others: dict[str, Estimate]


def integrate_estimates(rule: Rule, estimates: Sequence[Estimate]) -> IntegratedEstimate:
    """Returns 𝓘 from independent estimates of G at the rule's times, with the propagated error.

    Args:
        rule: weights for the times.
        estimates: one per time, in order; independent of each other.

    Source: linear propagation of independent errors.

    >>> from qsense.quadrature import gauss_rule
    >>> rule = gauss_rule(1.0, 1.0, 1)
    >>> integrate_estimates(rule, [Estimate(1.0, 0.1)]).total
    Estimate(value=2.0, stderr=0.2, others={})
    """
    readings = sorted(set.intersection(*(set(e.others) for e in estimates)))
    return IntegratedEstimate(
        total=_combine(rule.weights, estimates),
        tail=_combine(rule.tail_weights, estimates),
        others={name: _combine(rule.weights, [e.others[name] for e in estimates]) for name in readings},
    )


def _combine(weights: FloatArray, estimates: Sequence[Estimate]) -> Estimate:
    values = np.array([e.value for e in estimates])
    errors = np.array([e.stderr for e in estimates])
    return Estimate(float(weights @ values), float(np.sqrt(weights**2 @ errors**2)))
