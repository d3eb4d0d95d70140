"""qsense recharge: four ways to put back what noise takes from a sensor, what each gains and what it costs."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qsense.cli.app import AsJson, group
from qsense.cli.options import (
    Absorption,
    DeadTime,
    Dephasing,
    Emission,
    Exponent,
    Transverse,
    noise_of,
    value,
    values,
)
from qsense.cli.world_options import described
from qsense.errors import ArgumentError
from qsense.files.figures import format_of
from qsense.files.units import readable_time, time_unit

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from qsense.noise import LocalNoise
    from qsense.probes import Probe

recharge_app = group(
    "recharge",
    "Recharge a sensor by pumping, resets, error cancellation or a code: what it gains, what it costs.",
    no_args_is_help=True,
)

Kind = Annotated[str, typer.Option("--probe", help="ghz, product, w, twin_fock, one_axis:χ, …")]
Size = Annotated[int, typer.Option("--num-qubits", metavar="N", help="Number of spins.", min=1)]
Transition = Annotated[
    str | None, typer.Option(metavar="HZ", help="Frequency of a spin's transition, for energies in J: 2.87GHz.")
]
Plot = Annotated[Path | None, typer.Option(help="Write a figure: .png, .svg or .pdf.")]


@recharge_app.command(
    short_help="Absorption or optical pumping while the spins sense.",
    epilog="Example: qsense recharge pumping --num-qubits 4 --emission 0.1",
)
def pumping(
    num_qubits: Size,
    probe: Kind = "ghz",
    dephasing: Dephasing = None,
    emission: Emission = None,
    exponent: Exponent = 1.0,
    pump: Annotated[str, typer.Option(metavar="RATES", help="γ_up, increasing: 0,0.1,0.2 (1/s).")] = "0,0.1,0.2,0.4",
    branching: Annotated[float, typer.Option(help="How often a pumped spin ends up; in (0, 1].")] = 1.0,
    dead_time: DeadTime = "0",
    transition: Transition = None,
    plot: Plot = None,
    as_json: AsJson = False,
) -> None:
    """Absorption or optical pumping while the spins sense: G and 𝓘, and the energy that it takes."""
    from qsense.recharging.answers import pumping_answer

    noise = _noise({"dephasing": dephasing, "emission": emission}, exponent, plot)
    answer = pumping_answer(
        _probe(probe, num_qubits),
        noise,
        values("--pump", pump, "rate"),
        branching,
        value("--dead-time", dead_time, "time"),
        _frequency(transition),
    )
    columns = {
        "γ_up (1/s)": "pump_per_s", "𝓘 (s)": "integrated_gain_s", "ratio": "of_unpumped", "max Q/t (s)": "rate_s",
        "at t (s)": "rate_time_s", "ħω a window": "quanta_per_window",
    }  # fmt: skip
    back = answer["reversed"]
    note = (
        f"γ → −γ is no process: at {readable_time(back['time_s'])} its Choi matrix has the eigenvalue "
        f"{back['least_choi_eigenvalue']:.4g}"
    )
    notes = [note] if transition is None else [note, f"a quantum ħω is {answer['quantum_j']:.4g} J"]
    _finish(answer, columns, described(noise), notes, "pumping_figure", plot, as_json)


@recharge_app.command(
    short_help="Resets and new preparation, in turn, at random or unseen.",
    epilog="Example: qsense recharge reset --num-qubits 4 --emission 0.1",
)
def reset(
    num_qubits: Size,
    probe: Kind = "ghz",
    dephasing: Dephasing = None,
    emission: Emission = None,
    absorption: Absorption = None,
    exponent: Exponent = 1.0,
    dead_time: DeadTime = "0",
    periods: Annotated[str | None, typer.Option(metavar="TIMES", help="Further periods: 1,2 (s), 5us.")] = None,
    transition: Transition = None,
    plot: Plot = None,
    as_json: AsJson = False,
) -> None:
    """Resets and new preparation: information per time, every τ, at random, or unseen."""
    from qsense.recharging.answers import reset_answer

    noise = _noise({"dephasing": dephasing, "emission": emission, "absorption": absorption}, exponent, plot)
    further = [] if periods is None else values("--periods", periods, "time")
    answer = reset_answer(
        _probe(probe, num_qubits),
        noise,
        value("--dead-time", dead_time, "time"),
        further,
        _frequency(transition),
    )
    columns = {
        "resets": "way", "τ (s)": "period_s", "Q/time (s)": "rate_s", "of best": "of_best",
        "Q/quantum (s²)": "information_per_quantum_s2",
    }  # fmt: skip
    notes = [f"a quantum ħω is {answer['quantum_j']:.4g} J"] if "quantum_j" in answer else []
    _finish(answer, columns, described(noise), notes, "reset_figure", plot, as_json)


@recharge_app.command(
    short_help="Error cancellation, run: unbiased, and no gain a shot.",
    epilog="Example: qsense recharge cancel --num-qubits 2 --time 1 --dephasing 0.1",
)
def cancel(
    num_qubits: Size,
    time: Annotated[str, typer.Option(metavar="TIME", help="Sensing time: 1 (s), 3us.")],
    probe: Kind = "ghz",
    dephasing: Dephasing = None,
    emission: Emission = None,
    absorption: Absorption = None,
    shots: Annotated[int, typer.Option(help="For each of three phases.")] = 20_000,
    seed: Annotated[int, typer.Option(help="Of everything drawn.")] = 1,
    backend: Annotated[str, typer.Option(help="emulator or aer.")] = "emulator",
    plot: Plot = None,
    as_json: AsJson = False,
) -> None:
    """Probabilistic error cancellation, run on the emulator or on Aer: bias and gain per executed shot."""
    from qsense.recharging.answers import cancel_answer

    noise = _noise({"dephasing": dephasing, "emission": emission, "absorption": absorption}, 1.0, plot)
    chosen = _probe(probe, num_qubits)
    answer = cancel_answer(chosen, noise, value("--time", time, "time"), shots, seed, backend)
    columns = {
        "": "way", "slope": "slope", "±": "slope_error", "gain a shot": "gain", "± ": "gain_error",
        "exact": "gain_exact", "circuits": "circuits",
    }  # fmt: skip
    note = (
        f"cost C = {answer['cost']:.6g}, C² = {answer['cost'] ** 2:.6g}; no readout exceeds G = "
        f"{answer['gain_bound']:.6g} a shot"
    )
    _finish(answer, columns, described(noise), [note], "cancel_figure", plot, as_json)


@recharge_app.command(
    short_help="A repetition code that corrects flips while it senses.",
    epilog="Example: qsense recharge code --num-qubits 3 --transverse 0.1",
)
def code(
    num_qubits: Size,
    transverse: Transverse = None,
    dephasing: Dephasing = None,
    emission: Emission = None,
    absorption: Absorption = None,
    interval: Annotated[str, typer.Option(metavar="TIMES", help="Between checks: 0.1,0.5 (s), 3us.")] = "0.1,1",
    field: Annotated[
        str | None, typer.Option(metavar="RAD/S", help="φ: 0.2 (rad/s); by default a tenth of the rate of σ_x.")
    ] = None,
    dead_time: DeadTime = "0",
    check_time: Annotated[str, typer.Option(metavar="TIME", help="What one check takes: 0.01 (s), 1us.")] = "0",
    plot: Plot = None,
    as_json: AsJson = False,
) -> None:
    """A repetition code of at most 5 spins that corrects σ_x flips, not phases, while the field acts."""
    from qsense.recharging.answers import code_answer

    rates = {"transverse": transverse, "dephasing": dephasing, "emission": emission, "absorption": absorption}
    noise = _noise(rates, 1.0, plot)
    phi = None if field is None else value("--field", field, "angular frequency")
    dead, check = value("--dead-time", dead_time, "time"), value("--check-time", check_time, "time")
    answer = code_answer(num_qubits, noise, values("--interval", interval, "time"), phi, dead, check)
    columns = {
        "probe": "way", "checks every (s)": "interval_s", "max Q/t (s)": "rate_s", "at t (s)": "rate_time_s",
        "ratio": "of_best_alone",
    }  # fmt: skip
    notes = [f"field φ = {answer['field_rad_per_s']:g} rad/s"]
    _finish(answer, columns, described(noise), notes, "code_figure", plot, as_json)


def _noise(rates: dict[str, str | None], exponent: float, plot: Path | None) -> LocalNoise:
    from qsense.noise import LocalNoise

    if plot is not None:
        format_of(plot)  # refused before anything is computed
    if not any(text is not None for text in rates.values()):
        named = ", ".join(f"--{kind}" for kind in rates)
        raise ArgumentError(f"Give the noise by at least one of the options {named}.")
    noise = noise_of(None, rates, None, None, exponent)
    assert isinstance(noise, LocalNoise)
    return noise


def _probe(name: str, num_qubits: int) -> Probe:
    from qsense.probes import Probe

    return Probe.named(name, num_qubits)


def _frequency(transition: str | None) -> float | None:
    return None if transition is None else value("--transition", transition, "rate")


def _finish(
    answer: dict[str, Any],
    columns: dict[str, str],
    noise: str,
    notes: list[str],
    figure: str,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Draws, then prints a table of the rows, the notes and the verdict, or all of it as JSON."""
    failed = None
    if plot is not None:
        from qsense.files.figures import save_or_error
        from qsense.reports import recharging_figures

        draw: Callable[[dict[str, Any]], Figure] = getattr(recharging_figures, figure)
        failed = save_or_error(lambda: draw(answer), plot)
        if failed is None:
            answer["plot"] = str(plot)
    if as_json:
        print(json.dumps(answer, indent=2, allow_nan=False))
    else:
        _show(answer, columns, noise, notes)
    if failed is not None:  # after the table, which does not need it
        raise failed


