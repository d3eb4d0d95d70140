"""Numbers as they read well, for tables, sentences and figures: times in their unit, values with their error."""

from __future__ import annotations

import math


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

    >>> readable_time(0.00022709, 1.8e-05), readable_time(1.3812, 0.031), readable_time(6.9e-05)
    ('227 ± 18 µs', '1.38 ± 0.03 s', '69 µs')
    """
    size, symbol = time_unit(abs(seconds))
    value = f"{seconds / size:.3g}"
    if error is None:
        return f"{value} {symbol}"
    spread = error / size
    return f"{value} ± {spread:.0f} {symbol}" if spread >= 9.5 else f"{value} ± {spread:.1g} {symbol}"


def with_error(value: float, error: float) -> str:
    """Returns a value and its error, of which two digits are shown, with as many decimals in both.

    >>> with_error(3.28, 0.038), with_error(227.1, 18.2), with_error(5.0, 0.0)
    ('3.280 ± 0.038', '227 ± 18', '5 ± 0')
    """
    if not (math.isfinite(error) and error > 0):
        return f"{value:.4g} ± {error:.2g}"
    decimals = max(1 - math.floor(math.log10(float(f"{error:.1e}"))), 0)
    return f"{value:.{decimals}f} ± {error:.{decimals}f}"
