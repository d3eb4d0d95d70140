"""Calibrates a device that takes jobs: sends the circuits of a protocol, waits for them and analyses their counts.

    calibration.json  provenance.json  jobs.json  jobs/*.{zip,npz}  noise_model.toml

All files are in a folder calibration-<device>-<hash>-<number>; the hash is of the request. Until it holds a noise model
the calibration is unfinished, and the same request continues it; afterwards the same request measures anew.
"""

from __future__ import annotations

import hashlib
import json
import logging
import re
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np

from qsense.backends.device_sampler import DeviceSampler, device_sampler
from qsense.calibration.analysis import Characterisation, analyse
from qsense.calibration.protocol import KINDS, Kind, Protocol, design_protocol
from qsense.circuits.counts import Counts
from qsense.circuits.sensing import parameter_names
from qsense.errors import ArgumentError, RecordError
from qsense.estimators.readout import patterns
from qsense.jobs import dispatch, fetching
from qsense.jobs.fetching import Fetched, counts_at, locate_tasks
from qsense.jobs.ledger import LEDGER, Ledger, exclusive_lock, has_ledger
from qsense.jobs.run_tag import read_tag
from qsense.runs.folder import Folder, as_json
from qsense.runs.provenance import provenance
from qsense.services import Service, ServiceError
from qsense.services.tasks import Task

logger = logging.getLogger(__name__)

SCHEMA = 2
"""Schema 1 had the key `asked` where schema 2 has `requested`; it is still read."""
REQUEST, MODEL = "calibration.json", "noise_model.toml"


@dataclass(frozen=True)
class RemoteCalibration:
    """A calibration by jobs that can be sent or continued.

    Attributes:
        folder: where it is, or will be.
        protocol: what is measured.
        ledger: of the folder, or the new one.
        files: contents of the files that are written with a new ledger, by name.
        started: the day on which it was started, UTC.
    """

    folder: Folder
    protocol: Protocol
    ledger: Ledger
    files: dict[str, bytes]
    started: date


def prepare(
    service: Service,
    qubits: tuple[int, ...],
    shots: int,
    longest: float | None,
    parent: Path,
    max_seconds: float | None = None,
) -> RemoteCalibration:
    """Returns the requested calibration, an unfinished one or a new one; writes and sends nothing.

    Args:
        service: of the device.
        qubits, shots, longest: as for `protocol.design_protocol`.
        parent: the folder under which the calibration's own folder is, or will be.
        max_seconds: the most time on the device, in s; None for no limit.

    Raises:
        ArgumentError: the qubits or times do not fit the device, or the estimate exceeds the limit.
        RecordError: the unfinished calibration is damaged.
        ServiceError: the service cannot be reached.
    """
    requested = {"backend": service.name, "qubits": list(qubits), "shots": shots, "longest_s": longest}
    folder = Folder(parent / _folder_name(requested, parent))
    sampler: DeviceSampler = device_sampler(service.name, service.backend)
    if has_ledger(folder) or read_tag(folder).begun:
        words = folder.read_json(REQUEST)
        if words.get("requested", words.get("asked")) != requested:
            raise RecordError(f"{folder.path / REQUEST}: holds another request; give the folder its own name again.")
        stored, started = _load(folder)
        logger.info(f"continues the calibration of {started} in {folder.path}; to measure anew, delete that folder")
        ledger, _ = dispatch.plan_or_load(folder, lambda: tasks(stored, sampler), "", service, "batch", max_seconds)
        return RemoteCalibration(folder, stored, ledger, {}, started)
    protocol, now = design_protocol(sampler, qubits, shots, longest), datetime.now(UTC)
    name = folder.path.name.removeprefix(f"calibration-{_as_word(service.name)}-")
    ledger, files = dispatch.plan_or_load(
        folder, lambda: tasks(protocol, sampler), f"calibration-{name}", service, "batch", max_seconds
    )
    words = {
        "schema": SCHEMA,
        "requested": requested,
        "protocol": asdict(protocol),
        "created": now.isoformat(timespec="seconds"),
        "calibrated": sampler.device.calibrated,
        **provenance(),
    }
    return RemoteCalibration(folder, protocol, ledger, {**files, REQUEST: as_json(words)}, now.date())


def tasks(protocol: Protocol, sampler: DeviceSampler) -> list[Task]:
    """Returns the tasks of a protocol: the calibration bitstrings first, then the circuits of every decay.

    Raises:
        ArgumentError: a time is too short for the device's clock or pulses.
    """
    bitstrings = patterns(len(protocol.qubits))
    found = []
    for kind in KINDS:
        values = protocol.values(kind)
        names = () if values is None else tuple(parameter_names(len(protocol.qubits)))
        rows = np.zeros((1, 0)) if values is None else values
        for index, circuit in enumerate(protocol.circuits(kind, sampler)):
            bitstring = bitstrings[index] if kind == "readout" else None
            found.append(Task(kind, index, circuit, names, rows, protocol.shots, bitstring=bitstring))
    return found


