"""Devices: plans, preparations, readout undone, and the GHZ advantage window, with numbers to print.

    python benchmarks/devices.py [plan] [submission] [preparation] [readout] [window]

Needs the extra `ibm`. Everything is seeded; times are of this machine.
"""

import sys
import tempfile
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
from qiskit import transpile

from qsense import backends
from qsense.circuits.counts import Counts
from qsense.circuits.preparing import prepare
from qsense.circuits.sensing import Experiment
from qsense.circuits.transpilation import cost
from qsense.estimators import ghz, product, readout
from qsense.estimators.spam import fit_amplitude
from qsense.jobs import submission
from qsense.numerics.integration import first_root
from qsense.probes import Probe
from qsense.runs.plan import plan
from qsense.runs.spec import RunSpec
from qsense.theory import gain

SIZES = (2, 4, 6, 8, 12, 16, 20)


def plan_time():
    print("spec → chosen qubits, plan and transpiled circuits of all times, fake:boston (GHZ and product)")
    print("  N  seconds  circuits transpiled")
    backends.sampler("fake:boston")  # the vendor's package is imported once
    for size in SIZES:
        spec = RunSpec.from_dict({
            "schema": 1, "name": "b", "probes": ["ghz", "product"], "num_qubits": size, "noise": "calibration",
            "estimators": ["auto"], "field_rad_per_s": 1e3, "shots": 1000, "backend": "fake:boston", "seed": 1,
        })  # fmt: skip
        start = time.perf_counter()
        sampler = backends.sampler("fake:boston")
        placed = spec_on(sampler, spec)
        made = [sampler.prepared(job.experiment) for point in plan(placed) for job in point.acquisitions()]
        print(f"{size:3d}  {time.perf_counter() - start:7.2f}  {len(made):3d}")


def spec_on(sampler, spec):
    """As `qsense run` does it, but without its bound on simulated spins: nothing is run here."""
    from dataclasses import replace

    from qsense.runs.placement import DeviceOptions

    placed = DeviceOptions().place_probes(spec.probes, sampler, sampler.device.tick(), lambda line: None)
    return replace(spec, device=placed)


def preparation():
    print("GHZ preparation on fake:boston: two-qubit depth and count, grown and by Qiskit at level 3 (best of 5 seeds)")
    print("  N  grown        Qiskit 3     infidelity of the gates, grown and Qiskit")
    sampler = backends.sampler("fake:boston")
    target = sampler.backend.target
    for size in SIZES:
        ours = sampler.prepared(Experiment(Probe.ghz(size), 0.0)).circuit
        theirs = min(
            (
                transpile(prepare(Probe.ghz(size)), target=target, optimization_level=3, seed_transpiler=s)
                for s in range(5)
            ),
            key=lambda circuit: cost(circuit),
        )
        lost = [1 - np.exp(sum(np.log(1 - e) for e in two_qubit_errors(c, sampler.device))) for c in (ours, theirs)]
        print(f"{size:3d}  {cost(ours)!s:12} {cost(theirs)!s:12} {lost[0]:.4f}  {lost[1]:.4f}")


def two_qubit_errors(circuit, device):
    for step in circuit.data:
        if len(step.qubits) == 2 and step.operation.name != "barrier":
            pair = tuple(sorted(circuit.find_bit(q).index for q in step.qubits))
            yield min(device.edges[pair], 1 - 1e-9)


def packed(bits):
    return Counts.from_shots(bits.shape[2], np.packbits(bits, axis=2, bitorder="little"))


def readout_coverage():
    print("parity +1 read with 0.5 to 6 % errors a spin: mean, its error, mean error bar, coverage of 95 % in 100 runs")
    rng = np.random.default_rng(1)
    for size, known_shots, shots in ((20, 1000, 8000), (50, 1000, 8000), (50, 4000, 100_000)):
        values, errors, inside, raw = [], [], 0, []
        for _ in range(100):
            e0, e1 = rng.uniform(0.005, 0.06, size), rng.uniform(0.005, 0.06, size)

            def read(bits, e0=e0, e1=e1):
                return bits ^ (rng.random(bits.shape, dtype=np.float32) < np.where(bits == 1, e1, e0)).astype(np.uint8)

            strings = [[s >> spin & 1 for spin in range(size)] for s in readout.patterns(size)]
            known = np.repeat(np.array(strings, dtype=np.uint8)[:, None], known_shots, axis=1)
            even = rng.integers(0, 2, (1, shots, size), dtype=np.uint8)
            even[..., 0] ^= even.sum(2, dtype=np.uint8) & 1
            found = readout.parity(packed(read(even)), readout.calibrate(packed(read(known))))[0]
            values.append(found.mitigated.value)
            errors.append(found.mitigated.stderr)
            raw.append(found.raw.value)
            inside += abs(found.mitigated.value - 1) < 1.96 * found.mitigated.stderr
        print(
            f"N = {size}, {known_shots} shots a string, {shots} of the state: raw {np.mean(raw):.3f}, undone "
            f"{np.mean(values):.4f} ± {np.std(values) / 10:.4f}, error bar {np.mean(errors):.3f}, coverage {inside} %"
        )


