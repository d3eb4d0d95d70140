"""Rules that turn values at a few measured times into an integral: weights, the part beyond the last time, and the
interpolation that the weights stand for. All are linear in the data, so that errors propagate exactly.

(`integration` is for functions that can be called anywhere.)
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from qsense.errors import ArgumentError
from qsense.numerics.decay_law import DecayLaw
from qsense.numerics.fisher import FloatArray

MAX_NODES = 8
_LEAST = 1e-200  # of what has not decayed: its inverse is a weight
BRACKET = 1.3  # times a crossing: where it is seen from its other side
_CLEARLY = 1.1  # times beyond this many times a crossing are on its other side already


@dataclass(frozen=True)
class Rule:
    """Weights that turn G at a few times into ∫₀^∞ G dt, and the interpolation behind them.

    Attributes:
        times: shape (n,), in s, increasing.
        weights: for ∫₀^∞, shape (n,), in s.
        tail_weights: the part of `weights` that stands for t beyond the last time that has a weight, shape (n,), in s.
        decay_rate: Λ in 1/s; the rule is exact for exp(−Λt), or for the law.
        node_rate: λ in 1/s; G exp(Λt) is interpolated in u = exp(−λt).
        designed: True for Gauss nodes (polynomial interpolation), False for given times (linear interpolation).
        law: what stands in the place of exp(−Λt), if decay is of another law: G over it is interpolated in u = S^{λ/Λ}
            with S(t) what the law has yet to give after t. None for exp(−Λt).
        has_bracket: whether the last time is beside the integral: its weight is 0, and it only corrects the curve from
            the time before it on.
    """

    times: FloatArray
    weights: FloatArray
    tail_weights: FloatArray
    decay_rate: float
    node_rate: float
    designed: bool
    law: DecayLaw | None = None
    has_bracket: bool = False

    def interpolation(self, times: FloatArray) -> FloatArray:
        """Returns the matrix that maps G at the rule's times to G at other times, shape (times, n).

        >>> rule = gauss_rule(2.0, 1.0, 3)
        >>> bool(np.allclose(rule.interpolation(rule.times), np.eye(3)))
        True
        """
        if not self.has_bracket:
            return self._curve(self.times, times)
        own, last = self.times[:-1], self.times[-1]
        curve, missed = self._curve(own, times), self._curve(own, self.times[-1:])
        # What the curve misses at the last time fades in from the time before it, and out as G does.
        rising = np.clip((times - own[-1]) / (last - own[-1]), 0, 1)
        part = (rising * np.exp(-self.decay_rate * np.maximum(times - last, 0)))[:, None]
        return np.hstack([curve - part * missed, part])

    def _curve(self, nodes: FloatArray, points: FloatArray) -> FloatArray:
        """The curve through values at the nodes, all of them times in s."""
        if self.law is None:
            u, at = np.exp(-self.node_rate * nodes), np.exp(-self.node_rate * points)
            base = _lagrange(u, at) if self.designed else _hats(u, at)
            return np.asarray(base * np.exp(self.decay_rate * (nodes[None, :] - points[:, None])))
        power = self.node_rate / self.decay_rate
        base = _lagrange(self.law.remaining(nodes) ** power, self.law.remaining(points) ** power)
        return np.asarray(base * self.law.at(points)[:, None] / self.law.at(nodes))


def gauss_rule(decay_rate: float, node_rate: float, num_nodes: int) -> Rule:
    """Returns the Gauss rule for G(t) = e^{−Λt} · polynomial in e^{−λt}, exact up to degree 2n − 1.

    With u = e^{−λt} the integral is ∫₀¹ u^{Λ/λ−1} f(u) du/λ: Gauss–Jacobi nodes and weights.

    Args:
        decay_rate: Λ > 0 in 1/s.
        node_rate: λ > 0 in 1/s; Λ/λ is below 1000, beyond which weights overflow.
        num_nodes: n ≥ 1.

    Source: Golub & Welsch, Math. Comp. 23, 221 (1969), in the variable derived in tests/numerics/test_quadrature.py.

    >>> rule = gauss_rule(decay_rate=2.0, node_rate=1.0, num_nodes=3)
    >>> round(float(rule.weights @ np.exp(-3 * rule.times)), 12)
    0.333333333333
    """
    power = decay_rate / node_rate - 1
    nodes, weights = _jacobi(num_nodes, power)
    order = np.argsort(-nodes)
    nodes, weights = nodes[order], weights[order]
    times = -np.log(nodes) / node_rate
    growth = np.exp(decay_rate * times)
    # The tail is the same integral from 0 to the smallest node: the substitution u → u_min u scales its weight.
    smallest = nodes[-1]
    inner_nodes, inner_weights = _jacobi(num_nodes, power)
    tail = smallest ** (power + 1) * inner_weights @ _lagrange(nodes, smallest * inner_nodes)
    return Rule(times, weights * growth / node_rate, tail * growth / node_rate, decay_rate, node_rate, True)


def law_rule(law: DecayLaw, num_nodes: int, power: float = 1.0, decay_rate: float | None = None) -> Rule:
    """Returns the Gauss rule for G(t) = law(t) · polynomial in u = S(t)^p, exact up to degree 2n − 1.

    S(t) = ∫_t^∞ law dt/∫₀^∞ law dt falls from 1 to 0 and is e^{−Λt} for exponential decay; in it the integral is
    ∫₀¹ u^{1/p−1} f(u) du/p, whatever the law: Gauss–Jacobi nodes and weights.

    Args:
        law: positive at the nodes.
        num_nodes: n ≥ 1.
        power: p > 0; the smaller, the later the times.
        decay_rate: Λ in 1/s of the result; by default the law at t = 0 over its integral.

    Source: Golub & Welsch, Math. Comp. 23, 221 (1969), in the variable S.

    >>> t = np.geomspace(1e-7, 9, 400)
    >>> rule = law_rule(DecayLaw(t, np.exp(-(t**2)), 1.0), 3)
    >>> round(float(rule.weights @ np.exp(-(rule.times**2))), 6)  # √π/2
    0.886227
    """
    mean = law.start / law.integral if decay_rate is None else decay_rate
    nodes, weights = _jacobi(num_nodes, 1 / power - 1)
    order = np.argsort(-nodes)
    nodes, weights = nodes[order], weights[order]
    times = law.times_at(nodes ** (1 / power))
    smallest = nodes[-1]
    inner_nodes, inner_weights = _jacobi(num_nodes, 1 / power - 1)
    tail = smallest ** (1 / power) * inner_weights @ _lagrange(nodes, smallest * inner_nodes)
    scale = law.integral / power / law.at(times)
    return Rule(times, weights * scale, tail * scale, mean, power * mean, True, law)


def bracketed(rule: Rule, crossing: float) -> Rule:
    """Returns the rule with one more time beyond a crossing, if its times end before it or next to it.

    The further time has no weight: the integral and its error stay as they are. The curve is corrected from the last
    of the old times on, so that a crossing there is interpolated and not extrapolated.

    Args:
        rule: whose curve crosses another.
        crossing: where it is predicted to, in s.

    >>> rule = gauss_rule(2.0, 1.0, 3)
    >>> late = float(2 * rule.times[-1])
    >>> more = bracketed(rule, late)
    >>> round(float(more.times[-1]) / late, 6), float(more.weights[-1]), bracketed(more, late) is more
    (1.3, 0.0, True)
    """
    if rule.has_bracket or rule.times[-1] >= _CLEARLY * crossing:
        return rule
    last = float(f"{BRACKET * crossing:.9g}")
    times, weights, tail = (
        np.append(array, added) for array, added in ((rule.times, last), (rule.weights, 0.0), (rule.tail_weights, 0.0))
    )
    return replace(rule, times=times, weights=weights, tail_weights=tail, has_bracket=True)


def without_bracket(rule: Rule) -> Rule:
    """Returns the rule as it was before `bracketed`.

    >>> rule = gauss_rule(2.0, 1.0, 3)
    >>> np.array_equal(without_bracket(bracketed(rule, 50.0)).times, rule.times)
    True
    """
    if not rule.has_bracket:
        return rule
    times, weights, tail = rule.times[:-1], rule.weights[:-1], rule.tail_weights[:-1]
    return replace(rule, times=times, weights=weights, tail_weights=tail, has_bracket=False)


def rule_for_times(times: FloatArray, decay_rate: float) -> Rule:
    """Returns the rule for times that somebody else chose.

    G e^{Λt} is taken as piecewise linear in u = e^{−Λt}, the first piece drawn on to t = 0, and as constant beyond
    the last time: second order in the spacing, exact for e^{−Λt}.

    Args:
        times: shape (n,), in s, increasing.
        decay_rate: Λ > 0 in 1/s, the rate at which G falls off.

    Raises:
        ArgumentError: the times are so late, or so close together, that numbers cannot tell what decays between them.

    >>> rule = rule_for_times(np.array([0.0, 1.0, 2.0]), decay_rate=0.5)
    >>> round(float(rule.weights @ np.exp(-0.5 * rule.times)), 12)
    2.0
    """
    u = np.exp(-decay_rate * times)
    if u[-1] < _LEAST or bool(np.any(np.diff(u) >= 0)):
        raise ArgumentError(
            f"the times up to {times[-1]:g} s are too late, or too close together, for a gain that decays at "
            f"{decay_rate:.3g} 1/s; give times of about {1 / decay_rate:.1g} s"
        )
    # Trapezoids in u from the last node to u = 1, in terms of h = G/u.
    knots = np.concatenate([u[::-1], [1.0]]) if times[0] > 0 else u[::-1]
    base = _hats(u, knots)
    inside = 0.5 * np.diff(knots) @ (base[1:] + base[:-1]) / u / decay_rate
    tail = np.zeros(len(times))
    tail[-1] = 1 / decay_rate
    return Rule(times, inside + tail, tail, decay_rate, decay_rate, False)


@lru_cache(maxsize=1024)
def _jacobi(num_nodes: int, power: float) -> tuple[FloatArray, FloatArray]:
    from scipy.special import roots_jacobi  # kept out of the command line's cold start

    nodes, weights = roots_jacobi(num_nodes, 0.0, power)
    found = (nodes + 1) / 2, weights / 2 ** (power + 1)
    for array in found:
        array.flags.writeable = False
    return found


def _lagrange(nodes: FloatArray, points: FloatArray) -> FloatArray:
    """Lagrange's basis polynomials of `nodes` at `points`, shape (points, nodes)."""
    differences = points[:, None, None] - nodes[None, None, :]
    spacing = nodes[:, None] - nodes[None, :]
    own = np.eye(len(nodes), dtype=bool)
    ratios = np.where(own, 1.0, differences / np.where(own, 1.0, spacing))
    return np.asarray(ratios.prod(-1))


def _hats(nodes: FloatArray, points: FloatArray) -> FloatArray:
    """Piecewise linear interpolation on falling nodes: linear beyond the first, constant beyond the last."""
    if len(nodes) == 1:
        return np.ones((len(points), 1))
    rising = nodes[::-1]
    left = np.clip(np.searchsorted(rising, points) - 1, 0, len(nodes) - 2)
    share = (np.maximum(points, rising[0]) - rising[left]) / (rising[left + 1] - rising[left])
    base = np.zeros((len(points), len(nodes)))
    rows = np.arange(len(points))
    base[rows, left], base[rows, left + 1] = 1 - share, share
    return np.asarray(base[:, ::-1])
