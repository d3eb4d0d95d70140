"""Counts from elsewhere: how long an import takes, and whether estimates cover where spins are lost or angles uneven.

    python benchmarks/laboratory.py shape                        7 signals × 3 settings × 60 phases × 72 shots × 3 ions
    python benchmarks/laboratory.py lost    [--repetitions 2000] product and ramsey_scan, spins lost, kept or dropped
    python benchmarks/laboratory.py angles  [--repetitions 40000] the variance that a scan states beside the true one
    python benchmarks/laboratory.py fits    [--repetitions 1000] false alarms and power of the test of a fringe's fit

Prints Markdown.
"""

import argparse
import tempfile
import time

import numpy as np

import qsense
from qsense.circuits.counts import Counts
from qsense.estimators.registry import estimator_named
from qsense.estimators.scan import fit_fringe, squared_contrast
from qsense.estimators.scan.fringes import fits_p_value
from qsense.laboratory.arranged import arranged
from qsense.laboratory.design import designed
from qsense.laboratory.reading import Reading
from qsense.laboratory.sources import of_object
from qsense.probes import Probe

SHAPE = {
    "schema": 1, "name": "trap", "noise": {"dephasing_rate": 0.15}, "field_rad_per_s": 0.4, "shots": 72, "seed": 1,
    "probes": ["ghz:++-", "ghz:+++", "ghz:+-+"], "estimators": [{"estimator": "parity_scan", "num_angles": 59}],
    "times_s": [0.2 * k for k in range(7)],
}  # fmt: skip
LENGTHS = np.array([0.9, 0.5, 0.7])
SETS = {
    "12 even, 72 shots": (np.arange(12) * np.pi / 6, np.full(12, 72)),
    "8 over half a fringe, 72 shots": (np.radians([0, 21, 60, 99, 153, 192, 240, 303]), np.full(8, 72)),
    "8 uneven, 10 to 90 shots": (
        np.radians([0, 10, 25, 40, 75, 130, 200, 285]),
        np.array([20, 80, 40, 10, 60, 30, 90, 25]),
    ),
    "8, five within 20°, 50 shots": (np.radians([0, 5, 10, 15, 20, 90, 180, 270]), np.full(8, 50)),
    "8 uneven, 6 shots": (np.radians([0, 10, 25, 40, 75, 130, 200, 285]), np.full(8, 6)),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["shape", "lost", "angles", "fits"])
    parser.add_argument("--repetitions", type=int)
    options = parser.parse_args()
    {"shape": shape, "lost": lost, "angles": angles, "fits": fits}[options.part](options.repetitions)


def shape(repetitions: int | None) -> None:
    """Of random shots; the row along Z holds populations of a GHZ state, whatever its signs."""
    spec = qsense.RunSpec.from_dict(SHAPE)
    rng = np.random.default_rng(3)
    shots = rng.integers(0, 2, (7, 3, 60, 72, 3)).astype(float)
    shots[:, :, 0] = shots[:, :, 0, :, :1]
    shots[rng.random(shots.shape[:-1]) < 0.002] = np.nan
    axes = ("time", "point", "row", "shot", "spin")
    print("| import | wall clock | processor |\n|---|---|---|")
    for word in ("first, with what is imported for it", "again, in the same process"):
        with tempfile.TemporaryDirectory() as folder:
            begun = time.perf_counter(), time.process_time()
            qsense.import_counts(spec, shots, folder, lost="drop", axes=axes)
            spent = time.perf_counter() - begun[0], time.process_time() - begun[1]
        print(f"| {word} | {spent[0]:.1f} s | {spent[1]:.1f} s |")


def lost(repetitions: int | None) -> None:
    """Three spins of these lengths, read by a product design and a scan of six uneven angles."""
    estimators = ["product", {"estimator": "ramsey_scan", "angles_deg": [0, 40, 95, 150, 200, 290]}]
    spec = qsense.RunSpec.from_dict({
        "schema": 1, "name": "lost", "probes": ["product"], "num_qubits": 3, "noise": {"dephasing_rate": 0.1},
        "estimators": estimators, "times_s": [0.0], "field_rad_per_s": 0.0, "shots": 80, "seed": 1,
    })  # fmt: skip
    design, exact = designed(spec), float((LENGTHS**2).sum())
    print("| spins lost | shots | estimator | bias, in errors of the mean | stated / true error | covered by 95 % |")
    print("|---|---|---|---|---|---|")
    for loss in (0.0, 0.02, 0.2):
        for said in ("drop", "keep"):
            rng, found = np.random.default_rng(5), []
            for _ in range(repetitions or 2000):
                brought = arranged(design, of_object(_shots(design, rng, loss), design), Reading(lost=said))
                found.append([
                    point.estimate([one])[0] for point, one in zip(brought.points, brought.counts, strict=True)
                ])  # fmt: skip
            for name, each in zip(("product", "ramsey_scan"), zip(*found, strict=True), strict=True):
                values, errors = (np.array([getattr(one, key) for one in each]) for key in ("value", "stderr"))
                bias = (values.mean() - exact) / values.std() * np.sqrt(len(values))
                hits = np.mean([one.interval[0] <= exact <= one.interval[1] for one in each])
                ratio = np.sqrt((errors**2).mean()) / values.std()
                print(f"| {loss:.0%} | {said} | {name} | {bias:+.1f} | {ratio:.3f} | {hits:.1%} |")


