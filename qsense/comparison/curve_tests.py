"""Do the counts lie on the exact curve? Its height, its rate and its exponent, each tested on all times at once.

Readout and preparation change the height of G(t) and nothing else; other decay changes its rate and its exponent. Both
are score tests: all is taken where the exact curve is right, so that nothing is fitted and chances are right from ten
shots on, where those of fitted numbers are not.

Residuals ∫dG/σ have tails close to normal ones, but a mean of −dσ/dG/2: a tenth or two of σ at 25 shots, which adds up
over times and is more than chance allows at a hundred. Taken off, which is right to first order only, it is too much
where σ is steep. So each test is done with it and without it, and the larger p-value counts.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np

from qsense.estimators.chance import p_value, p_value_of_estimated
from qsense.estimators.integral.fits import residuals
from qsense.estimators.result import Estimate
from qsense.numerics.fisher import FloatArray
from qsense.numerics.quadrature import Rule

_STEP = 1e-4  # of logarithms, for derivatives
_SMALL = 1e-3  # of σ, for its derivative
_LEAST = 0.1  # of an estimate's own variance: where the exact value is at a limit there is none
_FIRST_WITH_EXPONENT = 4  # times


class CurveTests(NamedTuple):
    """What the counts say of the exact curve.

    Attributes:
        decay_p_value: how likely a rate and an exponent so far from those of the curve are, whatever the height.
        height_p_value: how likely a height so far from the curve's is, if the decay is right.
        height: over the exact one, if the decay is right.
        slower: whether the counts decay more slowly.
    """

    decay_p_value: float
    height_p_value: float
    height: Estimate
    slower: bool


def curve_tests(
    rule: Rule, estimates: Sequence[Estimate], curve: Callable[[FloatArray], FloatArray], known: float = np.inf
) -> CurveTests | None:
    """Returns the tests of an exact curve; None where it is 0 or not finite.

    Args:
        rule: the times.
        estimates: of G at each.
        curve: exact G at times in s, shape (n,).
        known: degrees of freedom of the estimates' variances: few where tails are longer than normal ones.

    Source: Rao's score test in residuals of unit variance (`fits.residuals`); false alarms and power are measured in
        benchmarks/assumptions.py.
    """
    times = np.asarray(rule.times, dtype=np.float64)
    exact = curve(times)

    def chance(chi_square: float, degrees: int) -> float:
        return p_value_of_estimated(chi_square, degrees, known) if np.isfinite(known) else p_value(chi_square, degrees)

    if not np.all(np.isfinite(exact)) or exact.max(initial=0.0) <= 0:
        return None
    sigma = np.sqrt([_variance(one, float(g)) for one, g in zip(estimates, exact, strict=True)])
    growth = np.array([_growth(one, float(g), s) for one, g, s in zip(estimates, exact, sigma, strict=True)])
    off, tall = residuals(exact, estimates, _LEAST), exact / sigma
    measures = np.stack([off, off + growth / 2], axis=1)
    power = float(tall @ tall)
    height = float(tall @ off)
    longer = np.log(np.maximum(times * rule.decay_rate, 1e-9))
    changes = [np.full(len(times), _STEP), _STEP * longer][: 1 if len(times) < _FIRST_WITH_EXPONENT else 2]
    slopes = [(curve(times * np.exp(one)) - curve(times * np.exp(-one))) / (2 * _STEP * sigma) for one in changes]
    decay_p_value, slower = 1.0, False
    if len(times) > 1:
        # Without what a change of height explains.
        system = np.stack([one - tall * (tall @ one) / power for one in slopes], axis=1)
        basis, sizes, _ = np.linalg.svd(system, full_matrices=False)
        parts = basis[:, sizes > 1e-6 * max(float(np.abs(slopes).max()), 1e-300)].T @ measures
        decay_p_value = chance(float((parts**2).sum(0).min()), len(parts)) if len(parts) else 1.0
        slower = float(system[:, 0] @ off) < 0
    return CurveTests(
        decay_p_value,
        chance(float(((tall @ measures) ** 2).min()) / power, 1),
        Estimate(1 + height / power, float(1 / np.sqrt(power))),
        slower,
    )


def _growth(one: Estimate, exact: float, sigma: float) -> float:
    """dσ/dG at the exact value, held between −1 and 1: the mean of residuals is known to first order in it."""
    step = _SMALL * sigma
    change = np.sqrt(_variance(one, exact + step)) - np.sqrt(_variance(one, exact - step))
    return float(np.clip(change / (2 * step), -1, 1)) if step else 0.0


def _variance(one: Estimate, exact: float) -> float:
    at = float(one.variance(np.array(np.clip(exact, *one.limits))))
    return max(at, _LEAST * one.stderr**2)
