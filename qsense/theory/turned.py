"""Twisted states turned about every axis, where those that are turned about x alone are not the best.

Twisting about z and turning about x lets any direction across the mean spin be the widest. Strongly twisted states have
no mean spin, and their widest direction may be x itself: at χ = π/2 and even N a GHZ state along x, whose G(0) is N²
once it is turned.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from qsense.numerics.fisher import ComplexArray, FloatArray
from qsense.probes import Probe, collective

_WIDER = 1e-6  # relative: a direction that is wider than the widest across x


def best_turned(
    num_qubits: int,
    twisted: Callable[..., ComplexArray],
    quick: Callable[[Probe], float],
    grid: FloatArray,
    reached: float,
) -> float | None:
    """Returns the best strength of those whose widest direction turning about x alone leaves; None if none is better.

    Args:
        num_qubits: N.
        twisted: the state of N and a strength, turned about x.
        quick: the objective of a probe.
        grid: strengths to try.
        reached: by states that are turned about x.
    """
    m = np.arange(num_qubits + 1) - num_qubits / 2

    def width(amplitudes: ComplexArray) -> float:
        chances = np.abs(amplitudes) ** 2
        return float(chances @ m**2 - (chances @ m) ** 2)

    def turned(strength: float) -> ComplexArray:
        return collective.turned_about_every_axis(twisted(num_qubits, strength))

    def value(strength: float) -> float:
        return quick(Probe.symmetric(turned(strength)))

    wider = [one for one in grid.tolist() if width(turned(one)) > width(twisted(num_qubits, one)) * (1 + _WIDER)]
    if not wider:
        return None
    values = [value(strength) for strength in wider]
    place = int(np.argmax(values))
    best, low, high = wider[place], wider[max(place - 1, 0)], wider[min(place + 1, len(wider) - 1)]
    if high > low and value(found := golden(value, low, high)) > values[place]:
        best = found
    return best if value(best) > reached else None


def golden(function: Callable[[float], float], low: float, high: float) -> float:
    """Returns where a function is largest between two bounds, to 1e-5 of the upper one."""
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(
        lambda x: -function(x), bounds=(low, high), method="bounded", options={"xatol": 1e-5 * high}
    )
    return float(found.x)
