"""The squeezing parameters, and how sure it is that a state is squeezed at all.

Wineland's ξ²_R = Σ w_j²/G of the moment bound: a state without entanglement has at least 1, as its G is at most Σ w_j².
Kitagawa and Ueda's ξ²_S = 4 Var(J)/N in the direction that is measured, across the mean spin in the equator: at least
its least value over all directions.

Error bars do not answer "is it squeezed?": a ratio of few shots has other tails than its error bar, and many error bars
are below 1 by chance. `p_not_squeezed` is a test that holds at any number of shots. Where ξ²_R ≥ 1, N <J_across²> ≥
N Var(J_across) ≥ <J_along>². Both sides are means of bounded numbers, for which Chernoff's bound has no assumption but
independent shots: a lower limit ℓ of |<J_along>| that fails with probability β (`_SPENT`), and then how likely a mean
square of at most what was seen is if it should be ℓ²/N; β is added.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from qsense.circuits.counts import Counts
from qsense.estimators.moments.bound import Frame, moments, values_of
from qsense.estimators.result import NORMAL_95, Estimate

_SPENT = 1e-4  # of a p-value, on the length of the mean spin


class Squeezing(NamedTuple):
    """Squeezing at one time.

    Attributes:
        wineland: ξ²_R, and its 95 % interval; inf where G may be 0.
        kitagawa_ueda: ξ²_S in the measured direction, and its interval; None for weights of other sizes or order 2.
        p_not_squeezed: an upper limit of the p-value of ξ²_R ≥ 1; None at order 2.
    """

    wineland: tuple[float, float, float]
    kitagawa_ueda: tuple[float, float, float] | None
    p_not_squeezed: float | None


def squeezing(counts: Counts, frame: Frame, gain: Estimate) -> Squeezing:
    """Returns the squeezing parameters of one time.

    Args:
        counts: of the settings of `design`.
        frame: the directions.
        gain: what `estimate` gives for them.

    Source: Wineland et al., Phys. Rev. A 50, 67 (1994); Kitagawa & Ueda, Phys. Rev. A 47, 5138 (1993).
    """
    separable = float((frame.size_of_weights**2).sum())
    low, high = gain.interval
    wineland = tuple(separable / g if g > 0 else np.inf for g in (gain.value, high, low))
    if frame.order == 2:
        return Squeezing(wineland, None, None)  # type: ignore[arg-type]
    unit = np.all(frame.size_of_weights == 1)
    kitagawa_ueda = _kitagawa_ueda(counts, frame) if unit else None
    return Squeezing(wineland, kitagawa_ueda, p_not_squeezed(counts, frame))  # type: ignore[arg-type]


def p_not_squeezed(counts: Counts, frame: Frame) -> float:
    """Returns an upper limit of the chance of such counts from a state that is not squeezed, at any number of shots.

    Args:
        counts: of the settings of `design` at order 1.
        frame: the directions.

    Source: the hypothesis is that of Carrera, Zhang, Bancal & Sangouard, arXiv:2410.23741; the p-value here is from
        Chernoff's bound for means of bounded numbers, Hoeffding, J. Am. Stat. Assoc. 58, 13 (1963), with a limit for
        the nuisance as in Berger & Boos, J. Am. Stat. Assoc. 89, 1012 (1994).
    """
    size = frame.size_of_weights
    separable = float((size**2).sum())
    kinds = np.array([kind == "moment" for _, kind in frame.rows])
    along, along_numbers = values_of(counts, np.flatnonzero(~kinds), size**2)
    across, numbers = values_of(counts, np.flatnonzero(kinds), size)
    longest = float((size**2).sum() / 2)
    share = (1 + abs(float(along_numbers @ along)) / float(along_numbers.sum()) / longest) / 2
    lower = _lower_limit(share, float(along_numbers.sum()), _SPENT / 2)  # of either sign
    least = longest * max(2 * lower - 1, 0.0)
    largest = separable * float(size.sum() / 2) ** 2
    seen = separable * float(numbers @ across**2) / float(numbers.sum())
    return min(1.0, _SPENT + _chance_below(seen / largest, min(least**2 / largest, 1.0), float(numbers.sum())))


def _divergence(seen: float, mean: float) -> float:
    """Kullback and Leibler's divergence of two binary laws."""
    first = seen * np.log(seen / mean) if seen > 0 else 0.0
    second = (1 - seen) * np.log((1 - seen) / (1 - mean)) if seen < 1 else 0.0
    return float(first + second)


def _chance_below(seen: float, mean: float, shots: float) -> float:
    """An upper limit of the chance that numbers in [0, 1] of at least this mean have at most this average."""
    if seen >= mean:
        return 1.0
    return float(np.exp(-shots * _divergence(seen, mean))) if mean < 1 else 0.0


def _lower_limit(seen: float, shots: float, chance: float) -> float:
    """The lower limit of the mean of numbers in [0, 1] with this average, wrong with at most this chance."""
    low, high = 0.0, seen
    for _ in range(60):
        middle = (low + high) / 2
        wrong = np.exp(-shots * _divergence(seen, middle)) if 0 < middle < 1 else 0.0
        low, high = (middle, high) if wrong < chance else (low, middle)
    return low


def _kitagawa_ueda(counts: Counts, frame: Frame) -> tuple[float, float, float]:
    """4 Var(J)/N with an interval: the score in between the laws at the estimate and at the true value, as for G."""
    found = moments(counts, frame)
    scatter = min((found.tails[1] - 1) / found.shots, 0.5)
    scale = float(found.covariance[0, 0]) * 4 / frame.num_qubits
    centre = 1 + scatter
    half = NORMAL_95**2 * scatter / (1 - scatter) * centre / 2
    root = float(np.sqrt((centre + half) ** 2 - centre**2))
    return scale, scale * (centre + half - root), scale * (centre + half + root)


def finite(numbers: tuple[float, ...]) -> tuple[float | None, ...]:
    """Returns numbers for a table, None for those that are not finite."""
    return tuple(float(one) if np.isfinite(one) else None for one in numbers)
