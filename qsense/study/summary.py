"""The summary of a study: how G(0) and the decay scale with N, and until when GHZ leads, for each noise and N."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qsense.backends import is_device
from qsense.estimators.result import NORMAL_95, Estimate
from qsense.numerics.fisher import FloatArray
from qsense.study.cells import Cell, families, groups_of, is_exact_as_read, refused
from qsense.study.leads import lead_rows
from qsense.tables.results import Results

SCHEMA = 3
"""Raised when a summary says something new: one of before is made anew from the store."""
_LEAST_SIZES = 3
_CLEAR = 2.0  # standard errors: the logarithm of a smaller value is far from normal


@dataclass(frozen=True)
class Exponent:
    """The power of N by which a quantity grows, over some sizes.

    Attributes:
        names: the columns that its cells have in common.
        quantity: "gain_start" or "decay_rate".
        sizes: the N that are fitted.
        left_out: the N whose value is within two standard errors of zero, or withheld; they are not fitted.
        measured: the slope of ln(value) against ln N, weighted by the errors.
        exact: the same slope of the exact values with the same weights.
        p_value: the probability of residuals at least this large under a power law.
    """

    names: dict[str, Any]
    quantity: str
    sizes: tuple[int, ...]
    left_out: tuple[int, ...]
    measured: Estimate
    exact: float
    p_value: float


def exponents(found: Sequence[Cell]) -> list[Exponent]:
    """Returns the exponents of all groups with at least three sizes."""
    family = families(found)
    named = [replace(cell, names={**cell.names, "probe": family[cell.names["probe"]]}) for cell in found]
    groups = groups_of(named, {"num_qubits"})
    fitted = [_exponent(group, quantity) for group in groups for quantity in ("gain_start", "decay_rate")]
    return [one for one in fitted if one is not None]


def _exponent(group: Sequence[Cell], quantity: str) -> Exponent | None:
    used, left_out = [], []
    for cell in group:
        value, exact = (cell.start, cell.start_exact) if quantity == "gain_start" else (cell.rate, cell.rate_exact)
        size = cell.names["num_qubits"]
        if cell.refused or value is None or exact is None or value.value < _CLEAR * value.stderr or value.stderr == 0:
            left_out.append(size)
        else:
            used.append((size, value.value, value.stderr / value.value, exact))
    if len(used) < _LEAST_SIZES or len({size for size, *_ in used}) < _LEAST_SIZES:
        return None
    from qsense.estimators.chance import p_value

    sizes, values, errors, exacts = (np.array(column, dtype=float) for column in zip(*used, strict=True))
    slope, intercept, stderr = _line(np.log(sizes), np.log(values), errors)
    residuals = (np.log(values) - intercept - slope * np.log(sizes)) / errors
    names = {name: value for name, value in group[0].names.items() if name != "num_qubits"}
    return Exponent(
        names,
        quantity,
        tuple(int(size) for size in sizes),
        tuple(left_out),
        Estimate(slope, stderr),
        _line(np.log(sizes), np.log(exacts), errors)[0],
        p_value(float(residuals @ residuals), len(used) - 2),
    )


def _line(x: FloatArray, y: FloatArray, errors: FloatArray) -> tuple[float, float, float]:
    """Slope, intercept and the slope's error of the weighted straight line."""
    weights = errors**-2
    centre = float(weights @ x / weights.sum())
    spread = float(weights @ (x - centre) ** 2)
    slope = float(weights @ ((x - centre) * y)) / spread
    return slope, float(weights @ y / weights.sum()) - slope * centre, spread**-0.5


def summarize(results: Results, found: Sequence[Cell]) -> dict[str, Any]:
    """Returns the content of summary.json: the distribution of z, exponents and crossovers."""
    z = np.array([value for value in results.trials.values["z"] if value is not None], dtype=float)
    return {
        "schema": SCHEMA,
        **results.trials.attributes,
        "trials": len(results.trials),
        "trials_with_readout_error": sum(not is_exact_as_read(results, row) for row in range(len(results.trials))),
        "trials_withheld": dict(Counter(filter(None, (refused(results, row) for row in range(len(results.trials)))))),
        "devices": sorted({name for name in results.trials.values["backend"] if is_device(name)}),
        "z": {
            "number": len(z),
            "mean": float(z.mean()) if len(z) else None,
            "deviation": float(z.std(ddof=1)) if len(z) > 1 else None,
            "within_95": float(np.mean(np.abs(z) < NORMAL_95)) if len(z) else None,
        },
        "exponents": [
            {
                **one.names,
                "quantity": one.quantity,
                "num_qubits": list(one.sizes),
                "left_out": list(one.left_out),
                "exponent": one.measured.value,
                "exponent_stderr": one.measured.stderr,
                "exponent_exact": one.exact,
                "z": (one.measured.value - one.exact) / one.measured.stderr,
                "p_value": one.p_value,
            }
            for one in exponents(found)
        ],
        "crossovers": lead_rows(found),
    }
