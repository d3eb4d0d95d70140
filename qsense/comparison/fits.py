"""Laws of decay fitted to G(t), beside the quadrature that assumes none."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from qsense.comparison.points import MeasuredPoint, point_columns
from qsense.errors import ArgumentError
from qsense.estimators.integral import fit
from qsense.estimators.integral.decay import ModelName


def fit_rows(measured: Sequence[MeasuredPoint]) -> list[dict[str, Any]]:
    """Returns 𝓘 of each point by each law of decay, or why the law was refused; the quadrature assumes no law."""
    rows = []
    for item in measured:
        if not item.is_quantum:
            continue
        models: list[ModelName] = ["exponential", "stretched"]
        if item.point.probe.kind == "ghz" and item.point.probe.num_qubits > 1:
            models.append("ghz_emission")
        rows += [{**point_columns(item.point), "model": model, **_fitted(item, model)} for model in models]
    return rows


def _fitted(item: MeasuredPoint, model: ModelName) -> dict[str, Any]:
    try:
        found = fit(item.point.rule.times, item.estimates, model, item.point.probe.num_qubits)
    except ArgumentError as error:
        return {"refused": str(error)}
    exponent = found.parameters.get("exponent")
    return {
        "integrated_gain_s": found.integral.total.value,
        "integrated_gain_stderr_s": found.integral.total.stderr,
        "tail_s": found.integral.tail.value,
        "rate_per_s": found.parameters["rate"].value,
        "exponent": exponent.value if exponent else None,
        "p_value": found.p_value,
        "refused": None,
    }
