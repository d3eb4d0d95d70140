"""What figures of G(t) share: what lies above the bound, and axes on which values of very unlike sizes can be read."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from qsense.files.figures import literal
from qsense.files.wrapping import wrapped
from qsense.noise import AnyNoise
from qsense.noise.wording import described
from qsense.numerics.fisher import FloatArray

if TYPE_CHECKING:
    from matplotlib.axes import Axes

MANY = 16  # spins, from which on N and N² are too far apart for one linear axis
ABOVE = "above the bound on any probe"
_DECADES = 1e3  # of gains at the times that were measured
_LETTERS, _LINES = 36, 3


def shade_above(panel: Axes, x: FloatArray, bound: FloatArray, top: float) -> Any:
    """Shades what lies above the bound, inside the axes; returns what a legend shows of it."""
    finite = np.isfinite(bound)
    if len(x) == 1:
        return panel.axhspan(float(bound[0]), top, color="0.88", lw=0, label=ABOVE, zorder=-1)
    return panel.fill_between(
        x[finite], np.minimum(bound[finite], top), top, color="0.88", lw=0, label=ABOVE, zorder=-1
    )


def scale_gains(panel: Axes, num_qubits: int, gains: FloatArray, low: float, high: float) -> float:
    """Sets the axis of G, logarithmic of many spins and where G spans decades; returns its upper end.

    Below its smallest decade a logarithmic axis is linear, so that estimates of zero and below are seen.

    Args:
        panel: whose axis it is.
        num_qubits: N.
        gains: what is drawn, of which the positive ones tell the scale, shape (any,).
        low, high: the ends of what is drawn, with error bars.
    """
    positive = gains[gains > 0]
    is_wide = positive.size > 0 and float(positive.max()) > _DECADES * float(positive.min())
    if not positive.size or (num_qubits < MANY and not is_wide):
        panel.set_ylim(min(0.0, 1.05 * low), 1.08 * high)
        return 1.08 * high
    least = 10.0 ** math.floor(math.log10(max(float(positive.min()), 1e-5 * float(positive.max()))))
    panel.set_yscale("symlog", linthresh=least, linscale=0.4)
    panel.set_ylim(1.5 * low if low < -least else 0.0, 2 * high)
    return 2 * high


def noise_words(noise: AnyNoise, letters: int = _LETTERS) -> str:
    """Returns what acts on the spins, in lines for a panel's title; "" where that takes more than three.

    >>> from qsense.noise import LocalNoise
    >>> noise_words(LocalNoise(dephasing=0.1))
    'dephasing 0.1 1/s'
    """
    lines = wrapped(described(noise), letters)
    return "\n".join(map(literal, lines)) if len(lines) <= _LINES else ""
