"""qsense optimal: the best symmetric probe for a noise, and the best of all, beside others and the bound."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qsense.cli.app import AsJson, command
from qsense.cli.options import (
    T1,
    T2,
    Absorption,
    Collective,
    DeadTime,
    Dephasing,
    Depolarizing,
    Emission,
    Exponent,
    Model,
    finite,
    integers,
    noise_of,
    several,
    time_or_none,
    value,
)
from qsense.cli.world_options import (
    Frequency,
    Idle,
    PhaseNoise,
    SignalPhase,
    Weights,
    described,
    shared_parts,
    signal_of,
    world_with,
)
from qsense.errors import ArgumentError
from qsense.files.figures import format_of
from qsense.files.old_names import current_name

if TYPE_CHECKING:
    from qsense.noise import AnyNoise
    from qsense.numerics.fisher import ComplexArray
    from qsense.probes import Probe

_MOST_SHOWN = 8  # spins, whose amplitudes fit two lines
_STATES_SHOWN, _SMALL = 16, 1e-3  # basis states of the best of all states that are told, and which are left out


@command("optimal")
def optimal(
    num_qubits: Annotated[
        str, typer.Option(metavar="N", help="Numbers of spins: 4, 2,4, 2-6 or 2:16:2; seconds each to about 30.")
    ],
    dephasing: Dephasing = None,
    emission: Emission = None,
    absorption: Absorption = None,
    depolarizing: Depolarizing = None,
    exponent: Exponent = 1.0,
    collective: Collective = "0",
    phase_noise: PhaseNoise = None,
    weights: Weights = None,
    frequency: Frequency = None,
    signal_phase: SignalPhase = 0.0,
    idle: Idle = "free",
    t1: T1 = None,
    t2: T2 = None,
    model: Model = None,
    objective: Annotated[str, typer.Option(help="integrated_gain (𝓘), rate (max Q/t), or gain (G at --time).")] = (
        "integrated_gain"
    ),
    time: Annotated[str | None, typer.Option(metavar="TIME", help="Time of the objective gain: 0.5 (s), 3us.")] = None,
    dead_time: DeadTime = "0",
    all_states: Annotated[
        bool,
        typer.Option(
            "--all-states",
            help="Search states that are not symmetric too, N ≤ 8 (1 s at N = 4, 30 s at 8), and of N ≤ 3 with "
            "ancillas; spins may differ.",
        ),
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Write the best probe's preparation as .qasm; one N ≤ 10.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Write a figure: .png, .svg or .pdf.")] = None,
    as_json: AsJson = False,
) -> None:
    """The best symmetric probe, found by search, beside GHZ, product, squeezed states and the bound on any probe.

    Several noises (--noise a,b) give a table and a panel of the figure each.

    Under emission states that are not symmetric can be better: the best pair code stands beside, and --all-states
    searches all of them.
    """
    rates = {"dephasing": dephasing, "emission": emission, "absorption": absorption, "depolarizing": depolarizing}
    signal = signal_of(weights, frequency, signal_phase)
    if not (signal.has_unit_weights or all_states):
        raise ArgumentError(
            "Option --weights goes with --all-states (N ≤ 8): without it the probes of `qsense optimal` are symmetric. "
            "`qsense theory` takes weights of any probe."
        )
    shared = shared_parts(phase_noise, None, collective)
    models = [None] if model is None else several(model)
    owns = [noise_of(one, rates, t1, t2, exponent, shared) for one in models]
    noises = [world_with(own, signal, idle) for own in owns]
    if plot is not None:
        format_of(plot)  # refused before anything is computed
    sizes = integers("--num-qubits", num_qubits)
    objective = current_name(objective)
    if out is not None and len(sizes) * len(noises) > 1:
        raise ArgumentError("Option --out writes one probe; give one number of spins and one noise.")
    at, dead = time_or_none("--time", time), value("--dead-time", dead_time, "time")
    answers, best = [], None
    for own, noise in zip(owns, noises, strict=True):
        rows = []
        for size in sizes:
            row, best = _row(size, noise, (objective, at, dead, all_states), as_json)
            rows.append(row)
        answer: dict[str, Any] = {"objective": objective, "noise": own.to_dict(), "rows": rows}
        answers.append(answer | {"signal": signal.to_dict(), "idle": idle})
    if out is not None and best is not None:
        from qsense.circuits.rendering import write_preparation

        answers[0]["out"] = str(write_preparation(replace(best, name=out.stem), out))
    failed = None
    if plot is not None:
        from qsense.files.figures import save_or_error
        from qsense.reports import optimal_figure

        failed = save_or_error(lambda: optimal_figure(answers, [described(one) for one in noises]), plot)
        if failed is None:
            answers[-1]["plot"] = str(plot)
    if as_json:
        print(json.dumps(answers if len(answers) > 1 else answers[0], indent=2, allow_nan=False))
    else:
        for answer, noise in zip(answers, noises, strict=True):
            _show(answer, described(noise))
    if failed is not None:  # after the table, which does not need it
        raise failed


def _row(
    size: int, noise: AnyNoise, question: tuple[str, float | None, float, bool], quiet: bool
) -> tuple[dict[str, Any], Probe]:
    """What the table and JSON have of one N, and the best probe."""
    from qsense.files.terminal import plain_console
    from qsense.theory.table import comparison

    console = plain_console(stderr=True)
    if quiet or not console.is_terminal:
        found = comparison(size, noise, *question)  # type: ignore[arg-type]
    else:
        with console.status(f"searching the best probe of {size} spins"):
            found = comparison(size, noise, *question)  # type: ignore[arg-type]
    row: dict[str, Any] = {
        "num_qubits": size,
        "values": {name: finite(value) for name, value in found.values},
        "bound": finite(found.bound),
    }
    if found.symmetric is not None:
        amplitudes = found.symmetric.probe.dicke_amplitudes()
        assert amplitudes is not None
        row |= {"stationarity": found.symmetric.stationarity, "amplitudes": _pairs(amplitudes)}
    if found.pair_code is not None:
        row["pair_code"] = found.pair_code.name
    if found.all_states is not None:
        state, stationarity = found.all_states.probe.statevector(), found.all_states.stationarity
        row["all_states"] = {"stationarity": stationarity, "state": _pairs(state)}
    best = found.all_states or found.symmetric
    assert best is not None
    is_pairs = found.pair_code is not None and row["values"]["best pair code"] > best.value
    return row, found.pair_code if is_pairs and found.pair_code is not None else best.probe


def _pairs(amplitudes: ComplexArray) -> list[list[float]]:
    return [[float(a.real), float(a.imag)] for a in _without_phase(amplitudes)]


def _without_phase(amplitudes: ComplexArray) -> ComplexArray:
    """The same state with its largest amplitude real and positive."""
    largest = amplitudes[abs(amplitudes).argmax()]
    turned: ComplexArray = amplitudes * (abs(largest) / largest)
    return turned


def _amplitude(real: float, imaginary: float) -> str:
    return f"{real:z.4f}" if abs(imaginary) < 5e-5 else f"{real:z.4f}{imaginary:+.4f}i"


def _best_of_all(row: dict[str, Any]) -> str:
    """The basis states of the best of all states, spin 0 last."""
    if row["values"].get("best symmetric") == row["values"]["best of all states"]:
        return "of all states none is better than the best symmetric one"
    pairs = row["all_states"]["state"]
    shown = [place for place, pair in enumerate(pairs) if abs(complex(*pair)) > _SMALL]
    if len(shown) > _STATES_SHOWN:
        return f"the {len(pairs)} amplitudes of the best of all states are in --json"
    terms = (f"{_amplitude(*pairs[place])} |{place:0{row['num_qubits']}b}>" for place in shown)
    return "the best of all states, spin 0 last: " + ", ".join(terms)


def _show(answer: dict[str, Any], noise: str) -> None:
    from qsense.files.folding import print_folded
    from qsense.files.terminal import plain_console, print_line, print_verdict
    from qsense.files.units import time_unit

    is_gain = answer["objective"] == "gain"
    reach = max((one for row in answer["rows"] for one in row["values"].values() if one), default=1.0)
    unit, symbol = (1.0, "") if is_gain else time_unit(reach)
    title = {"integrated_gain": "𝓘 in ", "rate": "max Q/t in ", "gain": "G"}[answer["objective"]]
    print_line(f"{title}{symbol}: {noise}")
    rows = []
    for row in answer["rows"]:
        product = row["values"]["product"]
        for place, (name, reached) in enumerate([*row["values"].items(), ("bound on any probe", row["bound"])]):
            size = str(row["num_qubits"]) if place == 0 else ""
            if reached is None:
                rows.append([size, name, "none known", "", ""])
                continue
            share = "" if row["bound"] is None else f"{reached / row['bound']:.4f}"
            of_product = f"{reached / product:.5f}" if product else ""
            rows.append([size, name, f"{reached / unit:.8g}", of_product, share])
    names = ("N", "probe", "value", "of product", "of the bound")
    print_folded(plain_console(highlight=False), names, rows, ("probe",), keys=2)
    print_line("The best ones are the best that were found; the bound holds for any probe, symmetric or not.")
    for row in answer["rows"]:
        if "all_states" in row:
            print_line(f"N = {row['num_qubits']}: {_best_of_all(row)}")
        if "pair_code" in row:
            print_line(f"N = {row['num_qubits']}: the best pair code is {row['pair_code']}")
        if "amplitudes" not in row:
            continue
        if row["num_qubits"] <= _MOST_SHOWN:
            shown = ", ".join(_amplitude(*pair) for pair in row["amplitudes"])
            print_line(f"N = {row['num_qubits']}: symmetric amplitudes from no spin up to all: {shown}")
        else:
            print_line(f"N = {row['num_qubits']}: its {row['num_qubits'] + 1} symmetric amplitudes are in --json")
    for key in ("out", "plot"):
        if key in answer:
            print_line(f"{'preparation' if key == 'out' else 'figure'}: {answer[key]}")
    print_verdict(_verdict(answer["rows"][-1]))


def _verdict(row: dict[str, Any]) -> str:
    """What is best of one N, and by how much."""
    known = {name: value for name, value in row["values"].items() if value is not None}
    if not known:
        return f"N = {row['num_qubits']}: no probe has a finite value."
    name = max(known, key=lambda one: known[one])
    parts = [
        f"{known[name] / known[other]:.3f} times {title}'s"
        for other, title in (("product", "product"), ("ghz", "GHZ"))
        if known.get(other) and other != name
    ]
    parts += [f"{known[name] / row['bound']:.3f} of the bound"] if row["bound"] else []
    return f"N = {row['num_qubits']}: {name} reaches most of what was tried: {', '.join(parts)}."
