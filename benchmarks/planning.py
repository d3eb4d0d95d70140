"""Plans beside what counts say: G(0), δφ, crossings and shots on fakes; how often the advice names the better probe.

    python benchmarks/planning.py [achieved [DEVICE…]] [devices] [advice] [time]

Needs the extra `ibm`. Devices and plans are seeded, and counts of fakes; those of made devices are not. Times are of
this machine. The truth of `advice` is Aer's density matrix of the circuits as transpiled, with the noise of every gate
and of the readout; plans see T1 and T2 that are off by 20 %.
"""

import sys
import time

import numpy as np
from made_devices import Made
from qiskit_aer import AerSimulator

from qsense import backends
from qsense.backends.fakes import PartOfDevice, compact
from qsense.circuits.counts import Counts
from qsense.circuits.sensing import Experiment, parameter_names
from qsense.estimators.ghz.method import GhzBlock
from qsense.estimators.product.method import ProductSpins
from qsense.extensions import allowing
from qsense.noise import LocalNoise
from qsense.planning.device_source import DeviceSource
from qsense.planning.plan import plan_of
from qsense.planning.question import Question
from qsense.probes import Probe

SHOTS, DEVICES, STEP = 100_000, 50, 0.3
RANDOM_DEVICES = range(20)
CASES = {
    "fake:boston": (2, 4, 6),
    "fake:manila": (2, 4),
    "fake:kingston": (2, 4, 6),
    "line of 9": (2, 4),
    "grid of 9": (2, 4),
}


def opened(name):
    if ":" in name:
        return backends.sampler(name)
    return backends.sampler("made:up", opened=Made(9, name.partition(" ")[0]))


def estimator_of(row, probe):
    return GhzBlock.for_probe(probe, readout=row.readout) if row.kind == "ghz" else ProductSpins.for_probe(probe)


def classes(row, shares):
    """Frequencies of what a readout tells apart, from those of all outcomes (..., 2^N): axes (part, class)."""
    n = row.num_qubits
    outcomes = np.arange(2**n)
    bits = outcomes[:, None] >> np.arange(n) & 1
    if row.kind == "product":
        return np.stack([np.stack([shares[..., bits[:, j] == v].sum(-1) for v in (0, 1)], -1) for j in range(n)], -2)
    if row.readout == "parity":
        return np.stack([shares[..., bits.sum(1) % 2 == v].sum(-1) for v in (0, 1)], -1)[..., None, :]
    kept = [shares[..., outcomes == v].sum(-1) for v in (0, 1)]
    return np.stack([*kept, 1 - kept[0] - kept[1]], -1)[..., None, :]


def information(row, shares):
    """Fisher information about θ at half height, from frequencies at −δ, 0 and +δ, shape (3, 2^N)."""
    seen = classes(row, shares)
    slope = (seen[2] - seen[0]) / (2 * STEP / reach(row))
    return float((slope**2 / np.maximum(seen[1], 1e-12)).sum()) * (STEP / np.sin(STEP)) ** 2


def reach(row):
    return row.num_qubits if row.kind == "ghz" else 1


def beside(row, probe):
    """How the circuit ends and settings at −δ, 0 and +δ from half height."""
    ending, settings = estimator_of(row, probe).design(0.0)
    at = 2 if row.kind == "ghz" and row.readout == "parity" else 1
    return ending, [settings[at : at + 1].at(shift * STEP / reach(row)) for shift in (-1, 0, 1)]


def counted(sampler, row, probe, when):
    ending, settings = beside(row, probe)
    experiment = Experiment(probe, when, ending)
    rows = [sampler.sample(experiment, s, SHOTS, LocalNoise(), seed).table()[0] for seed, s in enumerate(settings)]
    return np.array(rows) / SHOTS


def gains(sampler, row, probe, when, shots=SHOTS):
    method = estimator_of(row, probe)
    ending, settings = method.design(0.0)
    counts = sampler.sample(Experiment(probe, sampler.rounded(when), ending), settings, shots, LocalNoise(), 7)
    return method, counts, method.estimate(counts, np.random.default_rng(0))


def crossing(sampler, plan, size):
    """Where counts of both probes cross, from five times around the planned crossing; ln G is a line there."""
    rows = plan.row("ghz", size), plan.row("product", size)
    times = rows[0].leads_until_s * np.array([0.6, 0.8, 1.0, 1.25, 1.6])
    logs = np.array([
        [np.log(max(gains(sampler, row, probe, t)[2].value, 1e-6)) for t in times]
        for row, probe in zip(rows, (Probe.ghz(size), Probe.product(size)), strict=True)
    ])  # fmt: skip
    fit = np.polyfit(times, logs[0] - logs[1], 2)
    roots = [r.real for r in np.roots(fit) if abs(r.imag) < 1e-12 and 0 < r.real < 3 * times[-1]]
    return min(roots, key=lambda root: abs(root - times[2]), default=np.nan)


