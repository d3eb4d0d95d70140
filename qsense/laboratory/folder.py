"""The folder of a design: written whole or not at all, and read back as something that others may have changed.

spec.toml  states/*.npy  settings.csv  counts.csv  reading.toml  README.md  circuits/*.qasm
"""

from __future__ import annotations

import os
import secrets
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

from qsense.circuits.carrying import carried_texts, known_string_text
from qsense.errors import ArgumentError, ContentError
from qsense.files.atomic import replace
from qsense.files.csv_text import csv_bytes
from qsense.files.terminal import printable
from qsense.laboratory import settings_sheet
from qsense.laboratory.design import Design, checked_known_shots, designed, stated_spec
from qsense.laboratory.reading import FILE as READING
from qsense.laboratory.reading import reading_text
from qsense.laboratory.readme import readme_text
from qsense.runs.spec import RunSpec

Qasm = Literal[2, 3]
COUNTS, SPEC = "counts.csv", "spec.toml"
COUNTS_COLUMNS = ("circuit", "bits", "count")


def write_design(
    spec: RunSpec | str | Path,
    out: str | Path,
    *,
    signal: Literal["injected", "none"] = "injected",
    qasm: Qasm = 3,
    known_shots: int = 0,
) -> Path:
    """Writes the circuits of a run into a new folder, to be measured anywhere, and returns it.

    Args:
        spec: a RunSpec or the path of a TOML file; its backend does not matter.
        out: the folder, which must not be there, or be empty.
        signal: whether the circuits put the signal on, or leave it to nature.
        qasm: version of OpenQASM.
        known_shots: of circuits that prepare known bit strings, by which the order and the meaning of bits are
            checked; 0 for none.

    Raises:
        SpecError: the spec is wrong, or cannot be carried out beforehand.
        ArgumentError: an argument is wrong, or a probe has no known circuit.
        ContentError: the folder holds something, or cannot be written.
    """
    if signal not in ("injected", "none"):
        raise ArgumentError(f'Argument `signal` must be "injected" or "none", but is "{signal}".')
    if qasm not in (2, 3):
        raise ArgumentError(f"Argument `qasm` must be 2 or 3, but is {qasm}.")
    out = Path(out)
    _check_free(out)
    spec = spec if isinstance(spec, RunSpec) else stated_spec(spec)
    design = designed(spec, checked_known_shots(known_shots))
    sheet = settings_sheet.columns(design)
    rows = map(settings_sheet.row, design.circuits)
    files = {
        **spec.to_files(),
        settings_sheet.FILE: csv_bytes(sheet, ([row.get(name) for name in sheet] for row in rows)),
        COUNTS: csv_bytes(COUNTS_COLUMNS, []),
        READING: reading_text(spec.id, known_shots, signal).encode(),
        "README.md": readme_text(design, qasm, signal == "injected").encode(),
    }
    files |= {f"circuits/{name}.qasm": text.encode() for name, text in _circuits(design, qasm, signal == "injected")}
    _write_folder(out, files)
    return out


def _circuits(design: Design, qasm: Qasm, injected: bool) -> Iterator[tuple[str, str]]:
    at = 0
    for point in design.points:
        for one in point.acquisitions():
            for text in carried_texts(one.experiment, one.settings, qasm, injected):
                circuit = design.measuring[at]
                head = (
                    f"// {circuit.id}: {printable(point.probe.name)} probe of {circuit.num_qubits} spins senses for "
                    f"{one.experiment.time!r} s, {circuit.shots} shots\n"
                )
                yield circuit.id, head + text
                at += 1
    for circuit in design.known:
        up = ", ".join(map(str, circuit.ups)) or "none"
        text = known_string_text(circuit.num_qubits, list(circuit.ups), qasm)
        yield circuit.id, f"// {circuit.id}: a known string, up: {up}; {circuit.shots} shots\n{text}"


def _check_free(out: Path) -> None:
    """Refuses a place where something is."""
    try:
        if os.path.lexists(out) and (out.is_symlink() or not out.is_dir() or any(out.iterdir())):
            raise ContentError(f"{out}: is there already and not empty; choose another folder (`out`).")
    except OSError as error:
        raise ContentError(f"{out}: cannot be read: {error.strerror}; choose another folder (`out`).") from error


def _write_folder(out: Path, files: dict[str, bytes]) -> None:
    staged = out.parent / f".{out.name}-{secrets.token_hex(4)}.part"
    try:
        (staged / "circuits").mkdir(parents=True)
        for name, content in files.items():
            (staged / name).parent.mkdir(exist_ok=True)
            with open(staged / name, "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        if out.is_dir():
            out.rmdir()  # it is empty
        replace(staged, out)
    except OSError as error:
        raise ContentError(f"{out}: cannot be written: {error.strerror}; choose another folder (`out`).") from error
    finally:
        shutil.rmtree(staged, ignore_errors=True)
