"""What else the counts of a run say: laws of decay fitted to G(t), and every spin of a product probe by itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qsense.circuits.counts import Counts
from qsense.comparison.measured import Measured
from qsense.errors import ArgumentError
from qsense.estimators import product
from qsense.estimators.integral import fit
from qsense.estimators.integral.decay import ModelName
from qsense.runs.methods import ProductSpins
from qsense.runs.plan import Point

FIT_COLUMNS = (
    "probe", "num_qubits", "noise", "estimator", "model", "img_s", "img_stderr_s", "tail_s", "rate_per_s", "exponent",
    "p_value", "refused",
)  # fmt: skip
SPIN_COLUMNS = (
    "probe", "num_qubits", "noise", "estimator", "time_s", "spin", "gain", "stderr", "z_mean", "z_mean_stderr",
)  # fmt: skip


def fit_rows(measured: Sequence[Measured]) -> list[dict[str, Any]]:
    """Returns 𝓘 of each point by each law of decay, or why the law was refused; the quadrature assumes no law."""
    rows = []
    for item in measured:
        if item.point.method.readout is not None:
            continue
        models: list[ModelName] = ["exponential", "stretched"]
        if item.point.probe.kind == "ghz" and item.point.probe.num_qubits > 1:
            models.append("ghz_emission")
        rows += [{**names(item.point), "model": model, **_fitted(item, model)} for model in models]
    return rows


def _fitted(item: Measured, model: ModelName) -> dict[str, Any]:
    try:
        found = fit(item.point.rule.times, item.estimates, model, item.point.probe.num_qubits)
    except ArgumentError as error:
        return {"refused": str(error)}
    exponent = found.parameters.get("exponent")
    return {
        "img_s": found.integral.total.value,
        "img_stderr_s": found.integral.total.stderr,
        "tail_s": found.integral.tail.value,
        "rate_per_s": found.parameters["rate"].value,
        "exponent": exponent.value if exponent else None,
        "p_value": found.p_value,
        "refused": None,
    }


def spin_rows(points: Sequence[Point], counts: Sequence[list[Counts]]) -> list[dict[str, Any]]:
    """Returns the gain of every spin of every product point at every time: which is the bad one?"""
    rows = []
    for point, parts in zip(points, counts, strict=True):
        if not isinstance(point.method, ProductSpins):
            continue
        for time, part in zip(point.rule.times, parts, strict=True):
            found = product.spins(part)
            for spin, one in enumerate(found.gains):
                rows.append(
                    {
                        **names(point),
                        "time_s": float(time),
                        "spin": spin,
                        "gain": one.value,
                        "stderr": one.stderr,
                        "z_mean": float(found.bloch[spin, 2]),
                        "z_mean_stderr": float(found.bloch_stderr[spin, 2]),
                    }
                )
    return rows


def names(point: Point) -> dict[str, Any]:
    """Returns the columns that say which point a row is of."""
    return {
        "probe": point.probe.name,
        "num_qubits": point.probe.num_qubits,
        "noise": point.noise.name,
        "estimator": point.estimator.name,
    }