def measure(calibration: RemoteCalibration, service: Service, resend: bool = False) -> Characterisation:
    """Sends the jobs that have not been sent, waits until all are done, and returns what was measured.

    The state of the jobs is logged whenever it changes.

    Args:
        calibration: from `prepare`.
        service: of the device.
        resend: whether jobs that failed, were cancelled or refused, or that the service does not know, are sent again.

    Raises:
        ServiceError: the service cannot be reached, or jobs are lost; what was fetched stays in the folder.
        RecordError: the folder cannot be written, or is damaged.
        ArgumentError: the counts show no decay.
    """
    folder = calibration.folder
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RecordError(
            f"{folder.path}: cannot be made: {error.strerror}; choose another folder as `parent` (--records)."
        ) from error
    dispatch.send(folder, calibration.ledger, calibration.files, service, resend)
    said: list[str] = []

    def report(fetched: Fetched) -> None:
        if said[-1:] != [fetched.summary]:
            said.append(fetched.summary)
            logger.info(f"jobs: {fetched.summary}")

    try:
        fetched = fetching.wait_for_jobs(lambda: _fetch(folder, service), report)
    except ServiceError as error:
        kept = f"{error} The jobs are kept in {folder.path}; the same command continues with them."
        raise ServiceError(kept, error.definitive, error.transient) from error
    if fetched.states["done"] < len(fetched.ledger.jobs):
        missing = [*fetched.lost, *fetched.unknown]
        raise ServiceError(
            f"{len(missing)} of {len(fetched.ledger.jobs)} jobs are lost ({'; '.join(missing)}); the rest is in "
            f"{folder.path}; the same command asks for unknown jobs again, and `resend` (--resend) sends those again "
            "that are lost for good.",
            definitive=True,
            transient=False,
        )
    protocol, _ = _load(folder)  # another process may have started it meanwhile
    try:
        return analyse(protocol, lambda kind: _counts(folder, fetched.ledger, protocol, kind))
    except ArgumentError as error:
        raise ArgumentError(f"{error} The counts are in {folder.path}; delete it to measure the same anew.") from error


def finish(calibration: RemoteCalibration, model: bytes) -> None:
    """Writes the noise model into the folder, which finishes the calibration."""
    calibration.folder.write_bytes(MODEL, model)


def _folder_name(requested: dict[str, Any], parent: Path) -> str:
    """Returns the name of the last folder with the same request, or of the next if that one is finished."""
    digest = hashlib.sha256(json.dumps(requested, sort_keys=True).encode()).hexdigest()[:12]
    stem = f"calibration-{_as_word(str(requested['backend']))}-{digest}"
    names = [path.name for path in parent.iterdir()] if parent.is_dir() else []
    matches = [re.fullmatch(rf"{re.escape(stem)}-(\d+)", name) for name in names]
    last = max((int(match[1]) for match in matches if match), default=0)
    if last == 0 or (parent / f"{stem}-{last}" / MODEL).exists():
        last += 1
    return f"{stem}-{last}"


def _as_word(name: str) -> str:
    return re.sub(r"[^A-Za-z0-9_.-]", "_", name)


def _load(folder: Folder) -> tuple[Protocol, date]:
    path, words = folder.path / REQUEST, folder.read_json(REQUEST)
    if words.get("schema") not in (1, SCHEMA):
        raise RecordError(f"{path}: schema {words.get('schema')} is not known to this qsense; update qsense.")
    try:
        stored = words["protocol"]
        t1_times, t2_times = (tuple(float(t) for t in stored[key]) for key in ("t1_times", "t2_times"))
        protocol = Protocol(tuple(int(q) for q in stored["qubits"]), int(stored["shots"]), t1_times, t2_times)
        started = datetime.fromisoformat(words["created"]).date()
    except (KeyError, TypeError, ValueError) as error:
        raise RecordError(f"{path}: damaged ({error}); delete the folder to measure anew.") from error
    return protocol, started


def _fetch(folder: Folder, service: Service) -> Fetched:
    with exclusive_lock(folder):
        return fetching.fetch(folder, service)


def _counts(folder: Folder, ledger: Ledger, protocol: Protocol, kind: Kind) -> Counts:
    locations = locate_tasks(ledger).get(kind, [])
    if sum(location.task.rows for location in locations) != protocol.num_rows(kind):
        raise RecordError(f"{folder.path / LEDGER}: its jobs do not fit {REQUEST}; restore both from a copy.")
    return Counts.joined([counts_at(folder, location) for location in locations])
