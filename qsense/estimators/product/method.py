"""The estimator `product` of run specs: every spin of a product probe by itself."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from qsense.circuits.counts import Counts
from qsense.circuits.sensing import Ending, Settings
from qsense.estimators.assumptions import INDEPENDENT, REFUSED_BELOW, Assumption
from qsense.estimators.estimator import (
    Estimator,
    Mitigation,
    QuantumGain,
    TimeTable,
    added_later,
    checked_weights,
)
from qsense.estimators.product import correlations
from qsense.estimators.product.spins import AXES, MIN_SHOTS, design, estimate, spins
from qsense.estimators.readout import mitigated
from qsense.estimators.result import Estimate
from qsense.numerics.fisher import FloatArray
from qsense.probes import Probe

NOT_INDEPENDENT = (
    "the spins are correlated, so their sum is no estimate of G: no z and no verdict; use tomography, or a bound from "
    "collective moments"
)


@dataclass(frozen=True)
class ProductSpins(Estimator):
    """G of a product probe as the sum over its spins; see `estimators.product`."""

    num_qubits: int
    weights: tuple[float, ...] = added_later(())

    name: ClassVar[str] = "product"
    min_shots: ClassVar[int] = MIN_SHOTS
    probe_kinds: ClassVar[tuple[str, ...]] = ("product",)

    @classmethod
    def for_probe(cls, probe: Probe, **options: Any) -> Self:
        return cls(probe.num_qubits)

    @classmethod
    def reason(cls, probe: Probe) -> str | None:
        return "product: the gain is a sum over spins, so three circuits a time are enough for any N"

    def design(self, phase: float) -> tuple[Ending, Settings]:
        return design(self.num_qubits, phase, weights=self.weights)

    def estimate(self, counts: Counts, rng: np.random.Generator) -> Estimate:
        return estimate(counts, weights=self.weights)

    def with_weights(self, weights: tuple[float, ...]) -> Self:
        return replace(self, weights=checked_weights(weights, self.num_qubits))

    def quantity(self, probe: Probe) -> QuantumGain:
        return QuantumGain()

    def identity(self) -> dict[str, Any]:
        return {**super().identity(), "readout": None}  # as the hashes of all records have it

    def readout_mitigation(self) -> Mitigation | None:
        return lambda counts, calibration: mitigated.product_gain(counts, calibration, self.weights).mitigated

    def assumptions(self, times: FloatArray, counts: Sequence[Counts]) -> Sequence[Assumption]:
        """Returns that the spins are independent; () where there are too few shots, or one spin, to tell."""
        equator = [row for row, axis in enumerate(AXES) if axis != "z"]
        if self.num_qubits < 2 or min(int(one.row_shots().min()) for one in counts) < correlations.MIN_SHOTS:
            return ()
        chance = correlations.independence_p_value(times, [correlations.pairs(one, equator) for one in counts])
        return (Assumption(INDEPENDENT, chance, chance >= REFUSED_BELOW, NOT_INDEPENDENT, withholds=True),)

    def spin_gains(self, counts: Counts) -> Sequence[Estimate] | None:
        """Returns b_x² + b_y² of each spin, whatever the weight with which it senses the signal."""
        return spins(counts).gains

    def spin_rows(self, counts: Counts, estimate: Estimate) -> list[dict[str, Any]]:
        """Returns the gain and the z component of every spin at one time, rows of spins.csv; the gains add up to G."""
        found, squares = spins(counts), np.square(self.weights or (1.0,) * self.num_qubits)
        return [
            {
                "spin": spin,
                "gain": one.value * float(squares[spin]),
                "stderr": one.stderr * float(squares[spin]),
                "z_mean": float(found.bloch[spin, 2]),
                "z_mean_stderr": float(found.bloch_stderr[spin, 2]),
            }
            for spin, one in enumerate(found.gains)
        ]

    tables: ClassVar[tuple[TimeTable, ...]] = (
        TimeTable("spins.csv", ("spin", "gain", "stderr", "z_mean", "z_mean_stderr"), spin_rows),
    )
