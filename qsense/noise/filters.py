"""The phase that noise of a power-law spectrum leaves in a window with pulses: its filter function, integrated.

    v(t) = ∫_low^high P(f) |∫₀ᵗ y e^{2πift'} dt'|² df,   P(f) ∝ f^{−a},   ∫ P df = σ²

In x = ωt the window's own transform is g(x) = ∫₀¹ y e^{ixu} du. Up to some hundred oscillations the integral is taken
by Gauss–Legendre panels. Beyond, |g|² = |Σ_k c_k e^{ixe_k}|²/x² with the jumps c_k of y at the edges e_k is a constant
and cosines, whose integrals are a power and an asymptotic series.
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from qsense.numerics.fisher import FloatArray
from qsense.signals import Pulses

_ORDER = 16
_DECADES = 4  # panels per decade below the first oscillation
_TURNS = 40.0  # oscillations of the closest pair of edges that are integrated by panels
_TERMS = 24  # of the asymptotic series


def power_law_variance(
    spread: float, exponent: float, low: float, high: float, times: FloatArray, pulses: Pulses
) -> FloatArray:
    """Returns v(t) in rad², shape (times,).

    Args:
        spread: σ in rad/s.
        exponent: a ≥ 0.
        low, high: cut-offs in Hz, 0 < low < high.
        times: in s.
        pulses: of the window.

    Source: Cywiński et al., Phys. Rev. B 77, 174509 (2008), for the filter functions.

    >>> from qsense.signals import FREE
    >>> slow = power_law_variance(1.0, 1.0, 1e-9, 1e-6, np.array([1.0]), FREE)  # frozen in the window: σ²t²
    >>> round(float(slow[0]), 9)
    1.0
    """
    found = np.zeros(len(times))
    norm = _power(exponent, low, high)
    for place, time in enumerate(np.asarray(times, dtype=np.float64)):
        if time > 0:
            x = 2 * math.pi * low * time, 2 * math.pi * high * time
            # P df = σ² x^{−a} dx / ∫ x^{−a} dx, the same for every unit of x.
            found[place] = (
                (spread * time) ** 2 * _filtered(exponent, *x, pulses) / (norm * (2 * math.pi * time) ** (1 - exponent))
            )
    return found


def _power(exponent: float, low: float, high: float) -> float:
    """∫ x^{−a} dx."""
    if abs(1 - exponent) < 1e-12:
        return math.log(high / low)
    span = (1 - exponent) * math.log(high / low)
    return float(low ** (1 - exponent) * math.expm1(span) / (1 - exponent))


def _filtered(exponent: float, low: float, high: float, pulses: Pulses) -> float:
    """∫ x^{−a} |g(x)|² dx."""
    edges = pulses.edges()
    closest = float(np.min(np.diff(edges)))
    change = min(max(low, 2 * math.pi * _TURNS / closest), high)
    total = _by_panels(exponent, low, change, pulses)
    return total + (_beyond(exponent, change, high, pulses) if high > change else 0.0)


def _by_panels(exponent: float, low: float, high: float, pulses: Pulses) -> float:
    if high <= low:
        return 0.0
    first = min(max(low, 1.0), high)
    knots = np.array([low])
    if first > low:
        knots = np.geomspace(low, first, max(2, math.ceil(_DECADES * math.log10(first / low)) + 1))
    # |g|² oscillates as cos(x · difference of edges): panels of one radian of the fastest.
    if high > first:
        knots = np.append(knots, np.linspace(first, high, max(2, math.ceil((high - first) / 3.0) + 1))[1:])
    nodes, weights = _legendre()
    half, middle = np.diff(knots) / 2, (knots[1:] + knots[:-1]) / 2
    x = (middle[:, None] + half[:, None] * nodes).ravel()
    w = (half[:, None] * weights).ravel()
    return float(np.sum(w * x**-exponent * transform(x, pulses)))


def transform(x: FloatArray, pulses: Pulses) -> FloatArray:
    """Returns |∫₀¹ y(u) e^{ixu} du|² of the pulses, shape of x.

    >>> from qsense.signals import FREE
    >>> transform(np.array([0.0, 2 * np.pi]), FREE).round(12) + 0.0
    array([1., 0.])
    """
    edges, signs = pulses.edges(), pulses.signs()
    length, middle = np.diff(edges), (edges[1:] + edges[:-1]) / 2
    amplitude = np.zeros(len(x), dtype=np.complex128)
    for one, centre, sign in zip(length, middle - 0.5, signs, strict=True):
        amplitude += sign * one * np.sinc(x * one / (2 * np.pi)) * np.exp(1j * x * centre)
    return np.asarray(np.abs(amplitude) ** 2)


def _beyond(exponent: float, low: float, high: float, pulses: Pulses) -> float:
    """The same integral where x times every difference of edges is large."""
    edges, signs = pulses.edges(), pulses.signs()
    jumps = np.concatenate([[signs[0]], np.diff(signs), [-signs[-1]]])
    power = exponent + 2
    total = float(jumps @ jumps) * _power(power, low, high)
    weights: dict[float, float] = {}
    for k in range(len(edges)):
        for later in range(k + 1, len(edges)):
            distance = round(float(edges[later] - edges[k]), 12)
            weights[distance] = weights.get(distance, 0.0) + 2 * float(jumps[k] * jumps[later])
    for distance, weight in weights.items():
        total += weight * (_cosine_tail(power, low, distance) - _cosine_tail(power, high, distance))
    return total


def _cosine_tail(power: float, start: float, distance: float) -> float:
    """∫_start^∞ x^{−p} cos(x d) dx by repeated integration by parts, to the smallest term."""
    factor, total, smallest = start**-power / distance, 0j, math.inf
    term = complex(factor)
    for k in range(_TERMS):
        if abs(term) > smallest:
            break
        smallest = abs(term)
        total += term
        term *= (power + k) / (1j * start * distance)
    # ∫ x^{−p} e^{ixd} dx from start to ∞ = i e^{i start d} start^{−p}/d · (1 + p/(i start d) + …)
    return float((1j * np.exp(1j * start * distance) * total).real)


@lru_cache(maxsize=1)
def _legendre() -> tuple[FloatArray, FloatArray]:
    nodes, weights = np.polynomial.legendre.leggauss(_ORDER)
    return nodes, weights
