"""Reads a design back: its folder, which others may have changed, or the spec that it was made from."""

from __future__ import annotations

import math
import re
from pathlib import Path
from typing import Any, NamedTuple

from qsense.errors import ContentError, SpecError
from qsense.files import safe, toml_file
from qsense.files.csv_text import from_cell
from qsense.files.near import meant
from qsense.laboratory import settings_sheet, sheets
from qsense.laboratory.answers import known_circuit
from qsense.laboratory.design import Design, designed, stated_spec
from qsense.laboratory.folder import SPEC
from qsense.laboratory.reading import FILE as READING
from qsense.laboratory.reading import Reading, ReadingFile
from qsense.runs.spec import RunSpec

_TEXT_COLUMNS = ("probe", "noise", "estimator", "basis", "ending", "pulses", "all_spins_alike", "prepared_up")
_UNITS = {1e3: "ms", 1e6: "µs", 1e9: "ns"}
_ANGLE = re.compile(r"(phase|polar|azimuth)_(rad|deg)_([0-9]+)")
_ANY_SHOTS = 1  # of known strings where a spec is all that is given: they may be there


class Returned(NamedTuple):
    """A design, and how its answers are read."""

    design: Design
    reading: Reading


def read_design(path: str | Path) -> Returned:
    """Returns the design of a folder that `write_design` made, or of a spec.

    Raises:
        ContentError: there is none, its files are of different designs, or settings.csv is not that of the design.
        SpecError: the spec, or reading.toml, is wrong.
    """
    path = Path(path)
    if not path.is_dir():
        return Returned(designed(stated_spec(path), _ANY_SHOTS), Reading())
    for name in (SPEC, READING):
        _check_file(path, name)
    stated = toml_file.read(path / READING, ReadingFile)
    spec = RunSpec.load(path / SPEC)
    if spec.id != stated.design:
        raise ContentError(
            f"{path / READING}: is of the design {stated.design}, but {SPEC} beside it of {spec.id}: two designs are "
            "mixed; make the folder anew with `qsense design`, and carry your counts over."
        )
    design = designed(spec, stated.known_shots)
    sheet = path / settings_sheet.FILE
    if sheet.exists() or sheet.is_symlink():
        _check_file(path, settings_sheet.FILE)
        _check_settings(safe.read_bytes(sheet, path, toml_file.LARGEST * 4), str(sheet), design)
    return Returned(design, stated.reading)


def with_options(reading: Reading, given: dict[str, Any], source: str) -> Reading:
    """Returns the reading with what was said beside it; None says nothing.

    Raises:
        SpecError: a value is none of those that there are.
    """
    said = {name: value for name, value in given.items() if value is not None}
    return toml_file.parse({**reading.model_dump(), **said}, Reading, source)


def _check_file(folder: Path, name: str) -> None:
    try:
        safe.check_place(folder / name, folder)
    except OSError as error:
        raise ContentError(f"{folder / name}: cannot be read: {error.strerror}.") from error
    if not (folder / name).exists():
        raise ContentError(f"{folder}: has no {name}; give a folder that `qsense design` made, or its spec.")


def _check_settings(content: bytes, source: str, design: Design) -> None:
    """Refuses a sheet of settings that says anything else than the design does."""
    header, rows = sheets.rows(content, source)
    expected = settings_sheet.columns(design)
    for column in ("circuit", *header):
        if column not in expected or column not in header:
            word = "is none of this design" if column in header else "is missing"
            raise ContentError(f"{source}: row 1: the column {column!r} {word}; keep the sheet as it was made.")
    seen: dict[str, int] = {}
    for number, cells in rows:
        row = dict(zip(header, cells, strict=True))
        circuit = known_circuit(design, from_cell(row["circuit"].strip()), source, f"row {number}")
        if seen.setdefault(circuit.id, number) != number:
            raise ContentError(
                f"{source}: row {number}: {circuit.id} is in row {seen[circuit.id]} already; remove one."
            )
        wanted = {**settings_sheet.row(circuit), "circuit": from_cell(row["circuit"].strip())}
        if circuit.point is not None and row.get("estimator", "").strip() == circuit.point.estimator.name:
            wanted["estimator"] = circuit.point.estimator.name  # as earlier versions wrote it
        for column in header:
            _check_cell(row[column].strip(), wanted.get(column, ""), column, f"{source}: row {number}, column {column}")
    absent = next((one.id for one in design.circuits if one.id not in seen), None)
    if absent is not None:
        raise ContentError(f"{source}: has no row of {absent}; keep the sheet as it was made.")


def _check_cell(text: str, wanted: Any, column: str, where: str) -> None:
    text = from_cell(text)
    if column in _TEXT_COLUMNS or column == "circuit" or wanted == "":
        if text != str(wanted):
            raise ContentError(f"{where}: is {text[:60]!r}, but the design has {str(wanted)!r}; {_KEEP}.")
        return
    try:
        value = float(text)
    except ValueError as error:
        comma = "; it has a decimal comma: write a point" if re.fullmatch(r"-?[0-9]+,[0-9]+", text) else ""
        raise ContentError(f"{where}: is {text[:60]!r}, no number{comma}.") from error
    if not math.isfinite(value):
        raise ContentError(f"{where}: is {text[:60]!r}; write a finite number.")
    if math.isclose(value, float(wanted), rel_tol=1e-9, abs_tol=1e-12):
        return
    raise ContentError(f"{where}: is {text[:60]}, but the design has {wanted}{_guess(value, float(wanted), column)}.")


_KEEP = "keep the sheet as it was made, or make a design of what was measured"


def _guess(value: float, wanted: float, column: str) -> str:
    angle = _ANGLE.fullmatch(column)
    if angle is not None and angle[2] == "rad" and math.isclose(value, math.degrees(wanted), rel_tol=1e-6):
        return ": it is the angle in degrees; write radians"
    if angle is not None and angle[2] == "deg" and math.isclose(value, math.radians(wanted), rel_tol=1e-6):
        return ": it is the angle in radians; write degrees"
    if column == "time_s" and wanted:
        for factor, unit in _UNITS.items():
            if math.isclose(value, wanted * factor, rel_tol=1e-6):
                return f": it is the time in {unit}; write seconds"
    return f"; {_KEEP}"


def checked_source(path: Path) -> Path:
    """Returns a path that is named as a source.

    Raises:
        SpecError: there is nothing.
    """
    if not path.exists():
        advice = "give a filled design's folder, or a file of counts"
        raise SpecError(f"{path}: no such file or folder; {meant(path, advice)}")
    return path
