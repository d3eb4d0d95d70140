"""Counts that were measured elsewhere become a record like any other: all of it, or nothing."""

from __future__ import annotations

import hashlib
import json
import logging
import re
import shutil
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from qsense.errors import ArgumentError, ContentError, RecordError
from qsense.extensions import allowing
from qsense.files.atomic import replace as move
from qsense.laboratory.answers import Answers
from qsense.laboratory.arranged import Brought, arranged
from qsense.laboratory.design import designed
from qsense.laboratory.folder import COUNTS
from qsense.laboratory.reading import Reading
from qsense.laboratory.returned import Returned, read_design, with_options
from qsense.laboratory.sources import of_object, read_source
from qsense.runs.execution import Progress
from qsense.runs.imported import BACKEND, IMPORT, known_file
from qsense.runs.naming import record_path
from qsense.runs.record import RunRecord
from qsense.runs.spec import RunSpec
from qsense.workflow.analysis import analyse
from qsense.workflow.runs import RECORDS

logger = logging.getLogger(__name__)
_LEFT_OPEN = "known_strings_left_open"


def import_counts(
    spec: RunSpec | str | Path,
    counts: Any,
    out: str | Path = RECORDS,
    *,
    leftmost: str | None = None,
    one: str | None = None,
    spins: Sequence[int] | None = None,
    lost: str | None = None,
    shots: str | None = None,
    axes: Sequence[str] = (),
    label: str = "",
    progress: Progress | None = None,
    allow_code: bool = False,
) -> RunRecord:
    """Makes a record of counts that were measured elsewhere, and estimates it; returns the record.

    Args:
        spec: the design: a RunSpec, the path of a spec, or the folder that `write_design` made.
        counts: what was measured: a path (.csv, .json, .npy, .npz, .mat, .h5, .nc), an array circuits × shots × spins,
            {circuit: {bits: count}}, a list of {bits: count} in the order of the circuits, or results of Qiskit or
            Braket. None for the `counts.csv` of the design's folder.
        out: the folder under which the record is made.
        leftmost: whether the leftmost letter of a bit string is the "first" spin or the "last" (as in Qiskit).
        one: whether 1 is "up" (excited) or "down".
        spins: which spin each place is; () for their order.
        lost: "refuse" or "drop" shots in which spins are lost, or that are missing; "keep" the spins that are left
            for estimators that read each spin by itself; "keep_or_drop" for those, and drop for the others.
        shots: whether circuits must have those "planned", or may have as many as were "measured".
        axes: names of the axes of an array: circuit, point, time, row, shot, spin.
        label: part of the backend's name in the record, so that two days of one design are two records.
        progress: called with (points estimated, all, label).
        allow_code: whether extensions that the spec names may be imported.

    What is None is as the design's reading.toml says: by default last, up, refuse, planned.

    Raises:
        ContentError: the counts do not fit the design; the message names file, place and fix. Nothing is written.
        SpecError: the spec or reading.toml is wrong.
        RecordError: the record cannot be written, or holds other counts.
    """
    with allowing(allow_code):
        given = {"leftmost": leftmost, "one": one, "spins": None if spins is None else tuple(spins)}
        given |= {"lost": lost, "shots": shots}
        if isinstance(spec, RunSpec):
            design, reading = Returned(designed(spec, 1), Reading())
        else:
            design, reading = read_design(spec)
        reading = with_options(reading, given, "Arguments of the import")
        if counts is None:
            if isinstance(spec, RunSpec) or not Path(spec).is_dir():
                raise ArgumentError("Argument `counts` is missing: give what was measured, or a design's folder.")
            answers = read_source(Path(spec) / COUNTS, design, axes, Path(spec))
            if not answers.by_id:
                raise ContentError(
                    f"{answers.source}: has no counts; fill it: a row circuit,bits,count for each string."
                )
        elif isinstance(counts, str | Path):
            answers = read_source(Path(counts), design, axes)
        else:
            answers = of_object(counts, design, axes)
        if leftmost is not None and answers.order != "letters":
            raise ArgumentError(
                f"Argument `leftmost` goes with texts of bits, but {answers.kind} says by itself which bit is which "
                "spin; leave it out, or give `spins`."
            )
        brought = arranged(design, answers, reading)
        named = replace(design.spec, backend=_backend(label))
        return _recorded(named, brought, answers, reading, Path(out), progress)


