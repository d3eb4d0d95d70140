"""The phase that noise of a power-law spectrum leaves in a window with pulses: its filter function, integrated.

    v(t) = ∫_low^high P(f) |∫₀ᵗ y e^{2πift'} dt'|² df,   P(f) ∝ f^{−a},   ∫ P df = σ²

In x = ωt the window's own transform is g(x) = ∫₀¹ y e^{ixu} du. Up to some hundred oscillations the integral is taken
by Gauss–Legendre panels. Beyond, |g|² = |Σ_k c_k e^{ixe_k}|²/x² with the jumps c_k of y at the edges e_k is a constant
and cosines, whose integrals are a power and an asymptotic series. Late windows need only the latter (`late`).
"""

from __future__ import annotations

import math
from functools import lru_cache

import numpy as np

from qsense.numerics.fisher import FloatArray
from qsense.signals import Pulses

_ORDER = 16
_DECADES = 4  # panels per decade below the first oscillation
_TURNS = 12.0  # oscillations of the closest pair of edges that are integrated by panels
_WIDTH = 3.0  # of a panel, in rad
_AT_ONCE = 2**16  # numbers of a transform
_FAR, _FEW = 1e3, 8  # from so many rad on, so few terms are as good
_TERMS = 24  # of the asymptotic series: after 12 oscillations, the last one is below 1e-16 of the first


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
    times = np.asarray(times, dtype=np.float64)
    found = np.zeros(len(times))
    norm = _power(exponent, low, high)
    is_late = times >= late_from(low, pulses)
    if is_late.any():
        late = times[is_late]
        found[is_late] = power_law_limit(spread, exponent, low, high, pulses) + sum(
            waves(spread, exponent, low, high, frequency, late, pulses, 2 * math.pi * frequency * late)
            for frequency in (low, high)
        )
    early = np.flatnonzero((times > 0) & ~is_late)
    x = 2 * math.pi * low * times[early], 2 * math.pi * high * times[early]
    passed = np.empty(len(early))
    wide = x[0] >= 1
    passed[wide] = _after_one(exponent, x[0][wide], x[1][wide], pulses)
    for place in np.flatnonzero(~wide).tolist():
        passed[place] = _filtered(exponent, float(x[0][place]), float(x[1][place]), pulses)
    # P df = σ² x^{−a} dx / ∫ x^{−a} dx, the same for every unit of x.
    scale = (spread * times[early]) ** 2 / (norm * (2 * math.pi * times[early]) ** (1 - exponent))
    found[early] = scale * passed
    return found


def late_from(low: float, pulses: Pulses) -> float:
    """Returns the time in s from which v is its limit and a wave of each cut-off."""
    return _TURNS / (low * float(np.min(np.diff(pulses.edges()))))


def power_law_limit(spread: float, exponent: float, low: float, high: float, pulses: Pulses) -> float:
    """Returns what v(t) tends to in rad²: |∫ y e^{iωt'} dt'|² of a long window is Σ c_k²/ω² on average.

    >>> from qsense.signals import FREE
    >>> round(power_law_limit(10.0, 0.0, 1.0, 10.0, FREE), 6)  # 2σ²/(4π² low · high)
    0.506606
    """
    constant, _, _ = _interferences(pulses)
    mean = _power(exponent + 2, low, high) / _power(exponent, low, high)
    return constant * (spread / (2 * math.pi)) ** 2 * mean


def power_law_most(spread: float, exponent: float, low: float, high: float, pulses: Pulses) -> float:
    """Returns an upper bound on v of all windows, in rad²: |∫ y e^{iωt'} dt'| ≤ Σ|c_k|/ω."""
    jumps = 2.0 * (len(pulses.signs()) - 1) + 2
    constant, _, _ = _interferences(pulses)
    return power_law_limit(spread, exponent, low, high, pulses) * jumps**2 / constant


def waves(
    spread: float,
    exponent: float,
    low: float,
    high: float,
    frequency: float,
    times: FloatArray,
    pulses: Pulses,
    phases: FloatArray | float | None,
) -> FloatArray:
    """Returns by how much a sharp cut-off makes v of late windows differ from its limit, in rad², shape (times,).

    Args:
        spread, exponent, low, high, pulses: as of `power_law_variance`.
        frequency: the cut-off in Hz: `low` or `high`.
        times: in s, at least `late_from`.
        phases: 2πft of the cut-off in rad, or what stands for it: the amplitudes change slowly beside it. None for
            the root mean square over all phases.
    """
    _, distances, weights = _interferences(pulses)
    power = exponent + 2
    x = 2 * math.pi * frequency * times
    scale = (spread / (2 * math.pi)) ** 2 * frequency ** (1 - power) / _power(exponent, low, high)
    found = np.zeros(len(times))
    for distance, weight in zip(distances.tolist(), weights.tolist(), strict=True):
        amplitude = weight * _series(power, x * distance)
        if phases is None:
            found += np.abs(amplitude) ** 2 / 2
        else:
            found += (np.exp(1j * distance * np.asarray(phases)) * amplitude).real
    if phases is None:
        return np.asarray(scale * np.sqrt(found))
    return np.asarray(scale * found if frequency == low else -scale * found)


