"""Commands about studies: sweep, and the store's upkeep."""

from __future__ import annotations

import json
import math
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qsense.cli.app import AsJson, command, group
from qsense.cli.logs import show_log
from qsense.cli.options import AllowCode, NoReport, print_paths
from qsense.cli.progress import progress
from qsense.errors import ContentError
from qsense.files.terminal import print_line, printable

if TYPE_CHECKING:
    from qsense.study.sweep import StudyCost
    from qsense.study.trial_runs import TrialsRun

StorePath = Annotated[Path, typer.Option("--store", help="Folder of the store of results.")]
DEFAULT_STORE = Path("runs/store")

store_app = group("store", "Look after the store of results: verify, gc, export, list.", no_args_is_help=True)


@command("sweep")
def sweep(
    study: Annotated[Path, typer.Argument(help="A study's file, such as runs/dephasing_study.toml.", metavar="STUDY")],
    store: StorePath = DEFAULT_STORE,
    out: Annotated[Path, typer.Option(help="Folder under which <name>-<id> with tables and figures is made.")] = Path(
        "runs/studies"
    ),
    workers: Annotated[int | None, typer.Option(help="Processes; by default one a core.", min=1)] = None,
    dask: Annotated[str | None, typer.Option(help="A dask scheduler instead, such as tcp://host:8786.")] = None,
    memory: Annotated[str | None, typer.Option(help="What all workers may take, such as 4GB.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be run, and what it costs.")] = False,
    no_report: NoReport = False,
    allow_code: AllowCode = False,
    as_json: AsJson = False,
) -> None:
    """Run every point of a study that the store lacks, on all cores or a cluster; may be stopped and run again."""
    from qsense.numerics.threads import num_processors
    from qsense.store import Store
    from qsense.study import report, sweep
    from qsense.study.expansion import Study
    from qsense.study.results import study_results

    show_log(quiet=as_json)
    loaded = sweep.prepare_study(Study.load(study), str(study))
    # A cluster's memory is unknown here.
    limit = sweep.parse_memory(memory) if memory is not None else math.inf if dask else None
    with _sigterm_as_ctrl_c(), Store(store) as opened:
        cost = sweep.estimate_cost(loaded, opened, workers or num_processors(), limit, str(study))
        if not as_json:
            print_line(_cost(loaded.name, cost, loaded.skipped, dask))
        if dry_run:
            if as_json:
                print(json.dumps({**_cost_as_json(cost), "left_out": loaded.skipped}, indent=2, sort_keys=True))
            return
        with progress(as_json, "{task.percentage:.0f} %") as update:
            entry, done = sweep.run_study(loaded, opened, cost.workers, dask, update)
        folder = out / f"{entry.name}-{entry.id}"
        if done.stopped:
            _stopped(done, cost, store)
        summary = sweep.read_summary(folder, entry)
        if summary is None or done.new:
            results = study_results(opened, entry, partial=bool(done.failures))
            summary = report.write_report(results, folder, sweep.failure_table(done))
    if as_json:
        words = {"study": str(folder), "present": done.present, "new": done.new, "failed": len(done.failures)}
        print(json.dumps({**words, **(summary or {})}, indent=2, sort_keys=True, allow_nan=False))
    elif summary is not None:
        _show(done, summary, folder)
    if done.failures:
        first = done.failures[0]
        print(
            f"qsense: {len(done.failures)} trials could not be run; the first, "
            + printable(f"{first.trial.label}: {first.reason} All are in {folder / 'failures.csv'}."),
            file=sys.stderr,
        )
        raise typer.Exit(2)


