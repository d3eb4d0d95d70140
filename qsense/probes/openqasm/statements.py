"""What the statements of an OpenQASM text say, before anything is evaluated."""

from __future__ import annotations

from dataclasses import dataclass

from qsense.probes.openqasm.expressions import Expression


@dataclass(frozen=True)
class Range:
    """The indices start:step:stop of a register, the stop included."""

    start: Expression | None
    step: Expression | None
    stop: Expression | None


@dataclass(frozen=True)
class Operand:
    """A register, some of its qubits, a hardware qubit ("$3"), or a qubit of a gate's definition."""

    name: str
    line: int
    index: tuple[Expression | Range, ...] | None = None
    is_set: bool = False


@dataclass(frozen=True)
class Modifier:
    """`inv`, `pow`, `ctrl` or `negctrl` before a gate, with its number."""

    name: str
    number: Expression | None


@dataclass(frozen=True)
class Call:
    """A gate on operands.

    Attributes:
        weight: how much work it is to expand it: 1, and more if its angles or operands are long.
    """

    name: str
    line: int
    angles: tuple[Expression, ...]
    operands: tuple[Operand, ...]
    modifiers: tuple[Modifier, ...]
    weight: int


@dataclass(frozen=True)
class Barrier:
    """A barrier; without operands it stands on all qubits."""

    line: int
    operands: tuple[Operand, ...]


@dataclass(frozen=True)
class Gate:
    """The definition of a gate."""

    name: str
    line: int
    parameters: tuple[str, ...]
    qubits: tuple[str, ...]
    body: tuple[Call | Barrier, ...]


@dataclass(frozen=True)
class Register:
    """Qubits, or classical bits that no gate uses; the size of a single one is None."""

    name: str
    line: int
    size: Expression | None
    is_quantum: bool


@dataclass(frozen=True)
class Constant:
    """A named number."""

    name: str
    line: int
    number: Expression
    is_whole: bool


@dataclass(frozen=True)
class Alias:
    """A name for qubits of registers, one after another."""

    name: str
    line: int
    parts: tuple[Operand, ...]


@dataclass(frozen=True)
class Include:
    """The standard library's name, as the text includes it."""

    name: str
    line: int


Statement = Call | Barrier | Gate | Register | Constant | Alias | Include
