"""The estimator `parameter_shift` of run specs: the classical gain of a readout."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self, get_args

import numpy as np

from qsense.circuits.counts import Counts
from qsense.circuits.sensing import Ending, Settings
from qsense.errors import ArgumentError
from qsense.estimators.estimator import ClassicalGain, Estimator, Option
from qsense.estimators.result import Estimate
from qsense.estimators.shifts.parameter_shift import (
    NUM_QUBITS_OF_A_JOINT_OUTCOME,
    Readout,
    design,
    ending,
    estimate,
    min_shots,
    shots_for,
)
from qsense.estimators.shifts.shift_rules import RuleName
from qsense.numerics.fisher import FloatArray
from qsense.probes import Probe, steepest_angle

_OF_A_GHZ_PROBE = ("parity", "loss_flag")
_REACHING = (("ghz", "loss_flag"), ("product", "local_x"))
_IN_THEORY = {"collective_x": "total_jx"}  # what `theory.classical_gain` calls it


@dataclass(frozen=True)
class ParameterShift(Estimator):
    """The classical gain of a readout, differentiated by a shift rule; see `estimators.shifts`.

    Attributes:
        num_qubits, readout, rule: as in `shifts.design`.
        angle: where it is measured, in rad.
        num_shots: that every circuit needs, whatever the probe's state.
        is_rare: whether the state decides too, as that of a small probe other than GHZ and product does.
    """

    num_qubits: int
    readout: Readout
    rule: RuleName
    angle: float
    num_shots: int
    is_rare: bool = False

    name: ClassVar[str] = "parameter_shift"
    options: ClassVar[Mapping[str, Option]] = {
        "readout": Option("auto", ("auto", *get_args(Readout))),
        "rule": Option("auto", get_args(RuleName), always_written=False),
    }

    @classmethod
    def for_probe(cls, probe: Probe, **options: Any) -> Self:
        readout = options["readout"]
        if readout == "auto":
            readout = _reaching(probe)
        elif readout in _OF_A_GHZ_PROBE and probe.kind != "ghz":
            raise ArgumentError(
                f'the readout "{readout}" goes with a GHZ probe only, but "{probe.name}" is in `probes`; '
                'use readout = "local_x" or "auto".'
            )
        angle = _angle(probe, readout)
        least = min_shots(readout, probe.num_qubits)
        if probe.kind == "ghz" and readout == "collective_x":  # neighbours have opposite slopes: none may be joined
            least = max(least, 16 * 2**probe.num_qubits)
        known = probe.kind in ("ghz", "product") or probe.num_qubits > NUM_QUBITS_OF_A_JOINT_OUTCOME
        return cls(probe.num_qubits, readout, options["rule"], angle, least, not known)

    def design(self, phase: float) -> tuple[Ending, Settings]:
        return ending(self.readout), design(self.readout, self.num_qubits, phase, self.rule, angle=self.angle)

    def estimate(self, counts: Counts, rng: np.random.Generator) -> Estimate:
        return estimate(counts, self.readout, self.rule)

    def needed_shots(self) -> int:
        return self.num_shots

    def needed_shots_of(self, probabilities: Callable[[], FloatArray]) -> int:
        """Where a probe has outcomes of its own, such as a squeezed state's rare ones: until few of them are missed."""
        if not self.is_rare:
            return self.num_shots
        return shots_for(probabilities(), self.readout, self.rule, self.num_shots)

    def identity(self) -> dict[str, Any]:
        found = super().identity()
        del found["num_shots"], found["is_rare"]
        if self.angle == self._earlier_angle:  # whose records do not name it
            del found["angle"]
        return found

    def earlier(self) -> tuple[ParameterShift, ...]:
        return () if self.angle == self._earlier_angle else (replace(self, angle=self._earlier_angle),)

    @property
    def _earlier_angle(self) -> float:
        return float(np.pi / (2 * self.num_qubits) if self.readout in _OF_A_GHZ_PROBE else np.pi / 2)

    def quantity(self, probe: Probe) -> ClassicalGain:
        reaches = (probe.kind, self.readout) in _REACHING
        phase = "mid" if self.angle == _angle(probe, self.readout) else self.angle
        return ClassicalGain(_IN_THEORY.get(self.readout, self.readout), phase, reaches)


def _angle(probe: Probe, readout: Readout) -> float:
    if probe.kind == "ghz" and probe.num_qubits % 2 and readout not in _OF_A_GHZ_PROBE:
        return float(np.pi / 2)  # for odd N as steep as π/2N, and where all records have it
    return steepest_angle(probe, _IN_THEORY.get(readout, readout))


def _reaching(probe: Probe) -> Readout:
    """The readout that reaches the quantum value, or comes near."""
    if probe.kind == "ghz":
        return "loss_flag"
    return "local_x" if probe.num_qubits <= NUM_QUBITS_OF_A_JOINT_OUTCOME else "collective_x"
