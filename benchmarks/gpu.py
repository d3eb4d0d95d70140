"""The dense engine on a GPU: seconds, memory, and the difference from the processor's numbers.

    python benchmarks/gpu.py [--sizes 8 9 10 11 12 13 14] [--noise emission] [--limit 60]

Prints Markdown. The probe is a random complex state of 2^N amplitudes, γ = 0.1/s, at 50 times in (0, 40] s. The best of
three runs after one that starts everything, of one where a run takes more than ten seconds; a size whose 50 times would
take more than `--limit` seconds is asked for the evenly spread times that fit in it, and 50 are counted in proportion:
times are computed one after the other there. Difference: the largest |G/G_cpu − 1| at two times, up to N = 9.
"""

import argparse
import time
from functools import partial

import numpy as np

from qsense import LocalNoise, Probe
from qsense.numerics.arrays import gpu
from qsense.theory.covariant import MATRICES
from qsense.theory.dense import dense_gain

RATE, LATEST, SEED = 0.1, 40.0, 7
COMPARED, COMPARED_TIMES = 9, [7, 30]


def probe(num_qubits: int) -> Probe:
    generator = np.random.default_rng([SEED, num_qubits])
    vector = generator.normal(size=2**num_qubits) + 1j * generator.normal(size=2**num_qubits)
    return Probe.from_state(vector / np.linalg.norm(vector))


def seconds(function) -> float:
    begin = time.perf_counter()
    function()
    return time.perf_counter() - begin


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", type=int, nargs="+", default=[8, 9, 10, 11, 12, 13, 14])
    parser.add_argument("--noise", nargs="+", choices=("dephasing", "emission"), default=["dephasing", "emission"])
    parser.add_argument("--times", type=int, default=50)
    parser.add_argument("--limit", type=float, default=60.0)
    options = parser.parse_args()
    cupy = gpu().xp
    properties = cupy.cuda.runtime.getDeviceProperties(0)
    pool = cupy.get_default_memory_pool()
    all_times = np.linspace(LATEST / options.times, LATEST, options.times)
    print(f"{properties['name'].decode()}, CuPy {cupy.__version__}, CUDA {cupy.cuda.runtime.runtimeGetVersion()}.\n")
    print(
        "| N | noise | matrices | times | s | s for 50 | memory, GB | asked for, GB | difference from the processor |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for num_qubits in options.sizes:
        for kind in options.noise:
            state, noise = probe(num_qubits), LocalNoise(**{kind: RATE})

            def solve(times, state=state, noise=noise):
                return dense_gain(state, noise, times, engine="gpu")

            pool.free_all_blocks()
            first = seconds(partial(solve, all_times[:2]))  # starts everything
            one = seconds(partial(solve, all_times[:1])) if num_qubits > 11 else first / 2
            count = len(all_times) if one * len(all_times) < options.limit else max(2, int(options.limit / one))
            chosen = all_times[np.linspace(0, len(all_times) - 1, count).round().astype(int)]
            pool.free_all_blocks()
            spent = [seconds(partial(solve, chosen))]
            memory = pool.total_bytes() / 1e9
            while len(spent) < 3 and spent[0] < 10:
                spent.append(seconds(partial(solve, chosen)))
            apart = "–"
            if num_qubits <= COMPARED:
                some = all_times[np.array(COMPARED_TIMES) * len(all_times) // 50]
                exact = dense_gain(state, noise, some, engine="cpu")
                apart = f"{np.max(np.abs(solve(some) / exact - 1)):.0e}"
            is_real = kind == "dephasing"
            asked = MATRICES * (8 if is_real else 16) * 4**num_qubits / 1e9
            print(
                f"| {num_qubits} | {kind} | {'real' if is_real else 'complex'} | {count} | {min(spent):.3g} "
                f"| {min(spent) * 50 / count:.3g} | {memory:.2g} | {asked:.2g} a time | {apart} |",
                flush=True,
            )


if __name__ == "__main__":
    main()
