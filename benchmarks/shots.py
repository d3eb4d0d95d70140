"""How many shots 𝓘 costs: those that bring its standard error to 5 %, for each estimator, beside the physical floor.

    python benchmarks/shots.py [--target 0.05] [--seconds 2] [--probes ghz product] [--quick]

Prints a Markdown table. Runs take the real path: a spec, its plan, the emulator, counts, estimates. The shots of a
circuit are sought until the standard error that the runs report is within a tenth of the target (square root of the
mean square over the runs, over the exact value of what is estimated); only that last tenth is scaled, by the power of
the shots that the last two rounds show, or 1/√shots. Shots count all circuits of all times.

`equal` gives all times the same shots, `optimal` shares them out by a pilot on the emulator (`allocation = "optimal"`),
which knows the noise and is not counted. `floor` is what the best measurement of each copy needs, over the same
times and with the best allocation: (Σ |w| σ)² / (target · 𝓘)², σ² of `estimate.floor`. It holds for whoever knows the
kind of probe; tomography and parameter shifts know less. `error` is the root mean square deviation of the runs' 𝓘 from
its exact value, with its own standard error, in %: it should be the target in %. It is of the last shots tried.
`≤`: fewer shots than an estimator works with at all would do. `runs` are as many as `--seconds` allow, at most 40 and
at least one; fewer than three tell no `error`.
"""

import argparse
import os
import time
from dataclasses import replace

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from qsense import emulator
from qsense.comparison.points import measure_point
from qsense.estimators import floor
from qsense.runs.plan import plan
from qsense.runs.spec import RunSpec
from qsense.theory import integrated_gain

NOISES = {
    "dephasing": {"name": "dephasing", "dephasing_rate": 0.4},
    "emission": {"name": "emission", "emission_rate": 0.1},
}
GHZ = [{"estimator": "ghz", "readout": readout} for readout in ("loss_flag", "parity", "multiple_quantum")]
SHIFT = {"estimator": "parameter_shift"}
TOMOGRAPHY = [{"estimator": "tomography", "derivative": derivative} for derivative in ("shift", "commutator")]
STRUCTURED_SIZES, TOMOGRAPHY_SIZES = (2, 4, 8, 32, 100), (1, 2, 3, 4)
PLANNED_SHOTS = 10_000  # of the plan that is scaled: its shares of the times do not depend on it
NEAR = 0.1
MOST_RUNS, ROUNDS = 40, 8


def cases(quick, probes):
    """(probe, N, noise, estimator), one a row of the table."""
    for probe in probes:
        own = GHZ if probe == "ghz" else [{"estimator": "product"}]
        for estimators, sizes in (([*own, SHIFT], STRUCTURED_SIZES), (TOMOGRAPHY, TOMOGRAPHY_SIZES)):
            for estimator in estimators:
                for noise in NOISES:
                    yield from ((probe, size, noise, estimator) for size in sizes if not quick or size <= 3)


def planned(case, allocation):
    probe, size, noise, estimator = case
    spec = RunSpec.from_dict(
        {
            "schema": 1,
            "name": "shots",
            "probes": probe,
            "num_qubits": size,
            "noise": NOISES[noise],
            "estimators": estimator,
            "field_rad_per_s": 0.2,
            "shots": PLANNED_SHOTS,
            "allocation": allocation,
            "seed": 0,
        }
    )
    (point,) = plan(spec)
    return point


def scaled(point, factor, seed):
    """The point with its shots times a factor, but as many as its estimator needs; and a seed of its own."""
    shots = tuple(max(point.method.min_shots, round(shots * factor)) for shots in point.shots)
    return replace(point, shots=shots, seed=seed)


def observed(point):
    """The result of one run, beside the exact values."""
    counts = [
        emulator.sample(one.experiment, one.settings, one.shots, point.noise, one.seed) for one in point.acquisitions()
    ]
    return measure_point(point, counts)


