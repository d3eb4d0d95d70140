"""Quantities as people write them, and as they read well: times and rates with their unit, values with their error.

A text carries its own unit: `3us`, `3 µs`, `2ms`, `1/5us`, `0.2/us`, `0.2MHz`, `3 krad/s`; without one it is in s, 1/s,
rad/s or m. A rate in Hz is so many a second: no 2π. An angular frequency, such as a field, is in rad/s and never in Hz.
Numbers are converted exactly, so that two spellings of one number are the same number.
"""

from __future__ import annotations

import math
import re
from decimal import Decimal
from fractions import Fraction
from typing import Any, Literal

from qsense.errors import ArgumentError

Kind = Literal["time", "rate", "angular frequency", "length", "magnetic field", "gyromagnetic ratio"]
MOST_NUMBERS = 1000
_NUMBER = r"[+-]?(?:(?i:inf(?:inity)?)|(?:\d+(?:_\d+)*\.?(?:\d+(?:_\d+)*)?|\.\d+(?:_\d+)*)(?:[eE][+-]?\d{1,4})?)"
_QUANTITY = re.compile(rf"({_NUMBER})\s*(/\s*({_NUMBER})?)?\s*([A-Za-zµμ]+(?:\s*/\s*[A-Za-zµμ]+)?)?")
_TIMES = {
    "s": 0, "ms": -3, "us": -6, "µs": -6, "μs": -6, "ns": -9, "ps": -12,
}  # fmt: skip
_LONG = {"min": 60, "h": 3600}
_MOST_ZEROS, _MOST_DECIMALS, _SMALL = 5, 6, 1e-3  # of a value and its error beyond which they have a power of ten
_POWERS = {"m": -3, "": 0, "k": 3, "M": 6, "G": 9}
_LENGTHS = {"m": 0, "mm": -3, "um": -6, "µm": -6, "μm": -6, "nm": -9}
_FIELDS = {
    "T": 0, "mT": -3, "uT": -6, "µT": -6, "μT": -6, "nT": -9, "pT": -12, "fT": -15, "G": -4, "mG": -7,
}  # fmt: skip
_UNITS: dict[str, tuple[Kind, Fraction]] = {
    **{name: ("time", Fraction(10) ** power) for name, power in _TIMES.items()},
    **{name: ("time", Fraction(seconds)) for name, seconds in _LONG.items()},
    **{name: ("length", Fraction(10) ** power) for name, power in _LENGTHS.items()},
    **{name: ("magnetic field", Fraction(10) ** power) for name, power in _FIELDS.items()},
    **{f"{name}Hz": ("rate", Fraction(10) ** power) for name, power in _POWERS.items()},
    **{
        f"{name}Hz/{per}": ("gyromagnetic ratio", Fraction(10) ** (power - below))
        for name, power in _POWERS.items()
        for per, below in _FIELDS.items()
    },
    **{
        f"{name}rad/{per}": ("angular frequency", Fraction(10) ** (power - below))
        for name, power in _POWERS.items()
        for per, below in _TIMES.items()
    },
}
TIMES = (*_TIMES, *_LONG)
"""The units of time."""
_EXAMPLES = {
    "time": "a time such as 3us, 2ms or 0.5 (s)",
    "rate": "a rate such as 0.2/us, 1/5us, 0.2MHz or 0.5 (1/s)",
    "angular frequency": "an angular frequency such as 3krad/s or 0.5 (rad/s)",
    "length": "a length such as 5um, 3nm or 0.001 (m)",
    "magnetic field": "a magnetic field such as 3nT, 20pT or 1e-9 (T)",
    "gyromagnetic ratio": "a gyromagnetic ratio such as 28.03GHz/T, 2.8MHz/G or 2.8e10 (Hz/T)",
}
_KEYS: tuple[tuple[str, Kind], ...] = (
    ("_rad_per_s", "angular frequency"), ("_hz_per_t", "gyromagnetic ratio"), ("_per_s", "rate"), ("_rate", "rate"),
    ("_s", "time"),
)  # fmt: skip
_WRITTEN_IN: dict[Kind, str] = {
    "time": "s", "rate": "/s", "angular frequency": "rad/s", "length": "m", "magnetic field": "T",
    "gyromagnetic ratio": "Hz/T",
}  # fmt: skip
_OF_UNIT: dict[str, Kind] = {"s": "time", "1/s": "rate", "rad/s": "angular frequency"}


def quantity(text: str, kind: Kind) -> float:
    """Returns what a text means, in s, 1/s, rad/s, m, T or Hz/T.

    Args:
        text: a number with or without its unit.
        kind: what it must be.

    Raises:
        ArgumentError: it is no number, or its unit is that of something else; the message says what to write.

    >>> quantity("3 µs", "time"), quantity("1/5us", "rate"), quantity("0.2MHz", "rate"), quantity("inf", "time")
    (3e-06, 200000.0, 200000.0, inf)
    >>> quantity("1 kHz", "angular frequency")
    Traceback (most recent call last):
    qsense.errors.ArgumentError: must be an angular frequency, but "1 kHz" is a frequency, 6283.185307rad/s with its 2π.
    """
    value, found = _read(text, kind)
    if found in (None, kind):
        return value
    raise ArgumentError(f'must be {_with_article(kind)}, but "{text.strip()}" is {_instead(text, value, found, kind)}.')


