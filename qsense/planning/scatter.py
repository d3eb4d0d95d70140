"""How far G scatters that the estimators of a run show, by what they do with their circuits, in closed form.

`ghz` by the loss flag has two circuits a time, along the expected phase and across it; by parity a third along Z;
`product` has three; `moments` one for the slope and more for the variance. The run turns its settings with the phase
that its spec expects, and so a fringe is at its top along it: that circuit alone decides the scatter of V².
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np

from qsense.numerics.fisher import FloatArray
from qsense.planning.curves import Curve, GhzOnDevice, OfTheory, ProductOnDevice
from qsense.planning.question import Factors, Question
from qsense.planning.site import WholeBlock
from qsense.planning.squeezed import Squeezed
from qsense.theory.block import is_block, reach, visibility_and_kept

_CIRCUITS = {"loss_flag": 2, "parity": 3, "local_x": 3}
MOST_OF_TOMOGRAPHY = 6
_MOST_MOMENTS = 4


class Scatter(NamedTuple):
    """The variance of G of n shots in every circuit, first/n + second/n², each of shape (draws, times)."""

    first: FloatArray
    second: FloatArray

    def at(self, shots: float | FloatArray) -> FloatArray:
        """Returns the variance with so many shots of every circuit."""
        return np.asarray(self.first / shots + self.second / shots**2)


def circuits_of(readout: str, num_qubits: int) -> int:
    """Returns the circuits that a readout takes at each time.

    >>> circuits_of("loss_flag", 4), circuits_of("moments", 12)
    (2, 3)
    """
    if readout == "moments":
        return 1 + _moments(num_qubits)
    if readout == "any" and num_qubits <= MOST_OF_TOMOGRAPHY:
        return int(3**num_qubits)
    return _CIRCUITS.get(readout, 3)


def _moments(num_qubits: int) -> int:
    return min(max(round(math.sqrt(num_qubits / 3)), 1), _MOST_MOMENTS)


def scatter(curve: Curve, times: FloatArray, factors: Factors, question: Question) -> Scatter:
    """Returns how G scatters that a run shows of a probe.

    Args:
        curve: of the probe.
        times: in s.
        factors: draws of T1 and T2.
        question: whose signal, if it alternates, multiplies G by W².
    """
    found = _about_the_angle(curve, times, factors)
    power = question.collected(times) ** 4
    return Scatter(*(np.nan_to_num(part * power, nan=np.inf) for part in found))


def _about_the_angle(curve: Curve, times: FloatArray, factors: Factors) -> Scatter:
    gains = curve.gain(times, factors)
    if isinstance(curve, ProductOnDevice):
        weights, squares = curve.spins.weights, curve.coherences(times, factors) ** 2
        own = Scatter(4 * squares * (1 - squares), 2 * (1 - squares) ** 2 + 2)
        return Scatter(*((weights**4 * part).sum(-1) for part in own))
    if isinstance(curve, Squeezed):
        return _of_moments(curve, times, factors, gains)
    with np.errstate(divide="ignore", invalid="ignore"):  # nothing is left of the probe
        if isinstance(curve, GhzOnDevice | WholeBlock):
            ghz = curve.ghz if isinstance(curve, WholeBlock) else curve
            kept, top = ghz.population(times, factors), ghz.frequency**2
            if curve.readout == "parity":
                return _by_parity(gains, kept, top)
            return _by_loss_flag(gains, kept, top)
        if isinstance(curve, OfTheory) and curve.probe.kind == "ghz":
            kept = np.ones_like(times)
            if is_block(curve.probe, curve.world.noise):
                kept = visibility_and_kept(curve.probe, curve.world, times)[1]
            return _by_loss_flag(gains, kept[None, :], reach(curve.probe, curve.world) ** 2)
    if isinstance(curve, OfTheory) and curve.probe.kind != "product":  # tomography, taken for one fringe: an estimate
        top = float(curve.gain(np.full(1, times.max() * 1e-9), Factors.scaled([1.0], 1))[0, 0])
        return _by_loss_flag(gains, np.ones((1, len(times))), top)
    size = curve.probe.num_qubits if isinstance(curve, OfTheory) else len(factors.t2[0])
    squares = np.minimum(gains / size, 1.0)  # spins alike
    return Scatter(4 * size * squares * (1 - squares), size * (2 * (1 - squares) ** 2 + 2))


def _by_loss_flag(gains: FloatArray, kept: FloatArray, top: float) -> Scatter:
    """G = N² P A of A = (V/P)² among nP shots of each direction, and P of 2n."""
    square = np.minimum(gains / (top * kept), 1.0)
    first = (top * kept) ** 2 * 4 * square * (1 - square) / kept + gains**2 * (1 - kept) / (2 * kept)
    return Scatter(first, top**2 * (4 - 4 * square + 2 * square**2))


def _by_parity(gains: FloatArray, kept: FloatArray, top: float) -> Scatter:
    """G = N² A/P of A = V² and P, each of its own circuits."""
    square = np.minimum(gains * kept / top, 1.0)
    first = (top / kept) ** 2 * 4 * square * (1 - square) + gains**2 * (1 - kept) / kept
    return Scatter(first, (top / kept) ** 2 * (4 - 4 * square + 2 * square**2))


def _of_moments(curve: Squeezed, times: FloatArray, factors: Factors, gains: FloatArray) -> Scatter:
    """G = slope²/variance: the slope from one circuit, the variance from the others, whose tails are those of spins."""
    n = len(curve.spins.qubits)
    slope, _, along = curve.of_collective_spin(times, factors)
    with np.errstate(divide="ignore", invalid="ignore"):
        first = gains**2 * (4 * along / slope**2 + (2 - 2 / n) / _moments(n))
    return Scatter(first, np.zeros_like(gains))
