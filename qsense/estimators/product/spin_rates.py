"""Every spin's own rate of decay, from a product probe at several times: which spin is the bad one?"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from qsense.circuits.counts import Counts
from qsense.estimators.integral import fit
from qsense.estimators.product.spins import AXES, Axis, spins
from qsense.numerics.fisher import FloatArray


class SpinRates(NamedTuple):
    """Arrays of shape (spins,).

    Attributes:
        rate: 1/T2 of each spin, in 1/s, of free decay or echo, whichever the sensing window contains.
        stderr: its standard error.
        p_value: how likely the residuals of the spin's exponential decay are by chance.
    """

    rate: FloatArray
    stderr: FloatArray
    p_value: FloatArray


def coherence_rates(
    times: Sequence[float] | FloatArray,
    counts: Sequence[Counts],
    axes: Sequence[Axis] = AXES,
    amplitude: float | None = 1.0,
) -> SpinRates:
    """Returns 1/T2 of every spin, from its squared coherence A e^{−2t/T2}.

    A spin whose decay is no exponential is not refused, but has a small p-value: its rate is that of the best
    exponential.

    Args:
        times: shape (n,), in s, increasing; at least 2, or 3 if the amplitude is fitted.
        counts: at each time, of the settings of `product.design`.
        axes: as in `product.design`.
        amplitude: A; 1 − tilt² of the probe. None fits it for each spin, as for imperfect preparation or readout.

    Raises:
        ArgumentError: too few times, or a spin that shows no decay.
    """
    measured = [spins(one, axes).gains for one in counts]
    found = [
        fit(times, gains, "exponential", amplitude=amplitude, refused_below=0.0)
        for gains in zip(*measured, strict=True)
    ]
    rates = [f.parameters["rate"] for f in found]
    return SpinRates(
        np.array([r.value / 2 for r in rates]),
        np.array([r.stderr / 2 for r in rates]),
        np.array([f.p_value for f in found]),
    )
