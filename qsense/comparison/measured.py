"""One measured point beside what it should be.

An estimate is compared with what it estimates: tomography with the quantum value, parameter shift with the classical
value of its readout at mid-fringe. `quantity` says which.
"""

from __future__ import annotations

from dataclasses import dataclass

from qsense.circuits.counts import Counts
from qsense.estimators.result import Estimate, IntegratedEstimate, integrate_estimates
from qsense.numerics.fisher import FloatArray
from qsense.runs.plan import Point
from qsense.theory import IntegratedGain, gain, integrated_gain
from qsense.theory.measurement import classical_gain, integrated_classical_gain

_REACHING = {("ghz", "loss_flag"), ("product", "local_x")}
_NAMES = {"collective_x": "total_jx"}  # what an estimator counts, and what the theory calls it


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
        readout, kind = self.point.method.readout, self.point.probe.kind
        return "img" if readout is None or (kind, readout) in _REACHING else "classical_img"

    def curve_exact(self, times: FloatArray) -> FloatArray:
        """The exact value at other times, shape (times,)."""
        return _exact_gain(self.point, times)


def measure(point: Point, counts: list[Counts]) -> Measured:
    """Returns the estimates of one point beside the exact values."""
    estimates = tuple(point.estimate(counts))
    return Measured(
        point,
        estimates,
        integrate_estimates(point.rule, estimates),
        _exact_gain(point, point.rule.times),
        _exact_img(point),
    )


def _exact_gain(point: Point, times: FloatArray) -> FloatArray:
    readout = point.method.readout
    if readout is None:
        return gain(point.probe, point.noise, times)
    return classical_gain(point.probe, point.noise, times, _NAMES.get(readout, readout))


def _exact_img(point: Point) -> IntegratedGain:
    readout = point.method.readout
    if readout is None:
        return integrated_gain(point.probe, point.noise)
    return integrated_classical_gain(point.probe, point.noise, _NAMES.get(readout, readout))