def _show(answer: dict[str, Any], columns: dict[str, str], noise: str, notes: list[str]) -> None:
    from qsense.files.folding import ERRORS, print_folded
    from qsense.files.terminal import plain_console, print_line, print_verdict

    print_line(f"{answer.get('probe', 'repetition code')}, N = {answer['num_qubits']}: {noise}")
    shown = [_column(title, [row[key] for row in answer["rows"]]) for title, key in columns.items()]
    texts = {name for (name, _), key in zip(shown, columns.values(), strict=True) if key == "way"}
    rows = list(zip(*(cells for _, cells in shown), strict=True))
    print_folded(plain_console(highlight=False), [name for name, _ in shown], rows, texts)
    for note in notes:
        print_line(note)
    if "plot" in answer:
        print_line(f"figure: {answer['plot']}")
    if any(title.strip() == "±" for title in columns):
        print_line(ERRORS)
    print_verdict(answer["verdict"])


def _column(title: str, values: list[Any]) -> tuple[str, list[str]]:
    """The heading and the cells of a column; one of times in the unit in which its largest reads well."""

    known = [abs(one) for one in values if isinstance(one, float) and one]
    if not title.endswith(" (s)") or not known:
        return title, [_cell(one) for one in values]
    size, unit = time_unit(max(known))
    scaled = [one / size if isinstance(one, float) else one for one in values]
    return f"{title.removesuffix('(s)')}({unit})", [_cell(one) for one in scaled]


def _cell(found: Any) -> str:
    if found is None:
        return "–"
    return f"{found:.5g}" if isinstance(found, float) else str(found)
