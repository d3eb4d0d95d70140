"""State tomography by qsense and by qiskit-experiments, on the same circuits and shots: error of G, and time.

    python benchmarks/tomography_peer.py [--shots 1000] [--sizes 2 3 4 5] [--python PATH] [--quick]

Prints Markdown. Both measure the 3^N Pauli bases of the same noisy probe, at 0.7 lifetimes of G, and take
∂ρ = −i[J_z, ρ]. The peer is StateTomography with its defaults (linear inversion, projected to a state) on Aer, then the
QFI of the fitted state from its eigendecomposition; qsense is `tomography` with the commutator, which also gives an
error bar and a lower bound, from the emulator's counts and from Aer's. Aer's method is "density_matrix" for both.

The contenders are asked in turn, each in its own process and Python, and timed by their own clocks from making the
circuit to G, imports left out, after one small job each. The time is the median of the repetitions; `×` says how much
longer the peer took than qsense, by the wall and by the processor: the ratio of medians, and the least and the most of
the pairs' ratios. Bias and root mean square error are of G, with their
own standard errors. Set OMP_NUM_THREADS=1 on a machine that is busy.

The peer's Python is `.venv-peers/bin/python` of the checkout unless `--python` names another.
"""

import argparse
import json
import os
import subprocess
import time
from pathlib import Path

import numpy as np
from processes import Pairs

from qsense import LocalNoise, Probe, gain
from qsense import backends as samplers
from qsense.circuits.sensing import Experiment
from qsense.estimators import tomography
from qsense.theory.times import decay_rate

HERE = Path(__file__).resolve().parent
PEERS_PYTHON = HERE.parent / ".venv-peers" / "bin" / "python"
SCRIPT = HERE / "peers" / "state_tomography.py"
RATES = {"dephasing": 0.4, "emission": 0.1}
REPETITIONS = {2: 30, 3: 24, 4: 12, 5: 8}
LIFETIMES, PHASE = 0.7, 0.2
PEER = "qiskit-experiments"
FIRST_SEEDS = {PEER: 1, "qsense on emulator": 1001, "qsense on Aer": 2001}


class Peer:
    """The process of the peer; `problem` says why there is none."""

    def __init__(self, python: Path):
        self.problem, self.versions = "", {}
        if not python.exists():
            self.problem = "not installed"
            return
        self.process = subprocess.Popen(
            [python, SCRIPT], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
        )
        hello = json.loads(self.process.stdout.readline() or '{"missing": "no answer"}')
        self.problem = f"not installed ({hello['missing']})" if "missing" in hello else ""
        self.versions = hello.get("versions", {})

    def ask(self, request):
        """Returns (gain, seconds, processor seconds)."""
        print(json.dumps(request), file=self.process.stdin, flush=True)
        line = self.process.stdout.readline()
        if not line:
            raise SystemExit(f"{PEER} failed: {self.process.stderr.read().strip()[-500:]}")
        answer = json.loads(line)
        return answer["gain"], answer["seconds"], answer["cpu_seconds"]

    def close(self):
        if hasattr(self, "process"):
            self.process.communicate()


def by_qsense(sampler, request):
    """Returns (gain, seconds, processor seconds) of the same request."""
    noise = LocalNoise(**{request["kind"]: RATES[request["kind"]]})
    wall, processor = time.perf_counter(), time.process_time()
    experiment = Experiment(Probe.named(request["probe"], request["num_qubits"]), request["time"])
    settings = tomography.design(request["num_qubits"], "commutator").at(request["phase"])
    counts = sampler.sample(experiment, settings, request["shots"], noise, request["seed"])
    found = tomography.estimate(counts.table(), "commutator", np.random.default_rng(request["seed"]))
    return found.value, time.perf_counter() - wall, time.process_time() - processor


def race(probe, size, kind, shots, repetitions, contenders):
    """Returns the exact G and what each contender said, shape (repetitions, 3) each."""
    noise, state = LocalNoise(**{kind: RATES[kind]}), Probe.named(probe, size)
    moment = LIFETIMES / decay_rate(state, noise)
    request = {"probe": probe, "num_qubits": size, "kind": kind, "phase": PHASE, "shots": shots}
    request |= {"time": moment, "elapsed": RATES[kind] * moment}
    said = {name: [] for name in contenders}
    for repetition in range(repetitions):
        for name, ask in contenders.items():
            said[name].append(ask({**request, "seed": FIRST_SEEDS[name] + repetition}))
    return float(gain(state, noise, [moment])[0]), {name: np.array(rows) for name, rows in said.items()}


def row(start, name, exact, said, peer):
    deviations, times = said[:, 0] - exact, np.median(said[:, 1:], axis=0)
    count = len(deviations)
    bias, spread = deviations.mean(), deviations.std(ddof=1)
    squares = deviations**2
    error = np.sqrt(squares.mean())
    ratios = ""
    if name != PEER and peer is not None:
        pairs = [Pairs(said[:, column].tolist(), peer[:, column].tolist()) for column in (1, 2)]
        ratios = " | ".join(map(str, pairs))
    print(
        f"{start} | {name} | {bias:+.3f} ± {spread / np.sqrt(count):.3f} "
        f"| {error:.3f} ± {squares.std(ddof=1) / np.sqrt(count) / (2 * error):.3f} "
        f"| {times[0]:.4f} | {ratios or ' | '} |",
        flush=True,
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--shots", type=int, default=1000, help="of each circuit")
    parser.add_argument("--sizes", type=int, nargs="+", choices=list(REPETITIONS), default=list(REPETITIONS))
    parser.add_argument("--python", type=Path, default=PEERS_PYTHON, help="the peer's")
    parser.add_argument("--quick", action="store_true", help="up to three spins, four repetitions")
    options = parser.parse_args()
    peer = Peer(options.python)
    contenders = {} if peer.problem else {PEER: peer.ask}
    for name, sampler in (("emulator", samplers.EmulatorSampler()), ("Aer", samplers.AerSampler())):
        contenders[f"qsense on {name}"] = lambda request, sampler=sampler: by_qsense(sampler, request)
    race("ghz", 2, "dephasing", 10 * tomography.MIN_SHOTS, 1, contenders)
    print(
        f"{options.shots} shots a circuit; OMP_NUM_THREADS {os.environ.get('OMP_NUM_THREADS', 'not set')}, "
        f"{os.cpu_count()} cores. {', '.join(f'{name} {version}' for name, version in peer.versions.items())}\n"
    )
    print("| probe | noise | N | circuits | exact G | runs | by | bias of G | rms error of G | s | × wall | × cpu |")
    print("|---" * 12 + "|")
    for size in options.sizes:
        if options.quick and size > 3:
            continue
        repetitions = 4 if options.quick else REPETITIONS[size]
        for probe in ("ghz", "product"):
            for kind in RATES:
                exact, said = race(probe, size, kind, options.shots, repetitions, contenders)
                start = f"| {probe} | {kind} | {size} | {3**size} | {exact:.4f} | {repetitions}"
                if peer.problem:
                    print(f"{start} | {PEER} | {peer.problem} | | | | |")
                for name, rows in said.items():
                    row(start, name, exact, rows, said.get(PEER))
    peer.close()


if __name__ == "__main__":
    main()
