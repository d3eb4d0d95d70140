"""How long the search for the best symmetric probe takes, and what it finds.

    python benchmarks/search.py [--sizes 12 20 24 40 100] [--noises dephasing emission]
                                [--objectives integrated_gain rate] [--probes best squeezed]

Prints Markdown: seconds of processor time and of the clock of one call, the value over the product probe's (its 𝓘 is
N/4γ or N/γ), and the stationarity. On a busy machine set OMP_NUM_THREADS=1.
"""

import argparse
import itertools
import time

from qsense import LocalNoise, Probe, optimal_probe
from qsense.theory.goal import Goal
from qsense.theory.optimal import best_squeezing

SEARCHES = {"best": optimal_probe, "squeezed": lambda *what: best_squeezing(*what[:2], "one_axis", *what[2:])}
NOISES = {"dephasing": LocalNoise(dephasing=0.25), "emission": LocalNoise(emission=1.0)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", type=int, default=[12, 20, 24, 40, 100])
    parser.add_argument("--noises", nargs="+", choices=NOISES, default=list(NOISES))
    parser.add_argument("--objectives", nargs="+", default=["integrated_gain", "rate"])
    parser.add_argument("--probes", nargs="+", choices=SEARCHES, default=["best"])
    options = parser.parse_args()
    print("| N | noise | objective | probe | s of a processor | s | over product | stationarity |")
    print("|---|---|---|---|---|---|---|---|")
    for what in itertools.product(options.sizes, options.noises, options.objectives, options.probes):
        num_qubits, name, objective, probe = what
        before = time.process_time(), time.perf_counter()
        best = SEARCHES[probe](num_qubits, NOISES[name], objective)
        taken = time.process_time() - before[0], time.perf_counter() - before[1]
        product = Goal(objective).value(Probe.product(num_qubits), NOISES[name])
        times = f"{taken[0]:.1f} | {taken[1]:.1f}"
        row = f"{num_qubits} | {name} | {objective} | {probe} | {times} | {best.value / product:.8f}"
        print(f"| {row} | {best.stationarity:.0e} |", flush=True)


if __name__ == "__main__":
    main()
