"""The main job: a spec becomes a record, a record becomes a comparison."""

from __future__ import annotations

import logging
import zlib
from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

from qsense import services as remote
from qsense.backends.device_sampler import DeviceSampler
from qsense.circuits.counts import Counts
from qsense.errors import ArgumentError
from qsense.extensions import allowing
from qsense.jobs import collection, ledger, submission
from qsense.jobs.collection import Collected
from qsense.runs.adaptive import settled
from qsense.runs.execution import Progress, execute, execute_rounds
from qsense.runs.imported import with_measured_rows
from qsense.runs.placement import DeviceOptions, Placement
from qsense.runs.plan import plan
from qsense.runs.point import Point
from qsense.runs.preparation import PreparedRun, prepare_run
from qsense.runs.readout import calibrate_readout
from qsense.runs.record import RunRecord
from qsense.runs.rounds import Plan, planned, with_rounds, write_rounds
from qsense.runs.spec import RunSpec
from qsense.runs.use import in_use
from qsense.services import Service, ServiceError
from qsense.workflow.analysis import analyse

logger = logging.getLogger(__name__)
RECORDS = Path("runs/records")


def run(
    spec: RunSpec | str | Path,
    out: str | Path = RECORDS,
    progress: Progress | None = None,
    max_seconds: float | None = None,
    allow_code: bool = False,
) -> RunRecord:
    """Runs a spec: circuits, counts, estimates, comparison with theory; returns its record.

    A record of the same spec is continued: what it holds is not measured again. Where the device has been calibrated
    anew since, it keeps the qubits and the noise with which it was started.

    Args:
        spec: a RunSpec or the path of a TOML file.
        out: the folder under which the record is made.
        progress: called with (done, all, label): circuits while measuring, points while estimating.
        max_seconds: the most time on a device that takes jobs, in s; None for no limit.
        allow_code: whether code that the spec names may be imported and run: a backend module:factory, extensions.

    Raises:
        SpecError: the spec is wrong, does not fit the backend or names code that is not allowed; nothing has been
            written.
        ArgumentError: the jobs may take longer than allowed; nothing has been sent.
        RecordError: the record cannot be written or is damaged.
    """
    with allowing(allow_code):
        return _run(spec if isinstance(spec, RunSpec) else RunSpec.load(spec), Path(out), progress, max_seconds)


def _run(spec: RunSpec, out: Path, progress: Progress | None, max_seconds: float | None) -> RunRecord:
    if remote.is_remote(spec.backend):
        return run_remotely(spec, out, progress, max_seconds)
    check_no_limit(spec, max_seconds)
    return measure(prepare_run(spec, out), out, progress)


def check_no_limit(spec: RunSpec, max_seconds: float | None) -> None:
    """Refuses a limit on the time on a device that takes no jobs.

    Raises:
        ArgumentError: there is one.
    """
    if max_seconds is not None:
        raise ArgumentError(
            f'A limit on the time on the device goes with a backend that takes jobs, but it is "{spec.backend}"; '
            "leave it out (`max_seconds`)."
        )


def run_again(
    spec: RunSpec, points: Sequence[Point], out: Path, progress: Progress | None = None, rounds: Sequence[Plan] = ()
) -> RunRecord:
    """Returns a new record of a spec, measured here with the settings and shots that its points have.

    Args:
        spec: of the run.
        points: of its record, which may be of an earlier version.
        out, progress: as of `run`.
        rounds: that the record has after its first.

    Raises:
        SpecError, RecordError: as of `run`.
    """
    return measure(replace(prepare_run(spec, out), points=tuple(points)), out, progress, rounds)


def measure(
    prepared: PreparedRun, out: Path, progress: Progress | None = None, rounds: Sequence[Plan] = ()
) -> RunRecord:
    """Returns the record of a prepared run, measured and analysed; arguments and errors as of `measure_counts`."""
    record = measure_counts(prepared, out, progress, rounds)
    with in_use(record.path):
        return analyse(record, with_rounds(settled(prepared.points, record), record), progress)


