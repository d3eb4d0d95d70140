"""Bias and coverage of the estimators over repeated runs of the real path: circuits on Aer, counts, estimates.

    python benchmarks/coverage.py [--repetitions 200] [--sizes 2] [--shots 1000]

Prints a Markdown table: for each probe, noise, estimator and time exact G, mean estimate, bias over the standard
deviation, the mean reported error over the standard deviation, and the coverage of the 95 % interval. A row outside
91 … 99 % coverage, or with a bias of over half a standard deviation, is marked FAILS.
"""

import argparse

import numpy as np

from qsense.backends import AerSampler
from qsense.measured import measure
from qsense.plan import plan
from qsense.spec import RunSpec

LIFETIMES = (0.1, 0.7, 2.5)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=200)
    parser.add_argument("--sizes", type=int, nargs="+", default=[2])
    parser.add_argument("--shots", type=int, default=1000)
    options = parser.parse_args()
    print("| probe | N | noise | estimator | t (s) | exact G | mean | bias/sd | error/sd | coverage | |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    for noise, rate in (("dephasing", 0.4), ("emission", 0.1)):
        for size in options.sizes:
            for probe in ("ghz", "product"):
                fall = rate * (size if probe == "ghz" else 1)
                for estimator in ("tomography", "parameter_shift"):
                    study(probe, size, noise, estimator, np.array(LIFETIMES) / fall, options)


def study(probe, size, noise, estimator, times, options) -> None:
    sampler = AerSampler()
    values, errors, exact = [], [], None
    for seed in range(options.repetitions):
        spec = RunSpec.from_dict(
            {
                "schema": 1,
                "name": "coverage",
                "probes": probe,
                "num_qubits": size,
                "noise": noise,
                "estimators": estimator,
                "field_rad_per_s": 0.2,
                "shots": options.shots,
                "times_s": times.tolist(),
                "seed": seed,
            }
        )
        (point,) = plan(spec)
        tables = [
            sampler.sample(job.experiment, job.settings, job.shots, point.noise, job.seed).table()
            for job in point.jobs()
        ]
        result = measure(point, tables)
        exact = np.append(result.gain_exact, result.img_exact.value + rule_error(result))
        values.append([e.value for e in result.estimates] + [result.integral.total.value])
        errors.append([e.stderr for e in result.estimates] + [result.integral.total.stderr])
    values, errors = np.array(values), np.array(errors)
    spread = values.std(0, ddof=1)
    bias = (values.mean(0) - exact) / spread
    coverage = np.mean(np.abs(values - exact) < 1.96 * errors, axis=0)
    for k, label in enumerate([f"{t:.3g}" for t in times] + ["𝓘 of the three"]):
        good = 0.91 <= coverage[k] <= 0.99 and abs(bias[k]) < 0.5
        print(
            f"| {probe} | {size} | {noise} | {estimator} | {label} | {exact[k]:.4g} | {values[:, k].mean():.4g} "
            f"| {bias[k]:+.2f} | {errors[:, k].mean() / spread[k]:.2f} | {100 * coverage[k]:.1f} % "
            f"| {'' if good else 'FAILS'} |",
            flush=True,
        )


def rule_error(result) -> float:
    """Three times do not integrate exactly: the estimate is compared with what they give for the exact G."""
    return float(result.point.rule.weights @ result.gain_exact) - result.img_exact.value


if __name__ == "__main__":
    main()
