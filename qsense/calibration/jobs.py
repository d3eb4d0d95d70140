"""Characterises a device that takes jobs: what `characterise` measures is sent, waited for, found again, and read.

    calibration.json  jobs.json  jobs/*.{zip,npz}  noise_model.toml

A folder calibration-<device>-<hash>-<number> holds it all, the hash being of what was asked for. As long as it has no
noise model it is not finished, and whoever asks for the same goes on with it; after that the same is measured anew.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import asdict, dataclass
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import numpy as np

from qsense.backends.device_sampler import DeviceSampler, device_sampler
from qsense.calibration.characterise import KINDS, Characterised, Kind, Protocol, analysed, protocol
from qsense.circuits.counts import Counts
from qsense.circuits.sensing import parameter_names
from qsense.errors import ArgumentError, RecordError
from qsense.estimators.readout import patterns
from qsense.jobs import dispatch, fetching
from qsense.jobs.fetching import Fetched, counts_at, places
from qsense.jobs.ledger import LEDGER, Ledger, alone, load
from qsense.runs.preparation import Note
from qsense.runs.provenance import provenance
from qsense.runs.record import Folder, as_json
from qsense.services import Service, ServiceError
from qsense.services.tasks import Task

SCHEMA = 1
ASKED, MODEL = "calibration.json", "noise_model.toml"


@dataclass(frozen=True)
class Prepared:
    """A calibration that can be sent, or goes on.

    Attributes:
        folder: where it is, or would be.
        protocol: what is measured.
        ledger: as it stands, or as it would be made.
        files: what is written with a ledger that begins.
        began: the day when it was begun, UTC.
    """

    folder: Folder
    protocol: Protocol
    ledger: Ledger
    files: dict[str, bytes]
    began: date


def prepare(
    service: Service,
    qubits: tuple[int, ...],
    shots: int,
    longest: float | None,
    parent: Path,
    note: Note,
    max_seconds: float | None = None,
) -> Prepared:
    """Returns the calibration that is asked for, begun before or new; writes and sends nothing.

    Args:
        service: of the device.
        qubits, shots, longest: as for `characterise.protocol`.
        parent: the folder under which its own is, or would be.
        note: called with a line when something is worth saying.
        max_seconds: the most time on the device, in s; None for no limit.

    Raises:
        ArgumentError: the qubits or times do not fit the device, or the estimate exceeds the limit.
        RecordError: what was begun is damaged.
        ServiceError: the service cannot be reached.
    """
    asked = {"backend": service.name, "qubits": list(qubits), "shots": shots, "longest_s": longest}
    folder = Folder(parent / _name(asked, parent))
    if (folder.path / LEDGER).exists():
        if folder.read_json(ASKED).get("asked") != asked:
            raise RecordError(f"{folder.path / ASKED}: asks for something else; give the folder its own name again.")
        wanted, began = _begun(folder)
        note(f"goes on with the calibration of {began} in {folder.path}; to measure anew, delete that folder")
        return Prepared(folder, wanted, dispatch.limited(load(folder, service.name), max_seconds), {}, began)
    sampler: DeviceSampler = device_sampler(service.name, service.backend)
    wanted, now = protocol(sampler, qubits, shots, longest), datetime.now(UTC)
    ledger, files = dispatch.planned(tasks(wanted, sampler), folder.path.name, service, "batch", max_seconds)
    words = {
        "schema": SCHEMA,
        "asked": asked,
        "protocol": asdict(wanted),
        "created": now.isoformat(timespec="seconds"),
        "calibrated": sampler.device.calibrated,
        **provenance(),
    }
    return Prepared(folder, wanted, ledger, {**files, ASKED: as_json(words)}, now.date())


def tasks(wanted: Protocol, sampler: DeviceSampler) -> list[Task]:
    """Returns what is to be run: the known strings first, then the circuits of every decay.

    Raises:
        ArgumentError: a time is too short for the device's clock or pulses.
    """
    known = patterns(len(wanted.qubits))
    found = []
    for kind in KINDS:
        values = wanted.values(kind)
        names = () if values is None else tuple(parameter_names(len(wanted.qubits)))
        rows = np.zeros((1, 0)) if values is None else values
        for index, circuit in enumerate(wanted.circuits(kind, sampler)):
            string = known[index] if kind == "readout" else None
            found.append(Task(kind, index, circuit, names, rows, wanted.shots, prepared=string))
    return found


def measure(ready: Prepared, service: Service, note: Note, resend: bool = False) -> Characterised:
    """Sends what has not been sent, waits until all of it is done, and returns what the counts say.

    Args:
        ready: from `prepare`.
        service: of the device.
        note: called with a line when something is worth saying, and whenever jobs have moved on.
        resend: whether jobs that failed, were cancelled or refused are sent once more.

    Raises:
        ServiceError: the service cannot be reached, or jobs are lost; what there is stays in the folder.
        RecordError: the folder cannot be written, or is damaged.
        ArgumentError: a decay cannot be seen in the counts.
    """
    folder = ready.folder
    try:
        folder.path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise RecordError(f"{folder.path}: cannot be made: {error.strerror}; choose another --records.") from error
    dispatch.send(folder, ready.ledger, ready.files, service, note, resend)
    said: list[str] = []

    def moved(seen: Fetched) -> None:
        if said[-1:] != [seen.shown]:
            said.append(seen.shown)
            note(f"jobs: {seen.shown}")

    try:
        fetched = fetching.patiently(lambda: _look(folder, service, note), moved)
    except ServiceError as error:
        kept = f"{error} The jobs are kept in {folder.path}; the same command goes on with them."
        raise ServiceError(kept, error.sure, error.passing) from error
    if fetched.states["done"] < len(fetched.ledger.entries):
        raise ServiceError(
            f"{len(fetched.lost)} of {len(fetched.ledger.entries)} jobs are lost ({'; '.join(fetched.lost)}); the rest "
            f"is in {folder.path}; the same command with --resend sends them once more.",
            sure=True,
            passing=False,
        )
    measured, _ = _begun(folder)  # another qsense may have begun it meanwhile
    try:
        return analysed(measured, lambda kind: _counts(folder, fetched.ledger, measured, kind))
    except ArgumentError as error:
        raise ArgumentError(f"{error} The counts are in {folder.path}; delete it to measure the same anew.") from error


def finish(ready: Prepared, model: bytes) -> None:
    """Writes the noise model into the folder: it is finished, and the same would be measured anew."""
    ready.folder.write_bytes(MODEL, model)


def _name(asked: dict[str, Any], parent: Path) -> str:
    """The name of the folder: the last of those that were asked for the same, or the next if that is finished."""
    device = re.sub(r"[^A-Za-z0-9_.-]", "_", str(asked["backend"]))
    stem = f"calibration-{device}-{hashlib.sha256(json.dumps(asked, sort_keys=True).encode()).hexdigest()[:12]}"
    there = [path.name for path in parent.iterdir()] if parent.is_dir() else []
    matches = [re.fullmatch(rf"{re.escape(stem)}-(\d+)", name) for name in there]
    last = max((int(match[1]) for match in matches if match), default=0)
    if last == 0 or (parent / f"{stem}-{last}" / MODEL).exists():
        last += 1
    return f"{stem}-{last}"


def _begun(folder: Folder) -> tuple[Protocol, date]:
    path, words = folder.path / ASKED, folder.read_json(ASKED)
    if words.get("schema") != SCHEMA:
        raise RecordError(f"{path}: schema {words.get('schema')} is not known to this qsense; update qsense.")
    try:
        stored = words["protocol"]
        t1_times, t2_times = (tuple(float(t) for t in stored[key]) for key in ("t1_times", "t2_times"))
        wanted = Protocol(tuple(int(q) for q in stored["qubits"]), int(stored["shots"]), t1_times, t2_times)
        began = datetime.fromisoformat(words["created"]).date()
    except (KeyError, TypeError, ValueError) as error:
        raise RecordError(f"{path}: damaged ({error}); delete the folder to measure anew.") from error
    return wanted, began


def _look(folder: Folder, service: Service, note: Note) -> Fetched:
    with alone(folder):
        return fetching.fetch(folder, service, note)


def _counts(folder: Folder, ledger: Ledger, measured: Protocol, kind: Kind) -> Counts:
    own = places(ledger).get(kind, [])
    if sum(piece.rows for piece, _, _ in own) != measured.num_rows(kind):
        raise RecordError(f"{folder.path / LEDGER}: its jobs do not fit {ASKED}; take both from a copy.")
    return Counts.joined([counts_at(folder, place) for place in own])