def measure_counts(
    prepared: PreparedRun, out: Path, progress: Progress | None = None, rounds: Sequence[Plan] = ()
) -> RunRecord:
    """Returns the record of a prepared run, with the counts of it and of the rounds which its record plans.

    Args:
        prepared: the run.
        out, progress: as of `run`.
        rounds: that a new record is given.

    Raises:
        SpecError, RecordError: as of `run`.
    """
    prepared.log_remarks()
    record, sampler = RunRecord.create(prepared.spec, out, prepared.calibration), prepared.sampler
    with in_use(record.path):
        if isinstance(sampler, DeviceSampler):
            if not record.has("device.json"):
                record.write_json("device.json", prepared.described())
            calibrate_readout(record, partial(_readout_counts, record, sampler))
        measured = execute(prepared.points, sampler, record, progress)
        if measured < len(prepared.points):
            existing, every = len(prepared.points) - measured, len(prepared.points)
            logger.info(f"{existing} of {every} points were in the record already and were not run again")
        base = settled(prepared.points, record)
        if rounds and not planned(record):
            write_rounds(record, rounds, {})
        execute_rounds(base, sampler, record, progress)
    return record


def _readout_counts(record: RunRecord, sampler: DeviceSampler, place: Placement) -> Counts:
    seed = zlib.crc32(place.file_name.encode()) ^ record.spec.seed
    return sampler.readout_counts(place.qubits, (record.spec.device or DeviceOptions()).readout_shots, seed)


def estimate_record(
    record: RunRecord | str | Path, progress: Progress | None = None, allow_code: bool = False
) -> RunRecord:
    """Estimates again from the counts of a record; needs no backend. Returns the record.

    Args:
        record: a RunRecord or its folder.
        progress: called with (points estimated, all, label).
        allow_code: whether extensions that the record's spec names may be imported.

    Raises:
        RecordError: counts are missing or damaged; the message names the file.
    """
    with allowing(allow_code):
        record = record if isinstance(record, RunRecord) else RunRecord.load(record)
        with in_use(record.path):
            points = with_measured_rows(plan(record.spec, record.row_shots()), record)
            return analyse(record, with_rounds(settled(points, record), record), progress)


def collect_record(
    record: RunRecord | str | Path,
    progress: Progress | None = None,
    wait: bool = False,
    allow_code: bool = False,
) -> tuple[RunRecord, Collected]:
    """Collects the jobs of a record, and estimates what is complete; returns the record and what became of its jobs.

    Args:
        record: a RunRecord or its folder, made by `submit`, here or on another machine.
        progress: called with (done, all, label): jobs while waiting, points while estimating.
        wait: whether to look again until no job is queued or running.
        allow_code: whether extensions that the record names may be imported.

    Raises:
        RecordError: the record has no jobs, or is damaged.
        ServiceError: the service cannot be reached, or refuses the credentials.
    """
    with allowing(allow_code):
        record = record if isinstance(record, RunRecord) else RunRecord.load(record)
        return _collect(record, remote.service(ledger.load(record).backend), progress, wait)


def run_remotely(spec: RunSpec, out: Path, progress: Progress | None, max_seconds: float | None) -> RunRecord:
    """Returns the record of a spec whose jobs, those of its rounds too, were sent where they were not, and collected.

    Args:
        spec, out, progress, max_seconds: as of `run`.

    Raises:
        SpecError, ArgumentError, RecordError: as of `run`.
        ServiceError: the service cannot be reached or refuses; or jobs are lost, and nothing is sent in their place.
    """
    service = remote.service(spec.backend)
    ready = submission.prepare(spec, out, service, max_seconds=max_seconds)
    record = submission.submit(ready, out, service)
    record, collected = _collect(record, service, progress, wait=True)
    if collected.rest_is_due:
        logger.info(f"the pilots of {record.path} are collected; the rest of its shots is sent")
        ready = submission.prepare(spec, out, service, max_seconds=max_seconds)
        record, collected = _collect(submission.submit(ready, out, service), service, progress, wait=True)
    if collected.missing:
        raise ServiceError(
            f"{len(collected.missing)} of {len(collected.missing) + len(collected.complete)} points have no counts "
            f"({'; '.join([*collected.lost, *collected.unknown])}); the rest is in {record.path}; `qsense collect` "
            "asks for unknown jobs again; to send lost jobs again, submit the spec with `resend` (--resend).",
            definitive=True,
            transient=False,
        )
    return record


def _collect(record: RunRecord, service: Service, progress: Progress | None, wait: bool) -> tuple[RunRecord, Collected]:
    def shown(collected: Collected) -> None:
        if progress is not None:
            progress(collected.states["done"], len(collected.ledger.jobs), collected.summary)

    if wait:
        collected = collection.wait(record, service, shown)
    else:
        collected = collection.collect(record, service)
        shown(collected)
    if collected.complete:
        analyse(record, collected.complete, progress)
    return record, collected
