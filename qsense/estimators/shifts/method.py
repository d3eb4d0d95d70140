"""The estimator `parameter_shift` of run specs: the classical gain of a readout."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, ClassVar, Self, get_args

import numpy as np

from qsense.circuits.counts import Counts
from qsense.circuits.sensing import Ending, Settings
from qsense.errors import ArgumentError
from qsense.estimators import tally
from qsense.estimators.assumptions import DECAY_LAW, ENOUGH_SHOTS, KNOWN_PHASE, NO_DRIFT, READOUT, Assumption
from qsense.estimators.assumptions.drift import Alike, alike_p_value, no_drift, spins_p_value
from qsense.estimators.assumptions.known_phase import phase_p_value
from qsense.estimators.assumptions.readings import Readings, read
from qsense.estimators.estimator import ClassicalGain, Estimator, Option, added_later, checked_weights
from qsense.estimators.ghz.branch import Branch
from qsense.estimators.ghz.drift import signs_of
from qsense.estimators.phase.joint import Fringe
from qsense.estimators.phase.readings import of_ghz, of_spins
from qsense.estimators.result import Estimate
from qsense.estimators.shifts.parameter_shift import (
    design,
    ending,
    estimate,
    min_shots,
    shots_for,
)
from qsense.estimators.shifts.readouts import NUM_QUBITS_OF_A_JOINT_OUTCOME, Readout
from qsense.estimators.shifts.shift_rules import RuleName
from qsense.numerics.fisher import FloatArray
from qsense.probes import Probe, steepest_angle

_OF_A_GHZ_PROBE = ("parity", "loss_flag")
_REACHING = (("ghz", "loss_flag"), ("product", "local_x"))
_IN_THEORY = {"collective_x": "total_jx"}  # what `theory.classical_gain` calls it

_OFF = (
    "the probe is not where its fringe is steepest: this is the gain at another phase, or readout of up and down "
    "differs: no z and no verdict; correct `field_rad_per_s`"
)
_NO_MIDDLE = "no mean of this readout has a known value; at another phase it has another gain"
_ONE_FRINGE = "no two rows read the same; a phase that drifts between rows changes the derivative"


@dataclass(frozen=True)
class ParameterShift(Estimator):
    """The classical gain of a readout, differentiated by a shift rule; see `estimators.shifts`.

    Attributes:
        num_qubits, readout, rule: as in `shifts.design`.
        angle: where it is measured, in rad.
        num_shots: that every circuit needs, whatever the probe's state.
        is_rare: whether the state decides too, as that of a small probe other than GHZ and product does.
        signs, weights: of a GHZ probe's branch and of the signal; () where all are +1.
        kind: of the probe.
    """

    num_qubits: int
    readout: Readout
    rule: RuleName
    angle: float
    num_shots: int
    is_rare: bool = False
    signs: tuple[float, ...] = added_later(())
    weights: tuple[float, ...] = added_later(())
    kind: str = added_later("")

    name: ClassVar[str] = "parameter_shift"
    options: ClassVar[Mapping[str, Option]] = {
        "readout": Option("auto", ("auto", *get_args(Readout))),
        "rule": Option("auto", get_args(RuleName), always_written=False),
    }
    assumes: ClassVar[tuple[str, ...]] = (KNOWN_PHASE, NO_DRIFT, READOUT, DECAY_LAW, ENOUGH_SHOTS)

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
        signs = tuple(probe.branch.tolist()) if probe.signs else ()
        return cls(probe.num_qubits, readout, options["rule"], angle, least, not known, signs, kind=probe.kind)

    def design(self, phase: float) -> tuple[Ending, Settings]:
        return ending(self.readout), design(
            self.readout, self.num_qubits, phase, self.rule, angle=self._angles, branch=self.branch
        )

    def estimate(self, counts: Counts, rng: np.random.Generator) -> Estimate:
        return estimate(counts, self.readout, self.rule, branch=self.branch)

    def with_weights(self, weights: tuple[float, ...]) -> Self:
        found = replace(self, weights=checked_weights(weights, self.num_qubits))
        if found.weights and self.readout == "collective_x" and np.ptp(np.abs(weights)) > 0:
            raise ArgumentError(
                'the readout "collective_x" counts the spins that are up, and so takes them to sense alike, but the '
                'signal has weights of different size; use readout = "local_x", or the estimator "product".'
            )
        found.design(0.0)  # refuses a rule, or a signal that the probe does not see
        return found

    def fringes(self, counts: Counts, phase: float) -> Sequence[Fringe]:
        settings = self.design(phase)[1]
        if self.kind == "ghz" and (self.readout == "loss_flag" or self.readout == "parity"):
            branch = self.branch or Branch.plain(self.num_qubits)
            return of_ghz(counts, settings, phase, self.readout, branch)
        if self.kind == "product" and self.readout == "local_x":
            return of_spins(counts, settings, phase, self.weights)
        return ()

    @property
    def branch(self) -> Branch | None:
        """The signs and the weights; None where all are +1."""
        plain = Branch.plain(self.num_qubits)
        return Branch(self.signs or plain.signs, self.weights or plain.weights) if self.signs or self.weights else None

    @property
    def _angles(self) -> float | Sequence[float]:
        """How far each spin is measured from where it was prepared: where the signal turns it by `angle`."""
        if self.branch is None:
            return self.angle
        signs, weights = np.array(self.branch.signs), np.array(self.branch.weights)
        if self.readout in _OF_A_GHZ_PROBE:
            return tuple((self.angle * signs).tolist())
        if self._is_steepest_everywhere:
            return tuple(np.where(weights < 0, -np.pi / 2, np.pi / 2).tolist())
        return tuple((self._signal_angle * weights).tolist())

    @property
    def _is_steepest_everywhere(self) -> bool:
        """Whether each spin is at the steepest point of its own fringe, whatever its weight."""
        return self.kind == "product" and self.readout == "local_x"

    @property
    def _signal_angle(self) -> float:
        """The signal's angle θ between where the probe was prepared and where it is measured."""
        branch = self.branch
        if branch is None:
            return self.angle
        fringe = abs(branch.frequency) if self.kind == "ghz" else float(np.abs(branch.weights).sum())
        return self.angle * self.num_qubits / fringe

    def needed_shots(self) -> int:
        return self.num_shots

    def needed_shots_of(self, probabilities: Callable[[], FloatArray]) -> int:
        """Where a probe has outcomes of its own, such as a squeezed state's rare ones: until few of them are missed."""
        if not self.is_rare:
            return self.num_shots
        return shots_for(probabilities(), self.readout, self.rule, self.num_shots, self.branch)

    def assumptions(self, times: FloatArray, counts: Sequence[Counts]) -> Sequence[Assumption]:
        """Returns that the probe is at the middle of its fringe, and that rows that read the same agree."""
        means = [self._middle(one.part(0, 1)) for one in counts]
        phase = Assumption.not_tested(KNOWN_PHASE, _NO_MIDDLE, _OFF, withholds=True)
        if means[0] is not None:
            first = [np.concatenate(parts) for parts in zip(*(one for one in means if one is not None), strict=True)]
            chance = phase_p_value(*first)
            phase = Assumption.tested(KNOWN_PHASE, chance, _OFF, withholds=True)
        return phase, no_drift(self._drift(counts), _ONE_FRINGE)

    def _middle(self, counts: Counts) -> Readings | None:
        """What is zero on average in the first row, whose counts these are, at the middle of the fringe; else None."""
        if self.kind == "ghz" and (self.readout == "loss_flag" or self.readout == "parity"):
            return read(counts, signs_of(counts, self.readout), 2.0)
        if self.kind == "product" and self.readout in ("local_x", "collective_x") and self.angle == np.pi / 2:
            senses = np.where(np.array(self.weights or (1.0,) * self.num_qubits) < 0, -1.0, 1.0)
            return read(counts, (1.0 - 2.0 * tally.bits(counts)) @ senses, 2.0)
        return None

    def _drift(self, counts: Sequence[Counts]) -> float | None:
        if self.readout == "loss_flag" and self.num_qubits > 1:
            shares = [tally.flagged(one) for one in counts]
            return alike_p_value([Alike(one[:, 2], one.sum(1)) for one in shares])
        if self.readout in ("local_x", "collective_x"):
            return spins_p_value(counts, [self.design(0.0)[1]] * len(counts))
        return None

    def identity(self) -> dict[str, Any]:
        found = super().identity()
        for name in ("num_shots", "is_rare", "kind"):
            found.pop(name, None)
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
        at_middle = self.angle == _angle(probe, self.readout)
        if self.weights:
            at_middle = self.readout in _OF_A_GHZ_PROBE or self._is_steepest_everywhere
        phase = "mid" if at_middle else self._signal_angle
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
