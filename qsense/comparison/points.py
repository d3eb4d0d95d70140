"""One measured point beside the exact value of what its estimator declares to estimate."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from qsense.circuits.counts import Counts
from qsense.comparison import as_read, assumed, decay_law
from qsense.comparison.phases import PointPhases, phases_of
from qsense.comparison.populations import of_populations, surer
from qsense.estimators.assumptions import DECAY_LAW, READOUT, Assumption
from qsense.estimators.chance import z_score
from qsense.estimators.estimator import ClassicalGain, MomentBound, Quantity, QuantumGain
from qsense.estimators.result import Estimate, IntegratedEstimate, integrate_estimates
from qsense.noise import ReadoutError
from qsense.numerics.fisher import FloatArray
from qsense.runs.columns import POINT_COLUMNS
from qsense.runs.point import Point, acting
from qsense.theory import IntegratedGain, gain, integrated_gain
from qsense.theory.measurement import classical_gain, integrated_classical_gain
from qsense.theory.moments import integrated_moment_bound, moment_bound

_ROUNDING = 1e-12  # of a limit, within which an exact value is at it


@dataclass(frozen=True)
class MeasuredPoint:
    """One point: its counts, its estimates and the exact values they stand for.

    Attributes:
        point: what was measured.
        counts: of each time, with those of a pilot that they add to.
        estimates: G at each time.
        integral: 𝓘 from them.
        gain_exact: exact G (or classical gain) at each time, shape (times,).
        integrated_gain_exact: its exact integral.
        readout_error: with which the counts were read, where the run emulates one.
        assumptions: what the estimates take for granted, as far as the counts can test it.
        widening: by how much errors between and beyond the times are larger, as the law of decay is doubted.
        stand_in: what the estimates are of where they stand in place of those that a refused assumption spoils.
    """

    point: Point
    counts: tuple[Counts, ...]
    estimates: tuple[Estimate, ...]
    integral: IntegratedEstimate
    gain_exact: FloatArray
    integrated_gain_exact: IntegratedGain
    readout_error: ReadoutError | None = None
    assumptions: tuple[Assumption, ...] = ()
    widening: float = 1.0
    stand_in: Quantity | None = None

    @cached_property
    def phases(self) -> PointPhases | None:
        """The signal angles and the field as the counts show them; None where they show none that can be trusted."""
        return None if self.is_withheld else phases_of(self.point, self.counts, self.readout_error)

    @property
    def refused(self) -> tuple[Assumption, ...]:
        """The assumptions that the counts refuse."""
        return tuple(one for one in self.assumptions if one.held is False)

    @property
    def is_withheld(self) -> bool:
        """Whether a refused assumption leaves estimates that are none of what they stand for."""
        return any(one.withholds for one in self.refused)

    @property
    def z(self) -> float | None:
        """(estimated − exact) / standard error of 𝓘; None where these are not the same quantity.

        What stands in place of refused estimates has one only where the spec itself says why, and its exact value so.
        """
        refused = [one for one in self.refused if one.withholds]
        is_known = self.stand_in is not None and all(one.is_known for one in refused)
        if not self.is_exact_as_read or (refused and not is_known):
            return None
        return z_score(self.integral.total.value - self.integrated_gain_exact.value, self.integral.total.stderr)

    @property
    def quantity(self) -> str:
        """ "integrated_gain", "classical_integrated_gain" where the readout cannot reach the quantum value, or
        "integrated_gain_bound"."""
        quantity = self.exact_quantity
        if isinstance(quantity, MomentBound):
            return "integrated_gain_bound"
        if isinstance(quantity, QuantumGain):
            return "integrated_gain"
        # Spin by spin a product probe's readout reaches G only where each spin's noise is its own.
        apart = self.point.probe.kind == "ghz" or self.point.world.noise.acts_alone
        is_reached = quantity.reaches_quantum and apart and not self._is_exact_with_readout_error
        return "integrated_gain" if is_reached else "classical_integrated_gain"

    @property
    def is_quantum(self) -> bool:
        """Whether the estimates are of the quantum value itself, not of a readout's."""
        return isinstance(self.exact_quantity, QuantumGain)

    @property
    def exact_quantity(self) -> Quantity:
        """What the estimates and the exact values are of."""
        return self.stand_in or _quantity(self.point)

    @property
    def is_exact_as_read(self) -> bool:
        """Whether the exact values hold all that the estimates do: False where readout error is in these alone.

        No estimator of G undoes readout error. A classical gain is that of the readout, its errors included.
        """
        return not leaves_out_readout(self.point, self.readout_error)

    @property
    def _is_exact_with_readout_error(self) -> bool:
        return _held_error(self.point, self.readout_error) is not None

    def curve_exact(self, times: FloatArray) -> FloatArray:
        """Returns the exact value at other times, shape (times,)."""
        return _exact_gain(self.point, times, self.readout_error, self.stand_in)


