"""At which times to measure: a Gauss rule designed from the noise, so that few times integrate G well."""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from qsense.errors import ArgumentError
from qsense.noise import AnyNoise, World, world_of
from qsense.numerics.decay_law import DecayLaw, decay_law
from qsense.numerics.fisher import FloatArray
from qsense.numerics.quadrature import MAX_NODES, Rule, gauss_rule, law_rule
from qsense.probes import Probe
from qsense.signals import Signal
from qsense.theory.gains import gain, integrated_gain

_LOG = logging.getLogger(__name__)

# One node is enough for an exponential. Five show the curve, and keep the integral right if decay is not as assumed.
MIN_NODES = 5
RELATIVE_ERROR = 1e-3
# Spins of rates that lie decades apart: more times, whose curve follows G itself and does not meet 𝓘 by chance.
UNEQUAL_NODES = (12, 16, 24)
_UNEQUAL = 10  # from this ratio of the rates on
_CURVE_ERROR = 0.03
_LARGEST_POWER = 1000  # of u: beyond it the weights leave the range of floating-point numbers
# A state of fixed J_z has gain 0; a smaller computed value is rounding.
NO_GAIN = 1e-12
# Of a law's own variables u = S^p, the least noisy that is about as safe as exponential decay's against decay that is
# slower or faster than assumed.
_POWERS = (1 / 3, 1 / 2, 2 / 3, 1.0, 3 / 2, 2.0)
_SAFE = {2 / 3: 0.03, 2.0: 0.01}  # true over assumed rate: the largest relative error of 𝓘
_DIGITS = 6


def decay_rate(probe: Probe, noise: AnyNoise) -> float:
    """Returns the mean decay rate of G, G(0)/𝓘, in 1/s.

    A probe without gain (a state of fixed J_z) has the mean of its spins' rates.

    Raises:
        ArgumentError: some part of G never decays, so that there is no integral to measure.

    >>> from qsense.noise import LocalNoise
    >>> round(decay_rate(Probe.ghz(4), LocalNoise(dephasing=0.1)), 12)
    1.6
    """
    single = noise.decay_rates(probe.num_qubits)
    if not single.any():
        raise ArgumentError(f'The noise "{noise.name}" has no rates: the integrated gain diverges. Give a rate.')
    start = float(gain(probe, noise, [0.0])[0])
    if start < NO_GAIN:
        return float(single[single > 0].mean())
    integral = integrated_gain(probe, noise).value
    if not np.isfinite(integral):
        raise ArgumentError(
            f'Under the noise "{noise.name}" a part of the gain of "{probe.name}" never decays: its integral diverges. '
            "Give every spin a rate."
        )
    return start / integral


def designed_rule(probe: Probe, noise: AnyNoise) -> Rule:
    """Returns the Gauss rule of 5 to 8 times that integrates the exact G to within 0.1 %.

    For exponential decay several variables u = e^{−λt} are tried for each number of times; of those within 0.1 % the
    one whose weights amplify errors of G least is taken. Spins whose rates lie more than ten times apart get up to 24
    times. For every other law of decay, and where none of these is within 0.1 %, the exact G is the weight of a Gauss
    rule in u = S^p, where S(t) is the part of 𝓘 that is yet to come. Where no rule is within 0.1 %, the nearest is
    taken, and a warning says how near it is.

    Args:
        probe: the state that is prepared.
        noise: any noise whose every part of G decays, or a World.

    Raises:
        ArgumentError: some part of G never decays.

    >>> from qsense.noise import LocalNoise
    >>> len(designed_rule(Probe.ghz(4), LocalNoise(emission=0.1)).times)
    5
    >>> len(designed_rule(Probe.ghz(4), LocalNoise(dephasing=0.1, exponent=2)).times)  # Gaussian decay
    5
    """
    mean_rate, exact = decay_rate(probe, noise), integrated_gain(probe, noise).value
    found = [] if _has_own_law(noise) and exact else [_exponential(probe, noise, mean_rate, exact)]
    if not found or found[0].error > RELATIVE_ERROR:
        found.append(_by_law(probe, noise, mean_rate, exact))
    nearest = min(found, key=lambda one: one.error)
    if nearest.error > RELATIVE_ERROR:
        _LOG.warning(
            f'the designed times integrate the exact gain of "{probe.name}" under the noise "{noise.name}" only to '
            f"within {100 * nearest.error:.2g} %; give `times_s` that suit it"
        )
    return nearest.rule


