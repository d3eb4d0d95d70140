"""Reads the statements that the text of a preparation may have; everything else is refused with its line."""

from __future__ import annotations

from qsense.probes.openqasm import expressions
from qsense.probes.openqasm.expressions import Expression
from qsense.probes.openqasm.refusals import WORDS_2, WORDS_3, unitary
from qsense.probes.openqasm.statements import (
    Alias,
    Barrier,
    Call,
    Constant,
    Gate,
    Include,
    Modifier,
    Operand,
    Range,
    Register,
    Statement,
)
from qsense.probes.openqasm.tokens import RefusedError, Token, tokens_of

_MOST_MODIFIERS = 50


class Reader:
    """Reads tokens one after another; `version` is 2 or 3, from the text's first statement."""

    def __init__(self, text: str) -> None:
        self._tokens = tokens_of(text)
        self._place = 0
        self.version = 3
        if self._next.text == "OPENQASM":
            self._take()
            token = self._take()
            self.version = {"2": 2, "2.0": 2, "3": 3, "3.0": 3, "3.1": 3}.get(token.text, 0)
            if not self.version:
                raise RefusedError(token.line, f"OpenQASM {token.shown} is not read; use 2.0 or 3.0.")
            self._expect(";")

    def statements(self) -> list[Statement]:
        """Returns all statements; a box without a duration is its body.

        Raises:
            RefusedError: one is not read.
        """
        found: list[Statement] = []
        boxes = 0
        while self._next.kind != "end":
            if self._next.text == "box" and self.version == 3:
                self._take()
                if self._next.text == "[":
                    raise RefusedError(self._next.line, "a `box` with a duration waits; remove the duration.")
                self._expect("{")
                boxes += 1
            elif boxes and self._next.text == "}":
                self._take()
                boxes -= 1
            elif (one := self._statement(bool(boxes))) is not None:
                found.append(one)
        if boxes:
            raise RefusedError(self._next.line, "not valid OpenQASM: the `}` of a `box` is missing.")
        return found

    def _statement(self, in_box: bool) -> Statement | None:
        token = self._next
        word = token.text if token.kind == "name" else ""
        if token.text == ";":
            self._take()
            return None
        if word == "barrier":
            return self._barrier()
        if word == "nop" and self.version == 3:
            self._take()
            self._operands()
            self._expect(";")
            return None
        if not in_box:
            if word == "include":
                return self._include()
            if word == "gate":
                return self._gate()
            if word in ("qreg", "creg"):
                return self._register_2()
            if self.version == 3 and word in ("qubit", "bit"):
                return self._register_3()
            if self.version == 3 and word == "const":
                return self._constant()
            if self.version == 3 and word == "let":
                return self._alias()
        return self._call()

    def _barrier(self) -> Barrier:
        line = self._take().line
        operands = self._operands()
        self._expect(";")
        return Barrier(line, operands)

    def _include(self) -> Include:
        line = self._take().line
        token = self._take()
        if token.kind != "text":
            raise RefusedError(token.line, "not valid OpenQASM: `include` takes a file's name in quotes.")
        self._expect(";")
        return Include(token.text[1:-1], line)

    def _gate(self) -> Gate:
        line = self._take().line
        name = self._name("a gate's name")
        parameters: tuple[str, ...] = ()
        if self._next.text == "(":
            self._take()
            parameters = self._names() if self._next.text != ")" else ()
            self._expect(")")
        qubits = self._names() if self._next.text != "{" else ()
        own = set(qubits)
        if len({*parameters, *qubits}) < len(parameters) + len(qubits):
            raise RefusedError(line, f"the gate `{name[:40]}` gives one name to two qubits or angles; rename one.")
        self._expect("{")
        body: list[Call | Barrier] = []
        while self._next.text != "}":
            one_step = self._barrier() if self._next.text == "barrier" else self._call()
            for operand in one_step.operands:
                if operand.name not in own or operand.index is not None:
                    raise RefusedError(operand.line, f"`{operand.name[:40]}` is no qubit of the gate `{name[:40]}`.")
            body.append(one_step)
        self._take()
        return Gate(name, line, parameters, qubits, tuple(body))

    def _register_2(self) -> Register:
        word = self._take()
        name = self._name("a register's name")
        size = self._size() if self._next.text == "[" or self.version == 2 else None
        self._expect(";")
        return Register(name, word.line, size, word.text == "qreg")

    def _register_3(self) -> Register:
        word = self._take()
        size = self._size() if self._next.text == "[" else None
        name = self._name("a register's name")
        if self._next.text == "=":
            why = unitary("measure") if self._measures() else "a bit has a value; remove it."
            raise RefusedError(self._next.line, why)
        self._expect(";")
        return Register(name, word.line, size, word.text == "qubit")

    def _constant(self) -> Constant:
        line = self._take().line
        kind = self._take()
        if kind.text not in ("int", "uint", "float"):
            raise RefusedError(line, f"a constant of type {kind.shown} is not read; use `const float` or `const int`.")
        if self._next.text == "[":
            self._size()
        name = self._name("a constant's name")
        self._expect("=")
        number = self._expression()
        self._expect(";")
        return Constant(name, line, number, kind.text != "float")

    def _alias(self) -> Alias:
        line = self._take().line
        name = self._name("an alias")
        self._expect("=")
        parts = [self._operand()]
        while self._next.text == "++":
            self._take()
            parts.append(self._operand())
        self._expect(";")
        return Alias(name, line, tuple(parts))

    def _call(self) -> Call:
        modifiers: list[Modifier] = []
        while self.version == 3 and self._next.text in ("inv", "pow", "ctrl", "negctrl"):
            word = self._take()
            number = None
            if self._next.text == "(" and word.text != "inv":
                self._take()
                number = self._expression()
                self._expect(")")
            elif word.text == "pow":
                raise RefusedError(word.line, "`pow` takes a number, such as `pow(2) @ x q[0];`.")
            self._expect("@")
            modifiers.append(Modifier(word.text, number))
            if len(modifiers) > _MOST_MODIFIERS:
                raise RefusedError(word.line, f"a gate has more than {_MOST_MODIFIERS} modifiers; write it out.")
        token = self._take()
        known = WORDS_2 if self.version == 2 else WORDS_3
        if token.text in known and token.kind in ("name", "symbol"):
            raise RefusedError(token.line, known[token.text])
        if token.kind == "pragma":
            raise RefusedError(token.line, known["pragma"])
        if token.kind != "name":
            raise RefusedError(token.line, f"not valid OpenQASM: {token.shown} stands where a gate belongs.")
        if self._next.text in ("=", "["):
            raise RefusedError(
                token.line,
                unitary("measure") if self._measures() else f"{token.shown} is assigned a value; remove the statement.",
            )
        angles: list[Expression] = []
        if self._next.text == "(":
            self._take()
            while self._next.text != ")":
                angles.append(self._expression())
                if self._next.text != ")":
                    self._expect(",")
            self._take()
        operands = self._operands()
        self._expect(";")
        numbers = [*angles, *(one.number for one in modifiers if one.number is not None)]
        weight = 1 + (sum(len(number.code) for number in numbers) + len(operands)) // 16
        return Call(token.text, token.line, tuple(angles), operands, tuple(modifiers), weight)

    def _measures(self) -> bool:
        place = self._place
        while self._tokens[place].kind != "end" and self._tokens[place].text != ";":
            if self._tokens[place].text == "measure":
                return True
            place += 1
        return False

    def _operands(self) -> tuple[Operand, ...]:
        if self._next.text == ";":
            return ()
        found = [self._operand()]
        while self._next.text == ",":
            self._take()
            found.append(self._operand())
        return tuple(found)

    def _operand(self) -> Operand:
        token = self._take()
        if token.kind not in ("name", "hardware") or (token.kind == "hardware" and self.version == 2):
            raise RefusedError(token.line, f"not valid OpenQASM: {token.shown} stands where a qubit belongs.")
        if self._next.text != "[" or token.kind == "hardware":
            return Operand(token.text, token.line)
        self._take()
        is_set = self._next.text == "{"
        if is_set:
            self._take()
        items = [self._item()]
        while is_set and self._next.text == ",":
            self._take()
            items.append(self._item())
        if is_set:
            self._expect("}")
        self._expect("]")
        return Operand(token.text, token.line, tuple(items), is_set)

    def _item(self) -> Expression | Range:
        parts: list[Expression | None] = [None]
        while self._next.text not in ("]", "}", ","):
            if self._next.text == ":":
                self._take()
                parts.append(None)
            else:
                parts[-1] = self._expression()
        if len(parts) == 1 and parts[0] is not None:
            return parts[0]
        if len(parts) not in (2, 3) or self.version == 2:
            raise RefusedError(self._next.line, "not valid OpenQASM: an index is missing.")
        return Range(parts[0], parts[1] if len(parts) == 3 else None, parts[-1])

    def _size(self) -> Expression:
        self._expect("[")
        size = self._expression()
        self._expect("]")
        return size

    def _expression(self) -> Expression:
        found, self._place = expressions.parsed(self._tokens, self._place, self.version)
        return found

    def _names(self) -> tuple[str, ...]:
        found = [self._name("a name")]
        while self._next.text == ",":
            self._take()
            found.append(self._name("a name"))
        return tuple(found)

    def _name(self, what: str) -> str:
        token = self._take()
        if token.kind != "name":
            raise RefusedError(token.line, f"not valid OpenQASM: {token.shown} stands where {what} belongs.")
        return token.text

    def _expect(self, symbol: str) -> None:
        token = self._take()
        if token.text != symbol or token.kind != "symbol":
            raise RefusedError(token.line, f"not valid OpenQASM: {token.stands} where `{symbol}` belongs.")

    @property
    def _next(self) -> Token:
        return self._tokens[self._place]

    def _take(self) -> Token:
        token = self._tokens[self._place]
        if token.kind != "end":
            self._place += 1
        return token
