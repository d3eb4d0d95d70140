"""Outcomes that hardly ever happen, where p'²/p is a quotient of two numbers that rounding hides.

Where noise commutes with the field, p' is the derivative of p by the phase, and p'²/p close to a minimum of p follows
from its curvature. Where it does not, p and p' are computed in twice the double precision.
"""

from __future__ import annotations

import dataclasses
from decimal import Decimal, localcontext
from typing import NamedTuple

import numpy as np

from qsense.noise import LocalNoise
from qsense.numerics.fisher import ComplexArray, FloatArray
from qsense.numerics.twofold import Twofold, add, exact, matrix_product, multiply
from qsense.probes import Probe
from qsense.theory.fine import DIGITS, cosine_and_sinc, fine_states, follows
from qsense.theory.lindblad import generator

ZERO = 1e-15  # of each order: a smaller p, or p'/N, is rounding
FINE_ZERO = 1e-30
COARSE_ZERO = 1.6e-14  # the same where twice the precision is not at hand, as beside a coupling
_STEPS, _LONGEST = 60, 0.2  # of Newton's search for a minimum; 1/N
_NARROW = 0.1  # 1/N: a minimum whose width a grid of phases may miss
_AWAY = (0.0, 0.1, 0.3, 1.0, 3.0, 10.0, 30.0)  # widths


class Bounds(NamedTuple):
    """Between which two values Σ_o p'_o²/p_o lies, as far as rounding lets p and p' be known."""

    low: FloatArray
    high: FloatArray


def bounds(p: FloatArray, slope: FloatArray, angles: FloatArray, zero: float) -> tuple[Bounds, FloatArray]:
    """Returns the bounds of p'²/p of each outcome, and by how much rounding of p, `zero`, may change it.

    An outcome that only the field lets happen has p = cθ² and p' = 2cθ, θ = φt: it adds 4c = 2p'/θ, the most that a p'
    allows.
    """
    p, square = np.maximum(p, 0), slope**2
    low = square / (p + zero)
    size = np.broadcast_to(np.abs(angles), p.shape)
    most = np.divide(2 * np.abs(slope), size, out=np.zeros_like(p), where=size > 0)
    known = p > 2 * zero
    high = np.where(known, np.divide(square, p - zero, out=np.zeros_like(p), where=known), np.maximum(most, low))
    unsure = np.where(known, low * zero / (p + zero), np.where(size > 0, np.inf, low))
    return Bounds(low, high), unsure


@dataclasses.dataclass(frozen=True)
class FineFringes:
    """p_o(θ) and p'_o(θ) in twice the double precision under local noise, up to six spins.

    Attributes:
        probe, noise, times, field: as in `fine.fine_gain`.
        effects: matrices of the outcomes that doubles hold exactly, shape (outcomes, 2^N, 2^N).
    """

    probe: Probe
    noise: LocalNoise
    times: FloatArray
    effects: ComplexArray
    field: float
    _known: dict[int, tuple[Twofold, Twofold]] = dataclasses.field(default_factory=dict, compare=False)

    def follows(self, index: int) -> bool:
        """Whether the field has turned the spins by no more than can be followed."""
        return bool(follows(self.noise, self.probe.num_qubits, self.times[index : index + 1], self.field)[0])

    def part(self, chosen: slice) -> FineFringes:
        """Returns those of some of the times."""
        return FineFringes(self.probe, self.noise, self.times[chosen], self.effects, self.field)

    def at(self, index: int, phase: float, derivative: int = 0) -> tuple[FloatArray, FloatArray]:
        """Returns p and p' of every outcome at a phase in rad, or a derivative of them by the phase."""
        if index not in self._known:
            states = fine_states(self.probe, self.noise, self.times[index : index + 1], self.field)
            self._known[index] = self._series(states[0]), self._series(states[1])
        waves = _waves(phase, self.probe.num_qubits, derivative)
        p, slope = (_sum_of_orders(multiply(series, waves)) for series in self._known[index])
        return p, slope

    def _series(self, matrix: Twofold) -> Twofold:
        """C_oq of a matrix of one time, shape (orders, outcomes)."""
        diagonal = generator(self.probe.num_qubits)
        order = np.subtract.outer(diagonal, diagonal)
        count = self.probe.num_qubits + 1
        chosen = [np.where(order == q, 2.0 if q else 1.0, 0.0).ravel() for q in range(count)]
        rows = Twofold(*(np.array([part[0].ravel() * one for one in chosen]) for part in matrix))
        columns = np.swapaxes(self.effects, 1, 2).reshape(len(self.effects), -1).T
        return matrix_product(rows, exact(columns))


def _waves(phase: float, num_qubits: int, derivative: int) -> Twofold:
    """(−iq)^d e^{−iqθ} of every order q, shape (orders, 1)."""
    with localcontext() as context:
        context.prec = DIGITS
        angle = Decimal(float(phase))
        cos, sinc = cosine_and_sinc(angle)
        sin, waves = sinc * angle, [(Decimal(1), Decimal(0))]
        for _ in range(num_qubits):
            re, im = waves[-1]
            waves.append((re * cos + im * sin, im * cos - re * sin))
        high = np.array([[float(part) for part in wave] for wave in waves])
        low = np.array([[float(part - Decimal(float(part))) for part in wave] for wave in waves])
    factor = (-1j * np.arange(num_qubits + 1.0)) ** derivative if derivative else np.ones(num_qubits + 1)
    turned = Twofold(*((part[:, 0] + 1j * part[:, 1])[:, None] for part in (high, low)))
    return multiply(turned, exact(factor[:, None]))