@store_app.command(
    short_help="Check every result and the index.", epilog="Example: qsense store verify --store runs/store"
)
def verify(
    store: StorePath = DEFAULT_STORE,
    repair: Annotated[
        bool, typer.Option("--repair", help="Make the index again, and move damaged files to damaged/.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Read every result against its checksum, and the index against the results."""
    from qsense.store.verification import verify as verified
    from qsense.study.outcomes import check_result
    from qsense.study.sweep import format_bytes

    with progress(as_json) as update:
        health = verified(store, repair, update, check_result)
    if as_json:
        words = {"shards": health.shards, "trials": health.trials, "bytes": health.bytes}
        print(json.dumps({**words, "wrong": health.wrong, "repaired": health.repaired}, indent=2, sort_keys=True))
    else:
        print_line(f"{health.trials} trials in {health.shards} shards of {format_bytes(health.bytes)} are whole")
        for line in (*health.wrong, *health.repaired):
            print_line(f"  {line}")
        if not health.wrong:
            print("nothing is wrong")
    if health.wrong and not repair:
        raise typer.Exit(1)


@store_app.command(
    short_help="Join small shards; remove what crashes left.",
    epilog="Example: qsense store gc --store runs/store --unused",
)
def gc(
    store: StorePath = DEFAULT_STORE,
    drop: Annotated[list[str] | None, typer.Option(help="A study to remove, by name or id; may be repeated.")] = None,
    unused: Annotated[bool, typer.Option("--unused", help="Also remove the trials that no study has.")] = False,
    as_json: AsJson = False,
) -> None:
    """Join small shards and remove what crashes left behind; with --drop and --unused, also results."""
    from qsense.store.tidying import tidy

    said = tidy(store, drop or [], unused)
    if as_json:
        print(json.dumps({"done": said}, indent=2))
    else:
        for line in said or ["nothing to do"]:
            print_line(line)


@store_app.command("list", epilog="Example: qsense store list --store runs/store")
def list_studies(store: StorePath = DEFAULT_STORE, as_json: AsJson = False) -> None:
    """List the studies of a store."""
    from qsense.store import Store
    from qsense.store.studies import list_studies as studies_of

    with Store(store, read_only=True) as opened:
        rows = [
            {"name": s.name, "id": s.id, "trials": len(s.keys), "present": len(opened.stored_keys(list(set(s.keys))))}
            for s in studies_of(store)
        ]
    if as_json:
        print(json.dumps({"studies": rows}, indent=2))
    for row in [] if as_json else rows:
        print_line(f"{row['id']}  {row['name']}: {row['present']} of {row['trials']} trials")


@store_app.command(
    "export",
    short_help="Write a study's results as CSV, Parquet or NetCDF.",
    epilog="Example: qsense store export dephasing_study --format csv --out tables",
)
def export_study(
    study: Annotated[str, typer.Argument(help="The study's name or id.", metavar="STUDY")],
    store: StorePath = DEFAULT_STORE,
    kind: Annotated[str, typer.Option("--format", help="csv, parquet, netcdf, or a registered one.")] = "csv",
    out: Annotated[Path, typer.Option(help="Folder for the files.")] = Path("."),
    partial: Annotated[
        bool, typer.Option("--partial", help="Leave out trials without a result, and say how many there are.")
    ] = False,
    allow_code: AllowCode = False,
    as_json: AsJson = False,
) -> None:
    """Write a study's results as CSV, Parquet (pandas) or NetCDF (xarray), with units and provenance."""
    from qsense.store import Store
    from qsense.store.studies import find_study
    from qsense.study.results import study_results
    from qsense.tables import write_results

    with Store(store, read_only=True) as opened:
        entry = find_study(opened, study)
        results = study_results(opened, entry, partial)
    print_paths(write_results(results, out, kind), as_json)
    if left_out := results.trials.attributes["not_run"]:
        print(printable(f"qsense: {left_out} trials have no result and are left out"), file=sys.stderr)


def _cost(name: str, cost: StudyCost, skipped: int, dask: str | None) -> str:
    from qsense.study.sweep import format_bytes

    left_out = f" ({skipped} skipped)" if skipped else ""
    start = f"{name}: {cost.trials} trial{'s' * (cost.trials > 1)}{left_out}, {cost.present} in the store"
    if cost.present == cost.trials:
        return start
    where = "the cluster" if dask else f"{cost.workers} worker{'s' if cost.workers > 1 else ''}"
    work = f"{cost.seconds:.0f} s of work" if dask else f"{cost.wall_s:.0f} s"
    return f"{start}; about {work} on {where}, at most {format_bytes(cost.bytes)} each"


def _cost_as_json(cost: StudyCost) -> dict[str, Any]:
    return {
        "trials": cost.trials,
        "present": cost.present,
        "seconds_of_work": cost.seconds,
        "bytes_of_the_largest": cost.bytes,
        "workers": cost.workers,
    }


def _show(done: TrialsRun, summary: dict[str, Any], folder: Path) -> None:
    from qsense.files.terminal import plain_console, print_parts
    from qsense.study.report import summary_parts

    if done.new:
        share = done.busy_s / (done.wall_s * done.workers) if done.wall_s else 1.0
        print_line(
            f"{done.new} trials in {done.wall_s:.1f} s on {done.workers} workers, {100 * share:.0f} % of their time"
        )
    try:
        parts = summary_parts(summary)
    except Exception as error:  # of whatever stands where a number should
        path = folder / "summary.json"
        raise ContentError(f"{path}: damaged ({type(error).__name__}); delete it and run the same again.") from error
    print_parts(plain_console(), parts)
    print_line(f"tables and figures: {folder}")


def _stopped(done: TrialsRun, cost: StudyCost, store: Path) -> None:
    print(
        f"qsense: stopped; {done.present + done.new} of {cost.trials} trials are in {printable(str(store))}. "
        "The same command goes on from there.",
        file=sys.stderr,
    )
    raise typer.Exit(130)


@contextmanager
def _sigterm_as_ctrl_c() -> Iterator[None]:
    """Lets a command that is told to end, by a batch system or a shutdown, end as by Ctrl-C: what is done is kept."""

    def stop(*_: object) -> None:
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():  # where signals cannot be set
        yield
        return
    before = signal.signal(signal.SIGTERM, stop)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
