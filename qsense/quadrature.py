"""Integrals over time, and the rules that turn a few measured times into an integral.

Two needs, two tools. `integrate` takes a function of time that can be called anywhere (the theory) and returns its
integral with an error estimate. A `Rule` takes values at a few given times (the data): weights for the integral, the
part of it that lies beyond the last time, and the interpolation that the weights stand for. All are linear in the
data, so that errors propagate exactly.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from qsense.errors import ArgumentError
from qsense.fisher import FloatArray

# exp(-45) < 3e-20: beyond so many lifetimes nothing is left of an integral to double precision.
LIFETIMES = 45.0
MAX_NODES = 8


class Integral(NamedTuple):
    """An integral and the estimate of its absolute error, in the same unit."""

    value: float
    error: float


def as_times(times: Sequence[float] | FloatArray) -> FloatArray:
    """Returns times as an array of shape (times,), in s.

    Raises:
        ArgumentError: a time is negative, not finite or not larger than the one before.

    >>> as_times([1, 0])
    Traceback (most recent call last):
    qsense.errors.ArgumentError: Argument `times` must increase, but 0.0 s comes after 1.0 s.
    """
    try:
        array = np.atleast_1d(np.asarray(times, dtype=np.float64))
    except (TypeError, ValueError):
        raise ArgumentError(f"Argument `times` must be a list of numbers in s, but is {times!r}.") from None
    if array.ndim != 1 or array.size == 0:
        raise ArgumentError("Argument `times` must be a list of at least one number in s.")
    for bad in array[~(np.isfinite(array) & (array >= 0))]:
        raise ArgumentError(f"Argument `times` must be finite and not negative, but has {bad} s.")
    for before, after in itertools.pairwise(array):
        if after <= before:
            raise ArgumentError(f"Argument `times` must increase, but {after} s comes after {before} s.")
    return array


def integrate(
    function: Callable[[FloatArray], FloatArray],
    slowest_rate: float,
    fastest_rate: float,
    rtol: float = 1e-11,
) -> Integral:
    """Returns ∫₀^∞ f(t) dt of a function that decays exponentially.

    The double-exponential substitution t = τ exp(s − e^{−s}) makes the integrand fall off doubly exponentially at
    both ends; the trapezoidal rule then converges exponentially. The step is halved until two results agree.

    Args:
        function: f, vectorised over times of shape (n,) in s.
        slowest_rate: decay rate of the slowest part of f, > 0, in 1/s.
        fastest_rate: decay rate of the fastest part; at least the slowest.
        rtol: relative agreement of the last two halvings.

    Returns:
        The integral and the difference of the last two halvings, an upper estimate of the error.

    Source: Takahasi & Mori, Publ. RIMS 9, 721 (1974).

    >>> round(integrate(lambda t: 3 * np.exp(-2 * t), 2, 2).value, 12)
    1.5
    """
    unit = 1 / fastest_rate
    first = -4.2  # exp(s - exp(-s)) = 2e-31 there
    last = float(np.log(LIFETIMES * fastest_rate / slowest_rate)) + 0.05

    def terms(points: FloatArray) -> float:
        times = unit * np.exp(points - np.exp(-points))
        return float(np.sum(function(times) * times * (1 + np.exp(-points))))

    count = 16
    step = (last - first) / count
    total = terms(np.linspace(first, last, count + 1))
    value = step * total
    error = abs(value)
    for _ in range(9):
        total += terms(np.linspace(first + step / 2, last - step / 2, count))
        step, count = step / 2, count * 2
        value, previous = step * total, value
        error = abs(value - previous)
        if error <= rtol * abs(value):
            break
    return Integral(value, max(error, 1e-15 * abs(value)))


def first_root(function: Callable[[FloatArray], FloatArray], grid: FloatArray) -> float | None:
    """Returns the first zero of a function that is positive at first, to double precision; None if it has none.

    Args:
        function: vectorised over arguments of shape (n,).
        grid: increasing arguments that are searched for the first change of sign.

    >>> first_root(lambda t: 2 - t**2, np.linspace(0, 4, 9))
    1.414213562373095
    """
    below = np.flatnonzero(function(grid) < 0)
    if below.size == 0 or below[0] == 0:
        return None
    low, high = grid[below[0] - 1], grid[below[0]]
    for _ in range(8):  # each round divides the bracket by 128: 128^8 > 2^53
        inner = np.linspace(low, high, 129)
        negative = np.flatnonzero(function(inner) < 0)
        position = int(negative[0]) if negative.size else 128
        low, high = inner[max(position - 1, 0)], inner[position]
    return float(0.5 * (low + high))


@dataclass(frozen=True)
class Rule:
    """Weights that turn G at a few times into ∫₀^∞ G dt, and the interpolation behind them.

    Attributes:
        times: shape (n,), in s, increasing.
        weights: for ∫₀^∞, shape (n,), in s.
        tail_weights: the part of `weights` that stands for t > times[-1], shape (n,), in s.
        decay_rate: Λ in 1/s; the rule is exact for exp(−Λt).
        node_rate: λ in 1/s; G exp(Λt) is interpolated in u = exp(−λt).
        designed: True for Gauss nodes (polynomial interpolation), False for given times (linear interpolation).
    """

    times: FloatArray
    weights: FloatArray
    tail_weights: FloatArray
    decay_rate: float
    node_rate: float
    designed: bool

    def interpolation(self, times: FloatArray) -> FloatArray:
        """Returns the matrix that maps G at the rule's times to G at other times, shape (times, n).

        >>> rule = gauss_rule(2.0, 1.0, 3)
        >>> bool(np.allclose(rule.interpolation(rule.times), np.eye(3)))
        True
        """
        nodes, points = np.exp(-self.node_rate * self.times), np.exp(-self.node_rate * times)
        base = _lagrange(nodes, points) if self.designed else _hats(nodes, points)
        return np.asarray(base * np.exp(self.decay_rate * (self.times[None, :] - times[:, None])))


def gauss_rule(decay_rate: float, node_rate: float, num_nodes: int) -> Rule:
    """Returns the Gauss rule for G(t) = e^{−Λt} · polynomial in e^{−λt}, exact up to degree 2n − 1.

    With u = e^{−λt} the integral is ∫₀¹ u^{Λ/λ−1} f(u) du/λ: Gauss–Jacobi nodes and weights.

    Args:
        decay_rate: Λ > 0 in 1/s.
        node_rate: λ > 0 in 1/s, at most Λ.
        num_nodes: n in 1…8.

    Source: Golub & Welsch, Math. Comp. 23, 221 (1969), in the variable derived in tests/test_quadrature.py.

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