def _read(text: str, kind: Kind) -> tuple[float, Kind | None]:
    """The value of a text in SI units, and the kind of its unit, None without one."""
    wrong = ArgumentError(f'must be {_EXAMPLES[kind]}, but is "{text}".')
    words = re.sub(r"(?<=[\d.])\s+1\s*/", "/", text.strip())  # 0.2 1/us
    match = _QUANTITY.fullmatch(words) if len(words) <= 100 else None
    if match is None:
        raise wrong
    number, slash, divisor, unit = match.groups()
    unit = "".join((unit or "").split())
    if unit not in ("", *_UNITS) or (slash and not divisor and not unit):
        raise wrong
    found, size = _UNITS.get(unit, (None, Fraction(1)))
    if slash:
        if found not in (None, "time"):  # a fifth of 1 MHz, or one over 5 MHz?
            raise ArgumentError(f'must be {_EXAMPLES[kind]}, but is "{text}"; write a number before its unit.')
        found, size = ("rate" if found else None), 1 / size
    return _times(number, divisor or "1", size, wrong), found


def _times(number: str, divisor: str, size: Fraction, wrong: ArgumentError) -> float:
    if "inf" in divisor.lower() or not float(divisor):
        raise wrong
    if "inf" in number.lower():
        return math.copysign(math.inf, float(number)) * math.copysign(1, float(divisor))
    try:
        return float(Fraction(Decimal(number)) / Fraction(Decimal(divisor)) * size)
    except OverflowError as error:
        raise wrong from error


def _with_article(kind: Kind) -> str:
    return f"an {kind}" if kind[0] in "aeiou" else f"a {kind}"


def _instead(text: str, value: float, found: Kind | None, wanted: Kind) -> str:
    """What a text of another kind is, and what may have been meant."""
    if wanted == "angular frequency" and text.rstrip().endswith("Hz"):
        return f"a frequency, {2 * math.pi * value:.10g}rad/s with its 2π"
    if {found, wanted} == {"time", "rate"} and value and math.isfinite(value):
        unit = "s" if wanted == "time" else "/s"
        return f"a {found}; its inverse is {1 / value:.10g}{unit}"
    return f"{_with_article(found or wanted)}; write it in {_WRITTEN_IN[wanted]}"


def quantities(text: str, kind: Kind) -> list[float]:
    """Returns the quantities of a text with commas; `from:to:step` stands for numbers at equal steps, ends included.

    Raises:
        ArgumentError: as `quantity`; or a range has no end.

    >>> quantities("0,1us,2us", "time"), quantities("0:1:0.25", "time")
    ([0.0, 1e-06, 2e-06], [0.0, 0.25, 0.5, 0.75, 1.0])
    """
    found: list[float] = []
    for part in text.split(","):
        ends = [quantity(one, kind) for one in part.split(":")]
        if len(ends) == 1:
            found += ends
        else:
            found += _range(part, ends)
    return found


def _range(part: str, ends: list[float]) -> list[float]:
    """The numbers of a range; each is as it would be written, so that 0.1 + 0.2 is 0.3."""
    if len(ends) != 3 or not all(map(math.isfinite, ends)) or ends[2] <= 0 or ends[1] < ends[0]:
        raise ArgumentError(f'must give a range as from:to:step with a positive step, but is "{part}".')
    start, step = Fraction(repr(ends[0])), Fraction(repr(ends[2]))
    number = (Fraction(repr(ends[1])) - start) // step + 1
    if number > MOST_NUMBERS:
        raise ArgumentError(f'must be at most {MOST_NUMBERS} numbers, but "{part}" has {number}; take larger steps.')
    return [float(start + place * step) for place in range(number)]


def whole_numbers(text: str) -> list[int]:
    """Returns the whole numbers of a text: `4`, `2,4`, `2-6` and `2:16:2` (from, to, step), all ends included.

    Raises:
        ArgumentError: they are not whole numbers, or a range has no end.

    >>> whole_numbers("1,4-6,8:16:4")
    [1, 4, 5, 6, 8, 12, 16]
    """
    found: list[int] = []
    for part in (one.strip() for one in text.split(",")):
        match = re.fullmatch(r"(\d{1,9})(?:\s*-\s*(\d{1,9})|\s*:\s*(\d{1,9})(?:\s*:\s*(\d{1,9}))?)?", part)
        if match is None:
            raise ArgumentError(f'must be whole numbers such as 4, 2,4, 2-6 or 2:16:2, but is "{text}".')
        first, step = int(match[1]), int(match[4] or 1)
        last = int(match[2] or match[3] or match[1])
        if last < first or not step:
            raise ArgumentError(f'must give a range upwards, such as 2-6 or 2:16:2, but is "{part}".')
        found += range(first, last + 1, step) if (last - first) // step < MOST_NUMBERS else range(MOST_NUMBERS + 1)
        if len(found) > MOST_NUMBERS:
            raise ArgumentError(f'must be at most {MOST_NUMBERS} numbers, but "{text}" has more.')
    return found


