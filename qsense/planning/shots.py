"""How many repetitions a number takes to a relative error, by what the estimators of a run do with their rows.

`ghz` by the loss flag shares its shots between two directions of the fringe, by parity between those and Z; `product`
between three directions; `moments` between two. The phase of the fringe is not known before: its squares are averaged
over all phases, <cos⁴ + sin⁴> = 3/4.
"""

from __future__ import annotations

import math

import numpy as np

from qsense.numerics.fisher import FloatArray
from qsense.planning.curves import Curve, GhzOnDevice, OfTheory, ProductOnDevice, Squeezed, one_axis_moments
from qsense.planning.question import Factors
from qsense.planning.site import WholeBlock

_TIMES = 5  # of an integral
_ROWS = {"loss_flag": 2, "parity": 3, "local_x": 3, "moments": 2}


def rows_of(readout: str) -> int:
    """Returns the circuits that a readout takes at each time.

    >>> rows_of("loss_flag")
    2
    """
    return _ROWS.get(readout, 3)


def relative_variance(curve: Curve, times: FloatArray, num_qubits: int) -> FloatArray:
    """Returns the variance of G over G², times the number of repetitions, shape (times,).

    Args:
        curve: of the probe.
        times: in s.
        num_qubits: N.
    """
    with np.errstate(divide="ignore", invalid="ignore"):  # nothing tells a G of 0
        return np.nan_to_num(_relative(curve, times, num_qubits), nan=np.inf, posinf=np.inf)


def _relative(curve: Curve, times: FloatArray, num_qubits: int) -> FloatArray:
    one = Factors.scaled([1.0], num_qubits)
    gains = curve.gain(times, one)[0]
    if isinstance(curve, ProductOnDevice):
        squares = (curve.spins.weights * curve.coherences(times, one)[0]) ** 2
        return np.asarray(12 * (squares * (1 - 0.75 * squares)).sum(-1) / squares.sum(-1) ** 2)
    if isinstance(curve, Squeezed):
        mean = one_axis_moments(num_qubits, curve.strength)[0] * np.sqrt(np.minimum(gains / num_qubits, 1.0))
        return np.asarray(2 * (4 * (1 - mean**2) / (num_qubits * mean**2) + 2))
    if isinstance(curve, WholeBlock):
        kept, visibility = curve.ghz.population(times, one)[0], curve.ghz.visibility(times, one)[0]
        is_flagged = True
    elif isinstance(curve, GhzOnDevice):
        kept, visibility = curve.population(times, one)[0], curve.visibility(times, one)[0]
        is_flagged = curve.readout == "loss_flag"
    else:
        is_flagged = isinstance(curve, OfTheory) and curve.probe.kind == "ghz"
        top = float(curve.gain(np.zeros(1) + times[0] * 1e-9, one)[0, 0])
        share = np.minimum(gains / top, 1.0)
        if not is_flagged:  # N spins alike
            return np.asarray(12 * (1 - 0.75 * share) / (num_qubits * share))
        kept, visibility = np.ones_like(share), np.sqrt(share)
    if is_flagged:
        seen = visibility / kept
        return np.asarray(8 * (1 - 0.75 * seen**2) / (seen**2 * kept) + (1 - kept) / kept)
    return np.asarray(12 * (1 - 0.75 * visibility**2) / visibility**2 + 3 * (1 - kept) / kept)


def for_gain(curve: Curve, time: float, num_qubits: int, precision: float) -> float:
    """Returns the repetitions that tell G at a time to a relative standard error."""
    return _whole(float(relative_variance(curve, np.array([time]), num_qubits)[0]) / precision**2)


def for_integral(curve: Curve, start: float, integral: float, num_qubits: int, precision: float) -> float:
    """Returns the repetitions that tell 𝓘 to a relative standard error, at five Gauss–Laguerre times of its decay.

    Args:
        curve: of the probe.
        start: G(0).
        integral: 𝓘 in s.
        num_qubits: N.
        precision: the relative standard error.
    """
    nodes, weights = np.polynomial.laguerre.laggauss(_TIMES)
    times = nodes * integral / start
    gains = curve.gain(times, Factors.scaled([1.0], num_qubits))[0]
    errors = weights * np.exp(nodes) * gains * np.sqrt(relative_variance(curve, times, num_qubits))
    variance = float((errors**2).sum()) * (integral / start) ** 2 / integral**2
    return _whole(_TIMES * variance / precision**2)


def for_crossing(one: Curve, other: Curve, time: float, num_qubits: int, precision: float) -> float:
    """Returns the repetitions of each of two probes that tell their crossing, at its time, to a relative error."""
    if not 0 < time < math.inf:
        return math.inf
    near = time * np.array([0.98, 1.02])
    factors = Factors.scaled([1.0], num_qubits)
    logs = np.log(one.gain(near, factors)[0] / other.gain(near, factors)[0])
    slope = float((logs[1] - logs[0]) / np.log(near[1] / near[0]))
    if slope == 0:
        return math.inf
    at = np.array([time])
    both = relative_variance(one, at, num_qubits)[0] + relative_variance(other, at, num_qubits)[0]
    return _whole(float(both) / (slope * precision) ** 2)


def _whole(shots: float) -> float:
    return float(math.ceil(shots)) if math.isfinite(shots) else math.inf
