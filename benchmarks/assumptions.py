"""How often a run refuses what holds, and how often what does not: the tests of every assumption, Holm over the run.

    python benchmarks/assumptions.py alarms [--repetitions 1000]
    python benchmarks/assumptions.py power [--repetitions 100] [--size 4]

A run has GHZ and product probes, each by several estimators. Counts are multinomial, from the exact probabilities of
the emulator for what is true, which the spec need not say. Beside what is refused stands how often the 95 % intervals
of 𝓘 cover, and how often they do where nothing is refused.
"""

from __future__ import annotations

import argparse
from collections import Counter
from dataclasses import replace
from typing import NamedTuple

import numpy as np

import qsense
from qsense import emulator
from qsense.circuits.counts import Counts
from qsense.circuits.sensing import Settings
from qsense.comparison import decay_law, measure_point, points
from qsense.comparison.curve_tests import curve_tests
from qsense.comparison.judged import judged
from qsense.estimators import Estimate
from qsense.noise import LocalNoise, NoiseModel, ReadoutError
from qsense.runs.plan import plan

RATE = 0.1  # of dephasing, in 1/s
FIELD = 0.2  # rad/s
ESTIMATORS = {
    "two rows": ["auto"],
    "many": ["auto", {"estimator": "ghz", "readout": "multiple_quantum"}, "parameter_shift", "moments"],
    "antipodal": [
        {"estimator": "ghz", "antipodal": True}, {"estimator": "product", "antipodal": True},
        {"estimator": "ghz", "readout": "parity", "antipodal": True},
    ],
    "tomography": ["tomography"],
    "120 almost equal times": ["auto"],
}  # fmt: skip
NEAR = {"times_s": np.linspace(1, 1.01, 120).tolist()}
_FEWEST = {"parameter_shift": 64, "moments": 20, "tomography": 12}  # shots


class Truth(NamedTuple):
    """What is so, where it is not what the spec says.

    Attributes:
        noise: by which the spins decay.
        field: over the spec's.
        drift: of the fringe's phase from the first row to the last, in rad.
        readout: with which the counts are read.
    """

    noise: object
    field: float = 1.0
    drift: float = 0.0
    readout: ReadoutError | None = None


def noise(rate=RATE, exponent=1.0, shared=0.0):
    local = LocalNoise(dephasing=rate, exponent=exponent)
    return NoiseModel(local, shared) if shared else local


def points_of(estimators, size, shots, probes=("ghz", "product"), **more):
    chosen = [one for one in estimators if shots >= _FEWEST.get(one if isinstance(one, str) else one["estimator"], 0)]
    spec = qsense.RunSpec.from_dict({
        "schema": 1, "name": "run", "probes": list(probes), "num_qubits": [size], "noise": [{"dephasing_rate": RATE}],
        "estimators": chosen or ["auto"], "field_rad_per_s": FIELD, "shots": shots, "seed": 1,
        **more,
    })  # fmt: skip
    return plan(spec)


def tables_of(point, truth):
    """The probabilities of all outcomes of each acquisition, with its shots."""
    found = []
    for one in point.acquisitions():
        rows = point.circuits_per_time
        step = np.linspace(-0.5, 0.5, rows)[: len(one.settings)] if len(one.settings) == rows else np.zeros(1)
        frequency = point.probe.num_qubits if point.probe.kind == "ghz" else 1
        extra = (truth.field - 1) * FIELD * one.experiment.time + truth.drift / frequency * step[:, None]
        settings = Settings(one.settings.phases + extra, one.settings.polars, one.settings.azimuths)
        blocks = emulator.probabilities(one.experiment, settings, truth.noise, truth.readout)
        table = np.concatenate(list(blocks))
        found.append((table / table.sum(1, keepdims=True), one.shots))
    return found


def draw(rng, point, tables):
    size = point.probe.num_qubits
    return point.by_time([Counts.from_table(size, rng.multinomial(shots, table)) for table, shots in tables])


def measured(rng, prepared):
    return [measure_point(point, draw(rng, point, tables)) for point, tables in prepared]


def remember_exact_values():
    """Exact values are the same in every repetition."""
    known, curves = {}, {}
    exact_values, exact_gain = points.exact_values, points._exact_gain

    def once(point, quantity, readout_error):
        key = point.key, repr(quantity)
        if key not in known:
            known[key] = exact_values(point, quantity, readout_error)
        return known[key]

    def curve(point, times, readout_error, quantity=None):
        key = point.key, repr(quantity), np.asarray(times).tobytes()
        if key not in curves:
            curves[key] = exact_gain(point, times, readout_error, quantity)
        return curves[key]

    points.exact_values, points._exact_gain = once, curve


def fit_what_is_doubted():
    """A fit takes most of the time, and decides nothing that is refused where the law is not doubted."""
    misfit, right = decay_law._misfit, Estimate(1.0, 1.0)

    def quick(rule, estimates, curve):
        tests = curve_tests(rule, estimates, curve)
        if tests is not None and tests.decay_p_value >= 0.05:
            return decay_law._Misfit(right, 1.0, 1.0, 1.0, right, 1.0)
        return misfit(rule, estimates, curve)

    decay_law._misfit = quick


