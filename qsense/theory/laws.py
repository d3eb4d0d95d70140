"""Laws of decay that can be integrated: what a part of G loses along one direction of the spins, as a law of time.

G of GHZ and product probes is a sum of A exp[−E(t)] as long as populations stay. E is a sum of rt (exponential decay,
white noise), (at)² (quasi-static noise) and bt^β (stretched decay); other memories have other laws.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from qsense.noise import LocalNoise, QuasiStatic, Stretched, White, World
from qsense.noise.pace import pace
from qsense.numerics.fisher import FloatArray
from qsense.theory.closed import stretched_integral
from qsense.theory.shared import felt

_SPECTRUM, _CANCELS = 1e-10, 1e-10


class Law(NamedTuple):
    """E(t) = rt + (at)² + Σ b t^β.

    Attributes:
        rate: r in 1/s.
        gaussian: a in 1/s.
        stretched: (β, ln b) of each further part.
    """

    rate: float
    gaussian: float
    stretched: tuple[tuple[float, float], ...]

    def integral(self) -> float | None:
        """Returns ∫₀^∞ exp(−E) dt in s; infinite where E is 0, None where there is no closed form.

        Source: Abramowitz & Stegun, 7.4.2, for rt + (at)².

        >>> Law(2.0, 0.0, ()).integral(), round(Law(0.0, 1.0, ()).integral(), 12)
        (0.5, 0.886226925453)
        """
        if not self.stretched:
            if not self.gaussian:
                return 1 / self.rate if self.rate else math.inf
            if not self.rate:
                return math.sqrt(math.pi) / 2 / self.gaussian
            from scipy.special import erfcx

            return math.sqrt(math.pi) / 2 / self.gaussian * float(erfcx(self.rate / (2 * self.gaussian)))
        exponents = {exponent for exponent, _ in self.stretched}
        if self.rate or self.gaussian or len(exponents) > 1:
            return None
        exponent = exponents.pop()
        log = float(np.logaddexp.reduce([log for _, log in self.stretched]))
        return stretched_integral(exponent, (math.log(2) - log) / exponent)


def law_along(world: World, direction: FloatArray, keeps_populations: bool) -> Law | None:
    """Returns the law of what is left of |coherence|² between states that differ by d; None where it has another form.

    Args:
        world: signal, noise and pulses.
        direction: d_j ∈ {−1, 0, 1}, shape (spins,).
        keeps_populations: whether emission and absorption are left out.
    """
    n, local = len(direction), world.noise.local
    if not isinstance(local, LocalNoise):
        return None
    square, dephasing = direction**2, local.rates(n)["dephasing"]
    rate = 0.0 if keeps_populations else float(square @ local.relaxation_rates(n))
    gaussian, stretched = 0.0, []
    if local.exponent == 1:
        rate += 4 * float(square @ dephasing)
    else:
        parts = [(2 * gamma, local.exponent) for gamma in dephasing[(square > 0) & (dephasing > 0)]]
        stretched = [(exponent, math.log(2) + exponent * math.log(gamma)) for gamma, exponent in parts]
    for part in world.noise.phase_noise:
        factor = felt(part.space, direction)
        if not factor:
            continue
        if isinstance(part.memory, White):
            rate += 4 * part.memory.rate * factor
        elif isinstance(part.memory, QuasiStatic):
            gaussian = math.hypot(gaussian, math.sqrt(factor) * part.memory.decay_rate(world.pulses))
        elif isinstance(part.memory, Stretched):
            gamma, exponent = part.memory.rate, part.memory.exponent
            stretched.append((exponent, math.log(2 * factor) + exponent * math.log(2 * gamma)))
        else:
            return None
    left = []
    for exponent, log in stretched:
        if exponent == 1:
            rate += math.exp(log)
        elif exponent == 2:
            gaussian = math.hypot(gaussian, math.exp(log / 2))
        else:
            left.append((exponent, log))
    return Law(rate, gaussian, tuple(left))


def memory_error(world: World) -> float:
    """Returns the relative error of an integral of G from that of the variances v(t) of memories.

    Of a power law v is itself an integral; of Ornstein–Uhlenbeck noise under pulses it is a sum in which much cancels.
    """
    kinds = {part.memory.kind for part in world.noise.phase_noise}
    if "power_law" in kinds:
        return _SPECTRUM
    return _CANCELS if "ornstein_uhlenbeck" in kinds and not world.pulses.is_free else 0.0


def rate_along(world: World, direction: FloatArray) -> float:
    """Returns how fast |coherence|² between states that differ by d decays, the sum of its parts' rates, in 1/s."""
    rates = world.noise.local.decay_rates(len(direction))
    whole = float(direction**2 @ rates)
    for part in world.noise.phase_noise:
        whole += pace(part.memory, felt(part.space, direction), world.pulses)
    return whole
