"""From relaxation times to rates."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from qsense.errors import ArgumentError
from qsense.files.units import time_unit
from qsense.numerics.fisher import FloatArray

Rate = float | Sequence[float] | FloatArray
SLOWEST, FASTEST = 1e-30, 1e30  # 1/s: powers of rates beyond these leave the range of floating-point numbers
# Keys of local noise in entries, beside `depolarizing_rate` and `dephasing_exponent`.
RATES = ("dephasing_rate", "emission_rate", "absorption_rate", "transverse_rate")
KEYS = {**{key.removesuffix("_rate"): key for key in RATES}, "exponent": "dephasing_exponent"}
"""Arguments of LocalNoise → keys of entries and files."""
TIMES = ("t1_s", "t2_s", "excited_population")
_NOT_MORE_THAN_TWICE = 1 + 1e-12  # T2 = 2 T1 is allowed, also after rounding


def rates(t1: Rate, t2: Rate, excited_population: Rate) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Returns γ_φ, γ_↓, γ_↑ in 1/s: γ_↓ = (1−p)/T1, γ_↑ = p/T1, γ_φ = (1/T2 − 1/(2 T1))/2, each (spins,).

    Args:
        t1: T1 > 0 in s, may be infinite; one number or one per spin.
        t2: 0 < T2 ≤ 2 T1 in s.
        excited_population: p in [0, 1].

    Raises:
        ArgumentError: a time is not positive, T2 > 2 T1, or p is outside [0, 1].

    >>> rates(2.0, 4.0, 0.25)
    (array([0.]), array([0.375]), array([0.125]))
    """
    t1s, t2s, populations = _per_spin(t1=t1, t2=t2, excited_population=excited_population)
    for key, values in (("t1", t1s), ("t2", t2s)):
        for value in values:
            if not value > 0:
                raise ArgumentError(f"Argument `{key}` must be positive, but is {_shown(value)}.")
    for one, two in zip(t1s, t2s, strict=True):
        if two > 2 * one * _NOT_MORE_THAN_TWICE:
            raise ArgumentError(f"Argument `t2` must be at most 2 T1 = {_shown(2 * one)}, but is {_shown(two)}.")
    for value in populations:
        if not 0 <= value <= 1:
            raise ArgumentError(f"Argument `excited_population` must be in [0, 1], but is {value}.")
    relaxation = 1 / t1s
    dephasing = np.maximum(1 / t2s - relaxation / 2, 0) / 2
    return dephasing, relaxation * (1 - populations), relaxation * populations


def _shown(seconds: float) -> str:
    size, symbol = time_unit(abs(seconds))
    return f"{seconds / size:.9g} {symbol}" if seconds else "0 s"


def checked(kind: str, rate: Rate) -> tuple[float, ...]:
    """Returns rates as a tuple, one or one per spin.

    Raises:
        ArgumentError: a rate is not a number, is negative or is not finite; `kind` is what the message calls it.
    """
    try:
        values = tuple(float(r) for r in np.atleast_1d(np.asarray(rate, dtype=np.float64)))
    except (TypeError, ValueError, OverflowError) as error:
        raise ArgumentError(f"Argument `{kind}` must be a number or a list of numbers, but is {rate!r}.") from error
    if not values:
        raise ArgumentError(f"Argument `{kind}` must have at least one rate, but is empty.")
    for value in values:
        if not (math.isfinite(value) and value >= 0):
            raise ArgumentError(f"Argument `{kind}` must be finite and not negative, but is {value} (1/s).")
    return values


def equilibrium(emission: FloatArray, absorption: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Returns the populations of up and of down in equilibrium, γ_↑/(γ_↓+γ_↑) and γ_↓/(γ_↓+γ_↑), each (spins,).

    Each has its own relative accuracy, however small it is. Both are 0 for a spin without either rate.

    >>> equilibrium(np.array([1.0, 0.0]), np.array([1e-20, 0.0]))
    (array([1.e-20, 0.e+00]), array([1., 0.]))
    """
    total = emission + absorption
    up, down = (np.divide(rate, total, out=np.zeros_like(total), where=total > 0) for rate in (absorption, emission))
    return up, down


def _per_spin(**arguments: Rate) -> list[FloatArray]:
    arrays = {key: np.atleast_1d(np.asarray(value, dtype=np.float64)) for key, value in arguments.items()}
    if empty := [key for key, value in arrays.items() if not len(value)]:
        raise ArgumentError(f"Argument `{empty[0]}` must have at least one number, but is empty.")
    lengths = {key: len(value) for key, value in arrays.items() if len(value) > 1}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"`{key}` has {n}" for key, n in lengths.items())
        raise ArgumentError(f"Lists must have one number per spin, but {listed}.")
    size = max(len(value) for value in arrays.values())
    return [np.broadcast_to(value, (size,)) for value in arrays.values()]
