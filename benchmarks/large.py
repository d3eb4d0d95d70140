"""Symmetric probes of hundreds of spins: seconds, memory and error of G at 20 times, each in a process of its own.

    OMP_NUM_THREADS=1 python benchmarks/large.py [--clock cpu] [--most 500]

Prints Markdown. Random complex amplitudes over Dicke states, γ = 0.1/s, t in (0, 40] s. The error is that of the
product probe's G by the same engine, asked for in the same way, beside N e^{−4γt} (dephasing) or N e^{−γt} (emission):
the largest over the times at which that is above 1e-5 of N, where rounding is below it.
"""

import argparse

import numpy as np
from processes import ask
from races import RATE, random_probe

TIMES = np.linspace(2, 40, 20)
ASKED = (("dephasing", 120), ("dephasing", 200), ("dephasing", 500), ("emission", 120), ("emission", 200))


def product(num_qubits: int) -> list[list[float]]:
    """Returns the amplitudes of |+>^N over Dicke states, each with its imaginary part."""
    logs = np.cumsum(np.append(0.0, np.log(np.arange(num_qubits, 0, -1) / np.arange(1.0, num_qubits + 1))))
    return [[float(value), 0.0] for value in np.exp((logs - num_qubits * np.log(2)) / 2)]


def row(kind: str, num_qubits: int, clock: str) -> str:
    request = random_probe(num_qubits, kind, complex_amplitudes=True)
    request |= {"engine": "gain", "clock": clock, "times": TIMES.tolist()}
    answer = ask("qsense_theory", request)
    exact = num_qubits * np.exp(-(4 if kind == "dephasing" else 1) * RATE * TIMES)
    seen = exact > 1e-5 * num_qubits
    found = ask("qsense_theory", request | {"amplitudes": product(num_qubits)})
    if answer.problem or found.problem:
        return f"| {num_qubits} | {kind} | {answer.problem or found.problem} | | |"
    error = np.max(np.abs(found.gain / exact - 1)[seen])
    memory = answer.peak_mib - answer.imports_mib
    return f"| {num_qubits} | {kind} | {answer.seconds:.3g} | {memory:.0f} | {error:.0e} |"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall")
    parser.add_argument("--most", type=int, default=500, help="spins")
    options = parser.parse_args()
    print(f"| N | noise | s ({options.clock}) | memory beyond imports, MiB | error of the product probe's G |")
    print("|---|---|---|---|---|")
    for kind, num_qubits in ASKED:
        if num_qubits <= options.most:
            print(row(kind, num_qubits, options.clock), flush=True)


if __name__ == "__main__":
    main()