def measure_point(point: Point, counts: Sequence[Counts], readout_error: ReadoutError | None = None) -> MeasuredPoint:
    """Returns the estimates of one point beside the exact values, given the counts of each time.

    Args:
        point: what was measured.
        counts: of each time.
        readout_error: with which they were read.
    """
    counts = point.with_pilot(counts)
    estimates = tuple(point.estimate(counts))
    quantity, held = _quantity(point), _held_error(point, readout_error)
    exact_gain, exact = exact_values(point, quantity, readout_error)
    exact_gain = within_limits(exact_gain, estimates)
    integral, widening = integrate_estimates(point.rule, estimates), 1.0
    found = assumed.of_counts(point, counts, readout_error)
    is_read_wrong = _is_wrong(readout_error) and held is None
    if is_read_wrong and READOUT in point.method.assumes:
        found += (assumed.of_spec_readout(),)
    if not any(one.is_known and one.withholds for one in found):

        def curve(times: FloatArray) -> FloatArray:
            return _exact_gain(point, times, readout_error)

        more: tuple[Assumption, ...]
        if isinstance(quantity, QuantumGain):
            integral, more, widening = decay_law.checked(point.rule, estimates, integral, curve, exact.value)
        else:
            fewest = min(int(one.row_shots().min()) for one in counts)
            integral, more, _ = decay_law.with_what_is_missed(point.rule, integral, curve, exact.value)
            more += decay_law.of_another_gain(point.rule, estimates, curve, fewest) if exact.value > 0 else ()
        wanted = point.method.assumes
        readout = surer(of_populations(point, counts), next((one for one in more if one.name == READOUT), None))
        more = (*(one for one in more if one.name != READOUT), *([] if readout is None else [readout]))
        # What the estimator does not assume, and readout that is known to be wrong, are not tested.
        found += tuple(one for one in more if one.name != READOUT or (READOUT in wanted and not is_read_wrong))
    if is_read_wrong and assumed.is_bent(point, readout_error):
        found = tuple(assumed.of_bent_decay() if one.name == DECAY_LAW else one for one in found)
    return MeasuredPoint(
        point,
        tuple(counts),
        estimates,
        integral,
        exact_gain,
        exact,
        readout_error,
        assumed.complete(found, point.method.assumes),
        widening,
    )


def exact_values(
    point: Point, quantity: Quantity, readout_error: ReadoutError | None
) -> tuple[FloatArray, IntegratedGain]:
    """Returns the exact values of a quantity at a point's times, shape (times,), and its integral."""
    return (
        _exact_gain(point, point.rule.times, readout_error, quantity),
        _exact_integral(point, readout_error, quantity),
    )


