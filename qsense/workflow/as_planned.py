"""A point of a plan's spec on a device as the plan has it: its decay is that of the spec, preparation and readout too.

The emulator knows the decay of a device's qubits and not what their preparation and readout take. A spec that a plan
wrote says G with both in it, and how far a run's estimates of it scatter.
"""

from __future__ import annotations

from dataclasses import dataclass, fields, replace

import numpy as np

from qsense.comparison.beside_plan import is_meant
from qsense.comparison.points import MeasuredPoint
from qsense.estimators.result import Estimate
from qsense.numerics.fisher import FloatArray
from qsense.runs.planned import PlannedRow
from qsense.runs.point import Point
from qsense.runs.spec import RunSpec
from qsense.theory import IntegratedGain

_TINY = 1e-300


def planned_row(spec: RunSpec, point: Point) -> PlannedRow | None:
    """Returns what a spec's plan foresaw of a point; None where it has none."""
    rows = () if spec.plan is None else spec.plan.rows
    names = {(row.probe, row.num_qubits): row for row in rows}
    row = names.get((point.probe.name, point.probe.num_qubits))
    return row if row is not None and is_meant(row, point.estimator.name) else None


def as_planned(one: MeasuredPoint, spec: RunSpec) -> MeasuredPoint:
    """Returns a simulated point of a device with its plan's G and scatter; as it is where no plan has them."""
    row = planned_row(spec, one.point)
    if row is None or spec.device is None or not row.circuit_variance:
        return one
    times = one.point.rule.times
    shots = one.point.estimator.shots
    own = {name.name: getattr(one, name.name) for name in fields(MeasuredPoint)}
    found = PlannedPoint(**own, row=row)
    values = found.curve_exact(times)
    variances = values**2 * _at(times, row, np.array(row.circuit_variance) / np.square(row.gain)) / shots
    estimates = tuple(
        Estimate(float(value), float(variance**0.5), limits=old.limits, spread=(float(variance), 0.0, 0.0))
        for value, variance, old in zip(values, variances, one.estimates, strict=True)
    )
    exact = one.integrated_gain_exact.value * float(one.point.rule.weights @ values)
    exact /= float(one.point.rule.weights @ one.gain_exact)
    integral = IntegratedGain(exact, *one.integrated_gain_exact[1:])
    return replace(found, estimates=estimates, gain_exact=values, integrated_gain_exact=integral)


@dataclass(frozen=True)
class PlannedPoint(MeasuredPoint):
    """A point whose exact values are those of a plan."""

    row: PlannedRow | None = None

    def curve_exact(self, times: FloatArray) -> FloatArray:
        row = self.row
        assert row is not None
        ratio = np.array(row.gain) / np.maximum(super().curve_exact(np.array(row.times_s)), _TINY)
        return np.asarray(super().curve_exact(times) * _at(times, row, ratio))


def _at(times: FloatArray, row: PlannedRow, values: FloatArray) -> FloatArray:
    return np.asarray(np.exp(np.interp(times, row.times_s, np.log(np.maximum(values, _TINY)))))
