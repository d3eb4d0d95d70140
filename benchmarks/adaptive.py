"""Variance of 𝓘 over the floor, bias and coverage: one step, and two (`strategy = "adaptive"`).

    python benchmarks/adaptive.py [--repetitions 1000] [--shots 1000] [--sizes 4 32] [--only adaptive]

Prints a Markdown table. Plans, pilots and estimates are those of runs; counts are drawn from the exact distributions of
tests/support/synthetic.py in the place of the emulator. `shots` is what a spec says, for every circuit; all strategies
spend the same total M.

floor: the least variance of any unbiased measurement of M copies that assumes only the kind of probe, at the times of
the rule that is designed for the true noise, the copies shared out best: (Σ |w| σ)²/M with the weights w of the rule
and σ² the floor of one copy (`estimators.floor`, a quantum Cramér–Rao bound). It knows state and phase beforehand, so
that nothing measures at 1.

`field` and `decay` are the truth over what the spec says. `bias` is in standard errors of the mean over the
repetitions, `coverage` that of the 95 % interval of 𝓘; the error of `variance` is that of so many repetitions.
"""

import argparse
import sys
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "tests" / "support"))
import stepwise
import synthetic

from qsense.comparison.points import measure_point
from qsense.estimators import floor
from qsense.noise import LocalNoise
from qsense.probes import Probe
from qsense.runs.adaptive import rest_of
from qsense.runs.pilots import decide, pilot_of
from qsense.runs.plan import plan
from qsense.runs.spec import RunSpec
from qsense.theory import integrated_gain
from qsense.theory.times import designed_rule

RATES = {"dephasing": {"dephasing_rate": 0.1}, "emission": {"emission_rate": 0.1}}  # as in `synthetic`
FIELD = 0.2
OFF = ((1.0, 1.0), (1.05, 1.0), (1.2, 1.0), (1.0, 2.0), (1.0, 0.5))
STRATEGIES = {
    "equal": {},
    "optimal": {"allocation": "optimal"},
    "phase_known": {"allocation": "optimal", "options": {"phase_known": True}},
    "adaptive": {"strategy": "adaptive"},
}


def spec_of(kind, size, noise, shots, strategy, decay=1.0, **extra):
    more = dict(STRATEGIES[strategy])
    options = more.pop("options", {})
    rates = {key: rate / decay for key, rate in RATES[noise].items()}
    return RunSpec.from_dict(
        {
            "schema": 1,
            "name": "adaptive",
            "probes": kind,
            "num_qubits": size,
            "noise": {"name": noise, **rates},
            "estimators": {"estimator": kind, **options},
            "field_rad_per_s": FIELD,
            "shots": shots,
            "seed": 0,
            **more,
            **extra,
        }
    )


def integral_of(rng, spec, point, noise, field):
    """𝓘 of one run, with the interval that it reports: wider where the counts decay otherwise than the spec says."""
    if point.step:
        counts = stepwise.drawn(rng, pilot_of(point), noise, field)
        point = rest_of(point, counts, decide(spec, point, counts))
    return measure_point(point, stepwise.drawn(rng, point, noise, field)).integral.total


def floor_of(kind, size, noise, total):
    """The floor of the variance of 𝓘, and its exact value."""
    probe = Probe.ghz(size) if kind == "ghz" else Probe.product(size)
    own = LocalNoise(*(synthetic.rates(noise, 1)[k][0] for k in range(3)))
    rule = designed_rule(probe, own)
    least = []
    for time in rule.times:
        if kind == "ghz":
            block = synthetic.ghz(noise, size, time)
            least.append(floor.ghz_variance(size, block.population, block.visibility))
        else:
            least.append(floor.product_variance(synthetic.coherences(noise, size, time)))
    return float(np.abs(rule.weights) @ np.sqrt(np.maximum(least, 0))) ** 2 / total, integrated_gain(probe, own).value


def row(kind, size, noise, shots, strategy, field, decay, repetitions, seed=1):
    spec = spec_of(kind, size, noise, shots, strategy, decay)
    (point,) = plan(spec)
    least, exact = floor_of(kind, size, noise, sum(map(sum, point.row_shots)))
    rng = np.random.default_rng([seed, size, shots, *map(ord, strategy)])
    totals = [integral_of(rng, spec, point, noise, FIELD * field) for _ in range(repetitions)]
    values = np.array([one.value for one in totals])
    ratio = values.var(ddof=1) / least
    covered = np.mean([low <= exact <= high for low, high in (one.interval for one in totals)])
    bias = (values.mean() - exact) / (values.std(ddof=1) / np.sqrt(repetitions))
    return ratio, ratio * np.sqrt(2 / (repetitions - 1)), covered, bias


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=1000)
    parser.add_argument("--shots", type=int, nargs="+", default=[200, 1000])
    parser.add_argument("--sizes", type=int, nargs="+", default=[4, 32])
    parser.add_argument("--only", nargs="+", choices=STRATEGIES, default=list(STRATEGIES))
    parser.add_argument("--probes", nargs="+", choices=("ghz", "product"), default=["ghz", "product"])
    parser.add_argument("--off", action="store_true", help="the cases where field or decay are not as the spec says")
    options = parser.parse_args()
    print(f"{options.repetitions} repetitions\n")
    print("| probe | N | noise | shots | strategy | field | decay | variance / floor | coverage | bias |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for kind in options.probes:
        for size in options.sizes:
            for noise in list(RATES)[: 1 if kind == "product" else 2]:  # whose spins see their coherence alone
                for shots in options.shots:
                    for strategy in options.only:
                        for field, decay in OFF[1:] if options.off else OFF[:1]:
                            ratio, error, covered, bias = row(
                                kind, size, noise, shots, strategy, field, decay, options.repetitions
                            )
                            print(
                                f"| {kind} | {size} | {noise} | {shots} | {strategy} | {field:g} | {decay:g} "
                                f"| {ratio:.2f} ± {error:.2f} | {covered:.1%} | {bias:+.1f} |",
                                flush=True,
                            )


if __name__ == "__main__":
    main()