def _series(power: float, x: FloatArray) -> FloatArray:
    """y of ∫_x^∞ u^{−p} e^{iu} du = x^{1−p} e^{ix} y, for x of at least 12 oscillations."""
    y = np.ones(x.shape, dtype=np.complex128)
    inverse = -1j / x
    for k in range((_TERMS if np.min(x, initial=np.inf) < _FAR else _FEW) - 1, -1, -1):
        y = 1 + (power + k) * inverse * y
    return np.asarray(-inverse * y)


def _power(exponent: float, low: float, high: float) -> float:
    """∫ x^{−a} dx."""
    return float(_powers(exponent, np.array([low]), np.array([high]))[0])


def _powers(exponent: float, low: FloatArray, high: FloatArray) -> FloatArray:
    if abs(1 - exponent) < 1e-12:
        return np.log(high / low)
    span = (1 - exponent) * np.log(high / low)
    return np.asarray(low ** (1 - exponent) * np.expm1(span) / (1 - exponent))


@lru_cache(maxsize=2**14)  # a gain, its bound and its decay rate ask for the same times
def _filtered(exponent: float, low: float, high: float, pulses: Pulses) -> float:
    """∫ x^{−a} |g(x)|² dx from below 1."""
    first = min(1.0, high)
    knots = np.geomspace(low, first, max(2, math.ceil(_DECADES * math.log10(first / low)) + 1))
    total = float(_panels(exponent, knots, pulses)[-1])
    return total + (float(_after_one(exponent, np.ones(1), np.array([high]), pulses)[0]) if high > 1 else 0.0)


def _after_one(exponent: float, low: FloatArray, high: FloatArray, pulses: Pulses) -> FloatArray:
    """The same integrals from 1 or more, shape (times,)."""
    far = float(_to_far(exponent, pulses)[0][-1])
    total = np.zeros(len(low))
    close = high - low < _WIDTH
    total[close] = _one_panel(exponent, low[close], high[close], pulses)
    inner = ~close & (low < far)
    total[inner] = _up_to_far(exponent, low[inner], pulses)
    ends = inner & (high < far)
    total[ends] -= _up_to_far(exponent, high[ends], pulses)
    outer = ~close & (high > far)
    total[outer] += _beyond(exponent, np.maximum(low[outer], far), high[outer], pulses)
    return total


def _up_to_far(exponent: float, low: FloatArray, pulses: Pulses) -> FloatArray:
    """The integrals up to where the asymptotic series begins."""
    knots, left = _to_far(exponent, pulses)
    place = np.searchsorted(knots, low)
    return left[place] + _one_panel(exponent, low, knots[place], pulses)


@lru_cache(maxsize=32)
def _to_far(exponent: float, pulses: Pulses) -> tuple[FloatArray, FloatArray]:
    """Knots from 1 to where the asymptotic series begins, and the integral from each of them to the last.

    It is added up from the far end, where it is small, so that differences of it keep their digits.
    """
    last = 2 * math.pi * _TURNS / float(np.min(np.diff(pulses.edges())))
    knots = np.linspace(1.0, last, math.ceil((last - 1) / _WIDTH) + 1)  # |g|² turns as x times distances of edges
    parts = _one_panel(exponent, knots[:-1], knots[1:], pulses)
    return knots, np.append(np.cumsum(parts[::-1])[::-1], 0.0)


def _one_panel(exponent: float, low: FloatArray, high: FloatArray, pulses: Pulses) -> FloatArray:
    """∫ x^{−a} |g|² over short ranges, shape of low."""
    nodes, weights = _legendre()
    half, middle = (high - low) / 2, (high + low) / 2
    x = middle[:, None] + half[:, None] * nodes
    return np.asarray(half * ((x**-exponent * transform(x.ravel(), pulses).reshape(x.shape)) @ weights))


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


def _beyond(exponent: float, low: FloatArray, high: FloatArray, pulses: Pulses) -> FloatArray:
    """The same integrals where x times every difference of edges is large."""
    constant, distances, weights = _interferences(pulses)
    power = exponent + 2
    total = constant * _powers(power, low, high)
    ends = np.stack([low, high])[..., None]
    step = max(1, _AT_ONCE // max(1, ends.size))
    for start in range(0, len(distances), step):
        x = ends * distances[start : start + step]
        turning = ends ** (1 - power) * (np.exp(1j * x) * _series(power, x)).real
        total += (turning[0] - turning[1]) @ weights[start : start + step]
    return np.asarray(total)


@lru_cache(maxsize=32)
def _interferences(pulses: Pulses) -> tuple[float, FloatArray, FloatArray]:
    """Σ c_k², and for every distance of two edges twice the sum of their c_k c_l."""
    edges, signs = pulses.edges(), pulses.signs()
    jumps = np.concatenate([[signs[0]], np.diff(signs), [-signs[-1]]])
    one, later = np.triu_indices(len(edges), 1)
    distances, place = np.unique(np.round(edges[later] - edges[one], 12), return_inverse=True)
    weights = np.asarray(np.bincount(place, 2 * jumps[one] * jumps[later]), dtype=np.float64)
    return float(jumps @ jumps), distances, weights


@lru_cache(maxsize=1)
def _legendre() -> tuple[FloatArray, FloatArray]:
    nodes, weights = np.polynomial.legendre.leggauss(_ORDER)
    return nodes, weights
