"""The columns of a record that say where the signal is: the angle at each time, the field, and Eq. 60 from data."""

from __future__ import annotations

from typing import Any

from qsense.comparison.points import MeasuredPoint
from qsense.estimators.phase.posterior import Reading
from qsense.runs.columns import PHASE_COLUMNS
from qsense.signals.magnetic import KEY, magnetic_field


def angle_columns(item: MeasuredPoint) -> list[dict[str, Any]]:
    """Returns PHASE_COLUMNS of each time: θ in rad with its 95 % interval, its ambiguity, and 1/(t² V_φ) beside G."""
    found = item.phases
    if found is None:
        return [dict.fromkeys(PHASE_COLUMNS) for _ in item.estimates]
    return [
        dict(
            zip(
                PHASE_COLUMNS,
                (one.value, one.stderr, *one.interval, one.ambiguity, gain.value, gain.stderr),
                strict=True,
            )
        )
        for one, gain in zip(found.angles, found.gains, strict=True)
    ]


def field_columns(item: MeasuredPoint) -> dict[str, Any]:
    """Returns φ in rad/s with its 95 % interval and ambiguity, the right-hand side of Eq. 60, and the angles in rad at
    every time with their intervals, as lists; {} without them. Where the spins' gyromagnetic ratio is known, the same
    numbers stand in T beside those in rad/s.

    The field that the spec gives keeps the name `field_rad_per_s` in tables; the one from counts is `field_estimate_…`.
    """
    found = item.phases
    if found is None or found.field is None:
        return {}
    one = found.field
    angles = {
        "phase_rad": [angle.value for angle in found.angles],
        "phase_low_rad": [angle.interval[0] for angle in found.angles],
        "phase_high_rad": [angle.interval[1] for angle in found.angles],
    }
    return {
        **angles,
        **_in_tesla(one, item.point.ratio),
        "field_estimate_rad_per_s": one.value,
        "field_estimate_stderr_rad_per_s": one.stderr,
        "field_low_rad_per_s": one.interval[0],
        "field_high_rad_per_s": one.interval[1],
        "field_ambiguity_rad_per_s": one.ambiguity,
        "phase_integrated_gain_s": found.integral.value,
        "phase_integrated_gain_stderr_s": found.integral.stderr,
    }


def _in_tesla(one: Reading, ratio: float | None) -> dict[str, float]:
    """The field in T, B = φ/(2π ratio): a negative ratio exchanges the ends of its interval."""
    if ratio is None:
        return {}
    low, high = sorted(magnetic_field(end, ratio) for end in one.interval)
    return {
        KEY: ratio,
        "field_estimate_t": magnetic_field(one.value, ratio),
        "field_estimate_stderr_t": magnetic_field(one.stderr, abs(ratio)),
        "field_low_t": low,
        "field_high_t": high,
        "field_ambiguity_t": magnetic_field(one.ambiguity, abs(ratio)),
    }
