"""qsense against one peer at a time, on the same request: seconds, their ratio, and both errors."""

from dataclasses import dataclass, field

import numpy as np
from processes import Answer, ask, race

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


@dataclass(frozen=True)
class Race:
    """qsense against one peer on one request.

    Attributes:
        task: what is computed.
        request: see peers/exchange.py.
        engine: of qsense.
        peer: its label.
        script: in peers/; "" for qsense alone.
        options: the peer's own part of the request.
        exact_at: how many of the times the referee computes, evenly spread.
        long: takes more than ten seconds.
    """

    task: str
    request: dict
    engine: str
    peer: str = "–"
    script: str = ""
    options: dict = field(default_factory=dict)
    exact_at: int = len(TIMES)
    long: bool = False


def random_probe(num_qubits: int, kind: str, complex_amplitudes: bool = False) -> dict:
    """Returns the request of a probe with normal random amplitudes over Dicke states."""
    generator = np.random.default_rng([SEED, num_qubits])
    values = generator.normal(size=num_qubits + 1).astype(complex)
    if complex_amplitudes:
        values += 1j * generator.normal(size=num_qubits + 1)
    values /= np.linalg.norm(values)
    return {
        "probe": "symmetric",
        "num_qubits": num_qubits,
        "amplitudes": [[value.real, value.imag] for value in values],
        "kind": kind,
        "rate": RATE,
        "times": TIMES.tolist(),
    }


def large_probe(probe: str, alike: bool, kinds: tuple[str, ...]) -> dict:
    """Returns the request of a closed form; GHZ is asked at N-th parts of the times, beyond which it is 0."""
    spread = 1.0 if alike else np.random.default_rng(SEED).uniform(0.5, 1.5, MANY)
    rates = {kind: np.asarray(RATE * spread).tolist() for kind in kinds}
    times = TIMES / MANY if probe == "ghz" else TIMES
    return {"probe": probe, "num_qubits": MANY, "rates": rates, "times": times.tolist()}


def races() -> list[Race]:
    found = []
    for num_qubits, kind, complex_amplitudes in (
        (4, "dephasing", False),
        (6, "dephasing", False),
        (8, "dephasing", False),
        (8, "dephasing", True),
        (8, "emission", False),
    ):
        request = random_probe(num_qubits, kind, complex_amplitudes)
        task = f"random {'complex' if complex_amplitudes else 'real'} probe, N = {num_qubits}, {kind}"
        manual = {"way": "manual", "field": 1.0, **MANUAL}
        long = num_qubits == 8
        found.append(Race(task, request, "dense", "qutip mesolve as in its manual", "qutip_mesolve", manual, long=long))
        found.append(Race(task, request, "dense", "qutip mesolve at its best", "qutip_mesolve", BEST))
        if num_qubits == 8 and not complex_amplitudes:
            found.append(Race(task, request, "gain", "qutip mesolve at its best", "qutip_mesolve", BEST))
            found.append(Race(task, request, "dense", "pennylane default.mixed", "pennylane_mixed"))
            if kind == "dephasing":
                found.append(Race(task, request, "dense", "tqix phase flips", "tqix_flips"))
    for num_qubits, exact_at in ((8, len(TIMES)), (20, 10), (50, 2)):
        for kind in BOTH:
            request = random_probe(num_qubits, kind)
            task = f"random real probe, N = {num_qubits}, {kind}"
            big = num_qubits == 50
            manual = {"way": "manual", **MANUAL}
            found.append(Race(task, request, "gain", "piqs as in its manual", "qutip_piqs", manual, exact_at, long=big))
            found.append(Race(task, request, "gain", "piqs at its best", "qutip_piqs", PIQS, exact_at, long=big))
            found.append(
                Race(task, request, "gain", "piqs, cut to its blocks by hand", "qutip_piqs", BY_HAND, exact_at)
            )
    for probe in ("ghz", "product"):
        for alike, kinds in ((True, BOTH[:1]), (True, BOTH), (False, BOTH[:1]), (False, BOTH)):
            task = f"{probe} N = {MANY}, {'+'.join(kinds)}, {'equal rates' if alike else 'a rate per spin'}"
            found.append(Race(task, large_probe(probe, alike, kinds), "gain", exact_at=5))
    return found


def exact_gain(request: dict, exact_at: int, known: dict) -> tuple[np.ndarray, np.ndarray]:
    """Returns which times the referee computes, and G there; empty if it is not installed."""
    key = str(request)
    if key not in known:
        chosen = np.linspace(0, len(request["times"]) - 1, exact_at).round().astype(int)
        times = [request["times"][index] for index in chosen]
        answer = ask("reference", {**request, "times": times, "repeats": 1})
        known[key] = chosen, answer.gain
    return known[key]


def error(answer: Answer, exact: tuple[np.ndarray, np.ndarray]) -> str:
    chosen, values = exact
    if answer.problem or not len(values):
        return "–"
    return f"{np.max(np.abs(answer.gain[chosen] / values - 1)):.0e}"


def seconds(answer: Answer) -> str:
    if answer.problem:
        return answer.problem
    return f"{answer.best:.3g}" + (f" (first {answer.first:.2g})" if answer.first > 2 * answer.best else "")


def run_races(chosen: list[Race], clock: str, versions: dict[str, str]) -> bool:
    """Prints the table of races; returns whether qsense answered them all."""
    print("| task | qsense s | peer | peer s | ratio | error of qsense | error of peer |")
    print("|---|---|---|---|---|---|---|")
    known: dict = {}
    good = True
    for item in chosen:
        request = {**item.request, "clock": clock}
        mine = ("qsense_gain", {**request, "engine": item.engine})
        if item.script:
            own, peer = race(mine, (item.script, {**request, **item.options}))
        else:
            own, peer = ask(*mine), Answer(problem="–")
        good &= not own.problem
        versions |= own.versions | peer.versions
        exact = exact_gain(item.request, item.exact_at, known)
        ratio = "–" if own.problem or peer.problem else f"{peer.best / own.best:.3g}"
        engine = "dense engine" if item.engine == "dense" else "gain"
        label = item.peer + (f" ({peer.note})" if peer.note else "")
        print(
            f"| {item.task}, {engine} | {seconds(own)} | {label} | {seconds(peer)} | {ratio} "
            f"| {error(own, exact)} | {error(peer, exact)} |",
            flush=True,
        )
    return good
