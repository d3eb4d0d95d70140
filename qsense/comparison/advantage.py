"""What entanglement bought: until when GHZ leads the product probe, by how much overall, and a verdict in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from qsense.comparison.points import MeasuredPoint
from qsense.estimators.result import Estimate
from qsense.files.units import readable_time
from qsense.numerics.fisher import FloatArray
from qsense.numerics.integration import first_root
from qsense.numerics.quadrature import Rule
from qsense.probes import Probe
from qsense.runs.point import Point, acting
from qsense.theory import crossover
from qsense.theory.gains import crossing_times

_GRID = 4001
_RESOLVED = 1e-13  # smaller gains of a readout, as a part of N², are rounding


@dataclass(frozen=True)
class Crossover:
    """Until when GHZ has the larger gain than the product probe, in s.

    Attributes:
        noise, num_qubits, estimator: what is compared.
        measured: where the two interpolated curves cross; None where they do not within the times measured. Its
            error has what interpolation of the exact values misses of the exact crossing.
        exact: the exact root at any time, also beyond the times measured; None where there is none.
        ratio: 𝓘_GHZ/𝓘_product as measured; None where the latter was measured as zero, or counts refuse what one of
            the two assumes.
        ratio_exact: the same, exact; None where the latter is zero.
        is_quantum: whether both estimate the quantum value, or a readout's that reaches it.
        withheld: why no verdict is given from it; None where one is.
        probe: the name of the GHZ probe.
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


def crossovers(measured: Sequence[MeasuredPoint]) -> list[Crossover]:
    """Returns a comparison for every GHZ point that has a product point of the same size, noise and estimator."""
    return [
        _crossover(ghz, product)
        for ghz in measured
        if ghz.point.probe.kind == "ghz"
        for product in measured
        if _comparable(ghz.point, product.point)
    ]


def _comparable(ghz: Point, other: Point) -> bool:
    return (
        other.probe == Probe.product(ghz.probe.num_qubits)
        and other.noise.name == ghz.noise.name
        and other.estimator.name == ghz.estimator.name
    )


def _crossover(ghz: MeasuredPoint, product: MeasuredPoint) -> Crossover:
    num_qubits = ghz.point.probe.num_qubits
    is_refused = ghz.is_withheld or product.is_withheld
    ratio = None if is_refused else ratio_of(ghz.integral.total, product.integral.total)
    exact, exact_product = ghz.integrated_gain_exact.value, product.integrated_gain_exact.value
    root = _exact_crossover(ghz, product)
    return Crossover(
        ghz.point.noise.name,
        num_qubits,
        ghz.point.estimator.name,
        None if is_refused or num_qubits == 1 else measured_crossing(_curve(ghz), _curve(product), root),
        root,
        ratio,
        exact / exact_product if exact_product else None,
        ghz.quantity == product.quantity == "integrated_gain",
        _withheld(ghz, product, ratio),
        ghz.point.probe.name,
    )


def ratio_of(one: Estimate, other: Estimate) -> Estimate | None:
    """Returns the ratio of two independent estimates with its error; None where the second is zero."""
    if other.value == 0:
        return None
    value = one.value / other.value
    return Estimate(value, float(np.hypot(one.stderr, value * other.stderr) / abs(other.value)))


def _curve(one: MeasuredPoint) -> Curve:
    return Curve(one.point.rule, one.estimates, one.gain_exact)


def _withheld(ghz: MeasuredPoint, product: MeasuredPoint, ratio: Estimate | None) -> str | None:
    """Why these numbers say nothing about entanglement."""
    name = ghz.point.estimator.name
    for one in (ghz, product):
        if one.is_withheld:
            return f"{name} assumes of {one.point.probe.name} what its counts refuse, {_refused(one)}"
        if one.integrated_gain_exact.value == 0:
            return f"the readout of {name} is blind to {one.point.probe.name}"
    if not (ghz.is_exact_as_read and product.is_exact_as_read):
        return f"{name} does not undo the readout error, which changes G of each probe by another factor"
    return f"the product probe has no gain by {name}" if ratio is None else None


def _refused(one: MeasuredPoint) -> str:
    shown = [f"{a.name}" + ("" if a.p_value is None else f" (p = {a.p_value:.1g})") for a in one.refused if a.withholds]
    return ", ".join(shown)


def _exact_crossover(ghz: MeasuredPoint, product: MeasuredPoint) -> float | None:
    """The exact root at any time, whatever the times measured. On a device each probe has a noise of its own."""
    num_qubits, noises = ghz.point.probe.num_qubits, (acting(ghz.point.world), acting(product.point.world))
    if num_qubits == 1:
        return None
    is_plain = ghz.point.probe == Probe.ghz(num_qubits) and ghz.point.world.is_plain
    if is_plain and ghz.quantity == product.quantity == "integrated_gain":
        return crossover(num_qubits, noises[0], product_noise=noises[1])
    return first_root(
        lambda times: ghz.curve_exact(times) - product.curve_exact(times),
        crossing_times(num_qubits, noises),
        parts=4,
        resolution=_RESOLVED * num_qubits**2,
    )


