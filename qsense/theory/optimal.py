"""The best symmetric probe for a noise, the best squeezing, and where GHZ and product stand beside them and the bound.

G is a maximum over X of expressions that are linear in |ψ><ψ|, so its gradient at ψ is known from one SLD
(`pull_back`). A quasi-Newton search from several starts finds local maxima; the best is returned. That is a lower bound
on the optimum: `bound` says how much could be missing.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from qsense.errors import ArgumentError
from qsense.noise import Noise, environment_of
from qsense.numerics.fisher import ComplexArray, FloatArray
from qsense.probes import Probe, collective
from qsense.theory.engines import engine_for, uniform_channel
from qsense.theory.goal import Goal, Objective
from qsense.theory.pull_back import gain_and_matrix
from qsense.theory.rate import operational_rate
from qsense.theory.symmetric import NUM_QUBITS

Twist = Literal["one_axis", "two_axis"]
TWISTS: dict[Twist, Callable[..., ComplexArray]] = {"one_axis": collective.one_axis, "two_axis": collective.two_axis}


@dataclass(frozen=True)
class OptimalProbe:
    """The best probe that was found.

    Attributes:
        probe: its state.
        value: its objective; in s for 𝓘 and the rate, 1 for G.
        bound: an upper bound on every probe, in the same unit.
        stationarity: the gradient's length over the value; small at a maximum.
        parameter: the twisting strength in rad of a squeezed probe, None of a free one.
    """

    probe: Probe
    value: float
    bound: float
    stationarity: float
    parameter: float | None = None


def optimal_probe(
    num_qubits: int,
    noise: Noise,
    objective: Objective = "integrated_gain",
    time: float | None = None,
    dead_time: float = 0.0,
) -> OptimalProbe:
    """Returns the best probe over Dicke states with real amplitudes that a search from several starts finds.

    Args:
        num_qubits: N ≤ 100; seconds up to N ≈ 30, minutes at 100, ten times that where populations change.
        noise: the same for every spin, and commuting with the field; some rate must be positive.
        objective: "integrated_gain", "rate" or "gain".
        time: of "gain", in s.
        dead_time: of "rate", in s.

    Raises:
        ArgumentError: the noise is not the same for all spins, N is too large, or the objective is wrong.

    Source: the search is derived in `pull_back`; its results for dephasing are those of
    Fröwis et al., New J. Phys. 16, 083010 (2014), in kind: neither GHZ nor product.

    >>> from qsense.noise import LocalNoise
    >>> best = optimal_probe(2, LocalNoise(dephasing=0.25))
    >>> round(best.value / 2, 5), abs(best.probe.dicke_amplitudes()).round(4).tolist()
    (1.125, [0.6124, 0.5, 0.6124])
    """
    goal = Goal(objective, time, dead_time)
    _check(num_qubits, noise)
    if objective == "rate":
        amplitudes, gradient = _best_for_rate(num_qubits, noise, goal)
    else:
        times, weights = _nodes(num_qubits, noise, goal)
        amplitudes, gradient = _search(num_qubits, _slope(num_qubits, noise, times, weights), _starts(num_qubits))
    probe = Probe.symmetric(amplitudes, f"optimal({objective})")
    return OptimalProbe(probe, goal.value(probe, noise), goal.bound(num_qubits, noise), gradient)


def best_squeezing(
    num_qubits: int,
    noise: Noise,
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
    _check(num_qubits, noise)
    if kind not in TWISTS:
        raise ArgumentError(f'Argument `kind` must be one_axis or two_axis, but is "{kind}".')

    def value(strength: float) -> float:
        amplitudes = TWISTS[kind](num_qubits, strength)
        if objective == "rate":
            return goal.value(Probe.symmetric(amplitudes), noise)
        return float(weights @ engine_for(Probe.symmetric(amplitudes), noise).gain(times))

    times, weights = _nodes(num_qubits, noise, goal) if objective != "rate" else (np.zeros(0), np.zeros(0))
    grid = np.concatenate([[0.0], np.geomspace(0.02 / num_qubits, np.pi / 2, 30)])
    values = [value(strength) for strength in grid]
    place = int(np.argmax(values))
    low, high = grid[max(place - 1, 0)], grid[min(place + 1, len(grid) - 1)]
    strength = _golden(value, float(low), float(high))
    probe = Probe.symmetric(TWISTS[kind](num_qubits, strength), f"{kind}:{strength:.6g}")
    step = 1e-3 * max(strength, 1e-3)
    reached = goal.value(probe, noise)
    slope = abs(value(strength + step) - value(strength - step)) / (2 * step) * strength / max(reached, 1e-300)
    return OptimalProbe(probe, reached, goal.bound(num_qubits, noise), slope, strength)


class ProbeComparison(NamedTuple):
    """Names with what they reach, product and GHZ first, the optimum last; and the optimum itself, with the bound."""

    values: list[tuple[str, float]]
    optimum: OptimalProbe


def comparison(
    num_qubits: int,
    noise: Noise,
    objective: Objective = "integrated_gain",
    time: float | None = None,
    dead_time: float = 0.0,
) -> ProbeComparison:
    """Returns what product, GHZ, twin Fock (even N), the best squeezed states and the optimum reach.

    Args:
        num_qubits, noise, objective, time, dead_time: as in `optimal_probe`.

    >>> from qsense.noise import LocalNoise
    >>> rows = comparison(2, LocalNoise(dephasing=0.25)).values
    >>> [name for name, _ in rows][:2], round(rows[0][1], 9)
    (['product', 'ghz'], 2.0)
    """
    goal = Goal(objective, time, dead_time)
    found = optimal_probe(num_qubits, noise, objective, time, dead_time)
    rows = [(probe.name, goal.value(probe, noise)) for probe in (Probe.product(num_qubits), Probe.ghz(num_qubits))]
    if num_qubits % 2 == 0:
        rows.append(("twin_fock", goal.value(Probe.named("twin_fock", num_qubits), noise)))
    if num_qubits > 1:
        for kind in TWISTS:
            best = best_squeezing(num_qubits, noise, kind, objective, time, dead_time)
            rows.append((best.probe.name, best.value))
    return ProbeComparison([*rows, ("optimum found", found.value)], found)


def _check(num_qubits: int, noise: Noise) -> None:
    environment = environment_of(noise)
    if not (environment.is_covariant and environment.local.is_uniform) or environment.is_coupled:
        raise ArgumentError(
            "The search for the best probe needs noise that is the same for all spins and commutes with the field."
        )
    if not environment.decay_rates(num_qubits).min() > 0:
        raise ArgumentError(
            "The search for the best probe needs noise on every spin (without noise it is GHZ); give a rate."
        )
    if num_qubits > NUM_QUBITS:
        raise ArgumentError(
            f"The search for the best probe takes at most {NUM_QUBITS} spins, but `num_qubits` is {num_qubits}."
        )


def _nodes(num_qubits: int, noise: Noise, goal: Goal) -> tuple[FloatArray, FloatArray]:
    """Times and weights that stand for the objective while searching: Gauss–Legendre in u = e^{−2t/T2}.

    G has its nearest pole in u at 1 + 1/N, so that so many nodes are enough to choose a probe; the result is integrated
    anew. Stretched decay has u = exp[−(2t/T2)^β] instead.
    """
    if goal.objective == "gain":
        return np.array([goal.time]), np.ones(1)
    environment = environment_of(noise)
    nodes, weights = np.polynomial.legendre.leggauss(20 + 2 * int(np.sqrt(num_qubits)))
    u, weights = (nodes + 1) / 2, weights / 2
    rate, power = float(environment.decay_rates(num_qubits)[0]), 1 / environment.exponent
    times = (-np.log(u)) ** power / rate
    return times, weights * times * power / (u * -np.log(u))


def _slope(
    num_qubits: int, noise: Noise, times: FloatArray, weights: FloatArray
) -> Callable[[FloatArray], tuple[float, FloatArray]]:
    channel = uniform_channel(environment_of(noise), num_qubits, times)

    def slope(amplitudes: FloatArray) -> tuple[float, FloatArray]:
        gains, matrices = gain_and_matrix(amplitudes, channel)
        return float(weights @ gains), 2 * np.tensordot(weights, matrices, 1) @ amplitudes

    return slope


def _starts(num_qubits: int) -> list[FloatArray]:
    """GHZ with a little of product, product with a little of GHZ, a flat state, and two squeezed ones between."""
    ghz, product = collective.ghz(num_qubits), collective.coherent(num_qubits).real
    ups = (np.arange(num_qubits + 1) + 0.5) / (num_qubits + 1)
    return [product + 0.3 * ghz, ghz + 0.3 * product, np.ones(num_qubits + 1), np.sqrt(product), 0.2 + ups]


def _search(
    num_qubits: int, slope: Callable[[FloatArray], tuple[float, FloatArray]], starts: list[FloatArray]
) -> tuple[FloatArray, float]:
    """The best amplitudes and the length of the gradient over the value there."""
    from scipy.optimize import minimize

    def function(x: FloatArray) -> tuple[float, FloatArray]:
        length = float(np.linalg.norm(x))
        value, gradient = slope(x / length)
        tangent = gradient - x / length * (x @ gradient) / length
        return -value, -tangent / length

    best: tuple[float, FloatArray] | None = None
    for start in starts:
        options = {"maxiter": 2000, "maxfun": 4000, "ftol": 1e-14, "gtol": 1e-9}
        found = minimize(function, start / np.linalg.norm(start), jac=True, method="L-BFGS-B", options=options)
        if best is None or found.fun < best[0]:
            best = float(found.fun), found.x / np.linalg.norm(found.x)
    assert best is not None
    value, gradient = function(best[1])
    return best[1], float(np.linalg.norm(gradient) / max(abs(value), 1e-300))


def _best_for_rate(num_qubits: int, noise: Noise, goal: Goal) -> tuple[FloatArray, float]:
    """Alternates the best probe at a time with the best time of that probe; each step can only gain.

    Such steps end at the nearest maximum, so that several times are tried: those of GHZ, of product, and between.
    """
    first, last = (
        operational_rate(probe, noise, goal.dead_time).time
        for probe in (Probe.ghz(num_qubits), Probe.product(num_qubits))
    )
    best: tuple[float, FloatArray, float] | None = None
    for time in np.geomspace(first, last, 4):
        value, starts = 0.0, _starts(num_qubits)
        for _ in range(60):
            amplitudes, gradient = _search(num_qubits, _slope(num_qubits, noise, np.array([time]), np.ones(1)), starts)
            rate = operational_rate(Probe.symmetric(amplitudes), noise, goal.dead_time)
            if best is None or rate.value > best[0]:
                best = rate.value, amplitudes, gradient
            if rate.value <= value * (1 + 1e-10):
                break
            value, time, starts = rate.value, rate.time, [amplitudes]
    assert best is not None
    return best[1], best[2]


def _golden(function: Callable[[float], float], low: float, high: float) -> float:
    from scipy.optimize import minimize_scalar

    found = minimize_scalar(lambda x: -function(x), bounds=(low, high), method="bounded", options={"xatol": 1e-7})
    return float(found.x)
