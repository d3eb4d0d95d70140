"""What an estimator returns: a value, its standard error and its interval; and 𝓘 from several of them.

The interval of a quantity that has limits, as 0 ≤ G ≤ N², is the set of true values G that the data do not contradict,
(estimate − G)² ≤ 1.96² · variance(G), cut at the limits. Where the estimator knows how its variance grows with G it
says so (`spread`): the set is then a score interval, right also near the limits, where value ± 1.96 standard errors is
not. The estimate itself is never clipped: it may lie outside the limits, as unbiased estimates of a small number must.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import cast

import numpy as np

from qsense.errors import ArgumentError
from qsense.files import short_repr
from qsense.numerics.fisher import FloatArray
from qsense.numerics.quadrature import Rule

NORMAL_95 = 1.959963984540054  # 97.5 % quantile of the normal distribution


@dataclass(frozen=True)
class Estimate:
    """A number from counts.

    Attributes:
        value: unbiased as far as the estimator says; not clipped to the physical range.
        stderr: its standard error, in the same unit.
        others: other readings of the same counts by name, such as a plug-in value or a lower bound.
        limits: the physical range of the true value.
        spread: the variance as a function of the true value G, (v0, v1, v2) for v0 + v1 G + v2 G²; None where only the
            standard error at the estimate is known.
        shared: how far one standard error of each number that other estimates share, as a calibration of readout, moves
            the value; these parts are in `stderr`.
    """

    value: float
    stderr: float
    others: dict[str, Estimate] = field(default_factory=dict)
    limits: tuple[float, float] = field(default=(-np.inf, np.inf), repr=False)
    spread: tuple[float, float, float] | None = field(default=None, repr=False)
    shared: tuple[float, ...] = field(default=(), repr=False, compare=False)

    __repr__ = short_repr

    @classmethod
    def from_spread(
        cls,
        value: float,
        spread: tuple[float, float, float],
        limits: tuple[float, float],
        others: dict[str, Estimate] | None = None,
    ) -> Estimate:
        """Returns an estimate whose standard error is the spread at its value, or at the limit next to it.

        Where the spread vanishes there, as when all shots agree, the error is half of the interval's length in units
        of its 1.96, or that of the value with the largest variance where no value agrees: it is never 0 unless the
        spread is 0 for all values.

        >>> round(Estimate.from_spread(1.0, (0.0, 0.04, -0.04), (0.0, 1.0)).stderr, 3)  # 4 G (1 − G)/100, at G = 1
        0.034
        """
        at = min(max(value, limits[0]), limits[1])
        variance = max(spread[0] + spread[1] * at + spread[2] * at**2, 0.0)
        found = cls(value, float(np.sqrt(variance)), others or {}, limits, spread)
        if variance > 0:
            return found
        low, high = found.interval
        if high > low:
            return replace(found, stderr=float((high - low) / (2 * NORMAL_95)))
        top = min(max(-spread[1] / (2 * spread[2]), limits[0]), limits[1]) if spread[2] < 0 else limits[1]
        return replace(found, stderr=float(np.sqrt(max(found.variance(np.array([limits[0], top, limits[1]]))))))

    def scaled(self, factor: float) -> Estimate:
        """Returns the estimate of `factor` times the number: value, error, limits, spread and the other readings.

        Args:
            factor: finite and above 0; not negative, as limits would change places.

        Raises:
            ArgumentError: the factor is not such a number.

        >>> Estimate(2.0, 0.1, limits=(0.0, 4.0)).scaled(0.5).limits
        (0.0, 2.0)
        """
        if not (np.isfinite(factor) and factor > 0):
            raise ArgumentError(f"Argument `factor` must be finite and above 0, but is {factor}.")
        spread = None if self.spread is None else tuple(v * factor ** (2 - k) for k, v in enumerate(self.spread))
        return replace(
            self,
            value=self.value * factor,
            stderr=self.stderr * factor,
            others={name: other.scaled(factor) for name, other in self.others.items()},
            limits=(self.limits[0] * factor, self.limits[1] * factor),
            spread=cast("tuple[float, float, float] | None", spread),
            shared=tuple(part * factor for part in self.shared),
        )

    def mixed(self, other: Estimate, share: float) -> Estimate:
        """Returns the weighted mean with an independent estimate of the same number.

        Args:
            other: of the same limits.
            share: its weight, in [0, 1]; fixed before either was measured, or the mean of unbiased ones is biased.

        >>> Estimate(1.0, 0.3).mixed(Estimate(2.0, 0.4), 0.5)
        Estimate(value=1.5, stderr=0.25)
        """
        value = (1 - share) * self.value + share * other.value
        both = {name: one.mixed(other.others[name], share) for name, one in self.others.items() if name in other.others}
        if self.spread is None or other.spread is None:
            error = float(np.hypot((1 - share) * self.stderr, share * other.stderr))
            return Estimate(value, error, both, self.limits)
        laws = zip(self.spread, other.spread, strict=True)
        spread = tuple((1 - share) ** 2 * one + share**2 * two for one, two in laws)
        return Estimate.from_spread(value, cast("tuple[float, float, float]", spread), self.limits, both)

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval, within the limits.

        If no value within the limits agrees with the data, it is the limit next to the estimate, twice; `is_unphysical`
        then says so. That happens to at most 2.5 % of right estimates.

        >>> low, high = Estimate(1.0, 0.5).interval
        >>> round(low, 6), round(high, 6)
        (0.020018, 1.979982)
        >>> Estimate(-3.0, 1.0, limits=(0.0, 4.0)).interval
        (0.0, 0.0)
        """
        low, high = self._agreeing
        if not low <= high:
            nearest = min(max(self.value, self.limits[0]), self.limits[1])
            return float(nearest), float(nearest)
        return float(low), float(high)

    @property
    def is_unphysical(self) -> bool:
        """True if no value within the limits agrees with the data at 95 %: suspect the model, or one run in forty."""
        low, high = self._agreeing
        return not low <= high

    def variance(self, at: FloatArray) -> FloatArray:
        """Returns the variance that the estimate would have if the true value were `at`, shape as `at`.

        >>> Estimate(1.0, 0.5).variance(np.array([0.0, 1.0]))
        array([0.25, 0.25])
        """
        v0, v1, v2 = self.spread or (self.stderr**2, 0.0, 0.0)
        return np.asarray(v0 + v1 * at + v2 * at**2)

    @property
    def _agreeing(self) -> tuple[float, float]:
        """The values within the limits that agree with the data; low > high (or nan) if there is none."""
        v0, v1, v2 = self.spread or (self.stderr**2, 0.0, 0.0)
        square = NORMAL_95**2
        # (value − G)² ≤ 1.96² (v0 + v1 G + v2 G²), as a G² − 2 b G + c ≤ 0.
        a, b, c = 1 - square * v2, self.value + square * v1 / 2, self.value**2 - square * v0
        if a <= 0:  # relative errors near 1/2: larger values scatter so much that none can be excluded
            return _above(a, b, c, self.limits)
        root = np.sqrt(b * b - a * c) if b * b >= a * c else np.nan
        return max((b - root) / a, self.limits[0]), min((b + root) / a, self.limits[1])


