"""Searches over the amplitudes of a symmetric probe: the objective at a few times, its gradient, and the ascent.

G is a maximum over X of expressions that are linear in |ψ><ψ|, so that its gradient at ψ is known from one SLD
(`pull_back`). While a search runs, Σ_k w_k G(t_k) stands for the objective. The ascent divides it by its value at the
start, so that no tolerance has a unit.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

import numpy as np

from qsense.noise import AnyNoise, LocalNoise, World, world_of
from qsense.numerics.fisher import FloatArray
from qsense.numerics.threads import in_threads
from qsense.theory.engines import uniform_channel
from qsense.theory.factors import Factors, factorises
from qsense.theory.mixing import Array, Mixing
from qsense.theory.pull_back import gain_and_matrix
from qsense.theory.starts import in_fives, is_for, patterned_spins, patterned_starts, scaled, scaled_pattern, starts
from qsense.theory.symmetric import (
    UniformChannel,
    relaxes,
    stays_flipped,
    symmetric_gain,
    treats_alike,
    without_phases,
)

STATIONARY = 1e-6  # a gradient this long, relative to the objective, leaves about its square to gain
STEPS = 2000  # at most
LEAST = 1e-15  # of the objective, which the last step adds
_LARGE = 1e-9  # the same of many spins, where more steps would take minutes
ROUGH = 1e-8  # the same while it is not known which end is the best
_SLOPE = 0.1  # of it is where an ascent ends
_AGREE = 1e-6  # of a rule and the next finer one: values are integrated anew
_SAME = 1e-9  # of two rules that lead to the same end
_BLAME = 2.0  # times the gradient by the rule of an ascent, above which the rule and not the ascent ended too early
_DOUBLINGS = 4
_ROUNDS = ((20, 3), (20, 2))  # steps of each ascent, and how many of them go on
ALL_STARTS = 48  # spins up to which every start is tried
_REMEMBERED = 30  # steps from which an ascent knows the curvature
_FLIPPED = 1e-12  # of amplitudes: what a flip of all spins changes by rounding
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
    _kept: dict[tuple[int, bool], Factors | list[tuple[UniformChannel, Mixing]]] = field(
        default_factory=dict, init=False, repr=False
    )

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
        gains, gradient = self.gains_and_gradient(amplitudes, lambda gains: self.weights)
        return float(self.weights @ gains), gradient

    def gains_and_gradient(
        self, amplitudes: Array, weigh: Callable[[FloatArray], FloatArray]
    ) -> tuple[FloatArray, Array]:
        """Returns G(t_k), shape (times,), and the gradient of Σ_k w_k G(t_k), w_k = `weigh` of these gains."""
        size, is_flipped = len(amplitudes) - 1, stays_flipped(amplitudes, self.channel)
        if factorises(self.channel):
            if (size, is_flipped) not in self._kept:
                self._kept[size, is_flipped] = Factors.of(self.channel, size, is_flipped)
            factors = self._kept[size, is_flipped]
            assert isinstance(factors, Factors)
            return factors.gains_and_gradient(amplitudes, weigh)
        if (size, False) not in self._kept:
            parts = self.channel.parts(size)
            self._kept[size, False] = [(part, Mixing.of(part, size, keep=True)) for part in parts]
        mixed = self._kept[size, False]
        assert isinstance(mixed, list)
        found = in_threads(lambda part: gain_and_matrix(amplitudes, *part), mixed)
        gains, matrices = (np.concatenate(column) for column in zip(*found, strict=True))
        return gains, 2 * np.tensordot(weigh(gains), matrices, 1) @ amplitudes

    def gains(self, amplitudes: Array) -> FloatArray:
        """Returns G(t_k), shape (times,)."""
        if not factorises(self.channel):
            return symmetric_gain(amplitudes, self.channel)
        if not relaxes(self.channel):
            amplitudes = without_phases(amplitudes)
        return self.gains_and_gradient(amplitudes, np.zeros_like)[0]

    def value(self, amplitudes: Array) -> float:
        """Returns the objective of normalised amplitudes."""
        return float(self.weights @ self.gains(amplitudes))

    def stationarity(self, amplitudes: Array) -> float:
        """Returns the length of the gradient along the sphere of normalised states, over the value; 0 where that is."""
        return _stationarity(amplitudes, *self.value_and_gradient(amplitudes))


def integration_rule(num_qubits: int, noise: AnyNoise, doublings: int = 0) -> tuple[FloatArray, FloatArray]:
    """Returns times in s and weights in s for ∫₀^∞ G dt; twice as many times for each doubling, half for −1.

    Under exponential decay of each spin by itself G has its nearest pole in u = e^{−2t/T2} at 1 + 1/N:
    Gauss–Legendre in u. Otherwise t = (e^{v − e^{−v}})^{1/min(1, β)} and steps in v, which no power of t at 0 disturbs.

    Source: Takahasi & Mori, Publ. RIMS 9, 721 (1974), for the second.

    >>> times, weights = integration_rule(3, LocalNoise(dephasing=0.1, exponent=2.0), 1)
    >>> bool(np.isclose(weights @ np.exp(-2 * (0.2 * times) ** 2), np.sqrt(np.pi / 2) / 2 / 0.2, rtol=1e-9))
    True
    """
    world = world_of(noise)
    return rule_of(num_qubits, world, float(world.decay_rates(num_qubits)[0]), doublings)


def rule_of(
    num_qubits: int, world: World, rate: float, doublings: int = 0, by_exponentials: bool = True
) -> tuple[FloatArray, FloatArray]:
    """Returns the rule of `integration_rule` for a decay that ends with this rate in 1/s.

    Args:
        num_qubits: N.
        world: whose law of decay counts.
        rate: of the coherence of one spin.
        doublings: of the number of times.
        by_exponentials: whether nodes in u serve, if every spin decays exponentially by itself.
    """
    model = world.noise
    exponential = isinstance(model.local, LocalNoise) and model.exponent == 1 and world.pulses.is_free
    if by_exponentials and exponential and not model.phase_noise:
        nodes, weights = np.polynomial.legendre.leggauss(int((20 + 2 * int(np.sqrt(num_qubits))) * 2.0**doublings))
        u = (nodes + 1) / 2
        return -np.log(u) / rate, weights / (2 * rate * u)
    power = 1 / min(1.0, model.exponent)
    v, step = np.linspace(_EARLIEST, _LATEST, int(48 * 2.0**doublings), retstep=True)
    times = np.exp(power * (v - np.exp(-v))) / rate
    return times, step * power * (1 + np.exp(-v)) * times


def climb(objective: SampledObjective, begin: Sequence[Array], least: float = LEAST) -> Array:
    """Returns the amplitudes of the largest objective that ascents from several starts reach.

    All take a few steps, of each five the best three some more, and the best two go on until a step adds less than
    `least`.
    """
    ends: list[tuple[Array, float]] = []
    for five in in_fives(begin):
        of_five = [(start, 0.0) for start in five]
        for steps, kept in _ROUNDS:
            if len(of_five) > 1:
                of_five = [ascend(objective, start, steps, least) for start, _ in of_five]
                of_five = sorted(of_five, key=lambda end: -end[1])[:kept]
        ends += of_five
    return max((ascend(objective, start, least=least) for start, _ in ends), key=lambda end: end[1])[0]


def climb_integral(
    num_qubits: int, noise: AnyNoise, begin: Sequence[Array], of: type[SampledObjective] = SampledObjective
) -> tuple[Array, SampledObjective, float]:
    """Returns the amplitudes of the largest 𝓘 that is found, the rule that confirms it, and their stationarity there.

    The best end of ascents by few times climbs on. The rule of that ascent is doubled until the next finer one agrees
    on the value and on the gradient, or does not find it larger. `of` says what amplitudes are over.
    """
    least = last_step(num_qubits)
    objective = of.integral(num_qubits, noise, -1)
    amplitudes, is_end = climb(objective, begin, ROUGH), False
    for doublings in range(_DOUBLINGS + 1):
        finer = of.integral(num_qubits, noise, doublings)
        coarse, fine = (one.value(amplitudes) for one in (objective, finer))
        if not is_end and abs(coarse - fine) <= _SAME * fine:
            (amplitudes, coarse), is_end = ascend(objective, amplitudes), True
        fine, gradient = finer.value_and_gradient(amplitudes)
        stationarity = _stationarity(amplitudes, fine, gradient)
        is_small = stationarity < STATIONARY or (is_end and stationarity < _BLAME * objective.stationarity(amplitudes))
        if abs(coarse - fine) <= _AGREE * fine and is_small:
            return amplitudes, finer, stationarity
        objective, amplitudes, is_end = finer, ascend(finer, amplitudes, least=least)[0], True
    return amplitudes, objective, objective.stationarity(amplitudes)


def last_step(num_qubits: int) -> float:
    """Returns how little the last step of an ascent adds, as a fraction of the objective."""
    return LEAST if num_qubits <= ALL_STARTS else _LARGE


def first_guesses(num_qubits: int, noise: AnyNoise) -> list[Array]:
    """Returns where ascents of 𝓘 begin: `every_start`, or for many spins the best profile of half as many."""

    def rough(size: int) -> SampledObjective:
        return SampledObjective.integral(size, noise, -1)

    half = num_qubits // 2
    if num_qubits <= ALL_STARTS or not is_for(half, noise):
        return every_start(num_qubits, noise, rough)
    begin = starts(half) if half <= ALL_STARTS else first_guesses(half, noise)
    return [scaled(climb(rough(half), begin, ROUGH), num_qubits)]


def every_start(num_qubits: int, noise: AnyNoise, objective: Callable[[int], SampledObjective]) -> list[Array]:
    """Returns `starts` and patterned ones, of many spins the best of fewer scaled up (`patterned_spins`).

    Args:
        num_qubits: N.
        noise: the same for every spin.
        objective: of a number of spins.
    """
    few = patterned_spins(num_qubits, noise)
    patterns: list[Array] = [*patterned_starts(few)]
    if 0 < few < num_qubits:
        patterns = [scaled_pattern(climb(objective(few), patterns, ROUGH), num_qubits)]
    return starts(num_qubits) + patterns


def _stationarity(amplitudes: Array, value: float, gradient: Array) -> float:
    tangent = gradient - amplitudes * np.vdot(amplitudes, gradient).real
    return float(np.linalg.norm(tangent) / value) if value > 0 else 0.0


def ascend(objective: SampledObjective, start: Array, steps: int = STEPS, least: float = LEAST) -> tuple[Array, float]:
    """Returns the amplitudes that an ascent from a start reaches, and their objective; real if the start is.

    It ends after so many steps, after one that adds less than the fraction `least`, or where the gradient is small.

    A start that a flip of all spins leaves alone, under noise that does so, stays so to the last digit.
    """
    from scipy.optimize import minimize

    if not relaxes(objective.channel):
        start = without_phases(start)
    size, complex_valued = len(start), bool(np.any(np.imag(start)))
    if not complex_valued:
        start = np.real(start)
    start = start / np.linalg.norm(start)
    turned = start[::-1]
    sign = next((one for one in (1.0, -1.0) if np.allclose(start, one * turned, rtol=0, atol=_FLIPPED)), 0.0)
    if not treats_alike(objective.channel):
        sign = 0.0

    def state(x: FloatArray) -> Array:
        found = x[:size] + 1j * x[size:] if complex_valued else x
        return (found + sign * found[::-1]) / (2 if sign else 1)

    def as_real(found: Array) -> FloatArray:
        return np.concatenate([found.real, found.imag]) if complex_valued else found

    scale = objective.value_and_gradient(state(as_real(start)))[0]
    if not scale > 0:
        return start, 0.0

    def function(x: FloatArray) -> tuple[float, FloatArray]:
        length = float(np.linalg.norm(x))
        unit = x / length
        value, gradient = objective.value_and_gradient(state(unit))
        gradient = state(as_real(gradient))
        slope = as_real(gradient)
        return -value / scale, -(slope - unit * (unit @ slope)) / (length * scale)

    options = {"maxiter": steps, "maxfun": 2 * steps, "ftol": least, "gtol": _SLOPE * STATIONARY / np.sqrt(size)}
    options["maxcor"] = _REMEMBERED
    found = minimize(function, as_real(state(as_real(start))), jac=True, method="L-BFGS-B", options=options)
    end = state(found.x)
    return end / np.linalg.norm(end), -float(found.fun) * scale
