"""Submits a run: makes tasks from its spec, which `dispatch` sends as jobs; `collection` collects their counts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from qsense.backends.device_sampler import DeviceSampler
from qsense.backends.self_test import SHOTS
from qsense.circuits.sensing import parameter_names
from qsense.devices.device import Calibration
from qsense.errors import ArgumentError, SpecError
from qsense.estimators.readout import patterns
from qsense.jobs import dispatch
from qsense.jobs.fetching import measured_or_sent
from qsense.jobs.ledger import Ledger
from qsense.runs.adaptive import STEPS, settled
from qsense.runs.folder import RecordFolder, as_json
from qsense.runs.naming import record_path
from qsense.runs.pilots import WHOLE, pilot_of
from qsense.runs.placement import Placement
from qsense.runs.point import Point
from qsense.runs.preparation import PreparedRun, prepare_run
from qsense.runs.record import RunRecord
from qsense.runs.rounds import due
from qsense.runs.spec import RunSpec
from qsense.services import Service
from qsense.services.tasks import Mode, Task


@dataclass(frozen=True)
class Submission:
    """What is to be sent.

    Attributes:
        spec: the run with its qubits, as its record has it.
        ledger: of the record, or the new one.
        files: contents of the jobs' files by name, if the ledger is new.
        device: what the record says of the device.
        calibration: the one from which the qubits were chosen.
        points: of a run in two steps whose pilots have been collected; () otherwise.
        waits_for_pilots: whether this is the first step alone: the same command sends the rest later.
    """

    spec: RunSpec
    ledger: Ledger
    files: dict[str, bytes]
    device: dict[str, Any] | None = None
    calibration: Calibration | None = None
    points: tuple[Point, ...] = ()
    waits_for_pilots: bool = False


def prepare(
    spec: RunSpec,
    out: Path,
    service: Service,
    mode: Mode = "batch",
    max_seconds: float | None = None,
) -> Submission:
    """Returns what submitting a spec would send; writes and sends nothing.

    Args:
        spec: the run.
        out: the folder under which its record is, or would be.
        service: where to run.
        mode: "job", "batch" or "session", of a run that has no ledger yet.
        max_seconds: the most time on the device, in s; None for no limit.

    Raises:
        ArgumentError: the estimate exceeds the limit, or the mode is unknown.
        SpecError: the run does not fit the backend.
        RecordError: the record's ledger is damaged, lost for good, or of another backend or instance.
    """
    dispatch.check_mode(mode)
    prepared = prepare_run(spec, out, opened=service.backend, measured=measured_or_sent)
    prepared.log_remarks()
    folder = RecordFolder(record_path(prepared.spec, out))
    points, second, later = _steps(prepared, folder)
    begun = [*(second if folder.has(STEPS) else ()), *later]  # of which something may have been sent
    name = prepared.spec.id
    if max_seconds is not None and any(point.step == WHOLE for point in prepared.points):
        whole = [replace(point, step="") for point in prepared.points]  # as many shots in all
        every = [*points, *second] if second else whole
        dispatch.plan_jobs(tasks(prepared, every), name, service, mode, max_seconds)
    ledger, files = dispatch.plan_or_load(
        folder, lambda: tasks(prepared, [*points, *begun]), name, service, mode, max_seconds
    )
    if new := [point for point in (*second, *later) if not ledger.holds(point.key)]:
        ledger, files = dispatch.with_more(ledger, tasks(prepared, new, False), service, max_seconds)
    waits = any(point.step == WHOLE for point in prepared.points) and not second
    ready = Submission(prepared.spec, ledger, files, prepared.described("service"), prepared.calibration)
    return replace(ready, points=prepared.points if second else (), waits_for_pilots=waits)


def _steps(prepared: PreparedRun, folder: RecordFolder) -> tuple[list[Point], list[Point], list[Point]]:
    """What is sent at first; of a run in two steps the rest, where the record has the counts of all pilots; and what
    further rounds measure, each where it has those of all before."""
    first = [pilot_of(point) if point.step == WHOLE else point for point in prepared.points]
    if not folder.has("spec.toml"):
        return first, [], []
    record = RunRecord.load(folder.path)
    if not all(record.has_counts(one) for one in first):
        return first, [], []
    base = settled(prepared.points, record)
    second = base if any(point.step == WHOLE for point in prepared.points) else []
    return first, second, due(base, record)


def tasks(prepared: PreparedRun, points: Sequence[Point] | None = None, calibrated: bool = True) -> list[Task]:
    """Returns what is to be run: the calibration bitstrings on all qubits, then one task for every point and time.

    Args:
        prepared: the run.
        points: that are measured; None for all of the plan.
        calibrated: whether the bitstrings are part of it.

    Raises:
        SpecError: a circuit cannot be made for the device.
    """
    spec, sampler = prepared.spec, prepared.sampler
    if not isinstance(sampler, DeviceSampler) or spec.device is None:
        raise ArgumentError(
            f'The backend "{spec.backend}" is not a device and takes no jobs; use one that does, such as ibm:<device>.'
        )
    shots = spec.device.readout_shots or SHOTS
    try:
        places = prepared.places if calibrated else ()
        calibration = [task for place in places for task in _calibration_tasks(place, sampler, shots)]
        sensing = prepared.points if points is None else points
        return calibration + [task for point in sensing for task in _sensing(point, sampler)]
    except ArgumentError as error:
        raise SpecError(f"{spec.source}: key `backend`: {error}") from error


def _calibration_tasks(place: Placement, sampler: DeviceSampler, shots: int) -> list[Task]:
    """Returns the tasks that test the backend and calibrate its readout; any two spins differ in one bitstring."""
    circuits = sampler.calibration_circuits(place.qubits)
    return [
        Task(place.file_name, index, circuit, (), np.zeros((1, 0)), shots, bitstring=bitstring)
        for index, (circuit, bitstring) in enumerate(zip(circuits, patterns(place.num_qubits), strict=True))
    ]


def _sensing(point: Point, sampler: DeviceSampler) -> list[Task]:
    names = tuple(parameter_names(point.probe.num_qubits))
    return [
        Task(point.key, index, sampler.prepared(one.experiment).circuit, names, one.settings.values(), one.shots)
        for index, one in enumerate(point.acquisitions())
    ]


def submit(ready: Submission, out: Path, service: Service, resend: bool = False) -> RunRecord:
    """Sends the jobs that have not been sent; returns the record.

    Args:
        ready: from `prepare`.
        out: the folder under which the record is made.
        service: where to run.
        resend: whether jobs that failed, were cancelled or refused, or that the service does not know, are sent again.

    Raises:
        ServiceError: the service refused or cannot be reached; what was sent is in the record.
        RecordError: the record cannot be written.
    """
    record = RunRecord.create(ready.spec, out, ready.calibration)
    if ready.points:
        settled(ready.points, record, keep=True)
    files = {**ready.files, "device.json": as_json(ready.device)}
    dispatch.send(record, ready.ledger, files, service, resend)
    return record
