"""What preparation and readout errors take from G, and which qubit decays otherwise than its calibration says.

Errors of preparation and readout multiply G by a factor that does not depend on the sensing time; decay does. Fitted
apart, the factor is what the device's errors leave, and the residuals test the predicted decay:

    measured G(t) = amplitude · predicted G(t).

For a GHZ probe under emission this is not exact: what errors put outside of the block can relax back into all down. The
factor then grows by at most the lost population over the run.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from qsense.errors import ArgumentError
from qsense.estimators.chance import p_value, z_score
from qsense.estimators.result import Estimate
from qsense.numerics.fisher import FloatArray

_ROUNDS = 50
NEVER_BY_CHANCE, BY_CHANCE = 1e-6, 0.01  # p-values


class AmplitudeFit(NamedTuple):
    """A prediction scaled to what was measured.

    Attributes:
        amplitude: the share of G that preparation and readout leave.
        z: the residual at every time over its own standard error, shape (times,).
        p_value: how likely residuals as large are, if the prediction is right up to the amplitude.
    """

    amplitude: Estimate
    z: FloatArray
    p_value: float


class SpinDecay(NamedTuple):
    """One spin's own decay, a·exp(−2 rate·t), fitted to its part of G.

    Attributes:
        amplitude: a.
        rate: 1/T2 in 1/s.
    """

    amplitude: Estimate
    rate: Estimate


class Suspect(NamedTuple):
    """One qubit's decay beside what its calibration says.

    Attributes:
        qubit: its number on the device.
        rate: 1/T2 as measured, in 1/s.
        predicted: 1/T2 as predicted, in 1/s.
        z: their difference in standard errors; positive if the qubit decays faster; nan where no error is known.
        share: its part of Σ(measured − predicted) over all qubits, by which a GHZ probe of them decays faster.
        is_culprit: whether z is too large for chance, at the stated rate of false alarms over all qubits.
    """

    qubit: int
    rate: Estimate
    predicted: float
    z: float
    share: float
    is_culprit: bool


def fit_amplitude(estimates: Sequence[Estimate], predicted: FloatArray) -> AmplitudeFit:
    """Returns the amplitude that best scales a predicted curve to measured values, and what is left.

    Weighted least squares, with each variance taken at the fitted value, so that small values that happen to be low do
    not weigh more. What times share (`Estimate.shared`) has no part in the weights, as it would pull the amplitude
    down, but in the errors: a calibration of readout that is off moves all times together.

    Args:
        estimates: measured G at each time, at least two.
        predicted: exact G from the calibration at these times, shape (times,), positive.

    Raises:
        ArgumentError: there are fewer than two times, the numbers differ, or nothing is predicted.

    Source: linear least squares with one coefficient; its distribution is checked in tests/estimators/test_spam.py.

    >>> fit = fit_amplitude([Estimate(3.6, 0.1), Estimate(1.8, 0.1)], np.array([4.0, 2.0]))
    >>> round(fit.amplitude.value, 6), fit.z.round(6).tolist()
    (0.9, [0.0, 0.0])
    """
    curve = np.asarray(predicted, dtype=np.float64)
    if len(estimates) < 2 or curve.shape != (len(estimates),):
        raise ArgumentError(
            f"An amplitude needs estimates at two times or more and as many predictions, but there are "
            f"{len(estimates)} and {curve.size}."
        )
    if not np.any(curve > 0):
        raise ArgumentError("Argument `predicted` must be positive at some time; there is nothing to scale.")
    values = np.array([e.value for e in estimates])
    amplitude = float(values.sum() / curve.sum())
    shared = _shared(estimates)
    for _ in range(_ROUNDS):
        variances = _variances(estimates, amplitude * curve, shared)
        weights = curve / variances
        before, amplitude = amplitude, float(weights @ values / (weights @ curve))
        if abs(amplitude - before) < 1e-12 * abs(amplitude):
            break
    weights = weights / (weights @ curve)
    stderr = float(np.sqrt(weights**2 @ variances + np.sum((weights @ shared) ** 2)))
    # The fit takes a part of each residual's own variance, and of what times share.
    taken = np.eye(len(curve)) - np.outer(curve, weights)
    left = np.sqrt(np.maximum(taken**2 @ variances + ((taken @ shared) ** 2).sum(1), 1e-12 * variances))
    residuals = values - amplitude * curve
    whiten = np.linalg.inv(np.linalg.cholesky(np.diag(variances) + shared @ shared.T))
    one, other = whiten @ residuals, whiten @ curve
    chi2 = float(one @ one - (one @ other) ** 2 / (other @ other))
    return AmplitudeFit(
        Estimate(amplitude, stderr, limits=(0.0, 1.0)), residuals / left, p_value(max(chi2, 0.0), len(estimates) - 1)
    )


def does_not_decay(estimates: Sequence[Estimate], predicted: FloatArray) -> bool:
    """Returns whether G is constant in time within its errors, while the prediction falls and is rejected.

    This happens where a backend ignores delays: some vendors' simulators put noise on gates alone.

    Args:
        estimates: measured G at each time, at least two.
        predicted: exact G at these times, shape (times,), positive.

    Raises:
        ArgumentError: as `fit_amplitude`.

    >>> flat = [Estimate(4.0, 0.1), Estimate(4.1, 0.1)]
    >>> does_not_decay(flat, np.array([4.0, 1.0])), does_not_decay(flat, np.array([4.0, 4.0]))
    (True, False)
    """
    refused = fit_amplitude(estimates, predicted).p_value < NEVER_BY_CHANCE
    return refused and fit_amplitude(estimates, np.ones(len(estimates))).p_value > BY_CHANCE


def spin_decay(times: FloatArray, gains: Sequence[Estimate]) -> SpinDecay:
    """Returns one spin's T2 rate and amplitude from its part of a product probe's G at several times.

    Args:
        times: in s, shape (times,), at least two different ones.
        gains: its b_x² + b_y² at each time, unbiased, such as `product.spins(counts).gains`.

    Raises:
        ArgumentError: fewer than two times, or no gain that is above its noise.
    """
    t = np.asarray(times, dtype=np.float64)
    values = np.array([g.value for g in gains])
    if len(np.unique(t)) < 2 or len(t) != len(values):
        raise ArgumentError("A spin's decay needs its gain at two different times or more.")
    errors = np.array([g.stderr for g in gains])
    seen = values > 2 * errors
    if seen.sum() < 2:
        raise ArgumentError("No spin's gain is above its noise at two times; use earlier times or more shots.")
    slope, start = np.polyfit(t[seen], np.log(values[seen]), 1, w=values[seen] / np.maximum(errors[seen], 1e-12))
    a, rate = float(np.exp(start)), max(float(-slope / 2), 0.0)
    for _ in range(_ROUNDS):  # Gauss–Newton
        curve = np.exp(-2 * rate * t)
        variances = _variances(gains, a * curve)
        slopes = np.stack([curve, -2 * t * a * curve], axis=1)
        covariance = np.linalg.inv(slopes.T @ (slopes / variances[:, None]))
        step = covariance @ (slopes.T @ ((values - a * curve) / variances))
        a, rate = a + float(step[0]), rate + float(step[1])
        if np.all(np.abs(step) < 1e-10 * np.sqrt(np.diag(covariance))):
            break
    spread = np.sqrt(np.diag(covariance))
    return SpinDecay(Estimate(a, float(spread[0])), Estimate(rate, float(spread[1])))


def suspects(
    qubits: Sequence[int], rates: Sequence[Estimate], predicted: Sequence[float] | FloatArray, false_alarm: float = 0.01
) -> list[Suspect]:
    """Returns the qubits by how far their measured 1/T2 is from the predicted one, the farthest first.

    A GHZ probe depends on Σ 1/T2 alone and cannot tell which qubit is to blame; rates from a product probe on the same
    qubits, or from `qsense calibrate`, can.

    Args:
        qubits: their numbers on the device.
        rates: measured 1/T2 of each, in 1/s.
        predicted: 1/T2 of each from the calibration, in 1/s.
        false_alarm: the chance that any qubit is called a culprit when all are as predicted.

    Raises:
        ArgumentError: the lists differ in length or are empty.

    >>> suspects([7, 9], [Estimate(1e4, 100.0), Estimate(3e4, 100.0)], [1e4, 1e4])[0].qubit
    9
    """
    if not qubits or len({len(qubits), len(rates), len(predicted)}) != 1:
        raise ArgumentError("Arguments `qubits`, `rates` and `predicted` must be lists of one length, and not empty.")
    differences = np.array([r.value - p for r, p in zip(rates, predicted, strict=True)])
    total = float(differences.sum())
    found = []
    for qubit, rate, expected, difference in zip(qubits, rates, predicted, differences, strict=True):
        known = z_score(float(difference), rate.stderr)
        z, chance = (float("nan"), 1.0) if known is None else (known, p_value(known**2, 1))
        share = float(difference / total) if total else 0.0
        found.append(Suspect(qubit, rate, float(expected), z, share, chance * len(qubits) < false_alarm))
    return sorted(found, key=lambda s: -abs(s.z) if np.isfinite(s.z) else 1.0)


def _shared(estimates: Sequence[Estimate]) -> FloatArray:
    """What moves all estimates together, shape (times, numbers that they share)."""
    parts = [e.shared for e in estimates]
    if len({len(part) for part in parts}) != 1 or not parts[0]:
        return np.zeros((len(parts), 1))
    return np.array(parts)


def _variances(estimates: Sequence[Estimate], at: FloatArray, shared: FloatArray | None = None) -> FloatArray:
    """Each estimate's own variance if the truth were `at`; never 0, as that would be an infinite weight."""
    found = np.array([float(e.variance(np.array(x))) for e, x in zip(estimates, at, strict=True)])
    if shared is not None:
        found = found - (shared**2).sum(1)
    floor = 1e-12 * max(float(np.max(np.abs(at))) ** 2, 1e-300)
    return np.asarray(np.maximum(found, floor))
