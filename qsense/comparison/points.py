"""One measured point beside the exact value of what its estimator declares to estimate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from qsense.circuits.counts import Counts
from qsense.estimators.estimator import ClassicalGain, Quantity, QuantumGain
from qsense.estimators.result import Estimate, IntegratedEstimate, integrate_estimates
from qsense.numerics.fisher import FloatArray
from qsense.runs.columns import POINT_COLUMNS
from qsense.runs.plan import Point
from qsense.theory import IntegratedGain, gain, integrated_gain
from qsense.theory.measurement import classical_gain, integrated_classical_gain


@dataclass(frozen=True)
class MeasuredPoint:
    """One point: its counts, its estimates and the exact values they stand for.

    Attributes:
        point: what was measured.
        counts: of each time.
        estimates: G at each time.
        integral: 𝓘 from them.
        gain_exact: exact G (or classical gain) at each time, shape (times,).
        integrated_gain_exact: its exact integral.
    """

    point: Point
    counts: tuple[Counts, ...]
    estimates: tuple[Estimate, ...]
    integral: IntegratedEstimate
    gain_exact: FloatArray
    integrated_gain_exact: IntegratedGain

    @property
    def z(self) -> float | None:
        """(estimated − exact) / standard error of 𝓘; None where the standard error is 0."""
        if self.integral.total.stderr == 0:
            return None
        return (self.integral.total.value - self.integrated_gain_exact.value) / self.integral.total.stderr

    @property
    def quantity(self) -> str:
        """ "integrated_gain", or "classical_integrated_gain" where the readout cannot reach the quantum value."""
        quantity = _quantity(self.point)
        is_reached = isinstance(quantity, QuantumGain) or quantity.reaches_quantum
        return "integrated_gain" if is_reached else "classical_integrated_gain"

    @property
    def is_quantum(self) -> bool:
        """Whether the estimates are of the quantum value itself, not of a readout's."""
        return isinstance(_quantity(self.point), QuantumGain)

    def curve_exact(self, times: FloatArray) -> FloatArray:
        """Returns the exact value at other times, shape (times,)."""
        return _exact_gain(self.point, times)


def measure_point(point: Point, counts: Sequence[Counts]) -> MeasuredPoint:
    """Returns the estimates of one point beside the exact values, given the counts of each time."""
    estimates = tuple(point.estimate(counts))
    return MeasuredPoint(
        point,
        tuple(counts),
        estimates,
        integrate_estimates(point.rule, estimates),
        _exact_gain(point, point.rule.times),
        _exact_integral(point),
    )


def point_columns(point: Point) -> dict[str, Any]:
    """Returns the columns that say which point a row is of, POINT_COLUMNS."""
    values = (point.probe.name, point.probe.num_qubits, point.noise.name, point.estimator.name)
    return dict(zip(POINT_COLUMNS, values, strict=True))


def _quantity(point: Point) -> Quantity:
    with point.calling_estimator():
        quantity = point.method.quantity(point.probe)
        if not isinstance(quantity, QuantumGain | ClassicalGain):
            raise TypeError(f"`quantity` must return QuantumGain or ClassicalGain, not {type(quantity).__name__}")
    return quantity


def _exact_gain(point: Point, times: FloatArray) -> FloatArray:
    quantity = _quantity(point)
    if isinstance(quantity, QuantumGain):
        return gain(point.probe, point.noise, times)
    with point.calling_estimator():
        return classical_gain(point.probe, point.noise, times, quantity.readout, quantity.phase)


def _exact_integral(point: Point) -> IntegratedGain:
    quantity = _quantity(point)
    if isinstance(quantity, QuantumGain):
        return integrated_gain(point.probe, point.noise)
    with point.calling_estimator():
        return integrated_classical_gain(point.probe, point.noise, quantity.readout, quantity.phase)
