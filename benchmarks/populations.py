"""The populations of a GHZ state with readout undone: tensored weights beside mthree, on the same shots.

Every run has shots of a GHZ state of which a part has decayed into random strings, its own readout errors of 0.5 to
6 %, and its own calibration. `python benchmarks/populations.py [RUNS]` needs mthree and prints, for p(0…0), the bias
with its standard error, the scatter, the mean error bar, and how often 1.96 error bars cover the truth. Five minutes.
"""

from __future__ import annotations

import sys
import time

import numpy as np

from qsense.circuits.counts import Counts
from qsense.estimators.readout import calibrate, patterns
from qsense.estimators.readout.inversion import METHODS, populations

SHOTS, CALIBRATION_SHOTS, LOST = 4000, 2000, 0.3  # LOST: the share of shots that are random strings


def packed(bits: np.ndarray) -> Counts:
    return Counts.from_shots(bits.shape[2], np.packbits(bits, axis=2, bitorder="little"))


def misread(bits: np.ndarray, errors: np.ndarray, rng: np.random.Generator) -> Counts:
    return packed(bits ^ (rng.random(bits.shape) < np.where(bits == 1, errors[1], errors[0])).astype(np.uint8))


def main(runs: int) -> None:
    print("| N | method | bias / its error | scatter | error bar | coverage | ms |")
    print("|---|---|---|---|---|---|---|")
    for size in (2, 4, 6, 8, 10):
        rng = np.random.default_rng(size)
        strings = np.array([[s >> spin & 1 for spin in range(size)] for s in patterns(size)], dtype=np.uint8)
        truth = (1 - LOST) / 2 + LOST / 2**size
        found: dict[str, list[tuple[float, float]]] = {method: [] for method in METHODS}
        spent = dict.fromkeys(METHODS, 0.0)
        for _ in range(runs):
            errors = rng.uniform(0.005, 0.06, (2, size))
            known = calibrate(misread(np.repeat(strings[:, None, :], CALIBRATION_SHOTS, axis=1), errors, rng))
            alike = np.repeat(rng.integers(0, 2, (1, SHOTS, 1), dtype=np.uint8), size, axis=2)
            random = rng.integers(0, 2, alike.shape, dtype=np.uint8)
            counts = misread(np.where(rng.random((1, SHOTS, 1)) < LOST, random, alike), errors, rng)
            for method in METHODS:
                start = time.perf_counter()
                down = populations(counts, known, method)[0].down.mitigated
                spent[method] += time.perf_counter() - start
                found[method].append((down.value, down.stderr))
        for method, pairs in found.items():
            values, bars = np.array(pairs).T
            scatter = float(values.std(ddof=1))
            bias, sure = float(values.mean() - truth), scatter / np.sqrt(runs)
            covered = float(np.mean(np.abs(values - truth) < 1.96 * bars))
            print(
                f"| {size} | {method} | {bias:+.5f} / {sure:.5f} | {scatter:.5f} | {bars.mean():.5f} | "
                f"{100 * covered:.0f} % | {1000 * spent[method] / runs:.1f} |",
                flush=True,
            )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 200)
