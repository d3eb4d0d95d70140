"""qsense optimal: the best probe for a noise, beside GHZ, product, squeezed states and the bound."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qsense.cli.app import AsJson, app
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

_MOST_SHOWN = 8  # spins, whose amplitudes fit two lines


@app.command(short_help="The best symmetric probe, beside GHZ, product and the bound.")
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
    out: Annotated[Path | None, typer.Option(help="Write the optimum's preparation as .qasm; one N ≤ 10.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Write a figure: .png, .svg or .pdf.")] = None,
    as_json: AsJson = False,
) -> None:
    """The best symmetric probe, found by search, beside GHZ, product, squeezed states and the bound on any probe."""
    rates = {"dephasing": dephasing, "emission": emission, "absorption": absorption, "depolarizing": depolarizing}
    signal = signal_of(weights, frequency, signal_phase)
    if not signal.has_unit_weights:
        raise ArgumentError(
            "Option --weights is not for `qsense optimal`, whose probes are symmetric; `qsense theory` takes it."
        )
    own = noise_of(model, rates, t1, t2, exponent, shared_parts(phase_noise, None, collective))
    noise = world_with(own, signal, idle)
    if plot is not None:
        format_of(plot)  # refused before anything is computed
    sizes = integers("--num-qubits", num_qubits)
    objective = current_name(objective)
    if out is not None and len(sizes) > 1:
        raise ArgumentError("Option --out writes one probe; give one number of spins.")
    at, dead = time_or_none("--time", time), value("--dead-time", dead_time, "time")
    rows = [_row(size, noise, objective, at, dead, as_json) for size in sizes]
    answer: dict[str, Any] = {"objective": objective, "noise": own.to_dict(), "rows": rows}
    answer |= {"signal": signal.to_dict(), "idle": idle}
    if out is not None:
        from qsense.circuits.rendering import write_preparation
        from qsense.probes import Probe

        pairs = rows[0]["amplitudes"]
        answer["out"] = str(write_preparation(Probe.symmetric([complex(*p) for p in pairs], out.stem), out))
    failed = None
    if plot is not None:
        from qsense.files.figures import save_or_error
        from qsense.reports import optimal_figure

        failed = save_or_error(lambda: optimal_figure(answer, described(noise)), plot)
        if failed is None:
            answer["plot"] = str(plot)
    if as_json:
        print(json.dumps(answer, indent=2, allow_nan=False))
    else:
        _show(answer, described(noise))
    if failed is not None:  # after the table, which does not need it
        raise failed


def _row(
    size: int, noise: AnyNoise, objective: str, time: float | None, dead_time: float, quiet: bool
) -> dict[str, Any]:
    from qsense.files.terminal import plain_console
    from qsense.theory.optimal import comparison

    console = plain_console(stderr=True)
    if quiet or not console.is_terminal:
        found = comparison(size, noise, objective, time, dead_time)  # type: ignore[arg-type]
    else:
        with console.status(f"searching the best probe of {size} spins"):
            found = comparison(size, noise, objective, time, dead_time)  # type: ignore[arg-type]
    values = {name: finite(value) for name, value in found.values}
    amplitudes = found.optimum.probe.dicke_amplitudes()
    assert amplitudes is not None
    return {
        "num_qubits": size,
        "values": values,
        "bound": finite(found.optimum.bound),
        "stationarity": found.optimum.stationarity,
        "amplitudes": [[float(a.real), float(a.imag)] for a in _without_phase(amplitudes)],
    }


def _without_phase(amplitudes: ComplexArray) -> ComplexArray:
    """The same state with its largest amplitude real and positive."""
    largest = amplitudes[abs(amplitudes).argmax()]
    turned: ComplexArray = amplitudes * (abs(largest) / largest)
    return turned


def _amplitude(real: float, imaginary: float) -> str:
    return f"{real:.4f}" if abs(imaginary) < 5e-5 else f"{real:.4f}{imaginary:+.4f}i"


def _show(answer: dict[str, Any], noise: str) -> None:
    from qsense.files.folding import print_folded
    from qsense.files.terminal import plain_console, print_line
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
    print_line("The optimum is the best that was found; the bound holds for any probe.")
    for row in answer["rows"]:
        if row["num_qubits"] <= _MOST_SHOWN:
            shown = ", ".join(_amplitude(*pair) for pair in row["amplitudes"])
            print_line(f"N = {row['num_qubits']}: amplitudes from no spin up to all: {shown}")
        else:
            print_line(f"N = {row['num_qubits']}: its {row['num_qubits'] + 1} amplitudes are in --json")
    for key in ("out", "plot"):
        if key in answer:
            print_line(f"{'preparation' if key == 'out' else 'figure'}: {answer[key]}")
