"""Does G decay as the noise says? The quadrature takes that law as given, between the times and beyond the last.

Two things can be wrong. Times that somebody chose leave a part of 𝓘 to interpolation and tail: what the rule misses of
the exact curve is known, and added to the variance. And the counts may decay otherwise: the exact curve is fitted to
them with a height, a rate and an exponent of its own, A·G(t₀(Λt)^β). Where that fit accuses the law, the interval about
the quadrature is widened until it holds the 95 % interval of the fitted curve's 𝓘 as well; it then has the uncertainty
of the tail and of the interpolation. Where the law holds nothing is added.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import NamedTuple

import numpy as np

from qsense.errors import ArgumentError
from qsense.estimators.assumptions import REFUSED_BELOW, Assumption
from qsense.estimators.chance import p_value
from qsense.estimators.integral import fit, law_of_curve
from qsense.estimators.result import NORMAL_95, Estimate, IntegratedEstimate
from qsense.numerics.fisher import FloatArray
from qsense.numerics.quadrature import Rule

_WIDENED_BELOW = (
    0.05  # a law that holds widens the interval in a twentieth of all runs, by what such a fit misses: little
)
_SLOWS_DOWN = 0.8  # an exponent below which spins may differ, and the slowest be still to come after the last time
_TAIL_UNSEEN = (
    "the counts decay ever more slowly, as where some spins live longer than others: what comes after the last time is "
    "not known, so there is no z and no verdict; correct the noise, or give later `times_s`"
)
_WORTH_SAYING = 1.05  # the widened error over the quadrature's
_FEWEST = 3  # times that fix a height and a rate and leave something to test


class Checked(NamedTuple):
    """An integral with the errors of its rule, and what the estimates were tested for.

    Attributes:
        integral, assumptions: these.
        widening: by how much the law is doubted: the integral's error over what it would be if it held.
    """

    integral: IntegratedEstimate
    assumptions: tuple[Assumption, ...]
    widening: float = 1.0


class _Misfit(NamedTuple):
    """A curve that was fitted.

    Attributes:
        integral: its 𝓘 in s.
        p_value: how likely a fit so far from the law is, if the law holds.
        rate: Λ over the law's.
        exponent: β.
    """

    integral: Estimate
    p_value: float
    rate: float
    exponent: float


def checked(
    rule: Rule,
    estimates: Sequence[Estimate],
    integral: IntegratedEstimate,
    curve: Callable[[FloatArray], FloatArray],
    exact: float,
) -> Checked:
    """Returns the integral with its interval widened by what the rule misses, and why.

    Args:
        rule: times and weights.
        estimates: of G at the times.
        integral: by the rule.
        curve: exact G at times in s, shape (n,).
        exact: its integral in s.

    Source: coverage is measured in benchmarks/decay_law.py.
    """
    if not np.isfinite(exact) or exact <= 0 or len(rule.times) < 2:
        return Checked(integral, ())
    error, missed = integral.total.stderr, float(rule.weights @ curve(rule.times)) - exact
    known = float(np.hypot(error, missed))
    found = _misfit(rule, estimates, curve)
    if found is not None and found.p_value < _WIDENED_BELOW:
        apart = abs(found.integral.value - integral.total.value)
        widened = max(known, apart / NORMAL_95 + found.integral.stderr)
        held = found.p_value >= REFUSED_BELOW or widened < _WORTH_SAYING * error
        slows = not held and found.exponent < _SLOWS_DOWN
        said = _TAIL_UNSEEN if slows else _other_law(found, integral.total, widened)
        doubts = [Assumption("decay law", found.p_value, held, said, withholds=slows)]
    else:
        widened = known
        doubts = [] if found is None else [Assumption("decay law", found.p_value, True, "")]
        if widened >= _WORTH_SAYING * error:
            doubts.append(Assumption("interpolation", None, False, _rule_misses(missed / exact)))
    total = replace(integral.total, stderr=widened)
    return Checked(replace(integral, total=total), tuple(doubts), widened / known if known > 0 else 1.0)


def _misfit(rule: Rule, estimates: Sequence[Estimate], curve: Callable[[FloatArray], FloatArray]) -> _Misfit | None:
    """Fits height, rate and, from four times on, exponent of the curve; None where the data do not fix them."""
    if len(rule.times) < _FEWEST:
        return None
    scale = 1 / rule.decay_rate
    try:
        shape = law_of_curve(curve, scale, exponent=len(rule.times) > _FEWEST)
        found = fit(rule.times, estimates, shape, refused_below=0.0)
    except ArgumentError:
        return None
    values = np.array([one.value for one in found.parameters.values()])
    off = np.log([values[1] * scale, *values[2:]])
    slopes = np.diag(1 / values)[1:]
    whitened = np.linalg.lstsq(slopes @ found.covariance @ slopes.T, off, rcond=None)[0]
    chance = p_value(float(off @ whitened), len(off))
    exponent = float(values[2]) if len(values) > 2 else 1.0
    return _Misfit(found.integral.total, min(1.0, 2 * min(chance, found.p_value)), float(values[1] * scale), exponent)


def _other_law(found: _Misfit, total: Estimate, widened: float) -> str:
    stretched = f" and exponent {found.exponent:.2g}" if abs(found.exponent - 1) > 0.05 else ""
    times = widened / total.stderr
    return (
        f"the counts decay with {found.rate:.2g} times the rate of the noise{stretched}: that curve has 𝓘 = "
        f"{found.integral.value:.4g} ± {found.integral.stderr:.2g} s, which the interval, {times:.1f} times as wide, "
        "holds as well; correct the noise"
    )


def _rule_misses(share: float) -> str:
    return (
        f"the rule misses {share:+.1%} of 𝓘 between and beyond these times, which its interval holds; leave out "
        "`times_s`, or give later and closer times"
    )
