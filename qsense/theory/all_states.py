"""The best of all states of a few spins: ascents over 2^N amplitudes, symmetric or not.

Under emission the best symmetric probe is not the best one: pairs of spins that are both up or both down tell which
pair lost an excitation. Ascents begin at the best symmetric probe, at codes of groups (pairs, triples, …, GHZ with the
signs of the signal's weights), at the product state and at random states from a fixed seed. In the sectors that a code
leaves (`sectors`) an ascent is cheap, but cannot leave them: the best ends are pushed into all states and climb again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from qsense.errors import ArgumentError
from qsense.noise import AnyNoise, World, world_of
from qsense.numerics.fisher import FloatArray
from qsense.probes import Probe
from qsense.theory.goal import Goal
from qsense.theory.rate import operational_rate
from qsense.theory.search import STATIONARY, rule_of
from qsense.theory.sectors import Array, DenseObjective, Sectors
from qsense.theory.waves import collects_nothing, is_wave

ALL_STATES_QUBITS = 8
SAME = 1e-9  # relative: another value is not above the best symmetric one
_SEED = 18
_STEP = 1e-3  # of ln t, over which the slope of a rate is taken
_PUSH = 0.1  # length of the random part that lets an end of a sector climb among all states
_SMALL = (0.05, 0.01, 3e-4)  # amplitudes that an ascent may have left on their way to 0
_AGREE = 1e-6  # of a rule and the next finer one
_DOUBLINGS = 4
_SPREAD = 5.0  # of rates, up to which one exponential's nodes serve all
_EARLY = 30  # steps after which an ascent among all states goes on only if it is ahead, or nearly so
_NEARLY, _FEW = {True: 0.1, False: 0.005}, 6  # of a value; of few spins, up to so many, and of more
_BETTER = 1e-7  # relative: what counts as more
_RANDOM = {1: 1, 2: 2, 3: 2, 4: 2, 5: 2, 6: 2, 7: 1, 8: 1}  # random states of each kind where ascents begin
_TIMES, _BEYOND = 24, 3.0  # times at which a rate is looked for, and how far outside those of GHZ and product
_LONGEST = {True: 400, False: 150}  # steps of an ascent, where blocks are small and where they are not


@dataclass(frozen=True)
class Place:
    """Where an ascent is: amplitudes of unit length, ln t of a rate, and the objective there."""

    amplitudes: Array
    log_time: float
    value: float


class Target:
    """The objective at few times, or at one that climbs too."""

    def __init__(self, num_qubits: int, noise: AnyNoise, goal: Goal, doublings: int) -> None:
        self.num_qubits, self.noise, self.goal = num_qubits, noise, goal
        if goal.objective == "gain":
            self._fixed = DenseObjective.at(num_qubits, noise, np.array([goal.time]))
        elif goal.objective == "integrated_gain":
            self._fixed = DenseObjective.at(num_qubits, noise, *_rule(num_qubits, noise, doublings))

        else:
            signs = world_of(noise).signal.matching_signs(num_qubits)
            ends = [
                operational_rate(one, noise, goal.dead_time).time
                for one in (Probe.ghz(num_qubits, signs), Probe.product(num_qubits))
            ]
            self._logs = np.linspace(np.log(min(ends) / _BEYOND), np.log(max(ends) * _BEYOND), _TIMES)

    def place(self, amplitudes: Array) -> Place:
        """Returns where an ascent from amplitudes begins; a rate at the best of a few times."""
        amplitudes = amplitudes / np.linalg.norm(amplitudes)
        if not np.any(np.imag(amplitudes)):
            amplitudes = np.real(amplitudes)
        if self.goal.objective != "rate":
            return Place(amplitudes, 0.0, self._fixed.value(amplitudes))
        times = np.exp(self._logs)
        gains = DenseObjective.at(self.num_qubits, self.noise, times).gains(amplitudes)
        rates = times * (times / (times + self.goal.dead_time)) * gains
        best = int(np.argmax(rates))
        return Place(amplitudes, float(self._logs[best]), float(rates[best]))

    def evaluate(self, amplitudes: Array, sectors: Sectors, log_time: float) -> tuple[float, Array, float]:
        """Returns the objective, its gradient by the amplitudes and its slope by ln t."""
        if self.goal.objective != "rate":
            return *self._fixed.value_and_gradient(amplitudes, sectors), 0.0
        times = np.exp(log_time + np.array([0.0, -_STEP, _STEP]))
        factors = times * (times / (times + self.goal.dead_time))
        now = DenseObjective.at(self.num_qubits, self.noise, times[:1], factors[:1])
        value, gradient = now.value_and_gradient(amplitudes, sectors)
        sides = DenseObjective.at(self.num_qubits, self.noise, times[1:]).gains(amplitudes, sectors) * factors[1:]
        return value, gradient, float(sides[1] - sides[0]) / (2 * _STEP)


class Found(NamedTuple):
    """A probe, its objective, integrated anew, and the gradient's length over it at times that no ascent used."""

    probe: Probe
    value: float
    stationarity: float


