"""Commands about runs and a record: run, estimate, show, rerun, export, render."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qsense.cli.app import RECORDS, AsJson, Out, command
from qsense.cli.options import AllowCode, MaxQpuSeconds, NoReport, integers, print_paths, time_or_none, value
from qsense.cli.progress import progress
from qsense.cli.records import Record, Records, SeveralRecords, folders_for, for_each
from qsense.cli.shots import Goal, run_in_rounds
from qsense.errors import ArgumentError, RecordError
from qsense.files.old_names import with_old_names
from qsense.files.terminal import print_line

if TYPE_CHECKING:
    from qsense.runs.folder import RecordFolder

Spec = Annotated[Path, typer.Argument(help="A run spec, such as runs/paper.toml.", metavar="SPEC")]


@command("run")
def run(
    spec: Spec,
    out: Out = RECORDS,
    shots: Annotated[int | None, typer.Option(help="Shots for every circuit, instead of the spec's.", min=1)] = None,
    until_error: Annotated[
        str | None,
        typer.Option(metavar="ERROR", help="Measure in rounds until half the 95 % interval is this: 5%, 20us, 2nT."),
    ] = None,
    goal: Goal = "img",
    max_shots: Annotated[
        int | None, typer.Option(help="Of all circuits of all rounds, with --until-error.", min=1)
    ] = None,
    max_qpu_seconds: MaxQpuSeconds = None,
    no_report: NoReport = False,
    allow_code: AllowCode = False,
    as_json: AsJson = False,
) -> None:
    """Run a spec: circuits, counts, estimates, and the comparison with theory."""
    from qsense import workflow
    from qsense.runs.spec import RunSpec

    most = time_or_none("--max-qpu-seconds", max_qpu_seconds, 1)
    loaded = RunSpec.load(spec)
    if shots is not None:
        loaded = loaded.with_shots(shots)
    if until_error is not None:
        stopped, more = run_in_rounds(loaded, until_error, goal, max_shots, out, as_json, most)
        show_record(stopped.record, as_json, more)
        for line in [] if as_json else stopped.lines():
            print_line(line)
        if not stopped.is_reached:
            raise typer.Exit(1)
        return
    if max_shots is not None:
        raise ArgumentError("Option --max-shots goes with --until-error; give both, or --shots.")
    with progress(as_json) as update:
        record = workflow.run(loaded, out, update, most)
    show_record(record, as_json)


@command("estimate")
def estimate(
    words: SeveralRecords,
    records: Records = RECORDS,
    no_report: NoReport = False,
    allow_code: AllowCode = False,
    as_json: AsJson = False,
) -> None:
    """Estimate again from the counts of records; needs no backend. One that fails does not stop others."""
    from qsense import workflow
    from qsense.runs.finding import open_several

    def again(found: RecordFolder) -> RecordFolder:
        with progress(as_json) as update:
            return workflow.estimate_record(found.path, update)

    _show_all(open_several(words, records), as_json, again)


@command("show")
def show(words: SeveralRecords, records: Records = RECORDS, as_json: AsJson = False) -> None:
    """Show the comparison of records as it was last estimated; no code that their specs name is imported."""
    from qsense.runs.finding import open_several

    _show_all(open_several(words, records), as_json, lambda found: found)


def _show_all(found: list[RecordFolder], as_json: bool, act: Callable[[RecordFolder], RecordFolder]) -> None:
    """Acts on records and shows what came of it: one after the other, or all as one JSON document."""
    shown: list[Any] = []

    def each(record: RecordFolder) -> None:
        done = act(record)
        if as_json:
            shown.append(_as_json(done))
        else:
            if len(found) > 1 and record is not found[0]:
                print()
            show_record(done, False)

    failed = for_each(found, each)
    if as_json:
        print(json.dumps(shown[0] if len(found) == 1 else {"records": shown}, indent=2, allow_nan=False))
    if failed:
        raise typer.Exit(2)


@command("render")
def render(
    out: Annotated[Path, typer.Option(help="Folder for the OpenQASM files.")] = Path("circuits/sensing"),
    num_qubits: Annotated[str, typer.Option(metavar="N", help="Numbers of spins: 4, 2,4, 2-6 or 2:16:2.")] = "2,4",
    time: Annotated[str, typer.Option(metavar="TIME", help="Sensing time, a number in the file: 0.5 (s), 3us.")] = "1",
    as_json: AsJson = False,
) -> None:
    """Write the sensing circuits of GHZ and product as OpenQASM 3, to read and to carry elsewhere."""
    from qsense.circuits import rendering

    written = rendering.render(out, integers("--num-qubits", num_qubits), value("--time", time, "time"))
    print_paths(written, as_json)


@command("export")
def export(
    words: SeveralRecords,
    kind: Annotated[str, typer.Option("--format", help="csv, parquet, netcdf, or a registered one.")] = "csv",
    out: Annotated[
        Path | None,
        typer.Option(help="Folder for the files, of several records one for each in it; by default RECORD/export."),
    ] = None,
    records: Records = RECORDS,
    allow_code: AllowCode = False,
    as_json: AsJson = False,
) -> None:
    """Write results of records as CSV, Parquet (pandas) or NetCDF (xarray), with units and provenance."""
    from qsense.runs.finding import open_several
    from qsense.runs.record import RunRecord
    from qsense.tables import results_of, write_results

    found, paths = open_several(words, records), list[Path]()
    places = folders_for(found, out)

    def write(record: RecordFolder) -> None:
        loaded = RunRecord.load(record.path)
        written = write_results(results_of(loaded), places.get(record.path) or loaded.subfolder("export"), kind)
        paths.extend(written)

    failed = for_each(found, write)
    print_paths(paths, as_json)
    if failed:
        raise typer.Exit(2)


@command("rerun")
def rerun(
    record: Record,
    out: Annotated[Path, typer.Option(help="Folder under which the new record is made.")] = Path("runs/reruns"),
    records: Records = RECORDS,
    allow_code: AllowCode = False,
    as_json: AsJson = False,
) -> None:
    """Run a record's spec again and compare counts and numbers; exit status 1 if more than rounding differs."""
    from qsense.runs.finding import open_named
    from qsense.workflow.reproduction import rerun as again

    path = open_named(record, records).path
    with progress(as_json) as update:
        found = again(path, out, update)
    if as_json:
        points = [with_old_names(vars(point)) for point in found.points]
        words = {
            "record": str(found.record.path),
            "identical": found.identical,
            "same": found.is_same,
            "counts_equal": found.counts_equal,
        }
        print(json.dumps({**words, "points": points, "provenance": found.provenance}, indent=2, sort_keys=True))
    else:
        for point in found.points:
            same = "counts equal" if point.counts_equal else "COUNTS DIFFER"
            numbers = "numbers equal" if point.largest_difference == 0 else f"numbers by {point.largest_difference:.1g}"
            print_line(f"{point.label}: {same}, {numbers}")
        for key, (then, now) in found.provenance.items():
            print_line(f"{key}: {then} then, {now} now")
        print_line(found.conclusion)
        print_line(f"record: {found.record.path}")
    if not found.is_same:
        raise typer.Exit(1)


