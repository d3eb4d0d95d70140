"""The symmetric probe of the largest operational rate: amplitudes and sensing time climb together.

Alternating the best symmetric probe at a time with the best time of that probe is slow where both depend on each
other; here ln t is one more coordinate, its slope the difference of two gains.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from qsense.noise import AnyNoise
from qsense.numerics.fisher import FloatArray
from qsense.probes import Probe
from qsense.theory.engines import engine_for
from qsense.theory.mixing import Array
from qsense.theory.rate import operational_rate
from qsense.theory.search import STATIONARY, SampledObjective, starts

_STEP = 1e-3  # of ln t; its square is what the best time is wrong by, and the fourth power the rate
_BEYOND = 3.0  # how far outside the best times of GHZ and product others may lie
_TIMES = 24
_ROUNDS = ((8, 3), (20, 2))  # steps of each ascent, and how many of them go on
_AGAIN = 4


def quick_rate(num_qubits: int, noise: AnyNoise, dead_time: float) -> Callable[[Probe], float]:
    """Returns a function of a probe: its rate in s to about 1e-7, from few times around those of GHZ and product."""
    first, last = np.log(_end_times(num_qubits, noise, dead_time)) + np.log([1 / _BEYOND, _BEYOND])

    def rate(probe: Probe) -> float:
        gain = engine_for(probe, noise).gain

        def at(logs: FloatArray) -> FloatArray:
            times = np.exp(logs)
            return np.asarray(times * (times / (times + dead_time)) * gain(times))

        logs = np.linspace(first, last, _TIMES)
        step = float(logs[1] - logs[0])
        for count in (5, 3):
            values = at(logs)
            place = min(max(int(np.argmax(values)), 1), len(logs) - 2)
            center, _ = _peak(logs, values, place, step)
            logs = center + np.linspace(-0.5, 0.5, count) * step
            step = float(logs[1] - logs[0])
        values = at(logs)
        return _peak(logs, values, 1, step)[1]

    return rate


def best_for_rate(
    num_qubits: int, noise: AnyNoise, dead_time: float, start: Array | None
) -> tuple[Array, SampledObjective]:
    """Returns the amplitudes of the largest rate that is found, and G at their best time, from one start or from all.

    Ascents end at the nearest maximum, so that several times are tried: those of GHZ, of product, and between.
    """
    if start is None:
        times = np.geomspace(*_end_times(num_qubits, noise, dead_time), 4)
        ends = [one for time in times for one in _best_starts(num_qubits, noise, float(time))]
        for steps, kept in _ROUNDS:
            ends = [_ascend(noise, dead_time, *end, steps) for end in ends]
            ends = sorted(ends, key=lambda end: -_rate_at(noise, dead_time, *end))[:kept]
    else:
        ends = [(start, operational_rate(Probe.symmetric(start), noise, dead_time).time)]
    ends = [_ascend(noise, dead_time, *end) for end in ends]
    amplitudes, time = max(ends, key=lambda end: _rate_at(noise, dead_time, *end))
    for _ in range(_AGAIN):  # another time may be better
        found = operational_rate(Probe.symmetric(amplitudes), noise, dead_time)
        same = abs(found.time - time) < 1e-4 * time
        time = found.time
        if same:
            break
        amplitudes, time = _ascend(noise, dead_time, amplitudes, time)
    return amplitudes, SampledObjective.at(num_qubits, noise, np.array([time]))


def _end_times(num_qubits: int, noise: AnyNoise, dead_time: float) -> tuple[float, float]:
    """The best times of GHZ and of product in s, the earlier one first."""
    ends = [
        operational_rate(probe, noise, dead_time).time for probe in (Probe.ghz(num_qubits), Probe.product(num_qubits))
    ]
    return min(ends), max(ends)


def _best_starts(num_qubits: int, noise: AnyNoise, time: float) -> Sequence[tuple[Array, float]]:
    objective = SampledObjective.at(num_qubits, noise, np.array([time]))
    every = [start / np.linalg.norm(start) for start in starts(num_qubits)]
    return [(start, time) for start in sorted(every, key=lambda one: -objective.value(one))[:2]]


def _rate_at(noise: AnyNoise, dead_time: float, amplitudes: Array, time: float) -> float:
    gain = SampledObjective.at(len(amplitudes) - 1, noise, np.array([time])).value(amplitudes)
    return time * (time / (time + dead_time)) * gain


def _ascend(
    noise: AnyNoise, dead_time: float, amplitudes: Array, time: float, steps: int = 2000
) -> tuple[Array, float]:
    """The amplitudes and the time that an ascent of the rate from these reaches."""
    from scipy.optimize import minimize

    size = len(amplitudes)
    begin = amplitudes / np.linalg.norm(amplitudes)
    complex_valued = bool(np.any(np.imag(begin)))
    first = np.concatenate([begin.real, begin.imag]) if complex_valued else np.real(begin)
    scale = _rate_at(noise, dead_time, begin, time)
    if not scale > 0:
        return amplitudes, time

    def function(x: FloatArray) -> tuple[float, FloatArray]:
        length, now = float(np.linalg.norm(x[:-1])), time * np.exp(x[-1])
        unit = x[:-1] / length
        state = unit[:size] + 1j * unit[size:] if complex_valued else unit
        factor = now * (now / (now + dead_time)) / scale
        value, slope = SampledObjective.at(size - 1, noise, np.array([now])).value_and_gradient(state)
        if complex_valued:
            slope = np.concatenate([slope.real, slope.imag])
        sides = now * np.exp([-_STEP, _STEP])
        less, more = (_rate_at(noise, dead_time, state, float(side)) / scale for side in sides)
        tangent = factor * (slope - unit * (unit @ slope)) / length
        return -factor * value, -np.append(tangent, (more - less) / (2 * _STEP))

    options = {"maxiter": steps, "maxfun": 2 * steps, "ftol": 1e-15, "gtol": 0.1 * STATIONARY / np.sqrt(size)}
    found = minimize(function, np.append(first, 0.0), jac=True, method="L-BFGS-B", options=options)
    x = found.x[:-1] / np.linalg.norm(found.x[:-1])
    return (x[:size] + 1j * x[size:] if complex_valued else x), time * float(np.exp(found.x[-1]))


def _peak(logs: FloatArray, values: FloatArray, place: int, step: float) -> tuple[float, float]:
    """Where a parabola through three neighbours is largest, and how large; the middle one where it has no peak."""
    low, middle, high = values[place - 1 : place + 2]
    bent = low - 2 * middle + high
    if not (bent < 0 and middle >= max(low, high)):
        best = place - 1 + int(np.argmax(values[place - 1 : place + 2]))
        return float(logs[best]), float(values[best])
    shift = 0.5 * (low - high) / bent
    return float(logs[place] + shift * step), float(middle - 0.25 * (low - high) * shift)
