"""Does stopping where the interval is short bias a run? Whole runs in rounds on the emulator, repeated.

    python benchmarks/until_error.py [--repetitions 1000] [--cases NAME…] [--fixed SHOTS]

With --fixed nothing stops: each run has so many shots of every circuit, to compare with. Else each run measures until
the error that is asked for, with seeds of its own. Printed are: how many rounds and shots it took, how far the half
interval is below what was asked, the bias of 𝓘 (or of the largest G, of φ) in units of its own scatter, the root mean
square of z, how often the 95 % interval covers the exact value, and how many runs gave up. One takes some 0.3 s.
"""

from __future__ import annotations

import argparse
import logging
import tempfile

import numpy as np

from qsense.comparison import measure_point
from qsense.comparison.judged import judged
from qsense.comparison.precision import Target
from qsense.runs.adaptive import settled
from qsense.runs.preparation import prepare_run
from qsense.runs.rounds import with_rounds
from qsense.runs.spec import RunSpec
from qsense.workflow import until

# name: probe, N, noise, estimator, shots of the first round, goal, error, further keys
CASES = {
    "ghz img 5%": ("ghz", 4, "dephasing", "auto", 100, "img", "5%", {}),
    "ghz img 20%": ("ghz", 4, "dephasing", "auto", 40, "img", "20%", {}),
    "product img 5%": ("product", 4, "dephasing", "auto", 100, "img", "5%", {}),
    "product img 20%": ("product", 2, "dephasing", "auto", 40, "img", "20%", {}),
    "ghz emission 5%": ("ghz", 3, "emission", "auto", 100, "img", "5%", {}),
    "ghz gain 5%": ("ghz", 3, "dephasing", "auto", 60, "gain", "5%", {}),
    "ghz field 10%": ("ghz", 2, "dephasing", "auto", 60, "field", "10%", {}),
    "adaptive 5%": ("ghz", 4, "dephasing", "auto", 200, "img", "5%", {"strategy": "adaptive"}),
    "tomography 15%": ("ghz", 2, "dephasing", "tomography", 100, "img", "15%", {}),
}


def spec_of(case: str, seed: int) -> RunSpec:
    probe, size, noise, estimator, shots, _, _, more = CASES[case]
    entry = {
        "schema": 1, "name": "until", "probes": [probe], "num_qubits": [size], "noise": [noise],
        "estimators": [estimator], "field_rad_per_s": 0.2, "shots": shots, "seed": seed,
    }  # fmt: skip
    return RunSpec.from_dict({**entry, **more})


def one_run(case: str, seed: int, out: str, fixed: int | None) -> tuple[float, float, bool, int, int, float, bool]:
    """Returns value − truth, σ, whether the interval covers, rounds, shots half/asked, whether it gave up."""
    *_, goal, error, _ = CASES[case]
    spec = spec_of(case, seed)
    if fixed is not None:
        spec, error = spec.with_shots(fixed), "1e9"
    found = until.run_until_error(spec, error, goal, out=out)
    stopped = not found.is_reached
    (one,), target = found.found, Target.of(goal, error)
    (point,) = with_rounds(settled(prepare_run(spec, None).points, found.record), found.record)
    (measured,) = judged([measure_point(point, found.record.counts(point), None)], level=1e-3)
    if goal == "img":
        truth, low_high = measured.integrated_gain_exact.value, measured.integral.total.interval
        value, sigma = measured.integral.total.value, measured.integral.total.stderr
    elif goal == "gain":
        place = int(np.argmax(measured.gain_exact))
        estimate = measured.estimates[place]
        truth, value, sigma, low_high = measured.gain_exact[place], estimate.value, estimate.stderr, estimate.interval
    else:
        reading = measured.phases.field  # type: ignore[union-attr]
        truth, value, sigma, low_high = spec.field, reading.value, reading.stderr, reading.interval  # type: ignore[union-attr]
    covers = low_high[0] <= truth <= low_high[1]
    return value - truth, sigma, covers, found.rounds, found.shots, one.half / one.wanted(target), stopped


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=1000)
    parser.add_argument("--cases", nargs="*", default=list(CASES))
    parser.add_argument("--fixed", type=int)
    asked = parser.parse_args()
    logging.getLogger("qsense").setLevel(logging.ERROR)
    until.analyse = lambda record, points, progress: record
    print("| case | rounds | shots | half/asked | bias in σ (± its error) | rms of z | covers | gave up |")
    print("|---|---|---|---|---|---|---|---|")
    for case in asked.cases:
        found = []
        for seed in range(asked.repetitions):
            with tempfile.TemporaryDirectory() as out:
                found.append(one_run(case, seed, out, asked.fixed))
        off, sigma, covers, rounds, shots, half, gave_up = (
            np.array(column, dtype=float) for column in zip(*found, strict=True)
        )
        z, many = off / sigma, len(found)
        bias, error = off.mean() / off.std(), 1 / np.sqrt(many)
        cover = covers.mean()
        spread = np.sqrt(max(cover * (1 - cover), 1 / many) / many)
        print(
            f"| {case} | {rounds.mean():.2f} | {shots.mean():.0f} | {half.mean():.3f} | {bias:+.3f} ± {error:.3f} | "
            f"{np.sqrt(np.mean(z**2)):.3f} | {100 * cover:.1f} ± {100 * spread:.1f} % | {gave_up.sum():.0f} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
