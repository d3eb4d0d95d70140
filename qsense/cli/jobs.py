"""The commands `qsense submit` and `qsense collect`: jobs that run elsewhere and later."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from qsense.cli.app import RECORDS, AsJson, Out, command
from qsense.cli.logs import show_log
from qsense.cli.options import AllowCode, MaxQpuSeconds, NoReport, time_or_none
from qsense.cli.records import Record, Records
from qsense.files.terminal import print_line

if TYPE_CHECKING:
    from qsense.jobs.collection import Collected
    from qsense.jobs.ledger import Ledger
    from qsense.runs.record import RunRecord


@command("submit")
def submit(
    spec: Annotated[Path, typer.Argument(help="A run spec, such as runs/paper.toml.", metavar="SPEC")],
    backend: Annotated[str | None, typer.Option(help="Where to run, such as ibm:<device>; else the spec's.")] = None,
    out: Out = RECORDS,
    shots: Annotated[int | None, typer.Option(help="Shots for every circuit, instead of the spec's.", min=1)] = None,
    mode: Annotated[str, typer.Option(help="job, batch or session.")] = "batch",
    max_qpu_seconds: MaxQpuSeconds = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Say what would be sent; send and write nothing.")] = False,
    resend: Annotated[bool, typer.Option("--resend", help="Send lost jobs again, after a search for them.")] = False,
    allow_code: AllowCode = False,
    as_json: AsJson = False,
) -> None:
    """Send a run's jobs to a device; `qsense collect` fetches their results later."""
    from dataclasses import replace
    from typing import cast

    from qsense import services as remote
    from qsense.jobs import ledger, submission
    from qsense.runs.spec import RunSpec
    from qsense.services.tasks import Mode

    show_log(quiet=as_json)
    most = time_or_none("--max-qpu-seconds", max_qpu_seconds, 1)
    loaded = RunSpec.load(spec)
    if backend is not None:
        # Chosen qubits belong to one device.
        loaded = replace(loaded if backend == loaded.backend else loaded.requested, backend=backend)
    if shots is not None:
        loaded = loaded.with_shots(shots)
    service = remote.service(loaded.backend)
    ready = submission.prepare(loaded, out, service, cast(Mode, mode), most)
    if not as_json:
        print_line(cost(ready.ledger))
        if ready.waits_for_pilots:
            print_line("these are pilots: when they are collected, the same command sends the rest of the shots")
    if dry_run:
        if as_json:
            print(json.dumps({"record": None, **sent_as_json(ready.ledger)}, indent=2, sort_keys=True))
        else:
            print("dry run: nothing was sent or written")
        return
    record = submission.submit(ready, out, service, resend)
    stored = ledger.load(record)
    if as_json:
        print(json.dumps({"record": str(record.path), **sent_as_json(stored)}, indent=2, sort_keys=True))
        return
    print_line(f"{sum(bool(job.job_id) for job in stored.jobs)} of {len(stored.jobs)} jobs are sent")
    print_line(f"collect them with: qsense collect {record.path}")


@command("collect")
def collect(
    word: Record,
    wait: Annotated[bool, typer.Option("--wait", help="Repeat until no job is queued or running.")] = False,
    records: Records = RECORDS,
    no_report: NoReport = False,
    allow_code: AllowCode = False,
    as_json: AsJson = False,
) -> None:
    """Fetch the results of submitted jobs; may be run again, here or on another machine."""
    from qsense import workflow
    from qsense.runs.finding import open_named
    from qsense.runs.naming import folder_names

    show_log(quiet=as_json)
    record = open_named(word, records).path
    done, collected = workflow.collect_record(record, None, wait)
    answer = _collected(done, collected)
    if as_json:
        print(json.dumps(answer, indent=2, sort_keys=True, allow_nan=False))
        return
    print_line(f"jobs: {collected.summary}")
    for job in answer["lost"]:
        print_line(f"  {job['job']} {job['status']}: {job['reason']}")
    if collected.unknown:
        print_line(
            f"{len(collected.unknown)} jobs are not known to the service now; collect again later; "
            "if they are gone for good, --resend sends them again"
        )
    points = len(collected.complete) + len(collected.missing)
    print_line(f"points with counts: {len(collected.complete)} of {points}")
    if collected.rest_is_due:
        print_line(
            "a further round is planned, and is not sent"
            if any("round" in point.step for point in collected.missing)
            else "the pilots are collected: the rest of the shots goes where they say"
        )
    if collected.states["unsent"] or answer["lost"] or collected.rest_is_due:
        again, names = " --resend" if answer["lost"] else "", folder_names(done.spec)
        name = record.resolve().name
        if name not in names:  # under another name the record would not be found
            name = names[0]
            print_line(f"rename the folder to {name} before sending the rest")
        print_line(
            f"send the rest with: qsense submit {record.parent / name / 'spec.toml'} --out {record.parent}{again}"
        )
    if collected.complete:
        print_line(f"compare with theory: qsense show {done.path}")
        print_line(f"compare with the calibration: qsense compare {done.path}")


def cost(ledger: Ledger) -> str:
    """Returns a line with the cost of a ledger's jobs: jobs, circuits, shots, estimated seconds."""
    return (
        f"{ledger.backend}: {len(ledger.jobs)} jobs, {ledger.circuits} circuits, {ledger.shots} shots, "
        f"about {ledger.seconds:.1f} s on the device"
    )


def sent_as_json(ledger: Ledger) -> dict[str, Any]:
    """Returns the jobs that are or would be sent, for scripts."""
    return {
        "backend": ledger.backend,
        "mode": ledger.mode,
        "circuits": ledger.circuits,
        "shots": ledger.shots,
        "qpu_seconds_estimated": ledger.seconds,
        "jobs": [
            {
                "job": job.job_id or None,
                "status": job.status,
                "circuits": job.rows,
                "shots": job.rows * job.shots,
                "qpu_seconds_estimated": job.seconds,
            }
            for job in ledger.jobs
        ],
    }


def _collected(record: RunRecord, collected: Collected) -> dict[str, Any]:
    return {
        "record": str(record.path),
        "jobs": collected.states,
        "lost": [
            {"job": job.job_id, "status": job.status, "reason": job.reason}
            for job in collected.ledger.jobs
            if job.is_lost
        ],
        "complete": [point.label for point in collected.complete],
        "missing": [point.label for point in collected.missing],
        "rest_is_due": collected.rest_is_due,
    }
