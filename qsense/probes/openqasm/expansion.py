"""Writes a text out as the steps of a `Preparation`: every gate that it defines, every modifier and register."""

from __future__ import annotations

import math
from collections import ChainMap
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

from qsense.errors import ContentError
from qsense.probes.openqasm import library, refusals
from qsense.probes.openqasm.expressions import Number
from qsense.probes.openqasm.names import MOST_CONTROLS, MOST_GATES, PHASE, Defined, Names
from qsense.probes.openqasm.statements import (
    Alias,
    Barrier,
    Call,
    Constant,
    Gate,
    Include,
    Modifier,
    Register,
    Statement,
)
from qsense.probes.openqasm.steps import BARRIER, Preparation, Step, on_touched, power
from qsense.probes.openqasm.syntax import Reader
from qsense.probes.openqasm.tokens import RefusedError


@lru_cache(maxsize=8)
def read(text: str, source: str) -> Preparation:
    """Returns the preparation of an OpenQASM 2 or 3 text.

    Args:
        text: the version is that of its first statement; without one it is 3.
        source: what messages call it.

    Raises:
        ContentError: it cannot be parsed, is not unitary, has free parameters or no qubits, or expands to too much; in
            one line that names the text's line.

    >>> read('OPENQASM 3.0; include "stdgates.inc"; gate g a, b { h a; cx a, b; } qubit[2] q; g q[0], q[1];', "g").steps
    (Step(gate='h', angles=(), qubits=(0,), controls=0), Step(gate='x', angles=(), qubits=(0, 1), controls=1))
    """
    try:
        reader = Reader(text.removeprefix("\ufeff"))
        return _Expansion(reader.version).run(reader.statements())
    except RefusedError as error:
        raise ContentError(f"{source}: line {error.line}: {error}") from error
    except RecursionError as error:
        raise ContentError(f"{source}: line 1: gates and modifiers are nested too deeply; write them out.") from error


@dataclass(frozen=True)
class _Around:
    """What stands around a gate: qubits that control it, an inverse, a power that is not whole."""

    controls: tuple[int, ...] = ()
    is_inverse: bool = False
    in_power: bool = False


@dataclass(frozen=True)
class _Use:
    """A gate as it is used: its angles, its qubits, and the numbers that names have where it stands."""

    call: Call
    angles: tuple[Number, ...]
    qubits: tuple[int, ...]
    numbers: Mapping[str, Number]
    in_library: bool = False


