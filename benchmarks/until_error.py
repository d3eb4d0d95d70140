"""Does stopping where the interval is short bias a run? Runs in rounds, repeated, with counts drawn in memory.

    python benchmarks/until_error.py [--repetitions 1000] [--cases PART…] [--fixed]

The rounds are those of `qsense run --until-error` (`until.look`, `rounds.rows_for`), the counts are multinomial from
the emulator's exact probabilities, which are computed once. With --fixed nothing stops: each run has as many shots as
the runs that stop take on average, to compare with. Printed are rounds and shots, how far the half interval is below
what was asked, the bias of 𝓘 (or of the largest G, the crossing, φ) in units of its own scatter, the root mean square
of z, how often the 95 % interval covers the exact value, and how many runs gave up. One run takes 0.05 to 0.5 s.
"""

from __future__ import annotations

import argparse
import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from qsense import emulator
from qsense.circuits.counts import Counts
from qsense.comparison import decay_law, measure_point
from qsense.comparison.advantage import curve_of, exact_crossing, matched
from qsense.comparison.crossing import until as crossing
from qsense.comparison.judged import judged
from qsense.estimators.result import NORMAL_95
from qsense.runs.adaptive import rest_of
from qsense.runs.pilots import WHOLE, decide, pilot_of
from qsense.runs.point import Point
from qsense.runs.preparation import prepare_run
from qsense.runs.rounds import rows_for
from qsense.runs.spec import RunSpec
from qsense.workflow import until

FIT = decay_law._misfit
PAIR, SHIFT = ["ghz", "product"], "parameter_shift"
# name: probes, N, noise, estimator, shots of the first round, goal, error, further keys
CASES: dict[str, tuple[Any, int, str, Any, int, str, str, dict[str, Any]]] = {
    "img ghz 20% from 40": ("ghz", 4, "dephasing", "auto", 40, "img", "20%", {}),
    "img ghz 20% from 10": ("ghz", 2, "dephasing", "auto", 10, "img", "20%", {}),
    "img ghz 5%": ("ghz", 4, "dephasing", "auto", 100, "img", "5%", {}),
    "img ghz emission 20%": ("ghz", 3, "emission", "auto", 10, "img", "20%", {}),
    "img parity emission 20%": ("ghz", 3, "emission", {"estimator": "ghz", "readout": "parity"}, 40, "img", "20%", {}),
    "img product 20%": ("product", 2, "dephasing", "auto", 40, "img", "20%", {}),
    "img product emission 20%": ("product", 2, "emission", "auto", 10, "img", "20%", {}),
    "img local_x 20%": ("product", 2, "dephasing", {"estimator": SHIFT, "readout": "local_x"}, 20, "img", "20%", {}),
    "img shift parity 20%": ("ghz", 2, "dephasing", {"estimator": SHIFT, "readout": "parity"}, 20, "img", "20%", {}),
    "img shift flag 20%": ("ghz", 2, "emission", {"estimator": SHIFT, "readout": "loss_flag"}, 20, "img", "20%", {}),
    "img tomography 30%": ("ghz", 2, "dephasing", "tomography", 20, "img", "30%", {}),
    "img moments 10%": ("product", 4, "dephasing", "moments", 50, "img", "10%", {}),
    "img scan 20%": ("ghz", 2, "dephasing", "parity_scan", 20, "img", "20%", {}),
    "img adaptive 20%": ("ghz", 4, "dephasing", "auto", 60, "img", "20%", {"strategy": "adaptive"}),
    "gain ghz 20%": ("ghz", 3, "dephasing", "auto", 20, "gain", "20%", {}),
    "gain product 10%": ("product", 2, "dephasing", "auto", 20, "gain", "10%", {}),
    "gain product emission 20%": ("product", 2, "emission", "auto", 10, "gain", "20%", {}),
    "gain tomography 30%": ("ghz", 2, "dephasing", "tomography", 20, "gain", "30%", {"times_s": [0.5, 2.0, 5.0]}),
    "crossover emission 20%": (PAIR, 3, "emission", "auto", 100, "crossover", "20%", {}),
    "crossover dephasing 30%": (PAIR, 2, "dephasing", "auto", 100, "crossover", "30%", {}),
    "field ghz 10%": ("ghz", 2, "dephasing", "auto", 60, "field", "10%", {}),
    "field ghz 20%": ("ghz", 2, "dephasing", "auto", 20, "field", "20%", {}),
    "field product 20%": ("product", 2, "dephasing", "auto", 20, "field", "20%", {}),
    "field parity 20%": ("ghz", 4, "dephasing", {"estimator": "ghz", "readout": "parity"}, 20, "field", "20%", {}),
    "field adaptive 20%": ("ghz", 2, "emission", "auto", 40, "field", "20%", {"strategy": "adaptive"}),
}


