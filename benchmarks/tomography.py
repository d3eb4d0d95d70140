"""Bias and coverage of tomography over repeated runs, from counts drawn of exact probabilities: no simulator.

    python benchmarks/tomography.py [--sizes 1 2 3] [--noises emission] [--probes ghz w] [--repetitions 300]
                                    [--shots 1000] [--derivative commutator] [--parts gain] [--speed]

Prints Markdown. For each probe, size and noise: G at 0.1, 0.7 and 2.5 of its lifetimes, and 𝓘 by the designed Gauss
rule: exact value, mean of the U-statistic, its bias and its mean reported error over its standard deviation, the
coverage of the 95 % interval, and the bias of the plug-in value and of the lower bound, with the standard error of its
mean.

A row is marked FAILS if coverage is outside 92 … 98 % or the bias over half a standard deviation, with what is behind
it: bias, an error bar of wrong length, or a skewed distribution. With 300 repetitions scatter alone does so to 2 % of
the rows. A row is marked "bound" if the lower bound is above the truth by over 3 standard errors of its mean.

`w` has fixed J_z: its gain is 0, a control. `w_plus` is (|down…down> + |W>)/√2, whose gain is 1.
`--speed` prints processor milliseconds per estimate instead.
"""

import argparse
import math
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[1] / "tests" / "support"))
import sampling

from qsense import LocalNoise, Probe, gain, integrated_gain
from qsense.estimators import tomography
from qsense.estimators.result import integrate_estimates
from qsense.theory.times import decay_rate, designed_rule

LIFETIMES = (0.1, 0.7, 2.5)
NOISES = {
    "dephasing": LocalNoise(dephasing=0.1),
    "emission": LocalNoise(emission=0.1),
    "mixed": LocalNoise(dephasing=0.03, emission=0.1),
}
PROBES = ("ghz", "product", "w_plus", "w")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[1, 2, 3, 4])
    parser.add_argument("--noises", nargs="+", choices=list(NOISES), default=list(NOISES))
    parser.add_argument("--probes", nargs="+", choices=PROBES, default=list(PROBES))
    parser.add_argument("--repetitions", type=int, default=300)
    parser.add_argument("--shots", type=int, default=1000)
    parser.add_argument("--derivative", choices=["shift", "commutator"], default="shift")
    parser.add_argument("--parts", nargs="+", choices=["gain", "img"], default=["gain", "img"])
    parser.add_argument("--speed", action="store_true")
    options = parser.parse_args()
    if options.speed:
        speed(options)
        return
    print("| probe | N | noise | t (s) | exact | mean | bias/sd | error/sd | coverage | plug-in bias | bound bias | |")
    print("|" + "---|" * 12)
    for size in options.sizes:
        for noise in options.noises:
            for kind in options.probes:
                if size > 1 or kind in ("ghz", "product"):
                    study(kind, size, noise, options)


def probe_of(kind: str, size: int) -> Probe:
    if kind in ("ghz", "product"):
        return Probe.named(kind, size)
    lines = ['OPENQASM 3.0; include "stdgates.inc";', f"qubit[{size}] q;", "h q[0];" if kind == "w_plus" else "x q[0];"]
    for spin in range(1, size):
        angle = 2 * math.acos(math.sqrt(1 / (size - spin + 1)))
        lines += [f"cry({angle!r}) q[{spin - 1}], q[{spin}];", f"cx q[{spin}], q[{spin - 1}];"]
    return Probe.from_text("\n".join(lines), kind)


def study(kind, size, noise_name, options) -> None:
    probe, noise = probe_of(kind, size), NOISES[noise_name]
    rng = np.random.default_rng([size, PROBES.index(kind), list(NOISES).index(noise_name)])
    settings = tomography.design(size, options.derivative)

    def repeat(moment):
        exact = sampling.distributions(probe, noise, moment, settings)
        tables = rng.multinomial(options.shots, exact, size=(options.repetitions, len(exact)))
        return tomography.estimates(tables, options.derivative, [rng] * options.repetitions)

    lifetime = 1 / decay_rate(probe, noise)
    for moment in np.array(LIFETIMES) * lifetime if "gain" in options.parts else []:
        row(kind, size, noise_name, f"{moment:.3g}", float(gain(probe, noise, [moment])[0]), repeat(moment))
    if "img" not in options.parts:
        return
    rule = designed_rule(probe, noise)
    runs = zip(*[repeat(moment) for moment in rule.times], strict=True)
    integrals = [integrate_estimates(rule, run) for run in runs]
    row(kind, size, noise_name, "𝓘", integrated_gain(probe, noise).value, integrals)


def row(kind, size, noise, label, exact, results) -> None:
    exact = exact if exact > 1e-12 else 0.0  # rounding of states without gain
    totals = [getattr(result, "total", result) for result in results]
    values, errors = np.array([(e.value, e.stderr) for e in totals]).T
    plug_in, bound = (np.array([r.others[name].value for r in results]) for name in ("plug_in", "lower_bound"))
    count, spread = len(values), values.std(ddof=1)
    bias, length = (values.mean() - exact) / spread, np.sqrt(np.mean(errors**2)) / spread
    intervals = np.array([e.interval for e in totals])
    coverage = np.mean((intervals[:, 0] <= exact + 1e-9) & (exact - 1e-9 <= intervals[:, 1]))
    loss, loss_error = bound.mean() - exact, bound.std(ddof=1) / np.sqrt(count)
    print(
        f"| {kind} | {size} | {noise} | {label} | {exact:.4g} | {values.mean():.4g} | {bias:+.2f} | {length:.2f} "
        f"| {100 * coverage:.1f} % | {plug_in.mean() - exact:+.3f} | {loss:+.3f} ± {loss_error:.3f} "
        f"| {verdict(values, bias, length, coverage)}{' bound' if loss > 3 * loss_error else ''} |",
        flush=True,
    )


def verdict(values, bias, length, coverage) -> str:
    if abs(bias) <= 0.5 and 0.92 <= coverage <= 0.98:
        return ""
    causes = []
    if abs(bias) > 0.5:
        causes.append("bias")
    if abs(length - 1) > 0.1:
        causes.append(f"error bars {abs(length - 1):.0%} too {'long' if length > 1 else 'short'}")
    skewness = float(np.mean(((values - values.mean()) / values.std()) ** 3))
    if abs(skewness) > 0.5:
        causes.append(f"skewness {skewness:+.1f}")
    if not causes and abs(bias) > 0.25:
        causes.append("bias within its limit")
    return f"FAILS: {', '.join(causes) or 'none found beside scatter'}"


def speed(options) -> None:
    print("| N | derivative | rows | ms per estimate |")
    print("|---|---|---|---|")
    for size in options.sizes:
        for derivative in ("shift", "commutator"):
            settings = tomography.design(size, derivative)
            exact = sampling.distributions(Probe.ghz(size), NOISES["emission"], 1.0, settings)
            rng = np.random.default_rng(0)
            table = rng.multinomial(options.shots, exact)
            taken = []
            for _ in range(5):
                start = time.process_time()
                tomography.estimate(table, derivative, rng)
                taken.append(time.process_time() - start)
            print(f"| {size} | {derivative} | {len(settings)} | {1e3 * min(taken):.1f} |", flush=True)


if __name__ == "__main__":
    main()
