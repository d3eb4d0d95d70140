"""A noise as the source of a plan: spins that are prepared and read without error, by the exact theory."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np

from qsense.errors import ArgumentError
from qsense.noise import LocalNoise, World
from qsense.planning.curves import Curve, OfTheory, ProductOnDevice
from qsense.planning.kinds import MOVED, each_moved
from qsense.planning.question import Question
from qsense.planning.site import DEAD, SHARED, Lonely, Site, best_strength, perfect_ghz
from qsense.planning.spins import UNEVEN, WEIGHTS, Spins, even_weights, is_uneven
from qsense.planning.squeezed import Squeezed
from qsense.probes import Probe
from qsense.signals import Signal
from qsense.theory.engines import engine_for
from qsense.theory.scales import lifetimes

MOST_DENSE = 8  # spins of a probe whose gain takes dense matrices
MOST_SEARCHED = 8  # spins of a search that takes seconds


@dataclass(frozen=True, eq=False)
class NoiseSource:
    """A noise by itself: spins that are prepared and read without error."""

    noise: Any
    name: str
    tick: float = 0.0

    def site(self, num_qubits: int, question: Question) -> Site:
        world = World(self.noise, question.signal, question.pulses)
        world.check(num_qubits)
        span = _span(num_qubits, world)
        curves, probes, left_out = _curves_of(num_qubits, world, span, question)
        rates = world.noise.local
        t2 = None
        if isinstance(rates, LocalNoise) and world.pulses.is_free and not world.noise.phase_noise:
            t2 = 2 / float(np.mean(world.decay_rates(num_qubits)))
        without = partial(_without, num_qubits, world, question)
        if question.with_optimum:
            found = _optimum(num_qubits, world, question)
            if isinstance(found, str):
                left_out["optimal"] = found
            else:
                curves["optimal"], probes["optimal"] = _searched(found, num_qubits, world, span), found
        product = curves["product"]
        uncertain = "the noise as a whole"
        if isinstance(product, ProductOnDevice):
            uncertain = "T1 and T2"
        elif isinstance(product, OfTheory) and product.moved:
            uncertain = "each kind of rate"
        return Site(
            num_qubits, (), probes, curves, _removable(num_qubits, world), without, span, t2, uncertain, world, left_out
        )


def _removable(num_qubits: int, world: World) -> frozenset[str]:
    found = {SHARED} if world.noise.correlated else set()
    local = world.noise.local
    if isinstance(local, LocalNoise) and any(is_uneven(np.array(one)) for one in local.rates(num_qubits).values()):
        found.add(UNEVEN)
    return frozenset(found | {WEIGHTS} if is_uneven(world.weights(num_qubits)) else found)


def _without(num_qubits: int, world: World, question: Question, taken: frozenset[str]) -> Lonely | None:
    """The curves without what is taken away; None where nothing decays then."""
    noise, signal, local = world.noise, world.signal, world.noise.local
    if UNEVEN in taken and isinstance(local, LocalNoise):
        rates: dict[str, Any] = {kind: float(np.mean(one)) for kind, one in local.rates(num_qubits).items()}
        local = LocalNoise(**rates, exponent=local.exponent)
    parts = [part for part in noise.phase_noise if SHARED not in taken or part not in noise.correlated]
    if WEIGHTS in taken:
        signal = Signal(even_weights(world.weights(num_qubits)), signal.frequency, signal.phase)
    rest = World(replace(noise, local=local, phase_noise=tuple(parts)), signal, world.pulses)
    if not rest.decay_rates(num_qubits).all():
        return None
    span = _span(num_qubits, rest)
    asked = replace(question, dead_time=0.0) if DEAD in taken else question
    return _curves_of(num_qubits, rest, span, asked)[0], span


def _searched(probe: Probe, num_qubits: int, world: World, span: tuple[float, float]) -> Curve:
    """The curve of a probe, as uncertain as those beside it: by T1 and T2 where these are, else as `each_moved`."""
    spins, more = _relaxing(num_qubits, world), math.exp(MOVED)
    if spins is None:
        worlds = each_moved(world)
    elif np.isinf(spins.t1).all():
        return OfTheory(probe, world, span, scaled_by=1)
    else:
        longer = (more, 1.0), (1.0, more), (1 / more, 1.0), (1.0, 1 / more)
        pairs = [(spins.t1 * by_t1, spins.t2 * by_t2) for by_t1, by_t2 in longer]
        worlds = [World(LocalNoise.from_t1_t2(t1, np.minimum(t2, 2 * t1)), world.signal) for t1, t2 in pairs]
    return OfTheory(probe, world, span, moved=tuple(OfTheory(probe, one, span) for one in worlds))


def _optimum(num_qubits: int, world: World, question: Question) -> Probe | str:
    """The best symmetric probe for what is asked, or why there is none."""
    from qsense.theory.optimal import optimal_probe

    if num_qubits > MOST_SEARCHED:
        return f"its search takes minutes beyond N = {MOST_SEARCHED}; see qsense optimal"
    if question.goal == "crossover":
        return "it is the best for 𝓘 or for the rate, not for a crossing"
    objective: Any = "integrated_gain" if question.goal == "img" else "rate"
    try:
        found = optimal_probe(num_qubits, world, objective, dead_time=question.dead_time).probe
    except ArgumentError as error:
        return str(error).rstrip(".")
    return found if found.name.startswith("optimal") else f"the search finds no symmetric probe above {found.name}"


def _span(num_qubits: int, world: World) -> tuple[float, float]:
    rates = world.decay_rates(num_qubits)
    if not rates.any():
        raise ArgumentError(
            f'The noise "{world.name}" has no rates: a longer time is always better and there is nothing to plan. '
            "Give a rate."
        )
    exponent = world.noise.exponent
    slowest = float(rates[rates > 0].min())
    fastest = float(world.noise.fastest_rate(num_qubits, world.pulses)) + num_qubits * float(rates.max())
    return lifetimes(1.0, exponent, fastest), lifetimes(1.0, exponent, slowest)


def _curves_of(
    num_qubits: int, world: World, span: tuple[float, float], question: Question
) -> tuple[dict[str, Curve], dict[str, Probe], dict[str, str]]:
    probes = {
        "ghz": Probe.ghz(num_qubits, world.signal.matching_signs(num_qubits)),
        "product": Probe.product(num_qubits),
    }
    moved = each_moved(world)
    left_out: dict[str, str] = {}
    curves: dict[str, Curve] = {}
    for name, probe in probes.items():
        method = engine_for(probe, world).method
        if method not in ("closed form", "symmetric engine") and num_qubits > MOST_DENSE:
            raise ArgumentError(
                f'The gain of "{name}" under the noise "{world.name}" needs dense matrices, for which a plan takes at '
                f"most {MOST_DENSE} spins, but `num_qubits` is {num_qubits}; give fewer."
            )
        readout = "loss_flag" if name == "ghz" else "any" if world.noise.correlated else "local_x"
        curves[name] = OfTheory(probe, world, span, readout, moved=tuple(OfTheory(probe, one, span) for one in moved))
    if (relaxing := _relaxing(num_qubits, world)) is not None:
        curves = {"ghz": perfect_ghz(relaxing), "product": ProductOnDevice(relaxing, np.zeros(num_qubits))}
    reason = _no_squeezing(world)
    if reason is None and num_qubits > 2:
        none = np.zeros(num_qubits)
        if relaxing is None:
            spins = Spins(tuple(range(num_qubits)), none, none, none, none, np.ones(num_qubits))
            squeezed, probe = best_strength(Squeezed(spins, 0.0, none, world=world), span, question, question.dead_time)
            squeezed = replace(squeezed, moved=tuple(replace(squeezed, world=one) for one in moved))
        else:
            squeezed, probe = best_strength(Squeezed(relaxing, 0.0, none), span, question, question.dead_time)
        curves["squeezed"], probes["squeezed"] = squeezed, probe
    elif reason is not None:
        left_out["squeezed"] = reason
    return curves, probes, left_out


def _relaxing(num_qubits: int, world: World) -> Spins | None:
    """The spins with T1 and T2 of their own, each uncertain; None where the noise is more than these two."""
    noise = world.noise
    local = noise.local
    if noise.phase_noise or noise.is_coupled or not noise.is_covariant or not world.pulses.is_free:
        return None
    if not isinstance(local, LocalNoise) or noise.exponent != 1:
        return None
    rates = local.rates(num_qubits)
    if any(rates["absorption"]):
        return None
    with np.errstate(divide="ignore"):
        t1 = 1 / np.asarray(rates["emission"], dtype=np.float64)
        t2 = 1 / (0.5 / t1 + 2 * np.asarray(rates["dephasing"], dtype=np.float64))
    none = np.zeros(num_qubits)
    return Spins(tuple(range(num_qubits)), t1, t2, none, none, world.weights(num_qubits), local.is_uniform)


def _no_squeezing(world: World) -> str | None:
    if not world.signal.has_unit_weights:
        return "a squeezed probe senses a field that is the same for all spins"
    if not world.noise.is_covariant or world.noise.is_coupled:
        return "its closed form is for noise that commutes with the field"
    return None
