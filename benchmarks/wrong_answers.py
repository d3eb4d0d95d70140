"""Peers' answers that were seen to be wrong, beside the right ones: a case that is no longer wrong is marked so."""

import numpy as np
from processes import ask
from races import RATE


def wrong_answers() -> list[tuple[str, str, str, str, int, list[float], dict]]:
    """(peer, script, probe, noise, N, times, options) of answers that were seen to be wrong."""
    return [
        ("quanestimation QFIM", "quanestimation_qfim", "product", "dephasing", 2, [0.5, 1.0, 1.6, 2.5, 5.0], {}),
        ("quanestimation QFIM", "quanestimation_qfim", "product", "dephasing", 4, [0.5, 1.0, 1.6, 2.5, 5.0], {}),
        ("quanestimation QFIM", "quanestimation_qfim", "product", "emission", 3, [0.5, 1.0, 1.6, 2.5, 5.0], {}),
        ("pennylane quantum_fisher", "pennylane_fisher", "ghz", "dephasing", 4, [0.8], {}),
        ("pennylane quantum_fisher", "pennylane_fisher", "product", "emission", 4, [1.6], {}),
        ("qiskit-algorithms LinCombQGT", "qiskit_lincomb", "product", "dephasing", 4, [1.6], {}),
        (
            "qutip mesolve, default tolerances",
            "qutip_mesolve",
            "ghz",
            "dephasing",
            6,
            [0.8, 1.6, 3.2, 6.4, 8.0],
            {"way": "manual", "field": 1.0},
        ),
    ]


def dicke_amplitudes(probe: str, num_qubits: int) -> list[list[float]]:
    """Returns the amplitudes of a GHZ or product probe over Dicke states."""
    if probe == "ghz":
        weights = np.zeros(num_qubits + 1)
        weights[[0, -1]] = 0.5
    else:
        weights = np.ones(1)
        for _ in range(num_qubits):
            weights = np.convolve(weights, [0.5, 0.5])
    return [[value, 0.0] for value in np.sqrt(weights)]


def run_wrong_answers(versions: dict[str, str]) -> bool:
    """Prints what peers answer where they were seen to be wrong, at the time where they are worst."""
    print("| peer | case | peer says | right | error of peer | qsense says | error of qsense | |")
    print("|---|---|---|---|---|---|---|---|")
    good = True
    for peer, script, probe, kind, num_qubits, times, options in wrong_answers():
        request = {
            "probe": probe,
            "num_qubits": num_qubits,
            "amplitudes": dicke_amplitudes(probe, num_qubits),
            "kind": kind,
            "rate": RATE,
            "times": times,
        }
        theirs, right = ask(script, {**request, **options}), ask("reference", request)
        own = ask("qsense_theory", {**request, "engine": "gain"})
        good &= not own.problem
        versions |= theirs.versions | right.versions | own.versions
        if theirs.problem or right.problem or own.problem:
            said = theirs.problem or right.problem or own.problem
            print(f"| {peer} | {probe} N = {num_qubits}, {kind} | {said} | | | | | |", flush=True)
            continue
        wrong = np.abs(theirs.gain / right.gain - 1)
        worst = int(np.argmax(wrong))
        deviation = abs(own.gain[worst] / right.gain[worst] - 1)
        print(
            f"| {peer} | {probe} N = {num_qubits}, {kind}, t = {times[worst]:g} s | {theirs.gain[worst]:.6g} "
            f"| {right.gain[worst]:.6g} | {100 * (theirs.gain[worst] / right.gain[worst] - 1):+.1f} % "
            f"| {own.gain[worst]:.6g} | {deviation:.0e} | {'' if wrong[worst] > 1e-3 else 'no longer wrong'} |",
            flush=True,
        )
    return good
