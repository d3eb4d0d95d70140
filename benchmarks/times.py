"""How well the designed times integrate G: the error of 𝓘, how much errors of G are amplified, and other decay.

    python benchmarks/times.py [--quick]

Prints a Markdown table, one row for each law of decay and probe. `N` are the sizes tried; `times`, of how many times
the rules are; `error`, the largest |Σ ω G/𝓘 − 1| of the exact G over the sizes; `noise`, the largest √Σ(ω G(0)/𝓘)²: by
how much 𝓘 has a larger relative error than G(0), were the error of G the same at all times (under an alternating field,
of G about the collected angle). The last four columns are the error of 𝓘, in %, for the smallest size, where decay is
slower or faster than the noise says by that factor; the signal stays.
"""

import argparse
import os
import time

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from qsense import LocalNoise, Probe, gain, integrated_gain
from qsense.noise import Collective, Local, NoiseModel, OrnsteinUhlenbeck, PhaseNoise, PowerLaw, QuasiStatic, World
from qsense.signals import Signal
from qsense.theory.times import designed_rule

SIZES = (1, 2, 4, 16, 100)
RATIOS = (1 / 2, 2 / 3, 2.0, 3.0)


def phase(memory, space=Local, **others):
    """A function of a factor of time: the noise whose decay is as much faster."""

    def noise(speed):
        values = dict(memory[1])
        for key in ("spread", "low", "high"):
            if key in values:
                values[key] *= speed
        if "correlation_time" in values:
            values["correlation_time"] /= speed
        rates = {key: rate * speed for key, rate in others.items()}
        return NoiseModel(LocalNoise(**rates), phase_noise=[PhaseNoise(space(), memory[0](**values))])

    return noise


def local(exponent=1.0, **rates):
    return lambda speed: LocalNoise(**{key: rate * speed for key, rate in rates.items()}, exponent=exponent)


def under(noise, signal=None, idle="free"):
    return lambda speed: World(noise(speed), *([] if signal is None else [signal]), idle=idle)


GAUSS = QuasiStatic, {"spread": 1.0}
LAWS = {
    "dephasing": local(dephasing=0.1),
    "emission": local(emission=0.1),
    **{f"stretched, β = {beta:g}": local(beta, dephasing=0.1) for beta in (0.3, 0.5, 0.7, 1.5, 2, 3)},
    "stretched, β = 0.5, emission": local(0.5, dephasing=0.1, emission=0.1),
    "quasi-static": phase(GAUSS),
    "quasi-static, emission": phase(GAUSS, emission=0.5),
    "quasi-static, shared": phase(GAUSS, Collective),
    **{f"Ornstein–Uhlenbeck, στ = {t:g}": phase((OrnsteinUhlenbeck, {"spread": 1.0, "correlation_time": t}))
       for t in (0.1, 1, 10)},
    "Ornstein–Uhlenbeck, shared": phase((OrnsteinUhlenbeck, {"spread": 1.0, "correlation_time": 1.0}), Collective),
    "1/f": phase((PowerLaw, {"spread": 1.0, "exponent": 1.0, "low": 1e-3, "high": 1e3})),
    "1/f, Hahn, matched": under(
        phase((PowerLaw, {"spread": 1.0, "exponent": 1.0, "low": 1e-3, "high": 1e3})),
        Signal(frequency="matched"), "hahn"),
    "Ornstein–Uhlenbeck, Hahn, matched": under(
        phase((OrnsteinUhlenbeck, {"spread": 1.0, "correlation_time": 3.0})),
        Signal(frequency="matched"), "hahn"),
    "dephasing, f = 0.1 Hz": under(local(dephasing=0.1), Signal(frequency=0.1)),
    "quasi-static, f = 3 Hz": under(phase(GAUSS), Signal(frequency=3.0)),
    "Ornstein–Uhlenbeck, Hahn, f = 0.3 Hz": under(
        phase((OrnsteinUhlenbeck, {"spread": 1.0, "correlation_time": 3.0})), Signal(frequency=0.3), "hahn"),
}  # fmt: skip


def row(name, law, kind, sizes):
    errors, noise, counts, other = [], [], set(), []
    for size in sizes:
        probe, world = Probe.named(kind, size), law(1.0)
        rule, exact = designed_rule(probe, world), integrated_gain(probe, world).value
        gains = gain(probe, world, rule.times)
        errors.append(abs(rule.weights @ gains / exact - 1))
        weight = world.collected(rule.times) ** 2 if isinstance(world, World) else 1.0
        top = float(np.max(gains / np.maximum(weight, 1e-300)))
        noise.append(np.linalg.norm(rule.weights * weight) * top / exact)
        counts.add(len(rule.times))
        if not other:
            for ratio in RATIOS:
                true = law(ratio)
                whole = integrated_gain(probe, true).value
                other.append(100 * (rule.weights @ gain(probe, true, rule.times) / whole - 1))
    shown = f"{min(counts)}" if len(counts) == 1 else f"{min(counts)}–{max(counts)}"
    cells = [name, kind, ", ".join(map(str, sizes)), shown, f"{max(errors):.1e}", f"{max(noise):.1f}"]
    return "| " + " | ".join([*cells, *(f"{value:+.1f}" for value in other)]) + " |", max(errors)


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--quick", action="store_true", help="N up to 4")
    sizes = [size for size in SIZES if size <= 4 or not parser.parse_args().quick]
    begin, worst = time.perf_counter(), 0.0
    print("| decay | probe | N | times | error | noise | × 1/2 | × 2/3 | × 2 | × 3 |\n" + "|---" * 10 + "|")
    for name, law in LAWS.items():
        for kind in ("ghz", "product"):
            dear = kind == "product" and "shared" in name  # blocks of total spin
            line, error = row(name, law, kind, [size for size in sizes if not dear or size <= 16])
            print(line, flush=True)
            worst = max(worst, error)
    print(f"\nworst error: {worst:.1e}; {time.perf_counter() - begin:.0f} s")


if __name__ == "__main__":
    main()
