"""Sets what was measured beside the exact theory: G and 𝓘 with z-scores, crossovers, and a verdict in a sentence.

An estimate is compared with what it estimates: tomography with the quantum value, parameter shift with the classical
value of its readout at mid-fringe. Where the two differ, a row says so in `quantity` and `img_quantum_exact_s`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from qsense.counts import IntArray
from qsense.estimate.result import Estimate, IntegratedEstimate, integrate_estimates
from qsense.fisher import FloatArray
from qsense.noise import LocalNoise
from qsense.plan import Point
from qsense.probes import Probe
from qsense.quadrature import first_root
from qsense.theory import IntegratedGain, crossover, gain, integrated_gain
from qsense.theory.measurement import classical_gain, integrated_classical_gain

_GRID = 4001


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
    def z(self) -> float:
        """(estimated − exact) / standard error of 𝓘."""
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


@dataclass(frozen=True)
class Comparison:
    """Everything a report shows."""

    measured: tuple[Measured, ...]
    crossovers: tuple[Crossover, ...]
    verdicts: tuple[str, ...]


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


def compare(measured: Sequence[Measured]) -> Comparison:
    """Returns the comparison of GHZ with product on top of the points' own."""
    crossovers = []
    for ghz in measured:
        if ghz.point.probe.kind != "ghz":
            continue
        for product in measured:
            if _comparable(ghz.point, product.point):
                crossovers.append(_crossover(ghz, product))
    return Comparison(tuple(measured), tuple(crossovers), tuple(_verdicts(crossovers)))


def summary_rows(comparison: Comparison) -> list[dict[str, Any]]:
    """Returns the rows of summary.json."""
    rows = []
    for item in comparison.measured:
        total, tail = item.integral.total, item.integral.tail
        low, high = total.interval
        row = {
            **_names(item.point),
            "img_s": total.value,
            "img_stderr_s": total.stderr,
            "img_low_s": low,
            "img_high_s": high,
            "img_exact_s": item.img_exact.value,
            "z": item.z,
            "quantity": item.quantity,
            "img_quantum_exact_s": integrated_gain(item.point.probe, item.point.noise).value,
            "tail_s": tail.value,
            "tail_stderr_s": tail.stderr,
            "rule_error_s": float(item.point.rule.weights @ item.gain_exact) - item.img_exact.value,
            "shots": _shots(item.point) * len(item.estimates),
        }
        for name, other in item.integral.others.items():
            row[f"img_{name}_s"], row[f"img_{name}_stderr_s"] = other.value, other.stderr
        rows.append(row)
    return rows


def estimate_rows(comparison: Comparison) -> list[dict[str, Any]]:
    """Returns the rows of estimates.csv."""
    rows = []
    for item in comparison.measured:
        for time, one, exact in zip(item.point.rule.times, item.estimates, item.gain_exact, strict=True):
            low, high = one.interval
            rows.append(
                {
                    **_names(item.point),
                    "time_s": float(time),
                    "gain": one.value,
                    "stderr": one.stderr,
                    "low": low,
                    "high": high,
                    "gain_exact": float(exact),
                    "shots": _shots(item.point),
                }
            )
    return rows


def tomography_rows(comparison: Comparison) -> list[dict[str, Any]]:
    """Returns the rows of tomography.csv: the three readings of the same counts side by side."""
    rows = []
    for item in comparison.measured:
        if item.point.estimator.kind != "tomography":
            continue
        for time, one, exact in zip(item.point.rule.times, item.estimates, item.gain_exact, strict=True):
            row = {**_names(item.point), "time_s": float(time), "gain_exact": float(exact)}
            for name, reading in (("u_statistic", one), *one.others.items()):
                row[name], row[f"{name}_stderr"] = reading.value, reading.stderr
            rows.append(row)
    return rows