def check_all_states(num_qubits: int, noise: AnyNoise) -> World:
    """Returns the world whose best state can be searched.

    Raises:
        ArgumentError: there are too many spins, or the noise is none of which the best state is found.
    """
    world = world_of(noise)
    if num_qubits > ALL_STATES_QUBITS:
        raise ArgumentError(
            f"The search among all states takes at most {ALL_STATES_QUBITS} spins, but `num_qubits` is {num_qubits}; "
            "leave `symmetric` as it is for the best symmetric probe."
        )
    world.check(num_qubits)
    if not world.noise.commutes(num_qubits):
        raise ArgumentError("The search for the best probe needs noise that commutes with the field.")
    if is_wave(world) or collects_nothing(world):
        raise ArgumentError(
            'The search for the best probe needs a constant field without pulses, or the frequency "matched" with them.'
        )
    felt = world.weights(num_qubits) != 0
    if not world.decay_rates(num_qubits)[felt].min() > 0:
        raise ArgumentError(
            "The search for the best probe needs noise on every spin that feels the field; give each of them a rate."
        )
    return world


def best_of_all_states(num_qubits: int, noise: AnyNoise, goal: Goal, known: Sequence[Probe]) -> Found:
    """Returns the best state that ascents from several starts reach.

    Args:
        num_qubits: N ≤ 8.
        noise: as `check_all_states` lets pass.
        goal: the objective.
        known: probes where ascents begin too, such as the best symmetric one.

    >>> from qsense.noise import LocalNoise
    >>> round(best_of_all_states(2, LocalNoise(dephasing=0.25), Goal(), []).value / 2, 5)
    1.125
    """
    target = Target(num_qubits, noise, goal, -1)
    ends = [_ascend(target, target.place(one), _LONGEST[True]) for one in _codes(num_qubits, noise)]
    ends += [target.place(one.statevector()) for one in known]
    best = max(ends, key=lambda one: one.value)
    rng, rough = np.random.default_rng(_SEED), Target(num_qubits, noise, goal, -2)
    for start in _among_all(num_qubits, noise, sorted(ends, key=lambda one: -one.value)[:2], rng):
        end = _climbed(rough, target, start, best.value)
        if end.value > best.value * (1 + _BETTER):
            best = end
    for doublings in range(_DOUBLINGS + 1):
        finer = Target(num_qubits, noise, goal, doublings)
        sectors = Sectors.of(best.amplitudes)
        value, gradient, _ = finer.evaluate(best.amplitudes, sectors, best.log_time)
        tangent = gradient - best.amplitudes * np.vdot(best.amplitudes, gradient).real
        stationarity = float(np.linalg.norm(tangent) / value)
        agree = goal.objective != "integrated_gain" or abs(value - best.value) <= _AGREE * value
        if agree and stationarity < STATIONARY:
            break
        best = _ascend(finer, Place(best.amplitudes, best.log_time, value), _LONGEST[len(sectors.span) < 64])
    probe = Probe.from_state(best.amplitudes, f"optimal of all states({goal.objective})")
    return Found(probe, goal.value(probe, noise), stationarity)


def _codes(num_qubits: int, noise: AnyNoise) -> Iterator[Array]:
    """Yields codes of groups of 2, 3, …, N spins of like rates, each group all up or all down (up to signs)."""
    world = world_of(noise)
    branch = Probe.ghz(num_qubits, world.signal.matching_signs(num_qubits)).branch
    order = np.argsort(world.decay_rates(num_qubits), kind="stable")
    down = int(np.sum(2 ** np.flatnonzero(branch < 0)))
    for size in range(2, num_qubits + 1):
        states = np.array([down])
        for first in range(0, num_qubits, size):
            states = np.concatenate([states, states ^ int(np.sum(2 ** order[first : first + size]))])
        amplitudes = np.zeros(2**num_qubits)
        amplitudes[states] = len(states) ** -0.5
        amplitudes[states[[0, -1]]] += 0.5
        yield amplitudes


