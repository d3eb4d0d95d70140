"""qsense plan: which probe, which qubits, how many spins, when, how many shots, how small a field; before measuring."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qsense.cli.app import AsJson, command
from qsense.cli.options import (
    DEVICES,
    T1,
    T2,
    Absorption,
    AllowCode,
    Collective,
    Dephasing,
    Depolarizing,
    Emission,
    Exponent,
    Model,
    completed,
    integers,
    named,
    noise_of,
    time_or_none,
    value,
)
from qsense.cli.sensitivity import GyromagneticRatio, ratio_of
from qsense.cli.world_options import (
    Frequency,
    PhaseNoise,
    SignalPhase,
    Weights,
    described,
    pulses_of,
    shared_parts,
    signal_of,
    world_with,
)
from qsense.errors import ArgumentError
from qsense.files.figures import format_of

if TYPE_CHECKING:
    from qsense.noise import AnyNoise
    from qsense.planning.plan import SensingPlan
    from qsense.planning.question import Question
    from qsense.signals import Pulses, Signal


Sequences = Annotated[
    str,
    typer.Option(
        metavar="PULSES",
        help="Pulses while sensing: free, hahn, xy4, cpmg:N, xy8:N; several (free,hahn,xy4) or auto: finds the best.",
    ),
]


def _goals() -> tuple[str, ...]:
    from qsense.planning.question import GOALS

    return GOALS


@command("plan")
def plan(
    backend: Annotated[
        str | None,
        typer.Option(
            metavar="NAME", help="A device: fake:boston, ibm:<device>, module:factory.", autocompletion=DEVICES
        ),
    ] = None,
    every: Annotated[
        str | None, typer.Option("--all", metavar="VENDOR", help="Rank all devices of a vendor instead: fake, ibm.")
    ] = None,
    num_qubits: Annotated[
        str, typer.Option(metavar="N", help="Numbers of spins, each at least 2: 4, 2,4, 2-6 or 2:16:2.")
    ] = "2-4",
    goal: Annotated[
        str,
        typer.Option(
            help="rate or field (the field per total time), img (𝓘), or crossover (until when GHZ leads).",
            autocompletion=completed(_goals),
        ),
    ] = "rate",
    dead_time: Annotated[
        str, typer.Option(metavar="TIME", help="Of each repetition, beside what the device reports: 0.5 (s), 3us.")
    ] = "0",
    shots: Annotated[int | None, typer.Option(metavar="N", help="Repetitions that may be made of each probe.")] = None,
    seconds: Annotated[
        str | None, typer.Option(metavar="TIME", help="Or the time that may be spent on each: 60 (s), 10min.")
    ] = None,
    precision: Annotated[
        str, typer.Option(help="Or half of the 95 % interval, as in qsense shots: 5% or 0.05 of G, 𝓘 or the crossing.")
    ] = "5%",
    uncertainty: Annotated[str, typer.Option(help="Relative standard error of T1 and T2: 20% or 0.2.")] = "20%",
    qubits: Annotated[
        str | None, typer.Option(metavar="Q", help="Of the device: 3,5,8; else the best for a GHZ probe of each N.")
    ] = None,
    dephasing: Dephasing = None,
    emission: Emission = None,
    absorption: Absorption = None,
    depolarizing: Depolarizing = None,
    exponent: Exponent = 1.0,
    collective: Collective = "0",
    phase_noise: PhaseNoise = None,
    t1: T1 = None,
    t2: T2 = None,
    model: Model = None,
    weights: Weights = None,
    frequency: Frequency = None,
    signal_phase: SignalPhase = 0.0,
    idle: Sequences = "free",
    gyromagnetic_ratio: GyromagneticRatio = None,
    optimal: Annotated[
        bool, typer.Option("--optimal", help="Search the best symmetric probe too: N ≤ 8, seconds.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Write the run spec of what is advised, for qsense run.")] = None,
    plot: Annotated[Path | None, typer.Option(help="Write a figure against N: .png, .svg or .pdf.")] = None,
    allow_code: AllowCode = False,
    as_json: AsJson = False,
) -> None:
    """Decide before measuring: a verdict with its reason, then every probe and N with what it reaches and costs.

    Give a device (--backend), all of a vendor (--all), or a noise (--noise, rates, --t1 with --t2).
    """
    from qsense.planning.plan import plan_of
    from qsense.planning.question import Question
    from qsense.planning.sources import source_of

    if plot is not None:
        format_of(plot)  # refused before anything is computed
    signal = signal_of(weights, frequency, signal_phase)
    chosen = _sequences(idle, signal)
    question = Question(
        tuple(integers("--num-qubits", num_qubits)),
        goal,  # type: ignore[arg-type]  # checked there
        value("--dead-time", dead_time, "time"),
        shots,
        time_or_none("--seconds", seconds),
        _share("--precision", precision),
        _share("--uncertainty", uncertainty),
        signal,
        chosen[0],
        chosen,
        optimal,
    )
    ratio = ratio_of(gyromagnetic_ratio, model)
    rates = {"dephasing": dephasing, "emission": emission, "absorption": absorption, "depolarizing": depolarizing}
    shared = shared_parts(phase_noise, None, collective)
    has_noise = bool(model or t1 or t2 or shared or any(one is not None for one in rates.values()))
    if (backend is not None) + (every is not None) + has_noise != 1:
        raise ArgumentError(
            "Give what to plan for in one way: a device (--backend), a vendor's devices (--all), or a noise (--noise, "
            "rates, or --t1 with --t2)."
        )
    if every is not None:
        if out is not None or qubits is not None:
            raise ArgumentError("Options --out and --qubits are for one device; give --backend instead of --all.")
        _rank(every, question, ratio, plot, as_json)
        return
    noise: Any = noise_of(model, rates, t1, t2, exponent, shared) if has_noise else None
    where = None if qubits is None else integers("--qubits", qubits)
    source = source_of(backend, noise, question, where, allow_code)
    found = plan_of(source, question, ratio, backend, noise, where)
    words = None if noise is None else _in_words(world_with(noise, signal, found.advice.idle), t1, t2)
    _give(found, words, out, plot, as_json)


def _give(found: SensingPlan, words: str | None, out: Path | None, plot: Path | None, as_json: bool) -> None:
    from qsense.files.figures import save_or_error
    from qsense.reports.plan_report import print_plan

    answer = found.to_dict()
    if out is not None:
        import tomli_w

        from qsense.files.atomic import write

        spec = found.to_spec(out.stem)
        write(out, tomli_w.dumps(spec).encode())
        answer["out"] = str(out)
        keys = ("probe", "num_qubits", "run_shots", "run_device_s", "run_frequency_error_rad_per_s")
        answer["run"] = [{key: row[key] for key in keys} for row in spec["plan"]["rows"]]
        answer["calibration"] = {
            "shots": spec["plan"].get("calibration_shots", 0),
            "device_s": spec["plan"].get("calibration_device_s", 0.0),
        }
    failed = None
    if plot is not None:
        from qsense.reports.plan_figure import plan_figure

        failed = save_or_error(lambda: plan_figure(found), plot)
        if failed is None:
            answer["plot"] = str(plot)
    if as_json:
        print(json.dumps(answer, indent=2, allow_nan=False))
    else:
        print_plan(
            found, words, answer.get("out"), answer.get("plot"), answer.get("run", ()), answer.get("calibration")
        )
    if failed is not None:  # after the table, which does not need it
        raise failed


def _sequences(names: str, signal: Signal) -> tuple[Pulses, ...]:
    """The pulses that --idle names, each of which senses the signal."""
    from qsense.planning.question import sequences_of

    for name in () if names == "auto" else names.split(","):
        pulses_of(name, signal)  # refuses it with the fix of the command line
    with named("--idle:"):
        return sequences_of(names, signal)


def _in_words(noise: AnyNoise, t1: str | None, t2: str | None) -> str:
    """What acts on the spins; T1 and T2 as they were given, where noise of each spin was given by them."""
    from qsense.noise import world_of

    words = described(noise)
    if t2 is None:
        return words
    rates = described(world_of(noise).noise.local)
    return f"T1 {t1 or 'inf'}, T2 {t2}{words.removeprefix(rates)}" if words.startswith(rates) else words


def _rank(prefix: str, question: Question, ratio: float | None, plot: Path | None, as_json: bool) -> None:
    from qsense.files.figures import save_or_error
    from qsense.files.terminal import plain_console
    from qsense.planning.ranking import rank_devices
    from qsense.reports.plan_report import print_ranking

    console = plain_console(stderr=True)
    if as_json or not console.is_terminal:
        found = rank_devices(prefix, question, ratio)
    else:
        with console.status(f"planning for the devices of {prefix}"):
            found = rank_devices(prefix, question, ratio)
    failed = None
    if plot is not None:
        from qsense.reports.plan_figure import ranking_figure

        failed = save_or_error(lambda: ranking_figure(found), plot)
    drawn = str(plot) if plot is not None and failed is None else None
    if as_json:
        print(json.dumps(found.to_dict() | ({"plot": drawn} if drawn else {}), indent=2, allow_nan=False))
    else:
        print_ranking(found, drawn)
    if failed is not None:  # after the table, which does not need it
        raise failed


def _share(option: str, text: str) -> float:
    """The share of an option such as 5% or 0.05."""
    with named(option):
        try:
            share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
        except ValueError as error:
            raise ArgumentError(f'must be a share such as 5% or 0.05, but is "{text}".') from error
        if share > 1 and not text.endswith("%"):
            raise ArgumentError(f"must be a share such as 5% or 0.05, but {text} is {share:.0%}; write {text}%.")
        return share
