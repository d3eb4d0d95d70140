"""qsense beside one peer at a time, on the same request: seconds, their ratio with its spread, and both errors."""

from dataclasses import dataclass, field
from statistics import median

import numpy as np
from processes import Answer, Race, ask, race

RATE = 0.1
TIMES = np.linspace(0.8, 40, 50)
SEED = 7
MANY = 10_000
BOTH = ("dephasing", "emission")

MANUAL = {"atol": 1e-12, "rtol": 1e-10}
# The loosest that brings mesolve to 1e-9 at all times here.
BEST = {"way": "best", "method": "vern9", "atol": 1e-14, "rtol": 1e-9}
# piqs keeps its coefficients in single precision: tighter changes nothing.
PIQS = {"way": "best", "method": "vern7", "atol": 1e-10, "rtol": 1e-7}
BY_HAND = {"way": "by hand", "method": "DOP853", "atol": 1e-10, "rtol": 1e-7}
JAX = {"way": "best", "atol": 1e-14, "rtol": 1e-9}


@dataclass(frozen=True)
class Task:
    """qsense beside one peer on one request.

    Attributes:
        task: what is computed.
        request: see peers/exchange.py.
        engine: of qsense, see peers/qsense_theory.py.
        peer: its label.
        script: in peers/.
        options: the peer's own part of the request.
        exact_at: how many of the times the referee computes, evenly spread.
        long: a run takes more than ten seconds.
    """

    task: str
    request: dict
    engine: str
    peer: str
    script: str
    options: dict = field(default_factory=dict)
    exact_at: int = len(TIMES)
    long: bool = False


def random_probe(num_qubits: int, kind: str, complex_amplitudes: bool = False) -> dict:
    """Returns the request of a probe with normal random amplitudes over Dicke states."""
    drawn = _drawn([SEED, num_qubits], num_qubits + 1, complex_amplitudes)
    return _request(num_qubits, kind) | {"probe": "symmetric", "amplitudes": drawn}


def random_state(num_qubits: int, kind: str, complex_amplitudes: bool = False) -> dict:
    """Returns the request of a probe with normal random amplitudes over 2^N basis states: nothing is symmetric."""
    drawn = _drawn([SEED, num_qubits, 2], 2**num_qubits, complex_amplitudes)
    return _request(num_qubits, kind) | {"probe": "state", "state": drawn}


def _request(num_qubits: int, kind: str) -> dict:
    return {"num_qubits": num_qubits, "kind": kind, "rate": RATE, "times": TIMES.tolist()}


def _drawn(seed: list[int], size: int, complex_amplitudes: bool) -> list[list[float]]:
    generator = np.random.default_rng(seed)
    values = generator.normal(size=size).astype(complex)
    if complex_amplitudes:
        values += 1j * generator.normal(size=size)
    values /= np.linalg.norm(values)
    return [[value.real, value.imag] for value in values]


def dense_tasks() -> list[Task]:
    """The dense engine: states without any symmetry, and symmetric ones, whose exchanges of spins it sees."""
    found = []
    for num_qubits in (4, 6, 8):
        for kind in BOTH:
            for complex_amplitudes in (False, True):
                words = f"{'complex' if complex_amplitudes else 'real'}, N = {num_qubits}, {kind}"
                every = random_state(num_qubits, kind, complex_amplitudes), f"random state, {words}"
                alike = random_probe(num_qubits, kind, complex_amplitudes), f"random symmetric state, {words}"
                manual = {"way": "manual", "field": 1.0}
                qutip = ("qutip mesolve as in its manual", "qutip_mesolve", manual | MANUAL, num_qubits == 8)
                best = ("qutip mesolve at its best", "qutip_mesolve", BEST, False)
                peers = {True: [(*alike, best)], False: []}[num_qubits > 4]
                peers.append((*every, best))
                if not complex_amplitudes or num_qubits == 6:
                    peers.append((*every, qutip))
                if not complex_amplitudes and num_qubits in (6, 8):
                    peers.append((*every, ("dynamiqs as in its manual", "dynamiqs_mesolve", manual, False)))
                    peers.append((*every, ("dynamiqs at its best", "dynamiqs_mesolve", JAX, False)))
                if not complex_amplitudes and num_qubits == 8:
                    peers.append((*every, ("pennylane default.mixed", "pennylane_mixed", {}, False)))
                    if kind == "dephasing":
                        peers.append((*every, ("tqix phase flips", "tqix_flips", {}, False)))
                for request, task, (peer, script, options, long) in peers:
                    exact_at = 0 if request["probe"] == "state" else 4
                    found.append(Task(task, request, "dense", peer, script, options, exact_at, long))
    return found


