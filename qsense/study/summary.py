"""The summary of a study: how G(0) and the decay scale with N, and until when GHZ leads, for each noise and N."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from qsense.backends import is_device
from qsense.comparison.advantage import Curve, measured_crossing, ratio_of
from qsense.errors import ArgumentError
from qsense.estimators.result import NORMAL_95, Estimate
from qsense.noise import AnyNoise, LocalNoise
from qsense.numerics.fisher import FloatArray
from qsense.numerics.quadrature import Rule
from qsense.probes import Probe
from qsense.runs.times import predicted_crossing
from qsense.tables.columns import TRIAL_COLUMNS
from qsense.tables.results import Results
from qsense.theory.times import law_behind

SCHEMA = 1
_RATES = ("dephasing_rate_per_s", "emission_rate_per_s", "absorption_rate_per_s")
_LEAST_SIZES = 3
_CLEAR = 2.0  # standard errors: the logarithm of a smaller value is far from normal


@dataclass(frozen=True)
class Cell:
    """The average of trials that differ only in their seed.

    Attributes:
        names: the identifying columns and their values, without the seed.
        quantity: "integrated_gain", "classical_integrated_gain" where the readout cannot reach the quantum value, or
            "integrated_gain_bound".
        seeds: number of trials.
        integrated_gain, start, rate: 𝓘 in s, G(0) and G(0)/𝓘 in 1/s.
        integrated_gain_exact, start_exact, rate_exact: the same, exact.
        rule: the times and how they are interpolated.
        gains, gains_exact: G at each time.
        noise: what acted; None where the results do not say.
        is_exact_as_read: False where readout error is in the estimates and not in the exact values.
    """

    names: dict[str, Any]
    quantity: str
    seeds: int
    integrated_gain: Estimate
    start: Estimate
    rate: Estimate | None
    integrated_gain_exact: float
    start_exact: float
    rate_exact: float | None
    rule: Rule
    gains: tuple[Estimate, ...]
    gains_exact: tuple[float, ...]
    noise: AnyNoise | None = None
    is_exact_as_read: bool = True

    @property
    def curve(self) -> Curve:
        return Curve(self.rule, self.gains, self.gains_exact)


def cells(results: Results) -> list[Cell]:
    """Returns the cells of a study, in the order of its trials. A trial that occurs twice counts once."""
    names = [name for name in results.trials.values if name in TRIAL_COLUMNS and name != "seed"]
    names += results.trials.attributes.get("swept", [])
    groups: dict[str, dict[Any, int]] = {}
    for row in range(len(results.trials)):
        label = json.dumps([results.trials.values[name][row] for name in names])
        groups.setdefault(label, {}).setdefault(results.trials.values["seed"][row], row)
    return [_cell(results, names, list(rows.values())) for rows in groups.values()]


def _cell(results: Results, names: Sequence[str], rows: list[int]) -> Cell:
    values = results.trials.values
    first = rows[0]

    def mean(name: str, error: str) -> Estimate | None:
        pairs = [(values[name][row], values[error][row]) for row in rows]
        if any(value is None or stderr is None for value, stderr in pairs):
            return None
        return _mean(pairs)

    total, start = mean("integrated_gain_s", "integrated_gain_stderr_s"), mean("gain_start", "gain_start_stderr")
    assert total is not None
    assert start is not None
    curves = [results.curves[row] for row in rows]
    times = np.array(curves[0]["time_s"])
    gains = tuple(_mean([(curve["gain"][k], curve["stderr"][k]) for curve in curves]) for k in range(len(times)))
    none = np.zeros(len(times))
    how = [values[f"rule_{name}"][first] for name in ("decay_rate_per_s", "node_rate_per_s", "designed")]
    noise = results.noises[first] if results.noises else None
    law = law_behind(values["probe"][first], values["num_qubits"][first], noise, times)
    rule = replace(Rule(times, none, none, *how), law=law)
    return Cell(
        {name: values[name][first] for name in names},
        values["quantity"][first],
        len(rows),
        total,
        start,
        mean("decay_rate_per_s", "decay_rate_stderr_per_s"),
        values["integrated_gain_exact_s"][first],
        values["gain_start_exact"][first],
        values["decay_rate_exact_per_s"][first],
        rule,
        gains,
        tuple(np.array(curves[0]["gain_exact"], dtype=float)),
        noise,
        _is_exact_as_read(results, first),
    )


def _is_exact_as_read(results: Results, row: int) -> bool:
    return "is_exact_as_read" not in results.trials.values or bool(results.trials.values["is_exact_as_read"][row])


def _mean(pairs: Sequence[tuple[float, float]]) -> Estimate:
    numbers, errors = zip(*pairs, strict=True)
    return Estimate(float(np.mean(numbers)), float(np.linalg.norm(errors)) / len(pairs))


@dataclass(frozen=True)
class Exponent:
    """The power of N by which a quantity grows, over some sizes.

    Attributes:
        names: the columns that its cells have in common.
        quantity: "gain_start" or "decay_rate".
        sizes: the N that are fitted.
        left_out: the N whose value is within two standard errors of zero; they are not fitted.
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
    groups = _groups(found, {"num_qubits"})
    fitted = [_exponent(group, quantity) for group in groups for quantity in ("gain_start", "decay_rate")]
    return [one for one in fitted if one is not None]