def _backend(label: str) -> str:
    if label and not re.fullmatch(r"[A-Za-z0-9_.]{1,40}", label):
        raise ArgumentError(f'Argument `label` must be letters, digits, _ and . (at most 40), but is "{label[:60]}".')
    return f"{BACKEND}-{label}" if label else BACKEND


def _recorded(
    spec: RunSpec, brought: Brought, answers: Answers, reading: Reading, out: Path, progress: Progress | None
) -> RunRecord:
    stated = {
        "schema": 1,
        "source": Path(answers.source).name,
        "source_sha256": answers.sha256,
        "kind": answers.kind,
        "reading": {**reading.model_dump(), "spins": list(reading.spins)},
        "shots": sum(sum(point.total_shots) for point in brought.points),
        "lost_shots": brought.lost,
        **({"kept_shots": brought.kept} if brought.kept else {}),
        "missing_shots": brought.missing,
        "known_strings": brought.checked,
        **(
            {"known": {str(size): list(strings) for size, (strings, _) in brought.known.items()}}
            if brought.known
            else {}
        ),
        **({_LEFT_OPEN: list(brought.left_open)} if brought.left_open else {}),
        "rows": {point.file_name: [list(rows) for rows in point.rows] for point in brought.points},
    }
    final = record_path(spec, out)
    if final.exists():
        existing = RunRecord.load(final)
        if not existing.has(IMPORT) or _content(existing.read_json(IMPORT)) != _content(stated):
            raise RecordError(
                f"{final}: holds other counts of the same design; choose another folder (`out`), or name these "
                "(`label`)."
            )
        return analyse(existing, brought.points, progress)
    for line in (*remarks(stated), *brought.left_open, *answers.notes):
        logger.warning(line)
    try:
        out.mkdir(parents=True, exist_ok=True)
        staged = Path(tempfile.mkdtemp(dir=out, prefix=".import-"))
    except OSError as error:
        raise RecordError(f"{out}: cannot be written: {error.strerror}; choose another folder (`out`).") from error
    try:
        record = RunRecord.create(spec, staged)
        source = {"source": stated["source"], "source_sha256": answers.sha256}
        record.write_json("provenance.json", {**record.provenance, "imported": source})
        for point, counts in zip(brought.points, brought.counts, strict=True):
            record.write_counts(point, [counts])
        for size, (_, known) in brought.known.items():
            record.write_bytes(known_file(size), known.to_bytes())
        record.write_json(IMPORT, stated)
        analyse(record, brought.points, progress)
        move(record.path, final)
    except OSError as error:
        raise RecordError(f"{final}: cannot be written: {error.strerror}; choose another folder (`out`).") from error
    finally:
        shutil.rmtree(staged, ignore_errors=True)
    return RunRecord(final, spec)


def _content(stated: dict[str, Any]) -> str:
    kept = {key: value for key, value in stated.items() if key not in ("source", "schema", _LEFT_OPEN)}
    return hashlib.sha256(json.dumps(kept, sort_keys=True).encode()).hexdigest()


def remarks(stated: dict[str, Any]) -> list[str]:
    """Returns what an import left out or could not check, a line each."""
    lines, whole = [], stated["shots"] + stated["lost_shots"] + stated["missing_shots"]
    for key, what in (
        ("lost_shots", "with lost spins were left out"),
        ("missing_shots", "that were planned are missing"),
    ):
        if stated[key]:
            lines.append(f"{stated[key]} of {whole} shots {what}: the rest is post-selected")
    if stated.get("kept_shots"):
        lines.append(f"{stated['kept_shots']} of {whole} shots lack some spins: the others of them are used")
    if not stated["known_strings"]:
        lines.append("no known strings were measured: order and meaning of bits are taken as stated, not checked")
    return lines
