"""The command line. Commands are thin, and import what is heavy only when they run."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qsense import cli_jobs
from qsense.errors import ArgumentError, QsenseError

if TYPE_CHECKING:
    from qsense.noise import LocalNoise
    from qsense.record import RunRecord

app = typer.Typer(
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="What entanglement buys a magnetic-field sensor, on its device, with its noise, and until when.",
)

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON for scripts and nothing else.")]
Spec = Annotated[Path, typer.Argument(help="A run spec, such as runs/paper.toml.", metavar="SPEC")]
Record = Annotated[Path, typer.Argument(help="A record folder that `qsense run` made.", metavar="RECORD")]


def main() -> None:
    """Runs the command line; an error of the user's is one line on stderr and exit status 2."""
    try:
        app()
    except QsenseError as error:
        print(f"qsense: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(2)
    except BrokenPipeError:  # the reader of a pipe has left
        sys.stderr.close()
        sys.exit(1)


def _version(wanted: bool) -> None:
    if wanted:
        from qsense import __version__

        print(f"qsense {__version__}")
        raise typer.Exit


@app.callback()
def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    pass


@app.command()
def run(
    spec: Spec,
    out: Annotated[Path, typer.Option(help="Folder under which the record <name>-<id> is made.")] = Path(
        "runs/records"
    ),
    shots: Annotated[int | None, typer.Option(help="Shots for every circuit, instead of the spec's.", min=1)] = None,
    as_json: AsJson = False,
) -> None:
    """Run a spec: circuits, counts, estimates, and the comparison with theory."""
    from qsense import workflow
    from qsense.spec import RunSpec

    loaded = RunSpec.load(spec)
    if shots is not None:
        loaded = loaded.with_shots(shots)
    with _progress(as_json) as update:
        record = workflow.run(loaded, out, update, None if as_json else _say)
    _show(record, as_json)


@app.command()
def estimate(record: Record, as_json: AsJson = False) -> None:
    """Estimate again from a record's counts; needs no backend."""
    from qsense import workflow

    with _progress(as_json) as update:
        done = workflow.estimate_record(record, update)
    _show(done, as_json)


@app.command()
def show(record: Record, as_json: AsJson = False) -> None:
    """Show a record's comparison as it was last estimated."""
    from qsense.record import RunRecord

    _show(RunRecord.load(record), as_json)


cli_jobs.register(app)


@app.command()
def theory(
    probe: Annotated[str, typer.Option(help="ghz, product, or a circuit's name or .qasm file.")],
    num_qubits: Annotated[int | None, typer.Option(help="Number of spins N; a circuit has its own.")] = None,
    dephasing: Annotated[str | None, typer.Option(help="Dephasing rate in 1/s, or one per spin: 0.1,0.2.")] = None,
    emission: Annotated[str | None, typer.Option(help="Emission rate in 1/s, or one per spin.")] = None,
    absorption: Annotated[str | None, typer.Option(help="Absorption rate in 1/s, or one per spin.")] = None,
    t1: Annotated[str | None, typer.Option(help="T1 in s, or one per spin; goes with --t2.")] = None,
    t2: Annotated[str | None, typer.Option(help="T2 in s, or one per spin; at most 2 T1.")] = None,
    noise: Annotated[str | None, typer.Option(help="A noise model's name or TOML file.")] = None,
    times: Annotated[str | None, typer.Option(help="Times in s, increasing: 0,1,2.5.")] = None,
    tilt: Annotated[float, typer.Option(help="δ in (-1, 1) of a product probe.")] = 0.0,
    as_json: AsJson = False,
) -> None:
    """Exact G(t), 𝓘, their bounds and the GHZ/product crossover."""
    local = _noise(noise, {"dephasing": dephasing, "emission": emission, "absorption": absorption}, t1, t2)
    answer = _theory(probe, num_qubits, tilt, local, times)
    if as_json:
        print(json.dumps(answer, indent=2, allow_nan=False))
    else:
        _print_theory(answer)


@app.command()
def render(
    out: Annotated[Path, typer.Option(help="Folder for the OpenQASM files.")] = Path("circuits/sensing"),
    num_qubits: Annotated[str, typer.Option(help="Numbers of spins, such as 2,4.")] = "2,4",
    time: Annotated[float, typer.Option(help="Sensing time in s, a number in the file.")] = 1.0,
    as_json: AsJson = False,
) -> None:
    """Write the sensing circuits of GHZ and product as OpenQASM 3, to read and to carry elsewhere."""
    from qsense import rendering

    written = rendering.render(out, _integers("--num-qubits", num_qubits), time)
    if as_json:
        print(json.dumps({"files": [str(path) for path in written]}, indent=2))
    else:
        for path in written:
            print(path)


def _theory(probe: str, num_qubits: int | None, tilt: float, noise: LocalNoise, times: str | None) -> dict[str, Any]:
    import numpy as np

    from qsense import theory as exact
    from qsense.integration import as_times
    from qsense.probes import KINDS, Probe
    from qsense.theory.bounds import gain_bound, img_bound

    if probe in KINDS:
        if num_qubits is None:
            raise ArgumentError(f"Option --num-qubits is missing; a {probe} probe needs one.")
        chosen = Probe.named(probe, num_qubits, tilt)
    elif tilt:
        raise ArgumentError("Option --tilt goes with a product probe only.")
    else:
        chosen = _circuit_probe(probe)
        if num_qubits not in (None, chosen.num_qubits):
            raise ArgumentError(
                f"Option --num-qubits is {num_qubits}, but {probe} has {chosen.num_qubits} spins; leave it out."
            )
    n = chosen.num_qubits
    rates = 2 * noise.coherence_rates(n)
    if times is not None:
        at = as_times(_numbers("--times", times))
    elif rates.any():
        at = np.linspace(0, 2 / rates[rates > 0].min(), 11)
    else:
        at = np.zeros(1)
    integral, bound = exact.integrated_gain(chosen, noise), img_bound(n, noise)
    return {
        "probe": chosen.name,
        "num_qubits": n,
        "noise": noise.as_dict(),
        "times_s": at.tolist(),
        "gain": exact.gain(chosen, noise, at).tolist(),
        "img_s": _finite(integral.value),
        "img_error_s": _finite(integral.error),
        "gain_bound": gain_bound(n, noise, at).tolist(),
        "img_bound_s": _finite(bound.value),
        "crossover_s": exact.crossover(n, noise),
        "method": integral.method,
    }


def _print_theory(answer: dict[str, Any]) -> None:
    from rich.console import Console
    from rich.table import Table

    console = Console(highlight=False)
    table = Table(
        title=f"{answer['probe']}, N = {answer['num_qubits']}: {_described(answer['noise'])}",
        title_justify="left",
    )
    for name in ("t (s)", "G = Q/t²", "bound on any probe"):
        table.add_column(name, justify="right")
    for row in zip(answer["times_s"], answer["gain"], answer["gain_bound"], strict=True):
        table.add_row(*(f"{value:.6g}" for value in row))
    console.print(table)

    def shown(value: float | None, otherwise: str) -> str:
        return otherwise if value is None else f"{value:.8g} s"

    diverges = "infinite (a part of the gain never decays)"
    console.print(f"𝓘 = ∫G dt = {shown(answer['img_s'], diverges)}   ({answer['method']})")
    console.print(f"no probe exceeds {shown(answer['img_bound_s'], 'a finite value here')}")
    console.print(f"GHZ leads product until {shown(answer['crossover_s'], 'no finite time: they never cross')}")


def _described(noise: dict[str, Any]) -> str:
    parts = [f"{k.removesuffix('_rate')} {v} 1/s" for k, v in noise.items() if k != "name" and v != 0.0]
    return ", ".join(parts) or "no noise"


def _noise(model: str | None, rates: dict[str, str | None], t1: str | None, t2: str | None) -> LocalNoise:
    from qsense.noise import LocalNoise

    given = {kind: _numbers(f"--{kind}", text) for kind, text in rates.items() if text is not None}
    ways = [bool(given), t1 is not None or t2 is not None, model is not None]
    if sum(ways) != 1:
        raise ArgumentError(
            "Give the noise in one way: rates (--dephasing, --emission, --absorption), --t1 with --t2, or --noise."
        )
    if model is not None:
        return LocalNoise.load(model)
    if given:
        return LocalNoise(given.get("dephasing", 0.0), given.get("emission", 0.0), given.get("absorption", 0.0))
    if t1 is None or t2 is None:
        raise ArgumentError("Options --t1 and --t2 go together; add the missing one.")
    return LocalNoise.from_t1_t2(_numbers("--t1", t1), _numbers("--t2", t2))


def _circuit_probe(name: str) -> Any:
    from qsense import content
    from qsense.errors import nearest
    from qsense.probes import KINDS, Probe

    if name.endswith(".qasm") or name in content.names("circuits"):
        return Probe.from_qasm(name)
    raise ArgumentError(f'Unknown probe "{name}". {nearest(name, [*KINDS, *content.names("circuits")])}')


def _numbers(option: str, text: str) -> list[float]:
    try:
        return [float(part) for part in text.split(",")]
    except ValueError:
        raise ArgumentError(f'Option {option} must be a number or numbers with commas, but is "{text}".') from None


def _integers(option: str, text: str) -> list[int]:
    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise ArgumentError(f'Option {option} must be whole numbers with commas, but is "{text}".') from None


def _finite(value: float) -> float | None:
    return value if value < float("inf") else None


def _show(record: RunRecord, as_json: bool) -> None:
    summary = record.read_json("summary.json")
    if as_json:
        print(json.dumps({"record": str(record.path), **summary}, indent=2, allow_nan=False))
        return
    from rich.console import Console

    from qsense.report import print_tables

    # A file or a pipe has no width of its own: the tables fit 100 columns.
    console = Console() if sys.stdout.isatty() else Console(width=100)
    print_tables(console, summary)
    print(f"record: {record.path}")


def _say(line: str) -> None:
    print(f"qsense: {line}", file=sys.stderr)


@contextmanager
def _progress(quiet: bool) -> Iterator[Any]:
    from rich.console import Console

    from qsense.report import progress_bar

    console = Console(stderr=True)
    if quiet or not console.is_terminal:
        yield None
        return
    with progress_bar(console) as bar:
        task = bar.add_task("starting", total=None)
        yield lambda done, total, label: bar.update(task, completed=done, total=total, description=label)


if __name__ == "__main__":
    main()