def _above(a: float, b: float, c: float, limits: tuple[float, float]) -> tuple[float, float]:
    """The same when the variance grows faster than G²: all values above the larger root."""
    if a == 0:
        return (max(c / (2 * b), limits[0]), limits[1]) if b > 0 else limits
    disagreeing = b * b - a * c
    if disagreeing <= 0:
        return limits
    # a < 0: the inequality fails between the roots only.
    roots = sorted(((b - np.sqrt(disagreeing)) / a, (b + np.sqrt(disagreeing)) / a))
    return (max(float(roots[1]), limits[0]), limits[1]) if limits[0] > roots[0] else limits


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


def integrate_estimates(
    rule: Rule, estimates: Sequence[Estimate], covariance: FloatArray | None = None
) -> IntegratedEstimate:
    """Returns 𝓘 from estimates of G at the rule's times, with the propagated error.

    Args:
        rule: weights for the times.
        estimates: one per time, in order.
        covariance: of the estimates, shape (times, times), where times share shots; by default they are independent.

    Raises:
        ArgumentError: the covariance has another shape.

    Source: linear propagation of errors.

    >>> from qsense.numerics.quadrature import gauss_rule
    >>> rule = gauss_rule(1.0, 1.0, 1)
    >>> integrate_estimates(rule, [Estimate(1.0, 0.1)]).total
    Estimate(value=2.0, stderr=0.2)
    """
    if covariance is not None and np.shape(covariance) != (len(estimates), len(estimates)):
        shape = np.shape(covariance)
        raise ArgumentError(f"Argument `covariance` must be of shape {(len(estimates),) * 2}, but is {shape}.")
    readings = sorted(set.intersection(*(set(e.others) for e in estimates)))
    return IntegratedEstimate(
        total=_combine(rule.weights, estimates, covariance),
        tail=_combine(rule.tail_weights, estimates, covariance),
        others={name: _combine(rule.weights, [e.others[name] for e in estimates]) for name in readings},
    )


def _combine(weights: FloatArray, estimates: Sequence[Estimate], covariance: FloatArray | None = None) -> Estimate:
    values = np.array([e.value for e in estimates])
    if covariance is None:
        covariance = np.diag([e.stderr**2 for e in estimates])
    # An integral of something that is never negative is never negative either.
    low = 0.0 if all(e.limits[0] == 0 for e in estimates) else -np.inf
    return Estimate(float(weights @ values), float(np.sqrt(weights @ covariance @ weights)), limits=(low, np.inf))