def needed(point, target, start, seconds):
    """Finds the shots that reach the target.

    Args:
        point: the point to scale.
        target: relative standard error.
        start: the factor to start with, of the point's shots.
        seconds: when to stop repeating the runs.

    Returns:
        the shots of all circuits and times, whether they are the least that the estimator takes, the error of the runs
        and its standard error (both relative), the number of runs, and the factor.
    """
    factor, seed, power, before = start, 1, 0.5, None
    for _ in range(ROUNDS):
        results, begun = [], time.perf_counter()
        tried = scaled(point, factor, seed)
        while not results or (len(results) < MOST_RUNS and time.perf_counter() - begun < seconds):
            results.append(observed(replace(tried, seed=seed)))
            seed += 1
        exact = results[0].integrated_gain_exact.value
        reported = np.sqrt(np.mean([m.integral.total.stderr**2 for m in results])) / exact
        at_least = max(tried.shots) == point.method.min_shots
        now = np.log([sum(tried.shots), reported])
        if before is not None and abs(now[0] - before[0]) > 0.1:
            # Tomography's error of a product state falls nearly as 1/shots: steps by the square would go to and fro.
            power = float(np.clip((before[1] - now[1]) / (now[0] - before[0]), 0.4, 1.2))
        before = now
        if abs(reported / target - 1) < NEAR or (at_least and reported < target):
            break
        factor *= float(np.clip((reported / target) ** (1 / power), 1 / 30, 30))
    else:
        raise SystemExit(f"{point.label}: no shots found that reach the target within {ROUNDS} rounds")
    squares = np.array([(m.integral.total.value / exact - 1) ** 2 for m in results])
    error = np.sqrt(squares.mean())
    spread = squares.std(ddof=1) / np.sqrt(len(squares)) / (2 * error) if len(squares) > 2 else np.nan
    total = point.circuits_per_time * sum(tried.shots) * (1.0 if at_least else (reported / target) ** (1 / power))
    return total, at_least, error, spread, len(results), factor


def least(point, target):
    """The shots that the best measurement needs over the point's times, with the best allocation."""
    noise, size, times = point.noise, point.probe.num_qubits, point.rule.times
    channel = noise.channel(times, size)
    coherences = np.asarray(channel.coherence)
    if point.probe.kind == "product":
        variances = [floor.product_variance(c) for c in coherences]
    else:
        up, down = np.asarray(channel.stay_up), np.asarray(channel.stay_down)
        populations = sum(p.prod(-1) for p in (up, 1 - down, 1 - up, down)) / 2
        variances = [floor.ghz_variance(size, p, v) for p, v in zip(populations, coherences.prod(-1), strict=True)]
    deviations = np.sqrt(np.maximum(variances, 0.0))
    exact = integrated_gain(point.probe, point.noise).value
    return (np.abs(point.rule.weights) @ deviations / (target * exact)) ** 2


def shown(number, at_least=False):
    """Three digits and a power of ten from ten thousand on."""
    text = f"{number:.0f}" if number < 1e4 else f"{number:.2e}".replace("e+0", "e")
    return f"≤ {text}" if at_least else text


def shown_ratio(ratio):
    return f"{ratio:.1f}" if ratio < 100 else f"{ratio:.0f}"


def shown_error(error, spread):
    return "–" if np.isnan(spread) else f"{100 * error:.1f} ± {100 * spread:.1f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--target", type=float, default=0.05, help="relative standard error of 𝓘")
    parser.add_argument("--seconds", type=float, default=2.0, help="of the runs of one round")
    parser.add_argument("--probes", nargs="+", choices=("ghz", "product"), default=["ghz", "product"])
    parser.add_argument("--quick", action="store_true", help="up to three spins, one second a round")
    options = parser.parse_args()
    seconds = 1.0 if options.quick else options.seconds
    print(f"Shots for {100 * options.target:g} % on 𝓘\n")
    print("| probe | estimator | noise | N | circuits | equal | optimal | floor | optimal/floor | error % | runs |")
    print("|---|---|---|---|---|---|---|---|---|---|---|")
    factor = 0.01
    for case in cases(options.quick, options.probes):
        probe, size, noise, estimator = case
        found = {}
        for allocation in ("equal", "optimal"):
            point = planned(case, allocation)
            found[allocation] = needed(point, options.target, factor, seconds)
            factor = found[allocation][-1]
        equal, at_least, *_ = found["equal"]
        optimal, optimal_at_least, error, spread, runs, _ = found["optimal"]
        bound = least(point, options.target)
        circuits = point.circuits_per_time * len(point.rule.times)
        name = "/".join(estimator.values()) + ("" if estimator != SHIFT else f"/{point.method.identity()['readout']}")
        print(
            f"| {probe} | {name} | {noise} | {size} | {circuits} | {shown(equal, at_least)} "
            f"| {shown(optimal, optimal_at_least)} | {shown(bound)} | {shown_ratio(optimal / bound)} "
            f"| {shown_error(error, spread)} | {runs} |",
            flush=True,
        )


if __name__ == "__main__":
    main()
