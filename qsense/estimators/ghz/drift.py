"""Did the fringe of a GHZ probe drift between its rows? What the counts of its readouts can say."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from qsense.circuits.counts import Counts
from qsense.estimators import tally
from qsense.estimators.assumptions.drift import Alike, alike_p_value, sides_p_value
from qsense.estimators.assumptions.readings import Readings, read
from qsense.estimators.ghz.block import Method
from qsense.numerics.fisher import FloatArray


def drift_p_value(counts: Sequence[Counts], method: Method, angles: FloatArray) -> float | None:
    """Returns how likely rows that contradict each other as much are without drift; None where none can.

    Rows of `loss_flag` flag equally many shots; both sides of the fringe, where they are measured, add up to the same
    along it and across.

    Args:
        counts: of each time.
        method: of readout.
        angles: of the fringe, in rad, a row each; `parity` has one along Z before them.
    """
    chances = []
    if method == "loss_flag" and counts[0].num_bits > 1:
        shares = [tally.flagged(one) for one in counts]
        chances.append(alike_p_value([Alike(one[:, 2], one.sum(1)) for one in shares]))
    signs = np.round(np.cos(2 * angles)) * (np.abs(np.sin(2 * angles)) < 1e-9)
    # Each quadrature on both of its sides: the fringe itself drops out.
    if len(signs) == 4 and abs(np.sum(np.exp(1j * angles))) < 1e-9 and abs(signs.sum()) < 1e-9:
        every = np.concatenate([[0.0], signs]) if method == "parity" else signs
        chances.append(sides_p_value(every.tolist(), [_readings(one, method) for one in counts]))
    told = [one for one in chances if one is not None]
    return min(1.0, len(told) * min(told)) if told else None


def signs_of(counts: Counts, method: Method) -> FloatArray:
    """Returns what each entry says of the fringe, ±1, and 0 where it is flagged, shape (entries,)."""
    ups = tally.num_ups(counts)
    if method == "parity":
        return np.asarray(1.0 - 2.0 * (ups % 2))
    if method == "multiple_quantum":
        return np.asarray(1.0 - 2.0 * (ups > 0))
    first = counts.outcomes[:, 0].astype(np.int64) & 1
    return np.where(ups > first, 0.0, 1.0 - 2.0 * first)


def _readings(counts: Counts, method: Method) -> Readings:
    return read(counts, signs_of(counts, method), 2.0)