def symmetric_tasks() -> list[Task]:
    """What a user calls, for symmetric probes, beside piqs and beside mesolve."""
    found = []
    for num_qubits, exact_at in ((8, len(TIMES)), (20, 10), (40, 2)):
        for kind in BOTH:
            request = random_probe(num_qubits, kind)
            task = f"random symmetric state, real, N = {num_qubits}, {kind}"
            big = num_qubits == 40
            peers = [
                ("piqs as in its manual", "qutip_piqs", {"way": "manual", **MANUAL}, big),
                ("piqs at its best", "qutip_piqs", PIQS, big),
                ("piqs, cut to its blocks by hand", "qutip_piqs", BY_HAND, False),
            ]
            if num_qubits == 8:
                peers.append(("qutip mesolve at its best", "qutip_mesolve", BEST, False))
            found += [Task(task, request, "gain", *peer[:3], exact_at, peer[3]) for peer in peers]
    return found


def other_tasks() -> list[Task]:
    """Questions that peers answer which solve no master equation: bounds, best states, squeezing."""
    found = []
    late = TIMES[:: len(TIMES) // 5].tolist()
    for kind in BOTH:
        for num_qubits in (50,):
            request = _request(num_qubits, kind) | {"probe": "product", "times": late}
            task = f"bound on every probe with ancillas, N = {num_qubits}, {kind}, 5 times"
            found.append(Task(task, request, "bound", "QMetro++ par_bounds", "qmetro_bounds", {"what": "bound"}, 0))
    for kind in BOTH:
        request = _request(2, kind) | {"probe": "product", "times": [1.0, 5.0]}
        task = f"best G of all states, N = 2, {kind}, 2 times"
        found.append(Task(task, request, "best", "QMetro++ iss_parallel_qfi", "qmetro_bounds", {"what": "best"}, 0))
    request = _request(50, "dephasing") | {"probe": "one_axis", "twist": 0.06, "times": TIMES[:10].tolist()}
    task = "gain by the mean of J, one-axis squeezed, N = 50, dephasing, 10 times"
    found.append(Task(task, request, "moments", "cavsqueeze cumulants", "cavsqueeze_moments", {}, 10))
    return found


def large_probe(probe: str, alike: bool, kinds: tuple[str, ...]) -> dict:
    """Returns the request of a closed form; GHZ is asked at N-th parts of the times, beyond which it is 0."""
    spread = 1.0 if alike else np.random.default_rng(SEED).uniform(0.5, 1.5, MANY)
    rates = {kind: np.asarray(RATE * spread).tolist() for kind in kinds}
    times = TIMES / MANY if probe == "ghz" else TIMES
    return {"probe": probe, "num_qubits": MANY, "rates": rates, "times": times.tolist()}


def exact_gain(request: dict, exact_at: int, known: dict, versions: dict[str, str]) -> tuple[np.ndarray, np.ndarray]:
    """Returns which times the referee computes, and G there; empty if it computes none or is not installed."""
    key = str(request)
    if key not in known:
        chosen = np.linspace(0, len(request["times"]) - 1, exact_at).round().astype(int)
        times = [request["times"][index] for index in chosen]
        answer = ask("reference", {**request, "times": times}) if exact_at else Answer()
        known[key] = chosen, answer.gain
        versions |= answer.versions
    return known[key]


def errors(found: Race, exact: tuple[np.ndarray, np.ndarray]) -> tuple[str, str]:
    """Returns the largest relative error of each, or by how much they differ where there is no referee."""
    chosen, values = exact
    if found.own.problem or found.peer.problem:
        return "–", "–"
    if not len(values):
        return "–", f"differs by {np.max(np.abs(found.peer.gain / found.own.gain - 1)):.0e}"
    one, other = (f"{np.max(np.abs(answer.gain[chosen] / values - 1)):.0e}" for answer in (found.own, found.peer))
    return one, other


def _said(answer: Answer, seconds: list[float]) -> str:
    middle = median(seconds)
    return f"{middle:.3g}" + (f" (first {answer.seconds:.2g})" if answer.seconds > 2 * middle else "")


def run_races(chosen: list[Task], clock: str, runs: int, versions: dict[str, str]) -> bool:
    """Prints the table of races; returns whether qsense answered them all."""
    print("| task | qsense s | peer | peer s | ratio (least–most) | error of qsense | error of peer |")
    print("|---|---|---|---|---|---|---|")
    known: dict = {}
    good = True
    for item in chosen:
        request = {**item.request, "clock": clock}
        mine = ("qsense_theory", {**request, "engine": item.engine})
        found = race(mine, (item.script, {**request, **item.options}), runs)
        good &= not found.own.problem
        versions |= found.own.versions | found.peer.versions
        label = item.peer + (f" ({found.peer.note})" if found.peer.note else "")
        one, other = errors(found, exact_gain(item.request, item.exact_at, known, versions))
        if found.pairs is None:
            cells = f"{found.own.problem or '–'} | {label} | {found.peer.problem or '–'} | – | {one} | {other}"
        else:
            own, peer = _said(found.own, found.pairs.own), _said(found.peer, found.pairs.peer)
            cells = f"{own} | {label} | {peer} | {found.pairs} | {one} | {other}"
        print(f"| {item.task} | {cells} |", flush=True)
    return good
