"""𝓘 = ∫₀^∞ G dt from estimates of G at a few times, by a law of decay that is fitted to them.

The quadrature of `result.integrate_estimates` takes the rate of decay as given: it sets the curve between the times and
all of the tail. A law finds its rate in the data, so it needs no noise model, and it is used only if it describes the
data: a fit whose residuals are larger, or show more curvature, than chance allows is refused. Its error is that of the
quadrature or larger, as the rate is unknown.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from qsense.errors import ArgumentError
from qsense.estimators.chance import p_value
from qsense.estimators.integral.decay import Law, ModelName, law
from qsense.estimators.result import Estimate, IntegratedEstimate
from qsense.numerics.fisher import FloatArray
from qsense.numerics.integration import as_times

REFUSED_BELOW = 0.01  # a law that is right is refused once in a hundred times
GIVEN = "given"  # the name of a law that is no name
_TOLERANCE = 1e-8  # of a step, and of χ²
_REWEIGHTINGS = 4
_TINY = 1e-300  # a variance of 0 would be an infinite weight

Curve = Callable[[FloatArray], FloatArray]


@dataclass(frozen=True)
class Fit:
    """A law that describes the data, and its integral.

    Attributes:
        model: its name.
        parameters: by name: `amplitude` (1), `rate` (1/s), and for the stretched law `exponent`.
        covariance: of the parameters in that order, shape (parameters, parameters).
        integral: 𝓘 in s; its tail is the part beyond the last time.
        chi_square, degrees: of the residuals, in a measure in which they are near normal also where G is near 0.
        bend: how many standard deviations the data fall off more abruptly than the law, as if Λt were (Λt)^β with β >
            1; 0 for the stretched law, which has β. It finds a wrong law two to five times as often as χ² does.
        p_value: how likely a χ² or a bend so large is if the law is right: twice the smaller of the two chances.
    """

    model: str
    parameters: dict[str, Estimate]
    covariance: FloatArray
    integral: IntegratedEstimate
    chi_square: float
    degrees: int
    bend: float
    p_value: float


# A rate, or an amplitude, that the data do not fix may run away, to ∞ · 0 at last; `_spread` refuses it.
@np.errstate(over="ignore", under="ignore", invalid="ignore")
def fit(
    times: Sequence[float] | FloatArray,
    estimates: Sequence[Estimate],
    model: ModelName | Law,
    num_qubits: int | None = None,
    amplitude: float | None = None,
    covariance: FloatArray | None = None,
    refused_below: float = REFUSED_BELOW,
) -> Fit:
    """Returns 𝓘 by a fitted law of decay, with the propagated error.

    Least squares, weighted with the variances that the estimates would have if the law were true (`Estimate.spread`):
    weights from the scattered values themselves would pull the curve down.

    Args:
        times: shape (n,), in s, increasing.
        estimates: G at each time.
        model: the law, by its name or itself.
        num_qubits: N, for `ghz_emission`.
        amplitude: G at t = 0 where it is known (N² for GHZ, N for a product probe); fitted by default.
        covariance: of the estimates, shape (n, n), where times share shots; they are independent by default.
        refused_below: the p-value below which the law is refused. A law that passes is not proven: a wrong one whose
            integral is off by two standard errors was refused in 42 to 68 % of runs.

    Raises:
        ArgumentError: too few times to test the law, data that show no decay, or a law that does not describe them.

    >>> times = np.array([0.5, 1.0, 2.0, 4.0])
    >>> found = fit(times, [Estimate(3 * float(np.exp(-0.5 * t)), 0.01) for t in times], "exponential")
    >>> round(found.integral.total.value, 6), found.degrees
    (6.0, 2)
    """
    grid, shape = as_times(times), model if isinstance(model, Law) else law(model, num_qubits)
    name = model if isinstance(model, str) else GIVEN
    unit = float(grid[-1]) or 1.0  # of time while fitting, so that no tolerance has one
    grid = grid / unit
    degrees = _degrees(grid, estimates, shape, name, amplitude)
    values = np.array([e.value for e in estimates])

    def curve(unknown: FloatArray) -> FloatArray:
        height, rate, exponent = _unpacked(unknown, amplitude)
        return height * shape.shape(rate * grid, exponent)

    noise = np.diag([max(e.stderr**2, _TINY) for e in estimates]) if covariance is None else np.asarray(covariance)
    unknown = _start(grid, values, shape, amplitude)
    for _ in range(_REWEIGHTINGS):
        unknown = _least_squares(curve, unknown, values, _whitening(noise))
        if covariance is not None or all(e.spread is None for e in estimates):
            break
        noise = _expected_noise(curve(unknown), estimates)
    whiten = _whitening(noise)
    plain = whiten @ (values - curve(unknown))
    left = plain if covariance is not None else residuals(curve(unknown), estimates)
    slopes = whiten @ _jacobian(curve, unknown)
    spread = _spread(slopes, name, 0 if amplitude is not None else 1)

    def bent(log_exponent: FloatArray) -> FloatArray:
        height, rate, exponent = _unpacked(unknown, amplitude)
        return height * shape.shape((rate * grid) ** float(np.exp(log_exponent[0])), exponent)

    chi_square = float(left @ left)
    bend = _along(left, whiten @ _jacobian(bent, np.zeros(1))[:, 0], slopes)
    chance = min(1.0, 2 * min(p_value(chi_square, degrees), p_value(bend**2, 1)))
    if chance < refused_below:
        raise ArgumentError(
            f"The model {name} does not describe the data: χ² = {chi_square:.1f} for {degrees} degrees of freedom, "
            f"bend {bend:+.1f} σ (p = {chance:.1g}, refused below {refused_below:g}); use another or the quadrature."
        )

    def integrals(at: FloatArray) -> FloatArray:
        height, rate, exponent = _unpacked(at, amplitude)
        tails = np.array([shape.tail(0.0, exponent), shape.tail(rate * float(grid[-1]), exponent)])
        return unit * height / rate * tails

    def named(at: FloatArray) -> FloatArray:
        height, rate, exponent = _unpacked(at, amplitude)
        return np.array([height, rate / unit, exponent][: len(shape.parameters)])

    total, tail = _propagated(integrals, unknown, spread)
    parameters = dict(zip(shape.parameters, _propagated(named, unknown, spread), strict=True))
    changes = _jacobian(named, unknown)
    return Fit(
        name,
        parameters,
        changes @ spread @ changes.T,
        IntegratedEstimate(total, tail, {}),
        chi_square,
        degrees,
        bend,
        chance,
    )


def _degrees(grid: FloatArray, estimates: Sequence[Estimate], shape: Law, model: str, amplitude: float | None) -> int:
    if len(estimates) != len(grid):
        raise ArgumentError(
            f"Argument `estimates` must be one for each of {len(grid)} times, but are {len(estimates)}."
        )
    num_free = len(shape.parameters) - (amplitude is not None)
    if len(grid) <= num_free:
        raise ArgumentError(
            f"The model {model} has {num_free} unknowns: it takes at least {num_free + 1} times to see whether it "
            f"describes the data, but there are {len(grid)}."
        )
    return len(grid) - num_free


def _unpacked(unknown: FloatArray, amplitude: float | None) -> tuple[float, float, float]:
    """A, Λ, β from the fit's unknowns: (A unless it is known), ln Λ, (ln β)."""
    rest = unknown if amplitude is not None else unknown[1:]
    height = float(unknown[0]) if amplitude is None else amplitude
    return height, float(np.exp(rest[0])), float(np.exp(rest[1])) if len(rest) > 1 else 1.0


