"""Probes: the states that a sensing run prepares.

A Probe says what is prepared, not how: the circuits are in `qsense.sensing`, the theory in `qsense.theory`. Basis
states are numbered as Qiskit does: bit j of the index is spin j, and 1 is up, the excited state.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

import numpy as np

from qsense import content
from qsense.errors import ArgumentError, ContentError
from qsense.fisher import ComplexArray

Kind = Literal["ghz", "product", "circuit"]
KINDS = ("ghz", "product")
NUM_QUBITS_OF_A_STATEVECTOR = 20


@dataclass(frozen=True)
class Probe:
    """A probe state of `num_qubits` spins; made by `ghz`, `product`, `from_qasm` or `named`.

    Attributes:
        kind: "ghz", "product" or "circuit" (read from an OpenQASM file).
        num_qubits: number of spins, at least 1.
        tilt: δ in (−1, 1) of a product probe, whose spins are up with weight (1+δ)/2.
        name: how tables and records call it.
        qasm: the OpenQASM 3 text of a "circuit" probe.
    """

    kind: Kind
    num_qubits: int
    tilt: float = 0.0
    name: str = ""
    qasm: str | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        if not isinstance(self.num_qubits, int) or isinstance(self.num_qubits, bool) or self.num_qubits < 1:
            raise ArgumentError(f"Argument `num_qubits` must be at least 1, but is {self.num_qubits!r}.")
        if not -1 < self.tilt < 1:
            raise ArgumentError(f"Argument `tilt` must be in (-1, 1), but is {self.tilt}.")
        if self.tilt and self.kind != "product":
            raise ArgumentError("Argument `tilt` goes with a product probe only.")
        if not self.name:
            object.__setattr__(self, "name", self.kind if not self.tilt else f"product(tilt={self.tilt:g})")

    @classmethod
    def ghz(cls, num_qubits: int) -> Probe:
        """Returns (|down…down> + |up…up>)/√2.

        Source: arXiv:2512.21661v1, Eq. 37.

        >>> Probe.ghz(2).statevector().real.round(4)
        array([0.7071, 0.    , 0.    , 0.7071])
        """
        return cls("ghz", num_qubits)

    @classmethod
    def product(cls, num_qubits: int, tilt: float = 0.0) -> Probe:
        """Returns (√((1−δ)/2) |down> + √((1+δ)/2) |up>)^⊗N with δ the tilt; |+>^⊗N by default.

        Args:
            num_qubits: number of spins.
            tilt: δ in (−1, 1).

        Source: arXiv:2512.21661v1, above Eq. 29 and Eq. 55.

        >>> Probe.product(1).statevector().real.round(4)
        array([0.7071, 0.7071])
        """
        return cls("product", num_qubits, tilt)

    @classmethod
    def from_qasm(cls, name_or_path: str | Path, beside: Path | None = None) -> Probe:
        """Returns the probe that an OpenQASM 3 (or 2) file prepares.

        Args:
            name_or_path: the name of a shipped circuit ("w4") or the path of a file without measurements.
            beside: the folder that a relative path starts from; the working directory by default.

        Raises:
            ContentError: there is no such file, it cannot be parsed, or it measures, resets or takes parameters.

        >>> Probe.from_qasm("w4").num_qubits
        4
        """
        path = content.find("circuits", str(name_or_path), beside)
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise ContentError(f"{path}: cannot be read: {error}.") from None
        circuit = parse_qasm(text, str(path))
        return cls("circuit", circuit.num_qubits, name=path.stem, qasm=text)

    @classmethod
    def from_text(cls, qasm: str, name: str) -> Probe:
        """Returns the probe that an OpenQASM text prepares, under a name.

        Raises:
            ContentError: as in `from_qasm`.

        >>> Probe.from_text('OPENQASM 3.0; include "stdgates.inc"; qubit[2] q; h q[0];', "half").num_qubits
        2
        """
        return cls("circuit", parse_qasm(qasm, name).num_qubits, name=name, qasm=qasm)

    @classmethod
    def named(cls, name: str, num_qubits: int, tilt: float = 0.0) -> Probe:
        """Returns a GHZ or product probe by its name.

        >>> Probe.named("ghz", 3).kind
        'ghz'
        """
        if name == "ghz":
            return cls("ghz", num_qubits, tilt)
        if name == "product":
            return cls("product", num_qubits, tilt)
        raise ArgumentError(f'Unknown probe "{name}". Known: ghz, product, or a circuit file.')

    @property
    def key(self) -> str:
        """What makes this probe this probe: kind, size, tilt and, for a file, its content's hash."""
        text = "" if self.qasm is None else hashlib.sha256(self.qasm.encode()).hexdigest()
        return f"{self.kind}:{self.num_qubits}:{self.tilt!r}:{text}"

    def statevector(self) -> ComplexArray:
        """Returns the amplitudes, shape (2^N,), bit j of the index being spin j, 1 being up.

        Raises:
            ArgumentError: more spins than a vector should have.
        """
        if self.num_qubits > NUM_QUBITS_OF_A_STATEVECTOR:
            raise ArgumentError(
                f"A state vector of {self.num_qubits} spins has 2^{self.num_qubits} amplitudes; "
                f"at most {NUM_QUBITS_OF_A_STATEVECTOR} spins are supported."
            )
        if self.kind == "circuit":
            from qiskit.quantum_info import Statevector

            return np.asarray(Statevector(parse_qasm(self.qasm or "", self.name)).data, dtype=np.complex128)
        state = np.zeros(2**self.num_qubits, dtype=np.complex128)
        if self.kind == "ghz":
            state[[0, -1]] = np.sqrt(0.5)
            return state
        spin = np.sqrt(np.array([1 - self.tilt, 1 + self.tilt]) / 2)
        state = np.ones(1, dtype=np.complex128)
        for _ in range(self.num_qubits):
            state = np.kron(spin, state)
        return state


def parse_qasm(text: str, source: str) -> Any:
    """Returns the QuantumCircuit of an OpenQASM text.

    Raises:
        ContentError: it cannot be parsed, is not unitary, has free parameters or no qubits; in one line.
    """
    from qiskit import qasm2, qasm3

    try:
        circuit = qasm2.loads(text) if "OPENQASM 2" in text[:2000] else qasm3.loads(text)
    except Exception as error:  # the parsers raise many kinds; each means that the file is broken
        message = " ".join(str(error).split())
        raise ContentError(f"{source}: not valid OpenQASM: {message[:200]}.") from None
    forbidden = {"measure", "reset", "if_else", "while_loop", "for_loop", "switch_case"} & set(circuit.count_ops())
    if forbidden:
        raise ContentError(f"{source}: a preparation must be unitary, but has `{sorted(forbidden)[0]}`; remove it.")
    if circuit.num_parameters:
        raise ContentError(f"{source}: a preparation must have no free parameters; give them numbers.")
    if circuit.num_qubits == 0:
        raise ContentError(f"{source}: the circuit has no qubits; declare a register, such as `qubit[4] q;`.")
    return circuit
