"""𝓘 where it has a closed form, and what rounding does to it."""

from __future__ import annotations

import itertools
import math

import numpy as np

from qsense.noise import LocalNoise, World
from qsense.probes import Probe
from qsense.theory.block import is_block, is_sum, reach
from qsense.theory.closed import integrated_ghz_gain, integrated_product_gain
from qsense.theory.laws import law_along
from qsense.theory.shared import rounding as rounding_of
from qsense.theory.waves import is_wave

_MOST_DENSE = 10  # spins of dense matrices; shared noise that is not alike needs them


def closed_integral(probe: Probe, world: World) -> float | None:
    """Returns 𝓘 in s where it has a closed form, else None."""
    n, model = probe.num_qubits, world.noise
    is_ghz = is_block(probe, model)
    if is_wave(world) or not (is_ghz or is_sum(probe, model)):
        return None
    factor = 1.0 if world.is_plain else float(world.collected(np.ones(1))[0] ** 2)
    if not model.phase_noise and world.signal.has_unit_weights:
        if not is_ghz:
            found = integrated_product_gain(n, model.local, probe.tilt)
        else:
            found = integrated_ghz_gain(n, model.local)
            factor *= (1 - probe.tilt**2) * (1.0 if not probe.signs else (reach(probe, world) / n) ** 2)
        return None if found is None else found * factor
    if not is_ghz:
        weights = world.weights(n)
        parts = [(weight**2, law_along(world, spin, False)) for weight, spin in zip(weights, np.eye(n), strict=True)]
    elif isinstance(model.local, LocalNoise) and not model.local.relaxation_rates(n).any():
        parts = [(reach(probe, world) ** 2, law_along(world, probe.branch, True))]
    else:
        return None
    total = 0.0
    for square, law in parts:
        own = None if law is None else law.integral()
        if own is None:
            return None
        total += square * own if square else 0.0
    return factor * (1 - probe.tilt**2) * total


def of_covariance(probe: Probe, world: World, value: float) -> float:
    """Returns what rounding of C does to 𝓘 of a probe of which nearly nothing of the shared noise reaches a part."""
    if not math.isfinite(value) or not world.noise.is_correlated:
        return 0.0
    n = probe.num_qubits
    if is_block(probe, world.noise):
        return value * rounding_of(world, probe.branch)
    unit = np.eye(n)
    pairs = [
        unit[i] + sign * unit[j] for i, j in itertools.combinations(range(min(n, _MOST_DENSE)), 2) for sign in (-1, 1)
    ]
    return value * max((rounding_of(world, one) for one in pairs), default=0.0)


def closed_error(value: float, exponent: float) -> float:
    """Returns the rounding of a closed form of 𝓘: of a sum and its inverse, or of exp of a sum of logarithms."""
    if value == 0 or math.isinf(value):
        return 0.0
    terms = 0.0 if exponent == 1 else abs(math.log(value)) + 2 * (math.lgamma(1 + 1 / exponent) + 1 / exponent)
    return 1e-15 * (1 + terms) * value
