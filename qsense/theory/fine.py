"""Transverse noise of each spin in twice the double precision: for fields so weak that the state stays almost pure.

The channel of `transverse` is evaluated with seventy digits from the rates' exact values, so that an eigenvalue of
1e-24 beside 1 keeps its digits.
"""

from __future__ import annotations

from decimal import Decimal, localcontext

import numpy as np
from numpy.typing import NDArray

from qsense.noise import LocalNoise
from qsense.numerics.fisher import FloatArray
from qsense.numerics.nearly_pure import Information, fine_qfi
from qsense.numerics.twofold import Twofold, add, exact, multiply
from qsense.probes import Probe

_KINDS = ("dephasing", "emission", "absorption", "transverse")
DIGITS = 70
_SPREAD = 400  # |κt|² up to which an oscillation is followed
_STATE_OFFSET = 3e-16  # rounding of a state's amplitudes, as an angle


def fine_gain(
    probe: Probe, noise: LocalNoise, times: FloatArray, field: float, weights: FloatArray | None = None
) -> Information:
    """Returns G and the estimate of its error, each of shape (times,); the error is infinite where φt is too large.

    Args:
        probe: the state that is prepared, N ≤ 8.
        noise: local noise with exponential decay.
        times: shape (times,), in s, positive.
        field: φ in rad/s.
        weights: w_j of the signal, shape (N,); 1 by default.
    """
    largest = 1.0 if weights is None else float(np.abs(weights).max())
    fits = follows(noise, probe.num_qubits, times, field * largest)
    value, error = np.zeros(len(times)), np.full(len(times), np.inf)
    if fits.any():
        rho, slope = fine_states(probe, noise, times[fits], field, weights)
        offset = 0.0 if probe.kind == "ghz" or (probe.kind == "product" and not probe.tilt) else _STATE_OFFSET
        value[fits], error[fits] = fine_qfi(rho, slope, field * times[fits], offset)
    return Information(value, error)


def follows(noise: LocalNoise, num_qubits: int, times: FloatArray, field: float) -> NDArray[np.bool_]:
    """Whether the field has turned the spins by no more than the series follow, at times of shape (times,)."""
    transverse = np.broadcast_to(np.array(noise.transverse), (num_qubits,))
    return np.asarray(np.max((field**2 - transverse**2), initial=0.0) * times**2 <= _SPREAD)


def cosine_and_sinc(angle: Decimal) -> tuple[Decimal, Decimal]:
    """Returns cos x and sin(x)/x in the precision of the context.

    >>> cosine_and_sinc(Decimal(0))
    (Decimal('1'), Decimal('1'))
    """
    cosine, sinc, _ = _hyperbolic(-(angle**2), Decimal(0))
    return cosine, sinc


def fine_states(
    probe: Probe, noise: LocalNoise, times: FloatArray, field: float, weights: FloatArray | None = None
) -> tuple[Twofold, Twofold]:
    """Returns ρ and ∂_φρ/t at every time, each (times, 2^N, 2^N)."""
    n = probe.num_qubits
    shape = (len(times),) + (2,) * (2 * n)
    start = exact(probe.density_matrix()) if probe.is_mixed else _outer(probe)
    rho = Twofold(*(np.broadcast_to(part.reshape((1, *shape[1:])), shape).copy() for part in start))
    slope = exact(np.zeros(shape))
    rates = [np.broadcast_to(np.array(getattr(noise, kind)), (n,)) for kind in _KINDS]
    known: dict[tuple[float, ...], dict[str, Twofold]] = {}
    for spin in range(n):
        weight = 1.0 if weights is None else float(weights[spin])
        own = (*(float(rate[spin]) for rate in rates), weight)
        if own not in known:
            known[own] = _spin(own, times, field, (None,) * (2 * n - 2))
        _apply(rho, slope, known[own], n, spin)
    size = 2**n
    return (
        Twofold(rho.hi.reshape(-1, size, size), rho.lo.reshape(-1, size, size)),
        Twofold(slope.hi.reshape(-1, size, size), slope.lo.reshape(-1, size, size)),
    )


def _outer(probe: Probe) -> Twofold:
    state = probe.statevector()
    return multiply(exact(state[:, None]), exact(state.conj()[None, :]))


