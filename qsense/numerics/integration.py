"""Integrals and roots of functions of time that can be called anywhere: what the theory needs.

(`quadrature` is for data: it turns values at a few given times into an integral.)
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from qsense.errors import ArgumentError
from qsense.numerics.fisher import FloatArray

Function = Callable[[FloatArray], FloatArray]

# Kronrod's 15 nodes on [0, 1] with their weights, and those of Gauss at every second node (QUADPACK's qk15).
_NODES = np.array([
    0.991455371120812639206854697526329, 0.949107912342758524526189684047851, 0.864864423359769072789712788640926,
    0.741531185599394439863864773280788, 0.586087235467691130294144838258730, 0.405845151377397166906606412076961,
    0.207784955007898467600689403773245, 0.0,
])  # fmt: skip
_KRONROD = np.array([
    0.022935322010529224963732008058970, 0.063092092629978553290700663189204, 0.104790010322250183839876322541518,
    0.140653259715525918745189590510238, 0.169004726639267902826583426598550, 0.190350578064785409913256402421014,
    0.204432940075298892414161999234649, 0.209482141084727828012999174891714,
])  # fmt: skip
_GAUSS = np.array([0.129484966168869693270611432679082, 0.279705391489276667901467771423780,
                   0.381830050505118944950369775488975, 0.417959183673469387755102040816327])  # fmt: skip
POINTS = (1 + np.concatenate([-_NODES, _NODES[-2::-1]])) / 2
WEIGHTS = np.concatenate([_KRONROD, _KRONROD[-2::-1]]) / 2
_GAUSS_WEIGHTS = np.zeros(15)
_GAUSS_WEIGHTS[1::2] = np.concatenate([_GAUSS, _GAUSS[-2::-1]]) / 2

_GROWTH = 4.0  # each panel is this much longer than the last, …
_LONGEST = 8.0  # … up to so many lifetimes of the slowest part
_MOST_PANELS = 4000
_AT_ONCE = 2**15  # times
_MOST_EXTENSIONS = 60
_ROUNDING = 1e-15


class Integral(NamedTuple):
    """An integral, the estimate of its absolute error, and the part of that error that lies beyond the last panel."""

    value: float
    error: float
    tail: float = 0.0


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
    except (TypeError, ValueError) as error:
        raise ArgumentError(f"Argument `times` must be a list of numbers in s, but is {times!r}.") from error
    if array.ndim != 1 or array.size == 0:
        raise ArgumentError("Argument `times` must be a list of at least one number in s.")
    for bad in array[~(np.isfinite(array) & (array >= 0))]:
        raise ArgumentError(f"Argument `times` must be finite and not negative, but has {bad} s.")
    for before, after in itertools.pairwise(array):
        if after <= before:
            raise ArgumentError(f"Argument `times` must increase, but {after} s comes after {before} s.")
    return array


def integrate(
    function: Function,
    slowest_rate: float,
    fastest_rate: float,
    until: float = np.inf,
    tail: Callable[[float, float], float] | None = None,
    rtol: float = 1e-11,
    atol: float = 0.0,
    latest: float = np.inf,
    longest: float = np.inf,
) -> Integral:
    """Returns ∫₀^until f(t) dt of a function f ≥ 0 that decays.

    Panels grow from 1/fastest outwards. On each, w = 1 − exp[−λ(t − a)] with λ the slowest rate is the variable, in
    which a sum of exponentials is a polynomial; Gauss–Kronrod pairs are bisected until they agree. An infinite window
    is doubled until the tail is negligible.

    Args:
        function: f, vectorised over times of shape (n,) in s, in any order.
        slowest_rate: decay rate of the slowest part of f, > 0, in 1/s.
        fastest_rate: decay rate of the fastest part; at least the slowest.
        until: the end of the window in s.
        tail: T, f(T) ↦ an upper bound on ∫_T^∞ f dt. Without it the last two windows are continued as a geometric
            series, which exponentials stay below and which powers of t approach, and twice its sum is taken.
        rtol: relative error to reach.
        atol: absolute error that is good enough, such as what rounding of f leaves.
        latest: f is not evaluated beyond this time in s; the rest goes into the error.
        longest: no panel is longer than this, in s, such as half a period of an oscillating f.

    Returns:
        The integral, its error (differences of the pairs as QUADPACK scales them, the tail, and rounding), and the
        tail's part of it.

    Source: Piessens et al., QUADPACK (1983), in the variable derived in tests/numerics/test_integration.py.

    >>> round(integrate(lambda t: 3 * np.exp(-2 * t), 2, 2).value, 12)
    1.5
    """
    end = min(until, 6 / slowest_rate, latest / 4)
    first = 1 / fastest_rate
    edges = [0.0]
    while edges[-1] < end:
        furthest = edges[-1] + min(_LONGEST / slowest_rate, longest)
        edges.append(min(max(first, edges[-1] * _GROWTH), furthest, end))
    values, errors = _panels(function, np.array(edges), slowest_rate, rtol, atol)
    value, error = float(values.sum()), float(errors.sum())
    last, window, beyond = edges[-1], np.inf, np.inf
    for _ in range(_MOST_EXTENSIONS):
        negligible = 0.1 * (rtol * abs(value) + atol)
        if tail is not None:
            beyond = tail(last, abs(float(function(np.array([last]))[0])))
        if beyond <= negligible or last >= until or 2 * last > latest:
            break
        end = min(2 * last, until)
        step = np.linspace(last, end, max(1, int(np.ceil((end - last) / longest))) + 1)
        more, errors = _panels(function, step, slowest_rate, rtol, atol, abs(value))
        before, window = window, float(more.sum())
        value, error, last = value + window, error + float(errors.sum()), float(step[-1])
        if tail is None:
            ratio = abs(window / before) if np.isfinite(before) and before else 1.0
            beyond = 2 * abs(window) * ratio / (1 - ratio) if ratio < 1 else np.inf
            beyond = min(beyond, 2 * abs(window)) if abs(window) <= negligible / 2 else beyond
    beyond = 0.0 if last >= until else beyond
    return Integral(value, error + beyond + _ROUNDING * abs(value), beyond)


def _panels(
    function: Function, edges: FloatArray, rate: float, rtol: float, atol: float, known: float = 0.0
) -> tuple[FloatArray, FloatArray]:
    """Integrals and errors of all panels, bisected where a panel's error is too large a part of the whole."""
    starts, ends = edges[:-1], edges[1:]
    done_values: list[float] = []
    done_errors: list[float] = []
    total, count, most = known, 0, max(_MOST_PANELS, 3 * len(edges))
    while starts.size:
        values, errors = _gauss_kronrod(function, starts, ends, rate)
        count += starts.size
        total = known + sum(done_values) + float(values.sum())
        good = (errors <= (rtol * abs(total) + atol) / 20) | (ends - starts <= 1e-14 * ends) | (count > most)
        done_values += values[good].tolist()
        done_errors += errors[good].tolist()
        left, right = starts[~good], ends[~good]
        middle = (left + right) / 2
        starts, ends = np.concatenate([left, middle]), np.concatenate([middle, right])
    return np.array(done_values), np.array(done_errors)


