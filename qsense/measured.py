"""One measured point beside what it should be.

An estimate is compared with what it estimates: tomography with the quantum value, parameter shift with the classical
value of its readout at mid-fringe. `quantity` says which.
"""

from __future__ import annotations

from dataclasses import dataclass

from qsense.counts import IntArray
from qsense.estimate.result import Estimate, IntegratedEstimate, integrate_estimates
from qsense.fisher import FloatArray
from qsense.plan import Point
from qsense.theory import IntegratedGain, gain, integrated_gain
from qsense.theory.measurement import classical_gain, integrated_classical_gain


@dataclass(frozen=True)
class Measured:
    """One point: its estimates and the exact values they stand for.

    Attributes:
        point: what was measured.
        estimates: G at each time.
        integral: 𝓘 from them.
        gain_exact: exact G (or classical gain) at each time, shape (times,).
        img_exact: its exact integral.
    """

    point: Point
    estimates: tuple[Estimate, ...]
    integral: IntegratedEstimate
    gain_exact: FloatArray
    img_exact: IntegratedGain

    @property
    def z(self) -> float | None:
        """(estimated − exact) / standard error of 𝓘; None where the counts did not scatter at all."""
        if self.integral.total.stderr == 0:
            return None
        return (self.integral.total.value - self.img_exact.value) / self.integral.total.stderr

    @property
    def quantity(self) -> str:
        """ "img", or "classical_img" where the readout cannot reach the quantum value."""
        if self.point.estimator.kind == "tomography":
            return "img"
        reaches = {("ghz", "loss_flag"), ("product", "local_x")}
        probe = self.point.probe
        return "img" if (probe.kind, self.point.estimator.readout_for(probe)) in reaches else "classical_img"

    def curve_exact(self, times: FloatArray) -> FloatArray:
        """The exact value at other times, shape (times,)."""
        return _exact_gain(self.point, times)


def measure(point: Point, tables: list[IntArray]) -> Measured:
    """Returns the estimates of one point beside the exact values."""
    estimates = tuple(point.estimate(tables))
    return Measured(
        point,
        estimates,
        integrate_estimates(point.rule, estimates),
        _exact_gain(point, point.rule.times),
        _exact_img(point),
    )


def _exact_gain(point: Point, times: FloatArray) -> FloatArray:
    if point.estimator.kind == "tomography":
        return gain(point.probe, point.noise, times)
    return classical_gain(point.probe, point.noise, times, point.estimator.readout_for(point.probe))


def _exact_img(point: Point) -> IntegratedGain:
    if point.estimator.kind == "tomography":
        return integrated_gain(point.probe, point.noise)
    return integrated_classical_gain(point.probe, point.noise, point.estimator.readout_for(point.probe))
