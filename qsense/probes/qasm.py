"""Reads a preparation circuit from OpenQASM 3 or 2."""

from __future__ import annotations

import io
import math
import re
from contextlib import redirect_stderr
from typing import Any

from qsense.errors import ContentError

_MOST = 10_000
_COMMENTS = re.compile(r"//[^\n]*|/\*.*?\*/", re.DOTALL)
_WHOLE = re.compile(r"(?<![\w.])(?:0[xX][0-9a-fA-F_]+|0[bB][01_]+|0[oO][0-7_]+|[0-9][0-9_]*)(?![\w.])")
_SIZES = re.compile(r"\b(?:(?:qubit|bit)\s*|(?:qreg|creg)\s+\w+\s*)\[([^\]]*)\]|\b(?:ctrl|negctrl)\s*\(([^)]*)\)")


def parse_qasm(text: str, source: str) -> Any:
    """Returns the QuantumCircuit of an OpenQASM text.

    Raises:
        ContentError: it cannot be parsed, is not unitary, has free parameters or no qubits; in one line.
    """
    from qiskit import qasm2, qasm3

    _check_sizes(text, source)
    try:
        with redirect_stderr(io.StringIO()):  # where the OpenQASM 3 parser prints what it raises, too
            circuit = qasm2.loads(text) if "OPENQASM 2" in text[:2000] else qasm3.loads(text)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # the parsers raise many kinds, even panics; each means that the file is broken
        message = " ".join(str(error).split())
        raise ContentError(f"{source}: not valid OpenQASM: {message[:200]}.") from error
    forbidden = {"measure", "reset", "if_else", "while_loop", "for_loop", "switch_case"} & set(circuit.count_ops())
    if forbidden:
        raise ContentError(f"{source}: a preparation must be unitary, but has `{sorted(forbidden)[0]}`; remove it.")
    if circuit.num_parameters:
        raise ContentError(f"{source}: a preparation must have no free parameters; give them numbers.")
    numbers = [n for one in circuit.data for n in one.operation.params if isinstance(n, (int, float))]
    if not all(map(math.isfinite, numbers)):
        raise ContentError(f"{source}: an angle of the circuit is not finite; give it a number.")
    if circuit.num_qubits == 0:
        raise ContentError(f"{source}: the circuit has no qubits; declare a register, such as `qubit[4] q;`.")
    return circuit


def _check_sizes(text: str, source: str) -> None:
    """Refuses what would make a parser fill the memory, which makes an object of each qubit, bit and control.

    Raises:
        ContentError: a size is too large, or no plain number.
    """
    text = _COMMENTS.sub(" ", text)
    largest = max((_whole(number) for number in _WHOLE.findall(text)), default=0)
    sizes = [(register or controls).strip() for register, controls in _SIZES.findall(text)]
    if unclear := [size for size in sizes if size and not _WHOLE.fullmatch(size)]:
        raise ContentError(f"{source}: the size {unclear[0][:40]!r} must be a whole number.")
    number = max(largest, sum(_whole(size) for size in sizes if size))
    if number > _MOST:
        raise ContentError(f"{source}: has the whole number or the sum of sizes {number:.6g}, above {_MOST}.")


def _whole(literal: str) -> int:
    digits = literal.replace("_", "").lower()
    if len(digits) > 20:
        return 10**20
    return int(digits, {"0x": 16, "0b": 2, "0o": 8}.get(digits[:2], 10))