def _gauss_kronrod(
    function: Function, starts: FloatArray, ends: FloatArray, rate: float
) -> tuple[FloatArray, FloatArray]:
    lengths = (ends - starts)[:, None]
    rates = np.where(rate * lengths <= _LONGEST, rate, 1 / lengths)  # on a long panel f is no longer exponential
    width = -np.expm1(-rates * lengths)
    w = width * POINTS
    times = starts[:, None] - np.log1p(-w) / rates
    parts = np.array_split(times.ravel(), max(1, -(-times.size // _AT_ONCE)))
    values = np.concatenate([function(part) for part in parts]).reshape(times.shape)
    integrand = values / (1 - w) * width / rates
    kronrod, gauss = integrand @ WEIGHTS, integrand @ _GAUSS_WEIGHTS
    size = np.abs(integrand) @ WEIGHTS
    difference = np.abs(kronrod - gauss)
    with np.errstate(divide="ignore", invalid="ignore"):
        scaled = size * np.minimum(1.0, (200 * difference / size) ** 1.5)
    return kronrod, np.minimum(difference, np.where(size > 0, scaled, difference))


def first_root(function: Function, grid: FloatArray, parts: int = 128, resolution: float = 0.0) -> float | None:
    """Returns the first zero of a function that is positive at first, to double precision; None if it has none.

    Args:
        function: vectorised over arguments of shape (n,).
        grid: increasing arguments that are searched for the first change of sign.
        parts: into how many the bracket is cut in each round; few where the function is expensive.
        resolution: the rounding of the function, whose sign counts only where it is larger than that.

    >>> first_root(lambda t: 2 - t**2, np.linspace(0, 4, 9))
    1.414213562373095
    >>> first_root(lambda t: np.exp(-t) - 1e-20, np.linspace(0, 60, 9), resolution=1e-16)
    """
    values = function(grid)
    below = np.flatnonzero(values < -resolution)
    if below.size == 0:
        return None
    above = np.flatnonzero(values[: below[0]] > resolution)
    if above.size == 0:
        return None
    low, high = grid[above[-1]], grid[below[0]]
    for _ in range(int(np.ceil(53 / np.log2(parts)))):
        inner = np.sort(np.linspace(low, high, parts + 1))
        inner = inner[np.append(True, np.diff(inner) > 0)]  # close to the end there are fewer numbers than that
        if len(inner) < 3:
            break
        negative = np.flatnonzero(function(inner[1:-1]) < 0)
        position = int(negative[0]) + 1 if negative.size else len(inner) - 1
        low, high = inner[position - 1], inner[position]
    return float(0.5 * (low + high))
