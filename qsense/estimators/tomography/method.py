"""The estimator `tomography` of run specs: nothing is assumed of the state."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self, get_args

import numpy as np

from qsense.circuits.counts import Counts
from qsense.circuits.sensing import Ending, Settings
from qsense.estimators.assumptions import DECAY_LAW, ENOUGH_SHOTS, NO_DRIFT, READOUT, Assumption
from qsense.estimators.assumptions.drift import no_drift, spins_p_value
from qsense.estimators.estimator import (
    AnalysisCost,
    Estimator,
    Option,
    QuantumGain,
    TimeTable,
    added_later,
    checked_weights,
)
from qsense.estimators.result import Estimate
from qsense.estimators.tomography.general import (
    MIN_SHOTS,
    NUM_QUBITS,
    Derivative,
    design,
    estimate,
    estimates,
    longer,
    num_circuits,
)
from qsense.numerics.fisher import FloatArray
from qsense.probes import Probe

_AUTOMATIC = 6  # spins up to which `auto` takes it
_OUTCOMES_TOGETHER = 2**26  # of the tables that are held at once: 0.5 GB
READINGS = ("u_statistic", "plug_in", "lower_bound")


@dataclass(frozen=True)
class Tomography(Estimator):
    """G of any state from full tomography; see `estimators.tomography`."""

    num_qubits: int
    derivative: Derivative
    weights: tuple[float, ...] = added_later(())

    name: ClassVar[str] = "tomography"
    options: ClassVar[Mapping[str, Option]] = {"derivative": Option("shift", get_args(Derivative))}
    min_shots: ClassVar[int] = MIN_SHOTS
    assumes: ClassVar[tuple[str, ...]] = (NO_DRIFT, READOUT, DECAY_LAW, ENOUGH_SHOTS)

    @classmethod
    def for_probe(cls, probe: Probe, **options: Any) -> Self:
        design(probe.num_qubits, options["derivative"])
        return cls(probe.num_qubits, options["derivative"])

    @classmethod
    def reason(cls, probe: Probe) -> str | None:
        return "tomography: nothing is assumed of the state"

    @classmethod
    def by_name_only(cls, probe: Probe) -> str | None:
        size = probe.num_qubits
        if not _AUTOMATIC < size <= NUM_QUBITS:
            return None
        return (
            f"Tomography of {size} spins takes {num_circuits(size)} circuits at every time and is biased by more than "
            f"its scatter, so `auto` takes it up to {_AUTOMATIC} spins: use parameter_shift (the gain of one readout) "
            "or moments (a lower bound), or name tomography."
        )

    @property
    def caution(self) -> str | None:
        if self.num_qubits <= _AUTOMATIC:
            return None
        rows = num_circuits(self.num_qubits, self.derivative)
        return (
            f"Tomography of {self.num_qubits} spins takes {rows} circuits at every time, and its bias is larger than "
            f"its scatter: the error bar is {longer(self.num_qubits):g} times the scatter's to hold it"
        )

    def design(self, phase: float) -> tuple[Ending, Settings]:
        settings = design(self.num_qubits, self.derivative)
        if not self.weights:
            return "directions", settings.at(phase)
        return "directions", replace(settings, phases=settings.phases + phase * np.array(self.weights))

    def estimate(self, counts: Counts, rng: np.random.Generator) -> Estimate:
        return estimate(counts.table(), self.derivative, rng, self.weights)

    def estimates(self, counts: Sequence[Counts], rngs: Sequence[np.random.Generator]) -> Iterator[Estimate]:
        step = max(1, _OUTCOMES_TOGETHER // (counts[0].num_rows * 2**self.num_qubits)) if counts else 1
        for start in range(0, len(counts), step):
            part = slice(start, start + step)
            tables = np.stack([one.table() for one in counts[part]])
            yield from estimates(tables, self.derivative, rngs[part], self.weights)

    def with_weights(self, weights: tuple[float, ...]) -> Self:
        return replace(self, weights=checked_weights(weights, self.num_qubits))

    def quantity(self, probe: Probe) -> QuantumGain:
        return QuantumGain()

    def assumptions(self, times: FloatArray, counts: Sequence[Counts]) -> Sequence[Assumption]:
        """Returns that every spin reads the same in all rows that read it along the same direction."""
        settings = self.design(0.0)[1]
        return (no_drift(spins_p_value(counts, [settings] * len(counts)), "every direction is measured once"),)

    def identity(self) -> dict[str, Any]:
        return {**super().identity(), "readout": None}  # as the hashes of all records have it

    def cost(self) -> AnalysisCost:
        matrix = float(4**self.num_qubits)
        return AnalysisCost(0.1e-3 * matrix, 0.03 * 2**20 * matrix)  # measured: benchmarks/study.py cost

    def reading_rows(self, counts: Counts, estimate: Estimate) -> list[dict[str, Any]]:
        """Returns the three readings of the same counts side by side, the row of tomography.csv."""
        row: dict[str, Any] = {}
        for name, reading in zip(READINGS, (estimate, *(estimate.others[name] for name in READINGS[1:])), strict=True):
            row[name], row[f"{name}_stderr"] = reading.value, reading.stderr
        return [row]

    tables: ClassVar[tuple[TimeTable, ...]] = (
        TimeTable(
            "tomography.csv",
            tuple(column for name in READINGS for column in (name, f"{name}_stderr")),
            reading_rows,
            with_exact=True,
        ),
    )
