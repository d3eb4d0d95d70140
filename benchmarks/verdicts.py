"""How often the intervals of crossings and ratios hold the truth, and how often a run's verdicts claim what is false.

    python benchmarks/verdicts.py [--repetitions 1000] [--shots 50,100,500,1000,4000] [--part intervals|claims]

Counts of GHZ and product probes are drawn from closed forms of one spin, at the times that a run would take; estimates,
intervals and claims are those of qsense. "delta" is the crossing of the curves ± 1.96 of its error, counted where there
is one, in every fourth repetition. An interval that is open on one side holds all that lies there. The law of decay
holds, so nothing is widened.
"""

from __future__ import annotations

import argparse
import os
from dataclasses import dataclass

os.environ.setdefault("OMP_NUM_THREADS", "1")

import numpy as np

from qsense import RunSpec, crossover
from qsense.comparison.advantage import Crossover
from qsense.comparison.crossing import Curve, crossing, until
from qsense.comparison.ratio import Integral, compare_integrals, ratio_of
from qsense.comparison.verdicts import claims
from qsense.estimators import ghz, integrate_estimates, product
from qsense.estimators.fringe import as_estimates
from qsense.runs.plan import plan
from qsense.theory import gain, integrated_gain

NOISES = {"dephasing": {"dephasing_rate": 0.25}, "emission": {"emission_rate": 1.0}}
SIZES = (2, 4, 8, 16)


@dataclass(frozen=True)
class Probe:
    """A point, its exact curve, and the rates of its noise."""

    point: object
    dephasing: float
    emission: float

    def curve(self, estimates):
        point = self.point
        known = {}

        def exact_at(times):
            key = times.tobytes()
            if key not in known:
                known[key] = gain(point.probe, point.noise, times)
            return known[key]

        return Curve(point.rule, estimates, exact_at(point.rule.times), exact_at)

    def draw(self, rng, shots, repetitions):
        """Estimates of every time, for each repetition."""
        point, size = self.point, self.point.probe.num_qubits
        columns = []
        for time in point.rule.times:
            left = np.exp(-self.emission * time)
            if point.probe.kind == "ghz":
                inside = (1 + (1 - left) ** size + left**size) / 2
                seen = np.exp(-2 * size * self.dephasing * time) * left ** (size / 2)
                rows = [[(inside + v) / 2, (inside - v) / 2, 1 - inside] for v in (seen, 0.0)]
                shares = np.stack([rng.multinomial(shots, np.clip(row, 0, 1), repetitions) for row in rows], axis=1)
                found, limits = ghz.gains(shares, size, "loss_flag"), (0.0, size**2.0)
            else:
                means = np.array([np.exp(-2 * self.dephasing * time) * np.sqrt(left), 0.0, 1 - left])
                down = rng.binomial(shots, (1 + means[:, None]) / 2, (repetitions, 3, size))
                found, limits = product.gains(np.stack([down, shots - down], axis=-1)), (0.0, float(size))
            columns.append(as_estimates(found, limits))
        return list(zip(*columns, strict=True))


def probes(name, size, kinds=("ghz", "product")):
    spec = {
        "schema": 1, "name": name, "probes": ["ghz", "product"], "num_qubits": size, "noise": NOISES[name],
        "estimators": "auto", "field_rad_per_s": 0.01, "shots": 100, "seed": 1,
    }  # fmt: skip
    made = {point.probe.kind: point for point in plan(RunSpec.from_dict(spec))}
    noise = NOISES[name]
    return [Probe(made[kind], noise.get("dephasing_rate", 0.0), noise.get("emission_rate", 0.0)) for kind in kinds]