class _Expansion:
    def __init__(self, version: int) -> None:
        self._names = Names(version)
        self._steps: list[Step] = []
        self._phase = 0.0
        self._expected = self._work = self._size = 0
        self._hardware: int | None = None  # the line that first names one

    def run(self, statements: list[Statement]) -> Preparation:
        for one in statements:
            if isinstance(one, Call):
                self._refuse_undefined([one], statements)
                self._call(one)
            elif isinstance(one, Gate):
                self._refuse_undefined([call for call in one.body if isinstance(call, Call)], statements)
                self._names.define(one)
            elif isinstance(one, Barrier):
                self._barrier(one)
            else:
                self._declare(one)
        if self._hardware is not None:
            found = on_touched(self._steps, self._phase)
            if found.num_qubits == 0:
                raise RefusedError(self._hardware, "no gate touches a qubit; give a circuit that prepares a state.")
            return found
        if self._names.size == 0:
            raise RefusedError(1, "the circuit has no qubits; declare a register, such as `qubit[4] q;`.")
        every = tuple(range(self._names.size))
        steps = (step if step.qubits else step._replace(qubits=every) for step in self._steps)
        return Preparation(self._names.size, tuple(steps), self._phase)

    def _refuse_undefined(self, calls: list[Call], statements: list[Statement]) -> None:
        """Refuses a call of a gate that is not defined, and names all other such gates with it."""
        line = next((call.line for call in calls if self._names.find(call.name) is None), None)
        if line is None:
            return
        used: list[str] = []
        for one in statements:
            used += [call.name for call in (one.body if isinstance(one, Gate) else [one]) if isinstance(call, Call)]
        defined = {one.name for one in statements if isinstance(one, Gate)}
        missing = [one for one in dict.fromkeys(used) if one not in defined and self._names.find(one) is None]
        if not missing:
            raise RefusedError(line, "a gate is used before it is defined; define it first.")
        include = "" if self._names.included else library.INCLUDES[self._names.version]
        raise RefusedError(line, refusals.undefined(missing, library.standard(self._names.version), include))

    def _declare(self, one: Register | Constant | Alias | Include) -> None:
        if isinstance(one, Include):
            self._include(one)
        elif isinstance(one, Register):
            self._names.add_register(one)
        elif isinstance(one, Constant):
            self._names.declare(one.name, one.line)
            number = one.number.value(self._names.numbers)
            if one.is_whole and number != int(number):
                raise RefusedError(one.line, f"the constant `{one.name[:40]}` is {number:.6g}, but must be whole.")
            self._names.numbers[one.name] = int(number) if one.is_whole else float(number)
        else:
            self._names.declare(one.name, one.line)
            qubits = [self._names.qubits_of(part) for part in one.parts]
            joined = tuple(qubit for part in qubits for qubit in ([part] if isinstance(part, int) else part))
            self._expected += len(joined) // 16
            self._check_size(self._expected, one.line)
            if len(set(joined)) < len(joined):
                raise RefusedError(one.line, f"the alias `{one.name[:40]}` has a qubit twice; name each once.")
            self._names.qubits[one.name] = qubits[0] if len(qubits) == 1 else joined

    def _include(self, one: Include) -> None:
        right = library.INCLUDES[self._names.version]
        if one.name != right:
            name = one.name[:60] if one.name.isprintable() else ascii(one.name[:60])
            fix = "paste its text in its place"
            if one.name in library.INCLUDES.values():
                fix = f'include "{right}", or begin the file with `OPENQASM {5 - self._names.version}.0;`'
            raise RefusedError(one.line, f'`include "{name}"` is not read, only "{right}" is; {fix}.')
        for name, gate in self._names.gates.items():
            if self._names.version == 3 and name in library.standard(3):
                raise RefusedError(gate.gate.line, f"the gate `{name}` is defined by {right} too; rename it.")
        self._names.included = True

    def _barrier(self, one: Barrier) -> None:
        found = [self._names.qubits_of(operand) for operand in one.operands]
        qubits = [qubit for part in found for qubit in ([part] if isinstance(part, int) else part)]
        self._note_hardware(one.line, [operand.name for operand in one.operands])
        self._add(Step(BARRIER, (), tuple(dict.fromkeys(qubits))), one.line)

    def _note_hardware(self, line: int, names: list[str]) -> None:
        if any(name.startswith("$") for name in names) and self._hardware is None:
            self._hardware = line
        if self._hardware is not None and self._names.size:
            raise RefusedError(line, "hardware qubits ($…) stand beside registers; name all qubits in one way.")

    def _call(self, call: Call) -> None:
        names = self._names
        self._note_hardware(call.line, [operand.name for operand in call.operands])
        names.check(call, len(call.operands))
        given = [names.qubits_of(operand) for operand in call.operands]
        lengths = {len(part) for part in given if not isinstance(part, int)}
        if len(lengths) > 1:
            raise RefusedError(call.line, f"`{call.name[:40]}` is given registers of {sorted(lengths)[:5]} qubits.")
        rows = lengths.pop() if lengths else 1
        self._expected += rows * names.cost(call)
        self._check_size(self._expected, call.line)
        angles = tuple(angle.value(names.numbers) for angle in call.angles)
        for row in range(rows):
            qubits = tuple(part if isinstance(part, int) else part[row] for part in given)
            if len(set(qubits)) < len(qubits):
                raise RefusedError(call.line, f"a qubit stands twice in `{call.name[:40]}`; each must be another one.")
            self._apply(_Use(call, angles, qubits, names.numbers), call.modifiers, _Around())

    def _apply(self, use: _Use, modifiers: tuple[Modifier, ...], around: _Around) -> None:
        """Adds the steps of a gate under modifiers, the outermost first."""
        line = use.call.line
        self._work += use.call.weight
        self._check_size(self._work, line)
        if not modifiers:
            self._gate(use, around)
            return
        first, rest = modifiers[0], modifiers[1:]
        if first.name == "inv":
            self._apply(use, rest, replace(around, is_inverse=not around.is_inverse))
        elif first.name in ("ctrl", "negctrl"):
            count = self._names.controls(first, line)
            controls, targets = use.qubits[:count], use.qubits[count:]
            flips = [Step("x", (), (qubit,)) for qubit in controls if first.name == "negctrl"]
            self._steps += flips
            self._apply(replace(use, qubits=targets), rest, replace(around, controls=(*around.controls, *controls)))
            self._steps += flips
        else:
            assert first.number is not None
            exponent = first.number.value(use.numbers)
            if exponent != round(exponent):
                self._add_power(use, rest, around, float(exponent))
                return
            self._check_size(self._work + abs(exponent), line)
            if exponent < 0:
                around = replace(around, is_inverse=not around.is_inverse)
            for _ in range(abs(round(exponent))):
                self._apply(use, rest, around)

    def _add_power(self, use: _Use, rest: tuple[Modifier, ...], around: _Around, exponent: float) -> None:
        kept, phase = self._steps, self._phase
        self._steps, self._phase = [], 0.0
        self._apply(use, rest, _Around(in_power=True))
        steps, own, self._steps, self._phase = self._steps, self._phase, kept, phase
        if len(steps) > 1 or (steps and (own or steps[0].gate == BARRIER)) or abs(exponent) > 1000:
            raise RefusedError(
                use.call.line,
                f"`pow({exponent:.6g})` is read where it stands directly before one gate of the standard library, "
                "between -1000 and 1000; write the gate out.",
            )
        if not steps:
            self._add_phase(math.remainder(own, 2 * math.pi) * exponent, around.controls, around)
            return
        raised, own = power(steps[0], exponent)
        self._add_phase(own, (*around.controls, *steps[0].qubits[: steps[0].controls]), around)
        for step in reversed(raised) if around.is_inverse else raised:
            self._add_around(step, around, use.call.line)

    def _gate(self, use: _Use, around: _Around) -> None:
        name, line = use.call.name, use.call.line
        found = library.base(name, 2, True) if use.in_library else self._names.find(name)
        assert found is not None
        is_own = use.in_library or (isinstance(found, Defined) and not found.in_library)
        is_phase = name == "U" and use.angles[0] == 0
        if name in library.AMBIGUOUS and not (is_own or is_phase) and (around.controls or around.in_power):
            raise RefusedError(
                line,
                f"a control or a power of `{name}` means one thing to Qiskit and another to the specification of "
                "OpenQASM 3 (a phase of half the angles); write `cu`, or rx, ry, rz and p.",
            )
        if not isinstance(found, Defined):
            if found[0] == PHASE:
                self._add_phase(float(use.angles[0]), around.controls, around)
            else:
                self._add_around(Step(found[0], tuple(map(float, use.angles)), use.qubits, found[1]), around, line)
            return
        parameters = dict(zip(found.gate.parameters, use.angles, strict=True))
        numbers = parameters if found.in_library else ChainMap(parameters, self._names.numbers)
        place = dict(zip(found.gate.qubits, use.qubits, strict=True))
        for one in reversed(found.gate.body) if around.is_inverse else found.gate.body:
            on = tuple(place[operand.name] for operand in one.operands)
            if isinstance(one, Barrier):
                self._add(Step(BARRIER, (), on or use.qubits), one.line)
                continue
            values = tuple(angle.value(numbers) for angle in one.angles)
            self._apply(_Use(one, values, on, numbers, found.in_library), one.modifiers, around)

    def _add_phase(self, angle: float, controls: tuple[int, ...], around: _Around) -> None:
        signed = -angle if around.is_inverse else angle
        if controls:
            self._steps.append(Step("p", (signed,), controls, len(controls) - 1))
        else:
            self._phase += signed

    def _add_around(self, step: Step, around: _Around, line: int) -> None:
        if around.is_inverse:
            step = step.inverse()
        if around.controls and step.gate != "id":
            step = step._replace(qubits=(*around.controls, *step.qubits), controls=len(around.controls) + step.controls)
        if step.controls > MOST_CONTROLS:
            raise RefusedError(line, f"a gate has {step.controls} controls; at most {MOST_CONTROLS} are read.")
        self._add(step, line)

    def _add(self, step: Step, line: int) -> None:
        if step.gate == BARRIER:
            self._size += len(step.qubits) or self._names.size
        elif step.controls > 3:  # such a gate becomes about as many as this
            self._size += 20 * step.controls**2
        if self._size > MOST_GATES * 10:
            raise RefusedError(line, "barriers and gates of many controls are too many; give a shorter circuit.")
        self._steps.append(step)

    def _check_size(self, number: Number, line: int) -> None:
        if number > MOST_GATES:
            shown = f"{number:.6g}" if number < 10**18 else "more than 1e18"
            raise RefusedError(line, f"the circuit expands to {shown} gates; at most {MOST_GATES} are read.")