def earlier_rule(probe: Probe, noise: AnyNoise) -> Rule | None:
    """Returns the rule that earlier versions designed, where it was another: records have its times; None elsewhere."""
    if _has_own_law(noise):
        return None
    mean_rate, exact = decay_rate(probe, noise), integrated_gain(probe, noise).value
    before = _exponential(probe, noise, mean_rate, exact)
    return before.rule if before.error > RELATIVE_ERROR else None


def law_behind(probe: str, num_qubits: int, noise: AnyNoise | None, times: FloatArray) -> DecayLaw | None:
    """Returns the law whose rule has these times; None where they are no such rule's, or it is not known.

    Args:
        probe: "ghz" or "product"; for others it is not known.
        num_qubits: N.
        noise: what acted; None where it is not known.
        times: shape (n,), in s, such as a stored result has them.
    """
    if noise is None or probe not in ("ghz", "product") or not _has_own_law(noise):
        return None
    rule = designed_rule(Probe.named(probe, num_qubits), noise)
    is_its = len(rule.times) == len(times) and np.allclose(rule.times, times, rtol=1e-3)  # on a device's clock
    return rule.law if is_its else None


class _Attempt(NamedTuple):
    """A rule, and the relative error with which it integrates the exact G."""

    error: float
    rule: Rule


def _has_own_law(noise: AnyNoise) -> bool:
    """Whether the decay is known not to be a sum of exponentials."""
    world = world_of(noise)
    remembers = any(one.memory.kind != "white" for one in world.noise.phase_noise)
    return remembers or world.noise.exponent != 1 or _weight(world) is not None


def _weight(world: World) -> Callable[[FloatArray], FloatArray] | None:
    """W(t)², by which a signal that changes in the window multiplies G; None where it is a constant."""
    if world.signal.is_constant or world.signal.frequency == "matched":
        return None
    return lambda times: world.collected(times) ** 2


def _exponential(probe: Probe, noise: AnyNoise, mean_rate: float, exact: float) -> _Attempt:
    """The nearest rule for sums of exponentials, or the one that amplifies errors least of those within 0.1 %."""
    single = noise.decay_rates(probe.num_qubits)
    slowest, fastest = float(single[single > 0].min()), float(single.sum())
    falls = sorted({mean_rate, slowest, fastest})
    usual = [(fall, unit) for fall in falls for unit in sorted({fall, fall / 2, min(fall, slowest)})]
    spread = np.geomspace(slowest, fastest, 12)
    attempts = [(n, usual, False) for n in range(MIN_NODES, MAX_NODES + 1)]
    attempts.append((MAX_NODES, [(fall, unit) for fall in falls for unit in spread], True))
    if single.max() > _UNEQUAL * slowest:
        between = np.geomspace(slowest, float(single.max()), 24)
        attempts += [(n, [(fall, unit) for fall in falls for unit in between], True) for n in UNEQUAL_NODES]

    nearest: _Attempt | None = None
    for num_nodes, pairs, must_follow in attempts:
        passing = []
        for fall, unit in pairs:
            if fall > _LARGEST_POWER * unit:
                continue
            rule = gauss_rule(fall, unit, num_nodes)
            error = _relative_error(rule, probe, noise, exact)
            counts = error <= RELATIVE_ERROR or nearest is None or error < nearest.error
            if not counts or (must_follow and not _follows(rule, probe, noise, exact, slowest)):
                continue
            if error <= RELATIVE_ERROR:
                passing.append(rule)
            if nearest is None or error < nearest.error:
                nearest = _Attempt(error, rule)
        if passing:
            best = min(passing, key=lambda rule: float(np.sum(rule.weights**2)))
            return _Attempt(_relative_error(best, probe, noise, exact), _rounded(best))
    assert nearest is not None
    return nearest._replace(rule=_rounded(nearest.rule))


