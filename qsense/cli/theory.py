"""qsense theory: exact G(t), 𝓘, bounds, crossover, rate and what a readout reaches."""

from __future__ import annotations

import json
import math
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qsense.cli.app import AsJson, app
from qsense.cli.options import (
    T1,
    T2,
    Absorption,
    Collective,
    Coupling,
    DeadTime,
    Dephasing,
    Depolarizing,
    Emission,
    Exponent,
    Field,
    Model,
    Transverse,
    finite,
    integers,
    noise_of,
    probe_of,
    time_or_none,
    value,
    values,
)
from qsense.cli.sensitivity import GyromagneticRatio, ratio_of, sensitivity, sensitivity_line
from qsense.cli.world_options import (
    CouplingPair,
    Dipolar,
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
from qsense.errors import ArgumentError, QsenseError
from qsense.files.figures import format_of
from qsense.files.old_names import with_old_names

if TYPE_CHECKING:
    from qsense.noise import AnyNoise
    from qsense.probes import Probe

_SEARCHED = 7  # a crossover or a rate takes hundreds of times, each a second for ten spins


@app.command(short_help="Exact G(t), 𝓘, bounds, crossover and rate of a probe.")
def theory(
    probe: Annotated[
        str,
        typer.Option(
            help="ghz, ghz:+-, product, w, dicke:U, dicke_x:U, twin_fock, coherent:POLAR, one_axis:χ, two_axis:χ, "
            "a circuit's name, a .qasm file, or a .npy file of a state."
        ),
    ],
    num_qubits: Annotated[
        str | None, typer.Option(metavar="N", help="Numbers of spins N: 4, 2,4, 2-6 or 2:16:2; a file has its own.")
    ] = None,
    dephasing: Dephasing = None,
    emission: Emission = None,
    absorption: Absorption = None,
    depolarizing: Depolarizing = None,
    transverse: Transverse = None,
    exponent: Exponent = 1.0,
    collective: Collective = "0",
    phase_noise: PhaseNoise = None,
    coupling: Coupling = "0",
    dipolar: Dipolar = "0",
    coupling_pair: CouplingPair = None,
    weights: Weights = None,
    frequency: Frequency = None,
    signal_phase: SignalPhase = 0.0,
    idle: Idle = "free",
    t1: T1 = None,
    t2: T2 = None,
    model: Model = None,
    times: Annotated[
        str | None,
        typer.Option(metavar="TIMES", help="Times, increasing: 0,1,2.5 (s), 0,1us,2us, or a range 0:10us:1us."),
    ] = None,
    until: Annotated[
        str | None, typer.Option(metavar="TIME", help="End of the integral's window: 2 (s), 3us; else infinity.")
    ] = None,
    tilt: Annotated[float, typer.Option(help="δ in (-1, 1) of a GHZ or a product probe.")] = 0.0,
    field: Field = "0",
    readout: Annotated[
        str | None, typer.Option(help="Also what a readout reaches: local_x, total_jx, parity, loss_flag, z.")
    ] = None,
    phase: Annotated[str, typer.Option(help="Where the readout measures: mid, best, or an angle in rad.")] = "mid",
    dead_time: DeadTime = "0",
    gyromagnetic_ratio: GyromagneticRatio = None,
    plot: Annotated[Path | None, typer.Option(help="Write a figure: .png, .svg or .pdf.")] = None,
    as_json: AsJson = False,
) -> None:
    """Exact G(t), 𝓘, their bounds, the GHZ/product crossover, and what a readout reaches."""
    rates = {
        "dephasing": dephasing,
        "emission": emission,
        "absorption": absorption,
        "depolarizing": depolarizing,
        "transverse": transverse,
    }
    shared = shared_parts(phase_noise, coupling_pair, collective, coupling, dipolar)
    signal = signal_of(weights, frequency, signal_phase)
    noise = world_with(noise_of(model, rates, t1, t2, exponent, shared), signal, idle)
    if plot is not None:
        format_of(plot)  # refused before anything is computed
    sizes = [None] if num_qubits is None else integers("--num-qubits", num_qubits)
    if plot is not None and len(sizes) > 1:
        raise ArgumentError("Option --plot draws one number of spins; give --num-qubits one.")
    phi, dead = value("--field", field, "angular frequency"), value("--dead-time", dead_time, "time")
    end, ratio = time_or_none("--until", until), ratio_of(gyromagnetic_ratio, model)
    at = None if times is None else values("--times", times, "time")
    answers = []
    for size in sizes:
        chosen = probe_of(probe, size, tilt, signal)
        answer = _answer(chosen, noise, at, None if end == math.inf else end, phi, dead, ratio)
        if readout is not None:
            answer |= _readout(chosen, noise, readout, phase, answer["times_s"], phi)
        answers.append(answer)
    failed = None if plot is None else _draw(plot, chosen, noise, phi, answer)
    if as_json:
        found = [with_old_names(one) for one in answers]
        print(json.dumps(found if len(found) > 1 else found[0], indent=2, allow_nan=False))
    for one in [] if as_json else answers:
        _show(one, described(noise))
    if failed is not None:  # after the table, which does not need it
        raise failed


def _draw(plot: Path, probe: Probe, noise: AnyNoise, field: float, answer: dict[str, Any]) -> QsenseError | None:
    """Writes the figure and its name into the answer; returns what went wrong, for after the table."""
    from qsense.files.figures import save_or_error
    from qsense.reports import theory_figure

    failed = save_or_error(lambda: theory_figure(probe, noise, field), plot)
    if failed is None:
        answer["plot"] = str(plot)
    return failed


def _answer(
    probe: Probe,
    noise: AnyNoise,
    times: list[float] | None,
    until: float | None,
    field: float,
    dead_time: float,
    ratio: float | None,
) -> dict[str, Any]:
    import numpy as np

    from qsense import theory as exact
    from qsense.noise import world_of
    from qsense.numerics.integration import as_times
    from qsense.theory.blind import senses_nothing
    from qsense.theory.bounds import gain_bound, integrated_gain_bound
    from qsense.theory.engines import engine_for
    from qsense.theory.lindblad import carries_phase
    from qsense.theory.rate import check_dead_time, operational_rate

    check_dead_time(dead_time)
    n, world = probe.num_qubits, world_of(noise)
    world.check(n)
    rates = world.decay_rates(n)
    if times is not None:
        at = as_times(times)
    elif rates.any():
        at = np.linspace(0, 2 / rates[rates > 0].min(), 11)
    else:
        at = np.zeros(1)
    integral, bound = exact.integrated_gain(probe, noise, until, field), integrated_gain_bound(n, noise)
    quick = n <= _SEARCHED or engine_for(probe, noise, field).method in ("closed form", "symmetric engine")
    try:
        rate = operational_rate(probe, noise, dead_time, field) if quick else None
    except ArgumentError:  # where something never decays a longer time is always better
        rate = None
    return {
        "probe": probe.name,
        "num_qubits": n,
        "noise": world.noise.to_dict(),
        "signal": world.signal.to_dict(),
        "idle": world.pulses.name,
        "times_s": at.tolist(),
        "gain": exact.gain(probe, noise, at, field).tolist(),
        "gain_resolution": exact.resolution(probe, noise, field),
        "integrated_gain_s": finite(integral.value),
        "integrated_gain_error_s": finite(integral.error),
        "integrated_gain_until_s": until,
        "gain_bound": [finite(one) for one in gain_bound(n, noise, at).tolist()],
        "integrated_gain_bound_s": finite(bound.value),
        "crossover_s": exact.crossover(n, noise, field) if quick else None,
        "searched": quick,
        "rate_s": rate.value if rate else None,
        "rate_time_s": rate.time if rate else None,
        "dead_time_s": dead_time,
        **sensitivity(probe, noise, ratio, rate, dead_time),
        "method": integral.method,
        "commutes_with_field": carries_phase(world, n) and senses_nothing(probe, world),
    }


def _readout(
    probe: Probe, noise: AnyNoise, readout: str, phase: str, times: list[float], field: float
) -> dict[str, Any]:
    import numpy as np

    from qsense.theory.measurement import classical_gain, integrated_classical_gain

    where: str | float = phase
    if phase not in ("mid", "best"):
        try:
            where = float(phase)
        except ValueError as error:
            raise ArgumentError(f'Option --phase must be mid, best or an angle in rad, but is "{phase}".') from error
    integral = integrated_classical_gain(probe, noise, readout, where, field)
    blind = None
    if integral.value == 0:
        best = classical_gain(probe, noise, np.array(times), readout, "best", field)
        blind = "every phase" if np.all(best < 1e-9 * probe.num_qubits**2) else "this phase"
    return {
        "readout": readout,
        "phase": phase,
        "classical_gain": classical_gain(probe, noise, np.array(times), readout, where, field).tolist(),
        "classical_integrated_gain_s": finite(integral.value),
        "blind_at": blind,
    }


def _show(answer: dict[str, Any], noise: str) -> None:
    from rich.table import Table

    from qsense.files.terminal import plain_console, print_line
    from qsense.theory.blind import BLIND

    console = plain_console(highlight=False, piped_width=None)
    console.print(f"{answer['probe']}, N = {answer['num_qubits']}: {noise}")
    table = Table()
    columns = ["t (s)", "G = Q/t²"]
    shown = [answer["times_s"], answer["gain"]]
    if "readout" in answer:
        columns.append(answer["readout"])
        shown.append(answer["classical_gain"])
    for name in (*columns, "bound on any probe"):
        table.add_column(name, justify="right")
    least = answer["gain_resolution"]
    for time, *gains, bound in zip(*shown, answer["gain_bound"], strict=True):
        values = [f"< {least:.1g}" if abs(value) < least else f"{value:.6g}" for value in gains]
        table.add_row(f"{time:.6g}", *values, "none known" if bound is None else f"{bound:.6g}")
    console.print(table)

    def seconds(value: float | None, otherwise: str) -> str:
        return otherwise if value is None else f"{value:.8g} s"

    window = "" if answer["integrated_gain_until_s"] is None else f" up to {answer['integrated_gain_until_s']:g} s"
    diverges = "infinite (a part of the gain never decays)"
    console.print(f"𝓘 = ∫G dt{window} = {seconds(answer['integrated_gain_s'], diverges)}   ({answer['method']})")
    if "readout" in answer:
        reached = seconds(answer["classical_integrated_gain_s"], "–")
        console.print(f"𝓘_C of {answer['readout']}, phase {answer['phase']}: {reached}")
        if answer["blind_at"]:
            console.print(f"{answer['readout']} is blind to this probe at {answer['blind_at']}: it tells nothing of θ")
    if answer["commutes_with_field"]:
        console.print(f"{BLIND}; no time and no readout lets it sense the signal")
    console.print(f"no probe exceeds {seconds(answer['integrated_gain_bound_s'], 'a finite value here')}")
    if "plot" in answer:
        console.print(f"figure: {answer['plot']}")
    if not answer["searched"]:
        console.print(f"crossover and best rate: not searched for dense matrices of more than {_SEARCHED} spins")
        return
    console.print(f"GHZ leads product until {seconds(answer['crossover_s'], 'no finite time: they never cross')}")
    if answer["rate_s"] is not None and not answer["commutes_with_field"]:
        dead = f" with {answer['dead_time_s']:g} s dead time" if answer["dead_time_s"] else ""
        console.print(f"best rate max Q/t{dead} = {answer['rate_s']:.8g} s at t = {answer['rate_time_s']:.6g} s")
        if (line := sensitivity_line(answer)) is not None:
            print_line(line)
