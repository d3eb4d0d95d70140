"""The estimator `ghz` of run specs: the 2×2 block of a GHZ probe."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Literal, Self

import numpy as np

from qsense.circuits.counts import Counts
from qsense.circuits.sensing import Ending, Settings
from qsense.errors import ArgumentError
from qsense.estimators.assumptions import DECAY_LAW, ENOUGH_SHOTS, NO_DRIFT, READOUT, Assumption
from qsense.estimators.assumptions.drift import TWO_ROWS, no_drift
from qsense.estimators.estimator import (
    Estimator,
    Mitigation,
    Option,
    QuantumGain,
    added_later,
    checked_weights,
)
from qsense.estimators.ghz import two_steps
from qsense.estimators.ghz.block import ANTIPODAL, ENDINGS, MIN_SHOTS, Method, design, estimate, fringe_angles
from qsense.estimators.ghz.branch import Branch
from qsense.estimators.ghz.drift import drift_p_value
from qsense.estimators.phase.joint import Fringe
from qsense.estimators.phase.readings import of_ghz
from qsense.estimators.readout import mitigated
from qsense.estimators.result import Estimate
from qsense.estimators.row_shots import PHASE_KNOWN, both_sides, least_shots, on_both_sides, shared_out
from qsense.estimators.two_steps import Expected, Lines, TwoSteps
from qsense.numerics.fisher import FloatArray
from qsense.probes import Probe

_POPULATION = 0.2  # of the shots of `parity` whose phase is known


@dataclass(frozen=True)
class GhzBlock(Estimator, TwoSteps):
    """G of a GHZ probe from the populations and coherence of its two branches; see `estimators.ghz`.

    With `antipodal` each point of the fringe is measured on both of its sides, with half the shots each: asymmetric
    readout then adds nothing to the fringe and only makes it lower. With `phase_known` most shots go to its top.

    >>> GhzBlock.for_probe(Probe.ghz(40), readout="auto")
    GhzBlock(num_qubits=40, method='loss_flag')
    """

    num_qubits: int
    method: Method
    signs: tuple[float, ...] = added_later(())
    weights: tuple[float, ...] = added_later(())
    antipodal: bool = added_later(False)
    phase_known: bool = added_later(False)

    name: ClassVar[str] = "ghz"
    options: ClassVar[Mapping[str, Option]] = {
        "readout": Option("auto", ("auto", *ENDINGS)),
        "antipodal": Option(False, always_written=False),
        "phase_known": Option(False, always_written=False),
    }
    min_shots: ClassVar[int] = MIN_SHOTS
    probe_kinds: ClassVar[tuple[str, ...]] = ("ghz",)
    assumes: ClassVar[tuple[str, ...]] = (NO_DRIFT, READOUT, DECAY_LAW, ENOUGH_SHOTS)

    @classmethod
    def for_probe(cls, probe: Probe, **options: Any) -> Self:
        readout = options["readout"]
        if probe.tilt and readout == "multiple_quantum":
            raise ArgumentError(
                f'the readout "multiple_quantum" is for GHZ probes of equal weights, but the probe is "{probe.name}": '
                'its return does not tell the populations; use readout = "loss_flag" or "parity".'
            )
        signs = tuple(probe.branch.tolist()) if probe.signs else ()
        extra = {name: options.get(name, False) for name in ("antipodal", "phase_known")}
        for name, given in extra.items():
            if given and readout == "multiple_quantum":
                raise ArgumentError(
                    f"`{name}` does not go with the readout "
                    '"multiple_quantum", which measures the fringe at four angles alike, its antipodes among them; '
                    'remove it, or use readout = "loss_flag" or "parity".'
                )
        return cls(probe.num_qubits, "loss_flag" if readout == "auto" else readout, signs, **extra)

    @classmethod
    def reason(cls, probe: Probe) -> str | None:
        return "ghz: one 2×2 block carries all information, so two circuits a time are enough for any N"

    def design(self, phase: float) -> tuple[Ending, Settings]:
        return design(self.num_qubits, phase, self.method, self.angles, self.branch)

    def estimate(self, counts: Counts, rng: np.random.Generator) -> Estimate:
        return estimate(counts, self.method, self.angles, self.branch)

    def row_shots(self, shots: int) -> tuple[int, ...] | None:
        if not (self.antipodal or self.phase_known):
            return None
        fringe = PHASE_KNOWN if self.phase_known else (0.5, 0.5)
        if self.method == "parity":
            first = _POPULATION if self.phase_known else 1 / 3
            return shared_out(3 * shots, (first, *self.rows_of([(1 - first) * one for one in fringe])))
        return shared_out(2 * shots, self.rows_of(fringe))

    def rows_of(self, fringe: Sequence[float]) -> tuple[float, ...]:
        """Returns the shares of the rows of the fringe, given those along and across."""
        return both_sides(fringe) if self.antipodal else tuple(fringe)

    def needed_shots(self) -> int:
        return least_shots(self.row_shots, MIN_SHOTS)

    @property
    def top(self) -> float:
        return self.branch.frequency**2

    def lines(self, counts: Counts) -> Lines:
        return two_steps.lines(counts, self._plain_method, self.angles, self.branch)

    def pilot_rows(self, total: int) -> tuple[int, ...]:
        fringe = self.rows_of((0.5, 0.5))
        return shared_out(total, (0.5, *fringe) if self.method == "parity" else fringe)

    def best_rows(self, expected: Expected, total: int) -> tuple[int, ...]:
        with_z = self._plain_method == "parity"
        *z, along, across = two_steps.best_shares(expected, total, with_z, 1 + self.antipodal)
        return (*z, *(on_both_sides(along, across) if self.antipodal else (along, across)))

    def variance(self, expected: Expected, rows: Sequence[int]) -> float:
        shots = two_steps.directions(rows, self._plain_method == "parity")
        return float(two_steps.variance(expected, *map(np.asarray, shots)))

    @property
    def _plain_method(self) -> Literal["loss_flag", "parity"]:
        """Its readout in two steps.

        Raises:
            ArgumentError: it turns the fringe by the phase of the signal itself, which no pilot can shift.
        """
        if self.method == "multiple_quantum":
            raise ArgumentError(
                'the readout "multiple_quantum" is not measured in two steps; use readout = "loss_flag" or "parity", '
                "or remove `strategy`."
            )
        return self.method

    @property
    def angles(self) -> tuple[float, ...] | None:
        """The fringe angles; None for the method's own."""
        return ANTIPODAL if self.antipodal else None

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

    def assumptions(self, times: FloatArray, counts: Sequence[Counts]) -> Sequence[Assumption]:
        """Returns that nothing drifts between the rows, as far as flags and both sides of the fringe tell."""
        return (no_drift(drift_p_value(counts, self.method, fringe_angles(self.method, self.angles)), TWO_ROWS),)

    def identity(self) -> dict[str, Any]:
        return {**super().identity(), "readout": None}  # as the hashes of all records have it

    def fringes(self, counts: Counts, phase: float) -> Sequence[Fringe]:
        return of_ghz(counts, self.design(phase)[1], phase, self.method, self.branch)

    def readout_mitigation(self) -> Mitigation | None:
        method, branch, angles = self.method, self.branch, self.angles
        if method == "multiple_quantum":
            return None
        return lambda counts, calibration: mitigated.ghz_gain(counts, calibration, method, branch, angles).mitigated