def intervals(repetitions, all_shots):
    print("| noise | N | shots | crossing: interval | too late | too early | delta | open | ratio: Fieller | no end |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name in NOISES:
        for size in SIZES:
            both = probes(name, size)
            exact = crossover(size, both[0].point.noise)
            truth = np.divide(*(integrated_gain(one.point.probe, one.point.noise).value for one in both))
            curves = [one.curve(()) for one in both]
            for shots in all_shots:
                rng = np.random.default_rng(size)
                drawn = zip(*(one.draw(rng, shots, repetitions) for one in both), strict=True)
                early = late = opened = near = seen = held = endless = 0
                for index, pair in enumerate(drawn):
                    own = [curve._replace(estimates=found) for curve, found in zip(curves, pair, strict=True)]
                    found = until(*own)
                    early += exact < found.low
                    late += found.high is not None and found.high < exact
                    opened += found.high is None or found.low == 0
                    crossed = None if index % 4 else crossing(own[0].rule, pair[0], own[1].rule, pair[1])
                    if crossed is not None:
                        seen += 1
                        near += abs(crossed.value - exact) <= 1.96 * crossed.stderr
                    low, high = _compared_integrals(own).interval
                    held += low <= truth and (high is None or truth <= high)
                    endless += high is None
                parts = (1 - (early + late) / repetitions, early / repetitions, late / repetitions)
                row = [*parts, near / max(seen, 1), opened / repetitions, held / repetitions, endless / repetitions]
                print(f"| {name} | {size} | {shots} | " + " | ".join(f"{v:.3f}" for v in row) + " |", flush=True)


def _compared_integrals(curves):
    totals = [integrate_estimates(one.rule, one.estimates).total for one in curves]
    return compare_integrals(*(Integral(c.rule, c.estimates, total) for c, total in zip(curves, totals, strict=True)))


def _compared(first, second, sizes, name, pair):
    """A comparison with all that claims read."""
    totals = [integrate_estimates(one.rule, one.estimates).total for one in (first, second)]
    return Crossover(
        name, sizes, "auto", None, None, ratio_of(*totals), None, True, None, *pair, pair[0],
        until(first, second), *_compared_integrals((first, second)),
    )  # fmt: skip


def claimed(repetitions, all_shots):
    """Runs of dephasing, where all ratios are 1, and runs of pairs of equal probes, where nothing leads either."""
    print("| run | shots | any false claim | without Holm | true leads claimed |")
    print("|---|---|---|---|---|")
    for label, kinds in (("GHZ and product", ("ghz", "product")), ("twice the product probe", ("product",) * 2)):
        pairs = {size: probes("dephasing", size, kinds) for size in SIZES}
        curves = {size: [one.curve(()) for one in pair] for size, pair in pairs.items()}
        for shots in all_shots:
            rng = np.random.default_rng(shots)
            drawn = {
                s: list(zip(*(o.draw(rng, shots, repetitions) for o in pair), strict=True)) for s, pair in pairs.items()
            }
            wrong = plain = leads = 0
            for index in range(repetitions):
                items = [
                    _compared(
                        *(c._replace(estimates=e) for c, e in zip(curves[size], drawn[size][index], strict=True)),
                        size, "dephasing", kinds,
                    )
                    for size in SIZES
                ]  # fmt: skip
                made = claims(items)
                alike = kinds[0] == kinds[1]
                wrong += any(one.differ or (alike and (one.leads or one.trails)) for one in made)
                plain += any(
                    i.ratio_p_value < 0.05 or (alike and (i.until.low > 0 or i.until.high is not None)) for i in items
                )
                leads += np.mean([one.leads for one in made])
            share = "–" if alike else f"{leads / repetitions:.3f}"
            print(
                f"| {label} | {shots} | {wrong / repetitions:.3f} | {plain / repetitions:.3f} | {share} |", flush=True
            )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=1000)
    parser.add_argument("--shots", default="50,100,500,1000,4000")
    parser.add_argument("--part", choices=("intervals", "claims"))
    given = parser.parse_args()
    shots = [int(one) for one in given.shots.split(",")]
    if given.part != "claims":
        intervals(given.repetitions, shots)
    if given.part != "intervals":
        claimed(given.repetitions, shots)


if __name__ == "__main__":
    main()
