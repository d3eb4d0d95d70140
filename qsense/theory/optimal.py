"""The best symmetric probe for a noise, the best of all states, and the best squeezing.

Ascents from several starts (`search`) find local maxima. The best of them and of the named probes is returned, each
integrated anew. That is a lower bound on the optimum: `bound` says how much could be missing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

import numpy as np

from qsense.errors import ArgumentError
from qsense.noise import AnyNoise, world_of
from qsense.numerics.fisher import ComplexArray, FloatArray
from qsense.numerics.threads import single_threaded_libraries
from qsense.probes import Probe, collective
from qsense.theory.best_rate import best_for_rate, quick_rate
from qsense.theory.engines import symmetric_resolution
from qsense.theory.goal import Goal, Objective
from qsense.theory.mixing import Array
from qsense.theory.rate import operational_rate
from qsense.theory.search import SampledObjective, climb, climb_integral, every_start, first_guesses
from qsense.theory.shared import is_alike
from qsense.theory.symmetric import NUM_QUBITS
from qsense.theory.turned import best_turned, golden
from qsense.theory.waves import collects_nothing, is_wave

Twist = Literal["one_axis", "two_axis"]
_QUICK, _FINER = 1e-3, 1e-5  # far more than the rule of the search, and the one that checks it, are wrong by
TWISTS: dict[Twist, Callable[..., ComplexArray]] = {"one_axis": collective.one_axis, "two_axis": collective.two_axis}


@dataclass(frozen=True)
class OptimalProbe:
    """The best probe that was found.

    Attributes:
        probe: its state.
        value: its objective; in s for 𝓘 and the rate, 1 for G.
        bound: an upper bound on every probe, in the same unit.
        stationarity: the gradient's length over the value, at times that were not those of the search; small at a
            maximum.
        parameter: the twisting strength in rad of a squeezed probe, None of a free one.
    """

    probe: Probe
    value: float
    bound: float
    stationarity: float
    parameter: float | None = None


@single_threaded_libraries()
def optimal_probe(
    num_qubits: int,
    noise: AnyNoise,
    objective: Objective = "integrated_gain",
    time: float | None = None,
    dead_time: float = 0.0,
    symmetric: bool = True,
) -> OptimalProbe:
    """Returns the best symmetric probe, over Dicke states, that a search from several starts finds; or of all states.

    It is never below GHZ, product, twin Fock and one-axis-squeezed probes. Where one of them is the best, it is
    returned under its own name. Among all states the value is never below that of the best symmetric one, which is
    returned where nothing is better, and the state has 2^N amplitudes.

    Args:
        num_qubits: N ≤ 100; seconds of a processor up to N ≈ 40, some fifteen there where spins fall and rise; at
            100 ten under dephasing, a minute under emission, and minutes under both or more. Of all states N ≤ 8: a
            second of a processor at N = 4, five at 6, half a minute at 8.
        noise: the same for every spin, and commuting with the field; some rate must be positive. Of all states rates
            and weights may differ between spins, and every spin that feels the field needs a rate.
        objective: "integrated_gain", "rate" or "gain".
        time: of "gain", in s.
        dead_time: of "rate", in s.
        symmetric: whether only states that no permutation of spins changes are searched.

    Raises:
        ArgumentError: the noise is not the same for all spins, N is too large, or the objective is wrong or, at its
            time, below rounding.

    Source: the search is derived in `pull_back`; its results for dephasing are those of
    Fröwis et al., New J. Phys. 16, 083010 (2014), in kind: neither GHZ nor product.

    >>> from qsense.noise import LocalNoise
    >>> best = optimal_probe(2, LocalNoise(dephasing=0.25))
    >>> round(best.value / 2, 5), abs(best.probe.dicke_amplitudes()).round(4).tolist()
    (1.125, [0.6124, 0.5, 0.6124])
    """
    goal = Goal(objective, time, dead_time)
    if not symmetric:
        return of_all_states(num_qubits, noise, goal, None)
    check(num_qubits, noise)
    quick = _quick_value(num_qubits, noise, goal, -1)
    squeezed = [Probe.named(f"one_axis:{strength:.6g}", num_qubits) for strength in _strengths(num_qubits)]
    return best_beside(
        num_qubits, noise, goal, [(probe, quick(probe)) for probe in (*named_probes(num_qubits), *squeezed)]
    )


@single_threaded_libraries()
def best_squeezing(
    num_qubits: int,
    noise: AnyNoise,
    kind: Twist = "one_axis",
    objective: Objective = "integrated_gain",
    time: float | None = None,
    dead_time: float = 0.0,
) -> OptimalProbe:
    """Returns the best one- or two-axis-twisted probe, turned for the largest G(0), over the twisting strength.

    Args:
        num_qubits, noise, objective, time, dead_time: as in `optimal_probe`.
        kind: "one_axis" or "two_axis".

    >>> from qsense.noise import LocalNoise
    >>> best = best_squeezing(4, LocalNoise(dephasing=0.25))
    >>> bool(1.29 < best.value / 4 < 1.30092 + 1e-4)
    True
    """
    goal = Goal(objective, time, dead_time)
    check(num_qubits, noise)
    if kind not in TWISTS:
        raise ArgumentError(f'Argument `kind` must be one_axis or two_axis, but is "{kind}".')
    quick, finer = (_quick_value(num_qubits, noise, goal, doublings) for doublings in (0, 1))

    def value(strength: float) -> float:
        return quick(Probe.symmetric(TWISTS[kind](num_qubits, strength)))

    grid = np.concatenate([[0.0], np.geomspace(0.02 / num_qubits, np.pi / 2, 30)])
    values = [value(strength) for strength in grid]
    place = int(np.argmax(values))
    strength = golden(value, float(grid[max(place - 1, 0)]), float(grid[min(place + 1, len(grid) - 1)]))
    if value(strength) < values[place]:  # the search between two bounds does not try the bounds
        strength = float(grid[place])
    twisted, digits, name = TWISTS[kind], 6, f"{kind}"
    turned = best_turned(num_qubits, twisted, quick, grid, max(values[place], value(strength)))
    if turned is not None:
        strength, digits, name = turned, 9, f"{kind}_turned"
    step = 1e-3 * max(strength, 1e-3)

    def probe_of(at: float, name: str = "symmetric") -> Probe:
        state = twisted(num_qubits, at)
        return Probe.symmetric(state if turned is None else collective.turned_about_every_axis(state), name)

    sides = [finer(probe_of(strength + side)) for side in (-step, step)]
    probe = probe_of(strength, f"{name}:{strength:.{digits}g}")
    reached = goal.value(probe, noise)
    slope = abs(sides[1] - sides[0]) / (2 * step) * strength / reached if reached > 0 else 0.0
    return OptimalProbe(probe, reached, goal.bound(num_qubits, noise), slope, strength)


def of_all_states(num_qubits: int, noise: AnyNoise, goal: Goal, symmetric: OptimalProbe | None) -> OptimalProbe:
    """Returns the best of all states, or the best symmetric probe, where that is known or can be, if none is better."""
    from qsense.theory.all_states import SAME, best_of_all_states, check_all_states

    world = check_all_states(num_qubits, noise)
    if symmetric is None and is_alike(world, num_qubits):
        symmetric = optimal_probe(num_qubits, noise, goal.objective, goal.time, goal.dead_time)
    found = best_of_all_states(num_qubits, noise, goal, [] if symmetric is None else [symmetric.probe])
    if symmetric is not None and found.value <= symmetric.value * (1 + SAME):
        return symmetric
    return OptimalProbe(found.probe, found.value, goal.bound(num_qubits, noise), found.stationarity)


def check(num_qubits: int, noise: AnyNoise) -> None:
    """Refuses a world of which the best symmetric probe is not searched.

    Raises:
        ArgumentError: the message says why.
    """
    world = world_of(noise)
    world.check(num_qubits)
    if not (world.noise.is_covariant and is_alike(world, num_qubits)):
        raise ArgumentError(
            "The search for the best symmetric probe needs a world, its noise and its signal, that is the same for all "
            "spins and commutes with the field, without couplings; where spins differ, search all states of N ≤ 8 "
            "(`symmetric=False`, --all-states)."
        )
    if is_wave(world) or collects_nothing(world):
        raise ArgumentError(
            'The search for the best symmetric probe needs a constant field without pulses, or the frequency "matched" '
            "with them."
        )
    if not world.decay_rates(num_qubits).min() > 0:
        raise ArgumentError(
            "The search for the best symmetric probe needs noise on every spin (without noise it is GHZ); give a rate."
        )
    if num_qubits > NUM_QUBITS:
        raise ArgumentError(
            f"The search for the best symmetric probe takes at most {NUM_QUBITS} spins, but `num_qubits` is "
            f"{num_qubits}."
        )


def named_probes(num_qubits: int) -> list[Probe]:
    """Returns product, GHZ and, of even N, twin Fock."""
    names = ("product", "ghz") if num_qubits % 2 else ("product", "ghz", "twin_fock")
    return [Probe.named(name, num_qubits) for name in names]


def _strengths(num_qubits: int) -> FloatArray:
    """Strengths of one-axis twisting, from far below the best one under any noise to far above it."""
    return np.geomspace(0.1 / num_qubits, 1.0, 6)


def _quick_value(num_qubits: int, noise: AnyNoise, goal: Goal, doublings: int = 0) -> Callable[[Probe], float]:
    """The objective of a probe; 𝓘 and the rate by few times."""
    if goal.objective == "rate":
        return quick_rate(num_qubits, noise, goal.dead_time)
    if goal.objective == "gain":
        return lambda probe: goal.value(probe, noise)
    objective = SampledObjective.integral(num_qubits, noise, doublings)

    def integral(probe: Probe) -> float:
        amplitudes = probe.dicke_amplitudes()
        assert amplitudes is not None
        return objective.value(amplitudes)

    return integral


@single_threaded_libraries()
def best_beside(num_qubits: int, noise: AnyNoise, goal: Goal, named: list[tuple[Probe, float]]) -> OptimalProbe:
    """Returns the best of named probes, each with its value, of ascents from `starts`, and of one from the best.

    Values of named probes may be those of the rule of the search: the ones that could be the best are taken anew.
    """
    best = max(named, key=lambda pair: pair[1])
    resolution = symmetric_resolution(num_qubits)
    if goal.objective == "gain" and best[1] <= resolution:
        raise ArgumentError(
            f"Argument `time`: at {goal.time:g} s no named probe of {num_qubits} spins has a gain above "
            f"{resolution:.1g}, which is rounding, so that a search cannot tell probes apart. Give an earlier time."
        )
    amplitudes, stationarity = _improved(num_qubits, noise, goal, None)
    found = _valued(amplitudes, noise, goal)
    close = [probe for probe, value in named if value > found[1] * (1 - _QUICK)]
    if goal.objective == "integrated_gain":
        finer = _quick_value(num_qubits, noise, goal)
        close = [probe for probe in close if finer(probe) > found[1] * (1 - _FINER)]
    best = max(((probe, goal.value(probe, noise)) for probe in close), key=lambda pair: pair[1], default=found)
    if best[1] > found[1] * (1 + 1e-12):
        start = best[0].dicke_amplitudes()
        assert start is not None
        amplitudes, improved = _improved(num_qubits, noise, goal, start)
        again = _valued(amplitudes, noise, goal)
        if again[1] > found[1]:
            found, stationarity = again, improved
    if best[1] >= found[1] and best is not found:
        found, stationarity = best, _stationarity(best[0], noise, goal)
    return OptimalProbe(*found, goal.bound(num_qubits, noise), stationarity)


def _valued(amplitudes: Array, noise: AnyNoise, goal: Goal) -> tuple[Probe, float]:
    probe = Probe.symmetric(amplitudes, f"optimal({goal.objective})")
    return probe, goal.value(probe, noise)


def _improved(num_qubits: int, noise: AnyNoise, goal: Goal, start: Array | None) -> tuple[Array, float]:
    """The best amplitudes that ascents from a start, or from all, reach, and their stationarity."""
    if goal.objective == "integrated_gain":
        begin = first_guesses(num_qubits, noise) if start is None else [start]
        amplitudes, _, stationarity = climb_integral(num_qubits, noise, begin)
        return amplitudes, stationarity
    if goal.objective == "gain":

        def at_time(size: int) -> SampledObjective:
            return SampledObjective.at(size, noise, np.array([goal.time]))

        objective = at_time(num_qubits)
        amplitudes = climb(objective, every_start(num_qubits, noise, at_time) if start is None else [start])
    else:
        amplitudes, objective = best_for_rate(num_qubits, noise, goal.dead_time, start)
    return amplitudes, objective.stationarity(amplitudes)


def _stationarity(probe: Probe, noise: AnyNoise, goal: Goal) -> float:
    """The stationarity of a named probe, by a rule as fine as that which confirms the search's."""
    amplitudes = probe.dicke_amplitudes()
    assert amplitudes is not None
    if goal.objective == "integrated_gain":
        return SampledObjective.integral(probe.num_qubits, noise, 1).stationarity(amplitudes)
    time = operational_rate(probe, noise, goal.dead_time).time if goal.time is None else goal.time
    return SampledObjective.at(probe.num_qubits, noise, np.array([time])).stationarity(amplitudes)
