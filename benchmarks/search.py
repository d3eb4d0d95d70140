"""How long the search for the best symmetric probe takes, and what it finds.

    python benchmarks/search.py [--sizes 12 24 40] [--noises dephasing emission] [--objectives integrated_gain rate]

Prints Markdown: seconds of processor time of one call, the value over the product probe's (its 𝓘 is
N/4γ or N/γ), and the stationarity. On a busy machine set OMP_NUM_THREADS=1.
"""

import argparse
import time

from qsense import LocalNoise, Probe, optimal_probe
from qsense.theory.goal import Goal

NOISES = {"dephasing": LocalNoise(dephasing=0.25), "emission": LocalNoise(emission=1.0)}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--sizes", nargs="+", type=int, default=[12, 24, 40])
    parser.add_argument("--noises", nargs="+", choices=NOISES, default=list(NOISES))
    parser.add_argument("--objectives", nargs="+", default=["integrated_gain", "rate"])
    options = parser.parse_args()
    print("| N | noise | objective | s | over product | stationarity |")
    print("|---|---|---|---|---|---|")
    for num_qubits in options.sizes:
        for name in options.noises:
            for objective in options.objectives:
                before = time.process_time()
                best = optimal_probe(num_qubits, NOISES[name], objective)
                taken = time.process_time() - before
                product = Goal(objective).value(Probe.product(num_qubits), NOISES[name])
                row = f"{taken:.1f} | {best.value / product:.8f} | {best.stationarity:.0e}"
                print(f"| {num_qubits} | {name} | {objective} | {row} |", flush=True)


if __name__ == "__main__":
    main()
