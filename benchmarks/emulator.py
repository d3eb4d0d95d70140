"""How fast the emulator is beside Aer, on the same jobs in one run; prints Markdown tables.

    python benchmarks/emulator.py [--runs 5] [--aer-rows 300] [--aer-shots 64] [--shots 4096]

Aer needs twenty minutes for the whole of its share once. `--aer-rows` lets it run only so many of the tomography's 9477
circuits at one time, evenly spread (they are alike), and `--aer-shots` only so many of the parity's shots (each is a
trajectory of its own); the time of the whole job is then extrapolated in proportion. Both samplers run in turn,
`--runs` times: medians of processor time, the ratio of the medians, and the least and the most of the pairs' ratios.
All are timed from the experiment to the counts after one small job each. The parities of the first counts of both are
compared by chi-square, so that equals are timed. Set OMP_NUM_THREADS=1.
"""

import argparse
import importlib.metadata
import time
from statistics import median

import numpy as np
from processes import Pairs
from scipy.stats import chi2

import qsense
from qsense import LocalNoise, Probe
from qsense.backends import AerSampler, EmulatorSampler
from qsense.circuits.sensing import Experiment, Settings
from qsense.estimators import tomography


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--aer-rows", type=int, default=300)
    parser.add_argument("--aer-shots", type=int, default=64)
    parser.add_argument("--shots", type=int, default=4096)
    options = parser.parse_args()
    for sampler in (EmulatorSampler(), AerSampler(), AerSampler("matrix_product_state")):
        sampler.sample(Experiment(Probe.ghz(2), 1.0), fringe(2), 10, LocalNoise(0.1), 1)
    packages = ("qsense", "numpy", "qiskit", "qiskit-aer")
    print(", ".join(f"{name} {_version(name)}" for name in packages) + "\n")
    print("| job | circuits × shots | emulator (s) | Aer (s) | ratio (least–most) | same counts (p) |")
    print("|---|---|---|---|---|---|")
    full_tomography(options)
    for size in (20, 50, 100):
        parity(size, options)
    print("\n| GHZ and others, one setting, s | " + " | ".join(f"N = {size}" for size in SIZES) + " |")
    print("|---" * (len(SIZES) + 1) + "|")
    scaling(options)
    print("\n| one time, emulator | circuits | s | circuits/s |")
    print("|---|---|---|---|")
    tomographies(options)


def fringe(size):
    """One row: every spin along X, a GHZ state's parity near the top of its fringe."""
    return Settings(np.full((1, size), 0.4 / size), np.full((1, size), np.pi / 2), np.zeros((1, size)))


def noise_of(size):
    """Dephasing and relaxation that leave a GHZ state half of its coherence in one second."""
    return LocalNoise(dephasing=0.2 / size, emission=0.4 / size, absorption=0.2 / size)


def timed(sampler, experiment, settings, shots, noise, seed):
    start = time.process_time()
    counts = sampler.sample(experiment, settings, shots, noise, seed)
    return time.process_time() - start, counts


def _version(name: str) -> str:
    return qsense.__version__ if name == "qsense" else importlib.metadata.version(name)


def in_turn(ours, theirs, runs, share):
    """Returns the pairs of seconds, the peer's over the share of the job that it runs, and the first counts of both."""
    seconds, first = ([], []), []
    for _ in range(runs):
        for function, found in zip((ours, theirs), seconds, strict=True):
            taken, counts = function()
            found.append(taken)
            first.append(counts)
    return Pairs(seconds[0], [one / share for one in seconds[1]]), first[:2]


def full_tomography(options) -> None:
    size = 6
    settings, noise, probe = tomography.design(size), noise_of(size), Probe.ghz(size)
    experiment = Experiment(probe, 1.0, "directions")
    rows = np.linspace(0, len(settings) - 1, min(options.aer_rows, len(settings))).round().astype(int)
    part = Settings(settings.phases[rows], settings.polars[rows], settings.azimuths[rows])
    pairs, (ours, theirs) = in_turn(
        lambda: timed(EmulatorSampler(), experiment, settings, options.shots, noise, 1),
        lambda: timed(AerSampler(), experiment, part, options.shots, noise, 2),
        options.runs,
        len(rows) / len(settings),
    )
    # Bit by bit and pair by pair of all rows would be correlated; the parity of each row is one number of its own.
    p = same(parities(ours)[rows], parities(theirs))
    report(f"tomography, GHZ N = {size}, one time, parameter-shift derivative", len(settings), options.shots, pairs, p)