def crossover_rows(comparison: Comparison) -> list[dict[str, Any]]:
    """Returns the crossovers as plain rows, times in s."""
    return [
        {
            "noise": c.noise,
            "num_qubits": c.num_qubits,
            "estimator": c.estimator,
            "crossover_s": c.measured.value if c.measured else None,
            "crossover_stderr_s": c.measured.stderr if c.measured else None,
            "crossover_exact_s": c.exact,
            "ratio": c.ratio.value,
            "ratio_stderr": c.ratio.stderr,
            "ratio_exact": c.ratio_exact,
        }
        for c in comparison.crossovers
    ]


def _names(point: Point) -> dict[str, Any]:
    return {
        "probe": point.probe.name,
        "num_qubits": point.probe.num_qubits,
        "noise": point.noise.name,
        "estimator": point.estimator.name,
    }


def _shots(point: Point) -> int:
    return point.circuits_per_time * point.estimator.shots


def _exact_gain(point: Point, times: FloatArray) -> FloatArray:
    if point.estimator.kind == "tomography":
        return gain(point.probe, point.noise, times)
    return classical_gain(point.probe, point.noise, times, point.estimator.readout_for(point.probe))


def _exact_img(point: Point) -> IntegratedGain:
    if point.estimator.kind == "tomography":
        return integrated_gain(point.probe, point.noise)
    return integrated_classical_gain(point.probe, point.noise, point.estimator.readout_for(point.probe))


def _comparable(ghz: Point, other: Point) -> bool:
    return (
        other.probe == Probe.product(ghz.probe.num_qubits)
        and other.noise.name == ghz.noise.name
        and other.estimator.name == ghz.estimator.name
    )


def _crossover(ghz: Measured, product: Measured) -> Crossover:
    noise, num_qubits = ghz.point.noise, ghz.point.probe.num_qubits
    one, two = ghz.integral.total, product.integral.total
    ratio = one.value / two.value
    error = abs(ratio) * np.hypot(one.stderr / one.value, two.stderr / two.value)
    exact = None
    if ghz.quantity == product.quantity == "img":
        exact = crossover(num_qubits, noise)
    elif num_qubits > 1:
        exact = _exact_root(ghz, product, noise)
    return Crossover(
        noise.name,
        num_qubits,
        ghz.point.estimator.name,
        _measured_crossover(ghz, product) if num_qubits > 1 else None,
        exact,
        Estimate(ratio, float(error)),
        ghz.img_exact.value / product.img_exact.value,
    )


def _exact_root(ghz: Measured, product: Measured, noise: LocalNoise) -> float | None:
    grid = np.linspace(0, float(max(ghz.point.rule.times[-1], product.point.rule.times[-1])), _GRID)
    return first_root(lambda times: ghz.curve_exact(times) - product.curve_exact(times), grid)


def _measured_crossover(ghz: Measured, product: Measured) -> Estimate | None:
    """Where the interpolated curves cross, within the times of both; the error is that of the difference over its slope."""

    def curves(times: FloatArray) -> tuple[FloatArray, FloatArray]:
        difference, variance = np.zeros(len(times)), np.zeros(len(times))
        for sign, item in ((1.0, ghz), (-1.0, product)):
            matrix = item.point.rule.interpolation(times)
            difference += sign * matrix @ np.array([e.value for e in item.estimates])
            variance += matrix**2 @ np.array([e.stderr**2 for e in item.estimates])
        return difference, variance

    end = float(min(ghz.point.rule.times[-1], product.point.rule.times[-1]))
    root = first_root(lambda times: curves(times)[0], np.linspace(0, end, _GRID))
    if root is None:
        return None
    step = 1e-4 * end
    difference, variance = curves(np.array([root - step, root, root + step]))
    slope = (difference[2] - difference[0]) / (2 * step)
    return Estimate(root, float(np.sqrt(variance[1]) / abs(slope)))


def _verdicts(crossovers: Sequence[Crossover]) -> list[str]:
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
    exact = "none" if item.exact is None else f"{item.exact:.3g} s"
    if item.measured is None:
        until = f"no crossing is seen within the times measured (exact: {exact})"
    else:
        until = f"GHZ leads until t = {item.measured.value:.3g} ± {item.measured.stderr:.1g} s (exact {exact})"
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
