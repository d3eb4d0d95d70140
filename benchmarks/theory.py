"""The theory engines and their peers: speed and accuracy in the same run, growth with N, and the peers' wrong answers.

    make peers && python benchmarks/theory.py [--quick] [--only WORD] [--tables races growth wrong] [--clock cpu]

Prints Markdown. Every contender answers in a process of its own, qsense and the peer in turn, each timed by its own
clock after its imports; the fastest run counts, and beside it, where it is more than twice as long, the first. Threads
are as the environment leaves them, alike for both. On a busy machine small matrices on several threads wait for each
other: measure there with OMP_NUM_THREADS=1 and `--clock cpu`, the processor's time. Errors are the largest over the
times of |G/G_exact − 1|, with G_exact to forty digits from peers/reference.py. `--quick` leaves out what takes longer
than ten seconds; `--only` keeps the races whose task or peer contains a word.
"""

import argparse
import os

import numpy as np
from processes import ask
from races import RATE, TIMES, races, random_probe, run_races
from wrong_answers import run_wrong_answers

GROWTH = (10, 20, 40, 60, 80, 100)
TABLES = ("races", "growth", "wrong")


def run_growth(clock: str) -> bool:
    """Prints time and memory of the symmetric engine as N grows; each N in a process of its own, asked once."""
    print("| N | noise | s | grows as | memory beyond imports, MiB | grows as |")
    print("|---|---|---|---|---|---|")
    good = True
    for kind in ("dephasing", "emission"):
        before = None
        for num_qubits in GROWTH:
            request = {**random_probe(num_qubits, kind), "engine": "gain", "repeats": 1, "clock": clock}
            answer = ask("qsense_gain", request)
            if answer.problem:
                print(f"| {num_qubits} | {kind} | {answer.problem} | | | |", flush=True)
                good = False
                continue
            now = np.array([num_qubits, answer.first, max(answer.peak_mib - answer.imports_mib, 0.1)])
            slopes = ["", ""]
            if before is not None:
                change = np.log(now / before)
                slopes = [f"N^{slope:.1f}" for slope in change[1:] / change[0]]
            print(f"| {num_qubits} | {kind} | {now[1]:.3g} | {slopes[0]} | {now[2]:.0f} | {slopes[1]} |", flush=True)
            before = now
    return good


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="leave out what takes longer than ten seconds")
    parser.add_argument("--only", default="", help="keep the races whose task or peer contains this")
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=TABLES)
    parser.add_argument("--clock", choices=("wall", "cpu"), default="wall")
    options = parser.parse_args()
    versions: dict[str, str] = {}
    threads = os.environ.get("OMP_NUM_THREADS", "not set")
    print(
        f"50 times, γ = {RATE:g}/s, t in (0, {TIMES[-1]:g}] s; {options.clock} clock, OMP_NUM_THREADS {threads}, "
        f"{os.cpu_count()} cores."
    )
    good = True
    if "races" in options.tables:
        chosen = [item for item in races() if options.only in item.task + item.peer]
        print()
        good &= run_races([item for item in chosen if not (options.quick and item.long)], options.clock, versions)
    if "growth" in options.tables:
        print("\nThe symmetric engine alone, 50 times, first call:\n")
        good &= run_growth(options.clock)
    if "wrong" in options.tables:
        print("\nAnswers of peers that were seen to be wrong:\n")
        good &= run_wrong_answers(versions)
    print("\n" + ", ".join(f"{name} {version}" for name, version in sorted(versions.items())))
    if not good:
        raise SystemExit("qsense did not answer everything.")


if __name__ == "__main__":
    main()
