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

from qsense.comparison.curve_tests import CurveTests, curve_tests
from qsense.errors import ArgumentError
from qsense.estimators.assumptions import DECAY_LAW, READOUT, READOUT_WITHHELD, REFUSED_BELOW, Assumption
from qsense.estimators.chance import p_value
from qsense.estimators.integral import fit, law_of_curve
from qsense.estimators.result import NORMAL_95, Estimate, IntegratedEstimate
from qsense.files.units import time_unit
from qsense.numerics.fisher import FloatArray
from qsense.numerics.quadrature import Rule

INTERPOLATION = "interpolation"
_WIDENED_BELOW = (
    0.05  # a law that holds widens the interval in a twentieth of all runs, by what such a fit misses: little
)
_SLOWS_DOWN = 0.8  # an exponent below which spins may differ, and the slowest be still to come after the last time
_TAIL_UNSEEN = (
    "the counts decay ever more slowly, as where some spins live longer than others: what comes after the last time is "
    "not known, so there is no z and no verdict; correct the noise, or give later `times_s`"
)
_NO_LAW = (
    "the counts do not decay as the noise says, and no law fits them: the interval of 𝓘 takes it as right between "
    "the times; correct the noise"
)
_UNKNOWN_BETWEEN = (
    "the counts do not decay as the noise says, so that 𝓘 between and beyond the times is not known: no z and no "
    "verdict; correct the noise"
)
_WORTH_SAYING = 1.05  # the widened error over the quadrature's
_MOST_MISSED = 0.5  # of 𝓘, which is said whatever the error
_FEWEST_DEGREES, _SHOTS_OF_A_DEGREE = 8.0, 50.0  # of the variance of a gain that is a ratio: false alarms measured
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
        height: over that of the exact curve.
        residual_p_value: how likely its residuals are, if such a curve is right.
    """

    integral: Estimate
    p_value: float
    rate: float
    exponent: float
    height: Estimate
    residual_p_value: float


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
    if not np.isfinite(exact) or exact <= 0:
        return Checked(integral, ())
    if len(rule.times) < 2:
        tests = curve_tests(rule, estimates, curve)
        only = None if tests is None else _height(tests, None)
        whole = with_what_is_missed(rule, integral, curve, exact)
        return whole._replace(assumptions=(*whole.assumptions, *(() if only is None else (only,))))
    error = integral.total.stderr
    whole = with_what_is_missed(rule, integral, curve, exact)
    known = whole.integral.total.stderr
    found, tests = _misfit(rule, estimates, curve), curve_tests(rule, estimates, curve)
    chance = 1.0 if tests is None else tests.decay_p_value
    is_doubted = found is not None and found.p_value < _WIDENED_BELOW
    doubts: list[Assumption] = []
    if found is not None and is_doubted:
        apart = abs(found.integral.value - integral.total.value)
        widened = max(known, apart / NORMAL_95 + found.integral.stderr)
        held = chance >= REFUSED_BELOW or widened < _WORTH_SAYING * error
        slows = not held and found.exponent < _SLOWS_DOWN
        said = _TAIL_UNSEEN if slows else _other_law(found, integral.total, widened, exact)
        doubts += [Assumption(DECAY_LAW, chance, held, said, withholds=slows), *(whole.assumptions if held else ())]
    else:
        widened = known
        # A decay that cannot be fitted is refused all the same; where it is slower, its tail is not known.
        held = found is not None or chance >= REFUSED_BELOW
        slows = tests is not None and tests.slower
        doubts.append(Assumption(DECAY_LAW, chance, held, _TAIL_UNSEEN if slows else _NO_LAW, withholds=slows))
        doubts += whole.assumptions
    readout = None if tests is None else _height(tests, found)
    total = replace(integral.total, stderr=widened)
    return Checked(
        replace(integral, total=total),
        (*doubts, *([] if readout is None else [readout])),
        widened / known if known > 0 else 1.0,
    )


def with_what_is_missed(
    rule: Rule, integral: IntegratedEstimate, curve: Callable[[FloatArray], FloatArray], exact: float
) -> Checked:
    """Returns the integral with what the rule misses of the exact curve added to its variance, and said if it is much.

    Args:
        rule, integral, curve, exact: as `checked`.
    """
    if not np.isfinite(exact) or exact <= 0:
        return Checked(integral, ())
    error, missed = integral.total.stderr, float(rule.weights @ curve(rule.times)) - exact
    known = float(np.hypot(error, missed))
    # Times far beyond the decay have weights, and errors, without bound: the error then hides what is missed.
    is_much = known > _WORTH_SAYING * error or abs(missed) > _MOST_MISSED * exact
    said = (Assumption(INTERPOLATION, None, False, _rule_misses(missed / exact)),) if is_much else ()
    return Checked(replace(integral, total=replace(integral.total, stderr=known)), said)


def of_another_gain(
    rule: Rule, estimates: Sequence[Estimate], curve: Callable[[FloatArray], FloatArray], shots: int
) -> tuple[Assumption, ...]:
    """Returns whether a readout's gain or a bound decays as its exact curve, and is as high; nothing is fitted.

    Each estimate is a squared slope over a variance from the same counts, and known badly itself: with tails taken for
    normal, 2 to 3 % of runs in which all holds were refused, also with hundreds of shots.

    Args:
        rule, estimates, curve: as `checked`.
        shots: of every circuit, at least.
    """
    tests = curve_tests(rule, estimates, curve, max(_FEWEST_DEGREES, shots / _SHOTS_OF_A_DEGREE))
    if tests is None:
        return ()
    decay = Assumption.tested(DECAY_LAW, tests.decay_p_value, _UNKNOWN_BETWEEN, withholds=True)
    height = _height(tests, None)
    return (decay,) if height is None else (decay, height)


def _height(tests: CurveTests, found: _Misfit | None) -> Assumption | None:
    """Returns whether readout and preparation are as assumed; None where their part is not told from the decay's."""
    height, chance = tests.height, tests.height_p_value
    if tests.decay_p_value < _WIDENED_BELOW:
        if found is None or found.residual_p_value < _WIDENED_BELOW:
            return None
        height = found.height
        chance = max(chance, p_value(((height.value - 1) / height.stderr) ** 2, 1))
    said = (
        f"the counts give {height.value:.3g} ± {height.stderr:.1g} times the exact G at all times: readout or "
        f"preparation is not as assumed, or the noise: {READOUT_WITHHELD}"
    )
    return Assumption.tested(READOUT, chance, said, withholds=True)


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
    start = float(curve(np.zeros(1))[0])
    height = Estimate(float(values[0]), float(np.sqrt(found.covariance[0, 0]))).scaled(1 / start if start > 0 else 1.0)
    chance = min(1.0, 2 * min(chance, found.p_value))
    return _Misfit(found.integral.total, chance, float(values[1] * scale), exponent, height, found.p_value)


def _other_law(found: _Misfit, total: Estimate, widened: float, exact: float) -> str:
    """What fits the counts, in the unit of the exact 𝓘, as the table above it."""
    size, unit = time_unit(exact)
    stretched = f" and exponent {found.exponent:.2g}" if abs(found.exponent - 1) > 0.05 else ""
    times = widened / total.stderr
    return (
        f"the counts decay with {found.rate:.2g} times the rate of the noise{stretched}: that curve has 𝓘 = "
        f"{found.integral.value / size:.4g} ± {found.integral.stderr / size:.2g} {unit}, which the interval, "
        f"{times:.1f} times as wide, holds as well; correct the noise"
    )


def _rule_misses(share: float) -> str:
    return (
        f"the rule misses {share:+.1%} of 𝓘 between and beyond these times, which its interval holds; `times_s` that "
        "follow the decay closely, from its beginning to its end, miss less"
    )
