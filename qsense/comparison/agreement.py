"""Measured G beside a predicted curve, from their numbers alone: z at each time, one factor for all, one p-value."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from qsense.estimators.chance import NO_ERROR, p_value, z_score
from qsense.estimators.result import Estimate
from qsense.estimators.spam import fit_amplitude
from qsense.numerics.fisher import FloatArray

ONE_TIME = "one time does not tell a factor from decay"


class Agreement(NamedTuple):
    """How far a prediction is from what was measured.

    Attributes:
        amplitude: the factor that preparation and readout leave of G, where it is fitted and can be.
        z: of each time, the residual over its standard error; None where that is not known.
        p_value: the chance of such a distance; None where nothing is left to be tested.
        no_z: why some have no z; None where all have one.
    """

    amplitude: Estimate | None
    z: tuple[float | None, ...]
    p_value: float | None
    no_z: str | None


def agreement(predicted: FloatArray, values: FloatArray, errors: FloatArray, is_fitted: bool = False) -> Agreement:
    """Returns how far a prediction is from measured values.

    Args:
        predicted, values: at each time, shape (times,).
        errors: of the values; where one is 0 or not finite, the time has no z and no part in the p-value.
        is_fitted: whether a factor of the prediction is fitted to all times first.

    >>> agreement(np.array([4.0, 2.0]), np.array([3.5, 2.1]), np.array([0.5, 0.0])).z
    (-1.0, None)
    >>> agreement(np.array([4.0, 2.0]), np.array([3.6, 1.8]), np.array([0.1, 0.1]), True).amplitude.value.__round__(6)
    0.9
    """
    known = np.isfinite(predicted) & np.isfinite(values) & np.isfinite(errors) & (errors > 0)
    z: list[float | None] = [None] * len(values)
    no_z = None if known.all() else NO_ERROR
    if not is_fitted or not np.any(predicted[known] > 0):
        for place in np.flatnonzero(known):
            z[place] = z_score(float(values[place] - predicted[place]), float(errors[place]))
        square = sum(one**2 for one in z if one is not None)
        return Agreement(None, tuple(z), p_value(square, int(known.sum())) if known.any() else None, no_z)
    if known.sum() < 2:
        return Agreement(None, tuple(z), None, no_z or ONE_TIME)
    estimates = [Estimate(float(v), float(e)) for v, e in zip(values[known], errors[known], strict=True)]
    fit = fit_amplitude(estimates, predicted[known])
    for place, one in zip(np.flatnonzero(known), fit.z, strict=True):
        z[place] = float(one)
    return Agreement(fit.amplitude, tuple(z), fit.p_value, no_z)


def amplitude_columns(found: Agreement) -> dict[str, Any]:
    """Returns the factor as columns; None in each where there is none."""
    one = found.amplitude
    return {"amplitude": None if one is None else one.value, "amplitude_stderr": None if one is None else one.stderr}


def time_rows(
    rows: Sequence[Mapping[str, Any]], predicted: FloatArray, found: Agreement, **more: Sequence[Any]
) -> list[dict[str, Any]]:
    """Returns a mapping for each time: predicted and measured G, their ratio, z, and more columns.

    Args:
        rows: of estimates.csv, of one point.
        predicted: at each of them.
        found: the agreement of both.
        more: further columns.
    """
    return [
        {
            "time_s": row["time_s"],
            "predicted": float(predicted[k]),
            "measured": row["gain"],
            "stderr": row["stderr"],
            "ratio": row["gain"] / float(predicted[k]) if predicted[k] else None,
            "z": found.z[k],
            **{name: column[k] for name, column in more.items()},
        }
        for k, row in enumerate(rows)
    ]
