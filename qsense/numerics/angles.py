"""How large an angle may be before floating-point numbers no longer resolve it."""

from __future__ import annotations

import math

from qsense.errors import ArgumentError

# From here on neighbouring doubles are 1.9e-9 rad apart; below, rounding moves a fringe by less than 1e-9 rad, and G by
# less than that part of it.
LARGEST_ANGLE = 2.0**23


def check_angle(angle: float, what: str, fix: str) -> None:
    """Raises an ArgumentError if rounding of an angle could change G by more than 1e-9 of it.

    Args:
        angle: the largest angle of a fringe, such as N·φ·t, in rad.
        what: the argument or key, and what the angle is, to begin the message with.
        fix: what to give instead, to end it with.

    >>> check_angle(1e15, "Argument `field`: N·φ·t", "give the field's deviation from a known one")
    Traceback (most recent call last):
    qsense.errors.ArgumentError: Argument `field`: N·φ·t is 1e+15 rad, but doubles resolve an angle to 1e-9 rad only \
below 8.4e+06 rad; give the field's deviation from a known one.
    """
    if not abs(angle) < LARGEST_ANGLE:
        raise ArgumentError(
            f"{what} is {angle:.3g} rad, but doubles resolve an angle to 1e-9 rad only below {LARGEST_ANGLE:.2g} rad; "
            f"{fix}."
        )


def check_field(num_qubits: int, field: float, time: float, what: str = "Argument `field`") -> None:
    """Raises an ArgumentError if N·φ·t is too large an angle, see `check_angle`.

    Args:
        num_qubits: N.
        field: φ in rad/s.
        time: the longest t in s.
        what: the argument or key.

    Raises:
        ArgumentError: it is; or the field is not finite.
    """
    if not math.isfinite(field):
        raise ArgumentError(f"{what} must be finite, but is {field} rad/s.")
    check_angle(
        num_qubits * abs(field) * time,
        f"{what}: N·φ·t at t = {time:.4g} s",
        "give the field's deviation from a known one (the frame that turns with that), or shorter times",
    )
