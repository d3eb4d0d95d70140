"""What the names of a text stand for: registers and constants, and gates with how much they expand to."""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from qsense.probes.openqasm import library
from qsense.probes.openqasm.expressions import Expression, Number
from qsense.probes.openqasm.statements import Barrier, Call, Gate, Modifier, Operand, Range, Register
from qsense.probes.openqasm.steps import ANGLES
from qsense.probes.openqasm.tokens import RefusedError

MOST_QUBITS = 10_000
MOST_GATES = 100_000
MOST_CONTROLS = 16
DEEPEST_GATE = 100
PHASE = "gphase"


@dataclass(frozen=True)
class Defined:
    """A gate that the text or the standard library defines.

    Attributes:
        gate: its definition.
        in_library: whether its body is the library's, where names mean the library's gates.
        cost: how many gates it expands to, calls among them; powers that depend on parameters count once.
        depth: how deep its definitions are nested.
    """

    gate: Gate
    in_library: bool
    cost: int
    depth: int


@dataclass
class Names:
    """The names that a text has declared so far.

    Attributes:
        version: of OpenQASM, 2 or 3.
        included: whether the standard library is included.
        numbers: constants by name.
        qubits: registers and aliases: the numbers of their qubits, or one number of a single qubit.
        gates: what the text defines.
        size: the number of qubits declared.
    """

    version: int
    included: bool = False
    numbers: dict[str, Number] = field(default_factory=dict)
    qubits: dict[str, tuple[int, ...] | int] = field(default_factory=dict)
    gates: dict[str, Defined] = field(default_factory=dict)
    size: int = 0
    _lines: dict[str, int] = field(default_factory=dict)
    _used: set[str] = field(default_factory=set)

    def declare(self, name: str, line: int) -> None:
        """Notes that a register, constant or alias has this name.

        Raises:
            RefusedError: another has it.
        """
        if name in self._lines:
            raise RefusedError(line, f"`{name[:40]}` is declared in line {self._lines[name]} already; rename one.")
        self._lines[name] = line

    def add_register(self, register: Register) -> None:
        """Notes a register; classical bits have a name only.

        Raises:
            RefusedError: its size is no whole number, or too large.
        """
        self.declare(register.name, register.line)
        if not register.is_quantum:
            return
        if register.size is None:
            self.qubits[register.name] = self.size
            self.size += 1
        else:
            number = register.size.value(self.numbers)
            if not isinstance(number, int) or number < 1:
                raise RefusedError(register.line, f"the size {number:.6g} must be a whole number, at least 1.")
            if self.size + number > MOST_QUBITS:
                raise RefusedError(
                    register.line, f"{self.size + number:.6g} qubits are declared; at most {MOST_QUBITS}."
                )
            self.qubits[register.name] = tuple(range(self.size, self.size + number))
            self.size += number

    def qubits_of(self, operand: Operand) -> tuple[int, ...] | int:
        """Returns the numbers of an operand's qubits; one number if it is a single qubit.

        Raises:
            RefusedError: there is no such register or index.
        """
        if operand.name.startswith("$"):
            return int(operand.name[1:20])
        if operand.name not in self.qubits:
            raise RefusedError(operand.line, f"`{operand.name[:40]}` is no register of qubits; declare it before.")
        register = self.qubits[operand.name]
        if operand.index is None:
            return register
        if isinstance(register, int):
            raise RefusedError(operand.line, f"`{operand.name[:40]}` is a single qubit; write it without an index.")
        if len(operand.index) == 1 and not operand.is_set and isinstance(operand.index[0], Expression):
            return register[self._index(operand.index[0], operand, len(register))]
        chosen: list[int] = []
        for item in operand.index:
            if isinstance(item, Expression):
                chosen.append(self._index(item, operand, len(register)))
            else:
                chosen += self._range(item, operand, len(register))
        return tuple(register[place] for place in chosen)

    def _index(self, index: Expression, operand: Operand, length: int) -> int:
        number = index.value(self.numbers)
        least = -length if self.version == 3 else 0
        if not isinstance(number, int) or not least <= number < length:
            raise RefusedError(
                operand.line, f"`{operand.name[:40]}` has {length} qubits, but no index {number:.6g}; count from 0."
            )
        return number % length

    def _range(self, item: Range, operand: Operand, length: int) -> range:
        step = 1 if item.step is None else item.step.value(self.numbers)
        if not isinstance(step, int) or step == 0:
            raise RefusedError(operand.line, "the step of a range must be a whole number, not 0.")
        first = 0 if step > 0 else length - 1
        start = first if item.start is None else self._index(item.start, operand, length)
        stop = length - 1 - first if item.stop is None else self._index(item.stop, operand, length)
        return range(start, stop + (1 if step > 0 else -1), step)

    def define(self, gate: Gate) -> None:
        """Notes a gate's definition, whose body may call what is defined before it.

        Raises:
            RefusedError: the name is taken, or the body is not right.
        """
        name, line = gate.name, gate.line
        if name in self.gates:
            raise RefusedError(line, f"the gate `{name[:40]}` is defined in line {self.gates[name].gate.line} already.")
        in_library = self.included and name in library.standard(self.version)
        in_library = in_library and (self.version == 3 or name in library.FIRST_2)
        if in_library or name in library.BUILT_IN[self.version] or (name == PHASE and self.version == 3):
            where = library.INCLUDES[self.version] if in_library else "OpenQASM"
            raise RefusedError(line, f"the gate `{name[:40]}` is defined by {where} already; rename it.")
        if name in self._used:
            raise RefusedError(line, f"the gate `{name[:40]}` is used before it is defined; define it first.")
        self.gates[name] = self._checked(gate)

    def _checked(self, gate: Gate) -> Defined:
        cost, depth, parameters = 0, 0, set(gate.parameters)
        for call in gate.body:
            if isinstance(call, Barrier):
                cost += 1
                continue
            names = [operand.name for operand in call.operands]
            if len(set(names)) < len(names):
                raise RefusedError(call.line, f"a qubit stands twice in `{call.name[:40]}`.")
            self.check(call, len(names))
            for angle in call.angles:
                unknown = angle.names() - parameters
                angle.value({**dict.fromkeys(parameters & angle.names(), 0.7390851332151607), **self._known(unknown)})
            cost += self.cost(call)
            found = self.find(call.name)
            depth = max(depth, found.depth if isinstance(found, Defined) else 0)
        if depth >= DEEPEST_GATE:
            raise RefusedError(gate.line, f"gates are nested deeper than {DEEPEST_GATE}; write them out.")
        return Defined(gate, False, min(cost, 10**18), depth + 1)

    def _known(self, names: set[str]) -> dict[str, Number]:
        return {name: self.numbers[name] for name in names if name in self.numbers}

    def _is_constant(self, number: Expression) -> bool:
        return all(name in self.numbers for name in number.names())

    def find(self, name: str) -> Defined | tuple[str, int] | None:
        """Returns what a gate's name stands for: a definition, or a gate of `steps` (or PHASE) and its controls."""
        if name in self.gates:
            return self.gates[name]
        if name == PHASE and self.version == 3:
            return PHASE, 0
        found = library.base(name, self.version, self.included)
        if found is None and self.included:
            gate = library.written(self.version).get(name)
            return None if gate is None else Defined(gate, True, len(gate.body), 1)
        return found

    def use(self, name: str) -> Defined | tuple[str, int] | None:
        """Returns what `find` does, and notes that the library's gate is used."""
        if name not in self.gates:
            self._used.add(name)
        return self.find(name)

    def check(self, call: Call, num_operands: int) -> None:
        """Checks how many angles and qubits a gate is given.

        Raises:
            RefusedError: a number is wrong.
        """
        found = self.use(call.name)
        assert found is not None
        if isinstance(found, Defined):
            angles, qubits = len(found.gate.parameters), len(found.gate.qubits)
        elif found[0] == PHASE:
            angles, qubits = 1, 0
        else:
            angles, qubits = ANGLES[found[0]], found[1] + (2 if found[0] == "swap" else 1)
        controls = sum(self.controls(one, call.line) for one in call.modifiers)
        for what, right, given in (("angles", angles, len(call.angles)), ("qubits", controls + qubits, num_operands)):
            if right != given:
                raise RefusedError(call.line, f"`{call.name[:40]}` takes {right} {what} here, but has {given}.")

    def controls(self, modifier: Modifier, line: int) -> int:
        """Returns how many controls a modifier adds.

        Raises:
            RefusedError: it is no whole number, or too many.
        """
        if modifier.name not in ("ctrl", "negctrl"):
            return 0
        number = 1 if modifier.number is None else modifier.number.value(self.numbers)
        if not isinstance(number, int) or not 1 <= number <= MOST_CONTROLS:
            raise RefusedError(line, f"`{modifier.name}({number:.6g})` must have 1 to {MOST_CONTROLS} controls.")
        return number

    def cost(self, call: Call) -> int:
        """Returns how many gates a call expands to; powers that depend on parameters count once."""
        found = self.find(call.name)
        cost = call.weight + (found.cost if isinstance(found, Defined) else 0)
        for modifier in call.modifiers:
            if modifier.name == "pow" and modifier.number is not None and self._is_constant(modifier.number):
                cost *= max(1, math.ceil(abs(modifier.number.value(self.numbers))))
        return min(cost, 10**18)