def _apply(rho: Twofold, slope: Twofold, own: dict[str, Twofold], n: int, spin: int) -> None:
    """Applies one spin's channel in place."""
    # Axis 0 is time; the row index of spin j is axis N−j, its column index N further.
    axes = (n - spin, 2 * n - spin)
    state, moved = (Twofold(*(np.moveaxis(part, axes, (0, 1)) for part in array)) for array in (rho, slope))
    ket, bra, down, up = (state.at(place) for place in ((0, 1), (1, 0), (0, 0), (1, 1)))
    moved_ket, moved_bra, moved_down, moved_up = (moved.at(place) for place in ((0, 1), (1, 0), (0, 0), (1, 1)))
    new = {
        (0, 1): _sum(("a", ket), ("b", bra), own=own),
        (1, 0): _sum(("b", ket), ("a*", bra), own=own),
        (0, 0): _sum(("down", down), ("fall", up), own=own),
        (1, 1): _sum(("lift", down), ("up", up), own=own),
    }
    new_moved = {
        (0, 1): _sum(("a", moved_ket), ("b", moved_bra), ("da", ket), ("db", bra), own=own),
        (1, 0): _sum(("b", moved_ket), ("a*", moved_bra), ("db", ket), ("da*", bra), own=own),
        (0, 0): _sum(("down", moved_down), ("fall", moved_up), own=own),
        (1, 1): _sum(("lift", moved_down), ("up", moved_up), own=own),
    }
    for array, blocks in ((state, new), (moved, new_moved)):
        for place, block in blocks.items():
            array.hi[place], array.lo[place] = block


def _sum(*pairs: tuple[str, Twofold], own: dict[str, Twofold]) -> Twofold:
    total = multiply(own[pairs[0][0]], pairs[0][1])
    for name, array in pairs[1:]:
        total = add(total, multiply(own[name], array))
    return total


def _spin(rates: tuple[float, ...], times: FloatArray, field: float, column: tuple[None, ...]) -> dict[str, Twofold]:
    """The numbers of one spin's channel at every time: what `transverse.turn` has, and the populations. Its weight is
    the last of the rates."""
    names = ("up", "down", "lift", "fall", "b", "db", "a", "a_i", "da", "da_i")
    with localcontext() as context:
        context.prec = DIGITS
        *exact_rates, weight = (Decimal(rate) for rate in rates)
        rows = [_numbers(exact_rates, Decimal(float(time)), Decimal(field), weight) for time in times]
        high = np.array([[float(number) for number in row] for row in rows])
        low = np.array([[float(number - Decimal(float(number))) for number in row] for row in rows])
    found = {name: (high[:, k], low[:, k]) for k, name in enumerate(names)}
    place = (slice(None), *column)
    result = {
        name: Twofold(*(part.astype(np.complex128)[place] for part in found[name]))
        for name in ("up", "down", "lift", "fall", "b", "db")
    }
    for name in ("a", "da"):
        parts = [(re + 1j * im)[place] for re, im in zip(found[name], found[f"{name}_i"], strict=True)]
        result[name] = Twofold(*parts)
        result[f"{name}*"] = Twofold(*(part.conj() for part in parts))
    return result


def _numbers(rates: list[Decimal], time: Decimal, field: Decimal, weight: Decimal) -> tuple[Decimal, ...]:
    """up, down, lift, fall, b, db, Re a, Im a, Re da, Im da of `transverse`: (ρ_01, ρ_10) ↦ ((a, b), (b, a*))."""
    field *= weight
    dephasing, emission, absorption, transverse = rates
    total = emission + absorption + 2 * transverse
    kept = (-total * time).exp()
    lift = (absorption + transverse) / total * (1 - kept) if total else Decimal(0)
    fall = (emission + transverse) / total * (1 - kept) if total else Decimal(0)
    lost = (emission + absorption + 4 * dephasing + 2 * transverse) * time / 2
    cosh, sinhc, quotient = _hyperbolic((transverse**2 - field**2) * time**2, lost)
    angle = field * time
    return (
        1 - fall,
        1 - lift,
        lift,
        fall,
        transverse * time * sinhc,
        -weight * angle * transverse * time * quotient,
        cosh,
        -angle * sinhc,
        -weight * angle * sinhc,
        weight * (angle**2 * quotient - sinhc),
    )


def _hyperbolic(y: Decimal, lost: Decimal) -> tuple[Decimal, Decimal, Decimal]:
    """cosh √y, sinh √y/√y and (cosh √y − sinh √y/√y)/y times e^{−lost}, also where y is negative."""
    if y > 1:
        root = y.sqrt()
        grown, fallen = (root - lost).exp(), (-root - lost).exp()
        cosh, sinhc = (grown + fallen) / 2, (grown - fallen) / (2 * root)
        return cosh, sinhc, (cosh - sinhc) / y
    cosh = sinhc = quotient = Decimal(0)
    term, k = (-lost).exp(), 0  # y^k/(2k)!
    least = term * Decimal(10) ** -DIGITS
    while abs(term) > least or k * k < abs(y):
        cosh += term
        sinhc += term / (2 * k + 1)
        quotient += term * 2 * (k + 1) / ((2 * k + 1) * (2 * k + 2) * (2 * k + 3))
        k += 1
        term = term * y / ((2 * k - 1) * (2 * k))
    return cosh, sinhc, quotient
