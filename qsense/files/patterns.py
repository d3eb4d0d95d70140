"""Which texts qsense reads as a quantity, as whole numbers or as a number up to a largest, as patterns of JSON Schema.

A reader of such texts also converts them; the pattern is for editors, which only match. Patterns are anchored and use
neither flags nor looking ahead, which checkers of TOML do not all have.
"""

from __future__ import annotations

from qsense.files.units import TIMES, Kind, units_of

_DIGITS = "[0-9]+(?:_[0-9]+)*"
_EXPONENT = "(?:[eE][+-]?[0-9]{1,4})?"
_ANY = rf"(?:{_DIGITS}\.?(?:{_DIGITS})?|\.{_DIGITS}){_EXPONENT}"
_NOUGHTS = "0+(?:_0+)*"
_ZERO = rf"(?:{_NOUGHTS}\.?(?:{_NOUGHTS})?|\.{_NOUGHTS}){_EXPONENT}"
_SOME = "(?:[0-9]+_)*[0-9]*[1-9][0-9]*(?:_[0-9]+)*"  # digits, not all of them 0
_NOT_ZERO = rf"(?:{_SOME}\.?(?:{_DIGITS})?|(?:{_DIGITS})?\.{_SOME}){_EXPONENT}"
_INFINITE = "[iI][nN][fF](?:[iI][nN][iI][tT][yY])?"


def quantity_pattern(kind: Kind, signed: bool = False, infinite: bool = False, zero: bool = True) -> str:
    """Returns the pattern of the texts that `units.quantity` reads.

    Args:
        kind: what they are.
        signed: whether they may be negative.
        infinite: whether they may be infinite.
        zero: whether they may be 0.

    >>> import re
    >>> [bool(re.search(quantity_pattern("rate"), text)) for text in ("0.2/us", "1/5us", "2 MHz", "3us", "-1/s")]
    [True, True, True, False, False]
    >>> [bool(re.search(quantity_pattern("time", zero=False), text)) for text in ("0s", "0.1s", "1/0")]
    [False, True, False]
    """
    some = f"(?:{_NOT_ZERO}|{_INFINITE})" if infinite else _NOT_ZERO
    if signed:
        found = [_written(kind, "[+-]?" + some, "[+-]?")]
    else:  # a minus over a minus is none
        found = [_written(kind, "[+]?" + some, "[+]?"), _written(kind, "-" + some, "-", divided=True)]
    if zero:
        found.append(_written(kind, "[+-]?" + _ZERO, "[+-]?"))
    return rf"^\s*(?:{'|'.join(found)})\s*$"


def _written(kind: Kind, number: str, sign: str, divided: bool = False) -> str:
    """The pattern of a number, with or without a divisor and a unit; with a divisor alone if it must have one."""
    divisor = rf"\s*/\s*{sign}{_NOT_ZERO}"
    ways = [divisor] if divided else [f"(?:{divisor})?", rf"\s*{_any_of(units_of(kind))}"]
    if kind == "rate":
        per = rf"\s*{_any_of(TIMES)}"
        ways.append(divisor + per)
        ways += [] if divided else [rf"(?:\s+1)?\s*/(?:\s*{sign}{_NOT_ZERO})?{per}"]
    return f"{number}(?:{'|'.join(ways)})"


def unit_pattern(kind: Kind) -> str:
    """Returns the pattern of the units that may stand beside a number.

    >>> import re
    >>> [bool(re.search(unit_pattern("rate"), unit)) for unit in ("1/us", "/s", "MHz", "us")]
    [True, True, True, False]
    """
    ways = [_any_of(units_of(kind))]
    if kind == "rate":
        ways.append(rf"/\s*(?:{_NOT_ZERO})?\s*{_any_of(TIMES)}")
    return rf"^1?\s*(?:{'|'.join(ways)})\s*$"


def sizes_pattern(most: int) -> str:
    """Returns the pattern of the texts that `units.whole_numbers` reads, of numbers from 1 to `most`.

    >>> import re
    >>> [bool(re.search(sizes_pattern(20), text)) for text in ("2-8", "2:16:2", "1, 4", "0", "21")]
    [True, True, True, False, False]
    """
    number = f"0*(?:{up_to(most)})"
    part = rf"\s*{number}(?:\s*-\s*{number}|\s*:\s*{number}(?:\s*:\s*0*[1-9][0-9]*)?)?\s*"
    return f"^{part}(?:,{part})*$"


def up_to(most: int) -> str:
    """Returns the pattern, without anchors, of the whole numbers from 1 to `most`, without leading zeros.

    >>> up_to(128)
    '[1-9][0-9]{0,1}|1[0-1][0-9]{1}|12[0-7]|128'
    """
    digits = str(most)
    ways = [f"[1-9][0-9]{{0,{len(digits) - 2}}}"] if len(digits) > 1 else []
    for place, digit in enumerate(digits):
        least, rest = ("0" if place else "1"), len(digits) - place - 1
        if digit != least:
            ways.append(f"{digits[:place]}[{least}-{int(digit) - 1}]" + (f"[0-9]{{{rest}}}" if rest else ""))
    return "|".join([*ways, digits])


def _any_of(units: tuple[str, ...]) -> str:
    return "(?:" + "|".join(unit.replace("/", r"\s*/\s*") for unit in units) + ")"
