"""The settings of a moment bound, and the bound from their counts.

Directions are azimuths in the equator, in the frame of each spin: 0 is where its signal angle is expected to turn it,
and the sense of rotation is that of its weight. The frame's J_α = ½ Σ_j r_j σ_j(α), with readout weights r_j, turns as
∂_θ J_α = J_{α−π/2} (weights r_j |w_j|), and so

    order 1:  M = J_{π/2}, r_j = |w_j|         ∂_θ<M> = ½ Σ_j w_j² <σ_j(0)>
    order 2:  M from J_α and J_α², |w_j| = 1   ∂_θ<J_α> = <J_{α−π/4} − J_{α+π/4}>/√2
                                               ∂_θ<J_α²> = <J²_{α−π/4}> − <J²_{α+π/4}>

With d the derivatives and C the covariance of the moments, the best combination of them gives G ≥ dᵀ C⁻¹ d. From counts
this ratio is biased: by the noise of d, which is subtracted, and by that of C⁻¹, whose first order is divided out.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple

import numpy as np

from qsense.circuits.counts import Counts, IntArray
from qsense.circuits.sensing import Settings
from qsense.errors import ArgumentError
from qsense.estimators import tally
from qsense.estimators.result import Estimate
from qsense.numerics.fisher import FloatArray

Order = Literal[1, 2]
Kind = Literal["slope", "moment"]
MIN_SHOTS = 20  # a row; see docs/benchmarks
_MOST_ROWS = 4  # of the measured moment: more serve only where the mean is known far better than the variance
# So many shots of a normal J, and thus of its square at order 2, stand beside the measured tails.
_NORMAL_SHOTS = 20.0
_NORMAL_TAILS = {1: (3.0, 3.0), 2: (20.0, 15.0)}
_RANK = 1e-9  # of a covariance: combinations of moments that scatter less are none


@dataclass(frozen=True)
class Frame:
    """Along which directions a moment bound measures.

    Attributes:
        num_qubits: N.
        order: 1, or 2 for second moments as well.
        angle: α of the measured moment, in rad from the expected direction; π/2 at order 1.
        azimuths: of each spin's mean at θ = 0 in rad; () is 0 for all.
        weights: w of the signal; () is 1 for all. Order 2 needs () or weights of size 1.
    """

    num_qubits: int
    order: Order = 1
    angle: float = np.pi / 2
    azimuths: tuple[float, ...] = ()
    weights: tuple[float, ...] = ()

    @property
    def size_of_weights(self) -> FloatArray:
        """|w_j|, shape (num_qubits,)."""
        return np.abs(self.weights) if self.weights else np.ones(self.num_qubits)

    @property
    def rows(self) -> tuple[tuple[float, Kind], ...]:
        """The angle of every circuit in the frame, and what it measures.

        The more spins, the better their mean is known beside their variance: this then gets more of the circuits.
        """
        moment: tuple[float, Kind] = (self.angle, "moment")
        if self.order == 2:
            return (self.angle - np.pi / 4, "slope"), (self.angle + np.pi / 4, "slope"), moment, moment
        many = min(max(round(np.sqrt(self.num_qubits / 3)), 1), _MOST_ROWS)
        return (self.angle - np.pi / 2, "slope"), *[moment] * many


class Moments(NamedTuple):
    """What the counts say of the measured moments.

    Attributes:
        slopes: d, shape (order,).
        slope_noise: the covariance of d, shape (order, order).
        covariance: C of the moments in one shot, unbiased, shape (order, order).
        shots: that C is from.
        mean: <J_α>, of which C[0, 0] is the variance.
        tails: E[u² q]/B and E[u⁴]/B², where u = dᵀC⁻¹x, q = xᵀC⁻¹x of the centred moments x in one shot, and B = E[u²];
            a normal J has 3 and 3 at order 1, and 20 and 15 for the square alone.
    """

    slopes: FloatArray
    slope_noise: FloatArray
    covariance: FloatArray
    shots: int
    mean: float
    tails: tuple[float, float]


def design(frame: Frame, phase: float) -> tuple[Literal["directions"], Settings]:
    """Returns how the circuit ends and the settings of one time, a row for every circuit.

    Args:
        frame: the directions.
        phase: the expected signal angle θ in rad, of a spin of weight 1.

    >>> ending, settings = design(Frame(2), 0.2)
    >>> (settings.azimuths - 0.2).round(4).tolist()
    [[0.0, 0.0], [1.5708, 1.5708]]
    """
    one = np.ones(frame.num_qubits)
    own = phase * np.array(frame.weights or one)
    sense = np.where(np.array(frame.weights or one) < 0, -1.0, 1.0)
    angles = np.array([angle for angle, _ in frame.rows])
    azimuths = np.array(frame.azimuths or 0 * one) + own + angles[:, None] * sense
    return "directions", Settings(np.tile(own, (len(angles), 1)), np.full(azimuths.shape, np.pi / 2), azimuths)


def moments(counts: Counts, frame: Frame) -> Moments:
    """Returns slopes, their noise, and the covariance of the measured moments.

    Args:
        counts: of the settings of `design`, at least 20 shots a row.
        frame: as there.

    Raises:
        ArgumentError: the counts do not fit the design, or a row has too few shots.
    """
    rows = frame.rows
    tally.check_rows(counts.num_rows, len(rows), f"moments of order {frame.order}")
    tally.check_shots(counts.row_shots(), MIN_SHOTS)
    kinds = np.array([kind == "moment" for _, kind in rows])
    size = frame.size_of_weights
    if frame.order == 1:
        along, noise = _mean(counts, [0], size**2, 1)
    else:
        turned = np.array([[np.sqrt(0.5), 0.0], [0.0, 1.0]])
        (low, low_noise), (high, high_noise) = (_mean(counts, [row], size, 2) for row in (0, 1))
        along, noise = turned @ (low - high), turned @ (low_noise + high_noise) @ turned
    values, numbers = values_of(counts, np.flatnonzero(kinds), size)
    return moments_of(along, noise, values, numbers, float(size.min(initial=1.0, where=size > 0)) ** 2, frame.order)


def estimate(counts: Counts, frame: Frame) -> Estimate:
    """Returns a lower bound on G about the signal's angle, with `plug_in` beside it.

    Args:
        counts: of the settings of `design`.
        frame: as there.

    Raises:
        ArgumentError: as `moments`.

    Source: the bound is that of error propagation, Pezzè & Smerzi, Phys. Rev. Lett. 102, 100401 (2009); its best
        combination of moments is Gessner, Smerzi & Pezzè, Phys. Rev. Lett. 122, 090503 (2019).

    >>> spread = {outcome: 4 for outcome in range(16)}
    >>> round(estimate(Counts.from_histograms(4, [{0: 64}, spread]), Frame(4)).others["plug_in"].value, 4)
    3.9375
    """
    most = float(frame.size_of_weights.sum() ** 2)
    return bound(moments(counts, frame), (0.0, most))


def bound(found: Moments, limits: tuple[float, float]) -> Estimate:
    """Returns dᵀC⁻¹d from moments, corrected for the noise of d and of C⁻¹, and how it scatters."""
    inverse = _inverse(found.covariance)
    best = inverse @ found.slopes
    plug_in = float(found.slopes @ best)
    weighted = inverse @ found.slope_noise
    unit = best / np.sqrt(plug_in) if plug_in > 0 else np.eye(len(best))[0] * np.sqrt(inverse[0, 0])
    shift, scatter = ((tail - 1) / found.shots for tail in found.tails)
    value = (plug_in - float(np.trace(weighted))) / (1 + shift)
    # The variance of the numerator is that of an unbiased square. That of 1/C enters as scatter × value × G: between
    # the law at the estimate (value²) and at the true value (G²), as the quantiles of 1/χ² lie.
    own = scatter / (1 - min(scatter, 0.5))
    correction = (found.shots - 1) / (found.shots - 3)
    law = (
        2 * float(np.trace(weighted @ weighted)) * correction,
        4 * float(unit @ found.slope_noise @ unit) * correction + own * max(value, 0.0),
        0.0,
    )
    one = Estimate.from_spread(value, law, limits)
    return Estimate(one.value, one.stderr, {"plug_in": Estimate(plug_in, one.stderr, limits=limits)}, limits, law)


def moments_of(
    slopes: FloatArray, noise: FloatArray, values: FloatArray, numbers: FloatArray, step: float, order: int
) -> Moments:
    """Returns the moments of measured values, shape (entries,), each read so often.

    Args:
        slopes, noise: d and its covariance.
        values, numbers: of the measured moment in every entry, and how often each was read.
        step: the least change of a value, squared.
        order: 1 or 2.
    """
    total = float(numbers.sum())
    mean = float(numbers @ values) / total
    powers = np.stack([(values - mean) ** k for k in range(1, order + 1)], axis=1)
    if order == 2:
        powers[:, 1] += 2 * mean * powers[:, 0]  # J², up to a constant
    centred = powers - numbers @ powers / total
    covariance = (centred * numbers[:, None]).T @ centred / (total - 1)
    if covariance[0, 0] <= 0:  # all shots agree
        covariance = covariance + step * _never_seen(total) * total * np.eye(order)
    inverse = _inverse(covariance)
    quadratic = np.einsum("ei,ij,ej->e", centred, inverse, centred)
    best = inverse @ (slopes if np.any(inverse @ slopes) else np.eye(order)[0])
    linear = (centred @ best) ** 2
    size = float(best @ covariance @ best)
    weight = total / (total + _NORMAL_SHOTS)
    seen = (numbers @ (linear * quadratic) / total / size, numbers @ linear**2 / total / size**2)
    known = [weight * float(tail) + (1 - weight) * law for tail, law in zip(seen, _NORMAL_TAILS[order], strict=True)]
    return Moments(slopes, noise, covariance, int(total), mean, (known[0], known[1]))


def _mean(counts: Counts, rows: Sequence[int], weights: FloatArray, order: int) -> tuple[FloatArray, FloatArray]:
    """The means of J and J² of some rows, with their covariance, shapes (order,) and (order, order)."""
    values, numbers = values_of(counts, rows, weights)
    powers = np.stack([values**k for k in range(1, order + 1)], axis=1)
    total = float(numbers.sum())
    mean = numbers @ powers / total
    centred = powers - mean
    covariance = (centred * numbers[:, None]).T @ centred / (total * (total - 1))
    if covariance[0, 0] <= 0:  # all shots agree
        step = float(weights.min(initial=1.0, where=weights > 0)) ** 2
        covariance = covariance + step * _never_seen(total) * np.eye(order)
    return mean, covariance


def values_of(counts: Counts, rows: Sequence[int] | IntArray, weights: FloatArray) -> tuple[FloatArray, FloatArray]:
    """½ Σ_j r_j s_j of every entry of some rows, and how often it was read."""
    chosen = np.isin(tally.rows_of(counts), rows)
    return spin_sums(counts, weights)[chosen], counts.numbers[chosen].astype(np.float64)


def spin_sums(counts: Counts, weights: FloatArray) -> FloatArray:
    """Returns ½ Σ_j r_j s_j of every entry, shape (entries,), given readout weights r."""
    if np.all(weights == 1):
        return np.asarray(counts.num_bits / 2 - tally.num_ups(counts), dtype=np.float64)
    return np.asarray((1 - 2.0 * tally.bits(counts)) @ weights / 2, dtype=np.float64)


def _inverse(matrix: FloatArray) -> FloatArray:
    """The inverse of a covariance, without the combinations that do not scatter."""
    scale = np.sqrt(np.maximum(np.diag(matrix), 1e-300))
    pairs = np.outer(scale, scale)
    return np.asarray(np.linalg.pinv(matrix / pairs, rcond=_RANK, hermitian=True) / pairs)


def _never_seen(shots: float) -> float:
    """The variance of the mean share of shots that differ, where none was seen to."""
    return float(tally.share_variance(np.array(1.0), np.array(shots)))


def check_order(frame: Frame) -> None:
    """Refuses second moments of a signal whose weights differ in size.

    Raises:
        ArgumentError: order 2, and some |w_j| is not 1.
    """
    if frame.order == 2 and np.any(frame.size_of_weights != 1):
        raise ArgumentError(
            "moments of order 2 are for signals of weights +1 and -1; use `order = 1`, parameter_shift or tomography."
        )
