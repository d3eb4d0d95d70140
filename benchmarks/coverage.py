"""Bias and coverage of the estimators over repeated runs of the real path: a spec, the emulator, counts, estimates.

    python benchmarks/coverage.py [--repetitions 300] [--shots 1000] [--part structured|tomography] [--workers 2]

Prints a Markdown table: for each probe, noise and estimator, G at the first, the middle and the last of the designed
times, and 𝓘 from all of them. Bias is in units of the standard error of one run; the interval is the estimate's own
95 % interval, which should hold the exact value in 95 % of runs. A row outside 92 … 98 % coverage by more than the
study's own noise (three standard deviations of a proportion), or with a bias of over half a standard error, is marked
FAILS; a row outside without being significantly so, or above 98 % where the truth is at a limit, is marked with a note.
"""

import argparse
import os
from concurrent.futures import ProcessPoolExecutor

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from qsense import emulator
from qsense.comparison.points import measure_point
from qsense.runs.plan import plan
from qsense.runs.spec import RunSpec

NOISES = {
    "dephasing": {"name": "dephasing", "dephasing_rate": 0.4},
    "emission": {"name": "emission", "emission_rate": 0.1},
    "mixed": {"name": "mixed", "dephasing_rate": 0.05, "emission_rate": 0.08, "absorption_rate": 0.02},
}
GHZ = [{"estimator": "ghz", "readout": readout} for readout in ("loss_flag", "parity", "multiple_quantum")]
SHIFT = [{"estimator": "parameter_shift"}]
TOMOGRAPHY = [{"estimator": "tomography", "derivative": derivative} for derivative in ("shift", "commutator")]


def cases(part):
    if part in (None, "structured"):
        for size in (2, 8, 32, 100):
            for probe, estimators in (("ghz", GHZ + SHIFT), ("product", [{"estimator": "product"}, *SHIFT])):
                yield from ((probe, size, noise, estimator) for noise in NOISES for estimator in estimators)
    if part in (None, "tomography"):
        for size in (1, 2, 3, 4):
            for probe in ("ghz", "product", "dicke_x:1")[: 3 if size > 1 else 2]:
                yield from ((probe, size, noise, estimator) for noise in NOISES for estimator in TOMOGRAPHY)


def study(case, repetitions, shots):
    """The rows of one case: label, exact value, mean, bias over stderr, stderr over sd, coverage."""
    probe, size, noise, estimator = case
    values, errors, held = [], [], []
    for seed in range(repetitions):
        spec = RunSpec.from_dict(
            {
                "schema": 1,
                "name": "coverage",
                "probes": probe,
                "num_qubits": size,
                "noise": NOISES[noise],
                "estimators": estimator,
                "field_rad_per_s": 0.2,
                "shots": shots,
                "seed": seed,
            }
        )
        (point,) = plan(spec)
        counts = [
            emulator.sample(one.experiment, one.settings, one.shots, point.noise, one.seed)
            for one in point.acquisitions()
        ]
        found = measure_point(point, counts)
        exact = np.append(found.gain_exact, float(point.rule.weights @ found.gain_exact))
        estimates = [*found.estimates, found.integral.total]
        values.append([e.value for e in estimates])
        errors.append([e.stderr for e in estimates])
        held.append(
            [e.interval[0] - 1e-12 <= x <= e.interval[1] + 1e-12 for e, x in zip(estimates, exact, strict=True)]
        )
    values, errors, held = np.array(values), np.array(errors), np.array(held)
    spread = values.std(0, ddof=1)
    with np.errstate(divide="ignore", invalid="ignore"):
        bias = np.where(spread > 0, (values.mean(0) - exact) / spread, 0.0)
        ratio = np.where(spread > 0, errors.mean(0) / spread, np.nan)
    last = len(point.rule.times) - 1
    labels = {0: "first", last // 2: "middle", last: "last", last + 1: "𝓘"}
    return [(label, exact[k], values[:, k].mean(), bias[k], ratio[k], held[:, k].mean()) for k, label in labels.items()]


def verdict(bias, coverage, repetitions):
    noise = 3 * np.sqrt(0.95 * 0.05 / repetitions)
    if abs(bias) > 0.5 + 3 / np.sqrt(repetitions) or coverage < 0.92 - noise:
        return "FAILS"
    if abs(bias) > 0.5 or coverage < 0.92:
        return "within the study's noise"
    return "wider than needed" if coverage > 0.98 else ""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=300)
    parser.add_argument("--shots", type=int, default=1000)
    parser.add_argument("--part", choices=("structured", "tomography"))
    parser.add_argument("--workers", type=int, default=2)
    options = parser.parse_args()
    print("| probe | N | noise | estimator | what | exact | mean | bias/stderr | stderr/sd | coverage | |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    every = list(cases(options.part))
    tally = {"": 0, "wider than needed": 0, "within the study's noise": 0, "FAILS": 0}
    with ProcessPoolExecutor(options.workers) as pool:
        jobs = [pool.submit(study, case, options.repetitions, options.shots) for case in every]
        for (probe, size, noise, estimator), job in zip(every, jobs, strict=True):
            name = "/".join(estimator.values())
            for what, exact, mean, bias, ratio, coverage in job.result():
                word = verdict(bias, coverage, options.repetitions)
                tally[word] += 1
                print(
                    f"| {probe} | {size} | {noise} | {name} | {what} | {exact:.4g} | {mean:.4g} | {bias:+.2f} "
                    f"| {ratio:.2f} | {100 * coverage:.1f} % | {word} |",
                    flush=True,
                )
    words = ", ".join(f"{number} {word or 'as they should be'}" for word, number in tally.items())
    print(f"\n{sum(tally.values())} rows: {words}")


if __name__ == "__main__":
    main()
