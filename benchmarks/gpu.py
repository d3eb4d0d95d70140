"""Engines on a GPU: seconds, memory, and the difference from the processor's numbers, one table for each part.

    python benchmarks/gpu.py [--parts dense emulator tomography symmetric] [--noise dephasing emission] [--sizes 8 9]
                             [--rehearse]

Prints Markdown. `--sizes` and `--noise` are those of every part that is asked for; the emulator and tomography have one
noise. `--rehearse` runs all tables but the dense one in NumPy in the place of a GPU, which has 2 GB: it shows that the
script works, and no speed.

dense: a random complex state of 2^N amplitudes, γ = 0.1/s, at 50 times in (0, 40] s. The best of three runs after one
that starts everything, of one where a run takes more than ten seconds; a size whose 50 times would take more than
`--limit` seconds is asked for the evenly spread times that fit in it, and 50 are counted in proportion: times are
computed one after the other there. Difference: the largest |G/G_cpu − 1| at two times, up to N = 9.

emulator, tomography: see gpu_tomography.py. symmetric: see gpu_symmetric.py.
"""

import argparse
from collections.abc import Sequence
from functools import partial

import gpu_symmetric
import gpu_tomography
import numpy as np
from gpu_card import Card, difference, fastest, seconds

from qsense import LocalNoise, Probe
from qsense.theory.covariant import MATRICES
from qsense.theory.dense import dense_gain

RATE, LATEST, SEED, TIMES = 0.1, 40.0, 7, 50
SIZES = (8, 9, 10, 11, 12, 13, 14)
PARTS = ("dense", "emulator", "tomography", "symmetric")
COMPARED, COMPARED_TIMES = 9, [7, 30]


def probe(num_qubits: int) -> Probe:
    generator = np.random.default_rng([SEED, num_qubits])
    vector = generator.normal(size=2**num_qubits) + 1j * generator.normal(size=2**num_qubits)
    return Probe.from_state(vector / np.linalg.norm(vector))


def dense_table(card: Card, sizes: Sequence[int], noises: Sequence[str], limit: float) -> None:
    """Prints the table."""
    print(
        "| N | noise | matrices | times | s | s for 50 | memory, GB | asked for, GB | difference from the processor |"
    )
    print("|---|---|---|---|---|---|---|---|---|")
    for num_qubits in sizes:
        for kind in noises:
            print(dense_row(card, num_qubits, kind, limit), flush=True)


def dense_row(card: Card, num_qubits: int, kind: str, limit: float) -> str:
    state, noise = probe(num_qubits), LocalNoise(**{kind: RATE})
    all_times = np.linspace(LATEST / TIMES, LATEST, TIMES)

    def solve(times: np.ndarray) -> np.ndarray:
        return dense_gain(state, noise, times, engine="gpu")

    card.forget()
    first = seconds(partial(solve, all_times[:2]))  # starts everything
    one = seconds(partial(solve, all_times[:1])) if num_qubits > 11 else first / 2
    count = TIMES if one * TIMES < limit else max(2, int(limit / one))
    chosen = all_times[np.linspace(0, TIMES - 1, count).round().astype(int)]
    card.forget()
    spent = fastest(partial(solve, chosen))
    memory, apart = card.memory(), "–"
    if num_qubits <= COMPARED:
        some = all_times[COMPARED_TIMES]
        apart = difference(solve(some), dense_gain(state, noise, some, engine="cpu"))
    is_real = kind == "dephasing"
    asked = MATRICES * (8 if is_real else 16) * 4**num_qubits / 1e9
    return (
        f"| {num_qubits} | {kind} | {'real' if is_real else 'complex'} | {count} | {spent:.3g} "
        f"| {spent * TIMES / count:.3g} | {memory} | {asked:.2g} a time | {apart} |"
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--parts", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--sizes", type=int, nargs="+", help="spins; by default those of each part")
    parser.add_argument("--noise", nargs="+", choices=("dephasing", "emission"), default=["dephasing", "emission"])
    parser.add_argument("--limit", type=float, default=60.0)
    parser.add_argument("--rehearse", action="store_true", help="in NumPy, where no GPU is")
    options = parser.parse_args()
    card = Card.of(options.rehearse)
    print(f"{card.label}.")
    for part in options.parts:
        if part == "dense" and options.rehearse:
            continue
        print(f"\n{part}:\n")
        if part == "dense":
            dense_table(card, options.sizes or SIZES, options.noise, options.limit)
        elif part == "symmetric":
            gpu_symmetric.symmetric_table(card, options.sizes or gpu_symmetric.SIZES, options.noise)
        else:
            table = gpu_tomography.emulator_table if part == "emulator" else gpu_tomography.tomography_table
            table(card, options.sizes or gpu_tomography.SIZES)


if __name__ == "__main__":
    main()