class Found(NamedTuple):
    """A run that stopped: value − truth, σ, whether its interval covers, rounds, shots, half/asked, gave up."""

    off: float
    sigma: float
    covers: bool
    rounds: int
    shots: int
    half: float
    gave_up: bool


def spec_of(case: str) -> RunSpec:
    probes, size, noise, estimator, shots, _, _, more = CASES[case]
    entry = {
        "schema": 1, "name": "until", "probes": probes if isinstance(probes, list) else [probes],
        "num_qubits": [size], "noise": [noise], "estimators": [estimator], "field_rad_per_s": 0.2, "shots": shots,
        "seed": 1,
    }  # fmt: skip
    return RunSpec.from_dict({**entry, **more})


def fit_decay_where_it_counts(goal: str) -> None:
    """Leaves the fit of the decay out where G and φ do not depend on it: it takes most of the time."""
    whole = FIT

    def where_doubted(rule, estimates, curve):  # type: ignore[no-untyped-def]
        tests = decay_law.curve_tests(rule, estimates, curve)
        return None if tests is None or tests.decay_p_value >= 0.05 else whole(rule, estimates, curve)

    decay_law._misfit = where_doubted if goal in ("gain", "field") else whole


class Drawn:
    """Counts of a point, from exact probabilities that are computed once for each circuit and setting."""

    def __init__(self) -> None:
        self.known: dict[Any, Any] = {}

    def __call__(self, point: Point, rng: np.random.Generator) -> list[Counts]:
        parts = []
        for one in point.acquisitions():
            angles = (one.settings.phases, one.settings.polars, one.settings.azimuths)
            key = (one.experiment, *(each.tobytes() for each in angles), point.noise)
            if key not in self.known:
                blocks = list(emulator.probabilities(one.experiment, one.settings, point.noise))
                exact = np.clip(np.concatenate(blocks), 0, None)
                if len(self.known) > 3000:  # directions of an adaptive run are each run's own
                    self.known.clear()
                self.known[key] = exact / exact.sum(1, keepdims=True)
            tables = np.array([rng.multinomial(one.shots, row) for row in self.known[key]])
            parts.append(Counts.from_table(point.probe.num_qubits, tables))
        return point.by_time(parts)


def begun(spec: RunSpec, point: Point, drawn: Drawn, rng: np.random.Generator) -> tuple[Point, list[Counts]]:
    """A point with the counts of its first round; of one in two steps with those of both."""
    if point.step != WHOLE:
        return point, drawn(point, rng)
    pilot = drawn(pilot_of(point), rng)
    rest = rest_of(point, pilot, decide(spec, point, pilot))
    counts = rest.with_pilot(drawn(rest, rng))
    kept = rest.pilot if rest.pilot is not None and rest.pilot.estimates else None
    return replace(rest, rows=rows_in(counts), pilot=kept), counts


def rows_in(counts: Sequence[Counts]) -> tuple[tuple[int, ...], ...]:
    return tuple(tuple(int(n) for n in one.row_shots()) for one in counts)


def one_run(spec: RunSpec, base: Sequence[Point], goal: str, error: str, seed: int, drawn: Drawn) -> Found:
    rng, target = np.random.default_rng(seed), until.target_of(spec, goal, error)
    first = [begun(spec, replace(point, seed=seed), drawn, rng) for point in base]
    points, counts, rounds = [one for one, _ in first], [one for _, one in first], 0
    while True:
        found, factors, why = until.look(points, counts, spec, target, None, rounds)
        if not factors:
            break
        for place, factor in factors.items():
            point = points[place]
            more = drawn(replace(point, rows=rows_for(point, factor), pilot=None), rng)
            counts[place] = [Counts.merged(both) for both in zip(counts[place], more, strict=True)]
            points[place] = replace(point, rows=rows_in(counts[place]))
        rounds += 1
    off, sigma, (low, high) = result(spec, points, counts, goal)
    shots = sum(sum(point.total_shots) for point in points)
    half = found[0].half / found[0].wanted(target)
    return Found(off, sigma, low <= 0 <= high, rounds + 1, shots, half, bool(why))


