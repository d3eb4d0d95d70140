"""What entanglement bought: until when one probe leads another, and by how much overall, for every pair compared."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Protocol, TypeVar

import numpy as np

from qsense.comparison.crossing import Curve, Until, measured_crossing, until
from qsense.comparison.points import MeasuredPoint, exact_values
from qsense.comparison.ratio import Integral, compare_integrals, ratio_of
from qsense.estimators.chance import NO_ERROR, said_chance
from qsense.estimators.result import Estimate
from qsense.numerics.fisher import FloatArray
from qsense.numerics.integration import first_root
from qsense.probes import Probe
from qsense.runs.point import Point, acting
from qsense.runs.qubits import QubitsUsed
from qsense.theory import crossover
from qsense.theory.gains import crossing_times

_RESOLVED = 1e-13  # smaller gains of a readout, as a part of N², are rounding


@dataclass(frozen=True)
class Crossover:
    """Until when one probe has the larger gain than another, in s, and the ratio of what both gain over all times.

    Attributes:
        noise, num_qubits, estimator: what is compared; the estimators of both where they have none in common.
        measured: where the two interpolated curves cross; None where they do not within the times measured. Its
            error has what interpolation of the exact values misses of the exact crossing.
        exact: the exact root at any time, also beyond the times measured; None where there is none.
        ratio: 𝓘 of the probe over 𝓘 of the other as measured; None where the latter was measured as zero, or counts
            refuse what one of the two assumes.
        ratio_exact: the same, exact; None where the latter is zero.
        is_quantum: whether both estimate the quantum value, or a readout's that reaches it.
        withheld: why no verdict is given from it; None where one is.
        probe, other: the names of the two.
        first: the one of them that leads at first, by the exact curves: until when is said of it.
        until: the 95 % interval of the crossing; None where it is withheld, or for one spin.
        ratio_interval: the 95 % interval of the ratio; its upper end is None where no ratio is too large.
        ratio_p_value: how likely integrals as far apart are if they are equal.
        bounds: the names of those that are bounded from below, not estimated.
        qubits: what is to be said of the qubits on which the two were; None where they were on the same, or on none.
        same_qubits: whether they were; None where there are no qubits to choose.
    """

    noise: str
    num_qubits: int
    estimator: str
    measured: Estimate | None
    exact: float | None
    ratio: Estimate | None
    ratio_exact: float | None
    is_quantum: bool = True
    withheld: str | None = None
    probe: str = "ghz"
    other: str = "product"
    first: str = "ghz"
    until: Until | None = None
    ratio_interval: tuple[float, float | None] | None = None
    ratio_p_value: float = 1.0
    bounds: frozenset[str] = frozenset()
    qubits: str | None = None
    same_qubits: bool | None = None

    @property
    def is_ratio_open(self) -> bool:
        """Whether no ratio is too large, as 𝓘 of the other may be 0: the ratio as measured is then noise."""
        return self.ratio_interval is not None and self.ratio_interval[1] is None


def crossovers(
    measured: Sequence[MeasuredPoint],
    pairs: Sequence[tuple[Probe, Probe]] | None = None,
    used: QubitsUsed | None = None,
) -> list[Crossover]:
    """Returns a comparison for every pair of points of the same noise and estimator.

    Args:
        measured: the points of a run.
        pairs: the probes that are compared, of the same size; by default every probe beside the product probe of its
            size. Where the two have no estimator in common, as "ghz" and "product", the first of each is taken.
        used: where the probes were on a device.
    """
    found = [_crossover(one, other) for one, other in matched(measured, pairs)]
    return found if used is None else [_on_qubits(one, used) for one in found]


def _on_qubits(one: Crossover, used: QubitsUsed) -> Crossover:
    remark = used.remark(one.num_qubits, (one.probe, one.other))
    return replace(one, qubits=remark, same_qubits=remark is None)


def _beside_product(probes: Sequence[Probe]) -> list[tuple[Probe, Probe]]:
    unlike = dict.fromkeys(probes)
    products = {size: Probe.product(size) for size in {probe.num_qubits for probe in unlike}}
    return [(p, products[p.num_qubits]) for p in unlike if p != products[p.num_qubits]]


def matched(
    measured: Sequence[MeasuredPoint], pairs: Sequence[tuple[Probe, Probe]] | None
) -> Iterator[tuple[MeasuredPoint, MeasuredPoint]]:
    """The points of each pair, in the order of the pairs; by default every probe beside the product probe."""
    if pairs is None:
        pairs = _beside_product([one.point.probe for one in measured])
    for noise in dict.fromkeys(m.point.noise.name for m in measured):
        here = [m for m in measured if m.point.noise.name == noise]
        for first, second in pairs:
            own, others = ([m for m in here if m.point.probe == probe] for probe in (first, second))
            alike = [(a, b) for a in own for b in others if a.point.estimator.name == b.point.estimator.name]
            yield from alike or [(a, b) for a in own[:1] for b in others[:1] if a.is_quantum and b.is_quantum]


def _crossover(one: MeasuredPoint, other: MeasuredPoint) -> Crossover:
    num_qubits, names = one.point.probe.num_qubits, (one.point.probe.name, other.point.probe.name)
    estimators = dict.fromkeys(m.point.estimator.name for m in (one, other))
    is_refused = one.is_withheld or other.is_withheld
    crosses = num_qubits > 1 and not is_refused and _at_one_time(one, other) is None
    totals = one.integral.total, other.integral.total
    ratio = None if is_refused else ratio_of(*totals)
    withheld = why_withheld(one, other, ratio)
    compared = None if ratio is None else compare_integrals(_integral(one), _integral(other))
    asked = _as_asked(one), _as_asked(other)
    exact, exact_other = (item.integrated_gain_exact.value for item in asked)
    first, then, root = exact_crossing(*asked)
    curves = curve_of(first), curve_of(then)
    return Crossover(
        one.point.noise.name,
        num_qubits,
        " and ".join(estimators),
        measured_crossing(*curves, root) if crosses else None,
        root,
        ratio,
        exact / exact_other if exact_other else None,
        one.quantity == other.quantity == "integrated_gain",
        withheld,
        *names,
        first.point.probe.name,
        None if withheld or num_qubits == 1 else until(*curves),
        None if compared is None else compared.interval,
        1.0 if compared is None else compared.p_value,
        frozenset(m.point.probe.name for m in (one, other) if m.quantity == "integrated_gain_bound"),
    )


def _as_asked(one: MeasuredPoint) -> MeasuredPoint:
    """With the exact values of what was to be measured, also where a bound stands in its place."""
    if one.stand_in is None:
        return one
    own = replace(one, stand_in=None)
    curve, exact = exact_values(own.point, own.exact_quantity, own.readout_error)
    return replace(own, gain_exact=curve, integrated_gain_exact=exact)


def curve_of(one: MeasuredPoint) -> Curve:
    """Returns the curve of a point, as it was measured."""
    return Curve(one.point.rule, one.estimates, one.gain_exact, one.curve_exact, one.widening)


def _integral(one: MeasuredPoint) -> Integral:
    return Integral(one.point.rule, one.estimates, one.integral.total)


def why_withheld(one: MeasuredPoint, other: MeasuredPoint, ratio: Estimate | None) -> str | None:
    """Why these numbers say nothing about the states of the two probes."""
    for item in (one, other):
        name = item.point.estimator.name
        if item.is_withheld:
            return f"{name} assumes of {item.point.probe.name} what its counts refuse, {_refused(item)}"
        if item.integrated_gain_exact.value == 0:
            blind = f"the readout of {name} is blind to {item.point.probe.name}"
            return f"{item.point.probe.name} has no gain" if item.is_quantum else blind
    for item in (one, other):
        if not item.is_exact_as_read:
            return (
                f"{item.point.estimator.name} does not undo the readout error, which changes G of each probe by "
                "another factor"
            )
    if not (one.integral.total.stderr > 0 or other.integral.total.stderr > 0):
        return f"{NO_ERROR} of 𝓘 of both"
    if (single := _at_one_time(one, other)) is not None:
        return (
            f"one time of {single.point.probe.name} tells G and φ there, not until when a probe leads, and 𝓘 only if "
            "G decays as the noise says; measure at several `times_s`"
        )
    return f"the {other.point.probe.name} probe has no gain by {name}" if ratio is None else None


def _at_one_time(*measured: MeasuredPoint) -> MeasuredPoint | None:
    """The first of those that were measured at one time alone, as runs planned for φ are; None without one."""
    return next((one for one in measured if len(one.point.rule.times) < 2), None)


def _refused(one: MeasuredPoint) -> str:
    shown = [
        f"{a.name}" + ("" if a.p_value is None else f" ({said_chance(a.p_value)})") for a in one.refused if a.withholds
    ]
    return ", ".join(shown)


class ExactCurve(Protocol):
    """A point whose exact curve is known."""

    @property
    def point(self) -> Point: ...

    @property
    def quantity(self) -> str: ...

    def curve_exact(self, times: FloatArray) -> FloatArray: ...


C = TypeVar("C", bound=ExactCurve)


def exact_crossing(one: C, other: C) -> tuple[C, C, float | None]:
    """Returns which leads at first, and the exact root at any time, whatever the times measured.

    On a device each probe has a noise of its own.
    """
    num_qubits, noises = one.point.probe.num_qubits, (acting(one.point.world), acting(other.point.world))
    if num_qubits == 1:
        return one, other, None
    is_plain = one.point.probe == Probe.ghz(num_qubits) and other.point.probe == Probe.product(num_qubits)
    if is_plain and one.point.world.is_plain and one.quantity == other.quantity == "integrated_gain":
        return one, other, crossover(num_qubits, noises[0], product_noise=noises[1])
    grid, resolution = crossing_times(num_qubits, noises), _RESOLVED * num_qubits**2

    def lead(times: FloatArray) -> FloatArray:
        return one.curve_exact(times) - other.curve_exact(times)

    told = [value for value in lead(grid[:2]) if abs(value) > resolution]
    if told and told[0] < 0:
        return other, one, first_root(lambda times: -lead(times), grid, parts=4, resolution=resolution)
    return one, other, first_root(lead, grid, parts=4, resolution=resolution)


def is_seen(item: Crossover) -> bool:
    """Whether a comparison has numbers from which a verdict is given."""
    return item.withheld is None and item.ratio is not None and bool(np.isfinite(item.ratio.value))