def asked():
    named = [one for one in sys.argv[1:] if one in CASES]
    return [(name, CASES[name]) for name in named or CASES]


def achieved():
    print("planned, achieved with 100 000 counts a setting (one standard error), and by how much the plan is off")
    print("device         N  probe     G(0) planned achieved        off    δφt·√shots planned achieved    off")
    for name, sizes in asked():
        sampler = opened(name)
        plan = plan_of(DeviceSource(sampler, name), Question(sizes), None, name)
        for size in sizes:
            for row, probe in (
                (plan.row("ghz", size), Probe.ghz(size)),
                (plan.row("product", size), Probe.product(size)),
            ):
                _, _, start = gains(sampler, row, probe, 0.0)
                told = information(row, counted(sampler, row, probe, sampler.rounded(row.best_time_s)))
                wanted, found = row.phase_error_rad * np.sqrt(row.shots), 1 / np.sqrt(told)
                print(
                    f"{name:13s} {size:2d}  {row.kind:8s} {row.gain_start:7.3f} {start.value:7.3f} "
                    f"± {start.stderr:.3f} "
                    f"{row.gain_start / start.value - 1:+7.2%}   {wanted:7.4f} {found:7.4f} {wanted / found - 1:+7.2%}"
                )
    print("\ndevice         N  crossing planned  achieved    off     shots for 5 % of G: probe, planned, error reached")
    for name, sizes in asked():
        sampler = opened(name)
        plan = plan_of(DeviceSource(sampler, name), Question(sizes), None, name)
        for size in sizes:
            row = plan.row("ghz", size)
            cross = crossing(sampler, plan, size)
            reached = [(kind, *repeated(sampler, plan.row(kind, size))) for kind in ("ghz", "product")]
            words = ", ".join(f"{kind} {shots} {error:.2%}" for kind, shots, error in reached)
            print(
                f"{name:13s} {size:2d}  {row.leads_until_s:.3e} {cross:.3e} "
                f"{row.leads_until_s / cross - 1:+7.2%}   {words}"
            )


def devices():
    """δφ of random devices of nine qubits by counts with the noise of every gate; the plan sees their calibration."""
    print("device           N  probe     δφt·√shots planned achieved     off")
    off = []
    for seed in RANDOM_DEVICES:
        name, size = f"made_devices:{('line', 'grid')[seed % 2]}_{seed}", 2 + seed % 5
        with allowing(True):
            sampler = backends.sampler(name)
        plan = plan_of(DeviceSource(sampler, name), Question((size,)), None, name)
        for row, probe in (
            (plan.row("ghz", size), Probe.ghz(size)),
            (plan.row("product", size), Probe.product(size)),
        ):
            told = information(row, counted(sampler, row, probe, sampler.rounded(row.best_time_s)))
            wanted, found = row.phase_error_rad * np.sqrt(row.shots), 1 / np.sqrt(told)
            off.append(wanted / found - 1)
            print(f"{name[13:]:15s} {size:2d}  {row.kind:8s} {wanted:18.4f} {found:8.4f} {off[-1]:+7.2%}", flush=True)
    worst = np.abs(off).max()
    print(f"{np.sum(np.abs(off) < 0.1)} of {len(off)} within 10 %; mean {np.mean(off):+.2%}, largest {worst:.2%}")


def repeated(sampler, row, times=300):
    """The planned shots, and the relative scatter of G when so many are drawn again and again from measured counts."""
    probe = Probe.ghz(row.num_qubits) if row.kind == "ghz" else Probe.product(row.num_qubits)
    method, counts, _ = gains(sampler, row, probe, row.best_time_s)
    shares = counts.table() / counts.table().sum(1, keepdims=True)
    rng, each = np.random.default_rng(5), round(row.shots / len(shares))
    drawn = [
        method.estimate(
            Counts.from_table(row.num_qubits, np.array([rng.multinomial(each, one) for one in shares])), rng
        ).value
        for _ in range(times)
    ]
    return int(row.shots), float(np.std(drawn) / np.mean(drawn))