def result(
    spec: RunSpec, points: Sequence[Point], counts: Sequence[Sequence[Counts]], goal: str
) -> tuple[float, float, tuple[float, float]]:
    """The value, its standard error and its interval, without the truth."""
    every = judged([measure_point(*both) for both in zip(points, counts, strict=True)], level=1e-3)
    if goal == "crossover":
        ((one, other),) = matched(every, spec.pairs)
        first, then, truth = exact_crossing(one, other)
        seen = crossing(curve_of(first), curve_of(then))
        low, high = seen.low, np.inf if seen.high is None else seen.high
        value, sigma = (low + high) / 2, (high - low) / 2 / NORMAL_95
    elif goal == "field":
        phases = every[0].phases
        if phases is None or phases.field is None:  # a false alarm: it gave up
            return np.nan, np.nan, (np.nan, np.nan)
        (value, sigma, (low, high), _), truth = phases.field, spec.field
    else:
        (one,) = every
        place = int(np.argmax(one.gain_exact))
        told = one.integral.total if goal == "img" else one.estimates[place]
        truth = one.integrated_gain_exact.value if goal == "img" else float(one.gain_exact[place])
        value, sigma, (low, high) = told.value, told.stderr, told.interval
    return value - truth, sigma, (low - truth, high - truth)


def repeated(case: str, repetitions: int) -> np.ndarray:
    spec, drawn = spec_of(case), Drawn()
    *_, goal, error, _ = CASES[case]
    base = prepare_run(spec, None).points
    return np.array([one_run(spec, base, goal, error, seed, drawn) for seed in range(1, repetitions + 1)], dtype=float)


def fixed(case: str, shots: float, repetitions: int) -> np.ndarray:
    """The same with so many shots in all, whatever the counts say."""
    spec, drawn = spec_of(case), Drawn()
    total = sum(sum(point.total_shots) for point in prepare_run(spec, None).points)
    spec = spec.with_shots(round(CASES[case][4] * shots / total))
    base = prepare_run(spec, None).points
    goal = CASES[case][5]
    return np.array([one_run(spec, base, goal, "1e9%", seed, drawn) for seed in range(1, repetitions + 1)], dtype=float)


def line(name: str, found: np.ndarray) -> str:
    off, sigma, _, rounds, shots, half, gave_up = found[np.isfinite(found[:, 0])].T
    many = len(found)
    cover = found[:, 2].mean()
    spread = np.sqrt(max(cover * (1 - cover), 1 / many) / many)
    return (
        f"| {name} | {rounds.mean():.2f} | {shots.mean():.0f} | {half.mean():.3f} | "
        f"{off.mean() / off.std():+.3f} ± {1 / np.sqrt(many):.3f} | {np.sqrt(np.mean((off / sigma) ** 2)):.3f} | "
        f"{100 * cover:.1f} ± {100 * spread:.1f} % | {gave_up.sum():.0f} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=1000)
    parser.add_argument("--cases", nargs="*", default=list(CASES), help="those whose names hold one of these")
    parser.add_argument("--fixed", action="store_true")
    asked = parser.parse_args()
    logging.getLogger("qsense").setLevel(logging.ERROR)
    print("| case | rounds | shots | half/asked | bias in σ (± its error) | rms of z | covers | gave up |")
    print("|---|---|---|---|---|---|---|---|")
    for case in (case for case in CASES if any(part in case for part in asked.cases)):
        fit_decay_where_it_counts(CASES[case][5])
        found = repeated(case, asked.repetitions)
        print(line(case, found), flush=True)
        if asked.fixed:
            print(line(f"{case}, not stopped", fixed(case, found[:, 4].mean(), asked.repetitions)), flush=True)


if __name__ == "__main__":
    main()
