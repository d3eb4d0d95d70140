"""How fast the emulator is beside Aer, on the same jobs in one run; prints Markdown tables.

    python benchmarks/emulator.py [--aer-times 1] [--aer-shots 512] [--shots 4096]

Aer needs ten minutes for the whole of its share. `--aer-times` lets it run only so many of the tomography's 8 times
(they are alike) and `--aer-shots` only so many of the parity's shots (each is a trajectory of its own); the time of the
whole job is then extrapolated in proportion, and marked with ≈. `--aer-times 8 --aer-shots 4096` extrapolates nothing.
All are timed from the experiment to the counts after one small job each. The parities of both samplers' counts are
compared by chi-square, so that equals are timed. Set OMP_NUM_THREADS on a machine that is busy.
"""

import argparse
import time

import numpy as np
from scipy.stats import chi2

from qsense import LocalNoise, Probe
from qsense.backends import AerSampler, EmulatorSampler
from qsense.circuits.sensing import Experiment, Settings
from qsense.estimators import tomography

NUM_TIMES = 8


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--aer-times", type=int, default=1, choices=range(1, NUM_TIMES + 1))
    parser.add_argument("--aer-shots", type=int, default=512)
    parser.add_argument("--shots", type=int, default=4096)
    options = parser.parse_args()
    for sampler in (EmulatorSampler(), AerSampler(), AerSampler("matrix_product_state")):
        sampler.sample(Experiment(Probe.ghz(2), 1.0), fringe(2), 10, LocalNoise(0.1), 1)
    print("| job | circuits × shots | emulator (s) | Aer (s) | ratio | same counts (p) |")
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
    start = time.perf_counter()
    counts = sampler.sample(experiment, settings, shots, noise, seed)
    return time.perf_counter() - start, counts


def full_tomography(options) -> None:
    size = 6
    settings, noise, probe = tomography.design(size), noise_of(size), Probe.ghz(size)
    times = np.linspace(0.1, 2.0, NUM_TIMES)
    ours = [
        timed(EmulatorSampler(), Experiment(probe, t, "directions"), settings, options.shots, noise, 1) for t in times
    ]
    theirs = [
        timed(AerSampler(), Experiment(probe, t, "directions"), settings, options.shots, noise, 2)
        for t in times[: options.aer_times]
    ]
    quick = sum(seconds for seconds, _ in ours)
    slow = sum(seconds for seconds, _ in theirs) * NUM_TIMES / options.aer_times
    # Bit by bit and pair by pair of all rows would be correlated; the parity of each row is one number of its own.
    p = same(parities(ours[0][1]), parities(theirs[0][1]))
    mark = "" if options.aer_times == NUM_TIMES else "≈ "
    job = f"tomography, GHZ N = {size}, {NUM_TIMES} times, parameter-shift derivative"
    print(
        f"| {job} | {NUM_TIMES * len(settings)} × {options.shots} | {quick:.2f} | {mark}{slow:.0f} "
        f"| {mark}{slow / quick:.0f} | {p:.2f} |",
        flush=True,
    )


def parity(size, options) -> None:
    experiment, settings, noise = Experiment(Probe.ghz(size), 1.0), fringe(size), noise_of(size)
    quick, ours = timed(EmulatorSampler(), experiment, settings, options.shots, noise, 1)
    shots = min(options.aer_shots, options.shots)
    slow, theirs = timed(AerSampler("matrix_product_state"), experiment, settings, shots, noise, 2)
    slow *= options.shots / shots
    mark = "" if shots == options.shots else "≈ "
    p = same(parities(ours), parities(theirs))
    print(
        f"| parity, GHZ N = {size}, Aer's matrix products | 1 × {options.shots} | {quick:.3f} | {mark}{slow:.1f} "
        f"| {mark}{slow / quick:.0f} | {p:.2f} |",
        flush=True,
    )


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
