"""Reads a preparation circuit from OpenQASM 3 or 2."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from qsense.errors import ContentError
from qsense.probes.openqasm import MOST_CHARACTERS, read


def parse_qasm(text: str, source: str) -> Any:
    """Returns the QuantumCircuit of an OpenQASM text: Qiskit's own gates alone, whatever the text calls its gates.

    Raises:
        ContentError: it cannot be parsed, is not unitary, has free parameters or no qubits; in one line.
    """
    from qsense.probes.openqasm.circuit import circuit_of

    return circuit_of(read(text, source))


def text_of(path: Path) -> str:
    """Returns the text of a file in UTF-8, with or without the mark that Windows puts before it.

    Raises:
        ContentError: it is no file, cannot be read, or is longer than what is read.
    """
    try:
        if not path.is_file():
            raise ContentError(f"{path}: is no file; give the path of an OpenQASM file.")
        with path.open("rb") as file:
            given = file.read(4 * MOST_CHARACTERS + 1)  # at most four bytes a character
        text = given.decode("utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise ContentError(f"{path}: cannot be read: {error}.") from error
    return text.replace("\r\n", "\n").replace("\r", "\n")
