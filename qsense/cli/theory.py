"""qsense theory: exact G(t), 𝓘, bounds, crossover, rate and what a readout reaches."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qsense.cli.app import AsJson, command
from qsense.cli.options import (
    PROBE_NAMES,
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
    integers,
    noise_of,
    probe_of,
    several,
    time_or_none,
    value,
    values,
)
from qsense.cli.sensitivity import GyromagneticRatio, field_of, ratio_of
from qsense.cli.theory_answer import answer_of, default_times, phase_of, readout_answer, totals_of
from qsense.cli.theory_text import print_theory
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
from qsense.files.terminal import print_line

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from qsense.noise import AnyNoise
    from qsense.probes import Probe


@command("theory")
def theory(
    probe: Annotated[
        str,
        typer.Option(
            help="ghz, ghz:+-, product, w, dicke:U, dicke_x:U, twin_fock, coherent:POLAR, one_axis:χ, two_axis:χ, "
            "pair_code:STATE, a circuit's name, a .qasm file, or a .npy file of a state; or several: ghz,product.",
            autocompletion=PROBE_NAMES,
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
    models = [None] if model is None else several(model)
    noises = [world_with(noise_of(one, rates, t1, t2, exponent, shared), signal, idle) for one in models]
    if plot is not None:
        format_of(plot)  # refused before anything is computed
    sizes = [None] if num_qubits is None else integers("--num-qubits", num_qubits)
    if plot is not None and len(sizes) > 1:
        raise ArgumentError("Option --plot draws one number of spins; give --num-qubits one.")
    dead = value("--dead-time", dead_time, "time")
    end = time_or_none("--until", until)
    at = None if times is None else values("--times", times, "time")
    ratios = [ratio_of(gyromagnetic_ratio, one) for one in models]
    phi = _field(field, ratios)
    probes = [[probe_of(name, size, tilt, signal) for name in several(probe)] for size in sizes]
    tables: list[tuple[str, list[dict[str, Any]]]] = []  # of one noise and N, the probes side by side
    for (noise, ratio), side_by_side in product(zip(noises, ratios, strict=True), probes):
        totals = [totals_of(one, noise, None if end == math.inf else end, phi, dead) for one in side_by_side]
        shown = default_times([one.end for one in totals]) if at is None else at
        answers = []
        for one, total in zip(side_by_side, totals, strict=True):
            answer = answer_of(one, noise, total, shown, phi, dead, ratio)
            answers.append(answer | ({} if readout is None else readout_answer(one, noise, readout, phase, shown, phi)))
        tables.append((described(noise), answers))
    failed = None
    if plot is not None:
        shown_readout = None if readout is None else (readout, phase_of(phase))
        failed = _draw(plot, probes[0], noises, phi, tables, shown_readout)
    if as_json:
        found = [with_old_names(one) for _, answers in tables for one in answers]
        print(json.dumps(found if len(found) > 1 else found[0], indent=2, allow_nan=False))
    else:
        for words, answers in tables:
            print_theory(answers, words)
        if plot is not None and failed is None:
            print_line(f"figure: {plot}")
    if failed is not None:  # after the table, which does not need it
        raise failed


def _field(text: str, ratios: Sequence[float | None]) -> float:
    """φ in rad/s, one for all noises: a field in T needs the same spins in all of them."""
    found = {field_of("--field", text, ratio) for ratio in ratios}
    if len(found) > 1:
        raise ArgumentError(
            "Option --field is in tesla, and the noise models are of different spins; give it in rad/s."
        )
    return found.pop()


def _draw(
    plot: Path,
    probes: list[Probe],
    noises: Sequence[AnyNoise],
    field: float,
    tables: list[tuple[str, list[dict[str, Any]]]],
    readout: tuple[str, str | float] | None,
) -> QsenseError | None:
    """Writes the figure and its name into the answers; returns what went wrong, for after the table."""
    from qsense.files.figures import save_or_error
    from qsense.reports import gains_figure, theory_figure

    def figure() -> Figure:
        if len(probes) == len(noises) == 1:
            return theory_figure(probes[0], noises[0], field, readout)
        return gains_figure(probes, [(described(one), one) for one in noises], field, readout)

    failed = save_or_error(figure, plot)
    for _, answers in tables:
        for answer in answers:
            answer |= {"plot": str(plot)} if failed is None else {}
    return failed
