"""Commands that carry a run to another instrument and bring its counts back: design, import."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated, Any

import typer

from qsense.cli.app import RECORDS, AsJson, Out, command
from qsense.cli.options import AllowCode, NoReport, integers
from qsense.cli.progress import progress
from qsense.cli.runs import show_record
from qsense.files.terminal import print_line


@command("design")
def design(
    spec: Annotated[Path, typer.Argument(help="A run spec, such as runs/paper.toml.", metavar="SPEC")],
    out: Annotated[Path, typer.Option(help="The folder to make; it must not be there, or be empty.")],
    signal: Annotated[
        str, typer.Option(help="injected: the circuits put the signal on; none: it is left to nature.")
    ] = "injected",
    qasm: Annotated[int, typer.Option(help="Version of OpenQASM, 3 or 2.")] = 3,
    known_shots: Annotated[
        int, typer.Option(help="Shots of circuits that prepare known bit strings, to check order and meaning of bits.")
    ] = 0,
    shots: Annotated[int | None, typer.Option(help="Shots for every circuit, instead of the spec's.", min=1)] = None,
    allow_code: AllowCode = False,
    as_json: AsJson = False,
) -> None:
    """Write every circuit of a run as OpenQASM, its settings as a sheet, and an empty sheet for the counts."""
    from qsense.laboratory import write_design
    from qsense.laboratory.design import stated_spec

    loaded = stated_spec(spec)
    if shots is not None:
        loaded = loaded.with_shots(shots)
    kinds: Any = {"signal": signal, "qasm": qasm}
    made = write_design(loaded, out, known_shots=known_shots, **kinds)
    names = sorted(str(path) for path in made.rglob("*") if path.is_file())
    if as_json:
        print(json.dumps({"design": str(made), "files": names}, indent=2))
        return
    number = sum(name.endswith(".qasm") for name in names)
    print_line(f"{number} circuits in {made}: read its README.md, fill counts.csv, then: qsense import {made}")


@command("import")
def bring_in(
    source: Annotated[
        Path, typer.Argument(help="A design's folder with counts.csv filled, or a file of counts.", metavar="SOURCE")
    ],
    made_for: Annotated[
        Path | None, typer.Option("--design", help="The design's folder, or its spec; of a file of counts.")
    ] = None,
    out: Out = RECORDS,
    leftmost: Annotated[
        str | None,
        typer.Option(help="The leftmost letter of a bit string is the first spin, or the last: first, last."),
    ] = None,
    one: Annotated[str | None, typer.Option(help="What 1 means: up (excited) or down.")] = None,
    spins: Annotated[str | None, typer.Option(help="Which spin each place is: 2,0,1.")] = None,
    lost: Annotated[
        str | None,
        typer.Option(
            help="Shots with lost spins, and missing ones: refuse, drop (post-selected), keep the spins that are left "
            "(estimators of single spins), or keep_or_drop."
        ),
    ] = None,
    shots: Annotated[str | None, typer.Option(help="Of every circuit: planned, or as many as were measured.")] = None,
    axes: Annotated[
        str | None, typer.Option(help="Axes of an array, in order: circuit,shot,spin or time,point,row,shot,spin.")
    ] = None,
    label: Annotated[
        str, typer.Option(help="Part of the record's backend, import-LABEL: another day, another trap.")
    ] = "",
    no_report: NoReport = False,
    allow_code: AllowCode = False,
    as_json: AsJson = False,
) -> None:
    """Make a record of counts that were measured elsewhere, and estimate it as any other; all of it, or nothing."""
    from qsense.errors import ArgumentError
    from qsense.laboratory.returned import checked_source
    from qsense.workflow.importing import import_counts

    is_folder = checked_source(source).is_dir()
    if is_folder and made_for is not None:
        raise ArgumentError("Option --design goes with a file of counts; a design's folder says itself what it is of.")
    if not is_folder and made_for is None:
        raise ArgumentError(
            "Option --design is missing: give the folder, or the spec, that these counts were made for."
        )
    with progress(as_json) as update:
        record = import_counts(
            source if made_for is None else made_for,
            None if is_folder else source,
            out,
            leftmost=leftmost,
            one=one,
            spins=None if spins is None else integers("--spins", spins),
            lost=lost,
            shots=shots,
            axes=() if axes is None else axes.split(","),
            label=label,
            progress=update,
        )
    show_record(record, as_json)
