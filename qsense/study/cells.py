"""Cells of a study: trials that differ in their seed alone, averaged."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from qsense.comparison.crossing import Curve
from qsense.estimators.result import Estimate
from qsense.noise import AnyNoise
from qsense.numerics.quadrature import Rule
from qsense.tables.columns import TRIAL_COLUMNS
from qsense.tables.compact import Curves, View
from qsense.tables.results import Results
from qsense.theory.times import law_behind

SIGNED = "ghz with signs"
"""What GHZ probes of several N are called together, each with the signs of its signal."""


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
        refused: the assumptions that counts of it refuse, so that its estimates are none of what they stand for; empty
            where all hold.
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
    refused: str = ""

    @property
    def curve(self) -> Curve:
        return Curve(self.rule, self.gains, self.gains_exact)


def cells(results: Results) -> list[Cell]:
    """Returns the cells of a study, in the order of its trials. A trial that occurs twice counts once."""
    names = [name for name in results.trials.values if name in TRIAL_COLUMNS and name != "seed"]
    names += results.trials.attributes.get("swept", [])
    labels = zip(*(results.trials.values[name] for name in names), strict=True)
    seeds: dict[str, set[Any]] = {}
    rows: dict[str, array[int]] = {}
    for row, (label, seed) in enumerate(zip(map(json.dumps, labels), results.trials.values["seed"], strict=True)):
        if seed not in seeds.setdefault(label, set()):
            seeds[label].add(seed)
            rows.setdefault(label, array("q")).append(row)
    del seeds
    curves = Curves.of(results.curves)
    return [_cell(results, curves, names, np.array(own, dtype=np.int64)) for own in rows.values()]


def _cell(results: Results, curves: Curves, names: Sequence[str], rows: NDArray[np.int64]) -> Cell:
    values, first = results.trials.values, int(rows[0])

    def mean(name: str, error: str) -> Estimate | None:
        found = View.of(values[name]).taken(rows), View.of(values[error]).taken(rows)
        return None if any(None in one for one in found) else _mean(*found)

    total, start = mean("integrated_gain_s", "integrated_gain_stderr_s"), mean("gain_start", "gain_start_stderr")
    assert total is not None
    assert start is not None
    times = np.array(curves[first]["time_s"])
    gains = tuple(_mean(curves.at_time("gain", rows, k), curves.at_time("stderr", rows, k)) for k in range(len(times)))
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
        tuple(np.array(curves[first]["gain_exact"], dtype=float)),
        noise,
        is_exact_as_read(results, first),
        next((text for row in rows if (text := refused(results, int(row)))), ""),
    )


def is_exact_as_read(results: Results, row: int) -> bool:
    """Returns whether the exact values of a trial hold all that its estimates do."""
    return "is_exact_as_read" not in results.trials.values or bool(results.trials.values["is_exact_as_read"][row])


def refused(results: Results, row: int) -> str:
    """Returns the assumptions for which a trial's estimates are withheld, or a bound stands in their place; or ""."""
    values = results.trials.values
    if "assumptions" not in values or not is_exact_as_read(results, row):
        return ""
    is_kept = values["z"][row] is not None and values["quantity"][row] != "integrated_gain_bound"
    return "" if is_kept else str(values["assumptions"][row] or "")


def _mean(values: View, errors: View) -> Estimate:
    return Estimate(float(np.mean(list(values))), float(np.linalg.norm(list(errors))) / len(values))


def families(group: Sequence[Cell]) -> dict[str, str]:
    """Returns name of a probe → its name over all N: ghz:+- and ghz:+-+- are one, if each N has one of them."""
    names = list(dict.fromkeys((cell.names["probe"], cell.names["num_qubits"]) for cell in group))
    signed = [size for name, size in names if name.startswith("ghz:")]
    is_one = "ghz" not in {name for name, _ in names} and len(set(signed)) == len(signed)
    return {name: SIGNED if is_one and name.startswith("ghz:") else name for name, _ in names}


def groups_of(found: Sequence[Cell], apart: set[str]) -> Iterator[list[Cell]]:
    """Yields groups of cells whose names agree except for some.

    Args:
        found: the cells.
        apart: the names that do not matter.
    """
    groups: dict[str, list[Cell]] = {}
    for cell in found:
        label = json.dumps({name: value for name, value in cell.names.items() if name not in apart})
        groups.setdefault(label, []).append(cell)
    yield from groups.values()