def curve(sampler, probe, times, shots, seed):
    method = ghz if probe.kind == "ghz" else product
    noise = sampler.noise(probe, lambda line: None)
    found = []
    for place, t in enumerate(times):
        ending, settings = method.design(probe.num_qubits, 0.3)
        experiment = Experiment(probe, sampler.rounded(float(t)), ending)
        found.append(method.estimate(sampler.sample(experiment, settings, shots, noise, 100 * seed + place)))
    return found, noise


def window():
    print("until when GHZ leads product on fake:boston, us: by calibration; with measured fidelities; measured (95 %)")
    print("  N  calibration  with fidelity  measured")
    sampler = backends.sampler("fake:boston")
    for size in (2, 3, 4, 5, 6, 7, 8, 9, 10):
        one, two = Probe.ghz(size), Probe.product(size)
        noises = [sampler.noise(p, lambda line: None) for p in (one, two)]
        fine = np.linspace(1e-9, 2e-3, 20001)

        def difference(t, a=1.0, b=1.0, noises=noises, one=one, two=two):
            return a * gain(one, noises[0], t) - b * gain(two, noises[1], t)

        predicted = first_root(difference, fine)
        times = predicted * np.array([0.6, 0.8, 1.0, 1.2, 1.4])
        measured = [curve(sampler, p, times, 4000, size)[0] for p in (one, two)]
        scales = [
            fit_amplitude(m, gain(p, n, times)).amplitude for m, p, n in zip(measured, (one, two), noises, strict=True)
        ]
        scaled = first_root(lambda t, s=scales, d=difference: d(t, s[0].value, s[1].value), fine)
        # A parabola through the measured differences, weighted; its root and the root's error.
        d = np.array([a.value - b.value for a, b in zip(*measured, strict=True)])
        e = np.array([np.hypot(a.stderr, b.stderr) for a, b in zip(*measured, strict=True)])
        x = times / predicted - 1
        (c2, c1, c0), cov = np.polyfit(x, d, 2, w=1 / e, cov="unscaled")
        root = min(np.roots([c2, c1, c0]).real, key=abs)
        slope = 2 * c2 * root + c1
        g = np.array([root**2, root, 1.0])
        error = np.sqrt(g @ cov @ g) / abs(slope)
        found = f"{1e6 * predicted * (1 + root):.1f} ± {1.96e6 * predicted * error:.1f}"
        print(f"{size:3d}  {1e6 * predicted:11.1f}  {1e6 * scaled:13.1f}  {found}", flush=True)


class Accepting:
    """A service that takes every job at once: what is timed is all that comes before the network."""

    name, overhead_s, sent = "ibm:boston", 2.0, 0

    def __init__(self, target):
        self.backend = SimpleNamespace(name="boston", target=target)

    def seconds(self, circuit):
        return 250e-6 + circuit.estimate_duration(self.backend.target)

    def find(self, run):
        return {}

    def open(self, mode, session):
        return ""

    def close(self, session):
        pass

    def send(self, tasks, tags, session, most_seconds):
        self.sent += 1
        return f"job{self.sent}"


def submission_time():
    print("spec → submitted plan for the target of fake:boston (GHZ and product, with calibration bitstrings)")
    print("  N  seconds  jobs  circuits  estimated s on the device")
    target = backends.sampler("fake:boston").backend.target
    for size in (*SIZES, 100):
        spec = RunSpec.from_dict({
            "schema": 1, "name": "b", "probes": ["ghz", "product"], "num_qubits": size, "noise": "calibration",
            "estimators": ["auto"], "field_rad_per_s": 1e3, "shots": 1000, "backend": "ibm:boston", "seed": 1,
            "device": {"readout_shots": 1000},
        })  # fmt: skip
        with tempfile.TemporaryDirectory() as folder:
            start, service = time.perf_counter(), Accepting(target)
            ready = submission.prepare(spec, Path(folder), service, lambda line: None)
            submission.submit(ready, Path(folder), service, lambda line: None)
            spent, book = time.perf_counter() - start, ready.ledger
        print(f"{size:3d}  {spent:7.2f}  {len(book.jobs):4d}  {book.circuits:8d}  {book.seconds:6.1f}")


PARTS = {
    "plan": plan_time,
    "submission": submission_time,
    "preparation": preparation,
    "readout": readout_coverage,
    "window": window,
}

if __name__ == "__main__":
    for name in sys.argv[1:] or PARTS:
        PARTS[name]()
        print(flush=True)
