"""How often the test of independent spins accuses wrongly, and how often rightly.

    python benchmarks/independence.py [--repetitions 2000]

Counts are drawn from the physics: each spin's sign along a direction, given phases that spins share.
"""

from __future__ import annotations

import argparse

import numpy as np

from qsense.circuits.counts import Counts
from qsense.estimators.product.correlations import independence_p_value, pairs

LOCAL = 0.1  # dephasing rate of each spin in 1/s
AXES = (0.0, np.pi / 2)


def draw(rng, size, times, collective, shots, offset, emission=0.0):
    """Returns the counts of each time: rows along and across the expected phase."""
    found = []
    for time in times:
        bits = []
        for axis in AXES:
            shared = rng.normal(0, np.sqrt(4 * collective * time), (shots, 1))
            visible = np.exp(-2 * LOCAL * time - emission * time / 2) * np.cos(offset + shared - axis)
            bits.append(rng.random((shots, size)) >= (1 + visible) / 2)
        outcomes = np.packbits(np.concatenate(bits).astype(np.uint8), axis=1, bitorder="little")
        offsets = np.array([0, shots, 2 * shots])
        found.append(Counts(size, offsets, outcomes, np.ones(2 * shots, dtype=np.int64)))
    return found


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--repetitions", type=int, default=2000)
    repetitions = parser.parse_args().repetitions
    rng = np.random.default_rng(5)
    times = np.array([0.3225, 1.7458, 4.5366, 9.3951]) / (4 * LOCAL)  # Gauss–Laguerre nodes
    print("N, shots, offset, collective rate: share of p < 0.05, 0.01, 0.001")
    for collective in (0.0, 0.01, 0.1):
        for size in (4, 8, 32):
            for shots in (30, 100, 1000):
                for offset in (0.0, 0.7):
                    some = repetitions if not collective else max(repetitions // 10, 50)
                    some = some if size < 32 else some // 2
                    drawn = (draw(rng, size, times, collective, shots, offset) for _ in range(some))
                    found = np.array(
                        [independence_p_value(times, [pairs(one, (0, 1)) for one in run]) for run in drawn]
                    )
                    shares = " ".join(f"{np.mean(found < level):.4f}" for level in (0.05, 0.01, 0.001))
                    print(f"{size:3d} {shots:5d} {offset:4.1f} {collective:5.2f}: {shares} ({some})", flush=True)


if __name__ == "__main__":
    main()