def within_limits(exact: FloatArray, estimates: Sequence[Estimate]) -> FloatArray:
    """Returns exact values, those beyond a limit of their estimate by rounding alone at that limit.

    A value at its limit, as N² at t = 0, is computed in two ways, each with its rounding. Intervals are cut at the
    limit and would not hold it.

    Args:
        exact: at each time, shape (times,).
        estimates: of the same.

    >>> within_limits(np.array([9.000000000000002, 9.1]), [Estimate(9.0, 0.1, limits=(0.0, 9.0))] * 2).tolist()
    [9.0, 9.1]
    """
    limits = np.array([one.limits for one in estimates])
    near, size = np.clip(exact, *limits.T), np.where(np.isfinite(limits), np.abs(limits), 0).max(-1)
    return np.asarray(np.where(np.abs(near - exact) <= _ROUNDING * size, near, exact))


def exact_gain(point: Point, times: FloatArray, readout_error: ReadoutError | None = None) -> FloatArray:
    """Returns the exact value of what a point's estimator declares, at any times in s, shape (times,)."""
    return _exact_gain(point, times, readout_error)


def integrated_gain_exact(point: Point, readout_error: ReadoutError | None = None) -> float:
    """Returns the integral of `exact_gain` over all times, in s."""
    return _exact_integral(point, readout_error, _quantity(point)).value


def leaves_out_readout(point: Point, readout_error: ReadoutError | None) -> bool:
    """Returns whether a point is read with errors that its exact values do not hold."""
    return _is_wrong(readout_error) and _held_error(point, readout_error) is None


def is_of_quantum_gain(point: Point) -> bool:
    """Returns whether a point's estimator estimates the quantum value itself, not the gain of a readout or a bound."""
    return isinstance(_quantity(point), QuantumGain)


def point_columns(point: Point) -> dict[str, Any]:
    """Returns the columns that say which point a row is of, POINT_COLUMNS."""
    values = (point.probe.name, point.probe.num_qubits, point.noise.name, point.estimator.name)
    return dict(zip(POINT_COLUMNS, values, strict=True))


def _quantity(point: Point) -> Quantity:
    with point.calling_estimator():
        quantity = point.method.quantity(point.probe)
        if not isinstance(quantity, QuantumGain | ClassicalGain | MomentBound):
            found = type(quantity).__name__
            raise TypeError(f"`quantity` must return QuantumGain, ClassicalGain or MomentBound, not {found}")
    return quantity


def _is_wrong(error: ReadoutError | None) -> bool:
    return error is not None and (error.up_given_down > 0 or error.down_given_up > 0)


def _held_error(point: Point, error: ReadoutError | None) -> ReadoutError | None:
    """The readout error that the exact values of a point hold; None where there is none, or they leave it out."""
    return error if _is_wrong(error) and as_read.is_known(point) else None


def _exact_gain(
    point: Point, times: FloatArray, readout_error: ReadoutError | None, quantity: Quantity | None = None
) -> FloatArray:
    held = _held_error(point, readout_error)
    if held is not None:
        return as_read.gain_as_read(point, times, held)
    quantity = quantity or _quantity(point)
    if isinstance(quantity, QuantumGain):
        return gain(point.probe, acting(point.world), times)
    if isinstance(quantity, MomentBound):
        return moment_bound(point.probe, point.world, times, quantity.order, quantity.angle, quantity.azimuths)
    with point.calling_estimator():
        return classical_gain(point.probe, acting(point.world), times, quantity.readout, quantity.phase)


def _exact_integral(point: Point, readout_error: ReadoutError | None, quantity: Quantity) -> IntegratedGain:
    held = _held_error(point, readout_error)
    if held is not None:
        return as_read.integrated_gain_as_read(point, held)
    if isinstance(quantity, QuantumGain):
        return integrated_gain(point.probe, acting(point.world))
    if isinstance(quantity, MomentBound):
        world = acting(point.world)
        return integrated_moment_bound(point.probe, world, quantity.order, quantity.angle, quantity.azimuths)
    with point.calling_estimator():
        return integrated_classical_gain(point.probe, acting(point.world), quantity.readout, quantity.phase)
