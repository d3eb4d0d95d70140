"""The theory engines and their peers: speed and accuracy in the same run, growth with N, and the peers' wrong answers.

    make peers && python benchmarks/theory.py [--tables dense symmetric] [--only WORD] [--runs 5] [--quick]

Prints Markdown, one table after the other: `dense` (matrices of 2^N, beside solvers of the master equation),
`symmetric` (what a user calls, beside piqs and mesolve), `other` (bounds, best states and squeezing, beside QMetro++
and cavsqueeze), `closed` (N = 10 000), `growth` (the symmetric engine alone), `sizes` (the dense engine alone), and
`wrong`.

Every contender answers in a process of its own, timed by its own clock, imports left out. After a first call of each
qsense and the peer are timed in turn, `--runs` times; seconds are medians, the ratio is that of the medians, with the
least and the most of the pairs' ratios. The first call is named where it took more than twice as long. Errors are the
largest over the times of |G/G_exact − 1|, with G_exact to forty digits from peers/reference.py. `--quick` leaves out
peers that take longer than ten seconds a run; `--only` keeps what contains a word. Set OMP_NUM_THREADS=1.
"""

import argparse
import os

import numpy as np
from processes import Contender, ask
from races import (
    BOTH,
    RATE,
    TIMES,
    dense_tasks,
    exact_gain,
    large_probe,
    other_tasks,
    random_probe,
    random_state,
    run_races,
    symmetric_tasks,
)
from wrong_answers import run_wrong_answers

GROWTH = (10, 20, 40, 60, 80, 100)
SIZES = (4, 6, 8, 9, 10, 11, 12)
RACES = {"dense": dense_tasks, "symmetric": symmetric_tasks, "other": other_tasks}
TABLES = (*RACES, "closed", "growth", "sizes", "wrong")


def run_growth(clock: str, versions: dict[str, str]) -> bool:
    """Prints time and memory of the symmetric engine as N grows; each N in a process of its own, asked once."""
    print("| N | noise | s | grows as | memory beyond imports, MiB | grows as |")
    print("|---|---|---|---|---|---|")
    good = True
    for kind in BOTH:
        before = None
        for num_qubits in GROWTH:
            answer = ask("qsense_theory", {**random_probe(num_qubits, kind), "engine": "gain", "clock": clock})
            versions |= answer.versions
            if answer.problem:
                print(f"| {num_qubits} | {kind} | {answer.problem} | | | |", flush=True)
                good = False
                continue
            now = np.array([num_qubits, answer.seconds, max(answer.peak_mib - answer.imports_mib, 0.1)])
            slopes = ["", ""]
            if before is not None:
                change = np.log(now / before)
                slopes = [f"N^{slope:.1f}" for slope in change[1:] / change[0]]
            print(f"| {num_qubits} | {kind} | {now[1]:.3g} | {slopes[0]} | {now[2]:.0f} | {slopes[1]} |", flush=True)
            before = now
    return good


def run_sizes(clock: str, quick: bool, versions: dict[str, str]) -> bool:
    """Prints what one time of a state without symmetry takes of the dense engine, and all 50 up to ten spins.

    Under dephasing complex states cost what real ones do, and late times less than early ones.
    """
    print("| N | noise, state | first time, s | last time, s | 50 times, s | memory beyond imports, MiB |")
    print("|---|---|---|---|---|---|")
    good = True
    for num_qubits in SIZES[:4] if quick else SIZES:
        for kind, complex_amplitudes in ((BOTH[0], False), (BOTH[1], False), (BOTH[1], True)):
            request = {**random_state(num_qubits, kind, complex_amplitudes), "engine": "dense", "clock": clock}
            asked = [TIMES[:1], TIMES[-1:] if kind == BOTH[0] else TIMES[:0], TIMES if num_qubits <= 10 else TIMES[:0]]
            with Contender("qsense_theory") as one:
                answers = [one.ask({**request, "times": times.tolist()}) for times in asked if len(times)]
            problem = answers[-1].problem
            good &= not problem
            versions |= answers[0].versions
            seconds = iter(answers)
            cells = [f"{next(seconds).seconds:.3g}" if len(times) else "–" for times in asked]
            memory = answers[-1].peak_mib - answers[-1].imports_mib
            what = f"{kind}, {'complex' if complex_amplitudes else 'real'}"
            said = problem or " | ".join((*cells, f"{memory:.0f}"))
            print(f"| {num_qubits} | {what} | {said} |", flush=True)
    return good


def run_closed(clock: str, versions: dict[str, str]) -> bool:
    """Prints time and error of the closed forms for 10 000 spins at 50 times."""
    print("| probe | noise | rates | s | error |")
    print("|---|---|---|---|---|")
    good = True
    for probe in ("ghz", "product"):
        for alike, kinds in ((True, BOTH[:1]), (True, BOTH), (False, BOTH[:1]), (False, BOTH)):
            request = large_probe(probe, alike, kinds)
            with Contender("qsense_theory") as one:
                asked = {**request, "engine": "gain", "clock": clock}
                answer = [one.ask(asked), one.ask({**asked, "calls": 20})][1]
            good &= not answer.problem
            versions |= answer.versions
            chosen, values = exact_gain(request, 5, {}, versions)
            error = f"{np.max(np.abs(answer.gain[chosen] / values - 1)):.0e}" if len(values) else "–"
            said = answer.problem or f"{answer.seconds:.2g}"
            print(f"| {probe} | {'+'.join(kinds)} | {'equal' if alike else 'a rate a spin'} | {said} | {error} |")
    return good


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--quick", action="store_true", help="leave out what takes longer than ten seconds a run")
    parser.add_argument("--only", default="", help="keep the races whose task or peer contains this")
    parser.add_argument("--tables", nargs="+", choices=TABLES, default=TABLES)
    parser.add_argument("--clock", choices=("wall", "cpu"), default="cpu")
    parser.add_argument("--runs", type=int, default=5, help="of each contender, in turn")
    options = parser.parse_args()
    threads = os.environ.get("OMP_NUM_THREADS", "not set")
    print(
        f"50 times, γ = {RATE:g}/s, t in (0, {TIMES[-1]:g}] s; {options.clock} clock, OMP_NUM_THREADS {threads}, "
        f"{os.cpu_count()} cores."
    )
    good = True
    for table in options.tables:
        versions: dict[str, str] = {}
        print(f"\n{table}:\n" if len(options.tables) > 1 else "", flush=True)
        if table in RACES:
            chosen = [item for item in RACES[table]() if options.only in f"{item.task} {item.peer}"]
            chosen = [item for item in chosen if not (options.quick and item.long)]
            good &= run_races(chosen, options.clock, options.runs, versions)
        elif table == "growth":
            good &= run_growth(options.clock, versions)
        elif table == "sizes":
            good &= run_sizes(options.clock, options.quick, versions)
        elif table == "closed":
            good &= run_closed(options.clock, versions)
        else:
            good &= run_wrong_answers(versions)
        print("\n" + ", ".join(f"{name} {version}" for name, version in sorted(versions.items())), flush=True)
    if not good:
        raise SystemExit("qsense did not answer everything.")


if __name__ == "__main__":
    main()
