"""Reads a preparation circuit from OpenQASM 3 or 2."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import TYPE_CHECKING, Any

from qsense.errors import ContentError

if TYPE_CHECKING:
    from qsense.probes.openqasm import Preparation

_LOG = logging.getLogger(__name__)


def parse_qasm(text: str, source: str) -> Any:
    """Returns the QuantumCircuit of an OpenQASM text: Qiskit's own gates alone, whatever the text calls its gates.

    Raises:
        ContentError: it cannot be parsed, is not unitary, has free parameters or no qubits; in one line.
    """
    from qsense.probes.openqasm import read  # kept out of the command line's cold start
    from qsense.probes.openqasm.circuit import circuit_of

    return circuit_of(read(text, source))


def from_file(path: Path) -> tuple[str, int]:
    """Returns the text of an OpenQASM file in UTF-8, without the mark that Windows puts before it, and its spins.

    A warning of the log says which hardware qubits are which spins, if the file names some.

    Raises:
        ContentError: it is no file, cannot be read, or is no preparation.
    """
    from qsense.probes.openqasm import MOST_CHARACTERS, read

    try:
        if not path.is_file():
            raise ContentError(f"{path}: is no file; give the path of an OpenQASM file.")
        with path.open("rb") as file:
            given = file.read(4 * MOST_CHARACTERS + 1)  # at most four bytes a character
        text = given.decode("utf-8-sig")
    except OSError as error:
        raise ContentError(f"{path}: cannot be read: {error}.") from error
    except UnicodeDecodeError as error:
        raise ContentError(f"{path}: cannot be read: it is not in UTF-8; save it as UTF-8 text.") from error
    text = text.replace("\r\n", "\n").replace("\r", "\n")
    found = read(text, str(path))
    say_order(found, str(path))
    return text, found.num_qubits


def say_order(found: Preparation, source: str) -> None:
    """Writes a warning to the log that says which hardware qubits are which spins, if there are any."""
    if found.hardware:
        named = ", ".join(f"${qubit}" for qubit in found.hardware[:10]) + (", …" if len(found.hardware) > 10 else "")
        _LOG.warning(
            f"{source}: spins 0, 1, … are the hardware qubits {named}; those that no gate touches are left out."
        )
