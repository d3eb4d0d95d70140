"""Sheets that people fill and spreadsheets save: counts.csv, and one line for each shot."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator

from qsense.errors import ContentError, nearest
from qsense.files.csv_text import from_cell
from qsense.laboratory.answers import Answer, as_answer, known_circuit, of_text
from qsense.laboratory.design import Design

COUNTS = ("circuit", "bits", "count")
SHOTS = ("circuit", "shot", "bits")
MOST_COUNT = 1_000_000_000
_WHOLE = re.compile(r"[0-9]{1,10}")


def rows(content: bytes, source: str) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """Returns the names of a sheet's columns, and its rows with their numbers; empty rows are left out.

    A byte-order mark is taken off.

    Raises:
        ContentError: it is no text with commas between its columns.
    """
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise ContentError(f"{source}: row 1: is in UTF-16; save it as CSV in UTF-8.")
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        row = content[: error.start].count(b"\n") + 1
        raise ContentError(f"{source}: row {row}: is not in UTF-8; save it as CSV in UTF-8.") from error
    lines = csv.reader(io.StringIO(text, newline=""), strict=True)
    try:
        header = [one.strip() for one in next(lines, [])]
    except csv.Error as error:
        raise ContentError(f"{source}: row 1: is no CSV ({error}); save the sheet as CSV.") from error
    for sign, name in ((";", "semicolons"), ("\t", "tabs")):
        if len(header) == 1 and sign in header[0]:
            raise ContentError(
                f"{source}: row 1: has {name} between its columns, as spreadsheets write where decimals have commas; "
                "save it with commas between the columns."
            )
    if not any(header):
        raise ContentError(f"{source}: row 1: is empty; its first line names the columns: {', '.join(COUNTS)}.")
    twice = next((one for at, one in enumerate(header) if one and one in header[:at]), None)
    if twice is not None:
        raise ContentError(f"{source}: row 1: names the column {twice!r} twice; name each once.")
    return header, _numbered(lines, len(header), source)


def _numbered(lines: Iterator[list[str]], width: int, source: str) -> Iterator[tuple[int, list[str]]]:
    number = 1
    while True:
        number += 1
        try:
            cells = next(lines, None)
        except csv.Error as error:
            raise ContentError(f"{source}: row {number}: is no CSV ({error}); save the sheet as CSV.") from error
        if cells is None:
            return
        if not any(cell.strip() for cell in cells):
            continue
        if len(cells) != width:
            comma = " (a decimal comma is taken for the next column)" if len(cells) > width else ""
            raise ContentError(
                f"{source}: row {number}: has {len(cells)} cells, but row 1 names {width} columns{comma}; correct it."
            )
        yield number, cells


def is_shots(header: list[str]) -> bool:
    """Returns whether the columns are those of one line a shot."""
    return set(header) == set(SHOTS)


def answers(content: bytes, source: str, design: Design) -> tuple[str, dict[str, Answer]]:
    """Returns what a sheet of counts or of shots holds: its kind, and the answers by circuit.

    Raises:
        ContentError: a cell is wrong; the message names the row, the column and the fix.
    """
    header, found = rows(content, source)
    if not any(set(header) == set(columns) for columns in (COUNTS, SHOTS)):
        odd = next((one for one in header if one not in (*COUNTS, *SHOTS)), None)
        hint = "" if odd is None else f" {odd!r} is none of them. {nearest(odd, [*COUNTS, 'shot'])}"
        raise ContentError(
            f"{source}: row 1: the columns must be {','.join(COUNTS)}, or {','.join(SHOTS)} with a line for each "
            f"shot, but are {','.join(header)[:80]}.{hint}"
        )
    kind = "shots sheet" if is_shots(header) else "counts sheet"
    key = header.index("shot" if is_shots(header) else "bits")
    circuit_at, bits_at, last = (
        header.index("circuit"),
        header.index("bits"),
        header.index("shot" if is_shots(header) else "count"),
    )
    entries: dict[str, list[tuple[list[int], int]]] = {}
    places: dict[str, list[str]] = {}
    seen: dict[tuple[str, str], int] = {}
    for number, cells in found:
        place = f"row {number}"
        circuit = known_circuit(design, from_cell(cells[circuit_at].strip()), source, place)
        if is_shots(header):
            _whole(cells[last], source, place, "shot")
            entry = of_text(cells[bits_at], 1, circuit, source, place)
        else:
            count = _whole(cells[last], source, place, "count")
            if not cells[bits_at].strip():
                raise ContentError(f"{source}: {place}, column bits: is empty; write the string that was read.")
            entry = of_text(cells[bits_at], count, circuit, source, place)
        before = seen.setdefault((circuit.id, cells[key].strip().removeprefix("'")), number)
        if before != number:
            raise ContentError(
                f"{source}: {place}, column {header[key]}: {cells[key].strip()!r} of {circuit.id} is in row {before} "
                "already; write each once."
            )
        if entry[1]:
            entries.setdefault(circuit.id, []).append(entry)
            places.setdefault(circuit.id, []).append(place)
    sizes = {name: design.by_id[name].num_qubits for name in entries}
    return kind, {name: as_answer(own, sizes[name], places[name]) for name, own in entries.items()}


def _whole(cell: str, source: str, place: str, column: str) -> int:
    text = cell.strip()
    if _WHOLE.fullmatch(text) and int(text) <= MOST_COUNT:
        return int(text)
    hint = "; it has a decimal comma" if re.fullmatch(r"[0-9]+,[0-9]+", text) else ""
    hint = "; it is a formula, whose value no CSV holds" if text.startswith("=") else hint
    shown = text if len(text) <= 40 else f"{text[:37]}..."
    raise ContentError(
        f"{source}: {place}, column {column}: must be a whole number from 0 to 10⁹, but is {shown!r}{hint}; write "
        "digits alone."
    )