def units_of(kind: Kind) -> tuple[str, ...]:
    """Returns the units in which a kind of quantity may be written.

    >>> units_of("length")
    ('m', 'mm', 'um', 'µm', 'μm', 'nm')
    """
    return tuple(name for name, (found, _) in _UNITS.items() if found == kind)


def kind_of_key(name: str) -> Kind | None:
    """Returns what a key or a column holds whose name ends in its unit; None for anything else.

    >>> kind_of_key("noise[0].dephasing_rate"), kind_of_key("times_s"), kind_of_key("field_rad_per_s")
    ('rate', 'time', 'angular frequency')
    """
    return next((kind for ending, kind in _KEYS if name.endswith(ending)), None)


def kind_of_unit(unit: str) -> Kind | None:
    """Returns what has this unit: "s", "1/s" or "rad/s"; None for another."""
    return _OF_UNIT.get(unit)


def with_quantities(value: Any, kind: Kind) -> Any:
    """Returns a value with its texts, also those in lists, as numbers; whatever else it holds stays.

    Raises:
        ArgumentError: a text is no such quantity.

    >>> with_quantities(["3us", 1.5], "time")
    [3e-06, 1.5]
    """
    if isinstance(value, str):
        return quantity(value, kind)
    return [with_quantities(one, kind) for one in value] if isinstance(value, list) else value


def time_unit(seconds: float) -> tuple[float, str]:
    """Returns the unit in which a time reads well, in s, and its symbol.

    >>> time_unit(2e-5)
    (1e-06, 'µs')
    """
    for size, symbol in ((1.0, "s"), (1e-3, "ms"), (1e-6, "µs")):
        if seconds >= size:
            return size, symbol
    return 1e-9, "ns"


def readable_time(seconds: float, error: float | None = None) -> str:
    """Returns a time with its unit, and its error if there is one.

    >>> readable_time(0.00022709, 1.8e-05), readable_time(1.3812, 0.031), readable_time(6.9e-05), readable_time(1.49e6)
    ('227 ± 18 µs', '1.38 ± 0.03 s', '69 µs', '17.2 d')
    """
    size, symbol = _long_unit(abs(seconds)) or time_unit(abs(seconds))
    value = f"{seconds / size:.3g}"
    if error is None:
        return f"{value} {symbol}"
    spread = error / size
    return f"{value} ± {spread:.0f} {symbol}" if spread >= 9.5 else f"{value} ± {spread:.1g} {symbol}"


def _long_unit(seconds: float) -> tuple[float, str] | None:
    """The unit of what takes hours and more; None of what is shorter, or infinite."""
    lasting = ((365.25 * 86400.0, "years"), (86400.0, "d"), (3600.0, "h"))
    longer = [(size, symbol) for size, symbol in lasting if 2 * size <= seconds < math.inf]
    return longer[0] if longer else None


def with_error(value: float, error: float) -> str:
    """Returns a value and its error, of which two digits are shown, with as many decimals in both.

    Digits beyond those are zeros; where these, or those after the point, are many, both have a power of ten.

    >>> with_error(3.28, 0.038), with_error(227.1, 18.2), with_error(22713, 1824), with_error(5.0, 0.0)
    ('3.280 ± 0.038', '227 ± 18', '22700 ± 1800', '5 ± 0')
    >>> with_error(3170231482911324.0, 2e16), with_error(2e-9, 3e-10)
    ('0.3e16 ± 2.0e16', '2.00e-9 ± 0.30e-9')
    >>> with_error(math.inf, 1e9), with_error(math.nan, 1.25)
    ('inf ± 1e+09', 'nan ± 1.2')
    """
    if not (math.isfinite(value) and math.isfinite(error) and error > 0):
        return f"{value:.4g} ± {error:.2g}"
    size, power = max(abs(value), error), 0
    decimals = 1 - math.floor(math.log10(float(f"{error:.1e}")))
    if decimals < -_MOST_ZEROS or (decimals > _MOST_DECIMALS and size < _SMALL):
        power = math.floor(math.log10(float(f"{size:.1e}")))
    shown = max(decimals + power, 0)
    ending = f"e{power}" if power else ""

    def text(number: float) -> str:
        return f"{round(number, decimals) / 10.0**power:z.{shown}f}{ending}"

    return f"{text(value)} ± {text(error)}"