def show_record(record: RecordFolder, as_json: bool, more: dict[str, Any] | None = None) -> None:
    """Prints a record as it was last estimated, for people or as JSON with more keys."""
    if as_json:
        print(json.dumps(_as_json(record) | (more or {}), indent=2, allow_nan=False))
        return
    summary, pulses, imported = record.summary(), record.outside_pulses, _imported(record)
    from qsense.files.terminal import plain_console, print_parts
    from qsense.reports import summary_parts

    try:
        parts = summary_parts(summary)
    except Exception as error:  # of whatever stands where a number should
        raise _damaged(record, error) from error
    print_parts(plain_console(), parts)
    if record.is_of_device:
        if (used := record.qubits_used) is not None:
            for line in used.lines():
                print_line(line)
        print("exact: decay alone. What preparation and readout take is fitted apart: qsense compare RECORD")
    if pulses is not None:
        print_line(
            f'made by an earlier version with the signal outside of the pulses (idle = "{pulses}"): no window sensed a '
            "field between them"
        )
    if imported is not None:
        left = " and ".join(f"{imported.get(f'{word}_shots')} {word}" for word in ("lost", "missing"))
        partly = f", {imported['kept_shots']} with some spins lost" if imported.get("kept_shots") else ""
        print_line(f"measured elsewhere: {imported.get('source')}, {imported.get('shots')} shots{partly} ({left})")
    print_line(f"record: {record.path}")


def _as_json(record: RecordFolder) -> dict[str, Any]:
    """What `show --json` prints of a record, without numbers that JSON lacks."""
    summary, pulses, imported = record.summary(), record.outside_pulses, _imported(record)
    made: dict[str, Any] = {"record": str(record.path)} | ({} if pulses is None else {"signal_outside_pulses": pulses})
    made |= {} if imported is None else {"imported": {k: v for k, v in imported.items() if k != "rows"}}
    if record.is_of_device and (used := record.qubits_used) is not None:
        made["qubits"] = used.to_dict()
    made |= {**summary, "rows": [with_old_names(row) for row in summary["rows"]]}
    try:
        json.dumps(made, allow_nan=False)
    except ValueError as error:
        raise _damaged(record, error) from error
    return made


def _imported(record: RecordFolder) -> dict[str, Any] | None:
    from qsense.runs.imported import IMPORT

    return record.read_json(IMPORT) if record.has(IMPORT) else None


def _damaged(record: RecordFolder, error: Exception) -> RecordError:
    path = record.path / "summary.json"
    return RecordError(
        f"{path}: damaged ({type(error).__name__}); run `qsense estimate {record.path}` to make it again."
    )
