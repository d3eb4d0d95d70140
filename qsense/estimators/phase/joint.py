"""The likelihood of a fringe's phase with its visibility unknown: what one run says of θ and says of V at once.

Readouts of one fringe say "+" with probability (P + V cos(ψ − α))/2, ψ = νθ, at known α. V is whatever the counts say:
it is integrated out, all values in [0, P] alike before, so that the phase's interval holds what the same counts leave
open of V. Where a flag shows which shots hold no phase, these are left out (P = 1 of the rest); where nothing shows it,
P is integrated out too.

log ∫ dV L(ψ, V) is concave inside: the integral is taken by Gauss's nodes about the largest V at each ψ.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from qsense.circuits.counts import IntArray
from qsense.errors import ArgumentError
from qsense.numerics.fisher import FloatArray

_NODES = 24
_POPULATIONS = 12
_ITERATIONS = 12
STEPS_OF_A_PEAK = 8.0  # grid points per standard deviation of the sharpest peak of one fringe
FEWEST, MOST = 256, 16384  # grid points of a turn
_TINY = 1e-300
_LEAST_CHANCE = 1e-15
_SAME = 1e-8  # rad between angles that are one
_SETTLED = 1e-8  # a step of Newton's, in units of P, after which V is known to rounding


class Fringe(NamedTuple):
    """The readouts of one fringe at one time.

    Attributes:
        frequency: ν: the fringe turns by νθ; negative where it turns the other way.
        angles: α of each readout, shape (readouts,), in rad.
        shares: shots that say + and −, shape (readouts, 2).
        has_losses: whether − also holds shots that no phase reaches, so that P is unknown.
    """

    frequency: float
    angles: FloatArray
    shares: IntArray
    has_losses: bool = False

    @property
    def shots(self) -> int:
        return int(self.shares.sum())


class Turn(NamedTuple):
    """The logarithm of a likelihood over one turn ψ of a fringe, up to a constant.

    Attributes:
        frequency: ν > 0, ψ = νθ.
        at: maps ψ in rad, shape (...), to the logarithm.
        information: the Fisher information about ψ, negative where noise hides V, and its standard error.
        height: by how much the fringe stands out: χ² of two degrees of freedom where there is none.
    """

    frequency: float
    at: Callable[[FloatArray], FloatArray]
    information: tuple[float, float]
    height: float = np.inf


def turns(fringes: Sequence[Fringe]) -> tuple[Turn, ...]:
    """Returns the likelihood of each frequency that occurs, shots of alike readouts of several spins put together.

    The shots of spins that turn alike are one fringe, of their mean visibility: exactly so in the mean, and where spins
    differ their sum scatters less than a binomial one, so that intervals are rather too long. A visibility of each
    spin's own would take from few shots of many spins more than they hold (86 % covered where 95 % were meant).

    Args:
        fringes: of one time; those without shots add nothing.

    Raises:
        ArgumentError: a fringe of frequency 0.

    >>> one = Fringe(2.0, np.array([0.0, np.pi / 2]), np.array([[500, 500], [900, 100]]))
    >>> found = turns([one])[0]
    >>> peak = np.linspace(-3, 3, 601)
    >>> round(float(peak[np.argmax(found.at(peak))]), 2)
    1.57
    """
    pooled: dict[tuple[float, bool], dict[float, IntArray]] = {}
    for frequency, angles, shares, has_losses in fringes:
        if frequency == 0:
            raise ArgumentError("A fringe of frequency 0 does not turn: it says nothing of the phase.")
        readouts = pooled.setdefault((abs(frequency), has_losses), {})
        for angle, share in zip(angles, shares, strict=True):  # cos(−x) = cos x
            place = round(float(angle * np.sign(frequency)) % (2 * np.pi), 9) % round(2 * np.pi, 9)
            readouts[place] = readouts.get(place, np.zeros(2, dtype=np.int64)) + share
    found = []
    for (frequency, has_losses), readouts in pooled.items():
        one = Fringe(frequency, np.array(list(readouts)), np.array(list(readouts.values())), has_losses)
        if one.shots > 0:
            found.append(_turn(one))
    return tuple(found)


def _turn(fringe: Fringe) -> Turn:
    from scipy.interpolate import CubicSpline

    points = int(np.clip(STEPS_OF_A_PEAK * np.sqrt(fringe.shots), FEWEST, MOST))
    psi = np.linspace(-np.pi, np.pi, points + 1)
    logs = _log_likelihood(fringe, psi[:-1])
    logs = np.append(logs, logs[0]) - logs.max()
    spline = CubicSpline(psi, logs, bc_type="periodic")

    def at(angle: FloatArray) -> FloatArray:
        return np.asarray(spline((np.asarray(angle) + np.pi) % (2 * np.pi) - np.pi))

    return Turn(fringe.frequency, at, _information(fringe, float(psi[np.argmax(logs)])), _height(fringe))


def _log_likelihood(fringe: Fringe, psi: FloatArray) -> FloatArray:
    """log ∫ L(ψ, P, V) dV dP, shape of `psi`."""
    readouts = fringe if fringe.has_losses else _folded(fringe)
    cosines = np.cos(psi - readouts.angles[:, None])
    levels, weights = _populations(fringe)
    each = [
        np.log(weight) + _over_visibility(cosines, readouts.shares, level)
        for level, weight in zip(levels, weights, strict=True)
    ]
    return np.asarray(np.logaddexp.reduce(each, axis=0))


def _folded(fringe: Fringe) -> Fringe:
    """The same likelihood from half of the turn: where P = 1, − at α is + at α + π."""
    halves, places = np.divmod(fringe.angles, np.pi)
    readouts: dict[float, IntArray] = {}
    for half, place, share in zip(halves, places, fringe.shares, strict=True):
        near = next((one for one in readouts if abs(one - place) < _SAME), place)
        readouts[near] = readouts.get(near, np.zeros(2, dtype=np.int64)) + share[:: 1 if half % 2 == 0 else -1]
    return fringe._replace(angles=np.array(list(readouts)), shares=np.array(list(readouts.values())))


def _populations(fringe: Fringe) -> tuple[FloatArray, FloatArray]:
    """Nodes and weights of P: 1 alone where every shot that is counted has a phase."""
    if not fringe.has_losses:
        return np.ones(1), np.ones(1)
    shots = fringe.shares.sum(1)
    centre = 2 * float(np.mean(fringe.shares[:, 0] / np.maximum(shots, 1)))
    reach = 8 / np.sqrt(shots.sum())
    low, high = max(centre - reach, 0.0), min(centre + reach, 1.0)
    nodes, weights = _gauss(_POPULATIONS)
    low = min(low, high - reach / 4)
    return low + (high - low) * nodes, (high - low) * weights


def _over_visibility(cosines: FloatArray, shares: IntArray, level: float) -> FloatArray:
    """log ∫₀^P L(V) dV at each ψ, shape (ψ,).

    Args:
        cosines: cos(ψ − α), shape (readouts, ψ).
        shares: as of a fringe.
        level: P.
    """
    best = _best_visibility(cosines, shares, level)
    slope, curvature = _derivatives(best, cosines, shares, level)
    width = 1 / (np.abs(slope) + np.sqrt(np.maximum(-curvature, 0)) + 1 / level)
    low, high = np.maximum(best - 8 * width, 0), np.minimum(best + 8 * width, level)
    nodes, weights = _gauss(_NODES)
    logs = _logs(low + (high - low) * nodes[:, None], cosines, shares, level)
    top = logs.max(0)
    logs -= top
    return np.asarray(top + np.log(weights @ np.exp(logs, out=logs) * (high - low)))


def _best_visibility(cosines: FloatArray, shares: IntArray, level: float) -> FloatArray:
    """The V in [0, P] of the largest L at each ψ: 0 where L falls from there, as log L is concave, else by Newton."""
    best = np.zeros(cosines.shape[1])
    (moving,) = np.nonzero(_derivatives(best, cosines, shares, level)[0] > 0)
    cosines, now = cosines[:, moving], np.full(len(moving), level / 2)
    for _ in range(_ITERATIONS):
        slope, curvature = _derivatives(now, cosines, shares, level)
        moved = now + slope / np.maximum(-curvature, 1e-12)
        moved = np.clip(moved, now / 8, level - (level - now) / 8)  # kept inside
        best[moving] = moved
        left = np.abs(moved - now) > _SETTLED * level
        moving, cosines, now = moving[left], cosines[:, left], moved[left]
        if not len(moving):
            break
    return best


def _logs(heights: FloatArray, cosines: FloatArray, shares: IntArray, level: float) -> FloatArray:
    """log L at V, shape (nodes, ψ)."""
    total, chance, log = np.zeros_like(heights), np.empty_like(heights), np.empty_like(heights)
    for cosine, (plus, minus) in zip(cosines, shares, strict=True):
        np.multiply(heights, cosine / 2, out=chance)
        chance += level / 2
        np.clip(chance, _LEAST_CHANCE, 1 - _LEAST_CHANCE, out=chance)
        total += np.multiply(plus, np.log(chance, out=log), out=log)
        np.subtract(1, chance, out=chance)
        total += np.multiply(minus, np.log(chance, out=log), out=log)
    return total


def _derivatives(
    height: FloatArray, cosines: FloatArray, shares: IntArray, level: float
) -> tuple[FloatArray, FloatArray]:
    """Slope and curvature of log L in V, each shape (ψ,)."""
    chance = np.clip((level + height * cosines) / 2, _LEAST_CHANCE, 1 - _LEAST_CHANCE)
    plus, minus = cosines / chance, cosines / (1 - chance)
    slope = shares[:, 0] @ plus - shares[:, 1] @ minus
    return slope / 2, -(shares[:, 0] @ plus**2 + shares[:, 1] @ minus**2) / 4


def _information(fringe: Fringe, psi: float) -> tuple[float, float]:
    """The Fisher information about ψ, without the bias of V², and its deviation over the posterior of V at ψ."""
    cosines, sines = np.cos(psi - fringe.angles), np.sin(psi - fringe.angles)
    levels, weights = _populations(fringe)
    nodes, shares_of_v = _gauss(4 * _NODES)
    heights = levels[:, None] * nodes
    chance = np.clip((levels[:, None, None] + heights[..., None] * cosines) / 2, 1e-15, 1 - 1e-15)
    logs = (fringe.shares[:, 0] * np.log(chance) + fringe.shares[:, 1] * np.log1p(-chance)).sum(-1)
    density = np.exp(logs - logs.max()) * shares_of_v * (weights * levels)[:, None]
    density /= max(density.sum(), _TINY)
    shots = fringe.shares.sum(1)
    known = (shots * (heights[..., None] * sines / 2) ** 2 / (chance * (1 - chance))).sum(-1)
    mean = float((density * known).sum())
    spread = float(np.sqrt((density * (known - mean) ** 2).sum()))
    # The information goes with V², whose posterior mean is too large by the noise of V where V is small.
    square = float((density * heights**2).sum())
    return mean * _squared_visibility(fringe) / max(square, _TINY), spread


def _height(fringe: Fringe) -> float:
    """(x, y) of the fringe in units of their errors, squared, as if it had no visibility."""
    shots, quadratures, solve = _quadratures(fringe)
    level = float(fringe.shares[:, 0].sum() / shots.sum()) if fringe.has_losses else 0.5
    covariance = solve * (max(level * (1 - level), 0.25 / shots.sum()) / shots) @ solve.T
    return float(quadratures @ np.linalg.pinv(covariance) @ quadratures)


def _squared_visibility(fringe: Fringe) -> float:
    """V² by least squares, the noise of its two quadratures taken off; negative if they are smaller than that."""
    shots, quadratures, solve = _quadratures(fringe)
    share = fringe.shares[:, 0] / shots
    noise = (solve**2 @ (share * (1 - share) / (shots - 1))).sum()
    return float((quadratures**2).sum() - noise)


def _quadratures(fringe: Fringe) -> tuple[FloatArray, FloatArray, FloatArray]:
    """The shots of each readout, V cos ψ and V sin ψ, and the matrix that makes them of the shares of +."""
    shots = np.maximum(fringe.shares.sum(1), 2)
    share = fringe.shares[:, 0] / shots
    system = np.stack([np.ones(len(shots)), np.cos(fringe.angles), np.sin(fringe.angles)], axis=1) / 2
    solve = np.linalg.pinv(system)[1:] if fringe.has_losses else np.linalg.pinv(system[:, 1:])
    quadratures = solve @ (share - (0 if fringe.has_losses else 0.5))
    return np.asarray(shots, dtype=np.float64), np.asarray(quadratures), np.asarray(solve)


@functools.cache
def _gauss(count: int) -> tuple[FloatArray, FloatArray]:
    nodes, weights = np.polynomial.legendre.leggauss(count)
    return (nodes + 1) / 2, weights / 2
