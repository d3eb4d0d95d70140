"""Axes of the report's pictures: where a value is, and its ticks."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from qsense.numerics.fisher import FloatArray

_SUPER = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
_TICKS, _DECADES = 5, 6


@dataclass(frozen=True)
class Axis:
    """One axis of a picture.

    Attributes:
        low, high: of its values; both positive where it is logarithmic.
        start, end: where these are in the picture, in its units.
        is_log: whether it is logarithmic.
    """

    low: float
    high: float
    start: float
    end: float
    is_log: bool = False

    def place(self, value: float) -> float:
        """Returns where a value is; what is beyond an end is at the end.

        >>> Axis(0.0, 10.0, 0.0, 100.0).place(2.5), Axis(1.0, 100.0, 0.0, 100.0, True).place(10.0)
        (25.0, 50.0)
        """
        return float(self.places(np.array([value], dtype=np.float64))[0])

    def places(self, values: FloatArray) -> FloatArray:
        """Returns where values are, shape (values,)."""
        inside = np.clip(values, self.low, self.high)
        low, high = self.low, self.high
        if self.is_log:
            inside, low, high = np.log(inside), math.log(low), math.log(high)
        share = (inside - low) / (high - low)
        return np.asarray(self.start + share * (self.end - self.start))

    def holds(self, value: float) -> bool:
        """Whether a value is between the ends."""
        return self.low <= value <= self.high

    def ticks(self) -> list[tuple[float, str]]:
        """Returns the ticks: where each is, and its text.

        >>> [text for _, text in Axis(0.0, 4.2, 0.0, 1.0).ticks()]
        ['0', '1', '2', '3', '4']
        >>> [text for _, text in Axis(0.01, 200.0, 0.0, 1.0, True).ticks()]
        ['0.01', '0.1', '1', '10', '100']
        """
        values = self._log_values() if self.is_log else self._even_values()
        return [(self.place(value), number(value)) for value in values]

    def _even_values(self) -> list[float]:
        rough = (self.high - self.low) / _TICKS
        size = 10.0 ** math.floor(math.log10(rough))
        step = next(size * part for part in (1, 2, 5, 10) if size * part >= rough)
        first, last = math.ceil(self.low / step - 1e-9), math.floor(self.high / step + 1e-9)
        return [float(f"{place * step:.12g}") for place in range(first, last + 1)]

    def _log_values(self) -> list[float]:
        first, last = math.ceil(math.log10(self.low) - 1e-9), math.floor(math.log10(self.high) + 1e-9)
        if last - first < 2:
            powers = range(first - 1, last + 2)
            every = [part * 10.0**power for power in powers for part in (1, 2, 5)]
            found = [float(f"{value:.3g}") for value in every if self.low <= value <= self.high]
            return found if len(found) > 2 else self._even_values()
        step = (last - first) // _DECADES + 1
        return [10.0**power for power in range(first, last + 1, step)]


def covering(values: FloatArray, start: float, end: float, *, from_zero: bool = True, room: float = 0.05) -> Axis:
    """Returns an even axis that holds finite values, also where all are one.

    Args:
        values: shape (values,); none may be missing.
        start, end: as of an axis.
        from_zero: whether it holds 0.
        room: beyond the outermost, as a part of their distance.
    """
    low, high = float(values.min()), float(values.max())
    if from_zero:
        low, high = min(low, 0.0), max(high, 0.0)
    if not high > low:
        low, high = low - 0.5 * (abs(low) or 1), high + 0.5 * (abs(high) or 1)
    more = room * (high - low)
    is_from_zero = from_zero and low == 0.0
    return Axis(low if is_from_zero else low - more, high if from_zero and high == 0 else high + more, start, end)


def number(value: float) -> str:
    """Returns a number as a tick has it.

    >>> number(0.05), number(1500.0), number(2e-7), number(1e6)
    ('0.05', '1500', '2·10⁻⁷', '10⁶')
    """
    if value == 0 or 1e-3 <= abs(value) < 1e5:
        return f"{value:.6g}".replace("-", "−")
    mantissa, _, power = f"{value:.3g}".partition("e") if "e" in f"{value:.3g}" else f"{value:.2e}".partition("e")
    mantissa = mantissa.rstrip("0").rstrip(".") if "." in mantissa else mantissa
    exponent = f"10{int(power)}"[:2] + str(int(power)).translate(_SUPER)
    return exponent if mantissa == "1" else f"{mantissa}·{exponent}".replace("-", "−")
