"""Cuts an OpenQASM text into tokens, each with its line."""

from __future__ import annotations

import re
from typing import NamedTuple

MOST_CHARACTERS = 4_000_000
MOST_TOKENS = 1_500_000

_TOKEN = re.compile(
    r"(?P<space>[ \t\f]+)|(?P<line>\r?\n|\r)|(?P<comment>//[^\r\n]*|/\*.*?\*/)|(?P<text>\"[^\"\r\n]*\"|'[^'\r\n]*')"
    r"|(?P<whole>0[xX][0-9a-fA-F_]+|0[oO][0-7_]+|0[bB][01_]+)"
    r"|(?P<number>(?:[0-9][0-9_]*\.?[0-9_]*|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9]+)?)"
    r"|(?P<name>[^\W\d]\w*)|(?P<hardware>\$[0-9]+)|(?P<pragma>\#[^\r\n]*)"
    r"|(?P<symbol>->|\+\+|\*\*|==|!=|<=|>=|&&|\|\||<<|>>|[-+*/%^()\[\]{},;:=@<>&|~!])",
    re.DOTALL,
)
_UNIT = re.compile(r"\w+")


class RefusedError(Exception):
    """A text that is not read; `read` puts the file's name and the line before the message.

    Attributes:
        line: of the text, from 1.
    """

    def __init__(self, line: int, message: str) -> None:
        super().__init__(message)
        self.line = line


class Token(NamedTuple):
    """A piece of the text.

    Attributes:
        kind: "name", "number", "whole" (0x…), "text" (quoted), "hardware" ($3), "symbol", "pragma", "unit" (a number
            with a unit, such as 2us) or "end".
        text: as written.
        line: from 1.
    """

    kind: str
    text: str
    line: int

    @property
    def shown(self) -> str:
        """The token for a message: short, and without control characters."""
        return f"`{self.text[:40]}`" if self.text.isprintable() else ascii(self.text[:40])

    @property
    def stands(self) -> str:
        """What is found where something else belongs, for a message."""
        return "the text ends" if self.kind == "end" else f"{self.shown} stands"


def tokens_of(text: str) -> list[Token]:
    """Returns the tokens of a text, without spaces and comments; the last one is of the kind "end".

    Raises:
        RefusedError: the text is too long, or has a character that no token has.

    >>> [token.text for token in tokens_of("rx(.5) q[0]; // half")]
    ['rx', '(', '.5', ')', 'q', '[', '0', ']', ';', '']
    """
    if len(text) > MOST_CHARACTERS:
        raise RefusedError(1, f"the text has {len(text)} characters; at most {MOST_CHARACTERS} are read.")
    found: list[Token] = []
    line, place = 1, 0
    while place < len(text):
        match = _TOKEN.match(text, place)
        if match is None:
            raise RefusedError(line, f"not valid OpenQASM: the character {text[place]!a} has no place here.")
        kind, piece = str(match.lastgroup), match.group()
        if kind == "line":
            line += 1
        elif kind == "comment":
            line += piece.count("\n")
        elif kind != "space":
            if kind in ("number", "whole") and match.end() < len(text):
                unit = _UNIT.match(text, match.end())
                if unit is not None:
                    kind, piece = "unit", piece + unit.group()
            found.append(Token(kind, piece, line))
            if len(found) > MOST_TOKENS:
                raise RefusedError(line, f"the text has more than {MOST_TOKENS} words and signs; give a shorter one.")
            place += len(piece)
            continue
        place = match.end()
    found.append(Token("end", "", line))
    return found
