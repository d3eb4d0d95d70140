"""At which times to measure: a Gauss rule designed from the noise, so that few times integrate G well."""

from __future__ import annotations

import logging
from dataclasses import replace

import numpy as np

from qsense.errors import ArgumentError
from qsense.noise import SpinNoise
from qsense.numerics.quadrature import MAX_NODES, Rule, gauss_rule
from qsense.probes import Probe
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


def decay_rate(probe: Probe, noise: SpinNoise) -> float:
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
        return float(single.mean())
    integral = integrated_gain(probe, noise).value
    if not np.isfinite(integral):
        raise ArgumentError(
            f'Under the noise "{noise.name}" a part of the gain of "{probe.name}" never decays: its integral diverges. '
            "Give every spin a rate."
        )
    return start / integral


def designed_rule(probe: Probe, noise: SpinNoise) -> Rule:
    """Returns the Gauss rule of 5 to 8 times that integrates the exact G to within 0.1 %.

    Several variables u = e^{−λt} are tried for each number of times; of those within 0.1 % the one whose weights
    amplify errors of G least is taken. Spins whose rates lie more than ten times apart get up to 24 times. Where no
    rule is within 0.1 %, the nearest is taken, and a warning says how near it is.

    Args:
        probe: the state that is prepared.
        noise: acts on each spin by itself; every part of G must decay.

    Raises:
        ArgumentError: some part of G never decays.

    >>> from qsense.noise import LocalNoise
    >>> len(designed_rule(Probe.ghz(4), LocalNoise(emission=0.1)).times)
    5
    """
    mean_rate = decay_rate(probe, noise)
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

    exact = integrated_gain(probe, noise).value
    nearest: tuple[float, Rule] | None = None
    for num_nodes, pairs, must_follow in attempts:
        passing = []
        for fall, unit in pairs:
            if fall > _LARGEST_POWER * unit:
                continue
            rule = gauss_rule(fall, unit, num_nodes)
            error = _relative_error(rule, probe, noise, exact)
            counts = error <= RELATIVE_ERROR or nearest is None or error < nearest[0]
            if not counts or (must_follow and not _follows(rule, probe, noise, exact, slowest)):
                continue
            if error <= RELATIVE_ERROR:
                passing.append(rule)
            if nearest is None or error < nearest[0]:
                nearest = error, rule
        if passing:
            return _rounded(min(passing, key=lambda rule: float(np.sum(rule.weights**2))))
    assert nearest is not None
    _LOG.warning(
        f'the designed times integrate the exact gain of "{probe.name}" under the noise "{noise.name}" only to within '
        f"{100 * nearest[0]:.2g} %; give `times_s` that suit it"
    )
    return _rounded(nearest[1])


def _follows(rule: Rule, probe: Probe, noise: SpinNoise, exact: float, slowest: float) -> bool:
    """Whether the rule's curve through the exact G at its times is close to G: ∫|difference| dt is small beside 𝓘."""
    times = np.geomspace(1e-3 * rule.times[0], max(3 * rule.times[-1], 30 / slowest), 300)
    curve = rule.interpolation(times) @ gain(probe, noise, rule.times)
    difference = np.abs(curve - gain(probe, noise, times)) * times
    return bool(np.trapezoid(difference, np.log(times)) <= _CURVE_ERROR * exact)


def _rounded(rule: Rule) -> Rule:
    """Nine digits: times are part of a point's identity, which must not depend on the last bit of an integral."""
    return replace(rule, times=np.array([float(f"{time:.9g}") for time in rule.times]))


def _relative_error(rule: Rule, probe: Probe, noise: SpinNoise, exact: float) -> float:
    if exact == 0:
        return 0.0
    return abs(float(rule.weights @ gain(probe, noise, rule.times)) / exact - 1)
