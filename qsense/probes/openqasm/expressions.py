"""Angles and sizes of an OpenQASM text: arithmetic with constants and the parameters of gates."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from qsense.probes.openqasm.tokens import RefusedError, Token

Number = int | float
DEEPEST = 100
_EXACT = 2**53

_FUNCTIONS: dict[int, dict[str, Callable[..., float]]] = {
    2: {
        "sin": math.sin, "cos": math.cos, "tan": math.tan, "exp": math.exp, "ln": math.log, "sqrt": math.sqrt,
        "asin": math.asin, "acos": math.acos, "atan": math.atan,
    },
    3: {
        "sin": math.sin, "cos": math.cos, "tan": math.tan, "exp": math.exp, "log": math.log, "sqrt": math.sqrt,
        "arcsin": math.asin, "arccos": math.acos, "arctan": math.atan, "pow": math.pow,
    },
}  # fmt: skip
_CONSTANTS = {
    2: {"pi": math.pi},
    3: {"pi": math.pi, "π": math.pi, "tau": math.tau, "τ": math.tau, "euler": math.e, "ℇ": math.e},
}
_BINDING = {"+": 1, "-": 1, "*": 2, "/": 2, "**": 4, "^": 4}
_SIGN = 3  # binds more than * and less than a power: −2² = −4


@dataclass(frozen=True)
class Expression:
    """A number that may depend on names, in postfix order, so that a long one needs no deep calls.

    Attributes:
        code: numbers, and (kind, name) of what is taken from the stack: "name", "call", "sign" and "operator".
        line: where it begins.
        version: of OpenQASM.
    """

    code: tuple[Number | tuple[str, str], ...]
    line: int
    version: int

    def names(self) -> set[str]:
        """Returns the constants and parameters that it uses."""
        return {item[1] for item in self.code if isinstance(item, tuple) and item[0] == "name"}

    def value(self, names: Mapping[str, Number]) -> Number:
        """Returns the number.

        Raises:
            RefusedError: a name is not known, or the number is not finite or not real.
        """
        stack: list[Number] = []
        try:
            for item in self.code:
                if not isinstance(item, tuple):
                    stack.append(item)
                    continue
                kind, name = item
                if kind == "name":
                    stack.append(self._named(name, names))
                elif kind == "sign":
                    stack.append(-stack.pop() if name == "-" else stack.pop())
                elif kind == "call":
                    given = [stack.pop() for _ in range(2 if name == "pow" else 1)][::-1]
                    stack.append(_FUNCTIONS[self.version][name](*given))
                else:
                    right, left = stack.pop(), stack.pop()
                    stack.append(self._joined(name, left, right))
            result = stack[-1]
            if isinstance(result, float) and not math.isfinite(result):
                raise OverflowError
        except (OverflowError, ZeroDivisionError, ValueError) as error:
            raise RefusedError(self.line, "an angle or a size is not finite; give it a number.") from error
        return result

    def _named(self, name: str, names: Mapping[str, Number]) -> Number:
        if name in names:
            return names[name]
        if name in _CONSTANTS[self.version]:
            return _CONSTANTS[self.version][name]
        raise RefusedError(self.line, f"`{name[:40]}` is no constant and no parameter here; write the number.")

    def _joined(self, operator: str, left: Number, right: Number) -> Number:
        whole = isinstance(left, int) and isinstance(right, int)
        if operator == "/":
            if whole and self.version == 3:
                if left % right:
                    raise RefusedError(
                        self.line,
                        f"{left}/{right} is {left // right} for readers that divide whole numbers and "
                        f"{left / right:.6g} for others; write {left}.0/{right}, or the number.",
                    )
                return left // right
            return left / right
        if operator in ("**", "^"):
            result = math.pow(left, right)
            return int(result) if whole and right >= 0 and abs(result) <= _EXACT else result
        joined = left + right if operator == "+" else left - right if operator == "-" else left * right
        return joined if abs(joined) <= _EXACT else float(joined)


def parsed(tokens: list[Token], place: int, version: int) -> tuple[Expression, int]:
    """Returns the expression that begins at a token, and the place of the token after it.

    Raises:
        RefusedError: there is none, or its parentheses are too deep.

    >>> from qsense.probes.openqasm.tokens import tokens_of
    >>> parsed(tokens_of("-2**2 + 1"), 0, 3)[0].value({})
    -3
    """
    code: list[Number | tuple[str, str]] = []
    end = _parse(tokens, place, version, code, 0, 0)
    return Expression(tuple(code), tokens[place].line, version), end


def _parse(
    tokens: list[Token], place: int, version: int, code: list[Number | tuple[str, str]], least: int, depth: int
) -> int:
    token = tokens[place]
    if depth > DEEPEST:
        raise RefusedError(token.line, f"an expression is nested deeper than {DEEPEST}; write the number.")
    if token.kind in ("number", "whole"):
        code.append(_number(token, version))
        place += 1
    elif token.text in ("+", "-"):
        place = _parse(tokens, place + 1, version, code, _SIGN, depth + 1)
        code.append(("sign", token.text))
    elif token.text == "(":
        place = _closed(tokens, _parse(tokens, place + 1, version, code, 0, depth + 1))
    elif token.kind == "name" and tokens[place + 1].text == "(":
        if token.text not in _FUNCTIONS[version]:
            raise RefusedError(token.line, f"the function {token.shown} is not read; write the number.")
        place = _parse(tokens, place + 2, version, code, 0, depth + 1)
        if token.text == "pow":
            if tokens[place].text != ",":
                raise RefusedError(token.line, "not valid OpenQASM: `pow` takes two numbers.")
            place = _parse(tokens, place + 1, version, code, 0, depth + 1)
        place = _closed(tokens, place)
        code.append(("call", token.text))
    elif token.kind == "name":
        code.append(("name", token.text))
        place += 1
    else:
        raise RefusedError(token.line, f"not valid OpenQASM: {token.stands} where a number belongs.")
    while (operator := tokens[place]).text in _BINDING and operator.kind == "symbol":
        name, binding = operator.text, _BINDING[operator.text]
        if name == ("^" if version == 3 else "**"):
            right = "`**`; `^` is exclusive or" if version == 3 else "`^`"
            raise RefusedError(operator.line, f"a power is written {right} in OpenQASM {version}.")
        if binding < least or (binding == least and name not in ("**", "^")):
            break
        place = _parse(tokens, place + 1, version, code, binding, depth + 1)
        code.append(("operator", name))
    return place


def _closed(tokens: list[Token], place: int) -> int:
    if tokens[place].text != ")":
        raise RefusedError(tokens[place].line, f"not valid OpenQASM: `)` is missing before {tokens[place].shown}.")
    return place + 1


def _number(token: Token, version: int) -> Number:
    text = token.text.replace("_", "").lower()
    if version == 2 and (token.kind == "whole" or "_" in token.text):
        raise RefusedError(token.line, f"{token.shown} is no number of OpenQASM 2; write it in decimals.")
    if token.kind == "whole":
        if len(text) > 15 or len(text) < 3:
            raise RefusedError(token.line, f"the number {token.shown} is too large.")
        return int(text[2:], {"x": 16, "o": 8, "b": 2}[text[1]])
    if text.isdigit() and len(text) <= 15:
        return int(text)
    if len(text) > 400:
        raise RefusedError(token.line, f"a number has {len(text)} digits; write at most 400.")
    return float(text)