def parity(size, options) -> None:
    experiment, settings, noise = Experiment(Probe.ghz(size), 1.0), fringe(size), noise_of(size)
    shots = min(options.aer_shots, options.shots)
    pairs, (ours, theirs) = in_turn(
        lambda: timed(EmulatorSampler(), experiment, settings, options.shots, noise, 1),
        lambda: timed(AerSampler("matrix_product_state"), experiment, settings, shots, noise, 2),
        options.runs,
        shots / options.shots,
    )
    p = same(parities(ours), parities(theirs))
    report(f"parity, GHZ N = {size}, Aer's matrix products", 1, options.shots, pairs, p)


def report(job, rows, shots, pairs, p) -> None:
    own, peer = median(pairs.own), median(pairs.peer)
    print(f"| {job} | {rows} × {shots} | {own:.3g} | ≈ {peer:.3g} | {pairs} | {p:.2f} |", flush=True)


SIZES = (11, 20, 50, 100, 200, 500)


def scaling(options) -> None:
    jobs = [
        ("GHZ", Probe.ghz, "directions"),
        ("GHZ, loss flag", Probe.ghz, "loss_flag"),
        ("GHZ, unprepared", Probe.ghz, "unprepare"),
        ("product", Probe.product, "directions"),
    ]
    for label, probe, ending in jobs:
        cells = []
        for size in SIZES:
            runs = [
                timed(
                    EmulatorSampler(),
                    Experiment(probe(size), 1.0, ending),
                    fringe(size),
                    options.shots,
                    noise_of(size),
                    k,
                )
                for k in range(3)
            ]
            cells.append(f"{min(seconds for seconds, _ in runs):.3f}")
        print(f"| {label}, {options.shots} shots | " + " | ".join(cells) + " |", flush=True)


def tomographies(options) -> None:
    for size in range(1, 7):
        settings = tomography.design(size)
        experiment = Experiment(Probe.ghz(size), 1.0)
        seconds, _ = timed(EmulatorSampler(), experiment, settings, options.shots, noise_of(size), 1)
        print(f"| tomography N = {size} | {len(settings)} | {seconds:.4f} | {len(settings) / seconds:.0f} |")
    for size, rows in ((8, 200), (10, 200)):
        settings = Settings(*np.random.default_rng(1).uniform(0, 3, (3, rows, size)))
        seconds, _ = timed(
            EmulatorSampler(), Experiment(Probe.ghz(size), 1.0), settings, options.shots, noise_of(size), 1
        )
        print(f"| {rows} random settings, N = {size} | {rows} | {seconds:.3f} | {rows / seconds:.0f} |")


def parities(counts):
    """(odd, all) of each row, shape (rows, 2)."""
    odd = np.unpackbits(counts.outcomes, axis=1).sum(1) % 2
    rows = np.repeat(np.arange(counts.num_rows), np.diff(counts.offsets))
    weights = [counts.numbers * odd, counts.numbers]
    return np.stack([np.bincount(rows, w, minlength=counts.num_rows) for w in weights], axis=1)


def same(one, other) -> float:
    """The chi-square p-value of all rows' parities being alike."""
    pooled = (one[:, 0] + other[:, 0]) / (one[:, 1] + other[:, 1])
    variance = pooled * (1 - pooled) * (1 / one[:, 1] + 1 / other[:, 1])
    free = variance > 0
    z = (one[:, 0] / one[:, 1] - other[:, 0] / other[:, 1])[free] / np.sqrt(variance[free])
    return float(chi2.sf(np.sum(z**2), free.sum()))


if __name__ == "__main__":
    main()
