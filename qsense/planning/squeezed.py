"""Squeezed spins: the closed form of a one-axis-twisted probe that is read by its collective spin."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np

from qsense.numerics.fisher import FloatArray
from qsense.planning.curves import Curve
from qsense.planning.kinds import by_kinds
from qsense.planning.question import Factors
from qsense.planning.spins import Spins

_BETWEEN = 240  # times of a curve of all scaled ones


class _Sums(NamedTuple):
    """What is left of spins and of pairs of them, summed, each of shape (draws, times); no twist is in them.

    Attributes:
        each: Σ η_j.
        alike, mixed: of pairs, what keeps their correlation and what exchanges it with that of the other direction.
    """

    each: FloatArray
    alike: FloatArray
    mixed: FloatArray

    def variance(self, num_qubits: int, one: float, other: float) -> FloatArray:
        """Returns Var J of pairs correlated by `one` in this direction and by `other` in the other."""
        return np.asarray((num_qubits + one * self.alike + other * self.mixed) / 4)


@dataclass(frozen=True, eq=False)
class Squeezed:
    """A one-axis-twisted probe read by its collective spin: G ≥ <∂J>²/Var J, in closed form.

    Source: Kitagawa & Ueda, Phys. Rev. A 47, 5138 (1993): <J_x> = (N/2) cos^{N−1} χ, and the correlation of two spins
    across it is C = (A − √(A² + B²))/4 with A = 1 − cos^{N−2} 2χ and B = 4 sin χ cos^{N−2} χ. Noise of each spin
    multiplies its part by η_j; a phase that spins share mixes C with the correlation 1 − A/2 along the mean spin.

    Attributes:
        spins: of a device, or those of a noise, with their numbers alone.
        strength: χ in rad.
        lost: λ of each spin's preparation and readout turn, shape (spins,).
        waits: how long the twisting takes, in s, in which spins decay as in the window.
        world: noise that is not that of a device's calibration; None on a device.
        moved: the same with each kind of rate raised in turn, then lowered, as of OfTheory.
    """

    spins: Spins
    strength: float
    lost: FloatArray
    overhead: float = 0.0
    waits: float = 0.0
    world: Any = None
    readout: str = "moments"
    tells_gain: bool = True
    moved: tuple[Curve, ...] = ()

    def gain(self, times: FloatArray, factors: Factors) -> FloatArray:
        if self.moved and factors.kinds is not None:
            return by_kinds(self, self.moved, times, factors.kinds)
        if self.world is not None and len(factors.whole) > 1 and times.any():  # scaled: one curve at other times
            scaled = times[None, :] / factors.whole[:, None]
            one = Factors.scaled([1.0], len(self.spins.qubits))
            at = np.geomspace(max(scaled.min(), scaled.max() * 1e-12), scaled.max(), _BETWEEN)
            logs = np.log(np.maximum(self.gain(at, one)[0], 1e-300))
            return np.asarray(np.exp(np.interp(np.log(np.maximum(scaled, at[0])), np.log(at), logs)))
        slope, across, _ = self.of_collective_spin(times, factors)
        return np.asarray(slope**2 / across)

    def of_collective_spin(self, times: FloatArray, factors: Factors) -> tuple[FloatArray, FloatArray, FloatArray]:
        """Returns ∂<J> by θ, and the variances of J across and along the mean spin, each of shape (draws, times)."""
        n, sums = len(self.spins.qubits), self._sums(times, factors)
        mean, across = one_axis_moments(n, self.strength)
        along = 1 - one_axis_a(n, self.strength) / 2
        slope = mean * sums.each / 2
        return slope, sums.variance(n, across, along), sums.variance(n, along, across) - slope**2

    def gains_of(self, strengths: FloatArray, times: FloatArray) -> FloatArray:
        """Returns G of other strengths, as calibrated, shape (strengths, times)."""
        n = len(self.spins.qubits)
        sums, found = self._sums(times, Factors.scaled([1.0], n)), []
        for strength in strengths.tolist():
            mean, across = one_axis_moments(n, strength)
            variance = sums.variance(n, across, 1 - one_axis_a(n, strength) / 2)
            found.append((mean * sums.each / 2) ** 2 / variance)
        return np.concatenate(found)

    def _sums(self, times: FloatArray, factors: Factors) -> _Sums:
        n = len(self.spins.qubits)
        kept = (1 - self.lost) * (1 - self.spins.lost_in_window) * self.spins.contrast
        if self.world is None:  # a spin that is lost before or while it twists is no longer correlated either
            eta = kept * np.exp(-(times[None, :, None] + self.waits) / self.spins.relaxation(factors).t2)
            alike = eta.sum(-1) ** 2 - (eta**2).sum(-1)
            return _Sums(eta.sum(-1), alike, np.zeros_like(alike))
        scaled = (times[None, :] / factors.whole[:, None]).ravel()
        shape = (len(factors.whole), len(times))
        decay = self.world.spin_channel(scaled, n).coherence.reshape(*shape, n)
        shared = self.world.covariance(scaled, n).reshape(*shape, n, n)
        own = np.diagonal(shared, axis1=-2, axis2=-1) / 2
        alone = kept * decay
        both, common = alone[..., :, None] * alone[..., None, :], -own[..., :, None] - own[..., None, :]
        more, less = both * np.exp(common + shared), both * np.exp(common - shared)  # large shares cancel in exponents

        def of_pairs(values: FloatArray) -> FloatArray:
            return np.asarray(values.sum((-2, -1)) - np.diagonal(values, axis1=-2, axis2=-1).sum(-1))

        return _Sums((alone * np.exp(-own)).sum(-1), of_pairs(more + less) / 2, of_pairs(more - less) / 2)

    def information(self, times: FloatArray, factors: Factors) -> FloatArray:
        return self.gain(times, factors)


def one_axis_a(num_qubits: int, strength: float) -> float:
    """Returns A = 1 − cos^{N−2} 2χ of Kitagawa and Ueda."""
    return float(1 - np.cos(2 * strength) ** (num_qubits - 2))


def one_axis_moments(num_qubits: int, strength: float) -> tuple[float, float]:
    """Returns <σ_x> of a spin and <σ_y σ_y> of two, of a one-axis-twisted state turned for the least variance along y.

    >>> one_axis_moments(4, 0.0)
    (1.0, 0.0)
    """
    a = one_axis_a(num_qubits, strength)
    b = 4 * np.sin(strength) * np.cos(strength) ** (num_qubits - 2)
    return float(np.cos(strength) ** (num_qubits - 1)), float((a - np.sqrt(a**2 + b**2)) / 4)