def rule_for_times(times: FloatArray, decay_rate: float) -> Rule:
    """Returns the rule for times that somebody else chose.

    G e^{Λt} is taken as piecewise linear in u = e^{−Λt}, the first piece drawn on to t = 0, and as constant beyond
    the last time: second order in the spacing, exact for e^{−Λt}.

    Args:
        times: shape (n,), in s, increasing.
        decay_rate: Λ > 0 in 1/s, the rate at which G falls off.

    >>> rule = rule_for_times(np.array([0.0, 1.0, 2.0]), decay_rate=0.5)
    >>> round(float(rule.weights @ np.exp(-0.5 * rule.times)), 12)
    2.0
    """
    u = np.exp(-decay_rate * times)
    # Trapezoids in u from the last node to u = 1, in terms of h = G/u.
    knots = np.concatenate([u[::-1], [1.0]]) if times[0] > 0 else u[::-1]
    base = _hats(u, knots)
    inside = 0.5 * np.diff(knots) @ (base[1:] + base[:-1]) / u / decay_rate
    tail = np.zeros(len(times))
    tail[-1] = 1 / decay_rate
    return Rule(times, inside + tail, tail, decay_rate, decay_rate, False)


def _jacobi(num_nodes: int, power: float) -> tuple[FloatArray, FloatArray]:
    from scipy.special import roots_jacobi  # kept out of the command line's cold start

    nodes, weights = roots_jacobi(num_nodes, 0.0, power)
    return (nodes + 1) / 2, weights / 2 ** (power + 1)


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