def _start(times: FloatArray, values: FloatArray, shape: Law, amplitude: float | None) -> FloatArray:
    """The best of a scale of rates, with the amplitude that goes with each."""
    rates = np.geomspace(2e-4 / times[-1], 20 / max(times[0], times[-1] / 100), 300)
    basis = shape.shape(rates[:, None] * times, 1.0)
    heights = basis @ values / np.maximum((basis**2).sum(1), _TINY)
    if amplitude is not None:
        heights = np.full(len(rates), amplitude)
    best = int(np.argmin(((values - heights[:, None] * basis) ** 2).sum(1)))
    unknown = np.array([heights[best], np.log(rates[best])][amplitude is not None :])
    return np.append(unknown, 0.0) if len(shape.parameters) == 3 else unknown


def _expected_noise(expected: FloatArray, estimates: Sequence[Estimate]) -> FloatArray:
    """The variances of the estimates where the curve runs."""
    variances = [max(float(e.variance(np.clip(g, *e.limits))), _TINY) for e, g in zip(estimates, expected, strict=True)]
    return np.diag(variances)


def residuals(expected: FloatArray, estimates: Sequence[Estimate], least: float = 0.0) -> FloatArray:
    """Returns ∫ dG/σ(G) from the curve to each estimate, by Simpson's rule.

    Near G = 0 an estimate is a squared amplitude with a long upper tail. In this measure it is close to normal. In
    units of σ at the curve alone, a right law with eight of ten times in the tail was refused at 1 % in 4.5 % of all
    runs.

    Args:
        expected: the curve at the times, shape (times,).
        estimates: at each.
        least: of each estimate's own variance: σ² is taken no smaller.
    """
    out = []
    for one, g in zip(estimates, expected, strict=True):
        points = np.clip([g, (g + one.value) / 2, one.value], *one.limits)
        slopes = 1 / np.sqrt(np.maximum(one.variance(points), max(_TINY, least * one.stderr**2)))
        out.append((one.value - g) * float(slopes @ np.array([1, 4, 1])) / 6)
    return np.array(out)