def _sum_of_orders(terms: Twofold) -> FloatArray:
    total = terms.at(0)
    for order in range(1, len(terms.hi)):
        total = add(total, terms.at(order))
    return np.asarray(total.hi.real)


def way_to_the_minimum(orders: FloatArray, values: ComplexArray, phases: FloatArray) -> FloatArray:
    """Returns how far the minimum of p is, from phases of shape (points,) that are close to it.

    Args:
        orders: q, shape (orders,).
        values: C of single outcomes, shape (points, orders).
        phases: in rad.
    """
    shift, rounding = np.zeros(len(phases)), ZERO * len(orders) * orders[-1]
    for _ in range(_STEPS):  # Newton for p' = 0, which at a zero of order 2m gains (2m−2)/(2m−1) a step
        turned = values * np.exp(-1j * orders * (phases + shift)[:, None])
        slope, bend = (turned.imag @ orders), -(turned.real @ orders**2)
        going = (bend > 0) & (np.abs(slope) > rounding)
        step = np.divide(-slope, bend, out=np.zeros_like(slope), where=going)
        shift += np.clip(step, -_LONGEST / orders[-1], _LONGEST / orders[-1])
        if np.all(np.abs(step) <= 1e-15 * (1 + np.abs(phases))):
            break
    return shift


def near_a_minimum(orders: FloatArray, values: ComplexArray, phases: FloatArray) -> FloatArray:
    """Returns p'²/p of single outcomes at phases close to a minimum of p, where p' is the derivative of p by the phase.

    With δ the distance from the minimum p = p_min + δ² R and p' = δ S, R and S being sums in which nothing cancels.
    Arguments as in `way_to_the_minimum`.
    """
    shift = way_to_the_minimum(orders, values, phases)
    turned = values * np.exp(-1j * orders * (phases + shift)[:, None])
    away = np.abs(shift) > 1e-14 * (1 + np.abs(phases))
    delta = np.where(away, -shift, 1.0)
    x = orders * delta[:, None]
    even, odd = -2 * np.sin(x / 2) ** 2, x**3 / 6 - x**5 / 120 + x**7 / 5040 - x**9 / 362880  # e^{−ix} − 1 + ix
    r = (turned.real * even - turned.imag * odd).sum(1) / delta**2
    s = (turned.imag * even - turned.real * np.sin(x)) @ orders / delta
    zero = ZERO * len(orders)
    least, left, bend = turned.real.sum(1), turned.imag @ orders, -(turned.real @ orders**2)
    hidden_least, hidden_left = np.abs(least) <= zero, np.abs(left) <= zero * orders[-1]
    # At a zero of a higher order than two the minimum is not where p' is rounding: what is hidden counts against p'²/p.
    is_flat = bend < 1.6 * r
    least = np.where(hidden_least, np.where(is_flat, np.abs(least), 0), least) / delta**2
    left, off = np.where(hidden_left, 0, left) / delta, np.where(hidden_left & is_flat, np.abs(left / delta), 0)
    p, slope = least + left + r + off, np.maximum(np.abs(left + s) - off, 0)
    return np.asarray(np.divide(slope**2, p, out=np.zeros_like(s), where=away & (p > zero)))


def narrow_peaks(
    orders: FloatArray, values: ComplexArray, slopes: ComplexArray, phases: FloatArray, fine: FineFringes | None
) -> tuple[FloatArray, FloatArray]:
    """Returns phases at which p'²/p may have a peak too narrow for a grid, and the widths of those peaks.

    Close to a minimum p = p_min + Rδ² and p' = s + Sδ: the peak is at δ = S p_min/(R s).

    Args:
        orders: q.
        values: C of one time, shape (orders, outcomes).
        slopes: D, same shape.
        phases: a grid that tells all minima apart.
        fine: the same time in twice the double precision, where that is at hand.
    """
    waves = np.exp(-1j * phases[:, None] * orders)
    p = (waves @ values).real
    place, outcome = np.nonzero((p <= np.roll(p, 1, 0)) & (p <= np.roll(p, -1, 0)))
    lowest = phases[place] + way_to_the_minimum(orders, values[:, outcome].T, phases[place])
    turned = values[:, outcome].T * np.exp(-1j * orders * lowest[:, None])
    moved = slopes[:, outcome].T * np.exp(-1j * orders * lowest[:, None])
    least, bend = turned.real.sum(1), -(turned.real @ orders**2)
    start, rise = moved.real.sum(1), moved.imag @ orders
    narrow = (bend > ZERO * len(orders)) & (2 * least < (_NARROW / orders[-1]) ** 2 * bend)
    found: list[tuple[float, float]] = []
    for k in np.flatnonzero(narrow):
        bottom, low, first, curve = lowest[k], least[k], start[k], bend[k]
        if fine is not None and low < 1e-8:
            (at, s), (left, s_rise) = fine.at(0, bottom), fine.at(0, bottom, 1)
            own = outcome[k]
            off = -left[own] / curve
            bottom, low, first = bottom + off, at[own] - left[own] ** 2 / (2 * curve), s[own] + s_rise[own] * off
        low = max(low, 0.0)
        width = max(np.sqrt(2 * low / curve), 1e-9)
        peak = np.clip(2 * rise[k] * low / (curve * first), -width * 30, width * 30) if first else 0.0
        found += [(bottom + peak, width), *((bottom + sign * far * width, width) for far in _AWAY for sign in (1, -1))]
    places, widths = np.array(found).reshape(-1, 2).T
    return places, widths
