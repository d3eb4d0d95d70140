"""Sheets that people fill and spreadsheets save: counts.csv, and one line for each shot."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import replace

from qsense.errors import ContentError, nearest
from qsense.files.csv_text import from_cell
from qsense.laboratory.answers import Answer, as_answer, known_circuit, letters_of, of_text
from qsense.laboratory.design import Design

COUNTS = ("circuit", "bits", "count")
SHOTS = ("circuit", "shot", "bits")
MOST_COUNT = 1_000_000_000
_WHOLE = re.compile(r"([0-9]{1,10})(\.0{1,2})?")  # 1.000 may be a thousand


def rows(content: bytes, source: str) -> tuple[list[str], Iterator[tuple[int, list[str]]]]:
    """Returns the names of a sheet's columns, and its rows with their numbers; empty rows are left out.

    A byte-order mark is taken off.

    Raises:
        ContentError: it is no text with commas between its columns.
    """
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        raise ContentError(f"{source}: row 1: is in UTF-16; save it as CSV in UTF-8.")
    if b"\0" in content:
        row = content[: content.index(b"\0")].count(b"\n") + 1
        raise ContentError(f"{source}: row {row}: has NUL characters, as UTF-16 does; save it as CSV in UTF-8.")
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
    small = [one.lower() for one in header]
    twice = next((one for at, one in enumerate(header) if one and one.lower() in small[:at]), None)
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


def answers(content: bytes, source: str, design: Design) -> tuple[str, dict[str, Answer], tuple[str, ...]]:
    """Returns what a sheet of counts or of shots holds: its kind, the answers by circuit, and what was not read.

    Columns may be in any order, their names in capitals; others beside them are not read.

    Raises:
        ContentError: a cell is wrong; the message names the row, the column and the fix.
    """
    header, found = rows(content, source)
    names = [one.lower() for one in header]
    columns = _columns(names, header, source)
    is_shots = columns == SHOTS
    circuit_at, bits_at, last = (names.index(one) for one in ("circuit", "bits", "shot" if is_shots else "count"))
    entries: dict[str, list[tuple[list[int], int]]] = {}
    places: dict[str, list[str]] = {}
    missing: dict[str, list[str]] = {}
    seen: dict[tuple[str, str | int], int] = {}
    for number, cells in found:
        place = f"row {number}"
        circuit = known_circuit(design, from_cell(cells[circuit_at].strip()), source, place)
        count = _whole(cells[last], source, place, header[last])
        letters = letters_of(cells[bits_at])
        if not letters and not is_shots:
            raise ContentError(f"{source}: {place}, column bits: is empty; write the string that was read.")
        before = seen.setdefault((circuit.id, count if is_shots else letters), number)
        if before != number:
            twice = last if is_shots else bits_at
            raise ContentError(
                f"{source}: {place}, column {header[twice]}: {cells[twice].strip()!r} of {circuit.id} is in row "
                f"{before} already; write each once."
            )
        if not letters:
            missing.setdefault(circuit.id, []).append(place)
        elif count or is_shots:
            entry = of_text(letters, 1 if is_shots else count, circuit, source, place)
            entries.setdefault(circuit.id, []).append(entry)
            places.setdefault(circuit.id, []).append(place)
        else:
            of_text(letters, 0, circuit, source, place)
    sizes = {name: design.by_id[name].num_qubits for name in (*entries, *missing)}
    read = {
        name: replace(
            as_answer(entries.get(name, []), size, places.get(name, [])), missing=tuple(missing.get(name, ()))
        )
        for name, size in sizes.items()
    }
    unread = [one for one in header if one.lower() not in columns]
    notes = (f"the columns {', '.join(unread)[:80]} of {source} are not read",) if unread else ()
    return "shots sheet" if is_shots else "counts sheet", read, notes


def _columns(names: list[str], header: list[str], source: str) -> tuple[str, ...]:
    """The columns that a sheet is read by: those of counts, or of shots."""
    fitting = [columns for columns in (COUNTS, SHOTS) if {*columns} <= {*names}]
    odd = next((one for one in header if one.lower() not in (*COUNTS, *SHOTS)), None)
    if len(fitting) != 1 or len({*names} & {*COUNTS, *SHOTS}) > len(fitting[0]):
        hint = "" if odd is None else f" {odd!r} is none of them. {nearest(odd, [*COUNTS, 'shot'])}"
        raise ContentError(
            f"{source}: row 1: the columns must be {','.join(COUNTS)}, or {','.join(SHOTS)} with a line for each "
            f"shot, but are {','.join(header)[:80]}.{hint}"
        )
    return fitting[0]


def _whole(cell: str, source: str, place: str, column: str) -> int:
    text = cell.strip()
    whole = _WHOLE.fullmatch(text)
    if whole is not None and int(whole[1]) <= MOST_COUNT:
        return int(whole[1])
    hint = "; it has a decimal comma" if re.fullmatch(r"[0-9]+,[0-9]+", text) else ""
    hint = "; it is a formula, whose value no CSV holds" if text.startswith("=") else hint
    shown = text if len(text) <= 40 else f"{text[:37]}..."
    raise ContentError(
        f"{source}: {place}, column {column}: must be a whole number from 0 to 10⁹, but is {shown!r}{hint}; write "
        "digits alone."
    )