def _exponent(group: Sequence[Cell], quantity: str) -> Exponent | None:
    used, left_out = [], []
    for cell in group:
        value, exact = (cell.start, cell.start_exact) if quantity == "gain_start" else (cell.rate, cell.rate_exact)
        size = cell.names["num_qubits"]
        if value is None or exact is None or value.value < _CLEAR * value.stderr or value.stderr == 0:
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


@dataclass(frozen=True)
class Lead:
    """Until when GHZ leads product, for one combination of the other keys.

    Attributes:
        names: what both have in common.
        measured: the crossing in s; None if none is seen.
        exact: the exact crossing in s; None if there is none, spins differ, a readout is classical or errs.
        ratio, ratio_exact: 𝓘 of GHZ over 𝓘 of product; None if the latter is zero.
    """

    names: dict[str, Any]
    measured: Estimate | None
    exact: float | None
    ratio: Estimate | None
    ratio_exact: float | None


def leads(found: Sequence[Cell]) -> list[Lead]:
    """Returns every pair of a GHZ and a product cell that differ in nothing else, for two spins or more."""
    out = []
    for group in _groups(found, {"probe"}):
        by_probe = {cell.names["probe"]: cell for cell in group}
        signed = [c for name, c in by_probe.items() if name.startswith("ghz:")]  # as for a signal with weights
        ghz = by_probe.get("ghz") or (signed[0] if len(signed) == 1 else None)
        if ghz and "product" in by_probe and group[0].names["num_qubits"] > 1:
            out.append(_lead(ghz, by_probe["product"]))
    return out


def _lead(ghz: Cell, product: Cell) -> Lead:
    names = {name: value for name, value in ghz.names.items() if name != "probe"}
    exact, noise = None, _common_noise(ghz, product)
    is_quantum = ghz.quantity == product.quantity == "integrated_gain"
    if noise is not None and is_quantum and ghz.is_exact_as_read and product.is_exact_as_read:
        with suppress(ArgumentError):  # nothing decays, or the probe's name does not tell it
            entangled = Probe.named(ghz.names["probe"], names["num_qubits"])
            exact = predicted_crossing(entangled, noise, Probe.product(entangled.num_qubits), noise)
    return Lead(
        names,
        measured_crossing(ghz.curve, product.curve, exact),
        exact,
        ratio_of(ghz.integrated_gain, product.integrated_gain),
        ghz.integrated_gain_exact / product.integrated_gain_exact if product.integrated_gain_exact else None,
    )


def _common_noise(ghz: Cell, product: Cell) -> AnyNoise | None:
    """The noise of both cells; None where it is not known, or LocalNoise whose spins differ."""
    if ghz.noise is None or (isinstance(ghz.noise, LocalNoise) and ghz.noise.exponent == 1 and ghz.noise.is_covariant):
        rates = [ghz.names[rate] for rate in _RATES]
        return None if None in rates else LocalNoise(*rates)
    return ghz.noise if ghz.noise == product.noise else None


def _groups(found: Sequence[Cell], apart: set[str]) -> Iterator[list[Cell]]:
    """Yields groups of cells whose names agree except for `apart`."""
    groups: dict[str, list[Cell]] = {}
    for cell in found:
        label = json.dumps({name: value for name, value in cell.names.items() if name not in apart})
        groups.setdefault(label, []).append(cell)
    yield from groups.values()


def summarize(results: Results, found: Sequence[Cell]) -> dict[str, Any]:
    """Returns the content of summary.json: the distribution of z, exponents and crossovers."""
    z = np.array([value for value in results.trials.values["z"] if value is not None], dtype=float)
    return {
        "schema": SCHEMA,
        **results.trials.attributes,
        "trials": len(results.trials),
        "trials_with_readout_error": sum(not _is_exact_as_read(results, row) for row in range(len(results.trials))),
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
        "crossovers": [
            {
                **one.names,
                "crossover_s": one.measured.value if one.measured else None,
                "crossover_stderr_s": one.measured.stderr if one.measured else None,
                "crossover_exact_s": one.exact,
                "ratio": one.ratio.value if one.ratio else None,
                "ratio_stderr": one.ratio.stderr if one.ratio else None,
                "ratio_exact": one.ratio_exact,
            }
            for one in leads(found)
        ],
    }