def _shots(design, rng, loss):
    found = {}
    for one in design.measuring:
        polar, azimuth = one.settings.polars[0], one.settings.azimuths[0]
        up = (1 - LENGTHS * np.sin(polar) * np.cos(azimuth - 0.3)) / 2
        drawn = (rng.random((one.shots, 3)) < up).astype(np.int8)
        found[one.id] = np.where(rng.random(drawn.shape) < loss, -1, drawn).astype(np.int8)
    return found


def angles(repetitions: int | None) -> None:
    """The variance by the stated law at the true A, and at each estimate, over that of the estimates, for 3 phases."""
    print("| angles | offset | contrast | stated / true variance at the truth | at the estimate | largest bias |")
    print("|---|---|---|---|---|---|")
    rng, number = np.random.default_rng(7), repetitions or 40_000
    for name, (beta, shots) in SETS.items():
        for offset in (0.0, 0.15):
            for contrast in (0.0, 0.3, 0.8):
                ratios, bias = [], []
                for phase in (0.0, 0.7, 2.0):
                    chance = (1 + offset + contrast * np.cos(beta - phase)) / 2
                    found = squared_contrast(
                        2 * rng.binomial(shots, chance, (number, len(beta))) / shots - 1, shots, beta
                    )
                    variance = found.value.var()
                    ratios.append([_law(found.spread, at) / variance
                                   for at in (contrast**2, np.clip(found.value, 0, 1))])  # fmt: skip
                    bias.append((found.value.mean() - contrast**2) / np.sqrt(variance / number))
                low, high = np.min(ratios, axis=0), np.max(ratios, axis=0)
                print(f"| {name} | {offset} | {contrast} | {low[0]:.2f} … {high[0]:.2f} | {low[1]:.2f} … {high[1]:.2f} "
                      f"| {max(bias, key=abs):+.1f} |")  # fmt: skip


def _law(spread, at):
    v0, v1, v2 = np.moveaxis(spread, -1, 0)
    return float((v0 + v1 * at + v2 * at**2).mean())


FITTED = {"8 uneven": np.radians([0, 11, 23, 95, 100, 181, 240, 301]), "12 even": np.arange(12) * np.pi / 6}


def fits(repetitions: int | None) -> None:
    """p < 5 % and p < 1 % of fringes that hold, one, and those of six spins together; and that drift by 1 rad."""
    number, shots = repetitions or 1000, (5, 24, 72, 200, 1000)
    head = "".join(f" {one} shots |" for one in shots)
    print(f"| angles | V | fringes |{head}\n|---|---|---|{'---|' * len(shots)}")
    for name, beta in FITTED.items():
        for contrast in (1.0, 0.95, 0.8, 0.5, 0.0):
            for spins in (1, 6):
                rng, cells = np.random.default_rng(11), []
                for each in shots:
                    chance = (1 + contrast * np.cos(beta - 0.3)) / 2
                    cells.append(_refused([_chance(rng, chance, each, beta, spins) for _ in range(number)]))
                print(f"| {name} | {contrast} | {spins} | {' | '.join(cells)} |", flush=True)
    print("\n| collective spin of 6, 12 even | V = 1 | 0.8 | 0 |\n|---|---|---|---|")
    for each in (24, 100):
        found = [_refused(_of_collective(contrast, each, number)) for contrast in (1.0, 0.8, 0.0)]
        print(f"| {each} shots | {' | '.join(found)} |", flush=True)
    print("\n| V = 0.8, 100 shots, drift of 1 rad; top at | 0.3 | 1.5 | 3 rad |\n|---|---|---|---|")
    for name, beta in FITTED.items():
        for spins in (1, 6):
            rng, cells, drift = np.random.default_rng(13), [], np.linspace(-0.5, 0.5, len(beta))
            for top in (0.3, 1.5, 3.0):
                chance = (1 + 0.8 * np.cos(beta - top - drift)) / 2
                cells.append(_refused([_chance(rng, chance, 100, beta, spins) for _ in range(number)]))
            print(f"| {name}, {spins} spins | {' | '.join(cells)} |", flush=True)


def _chance(rng, chance, shots, beta, spins):
    drawn = 2 * rng.binomial(shots, chance, (spins, len(beta))) / shots - 1
    return fits_p_value([fit_fringe(one, np.full(len(beta), float(shots)), beta) for one in drawn])


def _of_collective(contrast, shots, repetitions):
    """p-values of a product probe of 6 spins."""
    method = estimator_named("collective_scan").for_probe(Probe.product(6), angles_deg=(), num_angles=12)
    rng, found = np.random.default_rng(12), []
    for _ in range(repetitions):
        down = (1 + contrast * np.cos(np.array(method.angles) - 0.3)) / 2
        ups = rng.binomial(6, 1 - down, (shots, 12)).T
        rows = [{(1 << k) - 1: n for k, n in enumerate(np.bincount(row).tolist()) if n} for row in ups]
        found.append(method.fits(Counts.from_histograms(6, rows))[0].p_value)
    return found


def _refused(chances):
    told = np.array([1.0 if one is None else one for one in chances])
    return "; ".join(f"{100 * np.mean(told < level):.1f}" for level in (0.05, 0.01))


if __name__ == "__main__":
    main()