def _by_law(probe: Probe, noise: AnyNoise, mean_rate: float, exact: float) -> _Attempt:
    """The rule whose weight is G itself; of its variables the least noisy that is safe, with as few times as that."""
    world = world_of(noise)
    weight = _weight(world)
    law = decay_law(lambda times: gain(probe, noise, times), 1 / mean_rate)
    smooth = law if weight is None else _without_weight(probe, world, mean_rate)
    truths = [(_slower(law, smooth, ratio, weight), most) for ratio, most in _SAFE.items()]
    least: tuple[float, Rule] | None = None
    for num_nodes in range(MIN_NODES, MAX_NODES + 1):
        noisiness = []
        for power in _POWERS:
            rule = law_rule(law, num_nodes, power, mean_rate)
            errors = [abs(float(rule.weights @ true.at(rule.times)) / true.integral - 1) for true, _ in truths]
            excess = max(error / most for error, (_, most) in zip(errors, truths, strict=True))
            if excess <= 1:
                seen = 1.0 if weight is None else weight(rule.times)  # errors of G shrink with W² too
                noisiness.append((float(np.sum((rule.weights * seen) ** 2)), rule))
            elif least is None or excess < least[0]:
                least = excess, rule
        if noisiness:
            chosen = min(noisiness, key=lambda one: one[0])[1]
            break
    else:
        assert least is not None
        chosen = least[1]
    chosen = _rounded(chosen, _DIGITS)
    # The table's spline is good to a millionth where the integral comes from; G itself at the few times is exact.
    correction = law.at(chosen.times) / gain(probe, noise, chosen.times)
    chosen = replace(chosen, weights=chosen.weights * correction, tail_weights=chosen.tail_weights * correction)
    return _Attempt(_relative_error(chosen, probe, noise, exact), chosen)


def _without_weight(probe: Probe, world: World, mean_rate: float) -> DecayLaw:
    """G about the collected angle, up to a factor: that of a field which collects the same part at all times."""
    signal, matched = world.signal, not world.pulses.is_free
    steady = replace(signal, frequency="matched", phase=0.0) if matched else Signal(signal.weights)
    return decay_law(lambda times: gain(probe, World(world.noise, steady, world.pulses), times), 1 / mean_rate)


def _slower(
    law: DecayLaw, smooth: DecayLaw, ratio: float, weight: Callable[[FloatArray], FloatArray] | None
) -> DecayLaw:
    """The curve if decay were `ratio` times as fast as the noise says; the signal stays."""
    times = np.unique(np.concatenate([law.times, law.times / ratio]))
    values = smooth.at(ratio * times)
    return DecayLaw(times, values if weight is None else values * weight(times), law.start)


def _follows(rule: Rule, probe: Probe, noise: AnyNoise, exact: float, slowest: float) -> bool:
    """Whether the rule's curve through the exact G at its times is close to G: ∫|difference| dt is small beside 𝓘."""
    times = np.geomspace(1e-3 * rule.times[0], max(3 * rule.times[-1], 30 / slowest), 300)
    curve = rule.interpolation(times) @ gain(probe, noise, rule.times)
    difference = np.abs(curve - gain(probe, noise, times)) * times
    return bool(np.trapezoid(difference, np.log(times)) <= _CURVE_ERROR * exact)


def _rounded(rule: Rule, digits: int = 9) -> Rule:
    """Nine digits: times are part of a point's identity, which must not depend on the last bit of an integral."""
    return replace(rule, times=np.array([float(f"{time:.{digits}g}") for time in rule.times]))


def _relative_error(rule: Rule, probe: Probe, noise: AnyNoise, exact: float) -> float:
    if exact == 0:
        return 0.0
    return abs(float(rule.weights @ gain(probe, noise, rule.times)) / exact - 1)
