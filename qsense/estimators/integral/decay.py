"""Laws of decay G(t) = A·shape(Λt) that are fitted to estimates of G, and their integrals.

exponential   A e^{−Λt}: product under equal noise, GHZ under dephasing
stretched     A exp[−(Λt)^β]: noise with memory
ghz_emission  A·2x^N/(1 + (1−x)^N + x^N), x = e^{−Λt}: GHZ under emission, Λ one spin's rate
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, NamedTuple

import numpy as np

from qsense.errors import ArgumentError, nearest
from qsense.numerics.fisher import FloatArray
from qsense.numerics.integration import integrate

_RANGE, _POINTS = (1e-3, 1e3), 241  # of a curve's times in units of its scale: 6 % apart

ModelName = Literal["exponential", "stretched", "ghz_emission"]


class Law(NamedTuple):
    """A decay with shape(0) = 1.

    Attributes:
        parameters: A and Λ, and β if it has one, by name.
        shape: the function of (s, β), s = Λt of any shape.
        tail: ∫_s^∞ shape, a function of (s, β).
    """

    parameters: tuple[str, ...]
    shape: Callable[[FloatArray, float], FloatArray]
    tail: Callable[[float, float], float]


def law(model: ModelName, num_qubits: int | None = None) -> Law:
    """Returns a law of decay by its name.

    Args:
        model: which.
        num_qubits: N, for `ghz_emission`.

    Raises:
        ArgumentError: an unknown name, or no N where it is needed.

    Source: arXiv:2512.21661v1, Eq. 49 for `ghz_emission`.

    >>> round(law("ghz_emission", 2).tail(0.0, 1.0), 8)  # 𝓘 γ/N², 1.20919958/2
    0.60459979
    """
    if model == "exponential":
        return Law(("amplitude", "rate"), lambda s, _: np.exp(-s), lambda s, _: float(np.exp(-s)))
    if model == "stretched":
        return Law(("amplitude", "rate", "exponent"), _stretched_shape, _stretched_tail)
    if model != "ghz_emission":
        raise ArgumentError(f'Unknown model "{model}". {nearest(model, ("exponential", "stretched", "ghz_emission"))}')
    if num_qubits is None or num_qubits < 1:
        raise ArgumentError("Argument `num_qubits` must be given for the model ghz_emission, and be at least 1.")
    size = num_qubits

    def shape(s: FloatArray, _: float) -> FloatArray:
        kept = np.exp(-size * s)
        return np.asarray(2 * kept / (1 + (-np.expm1(-s)) ** size + kept))

    def tail(s: float, _: float) -> float:
        # It falls with N at late times, and with N/2 at first.
        return integrate(lambda more: shape(s + more, 1.0), size / 2, size).value

    return Law(("amplitude", "rate"), shape, tail)


def law_of_curve(curve: Callable[[FloatArray], FloatArray], scale: float, exponent: bool = True) -> Law:
    """Returns the law of a curve that is known up to its scales: A·curve(t₀(Λt)^β)/curve(0), t₀ the scale.

    Λ = 1/t₀ and β = 1 are the curve itself.

    Args:
        curve: a function of times in s, of any shape (n,), above 0 at t = 0; called once.
        scale: t₀ in s, about when it has fallen by a factor e.
        exponent: whether β is free.

    Raises:
        ArgumentError: the curve is 0 at t = 0, or not finite.

    >>> found = law_of_curve(lambda t: 3 * np.exp(-2 * t), 0.5)
    >>> round(found.tail(0.0, 1.0), 4), round(float(found.shape(np.array([1.0]), 2.0)[0]), 4)
    (1.0, 0.3679)
    """
    from scipy.interpolate import CubicSpline

    logs = np.linspace(np.log(_RANGE[0]), np.log(_RANGE[1]), _POINTS)
    values = curve(np.concatenate([[0.0], scale * np.exp(logs)]))
    if not (values[0] > 0 and np.isfinite(values).all()):
        raise ArgumentError("Argument `curve` must be finite, and above 0 at t = 0.")
    relative = values[1:] / values[0]
    spline = CubicSpline(logs, relative)

    def at(log: FloatArray) -> FloatArray:
        early = 1 - (1 - relative[0]) * np.exp(np.minimum(log - logs[0], 0))
        inside = spline(np.clip(log, logs[0], logs[-1]))
        return np.asarray(np.where(log < logs[0], early, np.where(log > logs[-1], 0.0, inside)))

    def shape(s: FloatArray, beta: float) -> FloatArray:
        return at(beta * np.log(np.maximum(s, 1e-300)))

    def tail(s: float, beta: float) -> float:
        # With v = u^β the integral of shape(u) du is that of at(ln v) v^{1/β}/β d ln v.
        start = max(beta * np.log(s), logs[0]) if s > 0 else logs[0]
        grid = np.linspace(start, logs[-1], 8 * _POINTS)
        before = np.exp(logs[0] / beta) - s if s < np.exp(logs[0] / beta) else 0.0
        return float(before + np.trapezoid(at(grid) * np.exp(grid / beta) / beta, grid)) if start < logs[-1] else 0.0

    return Law(("amplitude", "rate", "exponent") if exponent else ("amplitude", "rate"), shape, tail)


def _stretched_shape(s: FloatArray, beta: float) -> FloatArray:
    with np.errstate(over="ignore"):
        return np.asarray(np.exp(-(s**beta)))


def _stretched_tail(s: float, beta: float) -> float:
    from scipy.special import gamma, gammaincc  # kept out of the command line's cold start

    return float(gamma(1 + 1 / beta) * gammaincc(1 / beta, s**beta))
