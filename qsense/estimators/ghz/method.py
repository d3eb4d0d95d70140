"""The estimator `ghz` of run specs: the 2×2 block of a GHZ probe."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self

import numpy as np

from qsense.circuits.counts import Counts
from qsense.circuits.sensing import Ending, Settings
from qsense.errors import ArgumentError
from qsense.estimators.estimator import (
    Estimator,
    Mitigation,
    Option,
    QuantumGain,
    added_later,
    checked_weights,
)
from qsense.estimators.ghz.block import ENDINGS, MIN_SHOTS, Method, design, estimate
from qsense.estimators.ghz.branch import Branch
from qsense.estimators.readout import mitigated
from qsense.estimators.result import Estimate
from qsense.probes import Probe


@dataclass(frozen=True)
class GhzBlock(Estimator):
    """G of a GHZ probe by one of the methods of `estimators.ghz`.

    >>> GhzBlock.for_probe(Probe.ghz(40), readout="auto")
    GhzBlock(num_qubits=40, method='loss_flag')
    """

    num_qubits: int
    method: Method
    signs: tuple[float, ...] = added_later(())
    weights: tuple[float, ...] = added_later(())

    name: ClassVar[str] = "ghz"
    options: ClassVar[Mapping[str, Option]] = {"readout": Option("auto", ("auto", *ENDINGS))}
    min_shots: ClassVar[int] = MIN_SHOTS
    probe_kinds: ClassVar[tuple[str, ...]] = ("ghz",)

    @classmethod
    def for_probe(cls, probe: Probe, **options: Any) -> Self:
        readout = options["readout"]
        if probe.tilt and readout == "multiple_quantum":
            raise ArgumentError(
                f'the readout "multiple_quantum" is for GHZ probes of equal weights, but the probe is "{probe.name}": '
                'its return does not tell the populations; use readout = "loss_flag" or "parity".'
            )
        signs = tuple(probe.branch.tolist()) if probe.signs else ()
        return cls(probe.num_qubits, "loss_flag" if readout == "auto" else readout, signs)

    @classmethod
    def reason(cls, probe: Probe) -> str | None:
        return "ghz: one 2×2 block carries all information, so two circuits a time are enough for any N"

    def design(self, phase: float) -> tuple[Ending, Settings]:
        return design(self.num_qubits, phase, self.method, branch=self.branch)

    def estimate(self, counts: Counts, rng: np.random.Generator) -> Estimate:
        return estimate(counts, self.method, branch=self.branch)

    def with_weights(self, weights: tuple[float, ...]) -> Self:
        found = replace(self, weights=checked_weights(weights, self.num_qubits))
        _ = found.branch.frequency  # refuses a signal that the probe does not see
        return found

    @property
    def branch(self) -> Branch:
        """The signs of the probe and the weights of the signal."""
        plain = Branch.plain(self.num_qubits)
        return Branch(self.signs or plain.signs, self.weights or plain.weights)

    def quantity(self, probe: Probe) -> QuantumGain:
        return QuantumGain()

    def identity(self) -> dict[str, Any]:
        return {**super().identity(), "readout": None}  # as the hashes of all records have it

    def readout_mitigation(self) -> Mitigation | None:
        method, branch = self.method, self.branch
        if method == "multiple_quantum":
            return None
        return lambda counts, calibration: mitigated.ghz_gain(counts, calibration, method, branch).mitigated