def alarms(repetitions, chosen=tuple(ESTIMATORS), seed=1):
    print(
        "| estimators | N | shots | rows | tests | runs with a false alarm, % | which |\n|---|---|---|---|---|---|---|"
    )
    rng = np.random.default_rng(seed)
    for name in chosen:
        estimators = ESTIMATORS[name]
        is_near = name.startswith("120")
        usual = ((2, 10), (2, 100), (4, 10), (4, 30), (4, 100), (4, 1000), (8, 100))
        for size, shots in ((2, 25), (4, 25), (8, 25)) if is_near else usual:
            if name == "tomography" and (size > 2 or shots < 12):
                continue
            listed = points_of(estimators, size, shots, **(NEAR if is_near else {}))
            prepared = [(point, tables_of(point, Truth(noise()))) for point in listed]
            refused, tests, runs = Counter(), 0, 0
            for _ in range(repetitions):
                run = measured(rng, prepared)
                tests = sum(one.p_value is not None for item in run for one in item.assumptions)
                found = {(item.point.estimator.name, one.name) for item in judged(run) for one in item.refused}
                refused.update(f"{estimator}: {one}" for estimator, one in found)
                runs += bool(found)
            which = "; ".join(f"{one} {number}" for one, number in refused.most_common(3))
            error = np.sqrt(max(runs, 1)) / repetitions
            print(f"| {name} | {size} | {shots} | {len(listed)} | {tests} | {100 * runs / repetitions:.1f} ± "
                  f"{100 * error:.1f} | {which} |", flush=True)  # fmt: skip


CASES = {
    "all as assumed": Truth(noise()),
    "shared dephasing γ_c/γ = 0.1": Truth(noise(shared=0.1 * RATE)),
    "shared dephasing γ_c/γ = 1": Truth(noise(shared=RATE)),
    "decay 1/3 as fast": Truth(noise(RATE / 3)),
    "decay 3 times as fast": Truth(noise(3 * RATE)),
    "stretched, β = 0.7": Truth(noise(exponent=0.7)),
    "stretched, β = 2": Truth(noise(exponent=2.0)),
    "readout 1 %, not undone": Truth(noise(), readout=ReadoutError(0.01, 0.01)),
    "readout 6 %, not undone": Truth(noise(), readout=ReadoutError(0.06, 0.06)),
    "readout 1 % and 6 %": Truth(noise(), readout=ReadoutError(0.01, 0.06)),
    "readout 0 % and 3 %": Truth(noise(), readout=ReadoutError(0.0, 0.03)),
    "field off by 5 %": Truth(noise(), field=1.05),
    "field off by 20 %": Truth(noise(), field=1.2),
    "drift of 0.5 rad over the rows": Truth(noise(), drift=0.5),
    "drift of 1.5 rad over the rows": Truth(noise(), drift=1.5),
}
POWER = ["auto", {"estimator": "ghz", "antipodal": True}, {"estimator": "product", "antipodal": True},
         "parameter_shift", "moments"]  # fmt: skip


def power(repetitions, size=4, cases=tuple(CASES), estimators=POWER, seed=2):
    rng = np.random.default_rng(seed)
    print("| case | shots | row | refused, % | by | covers | kept rows cover |\n|---|---|---|---|---|---|---|")
    for case in cases:
        truth = CASES[case]
        for shots in (100, 1000):
            listed = points_of(estimators, size, shots)
            prepared = [(point, tables_of(point, truth)) for point in listed]
            right = [truth_of(point, truth) for point in listed]
            refused, covers = np.zeros((repetitions, len(listed)), bool), np.zeros((repetitions, len(listed)), bool)
            by = [Counter() for _ in listed]
            for repetition in range(repetitions):
                for place, (item, value) in enumerate(zip(judged(measured(rng, prepared)), right, strict=True)):
                    low, high = item.integral.total.interval
                    found = [one.name for one in item.refused]
                    by[place].update(found)
                    refused[repetition, place], covers[repetition, place] = bool(found), low <= value <= high
            for place, point in enumerate(listed):
                own, told = covers[:, place], refused[:, place]
                kept = f"{100 * own[~told].mean():.0f} %" if (~told).sum() >= 20 else "–"
                which = ", ".join(f"{name} {100 * k / repetitions:.0f} %" for name, k in by[place].most_common(2))
                print(f"| {case} | {shots} | {point.probe.name}, {point.estimator.name} | {100 * told.mean():.0f} | "
                      f"{which} | {100 * own.mean():.0f} % | {kept} |", flush=True)  # fmt: skip


def truth_of(point, truth):
    """𝓘 of what the estimator says it estimates, under what is true."""
    true = replace(point, noise=truth.noise)
    quantity = points._quantity(true)
    return points._exact_integral(true, None, quantity).value


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["alarms", "power"])
    parser.add_argument("--repetitions", type=int)
    parser.add_argument("--only", nargs="*", choices=list(ESTIMATORS), help="of alarms")
    parser.add_argument("--size", type=int, default=4, help="N, of power; from 8 on by `auto` alone")
    parser.add_argument("--cases", nargs="*", choices=list(CASES), help="of power")
    arguments = parser.parse_args()
    remember_exact_values()
    fit_what_is_doubted()
    if arguments.part == "alarms":
        alarms(arguments.repetitions or 1000, arguments.only or tuple(ESTIMATORS))
    else:
        estimators = POWER if arguments.size < 8 else ["auto"]
        power(arguments.repetitions or 100, arguments.size, arguments.cases or tuple(CASES), estimators)


if __name__ == "__main__":
    main()