def _among_all(num_qubits: int, noise: AnyNoise, ends: Sequence[Place], rng: np.random.Generator) -> Iterator[Array]:
    """Yields the ends and the product state with a random push, and random states, real and complex."""
    size, count = 2**num_qubits, _RANDOM[num_qubits]
    product = Probe.product(num_qubits).statevector().real
    for one in [*(end.amplitudes for end in ends), product]:
        push = rng.normal(size=size)
        yield one + _PUSH * push / np.linalg.norm(push)
    phases_count = not DenseObjective.at(num_qubits, noise, np.ones(1)).keeps_populations
    for _ in range(count):
        yield np.abs(rng.normal(size=size))
        if phases_count and num_qubits < ALL_STATES_QUBITS:
            yield rng.normal(size=size) + 1j * rng.normal(size=size)


def _rule(num_qubits: int, noise: AnyNoise, doublings: int) -> tuple[FloatArray, FloatArray]:
    """Times in s and weights in s for ∫₀^∞ G dt: `integration_rule`, by the slowest spin where they differ."""
    world = world_of(noise)
    rates = world.decay_rates(num_qubits)[world.weights(num_qubits) != 0]
    slowest, fastest = float(rates.min()), float(rates.max())
    return rule_of(num_qubits, world, slowest, doublings, by_exponentials=fastest <= _SPREAD * slowest)


def _ascend(target: Target, start: Place, steps: int) -> Place:
    """Where an ascent from a place ends, at the latest after so many steps; in its sectors, and real if it is."""
    from scipy.optimize import minimize

    sectors = Sectors.of(start.amplitudes)
    inside = np.unique(sectors.states[np.any(np.isin(sectors.states, np.flatnonzero(start.amplitudes)), axis=1)])
    complex_valued, size = bool(np.any(np.imag(start.amplitudes))), len(inside)
    scale, moves = start.value, target.goal.objective == "rate"
    if not scale > 0:
        return start

    def state(x: FloatArray) -> Array:
        found = np.zeros(len(start.amplitudes), dtype=np.complex128 if complex_valued else np.float64)
        found[inside] = x[:size] + 1j * x[size : 2 * size] if complex_valued else x[:size]
        return found

    def as_real(found: Array) -> FloatArray:
        part = found[inside]
        return np.concatenate([part.real, part.imag]) if complex_valued else np.real(part)

    def function(x: FloatArray) -> tuple[float, FloatArray]:
        y = x[:-1] if moves else x
        length = float(np.linalg.norm(y))
        unit = y / length
        value, gradient, slope = target.evaluate(state(unit), sectors, start.log_time + (x[-1] if moves else 0))
        along = as_real(gradient)
        tangent = (along - unit * (unit @ along)) / length
        return -value / scale, -(np.append(tangent, slope) if moves else tangent) / scale

    begin = as_real(start.amplitudes)
    options = {"maxiter": steps, "maxfun": 2 * steps, "ftol": 1e-14, "gtol": 0.1 * STATIONARY / np.sqrt(size)}
    found = minimize(function, np.append(begin, 0.0) if moves else begin, jac=True, method="L-BFGS-B", options=options)
    end = state(found.x)
    end = end / np.linalg.norm(end)
    return Place(end, start.log_time + (float(found.x[-1]) if moves else 0.0), -float(found.fun) * scale)


def _climbed(rough: Target, target: Target, start: Array, best: float) -> Place:
    """Where an ascent from a start ends; it is given up where the best is far ahead.

    A few steps by a coarse rule, then in the sectors of its larger amplitudes if that is no loss, and else among all
    states.
    """
    early = _ascend(rough, rough.place(start), _EARLY)
    early = replace(early, value=target.evaluate(early.amplitudes, Sectors.of(early.amplitudes), early.log_time)[0])
    if early.value < best * (1 - _NEARLY[len(start) <= 2**_FEW]):
        return early
    for small in _SMALL:
        found = _settled(target, early, small)
        if found.value > early.value * (1 + _BETTER) or abs(found.value - best) < _BETTER * best:
            return found
    return _settled(target, _ascend(target, early, _LONGEST[False]), _SMALL[-1])


def _settled(target: Target, place: Place, small: float) -> Place:
    """Where an ascent ends without amplitudes that were on their way to 0, in the smaller sectors that this leaves; the
    place itself where nothing is gained."""
    kept = np.where(np.abs(place.amplitudes) < small, 0, place.amplitudes)
    kept = kept / np.linalg.norm(kept)
    sectors = Sectors.of(kept)
    if len(sectors.span) == len(Sectors.of(place.amplitudes).span):
        return place
    value = target.evaluate(kept, sectors, place.log_time)[0]
    end = _ascend(target, Place(kept, place.log_time, value), _LONGEST[True])
    return end if end.value >= place.value * (1 - 1e-9) else place
