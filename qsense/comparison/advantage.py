"""What entanglement bought: until when GHZ leads the product probe, by how much overall, and a verdict in words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from qsense.comparison.points import MeasuredPoint
from qsense.estimators.result import Estimate
from qsense.files.units import readable_time
from qsense.numerics.fisher import FloatArray
from qsense.numerics.integration import first_root
from qsense.numerics.quadrature import Rule
from qsense.probes import Probe
from qsense.runs.plan import Point
from qsense.theory import crossover

_GRID = 4001


@dataclass(frozen=True)
class Crossover:
    """Until when GHZ has the larger gain than the product probe, in s.

    Attributes:
        noise, num_qubits, estimator: what is compared.
        measured: where the two interpolated curves cross; None where they do not within the times measured.
        exact: the exact root; None where there is none.
        ratio: 𝓘_GHZ/𝓘_product as measured.
        ratio_exact: the same, exact.
    """

    noise: str
    num_qubits: int
    estimator: str
    measured: Estimate | None
    exact: float | None
    ratio: Estimate
    ratio_exact: float


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
    noise, num_qubits = ghz.point.noise, ghz.point.probe.num_qubits
    one, two = ghz.integral.total, product.integral.total
    ratio = one.value / two.value
    error = abs(ratio) * np.hypot(one.stderr / one.value, two.stderr / two.value)
    exact = None
    if ghz.quantity == product.quantity == "integrated_gain":
        # On a device each probe has qubits of its own, and so a noise of its own.
        same = noise == product.point.noise
        exact = crossover(num_qubits, noise) if same or num_qubits == 1 else _exact_root(ghz, product)
    elif num_qubits > 1:
        exact = _exact_root(ghz, product)
    return Crossover(
        noise.name,
        num_qubits,
        ghz.point.estimator.name,
        _measured_crossover(ghz, product) if num_qubits > 1 else None,
        exact,
        Estimate(ratio, float(error)),
        ghz.integrated_gain_exact.value / product.integrated_gain_exact.value,
    )


def _exact_root(ghz: MeasuredPoint, product: MeasuredPoint) -> float | None:
    grid = np.linspace(0, float(max(ghz.point.rule.times[-1], product.point.rule.times[-1])), _GRID)
    return first_root(lambda times: ghz.curve_exact(times) - product.curve_exact(times), grid)


def _measured_crossover(ghz: MeasuredPoint, product: MeasuredPoint) -> Estimate | None:
    return crossing(ghz.point.rule, ghz.estimates, product.point.rule, product.estimates)


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
    step = 1e-4 * end
    difference, variance = curves(np.array([root - step, root, root + step]))
    slope = (difference[2] - difference[0]) / (2 * step)
    return Estimate(root, float(np.sqrt(variance[1]) / abs(slope)))


def verdicts(crossovers: Sequence[Crossover]) -> list[str]:
    """One sentence per noise and N, from the estimator that sees the crossing most sharply."""
    groups: dict[tuple[str, int], list[Crossover]] = {}
    for item in crossovers:
        groups.setdefault((item.noise, item.num_qubits), []).append(item)
    return [_verdict(min(group, key=_sharpness)) for group in groups.values()]


def _sharpness(item: Crossover) -> float:
    return item.measured.stderr if item.measured else float("inf")


def _verdict(item: Crossover) -> str:
    where = f"{item.noise}, N = {item.num_qubits}:"
    if item.num_qubits == 1:
        return f"{where} one spin cannot be entangled; GHZ and product are the same state."
    exact = "none" if item.exact is None else readable_time(item.exact)
    if item.measured is None:
        until = f"no crossing is seen within the times measured (exact: {exact})"
    else:
        until = f"GHZ leads until t = {readable_time(item.measured.value, item.measured.stderr)} (exact {exact})"
    ratio, error = item.ratio.value, item.ratio.stderr
    low, high = item.ratio.interval
    numbers = f"ratio {ratio:.3f} ± {error:.3f}, exact {item.ratio_exact:.3f}"
    if low > 1:
        whole = f"over the whole window it gains {100 * (ratio - 1):.0f} % ({numbers})"
    elif high < 1:
        whole = f"over the whole window it loses {100 * (1 - ratio):.0f} % ({numbers})"
    else:
        whole = f"over the whole window no difference is seen ({numbers})"
    return f"{where} {until}; {whole}."