def exact(sampler, truth, row, probe, when):
    """Probabilities at −δ, 0 and +δ of half height, shape (3, 2^N): Aer's density matrix, then the readout."""
    ending, settings = beside(row, probe)
    made = sampler.prepared(Experiment(probe, when, ending)).circuit
    small, qubits = compact(made)
    place = [None] * row.num_qubits
    for step in small.data:
        if step.operation.name == "measure":
            place[small.find_bit(step.clbits[0]).index] = small.find_bit(step.qubits[0]).index
    small.remove_final_measurements()
    small.save_probabilities(place)
    known = {p.name: p for p in small.parameters}
    names = parameter_names(row.num_qubits)
    bound = [
        small.assign_parameters({known[n]: v for n, v in zip(names, s.values()[0], strict=True) if n in known})
        for s in settings
    ]
    simulator = AerSimulator.from_backend(PartOfDevice(truth, list(qubits)), method="density_matrix")
    result = simulator.run(bound, shots=1).result()
    found = np.array([result.data(k)["probabilities"] for k in range(3)]).reshape(3, *(2,) * row.num_qubits)
    for spin, at in enumerate(place):
        wrong = truth.target["measure"][(qubits[at],)].error
        matrix, axis = np.array([[1 - wrong, wrong], [wrong, 1 - wrong]]), row.num_qubits - spin
        found = np.moveaxis(np.tensordot(matrix, found, axes=(1, axis)), 0, axis)
    return found.reshape(3, -1)


def true_rate(sampler, truth, row, probe):
    """The largest t² F/(t + dead time) near the planned time, as the device really is."""
    times = row.best_time_s * np.geomspace(0.4, 2.5, 6)
    logs = []
    for when in times:
        told = information(row, exact(sampler, truth, row, probe, sampler.rounded(when)))
        logs.append(np.log(told * when**2 / (when + row.overhead_s)))
    fit = np.polyfit(np.log(times / times[2]), logs, 3)
    fine = np.linspace(np.log(0.4) - np.log(times[2] / row.best_time_s), np.log(times[-1] / times[2]), 400)
    return float(np.exp(np.polyval(fit, fine).max()))


def advice():
    right = decided = right_decided = covered = 0
    worst = 0.0
    for seed in range(DEVICES):
        edges, size = ("line", "grid")[seed % 2], 2 + seed % 3
        seen, truth = Made(seed, edges, 0.2), Made(seed, edges)
        sampler = backends.sampler("made:up", opened=seen)
        plan = plan_of(DeviceSource(sampler, f"made {seed}"), Question((size,)), None, "made:up")
        rows = plan.row("ghz", size), plan.row("product", size)
        probes = Probe.ghz(size), Probe.product(size)
        rates = [true_rate(sampler, truth, row, probe) for row, probe in zip(rows, probes, strict=True)]
        real, (planned, low, high) = 10 * np.log10(rates[0] / rates[1]), rows[0].advantage_db
        agrees, is_decided = (real > 0) == (planned > 0), low > 0 or high < 0
        right, decided = right + agrees, decided + is_decided
        right_decided, covered = right_decided + (agrees and is_decided), covered + (low <= real <= high)
        worst = max(worst, abs(real - planned))
        print(
            f"{seed:3d} {edges} N = {size}: GHZ over product {planned:+.2f} "
            f"({low:+.2f} … {high:+.2f}) dB, truly {real:+.2f}"
        )
    print(f"of {DEVICES} devices the better of GHZ and product is named on {right}")
    print(f"where the interval does not hold 0: on {right_decided} of {decided} ({right_decided / decided:.0%})")
    print(f"the 95 % interval of the advantage holds the true one on {covered}; the largest miss is {worst:.2f} dB")


def spent(begin, used):
    return f"{time.perf_counter() - begin:.1f} s, {time.process_time() - used:.1f} s of the processor"


def times():
    for name in ("fake:boston", "fake:nighthawk"):
        source = DeviceSource(backends.sampler(name), name)
        _ = source.sampler.device
        begin, used = time.perf_counter(), time.process_time()
        plan_of(source, Question(tuple(range(2, 21))), None, name)
        print(f"{name}, N = 2 … 20, open already: {spent(begin, used)}")
    from qsense.planning.ranking import rank_devices

    begin, used = time.perf_counter(), time.process_time()
    found = rank_devices("fake", Question((2, 3, 4)))
    print(f"all {len(found.plans)} fakes, N = 2 … 4, opened one after another: {spent(begin, used)}")


if __name__ == "__main__":
    parts = {"achieved": achieved, "devices": devices, "advice": advice, "time": times}
    for part in [one for one in sys.argv[1:] if one in parts] or parts:
        parts[part]()
