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
_WIDTH = 3.0  # of a panel, in rad
_AT_ONCE = 2**16  # numbers of a transform
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


def power_law_limit(spread: float, exponent: float, low: float, high: float, pulses: Pulses) -> float:
    """Returns what v(t) tends to in rad²: |∫ y e^{iωt'} dt'|² of a long window is Σ c_k²/ω² on average.

    >>> from qsense.signals import FREE
    >>> round(power_law_limit(10.0, 0.0, 1.0, 10.0, FREE), 6)  # 2σ²/(4π² low · high)
    0.506606
    """
    signs = pulses.signs()
    jumps = np.concatenate([[signs[0]], np.diff(signs), [-signs[-1]]])
    mean = _power(exponent + 2, low, high) / _power(exponent, low, high)
    return float(jumps @ jumps) * (spread / (2 * math.pi)) ** 2 * mean


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
    # |g|² oscillates as cos(x · difference of edges): panels of a few radians of the fastest.
    first = min(max(low, 1.0), high)
    total = 0.0
    if first > low:
        total = _panels(
            exponent, np.geomspace(low, first, max(2, math.ceil(_DECADES * math.log10(first / low)) + 1)), pulses
        )[-1]
    if first == 1.0:  # the same panels at all times, but for the last
        whole = math.floor((high - first) / _WIDTH)
        if whole:
            total += _from_one(exponent, pulses, 2 ** (whole - 1).bit_length())[whole - 1]
        first += whole * _WIDTH
    if high > first:
        panels = max(1, math.ceil((high - first) / _WIDTH))
        total += _panels(exponent, np.linspace(first, high, panels + 1), pulses)[-1]
    return float(total)


@lru_cache(maxsize=32)
def _from_one(exponent: float, pulses: Pulses, panels: int) -> FloatArray:
    """The integral from 1 to the end of each of some panels of equal width, shape (panels,)."""
    return _panels(exponent, np.asarray(1.0 + _WIDTH * np.arange(panels + 1), dtype=np.float64), pulses)


def _panels(exponent: float, knots: FloatArray, pulses: Pulses) -> FloatArray:
    """∫ x^{−a} |g|² from the first knot to each other one, shape (knots − 1,)."""
    nodes, weights = _legendre()
    half, middle = np.diff(knots) / 2, (knots[1:] + knots[:-1]) / 2
    x = middle[:, None] + half[:, None] * nodes
    values = x**-exponent * transform(x.ravel(), pulses).reshape(x.shape)
    return np.asarray(np.cumsum(half * (values @ weights)))


def transform(x: FloatArray, pulses: Pulses) -> FloatArray:
    """Returns |∫₀¹ y(u) e^{ixu} du|² of the pulses, shape of x.

    >>> from qsense.signals import FREE
    >>> transform(np.array([0.0, 2 * np.pi]), FREE).round(12) + 0.0
    array([1., 0.])
    """
    edges, signs = pulses.edges(), pulses.signs()
    length, middle = np.diff(edges), (edges[1:] + edges[:-1]) / 2
    if len(x) * len(length) <= _AT_ONCE:
        parts = np.sinc(np.outer(x, length) / (2 * np.pi)) * np.exp(1j * np.outer(x, middle - 0.5))
        return np.asarray(np.abs(parts @ (signs * length)) ** 2)
    amplitude = np.zeros(len(x), dtype=np.complex128)
    for one, centre, sign in zip(length, middle - 0.5, signs, strict=True):
        amplitude += sign * one * np.sinc(x * one / (2 * np.pi)) * np.exp(1j * x * centre)
    return np.asarray(np.abs(amplitude) ** 2)


def _beyond(exponent: float, low: float, high: float, pulses: Pulses) -> float:
    """The same integral where x times every difference of edges is large."""
    constant, distances, weights = _interferences(pulses)
    power = exponent + 2
    cosines = _cosine_tails(power, low, distances) - _cosine_tails(power, high, distances)
    return constant * _power(power, low, high) + float(weights @ cosines)


@lru_cache(maxsize=32)
def _interferences(pulses: Pulses) -> tuple[float, FloatArray, FloatArray]:
    """Σ c_k², and for every distance of two edges twice the sum of their c_k c_l."""
    edges, signs = pulses.edges(), pulses.signs()
    jumps = np.concatenate([[signs[0]], np.diff(signs), [-signs[-1]]])
    one, later = np.triu_indices(len(edges), 1)
    distances, place = np.unique(np.round(edges[later] - edges[one], 12), return_inverse=True)
    weights = np.asarray(np.bincount(place, 2 * jumps[one] * jumps[later]), dtype=np.float64)
    return float(jumps @ jumps), distances, weights


def _cosine_tails(power: float, start: float, distances: FloatArray) -> FloatArray:
    """∫_start^∞ x^{−p} cos(x d) dx by repeated integration by parts, each to its smallest term."""
    total = np.zeros(len(distances), dtype=np.complex128)
    smallest = np.full(len(distances), np.inf)
    term = start**-power / distances + 0j
    for k in range(_TERMS):
        size = np.abs(term)
        smallest = np.where(size <= smallest, size, -1.0)  # which no later term is below
        if not np.any(smallest >= 0):
            break
        total += np.where(smallest >= 0, term, 0.0)
        term = term * ((power + k) / (1j * start * distances))
    # ∫ x^{−p} e^{ixd} dx from start to ∞ = i e^{i start d} start^{−p}/d · (1 + p/(i start d) + …)
    return np.asarray((1j * np.exp(1j * start * distances) * total).real)


@lru_cache(maxsize=1)
def _legendre() -> tuple[FloatArray, FloatArray]:
    nodes, weights = np.polynomial.legendre.leggauss(_ORDER)
    return nodes, weights
