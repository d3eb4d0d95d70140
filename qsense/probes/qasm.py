"""Reads a preparation circuit from OpenQASM 3 or 2."""

from __future__ import annotations

import io
import math
import re
from contextlib import redirect_stderr
from typing import Any

from qsense.errors import ContentError

_MOST = 10_000
_SIZES = re.compile(r"\[\s*([0-9]{1,18})\s*\]")


def parse_qasm(text: str, source: str) -> Any:
    """Returns the QuantumCircuit of an OpenQASM text.

    Raises:
        ContentError: it cannot be parsed, is not unitary, has free parameters or no qubits; in one line.
    """
    from qiskit import qasm2, qasm3

    sizes = [int(number) for number in _SIZES.findall(text)]
    if sum(sizes) > _MOST:  # a parser makes an object of each
        raise ContentError(f"{source}: has {sum(sizes)} qubits and bits; at most {_MOST} are supported.")
    try:
        with redirect_stderr(io.StringIO()):  # where the OpenQASM 3 parser prints what it raises, too
            circuit = qasm2.loads(text) if "OPENQASM 2" in text[:2000] else qasm3.loads(text)
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # the parsers raise many kinds, even panics; each means that the file is broken
        message = " ".join(str(error).split())
        raise ContentError(f"{source}: not valid OpenQASM: {message[:200]}.") from None
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
