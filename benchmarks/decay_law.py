"""How often intervals of 𝓘 cover, where the counts decay otherwise than the noise says, and how wide they are.

    python benchmarks/decay_law.py [--repetitions 400]

The counts are drawn from closed forms of one spin; times and weights are those that a run would take for the assumed
noise (rate 1). "before" is the quadrature alone.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable
from math import gamma

import numpy as np

from qsense.comparison import decay_law
from qsense.estimators import ghz, integrate_estimates, product
from qsense.estimators.fringe import as_estimates
from qsense.noise import LocalNoise
from qsense.numerics.quadrature import rule_for_times
from qsense.probes import Probe
from qsense.theory import gain, integrated_gain
from qsense.theory.times import decay_rate, designed_rule


def spin_shares(rng, coherence, size, shots):
    """How often every spin was down and up along and across its phase, and along z: (rows, spins, 2)."""
    means = np.array([coherence, 0.0, 0.0])
    down = rng.binomial(shots, (1 + means[:, None]) / 2, (3, size))
    return np.stack([down, shots - down], axis=-1)


def block_shares(rng, population, visibility, shots):
    """Spin 0 down, up, and flagged shots, at the top of the fringe and beside it: (rows, 3)."""
    rows = [[(population + v) / 2, (population - v) / 2, 1 - population] for v in (visibility, 0.0)]
    return np.stack([rng.multinomial(shots, row) for row in rows])


def product_estimate(rng, time, size, shots, coherence):
    shares = spin_shares(rng, coherence(time), size, shots)
    return as_estimates(product.gains(shares), (0.0, float(size)))[0]


def ghz_estimate(rng, time, size, shots, rate):
    """Under emission at a rate."""
    x = np.exp(-rate * time)
    population, visibility = (1 + (1 - x) ** size + x**size) / 2, x ** (size / 2)
    shares = block_shares(rng, population, visibility, shots)
    return as_estimates(ghz.gains(shares, size, "loss_flag"), (0.0, size**2.0))[0]


def ghz_emission_integral(size, rate):
    u = (np.arange(20000) + 0.5) / 20000
    return 2 * size**2 / rate * float(np.mean(u ** (size - 1) / (1 + (1 - u) ** size + u**size)))


def case(rng, name: str, probe, noise, truth: float, draw: Callable, shots: int, repetitions: int, times=None) -> None:
    rule = designed_rule(probe, noise) if times is None else rule_for_times(np.array(times), decay_rate(probe, noise))
    exact = integrated_gain(probe, noise).value
    before = after = said = 0
    widths = []
    for _ in range(repetitions):
        estimates = [draw(rng, time, probe.num_qubits, shots) for time in rule.times]
        plain = integrate_estimates(rule, estimates)
        found = decay_law.checked(rule, estimates, plain, lambda t: gain(probe, noise, t), exact)
        for index, one in enumerate((plain, found.integral)):
            low, high = one.total.interval
            inside = low <= truth <= high
            before, after = (before + inside, after) if index == 0 else (before, after + inside)
        said += any(not one.held for one in found.assumptions)
        widths.append(found.integral.total.stderr / plain.total.stderr)
    print(
        f"{name:44s} {shots:5d} {before / repetitions:7.3f} {after / repetitions:6.3f} {np.median(widths):6.3f} "
        f"{np.mean(widths):6.3f} {said / repetitions:6.3f}",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=400)
    repetitions = parser.parse_args().repetitions
    rng = np.random.default_rng(21)
    print(f"{'counts':44s} shots  before  after  width  (mean)  said")
    dephasing, emission, size = LocalNoise(dephasing=0.25), LocalNoise(emission=1.0), 4  # coherence² e^{−t}
    for shots in (100, 1000):
        for rate, beta in ((1, 1), (2 / 3, 1), (1 / 2, 1), (1 / 3, 1), (3, 1), (1, 0.7), (1, 1.5)):

            def fall(time, rate=rate, beta=beta):
                return np.exp(-((rate * time) ** beta) / 2)

            def draw(rng, time, n, s, fall=fall):
                return product_estimate(rng, time, n, s, fall)

            truth = size / rate * gamma(1 + 1 / beta)
            name = f"product, rate {rate:.3g}, exponent {beta:g}"
            case(rng, name, Probe.product(size), dephasing, truth, draw, shots, repetitions)
        for rate in (1, 2 / 3, 1 / 2, 1 / 3):

            def drawn(rng, time, n, s, rate=rate):
                return ghz_estimate(rng, time, n, s, rate)

            truth = ghz_emission_integral(size, rate)
            for times in (None, (0.0, 0.05, 0.1), (0.0, 0.5, 1.0)):
                name = f"GHZ, emission, rate {rate:.3g}" + (f", times {times}" if times else "")
                case(rng, name, Probe.ghz(size), emission, truth, drawn, shots, repetitions, times)


if __name__ == "__main__":
    main()