def _along(own: FloatArray, direction: FloatArray, slopes: FloatArray) -> float:
    """The residuals along the part of a direction that the fit cannot absorb, in standard deviations."""
    basis = np.linalg.qr(slopes)[0]
    left = direction - basis @ (basis.T @ direction)
    length = float(np.linalg.norm(left))
    return float(left @ own) / length if length > 1e-6 * float(np.linalg.norm(direction)) else 0.0


def _whitening(noise: FloatArray) -> FloatArray:
    try:
        return np.asarray(np.linalg.inv(np.linalg.cholesky(noise)))
    except np.linalg.LinAlgError as error:
        raise ArgumentError("Argument `covariance` must be positive definite, but is not.") from error


def _least_squares(curve: Curve, start: FloatArray, values: FloatArray, whiten: FloatArray) -> FloatArray:
    from scipy.optimize import leastsq  # MINPACK with its own differences: a third of the time of `least_squares`

    scale = np.maximum(np.abs(start), 1.0)
    tolerances = {"ftol": _TOLERANCE, "xtol": _TOLERANCE, "gtol": _TOLERANCE}
    found = leastsq(lambda u: whiten @ (curve(u) - values), start, diag=1 / scale, full_output=True, **tolerances)
    return np.asarray(found[0], dtype=np.float64)


def _spread(slopes: FloatArray, model: str, rate: int) -> FloatArray:
    """The covariance of the unknowns; `rate` is the place of ln Λ among them."""
    fixed = bool(np.all(np.isfinite(slopes)))
    if fixed and np.linalg.matrix_rank(slopes, tol=1e-9 * float(np.abs(slopes).max(initial=_TINY))) == slopes.shape[1]:
        inverse = np.linalg.inv(np.linalg.qr(slopes)[1])  # slopes squared may be singular in doubles
        spread = inverse @ inverse.T
        if spread[rate, rate] < 1:  # Λ known to a factor e: beyond that errors do not propagate linearly
            return np.asarray(spread)
    raise ArgumentError(f"The data do not fix the rate of the model {model}; measure other times, or more shots.")


def _jacobian(function: Curve, at: FloatArray) -> FloatArray:
    """Central differences, shape (outputs, unknowns), right to 1e-9 of the scale."""
    columns = []
    for k in range(len(at)):
        step = np.zeros(len(at))
        step[k] = 1e-5 * max(abs(at[k]), 1.0)
        columns.append((function(at + step) - function(at - step)) / (2 * step[k]))
    return np.stack(columns, axis=1)


def _propagated(function: Curve, at: FloatArray, spread: FloatArray) -> list[Estimate]:
    slopes = _jacobian(function, at)
    errors = np.sqrt(np.diag(slopes @ spread @ slopes.T))
    return [Estimate(float(v), float(e), limits=(0.0, np.inf)) for v, e in zip(function(at), errors, strict=True)]