class Curve(NamedTuple):
    """G of one probe at the times of its rule: estimated, and exact, which is NaN where it is not known."""

    rule: Rule
    estimates: Sequence[Estimate]
    exact: Sequence[float] | FloatArray


def measured_crossing(one: Curve, other: Curve, exact: float | None) -> Estimate | None:
    """Returns where the curves through two probes' estimates cross, in s; None where not within the times of both.

    Where curves through the exact values at the same times miss the exact crossing, as they do before a first time that
    is late for some spins, that distance is part of the error.

    Args:
        one, other: the curves.
        exact: the exact crossing in s; None if there is none, or it is not known.
    """
    found = crossing(one.rule, one.estimates, other.rule, other.estimates)
    if found is None or exact is None or not np.isfinite([*one.exact, *other.exact]).all():
        return found
    curves = [[Estimate(float(value), 0.0) for value in curve.exact] for curve in (one, other)]
    drawn = crossing(one.rule, curves[0], other.rule, curves[1])
    if drawn is None:
        return found
    return replace(found, stderr=float(np.hypot(found.stderr, drawn.value - exact)))


def crossing(
    rule: Rule, estimates: Sequence[Estimate], other_rule: Rule, other_estimates: Sequence[Estimate]
) -> Estimate | None:
    """Returns where one interpolated curve first crosses another, in s; None where not within the times of both.

    Its error is the difference's over the slope.

    Args:
        rule, estimates: of one curve.
        other_rule, other_estimates: of the other.
    """

    def curves(times: FloatArray) -> tuple[FloatArray, FloatArray]:
        difference, variance = np.zeros(len(times)), np.zeros(len(times))
        for sign, one, values in ((1.0, rule, estimates), (-1.0, other_rule, other_estimates)):
            matrix = one.interpolation(times)
            difference += sign * matrix @ np.array([e.value for e in values])
            variance += matrix**2 @ np.array([e.stderr**2 for e in values])
        return difference, variance

    end = float(min(rule.times[-1], other_rule.times[-1]))
    root = first_root(lambda times: curves(times)[0], np.linspace(0, end, _GRID))
    if root is None:
        return None
    step = 1e-4 * root  # a crossing may come long before the last time
    difference, variance = curves(np.array([root - step, root, root + step]))
    slope = (difference[2] - difference[0]) / (2 * step)
    return Estimate(root, float(np.sqrt(variance[1]) / abs(slope)))


def verdicts(crossovers: Sequence[Crossover], on_device: bool = False) -> list[str]:
    """Returns one sentence per noise, N and GHZ probe, from the estimator that sees the crossing most sharply.

    Estimates of the quantum value come before those of a readout. Numbers that readout error spoils give no verdict.

    Args:
        crossovers: those of a run.
        on_device: whether preparation and readout errors of a device are in the estimates.
    """
    groups: dict[tuple[str, int, str], list[Crossover]] = {}
    for item in crossovers:
        groups.setdefault((item.noise, item.num_qubits, item.probe), []).append(item)
    return [_verdict(min(group, key=_preference), on_device) for group in groups.values()]


def _shown(probe: str) -> str:
    return "GHZ" if probe == "ghz" else probe


def _preference(item: Crossover) -> tuple[bool, bool, float]:
    sharpness = item.measured.stderr if item.measured else float("inf")
    if item.measured and not item.is_quantum:  # of readouts with crossings of their own
        sharpness /= item.measured.value
    return item.withheld is not None, not item.is_quantum, sharpness


def _verdict(item: Crossover, on_device: bool) -> str:
    where = f"{item.noise}, N = {item.num_qubits}:"
    if item.num_qubits == 1:
        return f"{where} one spin cannot be entangled; GHZ and product are the same state."
    if item.withheld is not None or item.ratio is None or item.ratio_exact is None:
        return f"{where} no verdict: {item.withheld}."
    exact = "none" if item.exact is None else readable_time(item.exact)
    if item.measured is None:
        until = f"no crossing is seen within the times measured (exact: {exact})"
    else:
        end = readable_time(item.measured.value, item.measured.stderr)
        until = f"{_shown(item.probe)} leads until t = {end} (exact {exact})"
    ratio, error = item.ratio.value, item.ratio.stderr
    low, high = item.ratio.interval
    numbers = f"ratio {ratio:.3f} ± {error:.3f}, exact {item.ratio_exact:.3f}"
    if low > 1:
        whole = f"over the whole window it gains {100 * (ratio - 1):.0f} % ({numbers})"
    elif high < 1:
        whole = f"over the whole window it loses {100 * (1 - ratio):.0f} % ({numbers})"
    else:
        whole = f"over the whole window no difference is seen ({numbers})"
    by = item.estimator if item.is_quantum else f"{item.estimator}, for this readout alone"
    errors = "; preparation and readout errors are part of it" if on_device else ""
    return f"{where} {until}; {whole}, by {by}{errors}."
