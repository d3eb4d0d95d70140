"""Searches over the amplitudes of a symmetric probe: the objective at a few times, its gradient, and the ascent.

G is a maximum over X of expressions that are linear in |ψ><ψ|, so that its gradient at ψ is known from one SLD
(`pull_back`). While a search runs, Σ_k w_k G(t_k) stands for the objective. The ascent divides it by its value at the
start, so that no tolerance has a unit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qsense.noise import AnyNoise, LocalNoise, world_of
from qsense.numerics.fisher import FloatArray
from qsense.probes import collective
from qsense.theory.engines import uniform_channel
from qsense.theory.pull_back import gain_and_matrix
from qsense.theory.symmetric import Array, UniformChannel

STATIONARY = 1e-6  # a gradient this long, relative to the objective, leaves about its square to gain
_AGREE = 1e-9  # of a rule and the next finer one
_DOUBLINGS = 4
# The double-exponential rule goes from e^{−28} to 66 lifetimes, or that to the power 1/β.
_EARLIEST, _LATEST = -3.2, 4.2


@dataclass(frozen=True)
class SampledObjective:
    """Σ_k w_k G(t_k) of a probe, with its gradient.

    Attributes:
        channel: the noise at the times t_k, the same for every spin.
        weights: w_k, shape (times,).
    """

    channel: UniformChannel
    weights: FloatArray

    @classmethod
    def at(
        cls, num_qubits: int, noise: AnyNoise, times: FloatArray, weights: FloatArray | None = None
    ) -> SampledObjective:
        """Returns the weighted sum of G at these times in s; of G itself by default."""
        world = world_of(noise)
        channel = uniform_channel(world, num_qubits, times)
        weights = np.ones(len(times)) if weights is None else weights
        if not world.is_plain:
            weights = weights * (world.weights(num_qubits)[0] * world.collected(times)) ** 2
        return cls(channel, weights)

    @classmethod
    def integral(cls, num_qubits: int, noise: AnyNoise, doublings: int = 0) -> SampledObjective:
        """Returns 𝓘 by the rule of `integration_rule`."""
        return cls.at(num_qubits, noise, *integration_rule(num_qubits, noise, doublings))

    def value_and_gradient(self, amplitudes: Array) -> tuple[float, Array]:
        """Returns the objective and its gradient by the real and imaginary parts of the amplitudes, as one array."""
        value, matrix, start = 0.0, np.zeros((len(amplitudes),) * 2), 0
        for part in self.channel.parts(len(amplitudes) - 1):
            weights = self.weights[start : start + len(part)]
            gains, matrices = gain_and_matrix(amplitudes, part)
            value, matrix = value + float(weights @ gains), matrix + np.tensordot(weights, matrices, 1)
            start += len(part)
        return value, 2 * matrix @ amplitudes

    def stationarity(self, amplitudes: Array) -> float:
        """Returns the length of the gradient along the sphere of normalised states, over the value; 0 where that is."""
        return _stationarity(amplitudes, *self.value_and_gradient(amplitudes))


def integration_rule(num_qubits: int, noise: AnyNoise, doublings: int = 0) -> tuple[FloatArray, FloatArray]:
    """Returns times in s and weights in s for ∫₀^∞ G dt; twice as many times for each doubling.

    Under exponential decay of each spin by itself G has its nearest pole in u = e^{−2t/T2} at 1 + 1/N:
    Gauss–Legendre in u. Otherwise t = (e^{v − e^{−v}})^{1/min(1, β)} and steps in v, which no power of t at 0 disturbs.

    Source: Takahasi & Mori, Publ. RIMS 9, 721 (1974), for the second.

    >>> times, weights = integration_rule(3, LocalNoise(dephasing=0.1, exponent=2.0), 1)
    >>> bool(np.isclose(weights @ np.exp(-2 * (0.2 * times) ** 2), np.sqrt(np.pi / 2) / 2 / 0.2, rtol=1e-9))
    True
    """
    world = world_of(noise)
    model, rate = world.noise, float(world.decay_rates(num_qubits)[0])
    exponential = isinstance(model.local, LocalNoise) and model.exponent == 1 and world.pulses.is_free
    if exponential and not model.phase_noise:
        nodes, weights = np.polynomial.legendre.leggauss((20 + 2 * int(np.sqrt(num_qubits))) << doublings)
        u = (nodes + 1) / 2
        return -np.log(u) / rate, weights / (2 * rate * u)
    power = 1 / min(1.0, model.exponent)
    v, step = np.linspace(_EARLIEST, _LATEST, 48 << doublings, retstep=True)
    times = np.exp(power * (v - np.exp(-v))) / rate
    return times, step * power * (1 + np.exp(-v)) * times


def starts(num_qubits: int) -> list[FloatArray]:
    """Returns GHZ with a little of product, product with a little of GHZ, a flat state, and two between."""
    ghz, product = collective.ghz(num_qubits), collective.coherent(num_qubits).real
    ups = (np.arange(num_qubits + 1) + 0.5) / (num_qubits + 1)
    return [product + 0.3 * ghz, ghz + 0.3 * product, np.ones(num_qubits + 1), np.sqrt(product), 0.2 + ups]


def climb(objective: SampledObjective, begin: Sequence[Array], ftol: float = 1e-10) -> Array:
    """Returns the best normalised amplitudes that quasi-Newton ascents from several starts reach.

    Each ascent ends where a step gains less than `ftol` of the objective; the best one then goes on to rounding.
    """
    ends = [_ascend(objective, start, ftol if len(begin) > 1 else 1e-15) for start in begin]
    best = max(ends, key=lambda end: end[1])[0]
    return best if len(begin) == 1 else _ascend(objective, best, 1e-15)[0]


def climb_integral(num_qubits: int, noise: AnyNoise, begin: Sequence[Array]) -> tuple[Array, SampledObjective]:
    """Returns the amplitudes of the largest 𝓘 that is found, and the rule that confirms it.

    The rule of the ascent is doubled until the next finer one agrees on the value and on the gradient.
    """
    objective = SampledObjective.integral(num_qubits, noise)
    amplitudes = climb(objective, begin)
    for doublings in range(1, _DOUBLINGS + 1):
        finer = SampledObjective.integral(num_qubits, noise, doublings)
        coarse = objective.value_and_gradient(amplitudes)[0]
        fine, gradient = finer.value_and_gradient(amplitudes)
        if abs(coarse - fine) <= _AGREE * fine and _stationarity(amplitudes, fine, gradient) < STATIONARY:
            return amplitudes, finer
        objective, amplitudes = finer, climb(finer, [amplitudes])
    return amplitudes, objective


def _stationarity(amplitudes: Array, value: float, gradient: Array) -> float:
    tangent = gradient - amplitudes * np.vdot(amplitudes, gradient).real
    return float(np.linalg.norm(tangent) / value) if value > 0 else 0.0


def _ascend(objective: SampledObjective, start: Array, ftol: float) -> tuple[Array, float]:
    """The amplitudes that an ascent from a start reaches, and their objective; real if the start is."""
    from scipy.optimize import minimize

    size, complex_valued = len(start), bool(np.any(np.imag(start)))
    if not complex_valued:
        start = np.real(start)
    start = start / np.linalg.norm(start)
    scale = objective.value_and_gradient(start)[0]
    if not scale > 0:
        return start, 0.0

    def function(x: FloatArray) -> tuple[float, FloatArray]:
        length = float(np.linalg.norm(x))
        unit = x / length
        value, gradient = objective.value_and_gradient(unit[:size] + 1j * unit[size:] if complex_valued else unit)
        if complex_valued:
            gradient = np.concatenate([gradient.real, gradient.imag])
        return -value / scale, -(gradient - unit * (unit @ gradient)) / (length * scale)

    begin = np.concatenate([start.real, start.imag]) if complex_valued else start
    options = {"maxiter": 2000, "maxfun": 4000, "ftol": ftol, "gtol": 1e-9}
    found = minimize(function, begin, jac=True, method="L-BFGS-B", options=options)
    x = found.x / np.linalg.norm(found.x)
    return (x[:size] + 1j * x[size:] if complex_valued else x), -float(found.fun) * scale
